//! The sandbox behind the API port: no socket, no waiting.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::expand::scope_names;
use super::tenant::Tenant;
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, ReadApi, WriteApi};
use crate::api::request::{Method, Request};
use crate::api::response::Response;

/// A tenant that verbs can read and write.
#[derive(Debug)]
pub struct SandboxApi {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tenant: Tenant,
    reads: usize,
    writes: usize,
    lines: Vec<String>,
    granted: Option<BTreeSet<String>>,
}

impl SandboxApi {
    pub fn new(tenant: Tenant) -> Self {
        Self { state: Mutex::new(State { tenant, reads: 0, writes: 0, lines: Vec::new(), granted: None }) }
    }

    /// Lets calls do only what these scopes allow.
    #[must_use]
    pub fn granting(self, scopes: impl IntoIterator<Item = String>) -> Self {
        self.state().granted = Some(scopes.into_iter().collect());
        self
    }

    /// A panic elsewhere leaves the tenant as it was between two calls.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many reads were answered, refused ones included.
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    /// Returns how many writes were answered, refused ones included.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// Returns method and path of each write, in order.
    pub fn write_lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// Starts counting anew.
    pub fn forget_counts(&self) {
        let mut state = self.state();
        state.reads = 0;
        state.writes = 0;
        state.lines.clear();
    }

    /// Returns a copy of the tenant as it is now.
    pub fn snapshot(&self) -> Tenant {
        self.state().tenant.clone()
    }

    /// Answers a call without counting it: somebody else at work in the tenant.
    pub fn behind_the_back(&self, request: &Request) -> Response {
        self.state().tenant.send(request)
    }

    pub fn into_tenant(self) -> Tenant {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).tenant
    }

    fn answer(&self, request: &Request) -> Result<Response, ApiFailure> {
        let mut state = self.state();
        if request.method == Method::Get {
            state.reads += 1;
        } else {
            state.writes += 1;
            state.lines.push(request.line());
        }
        let State { tenant, granted, .. } = &mut *state;
        let response = tenant.send_as(request, granted.as_ref());
        if response.status >= 400 { Err(ApiFailure::from_response(request.line(), &response)) } else { Ok(response) }
    }
}

impl ReadApi for SandboxApi {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        let mut request = Request::new(Method::Get, get.path.clone(), None);
        request.query.clone_from(&get.query);
        self.answer(&request)
    }

    async fn own_client(&self) -> Option<String> {
        Some(self.state().tenant.own_client_id().to_owned())
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        let state = self.state();
        Some(state.granted.clone().unwrap_or_else(|| scope_names().into_iter().collect()))
    }
}

impl WriteApi for SandboxApi {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        self.answer(request)
    }
}
