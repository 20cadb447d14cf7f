//! The sandbox on a socket: the tenant's API under `/api/v2` and `/oauth/token`, for any client on this machine.
//!
//! It only listens at the loopback address. What a request waits for (latency, the rate) it waits for without the tenant.
//! A write is kept before it is answered, so that every process that reads the tenant from then on sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::Response as HttpResponse;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificate::{self, CertificateError, Tls};
use super::runtime::interrupted;
use super::sandbox_log::WriteLog;
use super::sandbox_store::{self, StoreError};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::sandbox::api::Keeper as _;
use crate::sandbox::bucket::Bucket;
use crate::sandbox::deed::Deed;
use crate::sandbox::faults::Faults;
use crate::sandbox::faulty::{Delivery, FaultyTenant};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::tenant::{Surroundings, Tenant};

mod delivery;

use delivery::{Cut, deliver};

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 10 << 20;
/// A log of writes that is longer than this, in bytes, gives way to the whole tenant. What is read at once has a limit.
const LOG_LIMIT: u64 = 4 << 20;
/// How long open connections may take to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// The folder of the certificate; without one it is plain HTTP.
    pub tls: Option<PathBuf>,
    /// The scopes of its tokens; `None` is all there are.
    pub scopes: Option<BTreeSet<String>>,
    /// Every answer comes so much later.
    pub latency: Duration,
    /// Requests per second that the tenant grants; `None` is without limit.
    pub rate: Option<u32>,
    /// Requests that it grants at once; without a number, as many as in one second.
    pub burst: Option<u32>,
    /// So many logins a second take from what is granted too.
    pub logins: Option<f64>,
    /// What is to go wrong.
    pub faults: Option<Faults>,
    /// Where the tenant is kept.
    pub file: Option<PathBuf>,
}

/// Where it is served, for whoever says so.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// `https://127.0.0.1:8443`.
    pub url: String,
    /// The certificate authority to trust, with TLS.
    pub authority: Option<PathBuf>,
}

/// Why the sandbox is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("port {port} cannot be listened at")]
    Listen { port: u16, source: std::io::Error },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A sandbox that has its port and waits to be run.
pub struct Server {
    listener: TcpListener,
    tls: Option<Tls>,
    served: Arc<Served>,
    announcement: Announcement,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("announcement", &self.announcement).finish_non_exhaustive()
    }
}

/// What all requests share.
struct Served {
    options: ServeOptions,
    state: Mutex<Shared>,
}

struct Shared {
    faulty: FaultyTenant,
    /// What is done is kept there before it is answered.
    log: Option<WriteLog>,
    changed: bool,
    counts: BTreeMap<&'static str, u64>,
    bucket: Bucket,
    began: Instant,
}

/// Takes the port and makes the certificate, so that the caller can say where it will be.
///
/// # Errors
/// If the port is taken, or the certificate cannot be had.
pub async fn bind(tenant: Tenant, log: Option<WriteLog>, options: ServeOptions) -> Result<Server, ServeError> {
    let tls = options.tls.as_deref().map(certificate::for_this_machine).transpose()?;
    let port = options.port;
    let failed = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let announcement = Announcement {
        url: format!("{scheme}://127.0.0.1:{}", address.port()),
        authority: tls.as_ref().map(|tls| tls.authority.clone()),
    };
    let mut faulty = FaultyTenant::new(tenant);
    faulty.granted.clone_from(&options.scopes);
    faulty.set(options.faults.clone().unwrap_or_default());
    let bucket = Bucket::new(options.rate.map(f64::from), options.burst.map(f64::from));
    let state =
        Mutex::new(Shared { faulty, log, changed: false, counts: BTreeMap::new(), bucket, began: Instant::now() });
    Ok(Server { listener, tls, served: Arc::new(Served { options, state }), announcement })
}

impl Server {
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Serves until ctrl-c, or until it is told to terminate. See [`Server::run`].
    ///
    /// # Errors
    /// If the tenant cannot be written down.
    pub async fn run_until_interrupted(self) -> Result<Tenant, ServeError> {
        self.run(interrupted()).await
    }

