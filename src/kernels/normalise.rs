//! Normalising groups of rows, as batch, group and instance normalisation do, in few passes.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::reduce::{Fold, fold_dense, sum, sum_block};
use super::threads;

/// A dense tensor as rows of `width` elements. The rows of a group are normalised together; those of a channel, and no
/// others, have a factor and an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) width: usize,
    /// Neighbouring rows that belong to one group; those that follow belong to the next, and after the last group the first
    /// comes again.
    pub(crate) together: usize,
    pub(crate) groups: usize,
    /// Rows belong to one channel after the other, and then to the first again.
    pub(crate) channels: usize,
}

/// Of a group: its mean, its variance, and 1 / √(variance + ε).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<T> {
    pub(crate) mean: T,
    pub(crate) variance: T,
    pub(crate) rsqrt: T,
}

impl Rows {
    /// Rows that all have their channel's numbers.
    pub(crate) fn of_channels(channels: usize, width: usize) -> Rows {
        Rows { width, together: 1, groups: channels, channels }
    }

    /// Each group's moments.
    ///
    /// Memory is read once: a row's squares are added up about its own mean while it is at hand, and brought to the group's by
    /// Σ (x − μ)² = Σ (x − row's mean)² + n (row's mean − μ)²
    /// ([Chan, Golub and LeVeque 1983](https://doi.org/10.1080/00031305.1983.10483115)).
    pub(crate) fn moments<T>(self, x: &[T], epsilon: T) -> Vec<Moments<T>>
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        let n = number(self.width);
        let rows = self.two_of_each(x, |_, x| {
            let mean = sum(x) / n;
            [mean, fold_dense(x, &SquaresAbout { mean })]
        });
        let rows = || self.places().zip(rows.as_chunks().0);
        let in_group: T = number(x.len() / self.width / self.groups);
        let mut moments = vec![Moments { mean: T::zero(), variance: T::zero(), rsqrt: T::zero() }; self.groups];
        rows().for_each(|((group, _), &[mean, _])| moments[group].mean = moments[group].mean + mean / in_group);
        for ((group, _), &[mean, squares]) in rows() {
            let moments = &mut moments[group];
            let apart = mean - moments.mean;
            moments.variance = moments.variance + (squares / n + apart * apart) / in_group;
        }
        moments.iter_mut().for_each(|moments| moments.rsqrt = (moments.variance + epsilon).sqrt().recip());
        moments
    }

    /// (x − mean) / √(variance + ε) · scale + shift; where `rectified`, 0 in place of what is below.
    pub(crate) fn normalise<T>(self, x: &[T], moments: &[Moments<T>], affine: [&[T]; 2], rectified: bool) -> Block<T>
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        let of = |place| line(place, moments, affine);
        if rectified {
            return self.map(x, of, |x, line| where_above(line, x, on(line, x)));
        }
        self.map(x, of, |x, line| on(line, x))
    }

    /// x · scale + shift.
    pub(crate) fn affine<T>(self, x: &[T], scale: &[T], shift: &[T]) -> Block<T>
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        self.map(x, |(_, channel)| [scale[channel], shift[channel]], |x, [scale, shift]| x * scale + shift)
    }

    /// x + shift.
    pub(crate) fn shift<T>(self, x: &[T], shift: &[T]) -> Block<T>
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        self.map(x, |(_, channel)| [shift[channel]], |x, [shift]| x + shift)
    }

    /// Σ g·x and Σ g of each channel.
    pub(crate) fn sums<T>(self, g: &[T], x: &[T]) -> [Block<T>; 2]
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        let rows = self.two_of_each(x, |row, x| {
            let g = &g[row * self.width..][..self.width];
            vectorized!(move || sums_about(T::zero(), g, x, |g, _| g))
        });
        self.of_each_channel(&rows)
    }

    /// The cotangent g of [`normalise`](Self::normalise) becomes that of x; returns those of scale and shift.
    ///
    /// With x̂ = (x − mean) / √(variance + ε) and h = g · scale: x̄ = (h − mean(h) − x̂ mean(h x̂)) / √(variance + ε), with the
    /// means over a group; the scale's is Σ g x̂ and the shift's Σ g over a channel. Where `rectified`, g counts as 0 where y is:
    /// to find that anew costs less than to read y.
    pub(crate) fn backward<T>(
        self,
        g: &mut [T],
        x: &[T],
        moments: &[Moments<T>],
        affine: [&[T]; 2],
        rectified: bool,
    ) -> [Block<T>; 2]
    where
        T: num_traits::Float + Pooled + Send + Sync,
    {
        let lines = self.of_each_row(x.len(), |place| line(place, moments, affine));
        let mut rows = self.two_of_each(x, |row, x| {
            let (line, g) = (lines.as_chunks().0[row], &g[row * self.width..][..self.width]);
            if rectified {
                return vectorized!(move || sums_about(line[0], g, x, |g, x| where_above(line, x, g)));
            }
            vectorized!(move || sums_about(line[0], g, x, |g, _| g))
        });
        let (scale, n) = (affine[0], number::<T>(x.len() / self.groups));
        let mut means = vec![[T::zero(); 2]; self.groups];
        for ((group, channel), [product, sum]) in self.places().zip(rows.as_chunks_mut().0) {
            *product = *product * moments[group].rsqrt;
            let [slope, offset] = means[group];
            means[group] = [slope + scale[channel] * *product / n, offset + scale[channel] * *sum / n];
        }
        let numbers = self.of_each_row(x.len(), |(group, channel)| {
            let (Moments { mean, rsqrt, .. }, [slope, offset]) = (moments[group], means[group]);
            [scale[channel] * rsqrt, mean, slope * rsqrt * rsqrt, offset * rsqrt]
        });
        threads::for_row_chunks(g, self.width, 2, |first, g| {
            let rows = g.chunks_exact_mut(self.width).zip(x.chunks_exact(self.width).skip(first));
            let numbers = lines.as_chunks().0[first..].iter().zip(&numbers.as_chunks().0[first..]);
            for ((g, x), (&line, &numbers)) in rows.zip(numbers) {
                if rectified {
                    vectorized!(move || pull_row(g, x, numbers, |g, x| where_above(line, x, g)));
                } else {
                    vectorized!(move || pull_row(g, x, numbers, |g, _| g));
                }
            }
        });
        self.of_each_channel(&rows)
    }

    /// The group and the channel of row after row, without end.
    fn places(self) -> impl Iterator<Item = (usize, usize)> {
        let groups = (0..self.groups).cycle().flat_map(move |group| std::iter::repeat_n(group, self.together));
        groups.zip((0..self.channels).cycle())
    }

    /// `N` numbers of each row, by its group and channel.
    fn of_each_row<T, const N: usize>(self, elements: usize, of: impl Fn((usize, usize)) -> [T; N]) -> Block<T>
    where
        T: Pooled,
    {
        let mut numbers = pool::buffer(elements / self.width * N);
        numbers.as_chunks_mut().0.iter_mut().zip(self.places()).for_each(|(numbers, place)| *numbers = of(place));
        numbers
    }

    /// Two numbers of each row, which `of` makes of the row's number and its elements.
    fn two_of_each<T>(self, x: &[T], of: impl Fn(usize, &[T]) -> [T; 2] + Sync) -> Block<T>
    where
        T: Pooled + Send + Sync,
    {
        let mut numbers = pool::buffer(x.len() / self.width * 2);
        threads::for_row_chunks(&mut numbers, 2, self.width, |first, numbers| {
            let rows = (first..).zip(x.chunks_exact(self.width).skip(first));
            numbers.as_chunks_mut().0.iter_mut().zip(rows).for_each(|(numbers, (row, x))| *numbers = of(row, x));
        });
        numbers
    }

    /// Each channel's sums of its rows' two numbers.
    fn of_each_channel<T: Pooled + num_traits::Float>(self, rows: &[T]) -> [Block<T>; 2] {
        let mut sums = [(); 2].map(|()| pool::filled(self.channels, T::zero()));
        for ((_, channel), row) in self.places().zip(rows.as_chunks::<2>().0) {
            sums.iter_mut().zip(row).for_each(|(sums, &x)| sums[channel] = sums[channel] + x);
        }
        sums
    }

    /// `f` of each element and its row's numbers.
    fn map<T, const N: usize>(
        self,
        x: &[T],
        of: impl Fn((usize, usize)) -> [T; N],
        f: impl Fn(T, [T; N]) -> T + Sync,
    ) -> Block<T>
    where
        T: Copy + Pooled + Send + Sync,
    {
        let (numbers, mut out) = (self.of_each_row(x.len(), of), pool::buffer(x.len()));
        threads::for_row_chunks(&mut out, self.width, 1, |first, out| {
            let rows = out.chunks_exact_mut(self.width).zip(x.chunks_exact(self.width).skip(first));
            for ((out, x), &numbers) in rows.zip(&numbers.as_chunks().0[first..]) {
                vectorized!(|| out.iter_mut().zip(x).for_each(|(out, &x)| *out = f(x, numbers)));
            }
        });
        out
    }
}

