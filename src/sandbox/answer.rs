//! How stored objects are shown: joined, masked, stripped.

use base64::Engine as _;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::spot;
use super::store::Store;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::server::{Join, Shown};

/// The call that an object is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Create,
    Update,
    Read,
    List,
}

/// The mask that stands for a text that differs per value and stays the same for one value.
const ENCRYPTED: &str = "${encrypted}";
/// Members that begin so are the sandbox's own notes.
const NOTE: char = '$';

/// Shows an object of a kind as the API would.
pub fn show(store: &Store, kind: &Kind, id: &str, object: &Json, moment: Moment) -> Json {
    let mut shown = object.clone();
    if let Json::Object(map) = &mut shown {
        map.retain(|key, _| !key.starts_with(NOTE));
    }
    for join in &kind.server.joins {
        if let Some(value) = joined(store, join, id, object) {
            spot::put(&mut shown, &join.set, &value);
        }
    }
    let shape = match moment {
        Moment::Create => &kind.server.on_create,
        Moment::Update => &kind.server.on_update,
        Moment::Read => &kind.server.on_read,
        Moment::List => &kind.server.on_list,
    };
    dress(&mut shown, shape);
    if moment == Moment::List {
        // A list shows what a read shows, less what it leaves out.
        dress(&mut shown, &kind.server.on_read);
    }
    for path in &kind.server.hidden {
        spot::remove(&mut shown, path);
    }
    for (path, mask) in &kind.server.masked {
        spot::edit(&mut shown, path, &mut |value| Some(masked(&value, mask)));
    }
    for path in &kind.server.hidden_if_empty {
        spot::edit(&mut shown, path, &mut |value| (!is_empty(&value)).then_some(value));
    }
    if kind.has(Quirk::AuthMethodSwitch) && shown.get("client_authentication_methods").is_some() {
        spot::remove(&mut shown, "client_secret");
    }
    shown
}

fn dress(shown: &mut Json, shape: &Shown) {
    for (path, value) in &shape.fill {
        spot::fill(shown, path, value);
    }
    for path in &shape.nulls {
        spot::fill(shown, path, &Json::Null);
    }
    for path in &shape.hide {
        spot::remove(shown, path);
    }
}

fn is_empty(value: &Json) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

fn masked(value: &Json, mask: &str) -> Json {
    match value {
        Json::String(text) if mask == ENCRYPTED => Json::String(encrypted(text)),
        _ => Json::String(mask.to_owned()),
    }
}

/// Returns 168 characters that stand for a text, as the API shows the settings of database scripts.
pub fn encrypted(text: &str) -> String {
    let mut bytes = vec![0x0a, 0x42, 0x0a, 0x20];
    for round in 0_u8..4 {
        bytes.extend(Sha256::new().chain_update([round]).chain_update(text).finalize());
    }
    bytes.truncate(125);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Puts back what stood behind encrypted texts that a client read and sent again.
pub fn restore_encrypted(kind: &Kind, old: &Json, new: &mut Json) {
    for (path, mask) in &kind.server.masked {
        if mask != ENCRYPTED {
            continue;
        }
        let mut known: Vec<(String, &str)> = Vec::new();
        spot::visit(old, path, &mut |value| known.extend(value.as_str().map(|text| (encrypted(text), text))));
        spot::edit(new, path, &mut |value| {
            let plain = known.iter().find(|(cipher, _)| value.as_str() == Some(cipher)).map(|(_, plain)| *plain);
            Some(plain.map_or(value, |plain| Json::String(plain.to_owned())))
        });
    }
}

/// Adds what joins give, for conditions that look at it.
pub fn with_joins(store: &Store, kind: &Kind, id: &str, object: &Json) -> Json {
    let mut whole = object.clone();
    for join in &kind.server.joins {
        if let Some(value) = joined(store, join, id, object) {
            spot::put(&mut whole, &join.set, &value);
        }
    }
    whole
}

fn joined(store: &Store, join: &Join, id: &str, object: &Json) -> Option<Json> {
    let path = join.path.replace("{id}", id);
    let Some(on) = &join.on else {
        let take = join.take.as_deref().unwrap_or("id");
        let all = store.collection(&path).map(|collection| {
            collection.iter().filter_map(|(_, other)| spot::get(other, take).cloned()).collect::<Vec<_>>()
        });
        return Some(Json::Array(all.unwrap_or_default()));
    };
    let wanted = spot::get(object, on)?;
    let collection = store.collection(&path)?;
    let other = match (join.by.as_str(), wanted.as_str()) {
        ("id", Some(id)) => collection.get(id)?,
        (by, _) => collection.find(by, wanted)?.1,
    };
    let other = match (&join.list, &join.item_key, &join.item_on) {
        (Some(list), Some(key), Some(item_on)) => {
            let wanted = spot::get(object, item_on)?;
            spot::get(other, list)?.as_array()?.iter().find(|item| item.get(key) == Some(wanted))?
        }
        _ => other,
    };
    match &join.take {
        Some(take) => spot::get(other, take).cloned(),
        None => {
            let copied = join.copy.iter().filter_map(|field| Some((field.clone(), spot::get(other, field)?.clone())));
            Some(Json::Object(copied.collect::<Map<_, _>>()))
        }
    }
}

/// Turns an answer into that of the kind's older path: the name of its items, and without the fields that came later.
pub fn as_older(kind: &Kind, body: &mut Json) {
    let Some(older) = &kind.server.older else { return };
    let strip = |item: &mut Json| older.hide.iter().for_each(|field| spot::remove(item, field));
    if let (Json::Object(map), Some(list)) = (&mut *body, &kind.list)
        && let Some(items) = map.shift_remove(&list.items)
    {
        map.insert(older.items.clone(), items);
    }
    match body {
        Json::Array(items) => items.iter_mut().for_each(strip),
        Json::Object(map) => match map.get_mut(&older.items) {
            Some(Json::Array(items)) => items.iter_mut().for_each(strip),
            _ => strip(body),
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_texts_have_the_length_of_real_ones_and_are_stable() {
        let shown = encrypted("bar");
        assert_eq!(shown.len(), 168);
        assert!(shown.starts_with("CkI"), "{shown}");
        assert_eq!(shown, encrypted("bar"));
        assert_ne!(shown, encrypted("baz"));
    }
}
