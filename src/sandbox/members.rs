//! Lists that belong to one object (or one key) and are written as lists: add, change, remove.

use serde_json::{Map, Value as Json};

use super::answer::{self, Moment};
use super::refusal::Refusal;
use super::routes::Found;
use super::store::Store;
use super::tenant::{Answer, Tenant};
use super::{actions, check, lists, merge, spot};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::catalogue::kind::{Kind, MemberStyle, Membership};
use crate::catalogue::quirk::Quirk;

/// Lists the members.
pub fn list(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    let store = &tenant.store;
    if let Some(field) = name_value(membership) {
        return Ok(Response::new(200, as_map(store, kind, &path, field)));
    }
    let entries = store
        .collection(&path)
        .into_iter()
        .flat_map(|members| members.iter())
        .map(|(id, member)| (id.as_str(), member));
    lists::answer(kind, entries, request, &|(id, member)| {
        let mut shown = show(store, kind, id, member, Moment::List);
        lists::pick_fields(kind, &mut shown, request);
        shown
    })
}

/// Adds members: a list of them, one, or a map of names and values.
pub fn add(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    let given = items(membership, request)?;
    within_batch(membership, given.len())?;
    check::mail(kind, membership, &given)?;
    let mut made = Vec::new();
    // All or nothing: the list is tried on a copy.
    let mut trial = tenant.clone();
    for item in given {
        made.push(add_one(&mut trial, kind, membership, &path, item)?);
    }
    *tenant = trial;
    let status = kind.server.create_status.unwrap_or(201);
    if let Some(body) = &kind.server.create_body {
        return Ok(Response::new(status, body.clone()));
    }
    let shown: Vec<Json> = made
        .iter()
        .filter_map(|id| Some(show(&tenant.store, kind, id, tenant.store.object(&path, id)?, Moment::Create)))
        .collect();
    let body = match membership.style {
        MemberStyle::Each => shown.into_iter().next().unwrap_or(Json::Null),
        MemberStyle::NameValue => Json::Object(Map::new()),
        _ => Json::Array(shown),
    };
    Ok(Response::new(status, body))
}

fn add_one(
    tenant: &mut Tenant,
    kind: &Kind,
    membership: &Membership,
    path: &str,
    item: Json,
) -> Result<String, Refusal> {
    let mut member = known_fields(membership, item)?;
    check::references(&tenant.store, kind, &member, "[]")?;
    for field in &membership.identity {
        if spot::get(&member, field).is_none() {
            return Err(Refusal::payload(&format!("Missing required property: {field}"), None));
        }
    }
    if kind
        .server
        .limit
        .is_some_and(|limit| tenant.store.collection(path).is_some_and(|members| members.len() >= limit))
    {
        return Err(Refusal::body(format!("There are too many {}", kind.title)));
    }
    if tenant.store.collection(path).and_then(|members| members.clash(&member, &kind.server.unique, None)).is_some() {
        return Err(Refusal::conflict(kind));
    }
    if let (Some(form), Some(field)) = (&kind.server.id_form, &membership.member_id) {
        let id = tenant.world.dice.id(form);
        spot::fill(&mut member, field, &Json::String(id));
    }
    if let Some((_, parent)) = path.split('/').skip(1).zip(path.split('/').skip(2)).next() {
        spot::put(&mut member, "$parent", &Json::String(parent.to_owned()));
    }
    let seen = answer::with_joins(&tenant.store, kind, "", &member);
    merge::defaults(kind, &mut member, &seen, &mut tenant.world);
    let id = id_of(kind, membership, &member);
    // What a list by ids holds already stays as it is: another value needs a removal first.
    if !(kind.server.by_id && tenant.store.object(path, &id).is_some()) {
        tenant.store.collection_mut(path).insert(id.clone(), member, &kind.server.unique);
    }
    Ok(id)
}

