//! What is ours, what becomes ours and what ceases to be.
//!
//! Ownership is by id: the record of the last apply names the objects, and no other object is ever taken for one of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use crate::catalogue::kind::DeleteMeans;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::{Applied, Origin, Owned, Ownership};
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, MEMBERS, Manage, Resource, Standing};
use crate::model::live::{Live, Object};
use crate::model::path::FieldPath;
use crate::model::record::RunScope;
use crate::model::value::{Part, Value};
use crate::pipeline::diff::Comparison;
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::{Facts, KnownFields};
use crate::pipeline::report::json;

/// Says whether an object is what this run logs in as, or one of its grants: never deleted, and nobody else's.
pub fn is_access_of_run(object: &Object, live: &Live) -> bool {
    live.own_client.as_ref().is_some_and(|own| {
        object.kind.id.is_some() && object.id.as_ref() == Some(own)
            || object.kind.has(Quirk::GranteeOrDefault)
                && object.body.get("client_id").and_then(Value::as_str) == Some(own.0.as_str())
    })
}

/// Returns the managed fields of a resource as a record holds them: names where the catalogue knows a pointer, and
/// elsewhere a template, so that nothing that is filled in later is taken for plain text.
pub fn recorded(resource: &Resource) -> Json {
    let kind = resource.kind;
    let mut body = match resource.body.get(MEMBERS) {
        Some(members) if kind.shape == Shape::Membership => members.clone(),
        _ => Value::Map(resource.body.clone()),
    };
    for field in &kind.references {
        field.field.rewrite(&mut body, &mut |_, value| {
            Some(match value {
                Value::Reference(reference) if reference.space == field.space => Value::String(reference.name),
                other => other,
            })
        });
    }
    spell_out(&mut body);
    json::value(&body)
}

fn spell_out(value: &mut Value) {
    match value {
        Value::Reference(reference) => *value = Value::Template(vec![Part::Reference(reference.clone())]),
        Value::List(items) => items.iter_mut().for_each(spell_out),
        Value::Map(map) => map.values_mut().for_each(spell_out),
        _ => {}
    }
}

/// Adds what was ours, is no longer described and has a key in place of an id, as something to be unset: such objects
/// are only read where something asks for them.
pub fn withdraw(desired: &mut Desired, applied: &Applied, project: Option<&str>, scope: RunScope) {
    let known: BTreeSet<Address> = desired.resources.iter().map(|resource| resource.address.clone()).collect();
    for (address, owned) in &applied.resources {
        let Some(kind) = catalogue().kind(&owned.kind) else { continue };
        let can_go = match &kind.delete {
            DeleteMeans::Delete => kind.verbs.delete,
            DeleteMeans::Reset(_) => true,
            DeleteMeans::Nothing => false,
        };
        let is_declared = match scope {
            RunScope::Targeted => desired.narrowed.leaving.contains(address),
            RunScope::Full | RunScope::Partial => desired.declared.contains(&kind.name),
        };
        let is_left_alone = !owned.is_of(project)
            || known.contains(address)
            || desired.released.contains(address)
            || !is_declared
            || desired.excluded.kind(kind)
            || desired.excluded.address(address)
            || desired.settings.policy.manage(kind) == Manage::Additive;
        let has_parent = owned.parent.as_ref().is_none_or(|parent| known.contains(parent));
        let is_read_if_asked = kind.shape == Shape::Keyed || kind.has(Quirk::NamedByRecord);
        if !is_read_if_asked || !can_go || is_left_alone || !has_parent {
            continue;
        }
        let bare = Resource::bare(address.clone(), kind, owned.name.clone(), owned.parent.clone());
        desired.resources.push(Resource { unset: true, standing: Standing::Withdrawn, ..bare });
    }
}

/// Returns the members of a list that are ours, as [`crate::pipeline::members::key_of`] names them.
pub fn own_members(resource: &Resource, matched: &Matched<'_>, facts: &Facts) -> BTreeSet<String> {
    let none = BTreeSet::new();
    let (Some(applied), Some(membership)) = (&facts.applied, &resource.kind.membership) else { return none };
    let Some(owned) = applied.resources.get(&resource.address) else { return none };
    // Another object under the parent's name has a list of its own.
    let is_other_parent = matched.parent_of(resource).is_some_and(|(parent, object)| {
        let recorded = applied.resources.get(&parent.address).and_then(|parent| parent.id.as_ref());
        recorded.is_some() && recorded != object.and_then(|object| object.id.as_ref())
    });
    if is_other_parent || !owned.is_of(facts.project.as_deref()) {
        return none;
    }
    let items = owned.fields.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| crate::pipeline::members::key_of(membership, &Value::from_json(item.clone()))).collect()
}

