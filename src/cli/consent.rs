//! The switches that open gates for one run.

use clap::Args;

use crate::pipeline::plan::Consent;

/// What the plan may do though it is dangerous.
#[derive(Args, Clone, Debug)]
pub struct ConsentArgs {
    /// Allow a protected address to be deleted (`*` matches anything); repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub allow_delete: Vec<String>,
    /// Allow so many deletions
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<usize>,
    /// Allow an address to be deleted and created again; repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub allow_replace: Vec<String>,
    /// Allow edits that somebody made in the tenant to be overwritten
    #[arg(long)]
    pub accept_drift: bool,
    /// Allow existing objects to be overwritten though there is no record of an earlier apply
    #[arg(long)]
    pub first_apply: bool,
    /// Allow every object of a kind to be deleted; repeatable
    #[arg(long, value_name = "KIND")]
    pub allow_empty: Vec<String>,
    /// Allow a trigger to lose an action that was never this project's to bind (`*` matches anything); repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub allow_unbind: Vec<String>,
    /// Take over what another project has recorded as its own, or what was there and never ours (`*` matches anything);
    /// repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub take_over: Vec<String>,
    /// Allow files with changes that are not committed
    #[arg(long)]
    pub allow_dirty: bool,
}

impl ConsentArgs {
    /// Returns what was consented to.
    pub fn consent(&self) -> Consent {
        Consent {
            allow_protected: self.allow_delete.clone(),
            max_deletes: self.max_deletes,
            allow_replace: self.allow_replace.clone(),
            allow_dirty: self.allow_dirty,
            accept_drift: self.accept_drift,
            first_apply: self.first_apply,
            allow_empty: self.allow_empty.clone(),
            allow_unbind: self.allow_unbind.clone(),
            take_over: self.take_over.clone(),
        }
    }
}
