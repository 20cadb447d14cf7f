//! A tenant whose answers go wrong as a script says. Pure: what is to happen to the connection is a value.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::deed::Deed;
use super::faults::{Fault, Faults, Script};
use super::permission;
use super::refusal::Refusal;
use super::routes;
use super::tenant::Tenant;
use super::token;
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::model::path::{FieldPath, Segment};

/// The tenant and what is to go wrong with it.
#[derive(Debug)]
pub struct FaultyTenant {
    pub tenant: Tenant,
    /// The scopes of its tokens; `None` is all there are.
    pub granted: Option<BTreeSet<String>>,
    /// Those of the token that came with the request at hand.
    carried: Option<BTreeSet<String>>,
    /// What the tenant was handed in place of the request at hand.
    altered: Option<Request>,
    script: Script,
    /// What the tenant was before the last writes, the latest at the end; only as much as the script asks for.
    past: VecDeque<Tenant>,
    /// What reads see in place of the tenant, and how many more of them.
    behind: Option<(Tenant, u32)>,
    /// What is being deleted.
    leaving: Vec<Leaving>,
    expired: Expiry,
    struck: Vec<String>,
}

/// An object whose deletion takes its time.
#[derive(Debug)]
struct Leaving {
    path: String,
    /// The tenant that still holds it.
    before: Tenant,
    /// How many more reads find it.
    reads: u32,
}

/// Which tokens are refused.
#[derive(Debug, Default, PartialEq)]
enum Expiry {
    #[default]
    None,
    /// This one.
    Of(String),
}

/// What becomes of a request's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    Whole(Response),
    /// In place of the body, this text.
    Raw(Response, String),
    /// The answer spread over a time.
    Slow(Response, Duration),
    /// The connection ends.
    Reset,
    /// Nothing ever comes.
    Silence,
    /// The process ends.
    Death,
}

/// How a request went.
#[derive(Debug)]
pub struct Handled {
    pub delivery: Delivery,
    /// The tenant was handed the request, and may have changed.
    pub reached: bool,
}

impl FaultyTenant {
    /// A tenant with which nothing goes wrong yet.
    pub fn new(tenant: Tenant) -> Self {
        Self {
            tenant,
            granted: None,
            carried: None,
            altered: None,
            script: Script::default(),
            past: VecDeque::new(),
            behind: None,
            leaving: Vec::new(),
            expired: Expiry::None,
            struck: Vec::new(),
        }
    }

    /// Starts a script in place of the one before.
    pub fn set(&mut self, faults: Faults) {
        self.script = Script::new(faults);
        self.past.clear();
        self.behind = None;
        self.leaving.clear();
        self.expired = Expiry::None;
        self.struck.clear();
    }

    /// Returns method and path of each request that a fault has struck.
    pub fn struck(&self) -> &[String] {
        &self.struck
    }

    /// Says that a new token was fetched.
    pub fn renewed(&mut self) {
        self.expired = Expiry::None;
    }

    /// Returns what the tenant did at the request that was just handled, if it may be another for it.
    pub fn deed(&self, request: &Request, handled: &Handled) -> Option<Deed> {
        let request = self.altered.as_ref().unwrap_or(request);
        if !handled.reached || (request.method == Method::Get && !reading_matters(request)) {
            return None;
        }
        let forbidden = self.carried.as_ref().is_some_and(|carried| permission::check(request, carried).is_err());
        let (request, acting) = (request.clone(), self.tenant.acting.clone());
        Some(Deed { now: self.tenant.now(), request, acting, forbidden })
    }

    /// Answers a request that came with a token, or does to it what the script says.
    pub fn handle(&mut self, request: &Request, bearer: &str) -> Handled {
        self.altered = None;
        if self.expired == Expiry::Of(bearer.to_owned()) {
            return untouched(Delivery::Whole(expired()));
        }
        self.tenant.acting = token::client_of(bearer);
        self.carried = token::scopes_of(bearer).or_else(|| self.granted.clone());
        let Some(fault) = self.script.next(request.method, &request.path) else {
            if let Some(response) = self.of_what_leaves(request) {
                return untouched(Delivery::Whole(response));
            }
            let response = self.answer(request);
            return reached(Delivery::Whole(response));
        };
        self.struck.push(request.line());
        self.strike(fault, request, bearer)
    }

