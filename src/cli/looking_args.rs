//! What may be typed after the commands that look at tenants and records: clap's structs and nothing else.

use clap::Args;

use super::args::PaceArgs;

#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// The tenant, as its file in tenants/ is called
    pub tenant: Option<String>,
    /// The record to show: its number, or `last`
    #[arg(value_name = "N", conflicts_with_all = ["address", "since", "csv", "verify"])]
    pub record: Option<String>,
    /// Only records that changed this address (`*` matches anything)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "verify")]
    pub address: Option<String>,
    /// Only records since then: `2026-01-31`, `2026-01-31T12:00:00Z`, or so long ago: `30d`, `12h`
    #[arg(long, value_name = "DATE|DURATION", conflicts_with = "verify")]
    pub since: Option<String>,
    /// Every tenant of the workspace
    #[arg(long, conflicts_with_all = ["tenant", "record"])]
    pub all: bool,
    /// Answer in CSV, for spreadsheets: a row for each address that a run changed, one for a run that changed none
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Check that the records are whole: each follows on the one before, is as it was written, and is at the git remote
    #[arg(long, conflicts_with = "csv")]
    pub verify: bool,
}

#[derive(Args, Debug)]
pub struct DriftArgs {
    /// The tenant, as its file in tenants/ is called
    #[arg(required_unless_present = "all")]
    pub tenant: Option<String>,
    /// Every tenant of the workspace
    #[arg(long, conflicts_with = "tenant")]
    pub all: bool,
    /// List what others have made of the kinds that are managed since the last record
    #[arg(long)]
    pub unmanaged: bool,
    /// Say who moved it and when, by the tenant's own log (the scope read:logs)
    #[arg(long)]
    pub who: bool,
    #[command(flatten)]
    pub pace: PaceArgs,
}

/// How the two sides of a comparison are named.
pub const DIFF: &str = "Compare any two, by identity, ids mapped to names:

  dev         the live tenant
  dev@last    what is ours in it, as its last record says
  dev@2       the same, as record #2 says
  dev@.       the files here, rendered for it
  dev@v1.0    the files of a tag, a branch or a commit, rendered for it

What is declared, in files or in a record, says nothing of what it leaves out: against a live tenant only what is
declared is compared.";

#[derive(Args, Debug)]
pub struct DiffArgs {
    /// TENANT, TENANT@RECORD, TENANT@. or TENANT@COMMIT
    #[arg(value_name = "A")]
    pub first: String,
    /// The same
    #[arg(value_name = "B")]
    pub second: String,
    /// Exit with 2 if they differ
    #[arg(long)]
    pub exit_code: bool,
    /// Answer in Markdown that fits into a comment on a pull request
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    #[command(flatten)]
    pub pace: PaceArgs,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Read the tenants too, and say whether they have drifted
    #[arg(long)]
    pub drift: bool,
    #[command(flatten)]
    pub pace: PaceArgs,
}
