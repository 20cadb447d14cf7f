//! The project's own YAML as a template: the text as its authors wrote it, comments and anchors in place, edited only
//! where a template must say something else.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use super::marks::Marks;
use crate::model::document::{Content, Entry, Node};
use crate::pipeline::yaml::spans::{Span, Spans, Style};
use crate::pipeline::yaml_write::to_yaml;

/// Returns the text with the translated values in it. `text` and `raw` are the file and what it holds, keywords as
/// words; `made` is what the template must hold. `None` where only a new text would do.
pub fn carry(marks: &Marks<'_>, text: &str, raw: &Node, made: &JsonMap<String, Json>) -> Option<String> {
    let mut carry = Carry { marks, text, spans: Spans::of(text)?, edits: BTreeMap::new() };
    for entry in raw.entries() {
        match made.get(&marks.written(&entry.key)) {
            Some(value) => carry.entry(entry, value)?,
            None => carry.drop(entry)?,
        }
    }
    made.keys().all(|key| raw.entries().iter().any(|entry| marks.written(&entry.key) == *key)).then_some(())?;
    Some(carry.finish())
}

struct Carry<'a> {
    marks: &'a Marks<'a>,
    text: &'a str,
    spans: Spans,
    /// Where an edit begins -> where it ends, and what stands there then. An anchor's value is edited once.
    edits: BTreeMap<usize, (usize, String)>,
}

impl Carry<'_> {
    fn entry(&mut self, entry: &Entry, made: &Json) -> Option<()> {
        if !self.marks.of(&entry.key).is_empty() {
            let span = self.spans.scalar(entry.key_place.line, entry.key_place.column)?;
            if !self.may_stay(span) {
                self.edit(span, quoted(&self.marks.written(&entry.key)))?;
            }
        }
        self.value(&entry.value, made)
    }

    fn value(&mut self, raw: &Node, made: &Json) -> Option<()> {
        match (&raw.value, made) {
            (Content::Text(text), Json::String(wanted)) if self.marks.written(text) == *wanted => {
                let span = self.spans.scalar(raw.place.line, raw.place.column)?;
                if self.marks.of(text).is_empty() || self.may_stay(span) { Some(()) } else { self.replace(raw, made) }
            }
            (Content::Null | Content::Bool(_) | Content::Number(_), _) if raw.to_value().to_shown() == *made => {
                Some(())
            }
            (Content::List(items), Json::Array(list)) if items.len() == list.len() => {
                items.iter().zip(list).try_for_each(|(item, made)| self.value(item, made))
            }
            (Content::Map(entries), Json::Object(map)) if self.has_keys_of(entries, map) => {
                entries.iter().try_for_each(|entry| self.entry(entry, map.get(&self.marks.written(&entry.key))?))
            }
            _ => self.replace(raw, made),
        }
    }

    fn has_keys_of(&self, entries: &[Entry], map: &JsonMap<String, Json>) -> bool {
        entries.len() == map.len() && entries.iter().all(|entry| map.contains_key(&self.marks.written(&entry.key)))
    }

    /// Says whether a text stays what it is when its words become keywords again: without quotes, `#` after white space
    /// begins a comment and `@` cannot begin a value.
    fn may_stay(&self, span: Span) -> bool {
        let written = self.marks.written(&self.text[span.start..span.end]);
        let breaks = written.starts_with(['#', '@']) || written.contains(" #") || written.contains("\n#");
        span.style != Style::Plain || !breaks
    }

    fn replace(&mut self, raw: &Node, made: &Json) -> Option<()> {
        let (line, column) = (raw.place.line, raw.place.column);
        let span = match &raw.value {
            Content::List(_) | Content::Map(_) => self.spans.collection(line, column)?,
            _ => self.spans.scalar(line, column)?,
        };
        let is_large = match made {
            Json::Array(list) => !list.is_empty(),
            Json::Object(map) => !map.is_empty(),
            Json::String(text) => text.contains('\n'),
            _ => false,
        };
        if span.in_brackets || span.style == Style::Bracketed || !is_large {
            return self.edit(span, one_line(made));
        }
        if span.style == Style::Indented && !made.is_string() {
            return self.edit(span, indented(&to_yaml(made).ok()?, column as usize - 1));
        }
        // A text becomes something of several lines, below its key.
        let indent = self.indent(span.start);
        let text = match made {
            Json::String(_) => {
                let text = to_yaml(&serde_json::json!({ "k": made })).ok()?;
                indented(text.strip_prefix("k: ")?, indent)
            }
            _ => format!("\n{}{}", " ".repeat(indent + 2), indented(&to_yaml(made).ok()?, indent + 2)),
        };
        // No white space is left at the end of the key's line.
        let start =
            if text.starts_with('\n') { self.text[..span.start].trim_end_matches(' ').len() } else { span.start };
        self.edit(Span { start, ..span }, text)
    }

    /// Returns how far the key or item that a value belongs to is indented.
    fn indent(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &self.text[start..at];
        let mut rest = line.trim_start_matches(' ');
        while let Some(inner) = rest.strip_prefix("- ") {
            rest = inner.trim_start_matches(' ');
        }
        line.chars().count() - rest.chars().count()
    }

    /// Takes out a top-level key with what stands under it, up to the end of the line.
    fn drop(&mut self, entry: &Entry) -> Option<()> {
        let key = self.spans.scalar(entry.key_place.line, entry.key_place.column)?;
        let (line, column) = (entry.value.place.line, entry.value.place.column);
        let value = match &entry.value.value {
            Content::List(_) | Content::Map(_) => self.spans.collection(line, column)?,
            _ => self.spans.scalar(line, column)?,
        };
        // Another key's anchor is not this key's to take out.
        let end = Some(value.end).filter(|end| *end >= key.end)?;
        let end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline + 1);
        self.edit(Span { end, ..key }, String::new())
    }

    fn edit(&mut self, span: Span, text: String) -> Option<()> {
        let edit = (span.end, text);
        let known = self.edits.entry(span.start).or_insert_with(|| edit.clone());
        (*known == edit).then_some(())
    }

    fn finish(self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for (start, (end, text)) in &self.edits {
            // What lies in something that was replaced as a whole went with it.
            if *start < at {
                continue;
            }
            out.push_str(&self.marks.written(&self.text[at..*start]));
            out.push_str(text);
            at = *end;
        }
        out.push_str(&self.marks.written(&self.text[at..]));
        out
    }
}

