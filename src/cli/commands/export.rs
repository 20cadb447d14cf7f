//! `tenantry export`: a tenant as files.

use crate::cli::args::ExportArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::Run;

/// Exports.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ExportArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let _ = (args, run);
    Err(Failure::Bug("export".into()))
}
