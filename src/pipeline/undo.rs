//! A journal -> what has to be true again: only what its steps changed, and only to what stood before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::catalogue::kind::{DeleteMeans, Kind};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::{Applied, Origin, Owned};
use crate::model::change::Action;
use crate::model::desired::{Desired, Excluded, MEMBERS, Manage, Policy, Resource, TenantSettings};
use crate::model::journal::{Fate, Image, Journal};
use crate::model::kept::restore;
use crate::model::plan::Plan;
use crate::model::value::{Map, Value};
use crate::pipeline::plan::Consent;
use crate::pipeline::references::qualified;
use crate::pipeline::scope::body_references;
use crate::pipeline::unrestorable::leave_out;

/// What an undo wants.
#[derive(Debug)]
pub struct Undoing {
    pub desired: Desired,
    /// What the apply made: it goes again.
    pub applied: Applied,
    /// What is not even tried, in words.
    pub lost: Vec<String>,
}

/// Returns what an undo consents to besides what was typed: it takes back what was consented to before. What is protected
/// stays protected: people may have come to use what the apply made.
pub fn consent(typed: Consent) -> Consent {
    Consent {
        max_deletes: Some(usize::MAX),
        allow_empty: vec!["*".to_owned()],
        allow_unbind: vec!["*".to_owned()],
        allow_dirty: true,
        first_apply: true,
        take_over: vec!["*".to_owned()],
        ..typed
    }
}

/// Returns what has to be true again.
pub fn wish(journal: &Journal, settings: &TenantSettings) -> Undoing {
    let policy = Policy { manage: Manage::Owned, ..Policy::default() };
    let settings = TenantSettings { policy, bind: BTreeMap::new(), excluded: Excluded::default(), ..settings.clone() };
    let mut desired = Desired {
        settings,
        resources: Vec::new(),
        removed: Vec::new(),
        declared: BTreeSet::new(),
        released: BTreeSet::new(),
        excluded: Excluded::default(),
    };
    let mut applied = Applied::default();
    let moved = moved(journal);
    for (there, image) in touched(journal) {
        let Some(kind) = catalogue().kind(&image.kind) else { continue };
        let now = |at: &Address| moved.iter().fold(at.clone(), |at, (from, to)| at.moved(from, to));
        let (address, image) = (&now(there), &Image { parent: image.parent.as_ref().map(now), ..image.clone() });
        desired.declared.insert(kind.name.clone());
        if goes_along(journal, image) {
            continue;
        }
        if kind.has(Quirk::NamedByRecord) {
            let made = journal.made.get(there);
            if let Some(id) = made.or_else(|| journal.beginning.carried.get(there)?.as_ref()) {
                let fields = Json::Object(serde_json::Map::new());
                applied.resources.insert(address.clone(), Owned { id: Some(id.clone()), ..owned(kind, image, fields) });
                let bare = Resource::bare(address.clone(), kind, image.name.clone(), image.parent.clone());
                desired.resources.push(Resource { unset: true, ..bare });
            }
            continue;
        }
        if !image.existed && kind.shape != Shape::Membership {
            let made = journal.made.get(there).or_else(|| journal.beginning.carried.get(there)?.as_ref());
            if kind.id.is_some() && matches!(kind.shape, Shape::Collection | Shape::Child) {
                let owned = Owned { id: made.cloned(), ..owned(kind, image, Json::Object(serde_json::Map::new())) };
                applied.resources.insert(address.clone(), owned);
            } else if !matches!(kind.delete, DeleteMeans::Nothing) {
                desired.resources.push(Resource { unset: true, ..resource(address, kind, image) });
            }
            continue;
        }
        if kind.shape == Shape::Membership {
            applied.resources.insert(address.clone(), owned(kind, image, image.after.clone()));
        }
        // Whatever it is called by now, it is this object that is put back, and no other one. What it holds otherwise
        // than the apply left it is somebody else's doing.
        let left = written(journal, there);
        if kind.shape != Shape::Membership && (image.id.is_some() && kind.shape == Shape::Collection || left.is_some())
        {
            let fields = left.cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
            applied.resources.insert(address.clone(), owned(kind, image, fields));
        }
        // A rotation back would only bring the next key into use; what is made anew gets keys anew.
        if !kind.has(Quirk::KeySuccession) || image.with.is_some() {
            let was = moved.contains_key(there).then(|| there.name());
            desired.resources.push(Resource { was, ..resource(address, kind, image) });
        }
    }
    add_referred(journal, &mut desired);
    add_parents(journal, &mut desired, &mut applied);
    let mut undoing = Undoing { desired, applied, lost: Vec::new() };
    undoing.lost = leave_out(&mut undoing, &touched(journal).into_iter().collect());
    undoing
}

