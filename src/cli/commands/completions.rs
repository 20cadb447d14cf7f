//! `tenantry completions`: a shell's completion script.

use crate::cli::args::CompletionsArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::flags::command_line;
use crate::cli::run::Run;

/// Prints the script.
///
/// # Errors
/// If stdout takes no more.
pub fn run(args: &CompletionsArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line(), "tenantry", &mut script);
    run.terminal.answer_raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
