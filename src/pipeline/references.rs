//! Names in bodies become references, secrets become tainted, both where the catalogue says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::{catalogue, is_credential};
use crate::model::address::Address;
use crate::model::desired::{Desired, MEMBERS, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Node, Place};
use crate::model::path::{FieldPath, Segment};
use crate::model::secret::Secret;
use crate::model::value::{Part, Reference, Value};
use crate::pipeline::credentials;
use crate::pipeline::resolve::split_key;

/// Returns the name by which others refer to a resource: children carry their parent's name in front.
pub fn qualified(parent: Option<&str>, kind: &Kind, name: &str) -> String {
    match parent {
        Some(parent) if kind.shape == Shape::Child => format!("{parent},{name}"),
        _ => name.to_owned(),
    }
}

/// Links every body. With `offline`, a name that the files do not describe is an error; else the plan judges.
pub fn link(desired: &mut Desired, offline: bool, findings: &mut Diagnostics) {
    let known = Known::of(desired);
    let deploy_cli = desired.settings.deploy_cli;
    let external = desired.settings.external.iter().chain(desired.settings.bind.keys()).cloned().collect();
    for resource in &mut desired.resources {
        taint(resource, deploy_cli);
        point(resource, &known, findings);
        if offline {
            report_dangling(resource, &known, &external, deploy_cli, findings);
        }
    }
    // What is taken out may point at what is taken out too: only its own name matters any more.
    let mut unheard = Diagnostics::default();
    for resource in &mut desired.removed {
        taint(resource, deploy_cli);
        point(resource, &known, &mut unheard);
    }
}

/// Links what a tenant held: plain names, without regard to what the files describe.
pub fn point_alone(resource: &mut Resource) {
    let known = Known { names: BTreeMap::new(), addresses: BTreeMap::new(), grants: Vec::new() };
    point(resource, &known, &mut Diagnostics::default());
}

/// The names that the files describe.
struct Known {
    /// space -> names.
    names: BTreeMap<String, BTreeSet<String>>,
    /// address -> (space, name, the id field's name).
    addresses: BTreeMap<Address, (String, String, Option<String>)>,
    /// Names of grants, for those that are pointed at by client only.
    grants: Vec<String>,
}

impl Known {
    fn of(desired: &Desired) -> Self {
        let mut known = Self { names: BTreeMap::new(), addresses: BTreeMap::new(), grants: Vec::new() };
        let names: BTreeMap<Address, String> =
            desired.resources.iter().map(|r| (r.address.clone(), r.name.clone())).collect();
        for resource in &desired.resources {
            let parent = resource.parent.as_ref().and_then(|p| names.get(p)).map(String::as_str);
            let name = qualified(parent, resource.kind, &resource.name);
            let space = resource.kind.space().to_owned();
            known.names.entry(space.clone()).or_default().insert(name.clone());
            if resource.kind.has(Quirk::GranteeOrDefault) {
                known.grants.push(name.clone());
            }
            known.addresses.insert(resource.address.clone(), (space, name, resource.kind.id.clone()));
        }
        known
    }

    /// What files cannot describe is for the plan to judge.
    fn has(&self, reference: &Reference) -> bool {
        self.names.get(&reference.space).is_some_and(|names| names.contains(&reference.name))
            || catalogue().is_looked_up(&reference.space)
    }
}

/// Taints what the catalogue lists as secret.
fn taint(resource: &mut Resource, deploy_cli: bool) {
    let address = resource.address.to_string();
    let kind = resource.kind;
    on_body(resource, |body| {
        for pattern in &kind.fields.secret {
            pattern.rewrite(body, &mut |path, value| {
                Some(match value {
                    Value::String(text) if text.is_empty() => Value::String(text),
                    Value::String(text) if deploy_cli && is_marker(&text) => {
                        Value::Secret(Secret::keep(format!("{address}:{path}")))
                    }
                    Value::String(text) => Value::Secret(Secret::new(format!("{address}:{path}"), text)),
                    other => other,
                })
            });
        }
    });
}

