//! What a sandbox tenant holds: collections of objects by id, and documents by path. Knows nothing of kinds.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use serde_json::Value as Json;

/// Everything a tenant holds. A collection's name is the path of its list, a document's the path that reads it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    pub collections: BTreeMap<String, Collection>,
    pub documents: BTreeMap<String, Json>,
}

/// Objects by id, in the order in which they were made, with an index over what must be unique.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    items: IndexMap<String, Json>,
    taken: HashMap<String, String>,
}

impl Store {
    pub fn collection(&self, path: &str) -> Option<&Collection> {
        self.collections.get(path)
    }

    pub fn collection_mut(&mut self, path: &str) -> &mut Collection {
        self.collections.entry(path.to_owned()).or_default()
    }

    pub fn object(&self, path: &str, id: &str) -> Option<&Json> {
        self.collections.get(path)?.get(id)
    }

    /// Removes every collection and document whose path begins with this one.
    pub fn drop_below(&mut self, prefix: &str) {
        let below = |path: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        let paths: Vec<String> = self
            .collections
            .range(prefix.to_owned()..)
            .map(|(path, _)| path)
            .take_while(|p| p.starts_with(prefix))
            .cloned()
            .collect();
        for path in paths.iter().filter(|path| below(path)) {
            self.collections.remove(path);
        }
        self.documents.retain(|path, _| !below(path));
    }
}

impl Collection {
    pub fn get(&self, id: &str) -> Option<&Json> {
        self.items.get(id)
    }

    pub fn contains(&self, id: &str) -> bool {
        self.items.contains_key(id)
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.items.iter()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Json> {
        self.items.values_mut()
    }

    /// Changes an object in ways that no unique key can see.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Json> {
        self.items.get_mut(id)
    }

    /// Returns the id of the object that already has one of these unique keys, if it is another than `own`.
    pub fn clash(&self, value: &Json, unique: &[Vec<String>], own: Option<&str>) -> Option<&str> {
        unique_keys(value, unique)
            .find_map(|key| self.taken.get(&key).map(String::as_str).filter(|id| Some(*id) != own))
    }

    /// Puts an object in, in the place of the one of that id.
    pub fn insert(&mut self, id: String, value: Json, unique: &[Vec<String>]) {
        if let Some(old) = self.items.get(&id) {
            for key in unique_keys(old, unique) {
                self.taken.remove(&key);
            }
        }
        for key in unique_keys(&value, unique) {
            self.taken.insert(key, id.clone());
        }
        self.items.insert(id, value);
    }

    pub fn remove(&mut self, id: &str, unique: &[Vec<String>]) -> Option<Json> {
        let old = self.items.shift_remove(id)?;
        for key in unique_keys(&old, unique) {
            self.taken.remove(&key);
        }
        Some(old)
    }

    /// Returns the first object whose field has this value.
    pub fn find(&self, field: &str, value: &Json) -> Option<(&String, &Json)> {
        self.items.iter().find(|(_, item)| super::spot::get(item, field) == Some(value))
    }
}

/// Names the unique keys of an object: those of which at least one field is there.
fn unique_keys<'a>(value: &'a Json, unique: &'a [Vec<String>]) -> impl Iterator<Item = String> + 'a {
    unique.iter().enumerate().filter_map(move |(position, fields)| {
        let parts: Vec<Option<&Json>> = fields.iter().map(|field| super::spot::get(value, field)).collect();
        parts.iter().any(Option::is_some).then(|| {
            let mut key = position.to_string();
            for part in parts {
                key.push('\u{1f}');
                match part {
                    Some(Json::String(text)) => key.push_str(text),
                    Some(other) => key.push_str(&other.to_string()),
                    None => {}
                }
            }
            key
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unique_keys_follow_changes_and_removals() {
        let unique = vec![vec!["name".to_owned()]];
        let mut collection = Collection::default();
        collection.insert("1".into(), json!({"name": "a"}), &unique);
        assert_eq!(collection.clash(&json!({"name": "a"}), &unique, None), Some("1"));
        assert_eq!(collection.clash(&json!({"name": "a"}), &unique, Some("1")), None);
        collection.insert("1".into(), json!({"name": "b"}), &unique);
        assert_eq!(collection.clash(&json!({"name": "a"}), &unique, None), None);
        collection.remove("1", &unique);
        assert_eq!(collection.clash(&json!({"name": "b"}), &unique, None), None);
    }

    #[test]
    fn dropping_below_respects_segment_borders() {
        let mut store = Store::default();
        store.collection_mut("/clients/a/credentials");
        store.collection_mut("/clients/ab/credentials");
        store.drop_below("/clients/a");
        assert_eq!(store.collections.keys().collect::<Vec<_>>(), ["/clients/ab/credentials"]);
    }
}
