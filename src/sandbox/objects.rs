//! Collections and what lies in them: list, create, read, update, delete.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::answer::{self, Moment};
use super::refusal::Refusal;
use super::routes::Found;
use super::store::Store;
use super::tenant::{Answer, Tenant};
use super::{actions, cascade, check, clients, connections, keys, lists, merge, spot};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;

/// The form of ids of kinds that say nothing else.
const ID_FORM: &str = "{24}";

/// Answers a list.
pub fn list(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    check::parent(&tenant.store, found)?;
    let path = found.fill(&found.kind().path);
    actions::settle_all(tenant, found.kind(), &path);
    let store = &tenant.store;
    let mut entries: Vec<lists::Entry<'_>> = store
        .collection(&path)
        .into_iter()
        .flat_map(|collection| collection.iter())
        .map(|(id, object)| (id.as_str(), object))
        .collect();
    if found.kind().server.newest_first {
        entries.reverse();
    }
    lists::answer(found.kind(), entries.into_iter(), request, &|(id, object)| {
        let kind = found.kind_of(object);
        let mut shown = answer::show(store, kind, id, object, Moment::List);
        actions::fill_modules(store, kind, &mut shown);
        associate(store, kind, id, &mut shown, request);
        lists::pick_fields(kind, &mut shown, request);
        shown
    })
}

fn associate(store: &Store, kind: &Kind, id: &str, shown: &mut Json, request: &Request) {
    let Some(association) = &kind.server.association else { return };
    let Some(named) = lists::param(request, &association.query) else { return };
    let Some(member) = store.object(&association.path.replace("{id}", id), named) else { return };
    let copied = association.copy.iter().filter_map(|field| Some((field.clone(), spot::get(member, field)?.clone())));
    spot::put(shown, &association.set, &Json::Object(copied.collect()));
}

/// Reads the one that is the default: the one that says so, else the first that is ready.
pub fn read_default(tenant: &Tenant, found: &Found) -> Answer {
    let kind = found.kind();
    let all = tenant.store.collection(&kind.path).into_iter().flat_map(|collection| collection.iter());
    let ready = all.filter(|(_, object)| is_ready(object));
    let is_default = |object: &Json| object.get("is_default") == Some(&Json::Bool(true));
    let (id, object) = ready.min_by_key(|(_, object)| !is_default(object)).ok_or_else(|| Refusal::missing(kind))?;
    Ok(Response::new(200, answer::show(&tenant.store, kind, id, object, Moment::Read)))
}

fn is_ready(object: &Json) -> bool {
    object.get("status") == Some(&Json::from("ready"))
}

/// Makes the one that the body names the default; it must be ready.
pub fn choose_default(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let kind = found.kind();
    let body = check::object(request)?;
    let chosen = tenant.store.collection(&kind.path).and_then(|collection| {
        let (field, value) = kind.identity.iter().find_map(|field| Some((field, body.get(field)?)))?;
        collection.find(field, value)
    });
    let Some(id) = chosen.filter(|(_, object)| is_ready(object)).map(|(id, _)| id.clone()) else {
        return Err(Refusal::body(format!(
            "The {} must be verified before it can be set as default.",
            kind.identity.join(" ")
        )));
    };
    let collection = tenant.store.collection_mut(&kind.path);
    let ids: Vec<String> = collection.iter().map(|(id, _)| id.clone()).collect();
    for other in ids {
        if let Some(object) = collection.get_mut(&other) {
            spot::put(object, "is_default", &Json::Bool(other == id));
        }
    }
    read_default(tenant, found)
}

/// Makes one.
pub fn create(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    check::parent(&tenant.store, found)?;
    let body = check::object(request)?;
    let kind = found.kind_of(&Json::Object(body.clone()));
    let path = found.fill(&kind.path);
    check::create(&tenant.store, kind, body)?;
    connections::check(kind, None, body)?;
    keys::check(kind, body)?;
    let mut object = Json::Object(body.clone());
    spot::without_nulls(&mut object);
    let id = insert(tenant, kind, &path, found.param("parent"), object)?;
    let mut shown = shown(&tenant.store, kind, &path, &id, Moment::Create)?;
    echo_nulls(kind, body, &mut shown);
    let status = kind.server.create_status.unwrap_or(201);
    Ok(Response::new(status, kind.server.create_body.clone().unwrap_or(shown)))
}