    /// Serves until `stop` is done, lets open requests end, writes the tenant down and gives it back.
    ///
    /// # Errors
    /// If the tenant cannot be written down.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<Tenant, ServeError> {
        let Self { listener, tls, served, .. } = self;
        let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config));
        let (ending, ended) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        let logins = served.options.logins.filter(|logins| *logins > 0.0);
        let mut login =
            tokio::time::interval(Duration::from_secs_f64(1.0 / logins.unwrap_or(1.0).clamp(0.001, 1000.0)));
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = login.tick(), if logins.is_some() => served.log_in(),
                // Ended connections are taken out, or they would pile up.
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => {
                    // A connection that could not be accepted concerns its client alone.
                    let Ok((stream, _)) = accepted else { continue };
                    stream.set_nodelay(true).ok();
                    let (served, acceptor, ended) = (Arc::clone(&served), acceptor.clone(), ended.clone());
                    connections.spawn(async move {
                        match acceptor {
                            None => talk(stream, served, ended).await,
                            Some(acceptor) => {
                                if let Ok(stream) = acceptor.accept(stream).await {
                                    talk(stream, served, ended).await;
                                }
                            }
                        }
                    });
                }
            }
        }
        ending.send(true).ok();
        let all = async { while connections.join_next().await.is_some() {} };
        // Who is still not done then is cut off when the set is dropped.
        tokio::time::timeout(PATIENCE, all).await.ok();
        let mut state = served.state();
        if state.changed {
            served.save(&mut state)?;
        }
        Ok(state.faulty.tenant.clone())
    }
}

/// Answers what comes over one connection: HTTP/1.1 or HTTP/2, as the client begins.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    served: Arc<Served>,
    mut ended: watch::Receiver<bool>,
) {
    let builder = auto::Builder::new(TokioExecutor::new());
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let served = Arc::clone(&served);
        async move { answer(&served, request.map(Body::new)).await }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A broken connection is the client's to notice.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = ended.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await.ok();
        }
    }
}

impl Served {
    /// A panic in another request leaves the tenant as it was between two calls.
    fn state(&self) -> MutexGuard<'_, Shared> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody logs in, or is refused because of the rate.
    fn log_in(&self) {
        let mut state = self.state();
        let now = state.began.elapsed();
        let name = if state.bucket.take(now).is_refused() { "logins refused" } else { "logins" };
        *state.counts.entry(name).or_insert(0) += 1;
    }

    /// Writes the tenant down as a whole.
    fn save(&self, state: &mut Shared) -> Result<(), StoreError> {
        if let Some(file) = &self.options.file {
            state.log = Some(sandbox_store::save_kept(file, &state.faulty.tenant)?);
        }
        state.changed = false;
        Ok(())
    }

    /// Keeps what the tenant has done, so that whoever is answered finds it kept, in whatever process it looks.
    fn keep(&self, state: &mut Shared, deed: &Deed) -> Result<(), Refusal> {
        let failed = |reason: String| Refusal::new(500, "", format!("This could not be kept: {reason}"));
        state.changed = true;
        let Some(log) = &state.log else { return Ok(()) };
        log.note(deed).map_err(failed)?;
        if log.length() > LOG_LIMIT {
            self.save(state).map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }
}

/// Answers one request, if it is to be answered.
async fn answer(served: &Served, request: hyper::Request<Body>) -> Result<HttpResponse, Cut> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        let refusal = Refusal::new(413, "", "Payload content length greater than maximum allowed");
        return deliver(Delivery::Whole(refusal.into())).await;
    };
    let path = parts.uri.path().to_owned();
    if let Some(name) = path.strip_prefix("/__sandbox/") {
        return deliver(Delivery::Whole(control(served, &parts.method, name, &bytes))).await;
    }
    let granted = {
        let mut state = served.state();
        state.counts.entry(counted(&parts.method, &path)).and_modify(|n| *n += 1).or_insert(1);
        let now = state.began.elapsed();
        state.bucket.take(now)
    };
    if !served.options.latency.is_zero() {
        tokio::time::sleep(served.options.latency).await;
    }
    let mut delivery = if granted.is_refused() {
        *served.state().counts.entry("refused by the rate").or_insert(0) += 1;
        Delivery::Whole(Refusal::new(429, "too_many_requests", "Global limit has been reached").into())
    } else if path == "/oauth/token" {
        let body = token_body(&parts.headers, &bytes);
        let mut state = served.state();
        state.faulty.tenant.set_now(sandbox_store::now());
        state.faulty.renewed();
        let Shared { faulty, .. } = &mut *state;
        let response = faulty.tenant.token(&body, faulty.granted.as_ref());
        let given = (response.status == 200).then(|| Deed::token(faulty.tenant.now()));
        match given.map_or(Ok(()), |deed| served.keep(&mut state, &deed)) {
            Ok(()) => Delivery::Whole(response),
            Err(refusal) => Delivery::Whole(refusal.into()),
        }
    } else {
        call(served, &parts, &bytes).unwrap_or_else(|refusal| Delivery::Whole(refusal.into()))
    };
    if let Delivery::Whole(response) | Delivery::Raw(response, _) | Delivery::Slow(response, _) = &mut delivery {
        granted.show(response, sandbox_store::now());
    }
    deliver(delivery).await
}

