//! `tenantry plan`

use serde_json::json;

use crate::support::Project;

const ROLES: &str = "
roles:
  - name: Reader
    description: Reads reports
    permissions:
      - permission_name: read:reports
        resource_server_identifier: https://api.acme.example
resourceServers:
  - name: Reports
    identifier: https://api.acme.example
    scopes:
      - value: read:reports
        description: Read reports
";

#[test]
fn a_plan_shows_what_would_be_made_and_makes_nothing() {
    let project = Project::deploy_cli(ROLES);
    insta::assert_snapshot!(project.run(&Project::deploying("plan")).screen(), @r#"
    $ tenantry plan --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    + resourceServers/https:%2F%2Fapi.acme.example
        name:       "Reports"
        identifier: "https://api.acme.example"
        scopes:     [{value: "read:reports", description: "Read reports"}]

    + roles/Reader
        name:        "Reader"
        description: "Reads reports"

    + roles/Reader/permissions
        + {permission_name: "read:reports", resource_server_identifier: "https://api.acme.example"}

    Plan: 3 to create, 0 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 2 requests; applying sends at least 3.
    --- exit 0 ---
    "#);
    project.run(&Project::deploying("plan --exit-code")).code(2);
    assert!(!project.path(".tenantry").exists());
}

#[test]
fn a_changed_field_shows_before_and_after_and_a_matching_tenant_shows_nothing() {
    let project = Project::deploy_cli(ROLES);
    project.run(&Project::deploying("apply --yes")).ok();
    insta::assert_snapshot!(project.run(&Project::deploying("plan --exit-code")).screen(), @r"
    $ tenantry plan --exit-code --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    No changes. The tenant matches. 3 unchanged, 0 unmanaged objects left alone.
    Read with 3 requests.
    --- exit 0 ---
    ");
    let changed = ROLES
        .replace("Reads reports", "Reads all reports")
        .replace("      - value: read:reports\n", "      - value: write:reports\n      - value: read:reports\n");
    project.write("tenant.yaml", &changed);
    insta::assert_snapshot!(project.run(&Project::deploying("plan --exit-code")).code(2).screen(), @r#"
    $ tenantry plan --exit-code --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    ~ resourceServers/https:%2F%2Fapi.acme.example
        ~ scopes:
            + {value: "write:reports"}

    ~ roles/Reader
        ~ description: "Reads reports" -> "Reads all reports"

    Plan: 0 to create, 2 to update, 0 to replace, 0 to delete. 1 unchanged, 0 unmanaged objects left alone.
    Read with 3 requests; applying sends at least 2.
    --- exit 2 ---
    "#);
}

#[test]
fn code_is_compared_line_by_line() {
    let action = |code: &str| {
        format!(
            "actions:\n  - name: Stamp\n    code: ./stamp.js\n    supported_triggers: [{{ id: post-login, version: v3 }}]\n    deployed: true\n#{code}"
        )
    };
    let project = Project::deploy_cli(&action(""))
        .file("stamp.js", "exports.onExecutePostLogin = async (event) => {\n  one();\n  two();\n};\n");
    project.run(&Project::deploying("apply --yes")).ok();
    project.write("stamp.js", "exports.onExecutePostLogin = async (event) => {\n  one();\n  three();\n};\n");
    insta::assert_snapshot!(project.run(&Project::deploying("plan")).screen(), @r"
    $ tenantry plan --deploy-cli tenant.yaml --config config.json --sandbox
    acme -> acme.eu.auth0.com (sandbox)

    ~ actions/Stamp
        ~ code:
            @@ -1,4 +1,4 @@
             exports.onExecutePostLogin = async (event) => {
               one();
            -  two();
            +  three();
             };

    Plan: 0 to create, 1 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 2.
    --- exit 0 ---
    ");
}

#[test]
fn the_plan_is_one_json_document_with_a_version() {
    let project = Project::deploy_cli(ROLES);
    let plan = project.run(&Project::deploying("plan --json --exit-code")).code(2).json();
    assert_eq!(plan["format"], "tenantry-plan");
    assert_eq!(plan["version"], 1);
    assert_eq!((&plan["tenant"], &plan["domain"]), (&json!("acme"), &json!("acme.eu.auth0.com")));
    assert_eq!(plan["summary"]["create"], 3);
    let addresses: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|change| &change["address"]).collect();
    assert_eq!(
        json!(addresses),
        json!(["resourceServers/https:%2F%2Fapi.acme.example", "roles/Reader", "roles/Reader/permissions"])
    );
    let again = project.run(&Project::deploying("plan --json --exit-code")).code(2);
    assert_eq!(again.json(), plan);
}

#[test]
fn a_target_brings_along_what_it_needs_and_an_exclusion_leaves_out() {
    let project = Project::deploy_cli(ROLES);
    let addresses = |flags: &str| {
        let plan = project.run(&Project::deploying(&format!("plan --json {flags}"))).ok().json();
        let changes = plan["changes"].as_array().unwrap().clone();
        changes.iter().map(|change| change["address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        addresses("--target roles/Reader"),
        ["resourceServers/https:%2F%2Fapi.acme.example", "roles/Reader", "roles/Reader/permissions"]
    );
    assert_eq!(addresses("--exclude roles"), ["resourceServers/https:%2F%2Fapi.acme.example"]);
    let ran = project.run(&Project::deploying("plan --exclude rolls")).code(65);
    assert!(ran.stderr().contains("Did you mean `--exclude roles`?"), "{}", ran.screen());
}

#[test]
fn findings_stop_a_plan_and_show_their_line() {
    let project = Project::deploy_cli("roles:\n  - name: Reader\nrols: []\n");
    insta::assert_snapshot!(project.run(&Project::deploying("plan")).screen(), @r"
    $ tenantry plan --deploy-cli tenant.yaml --config config.json --sandbox
    --- stderr ---
    error[unknown-key]: there is no kind `rols`
     --> tenant.yaml:3:1
      |
    3 | rols: []
      | ^^^^
      |
      = help: Did you mean `roles`?

    1 error
    --- exit 65 ---
    ");
    let failure = project.run(&Project::deploying("plan --json")).code(65).json();
    assert_eq!(failure["findings"][0]["place"], json!({"file": "tenant.yaml", "line": 3, "column": 1}));
}

#[test]
fn a_workspace_needs_to_be_told_which_tenant() {
    let project = Project::new()
        .template("roles", "roles: []\n")
        .tenant("dev", "domain: sandbox\n")
        .tenant("prod", "domain: acme.eu.auth0.com\n");
    insta::assert_snapshot!(project.run("plan").screen(), @r"
    $ tenantry plan
    --- stderr ---
    error: which tenant?
    help: Name one of dev, prod.
    --- exit 64 ---
    ");
    insta::assert_snapshot!(project.run("plan prdo").screen(), @r"
    $ tenantry plan prdo
    --- stderr ---
    error[unknown-tenant]: there is no tenant `prdo`: no `tenants/prdo.yaml`
      = help: Did you mean `prod`?

    1 error
    --- exit 65 ---
    ");
}

#[test]
fn a_secret_without_a_value_here_is_not_compared_and_stops_only_an_apply() {
    let provider = "
emailProvider:
  name: smtp
  enabled: true
  default_from_address: a@acme.example
  credentials:
    smtp_host: smtp.acme.example
    smtp_port: 587
    smtp_user: acme
    smtp_pass: '{{secret \"smtp_pass\"}}'
";
    let tenant = "domain: sandbox\nsecrets:\n  smtp_pass: { env: SMTP_PASS }\n";
    let project = Project::new().tenant("dev", tenant).template("mail", provider).env("SMTP_PASS", "hunter2-secret");
    project.run("apply dev --yes").ok();
    project.run("plan dev --exit-code").ok();
    let project = project.env("SMTP_PASS", "");
    insta::assert_snapshot!(project.run("plan dev --exit-code").screen(), @r"
    $ tenantry plan dev --exit-code
    dev -> sandbox (sandbox)

    note: emailProvider:credentials.smtp_pass (smtp_pass) is not available here and was not compared

    No changes. The tenant matches. 1 unchanged, 0 unmanaged objects left alone.
    Read with 1 request.
    --- stderr ---
    note[secret-unavailable]: `smtp_pass` has no value here: its source is empty
     --> tenants/dev.yaml:3:14
      |
    3 |   smtp_pass: { env: SMTP_PASS }
      |              ^

    1 note
    --- exit 0 ---
    ");
    project.write("templates/mail.yaml", &provider.replace("a@acme", "b@acme"));
    insta::assert_snapshot!(project.run("apply dev --yes").screen(), @r#"
    $ tenantry apply dev --yes
    dev -> sandbox (sandbox)

    ~ emailProvider
        ~ default_from_address: "a@acme.example" -> "b@acme.example"

    note: emailProvider:credentials.smtp_pass (smtp_pass) is not available here and was not compared

    Plan: 0 to create, 1 to update, 0 to replace, 0 to delete. 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 1.
    --- stderr ---
    note[secret-unavailable]: `smtp_pass` has no value here: its source is empty
     --> tenants/dev.yaml:3:14
      |
    3 |   smtp_pass: { env: SMTP_PASS }
      |              ^

    1 note
    error: these secrets have no value here: emailProvider:credentials.smtp_pass (smtp_pass)
    help: Give each the source that the tenant's file names under `secrets`.
    --- exit 65 ---
    "#);
}
