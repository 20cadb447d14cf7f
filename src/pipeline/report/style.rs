//! The few styles of the screen.

use anstyle::{AnsiColor, Style};

use crate::model::change::Action;
use crate::model::diagnostic::Severity;

pub const ADDED: Style = AnsiColor::Green.on_default();
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
pub const REMOVED: Style = AnsiColor::Red.on_default();
pub const STRONG: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();

/// Returns the text in the style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Returns the style of what an action does.
pub fn of_action(action: Action) -> Style {
    match action {
        Action::Create => ADDED,
        Action::Update | Action::Rename => CHANGED,
        Action::Replace | Action::Delete => REMOVED,
        Action::Nothing => FAINT,
    }
}

/// Returns the style of a finding's first words.
pub fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Error => REMOVED.bold(),
        Severity::Warning => CHANGED.bold(),
        Severity::Note => STRONG,
    }
}

/// Returns `1 thing` or `2 things`.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
