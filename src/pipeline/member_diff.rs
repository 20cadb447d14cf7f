//! One desired member list against one live list: what to add, change and remove.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::{Kind, MemberPolicy, MemberStyle, Membership};
use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::change::{Delta, DeltaNote};
use crate::model::path::{FieldPath, Segment};
use crate::model::plan::MemberChange;
use crate::model::value::{Map, Value};
use crate::pipeline::diff::Comparison;
use crate::pipeline::members::key_of;
use crate::pipeline::plan::Remembered;

/// What a member list needs.
#[derive(Debug, Default)]
pub struct MemberDiff {
    pub change: MemberChange,
    pub deltas: Vec<Delta>,
    pub fingerprints: BTreeMap<String, String>,
    pub missing: Vec<String>,
}

/// Which members that the files do not name are removed, of a kind that shares its lists.
#[derive(Debug)]
pub enum Removal {
    All,
    /// Only those that are ours, by key.
    Ours(BTreeSet<String>),
}

/// Compares.
pub fn members(comparison: Comparison<'_>, desired: &[Value], live: &[Value], removal: &Removal) -> MemberDiff {
    let kind = comparison.kind;
    let Some(membership) = &kind.membership else { return MemberDiff::default() };
    let wanted: Vec<Value> = desired.iter().map(|member| complete(kind, member)).collect();
    if membership.is_ordered() {
        return ordered(membership, &wanted, live);
    }
    let have: BTreeMap<String, &Value> = live.iter().map(|member| (key_of(membership, member), member)).collect();
    let mut diff = MemberDiff::default();
    let mut seen = BTreeSet::new();
    let mut comparison = comparison;
    for member in &wanted {
        let key = key_of(membership, member);
        if !seen.insert(key.clone()) {
            continue;
        }
        let path = FieldPath::default().with(Segment::Item(key.clone()));
        let Some(found) = have.get(&key) else {
            comparison.note_secrets(&path, member);
            diff.deltas.push(Delta {
                path,
                before: None,
                after: Some(shown(membership, member)),
                note: None,
                cause: None,
            });
            diff.change.add.push(sent(membership, member));
            continue;
        };
        let (deltas, after) = fields(comparison, &path, member, found);
        comparison = after;
        if deltas.is_empty() {
            continue;
        }
        diff.change.change.push(changed(membership, member, found, &deltas));
        diff.deltas.extend(deltas);
    }
    let goes = |key: &String| match removal {
        Removal::Ours(ours) if membership.members == MemberPolicy::Owned => ours.contains(key),
        _ => true,
    };
    for (key, member) in have.iter().filter(|(key, _)| !seen.contains(*key) && goes(key)) {
        let path = FieldPath::default().with(Segment::Item(key.clone()));
        diff.deltas.push(Delta { path, before: Some(shown(membership, member)), after: None, note: None, cause: None });
        diff.change.remove.push((*member).clone());
    }
    diff.fingerprints = comparison.fingerprints;
    diff.missing = comparison.missing;
    if membership.style == MemberStyle::Replace && !diff.deltas.is_empty() {
        let gone: Vec<String> = diff.change.remove.iter().map(|member| key_of(membership, member)).collect();
        let change = std::mem::take(&mut diff.change);
        diff.change = MemberChange { whole: whole(membership, &wanted, live, &gone), ..change };
    }
    diff
}

/// Returns what of a member list that was sent the tenant does not show: of a whole list the order too, of members that
/// changed only their fields. References are filled.
pub fn unlike(
    kind: &'static Kind,
    address: &Address,
    whole: &[Value],
    changed: &[Value],
    live: &[Value],
) -> Vec<Delta> {
    let Some(membership) = &kind.membership else { return Vec::new() };
    let keys = |list: &[Value]| list.iter().map(|member| key_of(membership, member)).collect::<Vec<_>>();
    let mut deltas = Vec::new();
    if membership.style == MemberStyle::Replace && keys(whole) != keys(live) {
        let shown = |list: &[Value]| Some(Value::List(list.iter().map(|member| shown(membership, member)).collect()));
        let path = FieldPath::default().key(kind.segment());
        deltas.push(Delta { path, before: shown(live), after: shown(whole), note: None, cause: None });
    }
    let (remembered, known) = (Remembered::default(), BTreeMap::new());
    for member in changed {
        let key = key_of(membership, member);
        let found = live.iter().find(|found| key_of(membership, found) == key);
        let path = FieldPath::default().with(Segment::Item(key));
        let Some(found) = found else {
            deltas.push(Delta { path, before: None, after: Some(shown(membership, member)), note: None, cause: None });
            continue;
        };
        let mut member = member.clone();
        if let (Value::Map(map), Some(id)) = (&mut member, &membership.member_id) {
            map.shift_remove(id);
        }
        let comparison = Comparison::new(kind, address, &remembered, &[], &known);
        deltas.extend(fields(comparison, &path, &member, found).0);
    }
    deltas.retain(|delta| delta.note != Some(DeltaNote::CannotBeCompared));
    deltas
}

