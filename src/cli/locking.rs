//! The lock of a run's tenant, taken before the tenant is read and held until all is recorded.

use std::time::Duration;

use super::failure::Failure;
use super::project::workspace;
use super::run::Run;
use crate::edge::lock::{Holder, LocalLock};
use crate::edge::records;
use crate::edge::state::Remembrance;

/// Whoever holds it is the only run that changes the tenant.
#[derive(Debug)]
pub struct Lock {
    _local: LocalLock,
}

impl Lock {
    /// Takes the lock of a tenant.
    ///
    /// # Errors
    /// If somebody else holds it.
    pub fn take(place: &Remembrance, run: &Run<'_>) -> Result<Self, Failure> {
        let state = &run.settings.state;
        state.prepare()?;
        let patience = Duration::try_from_secs_f64(run.settings.lock_wait).unwrap_or_default();
        let local = LocalLock::take(&state.lock_file(place), &holder(run), patience)?;
        Ok(Self { _local: local })
    }
}

/// Describes this run to others.
fn holder(run: &Run<'_>) -> Holder {
    let folder = workspace(run).unwrap_or(&run.world.folder);
    let actor = records::actor(folder, &run.world.environment);
    Holder::of_process(&actor.name, actor.run_url, &run.command)
}
