//! The files below `templates/`: an item of the directory format keeps its file, everything else lies by type.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use super::TEMPLATES;
use super::walk::{Trail, Walk};
use crate::model::diagnostic::Diagnostics;
use crate::model::document::{Content, Documents, Entry, Node};
use crate::pipeline::tree::folder_of;
use crate::pipeline::yaml_write::{YamlWriteError, to_yaml};

/// Path -> what the template holds, by top-level key.
pub type Templates = BTreeMap<String, JsonMap<String, Json>>;

/// Translates every type. What cannot be carried over is among the findings.
pub fn make(walk: &mut Walk<'_>, documents: &Documents, findings: &mut Diagnostics) -> Templates {
    let mut templates = Templates::new();
    for entry in &documents.root {
        let row: Vec<_> = walk.sides.iter().map(|side| side.under(&entry.key)).collect();
        if row.iter().all(Option::is_none) {
            continue;
        }
        if let Content::List(items) = &entry.value.value
            && items.iter().any(|item| own_file(item, entry).is_some())
            && row.iter().flatten().all(|list| list.items().len() == items.len())
        {
            for (index, item) in items.iter().enumerate() {
                let row: Vec<_> = row.iter().map(|list| list.and_then(|list| list.items().get(index))).collect();
                let path = own_file(item, entry).map_or_else(|| of_type(&entry.key), |file| template(walk, file));
                let trail = Trail::top(&entry.key).item(index, item, walk.marks);
                walk.home = folder_of(&path).to_owned();
                match walk.node(item, &row, &trail) {
                    Ok(item) => add(&mut templates, path, &entry.key, Json::Array(vec![item])),
                    Err(gap) => findings.push(*gap),
                }
            }
            continue;
        }
        let path = of_type(&entry.key);
        walk.home = folder_of(&path).to_owned();
        match walk.node(&entry.value, &row, &Trail::top(&entry.key)) {
            Ok(value) => add(&mut templates, path, &entry.key, value),
            Err(gap) => findings.push(*gap),
        }
    }
    templates
}

/// Writes the templates as YAML.
///
/// Errors: what YAML cannot say.
pub fn written(templates: Templates) -> Result<Vec<(String, String)>, YamlWriteError> {
    templates.into_iter().map(|(path, root)| Ok((path, to_yaml(&Json::Object(root))?))).collect()
}

/// Returns the file that holds this item alone.
fn own_file<'n>(item: &'n Node, entry: &Entry) -> Option<&'n str> {
    Some(&*item.place.file).filter(|file| file.ends_with(".json") && *file != &*entry.value.place.file)
}

fn of_type(key: &str) -> String {
    format!("{TEMPLATES}/{key}.yaml")
}

/// `clients/Web.json` -> `templates/clients/Web.yaml`. A leading dot would hide the template.
fn template(walk: &Walk<'_>, file: &str) -> String {
    let stem = walk.texts.inside(file);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let names = stem.split('/').map(|name| match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name.to_owned(),
    });
    format!("{TEMPLATES}/{}.yaml", names.collect::<Vec<_>>().join("/"))
}

fn add(templates: &mut Templates, path: String, key: &str, value: Json) {
    let root = templates.entry(path).or_default();
    match (root.get_mut(key), value) {
        (Some(Json::Array(list)), Json::Array(more)) => list.extend(more),
        (_, value) => drop(root.insert(key.to_owned(), value)),
    }
}
