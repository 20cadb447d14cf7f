//! What a plan stands on, as hashes: what the files want, the steps, and the live objects that the steps rely on.
//!
//! It holds no value of a field, secrets least of all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::change::Action;

/// The hashes of one plan. Equal plans have equal ones, whatever order files and answers came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Names the whole plan; never depends on the commit.
    pub fingerprint: String,
    /// The salt under which secrets entered, in base64.
    pub salt: String,
    pub steps: Vec<StepBasis>,
    /// What the steps rely on in the tenant -> its hash, or [`ABSENT`].
    pub relied: BTreeMap<String, String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepBasis {
    pub address: Address,
    pub action: Action,
    /// Of what the step sends, secrets aside, and of what it needs.
    pub hash: String,
    /// Secret that the step sends -> its fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// Stands for the hash of what is not there.
pub const ABSENT: &str = "absent";

impl Basis {
    /// Returns the parts of a fingerprint that say what it is about: the files, the steps, the tenant. `None` for
    /// something that is no fingerprint.
    pub fn parts(fingerprint: &str) -> Option<[&str; 3]> {
        let mut words = fingerprint.split('-');
        let is_hex = |word: &&str, length: usize| word.len() == length && word.bytes().all(|b| b.is_ascii_hexdigit());
        words.next().filter(|version| *version == VERSION)?;
        words.next().filter(|whole| is_hex(whole, WHOLE))?;
        let parts = [words.next()?, words.next()?, words.next()?];
        (parts.iter().all(|part| is_hex(part, PART)) && words.next().is_none()).then_some(parts)
    }
}

/// The version of fingerprints, their first word.
pub const VERSION: &str = "p1";
/// Digits of the hash of all, and of each part.
pub const WHOLE: usize = 40;
pub const PART: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fingerprints_have_parts() {
        let whole = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(Basis::parts(&format!("p1-{whole}-aaaaaa-bbbbbb-cccccc")), Some(["aaaaaa", "bbbbbb", "cccccc"]));
        for wrong in ["", "p1", whole, "p2-0-a-b-c", &format!("p1-{whole}-aaaaaa-bbbbbb"), "p1-é-aaaaaa-bbbbbb-cccccc"]
        {
            assert_eq!(Basis::parts(wrong), None, "{wrong}");
        }
    }
}
