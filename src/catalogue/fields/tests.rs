//! What the check finds, what it lets pass, and where it says things stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::catalogue::table::catalogue;
use crate::model::diagnostic::Severity;
use crate::model::document::{Content, Entry, Place, TextPart};
use crate::model::secret::Secret;

/// Gives every value a line of its own, in the order of a reader.
fn node(value: Json, line: &mut u32) -> Node {
    let mut next = || {
        *line += 1;
        Place { file: Arc::from("t.yaml"), line: *line, column: 1 }
    };
    let place = next();
    let value = match value {
        Json::Null => Content::Null,
        Json::Bool(flag) => Content::Bool(flag),
        Json::Number(number) => Content::Number(number),
        Json::String(text) => Content::Text(text),
        Json::Array(items) => Content::List(items.into_iter().map(|item| node(item, line)).collect()),
        Json::Object(map) => Content::Map(
            map.into_iter()
                .map(|(key, value)| {
                    let key_place = Place { column: 50, ..place.clone() };
                    Entry { key, key_place, value: node(value, line) }
                })
                .collect(),
        ),
    };
    Node::new(value, place)
}

fn found(kind: &str, key: &[(&str, &str)], body: Json, strict: bool) -> Vec<(Severity, &'static str, String, String)> {
    let kind = catalogue().kind(kind).unwrap();
    let key: BTreeMap<String, String> = key.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let mut findings = Diagnostics::default();
    let body = node(body, &mut 0);
    check(kind, &key, &body, strict, &mut findings, &Address::root(&kind.name));
    findings.0.into_iter().map(|d| (d.severity, d.code, d.summary, d.help.unwrap_or_default())).collect()
}

fn codes(kind: &str, body: Json) -> Vec<&'static str> {
    found(kind, &[], body, false).into_iter().map(|(_, code, _, _)| code).collect()
}

#[test]
fn a_slip_is_an_error_with_the_name_that_was_meant() {
    let all = found("clients", &[], json!({"name": "Web", "calbacks": []}), false);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].0, all[0].1), (Severity::Error, "unknown-field"));
    assert_eq!(all[0].2, "`calbacks` is no known field of application");
    assert_eq!(all[0].3, "Did you mean `callbacks`?");
    let inside = found("clients", &[], json!({"refresh_token": {"rotaton_type": "rotating"}}), false);
    assert!(inside[0].2.starts_with("`refresh_token.rotaton_type`"), "{inside:?}");
    assert_eq!(inside[0].0, Severity::Error);
}

#[test]
fn another_style_of_a_name_is_a_slip_too() {
    let all = found("clients", &[], json!({"appType": "spa"}), false);
    assert_eq!((all[0].0, all[0].3.as_str()), (Severity::Error, "Did you mean `app_type`?"));
}

#[test]
fn a_name_like_no_other_may_be_newer_than_the_table() {
    let body = json!({"name": "Web", "quantum_readiness": true});
    let all = found("clients", &[], body.clone(), false);
    assert_eq!((all[0].0, all[0].1), (Severity::Warning, "unknown-field"));
    assert_eq!(found("clients", &[], body, true)[0].0, Severity::Error);
}

#[test]
fn objects_that_take_any_name_never_make_an_error() {
    let body = |option: &str| json!({"name": "x", "strategy": "oidc", "options": {option: "y"}});
    let all = found("connections", &[], body("client_secert"), true);
    assert_eq!((all[0].0, all[0].3.as_str()), (Severity::Warning, "Did you mean `client_secret`?"));
    assert_eq!(found("connections", &[], body("something_of_ours"), false), []);
}

#[test]
fn options_are_those_of_the_strategy() {
    let options = json!({"twilio_sid": 5});
    let sms = json!({"name": "sms", "strategy": "sms", "options": options});
    assert_eq!(codes("connections", sms), ["wrong-type"]);
    // Values of options are advice, whatever the strictness.
    let saml = json!({"name": "x", "strategy": "samlp", "options": {"idpinitiated": {"client_protocol": "oauth2"}}});
    assert_eq!(found("connections", &[], saml, true)[0].0, Severity::Warning);
    // The same name means nothing to another strategy.
    let oidc = json!({"name": "x", "strategy": "oidc", "options": options});
    assert_eq!(codes("connections", oidc), [] as [&str; 0]);
}

