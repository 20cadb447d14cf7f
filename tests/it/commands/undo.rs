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

const HELD: &str = "clients:
  - { name: Web, app_type: regular_web }
  - { name: Jobs, app_type: non_interactive }
resourceServers: [{ name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }] }]
clientGrants: [{ client_id: Jobs, audience: https://orders.example, scope: ['read:orders'], organization_usage: allow }]
databases: [{ name: users, strategy: auth0, enabled_clients: [Web, Jobs] }]
connections:
  - { name: google-oauth2, strategy: google-oauth2, options: { client_id: abc }, enabled_clients: [Web] }
organizations:
  - name: acme
    connections: [{ name: google-oauth2, assign_membership_on_login: true }]
    client_grants: [{ client_id: Jobs }]
actions:
  - name: Gate
    code: exports.onExecutePostLogin = async () => {};
    deployed: true
    supported_triggers: [{ id: post-login, version: v3 }]
triggers: { post-login: [{ action_name: Gate }] }
";

/// The same with three things less, and no word of the lists that hold them.
const LESS: &str = "clients: [{ name: Web, app_type: regular_web }]
resourceServers: [{ name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }] }]
clientGrants: []
databases: [{ name: users, strategy: auth0 }]
connections: []
organizations: [{ name: acme }]
actions: []
";

#[test]
fn lists_that_held_what_was_deleted_hold_it_again() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", HELD);
    project.commit("first");
    project.run_binary("apply dev --yes").ok();
    project.run_binary("export dev --to before").ok();
    project.write("templates/all.yaml", LESS);
    let all = "--allow-empty * --allow-unbind * --max-deletes 9 --allow-delete *";
    let ran = project.run_binary(&format!("apply dev --yes {all}")).ok();
    assert!(ran.stdout().contains("4 deleted"), "{}", ran.screen());
    let ran = project.run_binary("apply dev --undo --yes").ok();
    project.run_binary("export dev --to after").ok();
    let (before, after) = (project.files("before"), project.files("after"));
    for path in before.keys().filter(|path| path.contains("templates/")) {
        assert_eq!(text(after.get(path)), text(before.get(path)), "{path}\n{}", ran.screen());
    }
}

#[test]
fn lists_that_are_too_many_to_read_are_said() {
    let connection = "connections: [{ name: google-oauth2, strategy: google-oauth2, options: { client_id: abc } }]\n";
    let organizations: String = (0..251).map(|n| format!("  - name: org-{n}\n")).collect();
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("organizations", &format!("organizations:\n{organizations}"))
        .template("connections", connection);
    project.commit("first");
    project.run("apply dev --yes").ok();
    project.write("templates/connections.yaml", "connections: []\n");
    let ran = project.run("apply dev --yes --allow-empty *").ok();
    let unread = "organization connections of 251 organizations are not read";
    assert!(ran.stdout().contains(&format!("{unread}: an undo would not bring that back")), "{}", ran.screen());
    let ran = project.run("apply dev --undo --yes").ok();
    let lost = format!("cannot come back: what went with connections/google-oauth2: {unread}");
    assert!(ran.stdout().contains(&lost), "{}", ran.screen());
}

fn text(bytes: Option<&Vec<u8>>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// Roles that the files name otherwise than the tenant.
fn keyed(names: [&str; 2], description: &str, permission: &str) -> String {
    let role = |(key, name): (&str, &str)| {
        format!(
            "  - {{ $key: {key}, name: {name}, description: {key} {description}, permissions: \
             [{{ resource_server_identifier: https://orders.example, permission_name: {permission} }}] }}\n"
        )
    };
    let roles: String = ["one", "two"].into_iter().zip(names).map(role).collect();
    let scopes = "[{ value: a }, { value: b }]";
    format!("resourceServers: [{{ name: O, identifier: https://orders.example, scopes: {scopes} }}]\nroles:\n{roles}")
}

#[test]
fn names_that_went_round_go_back_each_to_its_object_wherever_the_apply_was_cut() {
    let state = |project: &Project| {
        let plan = project.run("plan dev --exit-code").ok();
        assert!(plan.stdout().contains(" 0 unmanaged"), "{}", plan.screen());
        let all = project.run("history dev last --json").ok().json();
        ["roles/one", "roles/two"].map(|a| all["applied"]["resources"][a]["id"].clone()).to_vec()
    };
    for cut in 2..=6 {
        let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", &keyed(["A", "B"], "old", "a"));
        git2::Repository::init(project.path(".")).unwrap();
        project.commit("first");
        project.run_binary("apply dev --yes").ok();
        let before = state(&project);
        project.write("templates/all.yaml", &keyed(["B", "A"], "new", "b"));
        project.commit("round");
        project.write("faults.json", &format!(r#"[{{"at": {{"write": {cut}}}, "what": "die_before"}}]"#));
        let mut dies = project.command("apply dev --yes");
        dies.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap();
        let undone = project.run_binary("apply dev --undo --yes").ok();
        assert!(!undone.stdout().contains("+ roles/"), "{cut}: {}", undone.screen());
        project.write("templates/all.yaml", &keyed(["A", "B"], "old", "a"));
        project.commit("back");
        assert_eq!(state(&project), before, "{cut}");
    }
}

#[test]
fn what_lies_in_something_that_the_files_name_otherwise_comes_back_into_it() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", &keyed(["A", "B"], "x", "a"));
    git2::Repository::init(project.path(".")).unwrap();
    project.commit("first");
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &keyed(["A", "B"], "x", "b"));
    project.commit("permissions");
    project.run_binary("apply dev --yes").ok();
    let undone = project.run_binary("apply dev --undo --yes").ok();
    assert!(!undone.stdout().contains("+ roles/one\n"), "{}", undone.screen());
    project.write("templates/all.yaml", &keyed(["A", "B"], "x", "a"));
    project.commit("back");
    project.run_binary("plan dev --exit-code").ok();
}

#[test]
fn what_lies_in_an_object_that_somebody_renamed_is_read_where_it_is() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", &keyed(["A", "B"], "x", "a"));
    git2::Repository::init(project.path(".")).unwrap();
    project.commit("first");
    project.run_binary("apply dev --yes").ok();
    let tenant = project.read(".tenantry/sandbox/dev.json");
    assert!(tenant.contains("\"A\""));
    project.write(".tenantry/sandbox/dev.json", &tenant.replace("\"A\"", "\"Renamed\""));
    let plan = project.run("plan dev").code(4);
    assert!(plan.stdout().contains("\"Renamed\" -> \"A\""), "{}", plan.screen());
    assert!(plan.stdout().contains("0 to create, 1 to update"), "{}", plan.screen());
}

