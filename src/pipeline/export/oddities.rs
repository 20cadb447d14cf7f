//! What a few kinds read otherwise than files write it: one function a quirk, each the inverse of what loading does.

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::live::Object;
use crate::model::value::{Map, Value};
use crate::pipeline::canonical;

use super::tidy::Tenant;

/// Turns a body (ids already named) from the form of answers into that of files.
pub(super) fn untangle(tenant: &Tenant<'_>, object: &Object, value: &mut Value) {
    let kind = object.kind;
    if kind.has(Quirk::GlobalClientPage) {
        page_of_client(object, value);
    }
    if kind.has(Quirk::ModuleByName) {
        modules_by_name(value);
    }
    if kind.has(Quirk::LogoutMirror)
        && let Value::Map(map) = value
        && map.contains_key("oidc_logout")
    {
        map.shift_remove("oidc_backchannel_logout");
    }
    for pair in &kind.fields.superseded {
        if !pair.by.select(value).is_empty() {
            pair.fields.iter().for_each(|field| field.rewrite(value, &mut |_, _| None));
        }
    }
    if kind.has(Quirk::GrantByClient) {
        grants_by_client(tenant, object, value);
    }
    if let Some(credentials) = credentials_of(kind) {
        embed_credentials(tenant, object, credentials, value);
    }
    if let Some(field) = kind.fields.tool.first()
        && let Value::Map(map) = value
        && let Some(deployed) = deployed(kind, map)
    {
        map.insert(field.clone(), Value::Bool(deployed));
    }
}

/// Says whether what runs is what is shown, for kinds whose changes are drafts at first.
fn deployed(kind: &Kind, body: &Map) -> Option<bool> {
    let flag = if kind.has(Quirk::PublishVersion) {
        "all_changes_published"
    } else if kind.has(Quirk::BuildThenDeploy) {
        "all_changes_deployed"
    } else {
        return None;
    };
    Some(matches!(body.get(flag), Some(Value::Bool(true))))
}

/// One page is two fields of a client that has many more.
fn page_of_client(object: &Object, value: &mut Value) {
    let Some(own) = object.kind.key_path(&object.key).filter(|own| own.path.contains("{global}")) else { return };
    if let Value::Map(map) = value {
        map.retain(|field, _| own.rename.values().any(|api| api == field));
    }
}

/// Modules go by name and version number in files, by two ids on the wire.
fn modules_by_name(value: &mut Value) {
    if let Value::Map(map) = value
        && let Some(Value::List(modules)) = map.get_mut("modules")
    {
        for module in modules {
            if let Value::Map(map) = module {
                map.retain(|field, _| ["module_name", "module_version_number"].contains(&field.as_str()));
            }
        }
    }
}

/// A grant is pointed at by its client, and by its audience too where the client has several.
fn grants_by_client(tenant: &Tenant<'_>, object: &Object, value: &mut Value) {
    let Value::List(members) = value else { return };
    let Some(field) = object.kind.membership.as_ref().and_then(|membership| membership.identity.first()) else {
        return;
    };
    let text = |map: &Map, field: &str| map.get(field).and_then(Value::as_str).map(str::to_owned);
    let raw = object.members();
    let mut written = Vec::new();
    for member in raw {
        let Some(id) = member.as_map().and_then(|map| text(map, field)) else { continue };
        let grant = tenant.objects.iter().find(|other| {
            other.id.as_ref().is_some_and(|other| other.0 == id) && other.kind.has(Quirk::GranteeOrDefault)
        });
        let Some(grant) = grant else { continue };
        let body = tenant.names.body(grant);
        let (Some(Value::Reference(client)), Some(own)) = (body.get("client_id"), text(&grant.body, "client_id"))
        else {
            continue;
        };
        let several = tenant
            .objects
            .iter()
            .filter(|other| other.kind.name == grant.kind.name && text(&other.body, "client_id").as_ref() == Some(&own))
            .count()
            > 1;
        let mut map = Map::new();
        map.insert("client_id".to_owned(), Value::Reference(client.clone()));
        if several && let Some(audience) = text(&grant.body, "audience") {
            map.insert("audience".to_owned(), Value::String(audience));
        }
        written.push(Value::Map(map));
    }
    *members = written;
}

/// Returns the kind of credentials that this kind's methods hold.
fn credentials_of(kind: &Kind) -> Option<&'static Kind> {
    catalogue().nested(&kind.name).find(|child| {
        child.shape == Shape::Child && (child.has(Quirk::CredentialsInMethods) || kind.has(Quirk::CredentialsInMethods))
    })
}

/// Says whether a nested kind is written inside its parent's body, not at a place of its own.
pub(super) fn is_embedded(kind: &Kind) -> bool {
    let parent = kind.parent.as_deref().and_then(|name| catalogue().kind(name));
    parent.and_then(credentials_of).is_some_and(|credentials| credentials.name == kind.name)
}

/// Methods point at credentials by id; files hold the credential itself in that place.
fn embed_credentials(tenant: &Tenant<'_>, object: &Object, credentials: &'static Kind, value: &mut Value) {
    let own: Vec<&Object> = tenant
        .objects
        .iter()
        .filter(|other| other.kind.name == credentials.name && other.parent == object.id)
        .collect();
    for reference in object.kind.references.iter().filter(|reference| reference.space == credentials.space()) {
        let pattern = reference.field.to_string();
        let Some(holder) = pattern.strip_suffix(".id").and_then(|holder| holder.parse().ok()) else { continue };
        let holder: crate::model::path::FieldPattern = holder;
        holder.rewrite(value, &mut |_, found| {
            let name = match found.as_map().and_then(|map| map.get("id")) {
                Some(Value::Reference(reference)) => reference.name.clone(),
                _ => return Some(found),
            };
            let credential = own.iter().find(|other| {
                other.id.as_ref().and_then(|id| tenant.names.name(credentials.space(), &id.0)) == Some(name.as_str())
            });
            let Some(credential) = credential else { return Some(found) };
            let mut body = Value::Map(credential.body.clone());
            canonical::strip(credentials, &mut body);
            Some(body)
        });
    }
}
