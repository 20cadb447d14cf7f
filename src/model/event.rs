//! Everything the executor can say. Terminal, JSON output and (later) the journal listen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::address::Address;
use super::change::{Action, Delta};
use super::document::Place;

/// Something happened to a step (`step` is its index in the plan).
#[derive(Clone, Debug)]
pub enum Event {
    Started {
        step: usize,
        address: Address,
        action: Action,
    },
    Succeeded {
        step: usize,
        address: Address,
        action: Action,
        /// It put a draft into service.
        deployed: bool,
        took: Duration,
        requests: usize,
        /// What people are to be told of the answer: field -> text.
        told: BTreeMap<String, String>,
    },
    Failed {
        step: usize,
        failure: StepFailure,
    },
    /// Not tried, because the step at `because` failed.
    Skipped {
        step: usize,
        address: Address,
        because: Address,
    },
    Finished {
        summary: Summary,
    },
}

/// A step that failed, with all that a person needs.
#[derive(Clone, Debug)]
pub struct StepFailure {
    pub address: Address,
    pub action: Action,
    pub place: Option<Place>,
    /// The field that the server complained of, where it names one.
    pub field: Option<String>,
    /// HTTP method and path.
    pub request: Option<String>,
    pub status: Option<u16>,
    pub error_code: Option<String>,
    pub message: String,
    pub request_id: Option<String>,
    /// Values that the server answered with success and did not take: `after` is what was asked, `before` what it has.
    pub not_kept: Vec<Delta>,
    pub help: Option<String>,
}

/// How an apply ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub created: usize,
    pub updated: usize,
    pub deleted: usize,
    pub failed: usize,
    pub skipped: usize,
    /// Steps that were not begun, because the run was asked to stop or its journal took no more.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_begun: usize,
    /// Requests that changed something.
    pub writes: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
