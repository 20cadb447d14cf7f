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

/// A tenant in whose directory a group is. No call makes one.
fn with_group(id: &str) -> Caller {
    let mut tenant = caller();
    let connections = get(&mut tenant, "/connections");
    let group = json!({"id": id, "name": "Engineering", "connection_id": connections[0]["id"]});
    tenant.0.store.collection_mut("/groups").insert(id.to_owned(), group, &[]);
    tenant
}

#[test]
fn a_group_has_roles_that_are_seen_from_both_sides() {
    let mut tenant = with_group("grp_1");
    let role = tenant.made("/roles", "id", json!({"name": "R", "description": "Reads"}));
    let (of_role, of_group) = (format!("/roles/{role}/groups"), "/groups/grp_1/roles");
    assert_eq!(get(&mut tenant, &of_role), json!({"groups": []}));
    assert_eq!(get(&mut tenant, of_group), json!({"roles": []}));
    assert_eq!(tenant.post(of_group, json!({"roles": [role]})).status, 204);
    assert_eq!(get(&mut tenant, &of_role)["groups"][0]["name"], "Engineering");
    assert_eq!(get(&mut tenant, of_group)["roles"], json!([{"id": role, "name": "R", "description": "Reads"}]));
    assert_eq!(tenant.call(Method::Delete, of_group, Some(json!({"roles": [role]}))).status, 204);
    assert_eq!(get(&mut tenant, &of_role), json!({"groups": []}));
    assert_eq!(tenant.post(&of_role, json!({"groups": ["grp_1"]})).status, 204);
    assert_eq!(get(&mut tenant, of_group)["roles"][0]["id"], json!(role));

    assert_eq!(tenant.get("/roles/rol_0000000000000000/groups").status, 404);
    assert_eq!(tenant.get("/groups/grp_2/roles").status, 404);
    let other = tenant.made("/roles", "id", json!({"name": "Other"}));
    let half = tenant.post(of_group, json!({"roles": [other, "rol_0000000000000000"]}));
    assert_eq!(half.status, 404, "{}", half.body);
    assert_eq!(get(&mut tenant, of_group)["roles"].as_array().map(Vec::len), Some(1), "all or nothing");
    assert_eq!(tenant.delete("/groups/grp_1").status, 204);
    assert_eq!(get(&mut tenant, &of_role), json!({"groups": []}), "a group that is gone has no role");
}

#[test]
fn a_group_has_roles_in_an_organization_alone() {
    let mut tenant = with_group("grp_1");
    let role = tenant.made("/roles", "id", json!({"name": "R", "description": "Reads"}));
    let organization = tenant.made("/organizations", "id", json!({"name": "acme"}));
    let groups = format!("/organizations/{organization}/groups");
    let roles = format!("{groups}/grp_1/roles");
    let of_role = format!("/organizations/{organization}/roles/{role}/groups?take=50");
    let none = json!({"groups": []});
    assert_eq!(get(&mut tenant, &groups), none);
    assert_eq!(get(&mut tenant, &of_role), none);
    assert_eq!(get(&mut tenant, &roles), json!({"roles": []}));
    assert_eq!(tenant.post(&roles, json!({"roles": [role]})).status, 204);
    assert_eq!(
        get(&mut tenant, &format!("{roles}?take=1"))["roles"][0],
        json!({"id": role, "name": "R", "description": "Reads"})
    );
    for path in [&groups, &of_role] {
        assert_eq!(get(&mut tenant, path)["groups"][0]["id"], "grp_1", "{path}");
    }
    assert_eq!(get(&mut tenant, "/groups/grp_1/roles"), json!({"roles": []}));

    refused(&tenant.post(&roles, json!({"roles": ["rol_0000000000000000"]})), 400, Some("invalid_body"));
    refused(&tenant.post(&roles, json!({})), 400, Some("invalid_body"));
    assert_eq!(tenant.get(&format!("{groups}/grp_2/roles")).status, 404);
    assert_eq!(tenant.get(&roles.replace(&organization, "org_0000000000000000")).status, 404);

    assert_eq!(tenant.call(Method::Delete, &roles, Some(json!({"roles": [role]}))).status, 204);
    assert_eq!(get(&mut tenant, &groups), none);
    tenant.post(&roles, json!({"roles": [role]}));
    assert_eq!(tenant.delete("/groups/grp_1").status, 204);
    assert_eq!(get(&mut tenant, &groups), none, "what is gone has no role");
    assert!(!tenant.0.store.collections.contains_key(&roles));
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
