//! The tree in the formats of the Deploy CLI: what both share.
//!
//! Secrets are markers, one each. Text is written as it is: these formats have no way to escape, so what looks like a
//! keyword and came from the tenant is a finding.

use serde_json::Value as Json;

use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::pipeline::load::deploy_cli::layout::{Companion, Part, layout};
use crate::pipeline::text_ids::ids_in;

use super::compose::{Composed, Item};
use super::file_names::{FileNames, sanitise};
use super::piece::{FileField, Leaf, Piece};
use super::secret_names::marker;

/// Returns the layout of a top-level key, or says that the format has none.
pub(super) fn part_of(item: &Item, findings: &mut Diagnostics) -> Option<&'static Part> {
    let part = layout().find(item.kind.top_key());
    if part.is_none() {
        let summary = format!("{} has no place in this format", item.kind.title);
        // What every tenant has may be as it was from the start; what people made is lost.
        let finding = match item.kind.always_exists() {
            true => Diagnostic::note("not-exported", summary),
            false => Diagnostic::warning("not-exported", summary),
        };
        findings.push(finding.on(&item.address).help("Export a native workspace, which holds everything."));
    }
    part
}

/// Drops objects that share a name: the formats cannot tell them apart.
pub(super) fn drop_likes(composed: &mut Composed, findings: &mut Diagnostics) {
    let mut kept: Vec<Item> = Vec::new();
    let mut likes: Vec<Address> = Vec::new();
    for item in std::mem::take(&mut composed.items) {
        match kept.last() {
            Some(last) if last.address == item.address => likes.push(item.address),
            _ => kept.push(item),
        }
    }
    kept.retain(|item| !likes.contains(&item.address));
    likes.dedup();
    for address in likes {
        findings.push(
            Diagnostic::warning(
                "not-exported",
                format!("`{address}` is left out: the tenant has several of that name"),
            )
            .on(&address)
            .help("Give them names of their own, or export a native workspace, which tells them apart by `bind`."),
        );
    }
    composed.items = kept;
}

/// Returns the companion declaration for a field, if the format keeps it in a file.
pub(super) fn companion_of<'p>(part: &'p Part, item: &Item, field: &FileField) -> Option<&'p Companion> {
    let nested = format!("{}[].{}", field.kind.segment(), field.pattern);
    let inner = part.parts.iter().filter(|inner| inner.key == field.kind.segment()).flat_map(|inner| &inner.companions);
    let companion = part
        .companions
        .iter()
        .find(|companion| companion.field == field.pattern || companion.field == nested)
        .or_else(|| inner.into_iter().find(|companion| companion.field == field.pattern))?;
    let holds = |(name, value): (&String, &String)| match &item.piece {
        Piece::Map(map) => matches!(map.get(name), Some(Piece::Text(text)) if &text.text == value),
        _ => false,
    };
    companion.when.iter().all(holds).then_some(companion)
}

/// Returns the file names of a group of items.
pub(super) fn file_names(group: &[Item]) -> FileNames {
    FileNames::of(group.iter().map(|item| (item.address.to_string(), item.title.clone())))
}

/// Returns the words of a companion's path: the owner's file name and the field's.
pub(super) fn words(item: &Item, names: &FileNames, field: &FileField) -> (String, String) {
    let is_own = field.kind.name == item.kind.name;
    let owner = if is_own { names.get(item.address.as_str()) } else { sanitise(&field.owner) };
    let words: Vec<String> = field.words.iter().map(|word| sanitise(word)).collect();
    (owner, words.join("/"))
}

/// Turns a piece into JSON, companions already moved out, and reports what cannot be said.
pub(super) fn to_json(item: &Item, piece: &Piece, composed: &Composed, findings: &mut Diagnostics) -> Json {
    piece.to_json(&mut |leaf| match leaf {
        Leaf::Secret(name) => Json::String(marker(name)),
        Leaf::Text(text) => {
            if let Some(like) = text.lookalikes.first() {
                findings.push(
                    Diagnostic::warning("looks-like-keyword", format!("`{like}` stands in a text and is no keyword"))
                        .on(&item.address)
                        .help("This format cannot say so: reading it back, the marker has no mapping. Export a native workspace."),
                );
            }
            report_ids(item, &text.text, composed, findings);
            Json::String(text.text.clone())
        }
    })
}

/// Reports ids inside texts, which mean another object in the next tenant.
pub(super) fn report_ids(item: &Item, text: &str, composed: &Composed, findings: &mut Diagnostics) {
    for (id, known) in ids_in(text, &composed.ids) {
        findings.push(
            Diagnostic::warning("id-in-text", format!("a text holds the id `{id}` of `{}`", known.address))
                .on(&item.address)
                .help("It is another one in the next tenant: put a keyword or a `{{ref}}` in its place."),
        );
    }
}

/// Writes JSON as the Deploy CLI does: two spaces, a line break at the end.
pub(super) fn json_text(value: &Json) -> String {
    // Serialising a JSON value cannot fail: its keys are strings.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Returns how a file is named from a folder above it.
pub(super) fn relative(path: &str, base: &str) -> String {
    let inside =
        if base.is_empty() { Some(path) } else { path.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')) };
    format!("./{}", inside.unwrap_or(path))
}
