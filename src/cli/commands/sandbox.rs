//! `tenantry sandbox`: the embedded tenants.

use serde_json::json;

use crate::cli::args::{SandboxArgs, SandboxCommand};
use crate::cli::commands::serve;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::Lock;
use crate::cli::project::tenants;
use crate::cli::run::Run;
use crate::edge::files;
use crate::edge::sandbox_store;
use crate::edge::state::Remembrance;
use crate::model::diagnostic::nearest;
use crate::model::names::TenantName;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::value::harmless;

/// Serves, resets or locates an embedded tenant.
///
/// # Errors
/// See [`Failure`].
pub fn run(command: &SandboxCommand, run: &Run<'_>) -> Result<Exit, Failure> {
    match command {
        SandboxCommand::Path(args) => path(args, run),
        SandboxCommand::Reset(args) => reset(args, run),
        SandboxCommand::Serve(args) => serve::run(args, run),
    }
}

fn path(args: &SandboxArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let file = run.settings.state.sandbox_file(&TenantName(args.tenant.clone()));
    let shown = file.display().to_string();
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-sandbox",
            "version": VERSION,
            "tenant": args.tenant,
            "path": shown,
            "exists": files::exists(&file),
        }))?;
    } else {
        run.terminal.answer(&format!("{shown}\n"))?;
    }
    Ok(Exit::Done)
}

/// Refuses a name that is neither kept nor a tenant of the workspace: a slip, that would pass for done.
fn known(tenant: &TenantName, run: &Run<'_>) -> Result<(), Failure> {
    let mut names = run.settings.state.sandboxes()?;
    names.extend(tenants(run).unwrap_or_default().into_iter().flatten().map(|name| name.0));
    if names.contains(&tenant.0) {
        return Ok(());
    }
    let near = nearest(&tenant.0, names.iter().map(String::as_str));
    let help = match (near, names.is_empty()) {
        (Some(near), _) => format!("Did you mean `{near}`?"),
        (None, true) => "There is none yet: the first run against a sandbox makes one.".to_owned(),
        (None, false) => format!("There are {}.", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    Err(Failure::usage(format!("there is no sandbox tenant `{}`", harmless(&tenant.0)), harmless(&help)))
}

/// A tenant that starts anew must not be taken to hold the secrets that were sent to the old one.
fn reset(args: &SandboxArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let tenant = TenantName(args.tenant.clone());
    let file = run.settings.state.sandbox_file(&tenant);
    let _lock = Lock::take(&tenant, &Remembrance::Sandbox(tenant.clone()), run)?;
    let existed = sandbox_store::remove(&file)?;
    if !existed {
        known(&tenant, run)?;
    }
    run.settings.state.forget(&Remembrance::Sandbox(tenant))?;
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-sandbox",
            "version": VERSION,
            "tenant": args.tenant,
            "reset": existed,
        }))?;
    } else {
        let words = if existed { "is new again" } else { "was new already" };
        run.terminal.answer(&format!("The sandbox tenant `{}` {words}.\n", harmless(&args.tenant)))?;
    }
    Ok(Exit::Done)
}
