//! Values as the Management API knows them, with the three things JSON lacks: taint, references, holes.

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

use super::secret::Secret;

/// An object's members in the order they were written or received.
pub type Map = IndexMap<String, Value>;

/// A JSON value in which secrets are tainted and ids of other objects are references.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Value>),
    Map(Map),
    /// A string that must not be shown.
    Secret(Secret),
    /// Another object, named; on the wire its id or the field that `by` says.
    Reference(Reference),
    /// A string with parts that only exist once other objects do.
    Template(Vec<Part>),
}

/// A pointer to another object by the name that people use for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The name space of the target: its kind's `space` (`connections` for databases too).
    pub space: String,
    /// The identity of the target, composite ones joined by `,`.
    pub name: String,
    /// The field of the target that stands on the wire: `id` for its id.
    pub by: String,
}

/// One part of a [`Value::Template`].
#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Reference(Reference),
    Secret(Secret),
}

impl Value {
    /// Takes plain JSON; nothing is tainted yet (see `catalogue::taint`).
    pub fn from_json(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => Self::Number(n),
            Json::String(s) => Self::String(s),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from_json).collect()),
            Json::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, Self::from_json(v))).collect()),
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Says whether it is null, or a map of nothing else: it asks for nothing where nothing is.
    pub fn only_unsets(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Map(map) => !map.is_empty() && map.values().all(Self::only_unsets),
            _ => false,
        }
    }

    /// Says whether it is null, `""`, `[]` or `{}`.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(s) => s.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Calls `visit` with every reference inside.
    pub fn references<'a>(&'a self, visit: &mut impl FnMut(&'a Reference)) {
        match self {
            Self::Reference(reference) => visit(reference),
            Self::List(list) => list.iter().for_each(|v| v.references(visit)),
            Self::Map(map) => map.values().for_each(|v| v.references(visit)),
            Self::Template(parts) => parts.iter().for_each(|part| {
                if let Part::Reference(reference) = part {
                    visit(reference);
                }
            }),
            _ => {}
        }
    }

    /// Calls `visit` with every secret inside.
    pub fn secrets<'a>(&'a self, visit: &mut impl FnMut(&'a Secret)) {
        match self {
            Self::Secret(secret) => visit(secret),
            Self::List(list) => list.iter().for_each(|v| v.secrets(visit)),
            Self::Map(map) => map.values().for_each(|v| v.secrets(visit)),
            Self::Template(parts) => parts.iter().for_each(|part| {
                if let Part::Secret(secret) = part {
                    visit(secret);
                }
            }),
            _ => {}
        }
    }

    /// Turns the value into what goes over the wire. The only place where taint is lifted.
    ///
    /// `fill` gives the text of a reference. Errors: what could not be filled.
    pub fn to_wire(&self, fill: &dyn Fn(&Reference) -> Option<String>) -> Result<Json, Unfilled> {
        Ok(match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => Json::Number(n.clone()),
            Self::String(s) => Json::String(s.clone()),
            Self::List(list) => Json::Array(list.iter().map(|v| v.to_wire(fill)).collect::<Result<_, _>>()?),
            Self::Map(map) => Json::Object(
                map.iter().map(|(k, v)| Ok((k.clone(), v.to_wire(fill)?))).collect::<Result<_, Unfilled>>()?,
            ),
            Self::Secret(secret) => Json::String(expose(secret)?),
            Self::Reference(reference) => Json::String(filled(reference, fill)?),
            Self::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(piece) => text.push_str(piece),
                        Part::Reference(reference) => text.push_str(&filled(reference, fill)?),
                        Part::Secret(secret) => text.push_str(&expose(secret)?),
                    }
                }
                Json::String(text)
            }
        })
    }

    /// Turns the value into JSON that may be shown: secrets and holes appear by name.
    pub fn to_shown(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => Json::Number(n.clone()),
            Self::String(s) => Json::String(s.clone()),
            Self::List(list) => Json::Array(list.iter().map(Self::to_shown).collect()),
            Self::Map(map) => Json::Object(map.iter().map(|(k, v)| (k.clone(), v.to_shown())).collect()),
            Self::Secret(secret) => Json::String(format!("(secret {})", secret.name)),
            Self::Reference(reference) => Json::String(reference.name.clone()),
            Self::Template(parts) => Json::String(
                parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(piece) => piece.clone(),
                        Part::Reference(reference) => format!("({} of {})", reference.by, reference.name),
                        Part::Secret(secret) => format!("(secret {})", secret.name),
                    })
                    .collect(),
            ),
        }
    }
}

/// What [`Value::to_wire`] could not turn into text.
#[derive(Debug, thiserror::Error)]
pub enum Unfilled {
    #[error("{} `{}` has no {} yet", .0.space, .0.name, .0.by)]
    Reference(Reference),
    #[error("the secret `{0}` has no value here")]
    Secret(String),
}

fn filled(reference: &Reference, fill: &dyn Fn(&Reference) -> Option<String>) -> Result<String, Unfilled> {
    fill(reference).ok_or_else(|| Unfilled::Reference(reference.clone()))
}

fn expose(secret: &Secret) -> Result<String, Unfilled> {
    secret.expose().map(str::to_owned).ok_or_else(|| Unfilled::Secret(secret.name.clone()))
}

/// Compares as JSON does, with numbers by value (`1` is `1.0`) and map order ignored. Secrets are equal when
/// both are known and the same text, references when they name the same object and field.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b || a.as_f64() == b.as_f64(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Secret(a), Self::Secret(b)) => a.same_text(b),
            (Self::Reference(a), Self::Reference(b)) => a == b,
            (Self::Template(a), Self::Template(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|pair| match pair {
                        (Part::Text(a), Part::Text(b)) => a == b,
                        (Part::Reference(a), Part::Reference(b)) => a == b,
                        (Part::Secret(a), Part::Secret(b)) => a.same_text(b),
                        _ => false,
                    })
            }
            _ => false,
        }
    }
}
