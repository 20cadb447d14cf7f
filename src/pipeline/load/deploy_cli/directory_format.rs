//! The directory format: a folder for each type, a JSON file for each item, composed into the tree of the YAML format.

use std::sync::Arc;

use super::companion::{self, Origin, inside, set};
use super::item::{is_empty_object, settle};
use super::layout::{Form, Part, layout};
use super::settings::Settings;
use super::source::Source;
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::document::{Content, Entry, Node, Place};

/// Reads the project in the folder `root`.
pub(super) fn read(
    source: &mut Source<'_>,
    root: &str,
    settings: &Settings,
    is_in_use: &dyn Fn(&str) -> bool,
) -> Vec<Entry> {
    let mut reader = Reader { source, root, deletes: settings.flag("AUTH0_ALLOW_DELETE") };
    let mut entries = Vec::new();
    for part in layout().types.iter().filter(|part| is_in_use(&part.key)) {
        let folder = inside(root, folder_name(part, settings));
        if let Some(mut value) = reader.value(part, &folder, &part.key) {
            if !matches!(value.value, Content::List(_)) {
                settle(&mut value, part);
            }
            entries.push(Entry { key: part.key.clone(), key_place: value.place.clone(), value });
        }
    }
    entries
}

/// Returns the folder of a type, which a setting may move.
pub(super) fn folder_name<'a>(part: &'a Part, settings: &'a Settings) -> &'a str {
    part.folder_setting.as_ref().and_then(|setting| settings.text(setting)).unwrap_or(&part.folder)
}

struct Reader<'s, 't> {
    source: &'s mut Source<'t>,
    root: &'s str,
    deletes: bool,
}

impl Reader<'_, '_> {
    /// Returns what the files of a type or part make up; `None` means not managed, or unreadable and said so.
    fn value(&mut self, part: &Part, folder: &str, key: &str) -> Option<Node> {
        let files = self.source.folder(folder)?;
        match part.form {
            Form::None => None,
            Form::File => {
                let file = inside(folder, part.file.as_deref()?);
                if self.source.exists(&file) { self.source.json(&file, None) } else { None }
            }
            Form::First => {
                let first = files.json(&part.except).into_iter().next();
                if first.is_none() {
                    self.source.findings.push(nothing_in(folder, Severity::Warning));
                }
                self.source.json(&inside(folder, &first?), None)
            }
            Form::Each | Form::Keyed => {
                let names = files.json(&part.except);
                let items = names.iter().filter_map(|name| self.item(part, folder, name, key)).collect();
                Some(self.list(items, folder, names.is_empty(), part.form == Form::Each && !part.never_deleted))
            }
            Form::Pairs => {
                let names = files.json(&part.except);
                let items = names.iter().filter_map(|name| self.pair(part, folder, name, key)).collect();
                for text in files.with_extension("html") {
                    if !files.has(&format!("{}.json", stem(text))) {
                        self.source.findings.push(skipped(&inside(folder, text), "has no JSON file of its name"));
                    }
                }
                Some(self.list(items, folder, names.is_empty(), !part.never_deleted))
            }
            Form::Folders => {
                let file = part.file.as_deref()?;
                let items = files.folders.iter().filter_map(|name| self.item(part, &inside(folder, name), file, key));
                let items: Vec<Node> = items.collect();
                Some(self.list(items, folder, files.folders.is_empty(), true))
            }
            Form::Object => self.object(part, folder, key),
            Form::Insertions => {
                let file = inside(folder, part.file.as_deref()?);
                let node = if self.source.exists(&file) { self.source.json(&file, None) } else { None };
                Some(self.insertions(node?, folder, key))
            }
        }
    }

    fn list(&mut self, items: Vec<Node>, folder: &str, is_empty: bool, is_said: bool) -> Node {
        if is_empty && is_said {
            let severity = if self.deletes { Severity::Warning } else { Severity::Note };
            self.source.findings.push(nothing_in(folder, severity));
        }
        Node::new(Content::List(items), start_of(folder))
    }

    /// Reads one item of a list.
    fn item(&mut self, part: &Part, folder: &str, name: &str, key: &str) -> Option<Node> {
        let path = inside(folder, name);
        let mut item = self.source.json(&path, None)?;
        if is_empty_object(&item) {
            self.source.findings.push(skipped(&path, "holds an empty object"));
            return None;
        }
        settle(&mut item, part);
        let origin = Origin::Directory { root: self.root, folder, stem: stem(name) };
        companion::inline(self.source, &mut item, &part.companions, &origin, key);
        let sibling = part.companions.iter().find(|companion| companion.sibling.is_some());
        if let Some(companion) = sibling.filter(|companion| item.get(&companion.field).is_none()) {
            self.source.findings.push(skipped(&path, &format!("has no `{}` and no file for it", companion.field)));
            return None;
        }
        Some(if part.form == Form::Keyed { self.keyed(item, part) } else { item })
    }

