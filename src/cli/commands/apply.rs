//! `tenantry apply`: the plan, then the question, then the tenant.

use crate::cli::applying::{self, Manner};
use crate::cli::args::{ApplyArgs, ScopeArgs};
use crate::cli::commands::{rollback, undo};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::Wish;
use crate::cli::point;
use crate::cli::project::Look;
use crate::cli::run::Run;
use crate::cli::saved;
use crate::cli::source;
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
    let saved = saved::named(args, run)?;
    let scope = saved.as_ref().map(|saved| saved.scope(run));
    let promotion = saved.as_ref().and_then(|saved| saved.plan.promotion.clone());
    let scope = scope.as_ref().unwrap_or(&args.scope);
    let runtime = Runtime::start()?;
    let at = match &promotion {
        Some(promotion) => {
            let history = rollback::open(&promotion.from.tenant, run).map(|(_, _, history)| history);
            let tree = point::open(&promotion.commit, run)?;
            source::unmoved(promotion, (history, &tree), &runtime, run)?;
            Some(tree)
        }
        None => None,
    };
    let mut wish = Wish::looking(scope, &Look { at, ..Look::of(scope, true) }, run)?.locked(run)?;
    // A saved plan says itself which part of the files it is about.
    let typed = saved.is_some().then(ScopeArgs::default);
    let connection = wish.connect(run)?;
    let mut consent = saved.as_ref().map_or_else(|| args.consent.consent(), |saved| saved.consent(&args.consent));
    if let Some(saved) = &saved {
        saved.fits(&wish.desired.settings, wish.target(run).is_sandbox())?;
    }
    if let Some(saved) = saved {
        wish = wish.opened_by(saved.opening());
        wish.saved = Some(saved);
    }
    // Who is asked sees what drifted before saying yes.
    consent.accept_drift |= !args.yes;
    let reading = connection.reading();
    let planning = wish.plan(&reading, consent, run);
    let mut planned = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
    planned.plan.opened.extend(promotion.as_ref().and_then(source::accepted));
    saved::expect(args.expect.as_deref(), &planned.plan)?;
    if args.resume && planned.journal.open().is_some_and(|journal| journal.beginning.apart) {
        return Err(Failure::usage(
            "what did not end is a restore, and an apply does not go on with it",
            format!(
                "`tenantry restore {} FILE` with the same file goes on; without `--resume` the files are applied as they are.",
                planned.plan.settings.tenant
            ),
        ));
    }
    if args.resume && planned.journal.open().is_none() {
        return Err(Failure::usage(
            "there is no apply to go on with: the last one ended, or ran on another machine",
            "Apply without `--resume`; `--journal` names the journal of another machine.",
        ));
    }
    if let Some(tag) = &args.tag {
        planned.history.may_tag(tag, &planned.plan.provenance)?;
    }
    if let Some(promotion) = &promotion {
        source::introduce(promotion, &planned.plan.settings.tenant, run)?;
    }
    planned.show(typed.as_ref().unwrap_or(&args.scope), &args.consent, run, run.settings.json)?;
    let doing = match promotion {
        Some(promotion) => Doing { from: Some(promotion.from), ..Doing::of(RunKind::Promotion) },
        None => Doing::of(RunKind::Apply),
    };
    let manner = Manner { yes: args.yes, tag: args.tag.as_deref(), verify: args.verify, doing, told: None };
    applying::carry_out(&mut planned, &connection, &runtime, &manner, run)
}
