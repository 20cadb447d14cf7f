//! Clients: two ways to authenticate that exclude each other, credentials that methods point at, a mirrored field.

use serde_json::{Map, Value as Json, json};

use super::expand::digest;
use super::refusal::Refusal;
use super::routes;
use super::store::Store;
use super::tenant::Tenant;
use super::{objects, spot, times};
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;

/// Where a client points at its credentials.
const ATTACHED_AT: [&str; 3] = [
    "client_authentication_methods.*.credentials[]",
    "signed_request_object.credentials[]",
    "token_vault_privileged_access.credentials[]",
];
/// The most credentials that one method may hold.
const PER_METHOD: usize = 2;

/// Returns the kind of credentials below this kind, if it has such.
fn credentials_of(kind: &Kind) -> Option<&'static Kind> {
    if !kind.has(Quirk::CredentialsInMethods) {
        return None;
    }
    catalogue().nested(&kind.name).find(|nested| nested.shape == Shape::Child)
}

/// Says whether this kind is that of such credentials, and of whom.
fn owner_of(kind: &Kind) -> Option<&'static Kind> {
    let parent = catalogue().kind(kind.parent.as_deref()?)?;
    (kind.shape == Shape::Child && parent.has(Quirk::CredentialsInMethods)).then_some(parent)
}

/// Checks and completes what is to be created.
pub fn before_create(tenant: &mut Tenant, kind: &Kind, path: &str, object: &mut Json) -> Result<(), Refusal> {
    if kind.has(Quirk::AuthMethodSwitch)
        && object.get("client_authentication_methods").is_some()
        && object.get("token_endpoint_auth_method").is_some()
    {
        return Err(both_methods());
    }
    if owner_of(kind).is_some() {
        complete_credential(&tenant.store, path, object)?;
    }
    Ok(())
}

fn both_methods() -> Refusal {
    Refusal::body("token_endpoint_auth_method and client_authentication_methods cannot both be set")
}

/// Derives what the server knows of a credential from its key or certificate. The values are stable, not those of a real
/// certificate parser.
fn complete_credential(store: &Store, path: &str, object: &mut Json) -> Result<(), Refusal> {
    let pem = object.get("pem").and_then(Json::as_str).map(str::to_owned);
    let kind = object.get("credential_type").and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(pem) = &pem {
        let same =
            |other: &Json| other.get("pem").and_then(Json::as_str).is_some_and(|other| other.trim() == pem.trim());
        if store.collection(path).into_iter().flat_map(|c| c.iter()).any(|(_, other)| same(other)) {
            return Err(Refusal::body("The pem already exists in the client"));
        }
    } else if kind != "cert_subject_dn" {
        return Err(Refusal::payload("Missing required property: pem", None));
    }
    let digest = digest(&pem.unwrap_or_default());
    match kind.as_str() {
        "public_key" => {
            spot::fill(object, "kid", &json!(digest));
            spot::fill(object, "alg", &json!("RS256"));
        }
        "x509_cert" => {
            spot::fill(object, "thumbprint_sha256", &json!(digest));
            spot::fill(object, "expires_at", &json!("2035-01-01T00:00:00.000Z"));
        }
        "cert_subject_dn" => spot::fill(object, "subject_dn", &json!("C=xx\nO=Sandbox\nCN=sandbox")),
        other => return Err(Refusal::payload(&format!("No enum match for: {other}"), Some("credential_type"))),
    }
    if object.get("parse_expiry_from_cert") == Some(&json!(true)) {
        spot::fill(object, "expires_at", &json!("2035-01-01T00:00:00.000Z"));
    }
    spot::edit(object, "expires_at", &mut |value| {
        Some(value.as_str().map_or(value.clone(), |text| json!(times::with_milliseconds(text))))
    });
    Ok(())
}

/// Makes credentials of those that a new client brings along, and checks those that it points at.
pub fn after_defaults(
    tenant: &mut Tenant,
    kind: &Kind,
    id: &str,
    _parent: &str,
    object: &mut Json,
) -> Result<(), Refusal> {
    let Some(credentials) = credentials_of(kind) else { return Ok(()) };
    let path = credentials.path.replace("{parent}", id);
    let mut brought = Vec::new();
    for place in ATTACHED_AT {
        spot::visit(object, place, &mut |item| {
            if item.get("id").is_none() {
                brought.push(item.clone());
            }
        });
    }
    let mut made = Vec::new();
    for credential in brought {
        made.push(objects::insert(tenant, credentials, &path, id, credential)?);
    }
    made.reverse();
    for place in ATTACHED_AT {
        spot::edit(object, place, &mut |item| {
            let new = if item.get("id").is_none() { made.pop() } else { None };
            Some(new.map_or(item, |id| json!({"id": id})))
        });
    }
    attached_exist(&tenant.store, &path, object)
}

