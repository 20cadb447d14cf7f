//! `tenantry init`: a new workspace. It never overwrites anything.

mod check_remote;
mod from_deploy_cli;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::args::InitArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::looking::everything;
use crate::cli::run::Run;
use crate::cli::settings::WORKSPACE_FILE;
use crate::edge::files::{self, WorkTree};
use crate::edge::files_together::write_together;
use crate::edge::secrets::Sources;
use crate::model::desired::TenantSettings;
use crate::model::diagnostic::{Diagnostics, Severity};
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::export::{ExportFile, ExportOptions, Format, export};
use crate::pipeline::load::native::{NativeOptions, load_native};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::style::count;
use crate::pipeline::report::{findings, value::harmless};
use crate::pipeline::tree::MemoryTree;

/// Keeps what tenantry remembers out of git.
const IGNORED: &str = ".tenantry/\n";
const IGNORE_FILE: &str = ".gitignore";
/// What a tenant is called if nobody says otherwise.
const USUAL_NAME: &str = "dev";
/// Where a run finds its credentials, by the keys of a tenant's file.
const CLIENT: &str =
    "credentials:\n  client_id: { env: AUTH0_CLIENT_ID }\n  client_secret: { env: AUTH0_CLIENT_SECRET }\n";
const TOKEN: &str = "credentials:\n  access_token: { env: AUTH0_ACCESS_TOKEN }\n";

/// What is to be written, and what was noticed.
#[derive(Debug)]
struct Made {
    files: Vec<ExportFile>,
    tenants: Vec<String>,
    found: Diagnostics,
}

/// Makes the workspace and says what to do next.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &InitArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if args.check_remote {
        return check_remote::run(run);
    }
    let folder = match &args.folder {
        Some(folder) => run.world.folder.join(folder),
        None => run.world.folder.clone(),
    };
    // Before anything is read, and again when it is known what is to be written.
    refuse_taken(&folder, [WORKSPACE_FILE])?;
    let made = match (&args.from_tenant, &args.from_deploy_cli) {
        (Some(domain), _) => of_tenant(domain, args.tenant.as_deref().unwrap_or(USUAL_NAME), run)?,
        (None, Some(path)) => from_deploy_cli::of_project(path, args, &folder, run)?,
        (None, None) => empty(&folder),
    };
    let tops = made.files.iter().map(|file| file.path.split('/').next().unwrap_or(&file.path));
    refuse_taken(&folder, tops.filter(|top| *top != IGNORE_FILE))?;
    let written = write(&folder, &made.files)?;
    tell(args, &written, &made, run)
}

/// Refuses what stands in the way, links included: nothing of anybody's is overwritten or written through.
fn refuse_taken<'a>(folder: &Path, names: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    for name in names {
        let path = folder.join(name);
        if files::is_taken(&path) {
            return Err(Failure::usage(
                format!("`{}` is already there", path.display()),
                "Nothing is ever overwritten: name another folder, as in `tenantry init identity`.",
            ));
        }
    }
    Ok(())
}

/// Writes all files; `tenantry.yaml` comes last, so that half a workspace is none. An existing `.gitignore` stays.
fn write(folder: &Path, made: &[ExportFile]) -> Result<Vec<String>, Failure> {
    let (last, first): (Vec<_>, Vec<_>) = made.iter().partition(|file| file.path == WORKSPACE_FILE);
    let stays = |file: &&&ExportFile| file.path == IGNORE_FILE && files::is_taken(&folder.join(&file.path));
    let mut written = Vec::new();
    for files in [first, last] {
        let files: Vec<&&ExportFile> = files.iter().filter(|file| !stays(file)).collect();
        let bytes: Vec<(&str, &[u8])> = files.iter().map(|file| (file.path.as_str(), &*file.bytes)).collect();
        write_together(folder, &bytes)?;
        written.extend(files.into_iter().map(|file| file.path.clone()));
    }
    written.sort();
    Ok(written)
}

