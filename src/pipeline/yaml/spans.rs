//! Where each value of a YAML text begins and ends, for edits that leave everything else as it was written.

use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle};

/// Line and column from 1, as in a [`crate::model::document::Place`].
type Position = (u32, u32);

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text without quotes.
    Plain,
    /// Text in single or double quotes.
    Quoted,
    /// Text after `|` or `>`.
    Block,
    /// A list or map by indentation.
    Indented,
    /// A list or map in brackets.
    Bracketed,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Byte offsets; line breaks and comments behind it are no part of it.
    pub start: usize,
    pub end: usize,
    pub style: Style,
    /// Something in brackets is around it.
    pub in_brackets: bool,
}

/// All values of a text. A map that is written by indentation begins where its first key does, so there are two tables.
#[derive(Debug, Default)]
pub struct Spans {
    scalars: BTreeMap<Position, Span>,
    collections: BTreeMap<Position, Span>,
}

impl Spans {
    /// Reads a text. `None` if it is no YAML.
    pub fn of(text: &str) -> Option<Self> {
        let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
        let byte = |marker: &Marker| offsets.get(marker.index()).copied().unwrap_or(text.len());
        let options = granit_parser::options! { emit_unresolved_aliases: true, emit_comments: false };
        let mut spans = Self::default();
        let mut open: Vec<(Position, Span)> = Vec::new();
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.ok()?;
            let (start, end) = (byte(&span.start), byte(&span.end));
            let in_brackets = open.iter().any(|(_, span)| span.style == Style::Bracketed);
            let found = |style| Span { start, end, style, in_brackets };
            match event {
                Event::Scalar(_, style, ..) => {
                    let style = match style {
                        ScalarStyle::Plain => Style::Plain,
                        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                    };
                    let end = start + text.get(start..end)?.trim_end().len();
                    reach(&mut open, end);
                    let start = if style == Style::Block { header(text, start)? } else { start };
                    spans.scalars.insert(position(&span.start), Span { start, end, ..found(style) });
                }
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    let is_bracketed = text.get(start..)?.starts_with(['[', '{']);
                    let style = if is_bracketed { Style::Bracketed } else { Style::Indented };
                    open.push((position(&span.start), Span { end: start, ..found(style) }));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let (at, mut closed) = open.pop()?;
                    if closed.style == Style::Bracketed {
                        closed.end = end;
                    }
                    reach(&mut open, closed.end);
                    spans.collections.insert(at, closed);
                }
                Event::Alias(_) | Event::UnresolvedAlias(_) => reach(&mut open, end),
                _ => {}
            }
        }
        Some(spans)
    }

    /// Returns the text that begins at a place.
    pub fn scalar(&self, line: u32, column: u32) -> Option<Span> {
        self.scalars.get(&(line, column)).copied()
    }

    /// Returns the list or map that begins at a place.
    pub fn collection(&self, line: u32, column: u32) -> Option<Span> {
        self.collections.get(&(line, column)).copied()
    }
}

/// A block's span begins with its text; its `|` stands in the last line before that says something.
fn header(text: &str, start: usize) -> Option<usize> {
    if text.get(start..)?.starts_with(['|', '>']) && !text[..start].trim_end_matches(' ').ends_with('\n') {
        return Some(start);
    }
    let before = text.get(..start)?.trim_end();
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let is_header = |rest: &str| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        rest.is_empty() || rest.trim_start().starts_with('#') && rest.starts_with(char::is_whitespace)
    };
    let signs = before[line..].match_indices(['|', '>']);
    signs.map(|(at, _)| line + at).find(|at| is_header(&before[at + 1..]))
}

/// What is written by indentation ends where its last part does.
fn reach(open: &mut [(Position, Span)], end: usize) {
    if let Some((_, last)) = open.last_mut() {
        last.end = last.end.max(end);
    }
}

fn position(marker: &Marker) -> Position {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(marker.line().max(1)), count(marker.col() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scalar(text: &str, line: u32, column: u32) -> &str {
        let span = Spans::of(text).unwrap().scalar(line, column).unwrap();
        &text[span.start..span.end]
    }

    fn collection(text: &str, line: u32, column: u32) -> &str {
        let span = Spans::of(text).unwrap().collection(line, column).unwrap();
        &text[span.start..span.end]
    }

    #[test]
    fn values_end_where_they_end() {
        let text = "é: plain text  # why\nb: &x 'it''s'\nc: |\n  one\n\n  two\n\n# end\nd: [1, {e: \"f\"}] # g\nh:\n  - i: j\n    k: *x # l\n\nm: n\n";
        assert_eq!(scalar(text, 1, 4), "plain text");
        assert_eq!(scalar(text, 2, 7), "'it''s'");
        assert_eq!(scalar(text, 4, 3), "|\n  one\n\n  two");
        assert_eq!(scalar(text, 9, 12), "\"f\"");
        assert_eq!(collection(text, 9, 4), "[1, {e: \"f\"}]");
        assert_eq!(collection(text, 11, 3), "- i: j\n    k: *x");
        assert_eq!(collection(text, 11, 5), "i: j\n    k: *x");
        assert!(collection(text, 1, 1).ends_with("m: n"));
        assert_eq!(scalar("a:\n  - >-  # why | >\n\n     b\n", 4, 6), ">-  # why | >\n\n     b");
        let spans = Spans::of(text).unwrap();
        assert!(spans.scalar(9, 12).unwrap().in_brackets && !spans.scalar(11, 8).unwrap().in_brackets);
    }

    proptest! {
        #[test]
        fn every_span_lies_in_the_text(text in "[-a-c0-9:{}\\[\\]&*!|>'\"#,?<% \n\t~@.é]{0,60}") {
            if let Some(spans) = Spans::of(&text) {
                for span in spans.scalars.values().chain(spans.collections.values()) {
                    prop_assert!(text.get(span.start..span.end).is_some(), "{span:?}");
                }
            }
        }
    }
}
