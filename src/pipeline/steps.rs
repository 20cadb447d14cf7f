//! One resource and its object -> the change that people see and the steps that make it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::fields;
use crate::catalogue::kind::{DeleteMeans, Kind, Verb};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::is_credential;
use crate::model::address::Address;
use crate::model::change::{Action, Change, Delta, DeltaNote};
use crate::model::desired::{MEMBERS, Manage, Policy, Resource, Standing};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::Object;
use crate::model::path::{FieldPath, FieldPattern};
use crate::model::plan::{Operation, Step};
use crate::model::value::{Map, Value};
use crate::pipeline::ceremony::{self, Next};
use crate::pipeline::diff::Comparison;
use crate::pipeline::matching::Matched;
use crate::pipeline::member_diff::{self, Removal};
use crate::pipeline::merge::{WouldLose, create_body, update_body};
use crate::pipeline::ownership::own_members;
use crate::pipeline::plan::{Draft, Facts, KnownFields, Remembered, provided_name};
use crate::pipeline::resolve::split_key;
use crate::pipeline::wire;

/// Why something that is ours goes.
pub const NOT_IN_FILES: &str = "not in the files any more";

/// Collects changes and drafts.
#[derive(Debug)]
pub struct Stepper<'a> {
    facts: &'a Facts,
    remembered: &'a Remembered,
    known: &'a KnownFields,
    matched: &'a Matched<'a>,
    policy: &'a Policy,
    pub drafts: Vec<Draft>,
    pub changes: Vec<Change>,
    pub findings: Diagnostics,
    pub fingerprints: BTreeMap<String, String>,
    pub missing: Vec<String>,
    pub notes: Vec<String>,
}

