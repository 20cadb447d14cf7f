//! `tenantry apply --undo`: what the last apply changed, put back as it was.

use crate::cli::applying::{self, Manner};
use crate::cli::args::ApplyArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::journaling::Journaling;
use crate::cli::locking::Lock;
use crate::cli::planning::Planned;
use crate::cli::project::{Look, Project};
use crate::cli::recording::History;
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::runtime::Runtime;
use crate::model::applied::Ownership;
use crate::model::journal::Journal;
use crate::model::names::TenantName;
use crate::model::plan::Gate;
use crate::model::record::{Doing, Header, RunKind, RunScope, TakenFrom};
use crate::pipeline::consent::Consent;
use crate::pipeline::plan::{self, Facts};
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::undo::{consent, explain, lost, wish};
use crate::pipeline::unfinished::folded;

/// Plans what takes the last apply back, shows it with what cannot come back, asks and applies.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ApplyArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    applying::may_ask(args.yes, run)?;
    // Of the files only the tenant's own is needed: what they say of the configuration does not matter here.
    let project = Project::read(run, args.scope.tenant.clone().map(TenantName).as_ref(), &Look::default())?;
    let Some(read) = project.desired else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let settings = read.settings;
    let target = Target::of(&settings, run.settings.sandbox);
    let lock = Lock::take(&settings.tenant, &target.remembrance(), run)?;
    let connection = run.settings.api.connect(&settings, &target, &run.settings.state)?;
    let mut journaling = Journaling::of(run, &target)?;
    let Some(mut journal) = journaling.last()? else {
        return Err(Failure::usage(
            format!("there is no apply of {} to take back", settings.tenant),
            "Only the last apply from this machine can be taken back; `--journal` names the journal of another one.",
        ));
    };
    let runtime = Runtime::start()?;
    let reading = connection.reading();
    let mut typed = args.consent.consent();
    // Who is asked sees what others have changed since before saying yes.
    typed.accept_drift |= !args.yes;
    let planning = look(&mut journaling, &mut journal, &settings, (&reading, &target, lock), typed, run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    let mut cannot = std::mem::take(&mut planned.lost);
    cannot.extend(lost(&journal, &planned.plan));
    planned.plan.notes.extend(cannot.iter().map(|what| format!("cannot come back: {what}")));
    planned.show(&args.scope, &args.consent, run, run.settings.json)?;
    let manner = Manner {
        yes: args.yes,
        tag: None,
        verify: false,
        doing: doing(&journal, &planned.history, &settings.tenant)?,
        told: Some(("undo", serde_json::json!({ "lost": cannot }))),
    };
    applying::carry_out(&mut planned, &connection, &runtime, &manner, run)
}

/// The gate of what others have done to the tenant since.
const DRIFT: &str = "drift";

/// Returns what a record says of taking an apply back: which records it takes back, and whose holds are in force again.
fn doing(journal: &Journal, history: &History, tenant: &TenantName) -> Result<Doing, Failure> {
    let headers = history.walk()?;
    let own = |(commit, _): &&(String, Header)| journal.recorded.contains(commit);
    let first = headers.iter().filter(own).map(|(_, header)| header.number).min();
    let next = headers.first().map_or(1, |(_, header)| header.number + 1);
    // After what came later nobody can say what the tenant holds as a whole.
    let record = superseded(journal, &headers).is_none().then(|| first.unwrap_or(next));
    let before = headers.iter().find(|(_, header)| record.is_none_or(|record| header.number < record));
    Ok(Doing {
        from: Some(TakenFrom { tenant: tenant.clone(), record, asked: None }),
        holds: before.map(|(_, header)| header.holds.clone()).unwrap_or_default(),
        ..Doing::of(RunKind::Undo)
    })
}

/// Returns the gate of what was recorded after the apply that is taken back.
fn superseded(journal: &Journal, headers: &[(String, Header)]) -> Option<Gate> {
    let later = headers.iter().take_while(|(commit, _)| Some(commit) != journal.beginning.after.as_ref());
    let later: Vec<&Header> =
        later.filter(|(commit, _)| !journal.recorded.contains(commit)).map(|(_, header)| header).collect();
    let last = later.first()?;
    let more = match later.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    Some(Gate {
        name: DRIFT,
        reason: format!(
            "record #{} ({} by {}, {}){more} came after the apply that is taken back; what it changed there is lost",
            last.number,
            last.run.word(),
            last.by.name,
            last.at
        ),
        addresses: Vec::new(),
        switch: Some("--accept-drift".to_owned()),
    })
}

async fn look(
    journaling: &mut Journaling,
    journal: &mut Journal,
    settings: &crate::model::desired::TenantSettings,
    (api, target, lock): (&impl crate::api::port::ReadApi, &Target, Lock),
    typed: Consent,
    run: &Run<'_>,
) -> Result<Planned, Failure> {
    let gates = journaling.settle(api, true).await?;
    if let Some(settled) = journaling.open() {
        journal.clone_from(settled);
    }
    let local = run.settings.state.remembered(&target.remembrance())?;
    let history = History::open(run, target, RunScope::Targeted, &local, Some(lock))?;
    let mut remembered = history.remembered(local);
    journaling.remembered(&mut remembered);
    let undoing = wish(journal, settings);
    let live = {
        let _bar = run.terminal.bar(None, "reading the tenant");
        refresh(api, Wanted::Known(&undoing.desired, Some(&undoing.applied))).await?
    };
    let facts = Facts {
        sandbox: target.is_sandbox(),
        remembered: remembered.clone(),
        consent: consent(typed),
        applied: Some(undoing.applied),
        ..Facts::default()
    };
    let accepted = facts.consent.accept_drift;
    let (mut plan, found) = plan::plan(&undoing.desired, &live, facts);
    if found.has_errors() {
        return Err(Failure::Invalid { found, sources: Default::default() });
    }
    plan.gates.extend(gates);
    explain(&mut plan);
    plan.opened.retain(|gate| gate.name == DRIFT);
    if let Some(gate) = superseded(journal, &history.walk()?) {
        if accepted { plan.opened.push(gate) } else { plan.gates.push(gate) }
    }
    plan.settings = settings.clone();
    if history.is_kept() {
        let prior = folded(journal, history.applied().as_ref());
        let then = &journal.beginning.ownership;
        // A restore makes nothing ours, so without it what is ours stays what it is.
        let next = match journal.beginning.apart && *then == Ownership::default() {
            true => prior.resources.clone(),
            false => then.prior.clone().unwrap_or_default().resources,
        };
        plan.ownership = Ownership { prior: Some(prior), next };
    }
    Ok(Planned {
        plan,
        found,
        sources: Default::default(),
        remembered,
        history,
        journal: journaling.undoing(),
        seen: None,
        lost: undoing.lost,
        only: None,
        opening: vec!["apply".to_owned(), settings.tenant.0.clone(), "--undo".to_owned()],
    })
}
