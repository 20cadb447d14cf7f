//! What can be done to an object that is no setting of it: a new secret, a verification, a message to try. What each call
//! sets and answers stands in the kind's file.

use serde_json::Value as Json;

use super::expand::expand;
use super::objects;
use super::refusal::Refusal;
use super::routes::Found;
use super::spot;
use super::tenant::{Answer, Tenant};
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::server::Act;

/// Does it to the object of the path.
pub fn perform(tenant: &mut Tenant, found: &Found, act: &Act, request: &Request) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let mut object = tenant.store.object(&path, &id).cloned().unwrap_or_default();
    for (field, value) in &act.set {
        let value = expand(value, &object, &mut tenant.world);
        spot::put(&mut object, field, &value);
    }
    for field in &act.take {
        let sent = request.body.as_ref().and_then(|body| body.get(field));
        let value = sent.ok_or_else(|| Refusal::body(format!("{field} is missing")))?;
        spot::put(&mut object, field, value);
    }
    let answer = act.answer.as_ref().map(|answer| expand(answer, &object, &mut tenant.world));
    if !(act.set.is_empty() && act.take.is_empty()) {
        tenant.store.collection_mut(&path).insert(id.clone(), object, &kind.server.unique);
    }
    let body = match answer {
        Some(Json::Object(empty)) if empty.is_empty() => Json::Null,
        Some(body) => body,
        None => objects::after_update(&tenant.store, kind, &path, &id)?,
    };
    Ok(Response::new(act.status, body))
}