/// Changes members at the list's own path: their status, the whole list, or the values of names.
pub fn change(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    match membership.style {
        MemberStyle::Replace if kind.has(Quirk::BindingRefs) => return actions::bind(tenant, found, request),
        MemberStyle::Replace => {
            let given = items(membership, request)?;
            check::mail(kind, membership, &given)?;
            let mut trial = tenant.clone();
            trial.store.collections.remove(&path);
            for item in given {
                add_one(&mut trial, kind, membership, &path, item)?;
            }
            *tenant = trial;
        }
        MemberStyle::Status => change_status(tenant, kind, membership, &path, request)?,
        _ => {
            for item in items(membership, request)? {
                let id = id_of(kind, membership, &item);
                let members = tenant.store.collection_mut(&path);
                let member = members.get_mut(&id).ok_or_else(|| Refusal::missing(kind))?;
                if let (Json::Object(member), Json::Object(item)) = (member, item) {
                    member.extend(item);
                }
            }
        }
    }
    let status = kind.server.update_status.unwrap_or(if membership.style == MemberStyle::Status { 204 } else { 200 });
    Ok(Response::new(status, kind.server.update_body.clone().unwrap_or(Json::Null)))
}

fn change_status(
    tenant: &mut Tenant,
    kind: &Kind,
    membership: &Membership,
    path: &str,
    request: &Request,
) -> Result<(), Refusal> {
    let given = items(membership, request)?;
    within_batch(membership, given.len())?;
    let mut changes = Vec::new();
    for mut item in given {
        let status = item.get("status").and_then(Json::as_bool);
        let status = status.ok_or_else(|| Refusal::payload("Missing required property: status", None))?;
        spot::remove(&mut item, "status");
        let member = known_fields(membership, item)?;
        if status {
            check::references(&tenant.store, kind, &member, "[]")?;
        }
        changes.push((id_of(kind, membership, &member), member, status));
    }
    let members = tenant.store.collection_mut(path);
    for (id, member, status) in changes {
        match status {
            true if members.contains(&id) => {}
            true => members.insert(id, member, &kind.server.unique),
            false => drop(members.remove(&id, &kind.server.unique)),
        }
    }
    Ok(())
}

/// Removes the members that the body lists; those that are not there are passed over.
pub fn remove(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    let given = items(membership, request)?;
    within_batch(membership, given.len())?;
    let ids: Vec<String> =
        given.iter().map(|item| id_of(kind, membership, &scalar_wrapped(membership, item.clone()))).collect();
    for id in ids {
        tenant.store.collection_mut(&path).remove(&id, &kind.server.unique);
    }
    Ok(Response::new(204, Json::Null))
}

/// Reads the member of a path.
pub fn read_one(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, _) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    let member = tenant.store.object(&path, found.param("member")).ok_or_else(|| Refusal::missing(kind))?;
    Ok(Response::new(200, show(&tenant.store, kind, found.param("member"), member, Moment::Read)))
}

/// Changes the member of a path.
pub fn change_one(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    let id = found.param("member");
    let body = check::object(request)?;
    known_fields(membership, Json::Object(body.clone()))?;
    if let Some(field) = membership.identity.iter().find(|field| body.contains_key(*field)) {
        return Err(Refusal::payload(&format!("Additional properties not allowed: {field}"), None));
    }
    let old = tenant.store.object(&path, id).cloned().ok_or_else(|| Refusal::missing(kind))?;
    let new = merge::patch(kind, &old, body, &mut tenant.world);
    let shown = show(&tenant.store, kind, id, &new, Moment::Update);
    tenant.store.collection_mut(&path).insert(id.to_owned(), new, &kind.server.unique);
    Ok(Response::new(kind.server.update_status.unwrap_or(200), shown))
}

/// Removes the member of a path; that it was not there is no error.
pub fn remove_one(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, _) = ready(tenant, found)?;
    let path = found.fill(&kind.path);
    tenant.store.collection_mut(&path).remove(found.param("member"), &kind.server.unique);
    Ok(Response::new(204, Json::Null))
}

