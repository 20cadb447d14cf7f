//! Reasons to refuse a plan, each with the one switch that opens it for that run.

use std::collections::BTreeMap;

use crate::catalogue::kind::MemberStyle;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Change};
use crate::model::desired::Desired;
use crate::model::live::Live;
use crate::model::plan::{Gate, Operation, Step};
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::Facts;
use crate::pipeline::report::text::differences;
use crate::pipeline::scope::fits;

/// A share of deletions is asked only where a kind has this many objects.
const SHARE_FROM: usize = 10;

/// Returns the closed gates.
pub fn gates(desired: &Desired, changes: &[Change], live: &Live, facts: &Facts) -> Vec<Gate> {
    let mut closed = Vec::new();
    closed.extend(protected(desired, changes, facts));
    closed.extend(deletions(desired, changes, live, facts));
    closed.extend(replaces(changes, facts));
    closed.extend(drift(changes, facts));
    closed.extend(no_record(changes, facts));
    if desired.settings.policy.require_clean && facts.provenance.dirty && !facts.consent.allow_dirty {
        closed.push(Gate {
            name: "dirty",
            reason: "the work tree has uncommitted changes, and the policy wants it clean".to_owned(),
            addresses: Vec::new(),
            switch: Some("--allow-dirty".to_owned()),
        });
    }
    closed
}

fn protected(desired: &Desired, changes: &[Change], facts: &Facts) -> Option<Gate> {
    let policy = &desired.settings.policy;
    let addresses: Vec<Address> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
        .filter(|change| change.kind.protected || policy.protect.iter().any(|p| fits(p, &change.address)))
        .filter(|change| !facts.consent.allow_protected.iter().any(|p| fits(p, &change.address)))
        .map(|change| change.address.clone())
        .collect();
    (!addresses.is_empty()).then(|| Gate {
        name: "protected",
        reason: format!("{} of what would be deleted is protected", addresses.len()),
        switch: Some(switches("--allow-delete", &addresses)),
        addresses,
    })
}

fn switches(flag: &str, addresses: &[Address]) -> String {
    addresses.iter().map(|address| format!("{flag} '{address}'")).collect::<Vec<_>>().join(" ")
}

fn deletions(desired: &Desired, changes: &[Change], live: &Live, facts: &Facts) -> Option<Gate> {
    let deleted: Vec<&Change> =
        changes.iter().filter(|c| matches!(c.action, Action::Delete | Action::Replace)).collect();
    if deleted.is_empty() {
        return None;
    }
    if let Some(most) = facts.consent.max_deletes {
        return (deleted.len() > most)
            .then(|| too_many(&deleted, format!("{} deletions, and --max-deletes allows {most}", deleted.len())));
    }
    let limit = desired.settings.policy.max_deletes;
    if deleted.len() > limit.count {
        return Some(too_many(&deleted, format!("{} deletions, and the policy allows {}", deleted.len(), limit.count)));
    }
    let mut per_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &deleted {
        *per_kind.entry(change.kind.name.as_str()).or_default() += 1;
    }
    for (kind, count) in per_kind {
        let all = live.objects.iter().filter(|object| object.kind.name == kind).count();
        if all >= SHARE_FROM && count * 100 > all * limit.percent {
            let reason = format!("{count} of {all} {kind} would be deleted, and the policy allows {} %", limit.percent);
            return Some(too_many(&deleted, reason));
        }
    }
    None
}

fn too_many(deleted: &[&Change], reason: String) -> Gate {
    Gate {
        name: "max_deletes",
        reason,
        addresses: deleted.iter().map(|change| change.address.clone()).collect(),
        switch: Some(format!("--max-deletes {}", deleted.len())),
    }
}

