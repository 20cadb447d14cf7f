//! A comparison of two states, for people and for programs.

use serde_json::{Value as Json, json};

use super::drift::entry;
use super::style::{FAINT, STRONG, count, paint};
use super::value::harmless;
use super::{json as values, markdown};
use crate::model::change::Action;
use crate::pipeline::comparison::Compared;

/// Returns the screen.
pub fn text(first: &str, second: &str, compared: &Compared) -> String {
    let head = paint(STRONG, harmless(&format!("{first} -> {second}")));
    let entries: String = compared.changes.iter().map(|change| format!("{}\n", entry(change))).collect();
    let note = note(compared);
    let note = if note.is_empty() { note } else { format!("{}\n", paint(FAINT, harmless(&note))) };
    format!("{head}\n\n{entries}{}\n{note}", paint(STRONG, summary(compared)))
}

/// Returns the comment.
pub fn markdown(first: &str, second: &str, compared: &Compared) -> String {
    markdown::comparison(first, second, &summary(compared), &note(compared), &compared.changes)
}

/// Returns `1 only in the first, 2 only in the second, 3 different; 4 the same.`
fn summary(compared: &Compared) -> String {
    let number = |action| compared.changes.iter().filter(|change| change.action == action).count();
    if compared.changes.is_empty() {
        return format!("No differences; {} the same.", compared.same);
    }
    format!(
        "{} only in the first, {} only in the second, {} different; {} the same.",
        number(Action::Delete),
        number(Action::Create),
        number(Action::Update),
        compared.same
    )
}

/// Says what was not compared.
fn note(compared: &Compared) -> String {
    let mut words = Vec::new();
    if compared.foreign > 0 {
        words.push(format!(
            "{} not looked at, since the other side says nothing of it.",
            count(compared.foreign, "object")
        ));
    }
    if !compared.unseen.is_empty() {
        words.push(format!("{} could not be compared.", count(compared.unseen.len(), "secret")));
    }
    words.extend(compared.unread.iter().map(|reason| format!("Not compared: {reason}.")));
    words.join(" ")
}

/// Returns it for programs.
pub fn json(first: &str, second: &str, compared: &Compared) -> Json {
    json!({
        "format": "tenantry-diff",
        "version": values::VERSION,
        "first": first,
        "second": second,
        "changes": compared.changes.iter().map(values::change).collect::<Vec<_>>(),
        "same": compared.same,
        "unmanaged": compared.foreign,
        "unread": compared.unread,
        "not_compared": compared.unseen,
    })
}
