//! What one resource needs, and why.

use super::address::Address;
use super::document::Place;
use super::names::RemoteId;
use super::path::FieldPath;
use super::value::Value;
use crate::catalogue::kind::Kind;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    /// Deleted and created again, because a field cannot be changed in place.
    Replace,
    Delete,
    Rename,
    Nothing,
}

impl Action {
    /// Returns the sign in front of a plan's line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update | Self::Rename => "~",
            Self::Replace => "-/+",
            Self::Delete => "-",
            Self::Nothing => " ",
        }
    }
}

/// One resource's need.
#[derive(Clone, Debug)]
pub struct Change {
    pub address: Address,
    pub kind: &'static Kind,
    pub action: Action,
    /// For eyes; the executor never reads it.
    pub reason: String,
    pub deltas: Vec<Delta>,
    pub id: Option<RemoteId>,
    pub place: Option<Place>,
}

impl Change {
    /// Counts the differences that somebody made in the tenant.
    pub fn drifted(&self) -> usize {
        self.deltas.iter().filter(|delta| delta.cause.is_some_and(Cause::is_drift)).count()
    }
}

/// One field's difference.
#[derive(Clone, Debug)]
pub struct Delta {
    pub path: FieldPath,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub note: Option<DeltaNote>,
    /// Who moved; `None` where no record says what was applied last.
    pub cause: Option<Cause>,
}

/// Why a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The files changed since the last record.
    Configuration,
    /// Somebody changed the tenant since the last record.
    Drift,
    /// Both did.
    Both,
}

impl Cause {
    /// Says whether applying overwrites what somebody did to the tenant.
    pub fn is_drift(self) -> bool {
        matches!(self, Self::Drift | Self::Both)
    }
}

/// What must be said about a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaNote {
    /// The tenant never shows the secret and nothing is known of what it holds: sent once.
    CannotBeCompared,
    /// The secret's fingerprint differs from the one last sent.
    SecretChanged,
    /// The secret has no value here: not compared, an error only at apply.
    NotAvailableHere,
    /// The change forces a replacement.
    ForcesReplacement,
}
