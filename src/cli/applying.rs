//! A plan to what became of it: ask, apply, remember, record, answer. What every command that writes shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use super::convergence;
use super::delivering::{self, Delivering};
use super::exit::Exit;
use super::failure::Failure;
use super::planning::Planned;
use super::run::Run;
use crate::edge::clock::Clock;
use crate::edge::connection::Connection;
use crate::edge::runtime::Runtime;
use crate::model::event::Event;
use crate::model::plan::Plan;
use crate::model::record::{Doing, RunKind, RunScope};
use crate::pipeline::apply::{Conduct, Outcome, apply};
use crate::pipeline::record::Steps;
use crate::pipeline::report::outcome::{self, Results};
use crate::pipeline::report::redaction::Redaction;
use crate::pipeline::report::{progress, text};

/// How a plan is carried out.
#[derive(Debug)]
pub struct Manner<'a> {
    /// Nobody is asked.
    pub yes: bool,
    /// The tag that the commit gets once all is done.
    pub tag: Option<&'a str>,
    /// What the record says it was.
    pub doing: Doing,
    /// Once all is done, the tenant is planned again: nothing may be left.
    pub verify: bool,
    /// What the answer to programs says besides the result, under this name.
    pub told: Option<(&'static str, Json)>,
}

impl Manner<'_> {
    fn told(&self, mut document: Json) -> Json {
        if let Some((name, told)) = &self.told {
            document[*name] = told.clone();
        }
        document
    }
}

/// Says whether there is somebody to ask, or nobody needs to be.
///
/// # Errors
/// If not.
pub fn may_ask(yes: bool, run: &Run<'_>) -> Result<(), Failure> {
    if yes || run.terminal.can_ask() {
        return Ok(());
    }
    Err(Failure::usage(
        "there is no terminal to ask before writing",
        "Give `--yes` to apply without being asked; it opens no gate.",
    ))
}

/// Carries out a plan that was shown: nothing if a gate is closed.
///
/// # Errors
/// See [`Failure`].
pub fn carry_out(
    planned: &mut Planned,
    connection: &Connection,
    runtime: &Runtime,
    manner: &Manner<'_>,
    run: &Run<'_>,
) -> Result<Exit, Failure> {
    let plan = &planned.plan;
    // Also where nothing else changes: a rotation whose source is misspelt would never be noticed.
    if plan.gates.is_empty() && !plan.missing_secrets.is_empty() {
        return Err(Failure::MissingSecrets(plan.missing_secrets.clone()));
    }
    let is_whole = planned.history.scope() == RunScope::Full && planned.only.is_none();
    let unfinished = planned.journal.unrecorded(plan, is_whole);
    let doing = Doing { unfinished, ..manner.doing.clone() };
    if !plan.gates.is_empty() || plan.is_empty() {
        return write_nothing(planned, (&doing, is_whole), manner, run);
    }
    delivering::refuse(plan, run)?;
    if !manner.yes {
        let headline = text::headline(&plan.settings, plan.sandbox);
        if run.terminal.ask(&format!("\n{headline}\nApply this? Only \"yes\" is accepted: "))? != "yes" {
            return Err(Failure::Declined);
        }
    }
    let redaction = Redaction::of_plan(plan);
    // The salt is kept first: what the journal says of secrets means nothing without it.
    run.settings.state.remember(planned.history.place(), &planned.remembered)?;
    let stop = runtime.stop_on_interrupt();
    planned.history.intend(plan, &stop)?;
    let doing_after = (&doing, planned.history.last_commit());
    let mut book = planned.journal.begin(plan, doing_after, Arc::clone(&stop), run)?;
    let mut conduct = Delivering::new(&mut book, plan, run);
    let (outcome, results, steps) = perform(plan, connection, &redaction, runtime, (&mut conduct, &stop), run);
    let is_complete = outcome.failures.is_empty() && outcome.summary.not_begun == 0;
    // What was sent is remembered, and a sandbox kept, whether or not all went well; that it went well or not is said
    // even if it cannot be remembered.
    let mut remembered = planned.remembered.clone();
    remembered.fingerprints.extend(outcome.sent.clone());
    let is_remembered = run.settings.state.remember(planned.history.place(), &remembered);
    let is_kept = connection.keep();
    let before = planned.history.last_commit().map(str::to_owned);
    let is_recorded = {
        let done = (&steps, &outcome, planned.seen.as_ref());
        planned.history.applied_now(plan, done, &doing, &remembered, run)
    };
    let record = planned.history.last_commit().filter(|commit| before.as_deref() != Some(commit));
    let is_recorded = is_recorded.and(record.map_or(Ok(()), |commit| book.recorded(commit)));
    // The journal ends after the record: what is in none is taken over by the next run.
    let is_written = if planned.history.has_recorded() { book.ended(is_complete) } else { Ok(()) };
    let is_settled = is_remembered.map_err(Failure::from).and(is_kept.map_err(Failure::from)).and(is_recorded);
    let mut is_settled = is_settled.and(is_written);
    if is_complete && is_settled.is_ok() {
        is_settled = planned.journal.end();
    }
    // What was done is said whatever comes of looking at it.
    let look = match manner.verify && is_complete && is_settled.is_ok() {
        true => convergence::look(planned, connection, runtime, run),
        false => Ok(None),
    };
    let plan = &planned.plan;
    let shown = look.as_ref().ok().and_then(Option::as_ref);
    match run.settings.json {
        true => {
            let mut document = results.json(plan, &planned.found, Some(&outcome.summary));
            if let Some(look) = shown {
                document["verified"] = look.json();
            }
            run.answer_json(&manner.told(document))?;
        }
        false => {
            let screen = outcome::screen(plan, &outcome, &redaction);
            run.terminal.answer(&format!("\n{screen}{}", shown.map(convergence::Look::text).unwrap_or_default()))?;
        }
    }
    is_settled?;
    if look?.is_some_and(|look| !look.is_settled()) {
        return Ok(Exit::Partial);
    }
    if outcome.failures.is_empty() {
        planned.history.tag(manner.tag)?;
        planned.history.tell_unpushed(run)?;
    }
    Ok(exit(&outcome))
}

