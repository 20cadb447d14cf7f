//! `tenantry export`: a tenant as files.

use std::collections::{BTreeMap, BTreeSet};
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
use crate::edge::files_together::write_together;
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::export::{
    self, Beside, ExportFile, ExportOptions, Format, MANIFEST, Manifest, NamedKindsError, named_kinds, only_kinds,
};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::{findings, text, value::harmless};

/// Reads the tenant and writes it down. Of the project only the tenant's own file is needed.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ExportArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let Some(to) = args.to.as_deref() else {
        if args.into.is_some() {
            return export_into::run(args, run);
        }
        return Err(Failure::usage(
            "neither `--to` nor `--into` says where to write",
            "`--to DIR` writes all that the tenant shows as files of their own; `--into` writes what somebody changed in \
             the tenant back into the files here.",
        ));
    };
    let (only, exclude) = (known("--only", only_kinds(&args.only))?, known("--exclude", named_kinds(&args.exclude))?);
    let project = Project::read(run, args.tenant.clone().map(TenantName).as_ref(), &Look::default())?;
    let Some(desired) = project.desired else {
        return Err(Failure::Invalid { found: project.found, sources: project.sources });
    };
    let settings = desired.settings;
    let target = Target::of(&settings, run.settings.sandbox);
    let live = everything(&settings, (only.clone(), exclude.clone()), run)?;
    let options = ExportOptions {
        format: match args.format {
            ExportFormat::Native => Format::Workspace,
            ExportFormat::Yaml => Format::DeployYaml,
            ExportFormat::Directory => Format::DeployDirectory,
        },
        tenant: settings.tenant.clone(),
        domain: settings.domain.clone(),
        only,
        exclude,
    };
    let (written, mut found) = export::export(&live, &options)?;
    findings::tidy(&mut found);
    let folder = run.world.folder.join(to);
    let Replaced { written, kept, removed } = replace(&folder, written, &options, args.force)?;
    let others = leftovers(&folder, &written, &kept)?;
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-export",
            "version": VERSION,
            "tenant": settings.tenant,
            "domain": settings.domain,
            "files": written.iter().map(|file| &file.path).collect::<Vec<_>>(),
            "removed": removed,
            "kept": kept,
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
    for path in &removed {
        run.terminal.talk(&harmless(&format!("removed `{path}`, which the last export wrote")));
    }
    run.terminal.answer(&format!(
        "{}\n\nWrote {} to {}{}. Read with {}.\n",
        text::headline(&settings, target.is_sandbox()),
        count(written.len(), "file"),
        harmless(&to.display().to_string()),
        beside(&removed, &kept),
        count(live.requests, "request"),
    ))?;
    Ok(Exit::Done)
}

/// Returns the kinds that an option names.
fn known(option: &str, named: Result<Vec<String>, NamedKindsError>) -> Result<Vec<String>, Failure> {
    named.map_err(|error| {
        let help = match &error {
            NamedKindsError::Unknown { near: Some(near), .. } => format!("Did you mean `{near}`?"),
            NamedKindsError::Unknown { near: None, .. } => "`tenantry kinds` lists them.".to_owned(),
            NamedKindsError::Inside { key, .. } => format!("Name `{key}`, whose files hold it."),
        };
        Failure::usage(format!("`{option}`: {error}"), format!("{help} Nothing was written."))
    })
}

/// Says what became of the last export's other files.
fn beside(removed: &[String], kept: &BTreeSet<String>) -> String {
    let mut said = String::new();
    if !removed.is_empty() {
        said += &format!(", removed {} of the last export that this one does not have", removed.len());
    }
    if !kept.is_empty() {
        said += &format!(", left {} of other kinds as they are", kept.len());
    }
    said
}

/// What came of writing.
struct Replaced {
    written: Vec<ExportFile>,
    /// Of the last export, and left as they are.
    kept: BTreeSet<String>,
    /// Of the last export, and no more.
    removed: Vec<String>,
}

/// Writes the files in place of the last export's, or nothing if something else is in the way.
fn replace(folder: &Path, files: Vec<ExportFile>, options: &ExportOptions, force: bool) -> Result<Replaced, Failure> {
    let read = |path: &str| {
        let file = folder.join(path);
        files::exists(&file).then(|| files::read_whole(&file)).transpose()
    };
    let last = read(MANIFEST)?.map(|bytes| Manifest::read(&bytes)).unwrap_or_default();
    let mut present = BTreeMap::new();
    for path in last.paths().chain(files.iter().map(|file| file.path.as_str())) {
        if let Some(bytes) = read(path)? {
            present.insert(path.to_owned(), bytes);
        }
    }
    let Beside { files: written, kept } = export::beside(files, &last, &present, options)?;
    let replacement = last.replacement(&present, &written, &kept);
    if !replacement.in_the_way.is_empty() && !force {
        return Err(Failure::InTheWay(replacement.in_the_way));
    }
    let changed = written.iter().filter(|file| present.get(&file.path) != Some(&file.bytes));
    let changed: Vec<(&str, &[u8])> = changed.map(|file| (file.path.as_str(), file.bytes.as_slice())).collect();
    write_together(folder, &changed)?;
    for path in &replacement.stale {
        files::remove_file(&folder.join(path))?;
    }
    let manifest = Manifest::of(&written, &last, &kept);
    files::write_whole(&folder.join(MANIFEST), &manifest.to_bytes(), Readers::Anyone)?;
    Ok(Replaced { written, kept, removed: replacement.stale })
}
