//! What a check of records has found, for people.

use super::style::{FAINT, REMOVED, STRONG, count, paint};
use super::value::harmless;

/// One thing that is wrong: the record's number, the commit that holds it, what.
pub type Wrong<'a> = (Option<u64>, Option<&'a str>, &'a str);

/// Returns the lines of what is wrong and the last line.
pub fn text(records: usize, notes: &[String], wrong: &[Wrong<'_>]) -> String {
    let mut out = String::new();
    for (number, commit, what) in wrong {
        let number = number.map(|number| format!("record #{number}")).unwrap_or_default();
        let commit = commit.map(|commit| commit.get(..10).unwrap_or(commit)).unwrap_or_default();
        let of = match (number.is_empty(), commit.is_empty()) {
            (false, false) => format!("{number} ({commit}): "),
            (true, false) => format!("record {commit}: "),
            _ => String::new(),
        };
        out.push_str(&format!("{} {}\n", paint(REMOVED, "fault:"), harmless(&format!("{of}{what}"))));
    }
    for note in notes {
        out.push_str(&format!("{}\n", paint(FAINT, format!("note: {}", harmless(note)))));
    }
    let words = match wrong.len() {
        0 => "No fault found".to_owned(),
        many => format!("{} found", count(many, "fault")),
    };
    out.push_str(&format!("{} in {}.\n", paint(STRONG, words), count(records, "record")));
    out
}
