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
use crate::pipeline::text_ids::ids_in;
use crate::pipeline::yaml_write::to_yaml;

use super::compose::{Composed, Item, tree};
use super::deploy_cli::{file_names, relative, report_ids, words};
use super::file_names::FileNames;
use super::files::{ExportFile, Files, move_out};
use super::literal::for_handlebars;
use super::piece::{Leaf, Piece, Text};
use super::run::{ExportError, ExportOptions};

/// Keys inside fields that speak to tenantry.
const DIRECTIVES_ON_FIELDS: [&str; 3] = ["$append", "$without", "$absent"];

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
        files.begin(Some(key));
        let names = file_names(group);
        let own_files = has_own_files(kind);
        for item in group.iter_mut() {
            move_companions(item, &names, own_files, &composed, &mut files, findings);
            drop_unsayable(item, findings);
        }
        if own_files {
            for item in group.iter() {
                let body = tree(std::slice::from_ref(item));
                let path = format!("templates/{key}/{}.yaml", names.get(item.address.as_str()));
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
    let mut piece = std::mem::replace(&mut item.piece, Piece::Null);
    move_out(&mut piece, &mut |field, text| {
        if text.is_empty() {
            return None;
        }
        report_ids(item, text, composed, findings);
        let (owner, own) = words(item, names, field);
        let is_only = field.kind.fields.files.len() == 1 && !field.pattern.contains('*');
        let name = if is_only { owner } else { format!("{owner}/{own}") };
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

/// Takes out fields with keys that a template would take for directives or expressions: nothing can escape a key.
fn drop_unsayable(item: &mut Item, findings: &mut Diagnostics) {
    fn is_sayable(piece: &Piece) -> bool {
        match piece {
            Piece::List(list) => list.iter().all(is_sayable),
            Piece::Map(map) => map.iter().all(|(key, piece)| {
                !key.contains("{{") && !DIRECTIVES_ON_FIELDS.contains(&key.as_str()) && is_sayable(piece)
            }),
            _ => true,
        }
    }
    let Piece::Map(map) = &mut item.piece else { return };
    map.retain(|field, piece| {
        let kept = is_sayable(piece);
        if !kept {
            findings.push(
                Diagnostic::warning("not-exported", format!("`{field}` is left out: a template cannot say its keys"))
                    .on(&item.address)
                    .help(
                        "Keys with `{{` in them, and `$append`, `$without`, `$absent`, mean something in a template.",
                    ),
            );
        }
        kept
    });
}

/// Turns what stands in one file into JSON.
fn said(
    item: &Item,
    body: &IndexMap<String, Piece>,
    composed: &Composed,
    options: &ExportOptions,
    findings: &mut Diagnostics,
) -> Json {
    let map = body.iter().map(|(key, piece)| {
        let json = piece.to_json(&mut |leaf| match leaf {
            Leaf::Secret(name) => Json::String(format!("{{{{secret \"{name}\"}}}}")),
            Leaf::Text(text) => Json::String(written(item, text, composed, options, findings)),
        });
        (key.clone(), json)
    });
    Json::Object(map.collect())
}

fn written(
    item: &Item,
    text: &Text,
    composed: &Composed,
    options: &ExportOptions,
    findings: &mut Diagnostics,
) -> String {
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
            let expression = format!("{{{{ref {} {}}}}}", quoted(known.address.as_str()), quoted(&known.field));
            found.push((at, id.to_owned(), expression));
        } else {
            report_ids(item, id, composed, findings);
        }
    }
    found.sort();
    found.into_iter().map(|(_, found, expression)| (found, expression)).collect()
}
