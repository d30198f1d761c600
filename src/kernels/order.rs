//! The places of elements in order.

use num_traits::Float;

use super::isa::vectorized;

/// So many first elements, at most, are kept in order while the others are looked at; more are sorted.
const FEW: usize = 32;

/// Elements that are looked at together.
const BLOCK: usize = 64;

/// The places of the first elements of `x` in ascending or descending order, as many as `places` has. Equal elements come in the
/// order of their places; NaN counts as the largest number.
pub(crate) fn first_places<T: Float>(x: &[T], descending: bool, places: &mut [usize]) {
    let k = places.len();
    if k <= FEW && k * 8 <= x.len() {
        return first_few(x, descending, places);
    }
    // The place decides between equal elements, so the sort need not be stable.
    let mut all: Vec<u128> =
        x.iter().zip(0u128..).map(|(&x, place)| u128::from(key(x, descending)) << 64 | place).collect();
    if k < all.len() {
        all.select_nth_unstable(k);
    }
    let first = &mut all[..k];
    first.sort_unstable();
    places.iter_mut().zip(first).for_each(|(place, first)| *place = *first as u64 as usize);
}

/// The same by one look at each element, of which most are soon found to come later than those that are known.
fn first_few<T: Float>(row: &[T], descending: bool, places: &mut [usize]) {
    let k = places.len();
    if k == 0 {
        return;
    }
    let (mut first, mut known) = ([(0, 0); FEW], 0);
    // Of descending numbers, the opposites ascend. NaN is not known to come later.
    let sign = if descending { -T::one() } else { T::one() };
    let later = move |x: T, last: Option<T>| last.is_some_and(|last| sign * x >= last);
    let mut last = None;
    for (number, block) in row.chunks(BLOCK).enumerate() {
        if vectorized!(move || block.iter().fold(true, |all, &x| all & later(x, last))) {
            continue;
        }
        for (place, &x) in (number * BLOCK..).zip(block) {
            if later(x, last) {
                continue;
            }
            let key = key(x, descending);
            if known == k && key >= first[k - 1].0 {
                continue;
            }
            // Of as many as are wanted, the last makes room.
            known = k.min(known + 1);
            let mut at = known - 1;
            while at > 0 && first[at - 1].0 > key {
                first[at] = first[at - 1];
                at -= 1;
            }
            first[at] = (key, place);
            if known == k {
                last = Some(sign * row[first[k - 1].1]);
            }
        }
    }
    places.iter_mut().zip(first).for_each(|(place, (_, first))| *place = first);
}

/// An integer that is less where a number comes before another.
#[inline(always)]
fn key<T: Float>(x: T, descending: bool) -> u64 {
    let x = x.to_f64().unwrap_or(f64::NAN);
    // One kind of NaN, and of zero.
    let bits = if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() };
    // Of negative numbers those with larger bits are less, and of all others more than they.
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    if descending { !ascending } else { ascending }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_the_first_of_a_stable_sort() {
        // Numbers of which many are equal, with all that is special among them.
        let special = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MIN_POSITIVE / 4.0];
        let x: Vec<f32> = (0..1000u32)
            .map(|i| i.wrapping_mul(2_654_435_761) >> 20)
            .map(|r| if r < 400 { special[r as usize % 7] } else { (r as f32 - 2000.0) / 64.0 })
            .collect();
        for n in [0, 1, 5, 63, 64, 65, 300, 1000] {
            let x = &x[..n];
            for descending in [false, true] {
                let mut expected: Vec<usize> = (0..n).collect();
                expected.sort_by(|&i, &j| {
                    let order = x[i].partial_cmp(&x[j]).unwrap_or_else(|| x[i].is_nan().cmp(&x[j].is_nan()));
                    if descending { order.reverse() } else { order }
                });
                for k in [0, 1, 2, 7, 32, 33, 100, n] {
                    let mut places = vec![0; k.min(n)];
                    first_places(x, descending, &mut places);
                    assert_eq!(places, expected[..k.min(n)], "{k} of {n}");
                }
            }
        }
    }
}
