//! The names of keyed kinds (a prompt, a factor, a page) against those that the API has.
//!
//! A slip in such a name would make something that nobody asked for, or nothing. The API gains names, so one that
//! resembles none is only warned of, except where the catalogue must know the name to have a path for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::Kind;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Node, Place};

/// The most letters by which a name may differ from a known one to be an error rather than a newer name.
const SLIP: usize = 1;
/// The most names that a message lists.
const LISTED: usize = 12;

/// Where the parts of a key stand: those that are keys of maps by field, the others in the object itself.
#[derive(Clone, Debug, Default)]
pub struct KeyPlaces(pub BTreeMap<String, Place>);

impl KeyPlaces {
    fn of(&self, field: &str, node: &Node) -> Place {
        let written = node.get(field).map(|value| &value.place);
        self.0.get(field).or(written).unwrap_or(&node.place).clone()
    }
}

/// Checks the parts of one object's key, given in the order of its identity. What another finding tells of the same
/// place is not said twice.
pub fn check(
    kind: &Kind,
    parts: &[String],
    (places, node): (&KeyPlaces, &Node),
    address: &Address,
    findings: &mut Diagnostics,
) {
    let must_know = !kind.key_paths.is_empty();
    let whole = kind.name_of_key(&kind.identity.iter().cloned().zip(parts.iter().cloned()).collect());
    for (position, (field, part)) in kind.identity.iter().zip(parts).enumerate() {
        let known = names(kind, position, field);
        let is_known = known.is_empty() || known.contains(part.as_str());
        let is_last = position + 1 == parts.len();
        if is_known && !(must_know && is_last && !kind.key_paths.contains_key(&whole)) {
            continue;
        }
        let place = places.of(field, node);
        if findings.0.iter().any(|other| other.place.as_ref() == Some(&place)) {
            return;
        }
        let near = nearest(part, known.iter().copied()).filter(|near| near != part);
        let slip = near.is_some_and(|near| strsim::damerau_levenshtein(near, part) <= SLIP);
        let make = if must_know || slip { Diagnostic::error } else { Diagnostic::warning };
        let help = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.len() <= LISTED => {
                let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                format!("It can be {}.", names.join(", "))
            }
            None => format!("`tenantry kinds {} --json` lists the names that are known.", kind.name),
        };
        let summary = format!("`{part}` is no known `{field}` of {}", kind.title);
        findings.push(make("unknown-name", summary).at(&place).on(address).help(help));
        return;
    }
}

/// Returns the names that one part of a key can have, as far as the catalogue lists them.
pub fn names<'k>(kind: &'k Kind, position: usize, field: &str) -> BTreeSet<&'k str> {
    match kind.key_values.get(field) {
        Some(values) => values.iter().map(String::as_str).collect(),
        None => kind.keys.iter().chain(kind.key_paths.keys()).filter_map(|key| key.split(',').nth(position)).collect(),
    }
}
