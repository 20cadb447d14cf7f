//! `tenantry rollback`: back to what was applied earlier. `tenantry release-hold`: forward again.

use serde_json::json;

use crate::cli::applying::{self, Manner};
use crate::cli::args::{ReleaseHoldArgs, RollbackArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::Lock;
use crate::cli::planning::{Planned, Wish};
use crate::cli::point::{self, PREVIOUS, Point};
use crate::cli::project::{Look, Project, workspace};
use crate::cli::recording::History;
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::git;
use crate::edge::runtime::Runtime;
use crate::model::desired::TenantSettings;
use crate::model::names::TenantName;
use crate::model::record::{Doing, Header, Record, RunKind, RunScope, TakenFrom};
use crate::pipeline::report::history as view;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::{REMOVED, STRONG, paint};
use crate::pipeline::report::text;
use crate::pipeline::report::value::harmless;

/// So many records are offered.
const OFFERED: usize = 10;

/// Plans against the tenant what a commit of the past wants, shows, asks and applies.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &RollbackArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let tenant = TenantName(args.tenant.clone());
    let (settings, target, history) = open(&tenant, run)?;
    let Some(asked) = &args.to else {
        return offer(&settings, target.is_sandbox(), &history, run);
    };
    let point = Point::find(asked, &history, run)?;
    if !args.plan_only {
        applying::may_ask(args.yes, run)?;
    }
    let scope = ScopeArgs { tenant: Some(args.tenant.clone()), target: Vec::new(), exclude: Vec::new(), strict: false };
    let look = Look { at: Some(point.tree.clone()), ..Look::of(&scope, !args.plan_only) };
    let then = match &point.record {
        Some((commit, _)) => history.at(commit)?.map(|kept| kept.record.applied),
        None => None,
    };
    let to = if asked == PREVIOUS { point.short() } else { asked };
    let opening = ["rollback", args.tenant.as_str(), "--to", to].map(str::to_owned).to_vec();
    let wish = Wish::looking(&scope, &look, run)?.going_back(then).opened_by(opening);
    let wish = if args.plan_only { wish } else { wish.locked(run)? };
    let connection = wish.connect(run)?;
    let runtime = Runtime::start()?;
    let mut consent = args.consent.consent();
    consent.accept_drift |= !args.yes && !args.plan_only;
    let reading = connection.reading();
    let planning = wish.plan(&reading, consent, run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    let is_json = run.settings.json;
    let told = json!({ "commit": point.tree.commit(), "lost": planned.lost });
    introduce(&point, &planned, run)?;
    if args.plan_only {
        if is_json {
            let mut document = crate::pipeline::report::json::plan(&planned.plan, &planned.found);
            document["rollback"] = told;
            run.answer_json(&document)?;
        } else {
            planned.show(&scope, &args.consent, run, false)?;
        }
        return Ok(planned.exit(false));
    }
    planned.show(&scope, &args.consent, run, is_json)?;
    let doing = Doing {
        run: RunKind::Rollback,
        from: Some(TakenFrom {
            tenant,
            record: point.record.as_ref().map(|(_, header)| header.number),
            asked: Some(asked.clone()),
        }),
        holds: held(&history, &point, run)?,
        unfinished: Vec::new(),
    };
    let manner = Manner { yes: args.yes, tag: None, verify: args.verify, doing, told: Some(("rollback", told)) };
    applying::carry_out(&mut planned, &connection, &runtime, &manner, run)
}

/// Returns the commit that is rolled back. A return to something later holds nothing.
fn held(history: &History, point: &Point, run: &Run<'_>) -> Result<Vec<String>, Failure> {
    let headers = history.walk()?;
    let now = point::standing(&headers).and_then(|(_, header)| header.config.commit.clone());
    let folder = workspace(run)?;
    Ok(now.filter(|now| git::contains(folder, point.tree.commit(), now) != Some(true)).into_iter().collect())
}

/// Says where it leads, and first of all what cannot come back.
fn introduce(point: &Point, planned: &Planned, run: &Run<'_>) -> Result<(), Failure> {
    let record = match &point.record {
        Some((_, header)) => format!("record #{} of {}", header.number, header.at),
        None => "never applied here, so nothing says which objects it had".to_owned(),
    };
    let mut out = format!("{}: {record}\n", paint(STRONG, format!("back to {}", point.short())));
    if let Some((_, header)) = point.record.as_ref().filter(|(_, header)| !point::is_whole(header)) {
        out.push_str(&format!(
            "note: record #{} was not applied in full; its commit is planned whole\n",
            header.number
        ));
    }
    if !planned.lost.is_empty() {
        out.push_str(&format!("\n{}\n", paint(REMOVED.bold(), "What does not come back:")));
        for sentence in &planned.lost {
            out.push_str(&format!("  {}\n", harmless(sentence)));
        }
    }
    out.push('\n');
    match run.settings.json {
        true => run.terminal.talk(&out),
        false => run.terminal.answer(&out)?,
    }
    Ok(())
}

/// Lists the records that one can return to.
fn offer(settings: &TenantSettings, is_sandbox: bool, history: &History, run: &Run<'_>) -> Result<Exit, Failure> {
    let headers = history.walk()?;
    let offered: Vec<&Header> =
        headers.iter().map(|(_, header)| header).filter(|header| point::is_apply(header)).take(OFFERED).collect();
    if run.settings.json {
        let records: Vec<_> = headers
            .iter()
            .filter(|(_, header)| point::is_apply(header))
            .take(OFFERED)
            .map(|(commit, header)| view::json(commit, header))
            .collect();
        let previous = point::previous(&headers).map(|(_, header)| header.number);
        run.answer_json(&json!({
            "format": "tenantry-points", "version": VERSION, "tenant": settings.tenant, "domain": settings.domain,
            "previous": previous, "records": records,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n\n{}", text::headline(settings, is_sandbox), view::list(&offered));
    match point::previous(&headers) {
        Some((_, header)) => out.push_str(&format!(
            "\n`tenantry rollback {} --to previous` returns to #{}; `--to` takes a number, a tag or a commit, too.\n",
            settings.tenant, header.number
        )),
        None => out.push_str("\nNothing else was applied in full before; `--to` takes a tag or a commit.\n"),
    }
    run.terminal.answer(&out)?;
    Ok(Exit::Done)
}

/// Lets be applied again what rollbacks hold back.
///
/// # Errors
/// See [`Failure`].
pub fn release_hold(args: &ReleaseHoldArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let (settings, target, _) = open(&TenantName(args.tenant.clone()), run)?;
    let local = run.settings.state.remembered(&target.remembrance())?;
    let lock = Lock::take(&settings.tenant, &target.remembrance(), run)?;
    let mut history = History::open(run, &target, RunScope::Full, &local, Some(lock))?;
    let Some(kept) = history.last().cloned().filter(|kept| !kept.record.header.holds.is_empty()) else {
        return Err(Failure::usage("nothing is held back", "A rollback places a hold on the commit that it leaves."));
    };
    let released = kept.record.header.holds.clone();
    let remembered = history.remembered(local);
    // Where the configuration stands is as it was: nothing was applied.
    let mut header = kept.record.header.bare(RunKind::ReleaseHold);
    header.at = crate::edge::clock::stamp();
    header.by = crate::edge::actor::actor(workspace(run)?, &run.world.environment);
    header.holds.clear();
    history.keep(Record { header, applied: kept.record.applied, others: None }, &remembered, run)?;
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-hold", "version": VERSION, "tenant": settings.tenant, "domain": settings.domain,
            "released": released,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n\n", text::headline(&settings, target.is_sandbox()));
    for commit in &released {
        out.push_str(&format!("released {}: what contains it may be applied again\n", harmless(commit)));
    }
    run.terminal.answer(&out)?;
    Ok(Exit::Done)
}

/// Opens a tenant's records.
pub fn open(tenant: &TenantName, run: &Run<'_>) -> Result<(TenantSettings, Target, History), Failure> {
    let project = Project::read(run, Some(tenant), &Look { offline: true, ..Look::default() })?;
    let Some(desired) = project.desired else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let target = Target::of(&desired.settings, run.settings.sandbox);
    let local = run.settings.state.remembered(&target.remembrance())?;
    let history = History::open(run, &target, RunScope::Full, &local, None)?;
    if !history.is_kept() {
        return Err(Failure::usage(
            "this folder is in no git repository, so there is nothing to return to",
            "`git init` makes it one; from then on every apply leaves a record.",
        ));
    }
    Ok((desired.settings, target, history))
}
