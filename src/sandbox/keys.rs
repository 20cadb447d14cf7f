//! A ring of encryption keys: roots and the master keys below them. Deleting one destroys it and keeps its record. The
//! sandbox encrypts nothing; only the states are those of the API.

use base64::Engine as _;
use serde_json::{Map, Value as Json, json};

use super::answer::{self, Moment};
use super::refusal::Refusal;
use super::routes::Found;
use super::tenant::{Answer, Tenant};
use super::{check as checks, objects, spot};
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;

const MASTER: &str = "tenant-master-key";
const ENVIRONMENT_ROOT: &str = "environment-root-key";
/// The types that somebody can begin.
const BEGUN: [&str; 2] = ["customer-provided-root-key", "tenant-encryption-key"];
const ACTIVE: &str = "active";
/// The least that key material wrapped by a 3072-bit key takes, in bytes.
const LEAST_WRAPPED: usize = 384;

/// Refuses to begin a key of a type that only the server makes.
pub fn check(kind: &Kind, body: &Map<String, Json>) -> Result<(), Refusal> {
    let is_known = body.get("type").and_then(Json::as_str).is_some_and(|kind| BEGUN.contains(&kind));
    match kind.has(Quirk::KeyRing) && !is_known {
        true => Err(Refusal::payload(
            &format!("No enum match for: {}", body.get("type").unwrap_or(&Json::Null)),
            Some("type"),
        )),
        false => Ok(()),
    }
}

/// Destroys a key; it stays in the list. Where it was the root, one of Auth0's own takes its place.
pub fn destroy(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    if active(tenant, kind, false).contains(&id) {
        let root = json!({"type": ENVIRONMENT_ROOT, "state": ACTIVE});
        let root = objects::insert(tenant, kind, &path, "", root)?;
        take_over(tenant, kind, &root)?;
    }
    set_destroyed(tenant, &path, &id);
    Ok(Response::new(204, Json::Null))
}

/// Makes a new master key below the root there is.
pub fn rekey(tenant: &mut Tenant, found: &Found) -> Answer {
    let kind = found.kind();
    let root = active(tenant, kind, false).into_iter().next().ok_or_else(|| Refusal::missing(kind))?;
    for id in active(tenant, kind, true) {
        set_destroyed(tenant, &kind.path, &id);
    }
    make_master(tenant, kind, &root)?;
    Ok(Response::new(204, Json::Null))
}

/// Answers a key to wrap key material with.
pub fn wrapping_key(tenant: &mut Tenant, found: &Found) -> Answer {
    waiting(tenant, found)?;
    let text = tenant.world.dice.id("{64}");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
    Ok(Response::new(201, json!({"public_key": pem, "algorithm": "CKM_RSA_AES_KEY_WRAP"})))
}

/// Takes key material: the key becomes the root, with a new master key below it.
pub fn import(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, path, id) = waiting(tenant, found)?;
    let wrapped = checks::object(request)?.get("wrapped_key").and_then(Json::as_str).unwrap_or_default();
    let material = base64::engine::general_purpose::STANDARD.decode(wrapped).unwrap_or_default();
    if material.len() < LEAST_WRAPPED {
        return Err(Refusal::body("Invalid input. Wrapped key material is invalid or unsupported key type."));
    }
    take_over(tenant, kind, &id)?;
    let key = tenant.store.object(&path, &id).ok_or_else(|| Refusal::missing(kind))?;
    Ok(Response::new(201, answer::show(&tenant.store, kind, &id, key, Moment::Update)))
}

/// Returns where a key stands that has no material yet.
fn waiting(tenant: &Tenant, found: &Found) -> Result<(&'static Kind, String, String), Refusal> {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let state = tenant.store.object(&path, &id).and_then(|key| key.get("state"));
    match state == Some(&json!("pre-activation")) {
        true => Ok((kind, path, id)),
        false => Err(Refusal::new(409, "invalid_state", "The encryption key is not in the pre-activation state.")),
    }
}

