//! Builds nodes from the scanner's events, without recursion.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::{DEPTH_LIMIT, TEXT_LIMIT, VALUE_LIMIT, duplicate_key, place, scalar, too_much};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node, Place};

/// Reads the one document of a text.
pub fn document(text: &str, file: &Arc<str>, findings: &mut Diagnostics) -> Option<Node> {
    let options = granit_parser::options! { emit_unresolved_aliases: true, emit_comments: false };
    let mut builder =
        Builder { file, findings, frames: Vec::new(), anchors: HashMap::new(), root: None, values: 0, bytes: 0 };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = builder.place(error.marker());
                builder.findings.push(Diagnostic::error("yaml-syntax", error.info()).at(&at));
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let at = builder.place(&span.start);
                builder.findings.push(
                    Diagnostic::error("several-documents", "a file holds one YAML document, here begins a second")
                        .at(&at)
                        .help("Move what follows `---` into a file of its own."),
                );
                return None;
            }
        }
        builder.take(event, &span).ok()?;
    }
    Some(builder.root.unwrap_or_else(|| Node::new(Content::Null, place(file, 1, 1))))
}

/// The document is beyond a limit; the finding is recorded.
struct Stop;

struct Builder<'a> {
    file: &'a Arc<str>,
    findings: &'a mut Diagnostics,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    root: Option<Node>,
    values: usize,
    bytes: usize,
}

/// What an anchor stands for, with what a repetition costs. `None` while it is still being read.
struct Anchor {
    node: Option<Node>,
    values: usize,
    bytes: usize,
    /// A plain `<<` is a merge key only where it is written as such.
    key: Option<String>,
}

/// A list or map that is being read.
struct Frame {
    place: Place,
    anchor: usize,
    values_before: usize,
    bytes_before: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Map(Members),
}

struct Members {
    entries: Vec<Entry>,
    known: HashMap<String, usize>,
    /// Keys that a merge brought; a written one replaces them.
    merged: HashSet<String>,
    pending: Pending,
}

/// The key whose value comes next.
enum Pending {
    None,
    Key(String, Place),
    Merge,
    /// A list or map as key: reported, its value is dropped.
    Unusable,
}

