//! `tenantry.yaml` and `tenants/NAME.yaml`: whose settings are the tool's own.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::catalogue::table::catalogue;

/// Returns the schema of `tenantry.yaml`.
pub fn workspace() -> Json {
    let history = closed(json!({
        "remote": text("The git remote that records and locks are shared through."),
        "ref_prefix": text("Where refs go on hosts that restrict them."),
        "expect": { "enum": ["required"], "description": "Makes it a gate that no record is found." },
    }));
    closed(json!({
        "project": text("What the workspace is called."),
        "requires": text("The versions of tenantry that may run here, like `>=0.1, <0.2`."),
        "history": history,
    }))
}

/// Returns the members of a tenant's file; `overlay` is the schema of its overlay.
pub fn tenant(overlay: &Json) -> Json {
    closed(json!({
        "domain": text("The tenant's domain, or `sandbox` for the tenant inside the program."),
        "credentials": credentials(),
        "vars": { "type": ["object", "null"], "description": "Variables of the templates: `{{name}}`, `##name##`, `@@name@@`." },
        "secrets": {
            "type": ["object", "null"],
            "description": "Where secrets come from, by the name that `{{secret \"name\"}}` uses.",
            "additionalProperties": source(true),
        },
        "deliver": {
            "type": ["object", "null"],
            "description": "Where values go that the API shows once, by the name that `deliver` of a resource uses.",
            "additionalProperties": target(),
        },
        "overlay": overlay,
        "policy": policy(),
        "bind": {
            "type": ["object", "null"],
            "description": "Address to id, where the identity is ambiguous.",
            "additionalProperties": { "type": "string" },
        },
        "external": texts("Addresses of objects that others manage and that may be referred to."),
    }))
}

fn credentials() -> Json {
    let one = json!({
        "client_id": { "anyOf": [{ "type": ["string", "null"] }, source(false)] },
        "client_secret": source(false),
        "private_key": source(false),
        "signing_algorithm": { "enum": ["RS256", "RS384", "PS256"] },
        "access_token": source(false),
        "audience": text("The audience of the Management API, where it is not the domain's."),
    });
    let split = json!({ "plan": closed(one.clone()), "apply": closed(one.clone()) });
    let mut all = JsonMap::new();
    for half in [one, split] {
        all.extend(half.as_object().cloned().unwrap_or_default());
    }
    let mut credentials = closed(Json::Object(all));
    if let Some(schema) = credentials.as_object_mut() {
        let said = "How to reach the tenant; else AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET. May be split into `plan` and `apply`.";
        schema.insert("description".to_owned(), json!(said));
    }
    credentials
}

/// Where a secret comes from: exactly one source.
fn source(keepable: bool) -> Json {
    let mut sources = json!({
        "env": text("An environment variable."),
        "file": text("A file of the workspace."),
        "command": texts("A program and its arguments."),
    });
    if let (true, Some(sources)) = (keepable, sources.as_object_mut()) {
        let keep = json!({ "const": true, "description": "Whatever the tenant holds stays." });
        sources.insert("keep".to_owned(), keep);
    }
    json!({ "type": "object", "properties": sources, "additionalProperties": false, "minProperties": 1, "maxProperties": 1 })
}

/// Where a value goes: exactly one target.
fn target() -> Json {
    let targets = json!({
        "file": text("A file that git does not keep."),
        "command": texts("A program and its arguments; it reads the value."),
    });
    json!({ "type": "object", "properties": targets, "additionalProperties": false, "minProperties": 1, "maxProperties": 1 })
}

fn policy() -> Json {
    let rule = json!({
        "enum": ["owned", "additive", "exact"],
        "description": "owned: only what is ours is deleted; additive: nothing is; exact: all that is not declared.",
    });
    let mut kinds: Vec<&str> = catalogue().keys();
    kinds.extend(catalogue().kinds().map(|kind| kind.name.as_str()));
    kinds.push("default");
    let names: JsonMap<String, Json> =
        catalogue().keys().into_iter().map(|key| (key.to_owned(), texts("Names of objects."))).collect();
    let rules: JsonMap<String, Json> = kinds.into_iter().map(|kind| (kind.to_owned(), rule.clone())).collect();
    let count = json!({ "type": "integer", "minimum": 0 });
    closed(json!({
        "manage": { "anyOf": [rule, closed(Json::Object(rules))] },
        "protect": texts("Addresses that are never deleted (`*` matches anything)."),
        "max_deletes": closed(json!({ "count": count, "percent": count })),
        "ignore": texts("Fields that are left alone, as `address:field.path`."),
        "require_clean": { "type": ["boolean", "null"], "description": "Refuse to apply files that are not committed." },
        "exclude": texts("Kinds and addresses that are left alone."),
        "exclude_named": closed(Json::Object(names)),
        "exclude_third_party": { "type": ["boolean", "null"], "description": "Leave third-party applications alone." },
        "only_connections": texts("The only connections that are looked at, by name."),
    }))
}

/// A map of these members and no others, or nothing.
fn closed(members: Json) -> Json {
    json!({ "type": ["object", "null"], "properties": members, "additionalProperties": false })
}

fn text(said: &str) -> Json {
    json!({ "type": ["string", "null"], "description": said })
}

fn texts(said: &str) -> Json {
    json!({ "type": ["array", "null"], "items": { "type": "string" }, "description": said })
}
