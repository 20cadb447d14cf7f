//! The last turn of a body before it goes out: what the API wants otherwise than it reads back.
//!
//! One function a quirk. Bodies still hold references and tainted secrets.

use serde_json::Number;

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::table::catalogue;
use crate::model::value::{Map, Reference, Value};

/// Turns a body from the form of the files into that of the API. `live` is what an update is about; a create has none.
pub fn outward(kind: &Kind, body: &mut Map, live: Option<&Map>) {
    if kind.has(Quirk::HoursAsMinutes) {
        hours_as_minutes(body);
    }
    if kind.has(Quirk::AuthMethodSwitch)
        && let Some(live) = live
    {
        auth_method_switch(body, live);
    }
    if kind.has(Quirk::ModuleByName) {
        module_ids(body);
    }
}

/// Lifetimes with a fraction of an hour only exist as minutes.
fn hours_as_minutes(body: &mut Map) {
    let keys: Vec<String> = body.keys().filter(|key| key.ends_with("session_lifetime")).cloned().collect();
    for key in keys {
        let Some(Value::Number(hours)) = body.get(&key) else { continue };
        let Some(hours) = hours.as_f64() else { continue };
        if hours.fract() == 0.0 {
            continue;
        }
        let minutes = (hours * 60.0).round();
        body.shift_remove(&key);
        body.insert(format!("{key}_in_minutes"), Value::Number(Number::from(minutes as i64)));
    }
}

/// Setting one method of authentication takes the other away in the same update.
fn auth_method_switch(body: &mut Map, live: &Map) {
    const METHOD: &str = "token_endpoint_auth_method";
    const METHODS: &str = "client_authentication_methods";
    let set = |body: &Map, field: &str| body.get(field).is_some_and(|value| !value.is_null());
    if set(body, METHODS) && !body.contains_key(METHOD) {
        body.insert(METHOD.to_owned(), Value::Null);
    } else if set(body, METHOD) && set(live, METHODS) && !body.contains_key(METHODS) {
        body.insert(METHODS.to_owned(), Value::Null);
    }
}

/// A module is named with its version in files and goes by two ids on the wire.
fn module_ids(body: &mut Map) {
    let Some(Value::List(modules)) = body.get_mut("modules") else { return };
    let space = catalogue().kinds().find(|kind| kind.has(Quirk::PublishVersion)).map_or("", |kind| kind.space());
    for module in modules {
        let Value::Map(map) = module else { continue };
        let name = match map.shift_remove("module_name") {
            Some(Value::String(name)) => name,
            Some(Value::Reference(reference)) => reference.name,
            _ => continue,
        };
        let Some(Value::Number(number)) = map.shift_remove("module_version_number") else { continue };
        let reference = |by: String| Value::Reference(Reference { space: space.to_owned(), name: name.clone(), by });
        map.insert("module_id".to_owned(), reference("id".to_owned()));
        map.insert("module_version_id".to_owned(), reference(format!("version/{number}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(kind: &str, body: serde_json::Value) -> serde_json::Value {
        let Value::Map(mut map) = Value::from_json(body) else { panic!("a map") };
        outward(catalogue().kind(kind).unwrap(), &mut map, Some(&Map::new()));
        Value::Map(map).to_shown()
    }

    #[test]
    fn fractions_of_hours_go_as_minutes() {
        assert_eq!(
            sent("tenant", json!({"session_lifetime": 168, "idle_session_lifetime": 1.5})),
            json!({"session_lifetime": 168, "idle_session_lifetime_in_minutes": 90})
        );
    }

    #[test]
    fn one_method_nulls_the_other() {
        assert_eq!(
            sent("clients", json!({"client_authentication_methods": {"private_key_jwt": {"credentials": []}}})),
            json!({"client_authentication_methods": {"private_key_jwt": {"credentials": []}}, "token_endpoint_auth_method": null})
        );
    }
}
