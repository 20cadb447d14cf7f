//! One HTTPS client: sends requests, repeats what may be repeated, counts.
//!
//! Made when the first request is sent; HTTP/2 where the server offers it. Nothing of a body, a header or a token ever
//! gets into an error.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::request_log::{RequestLog, Sent};
use crate::api::failure::ApiFailure;
use crate::api::pace::{Pace, Quota, Turn};
use crate::api::request::Method;
use crate::api::response::Response;
use crate::api::retry::{Attempt, Attempts, Repeat, Verdict};

/// A request without its whole answer for this long is given up, unless told otherwise.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// The header under which the tenant's log shows a write.
const CORRELATION: &str = "x-correlation-id";
/// Waits from this on are told, but not all of them.
const LONG: Duration = Duration::from_secs(2);
/// After a wait was told, so long nothing more is said of it.
const QUIET: Duration = Duration::from_secs(10);
/// Answers beyond this are refused: no page of the API comes near it.
pub(super) const ANSWER_LIMIT: usize = 50 * 1024 * 1024;

/// What goes over the wire once, or several times.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    pub method: Method,
    /// Below the origin, percent-encoded.
    pub path: &'a str,
    pub query: &'a [(String, String)],
    pub bearer: Option<&'a SecretString>,
    pub body: Option<&'a Json>,
    pub repeat: Repeat,
}

impl Sending<'_> {
    fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path.strip_prefix("/api/v2").unwrap_or(self.path))
    }

    /// Makes an id under which the tenant's own log keeps a write. Source: the API's page on request correlation; it takes
    /// 64 characters, of writes only.
    fn correlation(&self) -> Option<String> {
        (self.bearer.is_some() && self.method != Method::Get).then(|| format!("{:032x}", rand::random::<u128>()))
    }

    fn failure(&self, reason: impl Into<String>) -> ApiFailure {
        ApiFailure::Transport { request: self.line(), reason: reason.into() }
    }
}

/// Sends, retries and counts; knows nothing of tokens.
#[derive(Debug)]
pub(super) struct Wire {
    origin: String,
    authorities: Option<Vec<u8>>,
    client: OnceLock<Result<reqwest::Client, String>>,
    permits: Semaphore,
    /// A rate limit concerns every request.
    pace: Mutex<Pace>,
    /// An answer has come: who waits may ask anew.
    answered: Notify,
    began: Instant,
    deadline: Duration,
    /// The last long wait.
    waits: watch::Sender<Option<Wait>>,
    sent: AtomicUsize,
    log: RequestLog,
}

/// A wait for the tenant's rate limit that is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it began, since the run did.
    at: Duration,
    pub pause: Duration,
}

/// A request under way. When it is dropped it has ended, even if nobody waited for its answer.
struct Flight<'a> {
    wire: &'a Wire,
    number: u64,
    quota: Option<Quota>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.wire.pace().ended(self.wire.began.elapsed(), self.number, self.quota);
        self.wire.answered.notify_waiters();
    }
}

impl Wire {
    /// Prepares the way to an origin (`https://host`); nothing is sent yet.
    ///
    /// `authorities` are PEM certificates to trust in place of the system's; `in_flight` the requests under way at one
    /// time; `deadline` how long one may take.
    pub fn new(origin: &str, authorities: Option<Vec<u8>>, in_flight: usize, pace: Pace, deadline: Duration) -> Self {
        Self {
            origin: origin.trim_end_matches('/').to_owned(),
            authorities,
            client: OnceLock::new(),
            permits: Semaphore::new(in_flight.max(1)),
            pace: Mutex::new(pace),
            answered: Notify::new(),
            began: Instant::now(),
            deadline,
            waits: watch::Sender::new(None),
            sent: AtomicUsize::new(0),
            log: RequestLog::default(),
        }
    }

    /// Notes each attempt there.
    pub fn noting(self, log: RequestLog) -> Self {
        Self { log, ..self }
    }

    /// Returns how many requests were sent so far, repetitions included.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends and returns the answer, whatever its status, once no repetition is left.
    pub async fn send(&self, sending: &Sending<'_>) -> Result<Response, ApiFailure> {
        let client = self.client().map_err(|reason| sending.failure(reason))?;
        let url = self.url(sending)?;
        let mut attempts = Attempts::new(sending.line(), sending.method, sending.repeat);
        let mut count = 0;
        let correlation = sending.correlation();
        loop {
            count += 1;
            let attempt = {
                let _permit = self.permits.acquire().await.map_err(|_| sending.failure("the run is over"))?;
                // Tokens are not the Management API's, and have a limit of their own.
                let flight = if sending.bearer.is_some() { Some(self.turn().await) } else { None };
                self.sent.fetch_add(1, Ordering::Relaxed);
                let began = Instant::now();
                let attempt = once(client, url.clone(), sending, correlation.as_deref()).await;
                self.note(sending, count, began.elapsed(), &attempt);
                if let (Some(mut flight), Attempt::Answered(response)) = (flight, &attempt) {
                    flight.quota = Quota::of(response, SystemTime::now());
                }
                attempt
            };
            match attempts.judge(attempt, SystemTime::now(), rand::random()) {
                Verdict::Again { pause, limited: true } if sending.bearer.is_some() => self.hold(pause),
                Verdict::Again { pause, .. } => tokio::time::sleep(pause).await,
                Verdict::End(result) => return result.map_err(|failure| known_by(failure, correlation.as_deref())),
            }
        }
    }