/// A keyword that nothing replaced, alone in a secret field: the export of a Deploy CLI project writes these.
pub fn is_marker(text: &str) -> bool {
    let inner = |sign: &str| text.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign));
    [inner("##"), inner("@@")]
        .into_iter()
        .flatten()
        .any(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
}

/// Runs over the body as one value: the map, or the list of a membership.
pub fn on_body(resource: &mut Resource, work: impl FnOnce(&mut Value)) {
    if resource.kind.shape == Shape::Membership {
        if let Some(list) = resource.body.get_mut(MEMBERS) {
            work(list);
        }
    } else {
        let mut body = Value::Map(std::mem::take(&mut resource.body));
        work(&mut body);
        if let Value::Map(map) = body {
            resource.body = map;
        }
    }
}

fn point(resource: &mut Resource, known: &Known, findings: &mut Diagnostics) {
    let kind = resource.kind;
    let place = resource.place.clone();
    let places = resource.field_places.clone();
    let address = resource.address.clone();
    on_body(resource, |body| {
        if kind.has(Quirk::GrantByClient) {
            grants_by_client(kind, body, known, &place, &address, findings);
        }
        for field in &kind.references {
            field.field.rewrite(body, &mut |_, value| {
                Some(match value {
                    Value::String(name) if !name.is_empty() && !field.except.contains(&name) => {
                        Value::Reference(Reference { space: field.space.clone(), name, by: field.by.clone() })
                    }
                    other => other,
                })
            });
        }
        match body {
            Value::Map(map) => map.iter_mut().for_each(|(field, value)| {
                resolve_holes(value, known, places.get(field).unwrap_or(&place), &address, findings);
            }),
            list => resolve_holes(list, known, &place, &address, findings),
        }
    });
}

/// Turns `{{ref "address" "field"}}` into references by name.
fn resolve_holes(value: &mut Value, known: &Known, place: &Place, address: &Address, findings: &mut Diagnostics) {
    match value {
        Value::List(list) => list.iter_mut().for_each(|v| resolve_holes(v, known, place, address, findings)),
        Value::Map(map) => map.values_mut().for_each(|v| resolve_holes(v, known, place, address, findings)),
        Value::Template(parts) => {
            for part in parts.iter_mut() {
                let Part::Reference(reference) = part else { continue };
                if reference.space != "ref" {
                    continue;
                }
                if let Some(own) = reference.name.strip_prefix(credentials::OWN) {
                    let space = catalogue()
                        .kinds()
                        .find(|kind| is_credential(kind))
                        .map_or_else(String::new, |kind| kind.space().to_owned());
                    *reference = Reference { space, name: own.to_owned(), by: "id".to_owned() };
                    continue;
                }
                let target = Address::typed(&reference.name);
                match known.addresses.get(&target) {
                    Some((space, name, id)) => {
                        let by = if id.as_deref() == Some(reference.by.as_str()) { "id" } else { &reference.by };
                        *reference = Reference { space: space.clone(), name: name.clone(), by: by.to_owned() };
                    }
                    None => {
                        let mut finding =
                            Diagnostic::error("dangling-reference", format!("`{target}` is not in the workspace"))
                                .at(place)
                                .on(address);
                        if let Some(near) = nearest(&reference.name, known.addresses.keys().map(Address::as_str)) {
                            finding = finding.help(format!("Did you mean `{near}`?"));
                        }
                        findings.push(finding);
                    }
                }
            }
            if let [Part::Reference(reference)] = parts.as_slice() {
                *value = Value::Reference(reference.clone());
            } else if let [Part::Secret(secret)] = parts.as_slice() {
                *value = Value::Secret(secret.clone());
            }
        }
        _ => {}
    }
}

