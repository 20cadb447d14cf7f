//! One line for each thing that happens during an apply.

use std::time::Duration;

use super::redaction::Redaction;
use super::style::{FAINT, REMOVED, of_action, paint};
use super::value::harmless;
use crate::model::change::Action;
use crate::model::event::Event;

/// Returns the line to show for an event; `None` for what is not worth one.
pub fn line(event: &Event, redaction: &Redaction) -> Option<String> {
    match event {
        Event::Started { .. } | Event::Finished { .. } => None,
        Event::Succeeded { address, action, deployed, took, told, .. } => Some(format!(
            "{} {} {}",
            paint(of_action(*action), result(*action, *deployed, !told.is_empty())),
            harmless(address.as_str()),
            paint(FAINT, format!("({})", seconds(*took)))
        )),
        Event::Failed { failure, .. } => Some(format!(
            "{} {}: {}",
            paint(REMOVED.bold(), "failed"),
            harmless(failure.address.as_str()),
            harmless(&redaction.clean(&failure.message))
        )),
        Event::Skipped { address, because, .. } => Some(format!(
            "{} {}, because of {}",
            paint(FAINT, "skipped"),
            harmless(address.as_str()),
            harmless(because.as_str())
        )),
    }
}

/// Returns what is under way, for a progress bar.
pub fn under_way(event: &Event) -> Option<String> {
    match event {
        Event::Started { address, .. } => Some(harmless(address.as_str())),
        _ => None,
    }
}

/// Returns what a step did; `tells`: it only told people something that they need to go on.
pub fn result(action: Action, deployed: bool, tells: bool) -> &'static str {
    match (deployed, tells) {
        (true, _) => "deployed",
        (_, true) => "begun",
        _ => done(action),
    }
}

/// Returns an action as something that was done.
pub fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Rename => "renamed",
        Action::Nothing => "left",
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
