//! The files of an export, as they are collected: no two paths alike on any system.

use std::collections::BTreeSet;

use super::file_names::{folded, suffix};
use super::piece::{FileField, Piece, Text};

/// One file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Relative to the export's folder, `/` between names.
    pub path: String,
    /// The top-level key that it is of; `None` for what all kinds share.
    pub key: Option<String>,
    pub bytes: Vec<u8>,
}

/// The files so far.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Files {
    files: Vec<ExportFile>,
    key: Option<String>,
    taken: BTreeSet<String>,
}

impl Files {
    /// Says that the files from now on are of this key, or shared by all.
    pub fn begin(&mut self, key: Option<&str>) {
        self.key = key.map(str::to_owned);
    }

    /// Adds a file and returns its path, which gets a suffix before the extension if it is taken.
    pub fn add(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> String {
        let mut free = path.to_owned();
        let mut round = 0;
        while !self.taken.insert(folded(&free)) {
            round += 1;
            let (stem, extension) = match path.rsplit_once('.') {
                Some((stem, extension)) if !extension.contains('/') => (stem, format!(".{extension}")),
                _ => (path, String::new()),
            };
            free = format!("{stem}-{}{extension}", suffix(&format!("{path}#{round}")));
        }
        self.files.push(ExportFile { path: free.clone(), key: self.key.clone(), bytes: bytes.into() });
        free
    }

    /// Returns all files, by path.
    pub fn finish(mut self) -> Vec<ExportFile> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files
    }
}

/// Moves texts into companion files: `place` stores one and returns the path to write instead, or `None` to leave it.
pub(super) fn move_out(piece: &mut Piece, place: &mut dyn FnMut(&FileField, &str) -> Option<String>) {
    match piece {
        Piece::List(list) => list.iter_mut().for_each(|piece| move_out(piece, place)),
        Piece::Map(map) => map.values_mut().for_each(|piece| move_out(piece, place)),
        Piece::Text(text) => {
            if let Some(field) = text.file.take()
                && let Some(path) = place(&field, &text.text)
            {
                // A path is nobody's to render, and holds nothing to escape.
                *text = Text { hands_off: true, ..Text::plain(path) };
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_path_gets_a_suffix() {
        let mut files = Files::default();
        assert_eq!(files.add("a/B.js", "1"), "a/B.js");
        let second = files.add("a/b.js", "2");
        assert!(second.starts_with("a/b-") && second.ends_with(".js") && second != "a/b.js", "{second}");
        assert_ne!(files.add("A/B.js", "3"), second);
        assert_eq!(files.finish().len(), 3);
    }
}
