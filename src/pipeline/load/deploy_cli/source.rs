//! Reading a project's texts: keywords replaced, places led back to the file, leftover markers reported.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::comment;
use super::directory_format::Folder;
use crate::catalogue::table::catalogue;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Node, Place, SourceTexts};
use crate::pipeline::keywords::{self, Mappings, Replaced};
use crate::pipeline::tree::{self, Tree, TreeEntry, TreeError};
use crate::pipeline::yaml;

type Parse = fn(&str, &Arc<str>, &mut Diagnostics) -> Option<Node>;

/// A project's texts, and what reading them found.
pub(super) struct Source<'a> {
    pub tree: &'a dyn Tree,
    mappings: Mappings,
    environment: &'a BTreeMap<String, String>,
    pub files: SourceTexts,
    /// Files whose whole text is a field's value; their markers are reported when they are read.
    companions: BTreeSet<Arc<str>>,
    pub findings: Diagnostics,
}

impl<'a> Source<'a> {
    /// Takes the keywords of the config file. Environment variables are keywords too, and win; those that no marker
    /// names are never looked at again.
    pub fn new(tree: &'a dyn Tree, mappings: Mappings, environment: &'a BTreeMap<String, String>) -> Self {
        let mut source = Self {
            tree,
            mappings,
            environment,
            files: SourceTexts::new(),
            companions: BTreeSet::new(),
            findings: Diagnostics::default(),
        };
        let values: Vec<String> = source.mappings.0.values().map(ToString::to_string).collect();
        values.iter().for_each(|text| source.admit_environment(text));
        let keys: Vec<String> = source.mappings.0.keys().cloned().collect();
        for key in keys {
            source.admit(&key);
        }
        source
    }

    /// Reads and parses a YAML file. `None` if that is impossible; findings then say why. `is_in_use` says whether a
    /// top-level key is looked at.
    pub fn yaml(&mut self, path: &str, is_in_use: &dyn Fn(&str) -> bool) -> Option<Node> {
        let (file, original) = self.read(path, None)?;
        let replaced = self.replaced(&original);
        let node = self.parsed(&file, &original, &replaced, yaml::parse);
        self.report_comments(&file, &replaced, is_in_use);
        node
    }

    /// Reads and parses a JSON file, which a file names at `named_at`. `None` as for YAML.
    pub fn json(&mut self, path: &str, named_at: Option<&Place>) -> Option<Node> {
        let (file, original) = self.read(path, named_at)?;
        let replaced = self.replaced(&original);
        self.parsed(&file, &original, &replaced, yaml::parse_json)
    }

    fn parsed(&mut self, file: &Arc<str>, original: &str, replaced: &Replaced, parse: Parse) -> Option<Node> {
        let mut findings = Diagnostics::default();
        let mut node = parse(&replaced.text, file, &mut findings);
        for mut finding in findings.0 {
            if let Some(place) = finding.place.as_mut().filter(|place| place.file == *file) {
                lead_back(place, replaced);
            }
            finding.summary = without_values(&finding.summary, original);
            self.findings.push(self.blamed_on_a_marker(finding, original));
        }
        if let Some(node) = &mut node {
            lead_all_back(node, replaced);
        }
        node
    }

    /// Reads the text that a field names, as a text node that stands at its beginning.
    pub fn companion(&mut self, path: &str, named_at: &Place, key: &str) -> Option<Node> {
        let (file, original) = self.read(path, Some(named_at))?;
        self.companions.insert(Arc::clone(&file));
        let text = self.replaced(&original).text;
        let own = own_markers(key);
        for (marker, _) in keywords::unmapped_markers(&text) {
            if !own.contains(inner(&marker)) {
                let (line, column) = original.find(&marker).map_or((1, 1), |offset| position(&original, offset));
                let place = Place { file: Arc::clone(&file), line, column };
                self.findings.push(
                    Diagnostic::warning("undefined-keyword", format!("`{marker}` has no mapping and stays as it is"))
                        .at(&place)
                        .help(self.mapping_help(&marker)),
                );
            }
        }
        Some(Node::new(Content::Text(text), Place { file, line: 1, column: 1 }))
    }

    /// Says whether there is such a file, readable or not.
    pub fn is_file(&self, path: &str) -> bool {
        !matches!(self.tree.read(path), Err(TreeError::Missing | TreeError::NotAFile | TreeError::NotAFolder))
    }

