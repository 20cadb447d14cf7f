//! Live objects in the words of the files: ids become names, derived fields go, secrets are tainted.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalogue::kind::{Kind, Verb};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::{Address, join_names};
use crate::model::desired::MEMBERS;
use crate::model::live::{Live, Object};
use crate::model::names::RemoteId;
use crate::model::path::FieldPath;
use crate::model::secret::Secret;
use crate::model::value::{Map, Reference, Value};
use crate::pipeline::ceremony;
use crate::pipeline::members;
use crate::pipeline::references::qualified;
use crate::pipeline::resolve::address_of;

/// Makes an object out of an answer: unwraps it, renames nothing, taints secrets.
pub fn object(kind: &'static Kind, parent: Option<RemoteId>, key: BTreeMap<String, String>, answer: Json) -> Object {
    let answer = inward(kind, &key, answer);
    let mut body = match Value::from_json(answer) {
        Value::Map(map) => map,
        other => Map::from_iter([(kind.bare.as_ref().map_or(String::new(), |bare| bare.field.clone()), other)]),
    };
    let id =
        kind.id.as_ref().and_then(|field| body.get(field)).and_then(Value::as_str).map(|id| RemoteId(id.to_owned()));
    let mut key = key;
    for field in &kind.identity {
        if let Some(text) = body.get(field).and_then(scalar) {
            key.entry(field.clone()).or_insert(text);
        } else if let (Some(id), true) = (&id, kind.has(Quirk::NamedByRecord)) {
            key.entry(field.clone()).or_insert_with(|| id.0.clone());
        }
    }
    let mut value = Value::Map(std::mem::take(&mut body));
    taint(kind, &mut value);
    if let Value::Map(map) = value {
        body = map;
    }
    Object { kind, id, parent, key, body }
}

/// Makes the object that holds a member list.
pub fn member_list(
    kind: &'static Kind,
    parent: Option<RemoteId>,
    key: BTreeMap<String, String>,
    items: Vec<Json>,
) -> Object {
    let mut list = members::from_live(kind, items);
    taint(kind, &mut list);
    Object { kind, id: None, parent, key, body: Map::from_iter([(MEMBERS.to_owned(), list)]) }
}

/// Makes the object that holds a member list which the API answers as a map.
pub fn member_map(kind: &'static Kind, parent: Option<RemoteId>, answer: Json) -> Object {
    let mut list = members::from_live_map(kind, answer);
    taint(kind, &mut list);
    Object { kind, id: None, parent, key: BTreeMap::new(), body: Map::from_iter([(MEMBERS.to_owned(), list)]) }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Says whether an answer tells that there is none.
pub fn is_none(kind: &Kind, answer: &Json) -> bool {
    kind.has(Quirk::KeySuccession) && answer.as_array().is_some_and(Vec::is_empty)
}

/// Of keys that follow one another the newest says what was asked for last: the next, else the one in use.
fn newest(answer: Json) -> Json {
    let Json::Array(keys) = answer else { return answer };
    let standing = |name: &str| keys.iter().find(|key| key.get(name) == Some(&Json::Bool(true)));
    let mut key = standing("next").or_else(|| standing("current")).or(keys.first()).cloned().unwrap_or_default();
    if let Json::Object(map) = &mut key
        && let Some(algorithm) = map.get("algorithm").cloned()
    {
        map.insert("signing_alg".to_owned(), algorithm);
    }
    key
}

/// Takes the kind's part out of an answer.
fn inward(kind: &Kind, key: &BTreeMap<String, String>, answer: Json) -> Json {
    if kind.has(Quirk::KeySuccession) {
        return newest(answer);
    }
    if let Some(bare) = kind.bare.as_ref().filter(|bare| bare.response) {
        return Json::Object(serde_json::Map::from_iter([(bare.field.clone(), answer)]));
    }
    match kind.key_path(key).and_then(|own| own.inside.as_ref()) {
        Some(inside) => answer.get(inside).cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new())),
        None => answer,
    }
}

