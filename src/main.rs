//! Arguments in, exit code out.

use std::process::ExitCode;

use tenantry::cli::{World, run};

fn main() -> ExitCode {
    tenantry::edge::panics::hide_messages();
    ExitCode::from(run(std::env::args_os(), &World::of_process()))
}
