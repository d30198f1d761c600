//! Rules one after the other: a tuple of rules is a rule.

use crate::optim::{Chunk, LeafInfo, Rule, Slots};
use crate::tensor::{Float, Tensor};

/// Whether the first rule of a chain is global; the others must not be.
const fn first_alone(global: &[bool]) -> bool {
    let mut i = 1;
    while i < global.len() {
        assert!(!global[i], "a global rule, such as Prodigy, must stand first in its chain");
        i += 1;
    }
    global[0]
}

macro_rules! chain {
    ($($R:ident $r:ident $i:tt),+) => {
        impl<$($R: Rule),+> Rule for ($($R,)+) {
            type State<T: Float> = ($($R::State<T>,)+);

            fn whole_leaf(&self) -> bool {
                $(self.$i.whole_leaf())||+
            }

            fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
                ($(self.$i.init(x),)+)
            }
            #[inline(always)]
            fn apply<T: Float>(&self, leaf: LeafInfo, ($($r,)+): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
                $(self.$i.apply(leaf, $r, x, dx);)+
            }
            // What stands before it would change the gradients that it has measured.
            const GLOBAL: bool = first_alone(&[$($R::GLOBAL),+]);

            fn measure<T: Float>(&self, leaf: LeafInfo, state: &mut Self::State<T>, x: &[T], g: &[T]) -> [f64; 2] {
                self.0.measure(leaf, &mut state.0, x, g)
            }
            fn conclude(&mut self, sums: [f64; 2]) {
                self.0.conclude(sums);
            }
            fn evaluation_point<T: Float>(&self, state: &Self::State<T>, x: Tensor<T>) -> Tensor<T> {
                $(let x = self.$i.evaluation_point(&state.$i, x);)+
                x
            }
            fn rate(&self, step: u64) -> Option<f64> {
                None$(.or_else(|| self.$i.rate(step)))+
            }
            fn set_rate(&mut self, rate: f64) -> bool {
                // Not `||`: every rule that has a rate gets it.
                false $(| self.$i.set_rate(rate))+
            }
        }

        impl<T: Float, $($R: Slots<T>),+> Slots<T> for ($($R,)+) {
            type Chunk<'a> = ($($R::Chunk<'a>,)+) where Self: 'a;

            fn chunk(&mut self) -> Self::Chunk<'_> {
                ($(self.$i.chunk(),)+)
            }
            #[inline(always)]
            fn split<'a>(chunk: Self::Chunk<'a>, at: usize) -> (Self::Chunk<'a>, Self::Chunk<'a>)
            where
                Self: 'a,
            {
                $(let $r = $R::split(chunk.$i, at);)+
                (($($r.0,)+), ($($r.1,)+))
            }
            fn fits(&self, shape: &[usize]) -> bool {
                $(self.$i.fits(shape))&&+
            }
            fn whole(&self) -> bool {
                $(self.$i.whole())||+
            }
        }
    };
}

chain!(A a 0);
chain!(A a 0, B b 1);
chain!(A a 0, B b 1, C c 2);
chain!(A a 0, B b 1, C c 2, D d 3);
chain!(A a 0, B b 1, C c 2, D d 3, E e 4);
chain!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
