//! `tenantry export`: a tenant as files.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::cli::args::{ExportArgs, ExportFormat};
use crate::cli::commands::export_into;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::leftovers::leftovers;
use crate::cli::looking::everything;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::files::{self, Readers};
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::export::{ExportFile, ExportOptions, Format, MANIFEST, Manifest, export};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::{findings, text, value::harmless};

/// Reads the tenant and writes it down. Of the project only the tenant's own file is needed.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ExportArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let Some(to) = args.to.as_deref() else { return export_into::run(args, run) };
    let project = Project::read(run, args.tenant.clone().map(TenantName).as_ref(), &Look::default())?;
    let Some(desired) = project.desired else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let settings = desired.settings;
    let target = Target::of(&settings, run.settings.sandbox);
    let live = everything(&settings, (args.only.clone(), args.exclude.clone()), run)?;
    let options = ExportOptions {
        format: match args.format {
            ExportFormat::Native => Format::Workspace,
            ExportFormat::Yaml => Format::DeployYaml,
            ExportFormat::Directory => Format::DeployDirectory,
        },
        tenant: settings.tenant.clone(),
        domain: settings.domain.clone(),
        only: args.only.clone(),
        exclude: args.exclude.clone(),
    };
    let (written, mut found) = export(&live, &options)?;
    findings::tidy(&mut found);
    let folder = run.world.folder.join(to);
    replace(&folder, &written, args.force)?;
    let others = leftovers(&folder, &written)?;
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-export",
            "version": VERSION,
            "tenant": settings.tenant,
            "domain": settings.domain,
            "files": written.iter().map(|file| &file.path).collect::<Vec<_>>(),
            "leftovers": others,
            "findings": findings::json(&found),
            "requests": live.requests,
        }))?;
        return Ok(Exit::Done);
    }
    run.terminal.talk(&findings::text(&found, &SourceTexts::new()));
    for path in &others {
        run.terminal.talk(&harmless(&format!("note: `{path}` was there before and does not belong to this export")));
    }
    run.terminal.answer(&format!(
        "{}\n\nWrote {} to {}. Read with {}.\n",
        text::headline(&settings, target.is_sandbox()),
        count(written.len(), "file"),
        harmless(&to.display().to_string()),
        count(live.requests, "request"),
    ))?;
    Ok(Exit::Done)
}

/// Writes the files in place of the last export's, or nothing if something else is in the way.
fn replace(folder: &Path, written: &[ExportFile], force: bool) -> Result<(), Failure> {
    let read = |path: &str| {
        let file = folder.join(path);
        files::exists(&file).then(|| files::read_whole(&file)).transpose()
    };
    let last = read(MANIFEST)?.map(|bytes| Manifest::read(&bytes)).unwrap_or_default();
    let mut present = BTreeMap::new();
    for path in last.paths().chain(written.iter().map(|file| file.path.as_str())) {
        if let Some(bytes) = read(path)? {
            present.insert(path.to_owned(), bytes);
        }
    }
    let replacement = last.replacement(&present, written);
    if !replacement.in_the_way.is_empty() && !force {
        return Err(Failure::InTheWay(replacement.in_the_way));
    }
    for file in written {
        files::write_whole(&folder.join(&file.path), &file.bytes, Readers::Anyone)?;
    }
    for path in &replacement.stale {
        files::remove_file(&folder.join(path))?;
    }
    Ok(files::write_whole(&folder.join(MANIFEST), &Manifest::of(written).to_bytes(), Readers::Anyone)?)
}
