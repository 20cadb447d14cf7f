//! What an update makes of an object: merged, replaced, removed, refilled. As the API does it, which is not as one would
//! wish: a client that leaves out what it did not mean to change loses it here as it does there.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::answer::restore_encrypted;
use super::expand::{World, expand};
use super::spot;
use crate::catalogue::kind::{Kind, Variant};
use crate::model::path::FieldPath;

/// Merges a PATCH body into an object.
pub fn patch(kind: &Kind, old: &Json, body: &Map<String, Json>, world: &mut World) -> Json {
    let mut new = old.clone();
    for (trigger, dropped) in &kind.server.dropped_with {
        if body.contains_key(trigger) {
            for field in dropped.iter().filter(|field| !body.contains_key(*field)) {
                spot::remove(&mut new, field);
            }
        }
    }
    if let Json::Object(map) = &mut new {
        merge_into(kind, map, body, &FieldPath::default());
    }
    restore_encrypted(kind, old, &mut new);
    refill(kind, old, &mut new, body, world);
    complete(kind, &mut new, world);
    new
}

fn merge_into(kind: &Kind, target: &mut Map<String, Json>, body: &Map<String, Json>, at: &FieldPath) {
    for (key, value) in body {
        let path = at.key(key);
        let removes = value.is_null()
            || ((value == "" || value.as_object().is_some_and(Map::is_empty))
                && kind.server.empty_removes.contains(&path.to_string()));
        if removes {
            target.shift_remove(key);
            continue;
        }
        match (value, target.get_mut(key)) {
            (Json::Object(inner), Some(Json::Object(old)))
                if kind.fields.merged.iter().any(|pattern| pattern.matches(&path)) =>
            {
                merge_into(kind, old, inner, &path);
            }
            _ => {
                let mut value = value.clone();
                spot::without_nulls(&mut value);
                target.insert(key.clone(), value);
            }
        }
    }
}

/// Puts back what an update of a replaced object keeps, and fills in what it defaults to: only inside top-level fields
/// that were sent.
fn refill(kind: &Kind, old: &Json, new: &mut Json, body: &Map<String, Json>, world: &mut World) {
    let sent = |path: &str| path.split(['.', '?']).next().is_some_and(|top| body.get(top).is_some_and(Json::is_object));
    let applicable: Vec<&Variant> = kind.server.update_refill.iter().filter(|variant| fits(variant, new)).collect();
    for variant in applicable {
        for path in variant.keep.iter().filter(|path| sent(path)) {
            if let Some(value) = spot::get(old, path) {
                spot::fill(new, path, value);
            }
        }
        for (path, value) in variant.set.iter().filter(|(path, _)| sent(path)) {
            let value = expand(value, new, world);
            spot::fill(new, path, &value);
        }
    }
    if kind.server.flag_lists.iter().any(|list| sent(&list.set)) {
        lists_of_flags(kind, new);
    }
}

/// Fills what a create fills. `seen` is the object as conditions see it, joins included.
pub fn defaults(kind: &Kind, object: &mut Json, seen: &Json, world: &mut World) {
    for variant in kind.server.variants.iter().filter(|variant| fits(variant, seen)) {
        for (path, value) in &variant.set {
            fill_expanded(object, path, value, world);
        }
    }
    for (path, value) in &kind.server.defaults {
        fill_expanded(object, path, value, world);
    }
    lists_of_flags(kind, object);
    stamp(kind, object, world);
}

/// Makes the lists that follow from flags.
fn lists_of_flags(kind: &Kind, object: &mut Json) {
    for list in &kind.server.flag_lists {
        if !holds(&list.when, object) {
            continue;
        }
        let on = |flag: &str| spot::get(object, flag) == Some(&Json::Bool(true));
        let items =
            list.flags.iter().filter(|(flag, _)| on(flag)).map(|(_, item)| Json::String(item.clone())).collect();
        spot::fill(object, &list.set, &Json::Array(items));
    }
}

/// Fills, inside objects that are there, what they are never without; and sets what every write sets.
fn complete(kind: &Kind, object: &mut Json, world: &mut World) {
    for (path, value) in kind.server.defaults.iter().filter(|(path, _)| path.contains(['?', '['])) {
        fill_expanded(object, path, value, world);
    }
    stamp(kind, object, world);
}

