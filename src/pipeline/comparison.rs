//! Any two states of tenants, by identity: what only one has, and the fields that differ.
//!
//! Between two live tenants ids are what they are the ids of, the tenant's domain is a word, and what the server makes up
//! for each object is left out: none of that says that somebody has configured them differently.
//!
//! What is declared (in files, in a record) says nothing of what it leaves out, so against a live tenant only what is
//! declared is compared. Between two of one sort everything is.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Change, Delta, DeltaNote};
use crate::model::desired::{Desired, MEMBERS};
use crate::model::diagnostic::Diagnostics;
use crate::model::live::{Live, Object, Reading};
use crate::model::names::Domain;
use crate::model::path::FieldPath;
use crate::model::value::{Map, Part, Value};
use crate::pipeline::canonical::{Names, is_builtin};
use crate::pipeline::diff::Comparison;
use crate::pipeline::drift::{Ground, turned};
use crate::pipeline::matching;
use crate::pipeline::member_diff::{self, Removal};
use crate::pipeline::plan::{Facts, KnownFields, Remembered, known_fields};
use crate::pipeline::read::unreadable;
use crate::pipeline::steps::shown;
use crate::pipeline::text_ids::without_ids;

/// Two states from the first to the second.
#[derive(Debug, Default)]
pub struct Compared {
    /// By address: only in the second (`Create`), only in the first (`Delete`), different (`Update`).
    pub changes: Vec<Change>,
    pub same: usize,
    /// What a live tenant has and the other side says nothing of.
    pub foreign: usize,
    /// What could not be read.
    pub unread: BTreeSet<String>,
    /// Secrets of which nothing is known.
    pub unseen: Vec<String>,
}

/// One thing of a state.
struct Item {
    kind: &'static Kind,
    body: Map,
}

/// Compares what is declared with what is declared. Secrets are compared by name.
pub fn declared(first: &Desired, second: &Desired) -> Compared {
    both(items(first), items(second), Compared::default())
}

/// Compares two tenants, each with its domain.
pub fn live((first, here): (&Live, &Domain), (second, there): (&Live, &Domain)) -> Compared {
    let mut out = Compared::default();
    let mut closed = BTreeSet::new();
    for (name, reading) in first.readings.iter().chain(&second.readings) {
        let kind = name.split(['@', '#']).next().unwrap_or(name);
        let reason = match reading {
            Reading::Complete | Reading::Refused { status: 404, .. } => continue,
            Reading::Refused { status, reason, .. } => format!("{kind} cannot be read: {status} {reason}"),
            Reading::Incomplete { got, total } => format!("{kind} could only be read in part: {got} of {total}"),
        };
        out.unread.insert(reason);
        closed.insert(kind.to_owned());
    }
    let domain = |domain| (here != there).then_some(domain);
    let (first, second) =
        (objects(first, domain(here), &closed, &mut out), objects(second, domain(there), &closed, &mut out));
    both(first, second, out)
}

/// Compares what is declared with a tenant; `facts` are those of the tenant.
pub fn against(desired: &Desired, live: &Live, facts: &Facts, is_declared_first: bool) -> Compared {
    let matched = matching::pair(desired, live, facts.known_to_be_ours(), &mut Diagnostics::default());
    let known = known_fields(live, &matched);
    let ground = Ground { desired, matched: &matched, known: &known, facts };
    let mut out = Compared::default();
    for (resource, object) in matched.pairs.iter().filter(|(resource, _)| !resource.unset) {
        let parent = matched.parent_of(resource).and_then(|(_, object)| object?.id.as_ref());
        if let Some(reason) = unreadable(resource, parent, live) {
            out.unread.insert(reason);
            continue;
        }
        let (action, deltas) = match object {
            None if resource.kind.shape != Shape::Membership && !resource.kind.always_exists() => {
                (if is_declared_first { Action::Delete } else { Action::Create }, fields(resource.kind, &resource.body))
            }
            object => {
                let differing = ground.differing(resource, *object);
                out.unseen.extend(differing.unseen);
                let deltas = differing.deltas.into_iter();
                (Action::Update, if is_declared_first { deltas.map(turned).collect() } else { deltas.collect() })
            }
        };
        out.add(&resource.address, resource.kind, action, deltas);
    }
    let is_foreign = |object: &&&Object| object.kind.shape == Shape::Collection && !is_builtin(object);
    out.foreign = matched.left.iter().filter(is_foreign).count();
    out.changes.sort_by(|a, b| a.address.cmp(&b.address));
    out
}

fn items(desired: &Desired) -> BTreeMap<Address, Item> {
    let with = desired.resources.iter().filter(|resource| !resource.unset);
    let item = |resource: &crate::model::desired::Resource| {
        let mut body = resource.body.clone();
        body.values_mut().for_each(name_secrets);
        (resource.address.clone(), Item { kind: resource.kind, body })
    };
    with.map(item).collect()
}

/// A secret of files is its name.
fn name_secrets(value: &mut Value) {
    match value {
        Value::Secret(secret) => *value = Value::String(format!("(secret {})", secret.name)),
        Value::Template(parts) => {
            if let Some(name) = parts.iter().find_map(|part| match part {
                Part::Secret(secret) => Some(secret.name.clone()),
                _ => None,
            }) {
                *value = Value::String(format!("(secret {name})"));
            }
        }
        Value::List(items) => items.iter_mut().for_each(name_secrets),
        Value::Map(map) => map.values_mut().for_each(name_secrets),
        _ => {}
    }
}