/// What the steps have begun to change, and what went with it.
fn touched(journal: &Journal) -> Vec<(&Address, &Image)> {
    let begun = journal.touched();
    let is = |(address, image): &(&Address, &Image)| {
        begun.contains(*address) || image.with.as_ref().is_some_and(|with| begun.contains(with))
    };
    journal.beginning.images.iter().filter(is).collect()
}

/// Where objects stood that the apply gave another name, by where they stand since. What the record knew under the same
/// address before is named otherwise in the files than in the tenant, and stays where it is.
fn moved(journal: &Journal) -> BTreeMap<&Address, Address> {
    let prior = journal.beginning.ownership.prior.as_ref();
    let stays = |address: &Address, image: &Image| {
        prior.and_then(|prior| prior.resources.get(address)).is_some_and(|owned| owned.id == image.id)
    };
    let is = |kind: &&'static Kind| kind.shape == Shape::Collection && kind.parent.is_none();
    let images = journal.beginning.images.iter().filter(|(_, image)| image.existed && !image.name.is_empty());
    images
        .filter(|(address, image)| !stays(address, image))
        .filter_map(|(address, image)| {
            let kind = catalogue().kind(&image.kind).filter(is)?;
            Some((address, Address::named(&kind.name, &image.name))).filter(|(from, to)| *from != to)
        })
        .collect()
}

/// Says whether something lies in what the apply made, so that it goes with that.
fn goes_along(journal: &Journal, image: &Image) -> bool {
    let parent = image.parent.as_ref().and_then(|parent| journal.beginning.images.get(parent));
    parent.is_some_and(|parent| {
        !parent.existed && catalogue().kind(&parent.kind).is_some_and(|kind| kind.id.is_some() && kind.verbs.delete)
    })
}

/// Returns the fields that the apply left at an address, where all that it did there went well.
fn written<'j>(journal: &'j Journal, address: &Address) -> Option<&'j Json> {
    let mut fates = journal.beginning.steps.iter().zip(&journal.fates).filter(|(step, _)| step.address == *address);
    let is_done = fates.clone().count() > 0 && fates.all(|(_, fate)| *fate == Fate::Done);
    journal.beginning.ownership.next.get(address).filter(|_| is_done).map(|owned| &owned.fields)
}

fn owned(kind: &Kind, image: &Image, fields: Json) -> Owned {
    Owned {
        kind: kind.name.clone(),
        name: image.name.clone(),
        id: image.id.clone(),
        parent: image.parent.clone(),
        project: None,
        origin: Origin::Created,
        fields,
        before: Json::Null,
        secrets: BTreeMap::new(),
    }
}

fn resource(address: &Address, kind: &'static Kind, image: &Image) -> Resource {
    let mut body = match restore(&image.body) {
        Value::Map(body) => body,
        _ => Map::new(),
    };
    without_unknown(kind, image, &mut body);
    let tool = if image.deployed { Map::from_iter([("deployed".to_owned(), Value::Bool(true))]) } else { Map::new() };
    Resource { body, tool, ..Resource::bare(address.clone(), kind, image.name.clone(), image.parent.clone()) }
}

/// Takes out members that are gone and whose value nobody knows: there is nothing to set them to.
fn without_unknown(kind: &Kind, image: &Image, body: &mut Map) {
    let Some(membership) = &kind.membership else { return };
    let (Some(value), Some(key)) = (&membership.map_value, membership.identity.first()) else { return };
    let field = |member: &Json, field: &str| member.get(field).cloned();
    let stays = |name: &Value| {
        let after = image.after.as_array().into_iter().flatten();
        after.filter_map(|member| field(member, key)).any(|other| Value::from_json(other) == *name)
    };
    if let Some(Value::List(members)) = body.get_mut(MEMBERS) {
        members.retain(|member| {
            let Value::Map(map) = member else { return true };
            map.contains_key(value) || map.get(key).is_some_and(stays)
        });
    }
}

