//! What has moved in a tenant since the last record: plain comparison, nobody means to apply anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::MemberPolicy;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Change, Delta, DeltaNote};
use crate::model::desired::{Desired, MEMBERS, Manage, Resource};
use crate::model::diagnostic::Diagnostics;
use crate::model::live::{Live, Object, Reading};
use crate::model::names::RemoteId;
use crate::model::others::Others;
use crate::model::value::Value;
use crate::pipeline::canonical::is_builtin;
use crate::pipeline::diff::Comparison;
use crate::pipeline::matching::{self, Matched};
use crate::pipeline::member_diff::{self, Removal};
use crate::pipeline::ownership;
use crate::pipeline::plan::{Facts, KnownFields, known_fields};
use crate::pipeline::read::unreadable;
use crate::pipeline::scope::ignored;
use crate::pipeline::who::Paths;

/// What has moved.
#[derive(Debug, Default)]
pub struct Drift {
    /// By address: what is gone (`Delete`), and what is changed (`Update`), where `before` is as recorded and `after` as
    /// the tenant has it.
    pub changes: Vec<Change>,
    /// What nothing can be said of: address and reason.
    pub unread: Vec<(Address, String)>,
    /// What others have made of kinds that are managed here.
    pub foreign: Vec<Foreign>,
    /// Secrets that the tenant does not show, or of which no fingerprint is known.
    pub unseen: Vec<String>,
    pub unchanged: usize,
    /// Where what has moved is written, for the tenant's log.
    pub paths: BTreeMap<Address, Paths>,
}

/// Something that is not ours: an object, or a member of a list that is shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Foreign {
    pub address: Address,
    pub kind: String,
    pub id: Option<RemoteId>,
    /// The member, where it is one.
    pub member: Option<String>,
    /// Whether it came since the record; nothing where the record does not know.
    pub new: Option<bool>,
    /// Where it is written, for the tenant's log.
    #[serde(skip)]
    pub paths: Paths,
}

impl Foreign {
    /// Returns the place and the name under which [`Others`] know it.
    fn place(&self) -> Option<(&str, &str)> {
        match (&self.member, &self.id) {
            (Some(member), _) => Some((self.address.as_str(), member.as_str())),
            (None, Some(id)) => Some((self.kind.as_str(), id.0.as_str())),
            (None, None) => None,
        }
    }
}

impl Drift {
    /// Tells what others have made since the record from what was there.
    pub fn tell_new(&mut self, others: Option<&Others>) {
        for foreign in &mut self.foreign {
            let had = others.and_then(|others| foreign.place().and_then(|(place, name)| others.had(place, name)));
            foreign.new = had.map(|had| !had);
        }
    }

    /// Returns what others have made since the record, and what may be.
    pub fn arrived(&self) -> impl Iterator<Item = &Foreign> {
        self.foreign.iter().filter(|foreign| foreign.new != Some(false))
    }

