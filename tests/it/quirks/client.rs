//! What the client sends: literal requests that plan and apply write to a sandbox.

use tenantry::model::change::Action;
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::sandbox::faults::Faults;

use crate::conformance::fits;
use crate::support::core::Core;

#[track_caller]
pub fn sent(writes: &[String], expected: &[&str]) {
    let fit = writes.len() == expected.len() && expected.iter().zip(writes).all(|(want, have)| fits(want, have));
    assert!(fit, "expected {expected:#?}, sent {writes:#?}");
}

/// Applies one text after the other; returns the writes of the last, after which the plan is empty.
#[track_caller]
pub fn last(texts: &[&str]) -> Vec<String> {
    let mut core = Core::new();
    let writes = texts.iter().map(|text| core.apply(text)).last().unwrap_or_default();
    assert!(texts.last().is_some_and(|text| core.plan(text).is_empty()), "the plan is not empty");
    writes
}

pub fn a_status_is_sent_after_the_create() {
    let writes =
        last(&["logStreams: [{ name: S, type: http, status: paused, sink: { httpEndpoint: https://l.example } }]"]);
    let expected = [
        r#"POST /log-streams {"name":"S","type":"http","sink":{"httpEndpoint":"https://l.example"}}"#,
        r#"PATCH /log-streams/* {"status":"paused"}"#,
    ];
    sent(&writes, &expected);
}

