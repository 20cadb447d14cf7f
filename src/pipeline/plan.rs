//! Desired and Live -> Plan: changes, their steps in order, gates.
//!
//! A pure function: same input, same plan, whatever order files and answers came in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::{catalogue, is_credential};
use crate::model::address::Address;
use crate::model::applied::{Applied, ById};
use crate::model::desired::{Desired, Manage, Resource, Standing};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object, Reading};
use crate::model::names::RemoteId;
use crate::model::plan::{Gate, Plan, Provenance, Requests, Step};
use crate::model::record::RunScope;
use crate::model::value::Value;
use crate::pipeline::basis::{self, Ground};
use crate::pipeline::canonical::is_builtin;
use crate::pipeline::cause;
use crate::pipeline::chosen;
use crate::pipeline::dangling;
use crate::pipeline::delivery;
use crate::pipeline::drafts;
use crate::pipeline::foreign::Foreign;
use crate::pipeline::gates;
use crate::pipeline::images;
use crate::pipeline::matching::{self, Matched};
use crate::pipeline::order;
use crate::pipeline::ownership::{self, Made};
use crate::pipeline::partings;
use crate::pipeline::read::{reading_name, unreadable};
use crate::pipeline::references::qualified;
use crate::pipeline::scope::{fits, ignored};
use crate::pipeline::steps::{NOT_IN_FILES, Stepper};
use crate::pipeline::unique_order;

pub use crate::pipeline::consent::Consent;

/// What is remembered of secrets that were sent.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Random salt of the domain, at least 16 bytes.
    pub salt: Vec<u8>,
    /// `address:field` -> fingerprint.
    pub fingerprints: BTreeMap<String, String>,
}

/// Everything besides desired and live that a plan depends on.
#[derive(Debug, Default)]
pub struct Facts {
    pub sandbox: bool,
    pub provenance: Provenance,
    pub remembered: Remembered,
    pub consent: Consent,
    /// What the last record of the domain says; `None` without one.
    pub applied: Option<Applied>,
    /// Addresses that an apply has begun to change and not finished: what the tenant holds there may be its own doing.
    pub in_part: BTreeSet<Address>,
    /// Kind and id of what an apply that did not end was to make ours, and of what was ours at the point of a return.
    pub meant: BTreeSet<(String, RemoteId)>,
    /// Whether records can be kept at all: there is a git repository.
    pub keeps_history: bool,
    /// The workspace's name.
    pub project: Option<String>,
    pub scope: RunScope,
    /// The salt of the plan's fingerprint, where a record or a saved plan holds one.
    pub basis_salt: Option<Vec<u8>>,
    /// The addresses that a saved plan touches: all else is left out.
    pub only: Option<BTreeSet<Address>>,
}

/// What the record of nothing says.
static NOTHING: LazyLock<Applied> = LazyLock::new(Applied::default);

impl Facts {
    /// Returns what the records say is ours. `None`: there are no records at all, and nothing is ever known of that.
    pub fn known_to_be_ours(&self) -> Option<&Applied> {
        self.applied.as_ref().or(self.keeps_history.then(|| &*NOTHING))
    }
}

/// Known fields of live objects: (space, name) -> field -> text.
pub type KnownFields = BTreeMap<(String, String), BTreeMap<String, String>>;

