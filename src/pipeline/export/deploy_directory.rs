//! The Deploy CLI's directory format: a folder for each type, a JSON file for each object.

use serde_json::Value as Json;

use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::pipeline::load::deploy_cli::layout::{Base, Form, Part};

use super::compose::{Composed, Item, tree};
use super::conventions::{convention, fill};
use super::deploy_cli::{
    companion_of, drop_likes, file_names, json_text, part_of, relative, report_ids, to_json, words,
};
use super::deploy_yaml::with_keys;
use super::file_names::{FileNames, sanitise};
use super::files::{ExportFile, Files, move_out};
use super::piece::Piece;
use super::run::ExportError;

/// Writes the project.
pub(super) fn write(mut composed: Composed, findings: &mut Diagnostics) -> Result<Vec<ExportFile>, ExportError> {
    drop_likes(&mut composed, findings);
    let mut items = std::mem::take(&mut composed.items);
    let mut writer = Writer { files: Files::default(), composed: &composed, findings };
    items.retain(|item| part_of(item, writer.findings).is_some());
    for group in items.chunk_by_mut(|a, b| a.kind.top_key() == b.kind.top_key()) {
        if let Some(part) = group.first().and_then(|item| part_of(item, writer.findings)) {
            writer.group(part, group);
        }
    }
    Ok(writer.files.finish())
}

struct Writer<'a> {
    files: Files,
    composed: &'a Composed,
    findings: &'a mut Diagnostics,
}

