//! A plan and what became of it -> the record that is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::model::address::Address;
use crate::model::applied::{Applied, Origin, Owned, Ownership};
use crate::model::change::{Action, Cause, Change};
use crate::model::event::Event;
use crate::model::names::RemoteId;
use crate::model::plan::{Gate, Plan};
use crate::model::record::{
    Actor, Config, Doing, Header, OpenedGate, RECORD_VERSION, Record, RecordedChange, RecordedDelta, RecordedStep,
    RunResult, RunScope, StepResult, Unfinished,
};
use crate::pipeline::apply::Outcome;
use crate::pipeline::ceremony;
use crate::pipeline::report::json;
use crate::pipeline::report::redaction::Redaction;

/// What became of the steps, gathered from events.
#[derive(Clone, Debug, Default)]
pub struct Steps(BTreeMap<usize, RecordedStep>);

impl Steps {
    /// Takes in an event; those that end a step count.
    pub fn note(&mut self, event: &Event, redaction: &Redaction) {
        let (step, recorded) = match event {
            Event::Succeeded { step, address, action, told, .. } => {
                let lines = (!told.is_empty()).then(|| ceremony::told(address, told).join("\n"));
                let message = lines.map(|lines| redaction.clean(&lines));
                (step, RecordedStep { address: address.clone(), action: *action, result: StepResult::Ok, message })
            }
            Event::Failed { step, failure } => (
                step,
                RecordedStep {
                    address: failure.address.clone(),
                    action: failure.action,
                    result: StepResult::Failed,
                    message: Some(redaction.clean(&failure.message)),
                },
            ),
            Event::Skipped { step, address, because } => (
                step,
                RecordedStep {
                    address: address.clone(),
                    action: Action::Nothing,
                    result: StepResult::Skipped,
                    message: Some(format!("because of {because}")),
                },
            ),
            _ => return,
        };
        self.0.insert(*step, recorded);
    }

    fn failed(&self) -> BTreeSet<&Address> {
        self.0.values().filter(|step| step.result != StepResult::Ok).map(|step| &step.address).collect()
    }
}

/// Everything of a record that plan and outcome do not say.
#[derive(Clone, Debug)]
pub struct Circumstances {
    pub at: String,
    pub by: Actor,
    pub project: Option<String>,
    pub scope: RunScope,
    pub doing: Doing,
    /// The plan's fingerprint, where it has one.
    pub fingerprint: Option<String>,
    /// Gates that would have been closed without a switch.
    pub opened: Vec<Gate>,
    /// The domain's salt, in base64.
    pub salt: String,
}

/// Makes the record of an apply. Its number is given when it is written.
pub fn of(plan: &Plan, steps: &Steps, outcome: &Outcome, circumstances: Circumstances) -> Record {
    let failed = steps.failed();
    let result = match (failed.is_empty() && outcome.failures.is_empty(), outcome.summary.writes) {
        (true, _) => RunResult::Done,
        (false, 0) => RunResult::Failed,
        (false, _) => RunResult::Partial,
    };
    let created = plan.steps.iter().filter(|step| step.action == Action::Create).map(|step| &step.address).collect();
    // An id that nobody knew when it was planned is one that this run has made.
    let made =
        outcome.ids.iter().filter(|(address, id)| plan.ids.get(*address) != Some(*id)).map(|(address, _)| address);
    let made = made.collect();
    let resources = after(&plan.ownership, &failed, &made, &created, &outcome.ids);
    let applied = Applied { salt: circumstances.salt.clone(), resources };
    let mut header = header(plan, circumstances, result);
    header.changes = changes(plan);
    header.drift = plan.changes.iter().filter(|c| !failed.contains(&c.address)).filter_map(overwritten).collect();
    header.steps = steps
        .0
        .iter()
        .map(|(index, step)| RecordedStep {
            action: plan.steps.get(*index).map_or(step.action, |step| step.action),
            ..step.clone()
        })
        .collect();
    Record { header, applied, others: None }
}

/// Makes the record of a change of ownership alone: nothing was written.
pub fn of_ownership(plan: &Plan, resources: BTreeMap<Address, Owned>, circumstances: Circumstances) -> Record {
    let applied = Applied { salt: circumstances.salt.clone(), resources };
    Record { header: header(plan, circumstances, RunResult::Done), applied, others: None }
}

