//! What is ours in a tenant, as the last record says it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::address::Address;
use super::names::RemoteId;

/// (kind, id) -> address and resource.
pub type ById<'a> = HashMap<(&'a str, &'a str), (&'a Address, &'a Owned)>;

/// The resources that applies before this one left behind, and the fingerprints of what they sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The domain's salt, in base64: fingerprints mean something under it alone.
    pub salt: String,
    pub resources: BTreeMap<Address, Owned>,
}

/// One resource that is ours. Values are as files write them: names in place of ids, secrets by name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owned {
    pub kind: String,
    /// Its identity as one name.
    pub name: String,
    /// The tenant's id, where the kind has one. Only this object is ours, never another of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RemoteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Address>,
    /// The workspace that manages it; `None` where that has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    pub origin: Origin,
    /// The managed fields as applied: an object, for member lists a list.
    pub fields: Json,
    /// What each field held before it became managed, in the shape of `fields`; null where there was nothing. Secrets
    /// are left out.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub before: Json,
    /// Field path -> fingerprint of the secret that was sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// How something became ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Created,
    /// It stood in the tenant already.
    Adopted,
}

impl Owned {
    /// Says whether a workspace manages it. One without a name shares with all.
    pub fn is_of(&self, project: Option<&str>) -> bool {
        match (self.project.as_deref(), project) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        }
    }
}

impl Applied {
    /// Returns everything that has an id, by kind and id.
    pub fn by_id(&self) -> ById<'_> {
        let with = |(address, owned)| {
            let owned: &Owned = owned;
            Some(((owned.kind.as_str(), owned.id.as_ref()?.0.as_str()), (address, owned)))
        };
        self.resources.iter().filter_map(with).collect()
    }

    /// Returns kind and id of everything that has one.
    pub fn ids(&self) -> impl Iterator<Item = (String, RemoteId)> {
        self.resources.values().filter_map(|owned| Some((owned.kind.clone(), owned.id.clone()?)))
    }

    /// Returns what has this id, with its address. For many, see [`Self::by_id`].
    pub fn with_id(&self, kind: &str, id: &RemoteId) -> Option<(&Address, &Owned)> {
        self.resources.iter().find(|(_, owned)| owned.kind == kind && owned.id.as_ref() == Some(id))
    }

    /// Returns the fingerprints as `address:field` -> fingerprint.
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let of = |(address, owned): (&Address, &Owned)| -> Vec<(String, String)> {
            owned.secrets.iter().map(|(field, print)| (format!("{address}:{field}"), print.clone())).collect()
        };
        self.resources.iter().flat_map(of).collect()
    }

    /// Takes over what somebody else has recorded since `base`, where this differs from `base` in nothing.
    #[must_use]
    pub fn rebased(&self, base: Option<&Self>, tip: &Self) -> Self {
        let none = BTreeMap::new();
        let base = base.map_or(&none, |base| &base.resources);
        let mut resources = tip.resources.clone();
        for address in base.keys().chain(self.resources.keys()) {
            let own = self.resources.get(address);
            if own == base.get(address) {
                continue;
            }
            match own {
                Some(owned) => drop(resources.insert(address.clone(), owned.clone())),
                None => drop(resources.remove(address)),
            }
        }
        Self { salt: self.salt.clone(), resources }
    }
}

/// What a plan means for ownership, so that its apply can be recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ownership {
    /// What was ours before.
    pub prior: Option<Applied>,
    /// What is ours once every step has succeeded; what is yet to be made has no id.
    pub next: BTreeMap<Address, Owned>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owned(value: i64) -> Owned {
        Owned {
            kind: "things".into(),
            name: "a".into(),
            id: None,
            parent: None,
            project: None,
            origin: Origin::Created,
            fields: json!({ "n": value }),
            before: Json::Null,
            secrets: BTreeMap::new(),
        }
    }

    fn applied(entries: &[(&str, i64)]) -> Applied {
        let resources = entries.iter().map(|(name, value)| (Address::named("things", name), owned(*value))).collect();
        Applied { salt: "s".into(), resources }
    }

    #[test]
    fn nobodys_record_is_lost_when_two_meet() {
        let base = applied(&[("a", 1), ("b", 1), ("c", 1)]);
        let mine = applied(&[("a", 2), ("b", 1), ("mine", 1)]);
        let theirs = applied(&[("a", 1), ("b", 3), ("c", 1), ("theirs", 1)]);
        assert_eq!(mine.rebased(Some(&base), &theirs), applied(&[("a", 2), ("b", 3), ("mine", 1), ("theirs", 1)]));
    }

    #[test]
    fn a_workspace_without_a_name_shares() {
        let mut owned = owned(1);
        assert!(owned.is_of(Some("a")));
        owned.project = Some("a".into());
        assert!(owned.is_of(Some("a")) && owned.is_of(None) && !owned.is_of(Some("b")));
    }
}