    /// Says whether something of that name is there; reading tells whether it is a file.
    pub fn exists(&self, path: &str) -> bool {
        !matches!(self.tree.read(path), Err(TreeError::Missing | TreeError::NotAFolder))
    }

    /// Lists a folder. `None` if there is none, or it cannot be listed, which is an error among the findings.
    pub fn folder(&mut self, path: &str) -> Option<Folder> {
        match self.tree.list(path) {
            Ok(entries) => {
                let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_folder);
                let names = |entries: Vec<TreeEntry>| entries.into_iter().map(|entry| entry.name).collect();
                Some(Folder { files: names(files), folders: names(folders) })
            }
            Err(TreeError::Missing) => None,
            Err(error) => {
                let place = Place { file: Arc::from(path), line: 1, column: 1 };
                self.findings.push(tree::unreadable(self.tree, path, &error, Some(&place)));
                None
            }
        }
    }

    /// Returns a file's text as on disk; it is kept for quoting.
    fn read(&mut self, path: &str, named_at: Option<&Place>) -> Option<(Arc<str>, Arc<str>)> {
        match tree::read_text(self.tree, path, named_at) {
            Ok(text) => {
                let file: Arc<str> = Arc::from(path);
                self.files.insert(Arc::clone(&file), Arc::clone(&text));
                Some((file, text))
            }
            Err(finding) => {
                self.findings.push(*finding);
                None
            }
        }
    }

    fn replaced(&mut self, text: &str) -> Replaced {
        self.admit_environment(text);
        keywords::replace(text, &self.mappings)
    }

    fn admit_environment(&mut self, text: &str) {
        for (marker, _) in keywords::unmapped_markers(text) {
            self.admit(inner(&marker));
        }
    }

    fn admit(&mut self, key: &str) {
        if let Some(value) = self.environment.get(key) {
            self.mappings.0.insert(key.to_owned(), serde_json::Value::String(value.clone()));
        }
    }

    /// Reports markers that are left in a value's texts. Those of companion files were reported with their file.
    pub fn report_markers(&mut self, key: &str, node: &Node) {
        let own = own_markers(key);
        let mut found = Vec::new();
        collect_markers(node, &self.companions, &mut |marker, place| {
            if !own.contains(inner(marker)) {
                found.push((marker.to_owned(), place.clone()));
            }
        });
        for (marker, place) in found {
            let place = self.marker_place(&marker, &place);
            let finding = self.undefined(&marker).at(&place);
            self.findings.push(finding);
        }
    }

    /// Reports a marker that leaves a secret as the tenant holds it: a note, unless a mapping's name looks meant.
    pub fn report_kept(&mut self, marker: &str, place: &Place) {
        let said = format!("`{marker}` has no mapping, so the tenant's own value stays");
        let near = nearest(inner(marker), self.mappings.0.keys().map(String::as_str));
        self.findings.push(match near {
            Some(_) => Diagnostic::warning("kept-secret", said).help(self.mapping_help(marker)).at(place),
            None => Diagnostic::note("kept-secret", said).help(self.mapping_help(marker)).at(place),
        });
    }

    /// Reports markers that YAML took for comments, so that their values became null. `is_in_use` says whether a
    /// top-level key is looked at.
    fn report_comments(&mut self, file: &Arc<str>, replaced: &Replaced, is_in_use: &dyn Fn(&str) -> bool) {
        for found in comment::swallowed(&replaced.text).into_iter().filter(|found| is_in_use(&found.key)) {
            let (line, column) = replaced.original(found.line, found.column);
            let mut finding = self.undefined(&found.marker).at(&Place { file: Arc::clone(file), line, column });
            finding.help = Some(format!(
                "YAML reads the marker as a comment, so the value would be lost. {}",
                self.mapping_help(&found.marker)
            ));
            self.findings.push(finding);
        }
    }

    /// Takes out of a finding what it quotes and the file does not have.
    pub fn unquoted(&self, mut finding: Diagnostic) -> Diagnostic {
        if let Some(original) = finding.place.as_ref().and_then(|place| self.files.get(&place.file)) {
            finding.summary = without_values(&finding.summary, original);
        }
        finding
    }

    fn undefined(&self, marker: &str) -> Diagnostic {
        Diagnostic::error("undefined-keyword", format!("`{marker}` has no mapping")).help(self.mapping_help(marker))
    }

    fn mapping_help(&self, marker: &str) -> String {
        let key = inner(marker);
        match nearest(key, self.mappings.0.keys().map(String::as_str)) {
            Some(near) if near == key => {
                format!("`{key}` comes in by another keyword's value: put it after that one in the mappings.")
            }
            Some(near) => format!("Did you mean `{near}`? The mappings know that one."),
            None => format!("Add `{key}` to AUTH0_KEYWORD_REPLACE_MAPPINGS, or set it in the environment."),
        }
    }

    /// A syntax error right at a marker is the marker's fault.
    fn blamed_on_a_marker(&self, finding: Diagnostic, original: &str) -> Diagnostic {
        let Some(place) = &finding.place else { return finding };
        let line = original.split('\n').nth(place.line.saturating_sub(1) as usize).unwrap_or_default();
        let at = keywords::unmapped_markers(line).into_iter().find(|(marker, offset)| {
            let start = line[..*offset].chars().count() as u32 + 1;
            (start..start + marker.chars().count() as u32).contains(&place.column)
                && !self.mappings.0.contains_key(inner(marker))
        });
        match at {
            Some((marker, offset)) => {
                let column = line[..offset].chars().count() as u32 + 1;
                self.undefined(&marker).at(&Place { column, ..place.clone() })
            }
            None => finding,
        }
    }

    /// Finds the marker itself in the file, at or after where its text begins; else it came in by a mapping.
    fn marker_place(&self, marker: &str, text_at: &Place) -> Place {
        let Some(original) = self.files.get(&text_at.file) else { return text_at.clone() };
        let start = offset_of(original, text_at);
        match original[start..].find(marker) {
            Some(offset) => {
                let (line, column) = position(original, start + offset);
                Place { line, column, ..text_at.clone() }
            }
            None => text_at.clone(),
        }
    }
}

