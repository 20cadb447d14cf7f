//! From an address and a field path to the node that says it, and to its neighbours.

use std::collections::HashSet;
use std::sync::Arc;

use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::model::desired::{MEMBERS, Resource};
use crate::model::document::{Content, Documents, Node};
use crate::model::path::{FieldPath, Segment};
use crate::model::trace::Trace;
use crate::model::value::{Map, Value};
use crate::pipeline::diff::{label, list_key};
use crate::pipeline::members::key_of;
use crate::pipeline::resolve::split_key;

/// File, line, column.
pub type At = (Arc<str>, u32, u32);

/// Returns where all values of a tenant's documents stand.
pub fn places(documents: &Documents) -> HashSet<At> {
    let mut places = HashSet::new();
    documents.root.iter().for_each(|entry| collect(&entry.value, &mut places));
    places
}

fn collect(node: &Node, places: &mut HashSet<At>) {
    places.insert(at(node));
    match &node.value {
        Content::List(items) => items.iter().for_each(|item| collect(item, places)),
        Content::Map(entries) => entries.iter().for_each(|entry| collect(&entry.value, places)),
        _ => {}
    }
}

pub fn at(node: &Node) -> At {
    (Arc::clone(&node.place.file), node.place.line, node.place.column)
}

/// One step in the files' own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// What stands at a field path.
#[derive(Clone, Debug)]
pub struct Spot<'a> {
    pub node: &'a Node,
    /// The map or list that it stands in; for the resource itself, that.
    pub holder: &'a Node,
    pub value: &'a Value,
    /// From the resource's own node.
    pub way: Vec<Step>,
}

/// Finds what the files say at a path. `None` if they say it in another form than the API.
pub fn find<'a>(resource: &'a Resource, body: &'a Value, trace: &'a Trace, path: &FieldPath) -> Option<Spot<'a>> {
    let kind = resource.kind;
    let mut spot = Spot { node: &trace.node, holder: &trace.node, value: body, way: Vec::new() };
    let mut passed = FieldPath::default();
    for segment in &path.0 {
        let is_member = kind.shape == Shape::Membership && passed.0.len() <= 1;
        let value_field = kind.membership.as_ref().filter(|_| is_member).and_then(|own| own.map_value.as_ref());
        spot = match (segment, &spot.node.value) {
            // The value of a member that the files write as `name: value`.
            (Segment::Key(key), _) if passed.0.len() == 1 && value_field == Some(key) => {
                Spot { value: spot.value.as_map()?.get(key)?, ..spot }
            }
            (Segment::Item(name), Content::Map(_)) if value_field.is_some() => {
                let index = index_of(kind, &passed, name, spot.value)?;
                step(spot, Step::Key(name.clone()), index)?
            }
            (Segment::Key(key), Content::Map(_)) => {
                let in_file = key_in_file(resource, spot.node, key, &passed)?;
                let value = spot.value.as_map()?.get(key)?;
                let entry = spot.node.entries().iter().find(|entry| entry.key == in_file)?;
                let mut way = spot.way;
                way.push(Step::Key(in_file));
                Spot { node: &entry.value, holder: spot.node, value, way }
            }
            (Segment::Item(name), Content::List(_)) => {
                let index = index_of(kind, &passed, name, spot.value)?;
                step(spot, Step::Index(index), index)?
            }
            (Segment::Index(index), Content::List(_)) => step(spot, Step::Index(*index), *index)?,
            _ => return None,
        };
        passed = passed.with(segment.clone());
    }
    Some(spot)
}

fn step<'a>(spot: Spot<'a>, step: Step, index: usize) -> Option<Spot<'a>> {
    let node = match &step {
        Step::Key(name) => spot.node.get(name)?,
        Step::Index(index) => spot.node.items().get(*index)?,
    };
    let value = spot.value.as_list()?.get(index)?;
    let mut way = spot.way;
    way.push(step);
    Some(Spot { node, holder: spot.node, value, way })
}

/// Returns a resource's body as one value.
pub fn whole(resource: &Resource) -> Value {
    match resource.kind.shape {
        Shape::Membership => resource.body.get(MEMBERS).cloned().unwrap_or(Value::List(Vec::new())),
        _ => Value::Map(resource.body.clone()),
    }
}

/// Returns the position of a named item in a list as the files want it.
pub fn index_of(kind: &Kind, list: &FieldPath, name: &str, value: &Value) -> Option<usize> {
    let items = value.as_list()?;
    if let (true, Some(membership)) = (list.is_root(), &kind.membership) {
        return items.iter().position(|item| key_of(membership, item) == name);
    }
    match list_key(kind, list) {
        Some(key) => items
            .iter()
            .position(|item| item.as_map().and_then(|map| map.get(&key)).map(label).as_deref() == Some(name)),
        None => items.iter().position(|item| label(item) == name),
    }
}

/// Returns the key by which a map of the files holds an API's field.
fn key_in_file(resource: &Resource, node: &Node, key: &str, passed: &FieldPath) -> Option<String> {
    let has = |name: &str| node.entries().iter().any(|entry| entry.key == name);
    if has(key) {
        return Some(key.to_owned());
    }
    renames(resource, passed).into_iter().find(|(file, api)| api == key && has(file)).map(|(file, _)| file)
}

/// Returns the fields that files call otherwise, at a depth of the body: file's name and API's.
fn renames(resource: &Resource, passed: &FieldPath) -> Vec<(String, String)> {
    let kind = resource.kind;
    let depth = usize::from(kind.shape == Shape::Membership);
    if passed.0.len() != depth {
        return Vec::new();
    }
    let own = kind.key_path(&split_key(kind, &resource.name)).map(|own| &own.rename);
    let pairs = own.into_iter().flatten().chain(&kind.fields.rename);
    pairs.map(|(file, api)| (file.clone(), api.clone())).collect()
}

/// Returns a member of a list by the names of files.
pub fn renamed(kind: &Kind, member: &Value) -> Value {
    let Value::Map(map) = member else { return member.clone() };
    let in_file = |key: &String| {
        let found = kind.fields.rename.iter().find(|(_, api)| *api == key);
        found.map_or_else(|| key.clone(), |(file, _)| file.clone())
    };
    Value::Map(map.iter().map(|(key, value)| (in_file(key), value.clone())).collect::<Map>())
}
