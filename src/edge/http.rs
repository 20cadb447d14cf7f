//! The way to a real tenant: the API port over HTTPS, with the run's token.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use super::request_log::RequestLog;
use super::token::Tokens;
use super::wire::{Sending, Wait, Wire};
use crate::api::failure::ApiFailure;
use crate::api::pace::{Pace, Reserve};
use crate::api::port::{Get, ReadApi, WriteApi};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::api::retry::Repeat;
use crate::model::desired::Credentials;
use crate::model::names::Domain;

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
    /// What of the rate limit is left to the tenant's own traffic.
    pub reserve: Reserve,
    /// Requests a second at most.
    pub max_rps: Option<f64>,
    /// How long a request may take.
    pub deadline: Duration,
    /// Where each request is noted.
    pub log: RequestLog,
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
        let pace = Pace::new(options.reserve, options.max_rps);
        let wire =
            Wire::new(&origin, options.authorities, options.in_flight, pace, options.deadline).noting(options.log);
        Self { wire, tokens: Tokens::new(options.domain, options.credentials) }
    }

    /// Returns how many requests were sent so far, those for tokens and repetitions included.
    pub fn requests(&self) -> usize {
        self.wire.sent()
    }

    /// Returns the long waits for the rate limit, as they begin.
    pub fn waits(&self) -> watch::Receiver<Option<Wait>> {
        self.wire.waits()
    }

    async fn exchange(&self, request: &Request) -> Result<Response, ApiFailure> {
        let repeat = Repeat::of(request.method);
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

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        self.tokens.granted_scopes(&self.wire).await
    }
}

impl WriteApi for HttpApi {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        self.exchange(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use axum::extract::Request as Incoming;
    use axum::response::Response as Outgoing;
    use serde_json::json;

    use super::super::wire::ANSWER_LIMIT;
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
                reserve: Reserve::Usual,
                max_rps: None,
                deadline: Duration::from_secs(5),
                log: RequestLog::default(),
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
    async fn a_broken_server_is_asked_again_but_never_told_twice_to_make_something() {
        let broken = || (503, vec![], b"<html>".to_vec());
        let good = || (200, vec![], b"[]".to_vec());
        let server = Server::start(vec![broken(), good(), broken(), good(), broken()]).await;
        let api = server.api(given());
        assert_eq!(api.get(&get("/things")).await.unwrap().body, json!([]));
        let request = |method| Request::new(method, "/things/1".into(), Some(json!({"key": "hunter2"})));
        assert!(api.send(&request(Method::Patch)).await.is_ok());
        let failure = api.send(&request(Method::Post)).await.unwrap_err();
        assert_eq!(failure.to_string(), "POST /things/1 answered 503: no message");
        assert!(failure.is_in_doubt());
        assert_eq!(server.lines().len(), 5);
    }

    #[tokio::test]
    async fn a_write_has_an_id_that_its_failure_tells() {
        let refused = |headers| (400, headers, b"{\"message\":\"no\"}".to_vec());
        let server = Server::start(vec![refused(vec![]), refused(vec![("x-request-id", "theirs")])]).await;
        let api = server.api(given());
        let request = Request::new(Method::Patch, "/things/1".into(), Some(json!({})));
        let id = |failure| match failure {
            ApiFailure::Status { request_id: Some(id), .. } => id,
            other => panic!("{other}"),
        };
        assert_eq!(id(api.send(&request).await.unwrap_err()).len(), 32);
        assert_eq!(id(api.send(&request).await.unwrap_err()), "theirs");
        let lost = Server::start(vec![(200, vec![], b"<html>".to_vec())]).await;
        let failure = lost.api(given()).send(&Request { method: Method::Post, ..request }).await.unwrap_err();
        assert!(failure.to_string().contains("(x-correlation-id "), "{failure}");
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
        let known = |text: &str| text.split(" (x-correlation-id ").next().unwrap_or_default().to_owned();
        assert_eq!(
            known(&failure),
            "POST /things may or may not have been carried out: the answer is larger than 50 MB"
        );
        let server = Server::start(vec![(200, vec![], b"<html>".to_vec())]).await;
        let failure = server.api(given()).send(&request).await.unwrap_err().to_string();
        assert_eq!(
            known(&failure),
            "POST /things may or may not have been carried out: the answer is not JSON (line 1)"
        );
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
            scopes: None,
            port: 0,
            tls: Some(place.path().to_owned()),
            latency: Duration::ZERO,
            rate: None,
            burst: None,
            logins: None,
            faults: None,
            file: None,
        };
        let server = serve::bind(crate::sandbox::tenant::Tenant::new("sandbox", "own"), None, options).await.unwrap();
        let origin = Some(server.announcement().url.clone());
        tokio::spawn(server.run(std::future::pending()));
        let stranger = for_this_machine(other.path()).unwrap().authority;
        let api = HttpApi::new(HttpOptions {
            domain: Domain("acme.eu.auth0.com".into()),
            credentials: given(),
            origin,
            authorities: Some(std::fs::read(stranger).unwrap()),
            in_flight: 4,
            reserve: Reserve::Usual,
            max_rps: None,
            deadline: Duration::from_secs(5),
            log: RequestLog::default(),
        });
        let failure = api.get(&get("/things")).await.unwrap_err().to_string();
        assert!(failure.contains("invalid peer certificate"), "{failure}");
        assert_eq!(api.requests(), 1);
    }
}