/// `client_id` (and `audience`, where a client has several grants) name a grant in an organization's list.
fn grants_by_client(
    kind: &Kind,
    body: &mut Value,
    known: &Known,
    place: &Place,
    address: &Address,
    findings: &mut Diagnostics,
) {
    let Some(field) = kind.membership.as_ref().and_then(|m| m.identity.first()) else { return };
    let Some(grants) = kind.references.iter().find(|reference| reference.field.to_string() == format!("[].{field}"))
    else {
        return;
    };
    let Value::List(members) = body else { return };
    for member in members {
        let Value::Map(map) = member else { continue };
        let Some(Value::String(client)) = map.get("client_id").cloned() else { continue };
        let audience = map.get("audience").and_then(Value::as_str).map(str::to_owned);
        let prefix = match &audience {
            Some(audience) => format!("{client},{audience},"),
            None => format!("{client},"),
        };
        // The order of files must not decide, so it is the first by name.
        let mut fitting: Vec<&String> = known.grants.iter().filter(|name| name.starts_with(&prefix)).collect();
        fitting.sort();
        if fitting.len() > 1 && audience.is_none() {
            findings.push(
                Diagnostic::warning(
                    "ambiguous-grant",
                    format!("`{client}` has {} grants; the first by name is meant", fitting.len()),
                )
                .at(place)
                .on(address)
                .help("Write `audience` beside `client_id` to say which grant is meant."),
            );
        }
        let name = fitting.first().map_or_else(|| prefix.clone(), |name| (*name).clone());
        map.retain(|key, _| !["client_id", "audience"].contains(&key.as_str()));
        map.insert(
            field.clone(),
            Value::Reference(Reference { space: grants.space.clone(), name, by: "id".to_owned() }),
        );
    }
}

fn report_dangling(
    resource: &Resource,
    known: &Known,
    external: &BTreeSet<String>,
    deploy_cli: bool,
    findings: &mut Diagnostics,
) {
    let body = whole_body(resource);
    let mut missing: BTreeSet<&Reference> = BTreeSet::new();
    body.references(&mut |reference| {
        if reference.space != "ref" && !known.has(reference) && !is_builtin(reference) {
            missing.insert(reference);
        }
    });
    for reference in missing {
        let kinds: Vec<&'static Kind> = catalogue().in_space(&reference.space).collect();
        if kinds.iter().any(|kind| external.contains(Address::named(&kind.name, &reference.name).as_str())) {
            continue;
        }
        let title = kinds.first().map_or("object", |kind| kind.title.as_str());
        let (path, place) = place_of(resource, &body, reference);
        // A grant that was asked for by its client has an open end.
        let name = reference.name.trim_end_matches(',');
        // A list that has an address of its own stands in the files under its last part.
        let list = match path.0.first() {
            Some(Segment::Index(_)) => resource.address.as_str().rsplit('/').next().unwrap_or_default(),
            _ => "",
        };
        let text = format!("`{list}{path}`: there is no {title} `{name}` in the files");
        let near =
            known.names.get(&reference.space).and_then(|n| nearest(&reference.name, n.iter().map(String::as_str)));
        let finding = if deploy_cli && near.is_none() {
            Diagnostic::warning("dangling-reference", text)
        } else {
            Diagnostic::error("dangling-reference", text)
        };
        let help = match (near, kinds.first()) {
            (Some(near), _) => format!("Did you mean `{near}`?"),
            (None, Some(kind)) if name == reference.name => format!(
                "If it exists in the tenant only, name it in the tenant's file: `external: [\"{}\"]`.",
                Address::named(&kind.name, &reference.name)
            ),
            (None, _) => "Describe it, or take the reference out.".to_owned(),
        };
        findings.push(finding.at(&place).on(&resource.address).help(help));
    }
}

/// Returns the addresses that bodies refer to and no file describes, what is left alone and what every tenant has aside.
pub fn undescribed(desired: &Desired) -> BTreeSet<String> {
    let known = Known::of(desired);
    let mut missing = BTreeSet::new();
    for resource in &desired.resources {
        for value in resource.body.values() {
            value.references(&mut |reference| {
                if reference.space == "ref" || known.has(reference) || is_builtin(reference) {
                    return;
                }
                let kinds: Vec<&Kind> = catalogue().in_space(&reference.space).collect();
                if kinds.iter().any(|kind| desired.excluded.kind(kind)) || desired.excluded.reference(reference) {
                    return;
                }
                if let Some(kind) = kinds.first() {
                    missing.insert(Address::named(&kind.name, &reference.name).to_string());
                }
            });
        }
    }
    missing
}