#[test]
fn types_are_told_in_words() {
    let body = json!({"callbacks": "https://a.example", "jwt_configuration": {"lifetime_in_seconds": "3600"}, "description": 5});
    let all = found("clients", &[], body, false);
    let said: Vec<(&str, &str)> = all.iter().map(|(_, _, summary, help)| (summary.as_str(), help.as_str())).collect();
    assert_eq!(
        said,
        [
            ("`callbacks` must be a list, not text", ""),
            ("`jwt_configuration.lifetime_in_seconds` must be a whole number, not text", "Write it without quotes."),
            ("`description` must be text, not a number", "Write it in quotes."),
        ]
    );
}

#[test]
fn values_are_suggested_but_never_quoted() {
    let all = found("clients", &[], json!({"app_type": "regular_wbe"}), false);
    assert_eq!((all[0].0, all[0].1), (Severity::Error, "wrong-value"));
    assert_eq!(all[0].2, "`app_type` is none of the values that it can have");
    assert_eq!(all[0].3, "Did you mean `regular_web`?");
    // A value that is like no other may be newer than the table.
    assert_eq!(found("clients", &[], json!({"app_type": "holodeck"}), false)[0].0, Severity::Warning);
    let hidden = found("emailProvider", &[], json!({"name": "smtp", "credentials": {"smtp_pass": 12345}}), false);
    assert!(hidden.iter().all(|(_, _, summary, help)| !summary.contains("12345") && !help.contains("12345")));
}

#[test]
fn bounds_and_forms_hold() {
    // Values beside forms: what fits none may be newer than the table.
    let screen = json!({"context_configuration": ["branding.settings", "client.metadata.tier", "weather.today"]});
    let all = found("prompts/screenRenderers", &[], screen, false);
    assert_eq!((all.len(), all[0].0, all[0].1), (1, Severity::Warning, "wrong-value"));
    let all = found("resourceServers", &[], json!({"identifier": "x", "token_lifetime": 99_999_999}), false);
    assert_eq!(all[0].1, "wrong-value");
    assert!(all[0].2.starts_with("`token_lifetime` must be"), "{all:?}");
    let http = json!({"name": "s", "type": "http", "sink": {"httpEndpoint": "http://insecure.example"}});
    let all = found("logStreams", &[], http, false);
    assert_eq!((all[0].1, all[0].3.as_str()), ("wrong-value", "It must match `^https://.*`."));
}

#[test]
fn a_union_is_told_apart_by_its_fixed_member() {
    let body =
        json!({"name": "s", "type": "http", "sink": {"httpEndpoint": "https://a.example", "datadogApiKey": "k"}});
    assert_eq!(codes("logStreams", body), ["unknown-field"]);
    let body = json!({"name": "s", "type": "datadog", "status": "paused", "sink": {"datadogRegion": "eu", "datadogApiKey": "k"}});
    assert_eq!(codes("logStreams", body), [] as [&str; 0]);
}

#[test]
fn what_passes() {
    for (kind, body) in [
        ("actions", json!({"name": "A", "deployed": true, "secrets": [{"name": "S", "value": "v"}]})),
        // Directives, nulls, users' own maps.
        ("clients", json!({"$key": "Web", "name": "Web", "app_type": null, "client_metadata": {"calbacks": "mine"}})),
        // Names where the API wants ids.
        ("clientGrants", json!({"client_id": "My app, with a long name", "audience": "https://api", "scope": []})),
        // Hours with a fraction.
        ("tenant", json!({"session_lifetime": 1.5, "idle_session_lifetime": 72})),
        ("prompts/customText", json!({"login": {"title": "Hello", "whatever": "x"}})),
        ("actionModules", json!({"name": "m", "code": "x"})),
        ("guardianPolicies", json!({"policies": ["all-applications"]})),
        ("triggers", json!([{"action_name": "A", "display_name": "A"}])),
        ("organizations/connections", json!([{"name": "db", "show_as_button": false}])),
        ("organizations/client_grants", json!([{"client_id": "Worker"}])),
        ("connections/enabled_clients", json!(["Web", "App"])),
        ("hooks/secrets", json!({"KEY": "value"})),
    ] {
        assert_eq!(found(kind, &[], body, true), [], "{kind}");
    }
}

#[test]
fn what_only_answers_have_is_warned_of() {
    let body = json!({"name": "A", "status": "built", "id": null, "secrets": [{"name": "S", "updated_at": "t"}]});
    let all = found("actions", &[], body, true);
    let said: Vec<(Severity, &str)> = all.iter().map(|one| (one.0, one.2.as_str())).collect();
    let what = "is set by the server; what stands here is ignored";
    let (status, updated) = (format!("`status` {what}"), format!("`secrets[0].updated_at` {what}"));
    assert_eq!(said, [(Severity::Warning, status.as_str()), (Severity::Warning, updated.as_str())]);
}

