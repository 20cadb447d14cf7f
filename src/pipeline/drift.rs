//! What has moved in a tenant since the last record: plain comparison, nobody means to apply anything.

use std::collections::BTreeSet;

use crate::catalogue::kind::MemberPolicy;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Change, Delta, DeltaNote};
use crate::model::desired::{Desired, MEMBERS, Manage, Resource};
use crate::model::diagnostic::Diagnostics;
use crate::model::live::{Live, Object};
use crate::model::names::RemoteId;
use crate::model::value::Value;
use crate::pipeline::canonical::is_builtin;
use crate::pipeline::diff::Comparison;
use crate::pipeline::matching::{self, Matched};
use crate::pipeline::member_diff::{self, Removal};
use crate::pipeline::plan::{Facts, KnownFields, known_fields};
use crate::pipeline::read::unreadable;
use crate::pipeline::scope::ignored;

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
}

/// Something that is not ours: an object, or a member of a list that is shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Foreign {
    pub address: Address,
    pub id: Option<RemoteId>,
    /// The member, where it is one.
    pub member: Option<String>,
}

impl Drift {
    /// Says whether anything of ours has moved.
    pub fn has_moved(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// Compares the tenant with `recalled`, which [`crate::pipeline::recall`] made of the record in `facts`.
pub fn drift(recalled: &Desired, live: &Live, facts: &Facts) -> Drift {
    // What is not found under its id is gone; nothing else is asked of the matching.
    let matched = matching::pair(recalled, live, facts.applied.as_ref(), &mut Diagnostics::default());
    let known = known_fields(live, &matched);
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
            object => drift.one(resource, object, &Ground { recalled, matched: &matched, known: &known, facts }),
        }
    }
    drift.foreign.extend(matched.left.iter().filter(|object| is_foreign(object, live, facts)).map(|object| Foreign {
        address: matched.names.address_of(object),
        id: object.id.clone(),
        member: None,
    }));
    drift.foreign.sort();
    drift.changes.sort_by(|a, b| a.address.cmp(&b.address));
    drift
}

const GONE: &str = "gone from the tenant";
const OTHER: &str = "gone from the tenant; another of that name stands there";

struct Ground<'a> {
    recalled: &'a Desired,
    matched: &'a Matched<'a>,
    known: &'a KnownFields,
    facts: &'a Facts,
}

impl Drift {
    fn one(&mut self, resource: &Resource, object: Option<&Object>, ground: &Ground<'_>) {
        let ignored = ignored(ground.recalled, &resource.address);
        let remembered = &ground.facts.remembered;
        let comparison = Comparison::new(resource.kind, &resource.address, remembered, &ignored, ground.known);
        let mut body = object.map(|object| ground.matched.names.body(object)).unwrap_or_default();
        let (deltas, missing) = if resource.kind.shape == Shape::Membership {
            let members = body.shift_remove(MEMBERS).unwrap_or(Value::List(Vec::new()));
            let members = members.as_list().unwrap_or_default();
            let found = member_diff::members(comparison, resource.members(), members, &Removal::All);
            // In a list that is shared, what others have added is theirs.
            let is_exact = ground.recalled.settings.policy.manage(resource.kind) == Manage::Exact;
            let membership = resource.kind.membership.as_ref();
            let is_shared = !is_exact && membership.is_some_and(|m| m.members == MemberPolicy::Owned);
            let is_theirs = |delta: &Delta| is_shared && delta.after.is_none() && delta.path.0.len() == 1;
            let (others, deltas): (Vec<Delta>, Vec<Delta>) = found.deltas.into_iter().partition(is_theirs);
            self.foreign.extend(others.iter().map(|delta| Foreign {
                address: resource.address.clone(),
                id: None,
                member: Some(delta.path.to_string()),
            }));
            (deltas, found.missing)
        } else {
            let (deltas, comparison) = comparison.bodies(&resource.body, &body);
            (deltas, comparison.missing)
        };
        self.unseen.extend(missing);
        // What was sent and is never shown says nothing about now.
        let deltas: Vec<Delta> =
            deltas.into_iter().filter(|delta| delta.note != Some(DeltaNote::CannotBeCompared)).map(turned).collect();
        match deltas.is_empty() {
            true => self.unchanged += 1,
            false => self.changes.push(change(resource, object, Action::Update, "changed in the tenant", deltas)),
        }
    }
}

/// From what was recorded to what is there.
fn turned(delta: Delta) -> Delta {
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
    let is_own = live.own_client.as_ref() == Some(id);
    object.kind.shape == Shape::Collection && !is_own && !is_builtin(object) && !is_recorded()
}
