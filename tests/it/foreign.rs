//! What stood in the tenant before and bears a name of the files: a gate where it would be changed, else a note.

use git2::Repository;

use crate::support::{Project, Ran};

const SHOP: &str = "clients:\n  - { name: Shop, app_type: spa, callbacks: ['https://shop.example'] }\n";

/// A workspace with a record, beside which somebody has made something that it says nothing of.
fn beside(theirs: &str) -> Project {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("all", theirs)
        .file(".gitignore", ".tenantry\nfaults.json\n");
    project.commit("theirs");
    project.run("apply dev --yes").ok();
    forget(&project);
    project.write("templates/all.yaml", "rules: []\n");
    project.write("templates/ours.yaml", "organizations:\n  - { name: acme }\n");
    project.commit("ours");
    project.run("apply dev --yes").ok();
    project
}

fn forget(project: &Project) {
    let repository = Repository::open(project.path("")).unwrap();
    repository.find_reference("refs/tenantry/sandbox/dev").unwrap().delete().unwrap();
}

fn gates(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    json["gates"].as_array().unwrap().iter().map(|gate| gate["name"].as_str().unwrap().to_owned()).collect()
}

fn notes(ran: &Ran) -> String {
    ran.json()["notes"].to_string()
}

#[test]
fn what_was_never_ours_is_not_changed_unasked() {
    let project = beside(SHOP);
    project.write("templates/all.yaml", "clients:\n  - { name: Shop, callbacks: [] }\n");
    let state = project.read(".tenantry/sandbox/dev.json");
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("gate closed[not-ours]"), "{}", ran.screen());
    assert!(ran.stdout().ends_with("    tenantry apply dev --take-over 'clients/Shop'\n"), "{}", ran.screen());
    assert_eq!(project.read(".tenantry/sandbox/dev.json"), state);
    // Nor is it deleted by who never took it over.
    project.write("templates/all.yaml", "clients: []\n");
    project.run("plan dev --exit-code").ok();
    project.write("templates/all.yaml", "clients:\n  - { name: Shop, callbacks: [] }\n");
    let ran = project.run("apply dev --yes --take-over 'clients/Shop'").ok();
    assert!(ran.stdout().contains("gate opened[not-ours]"), "{}", ran.screen());
    // From then on it is like anything else that is ours.
    project.write("templates/all.yaml", "clients:\n  - { name: Shop, callbacks: ['https://b.example'] }\n");
    assert!(gates(&project.run("plan dev --json").ok()).is_empty());
}

#[test]
fn what_is_there_as_the_files_want_it_is_noted_once() {
    let project = beside(SHOP);
    project.write("templates/all.yaml", SHOP);
    let ran = project.run("plan dev --json").ok();
    assert!(gates(&ran).is_empty(), "{}", ran.screen());
    assert!(notes(&ran).contains("clients/Shop is there already"), "{}", ran.screen());
    project.run("apply dev --yes").ok();
    let ran = project.run("plan dev --json").ok();
    assert!(!notes(&ran).contains("is there already"), "{}", ran.screen());
}

#[test]
fn who_says_by_id_or_by_policy_what_is_meant_is_not_asked() {
    let project = beside(SHOP);
    let wanted = "clients:\n  - { name: Shop, callbacks: [] }\n";
    project.write("templates/all.yaml", wanted);
    let closed = |project: &Project| gates(&project.run("plan dev --json"));
    assert_eq!(closed(&project), ["not-ours"]);
    let id = project.run("get dev clients/Shop --json").ok().json()["id"].clone();
    project.write("tenants/dev.yaml", &format!("domain: sandbox\nbind: {{ clients/Shop: {id} }}\n"));
    assert!(closed(&project).is_empty());
    project.write("tenants/dev.yaml", "domain: sandbox\npolicy: { manage: { clients: exact } }\n");
    assert!(!closed(&project).contains(&"not-ours".to_owned()));
    project.write("tenants/dev.yaml", "domain: sandbox\npolicy: { manage: { clients: additive } }\n");
    assert_eq!(closed(&project), ["not-ours"]);
    project.write("tenants/dev.yaml", "domain: sandbox\n");
    project.run("adopt dev clients/Shop").ok();
    assert!(closed(&project).is_empty());
}

#[test]
fn a_list_of_what_was_never_ours_loses_nothing_unasked() {
    let api = "resourceServers:\n  - { name: API, identifier: https://api.example, scopes: [{ value: read }, { value: write }] }\n";
    let role = |scope: &str| {
        format!(
            "roles:\n  - name: Clerk\n    permissions: [{{ permission_name: {scope}, resource_server_identifier: https://api.example }}]\n"
        )
    };
    let project = beside(&format!("{api}{}", role("read")));
    project.write("templates/all.yaml", &role("write"));
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("--take-over 'roles/Clerk/permissions'"), "{}", ran.screen());
    project.run("apply dev --yes --take-over 'roles/Clerk'").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn what_an_apply_was_cut_short_at_is_not_asked_again() {
    let project = beside("roles:\n  - { name: A, description: old }\n  - { name: B, description: old }\n");
    project
        .write("templates/all.yaml", "roles:\n  - { name: A, description: new }\n  - { name: B, description: new }\n");
    project.commit("both");
    project.write(
        "faults.json",
        r#"[{"at": {"method": "PATCH", "path": "/roles/*"}, "times": 1, "what": {"status": {"status": 400, "message": "no"}}}]"#,
    );
    let project = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    project.run("apply dev --yes --take-over 'roles/*'").code(3);
    project.write("faults.json", "[]");
    project.run("apply dev --yes --resume").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn a_return_to_when_it_was_ours_is_not_asked() {
    let project = beside("rules: []\n");
    project.write("templates/all.yaml", "roles:\n  - { name: A, description: one }\n");
    let then = project.commit("one");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "rules: []\n");
    project.commit("released");
    project.run("apply dev --yes").ok();
    // Somebody goes on with it.
    let state = project.read(".tenantry/sandbox/dev.json");
    assert!(state.contains("\"one\""));
    project.write(".tenantry/sandbox/dev.json", &state.replace("\"one\"", "\"theirs\""));
    let ran = project.run(&format!("rollback dev --to {then} --yes")).ok();
    assert!(!ran.stdout().contains("not-ours"), "{}", ran.screen());
}

#[test]
fn what_auth0_puts_into_every_tenant_is_nobodys() {
    let project = beside("rules: []\n");
    project.write(
        "templates/all.yaml",
        "resourceServers:\n  - { name: Auth0 Management API, identifier: https://sandbox/api/v2/, token_lifetime: 7200 }\n",
    );
    let ran = project.run("plan dev --json");
    assert!(!gates(&ran).contains(&"not-ours".to_owned()), "{}", ran.screen());
    assert!(!notes(&ran).contains("is there already"), "{}", ran.screen());
}
