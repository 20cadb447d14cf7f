//! What an update sends: the changed fields, completed from the live object where the API replaces whole.

use std::collections::BTreeSet;

use crate::catalogue::kind::{Kind, Verb};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::change::Delta;
use crate::model::path::{FieldPath, FieldPattern, Segment};
use crate::model::value::{Map, Value};
use crate::pipeline::canonical::is_derived;
use crate::pipeline::diff::list_key;

/// A field whose secret would be lost: the API replaces the object around it and never showed its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WouldLose(pub FieldPath);

/// Returns the body of an update that makes `deltas` true.
pub fn update_body(kind: &Kind, desired: &Map, live: &Map, deltas: &[Delta]) -> (Map, Vec<WouldLose>) {
    let whole = kind.verbs.update == Some(Verb::Put) || kind.has(Quirk::WholeDocument) || kind.whole_update;
    let mut lost = Vec::new();
    let root = FieldPath::default();
    if whole {
        let mut body = union(kind, &root, desired, live, &mut lost);
        if kind.shape == Shape::Keyed {
            // The key stands in the path.
            body.retain(|field, _| !kind.identity.contains(field));
        }
        return (body, lost);
    }
    let changed: BTreeSet<&str> = deltas
        .iter()
        .filter_map(|delta| match delta.path.0.first() {
            Some(Segment::Key(key)) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    let mut body = Map::new();
    let mut more = Map::new();
    for (field, value) in desired {
        if changed.contains(field.as_str()) {
            let path = root.key(field);
            if let Some(value) = merged(kind, &path, value, live.get(field), &mut lost) {
                body.insert(field.clone(), value);
            }
        }
    }
    for (field, along) in &kind.fields.sent_with {
        if !changed.contains(field.as_str()) {
            continue;
        }
        for other in along.iter().filter(|other| !body.contains_key(*other)) {
            let path = root.key(other);
            let value = match (desired.get(other), live.get(other)) {
                (Some(value), found) => merged(kind, &path, value, found, &mut lost),
                (None, Some(found)) => sendable(kind, &path, found, &mut lost),
                (None, None) => None,
            };
            if let Some(value) = value {
                more.insert(other.clone(), value);
            }
        }
    }
    body.extend(more);
    (without_superseded(kind, desired, without_create_only(kind, body)), lost)
}

/// Of fields that no write may hold together, keeps those that the files name, else the newer.
fn without_superseded(kind: &Kind, desired: &Map, body: Map) -> Map {
    if kind.fields.superseded.is_empty() {
        return body;
    }
    let (mut body, desired) = (Value::Map(body), Value::Map(desired.clone()));
    let has = |value: &Value, pattern: &FieldPattern| !pattern.select(value).is_empty();
    for pair in &kind.fields.superseded {
        if !has(&body, &pair.by) {
            continue;
        }
        let older = pair.fields.iter().any(|field| has(&desired, field)) && !has(&desired, &pair.by);
        let gone = if older { std::slice::from_ref(&pair.by) } else { pair.fields.as_slice() };
        for pattern in gone {
            pattern.rewrite(&mut body, &mut |_, _| None);
        }
    }
    match body {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

/// Takes out what an update refuses inside of what it sends; it is as it was, else the object would be replaced.
fn without_create_only(kind: &Kind, body: Map) -> Map {
    let mut body = Value::Map(body);
    for pattern in &kind.fields.create_only {
        pattern.rewrite(&mut body, &mut |_, _| None);
    }
    match body {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

/// Returns the body of a create: what is declared, without what the server derives or keeps.
pub fn create_body(kind: &Kind, desired: &Map) -> (Map, Vec<WouldLose>) {
    let mut lost = Vec::new();
    let root = FieldPath::default();
    let mut body = Map::new();
    for (field, value) in desired {
        let path = root.key(field);
        if is_derived(kind, &path) || value.is_null() {
            continue;
        }
        let mut value = value.clone();
        clean(kind, &path, &mut value);
        if let Some(value) = merged(kind, &path, &value, None, &mut lost) {
            body.insert(field.clone(), value);
        }
    }
    (body, lost)
}

/// Says whether the API replaces the object at a path. Where the files say all, it is theirs to be replaced.
fn is_replaced(kind: &Kind, path: &FieldPath) -> bool {
    !kind.fields.merged.iter().any(|pattern| pattern.matches(path))
        && !kind.fields.exact.iter().any(|pattern| pattern.covers(path))
}

/// Says whether something around a path is replaced when the path is written.
fn lies_in_what_is_replaced(kind: &Kind, path: &FieldPath) -> bool {
    let is_merged = |around: &FieldPath| kind.fields.merged.iter().any(|pattern| pattern.matches(around));
    (1..path.0.len()).any(|length| !is_merged(&FieldPath(path.0[..length].to_vec())))
}

fn merged(
    kind: &Kind,
    path: &FieldPath,
    desired: &Value,
    live: Option<&Value>,
    lost: &mut Vec<WouldLose>,
) -> Option<Value> {
    if is_derived(kind, path) {
        return None;
    }
    match (desired, live) {
        (Value::Secret(secret), live) if secret.is_keep() => match live {
            // Where the object around it is replaced, the tenant's own value must go back in.
            Some(Value::Secret(found)) if found.expose().is_some() => Some(Value::Secret(found.clone())),
            _ if lies_in_what_is_replaced(kind, path) || live.is_none() && is_creation(live) && path.0.len() == 1 => {
                lost.push(WouldLose(path.clone()));
                None
            }
            _ => None,
        },
        (Value::Map(wanted), Some(Value::Map(found))) if is_replaced(kind, path) => {
            Some(Value::Map(union(kind, path, wanted, found, lost)))
        }
        (Value::Map(wanted), live) => {
            let found = live.and_then(Value::as_map);
            let mut map = Map::new();
            for (key, value) in wanted {
                if let Some(value) = merged(kind, &path.key(key), value, found.and_then(|f| f.get(key)), lost) {
                    map.insert(key.clone(), value);
                }
            }
            Some(Value::Map(map))
        }
        (Value::List(wanted), live) => Some(Value::List(items(kind, path, wanted, live, lost))),
        (value, _) => Some(value.clone()),
    }
}

fn is_creation(live: Option<&Value>) -> bool {
    live.is_none()
}

/// Lists are replaced whole, so what the files leave out of a known item is taken from the live one.
fn items(
    kind: &Kind,
    path: &FieldPath,
    wanted: &[Value],
    live: Option<&Value>,
    lost: &mut Vec<WouldLose>,
) -> Vec<Value> {
    let key = list_key(kind, path);
    let found = live.and_then(Value::as_list).unwrap_or_default();
    let mut list = Vec::new();
    for (index, value) in wanted.iter().enumerate() {
        let item = path.with(Segment::Index(index));
        let have = key.as_ref().and_then(|key| {
            let name = value.as_map()?.get(key)?;
            found.iter().find(|have| have.as_map().and_then(|map| map.get(key)) == Some(name))
        });
        match (value, have) {
            (Value::Map(wanted), Some(Value::Map(found))) => {
                list.push(Value::Map(union(kind, &item, wanted, found, lost)));
            }
            (value, have) => list.extend(merged(kind, &item, value, have, lost)),
        }
    }
    list
}

/// Desired over live, key by key; what is derived or masked stays out.
fn union(kind: &Kind, path: &FieldPath, desired: &Map, live: &Map, lost: &mut Vec<WouldLose>) -> Map {
    let mut map = Map::new();
    for (key, value) in live {
        let inner = path.key(key);
        if is_derived(kind, &inner) || desired.contains_key(key) {
            continue;
        }
        if let Some(value) = sendable(kind, &inner, value, lost) {
            map.insert(key.clone(), value);
        }
    }
    for (key, value) in desired {
        let inner = path.key(key);
        match (value, live.get(key)) {
            (Value::Map(wanted), Some(Value::Map(found))) if !is_derived(kind, &inner) => {
                map.insert(key.clone(), Value::Map(union(kind, &inner, wanted, found, lost)));
            }
            (value, found) => {
                if let Some(value) = merged(kind, &inner, value, found, lost) {
                    map.insert(key.clone(), value);
                }
            }
        }
    }
    map
}

/// Returns a live value fit to be sent back; a secret whose value was never shown cannot be.
fn sendable(kind: &Kind, path: &FieldPath, value: &Value, lost: &mut Vec<WouldLose>) -> Option<Value> {
    if is_derived(kind, path) {
        return None;
    }
    match value {
        Value::Secret(secret) if secret.expose().is_none() => {
            lost.push(WouldLose(path.clone()));
            None
        }
        Value::Map(map) => Some(Value::Map(
            map.iter()
                .filter_map(|(key, value)| Some((key.clone(), sendable(kind, &path.key(key), value, lost)?)))
                .collect(),
        )),
        Value::List(list) => Some(Value::List(
            list.iter()
                .enumerate()
                .filter_map(|(index, value)| sendable(kind, &path.with(Segment::Index(index)), value, lost))
                .collect(),
        )),
        value => Some(value.clone()),
    }
}

/// Drops derived fields and, from what does not exist yet, nulls inside maps that mean "unset".
fn clean(kind: &Kind, path: &FieldPath, value: &mut Value) {
    match value {
        Value::Map(map) => {
            map.retain(|key, _| !is_derived(kind, &path.key(key)));
            for (key, value) in map.iter_mut() {
                clean(kind, &path.key(key), value);
            }
        }
        Value::List(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                clean(kind, &path.with(Segment::Index(index)), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::catalogue;
    use crate::model::secret::Secret;
    use serde_json::json;

    fn map(json: serde_json::Value) -> Map {
        match Value::from_json(json) {
            Value::Map(map) => map,
            _ => panic!("a map"),
        }
    }

    fn delta(path: &str) -> Delta {
        Delta { path: FieldPath::default().key(path), before: None, after: None, note: None, cause: None }
    }

    #[test]
    fn options_are_read_merged_and_written() {
        let kind = catalogue().kind("databases").unwrap();
        let desired = map(json!({"name": "users", "options": {"disable_signup": true}}));
        let live = map(json!({"name": "users", "options": {"disable_signup": false, "mfa": {"active": true}}}));
        let (body, lost) = update_body(kind, &desired, &live, &[delta("options")]);
        assert_eq!(
            Value::Map(body),
            Value::from_json(json!({"options": {"mfa": {"active": true}, "disable_signup": true}}))
        );
        assert!(lost.is_empty());
    }

    #[test]
    fn a_secret_that_would_be_lost_is_named() {
        let kind = catalogue().kind("databases").unwrap();
        let desired = map(json!({"options": {"disable_signup": true}}));
        let mut live = map(json!({"options": {"configuration": {"KEY": "x"}}}));
        if let Some(Value::Map(options)) = live.get_mut("options")
            && let Some(Value::Map(configuration)) = options.get_mut("configuration")
        {
            configuration.insert("KEY".into(), Value::Secret(Secret::missing("KEY")));
        }
        let (_, lost) = update_body(kind, &desired, &live, &[delta("options")]);
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].0.to_string(), "options.configuration.KEY");
    }
}