fn number<T: num_traits::Float>(count: usize) -> T {
    T::from(count).unwrap_or_else(T::nan)
}

/// Σ (x − mean)² as a fold: the square of the mean would drown a small variance.
pub(super) struct SquaresAbout<T> {
    pub(super) mean: T,
}

impl<T: num_traits::Float + Sync> Fold<T> for SquaresAbout<T> {
    #[inline(always)]
    fn neutral(&self) -> T {
        T::zero()
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        a + b
    }
    #[inline(always)]
    fn lift(&self, x: T) -> T {
        (x - self.mean) * (x - self.mean)
    }
}

/// Of a row of a group and a channel: what is taken from its elements, their factor, and what is added.
fn line<T: num_traits::Float>(
    (group, channel): (usize, usize),
    moments: &[Moments<T>],
    [scale, shift]: [&[T]; 2],
) -> [T; 3] {
    let Moments { mean, rsqrt, .. } = moments[group];
    [mean, rsqrt * scale[channel], shift[channel]]
}

/// What becomes of an element.
#[inline(always)]
fn on<T: num_traits::Float>([mean, scale, shift]: [T; 3], x: T) -> T {
    (x - mean) * scale + shift
}

/// `value` where what becomes of x is above 0, or no number; else 0.
#[inline(always)]
fn where_above<T: num_traits::Float>(line: [T; 3], x: T, value: T) -> T {
    if on(line, x) <= T::zero() { T::zero() } else { value }
}

