//! Which live object each resource is.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object};
use crate::model::value::Value;
use crate::pipeline::canonical::Names;

/// (space, id) -> the name and the address of the resource that has laid hand on the object.
type Taken = BTreeMap<(String, String), (String, Address)>;

/// Resources paired with objects, and what was left.
#[derive(Debug)]
pub struct Matched<'a> {
    /// In the order of the desired resources.
    pub pairs: Vec<(&'a Resource, Option<&'a Object>)>,
    /// Objects that no resource describes.
    pub left: Vec<&'a Object>,
    pub names: Names,
    /// Resources that several objects could be, and how `bind` says which.
    pub ambiguous: BTreeMap<Address, String>,
    /// Resource address -> position in `pairs`.
    index: HashMap<Address, usize>,
}

impl<'a> Matched<'a> {
    /// Returns a resource and its object by address.
    pub fn get(&self, address: &Address) -> Option<(&'a Resource, Option<&'a Object>)> {
        self.index.get(address).map(|position| self.pairs[*position])
    }

    /// Returns the resource that a nested one lies in, and its object.
    pub fn parent_of(&self, resource: &Resource) -> Option<(&'a Resource, Option<&'a Object>)> {
        resource.parent.as_ref().and_then(|address| self.get(address))
    }
}

/// Pairs resources and objects: by `bind`, by the id in the record, by identity. Where two objects have one identity it
/// is not known which is meant.
pub fn pair<'a>(
    desired: &'a Desired,
    live: &'a Live,
    applied: Option<&Applied>,
    findings: &mut Diagnostics,
) -> Matched<'a> {
    let ours = ours(desired, live, applied);
    let mut taken: BTreeMap<(String, String), (String, Address)> = BTreeMap::new();
    let mut ambiguous = BTreeMap::new();
    let by_reference =
        |kind: &Kind| kind.references.iter().any(|r| r.by == "id" && kind.identity.contains(&r.field.to_string()));
    let with_id = || desired.resources.iter().filter(|r| r.kind.shape == Shape::Collection);
    let index = Index::of(live, &Names::default());
    for resource in with_id().filter(|r| !by_reference(r.kind)) {
        claim(resource, desired, (&index, &ours), (&mut taken, &mut ambiguous), findings);
    }
    let index = Index::of(live, &Names::of(live, &taken));
    for resource in with_id().filter(|r| by_reference(r.kind)) {
        claim(resource, desired, (&index, &ours), (&mut taken, &mut ambiguous), findings);
    }
    for resource in desired.resources.iter().filter(|resource| resource.kind.has(Quirk::NamedByRecord)) {
        by_record(resource, live, applied, &mut taken);
    }
    let names = Names::of(live, &taken);
    let mut by_address: HashMap<(&str, Address), usize> = HashMap::new();
    let is_taken = |object: &Object| {
        object.id.as_ref().is_some_and(|id| taken.contains_key(&(object.kind.space().to_owned(), id.0.clone())))
    };
    // An object that a resource has laid hand on comes before others of its name.
    let (first, then): (Vec<_>, Vec<_>) = live.objects.iter().enumerate().partition(|(_, object)| is_taken(object));
    for (position, object) in first.into_iter().chain(then) {
        by_address.entry((object.kind.name.as_str(), names.address_of(object))).or_insert(position);
    }
    let mut used = vec![false; live.objects.len()];
    let mut pairs = Vec::new();
    for resource in &desired.resources {
        let mut found = by_address.get(&(resource.kind.name.as_str(), resource.address.clone()));
        if found.is_none() {
            // A `$key` names the resource otherwise than the tenant names the object.
            let name = (!resource.name.is_empty()).then_some(resource.name.as_str());
            let natural = match (&resource.parent, name) {
                (Some(parent), name) => Some(parent.child(resource.kind.segment(), name)),
                (None, Some(name)) if resource.kind.shape == Shape::Keyed => {
                    Some(Address::named(&resource.kind.name, name))
                }
                (None, _) => None,
            };
            found = natural.and_then(|address| by_address.get(&(resource.kind.name.as_str(), address)));
        }
        let object = found.map(|position| {
            used[*position] = true;
            &live.objects[*position]
        });
        pairs.push((resource, object));
    }
    let left = live.objects.iter().zip(used).filter(|(_, used)| !used).map(|(object, _)| object).collect();
    let index = pairs.iter().enumerate().map(|(position, (r, _))| (r.address.clone(), position)).collect();
    Matched { pairs, left, names, ambiguous, index }
}

