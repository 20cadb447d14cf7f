//! The executor: starts what is free, skips what hangs on a failure, says everything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value as Json;

use super::conduct::{Conduct, Journal};
use super::ledger::Ledger;
use super::perform::{Done, StepError, Tools, Undone, perform};
use crate::api::failure::ApiFailure;
use crate::api::port::WriteApi;
use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::change::Action;
use crate::model::event::{Event, StepFailure, Summary};
use crate::model::journal::Line;
use crate::model::names::RemoteId;
use crate::model::plan::{Operation, Plan, Step};
use crate::pipeline::drafts;
use crate::pipeline::scope::ignored_by;

/// Steps in flight at once; the way to the tenant paces itself below that.
const PARALLEL: usize = 32;

/// Time is the world's; tests hand in a clock that does not wait.
pub trait Clock: Sync {
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Returns the time since some moment in the past; it never goes back.
    fn elapsed(&self) -> Duration;
}

/// How an apply ended.
#[derive(Debug, Default)]
pub struct Outcome {
    pub summary: Summary,
    pub failures: Vec<StepFailure>,
    /// `address:field` -> fingerprint of secrets that were really sent.
    pub sent: BTreeMap<String, String>,
    /// Ids by address, those of what came into being included.
    pub ids: BTreeMap<Address, RemoteId>,
    /// What people are to be told of answers, by address: field -> text.
    pub told: BTreeMap<Address, BTreeMap<String, String>>,
}

/// Performs the plan. A plan with a closed gate or a secret without a value is not begun: the outcome is one failure.
pub async fn apply(
    plan: &Plan,
    api: &impl WriteApi,
    clock: &impl Clock,
    conduct: &mut dyn Conduct,
    listen: &mut (dyn FnMut(Event) + Send),
) -> Outcome {
    let mut outcome = Outcome::default();
    let refusals = plan
        .gates
        .iter()
        .map(|gate| gate.reason.clone())
        .chain(plan.missing_secrets.iter().map(|name| format!("{name} has no value here")));
    for reason in refusals {
        outcome.failures.push(refusal(reason));
    }
    if !outcome.failures.is_empty() {
        return outcome;
    }
    let mut run = Run {
        plan,
        ledger: Ledger::of(plan),
        waiting: plan.steps.iter().map(|step| step.requires.len()).collect(),
        leads: leads(plan),
        state: vec![State::Waiting; plan.steps.len()],
        outcome,
        is_halted: false,
    };
    let journal = Journal::new(conduct);
    let mut free: BTreeSet<usize> = (0..plan.steps.len()).filter(|index| run.waiting[*index] == 0).collect();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < PARALLEL
            && !run.is_halted
            && !journal.conduct().is_stopping()
            && let Some(index) = free.pop_first()
        {
            let step = &plan.steps[index];
            listen(Event::Started { step: index, address: step.address.clone(), action: step.action });
            let known = (run.ledger.clone(), ignored_by(&plan.settings, &step.address));
            let wait = !run.leads[index].is_empty();
            let began = clock.elapsed();
            let tools = Tools { api, clock, journal: &journal };
            running.push(async move {
                let result = perform((index, step), known, wait, tools).await;
                (index, clock.elapsed().saturating_sub(began), result)
            });
        }
        let Some((index, took, result)) = running.next().await else { break };
        free.extend(run.finish(index, took, result, &journal, listen));
    }
    run.outcome.summary.not_begun = run.state.iter().filter(|state| **state == State::Waiting).count();
    let Run { mut outcome, ledger, .. } = run;
    outcome.ids = ledger.into_ids();
    listen(Event::Finished { summary: outcome.summary.clone() });
    outcome
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Waiting,
    Done,
    Failed,
    Skipped,
}

struct Run<'a> {
    plan: &'a Plan,
    ledger: Ledger,
    waiting: Vec<usize>,
    leads: Vec<Vec<usize>>,
    state: Vec<State>,
    outcome: Outcome,
    /// The journal takes no more: what is under way is the last.
    is_halted: bool,
}