    /// Reads an item whose text is the file of its name, whatever the item says.
    fn pair(&mut self, part: &Part, folder: &str, name: &str, key: &str) -> Option<Node> {
        let path = inside(folder, name);
        let mut item = self.source.json(&path, None)?;
        let companion = part.companions.first()?;
        let text = inside(folder, &format!("{}.{}", stem(name), companion.sibling.as_deref()?));
        if self.source.is_file(&text) {
            if let Some(text) = self.source.companion(&text, &item.place, key) {
                set(&mut item, &companion.field, text);
            }
        } else if part.textless.iter().any(|textless| textless == stem(name)) {
            let place = item.get(&companion.field).map_or(&item.place, |node| &node.place).clone();
            set(&mut item, &companion.field, Node::new(Content::Text(String::new()), place));
        } else {
            self.source.findings.push(skipped(&path, &format!("has no `{text}` beside it")));
            return None;
        }
        Some(item)
    }

    /// Puts an item below the keys that it names.
    fn keyed(&mut self, item: Node, part: &Part) -> Node {
        let mut value = item;
        let keys: Vec<_> = part
            .by
            .iter()
            .map(|by| value.get(by).and_then(|node| Some((node.as_text()?.to_owned(), node.place.clone()))))
            .collect();
        for (key, by) in keys.into_iter().zip(&part.by).rev() {
            let Some((key, key_place)) = key else {
                let missing = format!("`{by}` is missing, which says what this belongs to");
                self.source.findings.push(Diagnostic::error("missing-field", missing).at(&value.place));
                continue;
            };
            let place = value.place.clone();
            value = Node::new(Content::Map(vec![Entry { key, key_place, value }]), place);
        }
        value
    }

    fn object(&mut self, part: &Part, folder: &str, key: &str) -> Option<Node> {
        let settings = part.settings.as_ref().map(|file| inside(folder, file));
        let mut object = match settings.filter(|file| self.source.exists(file)) {
            Some(file) => self.source.json(&file, None)?,
            None => Node::new(Content::Map(Vec::new()), start_of(folder)),
        };
        for member in &part.parts {
            if let Some(value) = self.value(member, &inside(folder, &member.folder), key) {
                let key_place = value.place.clone();
                companion::put(&mut object, Entry { key: member.key.clone(), key_place, value });
            }
        }
        if is_empty_object(&object) {
            self.source.findings.push(nothing_in(folder, Severity::Note));
            return None;
        }
        Some(object)
    }

    /// `{a: [{b: [{name, template}]}]}` -> `{a: {b: {name: text}}}`. White space around a text is not part of it.
    fn insertions(&mut self, node: Node, folder: &str, key: &str) -> Node {
        let place = node.place.clone();
        let Content::Map(outer) = node.value else { return node };
        let outer = outer.into_iter().map(|entry| {
            let mut inner = Vec::new();
            for screen in entry.value.items().iter().flat_map(Node::entries) {
                let texts = screen.value.items().iter().filter_map(|item| self.insertion(item, folder, key)).collect();
                let value = Node::new(Content::Map(texts), screen.value.place.clone());
                inner.push(Entry { value, ..screen.clone() });
            }
            let value = Node::new(Content::Map(inner), entry.value.place.clone());
            Entry { value, ..entry }
        });
        Node::new(Content::Map(outer.collect()), place)
    }

    fn insertion(&mut self, item: &Node, folder: &str, key: &str) -> Option<Entry> {
        let (Some(name), Some(template)) = (item.get("name"), item.get("template")) else {
            let missing = "an insertion needs `name` and `template`";
            self.source.findings.push(Diagnostic::error("missing-field", missing).at(&item.place));
            return None;
        };
        let path = match companion::locate(self.source, folder, template.as_text()?) {
            Ok(path) => path,
            Err(outside) => {
                self.source.findings.push(companion::refused(template, outside));
                return None;
            }
        };
        let mut value = self.source.companion(&path, &template.place, key)?;
        if let Content::Text(text) = &mut value.value {
            *text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_owned();
        }
        Some(Entry { key: name.as_text()?.to_owned(), key_place: name.place.clone(), value })
    }
}

/// What lies directly in a folder, by name.
pub(super) struct Folder {
    pub files: Vec<String>,
    pub folders: Vec<String>,
}

impl Folder {
    fn json(&self, except: &[String]) -> Vec<String> {
        self.with_extension("json")
            .filter(|name| !except.iter().any(|other| other == name))
            .map(str::to_owned)
            .collect()
    }

    pub fn with_extension(&self, extension: &str) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .map(String::as_str)
            .filter(move |name| name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && end == extension))
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Returns the place of what a folder as a whole says.
fn start_of(folder: &str) -> Place {
    Place { file: Arc::from(folder), line: 1, column: 1 }
}

fn skipped(path: &str, why: &str) -> Diagnostic {
    Diagnostic::warning("skipped-file", format!("`{path}` is left out: it {why}")).at(&start_of(path))
}

fn nothing_in(folder: &str, severity: Severity) -> Diagnostic {
    let said = format!("`{folder}/` exists and holds no item: the project wants none of its objects");
    Diagnostic { severity, ..Diagnostic::note("empty-folder", said) }
        .at(&start_of(folder))
        .help("With AUTH0_ALLOW_DELETE they are deleted. Remove the folder to leave them unmanaged.")
}