impl Writer<'_> {
    fn group(&mut self, part: &Part, group: &mut [Item]) {
        self.files.begin(group.first().map(|item| item.kind.top_key()));
        let names = file_names(group);
        for item in group.iter_mut() {
            self.companions(part, item, &names);
        }
        match part.form {
            Form::Each | Form::Folders | Form::Pairs => {
                for item in group.iter() {
                    let stem = names.get(item.address.as_str());
                    let file = match (part.form, &part.file) {
                        (Form::Folders, Some(file)) => format!("{}/{stem}/{file}", part.folder),
                        _ => format!("{}/{stem}.json", part.folder),
                    };
                    if part.form == Form::Pairs {
                        self.pair(part, item, &stem);
                    }
                    let json = to_json(item, &item.piece, self.composed, self.findings);
                    self.files.add(&file, json_text(&json));
                }
            }
            Form::File | Form::First | Form::Object | Form::Insertions | Form::Keyed | Form::None => {
                for piece in tree(group).into_values() {
                    if let Some(item) = group.first() {
                        let json = to_json(item, &piece, self.composed, self.findings);
                        self.whole(part, &part.folder, json);
                    }
                }
            }
        }
    }

    fn companions(&mut self, part: &Part, item: &mut Item, names: &FileNames) {
        let key = item.kind.top_key();
        let mut piece = item.piece.clone();
        move_out(&mut piece, &mut |field, text| {
            let companion = companion_of(part, item, field)?;
            // A text without a file of its own would be looked for in the file beside it.
            if text.is_empty() && companion.sibling.is_none() {
                return None;
            }
            report_ids(item, text, self.composed, self.findings);
            let (owner, own) = words(item, names, field);
            let words = [
                ("key", key),
                ("folder", &part.folder),
                ("owner", &owner),
                ("field", &own),
                ("extension", &field.extension),
            ];
            let path = self.files.add(&fill(&convention(key).directory, &words), text);
            let folder = match (companion.base, field.kind.name == item.kind.name) {
                (Base::Root, true) => String::new(),
                (Base::Folder, true) if part.form == Form::Folders => format!("{}/{owner}", part.folder),
                (Base::Folder, true) => part.folder.clone(),
                // What is nested in a type has a folder below the type's.
                (_, false) => path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned()),
            };
            Some(relative(&path, &folder))
        });
        item.piece = piece;
    }

    /// A pair is left out by readers unless its text is there, even an empty one.
    fn pair(&mut self, part: &Part, item: &Item, stem: &str) {
        let Some(companion) = part.companions.first() else { return };
        let has_text = matches!(&item.piece, Piece::Map(map) if map.contains_key(&companion.field));
        if !has_text && let Some(extension) = &companion.sibling {
            self.files.add(&format!("{}/{stem}.{extension}", part.folder), "");
        }
    }

    /// Writes a value that is not one file for each item.
    fn whole(&mut self, part: &Part, folder: &str, value: Json) {
        match (part.form, value) {
            (Form::Object, Json::Object(mut map)) => {
                for inner in &part.parts {
                    if let Some(value) = map.shift_remove(&inner.key) {
                        let folder = join(folder, &inner.folder);
                        self.whole(inner, &folder, value);
                    }
                }
                if let Some(file) = part.settings.as_ref().filter(|_| !map.is_empty()) {
                    self.files.add(&join(folder, file), json_text(&Json::Object(map)));
                }
            }
            (Form::Each, Json::Array(items)) => {
                for (index, item) in items.into_iter().enumerate() {
                    let named = item.as_object().and_then(|map| map.values().next()).and_then(Json::as_str);
                    let stem = named.map_or_else(|| (index + 1).to_string(), sanitise);
                    self.files.add(&join(folder, &format!("{stem}.json")), json_text(&item));
                }
            }
            (Form::Keyed, Json::Array(items)) => {
                for item in items {
                    self.keyed(folder, item, &part.by, &mut Vec::new());
                }
            }
            (Form::Insertions, value) => self.insertions(part, folder, &value),
            (Form::First, value) => {
                drop(self.files.add(&join(folder, &format!("{}.json", part.key)), json_text(&value)))
            }
            (_, value) => {
                if let Some(file) = &part.file {
                    self.files.add(&join(folder, file), json_text(&value));
                }
            }
        }
    }

    fn keyed(&mut self, folder: &str, value: Json, by: &[String], keys: &mut Vec<(String, String)>) {
        match (value, by.split_first()) {
            (Json::Object(map), Some((field, rest))) => {
                for (key, inner) in map {
                    keys.push((field.clone(), key));
                    self.keyed(folder, inner, rest, keys);
                    keys.pop();
                }
            }
            (value, _) => {
                let stem: Vec<String> = keys.iter().map(|(_, key)| sanitise(key)).collect();
                let file = join(folder, &format!("{}.json", stem.join("_")));
                self.files.add(&file, json_text(&with_keys(value, keys)));
            }
        }
    }

    /// `{a: {b: {name: text}}}` -> `{a: [{b: [{name, template: path}]}]}` and a file for each text.
    fn insertions(&mut self, part: &Part, folder: &str, value: &Json) {
        let mut outer = serde_json::Map::new();
        for (prompt, screens) in value.as_object().into_iter().flatten() {
            let mut inner = serde_json::Map::new();
            for (screen, points) in screens.as_object().into_iter().flatten() {
                let mut list = Vec::new();
                for (name, text) in points.as_object().into_iter().flatten() {
                    let text = text.as_str().unwrap_or_default();
                    if text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}') != text {
                        self.findings.push(Diagnostic::warning(
                            "not-exported",
                            format!(
                                "white space around `{}.{prompt}.{screen}.{name}` is lost in this format",
                                part.key
                            ),
                        ));
                    }
                    let path = [&part.key, prompt, screen, name].map(|word| sanitise(word)).join("/");
                    let path = self.files.add(&join(folder, &format!("{path}.liquid")), text);
                    let template = relative(&path, folder).trim_start_matches("./").to_owned();
                    list.push(serde_json::json!({ "name": name, "template": template }));
                }
                inner.insert(screen.clone(), Json::Array(list));
            }
            outer.insert(prompt.clone(), Json::Array(vec![Json::Object(inner)]));
        }
        if let Some(file) = &part.file {
            self.files.add(&join(folder, file), json_text(&Json::Object(outer)));
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}
