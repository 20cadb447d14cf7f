//! What is known of the tenant while an apply runs: ids of what existed and of what came into being.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::api::request::PathParams;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::names::RemoteId;
use crate::model::plan::{Plan, Step};
use crate::model::value::Reference;

/// Ids and fields by name.
#[derive(Clone, Debug)]
pub struct Ledger {
    known: BTreeMap<(String, String), BTreeMap<String, String>>,
    ids: BTreeMap<Address, RemoteId>,
}

impl Ledger {
    pub fn of(plan: &Plan) -> Self {
        Self { known: plan.known.clone(), ids: plan.ids.clone() }
    }

    /// Returns all ids by address.
    pub fn into_ids(self) -> BTreeMap<Address, RemoteId> {
        self.ids
    }

    /// Returns the text that stands on the wire for a reference.
    pub fn fill(&self, reference: &Reference) -> Option<String> {
        let by_identity = catalogue()
            .in_space(&reference.space)
            .any(|kind| kind.identity.contains(&reference.by) && kind.id.as_ref() != Some(&reference.by));
        if by_identity {
            return Some(reference.name.clone());
        }
        let key = (reference.space.clone(), reference.name.clone());
        let fields = self.known.get(&key).or_else(|| {
            // A grant may be named by its client alone: the first one is meant.
            let prefixed =
                |(key, _): &(&(String, String), _)| key.0 == reference.space && key.1.starts_with(&reference.name);
            reference.name.ends_with(',').then(|| self.known.iter().find(prefixed).map(|(_, fields)| fields)).flatten()
        });
        fields?.get(&reference.by).cloned()
    }

    /// Says whether the name space held an object of this id, or holds one that this run has made.
    pub fn holds(&self, space: &str, id: &RemoteId) -> bool {
        let of_space = self.known.iter().filter(|((known, _), _)| known == space);
        of_space.into_iter().any(|(_, fields)| fields.get("id") == Some(&id.0))
    }

    /// Returns what stands for the braces of a step's paths.
    pub fn params(&self, step: &Step, id: Option<&RemoteId>) -> PathParams {
        let own = id.or_else(|| self.ids.get(&step.address));
        let parent = step.parent.as_ref().and_then(|parent| self.ids.get(parent));
        PathParams {
            id: own.map(|id| id.0.clone()),
            parent: parent.map(|id| id.0.clone()),
            member: None,
            key: step.key.clone(),
        }
    }

    /// Takes in what a write answered.
    pub fn learn(&mut self, step: &Step, answer: &Json) {
        let Json::Object(map) = answer else { return };
        let id = step.kind.id.as_ref().and_then(|field| map.get(field)).and_then(Json::as_str);
        if let Some(id) = id {
            self.ids.insert(step.address.clone(), RemoteId(id.to_owned()));
        }
        let Some(provides) = &step.provides else { return };
        let fields = self.known.entry(provides.clone()).or_default();
        if let Some(id) = id {
            fields.insert("id".to_owned(), id.to_owned());
        }
        for (field, value) in map {
            if let Json::String(text) = value
                && !step.kind.fields.secret.iter().any(|pattern| pattern.top() == Some(field))
            {
                fields.insert(field.clone(), text.clone());
            }
        }
    }

    /// Takes in a published version: `version/<number>` stands for its id.
    pub fn learn_version(&mut self, step: &Step, answer: &Json) {
        let (Some(provides), true) = (&step.provides, step.kind.has(Quirk::PublishVersion)) else { return };
        let (Some(id), Some(number)) = (answer.get("id").and_then(Json::as_str), answer.get("version_number")) else {
            return;
        };
        self.known.entry(provides.clone()).or_default().insert(format!("version/{number}"), id.to_owned());
    }
}
