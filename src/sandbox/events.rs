//! The tenant's log: what was written to it, by whom, when. Bounded, and without what was sent: that may be secret.
//!
//! Answers are those of the API: a search (`q`, pages, `sort`; the latest first) or what follows on an event (`from` and
//! `take`, in the order in which it happened).

use std::cmp::Ordering;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::lists::{number, param};
use super::refusal::Refusal;
use super::routes::Found;
use super::spot;
use super::tenant::{Answer, Tenant};
use super::times::iso;
use crate::api::paging::OFFSET_BOUND;
use crate::api::request::{Method, Request};
use crate::api::response::Response;

/// So many events are kept; older ones go.
pub const KEPT: usize = 1000;
/// How many a page holds when nobody says, and at most.
const PAGE: (usize, usize) = (50, 100);
/// The types of a write that was done, and of one that was refused.
const DONE: &str = "sapi";
const REFUSED: &str = "fapi";

/// All events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Events {
    /// How many there ever were.
    count: u64,
    kept: VecDeque<Event>,
}

/// One write, in few words: an answer is made of it when somebody asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Event {
    number: u64,
    /// In unix seconds, and the millisecond.
    at: (i64, u32),
    method: String,
    path: String,
    status: u16,
    client: String,
    /// The field that names the object, and the name, where the answer had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<(String, String)>,
}

impl Events {
    /// Writes down a call and how it ended. Reading leaves no event.
    pub fn note(&mut self, request: &Request, response: &Response, client: &str, id_field: Option<&str>, now: i64) {
        if request.method == Method::Get || response.status == 429 {
            return;
        }
        self.count += 1;
        let ms = match self.kept.back() {
            Some(last) if last.at.0 == now => (last.at.1 + 1).min(999),
            _ => 0,
        };
        let id = id_field.and_then(|field| Some((field.to_owned(), response.body.get(field)?.as_str()?.to_owned())));
        self.kept.push_back(Event {
            number: self.count,
            at: (now, ms),
            method: request.method.as_str().to_lowercase(),
            path: format!("/api/v2{}", request.path),
            status: response.status,
            client: client.to_owned(),
            made: id.filter(|_| response.status < 300),
        });
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }
}

/// Answers `GET /logs`.
pub fn list(tenant: &Tenant, request: &Request) -> Answer {
    let take = number(request, "take", 1, PAGE.1)?;
    if let Some(from) = param(request, "from") {
        // What came after an event that is not kept any more cannot be told.
        let at = tenant.events.kept.iter().position(|event| event.id() == from);
        let at = at.ok_or_else(|| Refusal::query(&format!("Invalid log id: {from}"), "from"))?;
        let after = tenant.events.kept.iter().skip(at + 1).take(take.unwrap_or(PAGE.0));
        return Ok(Response::new(200, after.map(|event| picked(event.shown(tenant), request)).collect()));
    }
    let size = number(request, "per_page", 0, PAGE.1)?.or(take).unwrap_or(PAGE.0);
    let page = number(request, "page", 0, usize::MAX)?.unwrap_or(0);
    let start = page.saturating_mul(size);
    if start.saturating_add(size) > OFFSET_BOUND.max(size) {
        let words = format!("You can only page through the first {OFFSET_BOUND} records");
        return Err(Refusal::new(400, "invalid_paging", words));
    }
    let query = param(request, "q").or_else(|| param(request, "search")).map(Query::read).transpose()?;
    let (field, order) = sort(param(request, "sort"))?;
    let mut found: Vec<Json> = tenant.events.kept.iter().rev().map(|event| event.shown(tenant)).collect();
    found.retain(|event| query.as_ref().is_none_or(|query| query.fits(event)));
    if (field, order) != ("date", Ordering::Greater) {
        found.sort_by(|a, b| match text(a, field).cmp(text(b, field)) {
            ascending if order == Ordering::Less => ascending,
            ascending => ascending.reverse(),
        });
    }
    let total = found.len();
    let shown: Vec<Json> = found.into_iter().skip(start).take(size).map(|event| picked(event, request)).collect();
    let body = match param(request, "include_totals") == Some("true") {
        true => json!({ "start": start, "limit": size, "length": shown.len(), "logs": shown, "total": total }),
        false => Json::Array(shown),
    };
    Ok(Response::new(200, body))
}

/// Answers `GET /logs/{id}`.
pub fn read(tenant: &Tenant, found: &Found) -> Answer {
    let event = tenant.events.kept.iter().find(|event| event.id() == found.param("id"));
    let event = event.ok_or_else(|| Refusal::missing(found.kind()))?;
    Ok(Response::new(200, event.shown(tenant)))
}

