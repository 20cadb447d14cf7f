//! A commit of the past as what is wanted now: what has become ours since then goes, and what it did not manage gets back
//! what it held before.
//!
//! The plan itself is like any other. Nothing here reads or writes a tenant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use crate::catalogue::kind::{DeleteMeans, Kind};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::{Address, join_names};
use crate::model::applied::{Applied, Origin, Owned};
use crate::model::change::Action;
use crate::model::desired::{Desired, MEMBERS, Manage, Resource, Standing};
use crate::model::path::FieldPath;
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::model::value::{Map, Part, Value};
use crate::pipeline::ownership::{carried, recorded};
use crate::pipeline::references::{self, on_body};
use crate::pipeline::steps::NOT_IN_FILES;

/// Why something goes that is ours and was not then.
const NOT_THEN: &str = "not in the files then";
/// The most addresses that one sentence names.
const NAMED: usize = 5;

/// What a return to the past means for ownership, and what it cannot bring back.
#[derive(Debug, Default)]
pub struct Return {
    /// Given back: not ours once the plan is carried out.
    given_back: BTreeSet<Address>,
    /// What of a resource stays managed; the rest of its fields is given back.
    managed: BTreeMap<Address, Json>,
    /// Sentences about what stays as it is.
    lost: Vec<String>,
}

/// Turns what a commit wants into what a return to it wants. `applied` is what is ours now and gets the addresses of
/// `then`, the record of that commit, where an object had another name.
pub fn prepare(desired: &mut Desired, applied: &mut Applied, then: Option<&Applied>) -> Return {
    let mut back = Return::default();
    keep_unknown_secrets(desired, &mut back);
    if let Some(then) = then {
        readdress(desired, applied, then);
    }
    let project = desired.settings.project.clone();
    let mut present: BTreeMap<Address, usize> =
        desired.resources.iter().enumerate().map(|(index, resource)| (resource.address.clone(), index)).collect();
    for (address, owned) in &applied.resources {
        let Some(kind) = catalogue().kind(&owned.kind) else {
            back.lost.push(format!("{address} is of a kind that this version does not know; it is left alone"));
            continue;
        };
        let is_left_alone = !owned.is_of(project.as_deref())
            || desired.released.contains(address)
            || desired.excluded.kind(kind)
            || desired.excluded.address(address);
        if is_left_alone {
            continue;
        }
        if let Some(index) = present.get(address) {
            back.fields(&mut desired.resources[*index], owned);
            continue;
        }
        // What lies in something that goes, goes with it.
        if owned.parent.as_ref().is_some_and(|parent| !present.contains_key(parent)) {
            continue;
        }
        desired.declared.insert(kind.name.clone());
        match wanted(address, owned, kind) {
            Wanted::Resource(mut resource) => {
                references::point_alone(&mut resource);
                present.insert(address.clone(), desired.resources.len());
                desired.resources.push(*resource);
                back.given_back.insert(address.clone());
            }
            Wanted::Nothing => {
                desired.released.insert(address.clone());
            }
            Wanted::Gone if desired.settings.policy.manage(kind) == Manage::Additive => {
                back.lost.push(format!("{address} stays: the policy lets nothing of its kind be deleted"));
            }
            Wanted::Gone => {}
            Wanted::Stays => back.lost.push(format!("{address} stays as it is: the API cannot take it away")),
        }
    }
    back
}

/// What is to become of something that is ours and that the commit does not describe.
enum Wanted {
    /// It gets back what it held.
    Resource(Box<Resource>),
    /// Nothing of it was changed: it is only let go.
    Nothing,
    /// The plan deletes it, since it is ours and nobody describes it.
    Gone,
    Stays,
}

fn wanted(address: &Address, owned: &Owned, kind: &'static Kind) -> Wanted {
    let bare = Resource::bare(address.clone(), kind, owned.name.clone(), owned.parent.clone());
    let mut resource = Resource { standing: Standing::GivenBack, ..bare };
    if kind.shape == Shape::Membership {
        let members = match &owned.before {
            Json::Array(items) => items.iter().cloned().map(Value::from_json).collect(),
            _ => Vec::new(),
        };
        resource.body.insert(MEMBERS.to_owned(), Value::List(members));
        return Wanted::Resource(Box::new(resource));
    }
    if kind.has(Quirk::KeySuccession) {
        return Wanted::Stays;
    }
    let has_id = matches!(kind.shape, Shape::Collection | Shape::Child);
    match (owned.origin, &owned.before) {
        (Origin::Adopted, Json::Object(before)) if !before.is_empty() => {
            resource.body =
                before.iter().map(|(key, held)| (key.clone(), returned(held, owned.fields.get(key)))).collect();
            if let Some(name) = name_in(kind, before).filter(|name| has_id && *name != owned.name) {
                resource.was = Some(std::mem::replace(&mut resource.name, name));
            }
            Wanted::Resource(Box::new(resource))
        }
        (Origin::Adopted, _) => Wanted::Nothing,
        (Origin::Created, _) if has_id && !kind.has(Quirk::NamedByRecord) => Wanted::Gone,
        (Origin::Created, _) => {
            let can_go = match &kind.delete {
                DeleteMeans::Delete => kind.verbs.delete,
                DeleteMeans::Reset(_) => true,
                DeleteMeans::Nothing => false,
            };
            resource.unset = true;
            if can_go { Wanted::Resource(Box::new(resource)) } else { Wanted::Stays }
        }
    }
}

