//! The derive macro of sapwood: [`macro@Params`].
//!
//! It works in three steps: `input` reads the type, `attributes` checks what stands in `#[params(…)]`, `bounds` finds
//! what type parameters must be, and `tree` and `params` write the tree type and the implementation of the trait. All
//! errors are collected, and each is shown where it belongs.

mod attributes;
mod bounds;
mod errors;
mod input;
mod params;
mod tree;

use proc_macro::TokenStream;
use quote::quote;

/// Makes a struct or an enum a model: writes the type of its trees and implements the trait `Params`.
///
/// For `struct Mlp { hidden: Dense, out: Dense }` it writes `struct MlpTree<K: Kind>` with the same fields and
/// visibilities, each field the tree of the model's field. A tuple struct gets a tuple struct, an enum an enum with the
/// same variants. Generic parameters follow `K`. Where there are no fields to train, the tree is `()`.
///
/// | attribute | on | meaning |
/// | --- | --- | --- |
/// | `#[params(skip)]` | a field | nothing to train here: the tree has `()`, copies of the model a clone |
/// | `#[params(bound = "T: Float")]` | the type | replaces the bounds that the derive finds for the type parameters |
///
/// A type parameter that stands in a field gets the bound `Params`, unless it stands only within `PhantomData`,
/// `Buffer` or a function pointer.
///
/// Trees are `Clone`, `Debug`, `PartialEq`, `Serialize` and `Deserialize` where their leaves are; with fields that depend
/// on type parameters, where the trees of those fields are. (For a field that is itself a parameter, such as
/// `rate: T`, code that is generic over `T` must ask for that; `#[params(skip)]` on the field spares it.)
#[proc_macro_derive(Params, attributes(params))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    match input::Model::read(input.into()) {
        Ok(mut model) => {
            bounds::require(&mut model);
            let (tree, params) = (tree::write(&model), params::write(&model));
            quote!(#tree #params).into()
        }
        Err(error) => error.into_compile_error().into(),
    }
}