impl Event {
    /// Ids sort as the events happened.
    fn id(&self) -> String {
        let digits: String = iso(self.at.0, 0, 0).chars().filter(char::is_ascii_digit).collect();
        format!("900{digits}{:03}{:020}1223372036854775808", self.at.1, self.number)
    }

    fn shown(&self, tenant: &Tenant) -> Json {
        let date = iso(self.at.0, self.at.1 * 1_000_000, 3);
        let made: Map<String, Json> =
            self.made.iter().map(|(field, id)| (field.clone(), Json::String(id.clone()))).collect();
        json!({
            "date": date,
            "type": if self.status < 400 { DONE } else { REFUSED },
            "description": format!("{} {}", self.method.to_uppercase(), self.path),
            "client_id": self.client,
            "client_name": "",
            "ip": "127.0.0.1",
            "user_agent": "Other 0.0.0 / Other 0.0.0",
            "hostname": tenant.domain(),
            "details": {
                "request": {
                    "method": self.method,
                    "path": self.path,
                    "query": {},
                    "channel": "api",
                    "ip": "127.0.0.1",
                    "auth": { "user": {}, "strategy": "jwt", "credentials": {} },
                },
                "response": { "statusCode": self.status, "body": made },
            },
            "user_id": "",
            "user_name": "",
            "isMobile": false,
            "log_id": self.id(),
            "_id": self.id(),
        })
    }
}

fn picked(mut event: Json, request: &Request) -> Json {
    let Some(fields) = param(request, "fields") else { return event };
    let include = param(request, "include_fields") != Some("false");
    if let Json::Object(map) = &mut event {
        map.retain(|key, _| fields.split(',').any(|field| field == key) == include);
    }
    event
}

fn sort(asked: Option<&str>) -> Result<(&str, Ordering), Refusal> {
    let Some(asked) = asked else { return Ok(("date", Ordering::Greater)) };
    let fields = [
        "date",
        "connection",
        "client_id",
        "client_name",
        "ip",
        "user_id",
        "user_name",
        "description",
        "user_agent",
        "type",
        "details",
        "strategy",
        "strategy_type",
    ];
    let wrong = || Refusal::query("String does not match pattern", "sort");
    let (field, order) = asked.split_once(':').ok_or_else(wrong)?;
    match order {
        _ if !fields.contains(&field) => Err(wrong()),
        "1" => Ok((field, Ordering::Less)),
        "-1" => Ok((field, Ordering::Greater)),
        _ => Err(wrong()),
    }
}

fn text<'e>(event: &'e Json, field: &str) -> &'e str {
    spot::get(event, field).and_then(Json::as_str).unwrap_or_default()
}

/// A search: terms that must all hold. Of the query syntax what tools use: `field:value`, `field:(a OR b)`,
/// `field:[a TO b]`, joined by `AND`.
struct Query(Vec<(String, Term)>);

enum Term {
    OneOf(Vec<String>),
    Between(Option<String>, Option<String>),
}

impl Query {
    fn read(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::new(400, "invalid_query_string", "The search query does not have a valid syntax");
        let mut terms = Vec::new();
        for part in text.split(" AND ").map(str::trim).filter(|part| !part.is_empty()) {
            let (field, value) = part.split_once(':').ok_or_else(wrong)?;
            if field.is_empty() || value.is_empty() || field.contains([' ', '(', '[']) {
                return Err(wrong());
            }
            let term = match (value.strip_prefix('['), value.strip_prefix('(')) {
                (Some(range), _) => {
                    let range = range.strip_suffix([']', '}']).ok_or_else(wrong)?;
                    let (from, to) = range.split_once(" TO ").ok_or_else(wrong)?;
                    let bound = |text: &str| Some(plain(text)).filter(|text| text != "*");
                    Term::Between(bound(from), bound(to))
                }
                (_, Some(words)) => {
                    let words = words.strip_suffix(')').ok_or_else(wrong)?;
                    Term::OneOf(words.split(" OR ").map(plain).collect())
                }
                _ => Term::OneOf(vec![plain(value)]),
            };
            terms.push((field.to_owned(), term));
        }
        Ok(Self(terms))
    }

    fn fits(&self, event: &Json) -> bool {
        self.0.iter().all(|(field, term)| {
            let has = text(event, field);
            match term {
                Term::OneOf(values) => values.iter().any(|value| value == has || value == "*" && !has.is_empty()),
                // `2026-01-31T12:00:00Z` and `…00.000Z` sort as what they begin with; a bound takes its whole second in.
                Term::Between(from, to) => {
                    let (at, from, to) = (bare(has), from.as_deref().map(bare), to.as_deref().map(bare));
                    from.is_none_or(|from| at >= from) && to.is_none_or(|to| at.starts_with(to) || at <= to)
                }
            }
        })
    }
}

