//! One field at a time: where it stands, whether that may be edited, and the edit.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::edit::Edits;
use super::list;
use super::overlay::{Patch, graft};
use super::run::{Conflict, Field, Ground, Into, Where, Why, Written};
use super::scan::{Form, Id, Scan};
use super::trace::{self, Spot, Step, find};
use crate::model::address::Address;
use crate::model::change::Delta;
use crate::model::desired::Resource;
use crate::model::document::{Content, Node, Place};
use crate::model::path::FieldPath;
use crate::model::trace::{Crumb, Trace};
use crate::model::value::Value;
use crate::pipeline::export::for_handlebars;
use crate::pipeline::load::native::{ABSENT, settings_file};

/// What a file ends in that is rendered as a whole.
const WHOLE: &str = ".hbs";
const TEMPLATES: &str = "templates/";
const TENANTS: &str = "tenants/";

/// The edits so far.
pub struct Writer<'a> {
    pub ground: Ground<'a>,
    pub out: Into,
    /// The tenant's file, which holds its overlay; a Deploy CLI project has none.
    overlay_file: Option<Arc<str>>,
    /// `None` for what cannot be scanned.
    edits: BTreeMap<Arc<str>, Option<Edits<'a>>>,
    patch: Patch,
    /// Lists that the overlay gets whole, because something inside an item changed.
    pub(super) copies: BTreeMap<(Address, FieldPath), Copied>,
}

/// A list on its way into the overlay.
pub(super) struct Copied {
    pub trail: Vec<Crumb>,
    pub list: Json,
}

/// Where an edit goes.
pub(super) enum Way {
    Here,
    Overlay,
}

pub(super) type Done = Result<(Written, String), Why>;

impl<'a> Writer<'a> {
    pub fn new(ground: Ground<'a>) -> Self {
        let settings = &ground.desired.settings;
        let overlay_file = (!settings.deploy_cli).then(|| Arc::from(settings_file(&settings.tenant)));
        Self {
            ground,
            out: Into::default(),
            overlay_file,
            edits: BTreeMap::new(),
            patch: Patch::default(),
            copies: BTreeMap::new(),
        }
    }

    /// Makes the edits.
    pub fn finish(mut self) -> Into {
        let mut is_whole = true;
        for Copied { trail, list } in std::mem::take(&mut self.copies).into_values() {
            is_whole &= self.patch.put(&trail, list);
        }
        if !self.patch.is_empty()
            && let Some(file) = self.overlay_file.clone()
        {
            let patch = std::mem::take(&mut self.patch);
            let grafted = match self.edits(&file) {
                Some(edits) => {
                    let mark = edits.mark();
                    graft(edits, &patch).inspect_err(|_| edits.back_to(mark)).map_err(Why::Layout)
                }
                None => Err(Why::Layout(super::edit::Layout::Unusual)),
            };
            if let Some(why) = grafted.err().or((!is_whole).then_some(Why::Form)) {
                self.take_back(|field| field.written == Written::Overlay, &why);
            }
        }
        for (file, edits) in std::mem::take(&mut self.edits) {
            let Some(edits) = edits.filter(|edits| !edits.is_empty()) else { continue };
            match edits.text() {
                Ok(text) => drop(self.out.files.insert(file.to_string(), text)),
                Err(layout) => self.take_back(|field| field.file == *file, &Why::Layout(layout)),
            }
        }
        self.out
    }

    /// Makes conflicts of what was thought to be written.
    fn take_back(&mut self, which: impl Fn(&Field) -> bool, why: &Why) {
        let (gone, kept) = std::mem::take(&mut self.out.written).into_iter().partition(|field| which(field));
        self.out.written = kept;
        let gone: Vec<Field> = gone;
        for field in gone.iter().filter(|field| field.written == Written::Overlay) {
            // A companion file that nothing names would be left lying.
            self.out.files.remove(&field.file);
        }
        self.out.conflicts.extend(gone.into_iter().map(|field| Conflict {
            address: field.address,
            path: field.path,
            place: None,
            why: why.clone(),
            files: field.files,
            live: field.live,
        }));
    }

