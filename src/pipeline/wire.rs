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
    if let Some(live) = live {
        for group in &kind.fields.exclusive {
            exclude(group, body, live);
        }
    }
}

/// Turns what was sent into the form in which it is read back; `shown` is what was read.
pub fn as_read(kind: &Kind, body: &mut Map, shown: &Map) {
    if kind.has(Quirk::HoursAsMinutes) {
        minutes_as_hours(body);
    }
    if kind.has(Quirk::ModuleByName) {
        module_names(body, shown);
    }
}

fn minutes_as_hours(body: &mut Map) {
    let minutes: Vec<String> =
        body.keys().filter(|key| key.ends_with("session_lifetime_in_minutes")).cloned().collect();
    for key in minutes {
        if let Some(Value::Number(count)) = body.shift_remove(&key)
            && let Some(hours) = count.as_f64().and_then(|minutes| Number::from_f64(minutes / 60.0))
        {
            body.insert(key.trim_end_matches("_in_minutes").to_owned(), Value::Number(hours));
        }
    }
}

/// A module that was sent by its ids is recognised by its name.
fn module_names(body: &mut Map, shown: &Map) {
    let (Some(Value::List(modules)), Some(Value::List(shown))) = (body.get_mut("modules"), shown.get("modules")) else {
        return;
    };
    for module in modules {
        let Value::Map(map) = module else { continue };
        let is_it = |shown: &&Map| shown.get("module_id") == map.get("module_id");
        let found = shown.iter().filter_map(Value::as_map).find(is_it);
        if let Some(name) = found.and_then(|shown| shown.get("module_name")) {
            map.insert("module_name".to_owned(), name.clone());
        }
    }
}

/// Setting one of a group takes the others away in the same update.
fn exclude(group: &[String], body: &mut Map, live: &Map) {
    let set = |map: &Map, field: &String| map.get(field).is_some_and(|value| !value.is_null() && !value.is_empty());
    if group.iter().any(|field| set(body, field)) {
        let others: Vec<&String> = group.iter().filter(|other| !set(body, other) && set(live, other)).collect();
        for other in others {
            body.insert(other.clone(), Value::Null);
        }
    }
}

/// Returns a body with what a create sends where files leave it out.
pub fn create_fills(kind: &Kind, body: &Map) -> Map {
    let mut filled = body.clone();
    let fits = |field: &String, values: &[serde_json::Value]| {
        body.get(field).is_some_and(|value| values.contains(&value.to_shown()))
    };
    for fill in
        kind.fields.create_fills.iter().filter(|fill| fill.when.iter().all(|(field, values)| fits(field, values)))
    {
        for (field, value) in &fill.set {
            filled.entry(field.clone()).or_insert_with(|| Value::from_json(value.clone()));
        }
    }
    filled
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
    fn one_of_a_group_nulls_the_others() {
        let kind = catalogue().kinds().find(|kind| !kind.fields.exclusive.is_empty()).unwrap();
        let [one, other] = kind.fields.exclusive[0].as_slice() else { panic!("two fields") };
        let map = |field: &str, value: serde_json::Value| Map::from_iter([(field.to_owned(), Value::from_json(value))]);
        for (live, nulls) in [(map(other, json!("x")), true), (map(other, json!([])), false), (Map::new(), false)] {
            let mut body = map(one, json!([{"name": "a"}]));
            outward(kind, &mut body, Some(&live));
            assert_eq!(body.get(other), nulls.then_some(&Value::Null));
        }
    }

    #[test]
    fn a_create_is_filled_where_a_condition_holds() {
        let kind = catalogue().kinds().find(|kind| !kind.fields.create_fills.is_empty()).unwrap();
        let fill = &kind.fields.create_fills[0];
        let (field, value) = (fill.when.keys().next().unwrap(), fill.when.values().next().unwrap()[0].clone());
        let body = Map::from_iter([(field.clone(), Value::from_json(value))]);
        assert_eq!(create_fills(kind, &body).len(), 1 + fill.set.len());
        assert_eq!(create_fills(kind, &Map::new()), Map::new());
    }

    #[test]
    fn one_method_nulls_the_other() {
        assert_eq!(
            sent("clients", json!({"client_authentication_methods": {"private_key_jwt": {"credentials": []}}})),
            json!({"client_authentication_methods": {"private_key_jwt": {"credentials": []}}, "token_endpoint_auth_method": null})
        );
    }
}