fn next(project: &Project, text: &str) {
    project.says(text);
    project.run("apply dev --yes --max-deletes 9").ok();
}

#[test]
fn what_is_deleted_comes_back_under_its_key() {
    let apis = "resourceServers: [{ name: Api, identifier: https://api, scopes: [{ value: r }] }]\n";
    let project = Project::applied(&format!(
        "{apis}clients: [{{ $key: job, name: Job }}]\nroles: [{{ $key: r, name: Role, permissions: \
         [{{ resource_server_identifier: https://api, permission_name: r }}] }}]\nclientGrants: \
         [{{ $key: g1, client_id: Job, audience: https://api, scope: [r] }}]\n"
    ));
    next(&project, &format!("{apis}clients: []\nroles: []\nclientGrants: []\n"));
    let undone = project.run("apply dev --undo --yes").ok();
    assert!(undone.stdout().contains("Applied: 4 created, 0 updated, 0 deleted."), "{}", undone.screen());
    for address in ["clients/job", "roles/r", "clientGrants/g1"] {
        assert!(undone.stdout().contains(&format!("+ {address}\n")), "{}", undone.screen());
    }
    let applied = project.run("history dev last --json").ok().json();
    assert!(applied["applied"]["resources"]["clientGrants/g1"].is_object(), "{applied:#}");
}

#[test]
fn what_somebody_did_since_is_not_overwritten_without_a_word() {
    let roles = |text: &str| format!("roles: [{{ name: A, description: {text} }}]\n");
    let project = Project::applied(&roles("one"));
    next(&project, &roles("two"));
    let sandbox = project.read(".tenantry/sandbox/dev.json");
    project.write(".tenantry/sandbox/dev.json", &sandbox.replace("\"two\"", "\"by hand\""));
    let refused = project.run("apply dev --undo --yes").code(4);
    assert!(refused.stdout().contains("gate closed[drift]"), "{}", refused.screen());
    assert!(refused.stdout().contains("\"by hand\" -> \"one\""), "{}", refused.screen());
    assert_eq!(project.read(".tenantry/sandbox/dev.json").matches("by hand").count(), 1);
    let undone = project.run("apply dev --undo --yes --accept-drift").ok();
    assert!(undone.stdout().contains("gate opened[drift]"), "{}", undone.screen());
    project.run("apply dev --undo --yes").code(64);
}

#[test]
fn a_later_record_is_not_undone_with_an_earlier_one() {
    let roles = |text: &str| format!("roles: [{{ name: A, description: {text} }}]\n");
    let project = Project::applied(&roles("one"));
    next(&project, &roles("two"));
    // As on another machine: its journal is of the apply before the last.
    let journal = project.read(".tenantry/sandbox/dev/journal.last.jsonl");
    next(&project, "roles: [{ name: A, description: two }, { name: B }]\n");
    project.write(".tenantry/sandbox/dev/journal.last.jsonl", &journal);
    let refused = project.run("apply dev --undo --yes").code(4);
    assert!(refused.stdout().contains("record #3 (apply by "), "{}", refused.screen());
    assert!(refused.stdout().ends_with("    tenantry apply dev --undo --accept-drift\n"), "{}", refused.screen());
    project.run("apply dev --undo --yes --accept-drift").ok();
    // Nobody can say what it holds as a whole now.
    let refused = project.tenant("test", "domain: sandbox\n").run("promote dev test --yes").code(64);
    assert!(refused.stderr().contains("record #4 took an apply back"), "{}", refused.screen());
}

#[test]
fn what_was_taken_back_is_not_what_the_tenant_has() {
    let roles = |text: &str| format!("roles: [{{ name: A, description: {text} }}]\n");
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .tenant("test", "domain: sandbox\n")
        .file(".gitignore", ".tenantry/\n");
    next(&project, &roles("one"));
    next(&project, &roles("two"));
    project.run("apply dev --undo --yes").ok();
    let shown = project.run("history dev last").ok();
    assert!(shown.stdout().contains("undoes   record #2"), "{}", shown.screen());
    let status = project.run("status --json").ok().json();
    assert_eq!((&status["tenants"][0]["applied"]["record"], &status["tenants"][0]["behind"]), (&1.into(), &1.into()));
    project.run("promote dev test --yes --first-apply").ok();
    assert_eq!(project.run("get test roles/A:description").ok().stdout(), "one\n");
    // An undo of a rollback takes its hold with it.
    project.run("apply dev --yes").ok();
    project.run("rollback dev --to 1 --yes").ok();
    project.run("plan dev").code(4);
    project.run("apply dev --undo --yes").ok();
    project.run("plan dev --exit-code").ok();
}
