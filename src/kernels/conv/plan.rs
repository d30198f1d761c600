//! Convolutions as sums of shifted planes.
//!
//! An input is copied once to zero-padded planes, one for each phase of the stride, in scratch memory. There every tap
//! of the kernel is the same plane at another offset, whatever the stride, dilation and number of axes: so
//! y[p] = Σ w[tap] · plane[offset(tap) + p] for one flat run of p. Where a row ends, p walks through some places that
//! belong to no output, which is cheaper than stopping.

use std::array::from_fn;

use crate::kernels::isa::vectorized;

/// Lengths of a convolution; one and two spatial axes stand behind leading ones.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Channels of x in one group.
    pub(crate) inputs: usize,
    /// Channels of y in one group.
    pub(crate) outputs: usize,
    pub(crate) x: [usize; 3],
    pub(crate) y: [usize; 3],
    pub(crate) kernel: [usize; 3],
    pub(crate) stride: [usize; 3],
    pub(crate) dilation: [usize; 3],
    /// Zeros before the first element.
    pub(crate) before: [usize; 3],
}

impl Geometry {
    /// Multiply-adds of any of the three operations.
    pub(super) fn work(&self) -> usize {
        [&[self.batch, self.groups, self.inputs, self.outputs][..], &self.y, &self.kernel].concat().iter().product()
    }

    /// Whether the work is enough for several threads.
    pub(super) fn is_shared(&self) -> bool {
        self.work() >= super::PARALLEL_FROM
    }
}

/// Where a channel lies in scratch memory: padded planes, a phase of the stride each, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Phases along each axis: place v of phase f is element v·phases + f − before.
    phases: [usize; 3],
    plane: [usize; 3],
    before: [isize; 3],
}

/// A tap of the kernel, and its offset within a channel of the source.
#[derive(Clone, Debug)]
struct Tap {
    kernel: usize,
    offset: usize,
}

/// A sum over taps, and the elements of the result that it gives: from `first`, `step` apart, `count` along each axis.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    taps: Vec<Tap>,
    first: [usize; 3],
    step: [usize; 3],
    count: [usize; 3],
}

/// The same along one axis.
struct AxisPass {
    /// (tap, phase, place).
    taps: Vec<(usize, usize, usize)>,
    first: usize,
    step: usize,
    count: usize,
}

struct AxisPlan {
    phases: usize,
    plane: usize,
    before: isize,
    passes: Vec<AxisPass>,
}

/// y[i] = Σ w[t] · x[i·stride + t·dilation − before].
fn forward_axis(g: &Geometry, axis: usize) -> AxisPlan {
    let stride = g.stride[axis];
    let taps = (0..g.kernel[axis]).map(|tap| (tap, tap * g.dilation[axis]));
    let taps: Vec<_> = taps.map(|(tap, place)| (tap, place % stride, place / stride)).collect();
    let reach = taps.last().map_or(0, |tap| tap.2);
    let pass = AxisPass { taps, first: 0, step: 1, count: g.y[axis] };
    AxisPlan { phases: stride, plane: reach + g.y[axis], before: g.before[axis] as isize, passes: vec![pass] }
}

/// x̄[i] = Σ w[t] · ȳ[(i + before − t·dilation) / stride] over the taps for which the division leaves no rest: a pass for
/// each rest of i + before.
fn transposed_axis(g: &Geometry, axis: usize) -> AxisPlan {
    let (stride, dilation, before) = (g.stride[axis] as isize, g.dilation[axis] as isize, g.before[axis] as isize);
    let mut passes = vec![];
    // The places of ȳ, which begin at some number below zero.
    let mut reaches = vec![];
    for rest in 0..stride {
        let first = (rest - before).rem_euclid(stride);
        if first as usize >= g.x[axis] {
            continue;
        }
        let count = (g.x[axis] - first as usize).div_ceil(stride as usize);
        let taps = (0..g.kernel[axis] as isize).filter(|tap| tap * dilation % stride == rest);
        let taps: Vec<_> = taps.map(|tap| (tap as usize, (first + before - tap * dilation) / stride)).collect();
        reaches.extend(taps.iter().flat_map(|&(_, place)| [place, place + count as isize - 1]));
        passes.push((taps, first as usize, count));
    }
    let lowest = reaches.iter().copied().min().unwrap_or(0);
    let plane = reaches.iter().map(|place| (place - lowest) as usize + 1).max().unwrap_or(1);
    let passes = passes.into_iter().map(|(taps, first, count)| {
        let taps = taps.into_iter().map(|(tap, place)| (tap, 0, (place - lowest) as usize)).collect();
        AxisPass { taps, first, step: stride as usize, count }
    });
    AxisPlan { phases: 1, plane, before: -lowest, passes: passes.collect() }
}

