//! Which bounds the generic parameters need.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{GenericArgument, GenericParam, PathArguments, Type};

use crate::input::{Model, identifiers};

/// Types that are plain values whatever they are made of.
const PLAIN: [&str; 2] = ["PhantomData", "Buffer"];

/// Type parameters, and types named through them such as `T::Layer`, that stand in the model's fields: they must be
/// trees themselves.
pub(crate) fn trees(model: &Model) -> Vec<Type> {
    let params: HashSet<String> = model.generics.type_params().map(|param| param.ident.to_string()).collect();
    let mut found = Vec::new();
    model.trained().for_each(|field| trees_in(&field.ty, &params, &mut found));
    without_doubles(found)
}

fn trees_in(ty: &Type, params: &HashSet<String>, found: &mut Vec<Type>) {
    if let Type::Path(path) = ty {
        let starts_with_param =
            path.path.segments.first().is_some_and(|first| params.contains(&first.ident.to_string()));
        if path.qself.is_some() && mentions(ty, params) || starts_with_param {
            return found.push(ty.clone());
        }
        if path.path.segments.last().is_some_and(|last| PLAIN.iter().any(|plain| last.ident == plain)) {
            return;
        }
    }
    parts(ty).into_iter().for_each(|part| trees_in(part, params, found));
}

/// The field types whose trees must be `Clone` for the whole tree to be it, and so for the other traits.
///
/// Only those that depend on parameters need be named, since all other trees are `Clone` where their leaves are (but
/// for arrays, of which `serde` knows the short ones only). The model itself is left out, which would lead in a circle:
/// of a type that has it within, such as `Vec<(T, Node<T>)>`, the other parts are named.
pub(crate) fn pieces(model: &Model) -> Vec<Type> {
    let named = |param: &GenericParam| match param {
        GenericParam::Type(param) => Some(param.ident.to_string()),
        GenericParam::Const(param) => Some(param.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    };
    let params = model.generics.params.iter().filter_map(named).collect();
    let own = HashSet::from([model.ident.to_string()]);
    let mut found = Vec::new();
    model.trained().for_each(|field| pieces_in(&field.ty, &params, &own, &mut found));
    without_doubles(found)
}

fn pieces_in(ty: &Type, params: &HashSet<String>, own: &HashSet<String>, found: &mut Vec<Type>) {
    if !mentions(ty, own) {
        if mentions(ty, params) || has_array(ty) {
            found.push(ty.clone());
        }
        return;
    }
    let is_own =
        matches!(ty, Type::Path(path) if path.path.segments.iter().any(|s| own.contains(&s.ident.to_string())));
    if !is_own {
        parts(ty).into_iter().for_each(|part| pieces_in(part, params, own, found));
    }
}

fn has_array(ty: &Type) -> bool {
    matches!(ty, Type::Array(_)) || parts(ty).into_iter().any(has_array)
}

/// The types that a type is made of: generic arguments, elements.
fn parts(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Array(array) => vec![&array.elem],
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Paren(inner) => vec![&inner.elem],
        Type::Group(inner) => vec![&inner.elem],
        Type::Path(path) => {
            let arguments = path.path.segments.iter().filter_map(|segment| match &segment.arguments {
                PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
                _ => None,
            });
            let types = arguments.flatten().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            types.collect()
        }
        _ => vec![],
    }
}

fn mentions(ty: &Type, names: &HashSet<String>) -> bool {
    let mut used = HashSet::new();
    identifiers(ty.to_token_stream(), &mut used);
    !used.is_disjoint(names)
}

fn without_doubles(types: Vec<Type>) -> Vec<Type> {
    let mut seen = HashSet::new();
    types.into_iter().filter(|ty| seen.insert(ty.to_token_stream().to_string())).collect()
}
