//! Values that the server makes: texts with `${...}` in the `[server]` tables.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::ids::Dice;
use super::spot;
use super::times;
use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;

/// What a tenant knows of the world. Nothing here is read from it: the caller hands in the clock and the seed.
#[derive(Clone, Debug)]
pub struct World {
    pub domain: String,
    /// The client that the tool itself runs as.
    pub own_client: String,
    /// Unix seconds.
    pub now: i64,
    pub dice: Dice,
}

impl World {
    /// Returns a timestamp of now. No two are equal, so that order shows.
    pub fn timestamp(&mut self, digits: usize) -> String {
        let nanos = u32::try_from(self.dice.draw() % 1_000_000_000).unwrap_or_default();
        times::iso(self.now, nanos, digits)
    }

    /// Returns the tenant's name: the first label of its domain.
    pub fn tenant(&self) -> &str {
        self.domain.split('.').next().unwrap_or_default()
    }
}

/// Fills the texts of a value. `${.name}` alone is that field of `object` with its type.
///
/// Words: `null`, `now0`, `now3`, `now6`, `now9`, `domain`, `tenant`, `own_client`, `scopes`, `scope_names` (those of the
/// Management API), `.field`, `dashed.field`, `digest.field`,
/// `local.field`, `bare.field`, `thumbprint.field` (40 hex digits that are the same for the same text), and the words of id forms (`uuid`, `hex32`, `16`).
pub fn expand(template: &Json, object: &Json, world: &mut World) -> Json {
    match template {
        Json::String(text) if text.contains("${") => match whole(text) {
            Some(word) => expand_word(word, object, world),
            None => Json::String(expand_text(text, object, world)),
        },
        Json::Array(items) => Json::Array(items.iter().map(|item| expand(item, object, world)).collect()),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.clone(), expand(value, object, world))).collect())
        }
        other => other.clone(),
    }
}

fn whole(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|word| !word.contains('}'))
}

fn expand_text(text: &str, object: &Json, world: &mut World) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("${") {
        done.push_str(head);
        let (word, after) = tail.split_once('}').unwrap_or((tail, ""));
        match expand_word(word, object, world) {
            Json::String(piece) => done.push_str(&piece),
            Json::Null => {}
            other => done.push_str(&other.to_string()),
        }
        rest = after;
    }
    done + rest
}

fn expand_word(word: &str, object: &Json, world: &mut World) -> Json {
    if let Some(field) = word.strip_prefix('.') {
        return spot::get(object, field).cloned().unwrap_or(Json::Null);
    }
    if let Some(field) = word.strip_prefix("dashed.") {
        let text = spot::get(object, field).and_then(Json::as_str).unwrap_or_default();
        return Json::String(text.to_lowercase().replace('_', "-"));
    }
    // What stands before the `@` of an address, and behind the `|` of an id.
    let text = |field: &str| spot::get(object, field).and_then(Json::as_str).unwrap_or_default();
    if let Some(field) = word.strip_prefix("local.") {
        return Json::String(text(field).split('@').next().unwrap_or_default().to_owned());
    }
    if let Some(field) = word.strip_prefix("bare.") {
        return Json::String(text(field).rsplit('|').next().unwrap_or_default().to_owned());
    }
    if let Some(field) = word.strip_prefix("digest.") {
        return spot::get(object, field).and_then(Json::as_str).map_or(Json::Null, |text| Json::String(digest(text)));
    }
    if let Some(field) = word.strip_prefix("thumbprint.") {
        let hash = Sha256::digest(text(field).trim());
        return Json::String(hash.iter().take(20).map(|byte| format!("{byte:02x}")).collect());
    }
    match word {
        "null" => Json::Null,
        "now0" => Json::String(world.timestamp(0)),
        "now3" => Json::String(world.timestamp(3)),
        "now6" => Json::String(world.timestamp(6)),
        "now9" => Json::String(world.timestamp(9)),
        "domain" => Json::String(world.domain.clone()),
        "tenant" => Json::String(world.tenant().to_owned()),
        "own_client" => Json::String(world.own_client.clone()),
        "scope_names" => Json::Array(scope_names().into_iter().map(Json::String).collect()),
        "scopes" => {
            scope_names().into_iter().map(|name| json!({"description": describe(&name), "value": name})).collect()
        }
        word => Json::String(world.dice.word(word)),
    }
}

/// Returns a thumbprint of a text: the base64url form of its SHA-256.
pub fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.trim()))
}

/// Returns every scope that some kind needs: what the Management API of this tenant offers.
pub fn scope_names() -> Vec<String> {
    let all = |kind: &'static Kind| {
        let of_keys = kind.key_paths.values().filter_map(|key| key.scopes.as_ref());
        std::iter::once(&kind.scopes).chain(of_keys).flat_map(|scopes| scopes.all().cloned())
    };
    let mut names: Vec<String> = catalogue().served().flat_map(all).collect();
    names.sort();
    names.dedup();
    names
}

fn describe(scope: &str) -> String {
    let words = scope.replace([':', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_with_type_and_text() {
        let mut world =
            World { domain: "acme.eu.auth0.com".into(), own_client: "own".into(), now: 0, dice: Dice::new(1) };
        let object = json!({"id": "cd_A1", "n": 3});
        let filled =
            expand(&json!({"a": ["${.n}"], "b": "${tenant}-${dashed.id}", "c": "${own_client}"}), &object, &mut world);
        assert_eq!(filled, json!({"a": [3], "b": "acme-cd-a1", "c": "own"}));
        assert_ne!(world.timestamp(9), world.timestamp(9));
    }
}