pub fn all_scopes_go_off_in_two_steps() {
    let text = |rest: &str| {
        format!(
            "clients: [{{ name: Job, app_type: non_interactive }}]\nresourceServers: [{{ name: O, identifier: https://o.example, scopes: [{{ value: r }}] }}]\nclientGrants: [{{ client_id: Job, audience: https://o.example, {rest} }}]"
        )
    };
    let writes = last(&[&text("allow_all_scopes: true"), &text("allow_all_scopes: false, scope: [r]")]);
    let expected = [
        r#"PATCH /client-grants/* {"allow_all_scopes":false,"scope":[]}"#,
        r#"PATCH /client-grants/* {"scope":["r"]}"#,
    ];
    sent(&writes, &expected);
    // Without scopes to give, one is enough.
    let writes = last(&[&text("allow_all_scopes: true"), &text("allow_all_scopes: false, scope: []")]);
    sent(&writes, &[r#"PATCH /client-grants/* {"allow_all_scopes":false,"scope":[]}"#]);
}

pub fn a_system_api_is_changed_by_its_id() {
    let text =
        "resourceServers: [{ name: Auth0 Management API, identifier: https://sandbox/api/v2/, token_lifetime: 600 }]";
    sent(&last(&[text]), &[r#"PATCH /resource-servers/* {"token_lifetime":600}"#]);
}

pub fn texts_of_others_are_sent_along() {
    let text = |texts: &str| format!("prompts: {{ customText: {{ en: {{ login: {{ login: {{ {texts} }} }} }} }} }}");
    let writes = last(&[&text("title: A, description: B"), &text("title: C, description: B")]);
    sent(&writes, &[r#"PUT /prompts/login/custom-text/en {"login":{"title":"C","description":"B"}}"#]);
}

const SMTP: &str = "emailProvider: { name: smtp, enabled: true, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 587, smtp_user: u, smtp_pass: p } }";

pub fn credentials_are_asked_for() {
    let core = Core::new();
    drop(core.plan(SMTP));
    let reads = core.api.reads.lock().unwrap();
    let read = reads.iter().find(|read| read.starts_with("GET /emails/provider")).unwrap();
    assert!(read.contains("fields=") && read.contains("credentials") && read.contains("settings"), "{read}");
}

pub fn another_provider_brings_all_its_own() {
    let next = "emailProvider: { name: sendgrid, enabled: true, default_from_address: a@b.example, credentials: { api_key: k } }";
    let writes = last(&[SMTP, next]);
    sent(&writes, &[r#"PATCH /emails/provider {...,"name":"sendgrid","credentials":{"api_key":"k"}}"#]);
}

pub fn options_are_sent_whole() {
    let text = |scope: &str| {
        format!(
            "connections: [{{ name: c, strategy: oidc, options: {{ client_id: x, issuer: https://i.example, authorization_endpoint: https://i.example/a, scope: {scope} }} }}]"
        )
    };
    let writes = last(&[&text("openid"), &text("openid email")]);
    let expected = r#"PATCH /connections/* {"options":{...,"client_id":"x","issuer":"https://i.example","scope":"openid email","connection_settings":{"pkce":"auto"}}}"#;
    sent(&writes, &[expected]);
    let text = |off: bool| format!("databases: [{{ name: d, strategy: auth0, options: {{ disable_signup: {off} }} }}]");
    let expected = r#"PATCH /connections/* {"options":{...,"disable_signup":false,"password_options":{"history":{"size":3}},"mfa":{"active":true,"return_enroll_settings":true},"authentication_methods":{"passkey":{"enabled":false}}}}"#;
    sent(&last(&[&text(true), &text(false)]), &[expected]);
    // Reads show an old policy and the options that took its place; a write holds the one that the files name.
    let text = |policy: &str| format!("databases: [{{ name: d, strategy: auth0, options: {{ {policy} }} }}]");
    let old = text("passwordPolicy: good");
    let writes = last(&[&old, &text("passwordPolicy: fair")]);
    assert!(writes[0].contains(r#""passwordPolicy":"fair""#) && !writes[0].contains("password_options"), "{writes:?}");
    for newer in ["password_options: { history: { active: true } }", "disable_signup: true"] {
        let writes = last(&[&old, &text(newer)]);
        assert!(writes[0].contains("password_options") && !writes[0].contains("passwordPolicy"), "{writes:?}");
    }
}

pub fn members_of_others_stay() {
    let clients = "clients: [{ name: A }, { name: B }]\ndatabases: [{ name: users, strategy: auth0, enabled_clients: ";
    let writes = last(&[&format!("{clients}[A] }}]"), &format!("{clients}[B] }}]")]);
    sent(&writes, &[r#"PATCH /connections/*/clients [{"client_id":"*","status":true}]"#]);
}

pub fn another_cloud_takes_another_stream() {
    let text = |region: &str, more: &str| {
        format!(
            "logStreams: [{{ name: E, type: eventbridge, sink: {{ awsAccountId: '123456789012', awsRegion: {region} }}{more} }}]"
        )
    };
    let writes = last(&[&text("eu-west-1", ""), &text("eu-west-2", "")]);
    let expected = [
        "DELETE /log-streams/*",
        r#"POST /log-streams {"name":"E","type":"eventbridge","sink":{"awsAccountId":"123456789012","awsRegion":"eu-west-2"}}"#,
    ];
    sent(&writes, &expected);
    let writes = last(&[&text("eu-west-1", ""), &text("eu-west-1", ", isPriority: true")]);
    sent(&writes, &[r#"PATCH /log-streams/* {"isPriority":true}"#]);
}

pub fn the_global_client_is_asked_for() {
    let mut core = Core::new();
    let writes = core.apply("pages: [{ name: login, enabled: true, html: <p>hi</p> }]");
    let reads = core.api.reads.lock().unwrap().clone();
    assert!(reads.iter().any(|read| read.starts_with("GET /clients?is_global=true")), "{reads:?}");
    sent(&writes, &[r#"PATCH /clients/* {"custom_login_page_on":true,"custom_login_page":"<p>hi</p>"}"#]);
}

/// A connection of another strategy under the same name.
const REPLACED: [&str; 2] = [
    "connections: [{ name: c, strategy: oidc, options: { client_id: x, issuer: https://i.example, authorization_endpoint: https://i.example/a } }]",
    "connections: [{ name: c, strategy: okta, options: { client_id: x, domain: x.okta.com } }]",
];

pub fn a_deletion_is_waited_for() {
    let mut core = Core::new();
    core.apply(REPLACED[0]);
    let plan = core.plan(REPLACED[1]);
    assert_eq!(plan.changes[0].action, Action::Replace);
    core.api.reads.lock().unwrap().clear();
    let slow = r#"[{"at": {"method": "DELETE"}, "what": {"slow_delete": {"reads": 3}}}]"#;
    core.api.inner.set_faults(Faults::from_json(slow).unwrap());
    let writes = core.perform(&plan);
    let created =
        r#"POST /connections {"name":"c","strategy":"okta","options":{"client_id":"x","domain":"x.okta.com"}}"#;
    sent(&writes, &["DELETE /connections/*", created]);
    let reads = core.api.reads.lock().unwrap().clone();
    // Three reads found it, the fourth did not.
    assert!(reads.len() == 4 && reads.iter().all(|read| read.starts_with("GET /connections/con_")), "{reads:?}");
    assert!(core.plan(REPLACED[1]).is_empty());
}

pub fn the_grant_of_that_api_is_meant() {
    let text = "clients: [{ name: Job, app_type: non_interactive, organization_usage: allow }]\nresourceServers: [{ name: O, identifier: https://o.example }, { name: P, identifier: https://p.example }]\nclientGrants: [{ client_id: Job, audience: https://o.example, scope: [], organization_usage: allow }, { client_id: Job, audience: https://p.example, scope: [], organization_usage: allow }]";
    let mut core = Core::new();
    core.apply(text);
    let text = format!(
        "{text}\norganizations: [{{ name: acme, client_grants: [{{ client_id: Job, audience: https://p.example }}] }}]"
    );
    let writes = core.apply(&text);
    sent(
        &writes,
        &[r#"POST /organizations {"name":"acme"}"#, r#"POST /organizations/*/client-grants {"grant_id":"*"}"#],
    );
    let grants = core.api.inner.snapshot().send(&super::server::request("/client-grants")).body;
    let of_p = grants.as_array().unwrap().iter().find(|grant| grant["audience"] == "https://p.example").unwrap();
    assert!(writes[1].contains(of_p["id"].as_str().unwrap()), "{writes:?} {of_p}");
}

pub fn a_grant_for_all_names_no_client() {
    let api = "resourceServers: [{ name: O, identifier: https://o.example, scopes: [{ value: r }] }]";
    let text = format!(
        "{api}\nclientGrants: [{{ default_for: third_party_clients, audience: https://o.example, scope: [r] }}]"
    );
    let expected =
        r#"POST /client-grants {"default_for":"third_party_clients","audience":"https://o.example","scope":["r"]}"#;
    sent(&last(&[api, &text]), &[expected]);
}

pub fn rules_change_places_through_a_free_number() {
    let text =
        |a: u8, b: u8| format!("rules: [{{ name: a, script: x, order: {a} }}, {{ name: b, script: x, order: {b} }}]");
    let expected = [r#"PATCH /rules/* {"order":3}"#, r#"PATCH /rules/* {"order":2}"#, r#"PATCH /rules/* {"order":1}"#];
    sent(&last(&[&text(1, 2), &text(2, 1)]), &expected);
}

pub fn a_module_is_sent_by_its_ids() {
    let module = "actionModules: [{ name: shared, code: a, all_changes_published: true }]";
    let action = "actions: [{ name: G, code: x, modules: [{ module_name: shared, module_version_number: 1 }], supported_triggers: [{ id: post-login, version: v3 }] }]";
    let expected = r#"POST /actions/actions {"name":"G","code":"x","modules":[{"module_id":"*","module_version_id":"*"}],"supported_triggers":[{"id":"post-login","version":"v3"}]}"#;
    sent(&last(&[module, &format!("{module}\n{action}")]), &[expected]);
}

pub fn a_second_theme_is_a_mistake() {
    let core = Core::new();
    let documents = core.documents("themes: [{ displayName: One }, { displayName: Two }]");
    let (_, findings) = resolve(&documents, &Scope::default(), false);
    assert!(findings.0.iter().any(|found| found.code == "too-many"), "{findings:?}");
}

pub fn one_logout_is_written_and_the_other_follows() {
    let text = |field: &str, url: &str| {
        format!("clients: [{{ name: A, {field}: {{ backchannel_logout_urls: ['https://{url}.example'] }} }}]")
    };
    let writes = last(&[&text("oidc_logout", "a"), &text("oidc_logout", "b")]);
    sent(&writes, &[r#"PATCH /clients/* {"oidc_logout":{"backchannel_logout_urls":["https://b.example"]}}"#]);
    // Under either name it is the same setting: nothing is left to change.
    sent(&last(&[&text("oidc_logout", "a"), &text("oidc_backchannel_logout", "a")]), &[]);
    let writes = last(&[&text("oidc_logout", "a"), "clients: [{ name: A, oidc_logout: null }]"]);
    sent(&writes, &[r#"PATCH /clients/* {"oidc_logout":null}"#]);
}
