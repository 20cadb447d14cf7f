//! Documents -> Desired: resources with addresses, nested kinds taken out of their parents, names as references.
//!
//! What stands where comes from the catalogue's places. A node is walked once: what belongs to a nested kind is taken
//! out of its parent, the rest is the parent's body.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::fields;
use crate::catalogue::kind::{Kind, Marked};
use crate::catalogue::place::Step;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::{catalogue, is_credential};
use crate::model::address::{Address, join_names};
use crate::model::desired::{Desired, MEMBERS, Mention, MentionIn, Narrowed, Resource, Standing};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Documents, Entry, Node, Place};
use crate::model::trace::{Crumb, Trace, Traces};
use crate::model::value::{Map, Value};
use crate::pipeline::keys::{self, KeyPlaces};
use crate::pipeline::scope::Scope;
use crate::pipeline::{chosen, credentials, delivery, given, members, place, references};

/// The directives that a resource may carry through to here; loading has dealt with the others.
const DIRECTIVES: [&str; 5] = ["$key", "$was", "$release", "$new", "$render"];

/// Resolves; duplicates, dangling references (judged offline only if `offline`) and broken places are findings.
pub fn resolve(documents: &Documents, scope: &Scope, offline: bool) -> (Desired, Diagnostics) {
    let mut resolver = Resolver::new(documents, None);
    for entry in &documents.root {
        resolver.top_level(entry);
    }
    let resources = std::mem::take(&mut resolver.resources);
    let declared = std::mem::take(&mut resolver.declared);
    for entry in &documents.removed {
        resolver.top_level(entry);
    }
    let mut removed = std::mem::take(&mut resolver.resources);
    // That the chosen one is not meant for this tenant chooses nothing.
    removed.retain(|resource| resource.kind.marked.is_none());
    if resolver.deploy_cli {
        fields::forgive_read_only(&mut resolver.findings);
    }
    let mut excluded = documents.settings.excluded.clone();
    let mut mentions = documents.settings.mentions.clone();
    for word in &scope.exclude {
        if word.contains('/') && catalogue().kind(word).is_none() {
            mentions.push(Mention { setting: MentionIn::Exclude, text: word.clone(), place: None });
            excluded.addresses.push(word.clone());
        } else {
            excluded.kinds.insert(word.clone());
        }
    }
    let released = std::mem::take(&mut resolver.released);
    let (settings, narrowed) = (documents.settings.clone(), Narrowed::default());
    let mut desired = Desired { settings, resources, removed, declared, released, excluded, narrowed };
    // What is released exists in the tenant though it is no resource: references to it are fine.
    desired.settings.external.extend(desired.released.iter().map(ToString::to_string));
    report_duplicates(&desired, &mut resolver.findings);
    delivery::check(&desired, &mut resolver.findings);
    crate::pipeline::earlier_names::report_rings(&desired, &mut resolver.findings);
    references::link(&mut desired, offline, &mut resolver.findings);
    if offline {
        crate::pipeline::drafts::warn(&desired, &mut resolver.findings);
    }
    crate::pipeline::mentions::check(&mut desired, &mentions, &mut resolver.findings);
    crate::pipeline::scope::leave_out_excluded(&mut desired);
    crate::pipeline::targeted::narrow(&mut desired, scope);
    given::unquote(documents, &mut resolver.findings);
    (desired, resolver.findings)
}

/// Returns where each resource stands. What is wrong with the documents, [`resolve`] has said.
pub fn traces(documents: &Documents) -> Traces {
    let mut resolver = Resolver::new(documents, Some(Traces::new()));
    for entry in &documents.root {
        resolver.top_level(entry);
    }
    resolver.traces.unwrap_or_default()
}

struct Resolver {
    deploy_cli: bool,
    resources: Vec<Resource>,
    released: BTreeSet<Address>,
    declared: BTreeSet<String>,
    findings: Diagnostics,
    /// Kept if somebody wants to know.
    traces: Option<Traces>,
}

