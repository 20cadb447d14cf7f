//! One tenant of the project: what its settings say, and the project as it loads with them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::document::{Documents, Node};
use crate::model::names::TenantName;
use crate::model::value::Value;
use crate::pipeline::keywords::{Mappings, replace};
use crate::pipeline::load::deploy_cli::Profile;

/// One tenant.
pub struct Side {
    pub name: TenantName,
    /// The settings file, for messages.
    pub config: String,
    pub profile: Profile,
    pub documents: Documents,
    /// Each keyword with its whole value: keywords in it replaced.
    pub keywords: Mappings,
}

impl Side {
    pub fn new(name: TenantName, config: String, profile: Profile, documents: Documents) -> Self {
        Self { name, config, profile, documents, keywords: Mappings::default() }
    }

    /// Resolves the keywords in the values of keywords. Variables of the environment are keywords too, and win.
    pub fn resolve(&mut self, keys: &[String], environment: &BTreeMap<String, String>) {
        let mut raw = self.profile.mappings.clone();
        for key in keys {
            if let Some(value) = environment.get(key) {
                raw.0.insert(key.clone(), Json::String(value.clone()));
            }
        }
        let whole = |key: &String, value: &Json| match value {
            Json::String(_) => Json::String(replace(&format!("##{key}##"), &raw).text),
            other => serde_json::from_str(&replace(&format!("@@{key}@@"), &raw).text).unwrap_or_else(|_| other.clone()),
        };
        self.keywords = Mappings(raw.0.iter().map(|(key, value)| (key.clone(), whole(key, value))).collect());
    }

    /// Returns what a workspace reads in a text that is not rendered.
    pub fn reads(&self, text: &str) -> Value {
        let whole = text.strip_prefix("@@").and_then(|rest| rest.strip_suffix("@@"));
        match whole.and_then(|key| self.keywords.0.get(key)) {
            Some(value) => Value::from_json(value.clone()),
            None => Value::String(replace(text, &self.keywords).text),
        }
    }

    /// Returns what stands under a top-level key, if this tenant manages that type.
    pub fn under(&self, key: &str) -> Option<&Node> {
        self.documents.root.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Side").field("name", &self.name).finish_non_exhaustive()
    }
}