/// Objects that every tenant has may be named without being described.
fn is_builtin(reference: &Reference) -> bool {
    catalogue().in_space(&reference.space).any(|kind| {
        kind.builtin.iter().any(|filter| {
            kind.identity.contains(&filter.field)
                && filter.equals.as_ref().and_then(serde_json::Value::as_str) == Some(reference.name.as_str())
        })
    })
}

fn whole_body(resource: &Resource) -> Value {
    match resource.kind.shape {
        Shape::Membership => resource.body.get(MEMBERS).cloned().unwrap_or(Value::Null),
        _ => Value::Map(resource.body.clone()),
    }
}

/// Returns where a resource names something; its own place where nothing nearer is known.
pub fn place_in(resource: &Resource, reference: &Reference) -> Place {
    place_of(resource, &whole_body(resource), reference).1
}

/// Returns where the reference stands, as a path by the files' names and as a place; that of what is around it where
/// nothing nearer is known.
fn place_of(resource: &Resource, body: &Value, reference: &Reference) -> (FieldPath, Place) {
    let mut path = find(body, reference, &FieldPath::default()).unwrap_or_default();
    if reference.name.ends_with(',')
        && let Some(last) = path.0.last_mut()
    {
        *last = Segment::Key("client_id".to_owned());
    }
    let known = (0..=path.0.len()).rev().find_map(|length| {
        let upto = FieldPath(path.0.get(..length)?.to_vec());
        resource.field_places.get(&upto.to_string()).cloned()
    });
    let kind = resource.kind;
    let scalar = kind.membership.as_ref().is_some_and(|membership| membership.scalar);
    if scalar && path.0.len() > 1 {
        path.0.truncate(1);
    }
    let own = kind.key_path(&split_key(kind, &resource.name));
    for name in path.0.iter_mut().take(2) {
        let Segment::Key(api) = name else { continue };
        let mut renames = kind.fields.rename.iter().chain(own.into_iter().flat_map(|own| &own.rename));
        if let Some((file, _)) = renames.find(|(_, to)| *to == api) {
            *api = file.clone();
        }
        break;
    }
    (path, known.unwrap_or_else(|| resource.place.clone()))
}

fn find(value: &Value, reference: &Reference, at: &FieldPath) -> Option<FieldPath> {
    match value {
        Value::Map(map) => map.iter().find_map(|(name, inner)| find(inner, reference, &at.key(name))),
        Value::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, inner)| find(inner, reference, &at.with(Segment::Index(index))))
        }
        other => {
            let mut found = false;
            other.references(&mut |one| found |= one == reference);
            found.then(|| at.clone())
        }
    }
}

/// Returns where each reference of a node stands, and what members of a list hold, by paths of API names.
pub fn places(kind: &Kind, node: &Node) -> BTreeMap<String, Place> {
    let mut found = BTreeMap::new();
    collect(kind, node, &node.place, &FieldPath::default(), &mut found);
    found
}

fn collect(kind: &Kind, node: &Node, place: &Place, at: &FieldPath, found: &mut BTreeMap<String, Place>) {
    let member = kind.shape == Shape::Membership && at.0.len() < 3;
    let deepens =
        member || kind.references.iter().any(|reference| reference.field.reaches(at) || reference.field.is_deep());
    if !deepens {
        return;
    }
    if !at.is_root() {
        found.insert(at.to_string(), place.clone());
    }
    let is_top = at.0.iter().all(|segment| matches!(segment, Segment::Index(_)));
    for entry in node.entries() {
        let api = kind.fields.rename.get(&entry.key).filter(|_| is_top).unwrap_or(&entry.key);
        collect(kind, &entry.value, &entry.key_place, &at.key(api), found);
    }
    for (index, item) in node.items().iter().enumerate() {
        collect(kind, item, &item.place, &at.with(Segment::Index(index)), found);
    }
}
