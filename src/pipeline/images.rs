//! What a plan is going to change, as it stands now: what an undo needs. Secrets are left out and named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use crate::catalogue::kind::{DeleteMeans, Kind};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::change::{Action, Change, Delta};
use crate::model::journal::Image;
use crate::model::kept::keep;
use crate::model::live::{Live, Object};
use crate::model::names::RemoteId;
use crate::model::path::{FieldPath, Segment};
use crate::model::plan::Plan;
use crate::model::value::{Map, Value};
use crate::pipeline::canonical::Names;
use crate::pipeline::hanging::Unseen;
use crate::pipeline::matching::Matched;
use crate::pipeline::ownership::recorded;
use crate::pipeline::steps::is_deployed;

/// Returns what stands at each address that the changes touch, and what hangs on what they delete.
pub fn images(changes: &[Change], matched: &Matched<'_>, live: &Live) -> BTreeMap<Address, Image> {
    let mut images = BTreeMap::new();
    let mut gone: Vec<(&Object, &Address)> = Vec::new();
    for change in changes.iter().filter(|change| change.action != Action::Nothing) {
        let pair = matched.get(&change.address);
        let by_id =
            || live.objects.iter().find(|object| object.kind.name == change.kind.name && object.id == change.id);
        let object = pair.and_then(|(_, object)| object).or_else(|| change.id.as_ref().and_then(|_| by_id()));
        let deletes = matches!(change.action, Action::Delete | Action::Replace);
        let mut image = match object {
            Some(object) if deletes => whole(object, &matched.names),
            Some(object) if object.kind.shape == Shape::Membership => whole(object, &matched.names),
            Some(object) => touched(object, change, &matched.names),
            None => absent(change),
        };
        image.deletes = deletes;
        if let Some((resource, _)) = pair {
            image.parent.clone_from(&resource.parent);
            if object.is_none() {
                image.name.clone_from(&resource.name);
            }
            if resource.kind.shape == Shape::Membership {
                image.after = recorded(resource);
            }
        }
        if let Some(object) = object.filter(|_| deletes) {
            gone.push((object, &change.address));
        }
        images.insert(change.address.clone(), image);
    }
    if !gone.is_empty() {
        let names = Names::of(live, &standing(&gone, &matched.names, live));
        for (object, address) in gone {
            hang(object, address, &names, live, &mut images);
        }
    }
    images
}

/// What objects are called, those that go by the address that they go under: no file names it any more. What lies in
/// them is called after them.
fn standing(gone: &[(&Object, &Address)], names: &Names, live: &Live) -> BTreeMap<(String, String), (String, Address)> {
    let at = |object: &Object| {
        let going = gone.iter().find(|(other, _)| other.kind.name == object.kind.name && other.id == object.id);
        going.map_or_else(|| names.address_of(object), |(_, address)| (*address).clone())
    };
    let of = |object: &Object| {
        let id = object.id.as_ref()?;
        let name = names.name(object.kind.space(), &id.0)?.to_owned();
        Some(((object.kind.space().to_owned(), id.0.clone()), (name, at(object))))
    };
    live.objects.iter().filter(|object| object.parent.is_none()).filter_map(of).collect()
}

/// Returns the objects that a plan deletes and whose nested things an undo must know.
pub fn gone(plan: &Plan) -> Vec<(&'static Kind, RemoteId)> {
    let deleted = plan.images.values().filter(|image| image.deletes && image.with.is_none());
    deleted.filter_map(|image| Some((catalogue().kind(&image.kind)?, image.id.clone()?))).collect()
}

/// Adds what hangs on what a plan deletes, now that it has been read too.
pub fn add_hanging(plan: &mut Plan, live: &Live, unseen: &Unseen) {
    let names = Names::of(live, &known(plan));
    let gone: Vec<(Address, RemoteId, String)> = (plan.images.iter())
        .filter(|(_, image)| image.deletes && image.with.is_none())
        .filter_map(|(address, image)| Some((address.clone(), image.id.clone()?, image.kind.clone())))
        .collect();
    for (address, id, kind) in gone {
        let object = live.objects.iter().find(|o| o.kind.name == kind && o.id.as_ref() == Some(&id));
        if let Some(object) = object {
            hang(object, &address, &names, live, &mut plan.images);
        }
        let Some(image) = plan.images.get_mut(&address) else { continue };
        image.unseen = unseen.of(&kind);
        // It was read in full only now, or what its ids name was.
        if let Some(object) = object.filter(|object| is_read_late(object.kind)) {
            let Image { body, secrets, .. } = whole(object, &names);
            (image.body, image.secrets) = (body, secrets);
        }
    }
}

/// What the record and the plan call objects, by space and id: an address may be a `$key`.
fn known(plan: &Plan) -> BTreeMap<(String, String), (String, Address)> {
    let prior = plan.ownership.prior.iter().flat_map(|prior| &prior.resources);
    let prior = prior.map(|(address, owned)| (&owned.kind, &owned.id, &owned.name, address));
    let images = plan.images.iter().map(|(address, image)| (&image.kind, &image.id, &image.name, address));
    let named = |(kind, id, name, address): (&String, &Option<RemoteId>, &String, &Address)| {
        let space = catalogue().kind(kind)?.space().to_owned();
        Some(((space, id.clone()?.0), (name.clone(), address.clone())))
    };
    prior.chain(images).filter_map(named).collect()
}

fn is_read_late(kind: &Kind) -> bool {
    let is_nested = |space: &str| catalogue().kinds().any(|kind| kind.parent.is_some() && kind.space() == space);
    kind.list.as_ref().is_some_and(|list| list.incomplete)
        || kind.references.iter().any(|reference| reference.by == "id" && is_nested(&reference.space))
}

