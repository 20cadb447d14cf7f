//! Member lists: the forms they take in files, made one.

use serde_json::Value as Json;

use crate::catalogue::kind::{Kind, Membership};
use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node};
use crate::model::value::{Map, Value};

/// Turns a list of names, a map of names to values or a list of objects into a list of objects by API names.
pub fn normalise(kind: &Kind, node: &Node) -> Result<Value, Diagnostic> {
    let Some(membership) = &kind.membership else {
        return Err(Diagnostic::error("wrong-type", format!("{} is not a list of members", kind.title)).at(&node.place));
    };
    let wrong = |node: &Node, wanted: &str| {
        Diagnostic::error("wrong-type", format!("{} must be {wanted}, not {}", kind.title, node.type_name()))
            .at(&node.place)
    };
    let identity = membership.identity.first().cloned().unwrap_or_default();
    match (&node.value, &membership.map_value) {
        (Content::Map(entries), Some(value_field)) => Ok(Value::List(
            entries
                .iter()
                .map(|entry| {
                    let mut member = Map::new();
                    member.insert(identity.clone(), Value::String(entry.key.clone()));
                    member.insert(value_field.clone(), entry.value.to_value());
                    Value::Map(member)
                })
                .collect(),
        )),
        (_, Some(_)) => Err(wrong(node, "a map")),
        (Content::List(items), None) => {
            let mut members = Vec::new();
            for item in items {
                members.push(match &item.value {
                    Content::Map(_) => rename(kind, item.to_value()),
                    Content::Text(_) | Content::Template(_) if membership.scalar => {
                        Value::Map(Map::from_iter([(identity.clone(), item.to_value())]))
                    }
                    _ if membership.scalar => return Err(wrong(item, "a list of names")),
                    _ => return Err(wrong(item, "a list of maps")),
                });
            }
            Ok(Value::List(members))
        }
        _ => Err(wrong(node, "a list")),
    }
}

/// Reports the members that nothing tells from others.
pub fn report_nameless(kind: &Kind, node: &Node, address: &Address, findings: &mut Diagnostics) {
    let Some(membership) = &kind.membership else { return };
    for item in node.items().iter().filter(|item| matches!(item.value, Content::Map(_))) {
        let has = |name: &str| item.get(name).is_some_and(|value| !value.is_null());
        // The grant is found by its client.
        if kind.has(Quirk::GrantByClient) && has("client_id") {
            continue;
        }
        for field in &membership.identity {
            let file = kind.fields.rename.iter().find(|(_, api)| *api == field).map(|(file, _)| file);
            if has(field) || file.is_some_and(|file| has(file)) {
                continue;
            }
            let name = if kind.has(Quirk::GrantByClient) { "client_id" } else { file.unwrap_or(field) };
            findings.push(
                Diagnostic::error("missing-identity", format!("this item of {} has no `{name}`", kind.title))
                    .at(&item.place)
                    .on(address)
                    .help(format!("`{name}` is what tells one item from another; write it.")),
            );
        }
    }
}

fn rename(kind: &Kind, value: Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(
            map.into_iter().map(|(key, value)| (kind.fields.rename.get(&key).cloned().unwrap_or(key), value)).collect(),
        ),
        other => other,
    }
}

/// Turns members as the API lists them into the form of [`normalise`], ids not yet named.
pub fn from_live(kind: &Kind, answer: Vec<Json>) -> Value {
    let Some(membership) = &kind.membership else { return Value::List(Vec::new()) };
    let members = answer.into_iter().map(|item| {
        let mut value = match item {
            Json::Object(_) => Value::from_json(item),
            scalar => Value::Map(Map::from_iter([(
                membership.identity.first().cloned().unwrap_or_default(),
                Value::from_json(scalar),
            )])),
        };
        if kind.has(Quirk::BindingRefs) {
            action_id(&mut value);
        }
        if kind.has(Quirk::GrantByClient) {
            grant_id(membership, &mut value);
        }
        value
    });
    Value::List(members.collect())
}

/// Turns a map of names to (masked) values into members.
pub fn from_live_map(kind: &Kind, answer: Json) -> Value {
    let Some(membership) = &kind.membership else { return Value::List(Vec::new()) };
    let (Some(identity), Some(value_field)) = (membership.identity.first(), &membership.map_value) else {
        return Value::List(Vec::new());
    };
    let Json::Object(map) = answer else { return Value::List(Vec::new()) };
    Value::List(
        map.into_iter()
            .map(|(name, value)| {
                Value::Map(Map::from_iter([
                    (identity.clone(), Value::String(name)),
                    (value_field.clone(), Value::from_json(value)),
                ]))
            })
            .collect(),
    )
}

/// A binding reads `{action: {id, name}}` and is written by reference: the id is what both have.
fn action_id(member: &mut Value) {
    if let Value::Map(map) = member
        && let Some(Value::Map(action)) = map.get("action")
        && let Some(id) = action.get("id").cloned()
    {
        map.insert("action".to_owned(), id);
    }
}

/// An organization's grant is added by `grant_id` and listed with `id`.
fn grant_id(membership: &Membership, member: &mut Value) {
    if let Value::Map(map) = member
        && let Some(identity) = membership.identity.first()
        && !map.contains_key(identity)
        && let Some(id) = map.get("id").cloned()
    {
        map.insert(identity.clone(), id);
    }
}

/// Returns members by the part of the list that they are in, in the order in which the parts are named first. A list that
/// the API does not keep in parts is one.
pub fn by_part<'a>(membership: &Membership, members: &'a [Value]) -> Vec<Vec<&'a Value>> {
    let part = |member: &Value| {
        let field = membership.parts.as_ref().map(|parts| &parts.by)?;
        member.as_map()?.get(field).cloned()
    };
    let mut all: Vec<(Option<Value>, Vec<&Value>)> = Vec::new();
    for member in members {
        let part = part(member);
        match all.iter_mut().find(|(known, _)| *known == part) {
            Some((_, rows)) => rows.push(member),
            None => all.push((part, vec![member])),
        }
    }
    all.into_iter().map(|(_, rows)| rows).collect()
}

/// Returns what recognises a member, as one comparable text.
pub fn key_of(membership: &Membership, member: &Value) -> String {
    let Value::Map(map) = member else { return String::new() };
    let parts: Vec<String> = membership
        .identity
        .iter()
        .map(|field| match map.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Reference(reference)) => reference.name.clone(),
            Some(other) => other.to_shown().to_string(),
            None => String::new(),
        })
        .collect();
    crate::model::address::join_names(&parts)
}
