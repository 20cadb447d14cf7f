//! `tenantry history`: what was done to a tenant. It reads records alone and needs no credentials.

use serde_json::{Value as Json, json};

use crate::cli::args::HistoryArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project, tenants, workspace};
use crate::cli::recording::meet;
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::records::{self, Records};
use crate::model::desired::TenantSettings;
use crate::model::names::TenantName;
use crate::model::record::Header;
use crate::pipeline::report::history as view;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::text;
use crate::pipeline::scope::fits;

/// Lists records, or shows one.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &HistoryArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let named = args.tenant.clone().map(TenantName);
    let all = if args.all { tenants(run)? } else { vec![named] };
    let mut out = String::new();
    let mut documents = Vec::new();
    for tenant in all {
        let project = Project::read(run, tenant.as_ref(), &Look { offline: true, ..Look::default() })?;
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
        meet(&records, &target.remembrance(), false, run)?;
        let tenant = Tenant { settings: &settings, is_sandbox: target.is_sandbox(), records: &records };
        match &args.record {
            Some(which) => return tenant.show(which, run),
            None => tenant.list(args, run, &mut out, &mut documents)?,
        }
    }
    match run.settings.json {
        true => run.answer_json(&json!({ "format": "tenantry-history", "version": VERSION, "tenants": documents }))?,
        false => run.terminal.answer(&out)?,
    }
    Ok(Exit::Done)
}

struct Tenant<'a> {
    settings: &'a TenantSettings,
    is_sandbox: bool,
    records: &'a Records,
}

impl Tenant<'_> {
    fn list(
        &self,
        args: &HistoryArgs,
        run: &Run<'_>,
        out: &mut String,
        documents: &mut Vec<Json>,
    ) -> Result<(), Failure> {
        let mut headers = self.records.walk()?;
        if let Some(pattern) = &args.address {
            headers.retain(|(_, header)| header.changes.iter().any(|change| fits(pattern, &change.address)));
        }
        if run.settings.json {
            documents.push(json!({
                "tenant": self.settings.tenant,
                "domain": self.settings.domain,
                "sandbox": self.is_sandbox,
                "records": headers.iter().map(|(commit, header)| view::json(commit, header)).collect::<Vec<_>>(),
            }));
            return Ok(());
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{}\n\n", text::headline(self.settings, self.is_sandbox)));
        let headers: Vec<&Header> = headers.iter().map(|(_, header)| header).collect();
        out.push_str(&view::list(&headers));
        Ok(())
    }

    fn show(&self, which: &str, run: &Run<'_>) -> Result<Exit, Failure> {
        let headers = self.records.walk()?;
        let found = match which {
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
            run.answer_json(&document)?;
            return Ok(Exit::Done);
        }
        let head = text::headline(self.settings, self.is_sandbox);
        run.terminal.answer(&format!("{head}\n\n{}", view::one(commit, header)))?;
        Ok(Exit::Done)
    }
}
