//! The signing keys of a connection: the one in use, the one that comes next, and the one before. The sandbox signs
//! nothing; only who follows whom is as in the API, and the certificates are texts of their form.

use serde_json::{Map, Value as Json, json};

use super::expand::expand;
use super::refusal::Refusal;
use super::routes::Found;
use super::tenant::{Answer, Tenant};
use super::{check, spot};
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;

/// The algorithm of keys for which none is named.
const USUAL: &str = "RS256";

/// Lists the keys: the current one, the one before, the next.
pub fn list(tenant: &mut Tenant, found: &Found) -> Answer {
    let keys = keys(tenant, found)?;
    Ok(Response::new(200, Json::Array(keys)))
}

/// Makes the first keys of a connection that has none.
pub fn create(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    check::parent_fits(&tenant.store, found)?;
    if !keys(tenant, found)?.is_empty() {
        return Err(Refusal::conflict(found.kind()));
    }
    let algorithm = algorithm(found.kind(), request)?;
    let made = first(tenant, found, &algorithm);
    Ok(Response::new(201, Json::Array(made)))
}

/// Makes a key that comes next; the next becomes the current one, and that the one before.
pub fn rotate(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let old = keys(tenant, found)?;
    if old.is_empty() {
        return Err(Refusal::missing(found.kind()));
    }
    let algorithm = algorithm(found.kind(), request)?;
    let next = make(tenant, found, &algorithm, "next");
    let is = |key: &Json, standing: &str| key.get(standing) == Some(&Json::Bool(true));
    let turn = |from: &str, to: &str| {
        old.iter().find(|key| is(key, from)).map(|key| {
            let mut key = key.clone();
            spot::remove(&mut key, from);
            spot::put(&mut key, to, &Json::Bool(true));
            key
        })
    };
    let mut keys: Vec<Json> = turn("next", "current").into_iter().chain(turn("current", "previous")).collect();
    if let Some(key) = keys.first_mut() {
        spot::put(key, "current_since", &Json::String(tenant.world.timestamp(3)));
    }
    if let Some(key) = keys.get_mut(1) {
        spot::remove(key, "current_since");
    }
    keys.push(next.clone());
    tenant.store.documents.insert(found.fill(&found.kind().path), Json::Array(keys));
    Ok(Response::new(201, next))
}

/// Returns the keys there are. A connection that signs what it sends has them from the start.
fn keys(tenant: &mut Tenant, found: &Found) -> Result<Vec<Json>, Refusal> {
    check::parent(&tenant.store, found)?;
    let path = found.fill(&found.kind().path);
    if let Some(Json::Array(keys)) = tenant.store.documents.get(&path) {
        return Ok(keys.clone());
    }
    let Some(parent) = parent(tenant, found) else { return Ok(Vec::new()) };
    if spot::get(parent, "options.token_endpoint_auth_method") != Some(&json!("private_key_jwt")) {
        return Ok(Vec::new());
    }
    let named = spot::get(parent, "options.token_endpoint_auth_signing_alg").and_then(Json::as_str);
    let algorithm = named.unwrap_or(USUAL).to_owned();
    Ok(first(tenant, found, &algorithm))
}

fn parent<'t>(tenant: &'t Tenant, found: &Found) -> Option<&'t Json> {
    let kind = catalogue().served_kind(found.kind().parent.as_deref()?)?;
    tenant.store.object(&kind.path, found.param("parent"))
}

fn algorithm(kind: &'static Kind, request: &Request) -> Result<String, Refusal> {
    let nothing = Json::Object(Map::new());
    let body = request.body.as_ref().filter(|body| !body.is_null()).unwrap_or(&nothing);
    check::schema(kind, &std::collections::BTreeMap::new(), body)?;
    Ok(body.get("signing_alg").and_then(Json::as_str).unwrap_or(USUAL).to_owned())
}

fn first(tenant: &mut Tenant, found: &Found, algorithm: &str) -> Vec<Json> {
    let mut current = make(tenant, found, algorithm, "current");
    spot::put(&mut current, "current_since", &Json::String(tenant.world.timestamp(3)));
    let keys = vec![current, make(tenant, found, algorithm, "next")];
    tenant.store.documents.insert(found.fill(&found.kind().path), Json::Array(keys.clone()));
    keys
}

fn make(tenant: &mut Tenant, found: &Found, algorithm: &str, standing: &str) -> Json {
    let name = parent(tenant, found).and_then(|parent| parent.get("name")?.as_str()).unwrap_or_default().to_owned();
    let thumbprint = tenant.world.dice.word("hex40").to_uppercase();
    let pairs: Vec<String> = thumbprint.as_bytes().chunks(2).map(|two| String::from_utf8_lossy(two).into()).collect();
    let mut key = Json::Object(Map::new());
    for (field, value) in &found.kind().server.defaults {
        let value = expand(value, &Json::Null, &mut tenant.world);
        spot::put(&mut key, field, &value);
    }
    for (field, value) in [
        ("algorithm", json!(algorithm)),
        ("subject_dn", json!(format!("/CN={name}"))),
        ("fingerprint", json!(pairs.join(":"))),
        ("thumbprint", json!(thumbprint)),
        (standing, json!(true)),
    ] {
        spot::put(&mut key, field, &value);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Method;

    #[test]
    fn a_rotation_brings_the_next_key_into_use() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let mut send = |method, path: &str, body| tenant.send(&Request::new(method, path.into(), body));
        let options = json!({"client_id": "a", "token_endpoint_auth_method": "private_key_jwt"});
        let made = json!({"name": "op", "strategy": "oidc", "options": options});
        let made = send(Method::Post, "/connections", Some(made)).body;
        let path = format!("/connections/{}/keys", made["id"].as_str().unwrap());
        let before = send(Method::Get, &path, None).body;
        assert_eq!((&before[0]["algorithm"], &before[1]["next"]), (&json!("RS256"), &json!(true)));
        assert_eq!(send(Method::Post, &path, None).status, 409);
        let next = send(Method::Post, &format!("{path}/rotate"), Some(json!({"signing_alg": "ES256"})));
        assert_eq!((next.status, &next.body["algorithm"], &next.body["next"]), (201, &json!("ES256"), &json!(true)));
        let after = send(Method::Get, &path, None).body;
        assert_eq!(after[0]["kid"], before[1]["kid"], "what came next is in use");
        assert_eq!((&after[1]["kid"], &after[1]["previous"]), (&before[0]["kid"], &json!(true)));
        assert_eq!(after[2]["kid"], next.body["kid"]);
        assert_eq!(send(Method::Post, &format!("{path}/rotate"), Some(json!({"signing_alg": 1}))).status, 400);
        assert_eq!(send(Method::Delete, &path, None).status, 404);
    }

    #[test]
    fn a_connection_that_signs_nothing_has_keys_when_they_are_made() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let mut send = |method, path: &str, body| tenant.send(&Request::new(method, path.into(), body));
        let made = json!({"name": "op", "strategy": "okta", "options": {"client_id": "a", "domain": "x.okta.com"}});
        let made = send(Method::Post, "/connections", Some(made)).body;
        let path = format!("/connections/{}/keys", made["id"].as_str().unwrap());
        assert_eq!(send(Method::Get, &path, None).body, json!([]));
        assert_eq!(send(Method::Post, &format!("{path}/rotate"), None).status, 404);
        let keys = send(Method::Post, &path, Some(json!({"signing_alg": "PS256"})));
        assert_eq!((keys.status, &keys.body[0]["algorithm"]), (201, &json!("PS256")));
        assert_eq!(send(Method::Get, "/connections/con_nothing000000/keys", None).status, 404);
    }
}
