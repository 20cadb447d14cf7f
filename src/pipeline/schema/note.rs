//! What an editor says of a field when somebody points at it.

use crate::catalogue::kind::Kind;
use crate::catalogue::table::{catalogue, reference_at};
use crate::model::path::{FieldPath, FieldPattern, Segment};

/// Returns what the catalogue says of a field, in whole sentences; empty where it says nothing.
pub fn of_field(kind: &Kind, path: &FieldPath) -> String {
    let fields = &kind.fields;
    let is = |patterns: &[FieldPattern]| patterns.iter().any(|pattern| pattern.matches(path));
    let mut said = Vec::new();
    if let [Segment::Key(name)] = path.0.as_slice() {
        if kind.identity.contains(name) {
            said.push(format!("The {} is recognised by it.", kind.title));
        } else if fields.required.contains(name) {
            said.push("Needed to create one.".to_owned());
        }
    }
    if is(&fields.secret) {
        said.push("Secret: write `{{secret \"name\"}}` and name its source in the tenant's file.".to_owned());
    } else if is(&fields.write_only) {
        said.push("Sent, and never shown by Auth0.".to_owned());
    }
    if let Some(reference) = reference_at(kind, path) {
        let title = catalogue().in_space(&reference.space).next().map_or(reference.space.as_str(), |kind| &kind.title);
        said.push(match reference.by.as_str() {
            "id" => format!("Refers to: {title}, by name."),
            by => format!("Refers to: {title}, by `{by}`."),
        });
    }
    if let Some(extension) = file(kind, path) {
        said.push(format!("The text itself, or a path to a `.{extension}` file, relative to this file."));
    }
    if is(&fields.hands_off) {
        said.push("Auth0 renders it: handlebars leaves it alone.".to_owned());
    }
    if is(&fields.read_only) {
        said.push("Only in answers of Auth0; ignored in files.".to_owned());
    }
    if is(&fields.create_only) {
        said.push("Fixed once created: a change replaces the object.".to_owned());
    }
    if is(&fields.sets) {
        said.push("A set: order means nothing.".to_owned());
    }
    said.join(" ")
}

/// Returns the extension of the companion file that a field may name.
pub fn file<'k>(kind: &'k Kind, path: &FieldPath) -> Option<&'k str> {
    let named =
        |(field, _): &(&String, &String)| field.parse::<FieldPattern>().is_ok_and(|pattern| pattern.matches(path));
    kind.fields.files.iter().find(named).map(|(_, extension)| extension.as_str())
}

/// Returns what an editor says of a kind.
pub fn of_kind(kind: &Kind) -> String {
    let mut said = format!("{}\n\n{}", kind.title, kind.source);
    if let Some(instead) = &kind.deprecated {
        said.push_str(&format!("\n\nLegacy: {instead}"));
    }
    said
}
