//! What an export wrote, so that the next one may replace it and nothing else: paths and hashes of their bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ExportFile;

/// The manifest's own file, beside what it lists. Loaders pass over names that begin with a dot.
pub const MANIFEST: &str = ".tenantry-export.json";

/// The files of one export.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// Path -> SHA-256 of its bytes, in hexadecimal digits.
    files: BTreeMap<String, String>,
    /// Path -> the top-level key that it is of; not of what all kinds share.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keys: BTreeMap<String, String>,
}

/// What the folder holds where an export is to go.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// Files that are in the way and that no export wrote, or that were edited since.
    pub in_the_way: Vec<String>,
    /// Files of the last export that this one does not have and nobody edited.
    pub stale: Vec<String>,
}

impl Manifest {
    /// Lists what was written, and what of the last export stays (`kept`) as that one wrote it.
    pub fn of(files: &[ExportFile], last: &Self, kept: &BTreeSet<String>) -> Self {
        let stays = |map: &BTreeMap<String, String>| {
            map.iter().filter(|(path, _)| kept.contains(*path)).map(|(path, of)| (path.clone(), of.clone())).collect()
        };
        let mut manifest = Self { version: 1, files: stays(&last.files), keys: stays(&last.keys) };
        for file in files {
            manifest.files.insert(file.path.clone(), hash(&file.bytes));
            manifest.keys.extend(file.key.clone().map(|key| (file.path.clone(), key)));
        }
        manifest
    }

    /// Returns the top-level key that a file is of, if that is known.
    pub fn key(&self, path: &str) -> Option<&str> {
        self.keys.get(path).map(String::as_str)
    }

    /// Says whether an export wrote a file so.
    pub fn has_written(&self, path: &str, bytes: &[u8]) -> bool {
        self.files.get(path).is_some_and(|last| *last == hash(bytes))
    }

    /// Reads a manifest; one that cannot be read is as good as none, and then everything is somebody's.
    pub fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).ok().filter(|manifest: &Self| manifest.version == 1).unwrap_or_default()
    }

    /// Returns the bytes to write. Always the same for the same files.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Compares what stands there (`present`: path -> bytes, of this export's paths and of the last one's) with what
    /// is to be written and with what stays.
    pub fn replacement(
        &self,
        present: &BTreeMap<String, Vec<u8>>,
        files: &[ExportFile],
        kept: &BTreeSet<String>,
    ) -> Replacement {
        let new: BTreeMap<&str, &[u8]> = files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())).collect();
        let mut replacement = Replacement::default();
        for (path, bytes) in present.iter().filter(|(path, _)| !kept.contains(*path)) {
            match new.get(path.as_str()) {
                Some(wanted) if *wanted == bytes.as_slice() || self.has_written(path, bytes) => {}
                Some(_) => replacement.in_the_way.push(path.clone()),
                None if self.has_written(path, bytes) => replacement.stale.push(path.clone()),
                None => {}
            }
        }
        replacement
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<ExportFile> {
        list.iter()
            .map(|(path, text)| ExportFile { path: (*path).into(), key: None, bytes: text.as_bytes().into() })
            .collect()
    }

    #[test]
    fn only_what_the_last_export_wrote_is_replaced() {
        let written = files(&[("a", "1"), ("b", "1"), ("gone", "1"), ("other", "1")]);
        let last = Manifest::read(&Manifest::of(&written, &Manifest::default(), &BTreeSet::new()).to_bytes());
        let present = [("a", "1"), ("b", "edited"), ("gone", "1"), ("mine", "1"), ("other", "1")];
        let present = present.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        let new = files(&[("a", "2"), ("b", "2"), ("mine", "2"), ("new", "2")]);
        let expected = Replacement { in_the_way: vec!["b".into(), "mine".into()], stale: vec!["gone".into()] };
        let kept = BTreeSet::from(["other".to_owned()]);
        assert_eq!(last.replacement(&present, &new, &kept), expected);
        let next = Manifest::of(&new, &last, &kept);
        assert_eq!(next.paths().collect::<Vec<_>>(), ["a", "b", "mine", "new", "other"]);
        assert!(next.has_written("other", b"1"));
    }

    #[test]
    fn a_broken_manifest_makes_everything_somebodys() {
        let present = BTreeMap::from([("a".to_owned(), b"1".to_vec())]);
        assert_eq!(
            Manifest::read(b"{").replacement(&present, &files(&[("a", "2")]), &BTreeSet::new()).in_the_way,
            ["a"]
        );
    }
}
