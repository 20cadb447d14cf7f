//! `tenantry unlock`: takes a tenant's lock at the git remote away from a run that is gone.

use serde_json::json;

use crate::cli::args::UnlockArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::sharing;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::lock::{Holder, LocalLock};
use crate::edge::remote_lock::{self, Standing};
use crate::model::names::TenantName;
use crate::pipeline::report::json::VERSION;
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
    run.settings.state.prepare()?;
    // A run of this machine that lives is not to be broken into: it is to be ended.
    let _local = LocalLock::take(&run.settings.state.lock_file(&place), &Holder::default(), Default::default())?;
    let shared = sharing(&place, run)?;
    let standing = shared.as_ref().map(remote_lock::standing).transpose()?.flatten().filter(Standing::is_held);
    let head = text::headline(&settings, target.is_sandbox());
    if let (Some(shared), Some(standing)) = (&shared, &standing) {
        run.terminal.talk(&format!("{head}\n\n{}\n", harmless(&format!("Locked by {}.", standing.holder))));
        if let Some(creates) = standing.intent.as_ref().and_then(|intent| intent["creates"].as_array()) {
            for address in creates.iter().filter_map(|create| create["address"].as_str()) {
                run.terminal.talk(&format!("It was about to create {}.\n", harmless(address)));
            }
        }
        let question = "If that run is still alive, two runs will change the tenant at once. Break the lock? Only \"yes\" \
                        is accepted: ";
        if !args.yes && !run.terminal.can_ask() {
            return Err(Failure::usage(
                "there is no terminal to ask",
                "Give `--yes` to break the lock without being asked.",
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
    let words = if standing.is_some() { "is unlocked" } else { "was not locked" };
    run.terminal.answer(&format!("The tenant `{}` {words}.\n", harmless(&args.tenant)))?;
    Ok(Exit::Done)
}