/// What a place found: the node and the identity fields that map keys gave.
struct Found {
    key: BTreeMap<String, String>,
    /// Where the keys stand.
    key_places: KeyPlaces,
    node: Node,
    /// As [`Passed::trail`].
    trail: Vec<Option<String>>,
    /// A null where something was expected to stand.
    unset: bool,
}

/// What is known of the way to a place.
#[derive(Clone, Default)]
struct Passed {
    /// The identity fields that map keys gave.
    key: BTreeMap<String, String>,
    /// Lists of resources without their items' names. Empty where nobody wants to know.
    trail: Vec<Option<String>>,
}

impl Resolver {
    fn new(documents: &Documents, traces: Option<Traces>) -> Self {
        Self {
            deploy_cli: documents.settings.deploy_cli,
            resources: Vec::new(),
            released: BTreeSet::new(),
            declared: BTreeSet::new(),
            findings: Diagnostics::default(),
            traces,
        }
    }

    fn top_level(&mut self, entry: &Entry) {
        for kind in catalogue().under_key(&entry.key) {
            if entry.value.is_null() && (self.deploy_cli || kind.shape == Shape::Collection) {
                if !self.deploy_cli {
                    self.findings.push(
                        Diagnostic::error("wrong-type", format!("`{}` is null", entry.key))
                            .at(&entry.value.place)
                            .help("Leave the key out to not manage the kind, or write `[]` for none."),
                    );
                }
                continue;
            }
            self.declared.insert(kind.name.clone());
            let mut node = entry.value.clone();
            let steps = kind.place.get(1..).unwrap_or_default();
            let passed = self.onward(Passed::default(), Some(&entry.key));
            let found = self.walk(kind, &Address::root(&kind.name), steps, &mut node, passed);
            if kind.has(Quirk::ListOfOne) && found.len() > 1 {
                self.findings.push(
                    Diagnostic::error("too-many", format!("a tenant has one {}", kind.title))
                        .at(&found[1].node.place)
                        .on(&Address::root(&kind.name)),
                );
            }
            for found in found {
                self.resource(kind, None, &[], found);
            }
            for (chosen, marked) in catalogue().marked_in(&kind.name) {
                self.chosen(chosen, marked, &entry.value);
            }
        }
    }

    /// Makes the singleton that points at the object with the flag.
    fn chosen(&mut self, kind: &'static Kind, marked: &Marked, list: &Node) {
        let Some(node) = chosen::flagged(kind, marked, list, &mut self.findings) else { return };
        self.declared.insert(kind.name.clone());
        self.resource(
            kind,
            None,
            &[],
            Found { key: BTreeMap::new(), node, key_places: KeyPlaces::default(), trail: Vec::new(), unset: false },
        );
    }

    /// Follows a place and takes out what stands there. `around` is what findings are about.
    fn walk(&mut self, kind: &Kind, around: &Address, steps: &[Step], node: &mut Node, passed: Passed) -> Vec<Found> {
        let Some((step, rest)) = steps.split_first() else {
            let place = node.place.clone();
            let taken = std::mem::replace(node, Node::new(Content::Null, place));
            let unset = taken.is_null();
            let Passed { key, trail } = passed;
            return vec![Found { key, key_places: KeyPlaces::default(), node: taken, trail, unset }];
        };
        match (step, &mut node.value) {
            (Step::Key(name), Content::Map(entries)) => match entries.iter_mut().find(|entry| &entry.key == name) {
                Some(entry) => {
                    let passed = self.onward(passed, Some(name));
                    self.walk(kind, around, rest, &mut entry.value, passed)
                }
                None => Vec::new(),
            },
            (Step::Items, Content::List(items)) => {
                let passed = self.onward(passed, None);
                items.iter_mut().flat_map(|item| self.walk(kind, around, rest, item, passed.clone())).collect()
            }
            (Step::Each(field), Content::Map(entries)) => entries
                .iter_mut()
                .flat_map(|entry| {
                    let mut passed = self.onward(passed.clone(), Some(&entry.key));
                    passed.key.insert(field.clone(), entry.key.clone());
                    let mut found = self.walk(kind, around, rest, &mut entry.value, passed);
                    for one in &mut found {
                        one.key_places.0.insert(field.clone(), entry.key_place.clone());
                    }
                    found
                })
                .collect(),
            (_, Content::Null) => Vec::new(),
            // What stands there is another kind's, which says what is wrong with it.
            _ if is_of_another(kind, steps) => Vec::new(),
            (step, _) => {
                let wanted = if matches!(step, Step::Items) { "a list" } else { "a map" };
                self.findings.push(
                    Diagnostic::error(
                        "wrong-type",
                        format!("{} must be {wanted}, not {}", kind.title, node.type_name()),
                    )
                    .at(&node.place)
                    .on(around),
                );
                Vec::new()
            }
        }
    }

