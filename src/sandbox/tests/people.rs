//! People: users, what they may do, where they belong. And what lies beside the kinds that files configure.

use serde_json::{Value as Json, json};

use super::{Caller, caller, refused};
use crate::api::request::Method;

fn get(tenant: &mut Caller, path: &str) -> Json {
    let response = tenant.get(path);
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    response.body
}

const DATABASE: &str = "Username-Password-Authentication";

#[test]
fn a_user_has_what_the_server_makes_and_no_password() {
    let mut tenant = caller();
    let body =
        json!({"connection": DATABASE, "email": "ann@example.com", "password": "not-a-real-1", "user_id": "ann"});
    let made = tenant.post("/users", body.clone()).body;
    assert_eq!(made["user_id"], "auth0|ann");
    assert_eq!((&made["name"], &made["nickname"]), (&json!("ann@example.com"), &json!("ann")));
    let identity = json!([{"connection": DATABASE, "user_id": "ann", "provider": "auth0", "isSocial": false}]);
    assert_eq!(made["identities"], identity);
    assert!(!made.to_string().contains("not-a-real-1"), "{made}");
    refused(&tenant.post("/users", body), 409, None);
    let change = json!({"user_metadata": {"a": 1, "b": 2}});
    tenant.patch("/users/auth0%7Cann", change);
    let changed = tenant.patch("/users/auth0%7Cann", json!({"user_metadata": {"b": null}}));
    assert_eq!(changed.body["user_metadata"], json!({"a": 1}));
    let cleared = tenant.patch("/users/auth0%7Cann", json!({"user_metadata": {}}));
    assert!(cleared.body.get("user_metadata").is_none(), "{}", cleared.body);
    let gone = tenant.get("/users/auth0%7Cnobody");
    assert_eq!((gone.status, &gone.body["errorCode"]), (404, &json!("inexistent_user")));
}

#[test]
fn no_group_of_a_directory_has_a_role() {
    let mut tenant = caller();
    let role = tenant.post("/roles", json!({"name": "R"})).body["id"].as_str().unwrap().to_owned();
    let organization = tenant.post("/organizations", json!({"name": "acme"})).body["id"].as_str().unwrap().to_owned();
    let none = json!({"groups": []});
    assert_eq!(get(&mut tenant, &format!("/roles/{role}/groups")), none);
    assert_eq!(get(&mut tenant, &format!("/organizations/{organization}/roles/{role}/groups?take=50")), none);
    assert_eq!(tenant.get("/roles/rol_0000000000000000/groups").status, 404);
}

#[test]
fn roles_and_organizations_know_who_holds_them() {
    let mut tenant = caller();
    let user = tenant.made("/users", "user_id", json!({"connection": DATABASE, "email": "a@example.com"}));
    let role = tenant.made("/roles", "id", json!({"name": "Reader"}));
    let organization = tenant.made("/organizations", "id", json!({"name": "acme"}));
    let at = user.replace('|', "%7C");
    assert_eq!(tenant.post(&format!("/users/{at}/roles"), json!({"roles": [role]})).status, 204);
    let roles = get(&mut tenant, &format!("/users/{at}/roles?include_totals=true&page=0&per_page=100"));
    assert_eq!(roles["roles"], json!([{"id": role, "name": "Reader", "description": ""}]));
    assert_eq!(get(&mut tenant, &format!("/roles/{role}/users?take=10"))["users"][0]["user_id"], json!(user));

    let members = format!("/organizations/{organization}/members");
    assert_eq!(tenant.post(&members, json!({"members": [user]})).status, 204);
    assert_eq!(
        get(&mut tenant, &format!("{members}?take=10&fields=user_id&include_fields=true")),
        json!({"members": [{"user_id": user}]})
    );
    assert_eq!(tenant.post(&format!("{members}/{at}/roles"), json!({"roles": [role]})).status, 204);
    assert_eq!(get(&mut tenant, &format!("{members}/{at}/roles"))[0]["name"], "Reader");
    let holders = get(&mut tenant, &format!("/organizations/{organization}/roles/{role}/members?take=5"));
    assert_eq!(holders["members"][0]["user_id"], json!(user));
    assert_eq!(get(&mut tenant, &format!("/users/{at}/organizations"))[0]["name"], "acme");

    assert_eq!(tenant.call(Method::Delete, &members, Some(json!({"members": [user]}))).status, 204);
    assert_eq!(get(&mut tenant, &members), json!([]));
    assert_eq!(tenant.delete(&format!("/users/{at}")).status, 204);
    assert_eq!(get(&mut tenant, &format!("/roles/{role}/users")), json!([]), "a user that is gone holds nothing");
}

#[test]
fn a_malformed_id_is_told_from_one_that_is_not_there() {
    let mut tenant = caller();
    for (path, missing) in [("/network-acls/acl_", "acl_4oWrXrzhXSpmREA3xN3PPz"), ("/event-streams/est_", "")] {
        let malformed = tenant.get(&format!("{path}invalid_id"));
        assert_eq!((malformed.status, &malformed.body["errorCode"]), (400, &json!("invalid_uri")), "{path}");
        if !missing.is_empty() {
            let path = path.replace("acl_", missing);
            assert_eq!(tenant.get(&path).status, 404);
        }
    }
}

