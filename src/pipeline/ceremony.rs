//! The root of encryption keys of which the customer holds the material: how far it has come, and what comes next.
//!
//! It is begun without material; the tenant gives a public key; whoever holds the root key wraps it with that; the wrapped
//! key is imported, which destroys the root before it. A key in use takes no material again, and a destroyed one counts as
//! none. Pure: nothing here reads or writes a tenant, and no material reaches a message.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::change::{Delta, DeltaNote};
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::document::Place;
use crate::model::live::{Live, Object};
use crate::model::path::{FieldPath, FieldPattern};
use crate::model::value::Value;
use crate::pipeline::report::value::line;

/// The field of files that holds the wrapped material.
const MATERIAL: &str = "wrapped_key";
const WAITING: &str = "pre-activation";
const DESTROYED: &str = "destroyed";
/// What the answer tells that gives a key to wrap with.
pub const ALGORITHM: &str = "algorithm";
pub const PUBLIC_KEY: &str = "public_key";
/// The state of a key that encrypts.
pub const IN_USE: &str = "active";

/// What a key that the tenant has is in need of.
#[derive(Debug)]
pub enum Next {
    /// It waits for material, and the files have none.
    Wait,
    /// It waits for material, and here it is.
    Import(Box<Delta>),
    /// It is in use. `is_unknown`: the files hold material of which nobody remembers whether it is that of the key.
    InUse { is_unknown: bool },
}

/// Says whether an item of a list is a key that was destroyed.
pub fn is_destroyed(kind: &Kind, item: &Json) -> bool {
    kind.has(Quirk::KeyCeremony) && state_in(item.get("state").and_then(Json::as_str)) == DESTROYED
}

/// Returns what comes next for a key; `deltas` are those of an ordinary comparison.
///
/// # Errors
/// What a person must settle: a key in an odd state, or other material for a key in use.
pub fn next(
    resource: &Resource,
    object: &Object,
    deltas: &[Delta],
    ignored: &[FieldPattern],
) -> Result<Next, Diagnostic> {
    if let Some(finding) = other_type(resource) {
        return Err(finding);
    }
    let path = FieldPath::default().key(MATERIAL);
    let delta = deltas.iter().find(|delta| delta.path == path);
    match state(object) {
        WAITING => {
            let is_ignored = ignored.iter().any(|pattern| pattern.covers(&path));
            let given = material(resource).filter(|_| !is_ignored);
            let import =
                |value: &Value| Delta { path, before: None, after: Some(value.clone()), note: None, cause: None };
            Ok(given.map_or(Next::Wait, |value| Next::Import(Box::new(import(value)))))
        }
        IN_USE => match delta.map(|delta| delta.note) {
            None => Ok(Next::InUse { is_unknown: false }),
            Some(Some(DeltaNote::CannotBeCompared)) => Ok(Next::InUse { is_unknown: true }),
            Some(_) => Err(error(
                "key-in-use",
                format!("`{MATERIAL}` is not what was imported, and a key in use takes no other material"),
                (resource, MATERIAL),
                "Put back what was imported, or take the field out. For another root key, destroy this one first: write \
                 `null` in place of the whole, apply, then begin anew.",
            )),
        },
        other => Err(error(
            "odd-key-state",
            format!("the tenant's key is `{other}`: it neither waits for material nor is it in use"),
            (resource, MATERIAL),
            "Look at the tenant's keys. `null` in place of the whole destroys it; leaving it out leaves it alone.",
        )),
    }
}

/// Says whether files ask for a key to be begun and give no material, so that nothing of it will be changed.
pub fn only_begins(resource: &Resource) -> bool {
    resource.kind.has(Quirk::KeyCeremony) && resource.body.get(MATERIAL).is_none_or(Value::is_null)
}