fn replaces(changes: &[Change], facts: &Facts) -> Option<Gate> {
    let addresses: Vec<Address> = changes
        .iter()
        .filter(|change| change.action == Action::Replace)
        .filter(|change| !facts.consent.allow_replace.iter().any(|p| fits(p, &change.address)))
        .map(|change| change.address.clone())
        .collect();
    (!addresses.is_empty()).then(|| Gate {
        name: "replace",
        reason: "a replacement deletes the object with all that hangs on it and makes a new one with a new id"
            .to_owned(),
        switch: Some(switches("--allow-replace", &addresses)),
        addresses,
    })
}

fn drift(changes: &[Change], facts: &Facts) -> Option<Gate> {
    let drifted: Vec<&Change> = changes.iter().filter(|change| change.drifted() > 0).collect();
    let fields: usize = drifted.iter().map(|change| change.drifted()).sum();
    (fields > 0 && !facts.consent.accept_drift).then(|| Gate {
        name: "drift",
        reason: format!("{} drift: what somebody changed in the tenant would be undone", differences(fields)),
        addresses: drifted.iter().map(|change| change.address.clone()).collect(),
        switch: Some("--accept-drift".to_owned()),
    })
}

/// Without a record nothing says whether a difference is wanted. A sandbox is nobody's.
fn no_record(changes: &[Change], facts: &Facts) -> Option<Gate> {
    if !facts.keeps_history || facts.applied.is_some() || facts.sandbox || facts.consent.first_apply {
        return None;
    }
    let addresses: Vec<Address> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Update | Action::Rename | Action::Replace))
        .map(|change| change.address.clone())
        .collect();
    (!addresses.is_empty()).then(|| Gate {
        name: "no-record",
        reason: "these differ, and there is no record of an earlier apply that would say why".to_owned(),
        addresses,
        switch: Some("--first-apply".to_owned()),
    })
}

/// Returns the gate of what another project has recorded as its own.
pub fn others(matched: &Matched<'_>, facts: &Facts) -> Option<Gate> {
    let applied = facts.applied.as_ref()?;
    let mut owners: Vec<String> = Vec::new();
    let mut addresses = Vec::new();
    let asked = matched.pairs.iter().filter(|(r, _)| !facts.consent.take_over.iter().any(|p| fits(p, &r.address)));
    for (resource, object) in asked {
        let by_id = object.and_then(|object| applied.with_id(&resource.kind.name, object.id.as_ref()?));
        let owned = by_id.map(|(_, owned)| owned).or_else(|| applied.resources.get(&resource.address));
        if let Some(owned) = owned.filter(|owned| !owned.is_of(facts.project.as_deref())) {
            addresses.push(resource.address.clone());
            owners.extend(owned.project.clone());
        }
    }
    owners.sort();
    owners.dedup();
    (!addresses.is_empty()).then(|| Gate {
        name: "other-project",
        reason: format!("the record says that these belong to {}", owners.join(", ")),
        switch: Some(switches("--take-over", &addresses)),
        addresses,
    })
}

/// Returns how many writes a step sends at least.
pub fn requests_of(step: &Step) -> usize {
    match &step.operation {
        Operation::Create { then, .. } => 1 + usize::from(!then.is_empty()),
        Operation::Update { first, .. } => 1 + usize::from(!first.is_empty()),
        Operation::Fill { .. } | Operation::Delete { .. } | Operation::Reset { .. } | Operation::Deploy { .. } => 1,
        Operation::Members(change) => {
            let Some(membership) = step.kind.membership.as_ref().filter(|_| step.kind.shape == Shape::Membership)
            else {
                return 1;
            };
            let batches = |count: usize| membership.batch.map_or(usize::from(count > 0), |size| count.div_ceil(size));
            match membership.style {
                MemberStyle::Replace => 1,
                MemberStyle::Status => batches(change.add.len() + change.remove.len()),
                MemberStyle::Each => change.add.len() + change.change.len() + change.remove.len(),
                MemberStyle::AddRemove | MemberStyle::NameValue => {
                    batches(change.add.len()) + batches(change.change.len()) + batches(change.remove.len())
                }
            }
        }
    }
}