fn attached_exist(store: &Store, path: &str, object: &Json) -> Result<(), Refusal> {
    for id in attached(object) {
        if store.object(path, &id).is_none() {
            return Err(Refusal::body(format!("The credential {id} does not exist in the client")));
        }
    }
    let mut too_many = false;
    spot::visit(object, "client_authentication_methods.*.credentials", &mut |list| {
        too_many |= list.as_array().is_some_and(|list| list.len() > PER_METHOD);
    });
    if too_many {
        Err(Refusal::payload(
            &format!("Array is too long, maximum {PER_METHOD}"),
            Some("client_authentication_methods"),
        ))
    } else {
        Ok(())
    }
}

fn attached(client: &Json) -> Vec<String> {
    let mut ids = Vec::new();
    for place in ATTACHED_AT {
        spot::visit(client, place, &mut |item| ids.extend(item.get("id").and_then(Json::as_str).map(str::to_owned)));
    }
    ids
}

/// Checks an update, and adds what it implies: setting one way to authenticate unsets the other.
pub fn before_update(
    tenant: &mut Tenant,
    kind: &Kind,
    id: &str,
    old: &Json,
    body: &mut Map<String, Json>,
) -> Result<(), Refusal> {
    if owner_of(kind).is_some()
        && let Some(Json::String(text)) = body.get_mut("expires_at")
    {
        *text = times::with_milliseconds(text);
    }
    if !kind.has(Quirk::AuthMethodSwitch) {
        return Ok(());
    }
    let set = |body: &Map<String, Json>, field: &str| body.get(field).is_some_and(|value| !value.is_null());
    let pair = ["token_endpoint_auth_method", "client_authentication_methods"];
    if pair.iter().all(|field| set(body, field)) {
        return Err(both_methods());
    }
    for (one, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
        if set(body, one) && old.get(other).is_some() {
            body.insert(other.to_owned(), Json::Null);
        }
    }
    let Some(credentials) = credentials_of(kind) else { return Ok(()) };
    attached_exist(&tenant.store, &credentials.path.replace("{parent}", id), &Json::Object(body.clone()))
}

/// Refuses to delete a credential that a method still points at.
pub fn before_delete(store: &Store, kind: &Kind, parent: &str, id: &str) -> Result<(), Refusal> {
    let Some(owner) = owner_of(kind) else { return Ok(()) };
    let client = store.object(&owner.path, parent);
    if client.is_some_and(|client| attached(client).iter().any(|attached| attached == id)) {
        return Err(Refusal::new(
            400,
            "",
            "The credential is still associated with an authentication method of the client",
        ));
    }
    Ok(())
}

/// Keeps the new field of back-channel logout and its older name alike. Null in either removes both.
pub fn mirror_logout(kind: &Kind, object: &mut Json, body: Option<&Map<String, Json>>) {
    if !kind.has(Quirk::LogoutMirror) {
        return;
    }
    let (new, old) = ("oidc_logout", "oidc_backchannel_logout");
    let sent = |field: &str| body.map_or_else(|| object.get(field).cloned(), |body| body.get(field).cloned());
    match (sent(new), sent(old)) {
        (Some(Json::Null), _) | (None, Some(Json::Null)) => {
            spot::remove(object, new);
            spot::remove(object, old);
        }
        (Some(_), _) => {
            if let Some(urls) = spot::get(object, new).and_then(|logout| logout.get("backchannel_logout_urls")).cloned()
            {
                spot::put(object, old, &json!({"backchannel_logout_urls": urls}));
            }
        }
        (None, Some(value)) => {
            spot::fill(object, new, &json!({}));
            if let Some(urls) = value.get("backchannel_logout_urls") {
                spot::put(object, &format!("{new}.backchannel_logout_urls"), urls);
            }
        }
        (None, None) => {}
    }
}

/// Says whether a path is that of a collection of this kind, whatever its parent.
pub fn is_collection_of(kind: &Kind, path: &str) -> bool {
    routes::keys_of(&kind.path, path).is_some()
}
