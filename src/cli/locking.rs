//! The lock of a run's tenant, taken before the tenant is read and held until all is recorded: on this machine, and at
//! the git remote where `history.remote` names one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;

use super::failure::Failure;
use super::project::workspace;
use super::run::Run;
use super::settings::Source;
use crate::edge::actor;
use crate::edge::files::WorkTree;
use crate::edge::git_tree::GitTree;
use crate::edge::lock::{Holder, LocalLock};
use crate::edge::records::shared::Shared;
use crate::edge::remote_lock::{RemoteLock, TakeError};
use crate::edge::state::Remembrance;
use crate::model::change::Action;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::model::plan::Plan;
use crate::pipeline::load::native::{self, read_workspace};

/// Whoever holds it is the only run that changes the tenant.
#[derive(Debug)]
pub struct Lock {
    // Let go in this order.
    remote: Option<RemoteLock>,
    _local: LocalLock,
}

impl Lock {
    /// Takes the lock of a tenant, here and at the remote.
    ///
    /// # Errors
    /// If somebody else holds it, or the remote does not answer.
    pub fn take(place: &Remembrance, run: &Run<'_>) -> Result<Self, Failure> {
        let (settings, holder) = (&run.settings, holder(run));
        settings.state.prepare()?;
        let seconds = |number: f64| Duration::try_from_secs_f64(number).unwrap_or_default();
        let (patience, ttl) = (seconds(settings.lock_wait), seconds(settings.lock_ttl));
        let local = LocalLock::take(&settings.state.lock_file(place), &holder, patience)?;
        let remote = match sharing(place, run)? {
            Some(shared) => {
                let _bar = run.terminal.bar(None, "locking the tenant");
                Some(RemoteLock::take(&shared, &holder, local.left_by(), ttl, patience)?)
            }
            None => None,
        };
        Ok(Self { remote, _local: local })
    }

    /// Says whether somebody broke it, or it could not be renewed.
    pub fn is_lost(&self) -> bool {
        self.remote.as_ref().is_some_and(RemoteLock::is_lost)
    }

    /// Tells others what is about to be created, before the first write; the flag is raised if the lock is lost later.
    ///
    /// # Errors
    /// If that cannot be told, or the lock is lost already.
    pub fn intend(&self, plan: &Plan, stopping: &Arc<AtomicBool>) -> Result<(), Failure> {
        let Some(remote) = &self.remote else { return Ok(()) };
        let creates: Vec<_> = plan
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::Create | Action::Replace))
            .map(|step| json!({ "address": step.address, "kind": step.kind.name }))
            .collect();
        let intent = json!({
            "tenant": plan.settings.tenant,
            "domain": plan.settings.domain,
            "project": plan.settings.project,
            "commit": plan.provenance.commit,
            "steps": plan.steps.len(),
            "creates": creates,
        });
        Ok(remote.intend(intent, Arc::clone(stopping))?)
    }
}

impl From<TakeError> for Failure {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Lock(error) => error.into(),
            TakeError::Record(error) => error.into(),
        }
    }
}

/// Describes this run to others.
fn holder(run: &Run<'_>) -> Holder {
    let folder = workspace(run).unwrap_or(&run.world.folder);
    let actor = actor::actor(folder, &run.world.environment);
    Holder::of_process(&actor.name, actor.run_url, &run.command)
}

/// Returns where the records of a tenant are shared. Those of a sandbox never are.
///
/// # Errors
/// If what the workspace names cannot be a remote, or the folder lies in no git repository.
pub fn sharing(place: &Remembrance, run: &Run<'_>) -> Result<Option<Shared>, Failure> {
    let (Remembrance::Domain(domain), Some(history)) = (place, history(run)?) else { return Ok(None) };
    let Some(remote) = history.remote else { return Ok(None) };
    let seen = run.settings.state.seen_file(place);
    Ok(Some(Shared::new(workspace(run)?, domain, &remote, history.ref_prefix.as_deref(), seen)?))
}

/// Returns what the workspace says of its history. Under `--trust-from` a proposal does not say whom git is to ask.
///
/// # Errors
/// If the files cannot be read.
pub fn history(run: &Run<'_>) -> Result<Option<native::History>, Failure> {
    let Source::Workspace(Some(folder)) = &run.settings.source else { return Ok(None) };
    // What is wrong in the file is said where the files are read.
    let (mut texts, mut findings) = (SourceTexts::new(), Diagnostics::default());
    let workspace = match &run.settings.trust_from {
        None => read_workspace(&WorkTree::open(folder)?, &mut texts, &mut findings),
        Some(reference) => {
            let tree = GitTree::open(folder, reference)
                .map_err(|error| Failure::usage(error.to_string(), "`--trust-from` takes a commit that is here."))?;
            read_workspace(&tree, &mut texts, &mut findings)
        }
    };
    Ok(Some(workspace.history))
}
