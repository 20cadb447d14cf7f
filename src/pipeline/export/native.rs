//! A native workspace: `tenantry.yaml`, the tenant's file, templates and their companions.
//!
//! What differs between tenants (domain, secrets, bound ids) is in the tenant's file; templates hold none of it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::pipeline::yaml_write::to_yaml;

use super::compose::{Composed, Item, tree};
use super::deploy_cli::{file_key, relative, report_ids};
use super::file_names::{FileNames, sanitise};
use super::files::{ExportFile, Files, move_out};
use super::literal::for_handlebars;
use super::piece::{Leaf, Piece, Text};
use super::run::{ExportError, ExportOptions};
use super::text_ids::ids_in;

/// Writes the workspace.
pub(super) fn write(
    mut composed: Composed,
    options: &ExportOptions,
    findings: &mut Diagnostics,
) -> Result<Vec<ExportFile>, ExportError> {
    let bind = tell_likes_apart(&mut composed.items);
    let mut items = std::mem::take(&mut composed.items);
    let mut files = Files::default();
    files.add("tenantry.yaml", to_yaml(&json!({ "project": options.tenant.0 }))?);
    files.add(&format!("tenants/{}.yaml", options.tenant), tenant_file(&composed, &bind, options)?);
    for group in items.chunk_by_mut(|a, b| a.kind.top_key() == b.kind.top_key()) {
        let Some(kind) = group.first().map(|item| item.kind) else { continue };
        let key = kind.top_key();
        let keys: Vec<String> = group.iter().map(own_key).collect();
        let names = FileNames::of(keys.iter().map(String::as_str));
        let own_files = has_own_files(kind);
        for item in group.iter_mut() {
            move_companions(item, &names, own_files, &composed, &mut files, findings);
            report_directives(item, findings);
        }
        if own_files {
            for item in group.iter() {
                let body = tree(std::slice::from_ref(item));
                let path = format!("templates/{key}/{}.yaml", names.get(&own_key(item)));
                files.add(&path, to_yaml(&said(item, &body, &composed, options, findings))?);
            }
        } else if let Some(item) = group.first() {
            let body = tree(group);
            files.add(&format!("templates/{key}.yaml"), to_yaml(&said(item, &body, &composed, options, findings))?);
        }
    }
    Ok(files.finish())
}

/// Objects that people make have a file each; the rest of a key is one file.
fn has_own_files(kind: &Kind) -> bool {
    kind.shape == Shape::Collection && matches!(kind.place.as_slice(), [Step::Key(_), Step::Items])
}

fn own_key(item: &Item) -> String {
    match item.address.as_str().strip_prefix(&format!("{}/", item.kind.name)) {
        Some(_) if item.kind.identity.len() == 1 => item.address.name(),
        _ => file_key(item),
    }
}

/// Gives objects of one name a `$key` each; returns what the tenant's file must bind.
fn tell_likes_apart(items: &mut [Item]) -> BTreeMap<String, String> {
    let mut bind = BTreeMap::new();
    for likes in items.chunk_by_mut(|a, b| a.address == b.address).filter(|likes| likes.len() > 1) {
        for (index, item) in likes.iter_mut().enumerate() {
            let Some(id) = &item.id else { continue };
            let key = format!("{} ({})", item.name, index + 1);
            item.address = Address::named(&item.kind.name, &key);
            bind.insert(item.address.to_string(), id.0.clone());
            if let Piece::Map(map) = &mut item.piece {
                map.shift_insert(0, "$key".to_owned(), Piece::text(key));
            }
        }
    }
    bind
}

fn tenant_file(
    composed: &Composed,
    bind: &BTreeMap<String, String>,
    options: &ExportOptions,
) -> Result<String, ExportError> {
    let mut file = serde_json::Map::new();
    file.insert("domain".to_owned(), Json::String(options.domain.0.clone()));
    if !composed.secrets.is_empty() {
        let secrets = composed.secrets.iter().map(|name| (name.clone(), json!({ "keep": true }))).collect();
        file.insert("secrets".to_owned(), Json::Object(secrets));
    }
    if !composed.external.is_empty() {
        file.insert("external".to_owned(), json!(composed.external));
    }
    if !bind.is_empty() {
        file.insert("bind".to_owned(), json!(bind));
    }
    Ok(to_yaml(&Json::Object(file))?)
}