impl Builder<'_> {
    fn place(&self, marker: &Marker) -> Place {
        place(self.file, marker.line().max(1), marker.col() + 1)
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Stop> {
        let at = self.place(&span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // The scanner stands in a null for a key that is not written.
                if self.wants_key() && span.start.index() == span.end.index() {
                    self.findings.push(Diagnostic::error("unusable-key", "nothing stands before the colon").at(&at));
                }
                self.scalar(&text, style, anchor, tag.as_deref(), at)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", &at);
                self.open(Body::List(Vec::new()), anchor, at)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", &at);
                let members = Members {
                    entries: Vec::new(),
                    known: HashMap::new(),
                    merged: HashSet::new(),
                    pending: Pending::None,
                };
                self.open(Body::Map(members), anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close();
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::UnresolvedAlias(name) => {
                self.findings.push(
                    Diagnostic::error("unknown-anchor", format!("no anchor `&{name}` stands before this alias"))
                        .at(&at),
                );
                self.spend(1, 0, &at)?;
                self.add(Node::new(Content::Null, at), None);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Stop> {
        self.spend(1, text.len(), &at)?;
        let plain = style == ScalarStyle::Plain;
        let is_key = self.wants_key();
        if is_key && plain && tag.is_none() && text == "<<" {
            self.begin_value(Pending::Merge);
            return Ok(());
        }
        let key = if plain && tag.is_none() { scalar::key(text) } else { text.to_owned() };
        let content = match tag {
            None if plain => self.plain(text, is_key, &at),
            None => Content::Text(text.to_owned()),
            Some(tag) => self.tagged(text, tag, &at),
        };
        let node = Node::new(content, at);
        if anchor != 0 {
            let (key, node) = (Some(key.clone()), Some(node.clone()));
            self.anchors.insert(anchor, Anchor { node, values: 1, bytes: text.len(), key });
        }
        self.add(node, Some(key));
        Ok(())
    }

    fn plain(&mut self, text: &str, is_key: bool, at: &Place) -> Content {
        if !is_key && let Some(how) = scalar::ambiguity(text) {
            self.findings.push(
                Diagnostic::warning("ambiguous-scalar", format!("`{text}` without quotes is {how}"))
                    .at(at)
                    .help("Quote it if you mean text; write `true`, `false` or a plain decimal number otherwise."),
            );
        }
        scalar::resolve(text).unwrap_or_else(|| {
            if !is_key {
                self.findings.push(
                    Diagnostic::error("unusable-number", format!("`{text}` is a number that the API cannot be sent"))
                        .at(at)
                        .help("Quote it if you mean text."),
                );
            }
            Content::Text(text.to_owned())
        })
    }

    fn tagged(&mut self, text: &str, tag: &Tag, at: &Place) -> Content {
        let wanted = tag.core_suffix();
        if wanted == Some("str") || tag.original() == "!" {
            return Content::Text(text.to_owned());
        }
        let value = scalar::resolve(text);
        let fits = match (wanted, &value) {
            (Some("null"), Some(Content::Null)) | (Some("bool"), Some(Content::Bool(_))) => true,
            (Some("int"), Some(Content::Number(number))) => !number.is_f64(),
            (Some("float"), Some(Content::Number(_))) => true,
            _ => false,
        };
        if !fits {
            self.refuse_tag(tag, at);
        }
        value.unwrap_or_else(|| Content::Text(text.to_owned()))
    }

    fn check_tag(&mut self, tag: Option<&Tag>, allowed: &str, at: &Place) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(allowed)
            && tag.original() != "!"
        {
            self.refuse_tag(tag, at);
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, at: &Place) {
        self.findings.push(
            Diagnostic::error(
                "unsupported-tag",
                format!("the tag `{}` does not fit or is not supported", tag.original()),
            )
            .at(at)
            .help("Remove the tag, and quote the value if it is text."),
        );
    }

    fn alias(&mut self, anchor: usize, at: Place) -> Result<(), Stop> {
        let Some(Anchor { node: Some(_), values, bytes, .. }) = self.anchors.get(&anchor) else {
            self.findings.push(Diagnostic::error("unknown-anchor", "an alias stands inside its own anchor").at(&at));
            self.spend(1, 0, &at)?;
            self.add(Node::new(Content::Null, at), None);
            return Ok(());
        };
        let (values, bytes) = (*values, *bytes);
        self.spend(values, bytes, &at)?;
        let (node, mut key) = match self.anchors.get(&anchor) {
            Some(Anchor { node: Some(node), key, .. }) => (node.clone(), key.clone()),
            _ => (Node::new(Content::Null, at.clone()), None),
        };
        if self.wants_key()
            && let Some(key) = key.take()
        {
            self.begin_value(Pending::Key(key, at));
            return Ok(());
        }
        self.add(node, key);
        Ok(())
    }

    fn spend(&mut self, values: usize, bytes: usize, at: &Place) -> Result<(), Stop> {
        self.values = self.values.saturating_add(values);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.values > VALUE_LIMIT {
            self.findings.push(too_much(at, "comes to too many values, repetitions by aliases counted"));
            Err(Stop)
        } else if self.bytes > TEXT_LIMIT {
            self.findings.push(too_much(at, "comes to too much, repetitions by aliases counted"));
            Err(Stop)
        } else {
            Ok(())
        }
    }

    fn open(&mut self, body: Body, anchor: usize, at: Place) -> Result<(), Stop> {
        if self.frames.len() >= DEPTH_LIMIT {
            self.findings.push(too_much(&at, &format!("nests lists and maps more than {DEPTH_LIMIT} deep")));
            return Err(Stop);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: None, values: 0, bytes: 0, key: None });
        }
        let (values_before, bytes_before) = (self.values, self.bytes);
        self.spend(1, 0, &at)?;
        self.frames.push(Frame { place: at, anchor, values_before, bytes_before, body });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let content = match frame.body {
            Body::List(items) => Content::List(items),
            Body::Map(members) => Content::Map(members.entries),
        };
        let node = Node::new(content, frame.place);
        if frame.anchor != 0 {
            let (values, bytes) = (self.values - frame.values_before, self.bytes - frame.bytes_before);
            // The copy that the anchor keeps is memory too.
            self.values += values;
            self.bytes += bytes;
            self.anchors.insert(frame.anchor, Anchor { node: Some(node.clone()), values, bytes, key: None });
        }
        self.add(node, None);
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { body: Body::Map(Members { pending: Pending::None, .. }), .. }))
    }

    fn begin_value(&mut self, next: Pending) {
        if let Some(Frame { body: Body::Map(members), .. }) = self.frames.last_mut() {
            members.pending = next;
        }
    }

    /// Puts a finished node where it belongs. `key` is its text as a key, for scalars.
    fn add(&mut self, node: Node, key: Option<String>) {
        let findings = &mut *self.findings;
        match self.frames.last_mut().map(|frame| &mut frame.body) {
            None => self.root = Some(node),
            Some(Body::List(items)) => items.push(node),
            Some(Body::Map(members)) => match std::mem::replace(&mut members.pending, Pending::None) {
                Pending::None => match key {
                    Some(key) => members.pending = Pending::Key(key, node.place),
                    None => {
                        findings.push(
                            Diagnostic::error("unusable-key", format!("{} cannot be a key", node.type_name()))
                                .at(&node.place)
                                .help("A `{{` at the start of a value needs quotes around the whole value."),
                        );
                        members.pending = Pending::Unusable;
                    }
                },
                Pending::Key(key, key_place) => members.put(Entry { key, key_place, value: node }, findings),
                Pending::Merge => members.merge(node, findings),
                Pending::Unusable => {}
            },
        }
    }
}

impl Members {
    fn put(&mut self, entry: Entry, findings: &mut Diagnostics) {
        match self.known.get(&entry.key) {
            Some(&position) if self.merged.remove(&entry.key) => self.entries[position] = entry,
            Some(&position) => {
                findings.push(duplicate_key(&entry.key, &entry.key_place, &self.entries[position].key_place));
            }
            None => {
                self.known.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    fn merge(&mut self, node: Node, findings: &mut Diagnostics) {
        let sources = match node.value {
            Content::List(items) => items,
            _ => vec![node],
        };
        for source in sources {
            let Content::Map(entries) = source.value else {
                findings
                    .push(Diagnostic::error("unusable-merge", "only maps can be merged with `<<`").at(&source.place));
                continue;
            };
            for entry in entries {
                if !self.known.contains_key(&entry.key) {
                    self.known.insert(entry.key.clone(), self.entries.len());
                    self.merged.insert(entry.key.clone());
                    self.entries.push(entry);
                }
            }
        }
    }
}
