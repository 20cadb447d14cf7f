//! Commands that take the configuration from a commit in place of the work tree.

use std::path::PathBuf;

use clap::Args;

use super::{ConsentArgs, PaceArgs};

#[derive(Args, Debug)]
pub struct RollbackArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// Where to: a record's number, a tag, a commit, or `previous`; without it the last records are listed
    #[arg(long, value_name = "POINT")]
    pub to: Option<String>,
    /// Show the plan and do nothing
    #[arg(long, requires = "to")]
    pub plan_only: bool,
    /// Do not ask before writing; opens no gate
    #[arg(long, short, requires = "to")]
    pub yes: bool,
    /// Afterwards read the tenant and plan again: what is left is an error
    #[arg(long, requires = "to", conflicts_with = "plan_only")]
    pub verify: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct ReleaseHoldArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
}

#[derive(Args, Debug)]
pub struct PromoteArgs {
    /// The tenant that has the configuration
    pub from: String,
    /// The tenant that gets it
    pub to: String,
    /// Not what was applied last, but this commit, which was applied in full too
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<String>,
    /// The same, by its tag
    #[arg(long, value_name = "TAG", conflicts_with = "commit")]
    pub tag: Option<String>,
    /// Show the plan and do nothing
    #[arg(long)]
    pub plan_only: bool,
    /// Save the plan for `apply FILE`, which promotes exactly this or nothing; best called something.plan
    #[arg(long, value_name = "FILE", requires = "plan_only")]
    pub out: Option<PathBuf>,
    /// Do not ask before writing; opens no gate
    #[arg(long, short)]
    pub yes: bool,
    /// Afterwards read the tenant and plan again: what is left is an error
    #[arg(long, conflicts_with = "plan_only")]
    pub verify: bool,
    /// Promote though somebody edited the tenant that has the configuration; the edits are not taken along
    #[arg(long)]
    pub accept_source_drift: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
}
