//! Objects that are found by their path alone: singletons, optional ones, and those under names of people's choosing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::answer::{self, Moment};
use super::expand::expand;
use super::refusal::Refusal;
use super::routes::{self, Found};
use super::tenant::{Answer, Tenant};
use super::{check, lists, merge, spot};
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;

/// Reads one.
pub fn read(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    check::parent(&tenant.store, found)?;
    let kind = found.kind();
    let key = key_of(kind, found)?;
    let path = stored_at(kind, found);
    let document = stored(tenant, kind, &path, &key).ok_or_else(|| Refusal::missing(kind))?;
    let mut shown = answer::show(&tenant.store, kind, "", &document, Moment::Read);
    lists::pick_fields(kind, &mut shown, request);
    Ok(Response::new(200, bared(kind, shown)))
}

/// Writes one: merged into what is there, or whole.
pub fn write(tenant: &mut Tenant, found: &Found, request: &Request, whole: bool) -> Answer {
    check::parent(&tenant.store, found)?;
    let kind = found.kind();
    let key = key_of(kind, found)?;
    let path = stored_at(kind, found);
    needs(tenant, kind)?;
    let old = stored(tenant, kind, &path, &key);
    if old.is_none() && !whole {
        return Err(Refusal::missing(kind));
    }
    same_id(kind, found, old.as_ref())?;
    let mut body = body_of(kind, request)?;
    if kind.has(Quirk::HoursAsMinutes) {
        hours_from_minutes(&mut body);
    }
    check_write(tenant, kind, old.as_ref(), &body, whole)?;
    check::schema(kind, &key, &Json::Object(body.clone()))?;
    let mut new = match (&old, whole) {
        (Some(old), false) => {
            let mut old = old.clone();
            if kind.has(Quirk::NameChangeDropsRest)
                && body.get("name").is_some_and(|name| old.get("name") != Some(name))
            {
                spot::remove(&mut old, "credentials");
                spot::remove(&mut old, "settings");
            }
            merge::patch(kind, &old, &body, &mut tenant.world)
        }
        _ => {
            let mut new = Json::Object(body.clone());
            spot::without_nulls(&mut new);
            if !kind.always_exists() || !kind.server.defaults.is_empty() {
                let seen = new.clone();
                merge::defaults(kind, &mut new, &seen, &mut tenant.world);
            }
            new
        }
    };
    show_key(kind, &key, &mut new);
    let mut shown = answer::show(&tenant.store, kind, "", &new, Moment::Update);
    tenant.store.documents.insert(path, new);
    if let (true, Json::Object(map)) = (kind.server.echo_update, &mut shown) {
        map.retain(|key, _| body.get(key).is_some_and(|value| !value.is_null()));
    }
    let made = old.is_none();
    let (status, fixed) = match made {
        true => (kind.server.create_status.unwrap_or(200), &kind.server.create_body),
        false => (kind.server.update_status.unwrap_or(200), &kind.server.update_body),
    };
    Ok(Response::new(status, fixed.clone().unwrap_or_else(|| bared(kind, shown))))
}

/// Makes one that may not be there yet.
pub fn create(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    check::parent(&tenant.store, found)?;
    check::parent_fits(&tenant.store, found)?;
    let kind = found.kind();
    let body = request.body.as_ref().map_or_else(|| Ok(Map::new()), |_| body_of(kind, request))?;
    check::create(&tenant.store, kind, &body)?;
    let mut params = found.params.clone();
    for field in &kind.identity {
        let value = body.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        params.entry(field.clone()).or_insert(value);
    }
    check::key(kind, &params)?;
    let template = if kind.shape == Shape::Keyed { kind.object_path() } else { kind.path.clone() };
    let path = routes::filled(&template, &params);
    if tenant.store.documents.contains_key(&path) {
        return Err(Refusal::conflict(kind));
    }
    let mut object = Json::Object(body);
    spot::without_nulls(&mut object);
    if let (Some(field), Some(form)) = (&kind.id, &kind.server.id_form) {
        let id = tenant.world.dice.id(form);
        spot::fill(&mut object, field, &Json::String(id));
    }
    if let Some(parent) = params.get("parent") {
        // Kept where joins find it.
        spot::put(&mut object, "$parent", &Json::String(parent.clone()));
    }
    let joined = answer::with_joins(&tenant.store, kind, "", &object);
    merge::defaults(kind, &mut object, &joined, &mut tenant.world);
    let shown = answer::show(&tenant.store, kind, "", &object, Moment::Create);
    tenant.store.documents.insert(path, object);
    let status = kind.server.create_status.unwrap_or(201);
    Ok(Response::new(status, kind.server.create_body.clone().unwrap_or(shown)))
}