/// Plans. Findings are errors of the configuration that only the tenant could show (a dangling reference).
pub fn plan(desired: &Desired, live: &Live, mut facts: Facts) -> (Plan, Diagnostics) {
    let mut findings = Diagnostics::default();
    let matched = matching::pair(desired, live, facts.known_to_be_ours(), &mut findings);
    let known = known_fields(live, &matched);
    let mut planner = Planner {
        desired,
        live,
        matched: &matched,
        facts: &facts,
        notes: Vec::new(),
        gates: Vec::new(),
        unmanaged: 0,
        unchanged: 0,
        recorded: facts.applied.as_ref().map(Applied::by_id).unwrap_or_default(),
        spared: BTreeSet::new(),
    };
    let mut stepper = Stepper::new(&facts, &known, &matched, &desired.settings.policy);
    for (resource, object) in &matched.pairs {
        planner.one(&mut stepper, resource, *object, &mut findings);
    }
    planner.leftovers(&mut stepper);
    planner.released();
    let Planner { mut notes, mut gates, unmanaged, unchanged, spared, .. } = planner;
    notes.append(&mut stepper.notes);
    unique_order::untangle(&mut stepper.drafts, &matched, &mut findings);
    notes.extend(partings::make_room(&mut stepper.drafts, &matched));
    partings::held(desired, &stepper.drafts, &mut findings);
    dangling::report(order::dangling(&stepper.drafts, &known, desired), (&known, live), &mut findings);
    findings.extend(std::mem::take(&mut stepper.findings));
    let fingerprints = std::mem::take(&mut stepper.fingerprints);
    let missing = std::mem::take(&mut stepper.missing);
    let mut changes = std::mem::take(&mut stepper.changes);
    let mut steps = match order::order(stepper.drafts, &matched) {
        Ok(steps) => steps,
        Err(cycle) => {
            let addresses: Vec<&str> = cycle.iter().map(Address::as_str).collect();
            findings.push(
                Diagnostic::error("cycle", format!("these need each other: {}", addresses.join(", ")))
                    .help("Take one of the references out, apply, and put it back."),
            );
            Vec::new()
        }
    };
    if let Some(applied) = &facts.applied {
        cause::label(&mut changes, &matched, (applied, &facts.in_part), &fingerprints);
    }
    let made = Made { fingerprints: &fingerprints, known: &known, spared: &spared };
    let ownership = ownership::ownership(desired, &matched, &facts, &changes, &made);
    notes.extend(ownership::released(desired, &facts));
    notes.extend(Foreign::of(desired, &matched, &facts).and_then(|foreign| foreign.note(&changes, &spared)));
    if let Some(only) = &facts.only {
        gates.retain(|gate| gate.addresses.iter().any(|address| only.contains(address)));
        changes.retain(|change| only.contains(&change.address));
        steps = order::chosen(steps, only);
    }
    changes.sort_by(|a, b| (&a.address, a.action).cmp(&(&b.address, b.action)));
    notes.extend(partings::renames(&changes, &matched));
    notes.extend(chosen::not_ready(&changes, &matched, live));
    notes.extend(drafts::notes(&changes, desired));
    drafts::refuse(desired, &changes, live, &matched, &mut findings);
    let ground = Ground { desired, live, matched: &matched, known: &known, changes: &changes, steps: &steps };
    let basis = basis::basis(ground, &facts);
    let closed = |facts: &Facts| {
        let mut closed = gates::gates(desired, &changes, live, &matched, facts);
        closed.extend(gates::others(&matched, facts));
        closed.extend(gates::unbound(&changes, &matched, facts));
        closed.extend(Foreign::of(desired, &matched, facts).and_then(|foreign| foreign.gate(&changes)));
        closed
    };
    let own = closed(&facts);
    facts.consent = Consent::default();
    let mut opened = closed(&facts);
    opened.retain(|gate| !own.iter().any(|closed| closed.name == gate.name));
    gates.extend(own);
    for name in &missing {
        notes.push(format!("{name} is not available here and was not compared"));
    }
    let apply = steps.iter().map(gates::requests_of).sum();
    let deliveries = delivery::deliveries(desired);
    notes.extend(delivery::told(&steps, &deliveries));
    let images = images::images(&changes, &matched, live);
    let plan = Plan {
        settings: desired.settings.clone(),
        sandbox: facts.sandbox,
        steps,
        changes,
        gates,
        notes,
        unmanaged,
        unchanged,
        known,
        ids: ids(&matched),
        fingerprints,
        missing_secrets: missing,
        provenance: facts.provenance,
        deliveries,
        images,
        ownership,
        opened,
        requests: Requests { refresh: live.requests, apply },
        basis,
    };
    (plan, findings)
}

