//! What may be typed to begin with a tenant, to look into it, and to keep it whole.

use std::path::PathBuf;

use clap::Args;

use super::{ConsentArgs, PaceArgs};

#[derive(Args, Debug)]
pub struct InitArgs {
    /// The folder to make the workspace in [default: this one]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Write down what the tenant of this domain holds
    #[arg(long, value_name = "DOMAIN")]
    pub from_tenant: Option<String>,
    /// Turn a project of the Deploy CLI into a workspace: its tenant.yaml or its folder, with `--config NAME=FILE` for
    /// each tenant
    #[arg(long, value_name = "PATH", conflicts_with = "from_tenant")]
    pub from_deploy_cli: Option<PathBuf>,
    /// A keyword that may stand in a file though its name is a secret's; repeatable
    #[arg(long, value_name = "KEYWORD", requires = "from_deploy_cli")]
    pub plain: Vec<String>,
    /// Test whether records can be shared through the git remote of this workspace: push a ref and remove it again
    #[arg(long, conflicts_with_all = ["folder", "from_tenant", "from_deploy_cli"])]
    pub check_remote: bool,
    /// What the tenant is to be called [default: dev]
    #[arg(long, value_name = "NAME", requires = "from_tenant")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct GetArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// What to print: `clients/Web`, or one field of it, `clients/Web:callbacks`
    #[arg(value_name = "ADDRESS[:FIELD]")]
    pub address: String,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// The file to write (JSON), outside of the git work tree or ignored there
    pub file: PathBuf,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: String,
    /// The backup
    pub file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    pub plan_only: bool,
    /// Do not ask before writing; opens no gate
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
}
