//! What a body must be before anything is done: complete, known, and pointing at what exists.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::refusal::Refusal;
use super::routes::Found;
use super::store::Store;
use super::{merge, spot};
use crate::api::request::Request;
use crate::catalogue::fields;
use crate::catalogue::kind::{Kind, Membership, ReferenceField};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::document::{Content, Entry, Node, Place};
use crate::model::path::FieldPattern;

/// Returns the body as an object.
pub fn object(request: &Request) -> Result<&Map<String, Json>, Refusal> {
    match &request.body {
        Some(Json::Object(map)) => Ok(map),
        Some(other) => Err(Refusal::payload(&format!("Expected type object but found type {}", type_of(other)), None)),
        None => Err(Refusal::payload("Expected type object but found type null", None)),
    }
}

/// Returns the name that messages give the type of a value.
pub fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Checks the body of a create.
pub fn create(store: &Store, kind: &Kind, body: &Map<String, Json>) -> Result<(), Refusal> {
    let required = kind.fields.required.iter().chain(&kind.server.required);
    for field in required {
        if body.get(field).is_none_or(Json::is_null) {
            return Err(Refusal::payload(&format!("Missing required property: {field}"), None));
        }
    }
    refused(kind, body, &[&kind.fields.read_only, &kind.fields.update_only])?;
    if let Some(field) =
        kind.fields.tool.iter().find(|field| kind.has(Quirk::NamedByRecord) && body.contains_key(*field))
    {
        return Err(Refusal::payload(&format!("Additional properties not allowed: {field}"), None));
    }
    if kind.has(Quirk::GranteeOrDefault) && body.contains_key("client_id") == body.contains_key("default_for") {
        return Err(Refusal::body("Exactly one of client_id and default_for is needed"));
    }
    exclusive(kind, body)?;
    let body = Json::Object(body.clone());
    schema(kind, &BTreeMap::new(), &body)?;
    for needs in &kind.server.needs {
        if merge::holds(&needs.when, &body) && spot::get(&body, &needs.field).is_none() {
            return Err(Refusal::new(400, needs.code.as_deref().unwrap_or_default(), needs.message.clone()));
        }
    }
    references(store, kind, &body, "")
}

/// Refuses, inside of what an update sends, what only a create takes and what must stay as it was.
fn fixed(kind: &Kind, old: &Json, body: &Map<String, Json>) -> Result<(), Refusal> {
    let body = Json::Object(body.clone());
    let is_accepted =
        |pattern: &FieldPattern| pattern.top().is_some_and(|top| kind.server.accepted.iter().any(|field| field == top));
    for pattern in kind.fields.create_only.iter().filter(|pattern| !is_accepted(pattern)) {
        let path = pattern.to_string();
        let mut holds = false;
        // What is sent as it was is no change.
        spot::visit(&body, &path, &mut |sent| holds |= spot::get(old, &path) != Some(sent));
        if holds && path.contains('.') {
            return Err(Refusal::payload(&format!("Additional properties not allowed: {path}"), None));
        }
    }
    for pattern in &kind.fields.fixed {
        let path = pattern.to_string();
        if spot::get(&body, &path).is_some_and(|sent| spot::get(old, &path) != Some(sent)) {
            return Err(Refusal::body(format!("{path} of this {} cannot be changed", kind.title)));
        }
    }
    Ok(())
}

/// Refuses a body that sets two fields of which an object has one at most.
fn exclusive(kind: &Kind, body: &Map<String, Json>) -> Result<(), Refusal> {
    let is_set = |field: &&String| {
        body.get(*field).is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()))
    };
    for group in &kind.fields.exclusive {
        if group.iter().filter(is_set).count() > 1 {
            return Err(Refusal::body(format!("Only one of {} can be set", group.join(", "))));
        }
    }
    let sent = Json::Object(body.clone());
    let holds = |field: &FieldPattern| spot::get(&sent, &field.to_string()).is_some_and(|value| !value.is_null());
    for pair in kind.fields.superseded.iter().filter(|pair| holds(&pair.by)) {
        if let Some(older) = pair.fields.iter().find(|field| holds(field)) {
            return Err(Refusal::body(format!("Cannot set both {older} and {}", pair.by)));
        }
    }
    Ok(())
}

