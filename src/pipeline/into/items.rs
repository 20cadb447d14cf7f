//! The items of lists: what came and went as lines, or as additions and omissions of an overlay.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::edit::Slot;
use super::list;
use super::run::{Why, Written};
use super::scan::{Form, Id};
use super::trace::{self, Spot, Step, find};
use super::writer::{Copied, Done, Way, Writer, raw, said, trail};
use crate::model::change::Delta;
use crate::model::desired::Resource;
use crate::model::document::{Content, Node};
use crate::model::path::{FieldPath, Segment};
use crate::model::trace::{Crumb, Trace};
use crate::model::value::Value;
use crate::pipeline::load::native::{APPEND, WITHOUT};
use crate::pipeline::members::key_of;

impl Writer<'_> {
    /// Writes the items of one list that came and went.
    ///
    /// `order` is the order of a member list in the tenant, by key, if it is another one.
    pub fn items(&mut self, resource: &Resource, path: &FieldPath, deltas: &[&Delta], order: Option<&[Value]>) {
        let (body, traces) = (trace::whole(resource), self.ground.traces);
        let found = traces.get(&resource.address).and_then(|trace| Some((trace, find(resource, &body, trace, path)?)));
        let Some((trace, spot)) = found else {
            for delta in deltas {
                self.conflict(resource, delta, Some(resource.place.clone()), Why::Form);
            }
            return;
        };
        let escaped = self.is_escaped(resource, path);
        let count = spot.value.as_list().map_or(0, <[_]>::len);
        let named = |index: usize| {
            let (membership, item) = (resource.kind.membership.as_ref()?, spot.value.as_list()?.get(index)?);
            Some(key_of(membership, item))
        };
        let mut slots: Vec<(Option<String>, Slot)> =
            (0..count).map(|index| (named(index), Slot::Keep(index))).collect();
        let mut is_said = true;
        for delta in deltas {
            match (&delta.before, delta.path.0.last()) {
                // The order itself.
                (_, Some(Segment::Key(_))) => {}
                (Some(live), Some(Segment::Item(name))) => match said(&trace::renamed(resource.kind, live), escaped) {
                    Some(json) => slots.push((Some(name.clone()), Slot::New(json))),
                    None => is_said = false,
                },
                (None, Some(Segment::Item(name))) => match trace::index_of(resource.kind, path, name, spot.value) {
                    Some(index) => slots.retain(|(_, slot)| *slot != Slot::Keep(index)),
                    None => is_said = false,
                },
                _ => is_said = false,
            }
        }
        if let Some(order) = order {
            let place = |name: &Option<String>| order.iter().position(|key| key.as_str() == name.as_deref());
            slots.sort_by_key(|(name, _)| place(name));
        }
        let slots: Vec<Slot> = slots.into_iter().map(|(_, slot)| slot).collect();
        let done = match (is_said, spot.node.items().len() == count) {
            (true, true) => self.list(resource, trace, &spot, &slots, path),
            _ => Err(Why::Form),
        };
        for delta in deltas {
            self.settle(resource, delta, &spot.node.place, done.clone());
        }
    }

    pub(super) fn list(
        &mut self,
        resource: &Resource,
        trace: &Trace,
        spot: &Spot<'_>,
        slots: &[Slot],
        path: &FieldPath,
    ) -> Done {
        let items = spot.node.items();
        let gone = list::gone(slots, items.len());
        let way = self.way(spot.node)?;
        let new: Vec<&Slot> = slots.iter().filter(|slot| matches!(slot, Slot::New(_))).collect();
        // Items that an overlay appends to a template's list stand elsewhere: they go from there.
        let elsewhere = |index: &usize| items.get(*index).is_some_and(|item| item.place.file != spot.node.place.file);
        let (theirs, own): (Vec<usize>, Vec<usize>) = gone.into_iter().partition(elsewhere);
        match way {
            Way::Here => {
                let (edits, id) = self.bit_of_list(spot.node)?;
                let mut own_items = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let position = match item.place.file == spot.node.place.file {
                        true => edits.scan.of_node(item),
                        false => None,
                    };
                    own_items.push(position.and_then(|id_of| edits.scan.items(id).iter().position(|id| *id == id_of)));
                    if own_items[index].is_none() && item.place.file == spot.node.place.file {
                        return Err(Why::Form);
                    }
                }
                let mapped = slots.iter().filter_map(|slot| match slot {
                    Slot::Keep(index) => own_items.get(*index).copied().flatten().map(Slot::Keep),
                    new => Some(new.clone()),
                });
                let mapped: Vec<Slot> = mapped.collect();
                if !new.is_empty() || !own.is_empty() || !list::only_appends(slots) {
                    edits.list(id, &mapped).map_err(Why::Layout)?;
                }
                self.drop_elsewhere(items, &theirs)?;
                Ok((Written::InPlace, spot.node.place.file.to_string()))
            }
            Way::Overlay => {
                if spot.way.iter().any(|step| matches!(step, Step::Index(_))) {
                    return Err(Why::Form);
                }
                let copied = self.copies.contains_key(&(resource.address.clone(), path.clone()));
                if copied || !list::only_appends(slots) {
                    self.copy_list(resource, trace, spot, path)?;
                    if let Some(copy) = self.copies.get_mut(&(resource.address.clone(), path.clone()))
                        && let Json::Array(old) = &copy.list
                    {
                        let pick = |slot: &Slot| match slot {
                            Slot::Keep(index) => old.get(*index).cloned(),
                            Slot::New(json) => Some(json.clone()),
                            Slot::Moved(_) => None,
                        };
                        copy.list = Json::Array(slots.iter().filter_map(pick).collect());
                    }
                    return Ok((Written::Overlay, self.overlay()));
                }
                let without: Result<Vec<Json>, Why> = own.iter().map(|index| self.raw_of(&items[*index])).collect();
                let without = without?;
                let at = |word: &str| {
                    let mut trail = trail(trace, &spot.way);
                    trail.push(Crumb::Key(word.to_owned()));
                    trail
                };
                let append: Vec<Json> = new
                    .into_iter()
                    .filter_map(|slot| if let Slot::New(json) = slot { Some(json.clone()) } else { None })
                    .collect();
                if !append.is_empty() {
                    self.put(at(APPEND), Json::Array(append))?;
                }
                if !without.is_empty() {
                    self.put(at(WITHOUT), Json::Array(without))?;
                }
                self.drop_elsewhere(items, &theirs)?;
                Ok((Written::Overlay, self.overlay()))
            }
        }
    }

    /// Takes items out of the lists that they stand in.
    fn drop_elsewhere(&mut self, items: &[Node], indices: &[usize]) -> Result<(), Why> {
        let mut lists: BTreeMap<(Arc<str>, Id), Vec<usize>> = BTreeMap::new();
        for item in indices.iter().filter_map(|index| items.get(*index)) {
            let (edits, id) = self.bit(item)?;
            let owner = edits.scan.owner(id).ok_or(Why::Form)?;
            let position = edits.scan.items(owner).iter().position(|own| *own == id).ok_or(Why::Form)?;
            lists.entry((Arc::clone(&item.place.file), owner)).or_default().push(position);
        }
        for ((file, list), positions) in lists {
            let edits = self.edits(&file).ok_or(Why::Form)?;
            let kept = (0..edits.scan.items(list).len()).filter(|index| !positions.contains(index));
            let slots: Vec<Slot> = kept.map(Slot::Keep).collect();
            edits.list(list, &slots).map_err(Why::Layout)?;
        }
        Ok(())
    }

    /// Sets something inside an item of a list that stands in a shared template: the overlay gets the whole list.
    pub(super) fn inside_copy(
        &mut self,
        resource: &Resource,
        trace: &Trace,
        spot: &Spot<'_>,
        json: &Json,
        path: &FieldPath,
    ) -> Result<(), Why> {
        let index = spot.way.iter().position(|step| matches!(step, Step::Index(_))).ok_or(Why::Form)?;
        self.literal(spot.node)?;
        let list = FieldPath(path.0.get(..index).unwrap_or_default().to_vec());
        let body = trace::whole(resource);
        let around = find(resource, &body, trace, &list).ok_or(Why::Form)?;
        self.copy_list(resource, trace, &around, &list)?;
        let copy = self.copies.get_mut(&(resource.address.clone(), list)).ok_or(Why::Form)?;
        let mut here = &mut copy.list;
        for step in spot.way.get(index..).unwrap_or_default() {
            here = match step {
                Step::Key(key) => here.get_mut(key),
                Step::Index(index) => here.get_mut(index),
            }
            .ok_or(Why::Form)?;
        }
        *here = json.clone();
        Ok(())
    }

    fn copy_list(&mut self, resource: &Resource, trace: &Trace, spot: &Spot<'_>, path: &FieldPath) -> Result<(), Why> {
        let name = (resource.address.clone(), path.clone());
        if !self.copies.contains_key(&name) {
            let list = self.raw_of(spot.node)?;
            self.copies.insert(name, Copied { trail: trail(trace, &spot.way), list });
        }
        Ok(())
    }

    /// Returns a value as its file writes it, expressions included; one that is made by an expression as rendered.
    fn raw_of(&mut self, node: &Node) -> Result<Json, Why> {
        let (edits, id) = self.bit(node)?;
        match (&edits.scan.bits[id].form, &node.value) {
            (Form::Scalar { .. }, Content::List(_) | Content::Map(_)) => {
                said(&node.to_value(), true).ok_or(Why::Secret)
            }
            _ => raw(&edits.scan, id).ok_or(Why::Form),
        }
    }
}