struct Planner<'a> {
    desired: &'a Desired,
    live: &'a Live,
    matched: &'a Matched<'a>,
    facts: &'a Facts,
    notes: Vec<String>,
    gates: Vec<Gate>,
    unmanaged: usize,
    unchanged: usize,
    /// The last record's resources by id.
    recorded: ById<'a>,
    /// Declared, and left alone all the same.
    spared: BTreeSet<Address>,
}

impl Planner<'_> {
    fn one(
        &mut self,
        stepper: &mut Stepper<'_>,
        resource: &Resource,
        object: Option<&Object>,
        findings: &mut Diagnostics,
    ) {
        if let Some(gate) = self.unreadable(resource) {
            match self.gates.iter_mut().find(|known| known.name == gate.name && known.reason == gate.reason) {
                Some(known) => known.addresses.extend(gate.addresses),
                None => self.gates.push(gate),
            }
            return;
        }
        if let Some(reason) = self.matched.ambiguous.get(&resource.address) {
            let addresses = vec![resource.address.clone()];
            self.gates.push(Gate { name: "ambiguous-identity", reason: reason.clone(), addresses, switch: None });
            self.spared.insert(resource.address.clone());
            return;
        }
        if self.is_own(resource, object) {
            self.notes.push(format!("{} is what this run logs in with; it is left alone", resource.address));
            self.spared.insert(resource.address.clone());
            return;
        }
        let ignored = ignored(self.desired, &resource.address);
        let before = stepper.changes.len();
        match object {
            _ if resource.unset => stepper.unset(resource, object),
            None if resource.standing == Standing::GivenBack && resource.kind.shape != Shape::Membership => {
                self.notes.push(format!("{} was there before it was ours and is gone", resource.address));
            }
            None if !resource.kind.always_exists() => stepper.create(resource, findings),
            object => stepper.update(resource, object, &ignored),
        }
        if stepper.changes.len() == before && resource.standing != Standing::Withdrawn {
            self.unchanged += 1;
        }
    }

    /// A declared kind that could not be read stops everything: nothing true can be planned from it.
    fn unreadable(&self, resource: &Resource) -> Option<Gate> {
        let parent = self.matched.parent_of(resource).and_then(|(_, object)| object?.id.as_ref());
        let reason = unreadable(resource, parent, self.live)?;
        Some(Gate { name: "unreadable", reason, addresses: vec![resource.address.clone()], switch: None })
    }

    /// The client that the run logs in with, and that client's grants, are never touched.
    fn is_own(&self, resource: &Resource, object: Option<&Object>) -> bool {
        let is = |object: &Object| ownership::is_access_of_run(object, self.live);
        if object.is_some_and(is) {
            return true;
        }
        // What is nested in the own client is its own too.
        self.matched.parent_of(resource).is_some_and(|(_, object)| object.is_some_and(is))
    }

    /// Says whether the files describe another child of the same kind below the object's parent.
    fn has_siblings(&self, object: &Object) -> bool {
        let parent = object.parent.as_ref();
        self.matched.pairs.iter().any(|(resource, _)| {
            resource.kind.name == object.kind.name
                && self.matched.parent_of(resource).and_then(|(_, found)| found).and_then(|found| found.id.as_ref())
                    == parent
        })
    }

    /// What the tenant has and the files do not: deleted where the policy is exact, else left alone and counted.
    fn leftovers(&mut self, stepper: &mut Stepper<'_>) {
        for object in &self.matched.left {
            let kind = object.kind;
            if kind.shape != Shape::Collection && kind.shape != Shape::Child {
                continue;
            }
            let ours = self.ours(object).cloned();
            let is_leaving = ours.as_ref().is_some_and(|address| self.desired.narrowed.leaving.contains(address));
            if !self.desired.declared.contains(&kind.name) && !is_leaving {
                continue;
            }
            let address = ours.clone().unwrap_or_else(|| self.matched.names.address_of(object));
            let own = ownership::is_access_of_run(object, self.live);
            let excluded = self.desired.excluded.kind(kind)
                || self.desired.excluded.address(&address)
                || self.desired.excluded.named(kind, object.body.get("name").and_then(Value::as_str))
                || self.desired.excluded.third_party_clients
                    && matches!(object.body.get("is_first_party"), Some(Value::Bool(false)))
                || self.edge_is_excluded(object);
            let is_kept = self.desired.settings.policy.manage(kind) == Manage::Additive;
            if own && ours.is_some() && !excluded && !is_kept && !self.desired.released.contains(&address) {
                self.gates.push(Gate {
                    name: "own-access",
                    reason:
                        "the files leave out what this run logs in with, and that is never deleted; `tenantry release` \
                             gives it up"
                            .to_owned(),
                    addresses: vec![address.clone()],
                    switch: None,
                });
            }
            if own
                || excluded
                || self.is_anothers(object)
                || is_builtin(object)
                || self.desired.released.contains(&address)
            {
                continue;
            }
            let complete = matches!(self.reading_of(object), Some(Reading::Complete));
            let exact = if is_credential(kind) {
                self.parent_is_described(object) && self.desired.settings.policy.manage(kind) != Manage::Additive
            } else {
                match self.desired.settings.policy.manage(kind) {
                    // Children that a parent in the files says nothing of are left alone.
                    Manage::Exact => kind.shape != Shape::Child || self.has_siblings(object),
                    Manage::Owned => ours.is_some(),
                    Manage::Additive => false,
                }
            };
            if !exact || !complete {
                self.unmanaged += 1;
                continue;
            }
            // What is ours was taken out of the files by somebody: that closes a gate.
            let is_meant = ours.is_some() && !self.desired.settings.deploy_cli;
            if !is_meant && self.is_protected(object, &address) {
                self.notes.push(format!("{address} is not in the files; it is protected and left alone"));
                self.unmanaged += 1;
                continue;
            }
            if self.live.own_client.is_none() && may_be_own(kind) {
                self.notes.push(format!(
                    "{address} is not in the files; it is left alone, since it is not known which application this run is"
                ));
                self.unmanaged += 1;
                continue;
            }
            let reason = if ours.is_some() { NOT_IN_FILES } else { "not in the files, and the policy is exact" };
            stepper.delete(object, &address, reason);
        }
        let unowned: Vec<&Resource> = self
            .desired
            .removed
            .iter()
            .filter(|r| {
                self.desired.settings.policy.manage(r.kind) != Manage::Exact
                    && self
                        .matched
                        .left
                        .iter()
                        .any(|o| self.ours(o).is_none() && self.matched.names.address_of(o) == r.address)
            })
            .collect();
        for resource in unowned {
            self.notes.push(format!(
                "{} is removed in the files, but nothing here says that it is ours; it is left alone",
                resource.address
            ));
        }
    }

    /// Returns the address under which the record holds this very object, if it is of this project.
    fn ours(&self, object: &Object) -> Option<&Address> {
        let (address, owned) = self.recorded.get(&(object.kind.name.as_str(), object.id.as_ref()?.0.as_str()))?;
        owned.is_of(self.facts.project.as_deref()).then_some(*address)
    }

    /// Says whether another project has recorded the object as its own.
    fn is_anothers(&self, object: &Object) -> bool {
        let id = object.id.as_ref().map_or("", |id| id.0.as_str());
        let found = self.recorded.get(&(object.kind.name.as_str(), id));
        found.is_some_and(|(_, owned)| !owned.is_of(self.facts.project.as_deref()))
    }

    fn reading_of(&self, object: &Object) -> Option<&Reading> {
        self.live.readings.get(&reading_name(object.kind, object.parent.as_ref(), None))
    }

    fn edge_is_excluded(&self, object: &Object) -> bool {
        let body = self.matched.names.body(object);
        object.kind.identity.iter().any(|field| match body.get(field) {
            Some(Value::Reference(reference)) => self.desired.excluded.reference(reference),
            _ => false,
        })
    }

    fn parent_is_described(&self, object: &Object) -> bool {
        self.matched.pairs.iter().any(|(resource, parent)| {
            parent.is_some_and(|parent| parent.id == object.parent)
                && catalogue().nested(&resource.kind.name).any(|kind| {
                    kind.name == object.kind.name && resource.body.contains_key("client_authentication_methods")
                })
        })
    }

    fn is_protected(&self, object: &Object, address: &Address) -> bool {
        let policy = &self.desired.settings.policy;
        let named = policy.protect.iter().any(|pattern| fits(pattern, address));
        let allowed = self.facts.consent.allow_protected.iter().any(|pattern| fits(pattern, address));
        (object.kind.protected || named) && !allowed
    }

    /// Kinds that the tenant refuses though nobody declared them are worth a note, no more.
    fn released(&mut self) {
        let refused: Vec<String> = self
            .live
            .readings
            .iter()
            .filter(|(name, _)| !self.desired.declared.contains(name.split(['@', '#']).next().unwrap_or(name)))
            .filter_map(|(name, reading)| match reading {
                Reading::Refused { status, reason, .. } => {
                    Some(format!("{name} cannot be read ({status} {reason}); it is left alone"))
                }
                _ => None,
            })
            .collect();
        self.notes.extend(refused);
    }
}

