//! `tenantry plan`: what would change.

use crate::cli::args::PlanArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::{Planned, Wish, command_line};
use crate::cli::run::Run;
use crate::edge::runtime::Runtime;
use crate::pipeline::report::{findings, json, text};

/// Plans and shows. It is only ever handed the reading half of the way to the tenant.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PlanArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let wish = Wish::read(&args.scope, false, run)?;
    let api = wish.connect(run)?.only_reading();
    let planned = Runtime::start()?.run(wish.plan(&api, args.consent.consent(), run))?;
    show(&planned, args, run)?;
    Ok(exit(&planned, args.exit_code))
}

fn show(planned: &Planned, args: &PlanArgs, run: &Run<'_>) -> Result<(), Failure> {
    if run.settings.json {
        return run.answer_json(&json::plan(&planned.plan, &planned.found));
    }
    run.terminal.talk(&findings::text(&planned.found, &planned.sources));
    let command = command_line(&args.scope, &args.consent, &planned.plan.gates, run);
    Ok(run.terminal.answer(&text::plan(&planned.plan, &command))?)
}

/// A gate that no switch opens ends any plan with its code; the others only where the caller asks for codes.
fn exit(planned: &Planned, asked: bool) -> Exit {
    let plan = &planned.plan;
    let hopeless = plan.gates.iter().any(|gate| gate.switch.is_none());
    if hopeless || (asked && !plan.gates.is_empty()) {
        Exit::Gate
    } else if asked && !plan.is_empty() {
        Exit::Pending
    } else {
        Exit::Done
    }
}
