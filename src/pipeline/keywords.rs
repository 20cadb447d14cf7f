//! The Deploy CLI's keywords: `##KEY##` stands for a value as text, `@@KEY@@` for the value as JSON.
//!
//! Plain text substitution, key by key in the order of the mappings, all `@@` before all `##`. A key is literal text
//! here (the Deploy CLI reads it as a regular expression, so that `A.C` replaces `##AXC##`; that is not copied).

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::tree::FILE_LIMIT;

/// The most bytes that a text may come to: what a file may hold.
const LIMIT: usize = FILE_LIMIT as usize;

/// Keyword -> value, in the order in which they are replaced.
#[derive(Clone, Debug, Default)]
pub struct Mappings(pub IndexMap<String, Json>);

/// A text with its keywords replaced, that still knows where everything came from.
#[derive(Debug)]
pub struct Replaced {
    pub text: String,
    /// Replacements were left out because the text would have grown beyond all reason.
    pub overflowed: bool,
    /// Ordered by place in `text`. Empty when nothing was replaced.
    segments: Vec<Segment>,
}

/// A stretch of the result.
#[derive(Clone, Copy, Debug)]
struct Segment {
    copied: bool,
    /// Line and column (from 1) of the first character in the result and in the original.
    at: Position,
    from: Position,
}

type Position = (u32, u32);

impl Replaced {
    /// Puts a text together from pieces, each with where it comes from and whether it was copied from there.
    pub fn of_pieces<'t>(pieces: impl IntoIterator<Item = (&'t str, (u32, u32), bool)>) -> Self {
        let mut replaced = Self { text: String::new(), overflowed: false, segments: Vec::new() };
        let mut at = (1, 1);
        for (text, from, copied) in pieces {
            if !text.is_empty() {
                replaced.segments.push(Segment { copied, at, from });
                at = advance(at, text);
                replaced.text.push_str(text);
            }
        }
        replaced
    }

    /// Returns where in the original a line and column of the result come from (all count from 1). Inside a
    /// replaced keyword that is the keyword.
    pub fn original(&self, line: u32, column: u32) -> Position {
        let index = self.segments.partition_point(|segment| segment.at <= (line, column));
        match index.checked_sub(1).and_then(|index| self.segments.get(index)) {
            None => (line, column),
            Some(segment) if !segment.copied => segment.from,
            Some(segment) if segment.at.0 == line => (segment.from.0, segment.from.1 + (column - segment.at.1)),
            Some(segment) => (segment.from.0 + (line - segment.at.0), column),
        }
    }
}

/// Replaces the keywords of `mappings` in a text. Values that breed further keywords end in [`Replaced::overflowed`].
pub fn replace(text: &str, mappings: &Mappings) -> Replaced {
    let mut work =
        Work { text: text.to_owned(), pieces: vec![(text.len(), 0, true)], replaced: false, overflowed: false };
    if text.contains("@@") || mappings.0.values().any(|value| value.to_string().contains("@@")) {
        for (key, value) in &mappings.0 {
            work.pass(&format!("@@{key}@@"), true, &|| value.to_string());
        }
    }
    for (key, value) in &mappings.0 {
        work.pass(&format!("##{key}##"), false, &|| literal(value));
    }
    let segments = if work.replaced { locate(&work, text) } else { Vec::new() };
    Replaced { text: work.text, overflowed: work.overflowed, segments }
}

/// Returns what looks like a keyword and its byte offset.
pub fn unmapped_markers(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(start) = text[position..].find(['#', '@']).map(|offset| position + offset) {
        match marker_at(&text[start..]) {
            Some(marker) => {
                found.push((marker.to_owned(), start));
                position = start + marker.len();
            }
            None => position = start + 1,
        }
    }
    found
}

fn marker_at(text: &str) -> Option<&str> {
    let sign = if text.starts_with("##") { "##" } else { "@@" };
    let rest = text.strip_prefix(sign)?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let length = rest.find(|c| !is_key(c))?;
    let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && rest[length..].starts_with(sign);
    named.then(|| &text[..sign.len() * 2 + length])
}

