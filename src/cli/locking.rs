//! The lock of a run's tenant, taken before the tenant is read and held until all is recorded: on this machine, and at
//! the git remote where `history.remote` names one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;

use super::failure::Failure;
use super::point;
use super::project::workspace;
use super::run::Run;
use super::settings::Source;
use crate::edge::actor;
use crate::edge::clock::Clock;
use crate::edge::files::WorkTree;
use crate::edge::lock::{Holder, LocalLock, LockError};
use crate::edge::records::shared::Shared;
use crate::edge::remote_lock::{RemoteLock, TakeError};
use crate::edge::state::Remembrance;
use crate::model::change::Action;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::model::plan::Plan;
use crate::pipeline::apply::Clock as _;
use crate::pipeline::load::native::{self, read_workspace};
use crate::pipeline::report::value::harmless;

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
    pub fn take(tenant: &TenantName, place: &Remembrance, run: &Run<'_>) -> Result<Self, Failure> {
        let (settings, holder) = (&run.settings, holder(run));
        settings.state.prepare()?;
        let (patience, ttl) = (seconds(settings.lock_wait), seconds(settings.lock_ttl));
        let start = Clock.elapsed();
        let mut waits = |by: &Holder| {
            let text = format!("waiting up to {} s: `{tenant}` is locked by {by}", patience.as_secs_f64().ceil());
            run.terminal.talk(&format!("{}\n", harmless(&text)));
        };
        let local = LocalLock::take(&settings.state.lock_file(place), &holder, patience, &mut waits)
            .map_err(|error| held(error, tenant, None))?;
        let remote = match sharing(place, run)? {
            Some(shared) => {
                let _bar = run.terminal.bar(None, "locking the tenant");
                let times = (ttl, patience.saturating_sub(Clock.elapsed().saturating_sub(start)));
                let taken = RemoteLock::take(&shared, &holder, local.left_by(), times, &mut waits);
                Some(taken.map_err(|error| match error {
                    TakeError::Lock(error) => held(error, tenant, Some(ttl)),
                    TakeError::Record(error) => error.into(),
                })?)
            }
            None => None,
        };
        Ok(Self { remote, _local: local })
    }

    /// Makes sure that no run of this machine holds the lock.
    ///
    /// # Errors
    /// If one does.
    pub fn take_here(tenant: &TenantName, place: &Remembrance, run: &Run<'_>) -> Result<LocalLock, Failure> {
        run.settings.state.prepare()?;
        let file = run.settings.state.lock_file(place);
        let taken = LocalLock::take(&file, &Holder::default(), Duration::ZERO, &mut |_| {});
        taken.map_err(|error| held(error, tenant, None))
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

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// Says whose lock it is: of a run on this machine, or of one anywhere, whose lock is nobody's after `ttl`.
fn held(error: LockError, tenant: &TenantName, ttl: Option<Duration>) -> Failure {
    match error {
        LockError::Held(by) => Failure::Locked { tenant: tenant.clone(), by, ttl },
        error @ LockError::File { .. } => error.into(),
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
        Some(reference) => read_workspace(&*point::trusted(reference, run)?, &mut texts, &mut findings),
    };
    Ok(Some(workspace.history))
}
