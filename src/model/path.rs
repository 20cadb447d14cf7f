//! Paths to fields: concrete ones in messages and deltas, patterns in the catalogue.

use std::fmt;
use std::str::FromStr;

use super::value::Value;

/// A concrete path inside a body: `options.scope[2]`, `scopes[read:orders].description`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Segment>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    Key(String),
    Index(usize),
    /// An item of a list whose items have a key field (`scopes[read:orders]`) or of a set (`callbacks[https://..]`).
    Item(String),
}

impl FieldPath {
    pub fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    pub fn with(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if position == 0 => write!(f, "{key}")?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Item(name) => write!(f, "[{name}]")?,
            }
        }
        Ok(())
    }
}

/// A path pattern of the catalogue: `options.client_secret`, `secrets[].value`, `addons.*.key`, `configuration.*`;
/// `nodes.**.flow_id` is a member at any depth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldPattern(Vec<Want>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Want {
    Key(String),
    AnyKey,
    AnyItem,
    /// Any number of members and items, none included.
    Deep,
}

impl FieldPattern {
    /// Says whether the concrete path is exactly of this pattern.
    pub fn matches(&self, path: &FieldPath) -> bool {
        fits(&self.0, &path.0, false)
    }

    /// Says whether the concrete path is of this pattern or below it.
    pub fn covers(&self, path: &FieldPath) -> bool {
        fits(&self.0, &path.0, true)
    }

    /// Says whether the pattern reaches to any depth.
    pub fn is_deep(&self) -> bool {
        self.0.contains(&Want::Deep)
    }

    /// Says whether the pattern's places lie at the concrete path or below it.
    pub fn reaches(&self, path: &FieldPath) -> bool {
        let upto = self.0.get(..path.0.len()).map(|wants| Self(wants.to_vec()));
        upto.is_some_and(|upto| upto.matches(path))
    }

    /// Returns the first key, which is the top-level field that the pattern lies in.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Want::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Replaces what stands at the pattern's places. `change` gets the concrete path and returns the new value,
    /// or `None` to remove the member.
    pub fn rewrite(&self, value: &mut Value, change: &mut dyn FnMut(&FieldPath, Value) -> Option<Value>) {
        rewrite(&self.0, value, &FieldPath::default(), change);
    }

    /// Returns the values that stand at the pattern's places.
    pub fn select<'a>(&self, value: &'a Value) -> Vec<(FieldPath, &'a Value)> {
        let mut found = Vec::new();
        select(&self.0, value, &FieldPath::default(), &mut found);
        found
    }
}

/// Says whether a path is of a pattern, or with `below` lies below one that is.
fn fits(wants: &[Want], path: &[Segment], below: bool) -> bool {
    let Some((want, rest)) = wants.split_first() else { return below || path.is_empty() };
    if *want == Want::Deep {
        return (0..=path.len()).any(|skipped| fits(rest, &path[skipped..], below));
    }
    let Some((segment, inner)) = path.split_first() else { return false };
    let same = match (want, segment) {
        (Want::Key(key), Segment::Key(found)) => key == found,
        (Want::AnyKey, Segment::Key(_)) => true,
        (Want::AnyItem, Segment::Index(_) | Segment::Item(_)) => true,
        _ => false,
    };
    same && fits(rest, inner, below)
}

fn rewrite(
    wants: &[Want],
    value: &mut Value,
    at: &FieldPath,
    change: &mut dyn FnMut(&FieldPath, Value) -> Option<Value>,
) {
    let Some((want, rest)) = wants.split_first() else { return };
    match (want, value) {
        (Want::Deep, value) => {
            rewrite(rest, value, at, change);
            match value {
                Value::Map(map) => {
                    map.iter_mut().for_each(|(key, inner)| rewrite(wants, inner, &at.key(key), change));
                }
                Value::List(list) => list.iter_mut().enumerate().for_each(|(index, inner)| {
                    rewrite(wants, inner, &at.with(Segment::Index(index)), change);
                }),
                _ => {}
            }
        }
        (Want::Key(_) | Want::AnyKey, Value::Map(map)) => {
            let keys: Vec<String> = match want {
                Want::Key(key) => map.contains_key(key).then(|| key.clone()).into_iter().collect(),
                _ => map.keys().cloned().collect(),
            };
            for key in keys {
                let path = at.key(&key);
                if !rest.is_empty() {
                    if let Some(inner) = map.get_mut(&key) {
                        rewrite(rest, inner, &path, change);
                    }
                } else if let Some(slot) = map.get_mut(&key) {
                    match change(&path, std::mem::replace(slot, Value::Null)) {
                        Some(new) => *slot = new,
                        None => drop(map.shift_remove(&key)),
                    }
                }
            }
        }
        (Want::AnyItem, Value::List(list)) => {
            let old = std::mem::take(list);
            for (index, mut item) in old.into_iter().enumerate() {
                let path = at.with(Segment::Index(index));
                if rest.is_empty() {
                    list.extend(change(&path, item));
                } else {
                    rewrite(rest, &mut item, &path, change);
                    list.push(item);
                }
            }
        }
        _ => {}
    }
}