fn one_line(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Double quotes as JSON has them; single ones where those would need escapes.
fn quoted(text: &str) -> String {
    let is_path = text.starts_with("./") || text.starts_with("../");
    if is_path && text.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c)) {
        return text.to_owned();
    }
    let is_simple = !text.contains(char::is_control) && !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']);
    if is_simple && text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        Json::String(text.to_owned()).to_string()
    }
}

/// Puts the lines after the first below it.
fn indented(text: &str, indent: usize) -> String {
    let mut lines = text.trim_end_matches('\n').split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnostic::Diagnostics;
    use crate::pipeline::tree::{MemoryTree, Tree as _};
    use crate::pipeline::yaml;
    use serde_json::json;

    fn carried(text: &str, made: Json) -> Option<String> {
        let tree = MemoryTree::of(&[("t.yaml", text)]);
        let environment = BTreeMap::new();
        let marks = Marks::new(&tree, vec!["A".to_owned()], &environment);
        let held = String::from_utf8(marks.read("t.yaml").unwrap()).unwrap();
        let raw = yaml::parse(&held, &"t.yaml".into(), &mut Diagnostics::default()).unwrap();
        let out = carry(&marks, &held, &raw, made.as_object().unwrap())?;
        let mut findings = Diagnostics::default();
        let read = yaml::parse(&out, &"t.yaml".into(), &mut findings).unwrap();
        assert_eq!(read.to_value().to_shown(), made, "{out}");
        Some(out)
    }

    #[test]
    fn only_what_must_change_changes() {
        let text = "# ##A## here\na:\n  b: ##A##   # why\n  c: x ##A##\n  d: https://##A##/x\n  e: '##A##' # quoted\n  f: [ @@A@@, 1 ]\n\
                    \n# gone\ngone:\n  - x\n# kept\nz: &z\n  - ##A##\ny: *z\n";
        let made = json!({
            "a": {"b": "##A##", "c": "x ##A##", "d": "https://##A##/x", "e": "##A##", "f": ["@@A@@", 1]},
            "z": ["##A##"],
            "y": ["##A##"],
        });
        assert_eq!(
            carried(text, made).unwrap(),
            "# ##A## here\na:\n  b: \"##A##\"   # why\n  c: \"x ##A##\"\n  d: https://##A##/x\n  e: '##A##' # quoted\n  f: [ \"@@A@@\", 1 ]\n\
             \n# gone\n# kept\nz: &z\n  - \"##A##\"\ny: *z\n"
        );
    }

    #[test]
    fn a_value_becomes_another_shape() {
        let text = "a:\n  - name: n\n    body: ./x.json # file\n    more:\n      - ##A##\n      - 1\n  - { name: m, v: ##A## }\nb: |\n  x {{y}}\n  z\n";
        let made = json!({
            "a": [
                {"name": "n", "graph": {"p": [1, {"q": "r\ns\n"}]}, "more": "@@m@@"},
                {"name": "m", "v": {"w": [1, "x\ny"]}},
            ],
            "b": "x \\{{y}}\nz\n",
        });
        let out = carried(text, made).unwrap();
        assert!(out.contains("b: |\n  x \\{{y}}\n  z\n"), "{out}");
        assert!(out.contains("- { name: m, v: {\"w\":[1,\"x\\ny\"]} }"), "{out}");
    }

    #[test]
    fn an_anchor_is_one_value() {
        assert!(carried("a: &x ##A##\nb: *x\n", json!({"a": "one", "b": "two"})).is_none());
    }
}
