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
                        Attempt::NotSent(reason) | Attempt::Hopeless(reason) | Attempt::Lost(reason) => {
                            Err(sending.failure(reason))
                        }
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::extract::Request as Incoming;
    use axum::response::Response as Outgoing;
    use serde_json::json;

    use super::*;
    use crate::model::secret::Secret;

    /// What the server is to answer, in order: status, headers, body. An empty script answers 200 `{}`.
    type Script = Vec<(u16, Vec<(&'static str, &'static str)>, Vec<u8>)>;

    /// Method, path with query, authorization, body.
    type Seen = (String, String, String, String);

    struct Server {
        origin: String,
        seen: Arc<std::sync::Mutex<Vec<Seen>>>,
    }

    impl Server {
        async fn start(script: Script) -> Self {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let origin = format!("http://{}", listener.local_addr().unwrap());
            let script = Arc::new(std::sync::Mutex::new(VecDeque::from(script)));
            let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
            let log = seen.clone();
            let app = axum::Router::new().fallback(move |incoming: Incoming| {
                let (script, log) = (script.clone(), log.clone());
                async move {
                    let (parts, body) = incoming.into_parts();
                    let body = to_bytes(body, usize::MAX).await.unwrap();
                    let header = |name| parts.headers.get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
                    let body = String::from_utf8_lossy(&body).into_owned();
                    log.lock().unwrap().push((
                        parts.method.to_string(),
                        parts.uri.to_string(),
                        header("authorization"),
                        body,
                    ));
                    if parts.uri.path() == "/oauth/token" {
                        let count = log.lock().unwrap().len();
                        let token = json!({ "access_token": format!("token-{count}"), "expires_in": 86400 });
                        return Outgoing::new(Body::from(token.to_string()));
                    }
                    let next = script.lock().unwrap().pop_front();
                    let (status, headers, body) = next.unwrap_or((200, vec![], b"{}".to_vec()));
                    let mut answer = Outgoing::builder().status(status);
                    for (name, value) in headers {
                        answer = answer.header(name, value);
                    }
                    answer.body(Body::from(body)).unwrap()
                }
            });
            tokio::spawn(async move { axum::serve(listener, app).await });
            Self { origin, seen }
        }

        fn api(&self, credentials: Credentials) -> HttpApi {
            HttpApi::new(HttpOptions {
                domain: Domain("acme.eu.auth0.com".into()),
                credentials,
                origin: Some(self.origin.clone()),
                authorities: None,
                in_flight: 4,
            })
        }

        fn lines(&self) -> Vec<String> {
            self.seen.lock().unwrap().iter().map(|(method, path, ..)| format!("{method} {path}")).collect()
        }
    }

    fn given() -> Credentials {
        Credentials { access_token: Some(Secret::new("token", "given")), ..Credentials::default() }
    }

    fn client() -> Credentials {
        Credentials {
            client_id: Some(Secret::new("id", "abc")),
            client_secret: Some(Secret::new("secret", "hunter2")),
            ..Credentials::default()
        }
    }

    fn get(path: &str) -> Get {
        Get { path: path.into(), query: vec![("q".into(), "a b".into())] }
    }

    #[tokio::test]
    async fn one_token_serves_a_run_and_requests_are_counted() {
        let server = Server::start(vec![]).await;
        let api = server.api(client());
        let (one, two) = (get("/things/auth0%7C1"), get("/things"));
        let both = futures_util::future::join(api.get(&one), api.get(&two)).await;
        assert!(both.0.is_ok() && both.1.is_ok());
        let seen = server.seen.lock().unwrap().clone();
        assert_eq!(seen.iter().filter(|(_, path, ..)| path == "/oauth/token").count(), 1);
        assert_eq!(
            seen[0].3,
            r#"{"grant_type":"client_credentials","client_id":"abc","audience":"https://acme.eu.auth0.com/api/v2/","client_secret":"hunter2"}"#
        );
        assert!(
            seen.iter().any(|(_, path, auth, _)| path == "/api/v2/things/auth0%7C1?q=a+b" && auth == "Bearer token-1")
        );
        assert_eq!(api.requests(), 3);
    }

    #[tokio::test]
    async fn a_rate_limit_is_waited_for_on_writes_too() {
        let limited = (429, vec![("retry-after", "0.1")], b"{}".to_vec());
        let server = Server::start(vec![limited.clone(), limited, (201, vec![], b"{\"id\":1}".to_vec())]).await;
        let request = Request::new(Method::Post, "/things".into(), Some(json!({})));
        let response = server.api(given()).send(&request).await.unwrap();
        assert_eq!((response.status, response.body), (201, json!({"id": 1})));
        assert_eq!(server.lines(), vec!["POST /api/v2/things"; 3]);
    }

    #[tokio::test]
    async fn a_broken_server_is_asked_again_but_never_told_again() {
        let broken = || (503, vec![], b"<html>".to_vec());
        let server = Server::start(vec![broken(), (200, vec![], b"[]".to_vec()), broken()]).await;
        let api = server.api(given());
        assert_eq!(api.get(&get("/things")).await.unwrap().body, json!([]));
        let request = Request::new(Method::Patch, "/things/1".into(), Some(json!({"key": "hunter2"})));
        let failure = api.send(&request).await.unwrap_err();
        assert_eq!(failure.to_string(), "PATCH /things/1 answered 503: no message");
        assert_eq!(server.lines().len(), 3);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_and_a_given_one_never() {
        let refused = || (401, vec![], b"{\"message\":\"Expired token\"}".to_vec());
        let server = Server::start(vec![refused()]).await;
        assert!(server.api(client()).get(&get("/things")).await.is_ok());
        assert_eq!(server.lines().len(), 4);
        let server = Server::start(vec![refused()]).await;
        let failure = server.api(given()).get(&get("/things")).await.unwrap_err();
        assert_eq!(failure.to_string(), "GET /things answered 401: Expired token");
    }

    #[tokio::test]
    async fn what_cannot_be_an_answer_is_refused() {
        let server = Server::start(vec![(200, vec![], vec![b' '; ANSWER_LIMIT + 1])]).await;
        let request = Request::new(Method::Post, "/things".into(), None);
        let failure = server.api(given()).send(&request).await.unwrap_err().to_string();
        assert_eq!(failure, "POST /things got no usable answer: the answer is larger than 50 MB");
        let server = Server::start(vec![(200, vec![], b"<html>".to_vec())]).await;
        let failure = server.api(given()).send(&request).await.unwrap_err().to_string();
        assert_eq!(failure, "POST /things got no usable answer: the answer is not JSON (line 1)");
    }

    #[tokio::test]
    async fn a_name_that_would_step_up_is_not_sent() {
        let server = Server::start(vec![]).await;
        for path in ["/things/..", "/things/./x"] {
            let request = Request::new(Method::Delete, path.into(), None);
            assert!(server.api(given()).send(&request).await.is_err(), "{path}");
        }
        assert_eq!(server.lines(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_with_the_token() {
        let server = Server::start(vec![(302, vec![("location", "http://127.0.0.1:9/")], vec![])]).await;
        let failure = server.api(given()).get(&get("/things")).await.unwrap_err();
        assert_eq!(failure.status(), Some(302));
    }

    #[tokio::test]
    async fn a_server_that_is_not_who_it_should_be_is_asked_once() {
        use crate::edge::{certificate::for_this_machine, serve};
        let (place, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let options = serve::ServeOptions {
            port: 0,
            tls: Some(place.path().to_owned()),
            latency: Duration::ZERO,
            rate: None,
            burst: None,
            file: None,
        };
        let server = serve::bind(crate::sandbox::tenant::Tenant::new("sandbox", "own"), options).await.unwrap();
        let origin = Some(server.announcement().url.clone());
        tokio::spawn(server.run(std::future::pending()));
        let stranger = for_this_machine(other.path()).unwrap().authority;
        let api = HttpApi::new(HttpOptions {
            domain: Domain("acme.eu.auth0.com".into()),
            credentials: given(),
            origin,
            authorities: Some(std::fs::read(stranger).unwrap()),
            in_flight: 4,
        });
        let failure = api.get(&get("/things")).await.unwrap_err().to_string();
        assert!(failure.contains("invalid peer certificate"), "{failure}");
        assert_eq!(api.requests(), 1);
    }
}
