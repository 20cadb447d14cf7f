//! Desired -> Live: reads the kinds in scope, list calls where the API has them, in parallel.

use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::model::desired::Desired;
use crate::model::live::Live;

/// What to read.
#[derive(Debug)]
pub enum Wanted<'a> {
    /// What planning this needs.
    For(&'a Desired),
    /// Every kind (of these names or keys, if any are named), for an export.
    Everything { only: Vec<String>, exclude: Vec<String> },
}

/// Reads the tenant. A kind that the tenant refuses is a `Reading`, not an error; no answer at all is one.
pub async fn refresh(api: &impl ReadApi, wanted: Wanted<'_>) -> Result<Live, ApiFailure> {
    let _ = api;
    unimplemented!("{wanted:?}")
}
