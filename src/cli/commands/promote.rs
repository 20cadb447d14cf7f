//! `tenantry promote`: what one tenant has, applied to the next.

use std::path::Path;

use serde_json::json;

use crate::cli::applying::{self, Manner};
use crate::cli::args::{PromoteArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::{Planned, Wish};
use crate::cli::point;
use crate::cli::project::Look;
use crate::cli::recording::History;
use crate::cli::run::Run;
use crate::cli::saved;
use crate::edge::runtime::Runtime;
use crate::model::address::Address;
use crate::model::change::{Action, Change};
use crate::model::names::TenantName;
use crate::model::plan::Gate;
use crate::model::record::{Doing, Header, RunKind, RunResult, RunScope, TakenFrom};
use crate::pipeline::parity::{self, Differences, Side};
use crate::pipeline::plan::Consent;
use crate::pipeline::report::parity as view;
use crate::pipeline::saved::SavedPromotion;

/// Plans for one tenant the commit that another one has, shows, asks and applies.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PromoteArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if args.from == args.to {
        return Err(Failure::usage("a tenant cannot be promoted to itself", "Name two tenants."));
    }
    if !args.plan_only {
        applying::may_ask(args.yes, run)?;
    }
    let (_, _, history) = super::rollback::open(&TenantName(args.from.clone()), run)?;
    let (tree, header) = source(args, &history, run)?;
    let runtime = Runtime::start()?;
    let look = |scope: &ScopeArgs, writing| Look { at: Some(tree.clone()), ..Look::of(scope, writing) };

    // What the first tenant holds is only looked at.
    let first_scope = scope(&args.from);
    let first_wish = Wish::looking(&first_scope, &look(&first_scope, false), run)?;
    let first_api = first_wish.connect(run)?.only_reading();
    let planning = first_wish.plan(&first_api, Consent::default(), run);
    let first = runtime.run(first_api.telling(planning, |pause| run.waits(pause)))?;
    unreadable(&first, args)?;

    let second_scope = scope(&args.to);
    let wish = Wish::looking(&second_scope, &look(&second_scope, !args.plan_only), run)?.opened_by(opening(args));
    let wish = if args.plan_only { wish } else { wish.locked(run)? };
    let connection = wish.connect(run)?;
    let mut consent = args.consent.consent();
    consent.accept_drift |= !args.yes && !args.plan_only;
    let reading = connection.reading();
    let planning = wish.plan(&reading, consent, run);
    let mut second = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    let gate = drifted(&first, args);
    let source_drift = gate.as_ref().map(|gate| (gate.reason.clone(), gate.addresses.clone()));
    if let Some(gate) = gate {
        match args.accept_source_drift {
            true => second.plan.opened.push(gate),
            false => second.plan.gates.push(gate),
        }
    }
    let found = compare(&first, &second);
    let from = TenantName(args.from.clone());
    let asked = args.commit.clone().or_else(|| args.tag.clone());
    let taken = TakenFrom { tenant: from.clone(), record: Some(header.number), asked };
    introduce(args, &header, tree.commit(), run)?;
    let is_json = run.settings.json;
    let told = json!({ "from": from, "record": header.number, "commit": tree.commit(), "differences": found });
    if args.plan_only && is_json {
        let mut document = crate::pipeline::report::json::plan(&second.plan, &second.found);
        document["promotion"] = told.clone();
        run.answer_json(&document)?;
    } else {
        second.show(&second_scope, &args.consent, run, is_json)?;
        if let Some(found) = &found {
            let text = format!("\n{}", view::text(found, &from, &TenantName(args.to.clone())));
            match is_json {
                true => run.terminal.talk(&text),
                false => run.terminal.answer(&text)?,
            }
        }
    }
    if args.plan_only {
        if let Some(path) = &args.out {
            let promotion = SavedPromotion { commit: tree.commit().to_owned(), from: taken, source_drift };
            save(path, &second, &second_scope, (args, promotion), run)?;
        }
        return Ok(if second.plan.gates.is_empty() { Exit::Done } else { Exit::Gate });
    }
    let doing = Doing { from: Some(taken), ..Doing::of(RunKind::Promotion) };
    let manner = Manner { yes: args.yes, tag: None, verify: args.verify, doing, told: Some(("promotion", told)) };
    applying::carry_out(&mut second, &connection, &runtime, &manner, run)
}

fn scope(tenant: &str) -> ScopeArgs {
    ScopeArgs { tenant: Some(tenant.to_owned()), target: Vec::new(), exclude: Vec::new(), strict: false }
}