/// Takes out of a message what it quotes from a keyword's value, which may be a secret: only what stands in the file
/// may be shown.
fn without_values(summary: &str, original: &str) -> String {
    let quoted = |(index, piece): (usize, &str)| match index % 2 {
        1 if !original.contains(piece) => "(from a keyword)".to_owned(),
        1 => format!("`{piece}`"),
        _ => piece.to_owned(),
    };
    summary.split('`').enumerate().map(quoted).collect()
}

/// Returns the key of a marker: `KEY` of `##KEY##`.
fn inner(marker: &str) -> &str {
    marker.get(2..marker.len().saturating_sub(2)).unwrap_or_default()
}

/// Returns the markers that Auth0 itself fills in the texts of a key's kinds.
fn own_markers(key: &str) -> BTreeSet<&'static str> {
    catalogue()
        .kinds()
        .filter(|kind| kind.top_key() == key)
        .flat_map(|kind| kind.fields.own_markers.iter().map(String::as_str))
        .collect()
}

fn collect_markers(node: &Node, skip: &BTreeSet<Arc<str>>, report: &mut dyn FnMut(&str, &Place)) {
    match &node.value {
        Content::Text(text) if !skip.contains(&node.place.file) => {
            for (marker, _) in keywords::unmapped_markers(text) {
                report(&marker, &node.place);
            }
        }
        Content::List(items) => items.iter().for_each(|item| collect_markers(item, skip, report)),
        Content::Map(entries) => entries.iter().for_each(|entry| {
            for (marker, _) in keywords::unmapped_markers(&entry.key) {
                report(&marker, &entry.key_place);
            }
            collect_markers(&entry.value, skip, report);
        }),
        _ => {}
    }
}

fn lead_back(place: &mut Place, replaced: &Replaced) {
    (place.line, place.column) = replaced.original(place.line, place.column);
}

fn lead_all_back(node: &mut Node, replaced: &Replaced) {
    lead_back(&mut node.place, replaced);
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| lead_all_back(item, replaced)),
        Content::Map(entries) => entries.iter_mut().for_each(|entry| {
            lead_back(&mut entry.key_place, replaced);
            lead_all_back(&mut entry.value, replaced);
        }),
        _ => {}
    }
}

/// Returns line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..offset];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(line), count(before[start..].chars().count() + 1))
}

/// Returns the byte offset of a place, or the end of what there is.
fn offset_of(text: &str, place: &Place) -> usize {
    let line_start = match place.line.saturating_sub(1) as usize {
        0 => 0,
        lines => text.match_indices('\n').nth(lines - 1).map_or(text.len(), |(offset, _)| offset + 1),
    };
    let column = place.column.saturating_sub(1) as usize;
    text[line_start..].char_indices().nth(column).map_or(text.len(), |(offset, _)| line_start + offset)
}
