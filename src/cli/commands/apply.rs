//! `tenantry apply`: the plan, then the question, then the tenant.

use crate::cli::applying::{self, Manner};
use crate::cli::args::ApplyArgs;
use crate::cli::commands::undo;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::Wish;
use crate::cli::run::Run;
use crate::edge::runtime::Runtime;
use crate::model::record::{Doing, RunKind};

/// Plans, shows, asks and applies.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ApplyArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if args.undo {
        return undo::run(args, run);
    }
    applying::may_ask(args.yes, run)?;
    let wish = Wish::read(&args.scope, true, run)?.locked(run)?;
    let connection = wish.connect(run)?;
    let runtime = Runtime::start()?;
    let mut consent = args.consent.consent();
    // Who is asked sees what drifted before saying yes.
    consent.accept_drift |= !args.yes;
    let reading = connection.reading();
    let planning = wish.plan(&reading, consent, run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    if args.resume && planned.journal.open().is_none() {
        return Err(Failure::usage(
            "there is no apply to go on with: the last one ended, or ran on another machine",
            "Apply without `--resume`; `--journal` names the journal of another machine.",
        ));
    }
    if let Some(tag) = &args.tag {
        planned.history.may_tag(tag, &planned.plan.provenance)?;
    }
    planned.show(&args.scope, &args.consent, run, run.settings.json)?;
    let manner = Manner { yes: args.yes, tag: args.tag.as_deref(), doing: Doing::of(RunKind::Apply) };
    applying::carry_out(&mut planned, &connection, &runtime, &manner, run)
}
