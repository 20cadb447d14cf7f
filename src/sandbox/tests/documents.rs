//! Singletons, optional ones, keyed ones, and the secrets in them.

use serde_json::{Value as Json, json};

use super::{caller, refused};
use crate::api::request::Method;

#[test]
fn what_may_be_absent_is_made_first() {
    let mut tenant = caller();
    refused(&tenant.get("/emails/provider"), 404, Some("inexistent_email_provider"));
    refused(&tenant.patch("/emails/provider", json!({"enabled": false})), 404, Some("inexistent_email_provider"));
    let smtp = json!({"name": "smtp", "credentials": {"smtp_host": "h", "smtp_port": 25, "smtp_user": "u", "smtp_pass": "hush"}, "settings": {"headers": {}}});
    let made = tenant.post("/emails/provider", smtp);
    assert_eq!(
        (made.status, &made.body["credentials"]),
        (201, &json!({"smtp_host": "h", "smtp_port": 25, "smtp_user": "u"}))
    );
    assert_eq!(tenant.get("/emails/provider").body, json!({"name": "smtp", "enabled": true}));
    assert!(tenant.get("/emails/provider?fields=name,credentials").body.get("credentials").is_some());
    let other = tenant.patch("/emails/provider", json!({"name": "mandrill", "credentials": {"api_key": "hush"}}));
    assert_eq!((&other.body["credentials"], other.body.get("settings")), (&json!({}), None));
    assert_eq!(tenant.delete("/emails/provider").status, 204);

    let template = json!({"template": "welcome_email", "body": "b", "from": "f", "subject": "s", "syntax": "liquid", "enabled": true});
    refused(&tenant.get("/email-templates/welcome_email"), 404, Some("inexistent_email_template"));
    refused(
        &tenant.patch("/email-templates/welcome_email", json!({"enabled": false})),
        404,
        Some("inexistent_email_template"),
    );
    assert_eq!(tenant.post("/email-templates", template.clone()).status, 201);
    refused(&tenant.post("/email-templates", template), 409, None);
    assert_eq!(tenant.patch("/email-templates/welcome_email", json!({"enabled": false})).body["body"], "b");
    assert_eq!(tenant.delete("/email-templates/welcome_email").status, 404, "there is no way to delete one");

    let page = Json::String("<html></html>".to_owned());
    refused(&tenant.put("/branding/templates/universal-login", page.clone()), 403, Some("operation_not_supported"));
    tenant.post("/custom-domains", json!({"domain": "login.acme.example", "type": "auth0_managed_certs"}));
    refused(&tenant.get("/branding/templates/universal-login"), 404, Some("inexistent_templates_universal_login"));
    assert_eq!(tenant.put("/branding/templates/universal-login", page.clone()).status, 201);
    assert_eq!(tenant.put("/branding/templates/universal-login", page).status, 204);
    assert_eq!(tenant.get("/branding/templates/universal-login").body, json!({"body": "<html></html>"}));
    refused(&tenant.get("/branding/themes/default"), 404, Some("theme_not_found"));
}

#[test]
fn documents_are_merged_replaced_or_echoed() {
    let mut tenant = caller();
    let path = "/tenants/settings";
    let new = tenant.patch(path, json!({"flags": {"enable_sso": false}, "change_password": {"enabled": true, "html": "x"}, "session_lifetime_in_minutes": 60}));
    assert_eq!((&new.body["session_lifetime"], new.body.get("sandbox_versions_available")), (&json!(1), None));
    tenant.patch(path, json!({"change_password": {"enabled": false}}));
    let settings = tenant.get(path).body;
    assert_eq!(settings["change_password"], json!({"enabled": false, "html": "x"}));
    assert_eq!(
        (&settings["flags"]["enable_sso"], &settings["flags"]["universal_login"]),
        (&json!(false), &json!(true))
    );
    let text = "/prompts/login/custom-text/en";
    assert_eq!(tenant.get(text).body, json!({}));
    tenant.put(text, json!({"login": {"title": "A", "description": "B"}}));
    assert_eq!(tenant.put(text, json!({"login": {"title": "C"}})).body, json!({"login": {"title": "C"}}));
    let screen = "/prompts/login-id/screen/login-id/rendering";
    assert_eq!(tenant.patch(screen, json!({"rendering_mode": "advanced"})).body, json!({"rendering_mode": "advanced"}));
    let shown = tenant.get(screen).body;
    assert_eq!(
        (&shown["prompt"], &shown["filters"], &shown["head_tags"]),
        (&json!("login-id"), &Json::Null, &json!([]))
    );
    assert_eq!(tenant.get("/prompts/rendering?include_totals=true").body["total"], 1);
    assert_eq!(tenant.put("/guardian/factors/otp", json!({"enabled": true})).body, json!({"enabled": true}));
    assert_eq!(
        tenant.get("/guardian/factors").body[2],
        json!({"name": "otp", "enabled": true, "trial_expired": false})
    );
    assert_eq!(tenant.put("/guardian/policies", json!(["all-applications"])).body, json!(["all-applications"]));
    assert_eq!(tenant.put("/rules-configs/KEY", json!({"value": "v"})).body, json!({"key": "KEY", "value": "v"}));
    assert_eq!(tenant.get("/rules-configs").body, json!([{"key": "KEY"}]));
    let captcha =
        tenant.patch("/attack-protection/captcha", json!({"recaptcha_v2": {"site_key": "k", "secret": "hush"}}));
    assert_eq!(captcha.body["recaptcha_v2"], json!({"site_key": "k"}));
}

#[test]
fn secrets_of_hooks_and_streams_are_masked() {
    let mut tenant = caller();
    let hook = tenant.made("/hooks", "id", json!({"name": "h", "script": "s", "triggerId": "credentials-exchange"}));
    let path = format!("/hooks/{hook}/secrets");
    let made = tenant.post(&path, json!({"KEY": "hush", "OTHER": "x"}));
    assert_eq!((made.status, made.body), (201, json!({})));
    assert_eq!(tenant.patch(&path, json!({"KEY": "new"})).status, 201);
    assert_eq!(tenant.call(Method::Delete, &path, Some(json!(["OTHER"]))).status, 204);
    assert_eq!(tenant.get(&path).body, json!({"KEY": "_VALUE_NOT_SHOWN_"}));
    let stream = json!({"name": "d", "type": "datadog", "sink": {"datadogApiKey": "k", "datadogRegion": "eu"}});
    refused(
        &tenant.post("/log-streams", json!({"name": "d", "type": "datadog", "sink": {}, "status": "paused"})),
        400,
        Some("invalid_body"),
    );
    let made = tenant.post("/log-streams", stream);
    assert_eq!((made.status, &made.body["status"], &made.body["isPriority"]), (200, &json!("active"), &json!(false)));
    assert_eq!(made.body["id"], "lst_0000000000000001");
}
