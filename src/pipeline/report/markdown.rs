//! The plan as a comment on a pull request: at most what GitHub takes, with the numbers first.
//!
//! Everything in it that is not ours is inert; secrets are names, as on the screen. What does not fit is left out, and
//! the comment says how much that was. What deletes or replaces is the last to be left out.

use std::collections::BTreeMap;

use super::style::{ADDED, CHANGED, FAINT, REMOVED, count};
use super::{deltas, findings, gates, inert, text};
use crate::model::change::{Action, Change};
use crate::model::diagnostic::{Diagnostics, Severity};
use crate::model::plan::Plan;

/// A comment on GitHub holds 65,536 characters. These are bytes, which are never fewer, and leave room for a line or two
/// that a pipeline adds.
pub const LIMIT: usize = 65_000;
/// Kept for the note of what was left out.
const RESERVE: usize = 700;
/// The most bytes of what stands before the changes: gates, notes and findings.
const HEAD: usize = 20_000;
/// The longest command that is shown.
const COMMAND: usize = 6_000;
/// The longest address, and the longest line of a difference.
const ADDRESS: usize = 160;
const LINE: usize = 300;
/// Differences with more lines than this are folded.
const OPEN: usize = 12;
/// The most lines of one difference, before the room decides.
const LINES: usize = 400;

/// Returns the plan as Markdown, at most [`LIMIT`] bytes.
///
/// `command` is the apply command of this run without consent switches, for the gates.
pub fn plan(plan: &Plan, found: &Diagnostics, command: &str) -> String {
    let mut out = head(plan);
    let mut left_out = 0;
    for section in [closed(plan, command), notes(plan), warnings(found)].into_iter().flatten() {
        if out.len() + section.len() <= HEAD { out.push_str(&section) } else { left_out += 1 }
    }
    if left_out > 0 {
        out.push_str("\nSome of the notes and findings are too long for a comment; the log of this run has them.\n");
    }
    out.push_str(&changes(&plan.changes, &PLANNED, LIMIT - RESERVE - out.len()));
    out
}

fn head(plan: &Plan) -> String {
    let settings = &plan.settings;
    let place = if plan.sandbox { "sandbox" } else { "live" };
    let mut out = format!(
        "### Plan for {}\n\n{} ({place})\n\n",
        inert::code(&settings.tenant.to_string(), ADDRESS),
        inert::code(&settings.domain.0, ADDRESS)
    );
    let summary = match plan.is_empty() {
        true => "No changes. The tenant matches.".to_owned(),
        false => format!("{}.", text::counts(plan)),
    };
    let left = format!("{} unchanged, {} left alone.", plan.unchanged, count(plan.unmanaged, "unmanaged object"));
    out.push_str(&format!("**{summary}** {left}\n{}{}\n", text::causes(plan), text::requests(plan)));
    if !plan.is_empty() {
        out.push_str(&format!("Fingerprint {}\n", inert::code(&plan.basis.fingerprint, ADDRESS)));
    }
    if let Some(commit) = &plan.provenance.commit {
        let dirty = if plan.provenance.dirty { ", with changes that are not committed" } else { "" };
        out.push_str(&format!("Files of commit {}{dirty}.\n", inert::code(commit.get(..12).unwrap_or(commit), 12)));
    }
    out
}

fn closed(plan: &Plan, command: &str) -> Option<String> {
    if plan.gates.is_empty() {
        return None;
    }
    let gates = gates::together(&plan.gates);
    let mut out = format!("\n#### {} closed\n\n", count(gates.len(), "gate"));
    for gate in &gates {
        let way = match &gate.switch {
            Some(switch) => format!("opens with {}", inert::code(switch, LINE)),
            None => "no switch opens it".to_owned(),
        };
        let reason = inert::prose(&inert::clipped(&gate.reason, 4 * LINE));
        out.push_str(&format!("- **{}**: {reason}; {way}\n", inert::prose(gate.name)));
        for address in gate.addresses.iter().take(gates::LISTED) {
            out.push_str(&format!("  - {}\n", inert::code(address.as_str(), ADDRESS)));
        }
        if gate.addresses.len() > gates::LISTED {
            out.push_str(&format!("  - and {} more\n", gate.addresses.len() - gates::LISTED));
        }
    }
    match gates::opening(&plan.gates, command) {
        Some(words) if words.len() <= COMMAND => {
            out.push_str("\nThis opens exactly these gates:\n\n");
            out.push_str(&inert::fenced("sh", &[words]));
        }
        Some(_) => {
            out.push_str("\nThe command that opens them is too long for a comment; the plan on a terminal has it.\n")
        }
        None => {}
    }
    Some(out)
}

