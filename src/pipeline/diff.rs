//! One desired body against one live body: field deltas down to the list item.
//!
//! Absent means not managed, so only declared fields are looked at. What the server derives, fills in or reorders is
//! silent; the catalogue says what that is.

use std::collections::BTreeMap;

use crate::catalogue::kind::Kind;
use crate::model::address::Address;
use crate::model::change::{Delta, DeltaNote};
use crate::model::path::{FieldPath, FieldPattern, Segment};
use crate::model::secret::Secret;
use crate::model::value::{Map, Part, Value};
use crate::pipeline::canonical::is_derived;
use crate::pipeline::plan::Remembered;

/// What a comparison needs to know besides the two bodies.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub kind: &'static Kind,
    pub address: &'a Address,
    pub remembered: &'a Remembered,
    /// Paths that planning ignores for this resource.
    pub ignored: &'a [FieldPattern],
    /// (space, name) -> fields of live objects, to compare strings with holes.
    pub known: &'a BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Fingerprints of the secrets that were looked at: `address:field` -> fingerprint.
    pub fingerprints: BTreeMap<String, String>,
    /// Secrets that have no value here.
    pub missing: Vec<String>,
    deltas: Vec<Delta>,
}

impl<'a> Comparison<'a> {
    pub fn new(
        kind: &'static Kind,
        address: &'a Address,
        remembered: &'a Remembered,
        ignored: &'a [FieldPattern],
        known: &'a BTreeMap<(String, String), BTreeMap<String, String>>,
    ) -> Self {
        Self {
            kind,
            address,
            remembered,
            ignored,
            known,
            fingerprints: BTreeMap::new(),
            missing: Vec::new(),
            deltas: Vec::new(),
        }
    }

    /// Compares all declared fields.
    pub fn bodies(mut self, desired: &Map, live: &Map) -> (Vec<Delta>, Self) {
        for (field, value) in desired {
            let path = FieldPath::default().key(field);
            self.field(&path, value, live.get(field));
        }
        let deltas = std::mem::take(&mut self.deltas);
        (deltas, self)
    }

    /// Compares the declared fields of something that lies below a path.
    pub fn below(mut self, path: &FieldPath, desired: &Map, live: &Map) -> (Vec<Delta>, Self) {
        for (field, value) in desired {
            self.field(&path.key(field), value, live.get(field));
        }
        let deltas = std::mem::take(&mut self.deltas);
        (deltas, self)
    }

    fn covered(&self, patterns: &[FieldPattern], path: &FieldPath) -> bool {
        patterns.iter().any(|pattern| pattern.covers(path))
    }

    fn field(&mut self, path: &FieldPath, desired: &Value, live: Option<&Value>) {
        if is_derived(self.kind, path) || self.covered(self.ignored, path) {
            return;
        }
        let means = self.kind.fields.absent_means.iter().find(|(pattern, _)| pattern.matches(path));
        let stated = means.map(|(_, json)| Value::from_json(json.clone()));
        let live = match live {
            None | Some(Value::Null) => stated.as_ref(),
            live => live,
        };
        if let Value::Secret(secret) = desired {
            return self.secret(path, secret, live);
        }
        if let Value::Template(parts) = desired
            && let Some(text) = self.filled(parts)
        {
            return self.field(path, &text, live);
        }
        // A `{{ref}}` in a field that the catalogue does not know as a pointer: in the tenant plain text stands there.
        if let (Value::Reference(reference), Some(found @ Value::String(_))) = (desired, live)
            && self.filled(&[Part::Reference(reference.clone())]).as_ref() == Some(found)
        {
            return;
        }
        let live_is_empty = live.is_none_or(Value::is_null);
        if live_is_empty && desired.only_unsets() {
            return;
        }
        if desired.is_empty()
            && live.is_none_or(Value::is_empty)
            && (self.covered(&self.kind.fields.empty_is_absent, path) || live.is_none() && desired.is_null())
        {
            return;
        }
        if live_is_empty && self.covered(&self.kind.fields.write_only, path) {
            return self.unseen(path, desired);
        }
        match (desired, live) {
            (Value::Map(wanted), Some(Value::Map(found))) => {
                for (key, value) in wanted {
                    self.field(&path.key(key), value, found.get(key));
                }
                if self.covered(&self.kind.fields.exact, path) {
                    self.left_out(path, wanted, found);
                }
            }
            (Value::Map(wanted), None | Some(Value::Null)) if self.only_unseen(path, wanted) => {
                for (key, value) in wanted {
                    self.field(&path.key(key), value, None);
                }
            }
            (Value::List(wanted), Some(Value::List(found))) => self.lists(path, wanted, found),
            (desired, Some(live)) if same_scalar(desired, live) => {}
            (desired, live) => self.differ(path, live.cloned(), Some(desired.clone()), None),
        }
    }