/// Lays hand on the object whose id the record holds. Where there are no records at all, the one that shows what is
/// wanted is taken for it, so that no second one is made.
fn by_record(resource: &Resource, live: &Live, applied: Option<&Applied>, taken: &mut Taken) {
    let Some(parent) = &resource.parent else { return };
    let Some(lies_in) = taken.iter().find(|(_, (_, at))| at == parent).map(|((_, id), _)| id.clone()) else { return };
    let space = resource.kind.space();
    let is_free = |id: &str| !taken.contains_key(&(space.to_owned(), id.to_owned()));
    let mut inside = live.objects.iter().filter(|object| {
        object.kind.name == resource.kind.name && object.parent.as_ref().is_some_and(|id| id.0 == lies_in)
    });
    let found = match applied {
        Some(applied) => {
            let was = resource.was.as_ref().map(|was| parent.child(resource.kind.segment(), Some(was)));
            let owned = std::iter::once(&resource.address).chain(&was).find_map(|at| applied.resources.get(at));
            let id = owned.and_then(|owned| owned.id.as_ref());
            inside.find(|object| id.is_some() && object.id.as_ref() == id)
        }
        None => inside.find(|object| object.id.as_ref().is_some_and(|id| is_free(&id.0)) && shows(object, resource)),
    };
    if let Some(id) = found.and_then(|object| object.id.as_ref()) {
        taken.insert((space.to_owned(), id.0.clone()), (resource.name.clone(), resource.address.clone()));
    }
}

/// Says whether an object shows what a resource wants, as far as it shows anything of that.
fn shows(object: &Object, resource: &Resource) -> bool {
    let sorted = |value: &Value| match value {
        Value::List(items) => {
            let mut texts: Vec<String> = items.iter().map(|item| item.to_shown().to_string()).collect();
            texts.sort();
            texts
        }
        other => vec![other.to_shown().to_string()],
    };
    let is_hidden = |field: &String| resource.kind.fields.write_only.iter().any(|p| p.top() == Some(field));
    let mut wanted = resource.body.iter().filter(|(field, _)| !is_hidden(field));
    wanted.all(|(field, value)| object.body.get(field).is_some_and(|held| sorted(held) == sorted(value)))
}

/// Live objects by kind and name, and by kind and id.
struct Index<'a> {
    names: HashMap<(&'a str, String), Vec<&'a Object>>,
    ids: HashMap<(&'a str, &'a str), &'a Object>,
}

impl<'a> Index<'a> {
    fn of(live: &'a Live, names: &Names) -> Self {
        let mut index = Self { names: HashMap::new(), ids: HashMap::new() };
        for object in live.objects.iter().filter(|object| object.id.is_some()) {
            let kind = object.kind.name.as_str();
            index.names.entry((kind, names.name_of(object))).or_default().push(object);
            if let Some(id) = &object.id {
                index.ids.insert((kind, &id.0), object);
            }
        }
        index
    }

    fn named(&self, kind: &str, name: &str) -> Vec<&'a Object> {
        self.names.get(&(kind, name.to_owned())).cloned().unwrap_or_default()
    }
}

/// Which live object each resource is by the record: address -> kind and id, and all of those.
struct Recorded<'a>(HashMap<Address, (&'a str, &'a str)>, HashSet<(&'a str, &'a str)>);