/// The words of this run's command.
fn opening(args: &PromoteArgs) -> Vec<String> {
    let mut words = vec!["promote".to_owned(), args.from.clone(), args.to.clone()];
    for (flag, value) in [("--commit", &args.commit), ("--tag", &args.tag)] {
        words.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    words.extend(args.accept_source_drift.then(|| ACCEPT.to_owned()));
    words
}

const ACCEPT: &str = "--accept-source-drift";

/// Saves the plan, if whoever applies it has nothing more to say about the tenant that it comes from.
fn save(
    path: &Path,
    planned: &Planned,
    scope: &ScopeArgs,
    (args, promotion): (&PromoteArgs, SavedPromotion),
    run: &Run<'_>,
) -> Result<(), Failure> {
    if promotion.source_drift.is_some() && !args.accept_source_drift {
        run.terminal.talk(&format!("note: {} has drifted, so no plan is saved; `{ACCEPT}` saves it\n", args.from));
        return Ok(());
    }
    saved::write(path, planned, scope, (args.consent.consent(), Some(promotion)), run)
}

/// Says what a saved plan promotes.
pub fn introduce_saved(promotion: &SavedPromotion, to: &TenantName, run: &Run<'_>) -> Result<(), Failure> {
    let short: String = promotion.commit.chars().take(7).collect();
    let record = promotion.from.record.map(|number| format!(" (record #{number})")).unwrap_or_default();
    let out = format!("{} -> {to}: {short}, as it was saved{record}\n\n", promotion.from.tenant);
    match run.settings.json {
        true => run.terminal.talk(&out),
        false => run.terminal.answer(&out)?,
    }
    Ok(())
}

/// Returns the gate of edits in the tenant that a saved plan comes from; somebody opened it when it was saved.
pub fn source_drift(promotion: &SavedPromotion) -> Option<Gate> {
    let (reason, addresses) = promotion.source_drift.clone()?;
    Some(Gate { name: SOURCE_DRIFT, reason, addresses, switch: Some(ACCEPT.to_owned()) })
}

const SOURCE_DRIFT: &str = "source-drift";

/// Finds the commit and the record that says that it was applied in full.
fn source(
    args: &PromoteArgs,
    history: &History,
    run: &Run<'_>,
) -> Result<(std::sync::Arc<crate::edge::git_tree::GitTree>, Header), Failure> {
    if let Some(asked) = args.commit.as_ref().or(args.tag.as_ref()) {
        let headers = history.walk()?;
        let tree = point::open(point::whole(asked, &headers), run)?;
        let of_commit =
            |header: &&Header| point::is_whole(header) && header.config.commit.as_deref() == Some(tree.commit());
        let Some(header) = headers.iter().map(|(_, header)| header).find(of_commit) else {
            return Err(Failure::usage(
                format!("no record says that `{asked}` was applied in full to {}", args.from),
                format!("Apply it there first; `tenantry history {}` lists what was.", args.from),
            ));
        };
        return Ok((tree, header.clone()));
    }
    let headers = history.walk()?;
    let Some((_, header)) = point::standing(&headers).cloned() else {
        return Err(Failure::usage(
            format!("no record says what was applied to {}", args.from),
            format!("`tenantry apply {}` leaves one.", args.from),
        ));
    };
    match header.config.commit.as_deref().filter(|_| point::is_whole(&header)) {
        Some(commit) => Ok((point::open(commit, run)?, header)),
        None => Err(Failure::usage(
            format!("{} is no whole commit: record #{} {}", args.from, header.number, fault(&header)),
            format!("Apply to {} in full, from a clean commit, or name one that was with `--commit`.", args.from),
        )),
    }
}

fn fault(header: &Header) -> &'static str {
    if header.run == RunKind::Undo {
        return "took an apply back, and not all that came with it or since";
    }
    match (header.config.commit.is_some(), header.config.dirty, header.scope, header.result) {
        (_, _, RunScope::Targeted, _) => "was of single addresses (`--target`)",
        (_, _, RunScope::Partial, _) => "left some out (`--exclude`)",
        (_, _, _, RunResult::Partial) => "was applied in part",
        (_, _, _, RunResult::Failed) => "failed",
        (_, true, _, _) => "was applied from files that were not committed",
        _ => "names no commit",
    }
}

/// What cannot be read of the first tenant may have drifted.
fn unreadable(first: &Planned, args: &PromoteArgs) -> Result<(), Failure> {
    match first.plan.gates.iter().find(|gate| gate.switch.is_none() && gate.name != "hold") {
        Some(gate) => Err(Failure::usage(
            format!("whether {} has drifted cannot be seen: {}", args.from, gate.reason),
            format!("Give the credentials of {} what reading needs: `tenantry scopes {0}`.", args.from),
        )),
        None => Ok(()),
    }
}

/// Returns the gate of edits in the first tenant. It holds what was applied last, so whatever its plan would do is one,
/// but for what the files say otherwise today: secrets, or another commit that was asked for.
fn drifted(first: &Planned, args: &PromoteArgs) -> Option<Gate> {
    let has_drifted = |change: &&Change| {
        let was_ours = || {
            let prior = first.plan.ownership.prior.as_ref();
            prior.is_some_and(|applied| applied.resources.contains_key(&change.address))
        };
        match change.action {
            // It was applied, and is not there.
            Action::Create | Action::Replace => was_ours(),
            _ => change.drifted() > 0,
        }
    };
    let addresses: Vec<Address> =
        first.plan.changes.iter().filter(has_drifted).map(|change| change.address.clone()).collect();
    (!addresses.is_empty()).then(|| Gate {
        name: SOURCE_DRIFT,
        reason: format!("somebody edited {} since its last record; the edits are not in the files", args.from),
        addresses,
        switch: Some(ACCEPT.to_owned()),
    })
}

fn compare(first: &Planned, second: &Planned) -> Option<Differences> {
    let (one, two) = (first.seen.as_ref()?, second.seen.as_ref()?);
    let prior = |planned: &Planned| planned.history.applied();
    let (one_applied, two_applied) = (prior(first), prior(second));
    Some(parity::differences(
        Side { desired: &one.desired, live: &one.live, applied: one_applied.as_ref(), plan: &first.plan },
        Side { desired: &two.desired, live: &two.live, applied: two_applied.as_ref(), plan: &second.plan },
    ))
}

/// Says what is promoted.
fn introduce(args: &PromoteArgs, header: &Header, commit: &str, run: &Run<'_>) -> Result<(), Failure> {
    let short: String = commit.chars().take(7).collect();
    let out = format!(
        "{} -> {}: {short}, applied to {} on {} (record #{})\n\n",
        args.from, args.to, args.from, header.at, header.number
    );
    match run.settings.json {
        true => run.terminal.talk(&out),
        false => run.terminal.answer(&out)?,
    }
    Ok(())
}