impl Run<'_> {
    /// Takes a result in and returns the steps that became free.
    fn finish(
        &mut self,
        index: usize,
        took: Duration,
        result: Result<Done, Undone>,
        journal: &Journal<'_>,
        listen: &mut (dyn FnMut(Event) + Send),
    ) -> Vec<usize> {
        let step = &self.plan.steps[index];
        match result {
            Ok(done) => {
                self.state[index] = State::Done;
                self.ledger.learn(step, &done.answer);
                self.ledger.learn_version(step, &done.version);
                self.outcome.summary.writes += done.writes;
                self.count(index, step);
                let sent = self.remember(step);
                let id = step.kind.id.as_ref().and_then(|field| done.answer.get(field)).and_then(Json::as_str);
                let id = id.map(|id| RemoteId(id.to_owned()));
                self.note(journal, &Line::Done { step: index, id, sent });
                if !done.told.is_empty() {
                    self.outcome.told.insert(step.address.clone(), done.told.clone());
                }
                listen(Event::Succeeded {
                    step: index,
                    address: step.address.clone(),
                    action: step.action,
                    deployed: matches!(step.operation, Operation::Deploy { .. }),
                    took,
                    requests: done.writes,
                    told: done.told,
                });
                let mut free = Vec::new();
                for then in &self.leads[index] {
                    self.waiting[*then] -= 1;
                    if self.waiting[*then] == 0 && self.state[*then] == State::Waiting {
                        free.push(*then);
                    }
                }
                free
            }
            Err(Undone { error, writes, made }) => {
                self.state[index] = State::Failed;
                self.outcome.summary.writes += writes;
                if let Some(made) = made {
                    self.ledger.learn(step, &made);
                }
                let in_doubt = match &error {
                    StepError::Lost { .. } => true,
                    StepError::Undelivered { left, .. } => left.is_some(),
                    StepError::Api(failure) => failure.is_in_doubt(),
                    _ => writes > 0,
                };
                if matches!(error, StepError::Journal(_)) {
                    self.is_halted = true;
                } else {
                    self.note(journal, &Line::Failed { step: index, in_doubt });
                }
                self.outcome.summary.failed += 1;
                let failure = failure_of(step, error);
                listen(Event::Failed { step: index, failure: failure.clone() });
                self.outcome.failures.push(failure);
                self.skip_after(index, &step.address, listen);
                Vec::new()
            }
        }
    }

    /// Writes a line of the journal; if it cannot be written, nothing more is begun.
    fn note(&mut self, journal: &Journal<'_>, line: &Line) {
        if let Err(error) = journal.write(line) {
            self.is_halted = true;
            self.outcome.failures.push(refusal(error.to_string()));
        }
    }

    /// Marks all that hangs on a failed step; only the root cause is an error.
    fn skip_after(&mut self, index: usize, because: &Address, listen: &mut (dyn FnMut(Event) + Send)) {
        let mut open = self.leads[index].clone();
        while let Some(next) = open.pop() {
            if self.state[next] != State::Waiting {
                continue;
            }
            self.state[next] = State::Skipped;
            self.outcome.summary.skipped += 1;
            listen(Event::Skipped {
                step: next,
                address: self.plan.steps[next].address.clone(),
                because: because.clone(),
            });
            open.extend(self.leads[next].iter().copied());
        }
    }

    fn count(&mut self, index: usize, step: &Step) {
        let is_update = |step: &Step| matches!(step.operation, Operation::Update { .. });
        let goes_on = |then: &usize| {
            let then = &self.plan.steps[*then];
            then.address == step.address && is_update(then)
        };
        // A step aside, so that another object can have its name or number first.
        let is_half = is_update(step) && self.leads[index].iter().any(goes_on);
        // Part of the change that another step of the same address counts for, if there is one.
        let is_part = |operation: &Operation| {
            matches!(operation, Operation::Fill { .. } | Operation::Deploy { .. } | Operation::Wrap { .. })
        };
        let counts = |other: &Step| other.address == step.address && !is_part(&other.operation);
        let is_alone = !self.plan.steps.iter().any(counts);
        let summary = &mut self.outcome.summary;
        match step.action {
            _ if is_half => {}
            _ if is_part(&step.operation) && !is_alone => {}
            Action::Create => summary.created += 1,
            Action::Delete => summary.deleted += 1,
            _ => summary.updated += 1,
        }
    }

    /// Keeps the fingerprints of what the step has sent, and returns them. Another step of the address may be the one
    /// that sends a secret.
    fn remember(&mut self, step: &Step) -> BTreeMap<String, String> {
        let prefix = format!("{}:", step.address);
        let of_step = self.plan.fingerprints.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let sent: BTreeMap<String, String> = of_step
            .filter(|(name, _)| sends(&step.operation, &name[prefix.len()..]))
            .map(|(name, print)| (name.clone(), print.clone()))
            .collect();
        self.outcome.sent.extend(sent.clone());
        sent
    }
}

/// Says whether what a step sends holds a field.
fn sends(operation: &Operation, field: &str) -> bool {
    let top = field.split(['.', '[']).next().unwrap_or(field);
    match operation {
        Operation::Create { body, then: more } | Operation::Update { body, first: more, .. } => {
            body.contains_key(top) || more.contains_key(top)
        }
        Operation::Fill { body } | Operation::Reset { body } => body.contains_key(top),
        Operation::Members(_) => true,
        Operation::Delete { .. } | Operation::Deploy { .. } | Operation::Wrap { .. } => false,
    }
}

