//! File names for objects: readable, valid on every system, and never the same for two objects, whatever their case.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// File systems take 255 bytes; extensions and suffixes need some of them.
const LONGEST: usize = 180;

/// Names that Windows keeps for devices.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The file names of the objects that share a folder.
#[derive(Debug, Default)]
pub(super) struct FileNames(BTreeMap<String, String>);

impl FileNames {
    /// Names all objects: (what tells one from all others, what people call it). Where two would share a file, both
    /// get a short suffix made of the first, so that a name depends on its likes only.
    pub fn of(objects: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut given: BTreeMap<String, String> =
            objects.into_iter().map(|(key, title)| (key, sanitise(&title))).collect();
        let mut likes: BTreeMap<String, usize> = BTreeMap::new();
        for file in given.values() {
            *likes.entry(folded(file)).or_default() += 1;
        }
        for (key, file) in &mut given {
            if likes.get(&folded(file)).is_some_and(|count| *count > 1) {
                *file = format!("{file}-{}", suffix(key));
            }
        }
        Self(given)
    }

    /// Returns the file name of an object, without extension.
    pub fn get(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| sanitise(key))
    }
}

/// Replaces what a file name cannot hold by `-`, as the Deploy CLI does.
pub(super) fn sanitise(name: &str) -> String {
    let mut text: String = name
        .chars()
        .map(|c| match c {
            '/' | '?' | '<' | '>' | '\\' | ':' | '*' | '|' | '"' => '-',
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}') =>
            {
                '-'
            }
            c => c,
        })
        .collect();
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    let kept = text.trim_end_matches(['.', ' ']).len();
    let cut = text.len() - kept;
    text.truncate(kept);
    if cut > 0 {
        text.push('-');
    }
    // A leading dot hides the file, and `..` leads out of the folder.
    if text.starts_with(['.', ' ']) {
        text.replace_range(0..1, "-");
    }
    let stem = text.split('.').next().unwrap_or_default().to_lowercase();
    if RESERVED.contains(&stem.as_str()) {
        text.push('-');
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Returns a short text made of a name.
pub(super) fn suffix(name: &str) -> String {
    Sha256::digest(name.as_bytes()).iter().take(3).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Two names with the same folded form are one file on some systems.
pub(super) fn folded(file: &str) -> String {
    file.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_stay_readable() {
        for (name, file) in [
            ("Northwind Portal (Web)", "Northwind Portal (Web)"),
            ("Explorer SPA / Développeurs", "Explorer SPA - Développeurs"),
            ("Northwind \"Field\" App", "Northwind -Field- App"),
            ("Billing Sync Inc.", "Billing Sync Inc-"),
            ("..", "-"),
            (".hidden", "-hidden"),
            ("CON", "CON-"),
            ("nul.txt", "nul.txt-"),
            ("", "-"),
            ("a\nb", "a-b"),
        ] {
            assert_eq!(sanitise(name), file, "{name:?}");
        }
    }

    #[test]
    fn likes_get_a_suffix_each() {
        let names = FileNames::of(["A/B", "A:B", "a-b", "C"].map(|name| (name.to_owned(), name.to_owned())));
        let files: BTreeSet<String> = ["A/B", "A:B", "a-b"].iter().map(|name| names.get(name)).collect();
        assert_eq!(files.len(), 3);
        assert!(files.iter().all(|file| file.len() == "A-B-000000".len()), "{files:?}");
        assert_eq!(names.get("C"), "C");
    }

    proptest! {
        #[test]
        fn no_two_objects_share_a_file(names in prop::collection::btree_set("[aAbB/:. é]{0,4}|.{0,6}", 0..12)) {
            let files = FileNames::of(names.iter().map(|name| (name.clone(), name.clone())));
            let folded: BTreeSet<String> = names.iter().map(|name| folded(&files.get(name))).collect();
            prop_assert_eq!(folded.len(), names.len());
        }

        #[test]
        fn a_file_name_is_one_name(name in any::<String>()) {
            let file = sanitise(&name);
            prop_assert!(!file.is_empty() && file.len() <= LONGEST + 2);
            prop_assert!(!file.contains(['/', '\\', '\0']) && !file.starts_with('.') && !file.ends_with(['.', ' ']));
        }
    }
}