/// Makes a key the root: what was in use is destroyed, the old master key below the new root.
fn take_over(tenant: &mut Tenant, kind: &'static Kind, root: &str) -> Result<(), Refusal> {
    let masters = active(tenant, kind, true);
    let roots = active(tenant, kind, false);
    for old in roots.iter().filter(|id| *id != root).chain(&masters) {
        set_destroyed(tenant, &kind.path, old);
    }
    let now = Json::String(tenant.world.timestamp(3));
    let keys = tenant.store.collection_mut(&kind.path);
    for old in &masters {
        if let Some(key) = keys.get_mut(old) {
            spot::put(key, "parent_kid", &json!(root));
        }
    }
    if let Some(key) = keys.get_mut(root) {
        spot::put(key, "state", &json!(ACTIVE));
        spot::put(key, "updated_at", &now);
    }
    make_master(tenant, kind, root)
}

/// Returns the keys in use: master keys, or roots.
fn active(tenant: &Tenant, kind: &Kind, masters: bool) -> Vec<String> {
    let keys = tenant.store.collection(&kind.path).into_iter().flat_map(|keys| keys.iter());
    let wanted =
        |key: &Json| key.get("state") == Some(&json!(ACTIVE)) && (key.get("type") == Some(&json!(MASTER))) == masters;
    keys.filter(|(_, key)| wanted(key)).map(|(id, _)| id.clone()).collect()
}

fn make_master(tenant: &mut Tenant, kind: &'static Kind, root: &str) -> Result<(), Refusal> {
    let key = json!({"type": MASTER, "state": ACTIVE, "parent_kid": root});
    objects::insert(tenant, kind, &kind.path, "", key).map(drop)
}

fn set_destroyed(tenant: &mut Tenant, path: &str, id: &str) {
    let now = Json::String(tenant.world.timestamp(3));
    if let Some(key) = tenant.store.collection_mut(path).get_mut(id) {
        spot::put(key, "state", &json!("destroyed"));
        spot::put(key, "updated_at", &now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Method;

    #[test]
    fn a_key_that_is_imported_becomes_the_root() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let mut send = |method, path: &str, body| tenant.send(&Request::new(method, path.into(), body));
        let made = send(Method::Post, "/keys/encryption", Some(json!({"type": "customer-provided-root-key"})));
        assert_eq!(made.body["state"], "pre-activation");
        for kind in ["tenant-master-key", "other"] {
            assert_eq!(send(Method::Post, "/keys/encryption", Some(json!({ "type": kind }))).status, 400);
        }
        let path = format!("/keys/encryption/{}", made.body["kid"].as_str().unwrap());
        assert_eq!(send(Method::Post, &format!("{path}/wrapping-key"), None).status, 201);
        assert_eq!(send(Method::Post, &path, Some(json!({"wrapped_key": "bad"}))).status, 400);
        let wrapped = base64::engine::general_purpose::STANDARD.encode([7; 424]);
        assert_eq!(send(Method::Post, &path, Some(json!({"wrapped_key": wrapped}))).body["state"], "active");
        let keys = send(Method::Get, "/keys/encryption", None).body;
        assert_eq!(keys[0]["parent_kid"], made.body["kid"], "the newest stands first");
        let states: Vec<_> = keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["active", "active", "destroyed", "destroyed"]);
        assert_eq!(keys[3]["parent_kid"], made.body["kid"], "the old master key went below the new root: {keys}");
        assert_eq!(send(Method::Post, &path, Some(json!({"wrapped_key": wrapped}))).status, 409);
        assert_eq!(send(Method::Post, &format!("{path}/wrapping-key"), None).status, 409);
        assert_eq!(send(Method::Post, "/keys/encryption/rekey", None).status, 204);
        assert_eq!(send(Method::Delete, &path, None).status, 204);
        assert_eq!(send(Method::Get, &path, None).body["state"], "destroyed");
        let keys = send(Method::Get, "/keys/encryption", None).body;
        let root = keys.as_array().unwrap().iter().find(|key| key["type"] == ENVIRONMENT_ROOT).unwrap();
        assert_eq!((&root["state"], &keys[0]["parent_kid"]), (&json!(ACTIVE), &root["kid"]), "Auth0's own again");
        let masters = |key: &&Json| key["type"] == MASTER && key["state"] == ACTIVE;
        assert_eq!(keys.as_array().unwrap().iter().filter(masters).count(), 1);
    }
}
