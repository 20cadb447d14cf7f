//! Desired -> Live: reads the kinds in scope, list calls where the API has them, in parallel.
//!
//! Lists come first, then what is nested in the objects that they found. It holds the reading half of the API port
//! only. What the tenant refuses is a [`Reading`], so that one closed door does not hide the rest.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::api::request::{PathParams, read};
use crate::catalogue::kind::{KeySource, Kind, ParentFilter, Parts};
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Live, Object};
use crate::model::names::RemoteId;
use crate::model::value::Value;
use crate::pipeline::canonical;
use crate::pipeline::parts::Named;
use crate::pipeline::read::{Task, read_group};
use crate::pipeline::resolve::split_key;
use crate::pipeline::scope::body_references;

/// What to read.
#[derive(Debug)]
pub enum Wanted<'a> {
    /// What planning this needs.
    For(&'a Desired),
    /// What planning this needs where a record says which objects are ours, whatever they are called by now.
    Known(&'a Desired, Option<&'a Applied>),
    /// Every kind (of these names or keys, if any are named), for an export.
    Everything { only: Vec<String>, exclude: Vec<String> },
}

/// Reads the tenant. A kind that the tenant refuses is a `Reading`, not an error; no answer at all is one.
pub async fn refresh(api: &impl ReadApi, wanted: Wanted<'_>) -> Result<Live, ApiFailure> {
    let mut live = Live { own_client: api.own_client().await.map(RemoteId), ..Live::default() };
    let first = match &wanted {
        Wanted::For(desired) | Wanted::Known(desired, _) => roots_for(desired),
        Wanted::Everything { only, exclude } => roots_of_all(only, exclude),
    };
    // Kinds that share a list (databases and connections) are read by one call.
    let mut lists: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for (position, task) in first.into_iter().enumerate() {
        let shared = task.kind.list.is_some() && task.kind.shape != Shape::Membership;
        let call = if shared { task.kind.path.clone() } else { format!("{position} of its own") };
        lists.entry(call).or_default().push(task);
    }
    run(api, lists.into_values().collect(), &mut live).await?;
    complete(api, &wanted, &mut live).await?;
    // Nested kinds may nest further (prompts by locale wait for the tenant's settings), so go on until nothing is new.
    let mut done: BTreeSet<String> = BTreeSet::new();
    loop {
        let next: Vec<Task> = match &wanted {
            Wanted::For(desired) => nested_for(desired, None, &live),
            Wanted::Known(desired, applied) => nested_for(desired, *applied, &live),
            Wanted::Everything { only, exclude } => nested_of_all(only, exclude, &live),
        };
        let fresh: Vec<Vec<Task>> =
            next.into_iter().filter(|task| done.insert(task.label())).map(|task| vec![task]).collect();
        if fresh.is_empty() {
            return Ok(live);
        }
        run(api, fresh, &mut live).await?;
    }
}

/// Reads in full what a list shows in part, one by one: only the objects that this run is about.
async fn complete(api: &impl ReadApi, wanted: &Wanted<'_>, live: &mut Live) -> Result<(), ApiFailure> {
    let asked = |object: &Object| {
        object.kind.list.as_ref().is_some_and(|list| list.incomplete)
            && match wanted {
                Wanted::Everything { only, exclude } => chosen(object.kind, only, exclude),
                Wanted::For(desired) | Wanted::Known(desired, _) => desired.resources.iter().any(|resource| {
                    let name = canonical::raw_name(object);
                    let bound = desired.settings.bind.get(resource.address.as_str());
                    let is_bound = object.id.as_ref().is_some_and(|id| bound == Some(&id.0));
                    let known = if let Wanted::Known(_, applied) = wanted { *applied } else { None };
                    let is_ours = object.id.is_some() && recorded(resource, known) == object.id.as_ref();
                    resource.kind.name == object.kind.name
                        && (is_bound || is_ours || resource.name == name || resource.was.as_ref() == Some(&name))
                }),
            }
    };
    let partial: Vec<usize> =
        live.objects.iter().enumerate().filter(|(_, object)| asked(object)).map(|(index, _)| index).collect();
    read_in_full(api, partial, live).await
}

