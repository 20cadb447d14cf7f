//! What the client sends: literal requests that plan and apply write to a sandbox.

use crate::conformance::fits;
use crate::support::core::Core;

#[track_caller]
fn sent(writes: &[String], expected: &[&str]) {
    let fit = writes.len() == expected.len() && expected.iter().zip(writes).all(|(want, have)| fits(want, have));
    assert!(fit, "expected {expected:#?}, sent {writes:#?}");
}

/// Applies one text after the other; returns the writes of the last, after which the plan is empty.
#[track_caller]
fn last(texts: &[&str]) -> Vec<String> {
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
        r#"PATCH /client-grants/* {"allow_all_scopes":false,"scope":["r"]}"#,
    ];
    sent(&writes, &expected);
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
}

pub fn members_of_others_stay() {
    let clients = "clients: [{ name: A }, { name: B }]\ndatabases: [{ name: users, strategy: auth0, enabled_clients: ";
    let writes = last(&[&format!("{clients}[A] }}]"), &format!("{clients}[B] }}]")]);
    sent(&writes, &[r#"PATCH /connections/*/clients [{"client_id":"*","status":true}]"#]);
}
