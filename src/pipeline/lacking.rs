//! What resources lack to be created, as far as the files alone tell: a tenant that has them already needs none of it.

use std::collections::BTreeSet;

use crate::catalogue::fields;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::path::{FieldPath, Segment};
use crate::model::value::{Map, Value};
use crate::pipeline::resolve::split_key;
use crate::pipeline::wire;

/// Returns the fields that the API asks for to create a resource and the files do not give, as dotted paths.
pub fn lacking(resource: &Resource) -> Vec<String> {
    let kind = resource.kind;
    let mut body: Map = wire::create_fills(kind, &resource.body);
    if kind.shape == Shape::Keyed {
        // Identity fields that are not in the path travel in the body.
        let key = split_key(kind, &resource.name);
        let travels = |field: &String| !kind.create_path().contains(&format!("{{{field}}}"));
        body.extend(
            key.into_iter().filter(|(field, _)| travels(field)).map(|(field, value)| (field, Value::String(value))),
        );
    }
    fields::missing_required(kind, &body)
}

/// Warns of each resource that could not be created, and is not known to exist: by an id that it is bound to, by the name
/// that it had, or by what was applied last (`applied`). Where more is wrong already, that comes first.
///
/// Findings: `missing-field`.
pub fn report(desired: &Desired, applied: &BTreeSet<Address>, findings: &mut Diagnostics) {
    let wrong: BTreeSet<Address> = (findings.0.iter())
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| finding.address.clone())
        .collect();
    for resource in &desired.resources {
        let kind = resource.kind;
        let is_known = applied.contains(&resource.address)
            || wrong.contains(&resource.address)
            || resource.was.is_some()
            || desired.settings.bind.contains_key(resource.address.as_str());
        if is_known || resource.unset || kind.always_exists() || kind.shape == Shape::Membership {
            continue;
        }
        // What a tenant never shows no export holds.
        let is_shown = |field: &String| !kind.fields.write_only.iter().any(|pattern| pattern.covers(&path(field)));
        let fields: Vec<String> =
            lacking(resource).into_iter().filter(is_shown).map(|field| format!("`{field}`")).collect();
        let is = if fields.len() == 1 { "is" } else { "are" };
        if !fields.is_empty() {
            let summary = format!("{} {is} needed to create {}", fields.join(", "), resource.address);
            findings.push(
                Diagnostic::warning("missing-field", summary)
                    .at(&resource.place)
                    .on(&resource.address)
                    .help("Leave it so only if the tenant has it already."),
            );
        }
    }
}

/// Reads a dotted path, lists as `[]`.
fn path(dotted: &str) -> FieldPath {
    let segments = dotted.split('.').flat_map(|word| {
        let lists = word.matches("[]").map(|_| Segment::Index(0));
        std::iter::once(Segment::Key(word.trim_end_matches("[]").to_owned())).chain(lists)
    });
    FieldPath(segments.collect())
}