fn notes(plan: &Plan) -> Option<String> {
    let lines: Vec<String> =
        plan.notes.iter().map(|note| format!("- {}\n", inert::prose(&inert::clipped(note, 4 * LINE)))).collect();
    (!lines.is_empty()).then(|| format!("\n#### Notes\n\n{}", lines.concat()))
}

fn warnings(found: &Diagnostics) -> Option<String> {
    let lines: Vec<String> = found
        .0
        .iter()
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            let place = finding
                .place
                .as_ref()
                .map_or_else(String::new, |place| format!(" at {}", inert::code(&place.to_string(), ADDRESS)));
            let summary = inert::prose(&inert::clipped(&finding.summary, 2 * LINE));
            format!("- {severity} ({}){place}: {summary}\n", inert::prose(finding.code))
        })
        .collect();
    let title = inert::prose(&findings::tally(found));
    (!lines.is_empty()).then(|| {
        format!("\n<details><summary>Findings in the files: {title}</summary>\n\n{}\n</details>\n", lines.concat())
    })
}

/// One change with how much of it there is room for.
struct Entry<'p> {
    change: &'p Change,
    title: String,
    lines: Vec<String>,
    /// The text once room was given; none if there was not even room for the title.
    shown: Option<String>,
    /// Lines that were left out.
    cut: usize,
}

impl Entry<'_> {
    fn of<'p>(change: &'p Change, wording: &Wording) -> Entry<'p> {
        let lines: Vec<String> = deltas::lines(change).iter().map(|line| marked(line)).collect();
        let reason = match change.action {
            Action::Create => String::new(),
            Action::Update if !change.deltas.is_empty() => String::new(),
            _ if change.reason.is_empty() => String::new(),
            _ => format!(" ({})", inert::prose(&inert::clipped(&change.reason, LINE))),
        };
        let address = inert::code(change.address.as_str(), ADDRESS);
        let title = format!("{} {address}{reason}", (wording.word)(change.action));
        Entry { change, title, lines, shown: None, cut: 0 }
    }

    fn bare(&self) -> String {
        format!("\n{}\n", self.title)
    }

    /// Returns the entry with so many of its lines.
    fn with(&self, most: usize) -> (String, usize) {
        if self.lines.is_empty() || most == 0 {
            return (self.bare(), self.lines.len());
        }
        let cut = self.lines.len().saturating_sub(most);
        let mut block = inert::fenced("diff", &self.lines[..self.lines.len() - cut]);
        if cut > 0 {
            block.push_str(&format!("\n{} left out.\n", count(cut, "more line")));
        }
        if self.lines.len() <= OPEN {
            return (format!("\n{}\n\n{block}", self.title), cut);
        }
        let size = count(self.lines.len(), "line");
        (format!("\n<details><summary>{}, {size}</summary>\n\n{block}\n</details>\n", self.title), cut)
    }
}

