//! `tenantry sandbox`: the embedded tenants.

use crate::cli::args::SandboxCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::Run;

/// Serves, resets or locates an embedded tenant.
///
/// # Errors
/// See [`Failure`].
pub fn run(command: &SandboxCommand, run: &Run<'_>) -> Result<Exit, Failure> {
    let _ = (command, run);
    Err(Failure::Bug("sandbox".into()))
}
