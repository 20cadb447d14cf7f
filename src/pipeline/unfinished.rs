//! An apply that did not end, as the next run sees it: what it did is ours already, and what it may have done is looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::journal::{Beginning, Fate, Journal, Planned};
use crate::model::names::RemoteId;
use crate::model::plan::{Gate, Operation, Plan, Step};
use crate::model::record::{Config, RecordedChange, RecordedStep, StepResult, Unfinished};
use crate::pipeline::apply::Clock;
use crate::pipeline::apply::lost::{Found, look};
use crate::pipeline::record;

/// Looks for the objects whose creation is in doubt. Those that are found are taken into the journal's ids; for those
/// that cannot be told from others a gate is returned.
///
/// # Errors
/// If the tenant does not answer.
pub async fn settle(
    journal: &mut Journal,
    api: &impl ReadApi,
    clock: &impl Clock,
    window: Duration,
) -> Result<Vec<Gate>, ApiFailure> {
    let made: BTreeSet<RemoteId> = journal.made.values().cloned().collect();
    let known = &journal.beginning.known;
    let searches = journal.lost().into_iter().filter_map(|(_, planned, sought)| {
        // What has no id is found by its key, and never there twice.
        let kind = catalogue().kind(&planned.kind).filter(|kind| kind.id.is_some())?;
        let made = &made;
        Some(async move {
            let ids = known.get(kind.space());
            let is_known = |id: &RemoteId| made.contains(id) || ids.is_some_and(|ids| ids.contains(&id.0));
            (planned.address.clone(), look(api, clock, kind, sought, &is_known, window).await)
        })
    });
    let found = futures_util::future::join_all(searches).await;
    let mut gates = Vec::new();
    for (address, found) in found {
        match found? {
            Found::One(object) if object.kind.shown_once.is_some() => gates.push(Gate {
                name: "in-doubt",
                reason: format!(
                    "the apply before has created {address}, and nothing says that its value got anywhere: delete {} in the tenant",
                    object.id.as_ref().map_or("it", |id| id.0.as_str())
                ),
                addresses: vec![address],
                switch: None,
            }),
            Found::One(object) => drop(object.id.map(|id| journal.made.insert(address, id))),
            Found::Nothing => {}
            Found::Unclear(count) => gates.push(Gate {
                name: "in-doubt",
                reason: format!(
                    "the apply before may have created {address}, and {count} of that name there are not as they were \
                     sent: `bind` in the tenant's file names the one that is meant by its id"
                ),
                addresses: vec![address],
                switch: None,
            }),
        }
    }
    Ok(gates)
}

/// Returns the addresses of which something was done, or may have been, and not all.
pub fn in_part(journal: &Journal) -> BTreeSet<Address> {
    let steps = || journal.beginning.steps.iter().zip(&journal.fates);
    let of = |address: &Address, is: &dyn Fn(&Fate) -> bool| {
        steps().any(|(planned, fate)| planned.address == *address && is(fate))
    };
    let begun = steps().filter(|(_, fate)| matches!(fate, Fate::Done | Fate::InDoubt));
    begun
        .filter(|(planned, _)| of(&planned.address, &|fate| *fate != Fate::Done))
        .map(|(planned, _)| planned.address.clone())
        .collect()
}

/// Returns what is ours once an unfinished apply is counted.
pub fn folded(journal: &Journal, applied: Option<&Applied>) -> Applied {
    let ownership = &journal.beginning.ownership;
    let none = Applied::default();
    let tip = applied.or(ownership.prior.as_ref()).unwrap_or(&none);
    if journal.beginning.apart {
        let own = Applied { salt: tip.salt.clone(), resources: ownership.next.clone() };
        return own.rebased(ownership.prior.as_ref(), tip);
    }
    let steps = &journal.beginning.steps;
    let with = |is: &dyn Fn(&Fate) -> bool| -> BTreeSet<&Address> {
        let fitting = steps.iter().zip(&journal.fates).filter(|(_, fate)| is(fate));
        fitting.map(|(planned, _)| &planned.address).collect()
    };
    let failed = with(&|fate| *fate != Fate::Done);
    let created: BTreeSet<&Address> = steps.iter().filter(|step| step.creates).map(|step| &step.address).collect();
    let made: BTreeSet<&Address> =
        created.iter().copied().filter(|address| journal.made.contains_key(address)).collect();
    let resources = record::after(ownership, &failed, &made, &created, &journal.made);
    let mut folded = Applied { salt: tip.salt.clone(), resources }.rebased(ownership.prior.as_ref(), tip);
    folded.salt.clone_from(&tip.salt);
    folded
}

/// How the run that goes on tells what became of a step that nobody saw end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Its plan is about everything: where it has nothing to do, the step was done.
    Whole,
    /// Its plan is about a part.
    Part,
    /// It takes back what was done: what there is to take back was done.
    Undo,
}