fn leads(plan: &Plan) -> Vec<Vec<usize>> {
    let mut leads = vec![Vec::new(); plan.steps.len()];
    for (index, step) in plan.steps.iter().enumerate() {
        for first in &step.requires {
            leads[*first].push(index);
        }
    }
    leads
}

fn refusal(message: String) -> StepFailure {
    StepFailure {
        address: Address::root(""),
        action: Action::Nothing,
        place: None,
        field: None,
        request: None,
        status: None,
        error_code: None,
        message,
        request_id: None,
        not_kept: Vec::new(),
        help: None,
    }
}

fn failure_of(step: &Step, error: StepError) -> StepFailure {
    let mut failure = StepFailure {
        address: step.address.clone(),
        action: step.action,
        place: step.place.clone(),
        ..refusal(error.to_string())
    };
    if let StepError::Api(cause) | StepError::Unseen(cause) | StepError::Lost { failure: cause, .. } = &error {
        failure.request = cause.request().map(str::to_owned);
    }
    if matches!(error, StepError::Lost { .. }) {
        failure.help = Some(
            "Look at the tenant. `--resume` looks again before it creates anything; `bind` names an object by its id."
                .to_owned(),
        );
    }
    if matches!(error, StepError::Undelivered { left: Some(_), .. }) {
        failure.help = Some("Delete it in the tenant, then apply again.".to_owned());
    }
    if let StepError::NotKept(kept) = &error {
        failure.field = kept.deltas.first().map(|delta| delta.path.to_string());
        failure.request = Some(kept.request.clone());
        failure.status = Some(kept.status);
        failure.request_id = kept.request_id.clone();
        failure.not_kept = kept.deltas.clone();
        failure.help = Some(
            "The server answered that all went well. Apply again; if it stays so, the tenant does not take the value: \
             correct the file, or look whether its plan includes the feature."
                .to_owned(),
        );
        point(&mut failure, step);
        return failure;
    }
    if let StepError::Api(ApiFailure::Status { request, status, error_code, message, request_id }) = error {
        failure.field = property(&message).map(str::to_owned);
        point(&mut failure, step);
        failure.help = match status {
            400 | 409 if message.contains("deployed") && drafts::help_for(step.kind).is_some() => {
                drafts::help_for(step.kind)
            }
            400 if step.kind.marked.is_some() => step.kind.marked.as_ref().map(|marked| marked.help.clone()),
            403 if step.kind.has(Quirk::NeedsCustomDomain) => Some(
                "A tenant needs a custom domain for this, of any status. Declare one, or add it in the tenant."
                    .to_owned(),
            ),
            _ => help(status, error_code.as_deref()),
        };
        failure.request = Some(request);
        failure.status = Some(status);
        failure.error_code = error_code;
        failure.message = message;
        failure.request_id = request_id;
    }
    failure
}

/// Points at the line of the field that it is about.
fn point(failure: &mut StepFailure, step: &Step) {
    let of_field = |field: &String| step.field_places.get(field.split(['.', '[']).next().unwrap_or(field));
    if let Some(place) = failure.field.as_ref().and_then(of_field) {
        failure.place = Some(place.clone());
    }
}

/// Returns the property that a validation message names, to point at its line; nothing is decided by it.
fn property(message: &str) -> Option<&str> {
    let after = |words: &str| message.split_once(words).map(|(_, rest)| rest);
    let rest = after("on property ")
        .or_else(|| after("Missing required property: "))
        .or_else(|| after("Additional properties not allowed: "))?;
    let end = rest.find([' ', '(', ',', '\'']).unwrap_or(rest.len());
    let name = rest.get(..end)?.trim_end_matches('.');
    (!name.is_empty()).then_some(name)
}

fn help(status: u16, code: Option<&str>) -> Option<String> {
    let text = match (status, code) {
        (401, _) => "The token was refused. Check the tenant's credentials and audience.",
        (403, Some("insufficient_scope")) => "Give the run's application the scope that the message names.",
        (403, _) => "The tenant's plan may lack the feature. Exclude it with `--exclude`, or upgrade.",
        (404, _) => "Somebody may have deleted it meanwhile. Plan again.",
        (409, _) => "An object of that identity may exist already. Plan again, or bind it by id.",
        (400, _) => "Correct the field in the file and apply again.",
        _ => return None,
    };
    Some(text.to_owned())
}
