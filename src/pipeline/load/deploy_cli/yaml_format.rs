//! The YAML format: one file with everything, and the text files that it names.

use super::companion::{self, Origin};
use super::item::settle;
use super::layout::{Form, Part, layout};
use super::source::Source;
use crate::model::diagnostic::{Diagnostic, nearest};
use crate::model::document::{Content, Entry, Node};

/// What a project's YAML says.
#[derive(Default)]
pub(super) struct YamlProject {
    pub entries: Vec<Entry>,
    /// `exclude:`, names by type, instead of the settings'.
    pub exclude: Option<Node>,
    /// `include:`, likewise.
    pub include: Option<Node>,
}

/// Reads the file. Paths in it start from `base`. `None` if it cannot be read at all; findings then say why.
pub(super) fn read(
    source: &mut Source<'_>,
    file: &str,
    base: &str,
    is_in_use: &dyn Fn(&str) -> bool,
) -> Option<YamlProject> {
    let root = source.yaml(file, is_in_use)?;
    let mut project = YamlProject::default();
    let entries = match root.value {
        Content::Map(entries) => entries,
        Content::Null => {
            source.findings.push(Diagnostic::warning("empty-file", format!("`{file}` holds nothing")).at(&root.place));
            Vec::new()
        }
        _ => {
            let wrong = format!("`{file}` must hold a map of types, not {}", root.type_name());
            source.findings.push(Diagnostic::error("wrong-type", wrong).at(&root.place));
            return None;
        }
    };
    for mut entry in entries {
        match entry.key.as_str() {
            "exclude" => project.exclude = Some(entry.value).filter(|value| !value.is_null()),
            "include" => project.include = Some(entry.value).filter(|value| !value.is_null()),
            // Null means there what a missing key means: not managed.
            key if !is_in_use(key) || entry.value.is_null() => {}
            key => {
                if let Some(part) = layout().find(key) {
                    complete(source, &mut entry.value, part, base);
                }
                project.entries.push(entry);
            }
        }
    }
    Some(project)
}

/// Returns the names by type of an `exclude:` or `include:`.
pub(super) fn names_by_type(source: &mut Source<'_>, node: &Node, known: &[&str]) -> Vec<(String, Vec<String>)> {
    if !matches!(node.value, Content::Map(_)) {
        let wrong = format!("names to choose by must be a map from types to lists, not {}", node.type_name());
        source.findings.push(Diagnostic::error("wrong-type", wrong).at(&node.place));
    }
    let mut types = Vec::new();
    for entry in node.entries() {
        if !known.contains(&entry.key.as_str()) {
            if entry.key != "defaults" {
                let finding = source.unquoted(unknown_type(entry, known));
                source.findings.push(finding);
            }
            continue;
        }
        let names: Option<Vec<String>> = match &entry.value.value {
            Content::Null => Some(Vec::new()),
            Content::List(items) => items.iter().map(|item| item.as_text().map(str::to_owned)).collect(),
            _ => None,
        };
        match names {
            Some(names) => types.push((entry.key.clone(), names)),
            None => source.findings.push(
                Diagnostic::error("wrong-type", format!("`{}` must be a list of names", entry.key))
                    .at(&entry.value.place),
            ),
        }
    }
    types
}

fn unknown_type(entry: &Entry, known: &[&str]) -> Diagnostic {
    let unknown = format!("`{}` is no type whose objects can be chosen by name", entry.key);
    let error = Diagnostic::error("unknown-type", unknown).at(&entry.key_place);
    match nearest(&entry.key, known.iter().copied()) {
        Some(near) => error.help(format!("Did you mean `{near}`?")),
        None => error.help("AUTH0_EXCLUDED takes whole types."),
    }
}

fn complete(source: &mut Source<'_>, value: &mut Node, part: &Part, base: &str) {
    let origin = Origin::Yaml { base };
    if let Content::List(items) = &mut value.value {
        for item in items {
            if let Some(body) = &part.body {
                join_body(source, item, body, base);
            }
            companion::inline(source, item, &part.companions, &origin, &part.key);
            settle(item, part);
        }
        return;
    }
    companion::inline(source, value, &part.companions, &origin, &part.key);
    settle(value, part);
    for part in part.parts.iter().filter(|part| part.form == Form::Keyed) {
        if let Some(list) = value.get_mut(&part.key) {
            read_keyed(source, list, part.by.len(), base);
        }
    }
}

/// An item whose members stand in a JSON file: they join it, and where both have one, the file's wins.
fn join_body(source: &mut Source<'_>, item: &mut Node, body: &str, base: &str) {
    let Some(path) = item.get(body).filter(|node| node.as_text().is_some()).cloned() else { return };
    let Some(mut read) = named_json(source, &path, base) else { return };
    item.take(body);
    read.take(body);
    match read.value {
        Content::Map(entries) => {
            for entry in entries {
                companion::put(item, entry);
            }
        }
        _ => {
            let wrong = format!("`{}` must hold an object, not {}", read.place.file, read.type_name());
            source.findings.push(Diagnostic::error("wrong-type", wrong).at(&read.place));
        }
    }
}

/// `[{key: {key: path}}]`: the JSON files take the places of their paths.
fn read_keyed(source: &mut Source<'_>, node: &mut Node, keys: usize, base: &str) {
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| read_keyed(source, item, keys, base)),
        Content::Map(entries) if keys > 0 => {
            entries.iter_mut().for_each(|entry| read_keyed(source, &mut entry.value, keys - 1, base));
        }
        Content::Text(_) if keys == 0 => {
            if let Some(read) = named_json(source, node, base) {
                *node = read;
            }
        }
        _ => {}
    }
}

fn named_json(source: &mut Source<'_>, named: &Node, base: &str) -> Option<Node> {
    let path = named.as_text()?;
    match companion::locate(source, base, path) {
        Ok(path) => source.json(&path, Some(&named.place)),
        Err(outside) => {
            source.findings.push(companion::refused(named, outside));
            None
        }
    }
}