    /// What the tenant has in a map of which the files say all.
    fn left_out(&mut self, path: &FieldPath, wanted: &Map, found: &Map) {
        for (key, value) in found.iter().filter(|(key, value)| !wanted.contains_key(*key) && !value.is_null()) {
            let inner = path.key(key);
            if !is_derived(self.kind, &inner) && !self.covered(self.ignored, &inner) {
                self.differ(&inner, Some(value.clone()), None, None);
            }
        }
    }

    /// Says whether everything in a map is of the kind that the tenant never shows.
    fn only_unseen(&self, path: &FieldPath, wanted: &Map) -> bool {
        !wanted.is_empty()
            && wanted.iter().all(|(key, _)| {
                let inner = path.key(key);
                self.kind.fields.write_only.iter().any(|pattern| pattern.matches(&inner))
            })
    }

    fn differ(&mut self, path: &FieldPath, before: Option<Value>, after: Option<Value>, note: Option<DeltaNote>) {
        self.deltas.push(Delta { path: path.clone(), before, after, note, cause: None });
    }

    /// Fills a string's holes from what is known; `None` if something does not exist yet.
    fn filled(&self, parts: &[Part]) -> Option<Value> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Reference(reference) => {
                    let fields = self.known.get(&(reference.space.clone(), reference.name.clone()))?;
                    text.push_str(fields.get(&reference.by)?);
                }
                Part::Secret(secret) => text.push_str(secret.expose()?),
            }
        }
        let secret = parts.iter().find_map(|part| match part {
            Part::Secret(secret) => Some(secret.name.clone()),
            _ => None,
        });
        Some(secret.map_or(Value::String(text.clone()), |name| Value::Secret(Secret::new(name, text))))
    }

    fn fingerprint_name(&self, path: &FieldPath) -> String {
        format!("{}:{path}", self.address)
    }

    fn secret(&mut self, path: &FieldPath, secret: &Secret, live: Option<&Value>) {
        if secret.is_keep() {
            return;
        }
        if secret.is_recorded() {
            return self.recorded(path, secret, live);
        }
        if secret.is_missing() {
            self.missing.push(format!("{}:{path} ({})", self.address, secret.name));
            return;
        }
        let Some(text) = secret.expose() else { return };
        let known = match live {
            Some(Value::Secret(found)) => found.expose(),
            Some(Value::String(found)) => Some(found.as_str()),
            _ => None,
        };
        let after = Some(Value::Secret(secret.clone()));
        match known {
            Some(found) if found == text => {}
            Some(_) => self.differ(path, live.cloned(), after, Some(DeltaNote::SecretChanged)),
            None => self.remembered_or_differ(path, text.to_owned(), after),
        }
    }

    /// A secret of which only the fingerprint is known can be judged where the tenant shows it.
    fn recorded(&mut self, path: &FieldPath, secret: &Secret, live: Option<&Value>) {
        let shown = match live {
            Some(Value::Secret(found)) => found.expose(),
            Some(Value::String(found)) => Some(found.as_str()),
            _ => None,
        };
        let sent = self.remembered.fingerprints.get(&self.fingerprint_name(path));
        match (sent, shown.and_then(|text| self.remembered.fingerprint(text))) {
            (Some(sent), Some(found)) if *sent == found => {}
            (Some(_), Some(_)) => {
                let after = Some(Value::Secret(secret.clone()));
                self.differ(path, live.cloned(), after, Some(DeltaNote::SecretChanged));
            }
            _ => self.missing.push(format!("{}:{path} ({})", self.address, secret.name)),
        }
    }

    /// A value that is sent and never returned is judged by what was last sent, a map member by member.
    fn unseen(&mut self, path: &FieldPath, desired: &Value) {
        if let Value::Map(map) = desired {
            return map.iter().for_each(|(key, value)| self.field(&path.key(key), value, None));
        }
        let text = desired.to_shown().to_string();
        self.remembered_or_differ(path, text, Some(desired.clone()));
    }

    fn remembered_or_differ(&mut self, path: &FieldPath, text: String, after: Option<Value>) {
        let name = self.fingerprint_name(path);
        let Some(fingerprint) = self.remembered.fingerprint(&text) else {
            return self.differ(path, None, after, Some(DeltaNote::CannotBeCompared));
        };
        let note = match self.remembered.fingerprints.get(&name) {
            Some(last) if *last == fingerprint => None,
            Some(_) => Some(DeltaNote::SecretChanged),
            None => Some(DeltaNote::CannotBeCompared),
        };
        self.fingerprints.insert(name, fingerprint);
        if note.is_some() {
            self.differ(path, None, after, note);
        }
    }

    fn lists(&mut self, path: &FieldPath, wanted: &[Value], found: &[Value]) {
        if let Some(key) = self.list_key(path) {
            return self.keyed(path, &key, wanted, found);
        }
        if self.kind.fields.sets.iter().any(|pattern| pattern.matches(path)) {
            return self.sets(path, wanted, found);
        }
        if wanted.len() == found.len() {
            for (index, (want, have)) in wanted.iter().zip(found).enumerate() {
                self.field(&path.with(Segment::Index(index)), want, Some(have));
            }
            return;
        }
        if wanted != found {
            self.differ(path, Some(Value::List(found.to_vec())), Some(Value::List(wanted.to_vec())), None);
        }
    }

    fn list_key(&self, path: &FieldPath) -> Option<String> {
        list_key(self.kind, path)
    }

    fn sets(&mut self, path: &FieldPath, wanted: &[Value], found: &[Value]) {
        let mut rest: Vec<&Value> = found.iter().collect();
        for value in wanted {
            match rest.iter().position(|have| *have == value) {
                Some(position) => drop(rest.remove(position)),
                None => {
                    let item = path.with(Segment::Item(label(value)));
                    self.differ(&item, None, Some(value.clone()), None);
                }
            }
        }
        for value in rest {
            let item = path.with(Segment::Item(label(value)));
            self.differ(&item, Some(value.clone()), None, None);
        }
    }

    fn keyed(&mut self, path: &FieldPath, key: &str, wanted: &[Value], found: &[Value]) {
        let key_of = |value: &Value| value.as_map().and_then(|map| map.get(key)).map(label);
        for value in wanted {
            let name = key_of(value).unwrap_or_default();
            let item = path.with(Segment::Item(name.clone()));
            match found.iter().find(|have| key_of(have).as_deref() == Some(&name)) {
                Some(have) => self.field(&item, value, Some(have)),
                None => {
                    self.note_secrets(&item, value);
                    self.differ(&item, None, Some(value.clone()), None);
                }
            }
        }
        for have in found {
            let name = key_of(have).unwrap_or_default();
            if !wanted.iter().any(|value| key_of(value).as_deref() == Some(&name)) {
                self.differ(&path.with(Segment::Item(name)), Some(have.clone()), None, None);
            }
        }
    }

    /// Remembers the fingerprints of secrets in something that is new as a whole.
    pub fn note_secrets(&mut self, path: &FieldPath, value: &Value) {
        match value {
            Value::Secret(secret) if secret.is_missing() => {
                self.missing.push(format!("{}:{path} ({})", self.address, secret.name));
            }
            Value::Secret(secret) => {
                if let Some(text) = secret.expose()
                    && let Some(fingerprint) = self.remembered.fingerprint(text)
                {
                    self.fingerprints.insert(self.fingerprint_name(path), fingerprint);
                }
            }
            Value::Map(map) => map.iter().for_each(|(key, value)| self.note_secrets(&path.key(key), value)),
            Value::List(list) => {
                let key = self.list_key(path);
                for (index, item) in list.iter().enumerate() {
                    let named = key.as_ref().and_then(|key| item.as_map()?.get(key)).map(label);
                    let segment = named.map_or(Segment::Index(index), Segment::Item);
                    self.note_secrets(&path.with(segment), item);
                }
            }
            other if self.covered(&self.kind.fields.write_only, path) => {
                let text = other.to_shown().to_string();
                if let Some(fingerprint) = self.remembered.fingerprint(&text) {
                    self.fingerprints.insert(self.fingerprint_name(path), fingerprint);
                }
            }
            _ => {}
        }
    }
}

