//! Which scopes a token must carry for exactly this configuration: for a plan, and for an apply.
//!
//! Pure: files and catalogue in, scopes with what each is for out. A scope is never asked for because a kind could need
//! it: only because this configuration reads, makes, changes or may delete something with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::kind::{DeleteMeans, Kind, MemberPolicy, MemberStyle, Membership};
use crate::catalogue::scopes::{Doing, Scopes};
use crate::catalogue::shape::Shape;
use crate::catalogue::table::{catalogue, is_credential};
use crate::model::address::Address;
use crate::model::desired::{Desired, Manage, Policy, Resource};
use crate::model::plan::{Gate, MemberChange, Operation, Plan, Requests, Step};
use crate::pipeline::ceremony;
use crate::pipeline::plan::{Facts, KnownFields};
use crate::pipeline::refresh::root_reads;
use crate::pipeline::resolve::split_key;
use crate::pipeline::steps::wants_deploy;

/// Scopes, each with what it is for, in bytewise order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed(BTreeMap<String, Purpose>);

/// What a scope is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// What is done to which kind, by name.
    pub to: BTreeSet<(Doing, &'static str)>,
    /// The resources concerned; none for what is only read to be referred to.
    pub addresses: BTreeSet<Address>,
}

/// Returns the scopes that planning this needs: every kind that a refresh reads.
pub fn for_plan(desired: &Desired) -> Needed {
    let mut needed = Needed::default();
    for (kind, key) in root_reads(desired) {
        needed.add(Doing::Read, kind, kind.scopes_for(&key), None);
    }
    for resource in desired.resources.iter().chain(&desired.removed) {
        let is_read = resource.kind.parent.is_some() || needed.reads(resource.kind);
        if is_read {
            needed.add(Doing::Read, resource.kind, scopes_of(resource), Some(&resource.address));
        }
    }
    for resource in &desired.resources {
        needed.add_fields(Doing::Read, resource);
        // Which parts there are matters where what nobody names is to go.
        let parts = resource.kind.membership.as_ref().and_then(|membership| membership.parts.as_ref());
        if let Some(parts) = parts.filter(|_| desired.settings.policy.manage(resource.kind) == Manage::Exact)
            && let Some(scope) = parts.scopes.first()
        {
            needed.note(scope, Doing::Read, resource.kind, Some(&resource.address));
        }
    }
    needed
}

/// Returns the scopes that applying this may need, whatever the tenant holds: those of a plan, and those of the verbs
/// that its resources have. Deletion is among them only where the policy deletes what is not declared, where a list of
/// members is exact, and where a file says `null`; what else a plan deletes is added by [`Needed::add_steps`].
pub fn for_apply(desired: &Desired) -> Needed {
    let mut needed = for_plan(desired);
    let policy = &desired.settings.policy;
    for resource in &desired.resources {
        for doing in writes(resource, policy) {
            needed.add(doing, resource.kind, scopes_of(resource), Some(&resource.address));
        }
        if !resource.unset {
            needed.add_fields(Doing::Update, resource);
        }
    }
    for kind in desired.declared.iter().filter_map(|name| catalogue().kind(name)) {
        if deletes_undeclared(kind, desired) {
            needed.add(Doing::Delete, kind, &kind.scopes, None);
        }
    }
    needed
}

impl Needed {
    /// Returns the scopes with what each is for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Purpose)> {
        self.0.iter().map(|(scope, purpose)| (scope.as_str(), purpose))
    }

    /// Returns the scopes alone.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what the steps of a plan need: a replacement's deletion, most of all.
    pub fn add_steps(&mut self, steps: &[Step]) {
        for step in steps {
            for doing in of_step(step) {
                self.add(doing, step.kind, step.kind.scopes_for(&step.key), Some(&step.address));
            }
        }
    }

    /// Returns those that the token does not carry.
    pub fn lacking(&self, granted: &BTreeSet<String>) -> Self {
        let missing = self.0.iter().filter(|(scope, _)| !granted.contains(*scope));
        Self(missing.map(|(scope, purpose)| (scope.clone(), purpose.clone())).collect())
    }

    /// Returns a closed gate for each scope. No switch opens it: the tenant would refuse.
    pub fn gates(&self) -> Vec<Gate> {
        self.iter()
            .map(|(scope, purpose)| Gate {
                name: "missing-scopes",
                reason: format!("the token lacks `{scope}`, which is needed to {purpose}"),
                addresses: purpose.addresses.iter().cloned().collect(),
                switch: None,
            })
            .collect()
    }

    fn add(&mut self, doing: Doing, kind: &'static Kind, scopes: &Scopes, address: Option<&Address>) {
        if let Some(scope) = scopes.needed(doing) {
            self.note(scope, doing, kind, address);
        }
    }

    fn add_fields(&mut self, doing: Doing, resource: &Resource) {
        for field in resource.body.keys() {
            if let Some(scope) = scopes_of(resource).of_field(field, doing) {
                self.note(scope, doing, resource.kind, Some(&resource.address));
            }
        }
    }

    fn note(&mut self, scope: &str, doing: Doing, kind: &'static Kind, address: Option<&Address>) {
        let purpose = self.0.entry(scope.to_owned()).or_default();
        purpose.to.insert((doing, kind.name.as_str()));
        purpose.addresses.extend(address.cloned());
    }

    fn reads(&self, kind: &Kind) -> bool {
        self.0.values().any(|purpose| purpose.to.contains(&(Doing::Read, kind.name.as_str())))
    }
}

