//! Which keywords stand for secrets: judged by the fields they stand in, and by their names where they stand elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::marks::{Mark, Marks};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node, Place};
use crate::pipeline::load::native::secrecy::needs_secret;
use crate::pipeline::load::native::spot::Spot;

/// Last words of names that are given to secrets.
const TELLING: [&str; 11] = [
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "PASSPHRASE",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
    "CREDENTIALS",
];

/// Where each keyword stands.
#[derive(Debug, Default)]
pub struct Usage {
    /// Alone in a field that holds secrets.
    alone: BTreeSet<String>,
    /// With other text in such a field.
    mixed: BTreeSet<String>,
    /// Anywhere else: the first place.
    plain: BTreeMap<String, Place>,
}

impl Usage {
    /// Looks through the project, keywords as words.
    pub fn of(marks: &Marks<'_>, documents: &crate::model::document::Documents) -> Self {
        let mut usage = Self::default();
        for entry in &documents.root {
            usage.node(marks, &entry.value, &Spot::top(&entry.key));
        }
        usage
    }

    fn node(&mut self, marks: &Marks<'_>, node: &Node, spot: &Spot) {
        match &node.value {
            Content::Text(text) => {
                let found = marks.of(text);
                let is_alone = matches!(found.as_slice(), [mark] if marks.written(text) == mark.written());
                for Mark { key, .. } in found {
                    match (needs_secret(spot), is_alone) {
                        (true, true) => drop(self.alone.insert(key)),
                        (true, false) => drop(self.mixed.insert(key)),
                        (false, _) => drop(self.plain.entry(key).or_insert_with(|| node.place.clone())),
                    }
                }
            }
            Content::List(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.node(marks, item, &spot.item(index)));
            }
            Content::Map(entries) => {
                for entry in entries {
                    for Mark { key, .. } in marks.of(&entry.key) {
                        self.plain.entry(key).or_insert_with(|| entry.key_place.clone());
                    }
                    self.node(marks, &entry.value, &spot.key(&entry.key));
                }
            }
            _ => {}
        }
    }

    /// Returns the keywords that stand for secrets. One that must not stand in a file and cannot be a secret where it
    /// stands is an error, unless `plain` names it.
    pub fn sensitive(&self, plain: &[String], findings: &mut Diagnostics) -> BTreeSet<String> {
        for (key, place) in &self.plain {
            if speaks_of_a_secret(key) && !plain.contains(key) {
                findings.push(
                    Diagnostic::error(
                        "exposed-secret",
                        format!("`{key}` is called like a secret and stands in a field that everybody may read"),
                    )
                    .at(place)
                    .help(format!(
                        "Its value would be written into the tenants' files. If it may be, say `--plain {key}`; if \
                         not, take it out of this field first."
                    )),
                );
            }
        }
        self.alone.iter().chain(&self.mixed).filter(|key| !self.plain.contains_key(*key)).cloned().collect()
    }

    /// Returns where a keyword stands in the open.
    pub fn in_the_open(&self, key: &str) -> Option<&Place> {
        self.plain.get(key)
    }
}

/// `TWILIO_TOKEN` does, `TOKENS_PER_HOUR` and `SNS_KEY_ID` do not.
fn speaks_of_a_secret(key: &str) -> bool {
    let words: Vec<String> = key
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let is_public = words.iter().any(|word| word == "PUBLIC");
    !is_public
        && (words.last().is_some_and(|last| TELLING.contains(&last.as_str()) || last.ends_with("SECRET"))
            || words.iter().any(|word| word == "PRIVATE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        for key in ["TWILIO_TOKEN", "API_KEY", "smtp-password", "CLIENT_SECRET", "clientsecret", "PRIVATE_PEM"] {
            assert!(speaks_of_a_secret(key), "{key}");
        }
        for key in ["TOKENS_PER_HOUR", "SNS_KEY_ID", "ENV", "PUBLIC_KEY", "KEYBOARD", ""] {
            assert!(!speaks_of_a_secret(key), "{key}");
        }
    }
}
