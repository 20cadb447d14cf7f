//! What is held against an answer, held against the answers of real tenants: nothing that they took is called not taken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;
use tenantry::api::request::Method;
use tenantry::catalogue::table::catalogue;
use tenantry::model::address::Address;
use tenantry::model::change::Delta;
use tenantry::pipeline::apply::kept::missing_of;
use tenantry::pipeline::canonical::object;
use tenantry::sandbox::routes::{self, Op};

use crate::support::core::Core;

fn method(text: &str) -> Option<Method> {
    [Method::Get, Method::Post, Method::Put, Method::Patch].into_iter().find(|method| method.as_str() == text)
}

/// Goes through the writes of one recording. An answer that does not show all is followed by the next read of the object.
fn writes(exchanges: &[Json], seen: &mut usize, alarms: &mut BTreeSet<String>, doubts: &mut BTreeSet<String>) {
    for (index, exchange) in exchanges.iter().enumerate() {
        let text = |field: &str| exchange[field].as_str().unwrap_or_default();
        let Some(method) = method(text("method")).filter(|method| *method != Method::Get) else { continue };
        let path = text("path").strip_prefix("/api/v2").unwrap_or_default();
        let (request, answer) = (&exchange["request_body"], &exchange["response_body"]);
        let is_ok = matches!(exchange["status"].as_u64(), Some(200 | 201));
        let Ok(found) = routes::find(method, path) else { continue };
        let is_whole = matches!(found.route.op, Op::Create | Op::Update | Op::WriteDocument | Op::CreateDocument);
        let is_managed = catalogue().kinds().any(|kind| kind.name == found.kind().name);
        if !is_managed || !is_ok || !is_whole || !request.is_object() {
            continue;
        }
        let kind = found.kind_of(answer);
        let key: BTreeMap<String, String> = found
            .params
            .iter()
            .filter(|(name, _)| kind.identity.contains(name))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let body = |json: &Json| object(kind, None, key.clone(), json.clone()).body;
        let address = Address::root(&kind.name);
        *seen += 1;
        // The recordings' own mask is no value of a tenant's.
        let is_masked = |delta: &Delta| delta.note.is_some() && answer.to_string().contains("[REDACTED]");
        let missing = |shown: &Json| {
            let mut deltas = missing_of(kind, &address, &body(request), &body(shown), &[]);
            deltas.retain(|delta| !is_masked(delta));
            deltas
        };
        let in_answer = missing(answer);
        if in_answer.is_empty() {
            continue;
        }
        let id = kind.id.as_ref().and_then(|field| answer[field].as_str());
        let own = match (found.route.op == Op::Create, id) {
            (true, Some(id)) => format!("{}/{id}", text("path")),
            _ => text("path").to_owned(),
        };
        // What somebody did to it afterwards (a secret that is made anew, say) is no answer to this.
        let untouched =
            |next: &&Json| next["method"] == "GET" || !next["path"].as_str().unwrap_or_default().starts_with(&own);
        let mut later = exchanges[index + 1..].iter().take_while(untouched);
        let read = later.find(|next| next["method"] == "GET" && next["path"] == own.as_str() && next["status"] == 200);
        let say = |shown: &Json| {
            let deltas = missing(shown);
            deltas
                .into_iter()
                .map(|delta| {
                    let show = |value: Option<tenantry::model::value::Value>| {
                        value.map_or("nothing".to_owned(), |value| {
                            value.to_shown().to_string().chars().take(60).collect()
                        })
                    };
                    format!("{}:{}: asked {}, has {}", kind.name, delta.path, show(delta.after), show(delta.before))
                })
                .collect::<Vec<_>>()
        };
        match read {
            Some(read) => alarms.extend(say(&read["response_body"])),
            None => doubts.extend(say(answer)),
        }
    }
}

#[test]
fn what_real_tenants_took_is_not_called_not_taken() {
    let Some(shared) = std::env::var_os("TENANTRY_SHARED") else {
        eprintln!("skipped: TENANTRY_SHARED is not set");
        return;
    };
    let (mut seen, mut alarms, mut doubts) = (0, BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(Path::new(&shared).join("recordings")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            let Ok(Json::Array(exchanges)) = serde_json::from_str(&text) else { continue };
            writes(&exchanges, &mut seen, &mut alarms, &mut doubts);
        }
    }
    // The provider's own addresses come back where a file would unset them; the tenant keeps them, and that is true.
    alarms.retain(|alarm| {
        !(alarm.starts_with("connections:options.") && alarm.contains("asked null, has \"https://api.paypal.com/"))
    });
    assert!(seen > 500, "{seen} writes");
    assert!(alarms.is_empty() && doubts.is_empty(), "{seen} writes\n{alarms:#?}\nwithout a read: {doubts:#?}");
}

#[test]
fn a_secret_that_a_server_tells_in_the_open_is_shown_by_its_name() {
    let mut core = Core::new();
    let long = "hush-".repeat(60);
    let connection = format!(
        "connections: [{{ name: op, strategy: okta, display_name: Shown, \
         options: {{ client_id: a, domain: a.okta.com, client_secret: {long} }} }}]\n"
    );
    core.api.tells = Some(("display_name", format!("{long} and {long}")));
    let plan = core.plan(&connection);
    let (outcome, _) = core.try_perform(&plan);
    let failure = &outcome.failures[0];
    assert!(failure.message.starts_with("the server kept `display_name`: asked \"Shown\""), "{}", failure.message);
    assert!(failure.message.contains("(secret "), "{}", failure.message);
    assert!(!format!("{failure:?}").contains("hush-hush"), "{failure:?}");
}
