//! How two tenants of one configuration differ though no file says so.
//!
//! What files declare for each is left out: what is compared is what nobody manages, by name, ids replaced by names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostics;
use crate::model::live::{Live, Object};
use crate::model::path::FieldPath;
use crate::model::plan::Plan;
use crate::model::value::{Map, Value};
use crate::pipeline::canonical::{is_builtin, is_derived};
use crate::pipeline::matching::{self, Matched};
use crate::pipeline::report::json;

/// One tenant, as a plan was made from it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub applied: Option<&'a Applied>,
    pub plan: &'a Plan,
}

/// The differences that will remain.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Differences {
    /// What the files declare of the first tenant and it does not hold: address -> field paths.
    pub drifted: BTreeMap<Address, Vec<String>>,
    /// Fields that neither tenant's files manage and that differ: address -> field paths.
    pub unmanaged: BTreeMap<Address, Vec<String>>,
    /// Objects that nobody declares and only one of the two has.
    pub only_first: BTreeSet<Address>,
    pub only_second: BTreeSet<Address>,
}

impl Differences {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares the first tenant as it is with the second as its plan will leave it.
pub fn differences(first: Side<'_>, second: Side<'_>) -> Differences {
    let mut out = Differences::default();
    for change in first.plan.changes.iter().filter(|change| change.action != Action::Nothing) {
        let paths = change.deltas.iter().map(|delta| delta.path.to_string()).collect();
        out.drifted.insert(change.address.clone(), paths);
    }
    let (one, two) = (pair(first), pair(second));
    for (resource, object) in &one.pairs {
        let (Some(object), Some((other, Some(found)))) = (object, two.get(&resource.address)) else { continue };
        let paths = unmanaged((resource, &one, object), (other, &two, found));
        if !paths.is_empty() {
            out.unmanaged.insert(resource.address.clone(), paths);
        }
    }
    let declared = |address: &Address, of: &Matched<'_>| of.get(address).is_some();
    // What the plan deletes is gone then, by whatever name it was ours.
    let gone = second.plan.changes.iter().filter(|change| change.action == Action::Delete);
    let gone: Vec<&Change> = gone.collect();
    let (mut here, mut there) = (left(&one, first.desired, &[]), left(&two, second.desired, &gone));
    let both: BTreeSet<Address> = here.intersection(&there).cloned().collect();
    here.retain(|address| !both.contains(address) && !declared(address, &two));
    there.retain(|address| !both.contains(address) && !declared(address, &one));
    out.only_first = here;
    out.only_second = there;
    out
}

fn pair(side: Side<'_>) -> Matched<'_> {
    // What is ambiguous was reported by the plan.
    matching::pair(side.desired, side.live, side.applied, &mut Diagnostics::default())
}

/// Objects that nobody declares.
fn left(matched: &Matched<'_>, desired: &Desired, gone: &[&Change]) -> BTreeSet<Address> {
    let is_gone = |object: &Object| {
        let by_id = |change: &&Change| change.kind.name == object.kind.name && change.id == object.id;
        let by_name = |change: &&Change| change.address == matched.names.address_of(object);
        gone.iter()
            .any(|change| if object.id.is_some() && change.id.is_some() { by_id(change) } else { by_name(change) })
    };
    let objects = matched.left.iter().filter(|object| !is_gone(object)).filter(|object| {
        object.kind.shape == Shape::Collection && desired.declared.contains(&object.kind.name) && !is_builtin(object)
    });
    objects.map(|object| matched.names.address_of(object)).collect()
}

/// The field and its older name that mirrors a part of it.
const LOGOUT: (&str, &str, &str) = ("oidc_logout", "oidc_backchannel_logout", "backchannel_logout_urls");

/// Takes out what only mirrors a field: what the files say of the one they say of the other.
fn without_mirror(body: &mut Map, is_old_said: bool) {
    let (new, old, part) = LOGOUT;
    if !is_old_said {
        if body.contains_key(new) {
            body.shift_remove(old);
        }
    } else if let Some(Value::Map(logout)) = body.get_mut(new) {
        logout.shift_remove(part);
        if logout.is_empty() {
            body.shift_remove(new);
        }
    }
}

/// Top-level fields that neither side's files say anything of.
fn unmanaged(one: (&Resource, &Matched<'_>, &Object), two: (&Resource, &Matched<'_>, &Object)) -> Vec<String> {
    let kind = one.0.kind;
    if kind.shape == Shape::Membership {
        return Vec::new();
    }
    let (mut here, mut there) = (one.1.names.body(one.2), two.1.names.body(two.2));
    if kind.has(Quirk::LogoutMirror) {
        let said = |field: &str| one.0.body.contains_key(field) || two.0.body.contains_key(field);
        let is_old_said = said(LOGOUT.1);
        [&mut here, &mut there].into_iter().for_each(|body| without_mirror(body, is_old_said));
    }
    let fields: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let differs = |field: &&&String| {
        let path = FieldPath::default().key(field);
        let is_said = one.0.body.contains_key(**field) || two.0.body.contains_key(**field);
        let held = |body: &Map| body.get(**field).map_or(Json::Null, json::value);
        !is_said && !is_derived(kind, &path) && kind.id.as_ref() != Some(**field) && held(&here) != held(&there)
    };
    fields.iter().filter(differs).map(|field| (*field).clone()).collect()
}
