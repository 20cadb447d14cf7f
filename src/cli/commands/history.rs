//! `tenantry history`: what was done to a tenant. It reads records alone and needs no credentials.

use serde_json::{Value as Json, json};

use crate::cli::args::HistoryArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project, tenants, workspace};
use crate::cli::recording::meet;
use crate::cli::run::Run;
use crate::cli::since::since;
use crate::cli::verifying;
use crate::edge::clock::Clock;
use crate::edge::connection::Target;
use crate::edge::records::{self, Records};
use crate::model::desired::TenantSettings;
use crate::model::names::TenantName;
use crate::model::record::{Header, RecordedChange};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::{REMOVED, paint};
use crate::pipeline::report::value::harmless;
use crate::pipeline::report::{audit, history as view, text};
use crate::pipeline::scope::fits;

/// Lists records, shows one, or checks them.
///
/// # Errors
/// See [`Failure`]. With `--all`, one tenant's failure does not hide the others.
pub fn run(args: &HistoryArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let wanted = Wanted::of(args)?;
    let named = args.tenant.clone().map(TenantName);
    let all = if args.all { tenants(run)? } else { vec![named] };
    let mut answer = Answer::default();
    let mut exit = Exit::Done;
    for tenant in all {
        let told = Tenant::open(tenant.as_ref(), run).and_then(|tenant| match &args.record {
            Some(which) => tenant.show(which, run).map(|()| true),
            None if args.verify => verifying::verify(&tenant, &mut answer, run),
            None => tenant.list(&wanted, args, run, &mut answer).map(|()| true),
        });
        match told {
            Ok(true) => {}
            Ok(false) => exit = Exit::Failed,
            Err(failure) if args.all => {
                exit = Exit::Failed;
                let name = tenant.map_or_else(String::new, |tenant| tenant.0);
                let words = format!(
                    "{} {}\n",
                    paint(REMOVED.bold(), "error:"),
                    harmless(&format!("{name}: {}", failure.message()))
                );
                // A table holds records and nothing else.
                if args.csv {
                    run.terminal.complain(&words)
                } else {
                    answer.screens.push(words)
                }
                answer.documents.push(json!({ "tenant": name, "failure": failure.json() }));
            }
            Err(failure) => return Err(failure),
        }
    }
    match (&args.record, run.settings.json, args.csv) {
        (Some(_), _, _) => {}
        (None, true, _) => {
            let format = if args.verify { "tenantry-verification" } else { "tenantry-history" };
            run.answer_json(&json!({ "format": format, "version": VERSION, "tenants": answer.documents }))?;
        }
        (None, _, true) => run.terminal.answer_raw(&format!("{}{}", audit::heading(), answer.rows))?,
        _ => run.terminal.answer(&answer.screens.join("\n"))?,
    }
    Ok(exit)
}

/// What is answered of all tenants, in each form.
#[derive(Debug, Default)]
pub struct Answer {
    pub screens: Vec<String>,
    pub documents: Vec<Json>,
    /// Rows of a table.
    pub rows: String,
}

/// Which records.
struct Wanted {
    address: Option<String>,
    /// Their stamps sort as texts.
    since: Option<String>,
}

impl Wanted {
    fn of(args: &HistoryArgs) -> Result<Self, Failure> {
        let since = args.since.as_deref().map(|typed| {
            let now = Clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
            since(typed, i64::try_from(now).unwrap_or_default()).map_err(|error| {
                let help = "Write `2026-01-31`, `2026-01-31T12:00:00Z`, or how long ago: `12h`, `30d`, `2w`.";
                Failure::usage(format!("`--since {typed}`: {error}"), help)
            })
        });
        Ok(Self { address: args.address.clone(), since: since.transpose()? })
    }

    fn change(&self, change: &RecordedChange) -> bool {
        self.address.as_ref().is_none_or(|pattern| fits(pattern, &change.address))
    }

    fn record(&self, header: &Header) -> bool {
        let is_about = self.address.is_none() || header.all_changes().any(|(_, change)| self.change(change));
        is_about && self.since.as_ref().is_none_or(|since| header.at >= *since)
    }
}

/// A tenant and its records.
#[derive(Debug)]
pub struct Tenant {
    pub settings: TenantSettings,
    pub target: Target,
    pub records: Records,
}

impl Tenant {
    fn open(tenant: Option<&TenantName>, run: &Run<'_>) -> Result<Self, Failure> {
        let project = Project::read(run, tenant, &Look { offline: true, ..Look::default() })?;
        // Files that are wrong do not hide what was done.
        let Some(settings) = project.desired.map(|desired| desired.settings) else {
            return Err(Failure::Invalid { found: project.found, sources: project.sources });
        };
        let target = Target::of(&settings, run.settings.sandbox);
        let Some(records) = records::open(workspace(run)?, &target.remembrance(), None)? else {
            return Err(Failure::usage(
                "this folder is in no git repository, so it has no history",
                "`git init` makes it one; from then on every apply leaves a record.",
            ));
        };
        Ok(Self { settings, target, records })
    }

    /// Returns the first line of a screen.
    pub fn headline(&self) -> String {
        text::headline(&self.settings, self.target.is_sandbox())
    }

    fn walk(&self, run: &Run<'_>) -> Result<Vec<(String, Header)>, Failure> {
        meet(&self.records, &self.target.remembrance(), false, run)?;
        Ok(self.records.walk()?)
    }

    fn list(&self, wanted: &Wanted, args: &HistoryArgs, run: &Run<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let mut headers = self.walk(run)?;
        let many = headers.len();
        headers.retain(|(_, header)| wanted.record(header));
        if args.csv {
            for (_, header) in &headers {
                answer.rows.push_str(&audit::rows(&self.settings.tenant, header, |change| wanted.change(change)));
            }
            return Ok(());
        }
        answer.documents.push(json!({
            "tenant": self.settings.tenant,
            "domain": self.settings.domain,
            "sandbox": self.target.is_sandbox(),
            "records": headers.iter().map(|(commit, header)| view::json(commit, header)).collect::<Vec<_>>(),
        }));
        let headers: Vec<&Header> = headers.iter().map(|(_, header)| header).collect();
        let list = match (headers.is_empty(), many) {
            (true, 1..) => format!("None of {many} records.\n"),
            _ => view::list(&headers),
        };
        answer.screens.push(format!("{}\n\n{list}", self.headline()));
        Ok(())
    }

    fn show(&self, which: &str, run: &Run<'_>) -> Result<(), Failure> {
        let headers = self.walk(run)?;
        let found = match which.strip_prefix('#').unwrap_or(which) {
            "last" => headers.first(),
            number => headers.iter().find(|(commit, header)| {
                header.number.to_string() == number || (number.len() >= 7 && commit.starts_with(number))
            }),
        };
        let Some((commit, header)) = found else {
            return Err(Failure::usage(
                format!("there is no record `{which}`"),
                format!("`tenantry history {}` lists {}.", self.settings.tenant, headers.len()),
            ));
        };
        if run.settings.json {
            let kept = self.records.at(commit)?;
            let mut document = view::json(commit, header);
            if let Json::Object(map) = &mut document {
                map.insert("format".to_owned(), json!("tenantry-record"));
                map.insert("applied".to_owned(), json!(kept.record.applied));
            }
            return run.answer_json(&document);
        }
        run.terminal.answer(&format!("{}\n\n{}", self.headline(), view::one(commit, header)))?;
        Ok(())
    }
}