    /// Says whether anything of ours has moved.
    pub fn has_moved(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// Compares the tenant with `recalled`, which [`crate::pipeline::recall`] made of the record in `facts`.
pub fn drift(recalled: &Desired, live: &Live, facts: &Facts) -> Drift {
    // What is not found under its id is gone; nothing else is asked of the matching.
    let matched = matching::pair(recalled, live, facts.known_to_be_ours(), &mut Diagnostics::default());
    let known = known_fields(live, &matched);
    let ground = Ground { desired: recalled, matched: &matched, known: &known, facts };
    let mut drift = Drift::default();
    let mut gone: BTreeSet<&Address> = BTreeSet::new();
    for (resource, object) in &matched.pairs {
        // With its parent went all that lay in it.
        if resource.parent.as_ref().is_some_and(|parent| gone.contains(parent)) {
            gone.insert(&resource.address);
            continue;
        }
        let parent = matched.parent_of(resource).and_then(|(_, object)| object?.id.as_ref());
        if let Some(reason) = unreadable(resource, parent, live) {
            drift.unread.push((resource.address.clone(), reason));
            continue;
        }
        let is_same = |object: &&Object| {
            let recorded = facts.applied.as_ref().and_then(|applied| applied.resources.get(&resource.address));
            recorded.and_then(|owned| owned.id.as_ref()).is_none_or(|id| object.id.as_ref() == Some(id))
        };
        match object.filter(is_same) {
            None if resource.kind.shape != Shape::Membership && !resource.kind.always_exists() => {
                gone.insert(&resource.address);
                let reason = if object.is_some() { OTHER } else { GONE };
                drift.changes.push(change(resource, None, Action::Delete, reason, Vec::new()));
            }
            object => drift.one(resource, object, &ground),
        }
    }
    drift.foreign.extend(matched.left.iter().filter(|object| is_foreign(object, live, facts)).map(|object| Foreign {
        address: matched.names.address_of(object),
        id: object.id.clone(),
        member: None,
        new: None,
        kind: object.kind.name.clone(),
        paths: Paths::of(object.kind, "", object.id.as_ref(), object.parent.as_ref()),
    }));
    drift.foreign.sort();
    drift.paths = drift
        .changes
        .iter()
        .filter_map(|change| Some((change.address.clone(), ground.paths(&change.address)?)))
        .collect();
    drift.changes.sort_by(|a, b| a.address.cmp(&b.address));
    drift
}

/// Returns what others have in the tenant beside what is ours, over what was known of it before.
pub fn others(recalled: &Desired, live: &Live, facts: &Facts, before: Option<&Others>) -> Others {
    let matched = matching::pair(recalled, live, facts.applied.as_ref(), &mut Diagnostics::default());
    let known = known_fields(live, &matched);
    let ground = Ground { desired: recalled, matched: &matched, known: &known, facts };
    let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (resource, object) in &matched.pairs {
        let is_read = live.readings.get(&resource.kind.name) == Some(&Reading::Complete);
        if resource.kind.shape == Shape::Collection && is_read {
            places.entry(&resource.kind.name).or_default();
        }
        // A list that nobody shares has no others.
        let is_shared = resource.kind.membership.as_ref().is_some_and(|list| list.members == MemberPolicy::Owned);
        if is_shared && object.is_some() {
            let members = ground.differing(resource, *object).others.into_iter().map(|delta| delta.path.to_string());
            places.insert(resource.address.as_str(), members.collect());
        }
    }
    for object in matched.left.iter().filter(|object| is_foreign(object, live, facts)) {
        if let (Some(names), Some(id)) = (places.get_mut(object.kind.name.as_str()), &object.id) {
            names.insert(id.0.clone());
        }
    }
    let mut seen = before.cloned().unwrap_or_default();
    for (place, names) in places {
        seen.see(place, names);
    }
    seen
}

const GONE: &str = "gone from the tenant";
const OTHER: &str = "gone from the tenant; another of that name stands there";

/// What a comparison of resources with their objects stands on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub desired: &'a Desired,
    pub matched: &'a Matched<'a>,
    pub known: &'a KnownFields,
    pub facts: &'a Facts,
}

/// How an object differs from what is said of it.
#[derive(Debug, Default)]
pub struct Differing {
    pub deltas: Vec<Delta>,
    /// Members that others have added to a list that is shared.
    pub others: Vec<Delta>,
    /// Secrets of which nothing is known.
    pub unseen: Vec<String>,
}

impl Ground<'_> {
    /// Returns where a resource is written; what is gone is known by its record.
    fn paths(&self, address: &Address) -> Option<Paths> {
        let (resource, object) = self.matched.get(address)?;
        let recorded = |address: &Address| self.facts.applied.as_ref()?.resources.get(address)?.id.clone();
        let id = recorded(address).or_else(|| object?.id.clone());
        let parent = resource.parent.as_ref().and_then(|parent| {
            let live = self.matched.get(parent).and_then(|(_, object)| object?.id.clone());
            live.or_else(|| recorded(parent))
        });
        Some(Paths::of(resource.kind, &resource.name, id.as_ref(), parent.as_ref()))
    }

