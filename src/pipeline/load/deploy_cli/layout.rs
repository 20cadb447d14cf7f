//! Where the Deploy CLI keeps each type, in both formats: `layout.toml`, read once.
//!
//! The table knows files and folders only. What a type is belongs to the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

static LAYOUT: LazyLock<Result<Layout, String>> =
    LazyLock::new(|| toml::from_str(include_str!("layout.toml")).map_err(|error| format!("layout.toml: {error}")));

/// Returns the table that is built into the program.
///
/// # Panics
/// When `layout.toml` is broken, which a test of this module finds before anybody can build a release from it.
#[expect(clippy::panic, reason = "the table is part of the program; a test reads it")]
pub(in crate::pipeline) fn layout() -> &'static Layout {
    match &*LAYOUT {
        Ok(layout) => layout,
        Err(error) => panic!("the Deploy CLI's layout is broken: {error}"),
    }
}

/// Every type of the Deploy CLI.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct Layout {
    pub types: Vec<Part>,
    /// Names that settings may still hold though the types are gone.
    pub retired: BTreeSet<String>,
}

/// A value: a top-level key of the YAML format, or a member of one that has files of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct Part {
    pub key: String,
    #[serde(default)]
    pub form: Form,
    /// Directory format: relative to the project (types) or to the type's folder (parts).
    #[serde(default)]
    pub folder: String,
    #[serde(default)]
    pub file: Option<String>,
    /// Files of the folder that belong to another type.
    #[serde(default)]
    pub except: Vec<String>,
    #[serde(default)]
    pub companions: Vec<Companion>,
    /// The Deploy CLI deletes none of them, whatever its settings say.
    #[serde(default)]
    pub never_deleted: bool,
    /// The kind that the type's name means in settings, where that is not the kind under its key.
    #[serde(default)]
    pub stands_for: Option<String>,
    /// Members that become the keys of a `keyed` item, outermost first.
    #[serde(default)]
    pub by: Vec<String>,
    /// Members of an `object` with files of their own.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// The file of an `object` that holds its other members.
    #[serde(default)]
    pub settings: Option<String>,
    /// The setting that names another folder, directory format only.
    #[serde(default)]
    pub folder_setting: Option<String>,
    /// A member that the YAML format keeps in a JSON file of its own, whose members join the item.
    #[serde(default)]
    pub body: Option<String>,
    /// A text field that is lower-cased, white space becoming `-`.
    #[serde(default)]
    pub slug: Option<String>,
    /// Fields that are dropped when they hold nothing.
    #[serde(default)]
    pub drop_empty: Vec<String>,
    /// Items of `pairs`, by file name, that need no text of their own.
    #[serde(default)]
    pub textless: Vec<String>,
    /// A member of an item that older projects keep one level higher.
    #[serde(default)]
    pub hoist: Option<Hoist>,
}

/// How files make up a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::pipeline) enum Form {
    /// One JSON file holds it whole.
    #[default]
    File,
    /// A list: each JSON file of the folder is an item.
    Each,
    /// A list: each folder in the folder is an item, described by `file`.
    Folders,
    /// A list: each JSON file with its text of the same name is an item.
    Pairs,
    /// One object of several files.
    Object,
    /// The first JSON file of the folder holds it whole.
    First,
    /// A list like `each`, whose items go below keys taken out of them.
    Keyed,
    /// `{a: [{b: [{name, template: path}]}]}`, read as `{a: {b: {name: text}}}`.
    Insertions,
    /// Has no files of its own: it lies in another type's.
    None,
}

/// A field that holds the path of a text file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct Companion {
    /// Dotted; `[]` stands for the items of a list, `*` for the members of a map.
    pub field: String,
    /// What paths of the directory format start from.
    pub base: Base,
    /// What paths of the YAML format start from, relative to its base path.
    #[serde(default)]
    pub yaml_base: String,
    /// The field may hold the text itself.
    #[serde(default)]
    pub inline: bool,
    /// Without a usable path, the text is the file beside the item with its name and this extension.
    #[serde(default)]
    pub sibling: Option<String>,
    /// Only items with these values name a file.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::pipeline) enum Base {
    /// The project's folder.
    Root,
    /// The folder of the item's file.
    Folder,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct Hoist {
    pub from: String,
    pub into: String,
}

impl Layout {
    pub fn find(&self, key: &str) -> Option<&Part> {
        self.types.iter().find(|part| part.key == key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|part| part.key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_names_each_type_once() {
        let layout = layout();
        assert_eq!(layout.types.len(), 44);
        let names: BTreeSet<_> = layout.keys().collect();
        assert_eq!(names.len(), layout.types.len());
        for kind in &layout.types {
            assert!(kind.form == Form::Object || kind.parts.is_empty(), "{}", kind.key);
            assert!(kind.form != Form::Folders || kind.file.is_some(), "{}", kind.key);
        }
    }
}
