//! `tenantry apply`

use std::process::Stdio;

use crate::support::Project;

const ROLE: &str = "roles:\n  - name: Reader\n    description: Reads\n";

#[test]
fn an_apply_shows_the_plan_the_steps_and_the_result() {
    let project = Project::deploy_cli(ROLE);
    insta::assert_snapshot!(project.run(&Project::deploying("apply --yes")).screen(), @r#"
    $ tenantry apply --yes --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    + roles/Reader
        name:        "Reader"
        description: "Reads"

    Plan: 1 to create, 0 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 1.

    acme -> acme.eu.auth0.com (sandbox)

    Applied: 1 created, 0 updated, 0 deleted. 1 write.
    --- stderr ---
    created roles/Reader (… s)
    note: this folder is in no git repository: no record is kept, and what the files leave out is never known to be ours
    --- exit 0 ---
    "#);
    insta::assert_snapshot!(project.run(&Project::deploying("apply --yes")).screen(), @r"
    $ tenantry apply --yes --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    No changes. The tenant matches. 1 unchanged, 0 unmanaged objects left alone.
    Read with 1 request.
    --- exit 0 ---
    ");
}

#[test]
fn only_yes_is_taken_for_yes() {
    let project = Project::deploy_cli(ROLE).typing("y\n");
    insta::assert_snapshot!(project.run(&Project::deploying("apply")).screen(), @r#"
    $ tenantry apply --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    + roles/Reader
        name:        "Reader"
        description: "Reads"

    Plan: 1 to create, 0 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 1.
    --- stderr ---

    acme -> acme.eu.auth0.com (sandbox)
    Apply this? Only "yes" is accepted: error: not applied: it was not answered with yes
    --- exit 1 ---
    "#);
    assert!(!project.path(".tenantry/sandbox/acme.json").exists());
    assert!(!project.path(".tenantry/sandbox/acme/journal.jsonl").exists());
    let project = project.typing("yes\n");
    project.run(&Project::deploying("apply")).ok();
    project.run(&Project::deploying("plan --exit-code")).ok();
}

#[test]
fn a_change_of_one_field_is_one_write_and_no_change_is_none() {
    let project = Project::deploy_cli(ROLE);
    project.run(&Project::deploying("apply --yes")).ok();
    project.write("tenant.yaml", &ROLE.replace("Reads", "Reads all"));
    let result = project.run(&Project::deploying("apply --yes --json")).ok().json();
    assert_eq!(result["format"], "tenantry-result");
    assert_eq!(result["summary"]["writes"], 1);
    assert_eq!(result["steps"][0]["result"], "updated");
    let result = project.run(&Project::deploying("apply --yes --json")).ok().json();
    assert_eq!((&result["applied"], &result["summary"]["writes"]), (&false.into(), &0.into()));
}

#[test]
fn closed_gates_are_shown_together_with_the_command_that_opens_them() {
    let many: String = (1..=7).map(|n| format!("  - name: Role {n}\n")).collect();
    let project = Project::deploy_cli(&format!("roles:\n{many}")).env("AUTH0_ALLOW_DELETE", "true");
    project.run(&Project::deploying("apply --yes")).ok();
    project.write("tenant.yaml", "roles: []\n");
    insta::assert_snapshot!(project.run(&Project::deploying("apply --yes")).screen(), @r"
    $ tenantry apply --yes --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    - roles/Role 1  (not in the files, and the policy is exact)
    - roles/Role 2  (not in the files, and the policy is exact)
    - roles/Role 3  (not in the files, and the policy is exact)
    - roles/Role 4  (not in the files, and the policy is exact)
    - roles/Role 5  (not in the files, and the policy is exact)
    - roles/Role 6  (not in the files, and the policy is exact)
    - roles/Role 7  (not in the files, and the policy is exact)

    Plan: 0 to create, 0 to update, 0 to replace, 7 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 7.

    gate closed[max_deletes]: 7 deletions (7 of 7 roles), and the policy allows 5
      roles/Role 1
      roles/Role 2
      roles/Role 3
      roles/Role 4
      roles/Role 5
      roles/Role 6
      roles/Role 7
      opens with --max-deletes 7
    gate closed[emptied]: all 7 roles would be deleted
      roles/Role 1
      roles/Role 2
      roles/Role 3
      roles/Role 4
      roles/Role 5
      roles/Role 6
      roles/Role 7
      opens with --allow-empty roles

    This opens exactly these gates:

        tenantry apply --deploy-cli tenant.yaml --config config.json --sandbox --max-deletes 7 --allow-empty roles
    --- exit 4 ---
    ");
    project.run(&Project::deploying("plan")).code(4);
    project.run(&Project::deploying("plan --exit-code")).code(4);
    project.run(&Project::deploying("apply --yes --max-deletes 7 --allow-empty roles")).ok();
    project.run(&Project::deploying("plan --exit-code")).ok();
}

#[test]
fn a_secret_without_a_value_is_an_error_of_an_apply_even_if_nothing_else_changes() {
    let tenant = "domain: sandbox\nsecrets: { key: { env: API_KEY } }\n";
    let action = "actions:\n  - name: A\n    code: 'exports.a = 1;'\n    runtime: node22\n    supported_triggers: [{ id: post-login, version: v3 }]\n    secrets: [{ name: K, value: '{{secret \"key\"}}' }]\n";
    let project = Project::new().tenant("dev", tenant).template("all", action).file(".gitignore", ".tenantry\n");
    project.commit("one");
    let project = project.env("API_KEY", "hunter2");
    project.run("apply dev --yes").ok();
    // The rotation that comes under a misspelt name.
    let project = project.env("API_KEY", "");
    let planned = project.run("plan dev").ok();
    assert!(planned.stdout().contains("is not available here and was not compared"), "{}", planned.screen());
    let ran = project.run("apply dev --yes").code(65);
    assert!(ran.stderr().contains("these secrets have no value here: actions/A"), "{}", ran.screen());
    project.env("API_KEY", "hunter2").run("apply dev --yes").ok();
}

#[test]
fn a_secret_never_shows_and_is_sent_again_only_when_it_changes() {
    let provider = "emailProvider:\n  name: smtp\n  enabled: true\n  default_from_address: a@acme.example\n  credentials:\n    smtp_host: smtp.acme.example\n    smtp_port: 587\n    smtp_user: acme\n    smtp_pass: '@@SMTP_PASS@@'\n";
    let provider = provider.replace("'@@SMTP_PASS@@'", "'##SMTP_PASS##'");
    let config = |pass: &str| {
        format!(
            r#"{{"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {{"SMTP_PASS": "{pass}"}}}}"#
        )
    };
    let project = Project::deploy_cli(&provider).file("config.json", &config("hunter2-first"));
    let first = project.run(&Project::deploying("apply --yes")).ok();
    assert!(!first.screen().contains("hunter2"), "{}", first.screen());
    project.run(&Project::deploying("plan --exit-code")).ok();
    project.write("config.json", &config("hunter2-second"));
    let changed = project.run(&Project::deploying("plan --exit-code")).code(2);
    assert!(!changed.screen().contains("hunter2"), "{}", changed.screen());
    insta::assert_snapshot!(changed.stdout(), @r"
    acme -> acme.eu.auth0.com (sandbox)

    ~ emailProvider
        ~ credentials.smtp_pass: (secret credentials.smtp_pass) changed

    Plan: 0 to create, 1 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 1.
    ");
    project.run(&Project::deploying("apply --yes")).ok();
    project.run(&Project::deploying("plan --exit-code")).ok();
}

#[test]
fn a_reader_that_leaves_stops_no_apply() {
    let many: String = (1..=300).map(|n| format!("  - name: Role {n}\n")).collect();
    let project = Project::deploy_cli(&format!("roles:\n{many}"));
    let mut child = project
        .command(&Project::deploying("apply --yes"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    project.run(&Project::deploying("plan --exit-code")).ok();
}

#[test]
fn uncommitted_files_close_a_gate_where_the_policy_says_so() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\npolicy:\n  require_clean: true\n")
        .template("roles", ROLE)
        .file(".gitignore", ".tenantry/\n");
    let commit = project.commit("first");
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(plan["provenance"]["commit"], commit);
    project.run("apply dev --yes").ok();
    project.write("templates/roles.yaml", &ROLE.replace("Reads", "Reads all"));
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().ends_with("    tenantry apply dev --allow-dirty\n"), "{}", ran.screen());
    project.run("apply dev --yes --allow-dirty").ok();
}

#[test]
fn a_value_that_the_server_did_not_take_is_told_where_it_was_declared() {
    let project = Project::deploy_cli(ROLE).env("TENANTRY_SANDBOX_FAULTS", "faults.json").file("faults.json", "[]");
    project.run(&Project::deploying("apply --yes")).ok();
    project.write("tenant.yaml", &ROLE.replace("Reads", "Reads all"));
    project.write("faults.json", r#"[{"at": {"write": 1}, "what": "ignored"}]"#);
    insta::assert_snapshot!(project.run(&Project::deploying("apply --yes")).code(3).stdout(), @r#"
    acme -> acme.eu.auth0.com (sandbox)

    ~ roles/Reader
        ~ description: "Reads" -> "Reads all"

    Plan: 0 to create, 1 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 1.

    acme -> acme.eu.auth0.com (sandbox)

    error: roles/Reader: the server kept `description`: asked "Reads all", has "Reads"
      declared at: tenant.yaml:3:5
      field: description
      request: PATCH /roles/rol_K3tuzE5sIg0tYyfl answered 200
      help: The server answered that all went well. Apply again; if it stays so, the tenant does not take the value: correct the file, or look whether its plan includes the feature.

    Applied in part: 0 created, 0 updated, 0 deleted, 1 failed, 0 skipped. 1 write.
    "#);
    project.write("faults.json", r#"[{"at": {"write": 1}, "what": "altered"}]"#);
    let result = project.run(&Project::deploying("apply --yes --json --accept-drift")).code(3).json();
    let [step] = result["steps"].as_array().unwrap().as_slice() else { panic!("{result:#}") };
    assert_eq!((&step["result"], &step["status"]), (&"failed".into(), &200.into()));
    let kept = serde_json::json!([{"path": "description", "asked": "Reads all", "has": "Reads all altered"}]);
    assert_eq!(step["not_kept"], kept);
    project.write("faults.json", "[]");
    project.run(&Project::deploying("apply --yes --accept-drift")).ok();
    project.run(&Project::deploying("plan --exit-code")).ok();
}

#[test]
fn a_failure_says_where_what_and_why_and_what_hangs_on_it_is_skipped() {
    let text = "resourceServers:
  - name: orders
    identifier: orders
    scopes: [{ value: 'read:orders' }]
roles:
  - name: Reader
    permissions: [{ resource_server_identifier: orders, permission_name: 'read:orders' }]
  - name: Writer
";
    let fault = r#"[{"at": {"method": "POST", "path": "/resource-servers"}, "what": {"status": {"status": 400,
        "code": "invalid_body", "headers": {"x-correlation-id": "req-1"},
        "message": "Payload validation error: 'Too short' on property scopes (List of permissions)."}}}]"#;
    let project = Project::deploy_cli(text).file("faults.json", fault).env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    let ran = project.run(&Project::deploying("apply --yes")).code(3);
    let (_, end) = ran.stdout().rsplit_once("(sandbox)\n\n").unwrap();
    insta::assert_snapshot!(end, @r"
    error: resourceServers/orders: Payload validation error: 'Too short' on property scopes (List of permissions).
      declared at: tenant.yaml:4:5
      field: scopes
      request: POST /resource-servers answered 400 invalid_body
      request id: req-1
      help: Correct the field in the file and apply again.

    Applied in part: 2 created, 0 updated, 0 deleted, 1 failed, 1 skipped. 2 writes.
    ");
    assert!(
        ran.stderr().contains("skipped roles/Reader/permissions, because of resourceServers/orders"),
        "{}",
        ran.screen()
    );
    project.write("tenant.yaml", &text.replace("Writer", "Clerk"));
    let result = project.run(&Project::deploying("apply --yes --json")).code(3).json();
    let steps = result["steps"].as_array().unwrap();
    let of = |address: &str| steps.iter().find(|step| step["address"] == address).unwrap();
    let failed = of("resourceServers/orders");
    assert_eq!(failed["place"], serde_json::json!({"file": "tenant.yaml", "line": 4, "column": 5}));
    assert_eq!((&failed["field"], &failed["status"]), (&"scopes".into(), &400.into()));
    assert_eq!((&failed["request_id"], &failed["error_code"]), (&"req-1".into(), &"invalid_body".into()));
    assert_eq!(of("roles/Reader/permissions")["because"], "resourceServers/orders");
    assert_eq!(of("roles/Clerk")["result"], "created");
    assert_eq!((&result["summary"]["failed"], &result["summary"]["skipped"]), (&1.into(), &1.into()));
}

#[test]
fn a_secret_that_waits_behind_another_step_of_its_object_is_not_taken_for_sent() {
    let actions = |names: [&str; 2]| {
        let action = |(key, name): (&str, &str)| {
            format!(
                "  - {{ $key: {key}, name: {name}, code: 'exports.a = 1;', runtime: node22, supported_triggers: \
                 [{{ id: post-login, version: v3 }}], secrets: [{{ name: K, value: '{{{{secret \"{key}\"}}}}' }}] }}\n"
            )
        };
        format!("actions:\n{}", ["one", "two"].into_iter().zip(names).map(action).collect::<String>())
    };
    let tenant = "domain: sandbox\nsecrets: { one: { env: ONE }, two: { env: TWO } }\n";
    let project = Project::new().tenant("dev", tenant).template("all", &actions(["A", "B"]));
    git2::Repository::init(project.path(".")).unwrap();
    project.commit("first");
    let project = project.env("ONE", "value-of-yesterday").env("TWO", "value-of-two");
    project.run("apply dev --yes").ok();
    // The names go round, so that `one` is called otherwise first; then nothing more is taken.
    project.write("templates/all.yaml", &actions(["B", "A"]));
    project.commit("round");
    project.write("faults.json", r#"[{"at": {"write": 2}, "what": {"status": {"status": 400}}}]"#);
    let project = project.env("ONE", "value-of-today");
    let project = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    project.run("apply dev --yes").code(3);
    let project = project.env("TENANTRY_SANDBOX_FAULTS", "none.json").file("none.json", "[]");
    let left = project.run("plan dev").ok();
    assert!(left.stdout().contains("secrets[K].value: (secret one) changed"), "{}", left.screen());
    project.run("apply dev --resume --yes").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn what_is_ignored_of_an_answer_fails_no_create() {
    let made = |settings: &str| {
        let project = Project::new()
            .tenant("dev", &format!("domain: sandbox\n{settings}"))
            .template("all", "clients: [{ name: Web, description: ours, app_type: spa }]\n")
            .file("faults.json", r#"[{"at": {"method": "POST"}, "what": "altered"}]"#);
        project.env("TENANTRY_SANDBOX_FAULTS", "faults.json").run("apply dev --yes")
    };
    let told = made("").code(3);
    assert!(told.stdout().contains("the server kept `description`"), "{}", told.screen());
    made("policy: { ignore: ['clients/*:description'] }\n").ok();
}

#[test]
fn a_second_look_finds_what_an_answer_without_a_body_did_not_say() {
    let text =
        "clients: [{ name: Web }]\nconnections: [{ name: google, strategy: google-oauth2, enabled_clients: [Web] }]\n";
    let project = Project::deploy_cli(text).env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    let fault =
        r#"[{"at": {"method": "PATCH", "path": "/connections/*/clients"}, "what": {"status": {"status": 204}}}]"#;
    project.write("faults.json", fault);
    let ran = project.run(&Project::deploying("apply --yes --verify")).code(3);
    let (_, end) = ran.stdout().rsplit_once("(sandbox)\n\n").unwrap();
    insta::assert_snapshot!(end, @r#"
    Applied: 3 created, 0 updated, 0 deleted. 3 writes.

    error: planned again, this is left of what was to be done:

    + connections/google/enabled_clients
        + "Web"

    Read with 9 requests. Somebody may be changing the tenant, or it does not take these values.
    "#);
    project.write("faults.json", fault);
    let result = project.run(&Project::deploying("apply --yes --verify --json")).code(3).json();
    assert_eq!(result["verified"]["settled"], false);
    assert_eq!(result["verified"]["left"][0]["address"], "connections/google/enabled_clients");
    project.write("faults.json", "[]");
    let ran = project.run(&Project::deploying("apply --yes --verify")).ok();
    let (_, end) = ran.stdout().rsplit_once("(sandbox)\n\n").unwrap();
    insta::assert_snapshot!(end, @"
    Applied: 1 created, 0 updated, 0 deleted. 1 write.
    Verified: planned again, nothing is left to do. Read with 3 requests.
    ");
}
