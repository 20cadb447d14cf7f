//! `tenantry sandbox`: the embedded tenants.

use std::time::Duration;

use serde_json::json;

use crate::cli::args::{SandboxArgs, SandboxCommand, ServeArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::Run;
use crate::edge::connection::{OWN_CLIENT, SANDBOX};
use crate::edge::files;
use crate::edge::runtime::Runtime;
use crate::edge::sandbox_store;
use crate::edge::serve::{Announcement, ServeOptions, bind};
use crate::edge::state::Remembrance;
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
        SandboxCommand::Serve(args) => serve(args, run),
    }
}

/// Runs until it is interrupted; the tenant is written down while it changes and at the end.
fn serve(args: &ServeArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let state = &run.settings.state;
    state.prepare()?;
    let file = state.sandbox_file(&TenantName(args.tenant.clone()));
    let tenant = sandbox_store::open(&file, SANDBOX, OWN_CLIENT)?;
    let options = ServeOptions {
        port: args.port,
        tls: args.tls.then(|| state.path().to_owned()),
        latency: Duration::from_millis(args.latency_ms),
        rate: Some(args.rate).filter(|rate| *rate > 0),
        burst: args.burst,
        file: Some(file),
    };
    Runtime::start()?.run(async {
        let server = bind(tenant, options).await?;
        let Announcement { url, authority } = server.announcement();
        if run.settings.json {
            run.answer_json(&json!({
                "format": "tenantry-sandbox",
                "version": VERSION,
                "tenant": args.tenant,
                "url": url,
                "authority": authority,
            }))?;
        } else {
            let trust = authority.as_ref().map(|path| format!("\nTrust its certificate with {}", path.display()));
            let words = format!("The sandbox tenant `{}` is at {url}", args.tenant);
            run.terminal.answer(&format!("{words}{}\nEnd it with ctrl-c.\n", trust.unwrap_or_default()))?;
        }
        server.run_until_interrupted().await?;
        Ok(Exit::Done)
    })
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

/// A tenant that starts anew must not be taken to hold the secrets that were sent to the old one.
fn reset(args: &SandboxArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let tenant = TenantName(args.tenant.clone());
    let file = run.settings.state.sandbox_file(&tenant);
    let existed = files::exists(&file);
    files::remove_file(&file)?;
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
