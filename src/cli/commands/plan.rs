//! `tenantry plan`: what would change.

use std::path::Path;

use crate::cli::args::PlanArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning::Wish;
use crate::cli::project::Look;
use crate::cli::run::Run;
use crate::cli::saved;
use crate::edge::files::{Readers, replace_file};
use crate::edge::runtime::Runtime;
use crate::pipeline::report::{findings, html, json, markdown};

/// What `--markdown` says where it names no file.
const ANSWER: &str = "-";

/// Plans and shows. It is only ever handed the reading half of the way to the tenant.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PlanArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if run.settings.json && args.markdown.as_deref() == Some(Path::new(ANSWER)) {
        return Err(Failure::usage(
            "there is one answer: JSON or Markdown",
            "Give `--markdown=FILE` to have Markdown in a file besides the JSON.",
        ));
    }
    let look = Look { trust_from: args.trust_from.clone(), ..Look::of(&args.scope, false) };
    let wish = Wish::looking(&args.scope, &look, run)?;
    let api = wish.connect(run)?.only_reading();
    let planning = wish.plan(&api, args.consent.consent(), run);
    let planned = Runtime::start()?.run(api.telling(planning, |pause| run.waits(pause)))?;
    let command = planned.command(&args.scope, &args.consent, run);
    let file = |path: &Path, text: String| replace_file(&run.world.folder.join(path), text.as_bytes(), Readers::Anyone);
    if let Some(path) = &args.out {
        saved::write(path, &planned, &args.scope, (args.consent.consent(), None), run)?;
    }
    if let Some(path) = &args.html {
        file(path, html::page(&planned.plan, &planned.found, &command))?;
    }
    let comment = args.markdown.as_ref().map(|path| (path, markdown::plan(&planned.plan, &planned.found, &command)));
    match comment {
        Some((path, text)) if path.as_os_str() != ANSWER => file(path, text)?,
        Some((_, text)) => {
            run.terminal.talk(&findings::text(&planned.found, &planned.sources));
            run.terminal.answer_raw(&text)?;
            return Ok(planned.exit(args.exit_code));
        }
        None => {}
    }
    match run.settings.json {
        true => run.answer_json(&json::plan(&planned.plan, &planned.found))?,
        false => planned.show(&args.scope, &args.consent, run, false)?,
    }
    Ok(planned.exit(args.exit_code))
}