/// How y comes from x.
pub(super) fn forward(g: &Geometry) -> (Source, Pass) {
    let (source, mut passes) = joined(g, from_fn(|axis| forward_axis(g, axis)));
    (source, passes.swap_remove(0))
}

/// How x̄ comes from ȳ.
pub(super) fn transposed(g: &Geometry) -> (Source, Vec<Pass>) {
    joined(g, from_fn(|axis| transposed_axis(g, axis)))
}

fn joined(g: &Geometry, axes: [AxisPlan; 3]) -> (Source, Vec<Pass>) {
    let source = Source {
        phases: from_fn(|axis| axes[axis].phases),
        plane: from_fn(|axis| axes[axis].plane),
        before: from_fn(|axis| axes[axis].before),
    };
    let [a, b, c] = &axes;
    let mut passes = vec![];
    for a in &a.passes {
        for b in &b.passes {
            for c in &c.passes {
                passes.push(source.pass(g.kernel, [a, b, c]));
            }
        }
    }
    (source, passes)
}

impl Source {
    fn pass(&self, kernel: [usize; 3], axes: [&AxisPass; 3]) -> Pass {
        let mut taps = vec![];
        for a in &axes[0].taps {
            for b in &axes[1].taps {
                for c in &axes[2].taps {
                    let phase = row_major([a.1, b.1, c.1], self.phases);
                    let place = row_major([a.2, b.2, c.2], self.plane);
                    let offset = phase * self.plane.iter().product::<usize>() + place;
                    taps.push(Tap { kernel: row_major([a.0, b.0, c.0], kernel), offset });
                }
            }
        }
        Pass { taps, first: axes.map(|axis| axis.first), step: axes.map(|a| a.step), count: axes.map(|a| a.count) }
    }

    /// The same planes for the results of a pass: its elements at the places over which the flat run goes.
    pub(super) fn of_results(&self) -> Source {
        Source { phases: [1; 3], plane: self.plane, before: [0; 3] }
    }

    /// Elements that a channel takes.
    pub(super) fn channel(&self) -> usize {
        self.phases.iter().chain(&self.plane).product()
    }

    /// How channels of lengths `lengths` come to their planes.
    pub(super) fn filling(&self, lengths: [usize; 3]) -> Filling {
        let [_, height, width] = lengths;
        // The first place at or after an element, along an axis and within a phase; and the element of a place.
        let place_of = |axis: usize, element: usize, phase: usize| {
            let place = (element as isize + self.before[axis] - phase as isize).max(0) as usize;
            place.div_ceil(self.phases[axis]).min(self.plane[axis])
        };
        let element = |axis: usize, place: usize, phase: usize| {
            ((place * self.phases[axis] + phase) as isize - self.before[axis]) as usize
        };
        let mut rows: Vec<Row> = vec![];
        for number in 0..self.phases.iter().product() {
            let phase = position(number, self.phases);
            let within = |axis: usize| place_of(axis, 0, phase[axis])..place_of(axis, lengths[axis], phase[axis]);
            for (i, j) in within(0).flat_map(|i| within(1).map(move |j| (i, j))).filter(|_| !within(2).is_empty()) {
                let [a, b, c] = [(0, i), (1, j), (2, within(2).start)].map(|(axis, at)| element(axis, at, phase[axis]));
                let to = number * self.plane.iter().product::<usize>() + row_major([i, j, within(2).start], self.plane);
                let (from, length) = ((a * height + b) * width + c, within(2).len());
                let follows = |row: &Row| [row.to, row.from].map(|start| start + row.length) == [to, from];
                match rows.last_mut() {
                    Some(row) if self.phases[2] == 1 && follows(row) => row.length += length,
                    _ => rows.push(Row { to, from, length }),
                }
            }
        }
        Filling { rows, step: self.phases[2], channel: self.channel(), elements: lengths.iter().product() }
    }
}

/// Where the elements of a dense channel go, row by row, in the order of the planes. Between rows there are zeros.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    rows: Vec<Row>,
    /// Elements of x from one of a row's to the next.
    step: usize,
    /// Elements of a channel in the planes, and of x.
    pub(super) channel: usize,
    pub(super) elements: usize,
}

