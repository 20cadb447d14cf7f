//! The catalogue as people read it: the table of kinds, and one kind in full.

use serde_json::{Value as Json, json};

use super::json::VERSION;
use super::style::{FAINT, STRONG, count, paint};
use crate::catalogue::excepted::{Excepted, exceptions};
use crate::catalogue::kind::{DeleteMeans, Kind};
use crate::model::path::FieldPattern;

/// Returns the table: name, title, shape.
pub fn table(kinds: &[&Kind]) -> String {
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or_default();
    let title_width = kinds.iter().map(|kind| kind.title.len()).max().unwrap_or_default();
    let mut out = String::new();
    for kind in kinds {
        let legacy = if kind.deprecated.is_some() { ", legacy" } else { "" };
        let tail = paint(FAINT, format!("{}{legacy}", shape(kind)));
        out.push_str(&format!("{:width$}  {:title_width$}  {tail}\n", kind.name, kind.title));
    }
    out
}

/// Returns what follows the table: what is not managed, with its count.
pub fn closing(managed: usize) -> String {
    let left_out = exceptions().excepted.iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
    format!(
        "\n{}; {} of the API are not managed: {}.\n`tenantry kinds NAME` says why.\n",
        count(managed, "kind"),
        left_out.len(),
        left_out.join(", ")
    )
}

/// A kind of the API that is none of ours.
#[derive(Debug)]
pub enum Other {
    Excepted(&'static Excepted),
    /// Another name, and what it stands for.
    Alias(&'static str, &'static str),
}

/// Finds a kind of the API that is not managed, or managed under another name.
pub fn excepted(name: &str) -> Option<Other> {
    let one = exceptions().excepted.iter().find(|one| one.name == name).map(Other::Excepted);
    one.or_else(|| exceptions().aliases.get_key_value(name).map(|(alias, meant)| Other::Alias(alias, meant)))
}

impl Other {
    pub fn text(&self) -> String {
        match self {
            Self::Excepted(one) => {
                format!("{}: {}\n  not managed: {}\n", paint(STRONG, &one.name), one.title, one.reason)
            }
            Self::Alias(alias, meant) => format!("{}: another name of {meant}\n", paint(STRONG, alias)),
        }
    }

    pub fn json(&self) -> Json {
        let (name, rest) = match self {
            Self::Excepted(one) => (one.name.as_str(), json!({ "title": one.title, "not_managed": one.reason })),
            Self::Alias(alias, meant) => (*alias, json!({ "alias_of": meant })),
        };
        json!({ "format": "tenantry-kinds", "version": VERSION, "kinds": [], "excepted": { name: rest } })
    }
}

/// Returns everything about one kind.
pub fn page(kind: &Kind) -> String {
    let mut out = format!("{}: {}\n", paint(STRONG, &kind.name), kind.title);
    let mut add = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            out.push_str(&format!("  {:<14} {}\n", format!("{name}:"), values.join(", ")));
        }
    };
    add("shape", vec![shape(kind)]);
    add("API", vec![format!("/api/v2{}", kind.path)]);
    add("identity", kind.identity.clone());
    add("deletion", vec![deletion(kind).to_owned()]);
    add("required", kind.fields.required.clone());
    add("secret", patterns(&kind.fields.secret));
    add("create only", patterns(&kind.fields.create_only));
    add("read only", patterns(&kind.fields.read_only));
    add("sets", patterns(&kind.fields.sets));
    add("files", kind.fields.files.keys().cloned().collect());
    add("references", kind.references.iter().map(|r| format!("{} -> {}", r.field, r.space)).collect());
    let once = |field: &String| format!("{field}, which goes where `deliver` of the tenant's file says");
    add("shown once", kind.shown_once.iter().map(once).collect());
    add("scopes", scopes(kind));
    add("replaced by", kind.deprecated.iter().cloned().collect());
    add("source", vec![kind.source.clone()]);
    out
}

/// Returns the kinds for programs.
pub fn json(kinds: &[&Kind]) -> Json {
    let one = |kind: &&Kind| {
        json!({
            "name": kind.name,
            "title": kind.title,
            "shape": shape(kind),
            "path": kind.path,
            "identity": kind.identity,
            "deletion": deletion(kind),
            "required": kind.fields.required,
            "secret": patterns(&kind.fields.secret),
            "create_only": patterns(&kind.fields.create_only),
            "read_only": patterns(&kind.fields.read_only),
            "references": kind.references.iter().map(|r| json!({"field": r.field.to_string(), "kind": r.space})).collect::<Vec<_>>(),
            "scopes": scopes(kind),
            "deprecated": kind.deprecated,
            "source": kind.source,
        })
    };
    json!({ "format": "tenantry-kinds", "version": VERSION, "kinds": kinds.iter().map(one).collect::<Vec<_>>() })
}

pub(super) fn shape(kind: &Kind) -> String {
    use crate::catalogue::shape::Shape;
    match kind.shape {
        Shape::Collection => "collection",
        Shape::Singleton => "singleton",
        Shape::OptionalSingleton => "optional singleton",
        Shape::Keyed => "keyed",
        Shape::Child => "child collection",
        Shape::Membership => "member list",
    }
    .to_owned()
}

pub(super) fn deletion(kind: &Kind) -> &'static str {
    match &kind.delete {
        DeleteMeans::Delete if kind.verbs.delete => "deletes it",
        DeleteMeans::Delete | DeleteMeans::Nothing => "impossible",
        DeleteMeans::Reset(_) => "resets it to its defaults",
    }
}

pub(super) fn patterns(patterns: &[FieldPattern]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

pub(super) fn scopes(kind: &Kind) -> Vec<String> {
    let of_keys = kind.key_paths.values().filter_map(|key| key.scopes.as_ref());
    let all = std::iter::once(&kind.scopes).chain(of_keys);
    let mut names: Vec<String> = Vec::new();
    for scope in all.flat_map(|scopes| scopes.all()) {
        if !names.contains(scope) {
            names.push(scope.clone());
        }
    }
    names
}
