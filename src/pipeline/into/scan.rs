//! A YAML or JSON text as the bytes that each value takes, to replace some of them and leave the others alone.
//!
//! It says nothing of what values mean once rendered; that is what loading is for. The two meet by line and column.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::model::document::{Content, Node};
use crate::pipeline::keywords::unmapped_markers;
use crate::pipeline::yaml::{DEPTH_LIMIT, plain_scalar};

/// A value's number in its scan.
pub type Id = usize;

/// The values of a text.
#[derive(Debug)]
pub struct Scan<'t> {
    pub text: &'t str,
    pub bits: Vec<Bit>,
    pub root: Option<Id>,
    /// A list begins where its first item does, if its dashes are not indented.
    at: HashMap<(u32, u32), Vec<Id>>,
    /// An alias stands somewhere, so that what is anchored may stand for more than one value.
    has_aliases: bool,
}

/// One value.
#[derive(Debug)]
pub struct Bit {
    pub form: Form,
    pub start: usize,
    /// Behind its last byte; of a block scalar, too, without the line breaks that follow, unless it keeps them.
    pub end: usize,
    /// From 0, in characters.
    pub column: usize,
    /// The key that it is the value of.
    pub key: Option<Id>,
    anchored: bool,
}

#[derive(Debug)]
pub enum Form {
    Scalar {
        style: ScalarStyle,
        text: String,
    },
    List {
        flow: bool,
        items: Vec<Id>,
    },
    Map {
        flow: bool,
        members: Vec<Member>,
    },
    /// An alias, or what else cannot be edited.
    Other,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub key: Id,
    pub value: Id,
}

