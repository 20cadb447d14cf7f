//! The objects of one kind as files write them: fields by the files' names, nested kinds, directives.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::field::{Forge, one_of_these};
use super::note;
use crate::catalogue::fields::table::{Index, Roots, Schema, Type, table};
use crate::catalogue::kind::{Kind, Membership};
use crate::catalogue::place::Step;
use crate::catalogue::table::{catalogue, is_credential};
use crate::model::path::{FieldPath, Segment};
use crate::pipeline::load::native::{NEW, ON_RESOURCES};

/// The field that says which `options` a connection has.
const STRATEGY: &str = "strategy";
const OPTIONS: &str = "options";

impl Forge {
    /// Returns a reference to the schema of one object of a kind.
    pub fn resource(&mut self, kind: &'static Kind) -> Json {
        let name = kind.name.replace('/', ".");
        self.shared(&name, |forge| {
            let own: Vec<&Roots> = table().roots_of(kind);
            forge.object_of(kind, &own)
        })
    }

    /// Returns a reference to the schema of the object under one key of a keyed kind.
    pub fn resource_at(&mut self, kind: &'static Kind, key: &str) -> Json {
        let own = kind.key_paths.get(key).and_then(|own| own.schema.as_deref());
        let Some(roots) = own.and_then(|schema| table().roots(schema)) else { return self.resource(kind) };
        let name = format!("{}.{key}", kind.name.replace('/', "."));
        self.shared(&name, |forge| forge.object_of(kind, &[roots]))
    }

    fn object_of(&mut self, kind: &'static Kind, all: &[&Roots]) -> Json {
        let indexes: Vec<Index> = all.iter().flat_map(|roots| roots.indexes()).collect();
        let branches = table().branches(&indexes);
        let root = FieldPath::default();
        let mut properties = self.fields(kind, &root, &branches);
        let mut cases = Vec::new();
        for roots in all {
            self.by_strategy(kind, roots, &mut properties, &mut cases);
            self.by_type(kind, roots, &mut properties, &mut cases);
        }
        let beside = kind.identity.iter().filter(|field| !in_keys(kind, field));
        for name in beside {
            properties.entry(name.as_str()).or_insert_with(|| described(json!({ "type": "string" }), kind, name));
        }
        for name in kind.fields.tool.iter().chain(kind.fields.rename.keys()) {
            properties.entry(name.as_str()).or_insert_with(|| json!({}));
        }
        for pattern in &kind.fields.read_only {
            if let Some(name) = pattern.top().filter(|name| *name == pattern.to_string()) {
                properties.entry(name).or_insert_with(|| described(json!({}), kind, name));
            }
        }
        let nested = catalogue().nested(&kind.name).filter(|kind| !is_credential(kind));
        let nested = nested.map(|kind| (kind, kind.place.as_slice())).chain(catalogue().written_inside(kind));
        let nested: Vec<_> = nested.collect();
        for (name, schema) in self.members_at(&nested) {
            properties.insert(name, schema);
        }
        for name in ON_RESOURCES.iter().chain(self.overlay.then_some(&NEW)) {
            properties.insert((*name).to_owned(), directive(name));
        }
        let mut object = json!({
            "type": ["object", "null"],
            "description": note::of_kind(kind),
            "properties": properties,
        });
        let Some(schema) = object.as_object_mut() else { return object };
        if !branches.is_empty() && !branches.iter().any(|schema| schema.is_open()) {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
        if !cases.is_empty() {
            schema.insert("allOf".to_owned(), Json::Array(cases));
        }
        if let Some(extension) = &kind.object_file {
            let said = format!("A path to a `.{extension}` file.");
            return json!({ "anyOf": [object, { "type": "string", "description": said }] });
        }
        object
    }

    /// Returns the schema of a member list.
    pub fn member_list(&mut self, kind: &'static Kind, membership: &Membership) -> Json {
        let indexes: Vec<Index> = table().roots_of(kind).into_iter().flat_map(Roots::indexes).collect();
        let branches = table().branches(&indexes);
        if let Some(value) = &membership.map_value {
            let children = children(&branches, value);
            let path = FieldPath::default().with(Segment::Item(String::new())).key(value);
            let values = self.field(kind, &path, &children);
            return one_of_these(vec![json!({ "type": "object", "additionalProperties": values })]);
        }
        let path = FieldPath::default().with(Segment::Index(0));
        let mut properties = self.fields(kind, &path, &branches);
        for name in membership.identity.iter().chain(&membership.sent).chain(kind.fields.rename.keys()) {
            properties.entry(name.as_str()).or_insert_with(|| json!({}));
        }
        let member = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        let items = match membership.scalar {
            true => json!({ "anyOf": [{ "type": "string" }, member] }),
            false => member,
        };
        let list = json!({ "type": "array", "items": items, "description": note::of_kind(kind) });
        let adjusted = self.overlay.then(|| json!({ "$ref": "#/$defs/adjustment" }));
        one_of_these([list].into_iter().chain(adjusted).collect())
    }

    /// Returns the fields of several bodies by the files' names and, where they differ, the API's.
    fn fields(&mut self, kind: &'static Kind, at: &FieldPath, branches: &[&Schema]) -> JsonMap<String, Json> {
        let mut all: BTreeMap<&str, Vec<Index>> = BTreeMap::new();
        for (name, child) in branches.iter().flat_map(|schema| &schema.fields) {
            let known = all.entry(name).or_default();
            if !known.contains(child) {
                known.push(*child);
            }
        }
        let own = kind.key_paths.values().flat_map(|own| &own.rename);
        let renames: Vec<(&String, &String)> = kind.fields.rename.iter().chain(own).collect();
        let mut properties = JsonMap::new();
        for (name, children) in all {
            let schema = self.field(kind, &at.key(name), &children);
            for (file, _) in renames.iter().filter(|(_, api)| *api == name) {
                properties.insert((*file).clone(), schema.clone());
            }
            properties.insert(name.to_owned(), schema);
        }
        properties
    }

    /// What `options` may hold follows from the strategy, where one is written.
    fn by_strategy(
        &mut self,
        kind: &'static Kind,
        roots: &Roots,
        properties: &mut JsonMap<String, Json>,
        cases: &mut Vec<Json>,
    ) {
        if roots.strategies.is_empty() {
            return;
        }
        properties.insert(OPTIONS.to_owned(), loose());
        for (strategy, indexes) in &roots.strategies {
            if kind.filter.as_ref().is_some_and(|filter| !filter.fits(Some(&json!(strategy)))) {
                continue;
            }
            let name = format!("{}.{OPTIONS}.{strategy}", kind.name);
            let path = FieldPath::default().key(OPTIONS);
            let options = self.shared(&name, |forge| forge.field(kind, &path, indexes));
            cases.push(case(STRATEGY, &[json!(strategy)], OPTIONS, options));
        }
    }

    /// What other fields may hold follows from a field with fixed values, where the bodies to create differ by one.
    fn by_type(
        &mut self,
        kind: &'static Kind,
        roots: &Roots,
        properties: &mut JsonMap<String, Json>,
        cases: &mut Vec<Json>,
    ) {
        let Some(create) = roots.create else { return };
        let bodies = table().branches(&[create]);
        let Some(tell) = telling(&bodies) else { return };
        let others = table().branches(&roots.others);
        let names: Vec<String> = properties.keys().filter(|name| *name != tell).cloned().collect();
        for name in names {
            let mut of_bodies: Vec<Vec<Index>> = bodies.iter().map(|body| children(&[*body], &name)).collect();
            of_bodies.dedup();
            if of_bodies.len() < 2 {
                continue;
            }
            properties.insert(name.clone(), loose());
            for body in &bodies {
                let mut own = children(&[*body], &name);
                own.extend(children(&others, &name));
                if !own.is_empty() {
                    let schema = self.field(kind, &FieldPath::default().key(&name), &own);
                    cases.push(case(tell, &fixed(body, tell), &name, schema));
                }
            }
        }
    }
}

fn case(field: &str, values: &[Json], then: &str, schema: Json) -> Json {
    json!({
        "if": { "properties": { field: { "enum": values } }, "required": [field] },
        "then": { "properties": { then: schema } },
    })
}

/// A map whose members another field decides.
fn loose() -> Json {
    one_of_these(vec![json!({ "type": "object" })])
}

/// Returns the field by whose fixed values several bodies are told apart.
fn telling<'t>(bodies: &[&'t Schema]) -> Option<&'t str> {
    let (first, rest) = bodies.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let all_fix = |name: &&String| {
        let mut seen: Vec<Json> = fixed(first, name);
        let apart = |body: &&Schema| {
            let values = fixed(body, name);
            let new = !values.is_empty() && !values.iter().any(|value| seen.contains(value));
            seen.extend(values);
            new
        };
        !fixed(first, name).is_empty() && rest.iter().all(apart)
    };
    first.fields.keys().find(all_fix).map(String::as_str)
}

