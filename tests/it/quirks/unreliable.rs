//! Answers that are right and yet mislead: sets in another order, states of yesterday, bodies that lack what was written.
//! Every conformance case goes through them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value as Json, json};
use tenantry::api::request::{Method, Request};
use tenantry::sandbox::faults::Faults;
use tenantry::sandbox::faulty::{Delivery, FaultyTenant};
use tenantry::sandbox::tenant::Tenant;

use crate::conformance::{self, cases::Case, joined};
use crate::support::core::{Core, told};

/// More often than any run sends anything.
const ALWAYS: u32 = 100_000;

fn script(method: &str, what: &str) -> Faults {
    let text = format!(r#"[{{"at": {{"method": "{method}"}}, "times": {ALWAYS}, "what": {what}}}]"#);
    Faults::from_json(&text).unwrap()
}

/// How many objects a tenant holds, by the path of their list; ids are starred.
fn sizes(core: &Core) -> BTreeMap<String, usize> {
    let kept: Json = serde_json::from_str(&core.api.inner.snapshot().to_json()).unwrap();
    let mut sizes = BTreeMap::new();
    for (path, objects) in kept["collections"].as_object().unwrap() {
        let is_id = |part: &str| part.chars().any(|c| c.is_ascii_digit()) || part.len() > 20;
        let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect();
        *sizes.entry(parts.join("/")).or_default() += objects.as_object().unwrap().len();
    }
    sizes
}

/// What each case leaves in a tenant in which nothing goes wrong.
fn clean() -> &'static [BTreeMap<String, usize>] {
    static CLEAN: OnceLock<Vec<BTreeMap<String, usize>>> = OnceLock::new();
    CLEAN.get_or_init(|| {
        let run = |case: &Case| {
            let mut core = Core::new();
            core.apply(&joined(case, case.before));
            core.apply(&joined(case, case.after));
            sizes(&core)
        };
        conformance::all().map(run).collect()
    })
}

/// Applies a case's two states with a fault at every request of a method. What fails must be a failure with an address,
/// and once the fault is over one more run must end it, with nothing there twice. Returns the kinds that needed that run.
fn applied_under(method: &str, what: &str) -> Vec<&'static str> {
    applied_with(&script(method, what))
}

