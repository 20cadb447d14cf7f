//! Who changed a tenant behind our back, as its own log tells it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value as Json, json};
use tenantry::api::failure::ApiFailure;
use tenantry::api::port::{Get, ReadApi};
use tenantry::api::request::{Method, Request};
use tenantry::api::response::Response;
use tenantry::catalogue::table::catalogue;
use tenantry::model::names::RemoteId;
use tenantry::pipeline::who::{Paths, Told, who};
use tenantry::sandbox::api::SandboxApi;
use tenantry::sandbox::tenant::Tenant;

use crate::commands::https::Served;
use crate::support::{Project, fetch};

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn paths(kind: &str, name: &str, id: &str, parent: Option<&str>) -> Paths {
    let parent = parent.map(|id| RemoteId(id.to_owned()));
    Paths::of(catalogue().kind(kind).unwrap(), name, Some(&RemoteId(id.to_owned())), parent.as_ref())
}

/// A log as a list of events, answered as the API answers a search: a page of what the range holds, the latest first.
struct Log {
    events: Vec<Json>,
    asked: Mutex<Vec<Get>>,
    fails: Option<u16>,
    /// It answers with something that is no list.
    odd: bool,
}

impl Log {
    fn of(events: Vec<Json>) -> Self {
        Self { events, asked: Mutex::new(Vec::new()), fails: None, odd: false }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl ReadApi for Log {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        self.asked.lock().unwrap().push(get.clone());
        let param = |name: &str| get.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if let Some(status) = self.fails {
            let (request, message) = ("GET /logs".to_owned(), "no".to_owned());
            return Err(ApiFailure::Status { request, status, error_code: None, message, request_id: None });
        }
        assert_eq!(get.path, "/logs");
        if self.odd {
            return Ok(Response::new(200, json!({"total": 3})));
        }
        let number = |name: &str| param(name).unwrap().parse::<usize>().unwrap();
        assert!(number("per_page") <= 100 && (number("page") + 1) * number("per_page") <= 1000);
        let query = param("q").unwrap_or("date:[0 TO *]");
        let range = query.split("date:[").nth(1).unwrap().trim_end_matches(']');
        let (from, to) = range.split_once(" TO ").unwrap();
        let mut events: Vec<&Json> = self.events.iter().collect();
        events.retain(|event| {
            let date = event["date"].as_str().unwrap();
            date >= from.trim_end_matches('Z') && (to == "*" || date <= to)
        });
        events.sort_by(|a, b| b["date"].as_str().cmp(&a["date"].as_str()));
        if param("sort") == Some("date:1") {
            events.reverse();
        }
        let page =
            events.into_iter().skip(number("page") * number("per_page")).take(number("per_page")).cloned().collect();
        Ok(Response::new(200, Json::Array(page)))
    }

    async fn own_client(&self) -> Option<String> {
        Some("own".to_owned())
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        None
    }
}

const RECORD: &str = "2026-01-31T12:00:00Z";

/// An event as a tenant shows it.
fn event(number: usize, date: &str, kind: &str, method: &str, path: &str) -> Json {
    json!({
        "date": date, "type": kind, "description": "Update something", "client_id": "dash", "client_name": "Dashboard",
        "ip": "198.51.100.7", "user_agent": "Firefox", "user_id": "", "log_id": format!("90020260131{number:020}"),
        "details": {
            "request": {
                "method": method, "path": path, "query": {}, "ip": "198.51.100.7",
                "auth": { "user": { "user_id": "google-oauth2|1", "name": "Eve", "email": "eve@example.com" }, "strategy": "jwt" },
                "body": { "client_secret": "hunter2" },
            },
            "response": { "statusCode": 200, "body": { "client_secret": "hunter2" } },
        },
    })
}

fn ask(log: &Log, asked: &[&Paths]) -> Told {
    block(who(log, RECORD, asked))
}

#[test]
fn the_latest_write_to_the_very_object_is_told_with_its_user() {
    let log = Log::of(vec![
        event(1, "2026-01-31T11:59:59.000Z", "sapi", "patch", "/api/v2/roles/rol_1"),
        event(2, "2026-02-01T08:00:00.000Z", "sapi", "patch", "/api/v2/roles/rol_1"),
        event(3, "2026-02-02T08:00:00.123Z", "sapi", "patch", "/api/v2/roles/rol_1"),
        event(4, "2026-02-03T08:00:00.000Z", "fapi", "delete", "/api/v2/roles/rol_1"),
        event(5, "2026-02-03T09:00:00.000Z", "sapi", "post", "/api/v2/roles/rol_1/permissions"),
        event(6, "2026-02-03T10:00:00.000Z", "sapi", "patch", "/api/v2/roles/rol_11"),
        event(7, "2026-02-03T11:00:00.000Z", "mgmt_api_read", "get", "/api/v2/roles/rol_1"),
    ]);
    let (role, list) = (paths("roles", "Reader", "rol_1", None), paths("roles/permissions", "", "", Some("rol_1")));
    let told = ask(&log, &[&role, &list]);
    let hands = told.who[0].as_ref().unwrap();
    let dates: Vec<&str> = hands.iter().map(|hand| hand.at.as_str()).collect();
    assert_eq!(dates, ["2026-02-02T08:00:00.123Z", "2026-02-01T08:00:00.000Z"]);
    assert_eq!(hands[0].user.as_deref(), Some("eve@example.com"));
    assert_eq!((hands[0].ip.as_deref(), hands[0].method.as_str()), (Some("198.51.100.7"), "PATCH"));
    assert!(!hands[0].own_client);
    assert_eq!(told.who[1].as_ref().unwrap()[0].path, "/roles/rol_1/permissions");
    assert!(!format!("{told:?}").contains("hunter2"));
    assert_eq!((told.requests, log.asked()), (1, 1));
}

#[test]
fn singletons_keys_and_what_was_made_are_found() {
    let mut made = event(3, "2026-02-02T08:00:00.000Z", "sapi", "post", "/api/v2/clients");
    made["details"]["response"]["body"] = json!({ "client_id": "new1", "client_secret": "hunter2" });
    let log = Log::of(vec![
        event(1, "2026-02-01T08:00:00.000Z", "sapi", "patch", "/api/v2/tenants/settings"),
        event(2, "2026-02-01T09:00:00.000Z", "mgmt_api_write", "put", "/api/v2/prompts/login/custom-text/en"),
        made,
    ]);
    let tenant = Paths::of(catalogue().kind("tenant").unwrap(), "", None, None);
    let text = Paths::of(catalogue().kind("prompts/customText").unwrap(), "login,en", None, None);
    let client = paths("clients", "New", "new1", None);
    let told = ask(&log, &[&tenant, &text, &client]);
    let methods: Vec<&str> = told.who.iter().map(|who| who.as_ref().unwrap()[0].method.as_str()).collect();
    assert_eq!(methods, ["PATCH", "PUT", "POST"]);
}

#[test]
fn why_nobody_is_known_is_said() {
    let role = paths("roles", "Reader", "rol_1", None);
    let why = |log: &Log| ask(log, &[&role]).who.remove(0).unwrap_err();
    let other = |date: &str| event(1, date, "s", "", "");
    assert!(why(&Log::of(vec![other("2026-01-01T08:00:00.000Z")])).contains("no write to it is in the tenant's log"));
    let late = why(&Log::of(vec![other("2026-02-01T08:00:00.000Z")]));
    assert!(late.contains("begins at 2026-02-01T08:00:00.000Z") && late.contains(RECORD), "{late}");
    let refused = why(&Log { fails: Some(403), ..Log::of(Vec::new()) });
    assert!(refused.contains("cannot be read") && refused.contains("403"), "{refused}");
    let odd = why(&Log { odd: true, ..Log::of(Vec::new()) });
    assert!(odd.contains("no list of events"), "{odd}");
    // Nobody is asked where nothing has moved.
    let log = Log::of(Vec::new());
    assert_eq!((ask(&log, &[]).requests, log.asked()), (0, 0));
    // A token that may not look does not.
    let api = SandboxApi::new(Tenant::new("acme.eu.auth0.com", "own")).granting(["read:roles".to_owned()]);
    let told = block(who(&api, RECORD, &[&role]));
    assert!(told.who[0].as_ref().unwrap_err().contains("read:logs"));
    assert_eq!((told.requests, api.reads()), (0, 0));
}

#[test]
fn a_long_log_is_read_on_beyond_the_first_thousand_and_not_for_ever() {
    let stamp = |number: usize| {
        let (hours, minutes, seconds) = (number / 3600, number / 60 % 60, number % 60);
        format!("2026-02-01T{hours:02}:{minutes:02}:{seconds:02}.000Z")
    };
    let noise = |number: usize| event(number, &stamp(number), "sapi", "post", "/api/v2/users");
    let mut events: Vec<Json> = (0..2500).map(noise).collect();
    events[40]["details"]["request"]["path"] = json!("/api/v2/roles/rol_1");
    let log = Log::of(events);
    let (role, other) = (paths("roles", "Reader", "rol_1", None), paths("roles", "Other", "rol_2", None));
    let told = ask(&log, &[&role]);
    assert_eq!(told.who[0].as_ref().unwrap()[0].at, stamp(40));
    assert!(told.requests <= 27, "{}", told.requests);
    let log = Log::of((0..5_500).map(noise).collect());
    let told = ask(&log, &[&other]);
    assert!(told.who[0].as_ref().unwrap_err().contains("has more since the record"));
    assert_eq!(told.requests, 50);
    // More in one moment than one search shows ends, too.
    let log = Log::of((0..1500).map(|number| event(number, &stamp(7), "sapi", "post", "/api/v2/users")).collect());
    assert!(ask(&log, &[&other]).requests <= 21);
}

/// The client's side of the sandbox's log.
pub fn the_log_is_searched_back_to_the_record() {
    let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
    let role = Request::new(Method::Post, "/roles".into(), Some(json!({ "name": "Reader" })));
    let id = tenant.send(&role).body["id"].as_str().unwrap().to_owned();
    tenant.set_now(tenant.now() + 86_400);
    let change = Request::new(Method::Patch, format!("/roles/{id}"), Some(json!({ "description": "x" })));
    tenant.send(&change);
    let api = SandboxApi::new(tenant);
    let told = block(who(&api, "2026-01-01T12:00:00Z", &[&paths("roles", "Reader", &id, None)]));
    let hands = told.who[0].as_ref().unwrap();
    assert_eq!((hands.len(), hands[0].method.as_str(), hands[0].own_client), (1, "PATCH", true));
}

/// The server's side.
pub fn the_log_tells_of_writes_alone() {
    let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
    let get = |path: &str| Request::new(Method::Get, path.to_owned(), None);
    tenant.send(&get("/roles"));
    tenant.send(&Request::new(Method::Post, "/roles".into(), Some(json!({ "name": "hunter2" }))));
    let events = tenant.send(&get("/logs")).body;
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(events[0]["details"]["request"]["path"], "/api/v2/roles");
    assert!(!events.to_string().contains("hunter2"));
}

#[test]
fn drift_names_the_client_that_did_it_and_asks_no_log_unasked() {
    let place = Project::bare();
    let served = Served::start(&place, "");
    let roles = "roles:\n  - { name: Reader, description: Reads }\n  - name: Writer\n";
    let ann = served.project(roles);
    ann.commit("change");
    ann.run("apply acme --yes").ok();
    let eve = served.project(&roles.replace("Reads", "Owned")).env("AUTH0_CLIENT_ID", "eve");
    eve.write("templates/more.yaml", "clients: [{ name: Backdoor, app_type: spa }]\n");
    eve.run("apply acme --yes --first-apply").ok();
    let reads = || fetch(&served.url, &served.authority, "/__sandbox/stats")["requests"]["GET"].as_u64().unwrap();
    let before = reads();
    let without = ann.run("drift acme --json").code(2).json();
    let unasked = reads() - before;
    let with = ann.run("drift acme --who --json").code(2).json();
    assert_eq!(reads() - before - unasked, unasked + 1, "one request for the log");
    assert!(without["tenants"][0]["changes"][0].get("who").is_none());
    let change = &with["tenants"][0]["changes"][0];
    assert_eq!((&change["address"], &change["who"]["writes"][0]["client"]), (&json!("roles/Reader"), &json!("eve")));
    assert_eq!(change["who"]["writes"][0]["own_client"], false);
    let ran = ann.run("drift acme --who").code(2);
    assert!(ran.stdout().contains("by client eve, 20"), "{}", ran.screen());
    assert!(!ran.stdout().contains("this run's own"), "the recorded apply moved nothing: {}", ran.screen());
    // Of the kinds that are managed, what is new since the record is told of on demand.
    ann.write("templates/roles.yaml", &format!("{roles}clients: [{{ name: Ours, app_type: spa }}]\n"));
    ann.run("apply acme --yes --accept-drift --allow-dirty").ok();
    assert!(ann.run("drift acme --unmanaged").ok().stdout().contains("Nothing is there that others have made since."));
    eve.write("templates/more.yaml", "clients: [{ name: Backdoor, app_type: spa }, { name: Second, app_type: spa }]\n");
    eve.run("apply acme --yes --accept-drift --first-apply").ok();
    let ran = ann.run("drift acme --unmanaged --who").code(2);
    assert!(ran.stdout().contains("    clients/Second  ("), "{}", ran.screen());
    assert!(ran.stdout().contains("by client eve") && !ran.stdout().contains("Backdoor"), "{}", ran.screen());
}
