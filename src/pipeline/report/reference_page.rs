//! The page of `docs/kinds.md`: what the catalogue says of every kind, one row each. Facts come from the catalogue alone.

use super::kinds::{age, deletion, patterns, quirks, scopes, shape};
use super::style::count;
use crate::catalogue::excepted::{covered, exceptions};
use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::table::catalogue;
use crate::pipeline::drafts::deploy_field;

const HEAD: &str = "# Kinds

What `tenantry kinds --markdown` prints. A test compares it with the catalogue.

Paths of fields are the Management API's own: `[]` is every item of a list, `*` every member of a map. In the place,
`[]` is a list of objects and `{name}` a map by that field; the place of a nested kind starts at its parent's.

| Kind | Title | Place in YAML | Shape | Identity | Secrets | References | Scopes | Deletion | Quirks |
|---|---|---|---|---|---|---|---|---|---|
";

const DRAFTS: &str = "
## Drafts

A change of these stays a draft until it is deployed. The field, which is never sent, deploys every change; without it what
runs stays as it is.

| Kind | Field |
|---|---|
";

/// Returns the whole page.
pub fn markdown() -> String {
    let kinds: Vec<&Kind> = catalogue().kinds().collect();
    let mut out = HEAD.to_owned();
    for kind in &kinds {
        out.push_str(&row(kind));
    }
    let (covered, excepted) = (covered().len(), exceptions().excepted.len());
    out.push_str(&format!(
        "\n{} cover {covered} of the API's {} kinds.\n",
        count(kinds.len(), "kind"),
        covered + excepted
    ));
    out.push_str(DRAFTS);
    for (kind, field) in kinds.iter().filter_map(|kind| Some((kind, deploy_field(kind)?))) {
        out.push_str(&format!("| `{}` | `{field}: true` |\n", kind.name));
    }
    out.push_str("\n## Not managed\n\n| API kind | Title | Why |\n|---|---|---|\n");
    for one in &exceptions().excepted {
        out.push_str(&format!("| `{}` | {} | {} |\n", one.name, one.title, one.reason));
    }
    out.push_str("\n## Other names\n\n");
    for (alias, meant) in &exceptions().aliases {
        out.push_str(&format!("- `{alias}` is `{meant}`\n"));
    }
    out
}

fn row(kind: &Kind) -> String {
    let references = kind.references.iter().map(|reference| format!("{} -> {}", reference.field, reference.space));
    let cells = [
        code(std::slice::from_ref(&kind.name)),
        kind.title.clone(),
        code(&[place(kind)]),
        format!("{}{}", shape(kind), age(kind)),
        code(identity(kind)),
        code(&patterns(&kind.fields.secret)),
        code(&references.collect::<Vec<_>>()),
        code(&scopes(kind)),
        deletion(kind).to_owned(),
        code(&quirks(kind)),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The fields that tell objects apart; in a member list those of a member, after the key of the list.
fn identity(kind: &Kind) -> &[String] {
    match &kind.membership {
        Some(membership) if kind.identity.is_empty() => &membership.identity,
        _ => &kind.identity,
    }
}

/// Returns the place from the top of a file on: `organizations[].connections`.
fn place(kind: &Kind) -> String {
    let parent = kind.parent.as_deref().and_then(|name| catalogue().kind(name));
    let mut out = parent.map(place).unwrap_or_default();
    for step in &kind.place {
        let dot = if out.is_empty() { "" } else { "." };
        match step {
            Step::Key(key) => out.push_str(&format!("{dot}{key}")),
            Step::Items => out.push_str("[]"),
            Step::Each(field) => out.push_str(&format!("{dot}{{{field}}}")),
        }
    }
    out
}

fn code(values: &[String]) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}
