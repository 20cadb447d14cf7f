//! What has moved in a tenant -> who moved it, by the tenant's own log. Reads, only where somebody asks, and says why
//! where it cannot tell.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use crate::api::failure::ApiFailure;
use crate::api::paging::OFFSET_BOUND;
use crate::api::port::{Get, ReadApi};
use crate::api::request::{PathParams, fill_path};
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::names::RemoteId;
use crate::pipeline::resolve::split_key;

/// The largest page of the log.
const PAGE: usize = 100;
/// The most requests that are sent for the log.
const MOST: usize = 50;
/// The types of events that tell of a write that was done.
const WRITES: [&str; 2] = ["sapi", "mgmt_api_write"];
/// Where paths of the API begin in events.
const BASE: &str = "/api/v2";

/// Where writes to something go.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paths {
    /// Its own; nothing where that is not known.
    own: Option<String>,
    /// That of what it lies in, which may be written with it.
    parent: Option<String>,
    /// Where it was made, and its id: an answer there names it.
    made: Option<(String, String)>,
}

impl Paths {
    /// Returns where one is written: by its id and its name, and by the id of what it lies in.
    pub fn of(kind: &Kind, name: &str, id: Option<&RemoteId>, parent: Option<&RemoteId>) -> Self {
        let key = if kind.shape == Shape::Keyed { split_key(kind, name) } else { Default::default() };
        let params = PathParams {
            id: id.map(|id| id.0.clone()),
            parent: parent.map(|id| id.0.clone()),
            member: None,
            key: key.clone(),
        };
        let above = kind.parent.as_deref().and_then(|name| catalogue().kind(name)).and_then(|above| {
            let params = PathParams { id: parent.map(|id| id.0.clone()), ..PathParams::default() };
            fill_path(&above.object_path(), &params).ok()
        });
        let made = id.and_then(|id| Some((fill_path(kind.create_path(), &params).ok()?, id.0.clone())));
        // A list in parts is written below the list of its parts.
        let parts = kind.membership.as_ref().and_then(|membership| membership.parts.as_ref());
        let own = parts.map_or_else(|| kind.object_path_for(&key), |parts| parts.path.clone());
        let own = fill_path(&own, &params).ok();
        Self { own, parent: above, made }
    }

    /// Says whether an event wrote to the very thing.
    fn is_own(&self, event: &Event) -> bool {
        let is_made = |(path, id): &(String, String)| event.hand.path == *path && event.made.contains(id);
        self.own.as_ref() == Some(&event.hand.path) || self.made.as_ref().is_some_and(is_made)
    }

    /// Returns the events that wrote there, of the nearest that did: to itself, to what lies in it, to what it lies in.
    fn hands(&self, events: &[Event]) -> Vec<Hand> {
        let is_below = |event: &Event| {
            let rest = self.own.as_ref().and_then(|own| event.hand.path.strip_prefix(own.as_str()));
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let nearest: [&dyn Fn(&Event) -> bool; 3] =
            [&|event| self.is_own(event), &is_below, &|event| self.parent.as_ref() == Some(&event.hand.path)];
        nearest
            .iter()
            .map(|fits| {
                let hands = events.iter().filter(|event| fits(event));
                hands.map(|event| Hand { exact: self.is_own(event), ..event.hand.clone() }).collect::<Vec<_>>()
            })
            .find(|hands| !hands.is_empty())
            .unwrap_or_default()
    }
}

/// One write, and whose it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hand {
    pub at: String,
    /// Somebody at the dashboard; a program has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The client is the one that this run is.
    pub own_client: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    pub method: String,
    /// Below `/api/v2`.
    pub path: String,
    /// It was written itself, not what lies in it or what it lies in.
    pub exact: bool,
    pub event: String,
}

struct Event {
    hand: Hand,
    /// What the answer to it named.
    made: Vec<String>,
}

