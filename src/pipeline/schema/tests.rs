//! The schemas as structures. Whether files validate is held by `tests/it/schema.rs`.

use serde_json::Value as Json;

use super::subject::Subject;
use crate::catalogue::table::catalogue;

fn references(schema: &Json, found: &mut Vec<String>) {
    match schema {
        Json::Object(map) => {
            if let Some(Json::String(target)) = map.get("$ref") {
                found.push(target.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_to_a_definition_that_was_finished() {
    for subject in Subject::ALL {
        let document = subject.document();
        let mut found = Vec::new();
        references(&document, &mut found);
        for target in found {
            let name = target.strip_prefix("#/$defs/").unwrap();
            assert!(!document["$defs"][name].is_null(), "{}: {target}", subject.name());
        }
    }
}

#[test]
fn every_top_level_key_is_there_and_no_other() {
    for subject in [Subject::Templates, Subject::Overlay] {
        let document = subject.document();
        let mut keys: Vec<&str> = document["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, catalogue().keys());
        assert_eq!(document["additionalProperties"], false);
    }
}

#[test]
fn a_field_says_what_the_catalogue_says_of_it() {
    let document = Subject::Templates.document();
    let client = &document["$defs"]["clients"]["properties"];
    assert!(client["client_secret"]["description"].as_str().unwrap().starts_with("Secret:"));
    assert!(client["allowed_clients"]["items"]["description"].as_str().unwrap().contains("application, by name"));
    assert!(client["client_id"]["description"].as_str().unwrap().starts_with("Only in answers"));
    assert_eq!(document["$defs"]["clients"]["additionalProperties"], false);
    assert!(client["$new"].is_null(), "only overlays add to what is there");
    assert!(!Subject::Overlay.document()["$defs"]["clients"]["properties"]["$new"].is_null());
}

#[test]
fn the_settings_are_those_that_are_read() {
    use crate::pipeline::load::native::{TENANT_KEYS, WORKSPACE_KEYS};
    let keys = |subject: Subject| -> Vec<String> {
        subject.document()["properties"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(Subject::Tenant), TENANT_KEYS);
    assert_eq!(keys(Subject::Workspace), WORKSPACE_KEYS);
}
