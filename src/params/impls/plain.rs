//! What there is nothing to train in: its tree is `()`, a copy of it is a clone.
//!
//! References to models, `Rc`, `Arc` and `Mutex` are left out on purpose, as is `HashMap`, which has no order: what
//! stands in them would not be trained, or not the same way twice, and nobody would notice.

use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::params::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};
use crate::tensor::{Element, Tensor};

impl<K: Kind> Tree<K> for () {
    type Model = ();
}

macro_rules! plain {
    ($({$($generics:tt)*} $T:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Params for $T {
            type Tree<K: Kind> = ();

            fn leaves<'tree>(&'tree self, _: &mut Walk) -> Self::Tree<Ref<'tree, Value>> {}
            fn leaves_mut<'tree>(&'tree mut self, _: &mut Walk) -> Self::Tree<Mut<'tree, Value>> {}
            fn tree_ref<'tree, K: Kind + 'tree>(_: &'tree ()) {}
            fn tree_mut<'tree, K: Kind + 'tree>(_: &'tree mut ()) {}
            fn zip_trees<K: Kind, L: Kind>(_: (), _: (), _: &mut Walk) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
                Ok(())
            }
            fn map_tree<K: Kind, L: Kind>(_: (), _: &mut Walk, _: &mut impl MapLeaf<K, L>) {}
            fn map_model(&self, _: &mut Walk, _: &mut impl MapModel) -> Self {
                self.clone()
            }
        }
    )*};
}

plain! {
    {} ();
    {} i8; {} i16; {} i32; {} i64; {} i128; {} isize;
    {} u8; {} u16; {} u32; {} u64; {} u128; {} usize;
    {} f32; {} f64;
    {} bool; {} char; {} String; {'a} &'a str;
    {} Duration; {T: Element} Range<T>; {T: Element} RangeInclusive<T>;
    {T: ?Sized} PhantomData<T>;
}

// Tensors of what does not differentiate are constants: labels, masks, positions.
plain! {
    {} Tensor<i8>; {} Tensor<i16>; {} Tensor<i32>; {} Tensor<i64>; {} Tensor<isize>;
    {} Tensor<u8>; {} Tensor<u16>; {} Tensor<u32>; {} Tensor<u64>; {} Tensor<usize>;
    {} Tensor<bool>;
}

// Function pointers: activations, initialisers. A general `fn(A) -> R` would overlap with `fn(&A) -> R`, so arguments
// by value are listed one by one.
plain! {
    {R} fn() -> R;
    {A: ?Sized, R} fn(&A) -> R;
    {A: ?Sized, B: ?Sized, R} fn(&A, &B) -> R;
    {A: ?Sized, B: ?Sized, C: ?Sized, R} fn(&A, &B, &C) -> R;
    {A: ?Sized, R} fn(&A, f32) -> R;
    {A: ?Sized, R} fn(&A, f64) -> R;
    {A: ?Sized, R} fn(&A, usize) -> R;
    {R} fn(f32) -> R;
    {R} fn(f64) -> R;
    {R} fn(usize) -> R;
    {R} fn(f32, f32) -> R;
    {R} fn(f64, f64) -> R;
    {T: Element, R} fn(Tensor<T>) -> R;
    {T: Element, R} fn(Tensor<T>, Tensor<T>) -> R;
}
