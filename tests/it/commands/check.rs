//! `tenantry check`

use crate::support::Project;

/// One workspace with twelve mistakes, one of each kind that can be seen offline.
fn twelve_mistakes() -> Project {
    Project::new()
        .tenant("dev", "domain: sandbox\nvars:\n  company: Acme\n")
        .template("01-syntax", "roles:\n  - name: [unclosed\n")
        .template("02-unknown-field", "clients:\n  - name: Web\n    calbacks: [https://a.example]\n")
        .template("03-enum", "clients:\n  - name: Native\n    app_type: nativ\n")
        .template("04-type", "clients:\n  - name: Typed\n    callbacks: 5\n")
        .template("05-dangling", "clientGrants:\n  - client_id: Wbe\n    audience: https://api.example\n    scope: []\n")
        .template("06-duplicate", "roles:\n  - name: Twice\n  - name: Twice\n")
        .template("07-keyword", "roles:\n  - name: Keyword\n    description: '##UNDEFINED_KEYWORD##'\n")
        .template("08-variable", "roles:\n  - name: Variable\n    description: '{{compny}}'\n")
        .template("09-companion", "actions:\n  - name: Stamp\n    code: ./missing.js\n    supported_triggers: [{ id: post-login, version: v3 }]\n")
        .template("10-outside", "actions:\n  - name: Outside\n    code: ../../outside.js\n    supported_triggers: [{ id: post-login, version: v3 }]\n")
        .template("11-duplicate-key", "resourceServers:\n  - name: API\n    identifier: https://api.example\n    name: Again\n")
        .template("12-directive", "roles:\n  - name: Directive\n    $onyl: [dev]\n")
}

