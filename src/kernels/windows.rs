//! Windows over the last three axes of dense tensors: the places of their largest elements, and their sums.

#![allow(unsafe_code)]

use std::hint::select_unpredictable;

use smallvec::SmallVec;

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::threads;

/// The elements that an output sees along one axis: `count` of them from `first` on, a dilation apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// A window for each output along three axes; one and two spatial axes stand behind leading ones.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    /// Lengths of x.
    pub(crate) lengths: [usize; 3],
    /// A span for each output.
    pub(crate) spans: [Vec<Span>; 3],
    pub(crate) dilation: [usize; 3],
}

/// One tap of neighbouring outputs in a row: output `output + i` sees element `input + i·stride` for i < `count`.
#[derive(Clone, Copy, Debug)]
struct Run {
    output: usize,
    input: usize,
    stride: usize,
    count: usize,
}

impl Windows {
    /// Elements of x to a plane.
    pub(crate) fn inputs(&self) -> usize {
        self.lengths.iter().product()
    }

    /// Outputs to a plane.
    pub(crate) fn outputs(&self) -> usize {
        self.spans.iter().map(Vec::len).product()
    }

    /// Whether there is one window, and it sees all.
    pub(crate) fn is_whole(&self) -> bool {
        self.spans.iter().zip(self.lengths).all(|(spans, count)| spans[..] == [Span { first: 0, count }])
    }

    /// The most elements that an output sees.
    fn cost(&self) -> usize {
        self.spans.iter().map(|spans| spans.iter().map(|span| span.count).max().unwrap_or(0)).product()
    }

    /// What the outputs of a row see along the last axis, tap by tap.
    fn runs(&self) -> Vec<Run> {
        let spans = &self.spans[2];
        let mut runs: Vec<Run> = vec![];
        for tap in 0..spans.iter().map(|span| span.count).max().unwrap_or(0) {
            let from = runs.len();
            for (output, span) in spans.iter().enumerate().filter(|(_, span)| span.count > tap) {
                let input = span.first + tap * self.dilation[2];
                let single = Run { output, input, stride: 1, count: 1 };
                if let Some(longer) = runs[from..].last().and_then(|run| run.extended(single)) {
                    runs.pop();
                    runs.push(longer);
                } else {
                    runs.push(single);
                }
            }
        }
        runs
    }

    /// How far the elements that a window sees are from its first, in order; where all windows see as many.
    fn taps(&self) -> Option<Vec<usize>> {
        let counts = self.spans.each_ref().map(|spans| spans.first().map_or(0, |span| span.count));
        let equal = |(spans, count): (&Vec<Span>, usize)| spans.iter().all(|span| span.count == count);
        let along = |axis: usize| (0..counts[axis]).map(move |tap| tap * self.dilation[axis]);
        let [_, rows, columns] = self.lengths;
        let taps =
            along(0).flat_map(|a| along(1).flat_map(move |b| along(2).map(move |c| (a * rows + b) * columns + c)));
        self.spans.iter().zip(counts).all(equal).then(|| taps.collect())
    }

    /// Calls `visit` with the place of each row of outputs and the place of each row of x that it sees, in order.
    #[inline(always)]
    fn rows(&self, mut visit: impl FnMut(usize, usize)) {
        self.output_rows(|row, starts| starts.iter().for_each(|&start| visit(row, start)));
    }

    /// Calls `visit` with the place of each row of outputs and the places of the rows of x that it sees, in order.
    #[inline(always)]
    fn output_rows(&self, mut visit: impl FnMut(usize, &[usize])) {
        let [a, b, c] = &self.spans;
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                let across = |t: usize| b.first + t * self.dilation[1];
                let starts: SmallVec<[usize; 16]> = (0..a.count)
                    .map(|s| (a.first + s * self.dilation[0]) * self.lengths[1])
                    .flat_map(|plane| (0..b.count).map(move |t| (plane + across(t)) * self.lengths[2]))
                    .collect();
                visit((i * self.spans[1].len() + j) * c.len(), &starts);
            }
        }
    }
}

impl Run {
    /// The run with one more output, where that continues it; a run of one takes any stride.
    fn extended(self, next: Run) -> Option<Run> {
        let stride = if self.count == 1 { next.input.checked_sub(self.input)? } else { self.stride };
        let continues =
            stride > 0 && next.output == self.output + self.count && next.input == self.input + self.count * stride;
        continues.then_some(Run { stride, count: self.count + 1, ..self })
    }

    /// Calls `tap` for each i with the run's outputs and elements.
    #[inline(always)]
    fn each(self, mut tap: impl FnMut(usize, usize)) {
        // Constant strides are what the vector units can read.
        match self.stride {
            1 => (0..self.count).for_each(|i| tap(i, i)),
            2 => (0..self.count).for_each(|i| tap(i, 2 * i)),
            stride => (0..self.count).for_each(|i| tap(i, stride * i)),
        }
    }

    /// The run's part of a row of outputs, and of a row of x from its first element to its last.
    #[inline(always)]
    fn cut<'a, A, B>(&self, outputs: &'a mut [A], inputs: &'a [B]) -> (&'a mut [A], &'a [B]) {
        let reach = (self.count - 1) * self.stride + 1;
        (&mut outputs[self.output..][..self.count], &inputs[self.input..][..reach])
    }
}

/// The place of each window's largest element in its plane: the first of equal ones, the last NaN where there is one.
pub(crate) fn largest<T: Pooled + Sync + num_traits::Float>(windows: &Windows, x: &[T]) -> Block<u32> {
    assert!(u32::try_from(windows.inputs()).is_ok(), "a plane has too many elements");
    let (taps, inputs, outputs) = (windows.taps(), windows.inputs(), windows.outputs());
    let mut places = pool::buffer(x.len() / inputs.max(1) * outputs);
    threads::for_row_chunks(&mut places, outputs, 2 * windows.cost(), |first, places| {
        for (places, x) in places.chunks_exact_mut(outputs).zip(x[first * inputs..].chunks_exact(inputs)) {
            match &taps {
                Some(taps) => largest_of_equal(windows, taps, x, places),
                None => largest_of_plane(windows, x, places),
            }
        }
    });
    places
}

