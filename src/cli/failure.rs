//! Every error that ends a run: what is said, the next step, the exit code.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::exit::Exit;
use crate::api::failure::ApiFailure;
use crate::edge::files::FileError;
use crate::edge::git_remote::RemoteError;
use crate::edge::journal::JournalFileError;
use crate::edge::lock::{Holder, LockError};
use crate::edge::records::RecordError;
use crate::edge::sandbox_store::StoreError;
use crate::edge::serve::ServeError;
use crate::edge::state::StateError;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::export::ExportError;
use crate::pipeline::report::json::VERSION;
use crate::pipeline::saved::SavedError;

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line, or the place it was typed in, is wrong.
    #[error("{message}")]
    Usage { message: String, help: String },
    /// The configuration is invalid; the findings say where.
    #[error("the configuration is invalid")]
    Invalid { found: Diagnostics, sources: SourceTexts },
    /// An apply needs them; a plan does not.
    #[error("these secrets have no value here: {}", .0.join(", "))]
    MissingSecrets(Vec<String>),
    #[error("{0}")]
    Api(#[from] ApiFailure),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Serve(#[from] ServeError),
    #[error("{0}")]
    Export(#[from] ExportError),
    #[error("{0}")]
    State(#[from] StateError),
    #[error("{0}")]
    Record(#[from] RecordError),
    #[error("{0}")]
    Journal(#[from] JournalFileError),
    /// The tenant was changed, and others do not know yet.
    #[error("the record stands in this repository and could not be handed on: {0}")]
    NotHandedOn(Box<RecordError>),
    /// The tenant was changed and recorded, and the tag is here alone.
    #[error("all was applied; the tag `{tag}` stands in this repository and could not be handed on: {error}")]
    TagNotHandedOn { tag: String, remote: String, error: Box<RecordError> },
    /// Another run is at it: one on this machine, which lives, or one whose lock at the remote is nobody's after `ttl`.
    #[error("`{tenant}` is locked by {by}")]
    Locked { tenant: TenantName, by: Box<Holder>, ttl: Option<Duration> },
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("{0}")]
    File(#[from] FileError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    /// What was applied last is not known, and the answer is about that.
    #[error("{0}")]
    NoRecord(&'static str),
    /// An export would overwrite them, and no export wrote them so.
    #[error("these files are in the way: {}", .0.join(", "))]
    InTheWay(Vec<String>),
    /// What was asked for is not in the tenant.
    #[error("{message}")]
    Absent { message: String, help: String },
    /// The question before an apply was not answered with yes.
    #[error("not applied: it was not answered with yes")]
    Declined,
    /// The question before files are written was not answered with yes.
    #[error("not written: it was not answered with yes")]
    NotWritten,
    /// Somebody else writes the same files.
    #[error("nothing was written: these files were edited meanwhile: {}", .0.join(", "))]
    EditedMeanwhile(Vec<String>),
    /// What was agreed to, in a saved plan or by a fingerprint, is not what would be done.
    #[error("the plan is stale, nothing was written: {}", .moved.join("; "))]
    Stale { moved: Vec<String> },
    #[error("`{path}` cannot be applied: {error}")]
    Saved { path: String, error: SavedError },
    /// Something that ought to be impossible.
    #[error("{0}")]
    Bug(String),
}

impl Failure {
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    /// A file that the command line names, and that cannot be had.
    pub fn named(error: FileError, help: impl Into<String>) -> Self {
        let message = match error.source.kind() {
            ErrorKind::NotFound => format!("`{}` does not exist", error.path.display()),
            _ => format!("{error}: {}", error.source),
        };
        Self::usage(message, help)
    }

    pub fn stale(moved: Vec<String>) -> Self {
        Self::Stale { moved }
    }

    /// Returns the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Record(RecordError::NoRepository) => Exit::Usage,
            Self::Invalid { .. } | Self::MissingSecrets(_) | Self::Saved { .. } => Exit::Invalid,
            Self::Stale { .. } => Exit::Stale,
            Self::Api(_)
            | Self::Store(_)
            | Self::Serve(_)
            | Self::Export(_)
            | Self::State(_)
            | Self::Record(_)
            | Self::Journal(_)
            | Self::File(_)
            | Self::NotHandedOn(_)
            | Self::TagNotHandedOn { .. }
            | Self::Terminal(_)
            | Self::NoRecord(_)
            | Self::InTheWay(_)
            | Self::Absent { .. }
            | Self::NotWritten
            | Self::EditedMeanwhile(_)
            | Self::Declined => Exit::Failed,
            Self::Locked { .. } | Self::Lock(LockError::Held(_)) => Exit::Locked,
            Self::Lock(LockError::File { .. }) => Exit::Failed,
            Self::Bug(_) => Exit::Bug,
        }
    }

    /// Returns the message with what lies behind it, on one line.
    pub fn message(&self) -> String {
        let cause = match self {
            Self::File(error) | Self::State(StateError::File(error)) | Self::Store(StoreError::File(error)) => {
                format!(": {}", error.source)
            }
            Self::Journal(JournalFileError::Write { source, .. } | JournalFileError::Read { source, .. }) => {
                format!(": {source}")
            }
            Self::Journal(JournalFileError::File(error)) => format!(": {}", error.source),
            Self::Serve(ServeError::Listen { source, .. }) => format!(": {source}"),
            _ => String::new(),
        };
        format!("{self}{cause}")
    }

    /// Returns the next step, in whole sentences.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } | Self::Absent { help, .. } => Some(help.clone()),
            Self::MissingSecrets(_) => {
                Some("Give each the source that the tenant's file names under `secrets`.".to_owned())
            }
            Self::Api(failure) => of_api(failure),
            Self::State(StateError::Damaged(path)) => {
                Some(format!("Delete `{}`; every secret will then be sent once more.", path.display()))
            }
            Self::State(StateError::Newer(_)) => Some("Update tenantry.".to_owned()),
            Self::Store(StoreError::Damaged { .. }) => Some("`tenantry sandbox reset` makes it new again.".to_owned()),
            Self::Record(RecordError::TagExists { .. }) => Some("Choose another name; nothing was applied.".to_owned()),
            Self::TagNotHandedOn { tag, remote, .. } => {
                Some(format!("`git push {remote} refs/tags/{tag}` hands it on, once that is mended."))
            }
            Self::Record(RecordError::NoCommit) => {
                Some("Commit the files first: a tag names the commit that was applied.".to_owned())
            }
            Self::NotHandedOn(_) => {
                Some("The next run from here hands it on; until then others do not know what is ours.".to_owned())
            }
            Self::Record(RecordError::NoRepository) => {
                Some("`git init` makes one; or take `history.remote` out of tenantry.yaml.".to_owned())
            }
            Self::Record(RecordError::Remote(error)) => of_remote(error),
            Self::Record(RecordError::NotForward { seen, .. }) => Some(format!(
                "Find out who rewrote them. If it was on purpose, delete `{}` and run again.",
                seen.display()
            )),
            Self::Record(RecordError::Unlocked) => {
                Some("Find out who else is at it; `tenantry plan` shows what is left to do.".to_owned())
            }
            Self::Record(RecordError::Damaged(..)) => {
                Some("`tenantry history TENANT --verify` names every record that is not as it was written.".to_owned())
            }
            Self::Record(RecordError::Newer(_)) => Some("Update tenantry.".to_owned()),
            Self::Journal(JournalFileError::Content { path, .. }) => Some(format!(
                "It tells what an apply that did not end has done. Plan, look at the tenant, and move `{}` away to go on \
                 without it.",
                path.display()
            )),
            Self::Locked { by, ttl: None, .. } => {
                let kill = if by.pid == 0 { String::new() } else { format!(" (`kill {}`)", by.pid) };
                Some(format!(
                    "Nothing was written. That run is alive on this machine: wait for it with `--lock-wait 300`, or end \
                     it{kill}, and its lock goes with it."
                ))
            }
            Self::Locked { tenant, ttl: Some(ttl), .. } => Some(format!(
                "Nothing was written. Wait for it with `--lock-wait 300`: the lock of a run that is gone stands still, and \
                 after {} seconds of that it is taken over. `tenantry unlock {tenant}` breaks it at once.",
                ttl.as_secs_f64().ceil()
            )),
            Self::NoRecord(_) => Some(
                "An apply in a git repository leaves one; `tenantry adopt TENANT --all` makes one of what the tenant holds."
                    .to_owned(),
            ),
            Self::InTheWay(_) => Some(
                "No export wrote them, or they were edited since. Export to another folder, or give `--force` to overwrite them."
                    .to_owned(),
            ),
            Self::EditedMeanwhile(_) => Some("Run it again; it starts from the files as they are then.".to_owned()),
            Self::Stale { .. } => Some("Plan again, look at the plan, and apply that.".to_owned()),
            Self::Saved { error: SavedError::Newer(_), .. } => Some("Update tenantry.".to_owned()),
            Self::Saved { .. } => Some("`tenantry plan --out FILE` saves one.".to_owned()),
            Self::Bug(_) => Some("Please report it with the command that you ran.".to_owned()),
            _ => None,
        }
    }

    /// Returns the failure for programs.
    pub fn json(&self) -> Json {
        json!({
            "format": "tenantry-failure",
            "version": VERSION,
            "exit": self.exit().code(),
            "message": self.message(),
            "help": self.help(),
            "moved": match self {
                Self::Stale { moved } => moved.clone(),
                _ => Vec::new(),
            },
            "findings": match self {
                Self::Invalid { found, .. } => crate::pipeline::report::findings::json(found),
                _ => Vec::new(),
            },
        })
    }
}

fn of_remote(error: &RemoteError) -> Option<String> {
    let words = match error {
        RemoteError::NoGit(_) => "Install git, or take `history.remote` out of tenantry.yaml.",
        RemoteError::Name(_) => "`history.remote` is the name of a remote of this repository, or its address.",
        RemoteError::Prefix(_) => "`history.ref_prefix` begins with `refs/`, as in `refs/heads/tenantry/`.",
        RemoteError::Unreachable { .. } => {
            "Nothing was written to the tenant by this step. `git ls-remote` with the same remote shows what git needs."
        }
        RemoteError::Lacks { .. } => "Push it from the clone that has it.",
        RemoteError::Refused { .. } => {
            "If the host lets nobody write such refs, `history.ref_prefix: refs/heads/tenantry/` in tenantry.yaml moves them."
        }
    };
    Some(words.to_owned())
}

fn of_api(failure: &ApiFailure) -> Option<String> {
    let words = match failure {
        ApiFailure::Token { .. } => {
            "Set AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET, or AUTH0_ACCESS_TOKEN, or `credentials` in the tenant's file; \
             `--sandbox` needs none."
        }
        ApiFailure::Status { status: 401, .. } => "The access token is not accepted: it may have run out.",
        ApiFailure::Status { status: 403, .. } => {
            "The client lacks a scope; `tenantry kinds KIND` lists what each kind needs."
        }
        ApiFailure::Status { .. } => return None,
        ApiFailure::Transport { .. } => "Look at the domain's name and at the network; nothing more was sent.",
        ApiFailure::InDoubt { .. } => "Plan again: it shows whether the tenant has the change.",
    };
    Some(words.to_owned())
}
