//! `tenantry kinds`: what the catalogue knows.

use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;
use crate::cli::args::KindsArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::Run;
use crate::model::diagnostic::nearest;
use crate::pipeline::example::example;
use crate::pipeline::report::{kinds, reference_page};

/// Shows all kinds as a table, or one in full.
///
/// # Errors
/// If there is no such kind.
pub fn run(args: &KindsArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if args.markdown {
        run.terminal.answer(&reference_page::markdown())?;
        return Ok(Exit::Done);
    }
    if args.excepted {
        match run.settings.json {
            true => run.answer_json(&kinds::json(&[], true))?,
            false => run.terminal.answer(&kinds::not_managed(run.terminal.width()))?,
        }
        return Ok(Exit::Done);
    }
    if let Some(name) = &args.kind
        && catalogue().kind(name).is_none()
        && let Some(meant) = kinds::excepted(name)
    {
        if args.example {
            return Err(Failure::usage(
                format!("`{name}` is not managed, so there is no example"),
                meant.text().trim(),
            ));
        }
        match run.settings.json {
            true => run.answer_json(&meant.json())?,
            false => run.terminal.answer(&meant.text())?,
        }
        return Ok(Exit::Done);
    }
    let chosen: Vec<&'static Kind> = match &args.kind {
        Some(name) => vec![catalogue().kind(name).ok_or_else(|| unknown(name))?],
        None => catalogue().kinds().collect(),
    };
    if let (true, Some(kind)) = (args.example, chosen.first()) {
        let text = example(kind).map_err(|error| Failure::Bug(error.to_string()))?;
        run.terminal.answer(&text)?;
    } else if run.settings.json {
        run.answer_json(&kinds::json(&chosen, args.kind.is_none()))?;
    } else {
        let text = match (&args.kind, chosen.first()) {
            (Some(_), Some(kind)) => kinds::page(kind, run.terminal.width()),
            _ => format!("{}{}", kinds::table(&chosen), kinds::closing(chosen.len())),
        };
        run.terminal.answer(&text)?;
    }
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Failure {
    let help = match nearest(name, catalogue().kinds().map(|kind| kind.name.as_str())) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "`tenantry kinds` lists them all.".to_owned(),
    };
    Failure::usage(format!("there is no kind `{name}`"), help)
}