fn move_companions(
    item: &mut Item,
    names: &FileNames,
    own_files: bool,
    composed: &Composed,
    files: &mut Files,
    findings: &mut Diagnostics,
) {
    let key = item.kind.top_key();
    let stem = names.get(&own_key(item));
    let mut piece = std::mem::replace(&mut item.piece, Piece::Null);
    move_out(&mut piece, &mut |field, text| {
        if text.is_empty() {
            return None;
        }
        report_ids(item, text, composed, findings);
        let owner = if field.kind.name == item.kind.name { stem.clone() } else { sanitise(&field.owner) };
        let is_only = field.kind.fields.files.len() == 1 && !field.pattern.contains('*');
        let words: Vec<String> = field.words.iter().map(|word| sanitise(word)).collect();
        let name = if is_only { owner } else { format!("{owner}/{}", words.join("/")) };
        let path = files.add(&format!("templates/{key}/{}.{}", unreadable_by_handlebars(&name), field.extension), text);
        Some(relative(&path, &if own_files { format!("templates/{key}") } else { "templates".to_owned() }))
    });
    item.piece = piece;
}

/// A path is a string of the template: what would be rendered in it goes.
fn unreadable_by_handlebars(name: &str) -> String {
    if name.contains("{{") || !super::literal::lookalikes(name).is_empty() {
        return name.replace(['{', '}', '#', '@'], "-");
    }
    name.to_owned()
}

/// Reports keys of users' own maps that a template would take for a directive.
fn report_directives(item: &Item, findings: &mut Diagnostics) {
    fn find(piece: &Piece, top: bool, found: &mut Vec<String>) {
        match piece {
            Piece::List(list) => list.iter().for_each(|piece| find(piece, false, found)),
            Piece::Map(map) => map.iter().for_each(|(key, piece)| {
                if key.starts_with('$') && !(top && key == "$key") {
                    found.push(key.clone());
                }
                find(piece, false, found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    find(&item.piece, true, &mut found);
    for key in found {
        findings.push(
            Diagnostic::warning(
                "looks-like-directive",
                format!("the key `{key}` comes from the tenant and is no directive"),
            )
            .on(&item.address)
            .help("A template cannot say so: rename the key in the tenant, or take the field out of the template."),
        );
    }
}

/// Turns what stands in one file into JSON.
fn said(item: &Item, body: &IndexMap<String, Piece>, composed: &Composed, options: &ExportOptions, findings: &mut Diagnostics) -> Json {
    let map = body.iter().map(|(key, piece)| {
        let json = piece.to_json(&mut |leaf| match leaf {
            Leaf::Secret(name) => Json::String(format!("{{{{secret \"{name}\"}}}}")),
            Leaf::Text(text) => Json::String(written(item, text, composed, options, findings)),
        });
        (key.clone(), json)
    });
    Json::Object(map.collect())
}

fn written(item: &Item, text: &Text, composed: &Composed, options: &ExportOptions, findings: &mut Diagnostics) -> String {
    if text.hands_off {
        report_ids(item, &text.text, composed, findings);
        if let Some(like) = text.lookalikes.first() {
            findings.push(
                Diagnostic::warning("looks-like-keyword", format!("`{like}` stands in a text and is no keyword"))
                    .on(&item.address)
                    .help("In a field that Auth0 renders nothing can be escaped: change the text in the tenant."),
            );
        }
        return text.text.clone();
    }
    let has_markers = !text.lookalikes.is_empty();
    let mut out = String::new();
    let mut rest = text.text.as_str();
    for (found, expression) in expressions(item, &text.text, composed, options, findings) {
        let Some((before, after)) = rest.split_once(found.as_str()) else { continue };
        out.push_str(&for_handlebars(before, has_markers));
        if before.ends_with('\\') {
            // A single backslash would take the expression's life; of two, handlebars keeps one.
            out.push('\\');
        }
        out.push_str(&expression);
        rest = after;
    }
    out.push_str(&for_handlebars(rest, has_markers));
    out
}

/// What in a text differs between tenants, in order, and the expression that stands for it.
fn expressions(
    item: &Item,
    text: &str,
    composed: &Composed,
    options: &ExportOptions,
    findings: &mut Diagnostics,
) -> Vec<(String, String)> {
    let own = format!("https://{}/", options.domain);
    let mut found: Vec<(usize, String, String)> =
        text.match_indices(&own).map(|(at, own)| (at, own.to_owned(), "https://{{domain}}/".to_owned())).collect();
    let mut from = 0;
    for (id, known) in ids_in(text, &composed.ids) {
        let Some(at) = text.get(from..).and_then(|rest| rest.find(id)).map(|offset| from + offset) else { continue };
        from = at + id.len();
        if known.is_exported {
            let quoted = |text: &str| Json::String(text.to_owned()).to_string();
            let expression =
                format!("{{{{ref {} {}}}}}", quoted(known.address.as_str()), quoted(&known.field));
            found.push((at, id.to_owned(), expression));
        } else {
            report_ids(item, id, composed, findings);
        }
    }
    found.sort();
    found.into_iter().map(|(_, found, expression)| (found, expression)).collect()
}