/// Reads objects in full, one by one, by where they stand.
pub(super) async fn read_in_full(api: &impl ReadApi, partial: Vec<usize>, live: &mut Live) -> Result<(), ApiFailure> {
    let mut running: FuturesUnordered<_> = partial
        .into_iter()
        .filter_map(|index| {
            let object = &live.objects[index];
            let params = PathParams {
                id: object.id.as_ref().map(|id| id.0.clone()),
                parent: object.parent.as_ref().map(|id| id.0.clone()),
                key: object.key.clone(),
                ..PathParams::default()
            };
            let get = read(object.kind, &params).ok()?;
            Some(async move { (index, api.get(&get).await) })
        })
        .collect();
    let mut whole = Vec::new();
    while let Some((index, answer)) = running.next().await {
        whole.push((index, answer?));
    }
    drop(running);
    for (index, answer) in whole {
        live.requests += 1;
        let object = &live.objects[index];
        let new = canonical::object(object.kind, object.parent.clone(), BTreeMap::new(), answer.body);
        live.objects[index] = new;
    }
    Ok(())
}

/// Runs groups of tasks in parallel; the tasks of a group share one list call.
pub(super) async fn run(api: &impl ReadApi, groups: Vec<Vec<Task>>, live: &mut Live) -> Result<(), ApiFailure> {
    let mut running: FuturesUnordered<_> = groups
        .into_iter()
        .map(|tasks| async move {
            let brought = read_group(api, &tasks).await;
            (tasks, brought)
        })
        .collect();
    while let Some((tasks, brought)) = running.next().await {
        let brought = brought?;
        live.requests += brought.requests;
        for task in tasks.iter().filter(|task| parts_of(task.kind).is_some()) {
            // The whole list comes after some parts of it.
            live.objects.retain(|object| object.kind.name != task.kind.name || object.parent != task.parent);
        }
        live.objects.extend(brought.objects);
        for task in tasks {
            live.readings.entry(task.reading_name()).or_insert_with(|| brought.reading.clone());
        }
    }
    // The order of answers must not show.
    live.objects.sort_by(|a, b| {
        let key = |o: &Object| (o.kind.name.clone(), o.parent.clone(), canonical::raw_name(o), o.id.clone());
        key(a).cmp(&key(b))
    });
    Ok(())
}

/// Returns the top-level kinds that a plan reads, with the key where they are read key by key.
pub fn root_reads(desired: &Desired) -> Vec<(&'static Kind, BTreeMap<String, String>)> {
    roots_for(desired).into_iter().map(|task| (task.kind, task.key)).collect()
}

/// Which top-level reads a plan needs.
fn roots_for(desired: &Desired) -> Vec<Task> {
    let mut kinds: BTreeSet<&str> = desired.declared.iter().map(String::as_str).collect();
    let mut spaces: BTreeSet<&str> = BTreeSet::new();
    for resource in desired.resources.iter().chain(&desired.removed) {
        kinds.insert(&resource.kind.name);
        let mut parent = resource.kind.parent.as_deref();
        while let Some(name) = parent {
            kinds.insert(name);
            parent = catalogue().kind(name).and_then(|kind| kind.parent.as_deref());
        }
        // What a list holds must be named, also where the files take the last of it away.
        if resource.kind.membership.is_some() {
            let by_id = resource.kind.references.iter().filter(|reference| reference.by == "id");
            spaces.extend(by_id.map(|reference| reference.space.as_str()));
        }
        body_references(resource, &mut |reference| {
            if reference.by == "id" || !desired.resources.iter().any(|r| r.name == reference.name) {
                spaces.insert(&reference.space);
            }
        });
    }
    let mut tasks = look_ups(&mut spaces);
    name_what_is_looked_up(&mut spaces);
    for kind in catalogue().kinds().filter(|kind| kind.parent.is_none()) {
        if !kinds.contains(kind.name.as_str()) && !spaces.contains(kind.space()) {
            continue;
        }
        tasks.extend(root_tasks(kind, desired.resources.iter().chain(&desired.removed)));
    }
    tasks
}

/// Adds what the names of objects are made of: a grant is called by its client and its API.
fn name_what_is_looked_up(spaces: &mut BTreeSet<&str>) {
    let looked_up = catalogue().kinds().filter(|kind| spaces.contains(kind.space()));
    let parts: Vec<&str> = looked_up
        .flat_map(|kind| kind.references.iter().map(move |reference| (kind, reference)))
        .filter(|(kind, reference)| reference.by == "id" && kind.identity.contains(&reference.field.to_string()))
        .map(|(_, reference)| reference.space.as_str())
        .collect();
    spaces.extend(parts);
}

