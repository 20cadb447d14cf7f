//! Records for people and for programs.

use serde_json::{Value as Json, json};

use super::deltas;
use super::style::{CHANGED, FAINT, REMOVED, STRONG, of_action, paint};
use super::value::harmless;
use crate::catalogue::table::catalogue;
use crate::model::change::{Change, Delta};
use crate::model::path::{FieldPath, Segment};
use crate::model::record::{Header, RecordedChange, RecordedStep, RunKind, RunResult, StepResult, Unfinished};
use crate::model::value::Value;

/// Returns a record's header for programs, with the commit that holds it.
pub fn json(commit: &str, header: &Header) -> Json {
    let mut document = json!(header);
    if let Json::Object(map) = &mut document {
        map.insert("record".to_owned(), json!(commit));
    }
    document
}

/// Returns one line a record, the last one first.
pub fn list(headers: &[&Header]) -> String {
    if headers.is_empty() {
        return "No records yet.\n".to_owned();
    }
    let rows: Vec<[String; 6]> = headers.iter().map(|header| row(header)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 6]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(header: &Header) -> [String; 6] {
    let result = match header.result {
        RunResult::Done => String::new(),
        other => format!(" ({})", other.word()),
    };
    [
        format!("#{}", header.number),
        header.at.clone(),
        header.run.word().to_owned(),
        commit(header),
        harmless(&header.by.name),
        format!("{}{result}", header.told()),
    ]
}

fn commit(header: &Header) -> String {
    let Some(commit) = &header.config.commit else { return "-".to_owned() };
    let short: String = commit.chars().take(7).collect();
    if header.config.dirty { format!("{short}+") } else { short }
}

/// Returns one record in full.
pub fn one(commit: &str, header: &Header) -> String {
    let mut out = format!("{}\n", paint(STRONG, format!("record #{}", header.number)));
    let mut add = |name: &str, value: String| out.push_str(&format!("  {name:<8} {}\n", harmless(&value)));
    add("run", format!("{}, {}", header.run.word(), header.result.word()));
    add("when", header.at.clone());
    let email = header.by.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    let system = header.by.pipeline.as_ref().map(|system| format!(" ({system})")).unwrap_or_default();
    add("who", format!("{}{email}{system}", header.by.name));
    if let Some(other) = &header.by.restarted_by {
        add("again by", other.clone());
    }
    if !header.by.approvers.is_empty() {
        add("approved", header.by.approvers.join(", "));
    }
    if let Some(url) = &header.by.run_url {
        add("pipeline", url.clone());
    }
    if let Some(config) = &header.config.commit {
        let dirty = if header.config.dirty { ", with changes that were not committed" } else { "" };
        add("commit", format!("{config}{dirty}"));
    }
    if header.run == RunKind::Undo {
        match header.from.as_ref().and_then(|from| from.record) {
            Some(first) if first < header.number => add("undoes", format!("record #{first}")),
            Some(_) => add("undoes", "an apply that left no record".to_owned()),
            None => {}
        }
    } else if let Some(from) = &header.from {
        let record = from.record.map(|number| format!(", record #{number}")).unwrap_or_default();
        let asked = from.asked.as_ref().map(|asked| format!(" ({asked})")).unwrap_or_default();
        add("from", format!("{}{record}{asked}", from.tenant));
    }
    for held in &header.holds {
        add("hold", format!("{held} is not applied again until it is released"));
    }
    add("scope", format!("{:?}", header.scope).to_lowercase());
    add("tool", format!("tenantry {}", header.tool));
    add("record", commit.to_owned());
    for gate in &header.gates {
        add("gate", format!("{} was opened: {}", gate.name, gate.reason));
    }
    out.push('\n');
    for before in &header.unfinished {
        out.push_str(&unfinished(before));
    }
    if !header.unfinished.is_empty() {
        out.push_str(if header.changes.is_empty() { "Nothing was left to do.\n" } else { "This run did:\n" });
    }
    for change in &header.changes {
        out.push_str(&entry(change));
    }
    let is_ok = |step: &&RecordedStep| step.result == StepResult::Ok;
    for message in header.steps.iter().filter(is_ok).filter_map(|step| step.message.as_ref()) {
        message.lines().for_each(|line| out.push_str(&format!("{}\n", harmless(line))));
    }
    for step in header.steps.iter().filter(|step| !is_ok(step)) {
        let word = if step.result == StepResult::Failed { "failed:" } else { "skipped:" };
        let message = step.message.as_deref().unwrap_or_default();
        out.push_str(&format!("{} {}: {}\n", paint(REMOVED, word), harmless(step.address.as_str()), harmless(message)));
    }
    out.push_str(&format!("{}.\n", header.told()));
    out
}

/// What a run did that did not end, under a heading that says which one it was.
fn unfinished(before: &Unfinished) -> String {
    let who = if before.by.name.is_empty() { String::new() } else { format!(" of {}", before.by.name) };
    let commit = before.config.commit.as_deref().map_or_else(String::new, |commit| {
        let dirty = if before.config.dirty { ", with changes that were not committed" } else { "" };
        format!(" (commit {}{dirty})", commit.get(..7).unwrap_or(commit))
    });
    let mut out =
        format!("{}\n", harmless(&format!("A run{who} that began at {}{commit} did not end. It did:", before.at)));
    for change in &before.changes {
        out.push_str(&entry(change));
        let mut steps = before.steps.iter().filter(|step| step.address == change.address);
        if steps.any(|step| step.result == StepResult::InDoubt) {
            out.push_str(&format!("    {}\n", paint(CHANGED, "(nothing says whether it was done)")));
        }
    }
    for gate in &before.gates {
        out.push_str(&harmless(&format!("gate {} was opened: {}", gate.name, gate.reason)));
        out.push('\n');
    }
    out
}

fn entry(change: &RecordedChange) -> String {
    let sign = paint(of_action(change.action), change.action.sign());
    let mut out = format!("{sign} {}\n", paint(STRONG, harmless(change.address.as_str())));
    let Some(kind) = catalogue().kind(&change.kind) else {
        out.push_str(&format!("    {}\n", paint(FAINT, "(a kind that this version does not know)")));
        return out;
    };
    let shown = Change {
        address: change.address.clone(),
        kind,
        action: change.action,
        reason: change.reason.clone(),
        deltas: change
            .deltas
            .iter()
            .map(|delta| Delta {
                path: path(&delta.path),
                before: delta.before.clone().map(Value::from_json),
                after: delta.after.clone().map(Value::from_json),
                note: None,
                cause: delta.cause,
            })
            .collect(),
        id: None,
        place: None,
    };
    for line in deltas::lines(&shown) {
        out.push_str(format!("    {line}").trim_end());
        out.push('\n');
    }
    if change.deltas.iter().any(|delta| delta.cause.is_some_and(crate::model::change::Cause::is_drift)) {
        out.push_str(&format!("    {}\n", paint(CHANGED, "(drift was overwritten)")));
    }
    out
}

/// A path as text is shown as it is; only a last item in brackets is told from a field, for its list's heading.
fn path(text: &str) -> FieldPath {
    match text.strip_suffix(']').and_then(|head| head.split_once('[')) {
        Some(("", item)) => FieldPath(vec![Segment::Item(item.to_owned())]),
        Some((list, item)) => FieldPath(vec![Segment::Key(list.to_owned()), Segment::Item(item.to_owned())]),
        None => FieldPath(vec![Segment::Key(text.to_owned())]),
    }
}
