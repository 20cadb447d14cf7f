//! Each field that moved: written where it stands or into the tenant's overlay, or told as a conflict.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use indexmap::IndexMap;

use super::trace::At;
use super::writer::Writer;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Action, Cause, Change, Delta, DeltaNote};
use crate::model::desired::{Desired, Resource};
use crate::model::document::{Place, SourceTexts};
use crate::model::path::{FieldPath, Segment};
use crate::model::trace::Traces;
use crate::model::value::{Part, Value};

/// Where a field goes that stands in a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// Into the template if no other tenant has it from there, else into the tenant's overlay.
    #[default]
    Fitting,
    /// Where it stands, for all tenants that have it from there.
    Template,
    /// Into the tenant's overlay, in the place of expressions too.
    Overlay,
}

/// What files are edited by.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    pub desired: &'a Desired,
    pub traces: &'a Traces,
    pub texts: &'a SourceTexts,
    /// Where values of other tenants stand.
    pub others: &'a HashSet<At>,
    /// Other tenants cannot be read: every template counts as theirs.
    pub others_unknown: bool,
    pub place: Where,
    /// What was tried before and does not read as the tenant has it: address and path.
    pub refused: &'a BTreeSet<(Address, String)>,
    /// Says whether there is such a file.
    pub is_there: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("place", &self.place).field("refused", self.refused).finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Into {
    /// File -> its new text.
    pub files: BTreeMap<String, String>,
    pub written: Vec<Field>,
    pub conflicts: Vec<Conflict>,
    /// What the files want and nobody has applied yet: it stays.
    pub pending: usize,
    /// Resources that the tenant no longer has: they stay in the files.
    pub gone: Vec<Address>,
}

/// One field that is written.
#[derive(Clone, Debug)]
pub struct Field {
    pub address: Address,
    pub path: FieldPath,
    pub written: Written,
    /// Where it is written, or the overlay's file.
    pub file: String,
    pub files: Option<Value>,
    pub live: Option<Value>,
}

/// Into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Where it stood.
    InPlace,
    /// A new entry, or an entry more.
    Overlay,
}

/// One field that is left to people.
#[derive(Clone, Debug)]
pub struct Conflict {
    pub address: Address,
    pub path: FieldPath,
    pub place: Option<Place>,
    pub why: Why,
    pub files: Option<Value>,
    pub live: Option<Value>,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("it comes from an expression, `{0}`")]
    Expression(String),
    #[error("both the files and the tenant changed since the last record")]
    Both,
    #[error("it holds a secret, and secrets are never written into files")]
    Secret,
    #[error("the files say it in another form than the tenant")]
    Form,
    #[error("no overlay can name it, and other tenants have it from the same template")]
    Nameless,
    #[error("{0}")]
    Layout(super::edit::Layout),
    #[error("a file for it would lie where one lies already, `{0}`")]
    Taken(String),
    #[error("what was written did not read as the tenant has it")]
    Refused,
}

impl Why {
    /// Returns the next step.
    pub fn help(&self, overlay: Option<&str>) -> String {
        match (self, overlay) {
            (Self::Expression(_), Some(file)) => format!(
                "Change what the expression is made of, or write the value into the overlay in `{file}`, as `--into=overlay` does."
            ),
            (Self::Expression(_), None) => "Change the keyword's mapping, or write the value in its place.".to_owned(),
            (Self::Nameless, _) => {
                "`--into=template` writes it for all of them; else put what differs into a variable.".to_owned()
            }
            (Self::Both, _) => {
                "Decide which one is meant: edit the file, or apply it with `--accept-drift`.".to_owned()
            }
            (Self::Secret, _) => "Change the secret at its source, or apply what the files have.".to_owned(),
            _ => "Edit the file by hand; `tenantry plan` shows whether it says what the tenant has.".to_owned(),
        }
    }
}

/// Writes what moved. `changes` lead from the tenant to the files, as a plan has them.
pub fn into(changes: &[Change], ground: Ground<'_>) -> Into {
    let resources: BTreeMap<&Address, &Resource> =
        ground.desired.resources.iter().map(|resource| (&resource.address, resource)).collect();
    let mut writer = Writer::new(ground);
    for change in changes {
        match (change.action, resources.get(&change.address)) {
            (Action::Create, Some(_)) => writer.out.gone.push(change.address.clone()),
            (Action::Update | Action::Replace, Some(resource)) => one(&mut writer, change, resource),
            _ => {}
        }
    }
    writer.finish()
}

fn one(writer: &mut Writer<'_>, change: &Change, resource: &Resource) {
    let mut lists: IndexMap<FieldPath, Vec<&Delta>> = IndexMap::new();
    let mut single = Vec::new();
    for delta in &change.deltas {
        let has_secret = [&delta.before, &delta.after].into_iter().flatten().any(holds_secret);
        let why = match (delta.cause, delta.note) {
            (_, Some(DeltaNote::CannotBeCompared | DeltaNote::NotAvailableHere)) => continue,
            (Some(Cause::Configuration), _) => {
                writer.out.pending += 1;
                continue;
            }
            (Some(Cause::Both), _) => Some(Why::Both),
            _ if has_secret || delta.note == Some(DeltaNote::SecretChanged) => Some(Why::Secret),
            _ if writer.ground.refused.contains(&(change.address.clone(), delta.path.to_string())) => {
                Some(Why::Refused)
            }
            _ => None,
        };
        if let Some(why) = why {
            let place = delta.path.0.first().and_then(|first| match first {
                Segment::Key(field) => resource.field_places.get(field),
                _ => None,
            });
            writer.conflict(resource, delta, Some(place.unwrap_or(&resource.place).clone()), why);
            continue;
        }
        match delta.path.0.split_last() {
            _ if is_order(resource, &delta.path) => lists.entry(FieldPath::default()).or_default().push(delta),
            Some((Segment::Item(_), list)) if delta.before.is_some() != delta.after.is_some() => {
                lists.entry(FieldPath(list.to_vec())).or_default().push(delta);
            }
            _ => single.push(delta),
        }
    }
    // What is inside items first: an item's number is the one that it has in the file.
    single.into_iter().for_each(|delta| writer.value(resource, delta));
    for (list, deltas) in &lists {
        let order = deltas.iter().find(|delta| is_order(resource, &delta.path));
        let order = order.and_then(|delta| delta.before.as_ref()?.as_list());
        writer.items(resource, list, deltas, order);
    }
}

/// Says whether a difference is that of the order of members.
fn is_order(resource: &Resource, path: &FieldPath) -> bool {
    resource.kind.shape == Shape::Membership && matches!(path.0.as_slice(), [Segment::Key(_)])
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Template(parts) => parts.iter().any(|part| matches!(part, Part::Secret(_))),
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(map) => map.values().any(holds_secret),
        _ => false,
    }
}