    fn onward(&self, mut passed: Passed, step: Option<&String>) -> Passed {
        if self.traces.is_some() {
            passed.trail.push(step.cloned());
        }
        passed
    }

    /// `above` is the way to the parent.
    fn resource(&mut self, kind: &'static Kind, parent: Option<&Resource>, above: &[Crumb], found: Found) {
        let Found { key, key_places, mut node, trail, unset } = found;
        let whole = self.traces.is_some().then(|| node.clone());
        let place = node.place.clone();
        if unset && (self.deploy_cli || kind.shape == Shape::Membership) {
            return;
        }
        let is_map = matches!(node.value, Content::Map(_));
        if !is_map && !unset && kind.shape != Shape::Membership {
            self.findings.push(
                Diagnostic::error("wrong-type", format!("{} must be a map, not {}", kind.title, node.type_name()))
                    .at(&place)
                    .on(&address_of(kind, parent.map(|p| &p.address), "")),
            );
            return;
        }
        let directive =
            |node: &mut Node, name: &str| node.take(name).and_then(|entry| entry.value.as_text().map(str::to_owned));
        let given_key = directive(&mut node, "$key");
        let was = directive(&mut node, "$was");
        let release = node.get("$release").is_some_and(|node| matches!(node.value, Content::Bool(true)));
        for name in DIRECTIVES {
            node.take(name);
        }
        let around = address_of(kind, parent.map(|p| &p.address), "");
        let Some(parts) = self.identity(kind, &key, &node, &around) else { return };
        let name = join_names(&parts);
        let address = address_of(kind, parent.map(|p| &p.address), given_key.as_deref().unwrap_or(&name));
        let trail: Vec<Crumb> = above
            .iter()
            .cloned()
            .chain(trail.into_iter().map(|step| match step {
                Some(key) => Crumb::Key(key),
                None => {
                    Crumb::Resource { key: given_key.clone(), field: identity_field(kind, &node), name: name.clone() }
                }
            }))
            .collect();
        if let (Some(traces), Some(node)) = (&mut self.traces, whole) {
            traces.insert(address.clone(), Trace { node, trail: trail.clone() });
        }
        if release {
            self.released.insert(address);
            return;
        }
        let mut resource = Resource {
            address,
            kind,
            parent: parent.map(|p| p.address.clone()),
            name,
            body: Map::new(),
            was,
            unset,
            place,
            field_places: BTreeMap::new(),
            tool: Map::new(),
            standing: Standing::Declared,
        };
        let key_fields = split_key(kind, &resource.name);
        if kind.shape == Shape::Membership {
            fields::check(kind, &key_fields, &node, false, &mut self.findings, &resource.address);
            keys::check(kind, &parts, (&key_places, &node), &resource.address, &mut self.findings);
            members::report_nameless(kind, &node, &resource.address, &mut self.findings);
            resource.field_places = references::places(kind, &node);
            match members::normalise(kind, &node) {
                Ok(list) => drop(resource.body.insert(MEMBERS.to_owned(), list)),
                Err(finding) => return self.findings.push(finding.on(&resource.address)),
            }
            self.resources.push(resource);
            return;
        }
        let mut nested = Vec::new();
        // What stands inside another nested kind's node is taken out of it first.
        let mut children: Vec<&'static Kind> = catalogue().nested(&kind.name).collect();
        children.sort_by_key(|child| std::cmp::Reverse(child.place.len()));
        for child in children {
            let found = if is_credential(child) {
                credentials::take(&mut node, &resource.name, &resource.address, &mut self.findings)
                    .into_iter()
                    .map(|node| Found {
                        key: BTreeMap::new(),
                        key_places: KeyPlaces::default(),
                        node,
                        trail: Vec::new(),
                        unset: false,
                    })
                    .collect()
            } else {
                self.walk(
                    child,
                    &address_of(child, Some(&resource.address), ""),
                    &child.place,
                    &mut node,
                    Passed::default(),
                )
            };
            // An empty list says that there is none.
            if let (Some(Step::Key(key)), Some(Step::Items)) = (child.place.first(), child.place.last())
                && node.get(key).is_some_and(|list| !list.is_null())
            {
                self.declared.insert(child.name.clone());
            }
            place::remove(child, &child.place, &mut node);
            nested.extend(found.into_iter().map(|found| (child, found)));
        }
        fields::check(kind, &key_fields, &node, false, &mut self.findings, &resource.address);
        keys::check(kind, &parts, (&key_places, &node), &resource.address, &mut self.findings);
        fill_body(&mut resource, &key, node);
        for (child, found) in nested {
            self.declared.insert(child.name.clone());
            self.resource(child, Some(&resource), &trail, found);
        }
        // A singleton that is only a shelf for nested kinds asks for nothing itself.
        if kind.shape != Shape::Singleton || !resource.body.is_empty() || resource.unset {
            self.resources.push(resource);
        }
    }

