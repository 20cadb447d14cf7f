//! Values as JSON that keeps references, for files of our own. Secrets are left out: there is no way to write one.

use serde_json::{Map as JsonMap, Value as Json};

use super::path::{FieldPath, Segment};
use super::value::{Map, Part, Reference, Value};

/// The member that marks a reference.
pub const REFERENCE: &str = "$reference";
/// The member around a map that could be taken for something else.
const PLAIN: &str = "$map";

/// Turns a value into JSON; `None` for a secret, whose path goes to `secrets`.
pub fn keep(value: &Value, at: &FieldPath, secrets: &mut Vec<String>) -> Option<Json> {
    Some(match value {
        Value::Secret(_) => {
            secrets.push(at.to_string());
            return None;
        }
        Value::Template(parts) if parts.iter().any(|part| matches!(part, Part::Secret(_))) => {
            secrets.push(at.to_string());
            return None;
        }
        Value::Reference(reference) => {
            let member = serde_json::json!([reference.space, reference.name, reference.by]);
            Json::Object(JsonMap::from_iter([(REFERENCE.to_owned(), member)]))
        }
        Value::List(items) => {
            let each = |(index, item)| keep(item, &at.with(Segment::Index(index)), secrets);
            Json::Array(items.iter().enumerate().filter_map(each).collect())
        }
        Value::Map(map) => {
            let each = |(key, item): (&String, &Value)| Some((key.clone(), keep(item, &at.key(key), secrets)?));
            let kept = Json::Object(map.iter().filter_map(each).collect());
            // A map that somebody wrote in these words is still a map.
            match map.contains_key(REFERENCE) || map.contains_key(PLAIN) {
                true => Json::Object(JsonMap::from_iter([(PLAIN.to_owned(), kept)])),
                false => kept,
            }
        }
        plain => plain.to_shown(),
    })
}

/// Turns kept JSON back into a value.
pub fn restore(json: &Json) -> Value {
    match json {
        Json::Object(map) => match (map.get(REFERENCE).and_then(reference), map.get(PLAIN)) {
            (Some(reference), _) => Value::Reference(reference),
            (None, Some(Json::Object(inner))) => members(inner),
            (None, _) => members(map),
        },
        Json::Array(items) => Value::List(items.iter().map(restore).collect()),
        plain => Value::from_json(plain.clone()),
    }
}

fn members(map: &JsonMap<String, Json>) -> Value {
    Value::Map(map.iter().map(|(key, item)| (key.clone(), restore(item))).collect::<Map>())
}

fn reference(json: &Json) -> Option<Reference> {
    let text = |index| json.get(index).and_then(Json::as_str).map(str::to_owned);
    Some(Reference { space: text(0)?, name: text(1)?, by: text(2)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    #[test]
    fn references_come_back_and_secrets_stay_behind() {
        let reference = Reference { space: "things".into(), name: "A".into(), by: "id".into() };
        let value = Value::Map(Map::from_iter([
            ("to".to_owned(), Value::List(vec![Value::Reference(reference)])),
            ("n".to_owned(), Value::Number(1.into())),
        ]));
        let mut secrets = Vec::new();
        let kept = keep(&value, &FieldPath::default(), &mut secrets).unwrap();
        assert_eq!(restore(&kept), value);
        let twin = Value::from_json(serde_json::json!({ "$reference": ["things", "A", "id"], "$map": { "n": 1 } }));
        assert_eq!(restore(&keep(&twin, &FieldPath::default(), &mut secrets).unwrap()), twin);
        let with = Value::Map(Map::from_iter([("key".to_owned(), Value::Secret(Secret::new("key", "hunter2")))]));
        let kept = keep(&with, &FieldPath::default(), &mut secrets).unwrap();
        assert!(!kept.to_string().contains("hunter2"));
        assert_eq!(secrets, ["key"]);
    }
}