/// Checks a body against the table of fields: unknown names and wrong types. Values are not judged: the table's lists of
/// them lag behind the API.
pub fn schema(kind: &Kind, key: &BTreeMap<String, String>, body: &Json) -> Result<(), Refusal> {
    let place = Place { file: "".into(), line: 0, column: 0 };
    let mut findings = Diagnostics::default();
    fields::check(kind, key, &node(body, &place), true, &mut findings, &Address::root(&kind.name));
    let counts = |finding: &Diagnostic| finding.severity == Severity::Error && finding.code != "wrong-value";
    match findings.0.into_iter().find(counts) {
        Some(finding) => Err(Refusal::payload(&finding.summary, None)),
        None => Ok(()),
    }
}

fn node(value: &Json, place: &Place) -> Node {
    let content = match value {
        Json::Null => Content::Null,
        Json::Bool(value) => Content::Bool(*value),
        Json::Number(number) => Content::Number(number.clone()),
        Json::String(text) => Content::Text(text.clone()),
        Json::Array(items) => Content::List(items.iter().map(|item| node(item, place)).collect()),
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| Entry {
                key: key.clone(),
                key_place: place.clone(),
                value: node(value, place),
            };
            Content::Map(map.iter().map(entry).collect())
        }
    };
    Node::new(content, place.clone())
}

/// Checks the body of an update.
pub fn update(store: &Store, kind: &Kind, old: &Json, body: &Map<String, Json>) -> Result<(), Refusal> {
    refused(kind, body, &[&kind.fields.read_only, &kind.fields.create_only])?;
    fixed(kind, old, body)?;
    exclusive(kind, body)?;
    if kind.has(Quirk::SystemObjects)
        && old.get("is_system") == Some(&Json::Bool(true))
        && let Some(field) = body.keys().find(|field| !kind.server.system_fields.contains(field))
    {
        return Err(Refusal::body(format!("{field} of a system {} cannot be changed", kind.title)));
    }
    if kind.has(Quirk::SinkFixedForCloud) && body.contains_key("sink") && is_cloud(old) {
        return Err(Refusal::body("The sink of this log stream cannot be updated"));
    }
    if kind.has(Quirk::AllowAllScopesOff) {
        let on = old.get("allow_all_scopes") == Some(&Json::Bool(true));
        let scopes = body.get("scope").and_then(Json::as_array).is_some_and(|scopes| !scopes.is_empty());
        if on && scopes {
            return Err(Refusal::body("scope cannot be set while allow_all_scopes is true"));
        }
    }
    references(store, kind, &Json::Object(body.clone()), "")
}

fn is_cloud(stream: &Json) -> bool {
    matches!(stream.get("type").and_then(Json::as_str), Some("eventbridge" | "eventgrid"))
}

/// Refuses top-level fields that the call does not take.
fn refused(kind: &Kind, body: &Map<String, Json>, lists: &[&[FieldPattern]]) -> Result<(), Refusal> {
    for pattern in lists.iter().copied().flatten() {
        let Some(top) = pattern.top() else { continue };
        if body.contains_key(top)
            && pattern.to_string() == top
            && !kind.server.accepted.iter().any(|field| field == top)
        {
            return Err(Refusal::payload(&format!("Additional properties not allowed: {top}"), None));
        }
    }
    Ok(())
}

/// Checks that what the body must point at exists. `item` is cut from the front of the reference's path.
pub fn references(store: &Store, kind: &Kind, body: &Json, item: &str) -> Result<(), Refusal> {
    for reference in kind.references.iter().filter(|reference| !reference.optional) {
        let path = reference.field.to_string();
        let path = path.strip_prefix(item).unwrap_or(&path).trim_start_matches('.');
        let mut dangling = None;
        spot::visit(body, path, &mut |value| {
            if !value.is_null() && !exists(store, reference, value) {
                dangling = Some(value.clone());
            }
        });
        if let Some(value) = dangling {
            let target = catalogue().in_space(&reference.space).next().map_or("object", |kind| kind.title.as_str());
            return Err(Refusal::body(format!("There is no {target} {value}, which {path} names")));
        }
    }
    Ok(())
}