fn header(plan: &Plan, circumstances: Circumstances, result: RunResult) -> Header {
    Header {
        version: RECORD_VERSION,
        number: 0,
        tenant: plan.settings.tenant.clone(),
        domain: plan.settings.domain.clone(),
        sandbox: plan.sandbox,
        project: circumstances.project,
        at: circumstances.at,
        by: circumstances.by,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        config: config(plan),
        plan: circumstances.fingerprint,
        scope: circumstances.scope,
        run: circumstances.doing.run,
        from: circumstances.doing.from,
        holds: circumstances.doing.holds,
        result,
        changes: Vec::new(),
        steps: Vec::new(),
        gates: circumstances.opened.iter().map(OpenedGate::from).collect(),
        drift: BTreeMap::new(),
        unfinished: circumstances.doing.unfinished,
    }
}

/// Returns what the record of a plan is going to say, for its journal.
pub fn intended(plan: &Plan, at: String, by: Actor) -> Unfinished {
    Unfinished {
        at,
        by,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        config: config(plan),
        changes: changes(plan),
        steps: Vec::new(),
        gates: plan.opened.iter().map(OpenedGate::from).collect(),
    }
}

fn config(plan: &Plan) -> Config {
    Config { commit: plan.provenance.commit.clone(), tree: plan.provenance.tree.clone(), dirty: plan.provenance.dirty }
}

fn changes(plan: &Plan) -> Vec<RecordedChange> {
    plan.changes.iter().filter(|change| change.action != Action::Nothing).map(change).collect()
}

/// What is ours now: what was planned where it went well, what stood before where it did not.
///
/// `failed` are the addresses of which a step did not go well, `made` those whose object was made all the same, `created`
/// those that a step makes.
pub fn after(
    ownership: &Ownership,
    failed: &BTreeSet<&Address>,
    made: &BTreeSet<&Address>,
    created: &BTreeSet<&Address>,
    ids: &BTreeMap<Address, RemoteId>,
) -> BTreeMap<Address, Owned> {
    let none = BTreeMap::new();
    let prior = ownership.prior.as_ref().map_or(&none, |prior| &prior.resources);
    let before = |address: &Address, owned: &Owned| {
        let by_id = owned.id.as_ref().and_then(|id| ownership.prior.as_ref()?.with_id(&owned.kind, id));
        by_id.or_else(|| prior.get_key_value(address)).map(|(address, owned)| (address.clone(), owned.clone()))
    };
    let mut resources = BTreeMap::new();
    for (address, owned) in &ownership.next {
        if failed.contains(address) {
            match ids.get(address).filter(|_| made.contains(address)) {
                // It came into being and a later step failed: ours, with nothing known to be as planned.
                Some(id) => {
                    let fields = Json::Object(serde_json::Map::new());
                    let (id, origin, secrets) = (Some(id.clone()), Origin::Created, BTreeMap::new());
                    let owned = Owned { id, origin, fields, before: Json::Null, secrets, ..owned.clone() };
                    resources.insert(address.clone(), owned);
                }
                None => resources.extend(before(address, owned)),
            }
            continue;
        }
        let mut owned = owned.clone();
        if let Some(id) = ids.get(address)
            && owned.id.as_ref() != Some(id)
            && created.contains(address)
        {
            owned.id = Some(id.clone());
            owned.origin = Origin::Created;
            owned.before = Json::Null;
        }
        resources.insert(address.clone(), owned);
    }
    for (address, owned) in prior.iter().filter(|(address, _)| failed.contains(address)) {
        resources.entry(address.clone()).or_insert_with(|| owned.clone());
    }
    resources
}

fn overwritten(change: &Change) -> Option<(Address, Vec<String>)> {
    let drifted = change.deltas.iter().filter(|delta| delta.cause.is_some_and(Cause::is_drift));
    let paths: Vec<String> = drifted.map(|delta| delta.path.to_string()).collect();
    (!paths.is_empty()).then(|| (change.address.clone(), paths))
}

fn change(change: &Change) -> RecordedChange {
    RecordedChange {
        address: change.address.clone(),
        kind: change.kind.name.clone(),
        action: change.action,
        reason: change.reason.clone(),
        deltas: change
            .deltas
            .iter()
            .map(|delta| RecordedDelta {
                path: delta.path.to_string(),
                before: delta.before.as_ref().map(json::value),
                after: delta.after.as_ref().map(json::value),
                cause: delta.cause,
            })
            .collect(),
    }
}

/// Says whether an apply that wrote nothing is worth a record all the same: commit or ownership changed, or a run before
/// it left none.
pub fn is_news(record: &Record, last: Option<&Record>) -> bool {
    !record.header.unfinished.is_empty()
        || last.is_none_or(|last| {
            let of = |record: &Record| (record.header.config.clone(), record.header.scope);
            of(record) != of(last) || record.applied != last.applied || last.header.result != record.header.result
        })
}
