//! Writes the implementation of `Params`: seven functions that go through the fields in order of declaration.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Member;
use syn::ext::IdentExt;

use crate::input::{Field, Model, Names, Variant};
use crate::tree::binding;

pub(crate) fn write(model: &Model) -> TokenStream {
    let (parameters, arguments, clause) = model.generics.split_for_impl();
    let (ident, kind) = (&model.ident, &model.names.kind);
    let (tree, functions) = match model.is_plain() {
        true => (quote!(()), plain(&model.names)),
        false => (model.tree_type(kind), functions(model)),
    };
    let map_model = map_model(model);
    quote! {
        #[automatically_derived]
        #[allow(deprecated, private_bounds, private_interfaces, unused_variables)]
        impl #parameters ::sapwood::params::Params for #ident #arguments #clause {
            type Tree<#kind: ::sapwood::params::Kind> = #tree;
            #functions
            #map_model
        }
    }
}

/// The functions of a model without anything to train.
fn plain(Names { kind, other, lifetime }: &Names) -> TokenStream {
    quote! {
        fn leaves<#lifetime>(&#lifetime self, _: &mut ::sapwood::params::Walk) {}
        fn leaves_mut<#lifetime>(&#lifetime mut self, _: &mut ::sapwood::params::Walk) {}
        fn tree_ref<#lifetime, #kind: ::sapwood::params::Kind + #lifetime>(_: &#lifetime ()) {}
        fn tree_mut<#lifetime, #kind: ::sapwood::params::Kind + #lifetime>(_: &#lifetime mut ()) {}
        fn zip_trees<#kind: ::sapwood::params::Kind, #other: ::sapwood::params::Kind>(
            _: (),
            _: (),
            _: &mut ::sapwood::params::Walk,
        ) -> ::core::result::Result<(), ::sapwood::params::Mismatch> {
            ::core::result::Result::Ok(())
        }
        fn map_tree<#kind: ::sapwood::params::Kind, #other: ::sapwood::params::Kind>(
            _: (),
            _: &mut ::sapwood::params::Walk,
            _: &mut impl ::sapwood::params::MapLeaf<#kind, #other>,
        ) {}
    }
}

