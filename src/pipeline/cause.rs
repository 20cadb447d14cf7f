//! Why each field differs: the files changed, or somebody changed the tenant behind their back.
//!
//! The record says what was applied last. What the files still want so has drifted; what the tenant still holds so is the
//! files' doing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::applied::{Applied, Owned};
use crate::model::change::{Action, Cause, Change, Delta, DeltaNote};
use crate::model::path::{FieldPath, Segment};
use crate::model::value::Value;
use crate::pipeline::diff::{label as item_label, list_key};
use crate::pipeline::matching::Matched;
use crate::pipeline::members::key_of;
use crate::pipeline::ownership::recorded;

/// Labels the deltas of all changes. `fingerprints` are those of this plan's secrets; at `in_part` an apply was cut short,
/// and nothing there is known to be somebody else's doing.
pub fn label(
    changes: &mut [Change],
    matched: &Matched<'_>,
    (applied, in_part): (&Applied, &BTreeSet<Address>),
    fingerprints: &BTreeMap<String, String>,
) {
    for change in changes.iter_mut().filter(|change| change.action != Action::Delete) {
        let Some((resource, object)) = matched.get(&change.address) else { continue };
        let by_id = || object.and_then(|object| applied.with_id(&change.kind.name, object.id.as_ref()?));
        let known = || by_id().map(|(_, owned)| owned).or_else(|| applied.resources.get(&change.address));
        let Some(owned) = (!in_part.contains(&change.address)).then(known).flatten() else {
            change.deltas.iter_mut().for_each(|delta| delta.cause = Some(Cause::Configuration));
            continue;
        };
        let desired = recorded(resource);
        for delta in &mut change.deltas {
            let name = format!("{}:{}", change.address, delta.path);
            let is_same_secret = owned
                .secrets
                .get(&delta.path.to_string())
                .zip(fingerprints.get(&name))
                .is_some_and(|(old, new)| old == new);
            delta.cause = Some(cause(change.kind, delta, &desired, owned, is_same_secret));
        }
    }
}

fn cause(kind: &Kind, delta: &Delta, desired: &Json, owned: &Owned, is_same_secret: bool) -> Cause {
    let is_secret = matches!(delta.after, Some(Value::Secret(_)));
    // What the tenant never shows is judged by what was sent, secret or not.
    let is_unseen = delta.before.is_none() && kind.fields.write_only.iter().any(|field| field.covers(&delta.path));
    if is_secret || is_unseen || matches!(delta.note, Some(DeltaNote::SecretChanged | DeltaNote::CannotBeCompared)) {
        return if is_same_secret { Cause::Drift } else { Cause::Configuration };
    }
    let order = [Segment::Key("(order)".to_owned())];
    if kind.shape == Shape::Membership && delta.path.0 == order {
        return if owned.fields == *desired { Cause::Drift } else { Cause::Configuration };
    }
    let place = Place { kind, delta };
    let was = place.find(&owned.fields);
    if let (Some(Segment::Item(_)), true) = (delta.path.0.last(), delta.before.is_some() != delta.after.is_some()) {
        // An item that came or went: a list says all that is in it.
        return match (was, delta.after.is_some()) {
            (Found::Here(_), true) | (Found::Absent, false) => Cause::Drift,
            _ => Cause::Configuration,
        };
    }
    let was = match was {
        Found::Here(was) => was,
        // Newly managed, but for maps of which the files say all.
        Found::Absent if delta.after.is_none() => return Cause::Drift,
        Found::Absent | Found::Unmanaged => return Cause::Configuration,
    };
    let wanted = match place.find(desired) {
        Found::Here(wanted) => same(wanted, was),
        _ => false,
    };
    let was = Value::from_json(was.clone());
    let is_empty = |value: Option<&Value>| value.is_none_or(Value::is_empty);
    let held = match &delta.before {
        // The server may leave out what was emptied.
        before if kind.fields.empty_is_absent.iter().any(|field| field.covers(&delta.path)) => {
            is_empty(before.as_ref()) && is_empty(Some(&was)) || before.as_ref().map(plain).as_ref() == Some(&was)
        }
        Some(before) => was == plain(before),
        None => was.is_null(),
    };
    match (wanted, held) {
        (_, true) => Cause::Configuration,
        (true, false) => Cause::Drift,
        (false, false) => Cause::Both,
    }
}

fn same(one: &Json, other: &Json) -> bool {
    one == other || Value::from_json(one.clone()) == Value::from_json(other.clone())
}

fn plain(value: &Value) -> Value {
    Value::from_json(crate::pipeline::report::json::value(value))
}

enum Found<'j> {
    Here(&'j Json),
    /// What it would stand in is there, it is not.
    Absent,
    /// Not even that.
    Unmanaged,
}

struct Place<'a> {
    kind: &'a Kind,
    delta: &'a Delta,
}

impl Place<'_> {
    fn find<'j>(&self, fields: &'j Json) -> Found<'j> {
        let mut here = fields;
        let mut path = FieldPath::default();
        for (position, segment) in self.delta.path.0.iter().enumerate() {
            let next = match (segment, here) {
                (Segment::Key(key), Json::Object(map)) => map.get(key),
                (Segment::Index(index), Json::Array(items)) => items.get(*index),
                (Segment::Item(name), Json::Array(items)) => items.iter().find(|item| self.is_item(&path, name, item)),
                _ => return Found::Unmanaged,
            };
            let is_last = position + 1 == self.delta.path.0.len();
            match next {
                Some(next) => here = next,
                None if is_last => return Found::Absent,
                None => return Found::Unmanaged,
            }
            path = path.with(segment.clone());
        }
        Found::Here(here)
    }

    fn is_item(&self, list: &FieldPath, name: &str, item: &Json) -> bool {
        let value = Value::from_json(item.clone());
        if let (true, Some(membership)) = (list.is_root(), &self.kind.membership) {
            return key_of(membership, &value) == name;
        }
        if let Some(key) = list_key(self.kind, list) {
            return value.as_map().and_then(|map| map.get(&key)).map(item_label).as_deref() == Some(name);
        }
        let of_delta = self.delta.before.as_ref().or(self.delta.after.as_ref()).map(plain);
        item_label(&value) == name || of_delta.as_ref() == Some(&value)
    }
}
