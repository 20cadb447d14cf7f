//! Findings with the offending line, sorted, without repetitions, and counted.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde_json::{Value as Json, json};

use super::json::place as place_json;
use super::style::{STRONG, count, paint};
use super::value::harmless;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::document::{Place, SourceTexts};

/// Findings whose line is never quoted, because what is wrong with it is that a secret stands there.
const UNQUOTED: [&str; 1] = ["literal-secret"];
/// The widest piece of a source line that is quoted.
const QUOTED: usize = 160;

/// Orders findings by place and drops repetitions, such as those of a template that several tenants share.
pub fn tidy(found: &mut Diagnostics) {
    found.sort();
    let mut seen = std::collections::BTreeSet::new();
    found.0.retain(|d| {
        seen.insert((d.code, d.summary.clone(), d.place.clone(), d.address.as_ref().map(ToString::to_string)))
    });
}

/// Returns all findings as text with the count as last line; empty if there are none.
pub fn text(found: &Diagnostics, sources: &SourceTexts) -> String {
    let mut out = String::new();
    for diagnostic in &found.0 {
        out.push_str(&block(diagnostic, sources));
        out.push_str("\n\n");
    }
    if !found.0.is_empty() {
        out.push_str(&tally(found));
        out.push('\n');
    }
    out
}

/// Returns `3 errors, 1 warning`.
pub fn tally(found: &Diagnostics) -> String {
    let number = |severity| found.0.iter().filter(|d| d.severity == severity).count();
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let words: Vec<String> = counts
        .into_iter()
        .map(|(severity, word)| (number(severity), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| count(number, word))
        .collect();
    if words.is_empty() { "no findings".to_owned() } else { words.join(", ") }
}

/// Returns the findings for programs.
pub fn json(found: &Diagnostics) -> Vec<Json> {
    found
        .0
        .iter()
        .map(|d| {
            json!({
                "severity": d.severity,
                "code": d.code,
                "summary": d.summary,
                "place": d.place.as_ref().map(place_json),
                "address": d.address,
                "help": d.help,
            })
        })
        .collect()
}

fn block(diagnostic: &Diagnostic, sources: &SourceTexts) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let summary = match (&diagnostic.address, &diagnostic.place) {
        (Some(address), None) => format!("{address}: {}", diagnostic.summary),
        _ => diagnostic.summary.clone(),
    };
    let mut group =
        level.primary_title(harmless(&summary)).id(diagnostic.code).elements(std::iter::empty::<Origin<'_>>());
    if let Some(place) = &diagnostic.place {
        let origin =
            || Origin::path(harmless(&place.file)).line(place.line as usize).char_column(place.column as usize);
        let quote = quoted(place, sources).filter(|_| !UNQUOTED.contains(&diagnostic.code));
        group = match quote {
            Some(Quote::Whole { line, column }) => {
                let start: usize = line.chars().take(column).map(char::len_utf8).sum();
                let end = start + word_length(&line[start..]);
                let snippet = Snippet::source(line).path(harmless(&place.file)).line_start(place.line as usize);
                group.element(snippet.fold(false).annotation(AnnotationKind::Primary.span(start..end)))
            }
            Some(Quote::Piece(piece)) => {
                group.element(origin()).element(Level::NOTE.message(format!("the line reads … {piece} …")))
            }
            None => group.element(origin()),
        };
    }
    let help = diagnostic.help.as_ref().map(|help| help.lines().map(harmless).collect::<Vec<_>>().join("\n"));
    if diagnostic.place.is_none() {
        let help = help.map(|help| format!("\n  = {}: {help}", paint(STRONG, "help"))).unwrap_or_default();
        return format!("{}{help}", Renderer::styled().render(&[group]));
    }
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    Renderer::styled().render(&[group])
}

/// What can be shown of a source line.
enum Quote {
    /// The line, and the column in it, counted in characters from 0.
    Whole { line: String, column: usize },
    /// What stands around the column of a line too long to show.
    Piece(String),
}

fn quoted(place: &Place, sources: &SourceTexts) -> Option<Quote> {
    let line = sources.get(&place.file)?.lines().nth((place.line as usize).checked_sub(1)?)?;
    let column = (place.column as usize).checked_sub(1)?;
    // No need to count a line of megabytes to its end.
    if line.chars().nth(QUOTED).is_none() {
        let line: String = line.chars().map(visible).collect();
        let line = line.trim_end().to_owned();
        return (column < line.chars().count()).then_some(Quote::Whole { line, column });
    }
    let piece: String = line.chars().skip(column.saturating_sub(QUOTED / 4)).take(QUOTED / 2).map(visible).collect();
    (!piece.trim().is_empty()).then(|| Quote::Piece(piece.trim().to_owned()))
}

/// One character stays one character, so that columns stay true.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if harmless(c.encode_utf8(&mut [0; 4])).chars().count() == 1 => c,
        _ => '\u{fffd}',
    }
}

