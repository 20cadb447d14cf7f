//! Which fields each kind has, of which type and with which values: what can be known to be wrong without a tenant.
//!
//! `fields.json` is derived (`derive_fields.py`) from the Management API's schemas. It is never read as defaults, never
//! refuses a null, and takes unions as any-of. A field it does not know may be newer than it: see [`check`].

mod check;
pub mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::check::{Checker, READ_ONLY};
use self::table::{Extra, Index, Schema, Type, table};
use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::Node;
use crate::model::path::{FieldPath, Segment};
use crate::model::value::{Map, Value};

/// Checks what files say of one resource: `body` is its node, by the files' own field names or the API's.
///
/// Findings: `unknown-field` (an error if a near name exists or with `strict`, else a warning; in objects that take any
/// name never more than a warning), `wrong-type`, `wrong-value`, `read-only-field` (a warning). The tool's own fields,
/// `$` directives, free maps and nulls pass; fields that are missing are not looked for. No value is ever quoted.
pub fn check(
    kind: &Kind,
    key: &BTreeMap<String, String>,
    body: &Node,
    strict: bool,
    findings: &mut Diagnostics,
    address: &Address,
) {
    let own = kind.key_path(key);
    let schema = own.and_then(|own| own.schema.as_deref()).or(kind.schema.as_deref());
    let Some(roots) = schema.and_then(|schema| table().roots(schema)) else { return };
    let indexes: Vec<Index> = roots.create.iter().chain(&roots.others).copied().collect();
    let renames = kind.fields.rename.iter().chain(own.iter().flat_map(|own| &own.rename));
    let mut checker = Checker {
        kind,
        table: table(),
        strategies: &roots.strategies,
        renames: renames.map(|(file, api)| (file.as_str(), api.as_str())).collect(),
        strict,
        findings,
        address,
    };
    let (path, shown) = (FieldPath::default(), FieldPath::default());
    if kind.shape != Shape::Membership {
        return checker.root(body, &path, &shown, &indexes);
    }
    if let Some(field) = kind.membership.as_ref().and_then(|membership| membership.map_value.as_deref()) {
        return checker.map_values(body, field, &indexes);
    }
    for (index, member) in body.items().iter().enumerate().filter(|(_, member)| !member.entries().is_empty()) {
        let at = path.with(Segment::Index(index));
        checker.root(member, &at, &at, &indexes);
    }
}

/// Drops the warnings of fields that only answers have: exports of other tools are full of them.
pub fn forgive_read_only(findings: &mut Diagnostics) {
    findings.0.retain(|finding| finding.code != READ_ONLY);
}

/// Returns the names of all fields that resources of a kind can have at the top; `None` if it takes any name.
pub fn names_of(kind: &Kind) -> Option<BTreeSet<&str>> {
    let indexes: Vec<Index> = table().roots_of(kind).iter().flat_map(|roots| roots.indexes()).collect();
    let branches = table().branches(&indexes);
    if branches.is_empty() || branches.iter().any(|schema| schema.is_open()) {
        return None;
    }
    let mut names: BTreeSet<&str> =
        branches.iter().flat_map(|schema| schema.fields.keys()).map(String::as_str).collect();
    let own = kind.identity.iter().chain(&kind.fields.tool).chain(kind.fields.rename.keys());
    names.extend(own.map(String::as_str));
    names.extend(kind.fields.read_only.iter().filter_map(|pattern| pattern.top()));
    Some(names)
}

