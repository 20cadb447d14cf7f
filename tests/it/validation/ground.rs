//! The least sound document that holds one object of a kind, to put faults into.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use tenantry::catalogue::kind::Kind;
use tenantry::catalogue::place;
use tenantry::catalogue::quirk::Quirk;
use tenantry::catalogue::shape::Shape;
use tenantry::catalogue::table::catalogue;
use tenantry::pipeline::example::example;

use super::written::Step;

/// A document, and where the object of the kind stands in it.
#[derive(Clone, Debug)]
pub struct Ground {
    pub kind: &'static Kind,
    /// The key of a keyed kind.
    pub key: BTreeMap<String, String>,
    /// The example as it stands.
    pub whole: Json,
    /// The example with nothing in the object but what names it.
    pub bare: Json,
    pub at: Vec<Step>,
}

impl Ground {
    /// Returns the ground of a kind; one for each key, where keys have fields of their own.
    pub fn of(kind: &'static Kind) -> Vec<Self> {
        let whole: Json = serde_yaml::from_str(&example(kind).unwrap()).unwrap();
        let mut at = Vec::new();
        let mut key = BTreeMap::new();
        if !steps(kind, &whole, &mut at, &mut key) {
            panic!("{}: the example holds none: {whole}", kind.name);
        }
        if kind.shape == Shape::Membership && kind.membership.as_ref().unwrap().map_value.is_none() {
            at.push(Step::Index(0));
        }
        let first = Self { kind, key, bare: whole.clone(), whole, at };
        if kind.key_paths.is_empty() {
            return vec![first.stripped()];
        }
        kind.key_paths.keys().map(|name| first.with_key(name).stripped()).collect()
    }

    fn with_key(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.key = self.kind.identity.iter().cloned().zip(name.split(',').map(str::to_owned)).collect();
        let mut object = other.object().as_object().cloned().unwrap_or_default();
        // Its fields are those of another key.
        object.retain(|field, _| self.kind.identity.contains(field));
        for (field, value) in &other.key {
            let of_place = self.kind.place.iter().any(|step| matches!(step, place::Step::Each(name) if name == field));
            match of_place {
                false => drop(object.insert(field.clone(), json!(value))),
                true => {
                    let Some(Step::Key(last)) = other.at.last().cloned() else { panic!("{}: no key", self.kind.name) };
                    let around = other.at[..other.at.len() - 1].to_vec();
                    let map = reach(&mut other.whole, &around).as_object_mut().unwrap();
                    let old = map.remove(&last).unwrap();
                    map.insert(value.clone(), old);
                    *other.at.last_mut().unwrap() = Step::Key(value.clone());
                }
            }
        }
        *reach(&mut other.whole, &other.at.clone()) = Json::Object(object);
        other
    }

    fn stripped(mut self) -> Self {
        self.bare = self.whole.clone();
        let names = self.naming_fields();
        if let Json::Object(map) = reach(&mut self.bare, &self.at) {
            // Without a place for what is shown once, every object of the kind is wrong.
            let needed = |field: &str| self.kind.shown_once.is_some() && field == "deliver";
            map.retain(|field, _| names.contains(field) || needed(field));
        }
        self
    }

    /// The fields that name the object, as files write them.
    pub fn naming_fields(&self) -> BTreeSet<String> {
        let membership = self.kind.membership.as_ref();
        let identity = membership.map_or(&self.kind.identity, |membership| &membership.identity);
        let mut names: BTreeSet<String> = identity.iter().cloned().collect();
        for (file, api) in &self.kind.fields.rename {
            if names.contains(api) {
                names.insert(file.clone());
            }
        }
        if self.kind.has(Quirk::GrantByClient) && membership.is_some() {
            names.insert("client_id".to_owned());
        }
        if membership.is_some_and(|membership| membership.map_value.is_some()) {
            names.extend(self.object().as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        }
        names
    }

    pub fn object(&self) -> &Json {
        let mut node = &self.whole;
        for step in &self.at {
            node = match step {
                Step::Key(key) => &node[key],
                Step::Index(index) => &node[index],
            };
        }
        node
    }

    /// The document with `value` at the way below the object, and what tells its variant beside the first step.
    pub fn with(&self, told: Option<&(String, String)>, way: &[Step], value: Json) -> Json {
        let mut root = self.bare.clone();
        let object = reach(&mut root, &self.at);
        if !object.is_object() {
            let name = self.naming_fields().into_iter().next_back().filter(|_| object.is_string());
            *object = Json::Object(name.map(|name| (name, object.clone())).into_iter().collect::<Map<_, _>>());
        }
        if let Some((field, value)) = told {
            object[field] = json!(value);
        }
        *reach(&mut root, &[self.at.clone(), way.to_vec()].concat()) = value;
        root
    }
}

/// Returns what stands there, with maps and lists made on the way.
pub fn reach<'j>(root: &'j mut Json, way: &[Step]) -> &'j mut Json {
    let mut node = root;
    for step in way {
        node = match step {
            Step::Key(key) => {
                if !node.is_object() {
                    *node = json!({});
                }
                node.as_object_mut().unwrap().entry(key.clone()).or_insert(Json::Null)
            }
            Step::Index(index) => {
                if !node.is_array() {
                    *node = json!([]);
                }
                let list = node.as_array_mut().unwrap();
                while list.len() <= *index {
                    list.push(Json::Null);
                }
                &mut list[*index]
            }
        };
    }
    node
}

/// Follows the places of the kind and of those around it; false where the document holds none.
fn steps(kind: &'static Kind, root: &Json, at: &mut Vec<Step>, key: &mut BTreeMap<String, String>) -> bool {
    if let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().kind(name)) {
        steps(parent, root, at, &mut BTreeMap::new());
    }
    let credential = tenantry::catalogue::table::is_credential(kind);
    let place: Vec<place::Step> = match credential {
        // They stand inside the authentication methods.
        true => ["client_authentication_methods", "private_key_jwt", "credentials"]
            .map(|name| place::Step::Key(name.to_owned()))
            .into_iter()
            .chain([place::Step::Items])
            .collect(),
        false => kind.place.clone(),
    };
    for step in &place {
        let node = at.iter().fold(root, |node, step| match step {
            Step::Key(key) => &node[key],
            Step::Index(index) => &node[index],
        });
        let next = match step {
            place::Step::Key(name) => Step::Key(name.clone()),
            place::Step::Items => Step::Index(0),
            place::Step::Each(field) => {
                let Some(name) = node.as_object().and_then(|map| map.keys().next()) else { return false };
                key.insert(field.clone(), name.clone());
                Step::Key(name.clone())
            }
        };
        at.push(next);
    }
    for field in &kind.identity {
        let object = at.iter().fold(root, |node, step| match step {
            Step::Key(key) => &node[key],
            Step::Index(index) => &node[index],
        });
        if let Some(value) = object.get(field).and_then(Json::as_str) {
            key.entry(field.clone()).or_insert_with(|| value.to_owned());
        }
    }
    true
}
