//! The secrets that the tenants' files will declare: by name, with where each tenant's value comes from.
//!
//! Holds values to check the result with; no value leaves but to that check.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::side::Side;
use crate::model::secret::Secret;
use crate::pipeline::load::native::GivenVariables;

/// What one tenant holds under a secret's name.
#[derive(Clone, Debug)]
pub enum Held {
    Value(Secret),
    /// Whatever is in the tenant.
    Keep,
}

/// One secret: each tenant's part, `None` where the tenant has no use for it.
type Holdings = Vec<Option<Held>>;

/// All secrets so far.
#[derive(Debug, Default)]
pub struct Secrets {
    by_name: IndexMap<String, Holdings>,
    /// Secrets that are environment variables already.
    variables: BTreeMap<String, String>,
}

impl Secrets {
    /// Declares a secret and returns its name, which gets a number if another secret has it.
    pub fn declare(&mut self, name: &str, held: Holdings) -> String {
        let mut free = name.to_owned();
        let mut number = 1;
        loop {
            match self.by_name.get_mut(&free) {
                None => {
                    self.by_name.insert(free.clone(), held);
                    return free;
                }
                Some(known) if agree(known, &held) => {
                    for (known, held) in known.iter_mut().zip(held) {
                        *known = known.take().or(held);
                    }
                    return free;
                }
                Some(_) => {
                    number += 1;
                    free = format!("{name}_{number}");
                }
            }
        }
    }

    /// Says that a secret's value is that of an environment variable in every tenant.
    pub fn comes_from(&mut self, name: &str, variable: &str) {
        self.variables.insert(name.to_owned(), variable.to_owned());
    }

    /// Returns the `secrets` of a tenant's file.
    pub fn declared(&self, side: &Side, index: usize) -> Json {
        let of = |(name, held): (&String, &Holdings)| {
            let source = match held.get(index)?.as_ref() {
                Some(Held::Keep) => json!({ "keep": true }),
                Some(Held::Value(_)) | None => json!({ "env": self.variable(name, side) }),
            };
            Some((name.clone(), source))
        };
        Json::Object(self.by_name.iter().filter_map(of).collect())
    }

    fn variable(&self, name: &str, side: &Side) -> String {
        self.variables.get(name).cloned().unwrap_or_else(|| environment_name(&format!("{}_{name}", side.name)))
    }

    /// Returns the environment variables that one tenant's secrets come from.
    pub fn of_environment(&self, side: &Side, index: usize) -> Vec<String> {
        let needs = |held: &Holdings| !matches!(held.get(index), Some(Some(Held::Keep)));
        self.by_name.iter().filter(|(_, held)| needs(held)).map(|(name, _)| self.variable(name, side)).collect()
    }

    /// Returns every value with the secret's name, for the search through what is written.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.by_name.iter().flat_map(|(name, held)| {
            held.iter().flatten().filter_map(move |held| match held {
                Held::Value(secret) => Some((name.as_str(), secret)),
                Held::Keep => None,
            })
        })
    }

    /// Returns the variables that one tenant's secrets come from, filled.
    pub fn source(&self, side: &Side, index: usize) -> GivenVariables {
        let of = |(name, held): (&String, &Holdings)| match held.get(index)?.as_ref()? {
            Held::Value(secret) => Some((self.variable(name, side), secret.clone())),
            Held::Keep => None,
        };
        GivenVariables(self.by_name.iter().filter_map(of).collect())
    }
}

/// Makes the name of an environment variable.
pub fn environment_name(text: &str) -> String {
    let name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn agree(one: &Holdings, other: &Holdings) -> bool {
    one.iter().zip(other).all(|pair| match pair {
        (Some(Held::Value(one)), Some(Held::Value(other))) => one.same_text(other),
        (Some(Held::Keep), Some(Held::Keep)) | (None, _) | (_, None) => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> Holdings {
        vec![Some(Held::Value(Secret::new("x", text))), None]
    }

    #[test]
    fn one_name_is_one_value() {
        let mut secrets = Secrets::default();
        assert_eq!(secrets.declare("a", held("1")), "a");
        assert_eq!(secrets.declare("a", held("1")), "a");
        assert_eq!(secrets.declare("a", held("2")), "a_2");
        assert_eq!(secrets.declare("a", vec![None, Some(Held::Keep)]), "a");
        assert_eq!(secrets.values().count(), 2);
    }

    #[test]
    fn names_of_variables_are_names() {
        assert_eq!(environment_name("eu-prod_smtp.key"), "EU_PROD_SMTP_KEY");
        assert_eq!(environment_name("1_x"), "_1_X");
    }
}