/// Reports what keeps a key from being begun: another type than the files' one, which no list would show as theirs again, or
/// material, which cannot have been wrapped for it.
pub fn too_early(resource: &Resource) -> Option<Diagnostic> {
    if !resource.kind.has(Quirk::KeyCeremony) {
        return None;
    }
    if let Some(finding) = other_type(resource) {
        return Some(finding);
    }
    material(resource).map(|_| {
        error(
            "no-key-to-import",
            format!("`{MATERIAL}` is for a key that the tenant does not have, and nothing wrapped for another fits a new one"),
            (resource, MATERIAL),
            "Take the field out and apply: a key is begun, and the public key to wrap with is shown. Wrap the root key with \
             it, put the result here, and apply again.",
        )
    })
}

fn other_type(resource: &Resource) -> Option<Diagnostic> {
    let filter = resource.kind.filter.as_ref()?;
    let value = resource.body.get(&filter.field).filter(|value| !filter.fits(Some(&value.to_shown())))?;
    let meant = filter.equals.as_ref().and_then(Json::as_str).unwrap_or_default();
    let summary = format!("files cannot hold an encryption key of the {} {}", filter.field, line(value));
    Some(error("other-key-type", summary, (resource, &filter.field), &format!("Write `{}: {meant}`.", filter.field)))
}

/// Says which of several the files cannot mean, for a kind of which there is one.
pub fn several(kind: &Kind, live: &Live) -> Option<String> {
    if !kind.has(Quirk::KeyCeremony) {
        return None;
    }
    let found: Vec<&Object> = live.objects.iter().filter(|object| object.kind.name == kind.name).collect();
    let named =
        |object: &&Object| format!("{} ({})", object.id.as_ref().map_or("?", |id| id.0.as_str()), state(object));
    (found.len() > 1).then(|| {
        format!(
            "the tenant has {} keys where files mean one: {}; destroy in the tenant the one that is not meant",
            found.len(),
            found.iter().map(named).collect::<Vec<_>>().join(", ")
        )
    })
}

/// Says why files cannot hold a key as it is.
pub fn unsayable(object: &Object, live: &Live) -> Option<String> {
    if !object.kind.has(Quirk::KeyCeremony) {
        return None;
    }
    let odd = || (![WAITING, IN_USE].contains(&state(object))).then(|| format!("it is `{}`", state(object)));
    several(object.kind, live).or_else(odd)
}

/// Says in lines what an answer told of a key that was begun, and what to do with it.
pub fn told(address: &Address, told: &BTreeMap<String, String>) -> Vec<String> {
    let text = |field: &str| told.get(field).map(String::as_str).unwrap_or_default();
    let mut lines = vec![format!(
        "{address} waits for its material. Wrap the root key with this public key ({}), write it as `{MATERIAL}`, apply \
         again. The tenant does not show the public key again:",
        text(ALGORITHM)
    )];
    lines.extend(text(PUBLIC_KEY).lines().map(str::to_owned));
    lines
}

/// Says what a person has to do for a key that waits.
pub fn waits(resource: &Resource) -> String {
    format!(
        "{0} waits for its material: wrap the root key with the public key that the apply showed, write it as `{MATERIAL}`, \
         apply again. If the public key is lost: `null` in place of {0}, apply, begin anew",
        resource.address
    )
}

/// Says that material in the files was judged by nothing.
pub fn unknown(resource: &Resource) -> String {
    format!(
        "{}:{MATERIAL} was not compared: the key is in use, the tenant never shows its material, and nothing is remembered of it",
        resource.address
    )
}

/// Returns the state of a key.
pub fn state(object: &Object) -> &str {
    state_in(object.body.get("state").and_then(Value::as_str))
}

fn state_in(text: Option<&str>) -> &str {
    text.unwrap_or("without a state")
}

/// Returns the material that files give, with or without its value here; nothing if they only say that it stays.
fn material(resource: &Resource) -> Option<&Value> {
    resource.body.get(MATERIAL).filter(|value| match value {
        Value::Null => false,
        Value::Secret(secret) => !secret.is_keep() && !secret.is_recorded(),
        _ => true,
    })
}

fn error(code: &'static str, summary: String, (resource, field): (&Resource, &str), help: &str) -> Diagnostic {
    let place: &Place = resource.field_places.get(field).unwrap_or(&resource.place);
    Diagnostic::error(code, summary).at(place).on(&resource.address).help(help)
}