/// Returns the bytes of the first word, which is what gets underlined; at least one character, if there is one.
fn word_length(rest: &str) -> usize {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = match quote {
        Some(quote) => rest[1..].find(quote).map_or(1, |end| end + 2),
        None => rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | ']' | '}')).unwrap_or(rest.len()),
    };
    length.max(rest.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> SourceTexts {
        SourceTexts::from([("templates/a.yaml".into(), text.into())])
    }

    fn place(line: u32, column: u32) -> Place {
        Place { file: "templates/a.yaml".into(), line, column }
    }

    fn shown(diagnostic: Diagnostic, source: &str) -> String {
        let text = text(&Diagnostics(vec![diagnostic]), &sources(source));
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn a_finding_shows_file_line_column_and_the_line() {
        let found =
            Diagnostic::error("unknown-field", "no field `colour`").at(&place(2, 5)).help("Did you mean `color`?");
        insta::assert_snapshot!(shown(found, "things:\n  - colour: red\n"), @r"
        error[unknown-field]: no field `colour`
         --> templates/a.yaml:2:5
          |
        2 |   - colour: red
          |     ^^^^^^
          |
          = help: Did you mean `color`?

        1 error
        ");
    }

    #[test]
    fn a_finding_without_a_place_stands_alone_and_a_secret_is_not_quoted() {
        let found = Diagnostic::error("unknown-tenant", "there is no tenant `dve`").help("Did you mean `dev`?");
        assert_eq!(
            shown(found, ""),
            "error[unknown-tenant]: there is no tenant `dve`\n  = help: Did you mean `dev`?\n\n1 error\n"
        );
        let found = Diagnostic::error("literal-secret", "a secret stands here").at(&place(1, 6)).help("Do not.");
        let text = shown(found, "key: hunter2\n");
        assert!(text.contains("templates/a.yaml:1:6") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn places_outside_the_text_and_wild_text_do_no_harm() {
        for (line, column) in [(0, 0), (1, 1), (1, 900), (2, 3), (9, 9)] {
            let found = Diagnostic::error("x", "y\u{1b}[2J").at(&place(line, column));
            let text = shown(found, &format!("\u{1b}[31mä\tö{}\n\u{202e}", "z".repeat(100_000)));
            assert!(!text.contains('\u{1b}') && text.len() < 1500, "{text}");
        }
    }

    #[test]
    fn findings_are_sorted_counted_and_said_once() {
        let mut found = Diagnostics(vec![
            Diagnostic::warning("b", "two").at(&place(3, 1)),
            Diagnostic::error("a", "one").at(&place(1, 1)),
            Diagnostic::warning("b", "two").at(&place(3, 1)),
        ]);
        tidy(&mut found);
        assert_eq!(found.0[0].code, "a");
        assert_eq!(tally(&found), "1 error, 1 warning");
    }
}
