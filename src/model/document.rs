//! A project's YAML after parsing: values that remember where they stand.

use std::fmt;
use std::sync::Arc;

use serde_json::Number;

use super::secret::Secret;
use super::value::{Map, Part, Value};

/// Where something stands. Lines and columns count from 1; a file's name is relative to the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Content,
    pub place: Place,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// `{{secret "name"}}`, alone in its string.
    Secret(Secret),
    /// A string with secrets or holes in it, or a `{{ref}}` alone.
    Template(Vec<TextPart>),
}

/// One part of a rendered string.
#[derive(Clone, Debug)]
pub enum TextPart {
    Text(String),
    Secret(Secret),
    /// `{{ref "clients/Web" "client_id"}}`: address and field as typed; resolved later.
    Ref {
        address: String,
        field: String,
    },
}

/// A member of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Node,
}

impl Node {
    pub fn new(value: Content, place: Place) -> Self {
        Self { value, place }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Content::Map(entries) => entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// Takes a member out of a map.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        match &mut self.value {
            Content::Map(entries) => {
                let position = entries.iter().position(|entry| entry.key == key)?;
                Some(entries.remove(position))
            }
            _ => None,
        }
    }

    /// Returns the members of a map; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Content::Null)
    }

    /// Drops the places. `{{ref}}` parts become references in the space `ref`, with the typed address as name,
    /// which `resolve` turns into real ones.
    pub fn to_value(&self) -> Value {
        match &self.value {
            Content::Null => Value::Null,
            Content::Bool(b) => Value::Bool(*b),
            Content::Number(n) => Value::Number(n.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Content::Map(entries) => {
                Value::Map(entries.iter().map(|e| (e.key.clone(), e.value.to_value())).collect::<Map>())
            }
            Content::Secret(secret) => Value::Secret(secret.clone()),
            Content::Template(parts) => Value::Template(
                parts
                    .iter()
                    .map(|part| match part {
                        TextPart::Text(text) => Part::Text(text.clone()),
                        TextPart::Secret(secret) => Part::Secret(secret.clone()),
                        TextPart::Ref { address, field } => Part::Reference(super::value::Reference {
                            space: "ref".to_owned(),
                            name: address.clone(),
                            by: field.clone(),
                        }),
                    })
                    .collect(),
            ),
        }
    }

    /// Names the type for messages: `a list`, `text`.
    pub fn type_name(&self) -> &'static str {
        match self.value {
            Content::Null => "null",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) | Content::Secret(_) | Content::Template(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// A project as loaded for one tenant: rendered, merged, companion files in place, still by the projects' own keys.
#[derive(Debug)]
pub struct Documents {
    /// The top-level keys and what stands under them, one entry a key.
    pub root: Vec<Entry>,
    /// Resources that are taken out for this tenant (`$only`, `$remove`), under their top-level key.
    pub removed: Vec<Entry>,
    pub settings: super::desired::TenantSettings,
    /// The text of each file that places point into, to quote the offending line. As on disk, never substituted.
    pub files: SourceTexts,
}

/// File name -> its text as on disk.
pub type SourceTexts = std::collections::BTreeMap<Arc<str>, Arc<str>>;
