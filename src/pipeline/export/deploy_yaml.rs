//! The Deploy CLI's YAML format: `tenant.yaml` and the companion files that it names.

use serde_json::Value as Json;

use crate::model::diagnostic::Diagnostics;
use crate::pipeline::load::deploy_cli::layout::{Form, Part};
use crate::pipeline::yaml_write::to_yaml;

use super::compose::{Composed, tree};
use super::conventions::{convention, fill};
use super::deploy_cli::{
    companion_of, drop_likes, file_names, json_text, part_of, relative, report_ids, to_json, words,
};
use super::file_names::sanitise;
use super::files::{ExportFile, Files, move_out};
use super::run::ExportError;

/// Writes the project.
pub(super) fn write(mut composed: Composed, findings: &mut Diagnostics) -> Result<Vec<ExportFile>, ExportError> {
    let mut files = Files::default();
    drop_likes(&mut composed, findings);
    let mut items = std::mem::take(&mut composed.items);
    items.retain(|item| part_of(item, findings).is_some());
    let mut root = serde_json::Map::new();
    for group in items.chunk_by_mut(|a, b| a.kind.top_key() == b.kind.top_key()) {
        let Some(key) = group.first().map(|item| item.kind.top_key()) else { continue };
        let Some(part) = group.first().and_then(|item| part_of(item, findings)) else { continue };
        files.begin(Some(key));
        let names = file_names(group);
        for item in group.iter_mut() {
            let mut piece = item.piece.clone();
            move_out(&mut piece, &mut |field, text| {
                let companion = companion_of(part, item, field).filter(|_| !text.is_empty())?;
                report_ids(item, text, &composed, findings);
                let (owner, own) = words(item, &names, field);
                let words = [("key", key), ("owner", &owner), ("field", &own), ("extension", &field.extension)];
                let path = files.add(&fill(&convention(key).yaml, &words), text);
                Some(relative(&path, &companion.yaml_base))
            });
            item.piece = piece;
        }
        for (key, value) in tree(group) {
            let Some(item) = group.first() else { continue };
            let mut json = to_json(item, &value, &composed, findings);
            move_keyed(&mut json, part, &mut files);
            if let Some(body) = &part.body {
                move_bodies(&mut json, part, body, &mut files);
            }
            root.insert(key, json);
        }
    }
    root.sort_keys();
    files.begin(None);
    let text = to_yaml(&Json::Object(root))?;
    files.add("tenant.yaml", text);
    Ok(files.finish())
}

/// Puts all of each item but its name into a JSON file, where the Deploy CLI looks for it.
fn move_bodies(value: &mut Json, part: &Part, body: &str, files: &mut Files) {
    let Json::Array(items) = value else { return };
    for item in items {
        let Some(name) = item.get("name").and_then(Json::as_str).map(str::to_owned) else { continue };
        let path = files.add(&format!("{}/{}.json", part.folder, sanitise(&name)), json_text(item));
        *item = serde_json::json!({ "name": name, body: relative(&path, "") });
    }
}

/// Puts items that lie below keys into JSON files of their own.
fn move_keyed(value: &mut Json, part: &Part, files: &mut Files) {
    for inner in part.parts.iter().filter(|inner| inner.form == Form::Keyed) {
        let Some(Json::Array(items)) = value.get_mut(&inner.key) else { continue };
        for item in items {
            let folder = format!("{}/{}", part.folder, inner.folder);
            to_file(item, &inner.by, &mut Vec::new(), &folder, files);
        }
    }
}

/// Follows the keys down and leaves the path of a file there.
fn to_file(value: &mut Json, by: &[String], keys: &mut Vec<(String, String)>, folder: &str, files: &mut Files) {
    let (Json::Object(map), Some((field, rest))) = (&mut *value, by.split_first()) else {
        let stem: Vec<String> = keys.iter().map(|(_, key)| sanitise(key)).collect();
        let whole = with_keys(std::mem::take(value), keys);
        let path = files.add(&format!("{folder}/{}.json", stem.join("_")), json_text(&whole));
        *value = Json::String(relative(&path, ""));
        return;
    };
    for (key, inner) in map {
        keys.push((field.clone(), key.clone()));
        to_file(inner, rest, keys, folder, files);
        keys.pop();
    }
}

/// Writes the keys above an item into it, in front.
pub(super) fn with_keys(value: Json, keys: &[(String, String)]) -> Json {
    let mut map: serde_json::Map<String, Json> =
        keys.iter().map(|(field, key)| (field.clone(), Json::String(key.clone()))).collect();
    if let Json::Object(rest) = value {
        map.extend(rest);
    }
    Json::Object(map)
}
