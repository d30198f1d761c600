//! Reads the type that the derive stands on.

use std::collections::HashSet;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse_quote;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, GenericParam, Generics, Lifetime, Member, Type, Visibility,
    WherePredicate,
};

use crate::attributes::{Attributes, Place};
use crate::errors::Errors;

/// The type, checked: what `tree` and `params` write from.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) tree: Ident,
    pub(crate) vis: Visibility,
    /// As declared, defaults included.
    pub(crate) generics: Generics,
    /// The bounds that `#[params(bound = "…")]` asks for in place of those that the derive finds.
    pub(crate) bound: Option<Vec<WherePredicate>>,
    pub(crate) is_enum: bool,
    /// A struct is its only variant.
    pub(crate) variants: Vec<Variant>,
    pub(crate) names: Names,
}

pub(crate) struct Variant {
    /// `None` for a struct.
    pub(crate) ident: Option<Ident>,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) style: Style,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Style {
    Named,
    Tuple,
    Unit,
}

pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) vis: Visibility,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) skip: bool,
}

/// Names for generic parameters of ours that the type itself does not use.
pub(crate) struct Names {
    pub(crate) kind: Ident,
    pub(crate) other: Ident,
    pub(crate) lifetime: Lifetime,
}

impl Model {
    pub(crate) fn read(tokens: TokenStream) -> Result<Model, Error> {
        let mut input: DeriveInput = syn::parse2(tokens.clone())?;
        let mut used = HashSet::new();
        identifiers(tokens.clone(), &mut used);
        if used.contains("Self") {
            // In the tree's definition `Self` would be the tree.
            let (_, arguments, _) = input.generics.split_for_impl();
            let (ident, arguments) = (&input.ident, arguments.as_turbofish());
            input = syn::parse2(replace_self(tokens, &quote!(#ident #arguments)))?;
        }
        let mut errors = Errors::default();
        let attributes = Attributes::read(&input.attrs, Place::Type, &mut errors);
        let variants = variants(&input, &mut errors);
        errors.into_result()?;

        Ok(Model {
            tree: format_ident!("{}Tree", input.ident),
            ident: input.ident,
            vis: input.vis,
            generics: input.generics,
            bound: attributes.bound,
            is_enum: matches!(input.data, Data::Enum(_)),
            variants,
            names: Names::new(&used),
        })
    }

    /// Whether no field has anything to train, so that the tree is `()`.
    pub(crate) fn is_plain(&self) -> bool {
        self.trained().next().is_none()
    }

    /// The fields that are not skipped.
    pub(crate) fn trained(&self) -> impl Iterator<Item = &Field> {
        self.variants.iter().flat_map(|variant| &variant.fields).filter(|field| !field.skip)
    }

    /// The tree's type, with `kind` at its leaves.
    pub(crate) fn tree_type(&self, kind: impl ToTokens) -> TokenStream {
        let tree = &self.tree;
        let (lifetimes, others): (Vec<_>, Vec<_>) =
            self.generics.params.iter().partition(|param| matches!(param, GenericParam::Lifetime(_)));
        let name = |param: &GenericParam| match param {
            GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
            GenericParam::Type(param) => param.ident.to_token_stream(),
            GenericParam::Const(param) => param.ident.to_token_stream(),
        };
        let (lifetimes, others) = (lifetimes.into_iter().map(name), others.into_iter().map(name));
        quote!(#tree<#(#lifetimes,)* #kind, #(#others),*>)
    }

    /// The model's parameters with the kind among them: after the lifetimes, before what may have defaults.
    pub(crate) fn tree_generics(&self) -> Generics {
        let mut generics = self.generics.clone();
        let lifetimes = generics.lifetimes().count();
        let kind = &self.names.kind;
        generics.params.insert(lifetimes, parse_quote!(#kind: ::sapwood::params::Kind));
        generics
    }
}

impl Variant {
    /// `Type::Variant { 0: field0, name: field1 }`, a pattern and an expression for every style of variant.
    pub(crate) fn with_fields(&self, ty: &Ident, values: impl Fn(usize, &Field) -> TokenStream) -> TokenStream {
        let variant = self.ident.iter();
        let members = self.fields.iter().map(|field| &field.member);
        let values = self.fields.iter().enumerate().map(|(i, field)| values(i, field));
        quote!(#ty #(::#variant)* { #(#members: #values),* })
    }
}

impl Field {
    /// The field's name; its number in a tuple.
    pub(crate) fn name(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }

    /// `<Type as Params>`, whose errors are shown on the field's type.
    pub(crate) fn as_params(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned!(ty.span()=> <#ty as ::sapwood::params::Params>)
    }

    /// A clone of the field's value, where that is a reference; errors are shown on the field's type.
    pub(crate) fn clone_of(&self, value: TokenStream) -> TokenStream {
        let ty = &self.ty;
        quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone(#value))
    }
}

impl Names {
    fn new(used: &HashSet<String>) -> Self {
        let mut used = used.clone();
        let mut fresh = |wish: &str| {
            let numbered = (1..).map(|i| format!("{wish}{i}"));
            let name = std::iter::once(wish.to_owned()).chain(numbered).find(|name| used.insert(name.clone()));
            name.unwrap_or_else(|| unreachable!("there are names without end"))
        };
        Names {
            kind: Ident::new(&fresh("K"), Span::call_site()),
            other: Ident::new(&fresh("L"), Span::call_site()),
            lifetime: Lifetime::new(&format!("'{}", fresh("a")), Span::call_site()),
        }
    }
}

fn variants(input: &DeriveInput, errors: &mut Errors) -> Vec<Variant> {
    match &input.data {
        Data::Struct(data) => {
            vec![Variant {
                ident: None,
                docs: vec![],
                style: style(&data.fields),
                fields: fields(&data.fields, errors),
            }]
        }
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                Attributes::read(&variant.attrs, Place::Variant, errors);
                Variant {
                    ident: Some(variant.ident.clone()),
                    docs: docs(&variant.attrs),
                    style: style(&variant.fields),
                    fields: fields(&variant.fields, errors),
                }
            })
            .collect(),
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union can't be a model: nobody knows which of its fields is there; use an enum instead",
            );
            vec![]
        }
    }
}

fn style(fields: &Fields) -> Style {
    match fields {
        Fields::Named(_) => Style::Named,
        Fields::Unnamed(_) => Style::Tuple,
        Fields::Unit => Style::Unit,
    }
}

fn fields(fields: &Fields, errors: &mut Errors) -> Vec<Field> {
    let fields = fields.iter().zip(fields.members());
    let read = |(field, member): (&syn::Field, Member)| Field {
        member,
        ty: field.ty.clone(),
        vis: field.vis.clone(),
        docs: docs(&field.attrs),
        skip: Attributes::read(&field.attrs, Place::Field, errors).skip,
    };
    fields.map(read).collect()
}

fn docs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect()
}

/// All identifiers among the tokens.
pub(crate) fn identifiers(tokens: TokenStream, found: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => _ = found.insert(ident.to_string()),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}

fn replace_self(tokens: TokenStream, by: &TokenStream) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => by.clone(),
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), replace_self(group.stream(), by));
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        token => token.into(),
    };
    tokens.into_iter().map(replace).collect::<Vec<TokenStream>>().into_iter().collect()
}