/// Answers where a gate is closed or there is nothing to do. What did not end before is settled with the latter.
fn write_nothing(
    planned: &mut Planned,
    (doing, is_whole): (&Doing, bool),
    manner: &Manner<'_>,
    run: &Run<'_>,
) -> Result<Exit, Failure> {
    let plan = &planned.plan;
    if run.settings.json {
        run.answer_json(&manner.told(Results::default().json(plan, &planned.found, None)))?;
    }
    if !plan.gates.is_empty() {
        return Ok(Exit::Gate);
    }
    // A part of the files says nothing of the rest of an apply that did not end.
    let is_last = is_whole || manner.doing.run == RunKind::Undo;
    let doing = if is_last { doing } else { &manner.doing };
    let before = planned.history.last_commit().map(str::to_owned);
    planned.history.unchanged(plan, planned.seen.as_ref(), doing, &planned.remembered, run)?;
    let record = planned.history.last_commit().filter(|commit| before.as_deref() != Some(commit));
    planned.journal.settled(record, is_last)?;
    planned.history.tag(manner.tag)?;
    planned.history.tell_unpushed(run)?;
    Ok(Exit::Done)
}

fn perform(
    plan: &Plan,
    connection: &Connection,
    redaction: &Redaction,
    runtime: &Runtime,
    (book, stop): (&mut dyn Conduct, &AtomicBool),
    run: &Run<'_>,
) -> (Outcome, Results, Steps) {
    let bar = run.terminal.bar(Some(plan.steps.len()), "applying");
    let mut results = Results::default();
    let mut steps = Steps::default();
    let mut is_told = false;
    let mut listen = |event: Event| {
        if stop.load(Ordering::Relaxed) && !std::mem::replace(&mut is_told, true) {
            bar.step("stopping: what is under way is finished first; ctrl-c again stops at once");
        }
        #[cfg(debug_assertions)]
        fall_over(&event, run);
        results.note(&event, redaction);
        steps.note(&event, redaction);
        if let Some(line) = progress::line(&event, redaction) {
            bar.step(&line);
        } else if let Some(address) = progress::under_way(&event) {
            bar.doing(address);
        }
    };
    let applying = apply(plan, connection, &Clock, book, &mut listen);
    let outcome = runtime.run(connection.telling(applying, |pause| run.waits(pause)));
    (outcome, results, steps)
}

/// Panics once a step has ended, where a test asks for it, with the words that the test gives.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "the test of what a panic shows needs one while secrets are at hand")]
fn fall_over(event: &Event, run: &Run<'_>) {
    if let (Event::Succeeded { .. }, Some(words)) = (event, run.world.environment.get("TENANTRY_TEST_PANIC")) {
        panic!("{words}");
    }
}

fn exit(outcome: &Outcome) -> Exit {
    match (outcome.failures.is_empty() && outcome.summary.not_begun == 0, outcome.summary.writes) {
        (true, _) => Exit::Done,
        (false, 0) => Exit::Failed,
        (false, _) => Exit::Partial,
    }
}