/// Writes a value as JavaScript's string conversion does.
fn literal(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => super::yaml::number_text(number),
        Json::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| if item.is_null() { String::new() } else { literal(item) }).collect();
            items.join(",")
        }
        Json::Object(_) => "[object Object]".to_owned(),
        Json::Null | Json::Bool(_) => value.to_string(),
    }
}

struct Work {
    text: String,
    /// Length, original offset, copied.
    pieces: Vec<(usize, usize, bool)>,
    replaced: bool,
    overflowed: bool,
}

impl Work {
    /// Replaces one marker everywhere; with `quoted`, quotes that enclose it tightly go too.
    fn pass(&mut self, marker: &str, quoted: bool, value: &dyn Fn() -> String) {
        if self.overflowed || marker.len() <= 4 || !self.text.contains(marker) {
            return;
        }
        let value = value();
        let found = self.find(marker, quoted);
        if self.text.len().saturating_add(found.len().saturating_mul(value.len())) > LIMIT {
            self.overflowed = true;
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2 * found.len());
        let mut old = Cursor { pieces: &self.pieces, index: 0, used: 0 };
        let mut position = 0;
        for (start, end) in found {
            text.push_str(&self.text[position..start]);
            old.take(start - position, &mut pieces);
            let original = old.original();
            old.take(end - start, &mut Vec::new());
            text.push_str(&value);
            pieces.push((value.len(), original, false));
            position = end;
        }
        text.push_str(&self.text[position..]);
        old.take(self.text.len() - position, &mut pieces);
        self.text = text;
        self.pieces = pieces;
        self.replaced = true;
    }

    fn find(&self, marker: &str, quoted: bool) -> Vec<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let mut found = Vec::new();
        let mut free = 0;
        while let Some(offset) = self.text[free..].find(marker) {
            let (mut start, mut end) = (free + offset, free + offset + marker.len());
            let enclosing = start.checked_sub(1).filter(|before| *before >= free).map(|before| bytes[before]);
            if quoted && matches!(enclosing, Some(b'"' | b'\'')) && bytes.get(end).copied() == enclosing {
                start -= 1;
                end += 1;
            }
            found.push((start, end));
            free = end;
        }
        found
    }
}

/// Walks over the pieces of the text before a pass.
struct Cursor<'a> {
    pieces: &'a [(usize, usize, bool)],
    index: usize,
    used: usize,
}

impl Cursor<'_> {
    fn take(&mut self, mut length: usize, into: &mut Vec<(usize, usize, bool)>) {
        while length > 0 && self.index < self.pieces.len() {
            let (whole, original, copied) = self.pieces[self.index];
            let part = length.min(whole - self.used);
            if part > 0 {
                into.push((part, if copied { original + self.used } else { original }, copied));
            }
            length -= part;
            self.used += part;
            if self.used == whole {
                self.index += 1;
                self.used = 0;
            }
        }
    }

    /// Returns where the next byte comes from.
    fn original(&self) -> usize {
        self.pieces.get(self.index).map_or(0, |(_, original, copied)| original + if *copied { self.used } else { 0 })
    }
}

fn locate(work: &Work, original: &str) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(work.pieces.len());
    let (mut at, mut offset) = ((1, 1), 0);
    let (mut from, mut from_offset) = ((1, 1), 0);
    for &(length, start, copied) in &work.pieces {
        // A marker inside a replaced value points back at the same keyword, never further back.
        if start > from_offset {
            from = advance(from, &original[from_offset..start]);
            from_offset = start;
        }
        if length == 0 {
            continue;
        }
        segments.push(Segment { copied, at, from });
        at = advance(at, &work.text[offset..offset + length]);
        offset += length;
    }
    segments
}

