//! Plan -> the tenant: performs exactly the steps, in parallel along the graph, and only says what happens.

use crate::api::port::WriteApi;
use crate::model::event::{Event, StepFailure, Summary};
use crate::model::plan::Plan;

/// How an apply ended.
#[derive(Debug, Default)]
pub struct Outcome {
    pub summary: Summary,
    pub failures: Vec<StepFailure>,
    /// `address:field` -> fingerprint of secrets that were really sent.
    pub sent: std::collections::BTreeMap<String, String>,
}

/// Sleeping is the world's; tests hand in a clock that does not.
pub trait Sleep: Sync {
    fn sleep(&self, time: std::time::Duration) -> impl Future<Output = ()> + Send;
}

/// Performs the plan. It refuses to run with a closed gate: `plan.gates` must be empty.
pub async fn apply(
    plan: &Plan,
    api: &impl WriteApi,
    clock: &impl Sleep,
    listen: &mut (dyn FnMut(Event) + Send),
) -> Outcome {
    let _ = (api, clock, listen);
    unimplemented!("{plan:?}")
}
