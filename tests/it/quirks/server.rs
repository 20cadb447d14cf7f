//! How the sandbox answers raw requests: who does not know a quirk is refused, or loses what the API would lose.

use serde_json::{Value as Json, json};
use tenantry::api::request::{Method, Request};
use tenantry::api::response::Response;
use tenantry::sandbox::faults::Faults;
use tenantry::sandbox::faulty::{Delivery, FaultyTenant};
use tenantry::sandbox::tenant::Tenant;

pub fn tenant() -> Tenant {
    Tenant::new("acme.eu.auth0.com", "own")
}

pub fn call(tenant: &mut Tenant, method: Method, path: &str, body: Json) -> Response {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::new(method, path.to_owned(), (!body.is_null()).then_some(body));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    request.query = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    tenant.send(&request)
}

pub fn get(tenant: &mut Tenant, path: &str) -> Json {
    call(tenant, Method::Get, path, Json::Null).body
}

/// A read, for those who send it themselves.
pub fn request(path: &str) -> Request {
    Request::new(Method::Get, path.to_owned(), None)
}

#[track_caller]
pub fn made(tenant: &mut Tenant, path: &str, id: &str, body: Json) -> String {
    let response = call(tenant, Method::Post, path, body);
    assert!(response.status < 300, "{}", response.body);
    format!("{path}/{}", response.body[id].as_str().unwrap())
}

#[track_caller]
pub fn answers(tenant: &mut Tenant, method: Method, path: &str, body: Json, status: u16) -> Json {
    let response = call(tenant, method, path, body);
    assert_eq!(response.status, status, "{path}: {}", response.body);
    response.body
}

pub fn hours_are_read_and_minutes_written() {
    let t = &mut tenant();
    answers(t, Method::Patch, "/tenants/settings", json!({"session_lifetime_in_minutes": 90}), 200);
    assert_eq!(get(t, "/tenants/settings")["session_lifetime"], 1.5);
}