impl<'t> Scan<'t> {
    /// Scans a text. In a Deploy CLI project keywords may stand where YAML lets nothing stand: with `keywords` each is
    /// taken for plain text. `None` for what is no YAML, or nests too deep.
    pub fn of(text: &'t str, keywords: bool) -> Option<Self> {
        let masked = if keywords { mask(text) } else { text.to_owned() };
        let options = granit_parser::options! { emit_unresolved_aliases: true, emit_comments: false };
        let mut scan = Self { text, bits: Vec::new(), root: None, at: HashMap::new(), has_aliases: false };
        let mut open: Vec<(Id, Option<Id>)> = Vec::new();
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(&masked, options) {
            let (event, span) = event.ok()?;
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return None;
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    let form = Form::Scalar { style, text: value.into_owned() };
                    let id = scan.push(form, &span, anchor != 0 || tag.is_some())?;
                    scan.place(id, &mut open, &span);
                }
                Event::SequenceStart(_, anchor, _) => {
                    let flow = text.as_bytes().get(span.byte_range()?.start) == Some(&b'[');
                    let id = scan.push(Form::List { flow, items: Vec::new() }, &span, anchor != 0)?;
                    scan.open(id, &mut open, &span)?;
                }
                Event::MappingStart(_, anchor, _) => {
                    let flow = text.as_bytes().get(span.byte_range()?.start) == Some(&b'{');
                    let id = scan.push(Form::Map { flow, members: Vec::new() }, &span, anchor != 0)?;
                    scan.open(id, &mut open, &span)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let (id, _) = open.pop()?;
                    scan.bits[id].end = scan.end_of(id, span.byte_range()?.end);
                }
                Event::Alias(_) | Event::UnresolvedAlias(_) => {
                    scan.has_aliases = true;
                    let id = scan.push(Form::Other, &span, true)?;
                    scan.place(id, &mut open, &span);
                }
                _ => {}
            }
        }
        Some(scan)
    }

    fn push(&mut self, form: Form, span: &Span, anchored: bool) -> Option<Id> {
        let range = span.byte_range()?;
        let (mut start, mut end) = (range.start, range.end.max(range.start));
        if let Form::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = form {
            start = header(self.text, start).unwrap_or(start);
            let source = self.text.get(start..end)?;
            let keeps =
                source.lines().next().is_some_and(|header| header.split('#').next().is_some_and(|h| h.contains('+')));
            if !keeps {
                end = start + source.trim_end().len();
            }
        }
        let bit = Bit { form, start, end, column: span.start.col(), key: None, anchored };
        self.bits.push(bit);
        Some(self.bits.len() - 1)
    }

    fn open(&mut self, id: Id, open: &mut Vec<(Id, Option<Id>)>, span: &Span) -> Option<()> {
        self.place(id, open, span);
        open.push((id, None));
        (open.len() <= DEPTH_LIMIT).then_some(())
    }

    /// Puts a value where it belongs; keys are no values.
    fn place(&mut self, id: Id, open: &mut [(Id, Option<Id>)], span: &Span) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let at = (count(span.start.line().max(1)), count(span.start.col() + 1));
        let Some((parent, key)) = open.last_mut() else {
            self.root = Some(id);
            self.at.entry(at).or_default().push(id);
            return;
        };
        match &mut self.bits[*parent].form {
            Form::List { items, .. } => items.push(id),
            Form::Map { members, .. } => match key.take() {
                None => {
                    *key = Some(id);
                    return;
                }
                Some(key) => {
                    members.push(Member { key, value: id });
                    self.bits[id].key = Some(key);
                    let bit = &mut self.bits[id];
                    // No value is told to stand at the colon.
                    if bit.start == bit.end && self.text.as_bytes().get(bit.start) == Some(&b':') {
                        (bit.start, bit.end) = (bit.start + 1, bit.end + 1);
                    }
                }
            },
            _ => {}
        }
        self.at.entry(at).or_default().push(id);
    }

    /// A list or map in block style ends where its last value does.
    fn end_of(&self, id: Id, told: usize) -> usize {
        let last = match &self.bits[id].form {
            Form::List { flow: false, items } => items.last(),
            Form::Map { flow: false, members } => members.last().map(|member| &member.value),
            _ => return told,
        };
        last.map_or(told, |last| self.bits[*last].end)
    }

    /// Returns the value that a node was read from.
    pub fn of_node(&self, node: &Node) -> Option<Id> {
        let here = self.at.get(&(node.place.line, node.place.column))?;
        let fits = |id: &&Id| match (&self.bits[**id].form, &node.value) {
            (Form::List { .. }, Content::List(_)) | (Form::Map { .. }, Content::Map(_)) => true,
            (Form::Scalar { .. } | Form::Other, Content::List(_) | Content::Map(_)) => false,
            (form, _) => matches!(form, Form::Scalar { .. }),
        };
        here.iter().find(fits).or(here.last()).copied()
    }

    #[cfg(test)]
    pub fn at(&self, line: u32, column: u32) -> Option<Id> {
        self.at.get(&(line, column))?.first().copied()
    }

    pub fn source(&self, id: Id) -> &'t str {
        let bit = &self.bits[id];
        self.text.get(bit.start..bit.end).unwrap_or_default()
    }

    /// Returns the list or map that a value stands in.
    pub fn owner(&self, id: Id) -> Option<Id> {
        self.bits.iter().position(|bit| match &bit.form {
            Form::List { items, .. } => items.contains(&id),
            Form::Map { members, .. } => members.iter().any(|member| member.value == id),
            _ => false,
        })
    }

    /// Returns a key's text.
    pub fn key(&self, member: Member) -> &str {
        match &self.bits[member.key].form {
            Form::Scalar { text, .. } => text,
            _ => "",
        }
    }

    pub fn members(&self, id: Id) -> &[Member] {
        match &self.bits[id].form {
            Form::Map { members, .. } => members,
            _ => &[],
        }
    }

    pub fn items(&self, id: Id) -> &[Id] {
        match &self.bits[id].form {
            Form::List { items, .. } => items,
            _ => &[],
        }
    }

    /// Returns the member of a map, by key.
    pub fn member(&self, id: Id, key: &str) -> Option<Member> {
        self.members(id).iter().copied().find(|member| self.key(*member) == key)
    }

    pub fn is_flow(&self, id: Id) -> bool {
        matches!(self.bits[id].form, Form::List { flow: true, .. } | Form::Map { flow: true, .. })
    }

    /// Says whether a comment stands inside a value, between what it holds.
    pub fn has_comment(&self, id: Id) -> bool {
        let bit = &self.bits[id];
        let is_text = |at: usize| {
            let holds = |bit: &Bit| matches!(bit.form, Form::Scalar { .. }) && (bit.start..bit.end).contains(&at);
            self.bits.iter().any(holds)
        };
        self.source(id).match_indices('#').any(|(at, _)| !is_text(bit.start + at))
    }

    /// Returns the comment behind the `|` or `>` of a block text.
    pub fn note(&self, id: Id) -> Option<&'t str> {
        let Form::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = self.bits[id].form else {
            return None;
        };
        let first = self.source(id).lines().next()?;
        first.get(first.find('#')?..).map(str::trim_end)
    }

    /// Says whether it may stand for more than one value.
    pub fn is_shared(&self, id: Id) -> bool {
        let bit = &self.bits[id];
        let around = |other: &&Bit| other.anchored && other.start <= bit.start && other.end >= bit.end;
        bit.anchored
            || matches!(bit.form, Form::Other)
            || (self.has_aliases && self.bits.iter().any(|other| around(&other)))
    }

    /// Returns what a scalar says by itself; nothing for other values and for numbers that JSON does not have.
    pub fn content(&self, id: Id) -> Option<Content> {
        match &self.bits[id].form {
            Form::Scalar { style: ScalarStyle::Plain, text } => plain_scalar(text),
            Form::Scalar { text, .. } => Some(Content::Text(text.clone())),
            _ => None,
        }
    }
}