/// Σ h·(x − centre) and Σ h of a row, with h = `of`(g, x).
#[inline(always)]
fn sums_about<T: num_traits::Float + Sync>(centre: T, g: &[T], x: &[T], of: impl Fn(T, T) -> T) -> [T; 2] {
    const LANES: usize = 32;
    let ((g, g_rest), (x, x_rest)) = (g.as_chunks::<LANES>(), x.as_chunks::<LANES>());
    let [mut products, mut sums] = [[T::zero(); LANES]; 2];
    // Copies, so that the sums stay in registers (see `reduce::fold_lanes`).
    for (&g, &x) in g.iter().zip(x) {
        for i in 0..LANES {
            let h = of(g[i], x[i]);
            products[i] = products[i] + h * (x[i] - centre);
            sums[i] = sums[i] + h;
        }
    }
    let rest = g_rest.iter().zip(x_rest).fold([T::zero(); 2], |[product, sum], (&g, &x)| {
        let h = of(g, x);
        [product + h * (x - centre), sum + h]
    });
    [rest[0] + sum_block(&products), rest[1] + sum_block(&sums)]
}

/// h · scale − (x − centre) · slope − offset in place of g, with h = `of`(g, x).
#[inline(always)]
pub(super) fn pull_row<T: num_traits::Float>(
    g: &mut [T],
    x: &[T],
    [scale, centre, slope, offset]: [T; 4],
    of: impl Fn(T, T) -> T,
) {
    g.iter_mut().zip(x).for_each(|(g, &x)| *g = of(*g, x) * scale - (x - centre) * slope - offset);
}
