//! `tenantry apply`: the plan, then the question, then the tenant.

use crate::cli::args::ApplyArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::Wish;
use crate::cli::run::Run;
use crate::edge::clock::Clock;
use crate::edge::connection::Connection;
use crate::edge::runtime::Runtime;
use crate::model::event::Event;
use crate::model::plan::Plan;
use crate::pipeline::apply::{Outcome, apply};
use crate::pipeline::record::Steps;
use crate::pipeline::report::outcome::{self, Results};
use crate::pipeline::report::redaction::Redaction;
use crate::pipeline::report::{progress, text};

/// Plans, shows, asks and applies.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ApplyArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    refuse_silence(args.yes, run)?;
    carry_out(Wish::read(&args.scope, true, run)?, args, run)
}

/// Refuses to go on where a yes is needed and nobody is there to say it.
///
/// # Errors
/// That it is so.
pub fn refuse_silence(yes: bool, run: &Run<'_>) -> Result<(), Failure> {
    if !yes && !run.terminal.can_ask() {
        return Err(Failure::usage(
            "there is no terminal to ask before writing",
            "Give `--yes` to apply without being asked; it opens no gate.",
        ));
    }
    Ok(())
}

/// Plans, shows, asks and applies what is wished.
///
/// # Errors
/// See [`Failure`].
pub fn carry_out(wish: Wish, args: &ApplyArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let remembrance = wish.target(run).remembrance();
    let connection = wish.connect(run)?;
    let runtime = Runtime::start()?;
    let mut consent = args.consent.consent();
    // Who is asked sees what drifted before saying yes.
    consent.accept_drift |= !args.yes;
    let reading = connection.reading();
    let planning = wish.plan(&reading, consent, run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    if let Some(tag) = &args.tag {
        planned.history.may_tag(tag, &planned.plan.provenance)?;
    }
    planned.show(&args.scope, &args.consent, run, run.settings.json)?;
    let plan = &planned.plan;
    if !plan.gates.is_empty() || plan.is_empty() {
        if run.settings.json {
            run.answer_json(&Results::default().json(plan, &planned.found, None))?;
        }
        if plan.gates.is_empty() {
            planned.history.unchanged(plan, &planned.remembered, run)?;
            planned.history.tag(args.tag.as_deref())?;
        }
        return Ok(if plan.gates.is_empty() { Exit::Done } else { Exit::Gate });
    }
    if !plan.missing_secrets.is_empty() {
        return Err(Failure::MissingSecrets(plan.missing_secrets.clone()));
    }
    if !args.yes {
        let headline = text::headline(&plan.settings, plan.sandbox);
        if run.terminal.ask(&format!("\n{headline}\nApply this? Only \"yes\" is accepted: "))? != "yes" {
            return Err(Failure::Declined);
        }
    }
    let redaction = Redaction::of_plan(plan);
    let (outcome, results, steps) = perform(plan, &connection, &redaction, &runtime, run);
    // What was sent is remembered, and a sandbox kept, whether or not all went well; that it went well or not is said
    // even if it cannot be remembered.
    let mut remembered = planned.remembered.clone();
    remembered.fingerprints.extend(outcome.sent.clone());
    let is_remembered = run.settings.state.remember(&remembrance, &remembered);
    let is_kept = connection.keep();
    let is_recorded = planned.history.applied_now(plan, &steps, &outcome, &remembered, run);
    match run.settings.json {
        true => run.answer_json(&results.json(plan, &planned.found, Some(&outcome.summary)))?,
        false => {
            let screen = outcome::screen(plan, &outcome.failures, &outcome.summary, &redaction);
            run.terminal.answer(&format!("\n{screen}"))?;
        }
    }
    is_remembered?;
    is_kept?;
    is_recorded?;
    if outcome.failures.is_empty() {
        planned.history.tag(args.tag.as_deref())?;
    }
    Ok(exit(&outcome))
}

fn perform(
    plan: &Plan,
    connection: &Connection,
    redaction: &Redaction,
    runtime: &Runtime,
    run: &Run<'_>,
) -> (Outcome, Results, Steps) {
    let bar = run.terminal.bar(Some(plan.steps.len()), "applying");
    let mut results = Results::default();
    let mut steps = Steps::default();
    let mut listen = |event: Event| {
        results.note(&event, redaction);
        steps.note(&event, redaction);
        if let Some(line) = progress::line(&event, redaction) {
            bar.step(&line);
        } else if let Some(address) = progress::under_way(&event) {
            bar.doing(address);
        }
    };
    let applying = apply(plan, connection, &Clock, &mut listen);
    let outcome = runtime.run(connection.telling(applying, |pause| run.waits(pause)));
    (outcome, results, steps)
}

fn exit(outcome: &Outcome) -> Exit {
    match (outcome.failures.is_empty(), outcome.summary.writes) {
        (true, _) => Exit::Done,
        (false, 0) => Exit::Failed,
        (false, _) => Exit::Partial,
    }
}
