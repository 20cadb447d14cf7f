//! What the API has and no file configures, and why. Beside the kinds it makes up all that there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::table::catalogue;

const TEXT: &str = include_str!("excepted.toml");

/// One kind that is not managed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excepted {
    /// The API reference's name.
    pub name: String,
    pub title: String,
    pub reason: String,
}

/// Everything that is not a kind of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    pub excepted: Vec<Excepted>,
    /// Second names -> the kind that is meant.
    pub aliases: BTreeMap<String, String>,
    /// Names of the field table that are none of the API's kinds -> what they are part of.
    pub parts: BTreeMap<String, String>,
}

static EXCEPTIONS: LazyLock<Result<Exceptions, toml::de::Error>> = LazyLock::new(|| toml::from_str(TEXT));

/// Returns the list that is built into the program.
///
/// # Panics
/// When the file is broken, which a test of this module finds before anybody can build a release from it.
#[expect(clippy::panic, reason = "the file is part of the program; a test reads it")]
pub fn exceptions() -> &'static Exceptions {
    match &*EXCEPTIONS {
        Ok(exceptions) => exceptions,
        Err(error) => panic!("the list of exceptions is broken: {error}"),
    }
}

/// Returns the API's kinds that ours cover, by the API reference's names.
pub fn covered() -> BTreeSet<&'static str> {
    let lists = exceptions();
    let own = catalogue().kinds().flat_map(|kind| {
        let of_keys = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        kind.schema.as_deref().into_iter().chain(of_keys)
    });
    // The field table calls two of them by their other names.
    let named = own.map(|schema| lists.aliases.get(schema).map_or(schema, String::as_str));
    named.filter(|name| !lists.parts.contains_key(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_reason_and_none_is_there_twice() {
        let mut names: Vec<&str> = exceptions().excepted.iter().map(|one| one.name.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(exceptions().excepted.iter().all(|one| one.reason.len() > 20 && !one.title.is_empty()));
    }
}
