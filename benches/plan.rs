//! How long a plan of 10,000 unchanged resources takes, in the pure core: no file, no socket, no clock in the code that
//! is measured. Run with `cargo bench --bench plan`; the figure to beat is [`TO_BEAT_MS`].
#![expect(clippy::print_stdout, reason = "a benchmark's answer")]

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tenantry::catalogue::table::catalogue;
use tenantry::model::desired::{Credentials, Desired, Excluded, Policy, TenantSettings};
use tenantry::model::document::{Content, Documents, Entry, Node, Place, SourceTexts};
use tenantry::model::live::{Live, Object, Reading};
use tenantry::model::names::{Domain, RemoteId, TenantName};
use tenantry::pipeline::plan::{Facts, plan};
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::{canonical, resolve, validate};

/// Milliseconds for validate, resolve and plan together, in a release build.
const TO_BEAT_MS: u128 = 500;
const RUNS: usize = 7;

/// How many of each kind; with the roles' permission lists 10,000 resources.
const CLIENTS: usize = 4000;
const APIS: usize = 500;
const GRANTS: usize = 1500;
const ROLES: usize = 1000;
const ORGANIZATIONS: usize = 2000;

fn main() {
    let world = World::new();
    let documents = world.documents();
    let live = world.live();
    let resources = resolve::resolve(&documents, &Scope::default(), false).0.resources.len();
    let mut times: Vec<[Duration; 3]> = (0..RUNS).map(|_| run(&documents, &live)).collect();
    times.sort_by_key(|parts| parts.iter().sum::<Duration>());
    let [validated, resolved, planned] = times[RUNS / 2].map(|time| time.as_millis());
    let total = validated + resolved + planned;
    println!("{resources} unchanged resources, {} live objects, median of {RUNS} runs", live.objects.len());
    println!("  validate {validated:>6} ms");
    println!("  resolve  {resolved:>6} ms");
    println!("  plan     {planned:>6} ms");
    println!("  together {total:>6} ms   to beat: {TO_BEAT_MS} ms");
    if cfg!(debug_assertions) {
        println!("  (not judged: a build without optimisation)");
    } else {
        assert!(total < TO_BEAT_MS, "slower than the figure to beat");
    }
}

/// Plans once and returns the time of each part.
fn run(documents: &Documents, live: &Live) -> [Duration; 3] {
    let start = Instant::now();
    let findings = validate::validate(documents, &Scope::default());
    let validated = start.elapsed();
    assert!(!findings.has_errors(), "{findings:?}");
    let start = Instant::now();
    let (desired, findings) = resolve::resolve(documents, &Scope::default(), false);
    let resolved = start.elapsed();
    assert!(!findings.has_errors(), "{findings:?}");
    let planned = time_plan(&desired, live);
    [validated, resolved, planned]
}

fn time_plan(desired: &Desired, live: &Live) -> Duration {
    let start = Instant::now();
    let (plan, findings) = plan(desired, live, Facts::default());
    let planned = start.elapsed();
    assert!(!findings.has_errors(), "{findings:?}");
    assert!(plan.is_empty(), "{} steps where nothing changed", plan.steps.len());
    assert_eq!(plan.unchanged, desired.resources.len(), "every resource was looked at");
    planned
}

