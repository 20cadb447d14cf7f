//! Behaviours of the API without a variant of their own, since keys of kind files say them: both sides of each.

use serde_json::{Value as Json, json};
use tenantry::api::request::Method::{Delete, Get, Patch, Post, Put};
use tenantry::pipeline::scopes;
use tenantry::sandbox::api::SandboxApi;
use tenantry::sandbox::faults::Faults;
use tenantry::sandbox::tenant::Tenant;

use super::Side::{self, Nothing, Test};
use super::client::{last, sent};
use super::server::{answers, get, made, request, tenant};
use super::unreliable;
use crate::support::core::{Core, OWN};

/// A behaviour with what shows its two sides.
pub struct Behaviour {
    pub name: &'static str,
    pub client: Side,
    pub server: Side,
}

pub fn all() -> Vec<Behaviour> {
    let row = |name, client, server| Behaviour { name, client, server };
    vec![
        row("addons", Test(one_addon_goes_by_null), Test(addons_are_merged)),
        row("metadata", Test(one_key_of_metadata_goes_by_null), Test(metadata_is_merged_by_key)),
        row("many-enabled-clients", Test(sixty_clients_are_two_requests), Test(fifty_clients_at_a_time)),
        row("email-template", Test(a_template_is_made_then_changed), Test(a_template_that_is_not_there_is_404)),
        row("email-provider", Test(a_provider_is_made_then_changed), Test(a_provider_that_is_not_there_is_404)),
        row("page-template", Test(a_template_comes_after_its_domain), Test(super::server::a_template_needs_a_domain)),
        row("credentials", Test(a_credential_goes_when_detached), Test(super::server::an_attached_credential_stays)),
        row("entitlement", Test(a_missing_entitlement_stops_its_own), Test(a_plan_may_lack_a_feature)),
        row("malformed-id", Test(a_malformed_id_is_never_sent), Test(malformed_ids_are_400)),
        row("scope", Test(a_missing_scope_is_a_gate), Test(a_missing_scope_is_403)),
        row("shuffled", Test(unreliable::shuffled_sets_are_no_change), Test(unreliable::sets_come_in_another_order)),
        row("stale", Test(unreliable::stale_reads_make_nothing_twice), Test(unreliable::a_read_may_be_of_yesterday)),
        row(
            "partial-answer",
            Test(unreliable::an_answer_may_be_partial),
            Nothing("what an answer lacks, a fault takes away"),
        ),
        row(
            "untrue-answer",
            Test(unreliable::a_success_that_is_none_is_told),
            Test(unreliable::a_server_may_say_what_it_did_not_do),
        ),
        row(
            "empty-answer",
            Test(unreliable::an_answer_may_be_empty),
            Nothing("what an answer lacks, a fault takes away"),
        ),
    ]
}

fn client(fields: &str) -> String {
    format!("clients: [{{ name: A, {fields} }}]")
}