/// The identity as it was, if the values before say it.
fn name_in(kind: &Kind, before: &JsonMap<String, Json>) -> Option<String> {
    let parts: Option<Vec<String>> =
        kind.identity.iter().map(|field| before.get(field)?.as_str().map(str::to_owned)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| join_names(&parts))
}

/// A secret that has no source today stays what the tenant holds.
fn keep_unknown_secrets(desired: &mut Desired, back: &mut Return) {
    let mut kept = BTreeSet::new();
    for resource in &mut desired.resources {
        on_body(resource, |body| keep(body, &mut kept));
    }
    back.lost.extend(
        kept.into_iter().map(|name| format!("the secret {name} has no source today: what the tenant holds stays")),
    );
}

fn keep(value: &mut Value, kept: &mut BTreeSet<String>) {
    let missing = match value {
        Value::Secret(secret) if secret.is_missing() => Some(secret.name.clone()),
        Value::Template(parts) => parts.iter().find_map(|part| match part {
            Part::Secret(secret) if secret.is_missing() => Some(secret.name.clone()),
            _ => None,
        }),
        Value::List(items) => {
            items.iter_mut().for_each(|item| keep(item, kept));
            None
        }
        Value::Map(map) => {
            map.values_mut().for_each(|item| keep(item, kept));
            None
        }
        _ => None,
    };
    if let Some(name) = missing {
        *value = Value::Secret(Secret::keep(name.clone()));
        kept.insert(name);
    }
}

/// Gives what is ours the address that the same object had then, with all that lies in it.
fn readdress(desired: &mut Desired, applied: &mut Applied, then: &Applied) {
    let described: BTreeMap<Address, usize> =
        desired.resources.iter().enumerate().map(|(index, resource)| (resource.address.clone(), index)).collect();
    let now = applied.clone();
    let by_id = now.by_id();
    let mut moves: Vec<(&Address, &Address)> = Vec::new();
    for (old, owned) in then.resources.iter().filter(|(old, _)| described.contains_key(*old)) {
        let Some(id) = &owned.id else { continue };
        let Some((new, today)) = by_id.get(&(owned.kind.as_str(), id.0.as_str())) else { continue };
        if *new == old {
            continue;
        }
        if let Some(resource) = described.get(old).and_then(|index| desired.resources.get_mut(*index)) {
            resource.was = Some(today.name.clone());
        }
        moves.push((new, old));
    }
    // What has the old address now is another object: it takes the one that gets free.
    let aside: Vec<(&Address, &Address)> = moves
        .iter()
        .filter(|(_, old)| now.resources.contains_key(*old) && !moves.iter().any(|(new, _)| new == old))
        .map(|(new, old)| (*old, *new))
        .collect();
    let all: Vec<(&Address, &Address)> = moves.into_iter().chain(aside).collect();
    let to = |at: &Address| all.iter().find(|(from, _)| at.is_within(from)).map(|(from, to)| at.moved(from, to));
    applied.resources = now
        .resources
        .iter()
        .map(|(at, owned)| {
            let parent = owned.parent.as_ref().map(|parent| to(parent).unwrap_or_else(|| parent.clone()));
            (to(at).unwrap_or_else(|| at.clone()), Owned { parent, ..owned.clone() })
        })
        .collect();
}

impl Return {
    /// What is managed now and was not then gets back what it held before.
    fn fields(&mut self, resource: &mut Resource, owned: &Owned) {
        let Json::Object(fields) = &owned.fields else { return };
        if resource.unset || resource.kind.shape == Shape::Membership {
            return;
        }
        let mut returning = Returning { kind: resource.kind, unknown: Vec::new() };
        let held = returning.held(&FieldPath::default(), fields, &resource.body, Some(&owned.before));
        for path in returning.unknown {
            self.lost.push(format!("{}:{path} stays as it is: nothing says what it held before", resource.address));
        }
        if held.is_empty() {
            return;
        }
        self.managed.insert(resource.address.clone(), recorded(resource));
        let mut alone = Resource { body: held, ..resource.clone() };
        references::point_alone(&mut alone);
        complete(&mut resource.body, alone.body);
    }

