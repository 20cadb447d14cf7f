//! Lists from the other side: not the members of an object, but the objects that hold one as a member. What is written
//! here is written to their lists.

use serde_json::{Value as Json, json};

use super::answer::{self, Moment};
use super::refusal::Refusal;
use super::routes::{self, Found};
use super::tenant::{Answer, Tenant};
use super::{lists, members};
use crate::api::request::{Method, PathParams, Request, fill_path};
use crate::api::response::Response;
use crate::catalogue::server::Holders;
use crate::catalogue::table::catalogue;

/// Lists the objects that hold the one of the path as a member: who has this role.
pub fn list(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, _) = members::ready(tenant, found)?;
    let holders = of(found)?;
    let of = catalogue().served_kind(&holders.of).ok_or_else(Refusal::no_route)?;
    let store = &tenant.store;
    let ids = store.collections.iter().filter_map(|(path, members)| {
        let mut key = routes::keys_of(&holders.members, path)?;
        let id = key.remove("holder")?;
        let here = key.iter().all(|(name, value)| found.param(name) == value);
        let holds = if holders.any { !members.is_empty() } else { members.contains(found.param(&holders.member)) };
        (here && holds).then_some(id)
    });
    let ids: Vec<String> = ids.collect();
    let entries = ids.iter().filter_map(|id| Some((id.as_str(), store.object(&of.path, id)?)));
    lists::answer(kind, entries, request, &|(id, object)| {
        let mut shown = answer::show(store, of, id, object, Moment::List);
        if let Json::Object(map) = &mut shown {
            map.retain(|field, _| holders.copy.contains(field));
        }
        lists::pick_fields(kind, &mut shown, request);
        shown
    })
}

/// Adds the object of the path to the lists of those that the body names, or takes it out of them. All or nothing.
pub fn write(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, membership) = members::ready(tenant, found)?;
    let holders = of(found)?;
    let member = found.param(&holders.member);
    let mut trial = tenant.clone();
    for holder in members::items(membership, request)? {
        let id = membership.identity.first().and_then(|field| holder.get(field)).and_then(Json::as_str);
        let mut key = found.params.clone();
        key.insert("holder".to_owned(), id.unwrap_or_default().to_owned());
        let params = PathParams { key, ..PathParams::default() };
        let path = fill_path(&holders.members, &params).map_err(|_| Refusal::no_route())?;
        let other = routes::find(request.method, &path)?;
        let list = other.kind().membership.as_ref().and_then(|own| own.wrap.as_deref());
        let body = list.map_or_else(|| json!([member]), |list| json!({ list: [member] }));
        let request = Request::new(request.method, path, Some(body));
        match request.method {
            Method::Delete => members::remove(&mut trial, &other, &request)?,
            _ => members::add(&mut trial, &other, &request)?,
        };
    }
    *tenant = trial;
    let status = if request.method == Method::Delete { None } else { kind.server.create_status };
    Ok(Response::new(status.unwrap_or(204), Json::Null))
}

fn of(found: &Found) -> Result<&'static Holders, Refusal> {
    found.kind().server.holders.as_ref().ok_or_else(Refusal::no_route)
}
