//! The sandbox behind the API port: no socket, no waiting.
//!
//! What a script of faults does to connections, a run sees as it would over a socket: requests are sent again by the same
//! rules, only that pauses take no time.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use super::deed::Deed;
use super::expand::scope_names;
use super::faults::Faults;
use super::faulty::{Delivery, FaultyTenant};
use super::tenant::Tenant;
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, ReadApi, WriteApi};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::api::retry::{Attempt, Attempts, Repeat, Verdict};

/// An answer that takes longer is given up.
const DEADLINE: Duration = Duration::from_secs(30);

/// Keeps what is done to a tenant while it is done, and can end the process.
pub trait Keeper: Send + Sync + std::fmt::Debug {
    /// Keeps what the tenant has done.
    ///
    /// # Errors
    /// Why it could not be kept.
    fn note(&self, deed: &Deed) -> Result<(), String>;

    /// Ends the process at once.
    fn die(&self);
}

/// A tenant that verbs can read and write.
#[derive(Debug)]
pub struct SandboxApi {
    state: Mutex<State>,
    keeper: Option<Box<dyn Keeper>>,
}

#[derive(Debug)]
struct State {
    faulty: FaultyTenant,
    reads: usize,
    writes: usize,
    lines: Vec<String>,
    /// Counts the tokens that a run would have fetched.
    tokens: usize,
    /// A process that has ended sends nothing.
    dead: bool,
}

impl SandboxApi {
    pub fn new(tenant: Tenant) -> Self {
        let state =
            State { faulty: FaultyTenant::new(tenant), reads: 0, writes: 0, lines: Vec::new(), tokens: 1, dead: false };
        Self { state: Mutex::new(state), keeper: None }
    }

    /// Hands every change to a keeper before it is answered.
    pub fn kept_by(self, keeper: Box<dyn Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// Lets calls do only what these scopes allow.
    #[must_use]
    pub fn granting(self, scopes: impl IntoIterator<Item = String>) -> Self {
        self.state().faulty.granted = Some(scopes.into_iter().collect());
        self
    }

    /// A panic elsewhere leaves the tenant as it was between two calls.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a script of faults in place of the one before, and a process that has ended anew. Without a keeper,
    /// `die_*` make every later request fail until then.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.faulty.set(faults);
        state.dead = false;
    }

    /// Returns method and path of each request that a fault has struck.
    pub fn struck(&self) -> Vec<String> {
        self.state().faulty.struck().to_vec()
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
        self.state().faulty.tenant.clone()
    }

    /// Answers a call without counting it and without faults: somebody else at work in the tenant.
    pub fn behind_the_back(&self, request: &Request) -> Response {
        self.state().faulty.tenant.send(request)
    }

    pub fn into_tenant(self) -> Tenant {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).faulty.tenant
    }

    /// Sends as often as the rules of repetition say.
    fn answer(&self, request: &Request) -> Result<Response, ApiFailure> {
        let mut attempts = Attempts::new(request.line(), request.method, Repeat::of(request.method));
        let mut is_renewed = false;
        loop {
            let attempt = self.attempt(request);
            let now = UNIX_EPOCH + Duration::from_secs(self.state().faulty.tenant.now().max(0).unsigned_abs());
            let response = match attempts.judge(attempt, now, 0.0) {
                Verdict::Again { .. } => continue,
                Verdict::End(result) => result?,
            };
            if response.status == 401 && !is_renewed {
                let mut state = self.state();
                state.tokens += 1;
                state.faulty.renewed();
                is_renewed = true;
                continue;
            }
            let failed = response.status >= 400;
            return if failed { Err(ApiFailure::from_response(request.line(), &response)) } else { Ok(response) };
        }
    }

    /// Sends once. The tenant stays locked until the change is kept, so that changes are kept in their order.
    fn attempt(&self, request: &Request) -> Attempt {
        let mut state = self.state();
        if state.dead {
            return Attempt::Hopeless("the process has ended".to_owned());
        }
        if request.method == Method::Get {
            state.reads += 1;
        } else {
            state.writes += 1;
            state.lines.push(request.line());
        }
        let bearer = state.tokens.to_string();
        let handled = state.faulty.handle(request, &bearer);
        if let Some(keeper) = &self.keeper
            && let Some(deed) = state.faulty.deed(request, &handled)
            && let Err(reason) = keeper.note(&deed)
        {
            return Attempt::Hopeless(reason);
        }
        match handled.delivery {
            Delivery::Whole(response) => Attempt::Answered(response),
            Delivery::Slow(response, over) if over <= DEADLINE => Attempt::Answered(response),
            Delivery::Slow(..) | Delivery::Silence => Attempt::Lost("no answer in time".to_owned()),
            Delivery::Raw(response, _) if !(200..300).contains(&response.status) => Attempt::Answered(response),
            Delivery::Raw(..) => Attempt::Lost("the answer is not JSON".to_owned()),
            Delivery::Reset => Attempt::Lost("the connection was reset".to_owned()),
            Delivery::Death => {
                if let Some(keeper) = &self.keeper {
                    keeper.die();
                }
                state.dead = true;
                Attempt::Hopeless("the process has ended".to_owned())
            }
        }
    }
}

