//! The two halves of the way to a tenant. Only `apply` is ever handed the writing one.

use std::collections::BTreeSet;
use std::future::Future;

use super::failure::ApiFailure;
use super::request::Request;
use super::response::Response;

/// A request that can only be a GET: the type keeps a reader from writing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Get {
    /// Below `/api/v2`, percent-encoded, beginning with `/`.
    pub path: String,
    pub query: Vec<(String, String)>,
}

/// The reading half.
pub trait ReadApi: Sync {
    /// Sends a GET. Retries what is safe to retry; an HTTP error status comes back as a failure.
    fn get(&self, get: &Get) -> impl Future<Output = Result<Response, ApiFailure>> + Send;

    /// Returns the client id that the run's token belongs to, if it can be known.
    fn own_client(&self) -> impl Future<Output = Option<String>> + Send;

    /// Returns the scopes that the run's token carries, if that can be known.
    fn granted_scopes(&self) -> impl Future<Output = Option<BTreeSet<String>>> + Send;
}

/// The writing half.
pub trait WriteApi: ReadApi {
    /// Sends a write once; it is repeated only where the answer proves that nothing happened (429).
    fn send(&self, request: &Request) -> impl Future<Output = Result<Response, ApiFailure>> + Send;
}