/// How changes are spoken of.
struct Wording {
    /// In headings, behind a number.
    counted: [(Action, &'static str); 5],
    /// In front of an address.
    word: fn(Action) -> &'static str,
    /// The command that shows all of it.
    command: &'static str,
}

const PLANNED: Wording = Wording {
    counted: [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Rename, "to rename"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
    ],
    word,
    command: "tenantry plan",
};

const COMPARED: Wording = Wording {
    counted: [
        (Action::Create, "only in the second"),
        (Action::Update, "different"),
        (Action::Rename, "renamed"),
        (Action::Replace, "replaced"),
        (Action::Delete, "only in the first"),
    ],
    word: |action| match action {
        Action::Create => "only in the second:",
        Action::Delete => "only in the first:",
        _ => "differs:",
    },
    command: "tenantry diff",
};

/// Returns a comparison as Markdown, at most [`LIMIT`] bytes. `note` says what was not compared.
pub fn comparison(first: &str, second: &str, summary: &str, note: &str, all: &[Change]) -> String {
    let mut out = format!("### {} and {}\n\n", inert::code(first, ADDRESS), inert::code(second, ADDRESS));
    out.push_str(&format!("**{}** {}\n", inert::prose(summary), inert::prose(&inert::clipped(note, HEAD / 2))));
    out.push_str(&changes(all, &COMPARED, LIMIT - RESERVE - out.len()));
    out
}

fn changes(all: &[Change], wording: &Wording, room: usize) -> String {
    let mut entries: Vec<Entry<'_>> =
        all.iter().filter(|change| change.action != Action::Nothing).map(|change| Entry::of(change, wording)).collect();
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, entry) in entries.iter().enumerate() {
        kinds.entry(entry.change.kind.name.as_str()).or_default().push(position);
    }
    let headings: BTreeMap<&str, String> =
        kinds.iter().map(|(name, members)| (*name, heading(members, &entries, wording))).collect();
    let mut room = room.saturating_sub(headings.values().map(String::len).sum());
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|position| !matches!(entries[*position].change.action, Action::Delete | Action::Replace));
    // First a line for each, then their differences, as far as the room goes.
    for position in &order {
        let bare = entries[*position].bare();
        if bare.len() <= room {
            room -= bare.len();
            entries[*position].cut = entries[*position].lines.len();
            entries[*position].shown = Some(bare);
        }
    }
    for position in order {
        let entry = &mut entries[position];
        let Some(bare) = &entry.shown else { continue };
        let room_here = room + bare.len();
        let mut most = entry.lines.len().min(LINES);
        while most > 0 {
            let (text, cut) = entry.with(most);
            if text.len() <= room_here {
                room = room_here - text.len();
                (entry.shown, entry.cut) = (Some(text), cut);
                break;
            }
            most /= 2;
        }
    }
    let mut out = String::new();
    for (name, members) in &kinds {
        let shown: Vec<&str> = members.iter().filter_map(|member| entries[*member].shown.as_deref()).collect();
        if !shown.is_empty() {
            out.push_str(&headings[name]);
            out.push_str(&shown.concat());
        }
    }
    out.push_str(&left_out(&entries, wording.command));
    out
}

fn heading(members: &[usize], entries: &[Entry<'_>], wording: &Wording) -> String {
    let number = |action| members.iter().filter(|member| entries[**member].change.action == action).count();
    let counts: Vec<String> = wording
        .counted
        .iter()
        .filter(|(action, _)| number(*action) > 0)
        .map(|(action, word)| format!("{} {word}", number(*action)))
        .collect();
    let title = members.first().map_or("", |member| entries[*member].change.kind.title.as_str());
    format!("\n#### {}: {}\n", inert::prose(title), counts.join(", "))
}

fn left_out(entries: &[Entry<'_>], command: &str) -> String {
    let hidden = entries.iter().filter(|entry| entry.shown.is_none()).count();
    let shortened = entries.iter().filter(|entry| entry.shown.is_some() && entry.cut > 0);
    let (number, lines) = shortened.fold((0, 0), |(number, lines), entry| (number + 1, lines + entry.cut));
    let mut words = Vec::new();
    if number > 0 {
        words.push(format!("{} of {}", count(lines, "line"), count(number, "change")));
    }
    if hidden > 0 {
        words.push(format!("{} of {} altogether", count(hidden, "change"), entries.len()));
    }
    if words.is_empty() {
        return String::new();
    }
    format!(
        "\n---\n\n**Left out, because a comment holds no more: {}.** `{command}` shows all of it.\n",
        words.join(", and ")
    )
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Rename => "rename",
        Action::Replace => "<b>replace</b>",
        Action::Delete => "<b>delete</b>",
        Action::Nothing => "keep",
    }
}

/// Returns a line of the screen as one of a `diff` block: the sign goes to the front. It is known by its style, which
/// data cannot have, so that no text can pass for a sign.
fn marked(line: &str) -> String {
    let inner = line.trim_start();
    let starts = |style: anstyle::Style| inner.starts_with(&style.render().to_string());
    let plain = anstream::adapter::strip_str(line).to_string();
    let (indent, rest) = plain.split_at(plain.len() - plain.trim_start().len());
    let without = |sign: char| rest.strip_prefix(sign).unwrap_or(rest);
    let marked = if starts(ADDED) {
        format!("+{indent}{}", without('+'))
    } else if starts(REMOVED) {
        format!("-{indent}{}", without('-'))
    } else if starts(CHANGED) {
        format!("!{indent}{}", without('~'))
    } else if starts(FAINT) && rest.starts_with("@@") {
        rest.to_owned()
    } else {
        format!(" {plain}")
    };
    inert::clipped(marked.trim_end(), LINE)
}