/// `create roles and update roles, roles/permissions`.
impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut kinds: BTreeMap<Doing, Vec<&str>> = BTreeMap::new();
        for (doing, kind) in &self.to {
            kinds.entry(*doing).or_default().push(kind);
        }
        let words: Vec<String> =
            kinds.iter().map(|(doing, kinds)| format!("{} {}", doing.word(), kinds.join(", "))).collect();
        f.write_str(&words.join(" and "))
    }
}

fn scopes_of(resource: &Resource) -> &'static Scopes {
    match resource.kind.key_paths.is_empty() {
        true => &resource.kind.scopes,
        false => resource.kind.scopes_for(&split_key(resource.kind, &resource.name)),
    }
}

/// What may be done to make a resource true.
fn writes(resource: &Resource, policy: &Policy) -> Vec<Doing> {
    let kind = resource.kind;
    if resource.unset {
        return match &kind.delete {
            DeleteMeans::Delete if kind.verbs.delete => vec![Doing::Delete],
            DeleteMeans::Reset(_) => vec![Doing::Update],
            DeleteMeans::Delete | DeleteMeans::Nothing => Vec::new(),
        };
    }
    if let Some(membership) = &kind.membership {
        let exact = membership.members == MemberPolicy::Exact || policy.manage(kind) == Manage::Exact;
        let some = !resource.members().is_empty();
        return member_writes(kind, membership, some, some, exact);
    }
    let create = kind.verbs.create.is_some() && !kind.always_exists();
    let possible = [
        (create, Doing::Create),
        (kind.verbs.update.is_some() && !ceremony::only_begins(resource), Doing::Update),
        (wants_deploy(resource), Doing::Deploy),
        // A value that cannot be handed over takes its object with it.
        (kind.shown_once.is_some(), Doing::Delete),
    ];
    possible.into_iter().filter(|(is, _)| *is).map(|(_, doing)| doing).collect()
}

/// What is done to a list when members are added, changed, removed.
fn member_writes(kind: &Kind, membership: &Membership, add: bool, change: bool, remove: bool) -> Vec<Doing> {
    let possible = match membership.style {
        MemberStyle::Replace => [(false, Doing::Create), (true, Doing::Update), (false, Doing::Delete)],
        MemberStyle::Status => [(false, Doing::Create), (add || remove, Doing::Update), (false, Doing::Delete)],
        MemberStyle::AddRemove | MemberStyle::Each | MemberStyle::NameValue => [
            (add, Doing::Create),
            (change && kind.verbs.update.is_some(), Doing::Update),
            (remove && kind.verbs.delete, Doing::Delete),
        ],
    };
    possible.into_iter().filter(|(is, _)| *is).map(|(_, doing)| doing).collect()
}

/// What a step of a plan does.
fn of_step(step: &Step) -> Vec<Doing> {
    match &step.operation {
        Operation::Wrap { .. } => vec![Doing::Create],
        Operation::Create { then, .. } if then.is_empty() => vec![Doing::Create],
        Operation::Create { .. } => vec![Doing::Create, Doing::Update],
        Operation::Update { .. } | Operation::Fill { .. } | Operation::Reset { .. } => vec![Doing::Update],
        Operation::Delete { .. } => vec![Doing::Delete],
        Operation::Deploy { .. } => vec![Doing::Deploy],
        Operation::Members(MemberChange { add, change, remove, .. }) => {
            let Some(membership) = &step.kind.membership else { return Vec::new() };
            member_writes(step.kind, membership, !add.is_empty(), !change.is_empty(), !remove.is_empty())
        }
    }
}

/// Says whether a plan may delete objects of this kind because no file declares them. The same rule as the planner's.
fn deletes_undeclared(kind: &'static Kind, desired: &Desired) -> bool {
    let manage = desired.settings.policy.manage(kind);
    let may = match kind.shape {
        Shape::Collection => manage == Manage::Exact,
        Shape::Child if !is_credential(kind) => manage == Manage::Exact,
        Shape::Child => {
            let is_described = desired.resources.iter().any(|resource| {
                Some(resource.kind.name.as_str()) == kind.parent.as_deref()
                    && resource.body.contains_key("client_authentication_methods")
            });
            is_credential(kind) && is_described && manage != Manage::Additive
        }
        _ => false,
    };
    may && kind.verbs.delete && !desired.excluded.kind(kind)
}

/// Returns the plan of a tenant that cannot even be read: no step, and the gates that say why.
pub fn unread(desired: &Desired, facts: Facts, gates: Vec<Gate>) -> Plan {
    Plan {
        settings: desired.settings.clone(),
        sandbox: facts.sandbox,
        steps: Vec::new(),
        changes: Vec::new(),
        gates,
        notes: Vec::new(),
        unmanaged: 0,
        unchanged: 0,
        known: KnownFields::new(),
        ids: BTreeMap::new(),
        fingerprints: BTreeMap::new(),
        opened: Vec::new(),
        images: BTreeMap::new(),
        ownership: Default::default(),
        missing_secrets: Vec::new(),
        deliveries: BTreeMap::new(),
        provenance: facts.provenance,
        requests: Requests::default(),
        basis: Default::default(),
    }
}
