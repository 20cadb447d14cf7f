//! `tenantry plan`: what would change.

use crate::cli::args::PlanArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::{Planned, Wish};
use crate::cli::run::Run;
use crate::edge::runtime::Runtime;
use crate::pipeline::report::json;

/// Plans and shows. It is only ever handed the reading half of the way to the tenant.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PlanArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let wish = Wish::read(&args.scope, false, run)?;
    let api = wish.connect(run)?.only_reading();
    let planning = wish.plan(&api, args.consent.consent(), run);
    let planned = Runtime::start()?.run(api.telling(planning, |pause| run.waits(pause)))?;
    match run.settings.json {
        true => run.answer_json(&json::plan(&planned.plan, &planned.found))?,
        false => planned.show(&args.scope, &args.consent, run, false)?,
    }
    Ok(exit(&planned, args.exit_code))
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