/// Adds what goes with an object: what lies in it, what is recognised by it, and lists that hold it.
fn hang(gone: &Object, address: &Address, names: &Names, live: &Live, images: &mut BTreeMap<Address, Image>) {
    let Some(id) = &gone.id else { return };
    let space = gone.kind.space();
    let Some(name) = names.name(space, &id.0) else { return };
    for object in &live.objects {
        let is_within = object.parent.as_ref() == Some(id)
            && object
                .kind
                .parent
                .as_deref()
                .and_then(|parent| catalogue().kind(parent))
                .is_some_and(|p| p.space() == space);
        let body = names.body(object);
        let mut refers = false;
        let fields: Vec<&Value> = match object.kind.shape {
            Shape::Membership => body.values().collect(),
            _ => object.kind.identity.iter().filter_map(|field| body.get(field)).collect(),
        };
        fields.iter().for_each(|value| {
            value.references(&mut |reference| refers |= reference.space == space && reference.name == name);
        });
        if !is_within && !refers {
            continue;
        }
        let own = names.address_of(object);
        let is_it = |image: &Image| image.id.is_some() && image.id == object.id && image.kind == object.kind.name;
        if images.contains_key(&own) || images.values().any(is_it) {
            continue;
        }
        let deletes = object.kind.shape != Shape::Membership;
        images.insert(own, Image { with: Some(address.clone()), deletes, ..whole(object, names) });
        if deletes {
            // What goes with it takes its own with it.
            hang(object, address, names, live, images);
        }
    }
}

fn absent(change: &Change) -> Image {
    Image { kind: change.kind.name.clone(), name: change.address.name(), ..Image::default() }
}

fn whole(object: &Object, names: &Names) -> Image {
    let mut secrets = Vec::new();
    let body = keep(&Value::Map(names.body(object)), &FieldPath::default(), &mut secrets);
    of(object, body.unwrap_or_default(), secrets, names)
}

/// Only what the change is about; what lies in a list is taken with the list.
fn touched(object: &Object, change: &Change, names: &Names) -> Image {
    let live = names.body(object);
    let (mut body, mut secrets) = (JsonMap::new(), BTreeSet::new());
    for delta in &change.deltas {
        let is_secret = [&delta.before, &delta.after].into_iter().flatten().any(|value| {
            let mut found = false;
            value.secrets(&mut |_| found = true);
            found
        });
        if is_secret {
            secrets.insert(delta.path.to_string());
            continue;
        }
        let keys: Vec<&String> = delta
            .path
            .0
            .iter()
            .map_while(|segment| if let Segment::Key(key) = segment { Some(key) } else { None })
            .collect();
        let keys = &keys[..whole_at(object.kind, &keys)];
        let mut lost = Vec::new();
        let before = at(&live, keys).and_then(|value| keep(value, &delta.path, &mut lost)).unwrap_or_default();
        secrets.extend(lost);
        put(&mut body, keys, before);
    }
    for field in along(object.kind, change) {
        let at = FieldPath::default().key(field);
        let mut lost = Vec::new();
        let before = live.get(field).and_then(|value| keep(value, &at, &mut lost));
        secrets.extend(lost);
        body.entry(field.clone()).or_insert_with(|| before.unwrap_or_default());
    }
    of(object, Json::Object(body), secrets.into_iter().collect(), names)
}

/// Returns how much of a path leads to a map of which files say all: it comes back whole, or what the change left in it
/// would go.
fn whole_at(kind: &Kind, keys: &[&String]) -> usize {
    let is_exact = |length: &usize| {
        let path = FieldPath(keys[..*length].iter().map(|key| Segment::Key((*key).clone())).collect());
        kind.fields.exact.iter().any(|pattern| pattern.matches(&path))
    };
    (1..keys.len()).find(is_exact).unwrap_or(keys.len())
}

/// The top-level fields that a change touches without naming them: those that a reset sets, and those that the server
/// drops because another one is set.
fn along<'a>(kind: &'a Kind, change: &Change) -> Vec<&'a String> {
    if let (true, DeleteMeans::Reset(defaults)) = (change.deltas.is_empty(), &kind.delete) {
        return defaults.keys().collect();
    }
    let is_set = |field: &&String| {
        let named = |delta: &Delta| delta.path.0.first() == Some(&Segment::Key((*field).clone()));
        change.deltas.iter().any(named)
    };
    kind.fields.exclusive.iter().filter(|group| group.iter().any(|field| is_set(&field))).flatten().collect()
}

fn of(object: &Object, body: Json, secrets: Vec<String>, names: &Names) -> Image {
    let parent = object.parent.as_ref().and_then(|id| {
        let parent = catalogue().kind(object.kind.parent.as_deref()?)?;
        names.address(parent.space(), &id.0).cloned()
    });
    let builds = object.kind.has(Quirk::BuildThenDeploy) || object.kind.has(Quirk::PublishVersion);
    Image {
        kind: object.kind.name.clone(),
        name: names.name_of(object),
        parent,
        id: object.id.clone(),
        existed: true,
        body,
        secrets,
        deployed: builds && is_deployed(object.kind, object),
        ..Image::default()
    }
}

fn at<'a>(body: &'a Map, keys: &[&String]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    let value = body.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_map()?, rest) }
}

/// Puts a value where it stood. What is there already is a wider value.
fn put(body: &mut JsonMap<String, Json>, keys: &[&String], value: Json) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        body.insert((*first).clone(), value);
        return;
    }
    let inner = body.entry((*first).clone()).or_insert_with(|| Json::Object(JsonMap::new()));
    if let Json::Object(inner) = inner {
        put(inner, rest, value);
    }
}