fn counted(method: &axum::http::Method, path: &str) -> &'static str {
    match (method.as_str(), path) {
        (_, "/oauth/token") => "token",
        ("GET", _) => "GET",
        ("POST", _) => "POST",
        ("PUT", _) => "PUT",
        ("PATCH", _) => "PATCH",
        ("DELETE", _) => "DELETE",
        _ => "other",
    }
}

/// Hands one call to the tenant.
fn call(served: &Served, parts: &axum::http::request::Parts, bytes: &[u8]) -> Result<Delivery, Refusal> {
    let path = parts.uri.path().strip_prefix("/api/v2").ok_or_else(Refusal::no_route)?;
    let method = method(&parts.method).ok_or_else(Refusal::no_route)?;
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer
        .and_then(|value| value.split_once(' '))
        .filter(|(kind, token)| kind.eq_ignore_ascii_case("bearer") && !token.is_empty())
        .ok_or_else(|| Refusal::new(401, "", "Missing authentication"))?
        .1;
    let mut request = Request::new(method, path.to_owned(), json_body(&parts.headers, bytes)?);
    request.query = pairs(parts.uri.query().unwrap_or_default());
    let mut state = served.state();
    state.faulty.tenant.set_now(sandbox_store::now());
    let handled = state.faulty.handle(&request, bearer);
    if let Some(deed) = state.faulty.deed(&request, &handled) {
        served.keep(&mut state, &deed)?;
    }
    Ok(handled.delivery)
}

fn method(method: &axum::http::Method) -> Option<Method> {
    Some(match method.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return None,
    })
}

/// Reads a body: JSON, or text where the client says so (the page template).
fn json_body(headers: &HeaderMap, bytes: &[u8]) -> Result<Option<Json>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if content_type(headers).starts_with("text/") {
        return Ok(Some(Json::String(String::from_utf8_lossy(bytes).into_owned())));
    }
    let unreadable = |_| Refusal::new(400, "", "Invalid request payload JSON format");
    serde_json::from_slice(bytes).map(Some).map_err(unreadable)
}

fn token_body(headers: &HeaderMap, bytes: &[u8]) -> Json {
    if content_type(headers).starts_with("application/x-www-form-urlencoded") {
        let pairs = pairs(&String::from_utf8_lossy(bytes));
        return Json::Object(pairs.into_iter().map(|(key, value)| (key, Json::String(value))).collect());
    }
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            pair.split_once('=').map_or((decoded(pair), String::new()), |(key, value)| (decoded(key), decoded(value)))
        })
        .collect()
}

/// Answers what is not the tenant's: making it new, making it fail, and telling what was asked of it.
fn control(served: &Served, method: &axum::http::Method, name: &str, bytes: &[u8]) -> Response {
    let mut state = served.state();
    match (method.as_str(), name) {
        ("POST", "reset") => {
            let surroundings = Surroundings { now: sandbox_store::now(), seed: 0 };
            let (domain, own) = (state.faulty.tenant.domain(), state.faulty.tenant.own_client_id());
            state.faulty.tenant = Tenant::in_surroundings(domain, own, surroundings);
            state.counts.clear();
            match served.save(&mut state) {
                Ok(()) => Response::new(200, json!({"reset": true})),
                Err(error) => Refusal::new(500, "", error.to_string()).into(),
            }
        }
        ("GET", "stats") => Response::new(200, json!({"requests": state.counts, "struck": state.faulty.struck()})),
        ("POST", "faults") => match Faults::from_json(&String::from_utf8_lossy(bytes)) {
            Ok(faults) => {
                let set = faults.0.len();
                state.faulty.set(faults);
                Response::new(200, json!({"faults": set}))
            }
            Err(error) => Refusal::body(error.to_string()).into(),
        },
        ("DELETE", "faults") => {
            state.faulty.set(Faults::default());
            Response::new(200, json!({"faults": 0}))
        }
        _ => Refusal::no_route().into(),
    }
}

#[cfg(test)]
mod tests;
