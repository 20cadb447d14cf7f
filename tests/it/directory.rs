//! What hangs on a directory outside: the groups of it that a connection takes over.

use serde_json::{Value as Json, json};
use tenantry::api::request::Method;
use tenantry::sandbox::tenant::Tenant;

use crate::quirks::client::sent;
use crate::quirks::server::{answers, call, get, made, tenant};
use crate::support::core::{Core, told};

const GROUPS: &str = "directory-provisioning/synchronized-groups";

/// A Google Workspace connection that takes over chosen groups of its directory; returns its path.
fn connection(t: &mut Tenant) -> String {
    let body = json!({"name": "g", "strategy": "google-apps", "options": {"domain": "a.example"}});
    let path = made(t, "/connections", "id", body);
    answers(t, Method::Post, &format!("{path}/directory-provisioning"), json!({"synchronize_groups": "selected"}), 201);
    path
}

fn files(groups: &str) -> String {
    format!(
        "connections: [{{ name: g, strategy: google-apps, options: {{ client_id: i, domain: a.example }}, directory_provisioning_configuration: {{ synchronize_groups: selected, synchronized_groups: {groups} }} }}]"
    )
}

#[test]
fn the_sandbox_holds_groups_as_the_api_does() {
    let t = &mut tenant();
    let path = format!("{}/{GROUPS}", connection(t));
    let ids = |t: &mut Tenant, query: &str| -> Vec<String> {
        let groups = get(t, &format!("{path}{query}"))["groups"].clone();
        groups.as_array().unwrap().iter().map(|group| group["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(get(t, &path), json!({"groups": []}));
    answers(t, Method::Put, &path, json!({"groups": [{"id": "b2", "name": "Staff"}, {"id": "a1"}]}), 204);
    assert_eq!(ids(t, "?take=50"), ["a1", "b2"], "by id");
    assert_eq!(ids(t, "?q=name:st*"), ["b2"]);
    assert_eq!(ids(t, "?q=name:none*"), [""; 0]);
    answers(t, Method::Post, &path, json!({"groups": [{"id": "c3"}, {"id": "b2", "name": "Other"}]}), 204);
    assert_eq!(get(t, &path)["groups"][1], json!({"id": "b2", "name": "Staff"}), "what is there stays");
    answers(t, Method::Delete, &path, json!({"groups": [{"id": "b2"}, {"id": "none"}]}), 204);
    assert_eq!(ids(t, ""), ["a1", "c3"]);
    // Whole: what is left out goes, of the list and of each group.
    answers(t, Method::Put, &path, json!({"groups": [{"id": "c3", "email": "c@a.example"}]}), 204);
    assert_eq!(get(t, &path), json!({"groups": [{"id": "c3", "email": "c@a.example"}]}));
    let refused = answers(t, Method::Post, &path, json!({"groups": [{"id": "d4", "email": ""}]}), 400);
    assert_eq!(
        refused["message"],
        "Payload validation error: 'Object didn't pass validation for format email: ' on property groups[0].email (Google Workspace Directory group email)."
    );
}

#[test]
fn groups_need_the_provisioning_and_go_with_it() {
    let t = &mut tenant();
    let path = connection(t);
    let (provisioning, groups) = (format!("{path}/directory-provisioning"), format!("{path}/{GROUPS}"));
    answers(t, Method::Put, &groups, json!({"groups": [{"id": "a1"}]}), 204);
    answers(t, Method::Delete, &provisioning, Json::Null, 204);
    assert_eq!(call(t, Method::Get, &groups, Json::Null).status, 404);
    assert_eq!(call(t, Method::Put, &groups, json!({"groups": []})).status, 404);
    answers(t, Method::Post, &provisioning, json!({}), 201);
    assert_eq!(get(t, &groups), json!({"groups": []}));
}

#[test]
fn synchronized_groups_are_replaced_whole_and_keep_what_the_directory_says() {
    let mut core = Core::new();
    core.apply(&files("[{ id: a1 }, { id: b2 }]"));
    // The order of files is nobody's business, nor is how many members a group has today.
    assert!(core.plan(&files("[{ id: b2, direct_members_count: 7 }, { id: a1 }]")).is_empty());
    let list = core.api.inner.snapshot().send(&crate::quirks::server::request("/connections")).body;
    let own = list.as_array().unwrap().iter().find(|one| one["strategy"] == "google-apps").unwrap();
    let path = format!("/connections/{}/{GROUPS}", own["id"].as_str().unwrap());
    let mut behind = tenantry::api::request::Request::new(Method::Put, path, None);
    behind.body = Some(json!({"groups": [{"id": "a1", "name": "Staff", "direct_members_count": 3}, {"id": "b2"}]}));
    assert_eq!(core.api.inner.behind_the_back(&behind).status, 204);
    assert!(core.plan(&files("[{ id: a1 }, { id: b2 }]")).is_empty(), "a name that files leave out is no difference");
    let plan = core.plan(&files("[{ id: a1 }, { id: c3 }]"));
    assert_eq!(told(&plan).len(), 3, "{:#?}", told(&plan));
    let writes = core.perform(&plan);
    sent(
        &writes,
        &[
            r#"PUT /connections/*/directory-provisioning/synchronized-groups {"groups":[{"id":"a1","name":"Staff","direct_members_count":3},{"id":"c3"}]}"#,
        ],
    );
    assert!(core.plan(&files("[{ id: a1 }, { id: c3 }]")).is_empty());
    let writes = core.apply(&files("[]"));
    sent(&writes, &[r#"PUT /connections/*/directory-provisioning/synchronized-groups {"groups":[]}"#]);
}

#[test]
fn groups_of_a_connection_without_provisioning_are_planned_with_it() {
    let mut core = Core::new();
    core.apply("connections: [{ name: g, strategy: google-apps, options: { client_id: i, domain: a.example } }]");
    let writes = core.apply(&files("[{ id: a1 }]"));
    sent(
        &writes,
        &[
            r#"POST /connections/*/directory-provisioning {"synchronize_groups":"selected"}"#,
            r#"PUT /connections/*/directory-provisioning/synchronized-groups {"groups":[{"id":"a1"}]}"#,
        ],
    );
}

#[test]
fn a_group_without_an_id_or_with_an_unknown_field_is_a_mistake() {
    let found = |groups: &str| -> Vec<String> {
        let documents = Core::new().documents(&files(groups));
        let (_, findings) =
            tenantry::pipeline::resolve::resolve(&documents, &tenantry::pipeline::scope::Scope::default(), true);
        findings.0.iter().map(|finding| format!("{} {}", finding.code, finding.summary)).collect()
    };
    assert_eq!(found("[{ id: a1, name: Staff }]"), [""; 0]);
    assert!(found("[{ id: a1, nmae: Staff }]")[0].starts_with("unknown-field"), "{:?}", found("[{ nmae: Staff }]"));
    assert!(!found("[{ id: 'a 1' }]").is_empty());
    assert!(!found("[a1]").is_empty());
}
