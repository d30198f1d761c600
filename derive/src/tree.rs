//! Writes the type of a model's trees and what it implements.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Member};

use crate::bounds;
use crate::input::{Field, Model, Style, Variant};

pub(crate) fn write(model: &Model) -> TokenStream {
    if model.is_plain() {
        return TokenStream::new();
    }
    let (definition, is_tree) = (definition(model), is_tree(model));
    let (clone, debug, partial_eq) = (clone(model), debug(model), partial_eq(model));
    quote!(#definition #is_tree #clone #debug #partial_eq)
}

fn definition(model: &Model) -> TokenStream {
    let Model { tree, vis, .. } = model;
    let generics = model.tree_generics();
    let clause = &generics.where_clause;
    let body = match &model.variants[..] {
        [only] if !model.is_enum => {
            let fields = fields(model, only);
            match only.style {
                Style::Named => quote!(struct #tree #generics #clause { #fields }),
                Style::Tuple | Style::Unit => quote!(struct #tree #generics (#fields) #clause;),
            }
        }
        variants => {
            let variants = variants.iter().map(|of| variant(model, of));
            quote!(enum #tree #generics #clause { #(#variants),* })
        }
    };
    let doc = format!(
        "A tree of the shape of [`{}`]: the same fields, with `{}` at the leaves.",
        model.ident, model.names.kind
    );
    let serialize = where_leaves(model, &quote!(::sapwood::__private::serde::Serialize)).to_string();
    let deserialize = where_leaves(model, &quote!(::sapwood::__private::serde::Deserialize<'de>)).to_string();
    quote! {
        #[doc = #doc]
        #[derive(::sapwood::__private::serde::Serialize, ::sapwood::__private::serde::Deserialize)]
        #[serde(
            crate = "::sapwood::__private::serde",
            bound(serialize = #serialize, deserialize = #deserialize)
        )]
        #[allow(dead_code, deprecated, private_bounds, private_interfaces, unreachable_pub)]
        #[allow(non_camel_case_types, non_snake_case, rustdoc::broken_intra_doc_links)]
        #vis #body
    }
}

fn variant(model: &Model, variant: &Variant) -> TokenStream {
    let ident = &variant.ident;
    let name = ident.iter().map(|ident| ident.unraw().to_string()).collect::<String>();
    let docs = docs(&variant.docs, &name);
    let fields = fields(model, variant);
    match variant.style {
        Style::Named => quote!(#docs #ident { #fields }),
        Style::Tuple => quote!(#docs #ident(#fields)),
        Style::Unit => quote!(#docs #ident),
    }
}

fn fields(model: &Model, variant: &Variant) -> TokenStream {
    let kind = &model.names.kind;
    let fields = variant.fields.iter().map(|field| {
        let Field { vis, ty, .. } = field;
        let docs = docs(&field.docs, &field.name());
        let ty = match field.skip {
            // `()`, in words that name the field's type: a tree uses all generic parameters that its model uses.
            true => quote!(<::core::marker::PhantomData<#ty> as ::sapwood::params::Params>),
            false => field.as_params(),
        };
        match &field.member {
            Member::Named(ident) => quote!(#docs #vis #ident: #ty::Tree<#kind>),
            Member::Unnamed(_) => quote!(#docs #vis #ty::Tree<#kind>),
        }
    });
    quote!(#(#fields),*)
}

/// What the model says of the place, or that nothing is said.
fn docs(docs: &[Attribute], name: &str) -> TokenStream {
    if docs.is_empty() {
        let doc = format!("The tree of `{name}`.");
        return quote!(#[doc = #doc]);
    }
    quote!(#(#docs)*)
}

fn is_tree(model: &Model) -> TokenStream {
    let Model { ident, names, .. } = model;
    let generics = model.tree_generics();
    let (parameters, _, clause) = generics.split_for_impl();
    let (_, arguments, _) = model.generics.split_for_impl();
    let (tree, kind) = (model.tree_type(&names.kind), &names.kind);
    quote! {
        #[automatically_derived]
        #[allow(deprecated, private_bounds, private_interfaces)]
        impl #parameters ::sapwood::params::Tree<#kind> for #tree #clause {
            type Model = #ident #arguments;
        }
    }
}

fn clone(model: &Model) -> TokenStream {
    let tree = &model.tree;
    let arms = model.variants.iter().map(|variant| {
        let from = variant.with_fields(tree, |i, _| binding("field", i));
        let to = variant.with_fields(tree, |i, _| {
            let field = binding("field", i);
            quote!(::core::clone::Clone::clone(#field))
        });
        quote!(#from => #to)
    });
    implement(
        model,
        &quote!(::core::clone::Clone),
        &quote! {
            fn clone(&self) -> Self {
                match self { #(#arms),* }
            }
        },
    )
}

fn debug(model: &Model) -> TokenStream {
    let tree = &model.tree;
    let arms = model.variants.iter().map(|variant| {
        let name = variant.ident.as_ref().unwrap_or(tree).unraw().to_string();
        let from = variant.with_fields(tree, |i, _| binding("field", i));
        let fields = variant.fields.iter().enumerate().map(|(i, field)| {
            let value = binding("field", i);
            match (variant.style, field.name()) {
                (Style::Named, name) => quote!(.field(#name, #value)),
                _ => quote!(.field(#value)),
            }
        });
        match variant.style {
            Style::Named => quote!(#from => formatter.debug_struct(#name)#(#fields)*.finish()),
            Style::Tuple | Style::Unit => quote!(#from => formatter.debug_tuple(#name)#(#fields)*.finish()),
        }
    });
    implement(
        model,
        &quote!(::core::fmt::Debug),
        &quote! {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms),* }
            }
        },
    )
}

fn partial_eq(model: &Model) -> TokenStream {
    let tree = &model.tree;
    let arms = model.variants.iter().map(|variant| {
        let left = variant.with_fields(tree, |i, _| binding("left", i));
        let right = variant.with_fields(tree, |i, _| binding("right", i));
        let equal = (0..variant.fields.len()).map(|i| {
            let (left, right) = (binding("left", i), binding("right", i));
            quote!(&& ::core::cmp::PartialEq::eq(#left, #right))
        });
        quote!((#left, #right) => true #(#equal)*)
    });
    let otherwise = (model.variants.len() > 1).then(|| quote!(_ => false));
    implement(
        model,
        &quote!(::core::cmp::PartialEq),
        &quote! {
            fn eq(&self, other: &Self) -> bool {
                match (self, other) { #(#arms,)* #otherwise }
            }
        },
    )
}

/// The name of a field's value in a pattern.
pub(crate) fn binding(prefix: &str, i: usize) -> TokenStream {
    let ident = format_ident!("{prefix}{i}");
    quote!(#ident)
}

/// Implements a trait for the tree, where the leaves implement it.
fn implement(model: &Model, of: &TokenStream, body: &TokenStream) -> TokenStream {
    let generics = model.tree_generics();
    let (parameters, _, clause) = generics.split_for_impl();
    let clause = clause.map(|clause| clause.predicates.iter());
    let own = clause.into_iter().flatten();
    let (leaves, tree) = (where_leaves(model, of), model.tree_type(&model.names.kind));
    quote! {
        #[automatically_derived]
        #[allow(deprecated, private_bounds, private_interfaces, unused_variables)]
        impl #parameters #of for #tree where #(#own,)* #leaves {
            #body
        }
    }
}

/// The bounds under which all fields of the tree implement a trait.
fn where_leaves(model: &Model, of: &TokenStream) -> TokenStream {
    let kind = &model.names.kind;
    let pieces = bounds::pieces(model);
    quote! {
        ::sapwood::params::Leaf<#kind, f32>: #of,
        ::sapwood::params::Leaf<#kind, f64>: #of,
        #(<#pieces as ::sapwood::params::Params>::Tree<#kind>: #of),*
    }
}
