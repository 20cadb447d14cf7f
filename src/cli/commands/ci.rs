//! `tenantry ci init`: pipelines of a git host for this workspace.

use serde_json::json;

use crate::cli::args::{CiCommand, CiInitArgs, CiPlatform};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::workspace;
use crate::cli::run::Run;
use crate::edge::files::{Readers, WorkTree, exists, replace_file};
use crate::edge::git;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::pipeline::load::native;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::value::harmless;
use crate::pipeline::workflow::chain::{self, Chain, ChainError};
use crate::pipeline::workflow::platform::Platform;

/// Writes a host's files, or none if one of them is there already.
///
/// # Errors
/// See [`Failure`].
pub fn run(command: &CiCommand, run: &Run<'_>) -> Result<Exit, Failure> {
    let CiCommand::Init(args) = command;
    let folder = workspace(run)?;
    let (top, below) = git::place(folder).unwrap_or_else(|| (folder.to_owned(), String::new()));
    let platform = platform(args.platform);
    let workflows = platform.workflows(&chain(args, &below, &WorkTree::open(folder)?)?);
    let to = args.dir.as_ref().map_or(top, |dir| run.world.folder.join(dir));
    let there: Vec<&str> = workflows.iter().map(|file| file.path).filter(|path| exists(&to.join(path))).collect();
    if !there.is_empty() && !args.force {
        return Err(Failure::usage(
            format!("these files are there already: {}", there.join(", ")),
            "Give `--force` to overwrite them, or `--dir` to write elsewhere and take over what you want.",
        ));
    }
    let mut written = Vec::new();
    for file in &workflows {
        let path = to.join(file.path);
        replace_file(&path, file.text.as_bytes(), Readers::Anyone)?;
        written.push(path.display().to_string());
    }
    match run.settings.json {
        true => {
            run.answer_json(&json!({ "format": "tenantry-workflows", "version": VERSION, "written": written }))?;
        }
        false => {
            let lines: String = written.iter().map(|path| format!("wrote {}\n", harmless(path))).collect();
            run.terminal.answer(&lines)?;
            run.terminal.talk(platform.next_step());
        }
    }
    Ok(Exit::Done)
}

fn chain(args: &CiInitArgs, below: &str, tree: &WorkTree) -> Result<Chain, Failure> {
    let invalid = |finding| Failure::Invalid { found: Diagnostics(vec![finding]), sources: SourceTexts::new() };
    let all = native::tenants(tree).map_err(|finding| invalid(*finding))?;
    let tenants = Chain::read(tree, &all, &args.tenants).map_err(|error| refused(&error))?;
    let install = args
        .install
        .clone()
        .unwrap_or_else(|| format!("cargo install tenantry --version {} --locked", env!("CARGO_PKG_VERSION")));
    chain::command(&install).map_err(|error| refused(&error))?;
    chain::word(&args.branch).map_err(|error| refused(&error))?;
    if !below.is_empty() {
        chain::word(below).map_err(|error| refused(&error))?;
    }
    Ok(Chain { tenants, branch: args.branch.clone(), install, workspace: below.to_owned() })
}

fn refused(error: &ChainError) -> Failure {
    let help = match error {
        ChainError::Order(_) => "Give `--tenants FIRST,SECOND,..` in the order in which a change is promoted.",
        ChainError::NoTenant(_) | ChainError::Twice(_) => "`--tenants` names tenants of this workspace, each once.",
        ChainError::Word(_) => {
            "Only plain letters, digits, `-`, `_`, `.` and `/` are written into pipelines; a command may hold spaces and `:`."
        }
        ChainError::File(_) => "`tenantry check` says what is wrong with it.",
    };
    Failure::usage(error.to_string(), help)
}

fn platform(platform: CiPlatform) -> Platform {
    match platform {
        CiPlatform::Github => Platform::GitHub,
        CiPlatform::Gitlab => Platform::GitLab,
        CiPlatform::Azure => Platform::Azure,
        CiPlatform::Bitbucket => Platform::Bitbucket,
    }
}