/// The lists in which what files cannot describe is looked up; what its names are made of is needed with it.
fn look_ups(spaces: &mut BTreeSet<&str>) -> Vec<Task> {
    let kinds: Vec<&'static Kind> = catalogue().looked_up().filter(|kind| spaces.contains(kind.space())).collect();
    spaces.extend(kinds.iter().flat_map(|kind| &kind.references).map(|reference| reference.space.as_str()));
    kinds.into_iter().map(|kind| Task::of(kind, None, BTreeMap::new())).collect()
}

fn root_tasks<'a>(kind: &'static Kind, resources: impl Iterator<Item = &'a Resource>) -> Vec<Task> {
    let whole = |key| Task::of(kind, None, key);
    match kind.shape {
        Shape::Keyed | Shape::Membership if kind.list.is_none() || kind.shape == Shape::Membership => resources
            .filter(|resource| resource.kind.name == kind.name)
            .map(|resource| whole(split_key(kind, &resource.name)))
            .collect(),
        _ => vec![whole(BTreeMap::new())],
    }
}

/// Which nested reads a plan needs, now that the parents are known.
fn nested_for(desired: &Desired, applied: Option<&Applied>, live: &Live) -> Vec<Task> {
    let parents = find_parents(desired, applied, live);
    let mut tasks: BTreeMap<String, Task> = BTreeMap::new();
    let mut named = None;
    for resource in desired.resources.iter().chain(&desired.removed) {
        let Some(parent_kind) = resource.kind.parent.as_deref().and_then(|name| catalogue().kind(name)) else {
            continue;
        };
        let parent = if matches!(parent_kind.shape, Shape::Singleton) {
            None
        } else {
            match resource.parent.as_ref().and_then(|address| parents.get(address)) {
                Some(id) => Some(id.clone()),
                // The parent does not exist yet, so nothing can be nested in it.
                None => continue,
            }
        };
        let key = match resource.kind.shape {
            Shape::Keyed if resource.kind.list.is_none() => split_key(resource.kind, &resource.name),
            _ => BTreeMap::new(),
        };
        let mut task = Task::of(resource.kind, parent, key);
        if let Some(parts) = parts_of(resource.kind) {
            let named = named.get_or_insert_with(|| Named::of(desired, applied, &parents, live));
            task.parts = named.parts(resource, parts);
        }
        // What is taken out stands beside what is left of the same list.
        let label = task.label();
        if let Some(Task { parts: Some(before), .. }) = tasks.get(&label)
            && let Some(parts) = &mut task.parts
        {
            parts.extend(before.iter().cloned());
        }
        tasks.insert(label, task);
    }
    tasks.into_values().collect()
}

fn parts_of(kind: &Kind) -> Option<&Parts> {
    kind.membership.as_ref()?.parts.as_ref()
}

/// Returns the id that the record holds of a resource, under its address or the one before.
fn recorded<'a>(resource: &Resource, applied: Option<&'a Applied>) -> Option<&'a RemoteId> {
    if resource.kind.shape != Shape::Collection {
        return None;
    }
    let was = resource.was.as_ref().map(|was| Address::named(&resource.kind.name, was));
    let mut owned = std::iter::once(&resource.address).chain(&was).filter_map(|at| applied?.resources.get(at));
    owned.find(|owned| owned.kind == resource.kind.name)?.id.as_ref()
}

/// Returns the ids of the live objects that the desired parents are.
pub fn find_parents(desired: &Desired, applied: Option<&Applied>, live: &Live) -> BTreeMap<Address, RemoteId> {
    let mut ids = BTreeMap::new();
    for resource in &desired.resources {
        if let Some(id) = desired.settings.bind.get(resource.address.as_str()) {
            ids.insert(resource.address.clone(), RemoteId(id.clone()));
            continue;
        }
        // What the record knows by its id may have got another name.
        let of_kind = |object: &&Object| object.kind.name == resource.kind.name;
        if let Some(id) = recorded(resource, applied)
            && live.objects.iter().filter(of_kind).any(|object| object.id.as_ref() == Some(id))
        {
            ids.insert(resource.address.clone(), id.clone());
            continue;
        }
        let fitting = live.objects.iter().find(|object| {
            object.kind.name == resource.kind.name
                && object.parent.is_none()
                && (canonical::raw_name(object) == resource.name
                    || resource.was.as_ref().is_some_and(|was| canonical::raw_name(object) == *was))
        });
        if let Some(id) = fitting.and_then(|object| object.id.clone()) {
            ids.insert(resource.address.clone(), id);
        }
    }
    ids
}