/// Who did it, the latest first; or why nobody can say.
pub type Who = Result<Vec<Hand>, String>;

/// What the log told.
#[derive(Debug, Default)]
pub struct Told {
    /// One answer for each that was asked, in their order.
    pub who: Vec<Who>,
    pub requests: usize,
}

/// Why the log does not tell all since the record.
enum Gap {
    Scope,
    Failed(String),
    /// There are more writes than are looked at.
    More(usize),
    /// The log begins later.
    Begins(String),
}

/// Asks the tenant's log who has written to these since then (a record's stamp). Without anything to ask nothing is sent.
pub async fn who(api: &impl ReadApi, since: &str, asked: &[&Paths]) -> Told {
    let mut told = Told::default();
    let Some(log) = catalogue().served().find(|kind| kind.has(Quirk::EventLog)).filter(|_| !asked.is_empty()) else {
        return told;
    };
    let granted = api.granted_scopes().await;
    let may_read = granted.is_none_or(|granted| log.scopes.read.iter().any(|scope| granted.contains(scope)));
    let ids = asked.iter().filter_map(|paths| Some(paths.made.as_ref()?.1.as_str())).collect();
    let mut reader = Reader { api, path: &log.path, since, own: api.own_client().await, ids, requests: 0 };
    let (events, mut gap) = match may_read {
        true => reader.events(asked.to_vec()).await,
        false => (Vec::new(), Some(Gap::Scope)),
    };
    let hands: Vec<Vec<Hand>> = asked.iter().map(|paths| paths.hands(&events)).collect();
    if gap.is_none() && hands.iter().any(Vec::is_empty) {
        gap = reader.beginning().await;
    }
    let answer = |(paths, hands): (&&Paths, Vec<Hand>)| match hands.is_empty() {
        true => Err(why_not(paths, gap.as_ref(), since)),
        false => Ok(hands),
    };
    told.who = asked.iter().zip(hands).map(answer).collect();
    told.requests = reader.requests;
    told
}

fn why_not(paths: &Paths, gap: Option<&Gap>, since: &str) -> String {
    match gap {
        Some(Gap::Scope) => "the token lacks the scope that reads the tenant's log (read:logs)".to_owned(),
        Some(Gap::Failed(reason)) => format!("the tenant's log cannot be read: {reason}"),
        Some(Gap::More(count)) => {
            format!("it is not among the last {count} writes, and the tenant's log has more since the record")
        }
        Some(Gap::Begins(begins)) => format!("the tenant's log begins at {begins}, and the record is of {since}"),
        None if paths.own.is_none() => "where it is written is not known".to_owned(),
        None => "no write to it is in the tenant's log since the record; events may come some minutes late".to_owned(),
    }
}

struct Reader<'a, A> {
    api: &'a A,
    path: &'a str,
    since: &'a str,
    own: Option<String>,
    /// The ids that are asked for: of what an answer named nothing else is kept, since it may be secret.
    ids: BTreeSet<&'a str>,
    requests: usize,
}

