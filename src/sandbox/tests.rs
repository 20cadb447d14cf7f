//! The tenant as its clients meet it. Expected bodies are literals from recorded traffic, not from the catalogue.

use serde_json::{Value as Json, json};

use super::tenant::Tenant;
use crate::api::request::{Method, Request};
use crate::api::response::Response;

mod documents;
mod people;

struct Caller(Tenant);

fn caller() -> Caller {
    Caller(Tenant::new("acme.eu.auth0.com", "own"))
}

impl Caller {
    fn call(&mut self, method: Method, path: &str, body: Option<Json>) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut request = Request::new(method, path.to_owned(), body);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        request.query = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.0.send(&request)
    }

    fn get(&mut self, path: &str) -> Response {
        self.call(Method::Get, path, None)
    }

    fn post(&mut self, path: &str, body: Json) -> Response {
        self.call(Method::Post, path, Some(body))
    }

    fn patch(&mut self, path: &str, body: Json) -> Response {
        self.call(Method::Patch, path, Some(body))
    }

    fn put(&mut self, path: &str, body: Json) -> Response {
        self.call(Method::Put, path, Some(body))
    }

    fn delete(&mut self, path: &str) -> Response {
        self.call(Method::Delete, path, None)
    }

    /// Makes one and returns its id.
    fn made(&mut self, path: &str, id: &str, body: Json) -> String {
        let response = self.post(path, body);
        assert!(response.status < 300, "{:?}", response.body);
        response.body[id].as_str().unwrap().to_owned()
    }

    fn client(&mut self, name: &str) -> String {
        self.made("/clients", "client_id", json!({"name": name}))
    }

    fn api(&mut self) -> String {
        let scopes = json!([{"value": "read:a", "description": "Read A"}, {"value": "write:a"}]);
        self.made("/resource-servers", "id", json!({"name": "A", "identifier": "https://a", "scopes": scopes}))
    }
}

