//! `tenantry init --check-remote`: whether records and locks can be shared through the git remote.

use serde_json::{Value as Json, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::history;
use crate::cli::project::workspace;
use crate::cli::run::Run;
use crate::edge::git;
use crate::edge::records::RecordError;
use crate::edge::remote_probe::{Probed, probe};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::value::harmless;

/// Where records lie if nobody says otherwise.
const USUAL: &str = "refs/tenantry/";
/// Every host lets branches be pushed, below some name at least.
const BRANCHES: &str = "refs/heads/tenantry/";

/// Tries the prefix that the workspace names; if that is refused, one that every host has.
///
/// # Errors
/// If the workspace names no remote and the repository has none, or the remote does not answer.
pub fn run(run: &Run<'_>) -> Result<Exit, Failure> {
    let folder = workspace(run)?;
    let history = history(run)?.unwrap_or_default();
    let Some(remote) = history.remote.clone().or_else(|| git::only_remote(folder)) else {
        if !git::is_repository(folder) {
            return Err(RecordError::NoRepository.into());
        }
        return Err(Failure::usage(
            "no git remote is named",
            "Write `history: { remote: origin }` into tenantry.yaml, with the name of a remote of this repository.",
        ));
    };
    let wanted = history.ref_prefix.clone().unwrap_or_else(|| USUAL.to_owned());
    let mut tried = vec![(wanted.clone(), at(folder, &remote, &wanted)?)];
    if !is_usable(&tried[0].1) && wanted != BRANCHES {
        tried.push((BRANCHES.to_owned(), at(folder, &remote, BRANCHES)?));
    }
    let works = tried.iter().find(|(_, probed)| is_usable(probed)).map(|(prefix, _)| prefix.clone());
    let is_set = history.remote.is_some() && works.as_deref() == Some(&wanted);
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-remote",
            "version": VERSION,
            "remote": remote,
            "prefixes": tried.iter().map(|(prefix, probed)| said(prefix, probed)).collect::<Vec<_>>(),
            "works": works,
            "is_set": is_set,
        }))?;
    } else {
        let mut out: String = tried.iter().map(|(prefix, probed)| line(prefix, probed)).collect();
        out.push_str(&match &works {
            Some(_) if is_set => format!("\nHistory is shared through `{remote}`.\n"),
            Some(prefix) if *prefix == USUAL => {
                format!("\nHistory can be shared through `{remote}`. Write into tenantry.yaml:\n  history: {{ remote: {remote} }}\n")
            }
            Some(prefix) => format!(
                "\nHistory can be shared through `{remote}`, but not where it would be. Write into tenantry.yaml:\n  \
                 history: {{ remote: {remote}, ref_prefix: {prefix} }}\n"
            ),
            None => format!(
                "\nHistory cannot be shared through `{remote}`: ask whoever runs it to let refs below `{wanted}` be pushed, \
                 or set `history.ref_prefix` to what it allows.\n"
            ),
        });
        run.terminal.answer(&harmless_lines(&out))?;
    }
    let is_as_said = works.as_deref() == Some(&wanted);
    Ok(if is_as_said { Exit::Done } else { Exit::Failed })
}

fn at(folder: &std::path::Path, remote: &str, prefix: &str) -> Result<Probed, Failure> {
    Ok(probe(folder, remote, prefix)?)
}

fn is_usable(probed: &Probed) -> bool {
    matches!(probed, Probed::Taken | Probed::Stays { .. })
}

fn line(prefix: &str, probed: &Probed) -> String {
    match probed {
        Probed::Taken => format!("{prefix}: a ref can be made, moved and removed\n"),
        Probed::Stays { reference, reason } => format!(
            "{prefix}: a ref can be made and moved, but not removed ({reason})\n  `{reference}` stays there; locks are let \
             go of in another way\n"
        ),
        Probed::Refused { reason, .. } => format!("{prefix}: refused: {reason}\n"),
        Probed::Busy => format!("{prefix}: somebody else is testing; try again\n"),
    }
}

fn said(prefix: &str, probed: &Probed) -> Json {
    let (result, reason) = match probed {
        Probed::Taken => ("taken", None),
        Probed::Stays { reason, .. } => ("stays", Some(reason)),
        Probed::Refused { reason, .. } => ("refused", Some(reason)),
        Probed::Busy => ("busy", None),
    };
    json!({ "prefix": prefix, "result": result, "reason": reason })
}

/// What a server says may hold anything.
fn harmless_lines(text: &str) -> String {
    text.split_inclusive('\n').map(|line| format!("{}\n", harmless(line.trim_end_matches('\n')))).collect()
}