/// Returns the fields that the API asks for to create one and `body` lacks, as dotted paths in the schema's order.
///
/// `body` is by API names. What lies inside counts only where the object around it is there.
pub fn missing_required(kind: &Kind, body: &Map) -> Vec<String> {
    let mut missing: Vec<String> =
        kind.fields.required.iter().filter(|field| !body.contains_key(*field)).cloned().collect();
    let Some(roots) = kind.schema.as_deref().and_then(|schema| table().roots(schema)) else { return missing };
    let Some(create) = roots.create else { return missing };
    let mut inner: Vec<Index> = vec![create];
    inner.extend(&roots.others);
    let (top, below) = (table().branches(&[create]), table().branches(&inner));
    let top = table().agreeing(top, &|name| text_of(body, name));
    let below = table().agreeing(below, &|name| text_of(body, name));
    let lacks = |schema: &&Schema| schema.required.iter().filter(|field| !body.contains_key(*field)).count();
    if let Some(schema) = top.into_iter().filter(|schema| schema.kind == Some(Type::Object)).min_by_key(lacks) {
        missing.extend(schema.required.iter().filter(|field| !body.contains_key(*field)).cloned());
    }
    for (field, value) in body {
        let strategy = (field == "options").then(|| text_of(body, "strategy")).flatten();
        let children = match strategy.and_then(|strategy| roots.strategies.get(&strategy)) {
            Some(options) => options.clone(),
            None => below.iter().filter_map(|schema| schema.fields.get(field)).copied().collect(),
        };
        missing.extend(missing_inside(value, &children).into_iter().map(|rest| format!("{field}{rest}")));
    }
    missing.retain({
        let mut seen = std::collections::BTreeSet::new();
        move |field| seen.insert(field.clone())
    });
    // A credential, a member, the key in a path: what stands elsewhere than in the body.
    missing.retain(|field| !kind.identity.contains(field) || kind.shape == Shape::Collection);
    missing
}

/// Returns what the best-fitting schema misses inside a value, each path with its leading `.` or `[]`.
fn missing_inside(value: &Value, indexes: &[Index]) -> Vec<String> {
    let branches = table().branches(indexes);
    match value {
        Value::Map(map) => {
            let branches = table().agreeing(branches, &|name| text_of(map, name));
            let objects = branches.iter().filter(|schema| schema.kind == Some(Type::Object));
            objects.map(|schema| missing_in(map, schema)).min_by_key(Vec::len).unwrap_or_default()
        }
        Value::List(items) => {
            let children: Vec<Index> = branches.iter().filter_map(|schema| schema.items).collect();
            let mut missing: Vec<String> =
                items.iter().flat_map(|item| missing_inside(item, &children)).map(|rest| format!("[]{rest}")).collect();
            missing.dedup();
            missing
        }
        _ => Vec::new(),
    }
}

fn missing_in(map: &Map, schema: &Schema) -> Vec<String> {
    let mut missing: Vec<String> =
        schema.required.iter().filter(|field| !map.contains_key(*field)).map(|field| format!(".{field}")).collect();
    for (field, value) in map {
        let children = match (schema.fields.get(field), &schema.extra) {
            (Some(child), _) => vec![*child],
            (None, Extra::Like(children)) => children.clone(),
            (None, _) => continue,
        };
        missing.extend(missing_inside(value, &children).into_iter().map(|rest| format!(".{field}{rest}")));
    }
    missing
}

fn text_of(map: &Map, name: &str) -> Option<String> {
    map.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Returns the dotted paths of every field that the table knows of a kind, lists as `[]`; for tests and generators.
///
/// Errors: `None` for a name that the table does not have. A schema that contains itself is followed four levels.
pub fn paths(schema: &str) -> Option<std::collections::BTreeSet<String>> {
    let roots = table().roots(schema)?;
    let mut found = std::collections::BTreeSet::new();
    let indexes: Vec<Index> = roots.create.iter().chain(&roots.others).copied().collect();
    collect(&indexes, "", 0, &mut found);
    for options in roots.strategies.values() {
        collect(options, "options", 1, &mut found);
    }
    Some(found)
}

fn collect(indexes: &[Index], at: &str, depth: usize, found: &mut std::collections::BTreeSet<String>) {
    if depth > 12 {
        return;
    }
    for schema in table().branches(indexes) {
        for (name, child) in &schema.fields {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            collect(&[*child], &path, depth + 1, found);
            found.insert(path);
        }
        if let Some(items) = schema.items {
            collect(&[items], &format!("{at}[]"), depth + 1, found);
        }
        if let Extra::Like(children) = &schema.extra {
            collect(children, &if at.is_empty() { "*".to_owned() } else { format!("{at}.*") }, depth + 1, found);
        }
    }
}
