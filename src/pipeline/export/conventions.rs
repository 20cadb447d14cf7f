//! Where companion files lie by the Deploy CLI's conventions: `conventions.toml`, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static CONVENTIONS: LazyLock<Result<Conventions, String>> =
    LazyLock::new(|| toml::from_str(include_str!("conventions.toml")).map_err(|error| error.to_string()));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conventions {
    default: Convention,
    keys: BTreeMap<String, Convention>,
}

/// The path of a companion file in either format, with words in braces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Convention {
    pub yaml: String,
    pub directory: String,
}

/// Returns the convention of a top-level key.
///
/// # Panics
/// When `conventions.toml` is broken, which a test of this module finds before anybody can build a release from it.
#[expect(clippy::panic, reason = "the table is part of the program; a test reads it")]
pub(super) fn convention(key: &str) -> &'static Convention {
    match &*CONVENTIONS {
        Ok(conventions) => conventions.keys.get(key).unwrap_or(&conventions.default),
        Err(error) => panic!("the conventions are broken: {error}"),
    }
}

/// Fills the words of a convention.
pub(super) fn fill(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::catalogue;

    #[test]
    fn every_key_is_known() {
        let Ok(conventions) = &*CONVENTIONS else { panic!("{:?}", CONVENTIONS.as_ref().err()) };
        let known = catalogue().keys();
        assert!(conventions.keys.keys().all(|key| known.contains(&key.as_str())));
    }

    #[test]
    fn words_are_filled() {
        let words = [("key", "rules"), ("owner", "A"), ("extension", "js")];
        assert_eq!(fill(&convention("rules").yaml, &words), "rules/A.js");
    }
}