fn stamp(kind: &Kind, object: &mut Json, world: &mut World) {
    for (path, value) in &kind.server.on_write {
        let value = expand(value, object, world);
        spot::put(object, path, &value);
    }
}

fn fill_expanded(object: &mut Json, path: &str, template: &Json, world: &mut World) {
    let value = expand(template, object, world);
    // A field that is copied from nothing is not there; a null that is meant is.
    if !value.is_null() || template == NULL {
        spot::fill(object, path, &value);
    }
}

/// A default that is null.
const NULL: &str = "${null}";
/// In a condition: the field is not there.
const ABSENT: &str = "(absent)";

/// Says whether the object is one that a variant speaks of.
pub fn fits(variant: &Variant, object: &Json) -> bool {
    holds(&variant.when, object)
}

pub fn holds(when: &IndexMap<String, Vec<Json>>, object: &Json) -> bool {
    when.iter().all(|(path, values)| {
        let found = spot::get(object, path);
        values.iter().any(|value| match found {
            Some(found) => found == value || (value == "*" && !found.is_null()),
            None => value == ABSENT,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::ids::Dice;
    use serde_json::json;

    fn kind(facts: &str) -> Kind {
        toml::from_str(&format!(
            "name = 'things'\ntitle = 'thing'\nsource = ''\nshape = 'collection'\nplace = []\npath = '/things'\nscopes = {{}}\n\
             verbs = {{}}\n{facts}"
        ))
        .unwrap()
    }

    fn patched(kind: &Kind, old: &Json, body: &Json) -> Json {
        let mut world = World { domain: "a.b".into(), own_client: "own".into(), now: 0, dice: Dice::new(1) };
        patch(kind, old, body.as_object().unwrap(), &mut world)
    }

    #[test]
    fn only_named_objects_merge() {
        let kind = kind("fields.merged = ['flags', 'stage', 'stage.*']\nserver.empty_removes = ['uri']");
        let old = json!({"flags": {"a": true, "b": true}, "options": {"x": 1, "y": 2}, "stage": {"pre": {"n": 1, "m": 2}}, "uri": "u", "z": 1});
        let new = patched(
            &kind,
            &old,
            &json!({"flags": {"a": null}, "options": {"x": 3}, "stage": {"pre": {"n": 5}}, "uri": "", "z": null}),
        );
        assert_eq!(new, json!({"flags": {"b": true}, "options": {"x": 3}, "stage": {"pre": {"n": 5, "m": 2}}}));
    }

    #[test]
    fn what_is_replaced_is_refilled_with_other_defaults() {
        let kind = kind(
            "[[server.update_refill]]\nwhen = { strategy = ['oidc'] }\nkeep = ['options.schema']\n\
             set = { 'options.connection_settings.pkce' = 'disabled' }",
        );
        let old = json!({"strategy": "oidc", "options": {"schema": 4, "scope": "a", "connection_settings": {"pkce": "auto"}}});
        assert_eq!(
            patched(&kind, &old, &json!({"options": {"scope": "b"}}))["options"],
            json!({"scope": "b", "schema": 4, "connection_settings": {"pkce": "disabled"}})
        );
        assert_eq!(patched(&kind, &old, &json!({"realms": []}))["options"], old["options"]);
    }

    #[test]
    fn fields_are_dropped_with_others() {
        let kind = kind("server.dropped_with = { sink = ['pii_config'] }");
        let old = json!({"sink": {"a": 1}, "pii_config": {}, "filters": []});
        assert_eq!(patched(&kind, &old, &json!({"sink": {"b": 1}})), json!({"sink": {"b": 1}, "filters": []}));
    }

    #[test]
    fn encrypted_texts_that_come_back_keep_their_value() {
        let kind = kind("server.masked = { 'options.configuration.*' = '${encrypted}' }");
        let old = json!({"options": {"configuration": {"key": "plain"}}});
        let shown = super::super::answer::encrypted("plain");
        let new = patched(&kind, &old, &json!({"options": {"configuration": {"key": shown, "other": "x"}}}));
        assert_eq!(new, json!({"options": {"configuration": {"key": "plain", "other": "x"}}}));
    }
}