fn advance((line, column): Position, over: &str) -> Position {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match over.rfind('\n') {
        Some(last) => {
            let lines = over.bytes().filter(|byte| *byte == b'\n').count();
            (line.saturating_add(count(lines)), count(over[last + 1..].chars().count()).saturating_add(1))
        }
        None => (line, column.saturating_add(count(over.chars().count()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn mappings(json: serde_json::Value) -> Mappings {
        Mappings(json.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn replaced(text: &str, json: serde_json::Value) -> String {
        replace(text, &mappings(json)).text
    }

    #[test]
    fn values_are_written_as_the_deploy_cli_writes_them() {
        let cases = [
            ("##K##", json!({"K": "a\"b"}), "a\"b"),
            ("##K##", json!({"K": 5}), "5"),
            ("##K##", json!({"K": true}), "true"),
            ("##K##", json!({"K": ["a", null, 1]}), "a,,1"),
            ("##K##", json!({"K": {"a": 1}}), "[object Object]"),
            ("\"@@K@@\" '@@K@@' @@K@@", json!({"K": "a"}), "\"a\" \"a\" \"a\""),
            ("\"@@K@@'", json!({"K": 1}), "\"1'"),
            ("\"pre @@K@@ post\"", json!({"K": ["a"]}), "\"pre [\"a\"] post\""),
            ("'@@K@@'@@K@@'", json!({"K": 1}), "11'"),
            ("##A##", json!({"A": "##B##", "B": "x"}), "x"),
            ("##A##", json!({"B": "x", "A": "##B##"}), "##B##"),
            ("##A##", json!({"A": "@@B@@", "B": "x"}), "@@B@@"),
            ("@@A@@", json!({"A": "##B##", "B": "x"}), "\"x\""),
            ("##UNDEF## ## K ## ##k##", json!({"K": "x"}), "##UNDEF## ## K ## ##k##"),
            ("##AXC##", json!({"A.C": "x"}), "##AXC##"),
            ("##K##", json!({"K": "$& $1 $$"}), "$& $1 $$"),
        ];
        for (text, json, expected) in cases {
            assert_eq!(replaced(text, json.clone()), expected, "{text} with {json}");
        }
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let replaced = replace("a: ##K##, b\nc: @@L@@ d\ne: 1", &mappings(json!({"K": "x\ny", "L": [1, 2]})));
        assert_eq!(replaced.text, "a: x\ny, b\nc: [1,2] d\ne: 1");
        assert_eq!(replaced.original(1, 1), (1, 1));
        assert_eq!(replaced.original(1, 4), (1, 4));
        assert_eq!(replaced.original(2, 1), (1, 4));
        assert_eq!(replaced.original(2, 4), (1, 11));
        assert_eq!(replaced.original(3, 6), (2, 4));
        assert_eq!(replaced.original(3, 10), (2, 10));
        assert_eq!(replaced.original(4, 4), (3, 4));
    }

    #[test]
    fn a_value_that_breeds_is_bounded() {
        let breeding: serde_json::Map<_, _> =
            (0..40).map(|n| (format!("K{n}"), json!(format!("##K{}####K{}##", n + 1, n + 1)))).collect();
        let replaced = replace("##K0##", &mappings(breeding.into()));
        assert!(replaced.overflowed && replaced.text.len() <= LIMIT);
    }

    #[test]
    fn markers_are_found() {
        assert_eq!(
            unmapped_markers("a ##KEY## ## no ## é @@config@@ #### ##1## @@a b@@"),
            [("##KEY##".to_owned(), 2), ("@@config@@".to_owned(), 22)]
        );
    }

    proptest! {
        #[test]
        fn every_place_lies_in_the_original(
            text in "[a-c#@KL\n\"']{0,40}",
            k in "[x#@L\n]{0,6}",
            line in 1u32..6,
            column in 1u32..20,
        ) {
            let replaced = replace(&text, &mappings(json!({"K": k, "L": [1, "é\n"]})));
            let (from_line, _) = replaced.original(line, column);
            if (line as usize) <= replaced.text.split('\n').count() {
                prop_assert!((from_line as usize) <= text.split('\n').count());
            }
        }

        #[test]
        fn nothing_to_replace_changes_nothing(text in ".{0,60}") {
            prop_assert_eq!(replace(&text, &Mappings::default()).text, text);
        }
    }
}
