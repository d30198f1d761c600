//! That the trajectories see the mistakes that are made in rules.

use sapwood::optim::{Chunk, LeafInfo};
use sapwood::prelude::*;

use crate::common::{difference, expected, path};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mistake {
    None,
    FirstUncorrected,
    SecondUncorrected,
    BetasSwapped,
    StepLags,
    EpsilonInTheRoot,
    MomentumLags,
}

/// Adam written once more, with a mistake.
#[derive(Clone, Debug)]
struct Mutant(Mistake);

impl Rule for Mutant {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        use Mistake::*;
        let (b1, b2) = if self.0 == BetasSwapped { (0.999, 0.9) } else { (0.9, 0.999) };
        let t = (leaf.step + u64::from(self.0 == StepLags)) as f64;
        let c1 = if self.0 == FirstUncorrected { 1.0 } else { 1.0 - f64::powf(b1, t) };
        let c2 = if self.0 == SecondUncorrected { 1.0 } else { 1.0 - f64::powf(b2, t) };
        for ((m, v), dx) in m.iter_mut().zip(v).zip(dx) {
            let g = dx.to_f64();
            let before = m.to_f64();
            *m = T::from_f64(b1 * before + (1.0 - b1) * g);
            *v = T::from_f64(b2 * v.to_f64() + (1.0 - b2) * g * g);
            let mean = if self.0 == MomentumLags { before } else { m.to_f64() } / c1;
            let square = v.to_f64() / c2;
            let root = if self.0 == EpsilonInTheRoot { (square + 1e-8).sqrt() } else { square.sqrt() + 1e-8 };
            *dx = T::from_f64(0.001 * mean / root);
        }
    }
}

#[test]
fn the_usual_mistakes_leave_the_trajectory() {
    use Mistake::*;
    let off = |mistake| difference(&path(Mutant(mistake)), &expected("adam"));
    assert!(off(None) < 1e-12, "{}", off(None));
    for mistake in [FirstUncorrected, SecondUncorrected, BetasSwapped, StepLags, EpsilonInTheRoot, MomentumLags] {
        assert!(off(mistake) > 1e-7, "{mistake:?} differs by {} only", off(mistake));
    }
}
