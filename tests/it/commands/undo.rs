//! `tenantry apply --undo`.

use crate::support::Project;

const TEMPLATE: &str = "databases: [{ name: users, strategy: auth0 }]
resourceServers: [{ name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }] }]
roles:
  - { name: Reader, description: Reads, permissions: [{ resource_server_identifier: https://orders.example, permission_name: 'read:orders' }] }
";

#[test]
fn what_is_protected_goes_only_behind_its_gate_though_the_apply_made_it() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", TEMPLATE);
    project.run_binary("apply dev --yes").ok();
    // Somebody may have signed up meanwhile.
    let ran = project.run_binary("apply dev --undo --yes").code(4);
    assert!(ran.stdout().contains("- databases/users  (the apply made it)"), "{}", ran.screen());
    assert!(ran.stdout().contains("apply dev --undo --allow-delete 'databases/users'"), "{}", ran.screen());
    project.run_binary("plan dev --exit-code").ok();
    project.run_binary("apply dev --undo --yes --allow-delete databases/users").ok();
    let plan = project.run_binary("plan dev --json").ok().json();
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(4), "{plan}");
    project.run_binary("apply dev --undo --yes").code(64);
}

#[test]
fn what_was_changed_and_deleted_comes_back_and_what_cannot_is_said() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", TEMPLATE);
    project.commit("first");
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &TEMPLATE.replace("name: Reader, description: Reads, ", "name: Writer, "));
    project.run_binary("apply dev --yes").ok();
    let ran = project.run_binary("apply dev --undo --yes").ok();
    assert!(ran.stdout().contains("+ roles/Reader"), "{}", ran.screen());
    assert!(ran.stdout().contains("- roles/Writer  (the apply made it)"), "{}", ran.screen());
    assert!(ran.stdout().contains("cannot come back: roles/Reader comes back with a new id"), "{}", ran.screen());
    assert!(ran.stdout().contains("+ roles/Reader/permissions"), "what hangs on it comes back too: {}", ran.screen());
    project.write("templates/all.yaml", TEMPLATE);
    project.run_binary("plan dev --exit-code").ok();
}

#[test]
fn the_journal_of_another_tenant_is_refused() {
    let project =
        Project::new().tenant("dev", "domain: sandbox\n").tenant("test", "domain: sandbox\n").template("all", TEMPLATE);
    project.run_binary("apply dev --yes").ok();
    let journal = ".tenantry/sandbox/dev/journal.last.jsonl";
    let ran = project.run_binary(&format!("apply test --undo --yes --journal {journal}")).code(64);
    assert!(ran.stderr().contains("is of dev (sandbox)"), "{}", ran.screen());
}

#[test]
fn a_rotation_is_not_taken_back_by_another_one() {
    let keys = |algorithm| {
        format!(
            "connections: [{{ name: op, strategy: okta, options: {{ client_id: a, domain: x.okta.com }}, \
             keys: {{ signing_alg: {algorithm} }} }}]\n"
        )
    };
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", &keys("RS256"));
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &keys("ES256"));
    project.run_binary("apply dev --yes --allow-replace connections/op/keys").ok();
    let state = || std::fs::read(project.path(".tenantry/sandbox/dev.json")).ok();
    let before = state();
    let ran = project.run_binary("apply dev --undo --yes").ok();
    assert!(ran.stdout().contains("cannot come back: connections/op/keys was rotated"), "{}", ran.screen());
    assert_eq!(before, state(), "something was written");
}
