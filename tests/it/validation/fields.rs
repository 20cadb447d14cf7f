//! The fields of a kind by the table, as files write them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tenantry::catalogue::fields::table::{Extra, Index, Schema, Type, table};
use tenantry::catalogue::kind::ReferenceField;
use tenantry::catalogue::place;
use tenantry::catalogue::quirk::Quirk;
use tenantry::catalogue::shape::Shape;
use tenantry::catalogue::table::{catalogue, reference_at};
use tenantry::model::path::{FieldPath, FieldPattern, Segment};

use super::ground::Ground;
use super::written::Step;

/// How deep fields are looked for.
const DEPTH: usize = 6;

/// A field of a kind: the way below the object, the schemas of its value, and what is known of it.
pub struct Field {
    pub way: Vec<Step>,
    pub told: Option<(String, String)>,
    pub schemas: Vec<Index>,
    /// The names beside it.
    pub beside: BTreeSet<String>,
    /// Whether the object around it takes no other names.
    pub closed: bool,
    /// Whether it lies in a list that one item alone would make wrong.
    pub crowded: bool,
}

/// Returns the fields that files may write.
pub fn fields_of(ground: &Ground) -> Vec<Field> {
    let kind = ground.kind;
    let own = kind.key_path(&ground.key).and_then(|own| own.schema.as_deref());
    let Some(roots) = own.or(kind.schema.as_deref()).and_then(|schema| table().roots(schema)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if is_map_value(ground) {
        let value = kind.membership.as_ref().and_then(|membership| membership.map_value.clone()).unwrap();
        let branches = table().branches(&roots.indexes());
        let schemas = branches.iter().filter_map(|schema| schema.fields.get(&value)).copied().collect();
        let name = ground.object().as_object().and_then(|map| map.keys().next().cloned()).unwrap();
        let way = vec![Step::Key(name)];
        return vec![Field { way, told: None, schemas, beside: BTreeSet::new(), closed: false, crowded: false }];
    }
    walk(&roots.indexes(), &[], (None, false), &mut found);
    for (strategy, indexes) in &roots.strategies {
        if kind.filter.as_ref().is_none_or(|filter| filter.fits(Some(&json!(strategy)))) {
            let told = ("strategy".to_owned(), strategy.clone());
            walk(indexes, &[Step::Key("options".to_owned())], (Some(&told), false), &mut found);
        }
    }
    if !roots.strategies.is_empty() {
        found.retain(|field| field.told.is_some() || field.way.len() == 1);
    }
    found.retain(|field| is_writable(ground, field));
    for field in &mut found {
        rename(ground, field);
    }
    found
}

fn walk(indexes: &[Index], at: &[Step], (told, crowded): (Option<&(String, String)>, bool), found: &mut Vec<Field>) {
    if at.len() > DEPTH {
        return;
    }
    let branches = table().branches(indexes);
    let beside: BTreeSet<String> = branches.iter().flat_map(|schema| schema.fields.keys().cloned()).collect();
    let closed = !branches.iter().any(|schema| schema.is_open() || schema.kind == Some(Type::Anything));
    let with = |step: Step| [at.to_vec(), vec![step]].concat();
    for name in &beside {
        let schemas: Vec<Index> = branches.iter().filter_map(|schema| schema.fields.get(name)).copied().collect();
        let way = with(Step::Key(name.clone()));
        walk(&schemas, &way, (told, crowded), found);
        found.push(Field { way, told: told.cloned(), schemas, beside: beside.clone(), closed, crowded });
    }
    let items: Vec<Index> = branches.iter().filter_map(|schema| schema.items).collect();
    if !items.is_empty() {
        let way = with(Step::Index(0));
        let crowded = crowded || branches.iter().any(|schema| schema.items.is_some() && !schema.admits(1.0));
        walk(&items, &way, (told, crowded), found);
        found.push(Field { way, told: told.cloned(), schemas: items, beside: BTreeSet::new(), closed: true, crowded });
    }
    for schema in branches {
        if let Extra::Like(children) = &schema.extra {
            let way = with(Step::Key("mine".to_owned()));
            walk(children, &way, (told, crowded), found);
            found.push(Field {
                way,
                told: told.cloned(),
                schemas: children.clone(),
                beside: BTreeSet::new(),
                closed: false,
                crowded,
            });
        }
    }
}

/// The field as a pattern of the catalogue sees it.
pub fn path_of(ground: &Ground, way: &[Step]) -> FieldPath {
    let segment = |step: &Step| match step {
        Step::Key(key) => Segment::Key(key.clone()),
        Step::Index(index) => Segment::Index(*index),
    };
    let member = (ground.kind.shape == Shape::Membership && !is_map_value(ground)).then_some(Segment::Index(0));
    FieldPath(member.into_iter().chain(way.iter().map(segment)).collect())
}

pub fn covered(patterns: &[FieldPattern], path: &FieldPath) -> bool {
    patterns.iter().any(|pattern| pattern.covers(path))
}

/// Says whether files write the field in the object itself, as a field of the kind.
fn is_writable(ground: &Ground, field: &Field) -> bool {
    let kind = ground.kind;
    let Some(Step::Key(top)) = field.way.first() else { return false };
    let path = path_of(ground, &field.way);
    let nested = catalogue()
        .nested(&kind.name)
        .any(|child| matches!(child.place.first(), Some(place::Step::Key(key)) if key == top));
    // Of what a flag makes, files write the flag alone. Credentials stand inside the methods, as a kind of their own.
    let credentials = kind.has(Quirk::CredentialsInMethods) && field.way.contains(&Step::Key("credentials".to_owned()));
    !(nested
        || kind.marked.is_some()
        || credentials
        || covered(&kind.fields.read_only, &path)
        || covered(&kind.fields.free, &path)
        || kind.fields.tool.contains(top))
}

/// Files have names of their own for some fields.
fn rename(ground: &Ground, field: &mut Field) {
    let own = ground.kind.key_path(&ground.key).into_iter().flat_map(|own| &own.rename);
    let renames: BTreeMap<&String, &String> =
        ground.kind.fields.rename.iter().chain(own).map(|(file, api)| (api, file)).collect();
    if let Some(Step::Key(top)) = field.way.first_mut()
        && let Some(file) = renames.get(top)
    {
        *top = (*file).clone();
    }
    if field.way.len() == 1 {
        field.beside = field.beside.iter().map(|name| renames.get(name).map_or(name, |file| *file).clone()).collect();
    }
}

/// The field by its API name, for patterns.
pub fn api_path(ground: &Ground, field: &Field) -> FieldPath {
    let own = ground.kind.key_path(&ground.key).into_iter().flat_map(|own| &own.rename);
    let mut way = field.way.clone();
    if let Some(Step::Key(top)) = way.first_mut()
        && let Some((_, api)) = ground.kind.fields.rename.iter().chain(own).find(|(file, _)| *file == top)
    {
        *top = api.clone();
    }
    path_of(ground, &way)
}

pub fn branches(field: &Field) -> Vec<&'static Schema> {
    table().branches(&field.schemas)
}

