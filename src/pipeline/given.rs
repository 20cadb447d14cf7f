//! Keys that a keyword of a Deploy CLI project gave: findings never quote them, for a keyword's value may be a secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::fields::table::table;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::{Content, Documents, Entry, Node, SourceTexts};

/// What stands in place of such a key.
const INSTEAD: &str = "(from a keyword)";

/// Takes keys out of what findings quote that do not stand in the files.
pub fn unquote(documents: &Documents, findings: &mut Diagnostics) {
    if !documents.settings.deploy_cli || findings.0.is_empty() {
        return;
    }
    let mut keys = Keys { files: &documents.files, lines: BTreeMap::new(), given: BTreeSet::new() };
    keys.of_entries(&documents.root);
    keys.of_entries(&documents.removed);
    // The longest first: one may begin another.
    let mut given: Vec<&str> = keys.given.into_iter().collect();
    given.sort_by_key(|key| std::cmp::Reverse(key.len()));
    if given.is_empty() {
        return;
    }
    for finding in &mut findings.0 {
        finding.summary = without(&finding.summary, &given);
        finding.help = finding.help.take().map(|help| without(&help, &given));
    }
}

struct Keys<'d> {
    files: &'d SourceTexts,
    /// Each file in lines.
    lines: BTreeMap<&'d str, Vec<&'d str>>,
    given: BTreeSet<&'d str>,
}

impl<'d> Keys<'d> {
    fn of_entries(&mut self, entries: &'d [Entry]) {
        for entry in entries {
            if self.is_given(entry) {
                self.given.insert(&entry.key);
            }
            self.of_node(&entry.value);
        }
    }

    fn of_node(&mut self, node: &'d Node) {
        match &node.value {
            Content::Map(entries) => self.of_entries(entries),
            Content::List(items) => items.iter().for_each(|item| self.of_node(item)),
            _ => {}
        }
    }

    /// Says whether a marker stands where the key does, and the file nowhere has the key itself. The name of a field of
    /// the API says nothing of the keyword.
    fn is_given(&mut self, entry: &Entry) -> bool {
        let place = &entry.key_place;
        let Some((file, text)) = self.files.get_key_value(&place.file) else { return false };
        let lines = self.lines.entry(file).or_insert_with(|| text.split('\n').collect());
        let line = lines.get(place.line.saturating_sub(1) as usize).copied().unwrap_or_default();
        let start = line.char_indices().nth(place.column.saturating_sub(1) as usize).map_or(line.len(), |(at, _)| at);
        let rest = line.get(start..).unwrap_or_default();
        let is_hidden = !entry.key.is_empty() && !table().names(&entry.key);
        is_hidden && (rest.contains("##") || rest.contains("@@")) && !text.contains(&entry.key)
    }
}

/// Returns a message without what it quotes of the keys. Its own words stand outside of backticks.
fn without(text: &str, given: &[&str]) -> String {
    // A key may hold backticks itself, so that what is quoted cannot be told from what is not.
    if given.iter().any(|key| key.contains('`') && text.contains(key)) {
        return given.iter().fold(text.to_owned(), |text, key| text.replace(key, INSTEAD));
    }
    let piece = |(index, piece): (usize, &str)| match index % 2 {
        1 => {
            let shown = given.iter().fold(piece.to_owned(), |piece, key| in_path(&piece, key));
            if shown == INSTEAD { shown } else { format!("`{shown}`") }
        }
        _ => piece.to_owned(),
    };
    text.split('`').enumerate().map(piece).collect()
}

/// Replaces a key where it is a whole step of a path.
fn in_path(path: &str, key: &str) -> String {
    let mut made = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(key) {
        let (before, after) = (&rest[..at], &rest[at + key.len()..]);
        let last = before.chars().next_back().or(made.chars().next_back());
        let starts = last.is_none_or(|letter| matches!(letter, '.' | '/' | ']'));
        let ends = after.chars().next().is_none_or(|letter| matches!(letter, '.' | '/' | '['));
        made.push_str(before);
        made.push_str(if starts && ends { INSTEAD } else { key });
        rest = after;
    }
    made + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_steps_of_paths_are_taken_out() {
        let given = ["hush", "x"];
        assert_eq!(without("there is no kind `hush`", &given), "there is no kind (from a keyword)");
        assert_eq!(without("`a.hush[0].b` must be text", &given), "`a.(from a keyword)[0].b` must be text");
        assert_eq!(
            without("`exact` beside `x.hush`, hush", &given),
            "`exact` beside `(from a keyword).(from a keyword)`, hush"
        );
        assert_eq!(without("there is no kind `a`b`", &["a`b"]), "there is no kind `(from a keyword)`");
    }
}