fn chosen(kind: &Kind, only: &[String], exclude: &[String]) -> bool {
    let named = |list: &[String]| list.iter().any(|word| word == &kind.name || word == kind.top_key());
    (only.is_empty() || named(only)) && !named(exclude)
}

fn roots_of_all(only: &[String], exclude: &[String]) -> Vec<Task> {
    // What is chosen refers to others by id, and those must be read to be named.
    let mut spaces: BTreeSet<&str> = BTreeSet::new();
    let mut sources: BTreeSet<&str> = BTreeSet::new();
    for kind in catalogue().kinds().filter(|kind| chosen(kind, only, exclude)) {
        spaces.extend(kind.references.iter().filter(|r| r.by == "id").map(|r| r.space.as_str()));
        sources.extend(kind.key_values_from.values().map(|source| source.kind.as_str()));
    }
    let mut tasks = look_ups(&mut spaces);
    for kind in catalogue().kinds().filter(|kind| kind.parent.is_none()) {
        let needed = spaces.contains(kind.space()) || sources.contains(kind.name.as_str());
        if !chosen(kind, only, exclude) && !needed {
            continue;
        }
        if (kind.shape == Shape::Keyed && kind.list.is_none()) || kind.shape == Shape::Membership {
            tasks.extend(kind.keys.iter().map(|key| Task::of(kind, None, split_key(kind, key))));
        } else {
            tasks.push(Task::of(kind, None, BTreeMap::new()));
        }
    }
    tasks
}

fn nested_of_all(only: &[String], exclude: &[String], live: &Live) -> Vec<Task> {
    let mut tasks = Vec::new();
    // What files cannot hold for others is not looked at: a value that is shown once belongs to who made it.
    let is_told = |kind: &&Kind| kind.parent.is_some() && kind.shown_once.is_none() && chosen(kind, only, exclude);
    for kind in catalogue().kinds().filter(is_told) {
        let Some(parent_kind) = kind.parent.as_deref().and_then(|name| catalogue().kind(name)) else { continue };
        if parent_kind.shape == Shape::Singleton {
            if kind.list.is_some() && kind.shape == Shape::Keyed {
                tasks.push(Task::of(kind, None, BTreeMap::new()));
            } else {
                tasks.extend(all_keys(kind, live).into_iter().map(|key| Task::of(kind, None, key)));
            }
            continue;
        }
        for object in live.objects.iter().filter(|object| object.kind.name == parent_kind.name) {
            if object.id.is_some() && kind.parents.as_ref().is_none_or(|filter| parent_fits(filter, object)) {
                tasks.push(Task::of(kind, object.id.clone(), BTreeMap::new()));
            }
        }
    }
    tasks
}

pub(super) fn parent_fits(filter: &ParentFilter, parent: &Object) -> bool {
    match parent.body.get(&filter.field) {
        None | Some(Value::Null) => false,
        Some(value) => {
            filter.one_of.is_empty() || value.as_str().is_some_and(|text| filter.one_of.iter().any(|o| o == text))
        }
    }
}

/// Returns every key of a keyed kind without a list: stated ones, or the product of its fields' values.
fn all_keys(kind: &Kind, live: &Live) -> Vec<BTreeMap<String, String>> {
    if !kind.keys.is_empty() {
        return kind.keys.iter().map(|key| split_key(kind, key)).collect();
    }
    let mut keys = vec![BTreeMap::new()];
    for field in &kind.identity {
        let stated = kind.key_values.get(field).cloned();
        let values = stated
            .or_else(|| kind.key_values_from.get(field).map(|source| values_of(source, live)))
            .unwrap_or_default();
        keys = keys
            .into_iter()
            .flat_map(|key| {
                values.iter().map(move |value| {
                    let mut key = key.clone();
                    key.insert(field.clone(), value.clone());
                    key
                })
            })
            .collect();
    }
    if kind.identity.is_empty() { Vec::new() } else { keys }
}

/// Returns the values of an identity field that the tenant's own object lists.
fn values_of(source: &KeySource, live: &Live) -> Vec<String> {
    live.objects
        .iter()
        .filter(|object| object.kind.name == source.kind)
        .filter_map(|object| object.body.get(&source.field)?.as_list())
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}