fn tell(args: &InitArgs, written: &[String], made: &Made, run: &Run<'_>) -> Result<Exit, Failure> {
    let place = args.folder.as_ref().map(|folder| folder.display().to_string());
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-init",
            "version": VERSION,
            "folder": place.as_deref().unwrap_or("."),
            "tenants": made.tenants,
            "files": written,
            "findings": findings::json(&made.found),
        }))?;
        return Ok(Exit::Done);
    }
    run.terminal.talk(&findings::text(&made.found, &SourceTexts::new()));
    if !written.iter().any(|path| path == IGNORE_FILE) {
        run.terminal.talk("note: `.gitignore` was there before; it should hold a line `.tenantry/`");
    }
    let mut out = format!("A workspace with {}:\n", count(written.len(), "file"));
    for path in written.iter().take(SHOWN) {
        out.push_str(&format!("  {}\n", harmless(path)));
    }
    if written.len() > SHOWN {
        out.push_str(&format!("  and {} more\n", written.len() - SHOWN));
    }
    let tenant = made.tenants.first().map_or(USUAL_NAME, String::as_str);
    let mut options = place.map(|place| format!(" --workspace {}", quoted(&harmless(&place)))).unwrap_or_default();
    if run.settings.sandbox {
        options.push_str(" --sandbox");
    }
    let check = if args.from_deploy_cli.is_some() { format!("  tenantry check{options}\n") } else { String::new() };
    out.push_str(&format!("\nNext:\n{check}  tenantry plan {tenant}{options}\n  tenantry apply {tenant}{options}\n"));
    run.terminal.answer(&out)?;
    Ok(Exit::Done)
}

/// How many files are named.
const SHOWN: usize = 12;

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,=+@".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn file(path: &str, text: &str) -> ExportFile {
    ExportFile { path: path.to_owned(), key: None, bytes: text.as_bytes().to_vec() }
}

fn empty(folder: &Path) -> Made {
    let project = project_name(folder);
    let files = vec![
        file(WORKSPACE_FILE, &format!("# This file makes the folder a workspace.\nproject: {project}\n")),
        file(&format!("tenants/{USUAL_NAME}.yaml"), include_str!("init/tenant.yaml")),
        file("templates/example.yaml", include_str!("init/example.yaml")),
        file(IGNORE_FILE, IGNORED),
    ];
    Made { files, tenants: vec![USUAL_NAME.to_owned()], found: Diagnostics::default() }
}

/// A project is called by its folder.
fn project_name(folder: &Path) -> String {
    let folder = if folder.ends_with("..") || folder.ends_with(".") { PathBuf::new() } else { folder.to_owned() };
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_owned();
    // `2024` or `true` would not be read as text.
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() > 5 { name } else { format!("{name:?}") }
}

/// Reads a tenant and writes down what it holds.
fn of_tenant(domain: &str, tenant: &str, run: &Run<'_>) -> Result<Made, Failure> {
    let has = |name: &str| run.world.environment.get(name).is_some_and(|value| !value.is_empty());
    let credentials = if has("AUTH0_ACCESS_TOKEN") && !has("AUTH0_CLIENT_ID") { TOKEN } else { CLIENT };
    let settings = settings(domain, tenant, credentials, run)?;
    let live = everything(&settings, (Vec::new(), Vec::new()), run)?;
    let options = ExportOptions {
        format: Format::Workspace,
        tenant: settings.tenant.clone(),
        domain: settings.domain.clone(),
        only: Vec::new(),
        exclude: Vec::new(),
    };
    let (mut files, mut found) = export(&live, &options)?;
    findings::tidy(&mut found);
    let own = format!("tenants/{tenant}.yaml");
    for file in files.iter_mut().filter(|file| file.path == own) {
        file.bytes.extend_from_slice(credentials.as_bytes());
    }
    files.push(file(IGNORE_FILE, IGNORED));
    Ok(Made { files, tenants: vec![tenant.to_owned()], found })
}

fn check_tenant(name: &str) -> Result<(), Failure> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) || name.contains(char::is_control) {
        return Err(Failure::usage("a tenant's name is that of a file", "Give one such as `prod`."));
    }
    Ok(())
}

/// Reads the tenant's file that will be written, before it has anything to say but who the tenant is.
fn settings(domain: &str, tenant: &str, credentials: &str, run: &Run<'_>) -> Result<TenantSettings, Failure> {
    check_tenant(tenant)?;
    let domain = json!(domain.trim_start_matches("https://").trim_end_matches('/')).to_string();
    let text = format!("domain: {domain}\n{credentials}");
    let path = format!("tenants/{tenant}.yaml");
    let tree = MemoryTree::of(&[(WORKSPACE_FILE, "project: new\n"), (&path, &text), ("templates/none", "")]);
    let world = Sources::new(run.world.environment.clone(), WorkTree::open(&run.world.folder)?);
    let loaded = load_native(&tree, &world, &TenantName(tenant.to_owned()), &NativeOptions::default());
    let mut found = loaded.findings;
    found.0.retain(|finding| finding.severity == Severity::Error);
    match loaded.documents {
        Some(documents) if !found.has_errors() && !documents.settings.domain.0.is_empty() => Ok(documents.settings),
        documents => {
            let sources = documents.map(|documents| documents.files).unwrap_or_default();
            Err(Failure::Invalid { found, sources })
        }
    }
}