    /// Compares the declared fields or members; `before` is what the tenant has.
    pub fn differing(&self, resource: &Resource, object: Option<&Object>) -> Differing {
        let ignored = ignored(self.desired, &resource.address);
        let remembered = &self.facts.remembered;
        let comparison = Comparison::new(resource.kind, &resource.address, remembered, &ignored, self.known);
        let mut body = object.map(|object| self.matched.names.body(object)).unwrap_or_default();
        let mut differing = if resource.kind.shape == Shape::Membership {
            let members = body.shift_remove(MEMBERS).unwrap_or(Value::List(Vec::new()));
            let members = members.as_list().unwrap_or_default();
            let found = member_diff::members(comparison, resource.members(), members, &Removal::All);
            let is_exact = self.desired.settings.policy.manage(resource.kind) == Manage::Exact;
            let membership = resource.kind.membership.as_ref();
            let is_shared = !is_exact && membership.is_some_and(|m| m.members == MemberPolicy::Owned);
            let is_theirs = |delta: &Delta| is_shared && delta.after.is_none() && delta.path.0.len() == 1;
            let (others, deltas) = found.deltas.into_iter().partition(is_theirs);
            Differing { deltas, others, unseen: found.missing }
        } else {
            let (deltas, comparison) = comparison.bodies(&resource.body, &body);
            Differing { deltas, others: Vec::new(), unseen: comparison.missing }
        };
        // What was sent and is never shown says nothing about now.
        let is_unknown = |delta: &Delta| delta.note == Some(DeltaNote::CannotBeCompared);
        let unknown = differing.deltas.iter().filter(|delta| is_unknown(delta));
        differing.unseen.extend(unknown.map(|delta| format!("{}:{}", resource.address, delta.path)));
        differing.deltas.retain(|delta| !is_unknown(delta));
        differing
    }
}

impl Drift {
    fn one(&mut self, resource: &Resource, object: Option<&Object>, ground: &Ground<'_>) {
        let Differing { deltas, others, unseen } = ground.differing(resource, object);
        self.foreign.extend(others.iter().map(|delta| Foreign {
            address: resource.address.clone(),
            id: None,
            member: Some(delta.path.to_string()),
            new: None,
            kind: resource.kind.name.clone(),
            paths: ground.paths(&resource.address).unwrap_or_default(),
        }));
        self.unseen.extend(unseen);
        let deltas: Vec<Delta> = deltas.into_iter().map(turned).collect();
        match deltas.is_empty() {
            true => self.unchanged += 1,
            false => self.changes.push(change(resource, object, Action::Update, "changed in the tenant", deltas)),
        }
    }
}

/// The same difference, seen from the other side.
pub fn turned(delta: Delta) -> Delta {
    Delta { before: delta.after, after: delta.before, ..delta }
}

fn change(resource: &Resource, object: Option<&Object>, action: Action, reason: &str, deltas: Vec<Delta>) -> Change {
    Change {
        address: resource.address.clone(),
        kind: resource.kind,
        action,
        reason: reason.to_owned(),
        deltas,
        id: object.and_then(|object| object.id.clone()),
        place: None,
    }
}

/// Says whether somebody else made it: it is of no record, no part of Auth0, and not what this run is.
fn is_foreign(object: &Object, live: &Live, facts: &Facts) -> bool {
    let Some(id) = &object.id else { return false };
    let is_recorded = || facts.applied.as_ref().is_some_and(|applied| applied.with_id(&object.kind.name, id).is_some());
    let is_own = ownership::is_access_of_run(object, live);
    object.kind.shape == Shape::Collection && !is_own && !is_builtin(object) && !is_recorded()
}