/// Returns where the `|` or `>` of a block text stands whose first line begins at a byte.
fn header(text: &str, content: usize) -> Option<usize> {
    let before = text.get(..content)?.trim_end();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &before[line_start..];
    let is_header = |at: &usize| {
        let rest = line[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        (rest.trim().is_empty() || rest.trim_start().starts_with('#')) && (*at == 0 || line[..*at].ends_with(' '))
    };
    line.match_indices(['|', '>']).map(|(at, _)| at).find(is_header).map(|at| line_start + at)
}

/// Puts harmless letters in the place of what encloses keywords; every byte stays where it is.
fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    for (marker, offset) in unmapped_markers(text) {
        let key = &marker[2..marker.len() - 2];
        masked.replace_range(offset..offset + marker.len(), &format!("__{key}__"));
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_bytes() {
        let text =
            "a: 1 # one\nb:\n  - 'x y'\n  - { c: \"d\" }\né: |\n  two\n  lines\nf: [1, 2]\ng:\n  h: plain text\n";
        let scan = Scan::of(text, false).unwrap();
        let root = scan.root.unwrap();
        let shown = |key: &str| scan.source(scan.member(root, key).unwrap().value);
        assert_eq!(shown("a"), "1");
        assert_eq!(shown("b"), "- 'x y'\n  - { c: \"d\" }");
        assert_eq!(shown("é"), "|\n  two\n  lines");
        assert_eq!(shown("f"), "[1, 2]");
        assert_eq!(shown("g"), "h: plain text");
        assert_eq!(scan.source(scan.at(3, 5).unwrap()), "'x y'");
        assert_eq!(scan.source(scan.at(4, 10).unwrap()), "\"d\"");
    }

    #[test]
    fn keywords_stand_for_text_where_a_project_has_them() {
        let text = "a: ##KEY##\nb: @@LIST@@\nc: 1\n";
        let scan = Scan::of(text, true).unwrap();
        assert_eq!(scan.source(scan.at(1, 4).unwrap()), "##KEY##");
        assert_eq!(scan.source(scan.at(2, 4).unwrap()), "@@LIST@@");
        assert!(Scan::of("b: @@LIST@@\n", false).is_none());
    }

    #[test]
    fn what_is_anchored_may_be_shared() {
        let text = "a: &x { b: 1 }\nc: *x\nd: 2\n";
        let scan = Scan::of(text, false).unwrap();
        assert!(scan.is_shared(scan.at(1, 12).unwrap()));
        assert!(!scan.is_shared(scan.at(3, 4).unwrap()));
    }
}
