//! What stands in `#[params(…)]`, and whether it may stand there.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, WherePredicate};

use crate::errors::Errors;

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Type,
    Variant,
    Field,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Type => "a type",
            Place::Variant => "a variant",
            Place::Field => "a field",
        }
    }
}

/// All keys, with the place of each.
const KEYS: [(&str, Place); 2] = [("skip", Place::Field), ("bound", Place::Type)];

/// What the attributes of one place say.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) skip: bool,
    pub(crate) bound: Option<Vec<WherePredicate>>,
}

impl Attributes {
    /// Reads the `#[params(…)]` among the attributes of a type, a variant or a field.
    pub(crate) fn read(attributes: &[Attribute], place: Place, errors: &mut Errors) -> Self {
        let mut found = Attributes::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("params")) {
            let list = match &attribute.meta {
                Meta::List(list) if !list.tokens.is_empty() => list,
                _ => {
                    errors.at(attribute, format!("`#[params(…)]` needs something in the parentheses: {}", keys()));
                    continue;
                }
            };
            match list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
                Ok(entries) => entries.iter().for_each(|entry| found.entry(entry, place, errors)),
                Err(error) => errors.add(error),
            }
        }
        found
    }

    fn entry(&mut self, entry: &Meta, place: Place, errors: &mut Errors) {
        let path = entry.path();
        let name = path.get_ident().map(ToString::to_string).unwrap_or_default();
        match KEYS.iter().find(|(key, _)| *key == name) {
            None => errors.at(path, unknown(&name)),
            Some((key, right)) if *right != place => {
                errors.at(path, format!("`{key}` goes on {}, not on {}", right.name(), place.name()));
            }
            Some(("skip", _)) => self.skip(entry, errors),
            Some(_) => self.bound(entry, errors),
        }
    }

    fn skip(&mut self, entry: &Meta, errors: &mut Errors) {
        if !matches!(entry, Meta::Path(_)) {
            errors.at(entry, "`skip` takes no arguments: write `#[params(skip)]`");
        } else if self.skip {
            errors.at(entry, "`skip` is given twice");
        }
        self.skip = true;
    }

    fn bound(&mut self, entry: &Meta, errors: &mut Errors) {
        let text = match entry {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
                _ => None,
            },
            _ => None,
        };
        let Some(text) = text else {
            return errors
                .at(entry, "`bound` takes what would stand after `where`: write `#[params(bound = \"T: Params\")]`");
        };
        if self.bound.is_some() {
            return errors.at(entry, "`bound` is given twice");
        }
        match text.parse_with(Punctuated::<WherePredicate, Token![,]>::parse_terminated) {
            Ok(predicates) => self.bound = Some(predicates.into_iter().collect()),
            Err(error) => {
                let error = syn::Error::new_spanned(text, format!("this is no list of bounds: {error}"));
                errors.add(error);
            }
        }
    }
}

fn unknown(name: &str) -> String {
    match KEYS.iter().map(|(key, _)| (distance(name, key), key)).min() {
        Some((0..=2, key)) => format!("`{name}` is unknown here; did you mean `{key}`?"),
        _ => format!("`{name}` is unknown here; there are {}", keys()),
    }
}

fn keys() -> &'static str {
    "`skip` for a field, and `bound = \"…\"` for the type"
}

/// Letters to insert, remove or replace to come from one word to the other (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        assert_eq!(distance("skp", "skip"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert!(unknown("skp").contains("did you mean `skip`?"));
        assert!(unknown("bounds").contains("did you mean `bound`?"));
        assert!(!unknown("frozen").contains("did you mean"));
    }
}