    pub fn conflict(&mut self, resource: &Resource, delta: &Delta, place: Option<Place>, why: Why) {
        self.out.conflicts.push(Conflict {
            address: resource.address.clone(),
            path: delta.path.clone(),
            place,
            why,
            files: delta.after.clone(),
            live: delta.before.clone(),
        });
    }

    pub(super) fn settle(&mut self, resource: &Resource, delta: &Delta, place: &Place, done: Done) {
        match done {
            Ok((written, file)) => self.out.written.push(Field {
                address: resource.address.clone(),
                path: delta.path.clone(),
                written,
                file,
                files: delta.after.clone(),
                live: delta.before.clone(),
            }),
            Err(why) => self.conflict(resource, delta, Some(place.clone()), why),
        }
    }

    /// Writes one value.
    pub fn value(&mut self, resource: &Resource, delta: &Delta) {
        let (body, traces) = (trace::whole(resource), self.ground.traces);
        let Some(trace) = traces.get(&resource.address) else {
            return self.conflict(resource, delta, Some(resource.place.clone()), Why::Form);
        };
        let (place, done) = match (find(resource, &body, trace, &delta.path), delta.path.0.split_last()) {
            (Some(spot), _) => (spot.node.place.clone(), self.at(resource, trace, &spot, delta)),
            // A map of which the files say all has a member more.
            (None, Some((crate::model::path::Segment::Key(key), above))) if delta.after.is_none() => {
                match find(resource, &body, trace, &FieldPath(above.to_vec())) {
                    Some(spot) => (spot.node.place.clone(), self.member(resource, trace, &spot, key, delta)),
                    None => (resource.place.clone(), Err(Why::Form)),
                }
            }
            _ => (resource.place.clone(), Err(Why::Form)),
        };
        self.settle(resource, delta, &place, done);
    }

    fn at(&mut self, resource: &Resource, trace: &Trace, spot: &Spot<'_>, delta: &Delta) -> Done {
        let escaped = self.is_escaped(resource, &delta.path);
        match &delta.before {
            Some(Value::List(live))
                if spot.node.items().len() == spot.value.as_list().map_or(usize::MAX, <[_]>::len) =>
            {
                let wanted = spot.value.as_list().unwrap_or_default();
                let slots = list::towards(wanted, live, &|value| said(value, escaped)).ok_or(Why::Form)?;
                self.list(resource, trace, spot, &slots, &delta.path)
            }
            Some(live) => {
                let json = said(live, escaped && !is_companion(spot)).ok_or(Why::Secret)?;
                self.set(resource, trace, spot, &json, &delta.path)
            }
            None => self.absent(trace, spot),
        }
    }

    fn set(&mut self, resource: &Resource, trace: &Trace, spot: &Spot<'_>, json: &Json, path: &FieldPath) -> Done {
        let node = spot.node;
        if is_companion(spot) {
            return self.companion(trace, spot, json);
        }
        match self.way(node)? {
            Way::Overlay => {
                match spot.way.iter().any(|step| matches!(step, Step::Index(_))) {
                    true => self.inside_copy(resource, trace, spot, json, path)?,
                    false => self.put(trail(trace, &spot.way), json.clone())?,
                }
                Ok((Written::Overlay, self.overlay()))
            }
            Way::Here => {
                let (edits, id) = self.bit(node)?;
                edits.set(id, json).map_err(Why::Layout)?;
                Ok((Written::InPlace, node.place.file.to_string()))
            }
        }
    }

    fn absent(&mut self, trace: &Trace, spot: &Spot<'_>) -> Done {
        let Some(Step::Key(key)) = spot.way.last() else { return Err(Why::Form) };
        match self.way(spot.node)? {
            Way::Overlay => {
                self.put(trail(trace, &spot.way), serde_json::json!({ ABSENT: true }))?;
                Ok((Written::Overlay, self.overlay()))
            }
            Way::Here => {
                let file = spot.node.place.file.to_string();
                let (edits, id) = self.bit(spot.node)?;
                let owner = edits.scan.owner(id).ok_or(Why::Form)?;
                let member = edits.scan.member(owner, key).ok_or(Why::Form)?;
                edits.remove(owner, member).map_err(Why::Layout)?;
                Ok((Written::InPlace, file))
            }
        }
    }