/// Returns all that the list holds from now on: members keep the fields that the files leave out, those of others stay.
fn whole(membership: &Membership, wanted: &[Value], live: &[Value], gone: &[String]) -> Vec<Value> {
    let mut all: BTreeMap<String, Map> = BTreeMap::new();
    for member in live.iter().chain(wanted) {
        let key = key_of(membership, member);
        if let (Value::Map(fields), false) = (sent(membership, member), gone.contains(&key)) {
            all.entry(key).or_default().extend(fields);
        }
    }
    all.into_values().map(Value::Map).collect()
}

/// Fills in what the client side decides: a binding shows its action's name unless told otherwise.
/// Source: api-quirks 3.1.8.
fn complete(kind: &Kind, member: &Value) -> Value {
    let mut member = member.clone();
    if kind.has(Quirk::BindingRefs)
        && let Value::Map(map) = &mut member
        && !map.contains_key("display_name")
        && let Some(Value::Reference(action)) = map.get("action")
    {
        let name = Value::String(action.name.clone());
        map.insert("display_name".to_owned(), name);
    }
    member
}

fn fields<'a>(
    comparison: Comparison<'a>,
    path: &FieldPath,
    member: &Value,
    found: &Value,
) -> (Vec<Delta>, Comparison<'a>) {
    let (Value::Map(wanted), Value::Map(have)) = (member, found) else { return (Vec::new(), comparison) };
    let identity = comparison.kind.membership.as_ref().map(|m| m.identity.clone()).unwrap_or_default();
    let rest: Map =
        wanted.iter().filter(|(field, _)| !identity.contains(field)).map(|(k, v)| (k.clone(), v.clone())).collect();
    comparison.below(path, &rest, have)
}

/// Keeps what travels.
fn sent(membership: &Membership, member: &Value) -> Value {
    match member {
        Value::Map(map) if !membership.sent.is_empty() => Value::Map(
            map.iter()
                .filter(|(field, _)| membership.sent.contains(field))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn shown(membership: &Membership, member: &Value) -> Value {
    match (membership.scalar, member, membership.identity.first()) {
        (true, Value::Map(map), Some(field)) => map.get(field).cloned().unwrap_or(Value::Null),
        _ => sent(membership, member),
    }
}

/// What recognises the member in the tenant, and its changed fields.
fn changed(membership: &Membership, member: &Value, found: &Value, deltas: &[Delta]) -> Value {
    let mut map = Map::new();
    if let Value::Map(have) = found {
        for field in membership.identity.iter().chain(&membership.member_id) {
            if let Some(value) = have.get(field) {
                map.insert(field.clone(), value.clone());
            }
        }
    }
    if let Value::Map(wanted) = member {
        for delta in deltas {
            if let Some(Segment::Key(field)) = delta.path.0.get(1)
                && let Some(value) = wanted.get(field)
            {
                map.insert(field.clone(), value.clone());
            }
        }
    }
    Value::Map(map)
}

fn ordered(membership: &Membership, wanted: &[Value], live: &[Value]) -> MemberDiff {
    let row = |member: &Value| sent(membership, member);
    let before: Vec<Value> = live.iter().map(row).collect();
    let after: Vec<Value> = wanted.iter().map(row).collect();
    if before == after {
        return MemberDiff::default();
    }
    let mut deltas = Vec::new();
    let keys = |list: &[Value]| list.iter().map(|member| key_of(membership, member)).collect::<Vec<_>>();
    let (old, new) = (keys(&before), keys(&after));
    for (key, member) in new.iter().zip(&after) {
        let path = FieldPath::default().with(Segment::Item(key.clone()));
        match old.iter().position(|have| have == key) {
            None => deltas.push(Delta { path, before: None, after: Some(member.clone()), note: None, cause: None }),
            Some(position) if before[position] != *member => {
                deltas.push(Delta {
                    path,
                    before: Some(before[position].clone()),
                    after: Some(member.clone()),
                    note: None,
                    cause: None,
                });
            }
            Some(_) => {}
        }
    }
    for (key, member) in old.iter().zip(&before) {
        if !new.contains(key) {
            let path = FieldPath::default().with(Segment::Item(key.clone()));
            deltas.push(Delta { path, before: Some(member.clone()), after: None, note: None, cause: None });
        }
    }
    let kept =
        |list: &[String], other: &[String]| list.iter().filter(|k| other.contains(k)).cloned().collect::<Vec<_>>();
    if kept(&old, &new) != kept(&new, &old) {
        let names = |list: &[String]| Value::List(list.iter().cloned().map(Value::String).collect());
        deltas.push(Delta {
            path: FieldPath::default().key("(order)"),
            before: Some(names(&old)),
            after: Some(names(&new)),
            note: None,
            cause: None,
        });
    }
    MemberDiff { change: MemberChange { whole: after, ..MemberChange::default() }, deltas, ..MemberDiff::default() }
}