fn applied_with(faults: &Faults) -> Vec<&'static str> {
    let mut again = Vec::new();
    let mut problems = Vec::new();
    for (case, clean) in conformance::all().zip(clean()) {
        let states = [joined(case, case.before), joined(case, case.after)];
        let mut core = Core::new();
        for text in &states {
            let plan = core.plan(text);
            core.api.inner.set_faults(faults.clone());
            let (outcome, _) = core.try_perform(&plan);
            core.api.inner.set_faults(Faults::default());
            problems
                .extend(outcome.failures.iter().filter(|f| f.address.as_str().is_empty()).map(|f| f.message.clone()));
            let left = core.plan(text);
            if outcome.failures.is_empty() && !left.is_empty() {
                problems.push(format!("{}: nothing failed, yet\n{}", case.kind, told(&left).join("\n")));
            }
            if !left.is_empty() {
                again.push(case.kind);
                core.perform(&left);
            }
            let left = core.plan(text);
            if !left.is_empty() {
                problems.push(format!("{}: still\n{}", case.kind, told(&left).join("\n")));
            }
        }
        if sizes(&core) != *clean {
            problems.push(format!("{}: {:?} where a clean run has {clean:?}", case.kind, sizes(&core)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    again.dedup();
    again
}

pub fn shuffled_sets_are_no_change() {
    let check = |case: &Case| {
        let text = joined(case, case.before);
        let mut core = Core::new();
        core.apply(&text);
        core.api.inner.set_faults(script("GET", r#""shuffled""#));
        let plan = core.plan(&text);
        (!plan.is_empty()).then(|| format!("{}:\n{}", case.kind, told(&plan).join("\n")))
    };
    let problems: Vec<String> = conformance::all().filter_map(check).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

pub fn sets_come_in_another_order() {
    let mut tenant = FaultyTenant::new(Tenant::new("acme.eu.auth0.com", "own"));
    let body = json!({"name": "A", "callbacks": ["https://a.example", "https://b.example"]});
    tenant.handle(&Request::new(Method::Post, "/clients".to_owned(), Some(body)), "");
    tenant.set(script("GET", r#""shuffled""#));
    let body = answer(&mut tenant, "/clients");
    let client = body.as_array().unwrap().iter().find(|client| client["name"] == "A").unwrap();
    assert_eq!(client["callbacks"], json!(["https://b.example", "https://a.example"]));
}

fn answer(tenant: &mut FaultyTenant, path: &str) -> Json {
    match tenant.handle(&super::server::request(path), "").delivery {
        Delivery::Whole(response) => response.body,
        other => panic!("{other:?}"),
    }
}

/// While it applies, a run reads only to wait (for builds and deployments, and for a deletion before the same name is
/// made again), and where an answer does not show what it did (that of a page template). So reads that are of yesterday
/// for ever can only keep back those and what hangs on them.
pub fn stale_reads_make_nothing_twice() {
    for writes in [1, 2] {
        let again = applied_under("GET", &format!(r#"{{"stale": {{"writes": {writes}}}}}"#));
        let waiting = ["actions", "triggers", "tokenExchangeProfiles", "prompts/partials"];
        assert!(again.iter().all(|kind| waiting.contains(kind)), "{again:?}");
    }
    // Reads that lag for a while keep nothing back.
    for reads in [1, 3] {
        let late =
            format!(r#"[{{"at": {{"method": "GET"}}, "times": {reads}, "what": {{"stale": {{"writes": 1}}}}}}]"#);
        assert_eq!(applied_with(&Faults::from_json(&late).unwrap()), Vec::<&str>::new(), "{reads} stale reads");
    }
}

pub fn a_read_may_be_of_yesterday() {
    let mut tenant = FaultyTenant::new(Tenant::new("acme.eu.auth0.com", "own"));
    tenant.set(script("GET", r#"{"stale": {"writes": 1}}"#));
    tenant.handle(&Request::new(Method::Post, "/roles".to_owned(), Some(json!({"name": "A"}))), "");
    assert_eq!(answer(&mut tenant, "/roles"), json!([]));
    tenant.set(Faults::default());
    assert_eq!(answer(&mut tenant, "/roles").as_array().unwrap().len(), 1);
}

pub fn an_answer_may_be_partial() {
    let ids = r#"{"partial": {"fields": ["id", "client_id", "custom_domain_id", "key", "themeId"]}}"#;
    for method in ["POST", "PATCH", "PUT"] {
        assert_eq!(applied_under(method, ids), unshown(method), "{method}");
    }
}

/// What is shown once and was not shown is lost: nobody may take it for done.
fn unshown(method: &str) -> Vec<&'static str> {
    if method == "POST" { vec!["connections/scim_tokens"] } else { Vec::new() }
}

pub fn an_answer_may_be_empty() {
    // A new object whose answer tells no id is looked for.
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        assert_eq!(applied_under(method, r#"{"empty": {}}"#), unshown(method), "{method}");
    }
    assert_eq!(applied_under("POST", r#"{"partial": {"fields": []}}"#), unshown("POST"));
}

/// An answer of success to what was not done, or done otherwise, is told as a failure of that field.
pub fn a_success_that_is_none_is_told() {
    for (fault, method, at_least) in [
        ("ignored", "PATCH", 25),
        ("ignored", "PUT", 5),
        ("altered", "POST", 25),
        ("altered", "PATCH", 25),
        ("altered", "PUT", 5),
    ] {
        let again = applied_under(method, &format!("\"{fault}\""));
        assert!(again.len() >= at_least, "{fault} {method}: only {again:?}");
    }
}

pub fn a_server_may_say_what_it_did_not_do() {
    let mut tenant = FaultyTenant::new(Tenant::new("acme.eu.auth0.com", "own"));
    let send = |tenant: &mut FaultyTenant, method, path: &str, body| match tenant
        .handle(&Request::new(method, path.to_owned(), Some(body)), "")
        .delivery
    {
        Delivery::Whole(response) => response,
        other => panic!("{other:?}"),
    };
    let made = send(&mut tenant, Method::Post, "/roles", json!({"name": "A", "description": "old"}));
    let path = format!("/roles/{}", made.body["id"].as_str().unwrap());
    tenant.set(script("PATCH", r#""ignored""#));
    let answer = send(&mut tenant, Method::Patch, &path, json!({"description": "new"}));
    assert_eq!((answer.status, &answer.body["description"]), (200, &json!("old")));
    tenant.set(script("PATCH", r#""altered""#));
    send(&mut tenant, Method::Patch, &path, json!({"description": "new"}));
    tenant.set(Faults::default());
    assert_eq!(send(&mut tenant, Method::Patch, &path, json!({})).body["description"], "new altered");
}
