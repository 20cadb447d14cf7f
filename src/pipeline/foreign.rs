//! What stands in the tenant under the name of something in the files and was never ours: its gate and its note.
//!
//! Where there is no record at all, the gate of that speaks. Nothing here decides what a step does.

use std::collections::BTreeSet;

use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::is_credential;
use crate::model::address::Address;
use crate::model::applied::{Applied, ById};
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, Manage, Resource};
use crate::model::live::Object;
use crate::model::plan::Gate;
use crate::pipeline::canonical::is_builtin;
use crate::pipeline::gates::switches;
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::Facts;
use crate::pipeline::scope::fits;

/// The most addresses that the note names.
const NAMED: usize = 5;

/// What the records say of the objects that the files describe.
#[derive(Debug)]
pub struct Foreign<'a> {
    desired: &'a Desired,
    matched: &'a Matched<'a>,
    facts: &'a Facts,
    recorded: ById<'a>,
}

impl<'a> Foreign<'a> {
    /// Returns `None` where it cannot be told: without a record, and for files of the Deploy CLI, which knows no owners.
    pub fn of(desired: &'a Desired, matched: &'a Matched<'a>, facts: &'a Facts) -> Option<Self> {
        let applied = facts.applied.as_ref().filter(|_| facts.keeps_history && !desired.settings.deploy_cli)?;
        Some(Self { desired, matched, facts, recorded: applied.by_id() })
    }

    /// Returns the gate of objects that are somebody else's, as far as the records know, and would be changed.
    pub fn gate(&self, changes: &[Change]) -> Option<Gate> {
        let is_asked = |address: &Address| !self.facts.consent.take_over.iter().any(|own| fits(own, address));
        let touched = changes.iter().filter(|change| self.touches(change) && is_asked(&change.address));
        let addresses: Vec<Address> = touched.map(|change| change.address.clone()).collect();
        (!addresses.is_empty()).then(|| Gate {
            name: "not-ours",
            reason: "these were there before, and no record says that they are ours; the apply would change them and \
                     make them ours"
                .to_owned(),
            switch: Some(switches("--take-over", &addresses)),
            addresses,
        })
    }

    /// Says which objects become ours without a change, so that nobody is surprised when they are deleted one day.
    pub fn note(&self, changes: &[Change], spared: &BTreeSet<Address>) -> Option<String> {
        // A saved plan is about what it touches alone.
        if self.facts.only.is_some() {
            return None;
        }
        let changed: BTreeSet<&Address> = changes.iter().map(|change| &change.address).collect();
        let is_quiet =
            |resource: &Resource| !changed.contains(&resource.address) && !spared.contains(&resource.address);
        let found: Vec<&str> = self
            .matched
            .pairs
            .iter()
            .filter(|(resource, object)| {
                is_quiet(resource) && object.is_some_and(|object| self.is_foreign(resource, object))
            })
            .map(|(resource, _)| resource.address.as_str())
            .collect();
        let more = found.len().saturating_sub(NAMED);
        let mut named = found.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        if more > 0 {
            named.push_str(&format!(" and {more} more"));
        }
        match found.len() {
            0 => None,
            1 => Some(format!("{named} is there already, and no record says that it is ours: an apply makes it ours")),
            count => Some(format!(
                "{count} resources are there already, and no record says that they are ours: an apply makes them ours ({named})"
            )),
        }
    }

    /// A change of the object itself, or one that takes something out of a list in it.
    fn touches(&self, change: &Change) -> bool {
        let Some((resource, object)) = self.matched.get(&change.address) else { return false };
        match change.action {
            Action::Create | Action::Delete | Action::Nothing => false,
            Action::Update if change.kind.shape == Shape::Membership => {
                let takes = change.deltas.iter().any(|delta| delta.before.is_some() && delta.after.is_none());
                let lies_in = self.matched.parent_of(resource);
                takes && lies_in.is_some_and(|(parent, object)| object.is_some_and(|o| self.is_foreign(parent, o)))
            }
            Action::Update | Action::Rename | Action::Replace => {
                object.is_some_and(|object| self.is_foreign(resource, object))
            }
        }
    }

    fn is_foreign(&self, resource: &Resource, object: &Object) -> bool {
        let Some(id) = &object.id else { return false };
        let is_bound = self.desired.settings.bind.contains_key(resource.address.as_str());
        let is_meant = || self.facts.meant.contains(&(resource.kind.name.clone(), id.clone()));
        resource.is_declared()
            && has_owner(resource.kind)
            // All of an exact kind is ours by policy.
            && self.desired.settings.policy.manage(resource.kind) != Manage::Exact
            // What Auth0 puts into every tenant can neither be made nor deleted: it is nobody's.
            && !is_builtin(object)
            && !is_bound
            && !self.recorded.contains_key(&(resource.kind.name.as_str(), id.0.as_str()))
            && !is_meant()
            && !self.is_recorded_without_id(resource)
    }

    fn is_recorded_without_id(&self, resource: &Resource) -> bool {
        let owned = |applied: &'a Applied| applied.resources.get(&resource.address);
        self.facts.applied.as_ref().and_then(owned).is_some_and(|owned| owned.id.is_none())
    }
}

/// Says whether objects of a kind are somebody's: they are made, are told apart by an id, and go again.
fn has_owner(kind: &Kind) -> bool {
    matches!(kind.shape, Shape::Collection | Shape::Child)
        && kind.id.is_some()
        && kind.verbs.create.is_some()
        && kind.verbs.delete
        && !kind.always_exists()
        // A list of credentials is exact: what it leaves out goes, whoever made it.
        && !is_credential(kind)
}