/// A secret that the API never returns in clear is missing, whatever stands in its place.
fn taint(kind: &Kind, body: &mut Value) {
    for pattern in &kind.fields.secret {
        let hidden = kind.fields.write_only.contains(pattern);
        pattern.rewrite(body, &mut |path, value| {
            Some(match value {
                Value::String(text) if text.is_empty() => Value::String(text),
                Value::String(text) if hidden || kind.fields.masks.contains(&text) => {
                    drop(text);
                    Value::Secret(Secret::missing(path.to_string()))
                }
                Value::String(text) => Value::Secret(Secret::new(path.to_string(), text)),
                other => other,
            })
        });
    }
}

/// Returns an object's identity as the API has it, ids of others not yet named.
pub fn raw_name(object: &Object) -> String {
    let parts: Vec<String> = object
        .kind
        .identity
        .iter()
        .map(|field| {
            let read = object.key.get(field).cloned().or_else(|| object.body.get(field).and_then(scalar));
            read.or_else(|| object.kind.identity_defaults.get(field).cloned())
                .or_else(|| {
                    object
                        .kind
                        .has(Quirk::GranteeOrDefault)
                        .then(|| object.body.get("default_for").and_then(scalar))
                        .flatten()
                })
                .unwrap_or_default()
        })
        .collect();
    join_names(&parts)
}

/// The names of live objects, by which ids are replaced.
#[derive(Debug, Default)]
pub struct Names {
    /// (space, id) -> qualified name.
    by_id: BTreeMap<(String, String), String>,
    /// (space, id) -> address.
    addresses: BTreeMap<(String, String), Address>,
}

impl Names {
    /// Names all objects. `renamed` overrides the name of an id (a `$was` under way, a `$key` of the files).
    pub fn of(live: &Live, renamed: &BTreeMap<(String, String), (String, Address)>) -> Self {
        let mut names = Self::default();
        // Kinds whose identity holds ids of others come after those others; children after parents.
        let depth = |object: &Object| {
            let refers =
                object.kind.references.iter().any(|reference| {
                    object.kind.identity.contains(&reference.field.to_string()) && reference.by == "id"
                });
            (object.kind.parent.is_some(), refers)
        };
        let mut order: Vec<&Object> = live.objects.iter().filter(|object| object.id.is_some()).collect();
        order.sort_by_key(|object| depth(object));
        for object in order {
            let Some(id) = &object.id else { continue };
            let key = (object.kind.space().to_owned(), id.0.clone());
            let (name, address) = match renamed.get(&key) {
                Some((name, address)) => (name.clone(), address.clone()),
                None => {
                    let name = names.name_of(object);
                    let parent = names.parent_address(object);
                    (name.clone(), address_of(object.kind, parent.as_ref(), &name))
                }
            };
            let parent = object.parent.as_ref().and_then(|id| names.parent_name(object, id));
            names.by_id.insert(key.clone(), qualified(parent.as_deref(), object.kind, &name));
            names.addresses.insert(key, address);
        }
        names
    }

    /// Returns the identity of an object with ids replaced by names.
    pub fn name_of(&self, object: &Object) -> String {
        let mut named = Object { kind: object.kind, id: None, parent: None, key: BTreeMap::new(), body: Map::new() };
        for field in &object.kind.identity {
            let Some(text) = object.key.get(field).cloned().or_else(|| object.body.get(field).and_then(scalar)) else {
                continue;
            };
            let reference = object.kind.references.iter().find(|r| r.by == "id" && r.field.to_string() == *field);
            let text = reference.and_then(|r| self.name(&r.space, &text)).map_or(text.clone(), str::to_owned);
            named.body.insert(field.clone(), Value::String(text));
        }
        if let Some(value) = object.body.get("default_for") {
            named.body.insert("default_for".to_owned(), value.clone());
        }
        raw_name(&named)
    }

    pub fn name(&self, space: &str, id: &str) -> Option<&str> {
        self.by_id.get(&(space.to_owned(), id.to_owned())).map(String::as_str)
    }

    pub fn address(&self, space: &str, id: &str) -> Option<&Address> {
        self.addresses.get(&(space.to_owned(), id.to_owned()))
    }