fn one_addon_goes_by_null() {
    let both = client("addons: { wsfed: { audience: w }, samlp: { audience: x } }");
    let text = client("addons: { wsfed: null, samlp: { audience: x } }");
    let writes = last(&[&both, &text]);
    assert!(writes.len() == 1 && writes[0].contains(r#""wsfed":null"#), "{writes:?}");
    // What is not named stays, and is not sent.
    sent(
        &last(&[&both, &client("addons: { samlp: { audience: y } }")]),
        &[r#"PATCH /clients/* {"addons":{"samlp":{"audience":"y"}}}"#],
    );
    sent(&last(&[&both, &client("addons: null")]), &[r#"PATCH /clients/* {"addons":null}"#]);
}

fn addons_are_merged() {
    let t = &mut tenant();
    let addons = json!({"wsfed": {"audience": "w"}, "samlp": {"audience": "x", "recipient": "r"}});
    let path = made(t, "/clients", "client_id", json!({"name": "A", "addons": addons}));
    answers(t, Patch, &path, json!({"addons": {"samlp": {"audience": "y"}}}), 200);
    // An addon that is not named stays; inside one that is, what is left out is dropped (recorded-facts, 3.2).
    assert_eq!(get(t, &path)["addons"], json!({"wsfed": {"audience": "w"}, "samlp": {"audience": "y"}}));
    answers(t, Patch, &path, json!({"addons": null}), 200);
    assert_eq!(get(t, &path).get("addons"), None);
}

fn one_key_of_metadata_goes_by_null() {
    let both = client("client_metadata: { a: '1', b: '2' }");
    let expected = r#"PATCH /clients/* {"client_metadata":{"a":null}}"#;
    sent(&last(&[&both, &client("client_metadata: { a: null }")]), &[expected]);
}

fn metadata_is_merged_by_key() {
    let t = &mut tenant();
    let path = made(t, "/clients", "client_id", json!({"name": "A", "client_metadata": {"a": "1", "b": "2"}}));
    answers(t, Patch, &path, json!({"client_metadata": {"c": "3"}}), 200);
    answers(t, Patch, &path, json!({"client_metadata": {"a": null}}), 200);
    assert_eq!(get(t, &path)["client_metadata"], json!({"b": "2", "c": "3"}));
    // An organization's is replaced.
    let path = made(t, "/organizations", "id", json!({"name": "acme", "metadata": {"a": "1"}}));
    answers(t, Patch, &path, json!({"metadata": {"b": "2"}}), 200);
    assert_eq!(get(t, &path)["metadata"], json!({"b": "2"}));
}

fn sixty_clients_are_two_requests() {
    let clients: String = (0..60).map(|n| format!("{{ name: C{n} }}, ")).collect();
    let text = |names: &str| {
        format!("clients: [{clients}]\ndatabases: [{{ name: users, strategy: auth0, enabled_clients: [{names}] }}]")
    };
    let names: String = (0..60).map(|n| format!("C{n}, ")).collect();
    let mut core = Core::new();
    core.apply(&text(""));
    let writes = core.apply(&text(&names));
    let rows = |write: &String| write.matches(r#""status":true"#).count();
    assert_eq!(writes.iter().map(rows).collect::<Vec<_>>(), [50, 10]);
    assert!(writes.iter().all(|write| write.starts_with("PATCH /connections/con_")), "{writes:?}");
    core.api.reads.lock().unwrap().clear();
    assert!(core.plan(&text(&names)).is_empty());
    let reads = core.api.reads.lock().unwrap().clone();
    assert!(reads.iter().any(|read| read.contains("/clients?take=")), "{reads:?}");
}

fn fifty_clients_at_a_time() {
    let t = &mut tenant();
    let path = made(t, "/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let mut rows: Vec<Json> = Vec::new();
    for n in 0..51 {
        let client = made(t, "/clients", "client_id", json!({"name": format!("C{n}")}));
        rows.push(json!({"client_id": client.rsplit('/').next(), "status": true}));
    }
    let path = format!("{path}/clients");
    answers(t, Patch, &path, json!(rows), 400);
    answers(t, Patch, &path, json!(rows[..50]), 204);
    answers(t, Patch, &path, json!(rows[50..]), 204);
    let page = get(t, &format!("{path}?take=50"));
    assert_eq!(page["clients"].as_array().unwrap().len(), 50);
    let page = get(t, &format!("{path}?take=50&from={}", page["next"].as_str().unwrap()));
    assert_eq!((page["clients"].as_array().unwrap().len(), page.get("next")), (1, None));
}

fn a_template_is_made_then_changed() {
    let text = |body: &str| {
        format!(
            "emailTemplates: [{{ template: verify_email, body: {body}, from: a@b.example, subject: Hi, syntax: liquid, enabled: true }}]"
        )
    };
    let mut core = Core::new();
    let made = r#"POST /email-templates {"template":"verify_email","body":"a","from":"a@b.example","subject":"Hi","syntax":"liquid","enabled":true}"#;
    sent(&core.apply(&text("a")), &[made]);
    sent(&core.apply(&text("b")), &[r#"PATCH /email-templates/verify_email {"body":"b"}"#]);
}

fn a_template_that_is_not_there_is_404() {
    let t = &mut tenant();
    let path = "/email-templates/verify_email";
    let body = json!({"template": "verify_email", "body": "a", "from": "a@b.example", "subject": "Hi", "syntax": "liquid", "enabled": true});
    answers(t, Patch, path, json!({"body": "b"}), 404);
    answers(t, Get, path, Json::Null, 404);
    answers(t, Post, "/email-templates", body.clone(), 201);
    answers(t, Put, path, body, 200);
    answers(t, Patch, path, json!({"body": "b"}), 200);
    assert_eq!(get(t, path)["body"], "b");
}

fn a_provider_is_made_then_changed() {
    let text = |enabled: bool| {
        format!(
            "emailProvider: {{ name: sendgrid, enabled: {enabled}, default_from_address: a@b.example, credentials: {{ api_key: k }} }}"
        )
    };
    let mut core = Core::new();
    let made = r#"POST /emails/provider {"name":"sendgrid","enabled":true,"default_from_address":"a@b.example","credentials":{"api_key":"k"}}"#;
    sent(&core.apply(&text(true)), &[made]);
    sent(&core.apply(&text(false)), &[r#"PATCH /emails/provider {"enabled":false}"#]);
}

fn a_provider_that_is_not_there_is_404() {
    let t = &mut tenant();
    let body = answers(t, Get, "/emails/provider", Json::Null, 404);
    assert_eq!(body["errorCode"], "inexistent_email_provider");
    answers(t, Patch, "/emails/provider", json!({"enabled": false}), 404);
}

pub fn a_template_comes_after_its_domain() {
    let template = "branding: { templates: [{ template: universal_login, body: '<html>{%- auth0:head -%}{%- auth0:widget -%}</html>' }] }";
    let text = format!("{template}\ncustomDomains: [{{ domain: login.a.example, type: auth0_managed_certs }}]");
    let expected = [
        r#"POST /custom-domains {"domain":"login.a.example","type":"auth0_managed_certs"}"#,
        r#"PUT /branding/templates/universal-login "<html>{%- auth0:head -%}{%- auth0:widget -%}</html>""#,
    ];
    sent(&last(&[&text]), &expected);
    let mut core = Core::new();
    let plan = core.plan(template);
    let (outcome, _) = core.try_perform(&plan);
    let failure = &outcome.failures[0];
    assert_eq!(failure.status, Some(403));
    assert!(failure.help.as_ref().unwrap().contains("custom domain"), "{failure:?}");
}

fn a_credential_goes_when_detached() {
    let text = |name: &str| {
        format!(
            "clients: [{{ name: Job, app_type: non_interactive, client_authentication_methods: {{ private_key_jwt: {{ credentials: [{{ name: {name}, pem: PEM-{name} }}] }} }} }}]"
        )
    };
    let mut core = Core::new();
    core.apply(&text("k1"));
    core.policy.manage_kinds.insert("clients/credentials".to_owned(), tenantry::model::desired::Manage::Exact);
    let expected = [
        r#"POST /clients/*/credentials {"name":"k2","pem":"PEM-k2","credential_type":"public_key"}"#,
        r#"PATCH /clients/* {"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"*"}]}},"token_endpoint_auth_method":null}"#,
        "DELETE /clients/*/credentials/*",
    ];
    sent(&core.apply(&text("k2")), &expected);
}

/// A tenant whose plan has no bot detection, for requests of this method.
fn lacking(core: &Core, method: &str) {
    let script = format!(
        r#"[{{"at": {{"path": "/attack-protection/captcha", "method": "{method}"}}, "times": 1000, "what": {{"not_entitled": {{"feature": "bot detection"}}}}}}]"#
    );
    core.api.inner.set_faults(Faults::from_json(&script).unwrap());
}

fn a_missing_entitlement_stops_its_own() {
    let text = "attackProtection: { captcha: { active_provider_id: arkose }, bruteForceProtection: { max_attempts: 5 } }\nroles: [{ name: R }]";
    // Declared and not readable: nothing true can be planned, and the gate names what to exclude.
    let core = Core::new();
    lacking(&core, "GET");
    let (plan, _) = core.try_plan(&core.desired(text));
    let [gate] = plan.gates.as_slice() else { panic!("{:#?}", plan.gates) };
    assert_eq!((gate.name, gate.addresses[0].as_str()), ("unreadable", "attackProtection/captcha"));
    assert!(gate.reason.contains("403 insufficient_entitlement"), "{}", gate.reason);
    // Not declared: no word of it.
    assert!(core.try_plan(&core.desired("roles: [{ name: R }]")).0.gates.is_empty());
    // Readable and not writable: that one fails with help, and the rest is done.
    let mut core = Core::new();
    lacking(&core, "PATCH");
    let plan = core.plan(text);
    let (outcome, _) = core.try_perform(&plan);
    let [failure] = outcome.failures.as_slice() else { panic!("{:#?}", outcome.failures) };
    assert_eq!(failure.error_code.as_deref(), Some("insufficient_entitlement"));
    assert!(failure.help.as_ref().unwrap().contains("--exclude"), "{failure:?}");
    assert_eq!((outcome.summary.created, outcome.summary.updated, outcome.summary.failed), (1, 1, 1));
    // What hangs on it is skipped.
    let text = "branding: { templates: [{ template: universal_login, body: '<html>{%- auth0:head -%}{%- auth0:widget -%}</html>' }] }\ncustomDomains: [{ domain: login.a.example, type: auth0_managed_certs }]\nroles: [{ name: R }]";
    let mut core = Core::new();
    let script = r#"[{"at": {"path": "/custom-domains", "method": "POST"}, "what": {"not_entitled": {"feature": "custom domains"}}}]"#;
    core.api.inner.set_faults(Faults::from_json(script).unwrap());
    let plan = core.plan(text);
    let (outcome, writes) = core.try_perform(&plan);
    assert_eq!((outcome.summary.created, outcome.summary.failed, outcome.summary.skipped), (1, 1, 1));
    assert!(!writes.iter().any(|write| write.starts_with("PUT")), "{writes:?}");
}

fn a_plan_may_lack_a_feature() {
    let core = Core::new();
    lacking(&core, "PATCH");
    let body = json!({"active_provider_id": "arkose"});
    let refused = {
        use tenantry::api::port::WriteApi as _;
        let patch = tenantry::api::request::Request::new(Patch, "/attack-protection/captcha".to_owned(), Some(body));
        crate::support::core::wait(core.api.inner.send(&patch)).unwrap_err()
    };
    assert_eq!(refused.status(), Some(403));
    assert!(refused.to_string().contains("upgrade your subscription to use bot detection"), "{refused}");
}

fn a_malformed_id_is_never_sent() {
    let core = Core::new();
    let mut desired = core.desired("eventStreams: [{ name: E, destination: { type: webhook, configuration: { webhook_endpoint: https://e.example } } }]");
    let address = desired.resources[0].address.to_string();
    desired.settings.bind.insert(address, "est_invalid_id".to_owned());
    let (_, findings) = core.try_plan(&desired);
    assert!(findings.0.iter().any(|found| found.code == "unknown-id"), "{findings:?}");
    assert!(!core.api.reads.lock().unwrap().iter().any(|read| read.contains("est_invalid_id")));
}

fn malformed_ids_are_400() {
    let t = &mut tenant();
    let body = answers(t, Get, "/network-acls/acl_invalid_id", Json::Null, 400);
    assert_eq!(body["errorCode"], "invalid_uri");
    answers(t, Delete, "/network-acls/acl_invalid_id", Json::Null, 400);
    let body = answers(t, Get, "/event-streams/est_invalid_id_1234567890", Json::Null, 400);
    assert!(body["message"].as_str().unwrap().starts_with("Path validation error: "), "{body}");
    answers(t, Get, "/clients/nobody", Json::Null, 404);
}

fn a_missing_scope_is_a_gate() {
    let desired = Core::new().desired("roles: [{ name: R }]");
    let needed = scopes::for_apply(&desired);
    let granted = ["read:roles".to_owned(), "update:roles".to_owned()].into();
    let gates = needed.lacking(&granted).gates();
    let [gate] = gates.as_slice() else { panic!("{gates:#?}") };
    assert_eq!((gate.name, gate.switch.is_none()), ("missing-scopes", true));
    assert!(gate.reason.contains("`create:roles`") && gate.addresses[0].as_str() == "roles/R", "{gate:?}");
}

fn a_missing_scope_is_403() {
    let api = SandboxApi::new(Tenant::new("sandbox", OWN)).granting(["read:roles".to_owned()]);
    let create = tenantry::api::request::Request::new(Post, "/roles".to_owned(), Some(json!({"name": "R"})));
    let refused = {
        use tenantry::api::port::WriteApi as _;
        crate::support::core::wait(api.send(&create)).unwrap_err()
    };
    assert_eq!(refused.status(), Some(403));
    assert!(refused.to_string().contains("Insufficient scope, expected any of: create:roles"), "{refused}");
    assert_eq!(api.behind_the_back(&request("/roles")).body, json!([]));
}