#[test]
fn keys_with_names_of_their_own() {
    let page = json!({"name": "login", "enabled": true, "html": "<p>"});
    assert_eq!(found("pages", &[("name", "login")], page, true), []);
    let all = found("pages", &[("name", "login")], json!({"enabeld": true, "html": 5}), false);
    assert_eq!(all[0].3, "Did you mean `enabled`?");
    assert_eq!(all[1].2, "`html` must be text, not a number");
    let all = found("attackProtection", &[("name", "bruteForceProtection")], json!({"max_atempts": 3}), false);
    assert_eq!(all[0].3, "Did you mean `max_attempts`?");
}

#[test]
fn members_are_checked_one_by_one() {
    let all = found("triggers", &[("triggerId", "post-login")], json!([{"action_nam": "A"}]), false);
    assert_eq!(all[0].2, "`[0].action_nam` is no known field of trigger bindings");
    assert_eq!(all[0].3, "Did you mean `action_name`?");
    assert_eq!(codes("roles/permissions", json!([{"permission_name": ["x"]}])), ["wrong-type"]);
}

#[test]
fn secrets_and_references_are_text() {
    let place = Place { file: Arc::from("t.yaml"), line: 1, column: 1 };
    let reference = TextPart::Ref { address: "clients/Web".to_owned(), field: "client_id".to_owned() };
    for (field, value, wanted) in [
        ("app_type", Content::Secret(Secret::missing("x")), 0),
        ("app_type", Content::Template(vec![reference.clone()]), 0),
        ("callbacks", Content::Template(vec![reference]), 1),
    ] {
        let entry = Entry { key: field.to_owned(), key_place: place.clone(), value: Node::new(value, place.clone()) };
        let body = Node::new(Content::Map(vec![entry]), place.clone());
        let mut findings = Diagnostics::default();
        let kind = catalogue().kind("clients").unwrap();
        check(kind, &BTreeMap::new(), &body, false, &mut findings, &Address::root("clients"));
        assert_eq!(findings.0.len(), wanted, "{field}: {findings:?}");
    }
}

#[test]
fn findings_stand_at_the_key_or_the_value() {
    let kind = catalogue().kind("clients").unwrap();
    let mut findings = Diagnostics::default();
    let body = node(json!({"calbacks": [], "callbacks": "x"}), &mut 0);
    check(kind, &BTreeMap::new(), &body, false, &mut findings, &Address::root("clients"));
    let places: Vec<(u32, u32)> =
        findings.0.iter().filter_map(|d| d.place.as_ref()).map(|place| (place.line, place.column)).collect();
    assert_eq!(places, [(1, 50), (3, 1)]);
}

fn lacks(kind: &str, body: Json) -> Vec<String> {
    let Value::Map(map) = Value::from_json(body) else { panic!("a body is a map") };
    missing_required(catalogue().kind(kind).unwrap(), &map)
}

#[test]
fn what_a_create_lacks() {
    assert_eq!(lacks("clients", json!({"app_type": "spa"})), ["name"]);
    assert_eq!(
        lacks("clients", json!({"name": "Web", "refresh_token": {}})),
        ["refresh_token.expiration_type", "refresh_token.rotation_type"]
    );
    assert_eq!(lacks("roles", json!({"name": "Admin"})), [] as [&str; 0]);
    assert_eq!(lacks("logStreams", json!({"name": "s", "type": "http", "sink": {}})), ["sink.httpEndpoint"]);
    assert_eq!(
        lacks("actions", json!({"name": "A", "supported_triggers": [{"version": "v3"}]})),
        ["supported_triggers[].id"]
    );
    assert_eq!(lacks("databases", json!({"name": "db"})), ["strategy"]);
    // A null is there.
    assert_eq!(
        lacks(
            "emailTemplates",
            json!({"template": "x", "body": "b", "enabled": true, "from": null, "subject": "s", "syntax": "liquid"})
        ),
        [] as [&str; 0]
    );
}

#[test]
fn every_schema_of_the_kinds_is_in_the_table() {
    for kind in catalogue().kinds() {
        let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        for schema in kind.schema.as_deref().into_iter().chain(own) {
            assert!(paths(schema).is_some(), "{}: no schema `{schema}`", kind.name);
        }
        let covered = kind.schema.is_some()
            || kind.keys.iter().all(|key| kind.key_paths.get(key).is_some_and(|own| own.schema.is_some()));
        assert!(covered, "{} has no schema", kind.name);
    }
}