impl Recorded<'_> {
    fn is_anyones(&self, kind: &str, id: &str) -> bool {
        self.1.contains(&(kind, id))
    }
}

/// Looks each resource up in the record. A `$was` leads to the old address.
fn ours<'a>(desired: &Desired, live: &Live, applied: Option<&'a Applied>) -> Recorded<'a> {
    let mut ours = Recorded(HashMap::new(), HashSet::new());
    let Some(applied) = applied else { return ours };
    let there: HashSet<(&str, &str)> =
        live.objects.iter().filter_map(|o| Some((o.kind.name.as_str(), o.id.as_ref()?.0.as_str()))).collect();
    let find = |address: &Address| {
        let owned = applied.resources.get(address)?;
        let key = (owned.kind.as_str(), owned.id.as_ref()?.0.as_str());
        there.contains(&key).then_some(key)
    };
    let collections = desired.resources.iter().filter(|resource| resource.kind.shape == Shape::Collection);
    let bound = |resource: &Resource| desired.settings.bind.contains_key(resource.address.as_str());
    for resource in collections.clone().filter(|resource| !bound(resource)) {
        if let Some(key) = find(&resource.address) {
            ours.0.insert(resource.address.clone(), key);
            ours.1.insert(key);
        }
    }
    for resource in collections.filter(|resource| !bound(resource)) {
        if let (Some(was), false) = (&resource.was, ours.0.contains_key(&resource.address))
            && let Some(key) = find(&Address::named(&resource.kind.name, was))
            && ours.1.insert(key)
        {
            ours.0.insert(resource.address.clone(), key);
        }
    }
    ours
}

/// Objects of the resource's name, or else of the one it had; never one that the record gives to another resource.
fn by_name<'a>(resource: &Resource, index: &Index<'a>, ours: &Recorded<'_>) -> Vec<&'a Object> {
    let kind = resource.kind.name.as_str();
    let free = |object: &&Object| object.id.as_ref().is_none_or(|id| !ours.is_anyones(kind, &id.0));
    let named = |name: &str| -> Vec<&'a Object> { index.named(kind, name).into_iter().filter(free).collect() };
    match (named(&resource.name), &resource.was) {
        (fitting, Some(was)) if fitting.is_empty() => named(was),
        (fitting, _) => fitting,
    }
}

fn claim(
    resource: &Resource,
    desired: &Desired,
    (index, ours): (&Index<'_>, &Recorded<'_>),
    (taken, ambiguous): (&mut Taken, &mut BTreeMap<Address, String>),
    findings: &mut Diagnostics,
) {
    let kind = resource.kind.name.as_str();
    let bound = desired.settings.bind.get(resource.address.as_str());
    let fitting: Vec<&Object> = match bound {
        Some(id) => index.ids.get(&(kind, id.as_str())).copied().into_iter().collect(),
        None => match ours.0.get(&resource.address) {
            Some(key) => index.ids.get(key).copied().into_iter().collect(),
            None => by_name(resource, index, ours),
        },
    };
    if let (Some(id), true) = (bound, fitting.is_empty()) {
        findings.push(
            Diagnostic::error("unknown-id", format!("`bind` names `{id}`, which the tenant does not have"))
                .at(&resource.place)
                .on(&resource.address),
        );
        return;
    }
    if fitting.len() > 1 {
        let ids: Vec<String> =
            fitting.iter().filter_map(|object| object.id.as_ref().map(ToString::to_string)).collect();
        let way = format!(
            "the tenant has {} of `{}`; say in the tenant's file which is meant: `bind: {{ \"{}\": \"{}\" }}` (ids: {})",
            fitting.len(),
            resource.name,
            resource.address,
            ids.first().map_or("", String::as_str),
            ids.join(", ")
        );
        ambiguous.insert(resource.address.clone(), way);
        return;
    }
    if let Some(id) = fitting.first().and_then(|object| object.id.clone()) {
        taken.insert((resource.kind.space().to_owned(), id.0), (resource.name.clone(), resource.address.clone()));
    }
}
