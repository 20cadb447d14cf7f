//! Keywords held in place: a project's texts with a word for each keyword that the YAML and JSON readers take as text,
//! so that the project can be read without any value and every field shows which keywords it is made of.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::pipeline::keywords;
use crate::pipeline::tree::{Tree, TreeEntry, TreeError};

/// What the words are made of: lower case, since names of hooks are put into lower case, and in no language.
const OPEN: &str = "zqxkv";
const CLOSE: &str = "vkxqz";
const DIGITS: usize = 5;

/// A tree whose keywords are words.
pub struct Marks<'a> {
    tree: &'a dyn Tree,
    environment: &'a BTreeMap<String, String>,
    /// Each keyword, in the order in which they are replaced. Those of the environment join when a text names them.
    keys: Mutex<Vec<String>>,
}

/// One keyword in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: String,
    /// `@@KEY@@`, not `##KEY##`.
    pub is_json: bool,
}

impl Mark {
    /// Returns it as a file writes it.
    pub fn written(&self) -> String {
        let sign = if self.is_json { "@@" } else { "##" };
        format!("{sign}{}{sign}", self.key)
    }
}

impl<'a> Marks<'a> {
    pub fn new(tree: &'a dyn Tree, keys: Vec<String>, environment: &'a BTreeMap<String, String>) -> Self {
        Self { tree, environment, keys: Mutex::new(keys) }
    }

    /// Returns every keyword, those of the environment that a text named among them.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a text with its words as keywords again.
    pub fn written(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.pieces(text, &mut |piece| match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Mark(mark) => out.push_str(&mark.written()),
        });
        out
    }

    /// Returns the keywords of a text.
    pub fn of(&self, text: &str) -> Vec<Mark> {
        let mut marks = Vec::new();
        self.pieces(text, &mut |piece| {
            if let Piece::Mark(mark) = piece {
                marks.push(mark);
            }
        });
        marks
    }

    /// Takes a text apart.
    pub fn pieces(&self, text: &str, each: &mut dyn FnMut(Piece<'_>)) {
        if !text.contains(OPEN) {
            return each(Piece::Text(text));
        }
        let keys = self.keys();
        let mut rest = text;
        while let Some((start, end, index, is_json)) = next(rest) {
            each(Piece::Text(&rest[..start]));
            if let Some(key) = keys.get(index) {
                each(Piece::Mark(Mark { key: key.clone(), is_json }));
            }
            rest = &rest[end..];
        }
        each(Piece::Text(rest));
    }

    /// Puts words in the places of keywords.
    fn marked(&self, text: &str, is_json: bool) -> String {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        for (marker, _) in keywords::unmapped_markers(text) {
            let key = &marker[2..marker.len() - 2];
            if self.environment.contains_key(key) && !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        let mut text = text.to_owned();
        for sign in ["@@", "##"] {
            for (index, key) in keys.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
                let marker = format!("{sign}{key}{sign}");
                if text.contains(&marker) {
                    text = text.replace(&marker, &word(index, sign == "@@"));
                }
            }
        }
        if is_json { quoted(&text) } else { text }
    }
}

impl std::fmt::Debug for Marks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marks").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

/// A stretch of a text.
#[derive(Debug)]
pub enum Piece<'t> {
    Text(&'t str),
    Mark(Mark),
}

impl Tree for Marks<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let bytes = self.tree.read(path)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) if next(&text).is_some() => {
                return Err(TreeError::Unreadable(format!("it holds `{OPEN}`, which the translation needs itself")));
            }
            Ok(text) => self.marked(&text, path.ends_with(".json")).into_bytes(),
            // The loader says where it is no text.
            Err(error) => error.into_bytes(),
        })
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        self.tree.list(folder)
    }
}

fn word(index: usize, is_json: bool) -> String {
    format!("{OPEN}{}{index:0DIGITS$}{CLOSE}", if is_json { 'j' } else { 't' })
}

/// Finds the next word: where it begins and ends, the keyword's number, whether it stands for JSON.
fn next(text: &str) -> Option<(usize, usize, usize, bool)> {
    text.match_indices(OPEN).find_map(|(start, _)| {
        let rest = &text[start + OPEN.len()..];
        let is_json = match rest.chars().next()? {
            'j' => true,
            't' => false,
            _ => return None,
        };
        let digits = rest.get(1..=DIGITS)?;
        rest.get(1 + DIGITS..)?.strip_prefix(CLOSE)?;
        let end = start + OPEN.len() + 1 + DIGITS + CLOSE.len();
        Some((start, end, digits.parse().ok()?, is_json))
    })
}

/// JSON takes a word outside of a string for nothing: it gets quotes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let (mut in_string, mut at) = (false, 0);
    let mut words = WordStarts { text, from: 0 };
    let mut coming = words.next();
    while at < text.len() {
        if let Some((start, end)) = coming
            && start == at
        {
            let word = &text[start..end];
            if in_string {
                out.push_str(word);
            } else {
                out.push_str(&format!("\"{word}\""));
            }
            at = end;
            coming = words.next();
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        if in_string && c == '\\' {
            let step = text[at..].chars().take(2).map(char::len_utf8).sum::<usize>();
            out.push_str(&text[at..at + step]);
            at += step;
            continue;
        }
        in_string ^= c == '"';
        out.push(c);
        at += c.len_utf8();
    }
    out
}

struct WordStarts<'t> {
    text: &'t str,
    from: usize,
}

impl Iterator for WordStarts<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, end, ..) = next(&self.text[self.from..])?;
        let found = (self.from + start, self.from + end);
        self.from = found.1;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tree::MemoryTree;

    fn marked(path: &str, text: &str) -> (String, String) {
        let tree = MemoryTree::of(&[(path, text)]);
        let environment = BTreeMap::from([("HOST".to_owned(), "x".to_owned())]);
        let marks = Marks::new(&tree, vec!["A".to_owned(), "B".to_owned()], &environment);
        let held = String::from_utf8(marks.read(path).unwrap()).unwrap();
        (marks.written(&held), held)
    }

    #[test]
    fn keywords_come_back_and_others_stay() {
        for text in ["a: ##A##\nb: '@@B@@ ##NO##'\n# ##HOST##", "", "##A####B##", "@@A@@@@"] {
            let (back, held) = marked("a.yaml", text);
            assert_eq!(back, text);
            assert!(!held.contains("A##") && !held.contains("HOST"), "{held}");
        }
    }

    #[test]
    fn json_gets_quotes_where_it_has_none() {
        let (back, held) = marked("a.json", r#"{"a": ##A##, "b": "x \" ##A##", "c": ["y", @@B@@], "d": "@@B@@"}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&held).is_ok(), "{held}");
        assert_eq!(back, r###"{"a": "##A##", "b": "x \" ##A##", "c": ["y", "@@B@@"], "d": "@@B@@"}"###);
    }
}