fn select<'a>(wants: &[Want], value: &'a Value, at: &FieldPath, found: &mut Vec<(FieldPath, &'a Value)>) {
    let Some((want, rest)) = wants.split_first() else {
        found.push((at.clone(), value));
        return;
    };
    match (want, value) {
        (Want::Deep, value) => {
            select(rest, value, at, found);
            match value {
                Value::Map(map) => map.iter().for_each(|(key, inner)| select(wants, inner, &at.key(key), found)),
                Value::List(list) => list.iter().enumerate().for_each(|(index, inner)| {
                    select(wants, inner, &at.with(Segment::Index(index)), found);
                }),
                _ => {}
            }
        }
        (Want::Key(key), Value::Map(map)) => {
            if let Some(inner) = map.get(key) {
                select(rest, inner, &at.key(key), found);
            }
        }
        (Want::AnyKey, Value::Map(map)) => {
            for (key, inner) in map {
                select(rest, inner, &at.key(key), found);
            }
        }
        (Want::AnyItem, Value::List(list)) => {
            for (index, inner) in list.iter().enumerate() {
                select(rest, inner, &at.with(Segment::Index(index)), found);
            }
        }
        _ => {}
    }
}

impl FromStr for FieldPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut wants = Vec::new();
        for word in text.split('.') {
            let (key, items) = match word.find('[') {
                Some(position) => word.split_at(position),
                None => (word, ""),
            };
            match key {
                "" if items.is_empty() => return Err(format!("empty segment in the field path `{text}`")),
                "" => {}
                "*" => wants.push(Want::AnyKey),
                "**" => wants.push(Want::Deep),
                key => wants.push(Want::Key(key.to_owned())),
            }
            if !items.chars().all(|c| c == '[' || c == ']') || items.len() % 2 != 0 {
                return Err(format!("a list item is written `[]` in the field path `{text}`"));
            }
            wants.extend((0..items.len() / 2).map(|_| Want::AnyItem));
        }
        Ok(Self(wants))
    }
}

impl fmt::Display for FieldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, want) in self.0.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            match want {
                Want::Key(key) => write!(f, "{dot}{key}")?,
                Want::AnyKey => write!(f, "{dot}*")?,
                Want::Deep => write!(f, "{dot}**")?,
                Want::AnyItem => write!(f, "[]")?,
            }
        }
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for FieldPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_select_and_rewrite() {
        let mut value =
            Value::from_json(json!({"secrets": [{"name": "A", "value": "x"}, {"name": "B", "value": "y"}]}));
        let pattern: FieldPattern = "secrets[].value".parse().unwrap();
        assert_eq!(pattern.select(&value).len(), 2);
        pattern.rewrite(&mut value, &mut |path, _| (path.to_string() == "secrets[0].value").then_some(Value::Null));
        assert_eq!(value, Value::from_json(json!({"secrets": [{"name": "A", "value": null}, {"name": "B"}]})));
    }

    #[test]
    fn deep_patterns_reach_members_at_any_depth() {
        let mut value = Value::from_json(
            json!({"flow": "0", "nodes": [{"flow": "1", "config": {"parts": [{"flow": "2"}, {"other": "3"}]}}], "end": {"flow": "4"}}),
        );
        let found = |text: &str, value: &Value| -> Vec<String> {
            let pattern: FieldPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
            let found = pattern.select(value);
            assert!(found.iter().all(|(path, _)| pattern.matches(path) && pattern.covers(&path.key("x"))));
            found.into_iter().map(|(path, _)| path.to_string()).collect()
        };
        assert_eq!(found("nodes.**.flow", &value), ["nodes[0].flow", "nodes[0].config.parts[0].flow"]);
        assert_eq!(found("**.flow", &value).len(), 4);
        let pattern: FieldPattern = "nodes.**.flow".parse().unwrap();
        assert!(!pattern.matches(&FieldPath::default().key("end").key("flow")));
        pattern.rewrite(&mut value, &mut |_, _| None);
        assert_eq!(
            value,
            Value::from_json(
                json!({"flow": "0", "nodes": [{"config": {"parts": [{}, {"other": "3"}]}}], "end": {"flow": "4"}})
            )
        );
    }
}