    fn strike(&mut self, fault: Fault, request: &Request, bearer: &str) -> Handled {
        match fault {
            Fault::Status { status, code, message, body, headers, done } => {
                if done {
                    self.answer(request);
                }
                let words = message.unwrap_or_else(|| "The sandbox was told to fail".to_owned());
                let mut response = Response::from(Refusal::new(status, code.as_deref().unwrap_or_default(), words));
                response.body = body.unwrap_or(response.body);
                response.headers.extend(headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)));
                Handled { delivery: Delivery::Whole(response), reached: done }
            }
            Fault::TooMany { headers, seconds } => untouched(Delivery::Whole(self.too_many(headers, seconds))),
            Fault::Malformed { done } => {
                let response = self.rehearsed(request, done);
                let text = response.body.to_string();
                let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                // A text of one character would be whole.
                let text = if half == 0 { "{".to_owned() } else { text.get(..half).unwrap_or("{").to_owned() };
                Handled { delivery: Delivery::Raw(response, text), reached: done }
            }
            Fault::Empty { done } => {
                let response = Response { body: Json::Null, ..self.rehearsed(request, done) };
                Handled { delivery: Delivery::Whole(response), reached: done }
            }
            Fault::Partial { fields } => {
                let mut response = self.answer(request);
                if let Json::Object(map) = &mut response.body
                    && response.status < 400
                {
                    map.retain(|field, _| fields.contains(field));
                }
                reached(Delivery::Whole(response))
            }
            Fault::Ignored => match self.unchanged(request) {
                Some(response) => untouched(Delivery::Whole(response)),
                None => reached(Delivery::Whole(self.answer(request))),
            },
            Fault::Altered => {
                let request = self.altered(request).unwrap_or_else(|| request.clone());
                let response = self.answer(&request);
                self.altered = Some(request);
                reached(Delivery::Whole(response))
            }
            Fault::ResetBefore => untouched(Delivery::Reset),
            Fault::ResetAfter => {
                self.answer(request);
                reached(Delivery::Reset)
            }
            Fault::Silent { done } => {
                if done {
                    self.answer(request);
                }
                Handled { delivery: Delivery::Silence, reached: done }
            }
            Fault::Trickle { seconds } => {
                let over = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                reached(Delivery::Slow(self.answer(request), over))
            }
            Fault::Stale { writes } => {
                let index = self.past.len().saturating_sub(writes as usize);
                let response = match self.past.get_mut(index).filter(|_| request.method == Method::Get && writes > 0) {
                    Some(past) => past.send(request),
                    None => self.answer(request),
                };
                reached(Delivery::Whole(response))
            }
            Fault::LostAndStale { reads } => {
                let before = self.tenant.clone();
                self.answer(request);
                self.behind = (reads > 0).then_some((before, reads));
                reached(Delivery::Reset)
            }
            Fault::TokenExpired => {
                self.expired = Expiry::Of(bearer.to_owned());
                untouched(Delivery::Whole(expired()))
            }
            Fault::Shuffled => {
                let mut response = self.answer(request);
                if let Ok(found) = routes::find(request.method, &request.path) {
                    shuffle(found.kind(), &mut response.body);
                }
                reached(Delivery::Whole(response))
            }
            Fault::SlowDelete { reads } => {
                let before = self.tenant.clone();
                let response = self.answer(request);
                if response.status == 202 && reads > 0 {
                    self.leaving.push(Leaving { path: request.path.clone(), before, reads });
                }
                reached(Delivery::Whole(response))
            }
            Fault::NotEntitled { feature } => {
                let words = format!("Please upgrade your subscription to use {feature}");
                untouched(Delivery::Whole(Refusal::new(403, "insufficient_entitlement", words).into()))
            }
            Fault::DieBefore => untouched(Delivery::Death),
            Fault::DieAfter => {
                self.answer(request);
                reached(Delivery::Death)
            }
        }
    }

    /// Hands the request to the tenant, or to what reads see of it.
    fn answer(&mut self, request: &Request) -> Response {
        if request.method == Method::Get {
            if let Some((before, reads)) = &mut self.behind {
                let response = before.send_as(request, self.carried.as_ref());
                *reads -= 1;
                if *reads == 0 {
                    self.behind = None;
                }
                return response;
            }
            return self.tenant.send_as(request, self.carried.as_ref());
        }
        let depth = self.script.depth();
        if depth > 0 {
            self.past.push_back(self.tenant.clone());
        }
        while self.past.len() > depth {
            self.past.pop_front();
        }
        self.tenant.send_as(request, self.carried.as_ref())
    }

    /// Answers a read of an object that is being deleted, and refuses to make another of its identity.
    fn of_what_leaves(&mut self, request: &Request) -> Option<Response> {
        if request.method == Method::Get {
            let index = self.leaving.iter().position(|leaving| leaving.path == request.path)?;
            let leaving = self.leaving.get_mut(index)?;
            let response = leaving.before.send_as(request, self.carried.as_ref());
            leaving.reads -= 1;
            if leaving.reads == 0 {
                self.leaving.remove(index);
            }
            return Some(response);
        }
        let body = request.body.as_ref().filter(|_| request.method == Method::Post)?;
        let found = routes::find(request.method, &request.path).ok()?;
        let taken = self.leaving.iter_mut().any(|leaving| {
            let beside = leaving.path.rsplit_once('/').is_some_and(|(list, _)| list == request.path);
            beside && {
                let get = Request::new(Method::Get, leaving.path.clone(), None);
                let object = leaving.before.send(&get).body;
                found.kind().identity.iter().all(|field| object.get(field) == body.get(field))
            }
        });
        taken.then(|| Refusal::conflict(found.kind()).into())
    }

    /// Returns the answer, of the tenant itself or of a copy.
    pub(super) fn rehearsed(&mut self, request: &Request, done: bool) -> Response {
        if done { self.answer(request) } else { self.tenant.clone().send_as(request, self.carried.as_ref()) }
    }

    fn too_many(&self, headers: bool, seconds: u32) -> Response {
        let refusal = Refusal::new(429, "too_many_requests", "Global limit has been reached");
        let mut response = Response::from(refusal);
        if headers {
            let reset = self.tenant.now().saturating_add(i64::from(seconds)).to_string();
            let fields = [
                ("x-ratelimit-limit", "10".to_owned()),
                ("x-ratelimit-remaining", "0".to_owned()),
                ("x-ratelimit-reset", reset),
                ("retry-after", seconds.to_string()),
            ];
            response.headers.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
        response
    }
}