fn exists(store: &Store, reference: &ReferenceField, value: &Json) -> bool {
    if value.as_str().is_some_and(|text| reference.except.iter().any(|except| except == text || except == "*")) {
        return true;
    }
    let mut collections = catalogue()
        .in_space(&reference.space)
        .filter(|kind| kind.shape == Shape::Collection && !kind.path.contains('{'));
    let Some(target) = collections.next() else { return true };
    let Some(collection) = store.collection(&target.path) else { return false };
    match (reference.by.as_str(), value.as_str()) {
        ("id", Some(id)) => collection.contains(id),
        (by, _) => collection.find(by, value).is_some(),
    }
}

/// Refuses an id that no object of the kind can have, where the API tells it from one that is not there.
pub fn id(kind: &Kind, id: &str) -> Result<(), Refusal> {
    let (Some(message), Some(form)) = (&kind.server.malformed, &kind.server.id_form) else { return Ok(()) };
    let head = form.split('{').next().unwrap_or_default();
    let length = form.split_once("base58x").and_then(|(_, rest)| rest.trim_end_matches('}').parse::<usize>().ok());
    let tail = id.strip_prefix(head).filter(|tail| length.is_none_or(|length| tail.len() == length));
    match tail {
        Some(tail) if tail.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Ok(()),
        _ => Err(Refusal::new(400, "invalid_uri", message.replace("{id}", id))),
    }
}

/// Checks that the object exists below which the call's path lies.
pub fn parent(store: &Store, found: &Found) -> Result<(), Refusal> {
    let kind = found.kind();
    let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().served_kind(name)) else { return Ok(()) };
    let id = found.param("parent");
    if id.is_empty() || store.object(&parent.path, id).is_some() { Ok(()) } else { Err(Refusal::missing(parent)) }
}

/// Checks that the objects exist beside whose ids the call's path lies.
pub fn beside(store: &Store, found: &Found) -> Result<(), Refusal> {
    for (brace, name) in &found.kind().server.beside {
        let other = catalogue().served_kind(name).ok_or_else(Refusal::no_route)?;
        if store.object(&other.path, found.param(brace)).is_none() {
            return Err(Refusal::missing(other));
        }
    }
    Ok(())
}

/// Checks that the parent is one that can have such a thing.
pub fn parent_fits(store: &Store, found: &Found) -> Result<(), Refusal> {
    let kind = found.kind();
    let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().served_kind(name)) else { return Ok(()) };
    let object = store.object(&parent.path, found.param("parent")).and_then(Json::as_object);
    match (&kind.parents, object) {
        (Some(filter), Some(object))
            if !filter.one_of.is_empty() && !has_one(object, &filter.field, &filter.one_of) =>
        {
            Err(Refusal::new(404, "", format!("This {} does not support a {}", parent.title, kind.title)))
        }
        _ => Ok(()),
    }
}

fn has_one<T>(object: &Map<String, Json>, field: &str, values: &[T]) -> bool
where
    Json: PartialEq<T>,
{
    object.get(field).is_some_and(|have| values.iter().any(|value| *have == *value))
}

/// Checks the addresses of mail that members hold.
pub fn mail(kind: &Kind, membership: &Membership, members: &[Json]) -> Result<(), Refusal> {
    for (index, member) in members.iter().enumerate() {
        for (field, title) in &kind.server.mail {
            let Some(text) = spot::get(member, field).and_then(Json::as_str) else { continue };
            let is_mail = text.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace) && !host.contains('@')
            });
            if !is_mail {
                let list = membership.wrap.as_deref().unwrap_or_default();
                let what = format!("Object didn't pass validation for format email: {text}");
                return Err(Refusal::payload(&what, Some(&format!("{list}[{index}].{field} ({title})"))));
            }
        }
    }
    Ok(())
}

/// Checks that a keyed object's key is one that the kind has, where it says which.
pub fn key(kind: &Kind, key: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let name = kind.name_of_key(key);
    let listed =
        !kind.keys.is_empty() && !kind.identity.is_empty() && kind.identity.iter().all(|f| key.contains_key(f));
    if listed && !kind.keys.contains(&name) { Err(Refusal::missing(kind)) } else { Ok(()) }
}
