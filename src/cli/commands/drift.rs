//! `tenantry drift`: what has moved in a tenant since its last record. It reads and never writes.

use serde_json::{Value as Json, json};

use crate::cli::args::DriftArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::looking::{Asking, Looked, Seen};
use crate::cli::project::tenants;
use crate::cli::run::Run;
use crate::model::names::TenantName;
use crate::pipeline::report::drift::{self as view, Shown};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::{FAINT, REMOVED, count, paint};
use crate::pipeline::report::text;
use crate::pipeline::report::value::harmless;

/// Looks at one tenant, or at all.
///
/// # Errors
/// See [`Failure`]. With `--all`, one tenant's failure does not hide the others.
pub fn run(args: &DriftArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let all = if args.all { tenants(run)? } else { vec![args.tenant.clone().map(TenantName)] };
    let mut out = Vec::new();
    let mut documents = Vec::new();
    let (mut failed, mut unread, mut moved) = (false, false, false);
    let mut never = 0;
    for tenant in &all {
        let looked = Looked::open(tenant.as_ref(), false, run).and_then(|looked| {
            let seen = looked.against_record(Asking { who: args.who, unmanaged: args.unmanaged }, run);
            match seen {
                // What was never applied cannot have drifted.
                Err(Failure::NoRecord(_)) if args.all && looked.history.may_be_missing() => Ok((looked, None)),
                seen => Ok((looked, Some(seen?))),
            }
        });
        match looked {
            Ok((looked, None)) => {
                never += 1;
                let head = text::headline(&looked.settings, looked.target.is_sandbox());
                out.push(format!(
                    "{head}\nnote: there is no record of this tenant yet, so nothing to compare it with\n"
                ));
                documents.push(document(&looked, &Seen::default(), args));
            }
            Ok((looked, Some(seen))) => {
                unread |= !seen.drift.unread.is_empty();
                moved |= seen.drift.has_moved();
                out.push(screen(&looked, &seen, args));
                documents.push(document(&looked, &seen, args));
            }
            Err(failure) if args.all => {
                failed = true;
                let name = tenant.as_ref().map_or("", |tenant| tenant.0.as_str());
                let words = format!("{name}: {}", failure.message());
                out.push(format!("{} {}\n", paint(REMOVED.bold(), "error:"), harmless(&words)));
                documents.push(json!({ "tenant": tenant, "failure": failure.json() }));
            }
            Err(failure) => return Err(failure),
        }
    }
    // More likely the records are not here than that nothing was ever applied.
    if never == all.len() {
        return Err(Failure::NoRecord("there is no record of any tenant"));
    }
    match run.settings.json {
        true => run.answer_json(&json!({ "format": "tenantry-drift", "version": VERSION, "tenants": documents }))?,
        false => run.terminal.answer(&out.join("\n"))?,
    }
    Ok(match (failed || (args.all && unread), unread, moved) {
        (true, _, _) => Exit::Failed,
        (_, true, _) => Exit::Gate,
        (_, _, true) => Exit::Pending,
        _ => Exit::Done,
    })
}

fn shown<'a>(seen: &'a Seen, args: &DriftArgs) -> Shown<'a> {
    let who = seen.who.as_ref();
    Shown {
        drift: &seen.drift,
        unmanaged: args.unmanaged,
        changes: who.map(|who| who.changes.as_slice()),
        arrived: who.map(|who| who.arrived.as_slice()),
    }
}

fn screen(looked: &Looked, seen: &Seen, args: &DriftArgs) -> String {
    let head = text::headline(&looked.settings, looked.target.is_sandbox());
    let since = looked.last().map_or_else(String::new, |header| {
        format!("since record #{} ({}, {})", header.number, header.at, header.by.name)
    });
    let unfinished = seen.unfinished.as_ref().map(|note| format!("note: {}\n", harmless(note))).unwrap_or_default();
    let log = match seen.who.as_ref().map_or(0, |who| who.requests) {
        0 => String::new(),
        many => format!(", and {many} for its log"),
    };
    format!(
        "{head}\n{}\n\n{}{unfinished}{}\n{}\n",
        paint(FAINT, harmless(&since)),
        shown(seen, args).text(),
        view::summary(&seen.drift),
        paint(FAINT, format!("Read with {}{log}.", count(seen.requests, "request"))),
    )
}

fn document(looked: &Looked, seen: &Seen, args: &DriftArgs) -> Json {
    let mut document = shown(seen, args).json();
    document["tenant"] = json!(looked.settings.tenant);
    document["domain"] = json!(looked.settings.domain);
    document["sandbox"] = json!(looked.target.is_sandbox());
    document["record"] = json!(looked.last().map(|header| header.number));
    document["unfinished"] = json!(seen.unfinished);
    document["requests"] = json!(seen.requests + seen.who.as_ref().map_or(0, |who| who.requests));
    document
}