/// Says whether the application that a run logs in with, or what it was granted, is of this kind.
fn may_be_own(kind: &Kind) -> bool {
    kind.has(Quirk::GranteeOrDefault) || (kind.has(Quirk::AuthMethodSwitch) && kind.shape == Shape::Collection)
}

/// Returns what references and holes may be filled with: ids and plain top-level texts of live objects.
pub fn known_fields(live: &Live, matched: &Matched<'_>) -> KnownFields {
    let names = &matched.names;
    let mut known = KnownFields::new();
    // Of two objects with one name the declared one is meant: it comes last.
    let paired = matched.pairs.iter().filter_map(|(_, object)| *object);
    for object in live.objects.iter().chain(paired) {
        let Some(id) = &object.id else { continue };
        let Some(name) = names.name(object.kind.space(), &id.0) else { continue };
        let fields = known.entry((object.kind.space().to_owned(), name.to_owned())).or_default();
        for (field, value) in &object.body {
            if let Value::String(text) = value {
                fields.insert(field.clone(), text.clone());
            }
        }
        fields.insert("id".to_owned(), id.0.clone());
        if object.kind.has(Quirk::PublishVersion)
            && let Some(Value::Map(version)) = object.body.get("latest_version")
            && let (Some(Value::String(id)), Some(Value::Number(number))) =
                (version.get("id"), version.get("version_number"))
        {
            fields.insert(format!("version/{number}"), id.clone());
        }
    }
    known
}

fn ids(matched: &Matched<'_>) -> BTreeMap<Address, RemoteId> {
    let paired = matched.pairs.iter().filter_map(|(resource, object)| {
        object.and_then(|object| object.id.clone()).map(|id| (resource.address.clone(), id))
    });
    let left =
        matched.left.iter().filter_map(|object| object.id.clone().map(|id| (matched.names.address_of(object), id)));
    left.chain(paired).collect()
}

/// Returns the qualified name of a resource, for what others refer to.
pub fn provided_name(resource: &Resource, matched: &Matched<'_>) -> (String, String) {
    let parent = matched.parent_of(resource).map(|(parent, _)| parent.name.as_str());
    (resource.kind.space().to_owned(), qualified(parent, resource.kind, &resource.name))
}

/// One step before it is ordered.
#[derive(Debug)]
pub struct Draft {
    pub step: Step,
    /// Indices of drafts that must come first whatever the references say.
    pub after: Vec<usize>,
    /// What the object refers to in the tenant now: a delete of that must wait for this.
    pub lets_go: Vec<(String, String)>,
    /// For deletes: what goes.
    pub deletes: Option<(String, String)>,
}