fn reached(delivery: Delivery) -> Handled {
    Handled { delivery, reached: true }
}

fn untouched(delivery: Delivery) -> Handled {
    Handled { delivery, reached: false }
}

fn expired() -> Response {
    Refusal::new(401, "", "Expired token received for JSON Web Token validation").into()
}

/// Says whether to read changes what the tenant is: whoever looks at a build finds it done.
fn reading_matters(request: &Request) -> bool {
    routes::find(request.method, &request.path).is_ok_and(|found| found.kind().has(Quirk::BuildThenDeploy))
}

/// Turns the order of every set round, in one object or a list of them.
fn shuffle(kind: &Kind, body: &mut Json) {
    match body {
        Json::Array(objects) => objects.iter_mut().for_each(|object| turn(kind, object, &FieldPath::default())),
        Json::Object(map) if kind.list.as_ref().is_some_and(|list| map.contains_key(&list.items)) => {
            let items = kind.list.as_ref().and_then(|list| map.get_mut(&list.items)).and_then(Json::as_array_mut);
            items.into_iter().flatten().for_each(|object| turn(kind, object, &FieldPath::default()));
        }
        object => turn(kind, object, &FieldPath::default()),
    }
}

fn turn(kind: &Kind, value: &mut Json, at: &FieldPath) {
    match value {
        Json::Array(items) => {
            if kind.fields.sets.iter().any(|pattern| pattern.matches(at)) {
                items.reverse();
            }
            for (index, item) in items.iter_mut().enumerate() {
                turn(kind, item, &at.with(Segment::Index(index)));
            }
        }
        Json::Object(map) => turn_members(kind, map, at),
        _ => {}
    }
}

