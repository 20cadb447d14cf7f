//! Live -> the tree of a project: top-level resources with everything nested put back into them.
//!
//! The inverse of `resolve`. Ids and secrets do not pass: references are names, secrets are names of secrets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;

use crate::catalogue::kind::{Kind, Marked, MemberPolicy};
use crate::catalogue::place::Step;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object};
use crate::model::names::RemoteId;
use crate::model::value::{Reference, Value};
use crate::pipeline::canonical::Names;
use crate::pipeline::diff::label;

use super::oddities::is_embedded;
use super::phrase::{arrange, phrase};
use super::piece::Piece;
use super::secret_names;
use super::selection::Selection;
use super::tidy::{self, Tenant};

/// A tenant in the shape of files.
#[derive(Debug, Default)]
pub(super) struct Composed {
    /// By kind and name.
    pub items: Vec<Item>,
    /// The names of all secrets, sorted.
    pub secrets: Vec<String>,
    /// Addresses of objects that references name though they are not exported.
    pub external: BTreeSet<String>,
    /// Id -> where it belongs, for ids inside texts.
    pub ids: BTreeMap<String, KnownId>,
}

/// What an id found in a text stands for.
#[derive(Debug)]
pub(super) struct KnownId {
    pub address: Address,
    /// The field that holds it.
    pub field: String,
    pub is_exported: bool,
}

/// A resource at the top of the files.
#[derive(Debug)]
pub(super) struct Item {
    pub kind: &'static Kind,
    pub name: String,
    /// What people call it, for its file.
    pub title: String,
    pub address: Address,
    pub id: Option<RemoteId>,
    /// The values of map keys in its place.
    pub key: BTreeMap<String, String>,
    pub piece: Piece,
}

/// Composes the chosen kinds.
pub(super) fn compose(live: &Live, only: &[String], exclude: &[String], findings: &mut Diagnostics) -> Composed {
    let names = Names::of(live, &BTreeMap::new());
    let selection = Selection::new(live, &names, only, exclude);
    selection.report_unread(findings);
    selection.report_unsayable(findings);
    let mut composer = Composer {
        tenant: Tenant { names: &names, selection: &selection, objects: &live.objects },
        nested: HashMap::new(),
        described: BTreeSet::new(),
        referred: BTreeSet::new(),
        findings,
    };
    for object in live.objects.iter().filter(|object| object.kind.parent.is_some() && selection.has(object)) {
        let parent = object.kind.parent.as_deref().unwrap_or_default();
        composer.nested.entry((parent, object.parent.clone())).or_default().push(object);
    }
    let (mut items, mut chosen) = (Vec::new(), Vec::new());
    for object in live.objects.iter().filter(|object| object.kind.parent.is_none() && selection.has(object)) {
        match &object.kind.marked {
            None => items.extend(composer.item(object)),
            Some(marked) => chosen.push((marked, object)),
        }
    }
    for (marked, object) in chosen {
        mark(&mut items, marked, object);
    }
    items.extend(composer.shelves());
    items.sort_by(|a, b| (&a.kind.name, &a.name, &a.id).cmp(&(&b.kind.name, &b.name, &b.id)));
    let secrets = secret_names::assign(items.iter_mut().map(|item| &mut item.piece));
    let external = composer.external(live);
    let ids = composer.known_ids(live);
    Composed { items, secrets, external, ids }
}

/// Puts the flag on the item that a singleton points at. What is no object of the tenant's own needs none.
fn mark(items: &mut [Item], marked: &Marked, object: &Object) {
    let Some(value) = object.body.get(&marked.field).and_then(Value::as_str) else { return };
    for item in items.iter_mut().filter(|item| item.kind.name == marked.kind) {
        if let Piece::Map(map) = &mut item.piece
            && matches!(map.get(&marked.field), Some(Piece::Text(text)) if text.text == value)
        {
            map.insert(marked.flag.clone(), Piece::Bool(true));
            arrange(item.kind, map);
        }
    }
}

/// Groups items by what they stand under in the files: one value a top-level key.
pub(super) fn tree(items: &[Item]) -> IndexMap<String, Piece> {
    let mut root: Option<Piece> = None;
    for item in items {
        put(&mut root, &item.kind.place, &item.key, item.piece.clone());
    }
    match root {
        Some(Piece::Map(mut map)) => {
            map.sort_unstable_keys();
            map
        }
        _ => IndexMap::new(),
    }
}

struct Composer<'a> {
    tenant: Tenant<'a>,
    /// (parent kind, parent id) -> what lies in it.
    nested: HashMap<(&'a str, Option<RemoteId>), Vec<&'a Object>>,
    /// (space, name) of everything exported.
    described: BTreeSet<(String, String)>,
    referred: BTreeSet<Reference>,
    findings: &'a mut Diagnostics,
}