/// Returns the key field of a list's items, if the catalogue names one.
pub fn list_key(kind: &Kind, path: &FieldPath) -> Option<String> {
    kind.fields.keyed_lists.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, key)| key.clone())
}

/// Returns a short text for an item in a path.
pub fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Reference(reference) => reference.name.clone(),
        other => other.to_shown().to_string(),
    }
}

/// Equal, or a number that differs by the rounding of hours and minutes only.
/// Returns a moment in UTC without a fraction that says nothing: the API writes `…:00.000Z` for `…:00Z`.
fn moment(text: &str) -> Option<&str> {
    let is_moment = text.len() >= 20 && text.is_ascii() && text.as_bytes().get(10) == Some(&b'T');
    let plain = text.strip_suffix('Z').filter(|_| is_moment)?;
    Some(
        plain
            .split_once('.')
            .map_or(plain, |(whole, rest)| if rest.bytes().all(|b| b == b'0') { whole } else { plain }),
    )
}

fn same_scalar(desired: &Value, live: &Value) -> bool {
    match (desired, live) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
            _ => a == b,
        },
        (Value::String(a), Value::String(b)) => a == b || moment(a).is_some_and(|a| moment(b) == Some(a)),
        // A live id that nothing names is still the id that a reference may stand for.
        (desired, live) => desired == live,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::catalogue;
    use crate::model::value::Reference;
    use serde_json::json;

    #[test]
    fn a_recorded_secret_is_judged_by_its_fingerprint_where_the_tenant_shows_it() {
        let kind = catalogue().kinds().find(|kind| !kind.fields.secret.is_empty()).unwrap();
        let address = Address::root("x");
        let mut remembered = Remembered { salt: vec![7; 16], fingerprints: BTreeMap::new() };
        let print = remembered.fingerprint("sent").unwrap();
        remembered.fingerprints.insert("x:key".to_owned(), print);
        let known = BTreeMap::new();
        let recorded = Map::from_iter([("key".to_owned(), Value::Secret(Secret::recorded("k")))]);
        let judged = |live: Secret| {
            let live = Map::from_iter([("key".to_owned(), Value::Secret(live))]);
            let (deltas, after) = Comparison::new(kind, &address, &remembered, &[], &known).bodies(&recorded, &live);
            (deltas.iter().map(|delta| delta.note).collect::<Vec<_>>(), after.missing.len())
        };
        assert_eq!(judged(Secret::new("k", "sent")), (vec![], 0));
        assert_eq!(judged(Secret::new("k", "other")), (vec![Some(DeltaNote::SecretChanged)], 0));
        assert_eq!(judged(Secret::missing("k")), (vec![], 1));
    }

    fn deltas(kind: &str, desired: serde_json::Value, live: serde_json::Value) -> Vec<String> {
        let kind = catalogue().kind(kind).unwrap();
        let (Value::Map(desired), Value::Map(live)) = (Value::from_json(desired), Value::from_json(live)) else {
            panic!("maps")
        };
        let known = BTreeMap::new();
        let remembered = Remembered::default();
        let address = Address::root("x");
        let (deltas, _) = Comparison::new(kind, &address, &remembered, &[], &known).bodies(&desired, &live);
        deltas.iter().map(|delta| delta.path.to_string()).collect()
    }

    #[test]
    fn undeclared_fields_and_set_order_do_not_show() {
        let live = json!({"name": "Web", "callbacks": ["b", "a"], "tenant": "x", "sso_disabled": false});
        assert!(deltas("clients", json!({"name": "Web", "callbacks": ["a", "b"]}), live).is_empty());
    }

    #[test]
    fn items_of_sets_show_alone() {
        let live = json!({"callbacks": ["a", "b"]});
        assert_eq!(deltas("clients", json!({"callbacks": ["a", "c"]}), live), ["callbacks[c]", "callbacks[b]"]);
    }

    #[test]
    fn null_and_absent_are_one() {
        assert!(deltas("clients", json!({"addons": null}), json!({})).is_empty());
        assert!(deltas("clients", json!({"callbacks": []}), json!({})).is_empty());
        assert_eq!(deltas("clients", json!({"callbacks": []}), json!({"callbacks": ["a"]})), ["callbacks[a]"]);
    }

    #[test]
    fn a_reference_in_a_free_field_is_the_text_that_it_stands_for() {
        let kind = catalogue().kind("clients").unwrap();
        let reference = Reference { space: "clients".into(), name: "Web".into(), by: "client_id".into() };
        let desired = Map::from_iter([("description".to_owned(), Value::Reference(reference))]);
        let (remembered, address) = (Remembered::default(), Address::root("x"));
        let known = |id: &str| {
            let fields = BTreeMap::from([("client_id".to_owned(), id.to_owned())]);
            BTreeMap::from([(("clients".to_owned(), "Web".to_owned()), fields)])
        };
        let live = Map::from_iter([("description".to_owned(), Value::String("abc".into()))]);
        for (id, differs) in [("abc", 0), ("def", 1)] {
            let known = known(id);
            let (deltas, _) = Comparison::new(kind, &address, &remembered, &[], &known).bodies(&desired, &live);
            assert_eq!(deltas.len(), differs, "{id}");
        }
    }

    #[test]
    fn a_moment_is_the_same_with_a_fraction_of_nothing() {
        let at = |text: &str| json!({"description": text});
        assert!(deltas("clients", at("2050-05-13T09:33:13Z"), at("2050-05-13T09:33:13.000Z")).is_empty());
        for other in ["2050-05-13T09:33:13.001Z", "2050-05-13T09:33:14Z", "2050-05-13T09:33:13.000"] {
            assert_eq!(deltas("clients", at("2050-05-13T09:33:13Z"), at(other)), ["description"], "{other}");
        }
    }

    #[test]
    fn stated_defaults_are_silent() {
        assert!(deltas("tenant", json!({"session_lifetime": 168}), json!({})).is_empty());
        assert_eq!(deltas("tenant", json!({"session_lifetime": 100}), json!({})), ["session_lifetime"]);
    }
}
