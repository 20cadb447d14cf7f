//! The tenant: a request goes in, a response comes out.
//!
//! Pure: time and randomness are handed in as [`Surroundings`]. The same requests in the same surroundings give the same
//! answers.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::events::{self, Events};
use super::expand::World;
use super::ids::Dice;
use super::refusal::Refusal;
use super::routes::{self, Found, Op};
use super::store::Store;
use super::{actions, acts, answer, documents, holders, keys, lists, members, objects, permission, seed, succession};
use crate::api::request::{Method, Request};
use crate::api::response::Response;

/// What a tenant takes from the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Unix seconds.
    pub now: i64,
    /// Ids and secrets follow from it and from the domain.
    pub seed: u64,
}

impl Default for Surroundings {
    /// The first second of 2026 and the seed 0: what tests want.
    fn default() -> Self {
        Self { now: 1_767_225_600, seed: 0 }
    }
}

/// A tenant in memory. Cloning it gives a rehearsal that the original never hears of.
#[derive(Clone)]
pub struct Tenant {
    pub(super) world: World,
    pub(super) store: Store,
    pub(super) events: Events,
    /// The client whose token came with the call at hand, if it is not the tool's own.
    pub(super) acting: Option<String>,
}

/// Says nothing of what the tenant holds, since that includes secrets.
impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant").field("domain", &self.world.domain).finish_non_exhaustive()
    }
}

/// What a handler gives: an answer, or the reason why not.
pub type Answer = Result<Response, Refusal>;

impl Tenant {
    /// Makes a new tenant as Auth0 would, with the tool's own client in it.
    pub fn new(domain: &str, own_client_id: &str) -> Self {
        Self::in_surroundings(domain, own_client_id, Surroundings::default())
    }

    /// Makes a new tenant at this time, with ids that follow from this seed.
    pub fn in_surroundings(domain: &str, own_client_id: &str, surroundings: Surroundings) -> Self {
        let mut tenant = Self {
            world: World {
                domain: domain.to_owned(),
                own_client: own_client_id.to_owned(),
                now: surroundings.now,
                dice: Dice::new(surroundings.seed ^ hash(domain)),
            },
            store: Store::default(),
            events: Events::default(),
            acting: None,
        };
        seed::fill(&mut tenant);
        tenant
    }

    pub fn domain(&self) -> &str {
        &self.world.domain
    }

    pub fn own_client_id(&self) -> &str {
        &self.world.own_client
    }

    /// Returns the time of the clock, in unix seconds.
    pub fn now(&self) -> i64 {
        self.world.now
    }

    /// Moves the clock; answers from now on carry this time.
    pub fn set_now(&mut self, unix_seconds: i64) {
        self.world.now = unix_seconds;
    }

    /// Answers a call as the Management API would. An error is an answer too.
    pub fn send(&mut self, request: &Request) -> Response {
        let response = self.handle(request).unwrap_or_else(Response::from);
        self.note(request, &response);
        self.finish(response)
    }

    /// Writes a call into the tenant's log.
    fn note(&mut self, request: &Request, response: &Response) {
        let Ok(found) = routes::find(request.method, &request.path) else { return };
        let id = found.kind().id.as_deref();
        let client = self.acting.as_deref().unwrap_or(&self.world.own_client);
        self.events.note(request, response, client, id, self.world.now);
    }

    fn finish(&self, mut response: Response) -> Response {
        if response.status == 204 {
            response.body = Json::Null;
        }
        let reset = (self.world.now + 1).to_string();
        for (name, value) in
            [("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "99"), ("x-ratelimit-reset", &reset)]
        {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        response
    }

    /// Answers a call that carries a token with these scopes; `None` is all of them.
    pub fn send_as(&mut self, request: &Request, granted: Option<&BTreeSet<String>>) -> Response {
        let Some(granted) = granted else { return self.send(request) };
        match permission::check(request, granted) {
            Ok(()) => {
                let mut response = self.send(request);
                permission::withhold(request, granted, &mut response);
                response
            }
            Err(refusal) => {
                let response = refusal.into();
                self.note(request, &response);
                self.finish(response)
            }
        }
    }

    fn handle(&mut self, request: &Request) -> Answer {
        let found = routes::find(request.method, &request.path)?;
        let mut response = self.perform(&found, request)?;
        if found.route.older {
            answer::as_older(found.kind(), &mut response.body);
        }
        Ok(response)
    }

    fn perform(&mut self, found: &Found, request: &Request) -> Answer {
        match &found.route.op {
            Op::List => objects::list(self, found, request),
            Op::Create => objects::create(self, found, request),
            Op::Read => objects::read(self, found, request),
            Op::Update => objects::update(self, found, request),
            Op::Delete => objects::delete(self, found, request),
            Op::Lookup(field) => objects::lookup(self, found, field, request),
            Op::Deploy => actions::deploy(self, found),
            Op::Publish => actions::publish(self, found),
            Op::ListVersions => actions::versions(self, found, request),
            Op::ReadVersion => actions::version(self, found),
            Op::ReadDocument => documents::read(self, found, request),
            Op::WriteDocument => documents::write(self, found, request, request.method == Method::Put),
            Op::CreateDocument => documents::create(self, found, request),
            Op::DeleteDocument => documents::delete(self, found),
            Op::ListDocuments => documents::list(self, found, request),
            Op::ListMembers => members::list(self, found, request),
            Op::AddMembers => members::add(self, found, request),
            Op::ChangeMembers => members::change(self, found, request),
            Op::RemoveMembers => members::remove(self, found, request),
            Op::ReadMember => members::read_one(self, found),
            Op::ChangeMember => members::change_one(self, found, request),
            Op::RemoveMember => members::remove_one(self, found),
            Op::EmptyList(items) => lists::empty(found.kind(), items, request),
            Op::Fixed(body) => Ok(Response::new(200, (*body).clone())),
            Op::Defaults(field) => documents::defaults(self, found, field),
            Op::ReadDefault => objects::read_default(self, found),
            Op::ChooseDefault => objects::choose_default(self, found, request),
            Op::ListKeys => succession::list(self, found),
            Op::MakeKeys => succession::create(self, found, request),
            Op::RotateKeys => succession::rotate(self, found, request),
            Op::DestroyKey => keys::destroy(self, found),
            Op::Rekey => keys::rekey(self, found),
            Op::WrappingKey => keys::wrapping_key(self, found),
            Op::ImportKey => keys::import(self, found, request),
            Op::ListEvents => events::list(self, request),
            Op::ReadEvent => events::read(self, found),
            Op::ListHolders => holders::list(self, found, request),
            Op::WriteHolders => holders::write(self, found, request),
            Op::Act(act) => acts::perform(self, found, act, request),
            Op::ListEverywhere(items) => documents::everywhere(self, found, items, request),
        }
    }
}

/// Hashes text the same way in every build (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
