//! The way to a real tenant: the API port over HTTPS.
//!
//! One client, made when the first request is sent; HTTP/2 where the server offers it. Nothing of a body, a header or a
//! token ever gets into an error.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::retry::{Attempt, Attempts, Repeat};
use super::token::Tokens;
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, ReadApi, WriteApi};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::model::desired::Credentials;
use crate::model::names::Domain;

/// A request without an answer for this long is given up.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Answers beyond this are refused: no page of the API comes near it.
const ANSWER_LIMIT: usize = 50 * 1024 * 1024;
/// Requests under way at one time, unless told otherwise.
pub const IN_FLIGHT: usize = 24;

/// Where and how to connect.
#[derive(Debug)]
pub struct HttpOptions {
    pub domain: Domain,
    pub credentials: Credentials,
    /// Another place that answers for the domain (`https://localhost:8443`), for tests.
    pub origin: Option<String>,
    /// PEM certificates to trust in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// Requests under way at one time.
    pub in_flight: usize,
}

/// A tenant over HTTPS.
#[derive(Debug)]
pub struct HttpApi {
    wire: Wire,
    tokens: Tokens,
}

impl HttpApi {
    /// Prepares the way; nothing is sent yet.
    pub fn new(options: HttpOptions) -> Self {
        let origin = options.origin.unwrap_or_else(|| format!("https://{}", options.domain));
        let wire = Wire {
            origin: origin.trim_end_matches('/').to_owned(),
            authorities: options.authorities,
            client: OnceLock::new(),
            permits: Semaphore::new(options.in_flight.max(1)),
            resume: Mutex::new(None),
            sent: AtomicUsize::new(0),
        };
        Self { wire, tokens: Tokens::new(options.domain, options.credentials) }
    }

    /// Returns how many requests were sent so far, those for tokens and repetitions included.
    pub fn requests(&self) -> usize {
        self.wire.sent.load(Ordering::Relaxed)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, ApiFailure> {
        let repeat = if request.method == Method::Get { Repeat::Always } else { Repeat::IfUndone };
        let path = format!("/api/v2{}", request.path);
        let mut renewed = false;
        loop {
            let bearer = self.tokens.bearer(&self.wire).await?;
            let sending = Sending {
                method: request.method,
                path: &path,
                query: &request.query,
                bearer: Some(&bearer),
                body: request.body.as_ref(),
                repeat,
            };
            let response = self.wire.send(&sending).await?;
            match response.status {
                200..300 => return Ok(response),
                // Refused before anything was done: a token may have been revoked or run out on the way.
                401 if !renewed && self.tokens.forget(&bearer).await => renewed = true,
                _ => return Err(ApiFailure::from_response(request.line(), &response)),
            }
        }
    }
}

impl ReadApi for HttpApi {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        let request = Request { method: Method::Get, path: get.path.clone(), query: get.query.clone(), body: None };
        self.exchange(&request).await
    }

    async fn own_client(&self) -> Option<String> {
        self.tokens.own_client(&self.wire).await
    }
}

impl WriteApi for HttpApi {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        self.exchange(request).await
    }
}

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
    /// A rate limit concerns every request: none is sent before this.
    resume: Mutex<Option<Instant>>,
    sent: AtomicUsize,
}

impl Wire {
    /// Sends and returns the answer, whatever its status, once no repetition is left.
    pub async fn send(&self, sending: &Sending<'_>) -> Result<Response, ApiFailure> {
        let client = self.client().map_err(|reason| sending.failure(reason))?;
        let url = self.url(sending)?;
        let mut attempts = Attempts::default();
        loop {
            let attempt = {
                let _permit = self.permits.acquire().await.map_err(|_| sending.failure("the run is over"))?;
                self.hold().await;
                self.sent.fetch_add(1, Ordering::Relaxed);
                once(client, url.clone(), sending).await
            };
            let limited = matches!(&attempt, Attempt::Answered(response) if response.status == 429);
            match attempts.pause_after(&attempt, sending.repeat, SystemTime::now()) {
                Some(pause) if limited => self.hold_all_for(pause).await,
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    return match attempt {
                        Attempt::Answered(response) => Ok(response),
                        Attempt::NotSent(reason) | Attempt::Lost(reason) => Err(sending.failure(reason)),
                    };
                }
            }
        }
    }

    /// Waits while a rate limit lasts.
    async fn hold(&self) {
        let resume = *self.resume.lock().await;
        if let Some(resume) = resume {
            tokio::time::sleep_until(resume).await;
        }
    }

    async fn hold_all_for(&self, pause: Duration) {
        let moment = Instant::now() + pause;
        let mut resume = self.resume.lock().await;
        *resume = Some(resume.map_or(moment, |earlier| earlier.max(moment)));
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
            .timeout(TIMEOUT)
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

async fn once(client: &reqwest::Client, url: reqwest::Url, sending: &Sending<'_>) -> Attempt {
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
    match builder.send().await {
        Ok(answer) => read(answer).await,
        Err(error) if error.is_connect() || error.is_builder() => Attempt::NotSent(chain(&error.without_url())),
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
