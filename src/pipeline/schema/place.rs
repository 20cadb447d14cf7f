//! From the top-level keys of a file down to the objects of kinds, as the places in the catalogue say.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::field::{Forge, TEMPLATE};
use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::table::catalogue;
use crate::model::address::join_names;

/// A kind and the steps that still lead to it.
type Ahead = (&'static Kind, &'static [Step]);

impl Forge {
    /// Returns the schemas of all top-level keys that hold configuration.
    pub fn top_level(&mut self) -> JsonMap<String, Json> {
        let ahead: Vec<Ahead> = catalogue()
            .kinds()
            .filter(|kind| kind.parent.is_none() && kind.marked.is_none())
            .map(|kind| (kind, kind.place.as_slice()))
            .collect();
        self.members_at(&ahead)
    }

    /// Returns the schemas of the fixed keys with which these places go on.
    pub fn members_at(&mut self, ahead: &[Ahead]) -> JsonMap<String, Json> {
        let mut members = JsonMap::new();
        for (_, steps) in ahead {
            let Some(Step::Key(name)) = steps.first() else { continue };
            if !members.contains_key(name) {
                let further = onward(ahead, |step| matches!(step, Step::Key(key) if key == name));
                let schema = self.node(&further, &[]);
                members.insert(name.clone(), schema);
            }
        }
        members
    }

    /// Returns the schema of a node from which these kinds are reached. `keys` are the keys on the way, by field.
    fn node(&mut self, ahead: &[Ahead], keys: &[(String, String)]) -> Json {
        if let Some((kind, _)) = ahead.iter().find(|(_, steps)| steps.is_empty()) {
            return match &kind.membership {
                Some(membership) => self.member_list(kind, membership),
                None => self.resource_at(kind, &name_of(kind, keys)),
            };
        }
        let items = onward(ahead, |step| matches!(step, Step::Items));
        if !items.is_empty() {
            let node = self.node(&items, keys);
            return json!({ "type": ["array", "null", "string"], "pattern": TEMPLATE, "items": node });
        }
        let mut properties = self.members_at(ahead);
        let mut object = json!({ "type": ["object", "null"] });
        let mut extra = json!(false);
        for (kind, steps) in ahead {
            let Some(Step::Each(field)) = steps.first() else { continue };
            let further = onward(&[(kind, steps)], |step| matches!(step, Step::Each(_)));
            let mut named = keys.to_vec();
            named.push((field.clone(), String::new()));
            let last = named.len() - 1;
            let names = known_keys(kind, field);
            for name in &names {
                named[last].1.clone_from(name);
                properties.insert(name.clone(), self.node(&further, &named));
            }
            if names.is_empty() {
                extra = self.node(&further, &named);
            }
        }
        if let Some(object) = object.as_object_mut() {
            object.insert("properties".to_owned(), Json::Object(properties));
            object.insert("additionalProperties".to_owned(), extra);
        }
        object
    }
}

/// Returns what lies beyond a step.
fn onward(ahead: &[Ahead], fits: impl Fn(&Step) -> bool) -> Vec<Ahead> {
    let go = |(kind, steps): &Ahead| {
        let (first, rest) = steps.split_first()?;
        fits(first).then_some((*kind, rest))
    };
    ahead.iter().filter_map(go).collect()
}

fn name_of(kind: &Kind, keys: &[(String, String)]) -> String {
    let part = |field: &String| keys.iter().find(|(name, _)| name == field).map(|(_, key)| key.clone());
    join_names(&kind.identity.iter().map(|field| part(field).unwrap_or_default()).collect::<Vec<_>>())
}

/// Returns the values that an identity field can have, where the catalogue lists them all.
fn known_keys(kind: &Kind, field: &str) -> Vec<String> {
    if let Some(values) = kind.key_values.get(field) {
        return values.clone();
    }
    let Some(position) = kind.identity.iter().position(|name| name == field) else { return Vec::new() };
    let mut values: Vec<String> = Vec::new();
    for value in kind.keys.iter().filter_map(|key| key.split(',').nth(position)) {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }
    values
}
