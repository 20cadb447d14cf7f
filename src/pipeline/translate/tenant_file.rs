//! `tenants/NAME.yaml`, from a tenant's settings and from what the walk gathered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use super::secrets::environment_name;
use super::side::Side;
use super::walk::Walk;
use crate::catalogue::table::catalogue;
use crate::model::desired::{Credentials, Excluded, Manage};
use crate::pipeline::load::deploy_cli::Given;
use crate::pipeline::yaml_write::{YamlWriteError, to_yaml};

/// What of the whole workspace a tenant's file depends on.
#[derive(Debug)]
pub struct Common {
    /// The top-level keys of the templates.
    pub keys: BTreeSet<String>,
    /// Keywords that stand in some template or companion file.
    pub used: BTreeSet<String>,
}

/// Writes the file. `external` are addresses that templates name and do not describe.
///
/// Errors: what YAML cannot say.
pub fn written(
    walk: &Walk<'_>,
    index: usize,
    side: &Side,
    common: &Common,
    external: &BTreeSet<String>,
) -> Result<String, YamlWriteError> {
    let settings = &side.documents.settings;
    let mut file = JsonMap::new();
    file.insert("domain".to_owned(), json!(settings.domain.0));
    let mut add = |key: &str, value: Json| {
        let is_empty = value.as_object().is_some_and(JsonMap::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            file.insert(key.to_owned(), value);
        }
    };
    add("credentials", credentials(side, &settings.credentials));
    let mut vars = JsonMap::new();
    for (name, value) in side.keywords.0.iter().filter(|(name, _)| common.used.contains(*name)) {
        vars.insert(name.clone(), value.clone());
    }
    for (name, value) in walk.variables.of(index).filter(|(name, _)| common.used.contains(*name)) {
        vars.insert(name.clone(), value);
    }
    add("vars", Json::Object(vars));
    add("secrets", walk.secrets.declared(side, index));
    add("policy", policy(side, common));
    add("external", json!(external));
    to_yaml(&Json::Object(file))
}

fn credentials(side: &Side, credentials: &Credentials) -> Json {
    let mut said = JsonMap::new();
    for (key, given) in &side.profile.credentials {
        let source = |name: &str| match given {
            Given::File => json!({ "env": environment_name(&format!("{}_{name}", side.name)) }),
            Given::Environment => json!({ "env": format!("AUTH0_{}", name.to_uppercase()) }),
        };
        let value = match *key {
            // An id is no secret.
            "client_id" if *given == Given::File => json!(credentials.client_id.as_ref().and_then(|id| id.expose())),
            "signing_algorithm" => json!(credentials.signing_algorithm),
            "audience" => json!(credentials.audience),
            // The path leads to the project's files, which the workspace does not take along.
            "private_key" => json!({ "env": environment_name(&format!("{}_private_key", side.name)) }),
            key => source(key),
        };
        said.insert((*key).to_owned(), value);
    }
    Json::Object(said)
}

fn policy(side: &Side, common: &Common) -> Json {
    let settings = &side.documents.settings;
    let mut policy = JsonMap::new();
    let rule = |manage: Manage| match manage {
        Manage::Owned => "owned",
        Manage::Additive => "additive",
        Manage::Exact => "exact",
    };
    let others: BTreeMap<&String, &str> = settings
        .policy
        .manage_kinds
        .iter()
        .filter(|(key, manage)| **manage != settings.policy.manage && common.keys.contains(*key))
        .map(|(key, manage)| (key, rule(*manage)))
        .collect();
    let whole = rule(settings.policy.manage);
    let manage = if others.is_empty() {
        json!(whole)
    } else {
        let mut rules = JsonMap::new();
        rules.insert("default".to_owned(), json!(whole));
        rules.extend(others.into_iter().map(|(key, rule)| (key.clone(), json!(rule))));
        Json::Object(rules)
    };
    policy.insert("manage".to_owned(), manage);
    let excluded = &settings.excluded;
    let unused = side.profile.unused();
    let kinds = excluded.kinds.iter().filter(|kind| kind.contains('/') || common.keys.contains(*kind)).cloned();
    let left_out = common.keys.iter().filter(|key| unused.contains(key.as_str())).cloned();
    let addresses = excluded.addresses.iter().cloned();
    let exclude: BTreeSet<String> = kinds.chain(left_out).chain(addresses).collect();
    let mut add = |key: &str, value: Json, is_empty: bool| {
        if !is_empty {
            policy.insert(key.to_owned(), value);
        }
    };
    add("exclude", json!(exclude), exclude.is_empty());
    let named = named(excluded);
    add("exclude_named", json!(named), named.is_empty());
    add("exclude_third_party", json!(true), !excluded.third_party_clients);
    add("only_connections", json!(excluded.only_connections), excluded.only_connections.is_empty());
    add("ignore", json!(excluded.fields), excluded.fields.is_empty());
    Json::Object(policy)
}

/// Names that addresses do not say, because the kind is told apart by another field.
fn named(excluded: &Excluded) -> BTreeMap<&String, &BTreeSet<String>> {
    let is_other = |key: &str| {
        catalogue().under_key(key).next().is_some_and(|kind| kind.identity.iter().all(|field| field != "name"))
    };
    excluded.names.iter().filter(|(key, _)| is_other(key)).collect()
}
