//! What others have in a tenant, as a run saw it: so that what is new since then can be told. Names alone, nothing of
//! what they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::applied::Applied;

/// The most names that are kept of one place; of one with more nothing is, and nothing is told apart there.
pub const MOST: usize = 20_000;

/// A place -> what stands there that is not ours: under a kind the ids of objects, under the address of a shared list its
/// members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Others(BTreeMap<String, BTreeSet<String>>);

impl Others {
    /// Says whether it was there; `None` where that is not known.
    pub fn had(&self, place: &str, name: &str) -> Option<bool> {
        Some(self.0.get(place)?.contains(name))
    }

    /// Takes in what was seen of a place, in place of what was known of it.
    pub fn see(&mut self, place: &str, names: BTreeSet<String>) {
        match names.len() > MOST {
            true => drop(self.0.remove(place)),
            false => drop(self.0.insert(place.to_owned(), names)),
        }
    }

    /// Takes in what was ours before and is not any more.
    pub fn released(&mut self, before: &Applied, after: &Applied) {
        let kept = after.by_id();
        for owned in before.resources.values() {
            let Some(id) = &owned.id else { continue };
            if !kept.contains_key(&(owned.kind.as_str(), id.0.as_str()))
                && let Some(names) = self.0.get_mut(&owned.kind)
            {
                names.insert(id.0.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_looked_at_is_not_known() {
        let mut others = Others::default();
        assert_eq!(others.had("things", "1"), None);
        others.see("things", BTreeSet::from(["1".to_owned()]));
        assert_eq!((others.had("things", "1"), others.had("things", "2")), (Some(true), Some(false)));
        others.see("things", (0..=MOST).map(|number| number.to_string()).collect());
        assert_eq!(others.had("things", "1"), None);
    }
}
