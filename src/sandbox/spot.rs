//! Dotted places inside JSON bodies, as the `[server]` tables name them.
//!
//! `a.b` is a member, `a[].b` the member of each item, `*` each member, `a.**.b` the member at any depth, `a?.b` the
//! member where `a` is there. What does not exist is passed over in silence; only [`fill`] makes parents.

use serde_json::{Map, Value as Json};

enum Word<'p> {
    Key {
        name: &'p str,
        only_if_there: bool,
    },
    Any,
    Items,
    /// Any number of members and items, none included.
    Deep,
}

fn words(path: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for word in path.split('.') {
        let only_if_there = word.ends_with('?');
        let name = word.trim_end_matches('?').trim_end_matches("[]");
        match name {
            "" => {}
            "*" => words.push(Word::Any),
            "**" => words.push(Word::Deep),
            name => words.push(Word::Key { name, only_if_there }),
        }
        if word.ends_with("[]") {
            words.push(Word::Items);
        }
    }
    words
}

/// Returns the member at a path of plain keys.
pub fn get<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(value, |value, key| value.get(key.trim_end_matches('?')))
}

/// Calls `visit` with every value at the place.
pub fn visit<'a>(value: &'a Json, path: &str, visit: &mut dyn FnMut(&'a Json)) {
    visit_at(value, &words(path), visit);
}

fn visit_at<'a>(value: &'a Json, words: &[Word<'_>], visit: &mut dyn FnMut(&'a Json)) {
    let Some((word, rest)) = words.split_first() else {
        visit(value);
        return;
    };
    match (word, value) {
        (Word::Key { name, .. }, Json::Object(map)) => {
            if let Some(inner) = map.get(*name) {
                visit_at(inner, rest, visit);
            }
        }
        (Word::Deep, value) => {
            visit_at(value, rest, visit);
            match value {
                Json::Object(map) => map.values().for_each(|inner| visit_at(inner, words, visit)),
                Json::Array(items) => items.iter().for_each(|inner| visit_at(inner, words, visit)),
                _ => {}
            }
        }
        (Word::Any, Json::Object(map)) => map.values().for_each(|inner| visit_at(inner, rest, visit)),
        (Word::Items, Json::Array(items)) => items.iter().for_each(|inner| visit_at(inner, rest, visit)),
        _ => {}
    }
}

/// Replaces every value at the place by what `change` makes of it; `None` removes it.
pub fn edit(value: &mut Json, path: &str, change: &mut dyn FnMut(Json) -> Option<Json>) {
    edit_at(value, &words(path), change);
}

fn edit_at(value: &mut Json, words: &[Word<'_>], change: &mut dyn FnMut(Json) -> Option<Json>) {
    let Some((word, rest)) = words.split_first() else { return };
    match (word, value) {
        (Word::Key { name, .. }, Json::Object(map)) => edit_member(map, name, rest, change),
        (Word::Deep, value) => {
            edit_at(value, rest, change);
            match value {
                Json::Object(map) => map.values_mut().for_each(|inner| edit_at(inner, words, change)),
                Json::Array(items) => items.iter_mut().for_each(|inner| edit_at(inner, words, change)),
                _ => {}
            }
        }
        (Word::Any, Json::Object(map)) => {
            let names: Vec<String> = map.keys().cloned().collect();
            for name in names {
                edit_member(map, &name, rest, change);
            }
        }
        (Word::Items, Json::Array(items)) => {
            let old = std::mem::take(items);
            for mut item in old {
                if rest.is_empty() {
                    items.extend(change(item));
                } else {
                    edit_at(&mut item, rest, change);
                    items.push(item);
                }
            }
        }
        _ => {}
    }
}

fn edit_member(
    map: &mut Map<String, Json>,
    name: &str,
    rest: &[Word<'_>],
    change: &mut dyn FnMut(Json) -> Option<Json>,
) {
    let Some(slot) = map.get_mut(name) else { return };
    if !rest.is_empty() {
        edit_at(slot, rest, change);
        return;
    }
    match change(slot.take()) {
        Some(new) => *slot = new,
        None => drop(map.shift_remove(name)),
    }
}

/// Removes every value at the place.
pub fn remove(value: &mut Json, path: &str) {
    edit(value, path, &mut |_| None);
}

/// Sets the member where it is absent, making its parents unless they are marked `?`.
pub fn fill(value: &mut Json, path: &str, new: &Json) {
    set_at(value, &words(path), new, false);
}

/// Sets the member whether or not it is there.
pub fn put(value: &mut Json, path: &str, new: &Json) {
    set_at(value, &words(path), new, true);
}

fn set_at(value: &mut Json, words: &[Word<'_>], new: &Json, replace: bool) {
    let Some((word, rest)) = words.split_first() else { return };
    match (word, value) {
        (Word::Key { name, only_if_there }, Json::Object(map)) => match (rest.is_empty(), map.get_mut(*name)) {
            (true, Some(slot)) if replace => *slot = new.clone(),
            (true, Some(_)) => {}
            (true, None) => drop(map.insert((*name).to_owned(), new.clone())),
            (false, Some(inner)) => set_at(inner, rest, new, replace),
            (false, None) if *only_if_there || !matches!(rest.first(), Some(Word::Key { .. })) => {}
            (false, None) => {
                let mut inner = Json::Object(Map::new());
                set_at(&mut inner, rest, new, replace);
                if inner.as_object().is_some_and(|made| !made.is_empty()) {
                    map.insert((*name).to_owned(), inner);
                }
            }
        },
        (Word::Any, Json::Object(map)) => map.values_mut().for_each(|inner| set_at(inner, rest, new, replace)),
        (Word::Items, Json::Array(items)) => items.iter_mut().for_each(|inner| set_at(inner, rest, new, replace)),
        _ => {}
    }
}

/// Removes every member that is null, at any depth; items of lists stay.
pub fn without_nulls(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|_, inner| !inner.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filling_makes_parents_unless_told_not_to() {
        let mut value = json!({"secrets": [{"name": "a"}]});
        fill(&mut value, "options.mfa.active", &json!(true));
        fill(&mut value, "pii?.method", &json!("hash"));
        fill(&mut value, "secrets[].at", &json!(1));
        assert_eq!(value, json!({"secrets": [{"name": "a", "at": 1}], "options": {"mfa": {"active": true}}}));
    }

    #[test]
    fn editing_reaches_items_and_any_member() {
        let mut value = json!({"a": {"x": {"s": 1}, "y": {"s": 2, "t": 3}}, "list": [{"s": 1}, {"t": 2}]});
        remove(&mut value, "a.*.s");
        remove(&mut value, "list[].s");
        assert_eq!(value, json!({"a": {"x": {}, "y": {"t": 3}}, "list": [{}, {"t": 2}]}));
    }

    #[test]
    fn any_depth_is_reached() {
        let mut value = json!({"a": {"id": 1, "b": [{"id": 2}, {"c": {"id": 3}}]}, "id": 4});
        let mut found = Vec::new();
        visit(&value, "a.**.id", &mut |value| found.push(value.clone()));
        assert_eq!(found, [1, 2, 3]);
        remove(&mut value, "a.**.id");
        assert_eq!(value, json!({"a": {"b": [{}, {"c": {}}]}, "id": 4}));
    }

    #[test]
    fn nulls_go_at_every_depth() {
        let mut value = json!({"a": null, "b": {"c": null, "d": [null, {"e": null}]}});
        without_nulls(&mut value);
        assert_eq!(value, json!({"b": {"d": [null, {}]}}));
    }
}
