//! What may be typed: clap's structs and nothing else.

mod ci;
mod earlier;
mod sandbox;
mod whole;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use super::consent::ConsentArgs;
use super::looking_args::DIFF;
pub use super::looking_args::{DiffArgs, DriftArgs, HistoryArgs, StatusArgs};
pub use super::pace::PaceArgs;
use crate::edge::http::IN_FLIGHT;
use crate::edge::terminal::Colour;

pub use ci::{CiCommand, CiInitArgs, CiPlatform};
pub use earlier::{PromoteArgs, ReleaseHoldArgs, RollbackArgs};
pub use sandbox::{SandboxArgs, SandboxCommand, ServeArgs};
pub use whole::{BackupArgs, GetArgs, InitArgs, RestoreArgs};

/// Deploys the configuration of Auth0 tenants from files: plan, apply, export.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, disable_help_subcommand = true, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug)]
pub struct Global {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only answers, failures and questions
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub color: Colour,
    /// The folder with tenantry.yaml [default: the nearest one upwards]
    #[arg(long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// A project of the Auth0 Deploy CLI instead: its tenant.yaml or its folder
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "workspace")]
    pub deploy_cli: Option<PathBuf>,
    /// The Deploy CLI project's settings; `init` takes NAME=FILE for each tenant
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Vec<std::ffi::OsString>,
    /// Run against the embedded tenant of that name instead of the real domain
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// Where to keep what is remembered between runs [default: .tenantry in the workspace]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The journal of an apply, if it is not in the state folder
    #[arg(long, global = true, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Note each request at the end of a file, or on stderr (`-`): method, path, status, time, request id
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Wait so long for a tenant that another run is changing [default: 0]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub lock_wait: Option<f64>,
    /// Seconds after which a lock that is not renewed is nobody's
    #[arg(long, global = true, hide = true, value_name = "SECONDS", default_value_t = 90.0)]
    pub lock_ttl: f64,
    /// Requests under way at one time
    #[arg(long, global = true, hide = true, value_name = "N", default_value_t = IN_FLIGHT)]
    pub in_flight: usize,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new workspace: an empty one, or from a tenant
    Init(InitArgs),
    /// Check the files, offline: every tenant, or one
    Check(CheckArgs),
    /// Show what would change in a tenant
    Plan(PlanArgs),
    /// Change a tenant as its plan says
    Apply(ApplyArgs),
    /// Show what was done to a tenant: every record, or one
    History(HistoryArgs),
    /// Show what has moved in a tenant since its last record
    Drift(DriftArgs),
    /// Compare any two: a live tenant, a tenant at a record, the files of a commit
    #[command(long_about = DIFF)]
    Diff(DiffArgs),
    /// Show all tenants: what was applied last, by whom, when, and how far behind it is
    Status(StatusArgs),
    /// Return a tenant to what was applied earlier: a record, a tag or a commit
    Rollback(RollbackArgs),
    /// Let be applied again what a rollback holds back
    ReleaseHold(ReleaseHoldArgs),
    /// Apply to a tenant what was last applied to another
    Promote(PromoteArgs),
    /// Make existing objects the files' own, without writing to the tenant
    Adopt(AdoptArgs),
    /// Cease to manage an address, without writing to the tenant
    Release(ReleaseArgs),
    /// Print one object of a tenant, or one of its fields
    Get(GetArgs),
    /// Break the lock of a run that is gone
    Unlock(UnlockArgs),
    /// Write a tenant as files
    Export(ExportArgs),
    /// Write everything that a tenant shows into one file, without secrets
    Backup(BackupArgs),
    /// Bring a tenant back to a backup, without deleting any object
    Restore(RestoreArgs),
    /// Print the scopes that a token needs for a tenant's configuration
    Scopes(ScopesArgs),
    /// Show the kinds of objects that tenantry manages, or one in full
    Kinds(KindsArgs),
    /// Write JSON Schemas of the workspace's files, for editors
    Schema(SchemaArgs),
    /// Work with the embedded tenants
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Set up pipelines
    #[command(subcommand)]
    Ci(CiCommand),
    /// Print a shell's completion script
    Completions(CompletionsArgs),
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: Option<String>,
    /// Take every unknown field as an error
    #[arg(long)]
    pub strict: bool,
}

/// Which tenant, and which part of its configuration.
#[derive(Args, Debug, Default)]
pub struct ScopeArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: Option<String>,
    /// Look only at this address and what it needs (`*` matches anything); repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Leave this kind or address alone (`*` matches anything); repeatable
    #[arg(long, value_name = "KIND|ADDRESS")]
    pub exclude: Vec<String>,
    /// Take every unknown field as an error
    #[arg(long)]
    pub strict: bool,
}