impl<'a> Composer<'a> {
    fn item(&mut self, object: &'a Object) -> Option<Item> {
        let name = self.tenant.names.name_of(object);
        let address = self.tenant.names.address_of(object);
        let piece = self.node(object)?;
        let title = self.title(object);
        Some(Item { kind: object.kind, name, title, address, id: object.id.clone(), key: object.key.clone(), piece })
    }

    /// An API is called by its name though its identifier tells it apart, and what points at one says so too.
    fn title(&self, object: &Object) -> String {
        let text = |object: &Object, field: &str| object.body.get(field).and_then(Value::as_str).map(str::to_owned);
        let kind = object.kind;
        let named = self.tenant.names.body(object);
        let mut words: Vec<String> =
            kind.identity
                .iter()
                .filter_map(|field| match named.get(field) {
                    Some(Value::Reference(to)) if to.by != "id" => {
                        let held = self.tenant.objects.iter().find(|held| {
                            held.kind.space() == to.space && text(held, &to.by).as_ref() == Some(&to.name)
                        });
                        Some(held.and_then(|held| text(held, "name")).unwrap_or_else(|| to.name.clone()))
                    }
                    Some(value) if kind.identity_defaults.get(field).map(String::as_str) == value.as_str() => None,
                    Some(value) => Some(label(value)),
                    None => object.key.get(field).cloned(),
                })
                .collect();
        if let ([_], Some(name)) = (kind.identity.as_slice(), text(object, "name")) {
            words = vec![name];
        }
        if words.is_empty() { kind.segment().trim_end_matches('s').to_owned() } else { words.join("-") }
    }

    /// Singletons that were not read themselves but hold what was.
    fn shelves(&mut self) -> Vec<Item> {
        let mut left: Vec<&str> =
            self.nested.keys().filter(|(_, id)| id.is_none()).map(|(parent, _)| *parent).collect();
        left.sort_unstable();
        let mut items = Vec::new();
        for parent in left {
            let Some(kind) = catalogue().kind(parent).filter(|kind| kind.shape == Shape::Singleton) else { continue };
            let mut piece = Piece::Map(IndexMap::new());
            self.fill(kind, None, &mut piece);
            if !piece.is_empty() {
                items.push(Item {
                    kind,
                    name: String::new(),
                    title: kind.segment().to_owned(),
                    address: Address::root(&kind.name),
                    id: None,
                    key: BTreeMap::new(),
                    piece,
                });
            }
        }
        items
    }

    /// Says an object and what is nested in it. `None` if there is nothing to say.
    fn node(&mut self, object: &'a Object) -> Option<Piece> {
        let kind = object.kind;
        let address = self.tenant.names.address_of(object);
        let body = tidy::body(&self.tenant, object, &address, self.findings)?;
        let is_set = match &body {
            Value::List(members) => !members.is_empty() || is_worth_saying_empty(object),
            Value::Map(map) => map.keys().any(|field| !is_said_by_place(kind, field)),
            _ => false,
        };
        if !is_set && !is_made_by_people(kind) && !self.has_nested(object) {
            return None;
        }
        body.references(&mut |reference| {
            self.referred.insert(reference.clone());
        });
        let name = self.tenant.names.name_of(object);
        self.describe(object, &name);
        let mut piece = phrase(object, &name, &address, &body);
        self.fill(kind, object.id.as_ref(), &mut piece);
        (is_set || is_made_by_people(kind) || !piece.is_empty()).then_some(piece)
    }

    fn has_nested(&self, object: &Object) -> bool {
        self.nested.contains_key(&(object.kind.name.as_str(), object.id.clone()))
    }

    fn describe(&mut self, object: &Object, name: &str) {
        let qualified = object.id.as_ref().and_then(|id| self.tenant.names.name(object.kind.space(), &id.0));
        let name = qualified.unwrap_or(name).to_owned();
        self.described.insert((object.kind.space().to_owned(), name));
    }

    /// Puts what is nested into its parent.
    fn fill(&mut self, kind: &'static Kind, id: Option<&RemoteId>, piece: &mut Piece) {
        let Some(mut inside) = self.nested.remove(&(kind.name.as_str(), id.cloned())) else { return };
        inside.sort_by_cached_key(|object| {
            (object.kind.name.clone(), place_order(object), self.tenant.names.name_of(object))
        });
        for object in inside {
            if is_embedded(object.kind) {
                let name = self.tenant.names.name_of(object);
                self.describe(object, &name);
                self.report_unseen(object);
                continue;
            }
            if let Some(nested) = self.node(object) {
                let mut slot = Some(std::mem::replace(piece, Piece::Null));
                put(&mut slot, &object.kind.place, &object.key, nested);
                *piece = slot.unwrap_or(Piece::Null);
            }
        }
        if let Some(map) = piece.as_map_mut() {
            arrange(kind, map);
        }
    }