/// Nested things that what comes back points at are found through what they lie in, and that by the record.
fn add_referred(journal: &Journal, desired: &mut Desired) {
    let ownership = &journal.beginning.ownership;
    let ours = || ownership.prior.iter().flat_map(|prior| &prior.resources).chain(&ownership.next);
    let name_at = |at: &Address| ours().find(|(address, _)| *address == at).map(|(_, owned)| owned.name.clone());
    let mut wanted = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for resource in &desired.resources {
        body_references(resource, &mut |reference| {
            wanted.insert((reference.space.clone(), reference.name.clone()));
        });
        // What the apply left there is told by its name, too.
        let Some(fields) = written(journal, &resource.address).map(|fields| Value::from_json(fields.clone())) else {
            continue;
        };
        for reference in resource.kind.references.iter().filter(|reference| reference.by == "id") {
            let names = reference.field.select(&fields);
            let names = names.iter().filter_map(|(_, name)| Some((reference.space.clone(), name.as_str()?.to_owned())));
            wanted.extend(names);
            let roots = catalogue().kinds().filter(|kind| kind.parent.is_none() && kind.space() == reference.space);
            declared.extend(roots.map(|kind| kind.name.clone()));
        }
    }
    desired.declared.extend(declared);
    let mut more = Vec::new();
    for (address, owned) in ours() {
        let (Some(kind), Some(parent)) = (catalogue().kind(&owned.kind), &owned.parent) else { continue };
        let name = qualified(name_at(parent).as_deref(), kind, &owned.name);
        let is_known = |other: &Resource| other.address == *address;
        if wanted.remove(&(kind.space().to_owned(), name)) && !desired.resources.iter().any(is_known) {
            more.push(Resource::bare(address.clone(), kind, owned.name.clone(), Some(parent.clone())));
        }
    }
    desired.resources.extend(more);
}

/// Nested things are found through what they lie in.
fn add_parents(journal: &Journal, desired: &mut Desired, applied: &mut Applied) {
    let ownership = &journal.beginning.ownership;
    let ours = |address: &Address| {
        ownership.prior.as_ref().and_then(|prior| prior.resources.get(address)).or_else(|| ownership.next.get(address))
    };
    let mut known: BTreeSet<Address> = desired.resources.iter().map(|resource| resource.address.clone()).collect();
    let (mut more, mut declared) = (Vec::new(), BTreeSet::new());
    for resource in &desired.resources {
        let parent_kind = resource.kind.parent.as_deref().and_then(|name| catalogue().kind(name));
        let (Some(parent), Some(kind)) = (&resource.parent, parent_kind) else { continue };
        if known.insert(parent.clone()) {
            declared.insert(kind.name.clone());
            let (name, id) = match ours(parent) {
                Some(owned) => (owned.name.clone(), owned.id.clone()),
                None => (parent.name(), None),
            };
            let image = Image { kind: kind.name.clone(), name, id, existed: true, ..Image::default() };
            if kind.shape == Shape::Collection && image.id.is_some() {
                let owned = owned(kind, &image, Json::Object(serde_json::Map::new()));
                applied.resources.insert(parent.clone(), owned);
            }
            more.push(self::resource(parent, kind, &image));
        }
    }
    desired.resources.extend(more);
    desired.declared.extend(declared);
}

/// Says of each change why an undo makes it.
pub fn explain(plan: &mut Plan) {
    for change in &mut plan.changes {
        change.reason = match change.action {
            Action::Delete => "the apply made it",
            Action::Create => "the apply deleted it",
            _ => "as it was before",
        }
        .to_owned();
    }
}

/// Says what cannot come back, for the steps of this undo.
pub fn lost(journal: &Journal, plan: &Plan) -> Vec<String> {
    let mut lost = Vec::new();
    for (address, image) in touched(journal).into_iter().filter(|(_, image)| !goes_along(journal, image)) {
        let is_new = plan.changes.iter().any(|change| change.address == *address && change.action == Action::Create);
        if let (false, Some(kind)) = (image.existed, catalogue().kind(&image.kind)) {
            match kind.delete {
                DeleteMeans::Delete => {}
                DeleteMeans::Reset(_) => lost.push(format!("{address} cannot be deleted; it is reset to its defaults")),
                DeleteMeans::Nothing if kind.shape == Shape::Membership => {}
                DeleteMeans::Nothing => lost.push(format!("{address} cannot be deleted; it stays as it is")),
            }
        }
        if image.existed && catalogue().kind(&image.kind).is_some_and(|kind| kind.has(Quirk::KeySuccession)) {
            let what = if image.with.is_some() {
                "was deleted, and comes back with new keys"
            } else {
                "was rotated, and no key comes back"
            };
            lost.push(format!("{address} {what}"));
        }
        let kind = catalogue().kind(&image.kind);
        if image.existed && image.deletes && kind.is_some_and(|kind| kind.has(Quirk::NamedByRecord)) {
            lost.push(format!("{address} was deleted, and nobody can make one with its value again"));
        }
        if image.existed && is_new && image.id.is_some() {
            lost.push(format!("{address} comes back with a new id"));
        }
        lost.extend(image.unseen.iter().filter(|_| is_new).map(|what| format!("what went with {address}: {what}")));
        if image.existed && (is_new || !image.deletes) {
            lost.extend(
                image
                    .secrets
                    .iter()
                    .map(|field| format!("{address}:{field} is a secret whose earlier value nobody knows")),
            );
        }
    }
    lost
}