/// Returns what the unfinished apply did, and those before it, as far as no record says so: nothing, once its own was
/// written. `plan` is that of the run that goes on.
pub fn unrecorded(journal: &Journal, plan: &Plan, telling: Telling) -> Vec<Unfinished> {
    let beginning = &journal.beginning;
    let mut all = beginning.unfinished.clone();
    if beginning.apart {
        return all;
    }
    if journal.ended.is_some() {
        return Vec::new();
    }
    let mut run = beginning.intended.clone().unwrap_or_else(|| outline(beginning));
    run.changes.retain(|change| {
        let steps: Vec<RecordedStep> = (beginning.steps.iter().zip(&journal.fates))
            .filter(|(planned, _)| planned.address == change.address)
            .filter_map(|(planned, fate)| {
                let result = match fate {
                    Fate::Done => StepResult::Ok,
                    Fate::InDoubt => became(planned, journal, plan, telling)?,
                    Fate::Failed => StepResult::Failed,
                    Fate::NotBegun | Fate::Skipped => return None,
                };
                let (address, action) = (planned.address.clone(), planned.action);
                Some(RecordedStep { address, action, result, message: None })
            })
            .collect();
        let is_done = steps.iter().any(|step| matches!(step.result, StepResult::Ok | StepResult::InDoubt));
        if is_done {
            // That a step of it failed is said by what is left to do.
            run.steps.extend(steps.into_iter().filter(|step| step.result != StepResult::Failed));
        }
        is_done
    });
    if !run.changes.is_empty() {
        all.push(run);
    }
    all
}

/// What became of a step that nobody saw end; nothing where it was not done.
fn became(planned: &Planned, journal: &Journal, plan: &Plan, telling: Telling) -> Option<StepResult> {
    let address = &planned.address;
    let has_id = catalogue().kind(&planned.kind).is_some_and(|kind| kind.id.is_some());
    if planned.creates && has_id {
        return journal.made.contains_key(address).then_some(StepResult::Ok);
    }
    let is_planned = plan.changes.iter().any(|change| change.address == *address);
    let is_gone = || journal.beginning.images.get(address).is_some_and(|image| image.deletes);
    match (telling, is_planned) {
        (Telling::Undo, true) | (Telling::Whole, false) => Some(StepResult::Ok),
        (Telling::Whole | Telling::Part, true) => None,
        (Telling::Part, false) => Some(StepResult::InDoubt),
        // What was deleted may not be able to come back.
        (Telling::Undo, false) => is_gone().then_some(StepResult::InDoubt),
    }
}

/// What a journal knows that was written before journals said what they were about to do.
fn outline(beginning: &Beginning) -> Unfinished {
    let mut changes: Vec<RecordedChange> = Vec::new();
    for planned in &beginning.steps {
        if changes.iter().all(|change| change.address != planned.address) {
            changes.push(RecordedChange {
                address: planned.address.clone(),
                kind: planned.kind.clone(),
                action: planned.action,
                reason: String::new(),
                deltas: Vec::new(),
            });
        }
    }
    Unfinished {
        at: beginning.at.clone(),
        tool: beginning.tool.clone(),
        config: Config { commit: beginning.commit.clone(), ..Config::default() },
        changes,
        ..Unfinished::default()
    }
}

/// Says that there is one, for the plan's screen.
pub fn told(journal: &Journal) -> String {
    let beginning = &journal.beginning;
    if journal.ended == Some(true) {
        return format!(
            "what an apply did that did not end before the restore of {} is in no record yet: that of the next apply holds it",
            beginning.at
        );
    }
    if beginning.apart {
        return format!(
            "a restore that began at {} did not end: {} of {} steps are done; `restore {tenant} FILE` with the same file \
             goes on, `apply {tenant} --undo` takes it back",
            beginning.at,
            journal.done(),
            beginning.steps.len(),
            tenant = beginning.tenant,
        );
    }
    format!(
        "an apply that began at {} did not end: {} of {} steps are done; `apply {tenant} --resume` goes on, \
         `apply {tenant} --undo` takes it back",
        beginning.at,
        journal.done(),
        beginning.steps.len(),
        tenant = beginning.tenant,
    )
}

/// Returns the ids that the name spaces of these creates hold now.
pub fn known_ids(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    let creates = plan.steps.iter().filter(|step| is_create(step));
    let mut known: BTreeMap<String, BTreeSet<String>> =
        creates.map(|step| (step.kind.space().to_owned(), BTreeSet::new())).collect();
    for ((space, _), fields) in &plan.known {
        if let (Some(ids), Some(id)) = (known.get_mut(space), fields.get("id")) {
            ids.insert(id.clone());
        }
    }
    known
}

/// Says whether a step makes an object.
pub fn is_create(step: &Step) -> bool {
    matches!(step.operation, Operation::Create { .. })
}