/// Returns the kind of a path whose parent is there, and all else that its list lies beside.
pub(super) fn ready(tenant: &Tenant, found: &Found) -> Result<(&'static Kind, &'static Membership), Refusal> {
    check::parent(&tenant.store, found)?;
    let kind = found.kind();
    if kind.server.within.as_ref().is_some_and(|path| !tenant.store.documents.contains_key(&found.fill(path))) {
        return Err(Refusal::missing(kind));
    }
    check::beside(&tenant.store, found)?;
    // Any key may be asked for; what has no member is an empty list.
    if found.route.method != Method::Get {
        check::key(kind, &found.params)?;
    }
    kind.membership.as_ref().map(|membership| (kind, membership)).ok_or_else(Refusal::no_route)
}

fn show(store: &Store, kind: &Kind, id: &str, member: &Json, moment: Moment) -> Json {
    if kind.has(Quirk::BindingRefs) {
        return actions::binding(store, kind, member);
    }
    answer::show(store, kind, id, member, moment)
}

fn name_value(membership: &Membership) -> Option<&str> {
    membership.map_value.as_deref().filter(|_| membership.style == MemberStyle::NameValue)
}

fn as_map(store: &Store, kind: &Kind, path: &str, field: &str) -> Json {
    let members = store.collection(path).into_iter().flat_map(|members| members.iter());
    let pairs = members.map(|(id, member)| {
        let shown = answer::show(store, kind, id, member, Moment::List);
        (id.clone(), spot::get(&shown, field).cloned().unwrap_or_default())
    });
    Json::Object(pairs.collect())
}

/// Returns the members that a body holds, in whichever form the style has.
pub(super) fn items(membership: &Membership, request: &Request) -> Result<Vec<Json>, Refusal> {
    let body =
        request.body.as_ref().ok_or_else(|| Refusal::payload("Expected type object but found type null", None))?;
    if let (Some(field), Json::Object(map)) = (name_value(membership), body) {
        let identity = membership.identity.first().cloned().unwrap_or_default();
        let member = |(name, value): (&String, &Json)| {
            Json::Object(Map::from_iter([
                (identity.clone(), Json::String(name.clone())),
                (field.to_owned(), value.clone()),
            ]))
        };
        return Ok(map.iter().map(member).collect());
    }
    let inner = match &membership.wrap {
        Some(wrap) => {
            body.get(wrap).ok_or_else(|| Refusal::payload(&format!("Missing required property: {wrap}"), None))?
        }
        None => body,
    };
    match inner {
        Json::Array(items) => Ok(items.iter().map(|item| scalar_wrapped(membership, item.clone())).collect()),
        Json::Object(_) if membership.wrap.is_none() => Ok(vec![inner.clone()]),
        other => Err(Refusal::payload(&format!("Expected type array but found type {}", check::type_of(other)), None)),
    }
}

fn scalar_wrapped(membership: &Membership, item: Json) -> Json {
    match (&item, membership.identity.first()) {
        (Json::String(_), Some(field)) => Json::Object(Map::from_iter([(field.clone(), item)])),
        _ => item,
    }
}

fn known_fields(membership: &Membership, item: Json) -> Result<Json, Refusal> {
    let Json::Object(map) = &item else {
        return Err(Refusal::payload(&format!("Expected type object but found type {}", check::type_of(&item)), None));
    };
    match map.keys().find(|key| !membership.sent.contains(*key)) {
        Some(unknown) if !membership.sent.is_empty() => {
            Err(Refusal::payload(&format!("Additional properties not allowed: {unknown}"), None))
        }
        _ => Ok(item),
    }
}

fn within_batch(membership: &Membership, count: usize) -> Result<(), Refusal> {
    match membership.batch {
        Some(most) if count > most => {
            Err(Refusal::payload(&format!("Array is too long ({count}), maximum {most}"), None))
        }
        _ => Ok(()),
    }
}

fn id_of(kind: &Kind, membership: &Membership, member: &Json) -> String {
    let text = |field: &String| match spot::get(member, field) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match &membership.member_id {
        Some(field) if kind.server.id_form.is_some() => text(field),
        _ => membership.identity.iter().map(text).collect::<Vec<_>>().join(","),
    }
}
