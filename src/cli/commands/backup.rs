//! `tenantry backup` and `tenantry restore`: a tenant in one file, and back.

use std::path::Path;

use serde_json::json;

use crate::cli::applying::{self, Manner};
use crate::cli::args::{BackupArgs, RestoreArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::looking::everything;
use crate::cli::planning::Wish;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::files::{self, Readers};
use crate::edge::runtime::Runtime;
use crate::edge::{clock, git};
use crate::model::desired::TenantSettings;
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::model::record::{Doing, RunKind};
use crate::pipeline::backup::{Backup, BackupError, NewId, Restoration};
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::{findings, text, value::harmless};

/// Reads everything that the tenant shows and writes it into one file.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &BackupArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let file = run.world.folder.join(&args.file);
    refuse_place(&file)?;
    let settings = settings(&args.tenant, false, run)?;
    let target = Target::of(&settings, run.settings.sandbox);
    let live = everything(&settings, (Vec::new(), Vec::new()), run)?;
    let (backup, mut found) = Backup::of(&live, &settings.domain, clock::stamp())?;
    findings::tidy(&mut found);
    files::write_whole(&file, &backup.to_bytes().map_err(|error| Failure::Bug(error.to_string()))?, Readers::Owner)?;
    // What a restore counts, too: most of what has no id of its own is settings and lists of members.
    let restored = backup.desired(&settings).map_err(|(found, sources)| Failure::Invalid { found, sources })?;
    let resources = restored.desired.resources.len();
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-backed-up",
            "version": VERSION,
            "tenant": settings.tenant,
            "domain": settings.domain,
            "file": args.file,
            "objects": backup.objects(),
            "resources": resources,
            "findings": findings::json(&found),
            "requests": live.requests,
        }))?;
        return Ok(Exit::Done);
    }
    run.terminal.talk(&findings::text(&found, &SourceTexts::new()));
    run.terminal.answer(&format!(
        "{}\n\nWrote {}, {} with an id and the rest settings and lists of members, to {}, without secrets. Read with {}.\n",
        text::headline(&settings, target.is_sandbox()),
        count(resources, "resource"),
        count(backup.objects(), "object"),
        harmless(&args.file.display().to_string()),
        count(live.requests, "request"),
    ))?;
    Ok(Exit::Done)
}

/// A backup names everything in a tenant: it does not belong into a repository, nor behind somebody's link, and the
/// one before it stays.
fn refuse_place(file: &Path) -> Result<(), Failure> {
    if files::is_taken(file) {
        let message = format!("`{}` is already there", file.display());
        return Err(Failure::usage(message, "Name a new file: a backup replaces nothing."));
    }
    if git::would_be_committed(file) {
        let message = format!("`{}` lies in a git work tree", file.display());
        return Err(Failure::usage(message, "Name a file outside of it, or one that `.gitignore` lists."));
    }
    Ok(())
}

/// Plans a backup against the tenant and, unless only the plan is wanted, applies it.
///
/// # Errors
/// See [`Failure`].
pub fn restore(args: &RestoreArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if !args.plan_only {
        applying::may_ask(args.yes, run)?;
    }
    let settings = settings(&args.tenant, !args.plan_only, run)?;
    let bytes = files::read_whole(&run.world.folder.join(&args.file))
        .map_err(|error| Failure::named(error, "`tenantry backup` writes such files."))?;
    let backup = Backup::read(&bytes).map_err(|error| {
        let help = match error {
            BackupError::Foreign(_) => "`tenantry backup` writes such files.",
            BackupError::Newer(_) => "Update tenantry.",
        };
        Failure::usage(format!("`{}` cannot be restored: {error}", args.file.display()), help)
    })?;
    if backup.domain != settings.domain {
        return Err(Failure::usage(
            format!("the backup is of {}, and `{}` is {}", backup.domain, args.tenant, settings.domain),
            "A backup is restored to the tenant that it was made of; `tenantry export` writes files for any.",
        ));
    }
    let mut restoration = backup.desired(&settings).map_err(|(found, sources)| Failure::Invalid { found, sources })?;
    let target = Target::of(&settings, run.settings.sandbox);
    let connection = run.settings.api.connect(&settings, &target, &run.settings.state)?;
    let live = {
        let _bar = run.terminal.bar(None, "reading the tenant");
        let api = connection.reading();
        Runtime::start()?
            .run(api.telling(refresh(&api, Wanted::For(&restoration.desired)), |pause| run.waits(pause)))?
    };
    drop(connection);
    let (anew, secrets) = restoration.leave_out_what_is_lost(&live);
    say_what_is_lost(&backup, &anew, &secrets, run);
    let opening = vec!["restore".to_owned(), args.tenant.clone(), args.file.display().to_string()];
    let Restoration { desired, found, sources, .. } = restoration;
    let wish = Wish::of_backup(desired, found, sources, !args.plan_only).opened_by(opening);
    let wish = if args.plan_only { wish } else { wish.locked(run)? };
    let scope = ScopeArgs { tenant: Some(args.tenant.clone()), target: Vec::new(), exclude: Vec::new(), strict: false };
    let connection = wish.connect(run)?;
    let runtime = Runtime::start()?;
    let reading = connection.reading();
    let planning = wish.plan(&reading, args.consent.consent(), run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    if args.plan_only {
        match run.settings.json {
            true => run.answer_json(&crate::pipeline::report::json::plan(&planned.plan, &planned.found))?,
            false => planned.show(&scope, &args.consent, run, false)?,
        }
        return Ok(planned.exit(false));
    }
    planned.show(&scope, &args.consent, run, run.settings.json)?;
    let manner = Manner { yes: args.yes, tag: None, verify: false, doing: Doing::of(RunKind::Apply), told: None };
    applying::carry_out(&mut planned, &connection, &runtime, &manner, run)
}

fn say_what_is_lost(backup: &Backup, anew: &[NewId], secrets: &[String], run: &Run<'_>) {
    let mut out =
        format!("The backup was made {}. No object is deleted, and nothing is recorded as ours.\n", backup.at);
    if !anew.is_empty() {
        out.push_str(&format!("{} created again, with a new id:\n", count(anew.len(), "object")));
        for new in anew {
            let without = new.without.as_ref().map(|what| format!(", without {what}")).unwrap_or_default();
            out.push_str(&format!("  {}{without}\n", harmless(new.address.as_str())));
        }
    }
    if !secrets.is_empty() {
        out.push_str("These secrets are in no backup and have to be set again:\n");
        for secret in secrets {
            out.push_str(&format!("  {}\n", harmless(secret)));
        }
    }
    for missing in &backup.missing {
        out.push_str(&format!("not in the backup: {}\n", harmless(missing)));
    }
    run.terminal.talk(&out);
}

fn settings(tenant: &str, writing: bool, run: &Run<'_>) -> Result<TenantSettings, Failure> {
    let look = Look { writing, ..Look::default() };
    let project = Project::read(run, Some(&TenantName(tenant.to_owned())), &look)?;
    match project.desired {
        Some(desired) => Ok(desired.settings),
        None => Err(Failure::Invalid { found: project.found, sources: project.sources }),
    }
}
