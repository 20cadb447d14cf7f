//! The tenant that a promotion comes from: looked at when the promotion is planned, and again before a saved one is
//! applied. It is only ever read.

use std::sync::Arc;

use super::args::ScopeArgs;
use super::failure::Failure;
use super::planning::{Planned, Wish};
use super::project::Look;
use super::recording::History;
use super::run::Run;
use crate::edge::git_tree::GitTree;
use crate::edge::runtime::Runtime;
use crate::model::address::Address;
use crate::model::change::{Action, Change};
use crate::model::diagnostic::Severity;
use crate::model::names::TenantName;
use crate::model::plan::Gate;
use crate::model::record::{Header, RunKind};
use crate::pipeline::plan::Consent;
use crate::pipeline::report::value::harmless;
use crate::pipeline::saved::SavedPromotion;

/// The switch that opens the gate of edits in it.
pub const ACCEPT: &str = "--accept-source-drift";
const SOURCE_DRIFT: &str = "source-drift";

/// Plans for it the commit that is promoted, to be looked at only.
///
/// # Errors
/// If anything is wrong with the files, or the tenant does not answer.
pub fn look(from: &str, tree: &Arc<GitTree>, runtime: &Runtime, run: &Run<'_>) -> Result<Planned, Failure> {
    see(wish(from, tree, run)?, runtime, run)
}

fn wish(from: &str, tree: &Arc<GitTree>, run: &Run<'_>) -> Result<Wish, Failure> {
    let scope = ScopeArgs { tenant: Some(from.to_owned()), target: Vec::new(), exclude: Vec::new(), strict: false };
    Wish::looking(&scope, &Look { at: Some(Arc::clone(tree)), ..Look::of(&scope, false) }, run)
}

fn see(wish: Wish, runtime: &Runtime, run: &Run<'_>) -> Result<Planned, Failure> {
    let api = wish.connect(run)?.only_reading();
    let planning = wish.plan(&api, Consent::default(), run);
    runtime.run(api.telling(planning, |pause| run.waits(pause)))
}

/// Returns why what of it has drifted cannot be seen.
pub fn unreadable(source: &Planned) -> Option<&str> {
    let gate = source.plan.gates.iter().find(|gate| gate.switch.is_none() && gate.name != "hold")?;
    Some(&gate.reason)
}

/// Returns the gate of edits in it. It holds what was applied last, so whatever its plan would do is one, but for what the
/// files say otherwise today: secrets, or another commit that was asked for.
pub fn drifted(source: &Planned, from: &str) -> Option<Gate> {
    let has_drifted = |change: &&Change| {
        let was_ours = || {
            let prior = source.plan.ownership.prior.as_ref();
            prior.is_some_and(|applied| applied.resources.contains_key(&change.address))
        };
        match change.action {
            // It was applied, and is not there.
            Action::Create | Action::Replace => was_ours(),
            _ => change.drifted() > 0,
        }
    };
    let addresses: Vec<Address> =
        source.plan.changes.iter().filter(has_drifted).map(|change| change.address.clone()).collect();
    (!addresses.is_empty()).then(|| {
        let reason = format!("somebody edited {from} since its last record; the edits are not in the files");
        gate(reason, addresses)
    })
}

/// Returns the gate of edits in the tenant that a saved plan comes from; somebody opened it when it was saved.
pub fn accepted(promotion: &SavedPromotion) -> Option<Gate> {
    let (reason, addresses) = promotion.source_drift.clone()?;
    Some(gate(reason, addresses))
}

fn gate(reason: String, addresses: Vec<Address>) -> Gate {
    Gate { name: SOURCE_DRIFT, reason, addresses, switch: Some(ACCEPT.to_owned()) }
}