    /// What create needs and the tenant never shows is missing from the files.
    fn report_unseen(&mut self, object: &Object) {
        let fields = &object.kind.fields;
        let unseen: Vec<String> = fields
            .write_only
            .iter()
            .filter(|field| fields.create_only.contains(field))
            .map(|field| format!("`{field}`"))
            .collect();
        if !unseen.is_empty() {
            self.findings.push(
                Diagnostic::note("unseen-field", format!("the tenant never shows {}", unseen.join(" or ")))
                    .on(&self.tenant.names.address_of(object))
                    .help("It stays as it is. To create this elsewhere, write it by hand."),
            );
        }
    }

    fn external(&self, live: &Live) -> BTreeSet<String> {
        let mut external = BTreeSet::new();
        for reference in &self.referred {
            let is_described = self.described.contains(&(reference.space.clone(), reference.name.clone()));
            if is_described || catalogue().is_looked_up(&reference.space) {
                continue;
            }
            let held = live.objects.iter().find(|object| {
                object.kind.space() == reference.space && self.tenant.names.name_of(object) == reference.name
            });
            let kind = held.map(|object| object.kind).or_else(|| catalogue().in_space(&reference.space).next());
            if let Some(kind) = kind {
                external.insert(Address::named(&kind.name, &reference.name).to_string());
            }
        }
        external
    }

    fn known_ids(&self, live: &Live) -> BTreeMap<String, KnownId> {
        let mut ids = BTreeMap::new();
        for object in &live.objects {
            let (Some(id), Some(field)) = (&object.id, &object.kind.id) else { continue };
            let name = self.tenant.names.name(object.kind.space(), &id.0).unwrap_or_default().to_owned();
            let is_exported = self.described.contains(&(object.kind.space().to_owned(), name));
            let address = self.tenant.names.address_of(object);
            ids.insert(id.0.clone(), KnownId { address, field: field.clone(), is_exported });
        }
        ids
    }
}

/// An empty list inside its parent says "none" only where the list is all there is.
fn is_worth_saying_empty(object: &Object) -> bool {
    object.parent.is_some() && object.kind.membership.as_ref().is_some_and(|m| m.members == MemberPolicy::Exact)
}

/// Says whether an object is there because somebody made it, so that it counts with nothing set.
fn is_made_by_people(kind: &Kind) -> bool {
    matches!(kind.shape, Shape::Collection | Shape::Child) || (kind.shape == Shape::Keyed && !kind.always_exists())
}

/// The identity of what is always there says nothing about it.
fn is_said_by_place(kind: &Kind, field: &String) -> bool {
    kind.shape == Shape::Keyed && kind.identity.contains(field)
}

/// The values of the map keys above an object, outermost first.
fn place_order(object: &Object) -> Vec<String> {
    let keys = object.kind.place.iter().filter_map(|step| match step {
        Step::Each(field) => object.key.get(field).cloned(),
        _ => None,
    });
    keys.collect()
}

/// Puts a piece at a place, making the lists and maps on the way.
fn put(slot: &mut Option<Piece>, steps: &[Step], key: &BTreeMap<String, String>, piece: Piece) {
    let Some((step, rest)) = steps.split_first() else {
        *slot = Some(match (slot.take(), piece) {
            // A shelf that was made for what lies in it.
            (Some(Piece::Map(mut made)), Piece::Map(map)) => {
                made.extend(map);
                Piece::Map(made)
            }
            (_, piece) => piece,
        });
        return;
    };
    if matches!(step, Step::Items) {
        if !matches!(slot, Some(Piece::List(_))) {
            *slot = Some(Piece::List(Vec::new()));
        }
        if let Some(Piece::List(list)) = slot {
            let mut item = None;
            put(&mut item, rest, key, piece);
            list.extend(item);
        }
        return;
    }
    if !matches!(slot, Some(Piece::Map(_))) {
        *slot = Some(Piece::Map(IndexMap::new()));
    }
    let name = match step {
        Step::Each(field) => key.get(field).cloned().unwrap_or_default(),
        Step::Key(name) => name.clone(),
        Step::Items => String::new(),
    };
    if let Some(Piece::Map(map)) = slot {
        let mut inner = map.shift_remove(&name);
        put(&mut inner, rest, key, piece);
        map.extend(inner.map(|inner| (name, inner)));
    }
}