/// Asserts that a refusal has this status and code, and a message.
#[track_caller]
fn refused(response: &Response, status: u16, code: Option<&str>) {
    assert_eq!((response.status, response.body["errorCode"].as_str()), (status, code), "{:?}", response.body);
    assert_eq!(response.body["statusCode"], json!(status));
    assert!(response.body["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[test]
fn a_new_tenant_holds_what_a_new_tenant_holds() {
    let mut tenant = caller();
    let clients = tenant.get("/clients?take=100").body;
    let names: Vec<&Json> = clients["clients"].as_array().unwrap().iter().map(|client| &client["name"]).collect();
    assert_eq!(names, ["Default App", "tenantry", "All Applications"]);
    let global = tenant.get("/clients?is_global=true&include_totals=true").body;
    assert_eq!((&global["total"], &global["clients"][0]["global"]), (&json!(1), &json!(true)));
    let grants = tenant.get("/client-grants?client_id=own").body;
    assert_eq!(grants[0]["audience"], "https://acme.eu.auth0.com/api/v2/");
    assert!(grants[0]["scope"].as_array().unwrap().contains(&json!("read:clients")));
    let api = tenant.get("/resource-servers/https%3A%2F%2Facme.eu.auth0.com%2Fapi%2Fv2%2F").body;
    assert_eq!((&api["name"], &api["is_system"]), (&json!("Auth0 Management API"), &json!(true)));
    assert_eq!(tenant.get("/connections").body[0]["name"], "Username-Password-Authentication");
    assert_eq!(tenant.get("/tenants/settings").body["session_lifetime"], 168);
    assert_eq!(tenant.get("/guardian/policies").body, json!([]));
    let factors = tenant.get("/guardian/factors").body;
    assert_eq!(factors.as_array().unwrap().len(), 8);
    assert_eq!(factors[0], json!({"name": "sms", "enabled": false, "trial_expired": false}));
    assert_eq!(tenant.get("/attack-protection/brute-force-protection").body["max_attempts"], 10);
}

#[test]
fn clients_are_completed_by_their_kind() {
    let mut tenant = caller();
    let web = tenant.post("/clients", json!({"name": "Web", "token_endpoint_auth_method": "client_secret_post"}));
    assert_eq!(web.status, 201);
    assert_eq!(web.body["refresh_token"]["token_lifetime"], 31_557_600);
    assert_eq!(web.body["client_id"].as_str().unwrap().len(), 32);
    assert_eq!(web.body["jwt_configuration"], json!({"lifetime_in_seconds": 36000, "secret_encoded": false}));
    let spa = tenant.post("/clients", json!({"name": "Spa", "app_type": "spa", "token_endpoint_auth_method": "none", "jwt_configuration": {"alg": "RS256"}}));
    assert_eq!(spa.body["grant_types"], json!(["authorization_code", "implicit", "refresh_token"]));
    assert_eq!(spa.body["jwt_configuration"], json!({"alg": "RS256", "secret_encoded": false}));
    assert_eq!(spa.body["refresh_token"]["token_lifetime"], 2_592_000);
    assert_eq!(tenant.client("Web").len(), 32, "names need not be unique");
}

#[test]
fn updates_of_clients_merge_where_the_real_ones_do() {
    let mut tenant = caller();
    let body = json!({"name": "Web", "client_metadata": {"a": "1", "b": "2"}, "initiate_login_uri": "https://a", "callbacks": ["https://a"]});
    let path = format!("/clients/{}", tenant.made("/clients", "client_id", body));
    let new = tenant.patch(
        &path,
        json!({"client_metadata": {"a": null, "c": "3"}, "initiate_login_uri": "", "session_transfer": {"delegation": null}}),
    );
    assert_eq!(new.body["client_metadata"], json!({"b": "2", "c": "3"}));
    assert_eq!(new.body.get("initiate_login_uri"), None);
    assert_eq!(new.body["session_transfer"]["enforce_device_binding"], "ip");
    assert_eq!(new.body["callbacks"], json!(["https://a"]));
    let gone = tenant.patch(&path, json!({"session_transfer": null, "callbacks": null}));
    assert_eq!((gone.body.get("session_transfer"), gone.body.get("callbacks")), (None, None));
    let logout = tenant.patch(&path, json!({"oidc_logout": {"backchannel_logout_urls": ["https://b"]}}));
    assert_eq!(logout.body["oidc_backchannel_logout"], json!({"backchannel_logout_urls": ["https://b"]}));
    let without = tenant.patch(&path, json!({"oidc_backchannel_logout": null}));
    assert_eq!(without.body.get("oidc_logout"), None);
}

#[test]
fn who_replaces_options_without_reading_them_loses_them() {
    let mut tenant = caller();
    let options = json!({"client_id": "x", "client_secret": "s", "issuer": "https://i", "scope": "openid"});
    let body = json!({"name": "login", "strategy": "oidc", "options": options});
    let path = format!("/connections/{}", tenant.made("/connections", "id", body));
    assert_eq!(tenant.get(&path).body["options"]["connection_settings"]["pkce"], "auto");
    let new = tenant.patch(&path, json!({"options": {"client_id": "x", "scope": "openid email"}}));
    let expected = json!({
        "client_id": "x", "scope": "openid email", "schema_version": "oidc-V4",
        "attribute_map": {"mapping_mode": "bind_all"}, "connection_settings": {"pkce": "disabled"},
    });
    assert_eq!(new.body["options"], expected, "the secret is lost, and the code challenge with it");
    let realms = tenant.patch(&path, json!({"realms": ["a"]}));
    assert_eq!((&realms.body["options"], &realms.body["realms"]), (&expected, &json!(["a"])));
    let database = tenant.made(
        "/connections",
        "id",
        json!({"name": "db", "strategy": "auth0", "options": {"configuration": {"key": "plain"}}}),
    );
    let shown = tenant.get(&format!("/connections/{database}")).body;
    assert_eq!(shown["options"]["configuration"]["key"].as_str().unwrap().len(), 168);
    let after = tenant.patch(&format!("/connections/{database}"), json!({"options": {"import_mode": false}}));
    assert_eq!(after.body["options"].get("password_options"), None);
    assert_eq!(after.body["options"]["brute_force_protection"], true);
    refused(&tenant.patch(&path, json!({"name": "other"})), 400, Some("invalid_body"));
    refused(&tenant.post("/connections", json!({"name": "db", "strategy": "auth0"})), 409, None);
    assert_eq!(tenant.delete(&path).status, 202);
    refused(&tenant.get(&path), 404, Some("inexistent_connection"));
}

#[test]
fn actions_are_built_deployed_and_then_bound() {
    let mut tenant = caller();
    let body = json!({
        "name": "Claims", "code": "x", "supported_triggers": [{"id": "post-login", "version": "v3"}],
        "secrets": [{"name": "KEY", "value": "hush"}],
    });
    let made = tenant.post("/actions/actions", body);
    assert_eq!((made.status, &made.body["status"], &made.body["runtime"]), (201, &json!("pending"), &json!("node22")));
    assert!(made.body["secrets"][0].get("value").is_none() && made.body["secrets"][0].get("updated_at").is_some());
    let id = made.body["id"].as_str().unwrap().to_owned();
    let (path, deploy) = (format!("/actions/actions/{id}"), format!("/actions/actions/{id}/deploy"));
    refused(&tenant.post(&deploy, json!({})), 400, None);
    assert_eq!(tenant.get(&path).body["status"], "built");
    let binding =
        |kind: &str, value: &str| json!({"bindings": [{"ref": {"type": kind, "value": value}, "display_name": "C"}]});
    refused(&tenant.patch("/actions/triggers/post-login/bindings", binding("action_id", &id)), 409, None);
    let version = tenant.post(&deploy, json!({})).body;
    assert_eq!((&version["deployed"], &version["number"]), (&json!(false), &json!(1)));
    let deployed = tenant.get(&path).body;
    assert_eq!(
        (&deployed["all_changes_deployed"], &deployed["deployed_version"]["deployed"]),
        (&json!(true), &json!(true))
    );
    assert!(!deployed.to_string().contains("hush"));
    refused(&tenant.patch("/actions/triggers/credentials-exchange/bindings", binding("action_id", &id)), 400, None);
    let bound = tenant.patch("/actions/triggers/post-login/bindings", binding("action_name", "Claims"));
    assert_eq!((bound.status, &bound.body["bindings"][0]["action"]["id"]), (200, &json!(id)));
    assert!(bound.body.get("total").is_none());
    let listed = tenant.get("/actions/triggers/post-login/bindings?per_page=50&page=0").body;
    assert_eq!((&listed["total"], listed.get("page")), (&json!(1), None));
    assert_eq!(tenant.get("/actions/triggers/mcp-tool/bindings").body["bindings"], json!([]));
    let draft = tenant.patch(&path, json!({"code": "y", "secrets": [{"name": "KEY"}]})).body;
    assert_eq!((&draft["status"], &draft["all_changes_deployed"]), (&json!("pending"), &json!(false)));
    refused(&tenant.delete(&path), 400, None);
    assert_eq!(tenant.delete(&format!("{path}?force=true")).status, 204);
    assert_eq!(tenant.get("/actions/triggers/post-login/bindings").body["bindings"], json!([]));
    assert_eq!(
        tenant.get(&path).body,
        json!({"statusCode": 404, "error": "Not Found", "message": "That action does not exist."})
    );
}

#[test]
fn credentials_are_limited_and_stay_while_they_are_used() {
    let mut tenant = caller();
    let id = tenant.client("Signed");
    let (client, credentials) = (format!("/clients/{id}"), format!("/clients/{id}/credentials"));
    let key = |n: usize| json!({"name": n.to_string(), "credential_type": "public_key", "pem": format!("-----BEGIN PUBLIC KEY-----\n{n}\n-----END PUBLIC KEY-----")});
    let first = tenant.post(&credentials, key(0));
    assert_eq!((first.status, &first.body["alg"], first.body.get("pem")), (201, &json!("RS256"), None));
    assert!(first.body["kid"].is_string());
    refused(&tenant.post(&credentials, key(0)), 400, Some("invalid_body"));
    let ids: Vec<String> = (1..4).map(|n| tenant.made(&credentials, "id", key(n))).collect();
    refused(&tenant.post(&credentials, key(4)), 400, Some("invalid_body"));
    let attach = |ids: &[&str]| {
        let credentials: Vec<Json> = ids.iter().map(|id| json!({"id": id})).collect();
        json!({"client_authentication_methods": {"private_key_jwt": {"credentials": credentials}}, "token_endpoint_auth_method": null})
    };
    refused(&tenant.patch(&client, attach(&[&ids[0], &ids[1], &ids[2]])), 400, Some("invalid_body"));
    refused(&tenant.patch(&client, attach(&["cred_nothing"])), 400, Some("invalid_body"));
    let switched = tenant.patch(&client, attach(&[&ids[0]]));
    assert_eq!((switched.status, switched.body.get("client_secret")), (200, None));
    refused(&tenant.delete(&format!("{credentials}/{}", ids[0])), 400, None);
    let back = tenant.patch(&client, json!({"token_endpoint_auth_method": "client_secret_post"}));
    assert_eq!(back.body.get("client_authentication_methods"), None);
    assert!(back.body["client_secret"].is_string());
    assert_eq!(tenant.delete(&format!("{credentials}/{}", ids[0])).status, 204);
    let both = json!({"token_endpoint_auth_method": "none", "client_authentication_methods": {"private_key_jwt": {"credentials": []}}});
    refused(&tenant.patch(&client, both), 400, Some("invalid_body"));
    let brought =
        json!({"name": "Brings", "client_authentication_methods": {"private_key_jwt": {"credentials": [key(9)]}}});
    let brought = tenant.post("/clients", brought).body;
    let attached = &brought["client_authentication_methods"]["private_key_jwt"]["credentials"][0]["id"];
    let listed = tenant.get(&format!("/clients/{}/credentials", brought["client_id"].as_str().unwrap())).body;
    assert_eq!(&listed[0]["id"], attached);
}

#[test]
fn enabled_clients_change_one_by_one_and_show_on_the_connection() {
    let mut tenant = caller();
    let (one, two) = (tenant.client("One"), tenant.client("Two"));
    let connection = tenant.made("/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let path = format!("/connections/{connection}/clients");
    let on = |id: &str, status: bool| json!({"client_id": id, "status": status});
    assert_eq!(tenant.patch(&path, json!([on(&one, true), on(&two, true)])).status, 204);
    assert_eq!(tenant.patch(&path, json!([on(&one, false)])).status, 204);
    assert_eq!(tenant.get(&path).body, json!({"clients": [{"client_id": two}]}));
    assert_eq!(tenant.get(&format!("/connections/{connection}")).body["enabled_clients"], json!([two]));
    refused(&tenant.patch(&path, Json::Array(vec![on(&one, true); 51])), 400, Some("invalid_body"));
    refused(&tenant.patch(&path, json!([on("nobody", true)])), 400, Some("invalid_body"));
    assert_eq!(tenant.delete(&format!("/clients/{two}")).status, 204);
    assert_eq!(tenant.get(&path).body, json!({"clients": []}));
    refused(&tenant.get("/connections/con_nothing/clients"), 404, Some("inexistent_connection"));
}

#[test]
fn permissions_are_described_by_their_api_and_go_with_it() {
    let mut tenant = caller();
    let (api, client) = (tenant.api(), tenant.client("Machine"));
    let role = tenant.post("/roles", json!({"name": "Admin"}));
    assert_eq!((role.status, role.body.get("description")), (200, None));
    let role = role.body["id"].as_str().unwrap().to_owned();
    assert_eq!(tenant.get(&format!("/roles/{role}")).body["description"], "");
    let path = format!("/roles/{role}/permissions");
    let permission =
        |name: &str| json!({"permissions": [{"resource_server_identifier": "https://a", "permission_name": name}]});
    let added = tenant.post(&path, permission("read:a"));
    assert_eq!((added.status, added.body), (201, json!({})));
    tenant.post(&path, permission("write:a"));
    tenant.call(Method::Delete, &path, Some(permission("write:a")));
    let expected = json!({
        "permissions": [{
            "resource_server_identifier": "https://a", "permission_name": "read:a", "resource_server_name": "A",
            "description": "Read A",
        }],
        "start": 0, "limit": 50, "total": 1,
    });
    assert_eq!(tenant.get(&format!("{path}?include_totals=true")).body, expected);
    let unknown = json!({"permissions": [{"resource_server_identifier": "https://none", "permission_name": "x"}]});
    refused(&tenant.post(&path, unknown), 400, Some("invalid_body"));
    let grant = json!({"client_id": client, "audience": "https://a", "scope": ["read:a"]});
    assert_eq!(tenant.post("/client-grants", grant.clone()).body["subject_type"], "client");
    refused(&tenant.post("/client-grants", grant), 409, None);
    assert_eq!(tenant.delete(&format!("/resource-servers/{api}")).status, 204);
    assert_eq!(tenant.get(&path).body, json!([]));
    assert_eq!(tenant.get("/client-grants?audience=https://a").body, json!([]));
    let gone = tenant.delete(&format!("/roles/{role}"));
    assert_eq!((gone.status, gone.body), (200, json!({})));
}

#[test]
fn organizations_hold_connections_clients_and_grants() {
    let mut tenant = caller();
    tenant.api();
    let client = tenant.client("Machine");
    let grant = tenant.made("/client-grants", "id", json!({"client_id": client, "audience": "https://a", "scope": []}));
    let connection = tenant.made("/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let organization = tenant.post("/organizations", json!({"name": "acme", "metadata": {"a": "1", "b": "2"}})).body;
    assert_eq!(
        (&organization["display_name"], &organization["third_party_client_access"]),
        (&json!("acme"), &json!("block"))
    );
    let path = format!("/organizations/{}", organization["id"].as_str().unwrap());
    assert_eq!(tenant.get("/organizations/name/acme").body["id"], organization["id"]);
    refused(&tenant.post("/organizations", json!({"name": "acme"})), 409, None);
    assert_eq!(tenant.patch(&path, json!({"metadata": {"a": "1"}})).body["metadata"], json!({"a": "1"}));
    assert_eq!(tenant.patch(&path, json!({"metadata": {}})).body.get("metadata"), None);
    let enabled = tenant.post(&format!("{path}/connections"), json!({"connection_id": connection}));
    let expected = json!({
        "connection_id": connection, "assign_membership_on_login": false, "is_signup_enabled": false, "show_as_button": true,
        "is_enabled": true, "organization_access_level": "none", "connection": {"name": "db", "strategy": "auth0"},
    });
    assert_eq!((enabled.status, &enabled.body), (201, &expected));
    refused(&tenant.post(&format!("{path}/connections"), json!({"connection_id": connection})), 409, None);
    let one = format!("{path}/connections/{connection}");
    assert_eq!(tenant.patch(&one, json!({"show_as_button": false})).body["show_as_button"], false);
    let granted = tenant.post(&format!("{path}/client-grants"), json!({"grant_id": grant})).body;
    assert_eq!((&granted["grant_id"], granted.get("id")), (&json!(grant), None));
    let listed = tenant.get(&format!("{path}/client-grants")).body;
    assert_eq!((&listed[0]["id"], listed[0].get("grant_id")), (&json!(grant), None));
    let members = json!({"clients": [{"client_id": client}]});
    assert_eq!(tenant.post(&format!("{path}/clients"), members.clone()).body[0]["client"]["name"], "Machine");
    refused(&tenant.post(&format!("{path}/clients"), members), 409, None);
    let domain = tenant.post(&format!("{path}/discovery-domains"), json!({"domain": "a.example"})).body;
    let host = format!("_ss-verification.{}.a.example", organization["id"].as_str().unwrap());
    assert_eq!(domain["verification_host"], json!(host));
    assert_eq!(tenant.delete(&format!("/clients/{client}")).status, 204);
    assert_eq!(tenant.get(&format!("{path}/clients")).body, json!({"clients": []}));
    assert_eq!(tenant.get(&format!("{path}/client-grants")).body, json!([]), "the grant went with its client");
    assert_eq!(tenant.delete(&one).status, 204);
    assert_eq!(tenant.delete(&path).status, 204);
    refused(&tenant.get(&format!("{path}/connections")), 404, None);
}

#[test]
fn bodies_that_do_not_fit_are_refused() {
    let mut tenant = caller();
    let missing = tenant.post("/roles", json!({"description": "x"}));
    assert_eq!(missing.body["message"], "Payload validation error: 'Missing required property: name'.");
    refused(&tenant.post("/roles", json!([])), 400, Some("invalid_body"));
    refused(&tenant.call(Method::Post, "/roles", None), 400, Some("invalid_body"));
    refused(&tenant.post("/clients", json!({"name": "A", "calbacks": []})), 400, Some("invalid_body"));
    refused(&tenant.post("/clients", json!({"name": "A", "callbacks": "https://a"})), 400, Some("invalid_body"));
    refused(&tenant.post("/clients", json!({"name": "A", "client_id": "mine"})), 400, Some("invalid_body"));
    let grant = json!({"client_id": "own", "default_for": "third_party_clients", "audience": "https://acme.eu.auth0.com/api/v2/", "scope": []});
    refused(&tenant.post("/client-grants", grant), 400, Some("invalid_body"));
    refused(&tenant.get("/clients/nobody"), 404, Some("inexistent_client"));
    refused(&tenant.get("/nothing"), 404, None);
}

#[test]
fn what_the_tenant_owns_stays() {
    let mut tenant = caller();
    let api = tenant.get("/resource-servers").body[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/resource-servers/{api}");
    refused(&tenant.delete(&path), 403, Some("operation_not_supported"));
    refused(&tenant.patch(&path, json!({"name": "Mine"})), 400, Some("invalid_body"));
    assert_eq!(tenant.patch(&path, json!({"token_lifetime": 60})).body["token_lifetime"], 60);
    let global = tenant.get("/clients?is_global=true").body[0]["client_id"].as_str().unwrap().to_owned();
    refused(&tenant.delete(&format!("/clients/{global}")), 403, Some("operation_not_supported"));
    let page = tenant
        .patch(&format!("/clients/{global}"), json!({"custom_login_page": "<html>", "custom_login_page_on": true}));
    assert_eq!(page.body["custom_login_page"], "<html>");
}

#[test]
fn scopes_of_a_grant_come_back_in_two_steps() {
    let mut tenant = caller();
    tenant.api();
    let client = tenant.client("Machine");
    let id =
        tenant.made("/client-grants", "id", json!({"client_id": client, "audience": "https://a", "scope": ["read:a"]}));
    let path = format!("/client-grants/{id}");
    assert_eq!(tenant.patch(&path, json!({"allow_all_scopes": true})).body.get("scope"), None);
    refused(&tenant.patch(&path, json!({"allow_all_scopes": false, "scope": ["read:a"]})), 400, Some("invalid_body"));
    assert_eq!(tenant.patch(&path, json!({"allow_all_scopes": false, "scope": []})).body["scope"], json!([]));
    assert_eq!(tenant.patch(&path, json!({"scope": ["read:a"]})).body["scope"], json!(["read:a"]));
    refused(&tenant.patch(&path, json!({"audience": "https://b"})), 400, Some("invalid_body"));
}

#[test]
fn pages_are_those_of_the_real_api() {
    let mut tenant = caller();
    for number in 0..1_050 {
        tenant.post("/organizations", json!({"name": format!("org-{number:04}")}));
    }
    let last = tenant.get("/organizations?per_page=100&page=9&include_totals=true");
    assert_eq!((last.status, &last.body["total"], &last.body["start"]), (200, &json!(1050), &json!(900)));
    refused(&tenant.get("/organizations?per_page=100&page=10&include_totals=true"), 400, Some("invalid_paging"));
    refused(&tenant.get("/organizations?take=101"), 400, Some("invalid_query_string"));
    let (mut seen, mut from) = (0, String::new());
    loop {
        let page = tenant.get(&format!("/organizations?take=100{from}")).body;
        seen += page["organizations"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => from = format!("&from={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 1_050);
    let fields = tenant.get("/clients?fields=client_id,name&include_fields=true&take=1").body;
    assert_eq!(fields["clients"][0].as_object().unwrap().len(), 2);
}

#[test]
fn the_older_path_of_an_organizations_connections_leads_to_the_same() {
    let mut tenant = caller();
    let connection = tenant.made("/connections", "id", json!({"name": "db", "strategy": "auth0"}));
    let organization = tenant.made("/organizations", "id", json!({"name": "acme"}));
    let older = format!("/organizations/{organization}/enabled_connections");
    let made = tenant.post(&older, json!({"connection_id": connection, "assign_membership_on_login": true}));
    let expected = json!({
        "connection_id": connection, "assign_membership_on_login": true, "show_as_button": true,
        "is_signup_enabled": false, "connection": {"name": "db", "strategy": "auth0"},
    });
    assert_eq!((made.status, &made.body), (201, &expected));
    assert_eq!(tenant.get(&older).body, json!([expected]));
    let page = tenant.get(&format!("{older}?include_totals=true")).body;
    assert_eq!((&page["enabled_connections"], &page["total"]), (&json!([expected]), &json!(1)));
    let newer = tenant.get(&format!("/organizations/{organization}/connections")).body;
    assert_eq!(newer[0]["is_enabled"], true);
    assert_eq!(tenant.delete(&format!("{older}/{connection}")).status, 204);
    assert_eq!(tenant.get(&older).body, json!([]));
}

#[test]
fn each_deploy_of_an_action_is_a_version() {
    let mut tenant = caller();
    let body = json!({"name": "A", "code": "x", "supported_triggers": [{"id": "post-login", "version": "v3"}], "secrets": [{"name": "KEY", "value": "hush"}]});
    let path = format!("/actions/actions/{}", tenant.made("/actions/actions", "id", body));
    assert_eq!(tenant.get(&format!("{path}/versions")).body["versions"], json!([]));
    tenant.get(&path);
    let version = tenant.post(&format!("{path}/deploy"), json!({})).body;
    let listed = tenant.get(&format!("{path}/versions?per_page=50")).body;
    assert_eq!((&listed["total"], &listed["versions"][0]["id"]), (&json!(1), &version["id"]));
    assert_eq!(listed["versions"][0]["deployed"], true);
    assert!(!listed.to_string().contains("hush"));
    let one = tenant.get(&format!("{path}/versions/{}", version["id"].as_str().unwrap())).body;
    assert_eq!(one["number"], 1);
}

#[test]
fn the_same_calls_give_the_same_answers_and_other_domains_other_ids() {
    let (mut one, mut same) = (caller(), caller());
    let mut other = Caller(Tenant::new("beta.eu.auth0.com", "own"));
    let body = json!({"name": "Web"});
    let made = one.post("/clients", body.clone());
    assert_eq!(made, same.post("/clients", body.clone()));
    assert_ne!(made.body["client_id"], other.post("/clients", body).body["client_id"]);
    assert!(made.header("x-ratelimit-remaining").is_some());
}