    /// Says what is ours once the plan is carried out, and returns what it cannot bring back.
    pub fn settle(self, plan: &mut Plan, then: Option<&Applied>) -> Vec<String> {
        let Self { given_back, managed, lost } = self;
        let next = &mut plan.ownership.next;
        next.retain(|address, _| !given_back.contains(address));
        for (address, fields) in managed {
            if let Some(owned) = next.get_mut(&address) {
                owned.before = carried(&fields, &owned.before);
                let is_managed = |path: &str| path.split(['.', '[']).next().is_none_or(|top| fields.get(top).is_some());
                owned.secrets.retain(|path, _| is_managed(path));
                owned.fields = fields;
            }
        }
        let mut out = new_ids(plan, then);
        out.extend(taken_along(plan));
        out.extend(lost);
        for change in plan.changes.iter_mut().filter(|change| change.reason == NOT_IN_FILES) {
            NOT_THEN.clone_into(&mut change.reason);
        }
        out
    }
}

struct Returning {
    kind: &'static Kind,
    unknown: Vec<FieldPath>,
}

impl Returning {
    /// Returns what the fields held that the body does not say.
    fn held(&mut self, at: &FieldPath, fields: &JsonMap<String, Json>, body: &Map, before: Option<&Json>) -> Map {
        let mut out = Map::new();
        for (key, value) in fields {
            let path = at.key(key);
            // Where there was nothing, there was nothing inside.
            let before =
                before.and_then(|before| if before.is_null() && at.0.is_empty() { None } else { inside(before, key) });
            match (body.get(key), value, before) {
                (None, _, Some(held)) => drop(out.insert(key.clone(), returned(held, Some(value)))),
                (None, _, None) => self.unknown.push(path),
                (Some(Value::Map(inner)), Json::Object(fields), before) if !self.is_exact(&path) => {
                    let held = self.held(&path, fields, inner, before);
                    if !held.is_empty() {
                        out.insert(key.clone(), Value::Map(held));
                    }
                }
                _ => {}
            }
        }
        out
    }

    fn is_exact(&self, path: &FieldPath) -> bool {
        self.kind.fields.exact.iter().any(|pattern| pattern.covers(path))
    }
}

fn inside<'j>(before: &'j Json, key: &str) -> Option<&'j Json> {
    if before.is_null() { Some(before) } else { before.get(key) }
}

/// Returns what a field held. A map that files manage is compared member by member, so what was not in it then and is
/// managed now is said to be nothing.
fn returned(held: &Json, managed: Option<&Json>) -> Value {
    let (Json::Object(held), Some(Json::Object(managed))) = (held, managed) else {
        return Value::from_json(held.clone());
    };
    let mut map: Map = held.iter().map(|(key, held)| (key.clone(), returned(held, managed.get(key)))).collect();
    for key in managed.keys().filter(|key| !held.contains_key(*key)) {
        map.insert(key.clone(), Value::Null);
    }
    Value::Map(map)
}

/// Adds what is not there.
fn complete(body: &mut Map, more: Map) {
    for (key, value) in more {
        match (body.get_mut(&key), value) {
            (Some(Value::Map(there)), Value::Map(more)) => complete(there, more),
            (Some(_), _) => {}
            (None, value) => drop(body.insert(key, value)),
        }
    }
}

/// What comes back is another object under the old name.
fn new_ids(plan: &Plan, then: Option<&Applied>) -> Vec<String> {
    let mut kinds: BTreeMap<&str, (&'static Kind, Vec<&Address>)> = BTreeMap::new();
    let made = plan.changes.iter().filter(|change| {
        let was_there = change.action == Action::Create
            && then.is_none_or(|then| then.resources.get(&change.address).is_some_and(|owned| owned.id.is_some()));
        let is_another = change.action == Action::Replace && !change.kind.has(Quirk::KeyCeremony);
        change.kind.id.is_some() && (was_there || is_another)
    });
    for change in made {
        kinds.entry(&change.kind.name).or_insert((change.kind, Vec::new())).1.push(&change.address);
    }
    let sentence = |(kind, addresses): (&'static Kind, Vec<&Address>)| {
        let carries = kind.carries.as_ref().map(|carries| format!(", without {carries}")).unwrap_or_default();
        let id = kind.id.as_deref().unwrap_or("id");
        format!("{}: made anew, with another {id}{carries}", named(&addresses))
    };
    kinds.into_values().map(sentence).collect()
}

/// What hangs on an object without being configuration goes with it.
fn taken_along(plan: &Plan) -> Vec<String> {
    let gone = plan.changes.iter().filter(|change| change.action == Action::Delete);
    gone.filter_map(|change| {
        let carries = change.kind.carries.as_ref()?;
        Some(format!("{}: deleted, with {carries}", change.address))
    })
    .collect()
}

fn named(addresses: &[&Address]) -> String {
    let mut words: Vec<String> = addresses.iter().take(NAMED).map(ToString::to_string).collect();
    if addresses.len() > NAMED {
        words.push(format!("{} more", addresses.len() - NAMED));
    }
    words.join(", ")
}