/// Whether the field is one of those that name the object: without them it has no address.
pub fn names(ground: &Ground, field: &Field) -> bool {
    !is_map_value(ground) && matches!(field.way.as_slice(), [Step::Key(name)] if ground.naming_fields().contains(name))
}

/// Texts there mean something else: a secret, a companion file, a name, what decides the kind.
pub fn is_plain(ground: &Ground, field: &Field) -> bool {
    let (kind, path) = (ground.kind, api_path(ground, field));
    let of_file =
        kind.fields.files.keys().any(|pattern| pattern.parse::<FieldPattern>().is_ok_and(|one| one.covers(&path)));
    let decides = kind.filter.as_ref().is_some_and(|filter| path.0 == [Segment::Key(filter.field.clone())]);
    !(of_file || decides || covered(&kind.fields.secret, &path) || covered(&kind.fields.hands_off, &path))
}

/// Whether the field holds the name of another object.
pub fn refers(ground: &Ground, field: &Field) -> bool {
    reference_at(ground.kind, &api_path(ground, field)).is_some()
}

/// Whether the field holds the name of another object, and it is in the files that this one must be.
pub fn must_be_described(ground: &Ground, field: &Field) -> bool {
    reference_at(ground.kind, &api_path(ground, field)).is_some_and(|reference| !is_looked_up(reference))
}

/// Whether only the tenant can say if a name is right.
pub fn is_looked_up(reference: &ReferenceField) -> bool {
    catalogue().is_looked_up(&reference.space)
}

/// Whether files write a map from names to the values of one field.
pub fn is_map_value(ground: &Ground) -> bool {
    ground.kind.membership.as_ref().is_some_and(|membership| membership.map_value.is_some())
}