/// What is said of one tenant and no other.
struct OwnWords<'l> {
    /// Id -> the address in brackets.
    ids: BTreeMap<String, String>,
    domain: Option<&'l Domain>,
}

impl<'l> OwnWords<'l> {
    fn of(live: &Live, names: &Names, domain: Option<&'l Domain>) -> Self {
        let with_id = live.objects.iter().filter_map(|object| Some((object.id.as_ref()?, object)));
        let ids = with_id.map(|(id, object)| (id.0.clone(), format!("({})", names.address_of(object)))).collect();
        Self { ids, domain }
    }

    fn text(&self, text: &str) -> String {
        let text = without_ids(text, &self.ids);
        self.domain.map_or(text.clone(), |domain| text.replace(&domain.0, "(domain)"))
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Reference(reference) => reference.name = self.text(&reference.name),
            Value::List(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Map(map) => map.values_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }
}

fn objects(
    live: &Live,
    domain: Option<&Domain>,
    closed: &BTreeSet<String>,
    compared: &mut Compared,
) -> BTreeMap<Address, Item> {
    let names = Names::of(live, &BTreeMap::new());
    let words = OwnWords::of(live, &names, domain);
    let own = |object: &Object| live.own_client.is_some() && object.id == live.own_client;
    let mut out = BTreeMap::new();
    for object in live.objects.iter().filter(|object| !closed.contains(&object.kind.name) && !own(object)) {
        let mut body = names.body(object);
        if let Some(id) = &object.kind.id {
            body.shift_remove(id);
        }
        if object.kind.shape == Shape::Membership && object.members().is_empty() {
            continue;
        }
        body.values_mut().for_each(|value| words.value(value));
        // A secret that no create takes is one that the server makes up.
        for pattern in object.kind.fields.update_only.iter().filter(|at| object.kind.fields.secret.contains(at)) {
            if let Some(field) = pattern.top() {
                body.shift_remove(field);
            }
        }
        let address = Address::typed(&words.text(names.address_of(object).as_str()));
        if out.contains_key(&address) {
            // Which of them is the other tenant's, nothing says.
            compared.unread.insert(format!("all but one of the several objects that {address} stands for"));
            continue;
        }
        out.insert(address, Item { kind: object.kind, body });
    }
    out
}

fn both(mut first: BTreeMap<Address, Item>, second: BTreeMap<Address, Item>, mut out: Compared) -> Compared {
    let (known, remembered) = (KnownFields::new(), Remembered::default());
    for (address, mut item) in second {
        let Some(mut other) = first.remove(&address) else {
            out.add(&address, item.kind, Action::Create, fields(item.kind, &item.body));
            continue;
        };
        let comparison = Comparison::new(item.kind, &address, &remembered, &[], &known);
        let (deltas, unseen) = if item.kind.shape == Shape::Membership {
            let list = |item: &Item| item.body.get(MEMBERS).and_then(Value::as_list).unwrap_or_default().to_vec();
            let found = member_diff::members(comparison, &list(&item), &list(&other), &Removal::All);
            (found.deltas, found.missing)
        } else {
            level(&mut item.body, &mut other.body);
            let (deltas, comparison) = comparison.bodies(&item.body, &other.body);
            (deltas, comparison.missing)
        };
        out.unseen.extend(unseen);
        let deltas = deltas.into_iter().map(bare).filter(|delta| delta.before.is_some() || delta.after.is_some());
        out.add(&address, item.kind, Action::Update, deltas.collect());
    }
    for (address, item) in first {
        out.add(&address, item.kind, Action::Delete, Vec::new());
    }
    out.changes.sort_by(|a, b| a.address.cmp(&b.address));
    out
}

/// Gives both the same fields: what one leaves out is null there.
fn level(one: &mut Map, other: &mut Map) {
    let (here, there) = (missing(one, other), missing(other, one));
    one.extend(here.into_iter().map(|key| (key, Value::Null)));
    other.extend(there.into_iter().map(|key| (key, Value::Null)));
    for (key, value) in one.iter_mut() {
        if let (Value::Map(one), Some(Value::Map(other))) = (value, other.get_mut(key)) {
            level(one, other);
        }
    }
}

/// The fields of the other that are not here.
fn missing(here: &Map, there: &Map) -> Vec<String> {
    there.keys().filter(|key| !here.contains_key(*key)).cloned().collect()
}

/// Null is what is not there; what the program has sent is no matter here.
fn bare(delta: Delta) -> Delta {
    let there = |value: Option<Value>| value.filter(|value| !value.is_null());
    let note = delta.note.filter(|note| *note == DeltaNote::SecretChanged);
    Delta { before: there(delta.before), after: there(delta.after), note, ..delta }
}

/// Everything that something has that only one side has.
fn fields(kind: &Kind, body: &Map) -> Vec<Delta> {
    let mut fields = shown(kind, body);
    fields.retain(|delta| delta.path != FieldPath::default().key(MEMBERS));
    fields
}

impl Compared {
    fn add(&mut self, address: &Address, kind: &'static Kind, action: Action, deltas: Vec<Delta>) {
        if action == Action::Update && deltas.is_empty() {
            self.same += 1;
            return;
        }
        self.changes.push(Change {
            address: address.clone(),
            kind,
            action,
            reason: String::new(),
            deltas,
            id: None,
            place: None,
        });
    }
}