    fn member(&mut self, resource: &Resource, trace: &Trace, spot: &Spot<'_>, key: &str, delta: &Delta) -> Done {
        let live = delta.before.as_ref().ok_or(Why::Form)?;
        let json = said(live, self.is_escaped(resource, &delta.path)).ok_or(Why::Secret)?;
        match self.way(spot.node)? {
            Way::Overlay => {
                let mut way = spot.way.clone();
                way.push(Step::Key(key.to_owned()));
                if way.iter().any(|step| matches!(step, Step::Index(_))) {
                    return Err(Why::Form);
                }
                self.put(trail(trace, &way), json)?;
                Ok((Written::Overlay, self.overlay()))
            }
            Way::Here => {
                let (edits, id) = self.bit(spot.node)?;
                edits.add(id, key, &json).map_err(Why::Layout)?;
                Ok((Written::InPlace, spot.node.place.file.to_string()))
            }
        }
    }

    /// Writes a file that holds a field's text.
    fn companion(&mut self, trace: &Trace, spot: &Spot<'_>, json: &Json) -> Done {
        let file = Arc::clone(&spot.node.place.file);
        let text = json.as_str().ok_or(Why::Form)?;
        let on_disk = self.ground.texts.get(&file).ok_or(Why::Form)?;
        let is_literal = spot.node.as_text() == Some(on_disk);
        match self.way(spot.node) {
            Ok(Way::Here) if is_literal => {
                self.out.files.insert(file.to_string(), text.to_owned());
                Ok((Written::InPlace, file.to_string()))
            }
            Ok(Way::Overlay) if is_literal || self.ground.place == Where::Overlay => {
                let tenant = self.ground.desired.settings.tenant.clone();
                let name = file.strip_prefix(TEMPLATES).unwrap_or(&file);
                let name = name.strip_suffix(WHOLE).unwrap_or(name);
                let new = format!("{TENANTS}{tenant}/{name}");
                if (self.ground.is_there)(&new) || self.out.files.contains_key(&new) {
                    return Err(Why::Taken(new));
                }
                if spot.way.iter().any(|step| matches!(step, Step::Index(_))) {
                    return Err(Why::Form);
                }
                self.put(trail(trace, &spot.way), Json::String(format!("./{tenant}/{name}")))?;
                self.out.files.insert(new.clone(), text.to_owned());
                Ok((Written::Overlay, new))
            }
            Ok(_) => Err(Why::Expression(format!("the template {file}"))),
            Err(why) => Err(why),
        }
    }

    /// Says where a change of what stands at a node goes.
    pub(super) fn way(&mut self, node: &Node) -> Result<Way, Why> {
        let is_template = self.overlay_file.is_some() && !node.place.file.starts_with(TENANTS);
        let is_shared = self.ground.others_unknown || self.ground.others.contains(&trace::at(node));
        let overlay = match self.ground.place {
            Where::Fitting => is_template && is_shared,
            Where::Template => false,
            Where::Overlay => is_template,
        };
        match overlay {
            true if self.ground.place == Where::Overlay => Ok(Way::Overlay),
            // What a template makes of an expression is nobody's to guess, wherever it would be written.
            _ if node.place.line == 1 && node.place.column == 1 && node.as_text().is_some() => {
                Ok(if overlay { Way::Overlay } else { Way::Here })
            }
            overlay => {
                self.literal(node)?;
                Ok(if overlay { Way::Overlay } else { Way::Here })
            }
        }
    }

    /// Checks that what a node says is what its file says, letter by letter.
    pub(super) fn literal(&mut self, node: &Node) -> Result<(), Why> {
        if self.ground.place == Where::Overlay {
            return Ok(());
        }
        let file = Arc::clone(&node.place.file);
        if file.ends_with(WHOLE) {
            return Err(Why::Expression(format!("the template {file}")));
        }
        let (edits, id) = self.bit(node)?;
        let is_same = match (&edits.scan.bits[id].form, &node.value) {
            (Form::List { .. }, Content::List(_)) | (Form::Map { .. }, Content::Map(_)) => true,
            (Form::Scalar { .. }, _) => edits
                .scan
                .content(id)
                .is_some_and(|content| Node::new(content, node.place.clone()).to_value() == node.to_value()),
            _ => return Err(Why::Layout(super::edit::Layout::Anchored)),
        };
        if is_same { Ok(()) } else { Err(Why::Expression(edits.scan.source(id).to_owned())) }
    }