    /// Returns the identity values in order, or reports the missing one.
    fn identity(
        &mut self,
        kind: &Kind,
        key: &BTreeMap<String, String>,
        node: &Node,
        around: &Address,
    ) -> Option<Vec<String>> {
        if kind.shape == Shape::Singleton || kind.shape == Shape::OptionalSingleton {
            return Some(Vec::new());
        }
        let renamed = |field: &str| {
            kind.fields
                .rename
                .iter()
                .find(|(_, api)| api.as_str() == field)
                .map_or(field.to_owned(), |(file, _)| file.clone())
        };
        let mut parts = Vec::new();
        // A membership's identity is its members'; only keys from the place name the list itself.
        for field in &kind.identity {
            if let Some(value) = key.get(field) {
                parts.push(value.clone());
                continue;
            }
            let written = node.get(field).or_else(|| node.get(&renamed(field)));
            let value = match written.map(|n| &n.value) {
                Some(Content::Text(text)) => Some(text.clone()),
                Some(Content::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            let value = value.or_else(|| kind.identity_defaults.get(field).cloned()).or_else(|| {
                kind.has(Quirk::GranteeOrDefault)
                    .then(|| node.get("default_for").and_then(Node::as_text).map(str::to_owned))
                    .flatten()
            });
            match value {
                Some(value) => parts.push(value),
                None => {
                    let place = written.map_or(&node.place, |n| &n.place);
                    self.findings.push(
                        Diagnostic::error("missing-identity", format!("this {} has no `{field}`", kind.title))
                            .at(place)
                            .on(around)
                            .help(format!("`{field}` is what tells one {} from another; write it.", kind.title)),
                    );
                    return None;
                }
            }
        }
        Some(parts)
    }
}

/// Returns the address of a resource of a kind.
pub fn address_of(kind: &Kind, parent: Option<&Address>, name: &str) -> Address {
    let name = (!name.is_empty()).then_some(name);
    match (parent, name) {
        (Some(parent), name) => parent.child(kind.segment(), name),
        // A kind nested in a singleton has no parent resource of its own to lean on.
        (None, Some(name)) => Address::named(&kind.name, name),
        (None, None) => Address::root(&kind.name),
    }
}

/// Says whether the place of another kind inside the same parent ends where these steps of a kind's place begin.
fn is_of_another(kind: &Kind, steps: &[Step]) -> bool {
    let Some(parent) = &kind.parent else { return false };
    let so_far = kind.place.strip_suffix(steps);
    catalogue().nested(parent).any(|other| other.name != kind.name && so_far == Some(other.place.as_slice()))
}

/// Returns the one field that tells a resource from others, by its name in files.
fn identity_field(kind: &Kind, node: &Node) -> Option<String> {
    let [field] = kind.identity.as_slice() else { return None };
    let in_file = kind.fields.rename.iter().find(|(_, api)| *api == field).map(|(file, _)| file);
    [Some(field), in_file].into_iter().flatten().find(|field| node.get(field).is_some()).cloned()
}

fn fill_body(resource: &mut Resource, key: &BTreeMap<String, String>, node: Node) {
    let kind = resource.kind;
    let own = kind.key_path(&split_key(kind, &resource.name));
    resource.field_places = references::places(kind, &node);
    let Content::Map(entries) = node.value else { return };
    for entry in entries {
        let api = own
            .and_then(|own| own.rename.get(&entry.key))
            .or_else(|| kind.fields.rename.get(&entry.key))
            .cloned()
            .unwrap_or_else(|| entry.key.clone());
        let place: Place = entry.key_place.clone();
        let value = entry.value.to_value();
        if kind.fields.tool.contains(&entry.key) {
            resource.tool.insert(entry.key, value);
            continue;
        }
        if kind.shape == Shape::Keyed && (kind.identity.contains(&entry.key) || key.contains_key(&entry.key)) {
            continue;
        }
        resource.field_places.insert(api.clone(), place);
        resource.body.insert(api, value);
    }
    if kind.has(Quirk::HoursAsMinutes) {
        minutes_to_hours(&mut resource.body);
    }
}

/// Splits a joined name back into identity fields. Only for keyed kinds, whose keys hold no comma but between parts.
pub fn split_key(kind: &Kind, name: &str) -> BTreeMap<String, String> {
    let count = kind.identity.len().max(1);
    kind.identity.iter().cloned().zip(name.splitn(count, ',').map(str::to_owned)).collect()
}

/// `session_lifetime_in_minutes: 90` is `session_lifetime: 1.5`, which is how the API reads it back.
fn minutes_to_hours(body: &mut Map) {
    let keys: Vec<String> = body.keys().filter(|key| key.ends_with("_in_minutes")).cloned().collect();
    for key in keys {
        let Some(Value::Number(minutes)) = body.get(&key) else { continue };
        let hours = minutes.as_f64().unwrap_or_default() / 60.0;
        if let Some(number) = serde_json::Number::from_f64(hours) {
            body.shift_remove(&key);
            body.insert(key.trim_end_matches("_in_minutes").to_owned(), Value::Number(number));
        }
    }
}

fn report_duplicates(desired: &Desired, findings: &mut Diagnostics) {
    let mut seen: BTreeMap<&Address, &Place> = BTreeMap::new();
    for resource in &desired.resources {
        match seen.get(&resource.address) {
            Some(first) => findings.push(
                Diagnostic::error("duplicate-resource", format!("`{}` is described twice", resource.address))
                    .at(&resource.place)
                    .on(&resource.address)
                    .help(format!("The first is at {first}. Merge them, or give one a `$key` and a name of its own.")),
            ),
            None => drop(seen.insert(&resource.address, &resource.place)),
        }
    }
}
