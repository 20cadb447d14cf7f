//! `tenantry adopt` and `tenantry release`: who owns what, without a write to the tenant.

use serde_json::json;

use crate::cli::args::{AdoptArgs, ReleaseArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::Lock;
use crate::cli::planning::{Planned, Wish};
use crate::cli::project::{Look, Project};
use crate::cli::recording::History;
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::runtime::Runtime;
use crate::model::address::Address;
use crate::model::names::TenantName;
use crate::model::record::{Doing, Record, RunKind, RunScope};
use crate::pipeline::plan::Consent;
use crate::pipeline::record;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::text;
use crate::pipeline::report::value::harmless;

/// Records that objects of the tenant are what the files describe.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &AdoptArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let scope = ScopeArgs { tenant: Some(args.tenant.clone()), target: Vec::new(), exclude: Vec::new(), strict: false };
    let mut wish = Wish::read(&scope, false, run)?;
    let address = args.address.as_deref().map(Address::typed);
    if let Some(address) = &address {
        if !wish.desired.resources.iter().any(|resource| &resource.address == address) {
            return Err(Failure::usage(
                format!("the files have no `{address}`"),
                "Only what the files describe can be adopted; `tenantry export` writes what the tenant has as files.",
            ));
        }
        if let Some(id) = &args.id {
            wish.desired.settings.bind.insert(address.as_str().to_owned(), id.clone());
        }
    }
    let wish = wish.locked(run)?;
    let api = wish.connect(run)?.only_reading();
    let consent = Consent { take_over: address.iter().map(ToString::to_string).collect(), ..Consent::default() };
    let planned = Runtime::start()?.run(wish.plan(&api, consent, run))?;
    let Planned { plan, remembered, mut history, .. } = planned;
    if !history.is_kept() {
        return Err(no_repository());
    }
    let prior = history.applied().map(|applied| applied.resources).unwrap_or_default();
    let chosen = |at: &Address| address.as_ref().is_none_or(|address| at.is_within(address));
    let is_there = |at: &Address| plan.ids.contains_key(at) || plan.ownership.next.get(at).is_some_and(has_before);
    let mut resources = prior.clone();
    let mut adopted = Vec::new();
    let mut absent = Vec::new();
    for (at, owned) in plan.ownership.next.iter().filter(|(at, _)| chosen(at)) {
        let same = prior.get(at).is_some_and(|old| old.id == owned.id && old.project == owned.project);
        if same {
            continue;
        }
        if !is_there(at) {
            absent.push(at.clone());
            continue;
        }
        resources.retain(|_, old| owned.id.is_none() || old.id != owned.id || old.kind != owned.kind);
        let mut owned = owned.clone();
        // What the tenant holds is the baseline, so that what the files want otherwise is the configuration's doing.
        owned.fields = owned.before.clone();
        owned.secrets.clear();
        resources.insert(at.clone(), owned);
        adopted.push(at.clone());
    }
    if let (Some(address), true) = (&address, adopted.is_empty() && !absent.is_empty()) {
        return Err(Failure::usage(
            format!("the tenant has nothing that is `{address}`"),
            "Name its id with `--id`, or let `tenantry apply` create it.",
        ));
    }
    if !adopted.is_empty() || history.last().is_none() {
        let circumstances = history.circumstances(&plan, Doing::of(RunKind::Adopt), &remembered, run)?;
        history.keep(record::of_ownership(&plan, resources, circumstances), &remembered, run)?;
    }
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-ownership", "version": VERSION, "tenant": plan.settings.tenant,
            "domain": plan.settings.domain, "adopted": adopted, "absent": absent,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n\n", text::headline(&plan.settings, plan.sandbox));
    for address in &adopted {
        out.push_str(&format!("adopted {}\n", harmless(address.as_str())));
    }
    out.push_str(&format!("{} adopted; nothing was written to the tenant.\n", count(adopted.len(), "resource")));
    run.terminal.answer(&out)?;
    Ok(Exit::Done)
}

/// Something without an id is in the tenant if it held anything before.
fn has_before(owned: &crate::model::applied::Owned) -> bool {
    owned.id.is_none() && !owned.before.is_null()
}

/// Takes an address out of the record.
///
/// # Errors
/// See [`Failure`].
pub fn release(args: &ReleaseArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let tenant = TenantName(args.tenant.clone());
    let project = Project::read(run, Some(&tenant), &Look { offline: true, ..Look::default() })?;
    let Some(desired) = project.desired else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let target = Target::of(&desired.settings, run.settings.sandbox);
    let lock = Lock::take(&tenant, &target.remembrance(), run)?;
    let local = run.settings.state.remembered(&target.remembrance())?;
    let mut history = History::open(run, &target, RunScope::Full, &local, Some(lock))?;
    if !history.is_kept() {
        return Err(no_repository());
    }
    let address = Address::typed(&args.address);
    let Some(kept) = history.last().cloned() else {
        return Err(Failure::usage("there is no record of this tenant", "`tenantry apply` or `adopt` makes one."));
    };
    let mut applied = kept.record.applied.clone();
    let gone: Vec<Address> = applied.resources.keys().filter(|at| at.is_within(&address)).cloned().collect();
    if gone.is_empty() {
        return Err(Failure::usage(
            format!("the record has no `{address}`"),
            format!("`tenantry history {} last --json` names all that is ours.", args.tenant),
        ));
    }
    applied.resources.retain(|at, _| !at.is_within(&address));
    let remembered = history.remembered(local);
    // Where the configuration stands is as it was: nothing was applied.
    let mut header = kept.record.header.clone();
    header.at = crate::edge::clock::stamp();
    header.by = crate::edge::actor::actor(crate::cli::project::workspace(run)?, &run.world.environment);
    header.run = RunKind::Release;
    header.tool = env!("CARGO_PKG_VERSION").to_owned();
    header.changes.clear();
    header.steps.clear();
    header.gates.clear();
    header.drift.clear();
    header.unfinished.clear();
    header.from = None;
    history.keep(Record { header, applied, others: None }, &remembered, run)?;
    let declared: Vec<&Address> =
        desired.resources.iter().map(|resource| &resource.address).filter(|at| gone.contains(at)).collect();
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-ownership", "version": VERSION, "tenant": desired.settings.tenant,
            "domain": desired.settings.domain, "released": gone, "declared": declared,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n\n", text::headline(&desired.settings, target.is_sandbox()));
    for address in &gone {
        out.push_str(&format!("released {}\n", harmless(address.as_str())));
    }
    if !declared.is_empty() {
        out.push_str("note: the files still describe it; the next apply adopts it again\n");
    }
    run.terminal.answer(&out)?;
    Ok(Exit::Done)
}

fn no_repository() -> Failure {
    Failure::usage("this folder is in no git repository, so nothing can be recorded", "`git init` makes it one.")
}