impl ReadApi for SandboxApi {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        let mut request = Request::new(Method::Get, get.path.clone(), None);
        request.query.clone_from(&get.query);
        self.answer(&request)
    }

    async fn own_client(&self) -> Option<String> {
        Some(self.state().faulty.tenant.own_client_id().to_owned())
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        let state = self.state();
        Some(state.faulty.granted.clone().unwrap_or_else(|| scope_names().into_iter().collect()))
    }
}

impl WriteApi for SandboxApi {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        self.answer(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn api(script: &str) -> SandboxApi {
        let api = SandboxApi::new(Tenant::new("acme.eu.auth0.com", "own"));
        api.set_faults(Faults::from_json(script).unwrap());
        api
    }

    fn create() -> Request {
        Request::new(Method::Post, "/roles".into(), Some(json!({"name": "A"})))
    }

    fn roles(api: &SandboxApi) -> usize {
        api.snapshot().send(&Request::new(Method::Get, "/roles".into(), None)).body.as_array().unwrap().len()
    }

    #[test]
    fn a_creation_in_doubt_is_said_to_be_and_anything_else_is_sent_again() {
        for (fault, made) in [("reset_before", 0), ("reset_after", 1)] {
            let api = api(&format!(r#"[{{"at": {{"write": 1}}, "what": "{fault}"}}]"#));
            let failure = api.answer(&create()).unwrap_err();
            assert!(matches!(failure, ApiFailure::InDoubt { .. }), "{failure}");
            assert_eq!((roles(&api), api.writes()), (made, 1));
        }
        let api = api(r#"[{"at": {"method": "GET"}, "times": 3, "what": {"empty": {}}}]"#);
        let list = Request::new(Method::Get, "/roles".into(), None);
        assert_eq!(api.answer(&list).unwrap().body, json!([]));
        assert_eq!(api.reads(), 4);
    }

    #[test]
    fn a_rate_limit_and_an_old_token_are_got_over() {
        let api = api(r#"[{"times": 9, "what": {"too_many": {}}}, {"what": "token_expired"}]"#);
        assert!(api.answer(&create()).is_ok());
        assert_eq!(roles(&api), 1);
        assert_eq!(api.struck().len(), 10);
    }

    #[test]
    fn a_dead_process_sends_nothing_until_it_is_started_anew() {
        let api = api(r#"[{"at": {"write": 1}, "what": "die_after"}]"#);
        assert!(matches!(api.answer(&create()), Err(ApiFailure::Transport { .. })));
        assert!(api.answer(&Request::new(Method::Get, "/roles".into(), None)).is_err());
        assert_eq!(roles(&api), 1);
        api.set_faults(Faults::default());
        assert_eq!(api.answer(&create()).unwrap_err().status(), Some(409));
    }
}
