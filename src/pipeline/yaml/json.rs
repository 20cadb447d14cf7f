//! JSON with places. Deploy CLI projects in the directory format are JSON, tabs and all, which YAML would refuse.

use std::collections::HashMap;
use std::sync::Arc;

use super::{DEPTH_LIMIT, VALUE_LIMIT, duplicate_key, place, too_much};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node, Place};

/// Reads a JSON text that holds one value.
pub fn document(text: &str, file: &Arc<str>, findings: &mut Diagnostics) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        Reader { text, position: 0, line: 1, column: 1, depth: 0, values: 0, file, duplicates: Vec::new() };
    let result = reader.value().and_then(|node| {
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.error("the end of the file")),
        }
    });
    findings.0.append(&mut reader.duplicates);
    result.map_err(|finding| findings.push(*finding)).ok()
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    line: usize,
    column: usize,
    depth: usize,
    values: usize,
    file: &'a Arc<str>,
    duplicates: Vec<Diagnostic>,
}

type Read<T> = Result<T, Box<Diagnostic>>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn here(&self) -> Place {
        place(self.file, self.line, self.column)
    }

    fn error(&self, expected: &str) -> Box<Diagnostic> {
        let found = self.text.get(self.position..).and_then(|rest| rest.chars().next());
        let summary = match found {
            Some(c) => format!("expected {expected}, found `{}`", c.escape_debug()),
            None => format!("expected {expected}, found the end of the file"),
        };
        Box::new(Diagnostic::error("json-syntax", summary).at(&self.here()))
    }

    /// Moves over `length` bytes that hold whole characters.
    fn advance(&mut self, length: usize) {
        let end = (self.position + length).min(self.text.len());
        for c in self.text[self.position..end].chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.position = end;
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.position..];
        let length = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.advance(length);
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance(1);
        }
        found
    }

    fn value(&mut self) -> Read<Node> {
        self.skip_space();
        let at = self.here();
        self.values += 1;
        if self.values > VALUE_LIMIT {
            return Err(Box::new(too_much(&at, "holds too many values")));
        }
        let content = match self.peek() {
            Some(b'{') => self.nested(Self::map)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Content::Text(self.string()?),
            Some(b't') => self.word("true", Content::Bool(true))?,
            Some(b'f') => self.word("false", Content::Bool(false))?,
            Some(b'n') => self.word("null", Content::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.error("a value")),
        };
        Ok(Node::new(content, at))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Content>) -> Read<Content> {
        if self.depth >= DEPTH_LIMIT {
            let what = format!("nests lists and maps more than {DEPTH_LIMIT} deep");
            return Err(Box::new(too_much(&self.here(), &what)));
        }
        self.depth += 1;
        self.advance(1);
        let content = read(self);
        self.depth -= 1;
        content
    }

    fn list(&mut self) -> Read<Content> {
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Content::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Content::List(items));
            }
            if !self.eat(b',') {
                return Err(self.error("`,` or `]`"));
            }
        }
    }

    fn map(&mut self) -> Read<Content> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Content::Map(entries));
        }
        loop {
            self.skip_space();
            let key_place = self.here();
            if self.peek() != Some(b'"') {
                return Err(self.error("a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.error("`:`"));
            }
            let value = self.value()?;
            match known.get(&key).and_then(|position| entries.get(*position)) {
                Some(first) => self.duplicates.push(duplicate_key(&key, &key_place, &first.key_place)),
                None => {
                    known.insert(key.clone(), entries.len());
                    entries.push(Entry { key, key_place, value });
                }
            }
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Content::Map(entries));
            }
            if !self.eat(b',') {
                return Err(self.error("`,` or `}`"));
            }
        }
    }

    fn word(&mut self, word: &str, content: Content) -> Read<Content> {
        if !self.text[self.position..].starts_with(word) {
            return Err(self.error("a value"));
        }
        self.advance(word.len());
        Ok(content)
    }

    fn number(&mut self) -> Read<Content> {
        let rest = &self.text[self.position..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.as_bytes().iter().take_while(|byte| is_part(byte)).count();
        let number: serde_json::Number = serde_json::from_str(&rest[..length]).map_err(|_| self.error("a number"))?;
        self.advance(length);
        Ok(Content::Number(number))
    }

    /// Reads a string in double quotes; escapes are serde_json's business.
    fn string(&mut self) -> Read<String> {
        let bytes = &self.text.as_bytes()[self.position..];
        let mut length = 1;
        loop {
            match bytes.get(length) {
                Some(b'"') => break,
                Some(b'\\') => length += 2,
                Some(byte) if *byte < 0x20 => {
                    self.advance_to(length);
                    return Err(self.error("no control character in a string, but an escape"));
                }
                Some(_) => length += 1,
                None => {
                    return Err(Box::new(
                        Diagnostic::error("json-syntax", "the string that begins here does not end").at(&self.here()),
                    ));
                }
            }
        }
        let quoted = &self.text[self.position..=self.position + length];
        let string = serde_json::from_str(quoted).map_err(|_| {
            Box::new(Diagnostic::error("json-syntax", "the string holds an escape that JSON lacks").at(&self.here()))
        })?;
        self.advance(length + 1);
        Ok(string)
    }

    /// Moves to a byte that a scan found; backs up to a whole character.
    fn advance_to(&mut self, length: usize) {
        let mut end = (self.position + length).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.advance(end - self.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let mut findings = Diagnostics::default();
        let node = document(text, &Arc::from("a.json"), &mut findings);
        match (node, findings.0.first()) {
            (Some(node), None) => Ok(node.to_value().to_shown().to_string()),
            (_, Some(finding)) => {
                Err(format!("{} {}", finding.place.as_ref().map(ToString::to_string).unwrap(), finding.summary))
            }
            (None, None) => panic!("neither node nor finding"),
        }
    }

    #[test]
    fn json_is_read_with_tabs_and_escapes() {
        let text = "{\r\n\t\"a\": [1, -2.5e3, true, null, \"\\ud83d\\ude00\\n\"]\t}\n";
        assert_eq!(read(text).as_deref(), Ok(r#"{"a":[1,-2500.0,true,null,"😀\n"]}"#));
    }

    #[test]
    fn mistakes_are_told_by_place() {
        let cases = [
            ("{\"a\": 1,}", "a.json:1:9 expected a key in double quotes, found `}`"),
            ("{\n  \"a\": 1\n  \"b\": 2}", "a.json:3:3 expected `,` or `}`, found `\\\"`"),
            ("[1", "a.json:1:3 expected `,` or `]`, found the end of the file"),
            ("[\"é", "a.json:1:2 the string that begins here does not end"),
            ("[\"é\n\"]", "a.json:1:4 expected no control character in a string, but an escape, found `\\n`"),
            ("{\"a\": 1, \"a\": 2}", "a.json:1:10 the key `a` stands twice in one map"),
            ("[01]", "a.json:1:2 expected a number, found `0`"),
            ("{} x", "a.json:1:4 expected the end of the file, found `x`"),
            ("", "a.json:1:1 expected a value, found the end of the file"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }
}
