//! A document as text, with the place of everything in it: what findings must say, known without asking the parser.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// One step on the way through a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// Line and column, both from 1.
pub type Spot = (u64, u64);

/// A text, and by the way to each value the places of its key (or, in a list, of itself) and of itself.
#[derive(Debug, Default)]
pub struct Written {
    pub text: String,
    pub places: BTreeMap<Vec<Step>, (Spot, Spot)>,
    line: u64,
    column: u64,
}

/// Writes JSON with a member a line, which is YAML too.
pub fn write(document: &Json) -> Written {
    let mut written = Written { line: 1, column: 1, ..Written::default() };
    written.value(document, &[]);
    written
}

impl Written {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count() as u64;
    }

    fn next_line(&mut self, depth: usize) {
        self.text.push('\n');
        (self.line, self.column) = (self.line + 1, 1);
        self.push(&"  ".repeat(depth));
    }

    fn value(&mut self, value: &Json, at: &[Step]) {
        let (open, close, members): (_, _, Vec<(Step, &Json)>) = match value {
            Json::Object(map) if !map.is_empty() => {
                ("{", "}", map.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect())
            }
            Json::Array(items) if !items.is_empty() => {
                ("[", "]", items.iter().enumerate().map(|(index, value)| (Step::Index(index), value)).collect())
            }
            plain => return self.push(&plain.to_string()),
        };
        self.push(open);
        let count = members.len();
        for (position, (step, member)) in members.into_iter().enumerate() {
            self.next_line(at.len() + 1);
            let key_spot = (self.line, self.column);
            if let Step::Key(key) = &step {
                self.push(&format!("{}: ", Json::String(key.clone())));
            }
            let mut way = at.to_vec();
            way.push(step);
            self.places.insert(way.clone(), (key_spot, (self.line, self.column)));
            self.value(member, &way);
            if position + 1 < count {
                self.push(",");
            }
        }
        self.next_line(at.len());
        self.push(close);
    }
}