fn fixed(body: &Schema, name: &str) -> Vec<Json> {
    let branches = table().branches(&children(&[body], name));
    if branches.iter().any(|schema| schema.values.is_empty() || schema.kind != Some(Type::Text)) {
        return Vec::new();
    }
    branches.iter().flat_map(|schema| schema.values.iter().cloned()).collect()
}

fn children(branches: &[&Schema], name: &str) -> Vec<Index> {
    let mut found: Vec<Index> = branches.iter().filter_map(|schema| schema.fields.get(name)).copied().collect();
    found.dedup();
    found
}

fn in_keys(kind: &Kind, field: &str) -> bool {
    kind.place.iter().any(|step| matches!(step, Step::Each(name) if name == field))
}

fn described(mut schema: Json, kind: &Kind, name: &str) -> Json {
    let said = note::of_field(kind, &FieldPath::default().key(name));
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), Json::String(said));
    }
    schema
}

/// Returns the schema of what speaks to the tool.
fn directive(name: &str) -> Json {
    let (types, said) = match name {
        "$key" => (json!("string"), "The name in addresses, which overlays, `ref`, `bind` and `protect` use."),
        "$was" => (json!("string"), "The former name: an update instead of a deletion and a creation."),
        "$only" => (json!(["array", "string"]), "The tenants that have it; in others it counts as removed."),
        "$remove" => (json!("boolean"), "Removes it from this tenant."),
        "$render" => (json!("boolean"), "Renders fields that Auth0 renders too; `\\{{` is then Auth0's."),
        "$release" => (json!("boolean"), "Gives up its management without deleting it."),
        _ => (json!("boolean"), "The templates have no such resource: this adds one."),
    };
    json!({ "type": types, "description": said })
}