/// Says what of ours a plan lets go because its key is gone from the files.
pub fn released(desired: &Desired, facts: &Facts) -> Vec<String> {
    let Some(applied) = facts.applied.as_ref().filter(|_| facts.scope != RunScope::Targeted) else {
        return Vec::new();
    };
    let mut counts: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for owned in applied.resources.values().filter(|owned| owned.is_of(facts.project.as_deref())) {
        let Some(kind) = catalogue().kind(&owned.kind) else { continue };
        if desired.declared.contains(&kind.name) || desired.excluded.kind(kind) {
            continue;
        }
        // Of nested kinds those are told of that stay by themselves.
        let (is_named, is_kept) = (kind.has(Quirk::NamedByRecord), kind.has(Quirk::KeySuccession));
        let key = match kind.parent {
            Some(_) if !is_named && !is_kept => continue,
            Some(_) => kind.name.as_str(),
            None => kind.name.as_str(),
        };
        let count = counts.entry(key).or_default();
        count.0 += 1;
        count.1 |= kind.shape == Shape::Collection || is_named;
    }
    let note = |(key, (count, can_go)): (&str, (usize, bool))| match can_go {
        true => match key.rsplit_once('/') {
            Some((parent, own)) => {
                format!("{count} {key} released; before this apply, `{own}: []` in {parent} deletes them instead")
            }
            None => format!("{count} {key} released; before this apply, `{key}: []` deletes them instead"),
        },
        false => format!("{key} released: what is there stays as it is"),
    };
    counts.into_iter().map(note).collect()
}

/// Returns what a plan means for ownership. `spared` are resources that the run leaves alone though they are declared.
pub fn ownership(
    desired: &Desired,
    matched: &Matched<'_>,
    facts: &Facts,
    changes: &[Change],
    made: &Made<'_>,
) -> Ownership {
    if !facts.keeps_history {
        return Ownership::default();
    }
    let none = BTreeMap::new();
    let prior = facts.applied.as_ref().map_or(&none, |applied| &applied.resources);
    let ids = facts.applied.as_ref().map(Applied::by_id).unwrap_or_default();
    let mut next = BTreeMap::new();
    let mut taken: BTreeSet<&Address> = BTreeSet::new();
    for (resource, object) in &matched.pairs {
        if resource.unset || made.spared.contains(&resource.address) {
            continue;
        }
        let old = object.and_then(|object| match &object.id {
            Some(id) => ids.get(&(resource.kind.name.as_str(), id.0.as_str())).copied(),
            None => prior.get_key_value(&resource.address),
        });
        taken.extend(old.map(|(address, _)| address));
        next.insert(
            resource.address.clone(),
            owned(resource, *object, old.map(|(_, owned)| owned), matched, facts, made),
        );
    }
    let deleted: BTreeSet<&Address> =
        changes.iter().filter(|change| change.action == Action::Delete).map(|change| &change.address).collect();
    for (address, owned) in prior {
        let is_gone = taken.contains(address) || next.contains_key(address) || deleted.contains(address);
        if !is_gone && is_kept(address, owned, desired, matched, facts) {
            next.insert(address.clone(), owned.clone());
        }
    }
    Ownership { prior: facts.applied.clone(), next }
}

/// What planning made that ownership needs.
#[derive(Debug)]
pub struct Made<'a> {
    pub fingerprints: &'a BTreeMap<String, String>,
    pub known: &'a KnownFields,
    pub spared: &'a BTreeSet<Address>,
}

/// Says whether something stays ours that the files do not describe and the plan does not delete.
fn is_kept(address: &Address, owned: &Owned, desired: &Desired, matched: &Matched<'_>, facts: &Facts) -> bool {
    let Some(kind) = catalogue().kind(&owned.kind) else { return true };
    let is_leaving = desired.narrowed.leaving.contains(address);
    if !owned.is_of(facts.project.as_deref()) || (facts.scope == RunScope::Targeted && !is_leaving) {
        return true;
    }
    if desired.excluded.kind(kind) || desired.excluded.address(address) {
        return true;
    }
    if desired.released.contains(address) || !(desired.declared.contains(&kind.name) || is_leaving) {
        return false;
    }
    let can_delete = desired.settings.policy.manage(kind) != Manage::Additive;
    can_delete && owned.id.is_some() && matched.left.iter().any(|object| object.id == owned.id)
}