    fn note(&self, sending: &Sending<'_>, attempt: u32, took: Duration, came: &Attempt) {
        let sent = Sent { method: sending.method.as_str(), path: sending.path, attempt, took };
        self.log.note(
            sent,
            match came {
                Attempt::Answered(response) => Ok(response),
                Attempt::NotSent(reason) | Attempt::Hopeless(reason) | Attempt::Lost(reason) => Err(reason),
            },
        );
    }

    /// Returns the long waits for the rate limit, as they begin.
    pub fn waits(&self) -> watch::Receiver<Option<Wait>> {
        self.waits.subscribe()
    }

    /// A panic elsewhere leaves the pace as it was between two requests.
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the pace lets one more request through.
    async fn turn(&self) -> Flight<'_> {
        loop {
            let mut answered = std::pin::pin!(self.answered.notified());
            // Listened before the pace is asked, so that no answer is missed in between.
            answered.as_mut().enable();
            let turn = self.pace().ask(self.began.elapsed());
            match turn {
                Turn::Send(number) => return Flight { wire: self, number, quota: None },
                Turn::WaitForAnswer => answered.await,
                Turn::Wait(wait) => {
                    self.tell(wait);
                    tokio::time::timeout(wait, answered).await.ok();
                }
            }
        }
    }

    fn hold(&self, pause: Duration) {
        self.pace().hold(self.began.elapsed(), pause);
        self.tell(pause);
    }

    fn tell(&self, pause: Duration) {
        if pause < LONG {
            return;
        }
        let at = self.began.elapsed();
        self.waits.send_if_modified(|last| {
            let is_due = last.is_none_or(|last| at >= last.at + QUIET);
            if is_due {
                *last = Some(Wait { at, pause });
            }
            is_due
        });
    }

    fn url(&self, sending: &Sending<'_>) -> Result<reqwest::Url, ApiFailure> {
        let text = format!("{}{}", self.origin, sending.path);
        let mut url = reqwest::Url::parse(&text).map_err(|error| sending.failure(error.to_string()))?;
        // A name such as `..` would be taken as a step up and reach another object.
        if !url.path().ends_with(sending.path) {
            return Err(sending.failure("the path holds a name that cannot stand in an address"));
        }
        if !sending.query.is_empty() {
            url.query_pairs_mut().extend_pairs(sending.query);
        }
        Ok(url)
    }

    fn client(&self) -> Result<&reqwest::Client, String> {
        self.client.get_or_init(|| self.new_client()).as_ref().map_err(Clone::clone)
    }

    fn new_client(&self) -> Result<reqwest::Client, String> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tenantry/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.deadline)
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(90));
        if let Some(pem) = &self.authorities {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| format!("the certificates to trust cannot be read: {error}"))?;
            builder = builder.tls_certs_only(certificates);
        }
        builder.build().map_err(|error| chain(&error))
    }
}

/// Says of a write that may have been carried out how to find it in the tenant's log.
fn known_by(failure: ApiFailure, correlation: Option<&str>) -> ApiFailure {
    match (failure, correlation) {
        (ApiFailure::InDoubt { request, reason }, Some(id)) => {
            ApiFailure::InDoubt { request, reason: format!("{reason} ({CORRELATION} {id})") }
        }
        (failure, _) => failure,
    }
}

async fn once(
    client: &reqwest::Client,
    url: reqwest::Url,
    sending: &Sending<'_>,
    correlation: Option<&str>,
) -> Attempt {
    let method = match sending.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut builder = client.request(method, url);
    if let Some(bearer) = sending.bearer {
        builder = builder.bearer_auth(bearer.expose_secret());
    }
    if let Some(body) = sending.body {
        builder = builder.json(body);
    }
    if let Some(id) = correlation {
        builder = builder.header(CORRELATION, id);
    }
    match builder.send().await {
        Ok(answer) => match (read(answer).await, correlation) {
            (Attempt::Answered(mut response), Some(id)) => {
                // What the server names goes first.
                response.headers.push((CORRELATION.to_owned(), id.to_owned()));
                Attempt::Answered(response)
            }
            (attempt, _) => attempt,
        },
        Err(error) if error.is_builder() || is_about_tls(&error) => Attempt::Hopeless(chain(&error.without_url())),
        Err(error) if error.is_connect() => Attempt::NotSent(chain(&error.without_url())),
        Err(error) => Attempt::Lost(chain(&error.without_url())),
    }
}

async fn read(mut answer: reqwest::Response) -> Attempt {
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > ANSWER_LIMIT => {
                return Attempt::Lost(format!("the answer is larger than {} MB", ANSWER_LIMIT / 1024 / 1024));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Attempt::Lost(chain(&error.without_url())),
        }
    }
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => Json::Null,
        // An error page of something in between; the status says what matters.
        Err(_) if !(200..300).contains(&status) => Json::Null,
        Err(error) => return Attempt::Lost(format!("the answer is not JSON (line {})", error.line())),
    };
    Attempt::Answered(Response { status, body, headers })
}

/// Says whether the certificate or the handshake is what is wrong.
fn is_about_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// Returns an error and what lies behind it in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = inner.source();
    }
    text
}
