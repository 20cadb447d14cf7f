//! `tenantry status`: all tenants in one table. It reads records, and the tenants only if it is asked to.

use serde_json::{Value as Json, json};

use crate::cli::args::StatusArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::journaling::Journaling;
use crate::cli::looking::{Asking, Looked};
use crate::cli::point;
use crate::cli::project::{tenants, workspace};
use crate::cli::run::Run;
use crate::edge::git;
use crate::model::names::TenantName;
use crate::model::record::Header;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::status::{self as view, Row};

/// Shows every tenant of the workspace.
///
/// # Errors
/// See [`Failure`]. One tenant's failure does not hide the others.
pub fn run(args: &StatusArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let mut failed = false;
    for tenant in tenants(run)? {
        match row(tenant.as_ref(), args, run) {
            Ok(row) => rows.push(row),
            Err(failure) => {
                failed = true;
                let name = tenant.map_or_else(String::new, |tenant| tenant.0);
                rows.push(Row { tenant: name, failure: Some(failure.message()), ..Row::default() });
            }
        }
    }
    failed |= rows.iter().any(|row| row.drift.as_ref().is_some_and(Result::is_err));
    let moved = rows.iter().any(|row| matches!(row.drift, Some(Ok(many)) if many > 0));
    match run.settings.json {
        true => {
            let all: Vec<Json> = rows.iter().map(view::json).collect();
            run.answer_json(&json!({ "format": "tenantry-status", "version": VERSION, "tenants": all }))?;
        }
        false => run.terminal.answer(&view::text(&rows))?,
    }
    Ok(match (failed, moved) {
        (true, _) => Exit::Failed,
        (_, true) => Exit::Pending,
        _ => Exit::Done,
    })
}

fn row(tenant: Option<&TenantName>, args: &StatusArgs, run: &Run<'_>) -> Result<Row, Failure> {
    let looked = Looked::open(tenant, !args.drift, run)?;
    let headers = looked.history.walk()?;
    let applied: Option<&Header> = point::standing(&headers).map(|(_, header)| header);
    let folder = workspace(run)?;
    let commit = applied.and_then(|header| header.config.commit.as_deref());
    // What was never applied cannot have drifted.
    let drift = (args.drift && looked.last().is_some()).then(|| match looked.against_record(Asking::default(), run) {
        Ok(seen) => match seen.drift.unread.first() {
            Some((_, reason)) => Err(reason.clone()),
            None => Ok(seen.drift.changes.len()),
        },
        Err(failure) => Err(failure.message()),
    });
    Ok(Row {
        tenant: looked.settings.tenant.0.clone(),
        domain: looked.settings.domain.0.clone(),
        sandbox: looked.target.is_sandbox(),
        tags: commit.map(|commit| git::tags_of(folder, commit)).unwrap_or_default(),
        behind: commit.and_then(|commit| git::behind_head(folder, commit)),
        applied: applied.cloned(),
        drift,
        unfinished: Journaling::of(run, &looked.target)?.note(),
        holds: headers.first().map(|(_, header)| header.holds.clone()).unwrap_or_default(),
        failure: None,
    })
}
