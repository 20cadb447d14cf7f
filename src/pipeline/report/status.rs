//! All tenants in one table.

use serde_json::{Value as Json, json};

use super::style::{CHANGED, REMOVED, STRONG, paint};
use super::value::harmless;
use crate::model::record::{Header, RunResult, RunScope};

/// One tenant.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub tenant: String,
    pub domain: String,
    pub sandbox: bool,
    /// The last apply.
    pub applied: Option<Header>,
    /// Tags of the commit that was applied.
    pub tags: Vec<String>,
    /// How many commits there are since; `None` if git cannot say.
    pub behind: Option<usize>,
    /// How many resources have moved, or why that is not known; `None` if nobody asked or nothing was applied.
    pub drift: Option<Result<usize, String>>,
    /// What is to be said of an apply that did not end.
    pub unfinished: Option<String>,
    /// Commits that were rolled back and are not applied again.
    pub holds: Vec<String>,
    /// Why nothing is known of the tenant.
    pub failure: Option<String>,
}

/// The most letters of a tag or a name; programs get them whole.
const WIDTH: usize = 16;

const HEADINGS: [&str; 7] = ["TENANT", "COMMIT", "TAG", "WHEN (UTC)", "BY", "BEHIND", "DRIFT"];

/// Returns the table.
pub fn text(rows: &[Row]) -> String {
    let with_drift = rows.iter().any(|row| row.drift.is_some());
    let width = if with_drift { HEADINGS.len() } else { HEADINGS.len() - 1 };
    let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
    let headings = HEADINGS.map(str::to_owned);
    let widths: Vec<usize> = (0..width)
        .map(|column| {
            let of = |row: &[String; 7]| row[column].chars().count();
            cells.iter().chain([&headings]).map(of).max().unwrap_or_default()
        })
        .collect();
    let line = |row: &[String; 7]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = format!("{}\n", paint(STRONG, line(&headings)));
    for (row, cells) in rows.iter().zip(&cells) {
        let style = match &row.drift {
            _ if row.failure.is_some() => Some(REMOVED),
            Some(Ok(0)) | None => None,
            Some(_) => Some(CHANGED),
        };
        let line = line(cells);
        out.push_str(&style.map_or_else(|| line.clone(), |style| paint(style, &line)));
        out.push('\n');
    }
    for row in rows {
        let unknown = row.drift.as_ref().and_then(|drift| drift.as_ref().err());
        if let Some(why) = row.failure.as_ref().or(unknown) {
            out.push_str(&harmless(&format!("{}: {why}", row.tenant)));
            out.push('\n');
        }
        if let Some(unfinished) = &row.unfinished {
            out.push_str(&paint(CHANGED, harmless(&format!("{}: {unfinished}", row.tenant))));
            out.push('\n');
        }
        if !row.holds.is_empty() {
            let held: Vec<&str> = row.holds.iter().map(|commit| commit.get(..7).unwrap_or(commit)).collect();
            let text = format!(
                "{0}: {1} was rolled back, and what contains it is not applied; `tenantry release-hold {0}` lets it be applied again",
                row.tenant,
                held.join(", ")
            );
            out.push_str(&paint(CHANGED, harmless(&text)));
            out.push('\n');
        }
    }
    out
}

fn cells(row: &Row) -> [String; 7] {
    let none = || "-".to_owned();
    let drift = match &row.drift {
        None => none(),
        Some(Ok(0)) => "none".to_owned(),
        Some(Ok(many)) => format!("{many} moved"),
        Some(Err(_)) => "unknown".to_owned(),
    };
    let Some(header) = &row.applied else {
        let word = if row.failure.is_some() { "unknown" } else { "never" };
        return [harmless(&row.tenant), word.to_owned(), none(), none(), none(), none(), drift];
    };
    let tags = match (row.tags.last(), row.tags.len()) {
        (None, _) => none(),
        (Some(tag), 1) => short(tag),
        (Some(tag), many) => format!("{} +{}", short(tag), many - 1),
    };
    let when = header.at.get(..16).unwrap_or(&header.at).replace('T', " ");
    let behind = row.behind.map_or_else(|| "?".to_owned(), |behind| behind.to_string());
    [harmless(&row.tenant), commit(header), tags, when, short(&header.by.name), behind, drift]
}

/// A name, cut off where it would push the other columns off a terminal.
fn short(name: &str) -> String {
    match name.chars().count() > WIDTH {
        true => format!("{}…", harmless(&name.chars().take(WIDTH - 1).collect::<String>())),
        false => harmless(name),
    }
}

/// The commit in a few letters, with what keeps the tenant from being just that.
fn commit(header: &Header) -> String {
    let short = header.config.commit.as_deref().map_or("-", |commit| commit.get(..7).unwrap_or(commit));
    let mut words = short.to_owned();
    if header.config.dirty {
        words.push('+');
    }
    match (header.result, header.scope) {
        (RunResult::Failed, _) => words.push_str(" (failed)"),
        (RunResult::Partial, _) => words.push_str(" (in part)"),
        (_, RunScope::Targeted) => words.push_str(" (targeted)"),
        (_, RunScope::Partial) => words.push_str(" (not all)"),
        _ => {}
    }
    words
}

/// Returns one tenant for programs.
pub fn json(row: &Row) -> Json {
    let applied = row.applied.as_ref().map(|header| {
        json!({
            "record": header.number, "run": header.run, "commit": header.config.commit, "dirty": header.config.dirty,
            "scope": header.scope, "result": header.result, "at": header.at, "by": header.by,
        })
    });
    let mut document = json!({
        "tenant": row.tenant, "domain": row.domain, "sandbox": row.sandbox, "applied": applied, "tags": row.tags,
        "behind": row.behind, "unfinished": row.unfinished, "holds": row.holds, "failure": row.failure,
    });
    match &row.drift {
        Some(Ok(many)) => document["drift"] = json!({ "moved": many }),
        Some(Err(why)) => document["drift"] = json!({ "unknown": why }),
        None => {}
    }
    document
}
