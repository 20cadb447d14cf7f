//! A plan is a value: ordered steps with what they need, gates, provenance.

use std::collections::BTreeMap;

use super::address::Address;
use super::applied::Ownership;
use super::basis::Basis;
use super::change::{Action, Change};
use super::desired::{Delivery, TenantSettings};
use super::document::Place;
use super::journal::Image;
use super::names::RemoteId;
use super::value::{Map, Value};
use crate::catalogue::kind::Kind;

/// Everything that an apply needs to know, and nothing that could change its mind.
#[derive(Debug)]
pub struct Plan {
    pub settings: TenantSettings,
    pub sandbox: bool,
    /// In a valid order; a step's `requires` point at earlier ones.
    pub steps: Vec<Step>,
    /// What people see: one entry a resource, `Nothing` left out.
    pub changes: Vec<Change>,
    pub gates: Vec<Gate>,
    /// Gates that a switch has opened.
    pub opened: Vec<Gate>,
    pub notes: Vec<String>,
    /// Live objects of the kinds in scope that nobody declared.
    pub unmanaged: usize,
    /// Resources that need nothing.
    pub unchanged: usize,
    /// Known ids of live objects, to fill references: (space, name) -> fields by name, `id` among them.
    pub known: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Ids of live objects by address, for paths of nested kinds.
    pub ids: BTreeMap<Address, RemoteId>,
    /// Fingerprints of secrets as planned, to be remembered once sent: `address:field` -> text.
    pub fingerprints: BTreeMap<String, String>,
    /// Secrets that have no value here; an apply is refused as long as there is one.
    pub missing_secrets: Vec<String>,
    pub provenance: Provenance,
    /// Where values go that are shown once, by address.
    pub deliveries: BTreeMap<Address, Delivery>,
    /// What stands where the steps change something, for an undo.
    pub images: BTreeMap<Address, Image>,
    /// What is ours before and after, for the record.
    pub ownership: Ownership,
    /// Requests that planning sent, and that the steps will send at least.
    pub requests: Requests,
    /// What it stands on, and its fingerprint.
    pub basis: Basis,
}

#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Requests {
    pub refresh: usize,
    pub apply: usize,
}

/// Where the configuration came from.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Provenance {
    pub commit: Option<String>,
    /// The commit's tree.
    #[serde(skip)]
    pub tree: Option<String>,
    /// The work tree had uncommitted changes under the workspace.
    pub dirty: bool,
}

/// One thing that the executor does for one address.
#[derive(Debug)]
pub struct Step {
    pub address: Address,
    pub kind: &'static Kind,
    pub action: Action,
    pub operation: Operation,
    /// Indices of the steps that must have succeeded before.
    pub requires: Vec<usize>,
    /// The address whose id stands for `{parent}` in paths.
    pub parent: Option<Address>,
    /// Identity fields for the other braces in paths.
    pub key: BTreeMap<String, String>,
    /// The (space, name) that others may refer to once this step has run.
    pub provides: Option<(String, String)>,
    pub place: Option<Place>,
    pub field_places: BTreeMap<String, Place>,
}

/// What to send. Bodies hold API names, references by name and tainted secrets.
#[derive(Debug)]
pub enum Operation {
    Create {
        body: Map,
        /// Fields that create refuses or that had to wait: sent by an update right after, in the same step.
        then: Map,
    },
    Update {
        id: Option<RemoteId>,
        body: Map,
        /// Sent before `body`, where the API wants two (see the quirk in the catalogue).
        first: Map,
        /// The fields are complete only with what other steps make; see `Fill`.
        whole: bool,
    },
    /// The optional references of an object that this plan creates, once their targets exist.
    Fill {
        body: Map,
    },
    Delete {
        id: Option<RemoteId>,
    },
    /// An update to stated defaults in place of a DELETE.
    Reset {
        body: Map,
    },
    Members(MemberChange),
    /// Ask for the public key that the material of a key is wrapped with, and tell it.
    Wrap {
        id: Option<RemoteId>,
    },
    /// Build, deploy (or publish) what stands as a draft.
    Deploy {
        id: Option<RemoteId>,
    },
}

/// The difference of a member list, in wire form but for references and secrets.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    pub add: Vec<Value>,
    /// Changed members: what recognises them and what changed.
    pub change: Vec<Value>,
    /// Removed members as they are live (with ids).
    pub remove: Vec<Value>,
    /// The whole list, for styles that replace it.
    pub whole: Vec<Value>,
}

/// A reason to refuse; it names the switch that opens it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gate {
    pub name: &'static str,
    pub reason: String,
    /// Addresses concerned.
    pub addresses: Vec<Address>,
    /// The switch, ready to copy; `None` if no switch opens it.
    pub switch: Option<String>,
}

impl Step {
    /// Returns an update of the same object that comes before or after this step and gives nobody anything to wait for.
    #[must_use]
    pub fn beside(&self, operation: Operation) -> Self {
        Self {
            address: self.address.clone(),
            kind: self.kind,
            action: Action::Update,
            operation,
            requires: Vec::new(),
            parent: self.parent.clone(),
            key: self.key.clone(),
            provides: None,
            place: self.place.clone(),
            field_places: self.field_places.clone(),
        }
    }
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Counts the changes of an action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}