/// Answers one field, as a create would fill it for the parent of the path.
pub fn defaults(tenant: &mut Tenant, found: &Found, field: &str) -> Answer {
    check::parent(&tenant.store, found)?;
    check::parent_fits(&tenant.store, found)?;
    let kind = found.kind();
    let mut object = serde_json::json!({"$parent": found.param("parent")});
    let joined = answer::with_joins(&tenant.store, kind, "", &object);
    merge::defaults(kind, &mut object, &joined, &mut tenant.world);
    let value = object.get(field).cloned().unwrap_or_default();
    Ok(Response::new(200, Json::Object(Map::from_iter([(field.to_owned(), value)]))))
}

/// Deletes one; that it was not there is no error.
pub fn delete(tenant: &mut Tenant, found: &Found) -> Answer {
    check::parent(&tenant.store, found)?;
    let kind = found.kind();
    let path = stored_at(kind, found);
    same_id(kind, found, tenant.store.documents.get(&path))?;
    tenant.store.documents.remove(&path);
    tenant.store.drop_below(&path);
    Ok(Response::new(kind.server.delete_status.unwrap_or(204), kind.server.delete_body.clone().unwrap_or(Json::Null)))
}

/// Lists those of a kind: all that have a key of its own, else those that were written.
pub fn list(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let kind = found.kind();
    let template = kind.object_path();
    let mut keyed: Vec<(String, Json)> = Vec::new();
    if kind.always && !kind.keys.is_empty() {
        for name in &kind.keys {
            let key: BTreeMap<String, String> =
                kind.identity.iter().cloned().zip(name.split(',').map(str::to_owned)).collect();
            let mut document = stored(tenant, kind, &routes::filled(&template, &key), &key).unwrap_or_default();
            put_key(kind, &key, &mut document);
            keyed.push((name.clone(), document));
        }
    } else {
        for (path, document) in &tenant.store.documents {
            if let Some(key) = routes::keys_of(&template, path) {
                let mut document = document.clone();
                put_key(kind, &key, &mut document);
                keyed.push((path.clone(), document));
            }
        }
    }
    let store = &tenant.store;
    lists::answer(kind, keyed.iter().map(|(id, document)| (id.as_str(), document)), request, &|(_, document)| {
        answer::show(store, kind, "", document, Moment::List)
    })
}

/// Lists the documents of a kind that lie below all parents.
pub fn everywhere(tenant: &mut Tenant, found: &Found, items: &str, request: &Request) -> Answer {
    let kind = found.kind();
    let store = &tenant.store;
    let all = store.documents.iter().filter(|(path, _)| routes::keys_of(&kind.path, path).is_some());
    lists::answer_as(kind, items, all.map(|(path, document)| (path.as_str(), document)), request, &|(_, document)| {
        answer::show(store, kind, "", document, Moment::List)
    })
}

/// Returns the key that a path names, checked against those that the kind has.
fn key_of(kind: &'static Kind, found: &Found) -> Result<BTreeMap<String, String>, Refusal> {
    let mut key = found.params.clone();
    if kind.shape == Shape::Keyed {
        let own = kind.key_paths.iter().find(|(_, own)| own.path == found.route.template);
        if let Some((name, _)) = own {
            key.extend(kind.identity.iter().cloned().zip(name.split(',').map(str::to_owned)));
        } else {
            check::key(kind, &key)?;
        }
    }
    Ok(key)
}

/// Returns where a document is kept: an optional singleton at the path that reads it, others at their own.
fn stored_at(kind: &Kind, found: &Found) -> String {
    match kind.shape {
        Shape::Singleton | Shape::OptionalSingleton => found.fill(&kind.path),
        _ => found.fill(&found.route.template),
    }
}