    pub(super) fn put(&mut self, trail: Vec<Crumb>, json: Json) -> Result<(), Why> {
        let is_nameless =
            |crumb: &Crumb| matches!(crumb, Crumb::Resource { key: None, field: Some(_), name } if name.is_empty());
        if trail.iter().any(is_nameless) {
            return Err(Why::Nameless);
        }
        if self.overlay_file.is_some() && self.patch.put(&trail, json) { Ok(()) } else { Err(Why::Form) }
    }

    pub(super) fn overlay(&self) -> String {
        self.overlay_file.as_deref().unwrap_or_default().to_owned()
    }

    pub(super) fn bit(&mut self, node: &Node) -> Result<(&mut Edits<'a>, Id), Why> {
        let edits = self.edits(&node.place.file).ok_or(Why::Form)?;
        let id = edits.scan.of_node(node).ok_or(Why::Form)?;
        Ok((edits, id))
    }

    /// A list begins where its first item does if that is a list; nothing of that sort is in a project.
    pub(super) fn bit_of_list(&mut self, node: &Node) -> Result<(&mut Edits<'a>, Id), Why> {
        let (edits, id) = self.bit(node)?;
        if matches!(edits.scan.bits[id].form, Form::List { .. }) { Ok((edits, id)) } else { Err(Why::Form) }
    }

    pub(super) fn edits(&mut self, file: &Arc<str>) -> Option<&mut Edits<'a>> {
        let texts = self.ground.texts;
        let keywords = self.ground.desired.settings.deploy_cli;
        let edits = self.edits.entry(Arc::clone(file)).or_insert_with(|| {
            let (_, text) = texts.get_key_value(file)?;
            Some(Edits::new(Scan::of(text, keywords)?, file.ends_with(".json")))
        });
        edits.as_mut()
    }

    /// Says whether handlebars reads a field's text.
    pub(super) fn is_escaped(&self, resource: &Resource, path: &FieldPath) -> bool {
        let hands_off = resource.kind.fields.hands_off.iter().any(|pattern| pattern.covers(path));
        self.overlay_file.is_some() && !hands_off
    }
}

/// Says whether the text of a field is a file of its own.
fn is_companion(spot: &Spot<'_>) -> bool {
    let (place, holder) = (&spot.node.place, &spot.holder.place);
    place.line == 1 && place.column == 1 && spot.node.as_text().is_some() && place.file != holder.file
}

pub(super) fn trail(trace: &Trace, way: &[Step]) -> Vec<Crumb> {
    let steps = way.iter().map(|step| match step {
        Step::Key(key) => Crumb::Key(key.clone()),
        Step::Index(index) => Crumb::Key(index.to_string()),
    });
    trace.trail.iter().cloned().chain(steps).collect()
}

/// Returns what a file writes for a value of the tenant: objects by name, texts so that they come back. Nothing for
/// secrets.
pub(super) fn said(value: &Value, escaped: bool) -> Option<Json> {
    Some(match value {
        Value::String(text) if escaped => Json::String(for_handlebars(text, false)),
        Value::Secret(_) | Value::Template(_) => return None,
        Value::List(items) => Json::Array(items.iter().map(|item| said(item, escaped)).collect::<Option<_>>()?),
        Value::Map(map) => Json::Object(
            map.iter().map(|(key, item)| Some((key.clone(), said(item, escaped)?))).collect::<Option<_>>()?,
        ),
        other => other.to_shown(),
    })
}

pub(super) fn raw(scan: &Scan<'_>, id: Id) -> Option<Json> {
    Some(match &scan.bits[id].form {
        Form::Scalar { .. } => {
            let place = Place { file: "".into(), line: 0, column: 0 };
            Node::new(scan.content(id)?, place).to_value().to_shown()
        }
        Form::List { items, .. } => Json::Array(items.iter().map(|item| raw(scan, *item)).collect::<Option<_>>()?),
        Form::Map { members, .. } => Json::Object(
            members
                .iter()
                .map(|member| Some((scan.key(*member).to_owned(), raw(scan, member.value)?)))
                .collect::<Option<_>>()?,
        ),
        Form::Other => return None,
    })
}