/// Makes sure that a saved promotion still comes from what somebody looked at: the tenant was not taken back since, and
/// nobody edited it. That it went on to something newer is no matter, and neither is what cannot be looked at here; both
/// are said.
///
/// # Errors
/// [`Failure::Stale`] with what has moved.
pub fn unmoved(
    promotion: &SavedPromotion,
    (history, tree): (Result<History, Failure>, &Arc<GitTree>),
    runtime: &Runtime,
    run: &Run<'_>,
) -> Result<(), Failure> {
    let from = &promotion.from.tenant;
    let note = |text: &str| run.terminal.talk(&format!("note: {}\n", harmless(text)));
    let unknown = |why: &str| note(&format!("whether {from} was edited since is not known here: {why}"));
    let headers = match history {
        Ok(history) => history.walk()?,
        Err(failure) => return not_here(failure, unknown),
    };
    let since = |header: &&Header| promotion.seen.is_some_and(|seen| header.number > seen);
    let newer: Vec<&Header> = headers.iter().map(|(_, header)| header).take_while(since).collect();
    if let Some(back) = newer.iter().find(|header| header.run == RunKind::Rollback) {
        return Err(Failure::stale(vec![format!("{from} was rolled back since (record #{})", back.number)]));
    }
    let takes_it_back = |header: &&&Header| {
        let first = header.from.as_ref().and_then(|from| from.record);
        let is_later = first.zip(promotion.from.record).is_some_and(|(first, own)| first > own);
        header.run == RunKind::Undo && !is_later
    };
    if let Some(undo) = newer.iter().find(takes_it_back) {
        return Err(Failure::stale(vec![format!("it was taken back in {from} since (record #{})", undo.number)]));
    }
    if let Some(last) = newer.first() {
        note(&format!("{from} has moved on since, to record #{}", last.number));
    }
    if headers.is_empty() {
        unknown("there is no record of it");
        return Ok(());
    }
    let wish = match wish(&from.0, tree, run) {
        Ok(wish) => wish,
        Err(failure) => return not_here(failure, unknown),
    };
    // What stands in for credentials is of the tenant that is applied to, and is told to no other.
    if !wish.target(run).is_sandbox() && wish.desired.settings.credentials.stand_in() {
        unknown("its file names no credentials of its own");
        return Ok(());
    }
    let source = match see(wish, runtime, run) {
        Ok(source) => source,
        Err(failure) => return not_here(failure, unknown),
    };
    if let Some(why) = unreadable(&source) {
        unknown(why);
        return Ok(());
    }
    let accepted = promotion.source_drift.as_ref().map(|(_, addresses)| addresses.as_slice()).unwrap_or_default();
    let edited = drifted(&source, &from.0).map(|gate| gate.addresses).unwrap_or_default();
    let fresh: Vec<String> = edited
        .iter()
        .filter(|address| !accepted.contains(address))
        .map(|address| format!("{address} was edited in {from} since"))
        .collect();
    if fresh.is_empty() { Ok(()) } else { Err(Failure::stale(fresh)) }
}

/// Whoever applies a saved promotion may have no key to the tenant that it comes from, and no settings for it.
fn not_here(failure: Failure, unknown: impl Fn(&str)) -> Result<(), Failure> {
    match &failure {
        Failure::Api(_) => unknown(&failure.message()),
        Failure::Invalid { found, .. } => {
            let first = found.0.iter().find(|finding| finding.severity == Severity::Error);
            unknown(&first.map_or_else(|| failure.message(), |finding| finding.summary.clone()));
        }
        _ => return Err(failure),
    }
    Ok(())
}

/// Says what a saved plan promotes.
///
/// # Errors
/// If stdout takes no more.
pub fn introduce(promotion: &SavedPromotion, to: &TenantName, run: &Run<'_>) -> Result<(), Failure> {
    let short: String = promotion.commit.chars().take(7).collect();
    let record = promotion.from.record.map(|number| format!(" (record #{number})")).unwrap_or_default();
    let out = format!("{} -> {to}: {short}, as it was saved{record}\n\n", promotion.from.tenant);
    match run.settings.json {
        true => run.terminal.talk(&out),
        false => run.terminal.answer(&out)?,
    }
    Ok(())
}
