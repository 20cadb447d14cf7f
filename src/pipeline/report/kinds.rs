//! The catalogue as people read it: the table of kinds, and one kind in full.

use serde_json::{Value as Json, json};

use super::columns::wrapped;
use super::json::VERSION;
use super::kind_fields;
use super::style::{FAINT, STRONG, count, paint};
use crate::catalogue::excepted::{Excepted, covered, exceptions};
use crate::catalogue::kind::{DeleteMeans, Kind, Lifecycle};
use crate::model::path::FieldPattern;

/// Returns the table: name, title, shape.
pub fn table(kinds: &[&Kind]) -> String {
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or_default();
    let title_width = kinds.iter().map(|kind| kind.title.len()).max().unwrap_or_default();
    let mut out = String::new();
    for kind in kinds {
        let tail = paint(FAINT, format!("{}{}", shape(kind), age(kind)));
        out.push_str(&format!("{:width$}  {:title_width$}  {tail}\n", kind.name, kind.title));
    }
    out
}

/// Returns what follows the table: how much of the API it covers.
pub fn closing(managed: usize) -> String {
    let (covered, excepted) = (covered().len(), exceptions().excepted.len());
    let are = if excepted == 1 { "is" } else { "are" };
    format!(
        "\n{} cover {covered} of the API's {} kinds; {excepted} {are} not managed: `tenantry kinds --excepted` says which and why.\n",
        count(managed, "kind"),
        covered + excepted
    )
}

/// Returns what is not managed, each with its reason broken to the width.
pub fn not_managed(width: Option<usize>) -> String {
    let all = &exceptions().excepted;
    let names = all.iter().map(|one| one.name.len()).max().unwrap_or_default();
    let line = |one: &Excepted| {
        let text = format!("{}: {}", one.title, one.reason);
        wrapped(&format!("{:names$}  ", one.name), names + 2, &text, width)
    };
    all.iter().map(line).collect()
}

/// Returns what is not managed for programs.
pub fn not_managed_json() -> Json {
    exceptions().excepted.iter().map(|one| (one.name.clone(), Other::Excepted(one).value())).collect()
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
        let name = match self {
            Self::Excepted(one) => one.name.as_str(),
            Self::Alias(alias, _) => *alias,
        };
        json!({ "format": "tenantry-kinds", "version": VERSION, "kinds": [], "excepted": { name: self.value() } })
    }

    fn value(&self) -> Json {
        match self {
            Self::Excepted(one) => json!({ "title": one.title, "not_managed": one.reason }),
            Self::Alias(_, meant) => json!({ "alias_of": meant }),
        }
    }
}

/// Returns everything about one kind, with its fields; lines are broken to the width, if there is one.
pub fn page(kind: &Kind, width: Option<usize>) -> String {
    let beta = if kind.lifecycle == Lifecycle::Beta { " (beta)" } else { "" };
    let mut out = format!("{}: {}{beta}\n", paint(STRONG, &kind.name), kind.title);
    let mut add = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            out.push_str(&wrapped(&format!("  {:<14} ", format!("{name}:")), 17, &values.join(", "), width));
        }
    };
    add("shape", vec![shape(kind)]);
    add("API", vec![format!("/api/v2{}", kind.path)]);
    add("identity", kind.identity.clone());
    add("names", names(kind));
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
    add("quirks", quirks(kind));
    add("scopes", scopes(kind));
    add("replaced by", kind.deprecated.iter().cloned().collect());
    add("source", vec![kind.source.clone()]);
    out.push_str(&kind_fields::text(kind, width));
    out
}

/// Returns the names that objects of a keyed kind can have.
fn names(kind: &Kind) -> Vec<String> {
    match (kind.keys.is_empty(), kind.key_values.is_empty()) {
        (false, _) => kind.keys.clone(),
        (true, false) => kind.key_values.values().flatten().cloned().collect(),
        (true, true) => Vec::new(),
    }
}

pub(super) fn quirks(kind: &Kind) -> Vec<String> {
    kind.quirks.iter().filter_map(|quirk| serde_json::to_value(quirk).ok()?.as_str().map(str::to_owned)).collect()
}

/// Returns the kinds for programs; one alone with its fields, all together with what is not managed.
pub fn json(kinds: &[&Kind], whole: bool) -> Json {
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
            "lifecycle": kind.lifecycle,
            "names": names(kind),
            "quirks": quirks(kind),
        })
    };
    let mut all: Vec<Json> = kinds.iter().map(one).collect();
    if let ([kind], [only], false) = (kinds, all.as_mut_slice(), whole) {
        only["fields"] = Json::Array(kind_fields::json(kind));
    }
    let mut answer = json!({ "format": "tenantry-kinds", "version": VERSION, "kinds": all });
    if whole {
        answer["api"] = json!({ "kinds": covered().len() + exceptions().excepted.len(), "covered": covered().len() });
        answer["excepted"] = not_managed_json();
        answer["aliases"] = json!(exceptions().aliases);
    }
    answer
}

/// Says of a kind that it is on its way in or out.
pub(super) fn age(kind: &Kind) -> &'static str {
    match (kind.deprecated.is_some(), kind.lifecycle) {
        (true, _) => ", legacy",
        (false, Lifecycle::Beta) => ", beta",
        (false, Lifecycle::General) => "",
    }
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
    let of_parts = kind.membership.iter().filter_map(|membership| membership.parts.as_ref());
    for scope in all.flat_map(|scopes| scopes.all()).chain(of_parts.flat_map(|parts| &parts.scopes)) {
        if !names.contains(scope) {
            names.push(scope.clone());
        }
    }
    names
}
