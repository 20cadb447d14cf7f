//! The trap of `key: ##KEYWORD##`: without a mapping, YAML reads the marker as a comment and the value as null.

use crate::pipeline::keywords::unmapped_markers;

/// A marker that begins a comment.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::pipeline::load) struct Swallowed {
    pub marker: String,
    pub line: u32,
    pub column: u32,
    /// The top-level key that the line belongs to.
    pub key: String,
}

/// Finds markers that stand where a value would and begin a comment. Markers inside a comment's text are harmless,
/// and so is a line that holds a marker and further words: people write headings like that.
pub(in crate::pipeline::load) fn swallowed(text: &str) -> Vec<Swallowed> {
    let mut found = Vec::new();
    let mut key = String::new();
    let mut state = State::default();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_end_matches('\r');
        if let Some(name) = state.top_key(line) {
            key = name.to_owned();
        }
        let Some(start) = state.comment(line) else { continue };
        let (before, comment) = line.split_at(start);
        let Some((marker, 0)) = unmapped_markers(comment).into_iter().next() else { continue };
        let rest = comment[marker.len()..].trim();
        if !marker.starts_with('#') || (before.trim().is_empty() && !rest.is_empty()) {
            continue;
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let column = count(before.chars().count() + 1);
        found.push(Swallowed { marker, line: count(index + 1), column, key: key.clone() });
    }
    found
}

/// What a line inherits from those above.
#[derive(Default)]
struct State {
    /// Inside a quoted text that goes on.
    quote: Option<char>,
    /// Inside a block text: the indent of the line that opened it.
    block: Option<usize>,
}

impl State {
    fn top_key<'l>(&self, line: &'l str) -> Option<&'l str> {
        if self.quote.is_some() || line.starts_with([' ', '\t', '#', '-', '\r']) {
            return None;
        }
        let name = line.split(':').next()?.trim().trim_matches(['"', '\'']);
        (!name.is_empty()).then_some(name)
    }

    /// Returns the byte offset of the comment in a line and remembers what goes on below it.
    fn comment(&mut self, line: &str) -> Option<usize> {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(opener) = self.block {
            if line.trim().is_empty() || indent > opener {
                return None;
            }
            self.block = None;
        }
        let comment = self.scan(line);
        let content = line[..comment.unwrap_or(line.len())].trim_end();
        if self.quote.is_none() && opens_block(content) {
            self.block = Some(block_indent(content, indent));
        }
        comment
    }

    fn scan(&mut self, line: &str) -> Option<usize> {
        // A quote opens a text only where a value may begin: at a line's start, after a sign, after `&name` or `!tag`.
        let mut may_begin = true;
        let mut in_property = false;
        let mut before = ' ';
        let mut chars = line.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            match self.quote {
                Some('"') if c == '\\' => drop(chars.next()),
                Some('\'') if c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') => drop(chars.next()),
                Some(quote) if c == quote => self.quote = None,
                Some(_) => {}
                None if c == '#' && before.is_whitespace() => return Some(offset),
                None if may_begin && matches!(c, '"' | '\'') => self.quote = Some(c),
                None if may_begin && matches!(c, '&' | '!') => in_property = true,
                None => {}
            }
            if !c.is_whitespace() {
                may_begin = matches!(c, ':' | '-' | ',' | '[' | '{' | '?');
            } else if std::mem::take(&mut in_property) {
                may_begin = true;
            }
            before = c;
        }
        None
    }
}

/// Says whether a line ends in the sign of a block text: `|`, `>`, with `+`, `-` or a digit.
fn opens_block(content: &str) -> bool {
    let last = content.rsplit([' ', '\t']).next().unwrap_or_default();
    last.starts_with(['|', '>']) && last[1..].chars().all(|c| matches!(c, '+' | '-' | '1'..='9'))
}

/// The text of a block lies deeper than its key; after `- key:` that is the key's column, after a bare `-` the dash's.
fn block_indent(content: &str, indent: usize) -> usize {
    let mut indent = indent;
    let mut rest = &content[indent..];
    while let Some(after) = rest.strip_prefix("- ") {
        let inner = after.trim_start_matches(' ');
        if inner.starts_with(['|', '>']) {
            break;
        }
        indent += rest.len() - inner.len();
        rest = inner;
    }
    indent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers(text: &str) -> Vec<String> {
        swallowed(text)
            .into_iter()
            .map(|found| format!("{}:{} {} {}", found.line, found.column, found.key, found.marker))
            .collect()
    }

    #[test]
    fn values_that_become_comments_are_found() {
        assert_eq!(
            markers(
                "tenant:\n  email: ##MAIL##   # why\n  name: App ##ENV##\nroles:\n  - ##ROLE##\n  - [ a, ##B## ]\n  ##ALL##\n"
            ),
            [
                "2:10 tenant ##MAIL##",
                "3:13 tenant ##ENV##",
                "5:5 roles ##ROLE##",
                "6:10 roles ##B##",
                "7:3 roles ##ALL##"
            ]
        );
    }

    #[test]
    fn texts_and_real_comments_are_left_alone() {
        assert_eq!(
            markers(concat!(
                "# ##A## pastes text\n##SECTION## of clients ----\n",
                "a: '##B## # x'\nb: \"it's \\\" ##C##\n  ##D##\"\nurl: https://##E##/x\n",
                "- text: |-\n    ##F##\n\n    x # ##G##\n  other: >\n    a ##H##\n- it's ok # a ##I##\n",
                "- - >2\n     ##J##\n",
                "- &anchor \"a\n  ##K##\"\n- !!str 'b ##L## '\n",
            )),
            [] as [&str; 0]
        );
    }

    #[test]
    fn a_block_ends_where_the_indent_does() {
        assert_eq!(markers("a:\n  b: |\n    text\n  c: ##K##\n"), ["4:6 a ##K##"]);
        assert_eq!(markers("a:\n  - |\n   ##X##\n  - ##K##\n"), ["4:5 a ##K##"]);
    }
}
