//! The scopes of a token, by what is done to a kind. Source: the `security` of each operation in the OpenAPI document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a request does to an object, as scopes tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    Read,
    Create,
    Update,
    Delete,
    /// Putting a draft into service.
    Deploy,
}

impl Doing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Deploy => "deploy",
        }
    }
}

/// Scopes by what is done. Each list is of alternatives, as the server takes them: the first is the one to ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scopes {
    pub read: Vec<String>,
    pub create: Vec<String>,
    pub update: Vec<String>,
    pub delete: Vec<String>,
    /// Empty: a deployment is an update.
    pub deploy: Vec<String>,
    /// Scopes that single fields need besides: without one the server leaves the field out, or refuses it.
    pub fields: BTreeMap<String, FieldScopes>,
}

/// What one field needs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldScopes {
    pub read: Option<String>,
    pub update: Option<String>,
}

impl Scopes {
    /// Returns the alternatives, any of which the server takes.
    pub fn any_of(&self, doing: Doing) -> &[String] {
        match doing {
            Doing::Read => &self.read,
            Doing::Create => &self.create,
            Doing::Update => &self.update,
            Doing::Delete => &self.delete,
            Doing::Deploy if self.deploy.is_empty() => &self.update,
            Doing::Deploy => &self.deploy,
        }
    }

    /// Returns the one to ask for.
    pub fn needed(&self, doing: Doing) -> Option<&str> {
        self.any_of(doing).first().map(String::as_str)
    }

    /// Returns what a field needs besides.
    pub fn of_field(&self, field: &str, doing: Doing) -> Option<&str> {
        let scopes = self.fields.get(field)?;
        match doing {
            Doing::Read => scopes.read.as_deref(),
            Doing::Create | Doing::Update => scopes.update.as_deref(),
            Doing::Delete | Doing::Deploy => None,
        }
    }

    /// Returns every scope that is named here.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let of_fields = self.fields.values().flat_map(|scopes| [&scopes.read, &scopes.update]).flatten();
        [&self.read, &self.create, &self.update, &self.delete, &self.deploy].into_iter().flatten().chain(of_fields)
    }
}
