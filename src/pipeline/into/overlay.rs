//! Entries of a tenant's overlay: collected as one tree, then grafted onto what the tenant's file says already.

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use super::edit::{Edits, Layout, Slot};
use super::scan::{Form, Id};
use crate::model::trace::Crumb;
use crate::pipeline::load::native::{APPEND, KEY, WITHOUT};

/// The key of a tenant's file under which its overlay stands.
const OVERLAY: &str = "overlay";

/// A part of an overlay that is to be there.
#[derive(Clone, Debug)]
pub enum Patch {
    Value(Json),
    Map(IndexMap<String, Patch>),
    Resources(Vec<(Crumb, Patch)>),
}

impl Default for Patch {
    fn default() -> Self {
        Self::Map(IndexMap::new())
    }
}

impl Patch {
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Map(map) if map.is_empty())
    }

    /// Puts a value at a place. False if something else stands in its way.
    #[must_use]
    pub fn put(&mut self, trail: &[Crumb], value: Json) -> bool {
        let Some((crumb, rest)) = trail.split_first() else {
            let is_free = self.is_empty();
            *self = Self::Value(value);
            return is_free;
        };
        match (crumb, &mut *self) {
            (Crumb::Key(key), Self::Map(map)) => map.entry(key.clone()).or_default().put(rest, value),
            (Crumb::Resource { .. }, Self::Map(map)) if map.is_empty() => {
                *self = Self::Resources(Vec::new());
                self.put(trail, value)
            }
            (Crumb::Resource { .. }, Self::Resources(list)) => {
                match list.iter().position(|(other, _)| other == crumb) {
                    Some(position) => list.get_mut(position).is_some_and(|(_, inner)| inner.put(rest, value)),
                    None => {
                        let mut inner = Self::default();
                        let is_put = inner.put(rest, value);
                        list.push((crumb.clone(), inner));
                        is_put
                    }
                }
            }
            _ => false,
        }
    }

    /// Counts the lists of resources that lie in one another.
    fn spread(&self) -> usize {
        match self {
            Self::Value(_) => 0,
            Self::Map(map) => map.values().map(Self::spread).max().unwrap_or_default(),
            Self::Resources(list) => 1 + list.iter().map(|(_, inner)| inner.spread()).max().unwrap_or_default(),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Value(json) => json.clone(),
            Self::Map(map) => Json::Object(map.iter().map(|(key, inner)| (key.clone(), inner.json())).collect()),
            Self::Resources(list) => Json::Array(list.iter().map(|(crumb, inner)| entry(crumb, inner)).collect()),
        }
    }
}

/// A resource's entry: what tells which one is meant, then what is other.
fn entry(crumb: &Crumb, inner: &Patch) -> Json {
    let mut map = JsonMap::new();
    if let Crumb::Resource { key, field, name } = crumb {
        let (by, text) = match (key, field) {
            (Some(key), _) => (KEY, key),
            (None, Some(field)) => (field.as_str(), name),
            (None, None) => (KEY, name),
        };
        // A tenant has one of it.
        if !text.is_empty() {
            map.insert(by.to_owned(), Json::String(text.clone()));
        }
    }
    if let Json::Object(inner) = inner.json() {
        map.extend(inner);
    }
    Json::Object(map)
}

/// Grafts a patch onto the overlay of a tenant's file.
///
/// # Errors
/// If what is there is laid out in a way that cannot be added to.
pub fn graft(edits: &mut Edits<'_>, patch: &Patch) -> Result<(), Layout> {
    let root = edits.scan.root.ok_or(Layout::Unusual)?;
    let mut whole = IndexMap::new();
    whole.insert(OVERLAY.to_owned(), patch.clone());
    onto(edits, root, &Patch::Map(whole))
}

fn onto(edits: &mut Edits<'_>, id: Id, patch: &Patch) -> Result<(), Layout> {
    match (patch, &edits.scan.bits[id].form) {
        (Patch::Map(map), Form::Map { .. }) => {
            for (key, inner) in map {
                match edits.scan.member(id, key) {
                    Some(member) if matches!(key.as_str(), APPEND | WITHOUT) => more(edits, member.value, inner)?,
                    Some(member) => onto(edits, member.value, inner)?,
                    None => edits.add_spread(id, key, &inner.json(), inner.spread())?,
                }
            }
            Ok(())
        }
        (Patch::Resources(list), Form::List { .. }) => {
            let mut slots: Vec<Slot> = (0..edits.scan.items(id).len()).map(Slot::Keep).collect();
            let kept = slots.len();
            for (crumb, inner) in list {
                match edits.scan.items(id).iter().copied().find(|item| is_meant(edits, *item, crumb)) {
                    Some(item) => onto(edits, item, inner)?,
                    None => slots.push(Slot::New(entry(crumb, inner))),
                }
            }
            if slots.len() > kept { edits.list(id, &slots) } else { Ok(()) }
        }
        (Patch::Value(_), Form::Map { .. } | Form::List { flow: false, .. }) => Err(Layout::Unusual),
        (patch, Form::Scalar { .. } | Form::List { .. }) => edits.set(id, &patch.json()),
        _ => Err(Layout::Unusual),
    }
}

/// Adds to what an overlay appends or leaves out already.
fn more(edits: &mut Edits<'_>, id: Id, patch: &Patch) -> Result<(), Layout> {
    let Patch::Value(Json::Array(items)) = patch else { return Err(Layout::Unusual) };
    let kept = (0..edits.scan.items(id).len()).map(Slot::Keep);
    let slots: Vec<Slot> = kept.chain(items.iter().cloned().map(Slot::New)).collect();
    edits.list(id, &slots)
}

fn is_meant(edits: &Edits<'_>, item: Id, crumb: &Crumb) -> bool {
    let Crumb::Resource { key, field, name } = crumb else { return false };
    let says = |wanted: &str, text: &str| {
        edits.scan.member(item, wanted).is_some_and(|member| match &edits.scan.bits[member.value].form {
            Form::Scalar { text: found, .. } => found == text,
            _ => false,
        })
    };
    let address = key.as_ref().unwrap_or(name);
    let says_name = || match field {
        Some(field) => says(field, name),
        None => address.is_empty(),
    };
    says(KEY, address) || (edits.scan.member(item, KEY).is_none() && says_name())
}
