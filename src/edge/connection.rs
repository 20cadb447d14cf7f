//! The way to a tenant, real or embedded, behind the API port.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::http::{HttpApi, HttpOptions};
use super::request_log::{RequestLog, Sent};
use super::sandbox_store::{self, StoreError};
use super::state::{Remembrance, StateFolder};
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, ReadApi, WriteApi};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::model::desired::TenantSettings;
use crate::model::names::{Domain, TenantName};
use crate::sandbox::api::SandboxApi;
use crate::sandbox::faults::Faults;

/// The domain that stands for the embedded tenant.
pub const SANDBOX: &str = "sandbox";
/// The client that a run against the embedded tenant is.
pub const OWN_CLIENT: &str = "tenantry";

/// Where a run's tenant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Live(Domain),
    Sandbox(TenantName),
}

impl Target {
    /// Decides by the tenant's domain, or by `--sandbox`.
    pub fn of(settings: &TenantSettings, sandbox: bool) -> Self {
        match sandbox || settings.domain.0 == SANDBOX {
            true => Self::Sandbox(settings.tenant.clone()),
            false => Self::Live(settings.domain.clone()),
        }
    }

    pub fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }

    /// Returns under what it is remembered.
    pub fn remembrance(&self) -> Remembrance {
        match self {
            Self::Live(domain) => Remembrance::Domain(domain.clone()),
            Self::Sandbox(tenant) => Remembrance::Sandbox(tenant.clone()),
        }
    }
}

/// An open way to a tenant: both halves.
#[derive(Debug)]
pub enum Connection {
    Http(Box<HttpApi>),
    Sandbox { api: Box<SandboxApi>, file: PathBuf, log: RequestLog },
}

impl Connection {
    /// Opens the way; nothing is sent yet. The faults are for the embedded tenant.
    ///
    /// # Errors
    /// If the sandbox's file cannot be read.
    pub fn open(
        target: &Target,
        options: HttpOptions,
        state: &StateFolder,
        faults: Option<Faults>,
    ) -> Result<Self, StoreError> {
        match target {
            Target::Live(_) => Ok(Self::Http(Box::new(HttpApi::new(options)))),
            Target::Sandbox(name) => {
                let file = state.sandbox_file(name);
                let (tenant, log) = sandbox_store::open_kept(&file, &options.domain.0, OWN_CLIENT)?;
                let api = Box::new(SandboxApi::new(tenant).kept_by(Box::new(log)));
                if let Some(faults) = faults {
                    api.set_faults(faults);
                }
                Ok(Self::Sandbox { api, file, log: options.log })
            }
        }
    }

    /// Does some work, and tells of long waits for the rate limit meanwhile.
    pub async fn telling<T>(&self, work: impl Future<Output = T>, mut tell: impl FnMut(Duration)) -> T {
        let Self::Http(api) = self else { return work.await };
        let mut waits = api.waits();
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                result = work.as_mut() => return result,
                Ok(()) = waits.changed() => {
                    if let Some(wait) = *waits.borrow_and_update() {
                        tell(wait.pause);
                    }
                }
            }
        }
    }

    /// Keeps the reading half alone.
    pub fn only_reading(self) -> ReadOnly<Self> {
        ReadOnly(self)
    }

    /// Lends the reading half.
    pub fn reading(&self) -> ReadOnly<&Self> {
        ReadOnly(self)
    }

    /// Writes the sandbox down as it is now; a real tenant keeps itself.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&self) -> Result<(), StoreError> {
        match self {
            Self::Http(_) => Ok(()),
            Self::Sandbox { api, file, .. } => sandbox_store::save(file, &api.snapshot()),
        }
    }
}

impl ReadApi for Connection {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        match self {
            Self::Http(api) => api.get(get).await,
            Self::Sandbox { api, log, .. } => noted(log, Method::Get, &get.path, api.get(get)).await,
        }
    }

    async fn own_client(&self) -> Option<String> {
        match self {
            Self::Http(api) => api.own_client().await,
            Self::Sandbox { api, .. } => api.own_client().await,
        }
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Http(api) => api.granted_scopes().await,
            Self::Sandbox { api, .. } => api.granted_scopes().await,
        }
    }
}

impl WriteApi for Connection {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        match self {
            Self::Http(api) => api.send(request).await,
            Self::Sandbox { api, log, .. } => noted(log, request.method, &request.path, api.send(request)).await,
        }
    }
}

/// Waits for an answer of the embedded tenant and notes it. It hides its repetitions, so there is one line a request.
async fn noted(
    log: &RequestLog,
    method: Method,
    path: &str,
    work: impl Future<Output = Result<Response, ApiFailure>>,
) -> Result<Response, ApiFailure> {
    let began = Instant::now();
    let result = work.await;
    let path = format!("/api/v2{path}");
    let sent = Sent { method: method.as_str(), path: &path, attempt: 1, took: began.elapsed() };
    match &result {
        Ok(response) => log.note(sent, Ok(response)),
        Err(ApiFailure::Status { status, .. }) => log.note(sent, Ok(&Response::new(*status, Json::Null))),
        Err(
            ApiFailure::Transport { reason, .. }
            | ApiFailure::InDoubt { reason, .. }
            | ApiFailure::Token { reason, .. },
        ) => {
            log.note(sent, Err(reason));
        }
    }
    result
}

/// The reading half alone: whoever holds it cannot write.
#[derive(Debug)]
pub struct ReadOnly<C>(C);

impl<C: AsRef<Connection>> ReadOnly<C> {
    /// Does some work, and tells of long waits for the rate limit meanwhile.
    pub async fn telling<T>(&self, work: impl Future<Output = T>, tell: impl FnMut(Duration)) -> T {
        self.0.as_ref().telling(work, tell).await
    }
}

impl<C: AsRef<Connection> + Sync> ReadApi for ReadOnly<C> {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        self.0.as_ref().get(get).await
    }

    async fn own_client(&self) -> Option<String> {
        self.0.as_ref().own_client().await
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        self.0.as_ref().granted_scopes().await
    }
}

impl AsRef<Connection> for Connection {
    fn as_ref(&self) -> &Connection {
        self
    }
}