#[test]
fn the_default_domain_is_the_one_that_was_chosen_and_must_be_ready() {
    let mut tenant = caller();
    let default = tenant.get("/custom-domains/default");
    assert_eq!(default.status, 404);
    assert_eq!(
        tenant.post("/custom-domains", json!({"domain": "login.acme.com", "type": "auth0_managed_certs"})).status,
        201
    );
    assert_eq!(tenant.get("/custom-domains/default").status, 404);
    let choice = tenant.patch("/custom-domains/default", json!({"domain": "login.acme.com"}));
    assert_eq!((choice.status, &choice.body["errorCode"]), (400, &json!("invalid_body")));
}

#[test]
fn a_list_of_organizations_shows_their_tie_to_a_client_on_demand() {
    let mut tenant = caller();
    let app = tenant.made("/clients", "client_id", json!({"name": "App"}));
    let organization = tenant.made("/organizations", "id", json!({"name": "acme"}));
    let tie = json!({"clients": [{"client_id": app, "use_for_member_access": true}]});
    assert_eq!(tenant.post(&format!("/organizations/{organization}/clients"), tie).status, 201);
    assert!(get(&mut tenant, "/organizations?take=5")["organizations"][0].get("client").is_none());
    let shown = get(&mut tenant, &format!("/organizations?take=5&include_client_association_for={app}"));
    assert_eq!(shown["organizations"][0]["client"], json!({"use_for_member_access": true}));
}

#[test]
fn what_can_be_done_to_an_object_is_done() {
    let mut tenant = caller();
    let client = tenant.made("/clients", "client_id", json!({"name": "Web"}));
    let before = get(&mut tenant, &format!("/clients/{client}"))["client_secret"].clone();
    let rotated = tenant.post(&format!("/clients/{client}/rotate-secret"), json!({}));
    assert_eq!(rotated.status, 200);
    assert_ne!(rotated.body["client_secret"], before);
    assert_eq!(get(&mut tenant, &format!("/clients/{client}"))["client_secret"], rotated.body["client_secret"]);
    refused(&tenant.post("/clients/nobody/rotate-secret", json!({})), 404, Some("inexistent_client"));

    let domain = json!({"domain": "login.example.com", "type": "auth0_managed_certs"});
    let domain = tenant.made("/custom-domains", "custom_domain_id", domain);
    let verified = tenant.post(&format!("/custom-domains/{domain}/verify"), json!({}));
    assert_eq!((verified.status, &verified.body["status"]), (201, &json!("ready")));
    assert_eq!(get(&mut tenant, &format!("/custom-domains/{domain}"))["status"], "ready");

    let profile = tenant.made("/self-service-profiles", "id", json!({"name": "SSO"}));
    let ticket = tenant.post(&format!("/self-service-profiles/{profile}/sso-ticket"), json!({}));
    assert_eq!(ticket.status, 201);
    assert!(ticket.body["ticket"].as_str().is_some_and(|url| url.starts_with("https://")), "{}", ticket.body);
}

#[test]
fn what_hangs_on_connections_is_found_from_the_other_side() {
    let mut tenant = caller();
    let client = tenant.made("/clients", "client_id", json!({"name": "Web"}));
    let connection = json!({"name": "okta", "strategy": "okta", "options": {"client_id": "a", "domain": "a.okta.com"}});
    let connection = tenant.made("/connections", "id", connection);
    assert_eq!(get(&mut tenant, &format!("/clients/{client}/connections"))["connections"], json!([]));
    tenant.patch(&format!("/connections/{connection}/clients"), json!([{"client_id": client, "status": true}]));
    let held = get(&mut tenant, &format!("/clients/{client}/connections"));
    assert_eq!((&held["connections"][0]["id"], &held["connections"][0]["name"]), (&json!(connection), &json!("okta")));
    assert_eq!(get(&mut tenant, "/connections-scim-configurations")["scim_configurations"], json!([]));
    tenant.post(&format!("/connections/{connection}/scim-configuration"), json!({}));
    let all = get(&mut tenant, "/connections-scim-configurations");
    assert_eq!(all["scim_configurations"][0]["connection_name"], "okta");
    let organization = tenant.made("/organizations", "id", json!({"name": "acme"}));
    let domains = format!("/organizations/{organization}/discovery-domains");
    tenant.post(&domains, json!({"domain": "acme.example"}));
    assert_eq!(get(&mut tenant, &format!("{domains}/name/acme.example"))["domain"], "acme.example");
}

#[test]
fn older_and_partial_ways_of_writing_factors_are_answered() {
    let mut tenant = caller();
    assert_eq!(get(&mut tenant, "/guardian/factors/sms/selected-provider"), json!({"provider": "auth0"}));
    let duo = tenant.patch("/guardian/factors/duo/settings", json!({"host": "api.duosecurity.com"}));
    assert_eq!((duo.status, &duo.body["host"]), (200, &json!("api.duosecurity.com")));
    tenant.patch("/guardian/factors/duo/settings", json!({"ikey": "DI1"}));
    assert_eq!(get(&mut tenant, "/guardian/factors/duo/settings")["host"], "api.duosecurity.com");
}
