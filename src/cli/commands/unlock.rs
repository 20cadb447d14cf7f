//! `tenantry unlock`: takes a tenant's lock at the git remote away from a run that is gone.

use serde_json::json;

use crate::cli::args::UnlockArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::{Lock, sharing};
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::remote_lock::{self, Standing};
use crate::model::names::TenantName;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::text;
use crate::pipeline::report::value::harmless;

/// Shows who holds the lock, asks, and breaks it.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &UnlockArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let project =
        Project::read(run, Some(&TenantName(args.tenant.clone())), &Look { offline: true, ..Look::default() })?;
    let Some(settings) = project.desired.map(|desired| desired.settings) else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let target = Target::of(&settings, run.settings.sandbox);
    let place = target.remembrance();
    // A run of this machine that lives is not to be broken into: it is to be ended.
    let _local = Lock::take_here(&settings.tenant, &place, run)?;
    let shared = sharing(&place, run)?;
    let standing = shared.as_ref().map(remote_lock::standing).transpose()?.flatten().filter(Standing::is_held);
    let head = text::headline(&settings, target.is_sandbox());
    if let (Some(shared), Some(standing)) = (&shared, &standing) {
        run.terminal.talk(&format!("{head}\n\n{}\n", harmless(&format!("Locked by {}.", standing.holder))));
        run.terminal.talk(&about(standing));
        let question = "\nIf that run is still alive, two runs will change the tenant at once. Break the lock? Only \
                        \"yes\" is accepted: ";
        if !args.yes && !run.terminal.can_ask() {
            return Err(Failure::usage(
                "there is no terminal to ask",
                "Make sure that the run is gone, then give `--yes` to break its lock without being asked.",
            ));
        }
        if !args.yes && run.terminal.ask(question)? != "yes" {
            return Err(Failure::Declined);
        }
        remote_lock::break_open(shared, standing)?;
    }
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-unlock", "version": VERSION, "tenant": settings.tenant, "domain": settings.domain,
            "broken": standing.as_ref().map(|standing| &standing.holder),
            "intent": standing.as_ref().and_then(|standing| standing.intent.as_ref()),
        }))?;
        return Ok(Exit::Done);
    }
    let tenant = harmless(&args.tenant);
    run.terminal.answer(&match standing {
        Some(_) => format!("The tenant `{tenant}` is unlocked; `tenantry plan {tenant}` shows what is left to do.\n"),
        None => format!("The tenant `{tenant}` was not locked.\n"),
    })?;
    Ok(Exit::Done)
}

/// Says what the run was doing, as far as it told, and how to know whether it lives.
fn about(standing: &Standing) -> String {
    let intent = standing.intent.as_ref();
    let mut out = match intent.and_then(|intent| intent["steps"].as_u64()) {
        Some(steps) => format!("It had begun to write: a plan of {}.\n", count(steps as usize, "step")),
        None => "It had written nothing yet when it last told.\n".to_owned(),
    };
    let creates = intent.and_then(|intent| intent["creates"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let addresses: Vec<&str> = creates.iter().filter_map(|create| create["address"].as_str()).collect();
    if !addresses.is_empty() {
        let mut named: Vec<String> = addresses.iter().take(NAMED).map(|address| harmless(address)).collect();
        if addresses.len() > NAMED {
            named.push(format!("{} more", addresses.len() - NAMED));
        }
        out.push_str(&format!("It may have created {}.\n", named.join(", ")));
    }
    let ttl = standing.ttl().as_secs();
    if ttl < FAR {
        out.push_str(&format!(
            "A run that lives renews its lock every {} s. With `--lock-wait {}` an apply takes over one that stands still for \
             {ttl} s, and nobody has to break it.\n",
            (ttl / 3).max(1),
            ttl + 60,
        ));
    }
    out
}

/// The most addresses that are named.
const NAMED: usize = 5;
/// A lock that promises no renewal within a day cannot be waited out.
const FAR: u64 = 86_400;