fn stored(tenant: &mut Tenant, kind: &Kind, path: &str, key: &BTreeMap<String, String>) -> Option<Json> {
    if let Some(document) = tenant.store.documents.get(path) {
        return Some(document.clone());
    }
    if !kind.always_exists() {
        return None;
    }
    let seed = match (&kind.server.seed, kind.shape) {
        (Some(seed), Shape::Keyed) => seed.get(kind.name_of_key(key)).or_else(|| seed.get("*")).cloned(),
        (seed, _) => seed.clone(),
    };
    let mut document = expand(&seed.unwrap_or_else(|| Json::Object(Map::new())), &Json::Null, &mut tenant.world);
    show_key(kind, key, &mut document);
    Some(document)
}

fn show_key(kind: &Kind, key: &BTreeMap<String, String>, document: &mut Json) {
    if kind.server.key_shown {
        put_key(kind, key, document);
    }
}

fn put_key(kind: &Kind, key: &BTreeMap<String, String>, document: &mut Json) {
    for field in &kind.identity {
        if let Some(value) = key.get(field) {
            spot::fill(document, field, &Json::String(value.clone()));
        }
    }
}

fn same_id(kind: &Kind, found: &Found, document: Option<&Json>) -> Result<(), Refusal> {
    let asked = found.param("id");
    let own = kind.id.as_ref().and_then(|field| document?.get(field)?.as_str());
    if asked.is_empty() || own == Some(asked) { Ok(()) } else { Err(Refusal::missing(kind)) }
}

fn check_write(
    tenant: &Tenant,
    kind: &Kind,
    old: Option<&Json>,
    body: &Map<String, Json>,
    whole: bool,
) -> Result<(), Refusal> {
    match (old, whole) {
        (Some(old), false) => check::update(&tenant.store, kind, old, body),
        _ if kind.always_exists() => Ok(()),
        _ => kind
            .fields
            .required
            .iter()
            .find(|field| !body.contains_key(*field))
            .map_or(Ok(()), |field| Err(Refusal::payload(&format!("Missing required property: {field}"), None))),
    }
}

/// Wraps a body that is a bare value into its field.
fn body_of(kind: &Kind, request: &Request) -> Result<Map<String, Json>, Refusal> {
    match (&kind.bare, &request.body) {
        (Some(bare), Some(value)) if bare.request && !value.is_object() => {
            Ok(Map::from_iter([(bare.field.clone(), value.clone())]))
        }
        // The page template may be sent as an object too, with a name of its own for the text.
        (Some(bare), Some(Json::Object(map))) if bare.request && map.len() == 1 => {
            Ok(map.values().map(|value| (bare.field.clone(), value.clone())).collect())
        }
        _ => check::object(request).cloned(),
    }
}

fn bared(kind: &Kind, shown: Json) -> Json {
    match &kind.bare {
        Some(bare) if bare.response => shown.get(&bare.field).cloned().unwrap_or_else(|| Json::Array(Vec::new())),
        _ => shown,
    }
}

/// Refuses what needs a custom domain while the tenant has none. Which kind holds those is the first that comes before.
fn needs(tenant: &Tenant, kind: &Kind) -> Result<(), Refusal> {
    if !kind.has(Quirk::NeedsCustomDomain) {
        return Ok(());
    }
    let domains = kind.after.first().and_then(|name| catalogue().kind(name));
    let some = domains.is_none_or(|domains| tenant.store.collection(&domains.path).is_some_and(|c| !c.is_empty()));
    if some {
        Ok(())
    } else {
        Err(Refusal::new(403, "operation_not_supported", "This needs a custom domain, and the tenant has none"))
    }
}

/// Lifetimes are kept in hours, and may be sent in minutes.
fn hours_from_minutes(body: &mut Map<String, Json>) {
    let names: Vec<String> = body.keys().filter(|name| name.ends_with("_in_minutes")).cloned().collect();
    for name in names {
        let Some(minutes) = body.shift_remove(&name).and_then(|value| value.as_f64()) else { continue };
        let hours = minutes / 60.0;
        let value = if hours.fract() == 0.0 { Json::from(hours.round() as i64) } else { Json::from(hours) };
        body.insert(name.trim_end_matches("_in_minutes").to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn minutes_become_hours() {
        let mut body = json!({"session_lifetime_in_minutes": 181, "idle_session_lifetime_in_minutes": 60})
            .as_object()
            .cloned()
            .unwrap();
        hours_from_minutes(&mut body);
        assert_eq!(
            Json::Object(body),
            json!({"session_lifetime": 3.016_666_666_666_666_6, "idle_session_lifetime": 1})
        );
    }
}