    /// Returns the address of any object, nested ones and those without ids included.
    pub fn address_of(&self, object: &Object) -> Address {
        if let Some(id) = &object.id
            && let Some(address) = self.address(object.kind.space(), &id.0)
        {
            return address.clone();
        }
        let name = if matches!(object.kind.shape, Shape::Singleton | Shape::OptionalSingleton) {
            String::new()
        } else {
            self.name_of(object)
        };
        address_of(object.kind, self.parent_address(object).as_ref(), &name)
    }

    fn parent_name(&self, object: &Object, id: &RemoteId) -> Option<String> {
        let parent = catalogue().kind(object.kind.parent.as_deref()?)?;
        self.name(parent.space(), &id.0).map(str::to_owned)
    }

    fn parent_address(&self, object: &Object) -> Option<Address> {
        let parent = catalogue().kind(object.kind.parent.as_deref()?)?;
        match &object.parent {
            Some(id) => self.address(parent.space(), &id.0).cloned(),
            None => Some(Address::root(&parent.name)),
        }
    }

    /// Returns all (space, id) pairs and names.
    pub fn iter(&self) -> impl Iterator<Item = (&(String, String), &str)> {
        self.by_id.iter().map(|(key, name)| (key, name.as_str()))
    }

    /// Returns an object's body with ids replaced by references. Read-only fields stay (see [`strip`]).
    pub fn body(&self, object: &Object) -> Map {
        let mut body = if object.kind.shape == Shape::Membership {
            object.body.get(MEMBERS).cloned().unwrap_or(Value::List(Vec::new()))
        } else {
            Value::Map(object.body.clone())
        };
        for field in &object.kind.references {
            field.field.rewrite(&mut body, &mut |_, value| {
                Some(match value {
                    Value::String(text) if text.is_empty() || field.except.contains(&text) => Value::String(text),
                    Value::String(text) if field.by == "id" => match self.name(&field.space, &text) {
                        Some(name) => Value::Reference(Reference {
                            space: field.space.clone(),
                            name: name.to_owned(),
                            by: field.by.clone(),
                        }),
                        None => Value::String(text),
                    },
                    Value::String(text) => {
                        Value::Reference(Reference { space: field.space.clone(), name: text, by: field.by.clone() })
                    }
                    other => other,
                })
            });
        }
        match body {
            Value::Map(map) => map,
            list => Map::from_iter([(MEMBERS.to_owned(), list)]),
        }
    }
}

/// Says whether a field of a kind is derived by the server, so that it is neither compared nor written nor exported.
pub fn is_derived(kind: &Kind, path: &FieldPath) -> bool {
    kind.fields.read_only.iter().chain(&kind.fields.volatile).any(|pattern| pattern.covers(path))
}

/// Drops what is derived, at any depth.
pub fn strip(kind: &Kind, body: &mut Value) {
    for pattern in kind.fields.read_only.iter().chain(&kind.fields.volatile) {
        pattern.rewrite(body, &mut |_, _| None);
    }
}

/// Says whether an object belongs to Auth0, or is one that every tenant has: never deleted, not exported.
pub fn is_builtin(object: &Object) -> bool {
    object.kind.builtin.iter().any(|filter| {
        let field = object.body.get(&filter.field).map(Value::to_shown);
        field.is_some() && filter.fits(field.as_ref())
    })
}

/// Says whether an item of a list is an object of this kind: one of several kinds may share it, and what has no id is
/// what the server shows before anybody made one.
pub fn belongs(kind: &Kind, item: &Json) -> bool {
    let needs_id = matches!(kind.shape, Shape::Collection | Shape::Child);
    let is_made = kind.id.as_ref().is_none_or(|id| item.get(id).is_some_and(|id| !id.is_null()));
    let is_gone = ceremony::is_destroyed(kind, item);
    (is_made || !needs_id) && !is_gone && kind.filter.as_ref().is_none_or(|filter| filter.fits(item.get(&filter.field)))
}

/// Says whether a kind is written by replacing a whole document.
pub fn is_whole_document(kind: &Kind) -> bool {
    kind.has(Quirk::WholeDocument) && kind.verbs.update == Some(Verb::Put)
}
