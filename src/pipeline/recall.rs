//! A record as what is wanted: the same refresh, matching and comparison then say what has moved since.
//!
//! Nothing is ever applied from it: it has no secrets, and what is ours is found by id alone.

use serde_json::{Map as JsonMap, Value as Json};

use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::{Applied, Owned};
use crate::model::desired::{Desired, MEMBERS, Resource, TenantSettings};
use crate::model::path::{FieldPath, Segment};
use crate::model::secret::Secret;
use crate::model::value::{Map, Part, Reference, Value};
use crate::pipeline::references;

/// Returns what a record says is ours, and the addresses of kinds that this version does not know.
pub fn recall(applied: &Applied, settings: &TenantSettings) -> (Desired, Vec<Address>) {
    let mut settings = settings.clone();
    settings.bind.clear();
    let mut desired = Desired {
        excluded: settings.excluded.clone(),
        settings,
        resources: Vec::new(),
        removed: Vec::new(),
        declared: Default::default(),
        released: Default::default(),
        narrowed: Default::default(),
    };
    let mut unknown = Vec::new();
    let project = desired.settings.project.clone();
    for (address, owned) in applied.resources.iter().filter(|(_, owned)| owned.is_of(project.as_deref())) {
        let Some(kind) = catalogue().kind(&owned.kind) else {
            unknown.push(address.clone());
            continue;
        };
        if desired.excluded.kind(kind) || desired.excluded.address(address) {
            continue;
        }
        // Only the very object is ours, whatever it is called by now.
        if let (Some(id), Shape::Collection) = (&owned.id, kind.shape) {
            desired.settings.bind.insert(address.as_str().to_owned(), id.0.clone());
        }
        desired.declared.insert(kind.name.clone());
        desired.resources.push(resource(address, owned, kind));
    }
    (desired, unknown)
}

fn resource(address: &Address, owned: &Owned, kind: &'static Kind) -> Resource {
    let mut body = Map::new();
    match &owned.fields {
        Json::Object(fields) => {
            for (key, value) in fields {
                body.insert(key.clone(), recalled(kind, &FieldPath::default().key(key), value));
            }
        }
        members => drop(body.insert(MEMBERS.to_owned(), recalled(kind, &FieldPath::default(), members))),
    }
    let bare = Resource::bare(address.clone(), kind, owned.name.clone(), owned.parent.clone());
    let mut resource = Resource { body, ..bare };
    references::point_alone(&mut resource);
    resource
}

/// Reads back what [`crate::pipeline::report::json::value`] wrote.
fn recalled(kind: &Kind, at: &FieldPath, json: &Json) -> Value {
    match json {
        Json::Object(map) => match special(kind, at, map) {
            Some(value) => value,
            None => Value::Map(map.iter().map(|(key, v)| (key.clone(), recalled(kind, &at.key(key), v))).collect()),
        },
        Json::Array(items) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| recalled(kind, &at.with(Segment::Index(index)), item))
                .collect(),
        ),
        plain => Value::from_json(plain.clone()),
    }
}

/// A secret, where there may be one, or a text with holes.
fn special(kind: &Kind, at: &FieldPath, map: &JsonMap<String, Json>) -> Option<Value> {
    if map.len() != 1 {
        return None;
    }
    if let Some(name) = map.get("secret").and_then(Json::as_str) {
        let may_be = kind.fields.secret.iter().chain(&kind.fields.write_only).any(|pattern| pattern.covers(at));
        return may_be.then(|| Value::Secret(Secret::recorded(name)));
    }
    let parts = map.get("template")?.as_array()?;
    let mut out = Vec::new();
    for item in parts {
        out.push(match item {
            Json::String(text) => Part::Text(text.clone()),
            Json::Object(part) => match part.get("secret").and_then(Json::as_str) {
                // What the whole text was is only known by its fingerprint.
                Some(name) => return Some(Value::Secret(Secret::recorded(name))),
                None => {
                    let word = |key: &str| part.get(key).and_then(Json::as_str).map(str::to_owned);
                    let (space, name, by) = (word("kind")?, word("reference")?, word("field")?);
                    Part::Reference(Reference { space, name, by })
                }
            },
            _ => return None,
        });
    }
    match out.as_slice() {
        [Part::Reference(reference)] => Some(Value::Reference(reference.clone())),
        _ => Some(Value::Template(out)),
    }
}