impl<'a> Stepper<'a> {
    pub fn new(facts: &'a Facts, known: &'a KnownFields, matched: &'a Matched<'a>, policy: &'a Policy) -> Self {
        Self {
            policy,
            facts,
            remembered: &facts.remembered,
            known,
            matched,
            drafts: Vec::new(),
            changes: Vec::new(),
            findings: Diagnostics::default(),
            fingerprints: BTreeMap::new(),
            missing: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Plans an object that the tenant lacks.
    pub fn create(&mut self, resource: &Resource, findings: &mut Diagnostics) {
        self.creation(resource, findings, Action::Create, "not in the tenant", Vec::new());
    }

    fn creation(
        &mut self,
        resource: &Resource,
        findings: &mut Diagnostics,
        action: Action,
        reason: &str,
        after: Vec<usize>,
    ) {
        let kind = resource.kind;
        if let Some(finding) = ceremony::too_early(resource) {
            return findings.push(finding);
        }
        let filled = wire::create_fills(kind, &resource.body);
        let (mut body, lost) = create_body(kind, &filled);
        self.refuse_lost(resource, &lost, "has no value to create it with: it says keep, and there is nothing to keep");
        let mut desired = filled;
        if kind.shape == Shape::Keyed {
            // Identity fields that are not in the path travel in the body.
            for (field, value) in split_key(kind, &resource.name) {
                if !kind.create_path().contains(&format!("{{{field}}}")) {
                    body.insert(field.clone(), Value::String(value.clone()));
                    desired.insert(field, Value::String(value));
                }
            }
        }
        for field in fields::missing_required(kind, &desired) {
            findings.push(
                Diagnostic::error("missing-field", format!("`{field}` is needed to create {}", resource.address))
                    .at(&resource.place)
                    .on(&resource.address),
            );
        }
        self.note_new(resource);
        let then = later(kind, &mut body);
        let deltas = shown(kind, &resource.body);
        wire::outward(kind, &mut body, None);
        let mut then = then;
        wire::outward(kind, &mut then, Some(&Map::new()));
        self.change(resource, action, reason, deltas, None);
        let operation = if kind.verbs.create.is_none() && kind.verbs.update == Some(Verb::Put) {
            Operation::Update { id: None, body, first: Map::new(), whole: true }
        } else {
            Operation::Create { body, then }
        };
        let index = self.draft(resource, Action::Create, operation, None);
        self.drafts[index].after = after;
        self.deploy(resource, index, None, true);
        if kind.has(Quirk::KeyCeremony) {
            let wrap = self.draft(resource, Action::Update, Operation::Wrap { id: None }, None);
            self.drafts[wrap].after.push(index);
        }
    }

    /// Plans an object that the tenant has, or that always exists.
    pub fn update(&mut self, resource: &Resource, object: Option<&Object>, ignored: &[FieldPattern]) {
        let kind = resource.kind;
        if kind.shape == Shape::Membership {
            return self.members(resource, object, ignored);
        }
        let live = object.map(|object| self.matched.names.body(object)).unwrap_or_default();
        let comparison = Comparison::new(kind, &resource.address, self.remembered, ignored, self.known);
        let (mut deltas, comparison) = comparison.bodies(&resource.body, &live);
        self.missing.extend(comparison.missing);
        self.fingerprints.extend(comparison.fingerprints);
        let id = object.and_then(|object| object.id.clone());
        if let (true, Some(object)) = (kind.has(Quirk::KeyCeremony), object) {
            match ceremony::next(resource, object, &deltas, ignored) {
                Ok(Next::Import(delta)) => deltas = vec![*delta],
                // The apply that began it was cut short, and nobody may have seen the public key.
                Ok(Next::Wait) if self.facts.in_part.contains(&resource.address) => {
                    self.change(resource, Action::Update, "its public key was not told yet", Vec::new(), id.clone());
                    self.draft(resource, Action::Update, Operation::Wrap { id }, Some(object));
                    return;
                }
                Ok(Next::Wait) => return self.notes.push(ceremony::waits(resource)),
                Ok(Next::InUse { is_unknown: true }) => return self.notes.push(ceremony::unknown(resource)),
                Ok(Next::InUse { .. }) => return,
                Err(finding) => return self.findings.push(finding),
            }
        }
        let renamed = object.is_some_and(|object| {
            resource.was.is_some() && self.matched.names.name_of(object) != resource.name && kind.identity.len() == 1
        });
        if let (true, Some(object)) = (self.forces_replacement(kind, &mut deltas), object) {
            return self.replace(resource, object, deltas);
        }
        if deltas.is_empty() {
            let stale = object.is_some_and(|object| wants_deploy(resource) && !is_deployed(kind, object));
            if stale {
                self.change(resource, Action::Update, "a draft is not deployed", Vec::new(), id.clone());
                self.deploy_only(resource, id);
            }
            return;
        }
        let (mut body, lost) = update_body(kind, &resource.body, &live, &deltas);
        self.refuse_lost(
            resource,
            &lost,
            "would be lost: the tenant replaces the object around it and never shows its value",
        );
        wire::outward(kind, &mut body, Some(&live));
        let first = first_update(kind, &mut body, &live);
        let (action, reason) =
            if renamed { (Action::Rename, "renamed") } else { (Action::Update, "the configuration differs") };
        // What follows on a rotation is not what was there before.
        let (action, reason) = match () {
            () if kind.has(Quirk::KeySuccession) => (Action::Replace, "a rotation"),
            () if kind.has(Quirk::KeyCeremony) => (Action::Replace, "an import"),
            () => (action, reason),
        };
        self.change(resource, action, reason, deltas, id.clone());
        let operation = Operation::Update { id: id.clone(), body, first, whole: false };
        let index = self.draft(resource, Action::Update, operation, object);
        self.deploy(resource, index, id, wants_deploy(resource));
    }

    /// Says whether a create-only field differs, and marks it.
    fn forces_replacement(&self, kind: &Kind, deltas: &mut [Delta]) -> bool {
        let mut forced = false;
        for delta in deltas.iter_mut() {
            if kind.fields.create_only.iter().chain(&kind.fields.fixed).any(|pattern| pattern.covers(&delta.path)) {
                delta.note = Some(DeltaNote::ForcesReplacement);
                forced = true;
            }
        }
        forced
    }

    fn replace(&mut self, resource: &Resource, object: &Object, deltas: Vec<Delta>) {
        let kind = resource.kind;
        let fields: Vec<String> = deltas
            .iter()
            .filter(|delta| delta.note == Some(DeltaNote::ForcesReplacement))
            .map(|delta| delta.path.to_string())
            .collect();
        if is_credential(kind) {
            self.findings.push(
                Diagnostic::error("credential-changed", format!("{} of a credential cannot change", fields.join(", ")))
                    .at(&resource.place)
                    .on(&resource.address)
                    .help("Give the new credential a new name: it is added first, and the old one is removed after."),
            );
            return;
        }
        if !kind.verbs.delete || kind.verbs.create.is_none() {
            self.findings.push(
                Diagnostic::error("cannot-change", format!("{} cannot be changed once it is set", fields.join(", ")))
                    .at(&resource.place)
                    .on(&resource.address),
            );
            return;
        }
        let reason = format!("{} cannot be changed in place", fields.join(", "));
        self.change(resource, Action::Replace, &reason, deltas, object.id.clone());
        let delete = self.deletion(object, &resource.address);
        let seen = self.changes.len();
        let mut findings = Diagnostics::default();
        self.creation(resource, &mut findings, Action::Create, "", vec![delete]);
        self.findings.extend(findings);
        // The two steps are one change to people.
        self.changes.truncate(seen);
    }

    /// Plans the removal of an object that no file describes.
    pub fn delete(&mut self, object: &Object, address: &Address, reason: &str) {
        self.changes.push(Change {
            address: address.clone(),
            kind: object.kind,
            action: Action::Delete,
            reason: reason.to_owned(),
            deltas: Vec::new(),
            id: object.id.clone(),
            place: None,
        });
        self.deletion(object, address);
    }

    fn deletion(&mut self, object: &Object, address: &Address) -> usize {
        let kind = object.kind;
        let mut lets_go = Vec::new();
        let body = self.matched.names.body(object);
        body.values().for_each(|value| {
            value.references(&mut |reference| lets_go.push((reference.space.clone(), reference.name.clone())));
        });
        let provided = object
            .id
            .as_ref()
            .and_then(|id| self.matched.names.name(kind.space(), &id.0))
            .map(|name| (kind.space().to_owned(), name.to_owned()));
        let parent = object.parent.as_ref().and_then(|id| {
            let parent = crate::catalogue::table::catalogue().kind(kind.parent.as_deref()?)?;
            self.matched.names.address(parent.space(), &id.0).cloned()
        });
        self.drafts.push(Draft {
            step: Step {
                address: address.clone(),
                kind,
                action: Action::Delete,
                operation: Operation::Delete { id: object.id.clone() },
                requires: Vec::new(),
                parent,
                key: object.key.clone(),
                provides: None,
                place: None,
                field_places: BTreeMap::new(),
            },
            after: Vec::new(),
            lets_go,
            deletes: provided,
        });
        self.drafts.len() - 1
    }

    /// Plans the explicit `null` of something that may be absent or has stated defaults.
    pub fn unset(&mut self, resource: &Resource, object: Option<&Object>) {
        let Some(object) = object else { return };
        match &resource.kind.delete {
            DeleteMeans::Delete if resource.kind.verbs.delete => {
                let is_left_out = matches!(resource.standing, Standing::Withdrawn | Standing::GivenBack);
                let reason = if is_left_out { NOT_IN_FILES } else { "null in the files" };
                self.change(resource, Action::Delete, reason, Vec::new(), object.id.clone());
                self.deletion(object, &resource.address);
            }
            DeleteMeans::Reset(defaults) => {
                let body: Map = defaults.iter().map(|(k, v)| (k.clone(), Value::from_json(v.clone()))).collect();
                let live = self.matched.names.body(object);
                let done = body.iter().all(|(field, value)| live.get(field) == Some(value))
                    && (!body.is_empty() || live.is_empty());
                if !done {
                    let reason = if resource.standing == Standing::Withdrawn {
                        "not in the files any more: reset"
                    } else {
                        "null in the files: reset"
                    };
                    self.change(resource, Action::Update, reason, Vec::new(), object.id.clone());
                    self.draft(resource, Action::Update, Operation::Reset { body }, Some(object));
                }
            }
            _ => self.findings.push(
                Diagnostic::error("cannot-unset", format!("{} cannot be deleted or reset", resource.kind.title))
                    .at(&resource.place)
                    .on(&resource.address)
                    .help("Leave the key out to not manage it."),
            ),
        }
    }

    fn members(&mut self, resource: &Resource, object: Option<&Object>, ignored: &[FieldPattern]) {
        let removal = match self.policy.manage(resource.kind) {
            Manage::Exact => Removal::All,
            Manage::Owned => Removal::Ours(own_members(resource, self.matched, self.facts)),
            Manage::Additive => Removal::Ours(BTreeSet::new()),
        };
        let live = object
            .map(|object| self.matched.names.body(object))
            .and_then(|mut body| body.shift_remove(MEMBERS))
            .unwrap_or(Value::List(Vec::new()));
        let comparison = Comparison::new(resource.kind, &resource.address, self.remembered, ignored, self.known);
        let found = member_diff::members(comparison, resource.members(), live.as_list().unwrap_or_default(), &removal);
        self.fingerprints.extend(found.fingerprints);
        self.missing.extend(found.missing);
        if found.deltas.is_empty() {
            return;
        }
        let exists = object.is_some_and(|object| !object.members().is_empty());
        let action = if exists { Action::Update } else { Action::Create };
        self.change(resource, action, "the members differ", found.deltas, None);
        self.draft(resource, action, Operation::Members(found.change), object);
    }

    fn refuse_lost(&mut self, resource: &Resource, lost: &[WouldLose], why: &str) {
        for WouldLose(path) in lost {
            self.findings.push(
                Diagnostic::error("secret-lost", format!("{}:{path} {why}", resource.address))
                    .at(&resource.place)
                    .on(&resource.address)
                    .help("Declare the secret with its value."),
            );
        }
    }

    /// Remembers fingerprints of what a new object sends.
    fn note_new(&mut self, resource: &Resource) {
        let mut comparison = Comparison::new(resource.kind, &resource.address, self.remembered, &[], self.known);
        for (field, value) in &resource.body {
            comparison.note_secrets(&FieldPath::default().key(field), value);
        }
        self.fingerprints.extend(comparison.fingerprints);
        self.missing.extend(comparison.missing);
    }

    fn change(
        &mut self,
        resource: &Resource,
        action: Action,
        reason: &str,
        deltas: Vec<Delta>,
        id: Option<crate::model::names::RemoteId>,
    ) {
        self.changes.push(Change {
            address: resource.address.clone(),
            kind: resource.kind,
            action,
            reason: reason.to_owned(),
            deltas,
            id,
            place: (resource.place.line > 0).then(|| resource.place.clone()),
        });
    }

    fn draft(&mut self, resource: &Resource, action: Action, operation: Operation, object: Option<&Object>) -> usize {
        let kind = resource.kind;
        let mut lets_go = Vec::new();
        if let Some(object) = object {
            self.matched.names.body(object).values().for_each(|value| {
                value.references(&mut |reference| lets_go.push((reference.space.clone(), reference.name.clone())));
            });
        }
        let mut key = if matches!(kind.shape, Shape::Keyed | Shape::Membership) {
            split_key(kind, &resource.name)
        } else {
            BTreeMap::new()
        };
        if kind.has(Quirk::GlobalClientPage)
            && let Some(id) = object.and_then(|object| object.id.as_ref())
        {
            key.insert("global".to_owned(), id.0.clone());
        }
        self.drafts.push(Draft {
            step: Step {
                address: resource.address.clone(),
                kind,
                action,
                operation,
                requires: Vec::new(),
                parent: resource.parent.clone(),
                key,
                provides: Some(provided_name(resource, self.matched)),
                place: (resource.place.line > 0).then(|| resource.place.clone()),
                field_places: resource.field_places.clone(),
            },
            after: Vec::new(),
            lets_go,
            deletes: None,
        });
        self.drafts.len() - 1
    }

    fn deploy(&mut self, resource: &Resource, index: usize, id: Option<crate::model::names::RemoteId>, wanted: bool) {
        if wanted && wants_deploy(resource) {
            let deploy = self.deploy_only(resource, id);
            self.drafts[deploy].after.push(index);
        }
    }

    fn deploy_only(&mut self, resource: &Resource, id: Option<crate::model::names::RemoteId>) -> usize {
        self.draft(resource, Action::Update, Operation::Deploy { id }, None)
    }
}

/// The tool's own field that asks for a deployment, true by either quirk's name.
pub(super) fn wants_deploy(resource: &Resource) -> bool {
    (resource.kind.has(Quirk::BuildThenDeploy) || resource.kind.has(Quirk::PublishVersion))
        && resource.tool.values().any(|value| matches!(value, Value::Bool(true)))
}

/// Says whether what the tenant runs is what it shows.
pub(super) fn is_deployed(kind: &Kind, object: &Object) -> bool {
    let flag = if kind.has(Quirk::PublishVersion) { "all_changes_published" } else { "all_changes_deployed" };
    matches!(object.body.get(flag), Some(Value::Bool(true)))
}

/// Takes out what create refuses and an update right after must send.
fn later(kind: &Kind, body: &mut Map) -> Map {
    let mut then = Map::new();
    for pattern in &kind.fields.update_only {
        if let Some(field) = pattern.top()
            && let Some(value) = body.shift_remove(field)
        {
            then.insert(field.to_owned(), value);
        }
    }
    if kind.has(Quirk::StatusAfterCreate)
        && let Some(status) = body.shift_remove("status")
        && status.as_str() != Some("active")
    {
        then.insert("status".to_owned(), status);
    }
    then
}

/// Takes out of an update what must come before it, in one of its own: `allow_all_scopes` goes off with an empty scope, then
/// scopes can be given. Source: api-quirks 3.5.2.
fn first_update(kind: &Kind, body: &mut Map, live: &Map) -> Map {
    const SWITCH: &str = "allow_all_scopes";
    let is = |map: &Map, wanted: bool| matches!(map.get(SWITCH), Some(Value::Bool(value)) if *value == wanted);
    if !kind.has(Quirk::AllowAllScopesOff) || !is(body, false) || !is(live, true) {
        return Map::new();
    }
    let off = Map::from_iter([(SWITCH.to_owned(), Value::Bool(false)), ("scope".to_owned(), Value::List(Vec::new()))]);
    let gives = matches!(body.get("scope"), Some(Value::List(scopes)) if !scopes.is_empty());
    if !gives {
        body.extend(off);
        return Map::new();
    }
    body.shift_remove(SWITCH);
    off
}

/// The fields of a new object, as deltas.
pub(super) fn shown(kind: &Kind, body: &Map) -> Vec<Delta> {
    body.iter()
        .filter(|(field, value)| {
            !value.is_null() && !crate::pipeline::canonical::is_derived(kind, &FieldPath::default().key(field))
        })
        .map(|(field, value)| Delta {
            path: FieldPath::default().key(field),
            before: None,
            after: Some(value.clone()),
            note: None,
            cause: None,
        })
        .collect()
}
