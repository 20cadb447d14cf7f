//! Secrets stand only in secret fields, and only secrets stand there.
//!
//! Where users choose the names (the configuration of database scripts), plain values are usual, and only a name that
//! speaks of a secret makes a literal one.

use std::collections::HashSet;

use super::spot::Spot;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node, TextPart};
use crate::model::path::{FieldPath, Segment};

/// Checks everything that is sent. The value of a literal is never quoted.
pub fn check(root: &[Entry], findings: &mut Diagnostics) {
    for entry in root {
        node(&entry.value, &Spot::top(&entry.key), findings);
    }
}

fn node(value: &Node, spot: &Spot, findings: &mut Diagnostics) {
    match &value.value {
        Content::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| node(item, &spot.item(index), findings));
        }
        Content::Map(entries) => entries.iter().for_each(|entry| node(&entry.value, &spot.key(&entry.key), findings)),
        Content::Text(text) => literal(value, !text.is_empty(), Some(text), spot, findings),
        Content::Number(_) => literal(value, true, None, spot, findings),
        Content::Secret(_) => hidden(value, spot, findings),
        Content::Template(parts) => {
            if parts.iter().any(|part| matches!(part, TextPart::Secret(_))) {
                hidden(value, spot, findings);
            } else {
                literal(value, !parts.is_empty(), None, spot, findings);
            }
        }
        Content::Null | Content::Bool(_) => {}
    }
}

fn literal(value: &Node, says_something: bool, text: Option<&str>, spot: &Spot, findings: &mut Diagnostics) {
    let Some(kind) = spot.kind() else { return };
    if !says_something || !spot.is_any_of(&kind.fields.secret) {
        return;
    }
    let is_mask = text.is_some_and(|text| kind.fields.masks.iter().any(|mask| mask == text));
    if !is_mask && needs_secret(spot) {
        let field = spot.field().map(|field| format!("`{field}`: ")).unwrap_or_default();
        findings.push(
            Diagnostic::error("literal-secret", format!("{field}a secret stands here in plain text"))
                .at(&value.place)
                .on(&Address::root(&kind.name))
                .help("Write `{{secret \"name\"}}`, and name its source under `secrets` in the tenant's file."),
        );
    }
}

/// Says whether a field takes nothing but secrets.
pub fn needs_secret(spot: &Spot) -> bool {
    let Some(kind) = spot.kind() else { return false };
    let (named, fixed): (Vec<_>, Vec<_>) =
        kind.fields.secret.iter().cloned().partition(|pattern| pattern.to_string().ends_with('*'));
    spot.is_any_of(&fixed) || (spot.is_any_of(&named) && spot.field().is_some_and(speaks_of_a_secret))
}

fn speaks_of_a_secret(field: &FieldPath) -> bool {
    let Some(Segment::Key(name)) = field.0.last() else { return false };
    let name = name.to_lowercase();
    ["secret", "password", "passwd", "passphrase", "token", "key", "credential", "private"]
        .iter()
        .any(|word| name.contains(word))
}

/// A field is fit for a secret if the catalogue says so of it, or of something in the same top-level field: which
/// members of `options` are secret depends on the strategy.
fn hidden(value: &Node, spot: &Spot, findings: &mut Diagnostics) {
    let (Some(kind), Some(field)) = (spot.kind(), spot.field()) else { return };
    let fields = &kind.fields;
    let tops: HashSet<_> = fields.secret.iter().chain(&fields.write_only).filter_map(|pattern| pattern.top()).collect();
    let top = field.0.first().map(|segment| match segment {
        Segment::Key(key) => key.as_str(),
        _ => "",
    });
    let fits = top.is_some_and(|top| tops.contains(top))
        || spot.is_any_of(&fields.secret)
        || spot.is_any_of(&fields.write_only);
    if !fits {
        findings.push(
            Diagnostic::error("secret-in-plain-field", format!("`{field}` is no secret field: the tenant shows it"))
                .at(&value.place)
                .on(&Address::root(&kind.name))
                .help("Use a variable if the value may be seen; otherwise put the secret where Auth0 keeps secrets."),
        );
    }
}
