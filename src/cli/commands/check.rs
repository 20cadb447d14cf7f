//! `tenantry check`: everything that can be known to be wrong without a tenant.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::cli::args::CheckArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project, tenants, workspace};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::records;
use crate::model::address::Address;
use crate::model::desired::TenantSettings;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::lacking;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::{findings, value::harmless};

/// Checks one tenant, or all; needs no network and sends nothing.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &CheckArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let look = Look { strict: args.strict, offline: true, ..Look::default() };
    let names = match &args.tenant {
        Some(name) => vec![Some(TenantName(name.clone()))],
        None => tenants(run)?,
    };
    let mut found = Diagnostics::default();
    let mut sources = SourceTexts::new();
    let mut checked = Vec::new();
    for name in &names {
        let mut project = Project::read(run, name.as_ref(), &look)?;
        if let Some(desired) = &project.desired {
            lacking::report(desired, &applied(&desired.settings, run), &mut project.found);
        }
        let resources = project.desired.as_ref().map(|desired| desired.resources.len());
        let tenant = name.clone().or_else(|| project.desired.as_ref().map(|d| d.settings.tenant.clone()));
        checked.push((tenant, resources, findings::tally(&project.found)));
        found.extend(project.found);
        sources.extend(project.sources);
    }
    findings::tidy(&mut found);
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-check",
            "version": VERSION,
            "tenants": checked.iter().map(|(tenant, resources, _)| json!({ "tenant": tenant, "resources": resources })).collect::<Vec<_>>(),
            "findings": findings::json(&found),
        }))?;
    } else {
        let mut screen = findings::text(&found, &sources);
        for (tenant, resources, tally) in &checked {
            let name = tenant.as_ref().map_or("project", |tenant| tenant.0.as_str());
            let size = resources.map_or_else(|| "not readable".to_owned(), |number| count(number, "resource"));
            screen.push_str(&format!("{}: {size}, {tally}\n", harmless(name)));
        }
        run.terminal.answer(&screen)?;
    }
    Ok(if found.has_errors() { Exit::Invalid } else { Exit::Done })
}

/// Returns the addresses that the last record in this repository holds: they exist. A record that cannot be read says
/// nothing here; whatever needs it will tell.
fn applied(settings: &TenantSettings, run: &Run<'_>) -> BTreeSet<Address> {
    let place = Target::of(settings, run.settings.sandbox).remembrance();
    let line = run.settings.state.remembered(&place).map(|local| STANDARD.encode(&local.salt)).ok();
    let records = workspace(run).ok().and_then(|folder| records::open(folder, &place, line).ok().flatten());
    let last = records.and_then(|records| records.last().ok().flatten());
    last.map(|kept| kept.record.applied.resources.into_keys().collect()).unwrap_or_default()
}
