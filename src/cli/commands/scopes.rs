//! `tenantry scopes`: what a token must be allowed to do, for exactly this configuration.

use serde_json::{Value as Json, json};

use crate::cli::args::{ScopesArgs, ScopesFor};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::model::names::TenantName;
use crate::pipeline::report::findings;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::scopes::{Needed, for_apply, for_plan};

/// Prints the scopes, one a line; needs no network, runs no command, sends nothing.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ScopesArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let look = Look { no_commands: true, asks_record: false, ..Look::of(&args.scope, false) };
    let tenant = args.scope.tenant.clone().map(TenantName);
    let (desired, found, sources) = Project::read(run, tenant.as_ref(), &look)?.sound()?;
    let needed = match args.purpose {
        ScopesFor::Plan => for_plan(&desired),
        ScopesFor::Apply => for_apply(&desired),
    };
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-scopes",
            "version": VERSION,
            "tenant": desired.settings.tenant,
            "domain": desired.settings.domain,
            "for": args.purpose.word(),
            "scopes": listed(&needed),
            "findings": findings::json(&found),
        }))?;
        return Ok(Exit::Done);
    }
    run.terminal.talk(&findings::text(&found, &sources));
    let lines: String = needed.names().map(|scope| format!("{scope}\n")).collect();
    run.terminal.answer(&lines)?;
    Ok(Exit::Done)
}

fn listed(needed: &Needed) -> Vec<Json> {
    let one = |(scope, purpose): (&str, &crate::pipeline::scopes::Purpose)| {
        let to = purpose.to.iter().map(|(doing, kind)| json!({ "do": doing, "kind": kind }));
        json!({ "scope": scope, "to": to.collect::<Vec<_>>() })
    };
    needed.iter().map(one).collect()
}