fn owned(
    resource: &Resource,
    object: Option<&Object>,
    old: Option<&Owned>,
    matched: &Matched<'_>,
    facts: &Facts,
    made: &Made<'_>,
) -> Owned {
    let fields = recorded(resource);
    let old_fields = old.map(|old| &old.fields);
    let before = if is_covered(&fields, old_fields) {
        carried(&fields, old.map_or(&Json::Null, |old| &old.before))
    } else {
        let live = object.map(|object| {
            let mut body = matched.names.body(object);
            match resource.kind.shape {
                Shape::Membership => body.shift_remove(MEMBERS).unwrap_or(Value::List(Vec::new())),
                _ => Value::Map(body),
            }
        });
        let wanted = match resource.kind.shape {
            Shape::Membership => Value::List(resource.members().to_vec()),
            _ => Value::Map(resource.body.clone()),
        };
        live.map_or(Json::Null, |live| became(&wanted, old_fields, &live, old.map(|old| &old.before)))
    };
    Owned {
        kind: resource.kind.name.clone(),
        name: resource.name.clone(),
        id: object.and_then(|object| object.id.clone()),
        parent: resource.parent.clone(),
        project: facts.project.clone(),
        origin: old.map_or(if object.is_some() { Origin::Adopted } else { Origin::Created }, |old| old.origin),
        fields,
        before,
        secrets: secrets(resource, facts, made),
    }
}

/// Says whether every field was managed before.
fn is_covered(fields: &Json, old: Option<&Json>) -> bool {
    match (fields, old) {
        (_, None) => false,
        (Json::Object(fields), Some(Json::Object(old))) => {
            fields.iter().all(|(key, value)| is_covered(value, old.get(key)))
        }
        (_, Some(_)) => true,
    }
}

/// Keeps of the values before those whose fields are still managed.
pub fn carried(fields: &Json, before: &Json) -> Json {
    match (fields, before) {
        (Json::Object(fields), Json::Object(before)) => Json::Object(
            before.iter().filter_map(|(key, value)| Some((key.clone(), carried(fields.get(key)?, value)))).collect(),
        ),
        (_, before) => before.clone(),
    }
}

/// What fields held before they became managed: for those that were managed already what is recorded of it.
fn became(wanted: &Value, old: Option<&Json>, live: &Value, recorded: Option<&Json>) -> Json {
    let (Value::Map(wanted), Value::Map(live)) = (wanted, live) else {
        return match old {
            Some(_) => recorded.cloned().unwrap_or_default(),
            None => bare(live).unwrap_or_default(),
        };
    };
    let mut before = JsonMap::new();
    for (key, value) in wanted {
        let (old, recorded) = (old.and_then(|old| old.get(key)), recorded.and_then(|recorded| recorded.get(key)));
        let held = match (live.get(key), old) {
            (_, Some(_)) if !value.as_map().is_some_and(|_| live.contains_key(key)) => recorded.cloned(),
            (Some(Value::Secret(_)), _) => None,
            (Some(live), old) => Some(became(value, old, live, recorded)),
            (None, _) => Some(Json::Null),
        };
        if let Some(held) = held {
            before.insert(key.clone(), held);
        }
    }
    Json::Object(before)
}

/// A value without the secrets in it.
fn bare(value: &Value) -> Option<Json> {
    match value {
        Value::Secret(_) => None,
        Value::Map(map) => {
            Some(Json::Object(map.iter().filter_map(|(key, item)| Some((key.clone(), bare(item)?))).collect()))
        }
        Value::List(items) => Some(Json::Array(items.iter().filter_map(bare).collect())),
        other => Some(json::value(other)),
    }
}

/// The fingerprints of a resource's secrets, by field.
fn secrets(resource: &Resource, facts: &Facts, made: &Made<'_>) -> BTreeMap<String, String> {
    let prefix = format!("{}:", resource.address);
    let of = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let own = all.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        own.map(|(name, print)| (name[prefix.len()..].to_owned(), print.clone())).collect()
    };
    let mut prints: BTreeMap<String, String> = of(&facts.remembered.fingerprints).into_iter().collect();
    prints.extend(of(made.fingerprints));
    prints.retain(|field, _| {
        let top = field.split(['.', '[']).next().unwrap_or(field);
        top.is_empty() || resource.body.contains_key(top)
    });
    let known: usize = resource.body.values().map(shown_secrets).sum();
    if prints.len() < known {
        // What the tenant shows in clear was compared with that and has no fingerprint yet.
        let mut comparison = Comparison::new(resource.kind, &resource.address, &facts.remembered, &[], made.known);
        for (field, value) in &resource.body {
            let path = if field == MEMBERS { FieldPath::default() } else { FieldPath::default().key(field) };
            comparison.note_secrets(&path, value);
        }
        for (name, print) in comparison.fingerprints {
            prints.entry(name[prefix.len()..].to_owned()).or_insert(print);
        }
    }
    prints
}

fn shown_secrets(value: &Value) -> usize {
    match value {
        Value::Secret(secret) => usize::from(secret.expose().is_some()),
        Value::Map(map) => map.values().map(shown_secrets).sum(),
        Value::List(list) => list.iter().map(shown_secrets).sum(),
        _ => 0,
    }
}