#[test]
fn twelve_mistakes_are_all_found_in_one_run_with_their_places() {
    let ran = twelve_mistakes().run("check").code(65);
    insta::assert_snapshot!(ran.screen(), @r"
    $ tenantry check
    error[yaml-syntax]: unclosed bracket '['
     --> templates/01-syntax.yaml:2:11
      |
    2 |   - name: [unclosed
      |           ^^^^^^^^^

    error[unknown-field]: `calbacks` is no known field of application
     --> templates/02-unknown-field.yaml:3:5
      |
    3 |     calbacks: [https://a.example]
      |     ^^^^^^^^
      |
      = help: Did you mean `callbacks`?

    error[wrong-value]: `app_type` is none of the values that it can have
     --> templates/03-enum.yaml:3:15
      |
    3 |     app_type: nativ
      |               ^^^^^
      |
      = help: Did you mean `native`?

    error[wrong-type]: `callbacks` must be a list, not a number
     --> templates/04-type.yaml:3:16
      |
    3 |     callbacks: 5
      |                ^

    error[dangling-reference]: `client_id`: there is no application `Wbe` in the files
     --> templates/05-dangling.yaml:2:5
      |
    2 |   - client_id: Wbe
      |     ^^^^^^^^^
      |
      = help: Did you mean `Web`?

    error[duplicate-resource]: `roles/Twice` is described twice
     --> templates/06-duplicate.yaml:3:5
      |
    3 |   - name: Twice
      |     ^^^^
      |
      = help: The first is at templates/06-duplicate.yaml:2:5. Merge them, or give one a `$key` and a name of its own.

    error[undefined-keyword]: nothing is defined for `##UNDEFINED_KEYWORD##`
     --> templates/07-keyword.yaml:3:19
      |
    3 |     description: '##UNDEFINED_KEYWORD##'
      |                   ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: Add it under `vars` in the tenant's file.

    error[undefined-variable]: there is no variable `compny`
     --> templates/08-variable.yaml:3:19
      |
    3 |     description: '{{compny}}'
      |                   ^^^^^^^^
      |
      = help: Did you mean `company`?

    error[missing-file]: `templates/missing.js` cannot be used: it does not exist
     --> templates/09-companion.yaml:3:11
      |
    3 |     code: ./missing.js
      |           ^^^^^^^^^^^^

    error[outside-workspace]: `../../outside.js` leads out of the workspace
     --> templates/10-outside.yaml:3:11
      |
    3 |     code: ../../outside.js
      |           ^^^^^^^^^^^^^^^^
      |
      = help: Move the file into the workspace; nothing outside it is read.

    error[duplicate-key]: the key `name` stands twice in one map
     --> templates/11-duplicate-key.yaml:4:5
      |
    4 |     name: Again
      |     ^^^^
      |
      = help: The first one is on line 2. Remove one of them.

    error[unknown-directive]: there is no directive `$onyl`
     --> templates/12-directive.yaml:3:5
      |
    3 |     $onyl: [dev]
      |     ^^^^^
      |
      = help: Did you mean `$only`?

    12 errors
    dev: 12 resources, 12 errors
    --- exit 65 ---
    ");
}

#[test]
fn what_settings_name_and_nothing_bears_is_told() {
    let settings = "domain: sandbox\npolicy:\n  protect: [clinets/Web, clients/Wbe, \"clients/Gone for good\", clients/Web]\n  \
                    ignore: [clients/Web, 'clients/*:callbakcs', 'clients/*:callbacks', clients/Nobody:name]\n  \
                    exclude: [clients/Other, clients/Wep]\nbind: { clients/Wb: abc, clients/Web: def }\n";
    let project = Project::new().tenant("dev", settings).template("clients", "clients:\n  - name: Web\n");
    let ran = project.run("check").code(65);
    insta::assert_snapshot!(ran.screen(), @r#"
    $ tenantry check
    error[unknown-kind]: `protect` names a kind `clinets` that does not exist
     --> tenants/dev.yaml:3:13
      |
    3 |   protect: [clinets/Web, clients/Wbe, "clients/Gone for good", clients/Web]
      |             ^^^^^^^^^^^
      |
      = help: Did you mean `clients`?

    warning[unknown-address]: `protect` names `clients/Wbe`, which no file describes
     --> tenants/dev.yaml:3:26
      |
    3 |   protect: [clinets/Web, clients/Wbe, "clients/Gone for good", clients/Web]
      |                          ^^^^^^^^^^^
      |
      = help: Did you mean `clients/Web`?

    error[no-field]: `clients/Web` names no field to ignore
     --> tenants/dev.yaml:4:12
      |
    4 |   ignore: [clients/Web, 'clients/*:callbakcs', 'clients/*:callbacks', clients/Nobody:name]
      |            ^^^^^^^^^^^
      |
      = help: Write the address, a colon, and the field: `clients/Web:callbacks`. To leave the whole resource alone, name it under `exclude`.

    warning[unknown-field]: `ignore` names a field `callbakcs` that no resource at `clients/*` can have
     --> tenants/dev.yaml:4:25
      |
    4 |   ignore: [clients/Web, 'clients/*:callbakcs', 'clients/*:callbacks', clients/Nobody:name]
      |                         ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: Did you mean `callbacks`?

    warning[unknown-address]: `ignore` names `clients/Nobody`, which no file describes
     --> tenants/dev.yaml:4:71
      |
    4 |   ignore: [clients/Web, 'clients/*:callbakcs', 'clients/*:callbacks', clients/Nobody:name]
      |                                                                       ^^^^^^^^^^^^^^
      |
      = help: It has no effect.

    warning[unknown-address]: `exclude` names `clients/Wep`, which no file describes
     --> tenants/dev.yaml:5:28
      |
    5 |   exclude: [clients/Other, clients/Wep]
      |                            ^^^^^^^^^^^
      |
      = help: Did you mean `clients/Web`?

    warning[unknown-address]: `bind` names `clients/Wb`, which no file describes
     --> tenants/dev.yaml:6:9
      |
    6 | bind: { clients/Wb: abc, clients/Web: def }
      |         ^^^^^^^^^^
      |
      = help: Did you mean `clients/Web`?

    2 errors, 5 warnings
    dev: 1 resource, 2 errors, 5 warnings
    --- exit 65 ---
    "#);
}

const CANNOT_BE_MADE: &str = "connections:\n  - name: x\nlogStreams:\n  - name: l\n  - name: bound\n  - name: after\n    $was: before\ncustomDomains:\n  - domain: a.b.example\nroles:\n  - name: R\n";

#[test]
fn what_could_never_be_created_is_told_of_once_with_its_place() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\nbind:\n  logStreams/bound: lst_0123456789abcdef\n")
        .template("all", CANNOT_BE_MADE);
    let ran = project.run("check --json").ok();
    let found = ran.json()["findings"].as_array().unwrap().clone();
    let told: Vec<_> = found
        .iter()
        .map(|finding| {
            (finding["severity"].as_str().unwrap(), finding["line"].clone(), finding["summary"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told.len(), 3, "{found:#?}");
    assert!(
        found.iter().all(|finding| finding["code"] == "missing-field" && finding["severity"] == "warning"),
        "{found:#?}"
    );
    let screen = project.run("check").ok();
    assert!(screen.stdout().contains("`strategy` is needed to create connections/x"), "{}", screen.screen());
    assert!(screen.stdout().contains("templates/all.yaml:2:"), "{}", screen.screen());
    assert!(screen.stdout().contains("Leave it so only if the tenant has it already."), "{}", screen.screen());
}

#[test]
fn what_was_applied_before_needs_nothing_to_be_created() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("all", "logStreams:\n  - name: l\n    type: http\n    sink: { httpEndpoint: 'https://a.example' }\n");
    project.commit("first");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "logStreams:\n  - name: l\n    status: paused\n");
    let ran = project.run("check").ok();
    assert!(ran.stdout().contains("no findings"), "{}", ran.screen());
    project.run("sandbox reset dev").ok();
    assert!(project.run("check").ok().stdout().contains("needed to create"), "the new tenant has no record");
}

#[test]
fn the_sample_projects_of_the_deploy_cli_lack_nothing() {
    let Some(shared) = std::env::var_os("TENANTRY_SHARED").map(std::path::PathBuf::from) else { return };
    for (input, config) in
        [("northwind-yaml/tenant.yaml", "northwind-yaml"), ("northwind-directory", "northwind-directory")]
    {
        for of in ["dev", "prod"] {
            let data = shared.join("data");
            let line = format!(
                "check --deploy-cli {} --config {}",
                data.join(input).display(),
                data.join(config).join(format!("config.{of}.json")).display()
            );
            let ran = Project::bare().run(&line);
            assert!(!ran.stdout().contains("needed to create"), "{}", ran.screen());
        }
    }
}

#[test]
fn a_workspace_without_tenants_is_told_so() {
    let ran = Project::new().run("plan dev").code(65);
    assert!(ran.stderr().contains("The workspace has no tenants yet"), "{}", ran.screen());
}

#[test]
fn what_a_list_of_its_own_names_stands_under_its_key() {
    let text =
        "clients: [{ name: Web }]\ndatabases: [{ name: users, strategy: auth0, enabled_clients: [Web, Portal] }]\n";
    let ran = Project::new().tenant("dev", "domain: sandbox\n").template("all", text).run("check dev").code(65);
    let printed = format!("{}{}", ran.stdout(), ran.stderr());
    assert!(
        printed.contains("`enabled_clients[1]`: there is no application `Portal` in the files"),
        "{}",
        ran.screen()
    );
}

#[test]
fn the_names_of_the_api_are_told_also_where_a_keyword_gave_one() {
    let apis = "resourceServers:\n  - { name: One, identifier: https://one.example }\n  - { name: Two, identifier: https://two.example }\n";
    let grant = |api: &str| {
        format!("  - {{ ##KEY##: App, audience: https://{api}.example, scope: [], subject_type: client }}\n")
    };
    let text = format!(
        "clients:\n  - {{ name: App }}\n{apis}clientGrants:\n{}{}organizations:\n  - {{ name: acme, client_grants: [{{ ##KEY##: App }}] }}\n",
        grant("one"),
        grant("two")
    );
    let config = r#"{"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"KEY": "client_id"}}"#;
    let ran = Project::deploy_cli(&text).file("config.json", config).run(&Project::deploying("check")).ok();
    let printed = format!("{}{}", ran.stdout(), ran.stderr());
    assert!(printed.contains("Write `audience` beside `client_id` to say which grant is meant"), "{}", ran.screen());
}