fn functions(model: &Model) -> TokenStream {
    let Names { kind, other, lifetime } = &model.names;
    let (ident, tree) = (&model.ident, &model.tree);
    let leaves = arms(model, [ident, tree], Steps::In, |field, x| call(field, quote!(leaves(#x, walk))));
    let leaves_mut = arms(model, [ident, tree], Steps::In, |field, x| call(field, quote!(leaves_mut(#x, walk))));
    let tree_ref = arms(model, [tree, tree], Steps::None, |field, x| call(field, quote!(tree_ref::<#kind>(#x))));
    let tree_mut = arms(model, [tree, tree], Steps::None, |field, x| call(field, quote!(tree_mut::<#kind>(#x))));
    let map_tree =
        arms(model, [tree, tree], Steps::In, |field, x| call(field, quote!(map_tree::<#kind, #other>(#x, walk, f))));
    let zip_trees = zip_trees(model);
    quote! {
        fn leaves<#lifetime>(
            &#lifetime self,
            walk: &mut ::sapwood::params::Walk,
        ) -> Self::Tree<::sapwood::params::Ref<#lifetime, ::sapwood::params::Value>> {
            match self { #leaves }
        }
        fn leaves_mut<#lifetime>(
            &#lifetime mut self,
            walk: &mut ::sapwood::params::Walk,
        ) -> Self::Tree<::sapwood::params::Mut<#lifetime, ::sapwood::params::Value>> {
            match self { #leaves_mut }
        }
        fn tree_ref<#lifetime, #kind: ::sapwood::params::Kind + #lifetime>(
            tree: &#lifetime Self::Tree<#kind>,
        ) -> Self::Tree<::sapwood::params::Ref<#lifetime, #kind>> {
            match tree { #tree_ref }
        }
        fn tree_mut<#lifetime, #kind: ::sapwood::params::Kind + #lifetime>(
            tree: &#lifetime mut Self::Tree<#kind>,
        ) -> Self::Tree<::sapwood::params::Mut<#lifetime, #kind>> {
            match tree { #tree_mut }
        }
        #zip_trees
        fn map_tree<#kind: ::sapwood::params::Kind, #other: ::sapwood::params::Kind>(
            tree: Self::Tree<#kind>,
            walk: &mut ::sapwood::params::Walk,
            f: &mut impl ::sapwood::params::MapLeaf<#kind, #other>,
        ) -> Self::Tree<#other> {
            match tree { #map_tree }
        }
    }
}

fn zip_trees(model: &Model) -> TokenStream {
    let Names { kind, other, .. } = &model.names;
    let tree = &model.tree;
    let arms = model.variants.iter().map(|variant| {
        let left = variant.with_fields(tree, |i, _| binding("left", i));
        let right = variant.with_fields(tree, |i, _| binding("right", i));
        let pairs = variant.with_fields(tree, |i, field| {
            let (left, right) = (binding("left", i), binding("right", i));
            if field.skip {
                return quote!(());
            }
            let zipped = call(field, quote!(zip_trees::<#kind, #other>(#left, #right, walk)));
            let zipped = into_field(field, zipped);
            quote!(#zipped?)
        });
        let body = into_variant(variant, quote!(::core::result::Result::Ok(#pairs)));
        quote!((#left, #right) => #body)
    });
    let mismatch = (model.variants.len() > 1).then(|| {
        let name = |value: TokenStream| {
            let arms = model.variants.iter().map(|variant| {
                let (ident, name) = (variant.ident.iter(), name_of(variant));
                quote!(#tree #(::#ident)* { .. } => #name)
            });
            quote!(match #value { #(#arms),* })
        };
        let (left, right) = (name(quote!(left)), name(quote!(right)));
        quote! {
            (left, right) => {
                let (left, right) = (#left, #right);
                ::core::result::Result::Err(::sapwood::params::Mismatch::new(walk, left, right))
            }
        }
    });
    quote! {
        fn zip_trees<#kind: ::sapwood::params::Kind, #other: ::sapwood::params::Kind>(
            left: Self::Tree<#kind>,
            right: Self::Tree<#other>,
            walk: &mut ::sapwood::params::Walk,
        ) -> ::core::result::Result<Self::Tree<::sapwood::params::Pair<#kind, #other>>, ::sapwood::params::Mismatch> {
            match (left, right) { #(#arms,)* #mismatch }
        }
    }
}

fn map_model(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let arms = model.variants.iter().map(|variant| {
        let from = variant.with_fields(ident, |i, _| binding("field", i));
        let to = variant.with_fields(ident, |i, field| {
            let value = binding("field", i);
            match field.skip {
                true => field.clone_of(value),
                false => into_field(field, call(field, quote!(map_model(#value, walk, f)))),
            }
        });
        let to = into_variant(variant, to);
        quote!(#from => #to)
    });
    // An empty enum has no values, so nothing is matched; a reference to one would have to be.
    let value = if model.variants.is_empty() { quote!(*self) } else { quote!(self) };
    let name = ident.unraw().to_string();
    quote! {
        fn map_model(
            &self,
            walk: &mut ::sapwood::params::Walk,
            f: &mut impl ::sapwood::params::MapModel,
        ) -> Self {
            let name = ::core::concat!(::core::module_path!(), "::", #name);
            walk.model(name, |walk| match #value { #(#arms),* })
        }
    }
}

/// Whether a function tells a walk where it goes.
#[derive(Clone, Copy, PartialEq)]
enum Steps {
    In,
    None,
}

/// An arm for each variant: from the fields of one type to the same fields of another.
fn arms(
    model: &Model,
    [from, to]: [&Ident; 2],
    steps: Steps,
    value: impl Fn(&Field, TokenStream) -> TokenStream,
) -> TokenStream {
    let arms = model.variants.iter().map(|variant| {
        let pattern = variant.with_fields(from, |i, _| binding("field", i));
        let fields = variant.with_fields(to, |i, field| match (field.skip, steps) {
            (true, _) => quote!(()),
            (false, Steps::In) => into_field(field, value(field, binding("field", i))),
            (false, Steps::None) => value(field, binding("field", i)),
        });
        let fields = if steps == Steps::In { into_variant(variant, fields) } else { fields };
        quote!(#pattern => #fields)
    });
    quote!(#(#arms),*)
}

/// `<Type as Params>::function(…)`, where errors point at the field.
fn call(field: &Field, function: TokenStream) -> TokenStream {
    let params = field.as_params();
    quote!(#params::#function)
}

/// `body` with the walk in the field.
fn into_field(field: &Field, body: TokenStream) -> TokenStream {
    match &field.member {
        Member::Named(_) => {
            let name = field.name();
            quote!(walk.field(#name, |walk| #body))
        }
        Member::Unnamed(index) => {
            let index = index.index as usize;
            quote!(walk.index(#index, |walk| #body))
        }
    }
}

/// `body` with the walk in the variant, which is a step of its own; a struct is none.
fn into_variant(variant: &Variant, body: TokenStream) -> TokenStream {
    match variant.ident {
        Some(_) if !variant.fields.is_empty() => {
            let name = name_of(variant);
            quote!(walk.field(#name, |walk| #body))
        }
        _ => body,
    }
}

fn name_of(variant: &Variant) -> String {
    variant.ident.iter().map(|ident| ident.unraw().to_string()).collect()
}
