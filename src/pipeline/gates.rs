//! Reasons to refuse a plan, each with the one switch that opens it for that run.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::MemberStyle;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, MEMBERS};
use crate::model::live::{Live, Object};
use crate::model::plan::{Gate, Operation, Step};
use crate::model::value::Value;
use crate::pipeline::canonical::is_builtin;
use crate::pipeline::matching::Matched;
use crate::pipeline::members::{by_part, key_of};
use crate::pipeline::ownership::own_members;
use crate::pipeline::plan::Facts;
use crate::pipeline::report::style::count as counted;
use crate::pipeline::report::text::differences;
use crate::pipeline::scope::fits;

/// A share of deletions is asked only where a kind has this many objects.
const SHARE_FROM: usize = 10;

/// Returns the closed gates.
pub fn gates(desired: &Desired, changes: &[Change], live: &Live, matched: &Matched<'_>, facts: &Facts) -> Vec<Gate> {
    let mut closed = Vec::new();
    closed.extend(protected(desired, changes, facts));
    closed.extend(deletions(desired, changes, matched, facts));
    closed.extend(emptied(changes, live, facts));
    closed.extend(replaces(changes, facts));
    closed.extend(rotations(changes, facts));
    closed.extend(running(changes, live));
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

/// Objects that are in use now, in kinds where a change would spoil that. Nothing opens this gate but their end.
fn running(changes: &[Change], live: &Live) -> Option<Gate> {
    let touched = changes.iter().filter(|change| !matches!(change.action, Action::Create | Action::Nothing));
    let is_running = |change: &&Change| {
        let Some(state) = &change.kind.running else { return false };
        let of = |object: &&Object| object.kind.name == change.kind.name && object.id == change.id;
        let value = live.objects.iter().find(of).and_then(|object| object.body.get(&state.field)?.as_str());
        value.is_some_and(|value| state.values.iter().any(|one| one == value))
    };
    let found: Vec<&Change> = touched.filter(is_running).collect();
    let end = found.first().and_then(|change| change.kind.running.as_ref()).map(|state| state.end.as_str())?;
    Some(Gate {
        name: "running",
        reason: format!("{} of what would be changed is running; {end}", found.len()),
        addresses: found.iter().map(|change| change.address.clone()).collect(),
        switch: None,
    })
}

fn protected(desired: &Desired, changes: &[Change], facts: &Facts) -> Option<Gate> {
    let policy = &desired.settings.policy;
    let addresses: Vec<Address> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
        .filter(|change| {
            change.kind.protected && !is_rotation(change) || policy.protect.iter().any(|p| fits(p, &change.address))
        })
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

/// Returns a switch with each of the addresses, ready to copy.
pub fn switches(flag: &str, addresses: &[Address]) -> String {
    addresses
        .iter()
        .map(|address| format!("{flag} '{}'", address.as_str().replace('\'', "'\\''")))
        .collect::<Vec<_>>()
        .join(" ")
}

fn deletions(desired: &Desired, changes: &[Change], matched: &Matched<'_>, facts: &Facts) -> Option<Gate> {
    let deleted: Vec<&Change> =
        changes.iter().filter(|c| matches!(c.action, Action::Delete | Action::Replace) && !is_rotation(c)).collect();
    if deleted.is_empty() {
        return None;
    }
    let mut per_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &deleted {
        *per_kind.entry(change.kind.name.as_str()).or_default() += 1;
    }
    let shares: Vec<(&str, usize, usize)> =
        per_kind.iter().map(|(kind, count)| (*kind, *count, managed(kind, changes, matched))).collect();
    let words: Vec<String> = shares.iter().map(|(kind, count, all)| format!("{count} of {all} {kind}")).collect();
    let many = format!("{} ({})", counted(deleted.len(), "deletion"), words.join(", "));
    if let Some(most) = facts.consent.max_deletes {
        return (deleted.len() > most).then(|| too_many(&deleted, format!("{many}, and --max-deletes allows {most}")));
    }
    let limit = desired.settings.policy.max_deletes;
    if deleted.len() > limit.count {
        return Some(too_many(&deleted, format!("{many}, and the policy allows {}", limit.count)));
    }
    let is_large = |(_, count, all): &(&str, usize, usize)| *all >= SHARE_FROM && count * 100 > all * limit.percent;
    shares.into_iter().find(is_large).map(|(kind, count, all)| {
        let reason = format!("{count} of {all} {kind} would be deleted, and the policy allows {} %", limit.percent);
        too_many(&deleted, reason)
    })
}

/// Counts the objects of a kind that the files describe or the plan deletes. What is left alone makes no share smaller.
fn managed(kind: &str, changes: &[Change], matched: &Matched<'_>) -> usize {
    let described = matched.pairs.iter().filter(|(resource, object)| resource.kind.name == kind && object.is_some());
    described.count() + changes.iter().filter(|c| c.kind.name == kind && c.action == Action::Delete).count()
}

/// Counts the objects of a kind that could be deleted at all: what every tenant has could not, nor what a run logs in with.
fn deletable(kind: &str, live: &Live) -> usize {
    let is_own = |object: &Object| live.own_client.is_some() && object.id == live.own_client;
    live.objects.iter().filter(|object| object.kind.name == kind && !is_builtin(object) && !is_own(object)).count()
}

/// A kind that is left without a single object is more often a slip than a wish. One object alone is no kind.
fn emptied(changes: &[Change], live: &Live, facts: &Facts) -> Vec<Gate> {
    let mut per_kind: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    let deleted = changes.iter().filter(|c| c.action == Action::Delete && c.kind.shape == Shape::Collection);
    for change in deleted {
        per_kind.entry(change.kind.name.as_str()).or_default().push(change);
    }
    let is_whole = |(kind, deleted): &(&str, Vec<&Change>)| {
        let all = deletable(kind, live);
        let remains = changes.iter().any(|c| c.kind.name == *kind && c.action == Action::Create);
        all > 1
            && deleted.len() == all
            && !remains
            && !facts.consent.allow_empty.iter().any(|own| own == kind || own == "*")
    };
    let gate = |(kind, deleted): (&str, Vec<&Change>)| Gate {
        name: "emptied",
        reason: format!("all {} {kind} would be deleted", deleted.len()),
        addresses: deleted.iter().map(|change| change.address.clone()).collect(),
        switch: Some(format!("--allow-empty {kind}")),
    };
    per_kind.into_iter().filter(is_whole).map(gate).collect()
}

/// Returns the gate of actions that a trigger would lose and that were never ours to bind. Without records nothing is
/// known to be ours, and nothing is said.
pub fn unbound(changes: &[Change], matched: &Matched<'_>, facts: &Facts) -> Option<Gate> {
    if !facts.keeps_history {
        return None;
    }
    let loses = |change: &&Change| {
        let (Some((resource, Some(object))), Some(membership)) =
            (matched.get(&change.address), &change.kind.membership)
        else {
            return false;
        };
        let ours = own_members(resource, matched, facts);
        let wanted: BTreeSet<String> = resource.members().iter().map(|member| key_of(membership, member)).collect();
        let body = matched.names.body(object);
        let live = body.get(MEMBERS).and_then(Value::as_list).unwrap_or_default();
        live.iter().map(|member| key_of(membership, member)).any(|key| !wanted.contains(&key) && !ours.contains(&key))
    };
    let addresses: Vec<Address> = changes
        .iter()
        .filter(|change| change.kind.has(Quirk::BindingRefs))
        .filter(|change| !facts.consent.allow_unbind.iter().any(|p| fits(p, &change.address)))
        .filter(loses)
        .map(|change| change.address.clone())
        .collect();
    (!addresses.is_empty()).then(|| Gate {
        name: "unbind",
        reason: "these would lose actions that nothing here says we bound".to_owned(),
        switch: Some(switches("--allow-unbind", &addresses)),
        addresses,
    })
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
        .filter(|change| change.action == Action::Replace && !is_rotation(change))
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

/// Says whether a change makes the next of keys that follow one another, or puts a key in the place of another.
fn is_rotation(change: &Change) -> bool {
    change.action == Action::Replace && (change.kind.has(Quirk::KeySuccession) || change.kind.has(Quirk::KeyCeremony))
}

/// A rotation can never be taken back, nor can an import.
fn rotations(changes: &[Change], facts: &Facts) -> Option<Gate> {
    let rotated: Vec<&Change> = changes
        .iter()
        .filter(|change| is_rotation(change))
        .filter(|change| !facts.consent.allow_replace.iter().any(|p| fits(p, &change.address)))
        .collect();
    let addresses: Vec<Address> = rotated.iter().map(|change| change.address.clone()).collect();
    let reasons = [
        (
            Quirk::KeySuccession,
            "a rotation takes the key in use out of use, for good: the next takes its place, and a new one comes next",
        ),
        (Quirk::KeyCeremony, "an import destroys the root key in use and the master key below it, for good"),
    ];
    let told = reasons.iter().filter(|(quirk, _)| rotated.iter().any(|change| change.kind.has(*quirk)));
    (!addresses.is_empty()).then(|| Gate {
        name: "rotate",
        reason: told.map(|(_, reason)| *reason).collect::<Vec<_>>().join("; "),
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
        Operation::Fill { .. } | Operation::Delete { .. } | Operation::Reset { .. } => 1,
        Operation::Deploy { .. } | Operation::Wrap { .. } => 1,
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
                MemberStyle::AddRemove | MemberStyle::NameValue => [&change.add, &change.change, &change.remove]
                    .into_iter()
                    .flat_map(|list| by_part(membership, list))
                    .map(|rows| batches(rows.len()))
                    .sum(),
            }
        }
    }
}