/// Puts a new object into its collection: checked against the others, completed, with an id. Returns the id.
pub fn insert(
    tenant: &mut Tenant,
    kind: &'static Kind,
    path: &str,
    parent: &str,
    mut object: Json,
) -> Result<String, Refusal> {
    let unique = &kind.server.unique;
    if let Some(collection) = tenant.store.collection(path)
        && kind.server.limit.is_some_and(|limit| collection.len() >= limit)
    {
        let limit = kind.server.limit.unwrap_or_default();
        return Err(Refusal::body(format!("There can be at most {limit} of the kind {}", kind.title)));
    }
    clients::before_create(tenant, kind, path, &mut object)?;
    let id_field = kind.id.as_deref().unwrap_or("id");
    let prefix = kind.server.id_prefix.as_deref().unwrap_or_default();
    let given = object.get(id_field).and_then(Json::as_str).map(|id| match id.starts_with(prefix) {
        true => id.to_owned(),
        false => format!("{prefix}{id}"),
    });
    let id = given.unwrap_or_else(|| tenant.world.dice.id(kind.server.id_form.as_deref().unwrap_or(ID_FORM)));
    spot::put(&mut object, id_field, &Json::String(id.clone()));
    if kind.has(Quirk::UniqueOrder) {
        next_order(&tenant.store, path, &mut object);
    }
    let seen = answer::with_joins(&tenant.store, kind, &id, &object);
    merge::defaults(kind, &mut object, &seen, &mut tenant.world);
    clients::mirror_logout(kind, &mut object, None);
    clients::after_defaults(tenant, kind, &id, parent, &mut object)?;
    let collection = tenant.store.collection_mut(path);
    if collection.clash(&object, unique, None).is_some() {
        return Err(Refusal::conflict(kind));
    }
    collection.insert(id.clone(), object, unique);
    Ok(id)
}

/// Reads one.
pub fn read(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, path, id) = locate(&tenant.store, found)?;
    actions::settle(tenant, kind, &path, &id);
    let mut shown = shown(&tenant.store, kind, &path, &id, Moment::Read)?;
    lists::pick_fields(kind, &mut shown, request);
    Ok(Response::new(200, shown))
}

/// Reads the one whose field has the value of the path's last brace.
pub fn lookup(tenant: &mut Tenant, found: &Found, field: &str, request: &Request) -> Answer {
    check::parent(&tenant.store, found)?;
    let kind = found.kind();
    let path = found.fill(&kind.path);
    let given = found.params.iter().find(|(name, _)| *name != "parent").map(|(_, given)| given.clone());
    let wanted = Json::String(given.unwrap_or_default());
    let collection = tenant.store.collection(&path);
    let id = collection
        .and_then(|c| c.find(field, &wanted))
        .map(|(id, _)| id.clone())
        .ok_or_else(|| Refusal::missing(kind))?;
    let mut shown = shown(&tenant.store, kind, &path, &id, Moment::Read)?;
    lists::pick_fields(kind, &mut shown, request);
    Ok(Response::new(200, shown))
}

/// Changes one.
pub fn update(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, path, id) = locate(&tenant.store, found)?;
    let body = check::object(request)?;
    let old = tenant.store.object(&path, &id).cloned().ok_or_else(|| Refusal::missing(kind))?;
    check::update(&tenant.store, kind, &old, body)?;
    check::schema(kind, &BTreeMap::new(), &Json::Object(body.clone()))?;
    let mut body = body.clone();
    connections::check(kind, Some(&old), &body)?;
    clients::before_update(tenant, kind, &id, &old, &mut body)?;
    actions::before_update(kind, &old, &mut body);
    let base = if request.method == Method::Put { server_made(kind, &old) } else { old };
    let mut new = merge::patch(kind, &base, &body, &mut tenant.world);
    clients::mirror_logout(kind, &mut new, Some(&body));
    if kind.has(Quirk::AllowAllScopesOff) && new.get("allow_all_scopes") == Some(&Json::Bool(true)) {
        spot::remove(&mut new, "scope");
    }
    let collection = tenant.store.collection_mut(&path);
    if collection.clash(&new, &kind.server.unique, Some(&id)).is_some() {
        return Err(Refusal::conflict(kind));
    }
    collection.insert(id.clone(), new, &kind.server.unique);
    let mut shown = shown(&tenant.store, kind, &path, &id, Moment::Update)?;
    echo_nulls(kind, &body, &mut shown);
    if let (true, Json::Object(map)) = (kind.server.echo_update, &mut shown) {
        map.retain(|key, _| body.contains_key(key));
    }
    let status = kind.server.update_status.unwrap_or(200);
    Ok(Response::new(status, kind.server.update_body.clone().unwrap_or(shown)))
}