/// The same configuration as files say it and as the tenant answers.
struct World {
    /// Top-level key, one item a resource.
    wanted: Vec<(&'static str, Vec<Json>)>,
    /// Kind, id of the parent, answer.
    answers: Vec<(&'static str, Option<String>, Json)>,
}

impl World {
    fn new() -> Self {
        let mut world = Self { wanted: Vec::new(), answers: Vec::new() };
        world.many("clients", CLIENTS, "client_id", |n| {
            json!({
                "name": format!("Client {n}"), "app_type": "regular_web", "oidc_conformant": true,
                "callbacks": [format!("https://app{n}.example/a"), format!("https://app{n}.example/b")],
                "grant_types": ["authorization_code", "refresh_token"],
                "client_metadata": { "team": format!("team {}", n % 17), "tier": "3" },
                "jwt_configuration": { "alg": "RS256", "lifetime_in_seconds": 36000 },
                "refresh_token": {
                    "rotation_type": "rotating", "expiration_type": "expiring", "leeway": 15,
                    "token_lifetime": 2_592_000, "idle_token_lifetime": 1_296_000,
                    "infinite_token_lifetime": false, "infinite_idle_token_lifetime": false,
                },
            })
        });
        world.many("resourceServers", APIS, "id", |n| {
            let scopes: Vec<_> = (0..10).map(|s| json!({ "value": format!("do:{s}"), "description": "x" })).collect();
            json!({ "name": format!("API {n}"), "identifier": api(n), "signing_alg": "RS256", "scopes": scopes })
        });
        world.many(
            "clientGrants",
            GRANTS,
            "id",
            |n| json!({ "client_id": format!("Client {n}"), "audience": api(n), "scope": ["do:1", "do:2"] }),
        );
        for (_, _, grant) in world.answers.iter_mut().filter(|(kind, _, _)| *kind == "clientGrants") {
            let name = grant["client_id"].as_str().unwrap_or_default().replace("Client ", "");
            grant["client_id"] = json!(format!("clients_{name}"));
        }
        world.many("roles", ROLES, "id", |n| json!({ "name": format!("Role {n}"), "description": "does things" }));
        if let Some((_, roles)) = world.wanted.last_mut() {
            for (n, role) in roles.iter_mut().enumerate() {
                let permissions: Vec<Json> = (0..5)
                    .map(|p| json!({ "permission_name": format!("do:{p}"), "resource_server_identifier": api(n) }))
                    .collect();
                role["permissions"] = json!(permissions);
                world.answers.push(("roles/permissions", Some(format!("roles_{n}")), json!(permissions)));
            }
        }
        world.many("organizations", ORGANIZATIONS, "id", |n| {
            json!({ "name": format!("org-{n}"), "display_name": format!("Customer {n}"), "metadata": { "plan": "a" } })
        });
        world
    }

    fn many(&mut self, kind: &'static str, count: usize, id: &str, make: impl Fn(usize) -> Json) {
        let items: Vec<Json> = (0..count).map(make).collect();
        for (n, item) in items.iter().enumerate() {
            let mut answer = item.clone();
            answer[id] = json!(format!("{kind}_{n}"));
            self.answers.push((kind, None, answer));
        }
        self.wanted.push((kind, items));
    }

    fn documents(&self) -> Documents {
        let place = Place { file: "bench.yaml".into(), line: 1, column: 1 };
        let root = self
            .wanted
            .iter()
            .map(|(key, items)| Entry {
                key: (*key).to_owned(),
                key_place: place.clone(),
                value: node(&Json::Array(items.clone()), &place),
            })
            .collect();
        let settings = TenantSettings {
            project: None,
            tenant: TenantName("bench".to_owned()),
            domain: Domain("sandbox".to_owned()),
            credentials: Credentials::default(),
            policy: Policy::default(),
            bind: std::collections::BTreeMap::new(),
            deliver: Default::default(),
            external: Vec::new(),
            excluded: Excluded::default(),
            deploy_cli: false,
            mentions: Vec::new(),
        };
        Documents { root, removed: Vec::new(), settings, files: SourceTexts::new() }
    }

    fn live(&self) -> Live {
        let mut live = Live::default();
        for (kind, parent, answer) in &self.answers {
            let object = object(kind, parent.clone().map(RemoteId), answer.clone());
            let reading = match parent {
                Some(parent) => format!("{kind}@{parent}"),
                None => (*kind).to_owned(),
            };
            live.readings.insert(reading, Reading::Complete);
            live.objects.push(object);
        }
        live
    }
}

fn api(n: usize) -> String {
    format!("https://api{}.example/", n % APIS)
}

fn object(kind: &str, parent: Option<RemoteId>, answer: Json) -> Object {
    let Some(kind) = catalogue().kind(kind) else { unreachable!("{kind} is no kind") };
    let key = std::collections::BTreeMap::new();
    match answer {
        Json::Array(members) => canonical::member_list(kind, parent, key, members),
        answer => canonical::object(kind, parent, key, answer),
    }
}

fn node(value: &Json, place: &Place) -> Node {
    let content = match value {
        Json::Null => Content::Null,
        Json::Bool(flag) => Content::Bool(*flag),
        Json::Number(number) => Content::Number(number.clone()),
        Json::String(text) => Content::Text(text.clone()),
        Json::Array(items) => Content::List(items.iter().map(|item| node(item, place)).collect()),
        Json::Object(members) => Content::Map(
            members
                .iter()
                .map(|(key, value)| Entry { key: key.clone(), key_place: place.clone(), value: node(value, place) })
                .collect(),
        ),
    };
    Node::new(content, place.clone())
}