/// Of windows that all see as many elements: each is the first one, moved.
fn largest_of_equal<T: num_traits::Float>(windows: &Windows, taps: &[usize], x: &[T], places: &mut [u32]) {
    let [a, b, c] = &windows.spans;
    let rows = a.iter().flat_map(|a| b.iter().map(|b| a.first * windows.lengths[1] + b.first));
    for (row, places) in rows.zip(places.chunks_exact_mut(c.len())) {
        for (span, place) in c.iter().zip(places) {
            let first = row * windows.lengths[2] + span.first;
            *place = largest_of(x, taps.iter().map(|tap| first + tap));
        }
    }
}

fn largest_of_plane<T: num_traits::Float>(windows: &Windows, x: &[T], places: &mut [u32]) {
    let spans = &windows.spans[2];
    windows.output_rows(|row, starts| {
        for (place, &Span { first, count }) in places[row..].iter_mut().zip(spans) {
            let seen = |start: usize| (0..count).map(move |tap| start + first + tap * windows.dilation[2]);
            *place = largest_of(x, starts.iter().flat_map(|&start| seen(start)));
        }
    });
}

/// The first place of the largest element.
#[inline(always)]
fn largest_of<T: num_traits::Float>(x: &[T], mut places: impl Iterator<Item = usize>) -> u32 {
    let first = places.next().unwrap_or(0);
    // Which of two is larger no processor can foresee; a wrong guess costs more than all of a small window.
    let later = |best: usize, place: usize| select_unpredictable((x[place] > x[best]) | x[place].is_nan(), place, best);
    places.fold(first, later) as u32
}

/// y[p][i] = x[p][places[p][i]] for every plane p.
pub(crate) fn take<T: Pooled + Sync>(x: &[T], inputs: usize, places: &[u32], outputs: usize) -> Block<T> {
    let mut out = pool::buffer(places.len());
    threads::for_row_chunks(&mut out, outputs, 1, |first, out| {
        let planes =
            x[first * inputs..].chunks_exact(inputs.max(1)).zip(places[first * outputs..].chunks_exact(outputs));
        for (out, (x, places)) in out.chunks_exact_mut(outputs).zip(planes) {
            out.iter_mut().zip(places).for_each(|(out, &place)| *out = x[place as usize]);
        }
    });
    out
}

/// The transpose of [`take`]: x[p][places[p][i]] += y[p][i] for every plane p, from zero on.
pub(crate) fn put<T>(y: &[T], outputs: usize, places: &[u32], inputs: usize) -> Block<T>
where
    T: Pooled + Sync + std::ops::AddAssign,
{
    let mut x = pool::buffer(y.len() / outputs.max(1) * inputs);
    threads::for_row_chunks(&mut x, inputs, 1, |first, x| {
        let planes = y[first * outputs..].chunks_exact(outputs).zip(places[first * outputs..].chunks_exact(outputs));
        for (x, (y, places)) in x.chunks_exact_mut(inputs).zip(planes) {
            x.fill(T::default());
            y.iter().zip(places).for_each(|(&y, &place)| x[place as usize] += y);
        }
    });
    x
}

/// The sum of each window.
pub(crate) fn sums<T>(windows: &Windows, x: &[T]) -> Block<T>
where
    T: Pooled + Sync + std::ops::AddAssign,
{
    let (runs, inputs, outputs) = (windows.runs(), windows.inputs(), windows.outputs());
    let mut y = pool::buffer(x.len() / inputs.max(1) * outputs);
    threads::for_row_chunks(&mut y, outputs, windows.cost(), |first, y| {
        for (y, x) in y.chunks_exact_mut(outputs).zip(x[first * inputs..].chunks_exact(inputs)) {
            y.fill(T::default());
            windows.rows(|row, start| {
                for run in &runs {
                    let (y, x) = run.cut(&mut y[row..], &x[start..]);
                    vectorized!(|| {
                        // SAFETY: i is below the run's count, the length of y; the last place is the last of x.
                        run.each(|i, place| unsafe { *y.get_unchecked_mut(i) += *x.get_unchecked(place) });
                    });
                }
            });
        }
    });
    y
}

/// The transpose of [`sums`]: each output is added to all elements of its window.
pub(crate) fn spread<T>(windows: &Windows, y: &[T]) -> Block<T>
where
    T: Pooled + Sync + std::ops::AddAssign,
{
    let (runs, inputs, outputs) = (windows.runs(), windows.inputs(), windows.outputs());
    let mut x = pool::buffer(y.len() / outputs.max(1) * inputs);
    threads::for_row_chunks(&mut x, inputs, 1 + windows.cost() * outputs / inputs.max(1), |first, x| {
        for (x, y) in x.chunks_exact_mut(inputs).zip(y[first * outputs..].chunks_exact(outputs)) {
            x.fill(T::default());
            windows.rows(|row, start| {
                for run in &runs {
                    let reach = (run.count - 1) * run.stride + 1;
                    let y = &y[row + run.output..][..run.count];
                    let x = &mut x[start + run.input..][..reach];
                    vectorized!(|| {
                        // SAFETY: i is below the run's count, the length of y; the last place is the last of x.
                        run.each(|i, place| unsafe { *x.get_unchecked_mut(place) += *y.get_unchecked(i) });
                    });
                }
            });
        }
    });
    x
}