/// What is left of an object that is replaced.
fn server_made(kind: &Kind, object: &Json) -> Json {
    let mut left = object.clone();
    if let Json::Object(map) = &mut left {
        map.retain(|field, _| kind.fields.read_only.iter().any(|pattern| pattern.to_string() == *field));
    }
    left
}

/// Deletes one, with everything that lies below it or exists only for it.
pub fn delete(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, path, id) = locate(&tenant.store, found)?;
    let object = tenant.store.object(&path, &id).cloned().unwrap_or_default();
    if kind.builtin.iter().any(|filter| filter.fits(spot::get(&object, &filter.field))) {
        return Err(Refusal::new(403, "operation_not_supported", format!("This {} belongs to the tenant", kind.title)));
    }
    clients::before_delete(&tenant.store, kind, found.param("parent"), &id)?;
    actions::before_delete(tenant, kind, &id, lists::param(request, "force") == Some("true"))?;
    tenant.store.collection_mut(&path).remove(&id, &kind.server.unique);
    cascade::after_delete(&mut tenant.store, kind, &path, &id, &object);
    if kind.has(Quirk::AsyncDelete) {
        let body = serde_json::json!({"deleted_at": tenant.world.timestamp(3)});
        return Ok(Response::new(202, body));
    }
    let status = kind.server.delete_status.unwrap_or(204);
    Ok(Response::new(status, kind.server.delete_body.clone().unwrap_or(Json::Null)))
}

/// Finds the object of a path: its kind, its collection, its id.
pub fn locate(store: &Store, found: &Found) -> Result<(&'static Kind, String, String), Refusal> {
    check::parent(store, found)?;
    let first = found.kind();
    let path = found.fill(&first.path);
    let asked = found.param("id");
    check::id(first, asked)?;
    let collection = store.collection(&path).ok_or_else(|| Refusal::missing(first))?;
    let id =
        if collection.contains(asked) { Some(asked.to_owned()) } else { by_other_field(store, first, &path, asked) };
    let id = id.ok_or_else(|| Refusal::missing(first))?;
    let object = collection.get(&id).ok_or_else(|| Refusal::missing(first))?;
    Ok((found.kind_of(object), path, id))
}

/// Some objects are found by another field too, encoded once or twice.
fn by_other_field(store: &Store, kind: &Kind, path: &str, asked: &str) -> Option<String> {
    let collection = store.collection(path)?;
    let decoded = percent_encoding::percent_decode_str(asked).decode_utf8_lossy().into_owned();
    kind.server.also_by.iter().find_map(|field| {
        let find = |text: &str| collection.find(field, &Json::String(text.to_owned())).map(|(id, _)| id.clone());
        find(asked).or_else(|| find(&decoded))
    })
}

/// Shows an object as the answer to an update does.
pub fn after_update(store: &Store, kind: &Kind, path: &str, id: &str) -> Result<Json, Refusal> {
    shown(store, kind, path, id, Moment::Update)
}

fn shown(store: &Store, kind: &Kind, path: &str, id: &str, moment: Moment) -> Result<Json, Refusal> {
    let object = store.object(path, id).ok_or_else(|| Refusal::missing(kind))?;
    let mut shown = answer::show(store, kind, id, object, moment);
    actions::fill_modules(store, kind, &mut shown);
    Ok(shown)
}

/// Shows the nulls that were sent, where the API does.
fn echo_nulls(kind: &Kind, body: &Map<String, Json>, shown: &mut Json) {
    let sent_null =
        |path: &str| path.split_once('.').and_then(|(top, rest)| spot::get(body.get(top)?, rest)) == Some(&Json::Null);
    for path in kind.server.null_echoed.iter().filter(|path| sent_null(path)) {
        spot::fill(shown, path, &Json::Null);
    }
}

/// Gives a rule without an order the first one after all others.
fn next_order(store: &Store, path: &str, object: &mut Json) {
    let orders =
        store.collection(path).into_iter().flat_map(|c| c.iter()).filter_map(|(_, other)| other.get("order")?.as_i64());
    let next = orders.max().unwrap_or(0) + 1;
    spot::fill(object, "order", &Json::from(next));
}
