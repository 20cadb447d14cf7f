//! `tenantry sandbox serve`: an embedded tenant for any client.

use std::time::Duration;

use serde_json::json;

use crate::cli::args::ServeArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::Lock;
use crate::cli::run::Run;
use crate::cli::settings::faults_in;
use crate::edge::connection::{OWN_CLIENT, SANDBOX};
use crate::edge::runtime::Runtime;
use crate::edge::sandbox_store;
use crate::edge::serve::{Announcement, ServeOptions, bind};
use crate::edge::state::Remembrance;
use crate::model::names::TenantName;
use crate::pipeline::report::json::VERSION;

/// Runs until it is interrupted; each write is kept before it is answered.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ServeArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let state = &run.settings.state;
    state.prepare()?;
    let name = TenantName(args.tenant.clone());
    let _lock = Lock::take(&name, &Remembrance::Sandbox(name.clone()), run)?;
    let file = state.sandbox_file(&name);
    let (tenant, log) = sandbox_store::open_kept(&file, SANDBOX, OWN_CLIENT)?;
    let options = ServeOptions {
        port: args.port,
        tls: args.tls.then(|| state.path().to_owned()),
        scopes: args.scopes.as_ref().map(|scopes| scopes.iter().cloned().collect()),
        latency: Duration::from_millis(args.latency_ms),
        rate: Some(args.rate).filter(|rate| *rate > 0),
        burst: args.burst,
        logins: args.logins,
        faults: args.faults.as_deref().map(|path| faults_in(&run.world.folder.join(path))).transpose()?,
        file: Some(file),
    };
    Runtime::start()?.run(async {
        let server = bind(tenant, Some(log), options).await?;
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