impl Command {
    /// Returns how fast the tenant is asked, of a command that asks it.
    pub fn pace(&self) -> Option<&PaceArgs> {
        match self {
            Self::Plan(args) => Some(&args.pace),
            Self::Apply(args) => Some(&args.pace),
            Self::Init(args) => Some(&args.pace),
            Self::Get(args) => Some(&args.pace),
            Self::Drift(args) => Some(&args.pace),
            Self::Diff(args) => Some(&args.pace),
            Self::Status(args) => Some(&args.pace),
            Self::Rollback(args) => Some(&args.pace),
            Self::Promote(args) => Some(&args.pace),
            Self::Export(args) => Some(&args.pace),
            Self::Backup(args) => Some(&args.pace),
            Self::Restore(args) => Some(&args.pace),
            _ => None,
        }
    }
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Exit with 2 if changes are pending (a closed gate is 4 in any case)
    #[arg(long)]
    pub exit_code: bool,
    /// Answer in Markdown that fits into a comment on a pull request; with a file, write it there besides the answer
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub markdown: Option<PathBuf>,
    /// Write the plan as a page to look at in a browser, too
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Save the plan for `apply FILE`, which does exactly this or nothing; best called something.plan
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Take domain, credentials, secrets and policy as this branch or commit has them, because the files here are a
    /// proposal
    #[arg(long, value_name = "REF")]
    pub trust_from: Option<String>,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Go on with an apply that did not end
    #[arg(long, conflicts_with = "undo")]
    pub resume: bool,
    /// Take the last apply back: put what it changed as it was
    #[arg(long)]
    pub undo: bool,
    /// Do not ask before writing; opens no gate
    #[arg(long, short)]
    pub yes: bool,
    /// Apply this saved plan; its path in place of the tenant does the same
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Apply only if this is the plan's fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pub expect: Option<String>,
    /// Tag the commit once it is applied
    #[arg(long, value_name = "NAME")]
    pub tag: Option<String>,
    /// Afterwards read the tenant and plan again: what is left is an error
    #[arg(long, conflicts_with = "undo")]
    pub verify: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct AdoptArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// The address to adopt
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub address: Option<String>,
    /// The id of the object that it is, where the name does not tell
    #[arg(long, requires = "address")]
    pub id: Option<String>,
    /// Everything that the files describe and the tenant has
    #[arg(long)]
    pub all: bool,
}

#[derive(Args, Debug)]
pub struct ReleaseArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// The address to release, with what lies in it
    pub address: String,
}

#[derive(Args, Debug)]
pub struct UnlockArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: Option<String>,
    /// The folder to write to: all that the tenant shows, as files of its own
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Write what somebody changed in the tenant back into the files in place: only the lines of these fields change.
    /// What other tenants have from the same template goes into this tenant's overlay, unless it says where
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true,
        default_missing_value = "fitting", conflicts_with_all = ["to", "format", "force", "only"])]
    pub into: Option<IntoPlace>,
    /// With --into, only what is at this address (`*` matches anything); repeatable
    #[arg(long, value_name = "ADDRESS", requires = "into")]
    pub target: Vec<String>,
    /// With --into, show what would be written and write nothing
    #[arg(long, requires = "into")]
    pub plan_only: bool,
    /// With --into, do not ask before writing
    #[arg(long, short, requires = "into")]
    pub yes: bool,
    /// The format to write
    #[arg(long, value_enum, default_value_t = ExportFormat::Native)]
    pub format: ExportFormat,
    /// Only these kinds (`*` matches anything); repeatable, or separated by commas
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these kinds; repeatable, or separated by commas
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Overwrite files that no export wrote, or that were edited since
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub pace: PaceArgs,
}

/// Where a field goes that stands in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IntoPlace {
    /// Into the template if no other tenant has it from there, else into the tenant's overlay
    Fitting,
    /// Where it stands, for all tenants that have it from there
    Template,
    /// Into the tenant's overlay, in place of expressions too
    Overlay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A workspace of tenantry
    Native,
    /// The Deploy CLI's single file
    Yaml,
    /// The Deploy CLI's folder
    Directory,
}

#[derive(Args, Debug)]
pub struct ScopesArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// What the token is for
    #[arg(long = "for", value_enum, value_name = "WHAT", default_value_t = ScopesFor::Apply)]
    pub purpose: ScopesFor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopesFor {
    /// Looking: plan, drift, export
    Plan,
    /// Writing what the files say
    Apply,
}

impl ScopesFor {
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

#[derive(Args, Debug)]
pub struct KindsArgs {
    /// The kind to show in full
    pub kind: Option<String>,
    /// Print an example of the kind as a template holds it
    #[arg(long, requires = "kind", conflicts_with = "json")]
    pub example: bool,
    /// List what the API has and no file configures, with the reasons
    #[arg(long, conflicts_with_all = ["kind", "example"])]
    pub excepted: bool,
    /// Print the page of all kinds in Markdown
    #[arg(long, conflicts_with_all = ["kind", "json", "excepted"])]
    pub markdown: bool,
}

#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// The files to print the schema of
    #[arg(value_enum)]
    pub files: Option<SchemaFiles>,
    /// The folder to write to; all schemas if no files are named
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFiles {
    /// tenantry.yaml
    Workspace,
    /// tenants/*.yaml
    Tenant,
    /// templates/**/*.yaml
    Templates,
    /// tenants/*/*.yaml
    Overlay,
    /// What --json prints
    Answers,
}

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