#[derive(Clone, Debug)]
struct Row {
    to: usize,
    from: usize,
    length: usize,
}

impl Filling {
    /// Whether channels lie in x as they do in the planes.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.rows[..], [Row { to: 0, from: 0, length }] if [self.channel, self.elements] == [length; 2])
    }

    /// Lays out the channels of `x`.
    pub(super) fn fill<T: Copy + Default>(&self, x: &[T], out: &mut [T]) {
        let channels = x.chunks_exact(self.elements).zip(out.chunks_exact_mut(self.channel));
        channels.for_each(|(x, out)| self.fill_channel(x, out));
    }

    /// Lays out a channel, or as much of its planes as has elements of it.
    pub(super) fn fill_channel<T: Copy + Default>(&self, x: &[T], out: &mut [T]) {
        let mut done = 0;
        for &Row { to, from, length } in &self.rows {
            out[done..to].fill(T::default());
            done = to + length;
            let (row, x) = (&mut out[to..done], &x[from..]);
            match self.step {
                1 => row.copy_from_slice(&x[..length]),
                2 if x.len() >= 2 * length => vectorized!(|| {
                    for (to, &[from, _]) in row.iter_mut().zip(x.as_chunks().0) {
                        *to = from;
                    }
                }),
                step => row.iter_mut().zip(x.iter().step_by(step)).for_each(|(to, &from)| *to = from),
            }
        }
        out[done..].fill(T::default());
    }
}

impl Pass {
    /// The kernel's taps, in the order of [`offsets`](Self::offsets).
    pub(super) fn kernel_taps(&self) -> impl ExactSizeIterator<Item = usize> {
        self.taps.iter().map(|tap| tap.kernel)
    }

    /// Offsets of all channels' taps, channel by channel.
    pub(super) fn offsets(&self, source: &Source, channels: usize) -> Vec<usize> {
        let size = source.channel();
        (0..channels).flat_map(|channel| self.taps.iter().map(move |tap| channel * size + tap.offset)).collect()
    }

    /// Where the results' sums begin within a plane of the source.
    pub(super) fn places(&self, source: &Source) -> Vec<usize> {
        self.results().map(|place| row_major(place, source.plane)).collect()
    }

    /// Where the results belong in a channel of lengths `lengths`.
    pub(super) fn targets(&self, lengths: [usize; 3]) -> Vec<usize> {
        let place = |result: [usize; 3]| from_fn(|axis| self.first[axis] + result[axis] * self.step[axis]);
        self.results().map(|result| row_major(place(result), lengths)).collect()
    }

    /// Elements between neighbouring results of a row.
    pub(super) fn step(&self) -> usize {
        self.step[2]
    }

    /// The numbers of the results along the axes, in their order.
    fn results(&self) -> impl Iterator<Item = [usize; 3]> {
        (0..self.count.iter().product()).map(|number| position(number, self.count))
    }

    /// Length of the flat run that reaches all results.
    pub(super) fn run(&self, source: &Source) -> usize {
        match self.count.contains(&0) {
            true => 0,
            false => row_major(self.count.map(|count| count - 1), source.plane) + 1,
        }
    }

    /// Puts the results of a flat run where they belong in a channel of lengths `lengths`.
    pub(super) fn put<T: Copy>(&self, run: &[T], source: &Source, lengths: [usize; 3], out: &mut [T]) {
        let [a, b, _] = self.count;
        for (i, j) in (0..a).flat_map(|i| (0..b).map(move |j| (i, j))) {
            let from = &run[row_major([i, j, 0], source.plane)..][..self.count[2]];
            let place = [self.first[0] + i * self.step[0], self.first[1] + j * self.step[1], self.first[2]];
            let to = &mut out[row_major(place, lengths)..];
            match self.step[2] {
                1 => to[..from.len()].copy_from_slice(from),
                step => to.iter_mut().step_by(step).zip(from).for_each(|(to, &from)| *to = from),
            }
        }
    }
}

fn row_major(place: [usize; 3], lengths: [usize; 3]) -> usize {
    (place[0] * lengths[1] + place[1]) * lengths[2] + place[2]
}

/// The inverse of [`row_major`].
fn position(number: usize, lengths: [usize; 3]) -> [usize; 3] {
    [number / (lengths[1] * lengths[2]), number / lengths[2] % lengths[1], number % lengths[2]]
}