fn bare(moment: &str) -> &str {
    moment.trim_end_matches('Z').trim_end_matches(".000")
}

fn plain(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(tenant: &mut Tenant, query: &[(&str, &str)]) -> Response {
        let mut request = Request::new(Method::Get, "/logs".into(), None);
        request.query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        tenant.send(&request)
    }

    fn role(tenant: &mut Tenant, name: &str) -> String {
        let made = tenant.send(&Request::new(Method::Post, "/roles".into(), Some(json!({ "name": name }))));
        made.body["id"].as_str().unwrap_or_default().to_owned()
    }

    fn paths(response: &Response) -> Vec<&str> {
        let events = response.body.as_array().unwrap().iter();
        events.map(|event| event["details"]["request"]["path"].as_str().unwrap()).collect()
    }

    #[test]
    fn writes_leave_an_event_and_reads_none_and_no_body_is_kept() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let before = ask(&mut tenant, &[]);
        assert_eq!(before.body, json!([]));
        let id = role(&mut tenant, "hunter2");
        role(&mut tenant, "hunter2");
        let all = ask(&mut tenant, &[]).body;
        assert_eq!((&all[0]["type"], &all[1]["type"]), (&json!("fapi"), &json!("sapi")), "the latest first");
        assert_eq!(all[1]["details"]["response"]["body"], json!({ "id": id }));
        assert_eq!(all[1]["client_id"], "own");
        assert!(!all.to_string().contains("hunter2") && !format!("{:?}", tenant.events).contains("hunter2"));
        let one = Request::new(Method::Get, format!("/logs/{}", all[1]["log_id"].as_str().unwrap()), None);
        assert_eq!(tenant.send(&one).body, all[1]);
        assert_eq!(tenant.send(&Request::new(Method::Get, "/logs/900".into(), None)).status, 404);
    }

    #[test]
    fn it_is_searched_and_paged_as_the_api_does() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        for day in 0..3 {
            tenant.set_now(1_767_225_600 + day * 86_400);
            let id = role(&mut tenant, &format!("Role {day}"));
            tenant.send(&Request::new(Method::Delete, format!("/roles/{id}"), None));
        }
        let days = |response: &Response| {
            let events = response.body.as_array().unwrap().iter();
            events.map(|event| event["date"].as_str().unwrap()[8..10].to_owned()).collect::<Vec<_>>()
        };
        let since = ask(&mut tenant, &[("q", "type:(sapi OR mgmt_api_write) AND date:[2026-01-02T00:00:00Z TO *]")]);
        assert_eq!(days(&since), ["03", "03", "02", "02"]);
        let until = ask(&mut tenant, &[("q", "date:[* TO 2026-01-02]"), ("sort", "date:1"), ("per_page", "3")]);
        assert_eq!(days(&until), ["01", "01", "02"]);
        assert_eq!(days(&ask(&mut tenant, &[("per_page", "2"), ("page", "2")])), ["01", "01"]);
        let totals = ask(&mut tenant, &[("include_totals", "true"), ("per_page", "1")]).body;
        assert_eq!((&totals["total"], &totals["limit"], &totals["length"]), (&json!(6), &json!(1), &json!(1)));
        assert_eq!(days(&ask(&mut tenant, &[("q", "type:fapi")])), Vec::<String>::new());
        // From an event on, in the order of things.
        let first = ask(&mut tenant, &[("sort", "date:1"), ("per_page", "1")]).body[0]["log_id"].clone();
        let next = ask(&mut tenant, &[("from", first.as_str().unwrap()), ("take", "2")]);
        assert_eq!(days(&next), ["01", "02"]);
        assert!(paths(&next)[0].starts_with("/api/v2/roles/rol_"));
        for wrong in [
            &[("per_page", "101")][..],
            &[("take", "101")],
            &[("from", "1")],
            &[("sort", "name:1")],
            &[("q", "date:[2026")],
            &[("per_page", "100"), ("page", "10")],
        ] {
            assert_eq!(ask(&mut tenant, wrong).status, 400, "{wrong:?}");
        }
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        for _ in 0..KEPT + 50 {
            tenant.send(&Request::new(Method::Delete, "/roles/rol_0000000000000000".into(), None));
        }
        assert_eq!(tenant.events.kept.len(), KEPT);
        let ids: Vec<String> = tenant.events.kept.iter().map(Event::id).collect();
        assert!(ids.is_sorted() && ids.len() == KEPT);
    }
}
