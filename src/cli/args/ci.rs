//! What may be typed after `tenantry ci`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum CiCommand {
    /// Write pipelines for a git host: plan on pull requests, apply, promotion, drift, rollback
    Init(CiInitArgs),
}

#[derive(Args, Debug)]
pub struct CiInitArgs {
    /// The host
    #[arg(value_enum)]
    pub platform: CiPlatform,
    /// The folder to write to [default: the top of the git repository]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The tenants in the order of promotion [default: dev, test, staging, prod, as far as they are there]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub tenants: Vec<String>,
    /// The branch that changes are merged to
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub branch: String,
    /// The command that installs tenantry into the folder that follows it as `--root DIR` [default: cargo install]
    #[arg(long, value_name = "COMMAND")]
    pub install: Option<String>,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CiPlatform {
    Github,
    Gitlab,
    Azure,
    Bitbucket,
}