impl<A: ReadApi> Reader<'_, A> {
    /// Reads the writes since the record, the latest first, until one is known to each that is sought.
    async fn events(&mut self, mut sought: Vec<&Paths>) -> (Vec<Event>, Option<Gap>) {
        let mut events: Vec<Event> = Vec::new();
        let mut seen = BTreeSet::new();
        // Only so much of one search can be paged through; the next one ends where it ended.
        let mut until = "*".to_owned();
        loop {
            let query = format!("type:({}) AND date:[{} TO {until}]", WRITES.join(" OR "), self.since);
            let mut is_new = false;
            for page in 0..OFFSET_BOUND / PAGE {
                if self.requests >= MOST {
                    return (events, Some(Gap::More(seen.len())));
                }
                let page = [("q", query.clone()), ("sort", "date:-1".to_owned()), ("page", page.to_string())];
                let items = match self.page(page.to_vec(), PAGE).await {
                    Ok(items) => items,
                    Err(failure) => return (events, Some(Gap::Failed(failure.to_string()))),
                };
                let before = events.len();
                for item in &items {
                    let id = item.get("log_id").or_else(|| item.get("_id")).and_then(Json::as_str).unwrap_or_default();
                    if seen.insert(id.to_owned()) {
                        is_new = true;
                        events.extend(self.event(item, id));
                    }
                    until = date(item).unwrap_or(until);
                }
                let fresh = events.get(before..).unwrap_or_default();
                sought.retain(|paths| !fresh.iter().any(|event| paths.is_own(event)));
                if items.len() < PAGE || sought.is_empty() {
                    return (events, None);
                }
            }
            if !is_new {
                return (events, Some(Gap::More(seen.len())));
            }
        }
    }

    /// Says whether the log begins after the record.
    async fn beginning(&mut self) -> Option<Gap> {
        match self.page(vec![("sort", "date:1".to_owned()), ("page", "0".to_owned())], 1).await {
            Ok(items) => {
                let begins = items.first().and_then(date)?;
                (second(&begins) > second(self.since)).then_some(Gap::Begins(begins))
            }
            Err(failure) => Some(Gap::Failed(failure.to_string())),
        }
    }

    async fn page(&mut self, query: Vec<(&str, String)>, size: usize) -> Result<Vec<Json>, ApiFailure> {
        let mut query: Vec<(String, String)> = query.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        query.push(("per_page".to_owned(), size.to_string()));
        self.requests += 1;
        let body = self.api.get(&Get { path: self.path.to_owned(), query }).await?.body;
        let items = match body {
            Json::Object(mut map) => map.remove("logs").unwrap_or_default(),
            body => body,
        };
        match items {
            Json::Array(items) => Ok(items),
            // Nothing that can be read is not nothing that was written.
            _ => Err(ApiFailure::Transport {
                request: format!("GET {}", self.path),
                reason: "the answer is no list of events".to_owned(),
            }),
        }
    }

    /// Reads an event that tells of a write since the record; the search may take less care.
    fn event(&self, item: &Json, id: &str) -> Option<Event> {
        let text =
            |at: &str| item.pointer(at).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        if !WRITES.contains(&item.get("type")?.as_str()?) {
            return None;
        }
        let at = date(item)?;
        if second(&at) < second(self.since) {
            return None;
        }
        let path = text("/details/request/path")?;
        let path = path.strip_prefix(BASE).unwrap_or(&path);
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        let client = text("/client_id");
        let own_client = client.is_some() && client == self.own;
        // A record is made when its apply ends: in that second the own client's writes are that apply's.
        if own_client && second(&at) == second(self.since) {
            return None;
        }
        let user = text("/details/request/auth/user/email")
            .or_else(|| text("/details/request/auth/user/name"))
            .or_else(|| text("/user_name"))
            .or_else(|| text("/details/request/auth/user/user_id"));
        let made = item.pointer("/details/response/body").and_then(Json::as_object);
        let made = made.into_iter().flat_map(|body| body.values()).filter_map(Json::as_str);
        let made = made.filter(|id| self.ids.contains(id)).map(str::to_owned);
        let hand = Hand {
            at,
            user,
            own_client,
            client,
            client_name: text("/client_name"),
            ip: text("/ip").or_else(|| text("/details/request/ip")),
            method: text("/details/request/method")?.to_uppercase(),
            path,
            exact: false,
            event: id.to_owned(),
        };
        Some(Event { hand, made: made.collect() })
    }
}

/// Dates are texts, or objects that hold one.
fn date(item: &Json) -> Option<String> {
    let date = item.get("date")?;
    date.as_str().or_else(|| date.as_object()?.values().next()?.as_str()).map(str::to_owned)
}

/// What of a moment can be compared: records have no fractions.
fn second(moment: &str) -> &str {
    moment.get(..19).unwrap_or(moment)
}