fn action(t: &mut Tenant) -> String {
    let body = json!({"name": "A", "code": "x", "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    made(t, "/actions/actions", "id", body)
}

fn bindings(path: &str) -> Json {
    let id = path.rsplit('/').next().unwrap();
    json!({"bindings": [{"ref": {"type": "action_id", "value": id}, "display_name": "A"}]})
}

const BINDINGS: &str = "/actions/triggers/post-login/bindings";

pub fn a_draft_is_neither_deployed_nor_bound() {
    let t = &mut tenant();
    let path = action(t);
    answers(t, Method::Post, &format!("{path}/deploy"), json!({}), 400);
    answers(t, Method::Patch, BINDINGS, bindings(&path), 409);
    assert_eq!(get(t, &path)["status"], "built");
    answers(t, Method::Post, &format!("{path}/deploy"), json!({}), 200);
    answers(t, Method::Patch, BINDINGS, bindings(&path), 200);
    answers(t, Method::Delete, &path, Json::Null, 400);
}

pub fn a_module_that_changed_is_a_draft() {
    let t = &mut tenant();
    let path = made(t, "/actions/modules", "id", json!({"name": "m", "code": "a"}));
    answers(t, Method::Post, &format!("{path}/versions"), json!({}), 200);
    answers(t, Method::Patch, &path, json!({"code": "b"}), 200);
    let module = get(t, &path);
    assert_eq!((&module["all_changes_published"], &module["latest_version"]["code"]), (&json!(false), &json!("a")));
}

pub fn bindings_are_replaced_by_a_list_of_references() {
    let t = &mut tenant();
    let path = action(t);
    get(t, &path);
    answers(t, Method::Post, &format!("{path}/deploy"), json!({}), 200);
    answers(t, Method::Patch, BINDINGS, bindings(&path), 200);
    let read = get(t, BINDINGS)["bindings"][0].clone();
    answers(t, Method::Patch, BINDINGS, json!({"bindings": [read]}), 400);
    answers(t, Method::Patch, BINDINGS, json!({"bindings": []}), 200);
    assert_eq!(get(t, BINDINGS)["bindings"], json!([]));
}

fn stream(kind: &str, sink: Json) -> Json {
    json!({"name": "S", "type": kind, "sink": sink})
}

pub fn a_status_is_refused_on_create() {
    let t = &mut tenant();
    let mut body = stream("http", json!({"httpEndpoint": "https://l.example"}));
    body["status"] = json!("paused");
    answers(t, Method::Post, "/log-streams", body, 400);
}

pub fn the_sink_of_a_cloud_stays() {
    let t = &mut tenant();
    let sink = json!({"awsAccountId": "123456789012", "awsRegion": "eu-west-1"});
    let path = made(t, "/log-streams", "id", stream("eventbridge", sink.clone()));
    answers(t, Method::Patch, &path, json!({"sink": sink}), 400);
}

pub fn the_page_lies_on_the_global_client() {
    let t = &mut tenant();
    let found = get(t, "/clients?is_global=true");
    let path = format!("/clients/{}", found[0]["client_id"].as_str().unwrap());
    let shown = answers(t, Method::Patch, &path, json!({"custom_login_page": "<html>"}), 200);
    assert_eq!(shown["custom_login_page"], "<html>");
    answers(t, Method::Delete, &path, Json::Null, 403);
}

pub fn an_attached_credential_stays() {
    let t = &mut tenant();
    let client = made(t, "/clients", "client_id", json!({"name": "A"}));
    let key = json!({"name": "k", "credential_type": "public_key", "pem": "-----BEGIN PUBLIC KEY-----\n1\n-----END PUBLIC KEY-----"});
    let credential = made(t, &format!("{client}/credentials"), "id", key);
    let id = credential.rsplit('/').next().unwrap();
    let methods = json!({"private_key_jwt": {"credentials": [{"id": id}]}});
    let attach = json!({"client_authentication_methods": methods, "token_endpoint_auth_method": null});
    answers(t, Method::Patch, &client, attach, 200);
    answers(t, Method::Delete, &credential, Json::Null, 400);
    let detach = json!({"client_authentication_methods": null, "token_endpoint_auth_method": "none"});
    answers(t, Method::Patch, &client, detach, 200);
    answers(t, Method::Delete, &credential, Json::Null, 204);
}

pub fn two_ways_to_log_in_are_refused() {
    let t = &mut tenant();
    let client = made(t, "/clients", "client_id", json!({"name": "A"}));
    let both = json!({"token_endpoint_auth_method": "none", "client_authentication_methods": {"private_key_jwt": {"credentials": []}}});
    answers(t, Method::Patch, &client, both, 400);
}

fn grant(t: &mut Tenant) -> String {
    made(t, "/resource-servers", "id", json!({"name": "A", "identifier": "https://a", "scopes": [{"value": "r"}]}));
    let client = made(t, "/clients", "client_id", json!({"name": "A"}));
    let client = client.rsplit('/').next().unwrap().to_owned();
    made(t, "/client-grants", "id", json!({"client_id": client, "audience": "https://a", "scope": ["r"]}))
}

pub fn scopes_beside_all_scopes_are_refused() {
    let t = &mut tenant();
    let path = grant(t);
    answers(t, Method::Patch, &path, json!({"allow_all_scopes": true}), 200);
    answers(t, Method::Patch, &path, json!({"allow_all_scopes": false, "scope": ["r"]}), 400);
    answers(t, Method::Patch, &path, json!({"allow_all_scopes": false, "scope": []}), 200);
    answers(t, Method::Patch, &path, json!({"scope": ["r"]}), 200);
}

pub fn a_connection_is_deleted_with_202() {
    let t = &mut tenant();
    let path = made(t, "/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let body = answers(t, Method::Delete, &path, Json::Null, 202);
    assert!(body["deleted_at"].is_string());
    // As recorded, it is usually done at once.
    let path = made(t, "/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let mut slow = FaultyTenant::new(t.clone());
    slow.set(Faults::from_json(r#"[{"at": {"method": "DELETE"}, "what": {"slow_delete": {"reads": 2}}}]"#).unwrap());
    let mut status =
        |method, path: &str, body| match slow.handle(&Request::new(method, path.to_owned(), body), "").delivery {
            Delivery::Whole(response) => response.status,
            other => panic!("{other:?}"),
        };
    let again = Some(json!({"name": "db", "strategy": "auth0"}));
    assert_eq!(status(Method::Delete, &path, None), 202);
    assert_eq!(status(Method::Post, "/connections", again.clone()), 409);
    assert_eq!(status(Method::Get, &path, None), 200);
    assert_eq!(status(Method::Get, &path, None), 200);
    assert_eq!(status(Method::Get, &path, None), 404);
    assert_eq!(status(Method::Post, "/connections", again), 201);
}

pub fn a_system_api_stays_as_it_is() {
    let t = &mut tenant();
    let path = "/resource-servers/https%3A%2F%2Facme.eu.auth0.com%2Fapi%2Fv2%2F";
    answers(t, Method::Patch, path, json!({"scopes": []}), 400);
    answers(t, Method::Delete, path, Json::Null, 403);
}

pub fn a_grant_is_added_by_its_id_alone() {
    let t = &mut tenant();
    grant(t);
    let organization = made(t, "/organizations", "id", json!({"name": "acme"}));
    answers(t, Method::Post, &format!("{organization}/client-grants"), json!({"client_id": "A"}), 400);
}

pub fn a_grant_is_for_one_client_or_for_all() {
    let t = &mut tenant();
    let api = "https://acme.eu.auth0.com/api/v2/";
    let both = json!({"client_id": "own", "default_for": "third_party_clients", "audience": api, "scope": []});
    answers(t, Method::Post, "/client-grants", both, 400);
    answers(t, Method::Post, "/client-grants", json!({"audience": api, "scope": []}), 400);
}

pub fn a_put_forgets_what_is_not_sent() {
    let t = &mut tenant();
    let path = "/prompts/login/custom-text/en";
    answers(t, Method::Put, path, json!({"login": {"title": "A", "description": "B"}}), 200);
    answers(t, Method::Put, path, json!({"login": {"title": "C"}}), 200);
    assert_eq!(get(t, path), json!({"login": {"title": "C"}}));
}

pub fn a_template_needs_a_domain() {
    let body = json!("<html>{%- auth0:head -%}{%- auth0:widget -%}</html>");
    answers(&mut tenant(), Method::Put, "/branding/templates/universal-login", body, 403);
}

pub fn two_rules_have_two_numbers() {
    let t = &mut tenant();
    made(t, "/rules", "id", json!({"name": "a", "script": "x", "order": 1}));
    answers(t, Method::Post, "/rules", json!({"name": "b", "script": "x", "order": 1}), 409);
}

pub fn modules_are_known_by_id() {
    let t = &mut tenant();
    let action = action(t);
    answers(t, Method::Patch, &action, json!({"modules": [{"module_id": "none", "module_version_id": "none"}]}), 400);
}

fn smtp(t: &mut Tenant) {
    let credentials = json!({"smtp_host": "h", "smtp_port": 587, "smtp_user": "u", "smtp_pass": "p"});
    answers(t, Method::Patch, "/emails/provider", json!({"enabled": false}), 404);
    let body = json!({"name": "smtp", "default_from_address": "a@b.example", "credentials": credentials});
    answers(t, Method::Post, "/emails/provider", body, 201);
}

pub fn credentials_come_if_named() {
    let t = &mut tenant();
    smtp(t);
    assert_eq!(get(t, "/emails/provider").get("credentials"), None);
    assert_eq!(get(t, "/emails/provider?fields=credentials")["credentials"]["smtp_host"], "h");
}

pub fn another_provider_has_no_credentials() {
    let t = &mut tenant();
    smtp(t);
    answers(t, Method::Patch, "/emails/provider", json!({"name": "sendgrid"}), 200);
    let credentials = get(t, "/emails/provider?fields=name,credentials");
    assert_eq!(credentials["credentials"].get("smtp_host"), None);
}

pub fn who_leaves_pkce_out_turns_it_off() {
    let t = &mut tenant();
    let options = json!({"client_id": "x", "issuer": "https://i.example", "scope": "openid"});
    let path = made(t, "/connections", "id", json!({"name": "c", "strategy": "oidc", "options": options}));
    assert_eq!(get(t, &path)["options"]["connection_settings"]["pkce"], "auto");
    answers(t, Method::Patch, &path, json!({"options": {"client_id": "x"}}), 200);
    let options = get(t, &path)["options"].clone();
    assert_eq!((&options["connection_settings"]["pkce"], options.get("scope")), (&json!("disabled"), None));
    let path = made(t, "/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let options = get(t, &path)["options"].clone();
    // The old `passwordPolicy` is no longer filled (recorded-facts 5); the new options are, and both come where it was sent.
    assert_eq!((&options["mfa"]["active"], options.get("passwordPolicy")), (&json!(true), None));
    assert_eq!(options["password_options"]["complexity"]["min_length"], 15);
    answers(t, Method::Patch, &path, json!({"options": {"disable_signup": true}}), 200);
    let options = get(t, &path)["options"].clone();
    assert_eq!((options.get("password_options"), options.get("mfa")), (None, None));
    let body = json!({"name": "old", "strategy": "auth0", "options": {"passwordPolicy": "good"}});
    let path = made(t, "/connections", "id", body);
    let options = get(t, &path)["options"].clone();
    assert!(options["passwordPolicy"] == "good" && options["password_options"].is_object());
    answers(t, Method::Patch, &path, json!({"options": options}), 400);
    let methods = |passkey: bool| json!({"password": {"enabled": true}, "passkey": {"enabled": passkey}});
    let options = json!({"authentication_methods": methods(true)});
    let path = made(t, "/connections", "id", json!({"name": "keys", "strategy": "auth0", "options": options}));
    assert_eq!(get(t, &path)["options"]["authentication_methods"]["passkey"]["enabled"], true);
    let options = json!({"authentication_methods": {"password": {"enabled": true}}});
    answers(t, Method::Patch, &path, json!({"options": options}), 200);
    assert_eq!(get(t, &path)["options"]["authentication_methods"]["passkey"]["enabled"], false);
    let options = json!({"signInEndpoint": "https://s.example"});
    let path = made(t, "/connections", "id", json!({"name": "s", "strategy": "samlp", "options": options}));
    assert!(get(t, &path)["options"]["assertion_decryption_settings"].is_object());
    answers(t, Method::Patch, &path, json!({"options": options}), 200);
    assert_eq!(get(t, &path)["options"].get("assertion_decryption_settings"), None);
}

pub fn one_logout_is_the_other() {
    let t = &mut tenant();
    let path = made(t, "/clients", "client_id", json!({"name": "A"}));
    let urls = json!({"backchannel_logout_urls": ["https://b.example"]});
    let shown = answers(t, Method::Patch, &path, json!({"oidc_logout": urls}), 200);
    assert_eq!(shown["oidc_backchannel_logout"], urls);
    answers(t, Method::Patch, &path, json!({"oidc_backchannel_logout": null}), 200);
    assert_eq!(get(t, &path).get("oidc_logout"), None);
}

pub fn a_member_that_is_there_is_a_conflict() {
    let t = &mut tenant();
    let connection = made(t, "/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let member = json!({"connection_id": connection.rsplit('/').next()});
    let path = format!("{}/connections", made(t, "/organizations", "id", json!({"name": "acme"})));
    answers(t, Method::Post, &path, member.clone(), 201);
    answers(t, Method::Post, &path, member, 409);
}

pub fn the_default_domain_must_be_ready() {
    let t = &mut tenant();
    let body = json!({"domain": "login.acme.com", "type": "auth0_managed_certs"});
    made(t, "/custom-domains", "custom_domain_id", body);
    answers(t, Method::Patch, "/custom-domains/default", json!({"domain": "login.acme.com"}), 400);
}

pub fn an_encryption_key_is_made_in_steps() {
    let t = &mut tenant();
    let path = "/keys/encryption";
    let key = answers(t, Method::Post, path, json!({"type": "customer-provided-root-key"}), 201);
    assert_eq!(key["state"], "pre-activation");
    let kid = key["kid"].as_str().unwrap();
    answers(t, Method::Post, &format!("{path}/{kid}/wrapping-key"), json!({}), 201);
}

pub fn a_rotation_makes_the_next_key() {
    let t = &mut tenant();
    let options = json!({"client_id": "a", "token_endpoint_auth_method": "private_key_jwt"});
    let path = made(t, "/connections", "id", json!({"name": "op", "strategy": "oidc", "options": options}));
    let next = answers(t, Method::Post, &format!("{path}/keys/rotate"), Json::Null, 201);
    assert_eq!((&next["algorithm"], &next["next"], next.get("current")), (&json!("RS256"), &json!(true), None));
    let keys = get(t, &format!("{path}/keys"));
    let standing = |name: &str| keys.as_array().unwrap().iter().filter(|key| key[name] == true).count();
    assert_eq!((standing("current"), standing("previous"), standing("next")), (1, 1, 1), "{keys}");
    answers(t, Method::Delete, &format!("{path}/keys"), Json::Null, 404);
}

pub fn a_token_is_shown_once_and_has_no_name() {
    let t = &mut tenant();
    let options = json!({"client_id": "a", "domain": "x.okta.com"});
    let path = made(t, "/connections", "id", json!({"name": "okta", "strategy": "okta", "options": options}));
    let tokens = format!("{path}/scim-configuration/tokens");
    let token = answers(t, Method::Post, &tokens, json!({"scopes": ["get:users"]}), 201);
    let id = token["token_id"].as_str().unwrap();
    assert!(token["token"].as_str().unwrap().starts_with(&format!("{id}.")), "{token}");
    let list = get(t, &tokens);
    assert_eq!((&list[0]["token_id"], list[0].get("token"), list[0].get("name")), (&json!(id), None, None));
    answers(t, Method::Post, &tokens, json!({"name": "a", "scopes": ["get:users"]}), 400);
    answers(t, Method::Patch, &format!("{tokens}/{id}"), json!({"scopes": []}), 404);
    answers(t, Method::Delete, &format!("{tokens}/{id}"), Json::Null, 204);
}