fn turn_members(kind: &Kind, map: &mut Map<String, Json>, at: &FieldPath) {
    for (key, value) in map.iter_mut() {
        turn(kind, value, &at.key(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faulty(script: &str) -> FaultyTenant {
        let mut faulty = FaultyTenant::new(Tenant::new("acme.eu.auth0.com", "own"));
        faulty.set(Faults::from_json(script).unwrap());
        faulty
    }

    fn create(name: &str) -> Request {
        Request::new(Method::Post, "/roles".into(), Some(json!({"name": name})))
    }

    fn names(faulty: &mut FaultyTenant) -> Vec<String> {
        let list = Request::new(Method::Get, "/roles".into(), None);
        let Delivery::Whole(response) = faulty.handle(&list, "t").delivery else { panic!("a whole answer") };
        let roles = response.body.as_array().unwrap().clone();
        roles.iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_reset_takes_place_before_or_after_the_write() {
        let mut faulty =
            faulty(r#"[{"at": {"write": 1}, "what": "reset_before"}, {"at": {"write": 2}, "what": "reset_after"}]"#);
        let first = faulty.handle(&create("A"), "t");
        assert_eq!((first.delivery, first.reached), (Delivery::Reset, false));
        assert!(names(&mut faulty).is_empty());
        let second = faulty.handle(&create("A"), "t");
        assert_eq!((second.delivery, second.reached), (Delivery::Reset, true));
        assert_eq!(names(&mut faulty), ["A"]);
        assert_eq!(faulty.struck(), ["POST /roles", "POST /roles"]);
    }

    #[test]
    fn a_stale_read_knows_nothing_of_the_last_writes() {
        let mut faulty = faulty(
            r#"[{"at": {"method": "GET"}, "what": {"stale": {"writes": 2}}},
                {"at": {"method": "GET"}, "what": {"stale": {"writes": 1}}}]"#,
        );
        for name in ["A", "B", "C"] {
            faulty.handle(&create(name), "t");
        }
        assert_eq!(names(&mut faulty), ["A"]);
        assert_eq!(names(&mut faulty), ["A", "B"]);
        assert_eq!(names(&mut faulty), ["A", "B", "C"]);
    }

    #[test]
    fn a_lost_answer_may_stay_unseen_for_a_while() {
        let mut faulty = faulty(r#"[{"at": {"write": 2}, "what": {"lost_and_stale": {"reads": 2}}}]"#);
        faulty.handle(&create("A"), "t");
        assert_eq!(faulty.handle(&create("B"), "t").delivery, Delivery::Reset);
        assert_eq!(names(&mut faulty), ["A"]);
        assert_eq!(names(&mut faulty), ["A"]);
        assert_eq!(names(&mut faulty), ["A", "B"]);
    }

    #[test]
    fn a_token_that_ran_out_is_refused_until_there_is_a_new_one() {
        let mut faulty = faulty(r#"[{"what": "token_expired"}]"#);
        let status = |faulty: &mut FaultyTenant, bearer: &str| match faulty.handle(&create("A"), bearer).delivery {
            Delivery::Whole(response) => response.status,
            other => panic!("{other:?}"),
        };
        assert_eq!(status(&mut faulty, "old"), 401);
        assert_eq!(status(&mut faulty, "old"), 401);
        assert_eq!(status(&mut faulty, "new"), 200);
        faulty.renewed();
        assert_eq!(status(&mut faulty, "old"), 409);
    }

    #[test]
    fn answers_are_cut_emptied_thinned_and_shuffled() {
        let mut faulty = faulty(
            r#"[{"at": {"write": 1}, "what": {"malformed": {"done": false}}}, {"at": {"write": 2}, "what": {"empty": {}}},
                {"at": {"write": 3}, "what": {"partial": {"fields": ["id"]}}}, {"at": {"write": 4}, "what": "shuffled"},
                {"at": {"write": 5}, "what": {"status": {"status": 500, "code": "x", "headers": {"A": "b"}, "done": true}}}]"#,
        );
        let Delivery::Raw(_, text) = faulty.handle(&create("A"), "t").delivery else { panic!("cut") };
        assert!(serde_json::from_str::<Json>(&text).is_err());
        let Delivery::Whole(empty) = faulty.handle(&create("A"), "t").delivery else { panic!("empty") };
        assert_eq!((empty.status, empty.body), (200, Json::Null));
        let Delivery::Whole(thin) = faulty.handle(&create("B"), "t").delivery else { panic!("thin") };
        assert_eq!(thin.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
        let body = json!({"name": "C", "callbacks": ["https://a", "https://b"]});
        let client = Request::new(Method::Post, "/clients".into(), Some(body));
        let Delivery::Whole(shuffled) = faulty.handle(&client, "t").delivery else { panic!("shuffled") };
        assert_eq!(shuffled.body["callbacks"], json!(["https://b", "https://a"]));
        let Delivery::Whole(failed) = faulty.handle(&create("D"), "t").delivery else { panic!("failed") };
        assert_eq!((failed.status, failed.header("a"), &failed.body["errorCode"]), (500, Some("b"), &json!("x")));
        assert_eq!(names(&mut faulty), ["A", "B", "D"]);
    }
}
