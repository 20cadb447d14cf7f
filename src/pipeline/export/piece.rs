//! A value on its way into a file: what is text, what is secret and what lies in a companion file is known, how a
//! format writes it is not. It never holds a secret's text or an id that a reference stands for.

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

use crate::catalogue::kind::Kind;

use super::literal;

/// A value of a project's files.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    Secret(SecretPlace),
    List(Vec<Piece>),
    Map(IndexMap<String, Piece>),
}

/// A string.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub text: String,
    /// Auth0 renders it, so handlebars keeps off.
    pub hands_off: bool,
    /// What in it looks like a keyword of files and is none: it came from the tenant.
    pub lookalikes: Vec<String>,
    /// It is code or a page, which projects keep in a file of its own.
    pub file: Option<FileField>,
}

/// Which field of which object a companion file holds.
#[derive(Clone, Debug)]
pub(super) struct FileField {
    pub kind: &'static Kind,
    /// The object's name.
    pub owner: String,
    /// The field as the catalogue names it, `options.customScripts.*`.
    pub pattern: String,
    /// The field's own name, or what stands for its `*`: `code`, `login`.
    pub words: Vec<String>,
    pub extension: String,
}

/// Where a secret stands: the name is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretPlace {
    /// From the kind down to the field, most general first.
    pub words: Vec<String>,
    /// Unique in the tenant, once all are known.
    pub name: String,
}

impl Text {
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let lookalikes = literal::lookalikes(&text);
        Self { text, hands_off: false, lookalikes, file: None }
    }
}

impl Piece {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::plain(text))
    }

    pub fn as_map_mut(&mut self) -> Option<&mut IndexMap<String, Self>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Calls `visit` with every secret, in the order of the files.
    pub fn secrets(&mut self, visit: &mut impl FnMut(&mut SecretPlace)) {
        match self {
            Self::Secret(place) => visit(place),
            Self::List(list) => list.iter_mut().for_each(|piece| piece.secrets(visit)),
            Self::Map(map) => map.values_mut().for_each(|piece| piece.secrets(visit)),
            _ => {}
        }
    }

    /// Turns it into JSON; `write` gives the text of strings and secrets. Secrets are handed over by name.
    pub fn to_json(&self, write: &mut dyn FnMut(Leaf<'_>) -> Json) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text(text) => write(Leaf::Text(text)),
            Self::Secret(place) => write(Leaf::Secret(&place.name)),
            Self::List(list) => Json::Array(list.iter().map(|piece| piece.to_json(write)).collect()),
            Self::Map(map) => {
                Json::Object(map.iter().map(|(key, piece)| (key.clone(), piece.to_json(write))).collect())
            }
        }
    }
}

/// What a format decides how to write.
#[derive(Debug)]
pub(super) enum Leaf<'a> {
    Text(&'a Text),
    /// A secret's name.
    Secret(&'a str),
}
