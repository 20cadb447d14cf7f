//! The kinds that `--only` and `--exclude` name: every word must name some, or an export would be of something else
//! than what was asked for.

use regex::Regex;

use crate::catalogue::table::catalogue;
use crate::model::diagnostic::nearest;

/// Why a word cannot stand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamedKindsError {
    /// It names no kind; `near` is the name that is probably meant.
    #[error("there is no kind `{word}`")]
    Unknown { word: String, near: Option<&'static str> },
    /// No file holds it alone.
    #[error("`{word}` is written inside `{key}`")]
    Inside { word: String, key: &'static str },
}

/// Turns the words of `--only` into keys and names: each must stand in files of its own.
///
/// # Errors
/// The first word that names nothing, or something inside another kind.
pub fn only_kinds(words: &[String]) -> Result<Vec<String>, NamedKindsError> {
    for word in words {
        if let Some(kind) =
            catalogue().kind(word.trim()).filter(|kind| !catalogue().keys().contains(&kind.name.as_str()))
        {
            return Err(NamedKindsError::Inside { word: kind.name.clone(), key: kind.top_key() });
        }
    }
    let mut named = named_kinds(words)?;
    named.retain(|name| catalogue().keys().contains(&name.as_str()));
    Ok(named)
}

/// Turns words (names of kinds, top-level keys, either with `*` for any text) into names and keys that exist.
///
/// # Errors
/// The first word that names nothing.
pub fn named_kinds(words: &[String]) -> Result<Vec<String>, NamedKindsError> {
    let known = || catalogue().kinds().map(|kind| kind.name.as_str()).chain(catalogue().keys());
    let mut named = Vec::new();
    for word in words {
        let word = word.trim();
        let expression = word.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
        let pattern = Regex::new(&format!("^{expression}$")).ok();
        let fitting = known().filter(|name| pattern.as_ref().is_some_and(|pattern| pattern.is_match(name)));
        let before = named.len();
        named.extend(fitting.map(str::to_owned));
        if named.len() == before {
            return Err(NamedKindsError::Unknown { word: word.to_owned(), near: nearest(word, known()) });
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(words: &[&str]) -> Result<Vec<String>, NamedKindsError> {
        named_kinds(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_word_names_kinds_or_is_refused_with_the_nearest() {
        assert_eq!(named(&["roles"]).unwrap(), ["roles", "roles"]);
        assert!(named(&["guardian*"]).unwrap().len() > 2);
        let unknown = |word: &str, near| NamedKindsError::Unknown { word: word.to_owned(), near };
        assert_eq!(named(&["clients", "clientz"]).unwrap_err(), unknown("clientz", Some("clients")));
        assert_eq!(named(&[""]).unwrap_err(), unknown("", None));
        assert_eq!(named(&["xyzzy*"]).unwrap_err(), unknown("xyzzy*", None));
    }

    #[test]
    fn what_lies_in_another_kind_is_no_export_alone() {
        let nested = catalogue().kinds().find(|kind| kind.parent.is_some()).unwrap();
        let inside = NamedKindsError::Inside { word: nested.name.clone(), key: nested.top_key() };
        assert_eq!(only_kinds(std::slice::from_ref(&nested.name)).unwrap_err(), inside);
        assert_eq!(only_kinds(&[format!("{}*", nested.top_key())]).unwrap().first().unwrap(), nested.top_key());
        assert_eq!(named_kinds(std::slice::from_ref(&nested.name)).unwrap(), [nested.name.as_str()]);
    }
}
