//! Which bounds the generic parameters need.

use std::collections::HashSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{GenericArgument, GenericParam, PathArguments, Type, WherePredicate, parse_quote_spanned};

use crate::input::{Model, identifiers};

/// Types that are plain values whatever they are made of.
const PLAIN: [&str; 2] = ["PhantomData", "Buffer"];

/// Adds the bounds to the model's `where` clause: those that its attribute asks for, or those that the derive finds.
pub(crate) fn require(model: &mut Model) {
    let found = || trees(model).into_iter().map(is_params).collect();
    let predicates = model.bound.clone().unwrap_or_else(found);
    model.generics.make_where_clause().predicates.extend(predicates);
}

/// That the fields without type parameters are trees: this holds or is an error. Lifetimes are all `'static`, since
/// only what has no parameters at all is checked on the spot.
pub(crate) fn fields(model: &Model) -> Vec<WherePredicate> {
    let params = generics(model);
    let lifetimes = model.generics.lifetimes().map(|param| param.lifetime.ident.to_string()).collect();
    let fields = model.trained().map(|field| &field.ty).filter(|ty| !mentions(ty, &params));
    let fields = without_doubles(fields.cloned().collect()).into_iter();
    fields.map(|ty| is_params(make_static(&ty, &lifetimes))).collect()
}

/// The type with `'static` for the lifetimes of these names.
fn make_static(ty: &Type, lifetimes: &HashSet<String>) -> Type {
    let tokens = with_static(ty.to_token_stream(), lifetimes);
    parse_quote_spanned!(ty.span()=> #tokens)
}

fn with_static(tokens: TokenStream, lifetimes: &HashSet<String>) -> TokenStream {
    let mut in_lifetime = false;
    let replace = |token| {
        let after_quote = std::mem::replace(&mut in_lifetime, false);
        match &token {
            TokenTree::Punct(punct) => in_lifetime = punct.as_char() == '\'',
            TokenTree::Ident(ident) if after_quote && lifetimes.contains(&ident.to_string()) => {
                return Ident::new("static", ident.span()).into();
            }
            TokenTree::Group(group) => {
                let mut replaced = Group::new(group.delimiter(), with_static(group.stream(), lifetimes));
                replaced.set_span(group.span());
                return replaced.into();
            }
            _ => {}
        }
        token
    };
    tokens.into_iter().map(replace).collect()
}

/// The names of the model's type and const parameters.
fn generics(model: &Model) -> HashSet<String> {
    let named = |param: &GenericParam| match param {
        GenericParam::Type(param) => Some(param.ident.to_string()),
        GenericParam::Const(param) => Some(param.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    };
    model.generics.params.iter().filter_map(named).collect()
}

fn is_params(ty: Type) -> WherePredicate {
    parse_quote_spanned!(ty.span()=> #ty: ::sapwood::params::Params)
}

/// Type parameters, and types named through them such as `T::Layer`, that stand in the model's fields: they must be
/// trees themselves.
fn trees(model: &Model) -> Vec<Type> {
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
    let params = generics(model);
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
