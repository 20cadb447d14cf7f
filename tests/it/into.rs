//! What somebody changed in a tenant, written back into the files: only the lines of these fields change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use git2::{Diff, DiffOptions, Repository};
use serde_json::{Value as Json, json};

use crate::support::{Project, Ran};

mod drift;
mod together;

/// The sample workspace, committed; `tenant` is applied.
fn sample(tenant: &str) -> Project {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::bare().file(".gitignore", ".tenantry/\n");
    for folder in ["tenants", "templates"] {
        copy(&root.join(folder), folder, &project);
    }
    project.write("tenantry.yaml", &fs::read_to_string(root.join("tenantry.yaml")).unwrap());
    project.commit("sample");
    project.run(&format!("apply {tenant} --yes --first-apply")).ok();
    project
}

fn copy(from: &Path, to: &str, project: &Project) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{to}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &name, project),
            false => project.write(&name, &fs::read_to_string(entry.path()).unwrap()),
        }
    }
}

/// Somebody else's hand in the same tenant.
fn hand(project: &Project, tenant: &str, files: &str) {
    let other = Project::new().tenant(tenant, "domain: sandbox\npolicy: { manage: additive }\n").template("all", files);
    let state = project.path(".tenantry").display().to_string();
    other.run(&format!("apply {tenant} --yes --first-apply --state-dir '{state}'")).ok();
}

fn diff<T>(project: &Project, look: impl FnOnce(&Diff<'_>) -> T) -> T {
    let repository = Repository::open(project.path(".")).unwrap();
    let head = repository.head().unwrap().peel_to_tree().unwrap();
    let mut options = DiffOptions::new();
    options.include_untracked(true).show_untracked_content(true).recurse_untracked_dirs(true).context_lines(0);
    look(&repository.diff_tree_to_workdir(Some(&head), Some(&mut options)).unwrap())
}

/// `git diff --stat`: file, lines added, lines removed.
fn stat(project: &Project) -> Vec<(String, usize, usize)> {
    lines(project).into_iter().map(|(file, (added, removed))| (file, added.len(), removed.len())).collect()
}

/// File -> lines added and removed.
fn lines(project: &Project) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    diff(project, |diff| {
        let mut lines: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
        diff.foreach(
            &mut |_, _| true,
            None,
            None,
            Some(&mut |delta, _, line| {
                let file = delta.new_file().path().unwrap().display().to_string();
                let text = String::from_utf8_lossy(line.content()).trim_end().to_owned();
                let (added, removed) = lines.entry(file).or_default();
                match line.origin() {
                    '+' => added.push(text),
                    '-' => removed.push(text),
                    _ => {}
                }
                true
            }),
        )
        .unwrap();
        lines
    })
}

fn owned(stat: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
    stat.iter().map(|(file, added, removed)| ((*file).to_owned(), *added, *removed)).collect()
}

/// Addresses with paths of a member of the answer.
fn told(ran: &Ran, member: &str) -> Vec<String> {
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    let name = |entry: &Json| format!("{}:{}", text(&entry["address"]), text(&entry["path"]));
    ran.json()[member].as_array().unwrap().iter().map(name).collect()
}

/// What a plan would still do, address and path.
fn planned(project: &Project, command: &str) -> Vec<String> {
    let json = project.run(command).json();
    let mut names = Vec::new();
    for change in json["changes"].as_array().unwrap() {
        for delta in change["deltas"].as_array().unwrap() {
            names.push(format!("{}:{}", change["address"].as_str().unwrap(), delta["path"].as_str().unwrap()));
        }
    }
    names
}

fn wants(project: &Project, tenant: &str) -> Json {
    project.run(&format!("plan {tenant} --json")).json()["changes"].clone()
}

/// Edits of many sorts: texts, a switch, a number, items that came and went, something deep inside, a companion file,
/// members, something inside an item, a block text, what the files do not manage, and what comes from expressions.
const EDITS: &str = r#"clients:
  - name: AIS importer
    description: Writes positions, soon also tides
    logo_uri: https://assets.example/unmanaged.png
    jwt_configuration: { alg: RS256, lifetime_in_seconds: 1200 }
    client_metadata: { team: "traffic: tides" }
  - name: Moorline Deck
    grant_types: [authorization_code, refresh_token, "urn:ietf:params:oauth:grant-type:device_code"]
  - name: Moorline Console
    refresh_token: { token_lifetime: 700000 }
    oidc_logout:
      backchannel_logout_urls: [https://console.moorline.example/auth/backchannel-logout]
      backchannel_logout_initiators: { mode: custom, selected_initiators: [rp-logout, password-changed] }
tenant:
  session_lifetime: 48
  flags: { revoke_refresh_token_grant: false }
roles:
  - name: Berth planner
    permissions:
      - { permission_name: "read:calls", resource_server_identifier: "https://api.moorline.example/port-calls" }
      - { permission_name: "assign:berths", resource_server_identifier: "https://api.moorline.example/port-calls" }
      - { permission_name: "close:port", resource_server_identifier: "https://api.moorline.example/port-calls" }
resourceServers:
  - name: Port Calls API
    identifier: https://api.moorline.example/port-calls
    scopes:
      - { value: "read:calls", description: See port calls }
      - { value: "write:calls", description: Announce and change port calls }
      - { value: "assign:berths", description: Assign berths and tugs }
      - { value: "close:port", description: Close the port to traffic }
      - { value: "write:positions", description: Write vessel positions }
emailTemplates:
  - template: verify_email
    subject: "Please confirm {{ organization.display_name }}"
    body: "<p>{{ url }}</p>\n"
    resultUrl: https://elsewhere.example/x
connections:
  - name: marlow-saml
    strategy: samlp
    options:
      signingCert: "-----BEGIN CERTIFICATE-----\nTkVX\n-----END CERTIFICATE-----\n"
"#;

/// What of that comes from expressions.
const CONFLICTS: [&str; 2] = ["emailTemplates/verify_email:resultUrl", "tenant:session_lifetime"];

#[test]
fn into_templates_only_the_lines_that_drifted_change() {
    let project = sample("prod");
    hand(&project, "prod", EDITS);
    let comments = |project: &Project| -> usize {
        let files = project.files("templates");
        files.values().map(|bytes| String::from_utf8_lossy(bytes).matches('#').count()).sum()
    };
    let before = comments(&project);
    let ran = project.run("export prod --into=template --yes --json").code(2);
    assert_eq!(told(&ran, "conflicts"), CONFLICTS);
    assert_eq!(
        stat(&project),
        owned(&[
            ("templates/apis/port-calls.yaml", 1, 1),
            ("templates/clients/console.yaml", 1, 1),
            ("templates/clients/deck.yaml", 1, 1),
            ("templates/clients/machines.yaml", 3, 3),
            ("templates/connections/enterprise.yaml", 1, 1),
            ("templates/emails/emails.yaml", 1, 1),
            ("templates/emails/verify_email.html", 1, 9),
            ("templates/roles/roles.yaml", 1, 1),
            ("templates/tenant/tenant.yaml", 1, 1),
            ("tenants/prod.yaml", 1, 1),
        ])
    );
    let lines = lines(&project);
    let added: Vec<&str> = lines
        .iter()
        .filter(|(file, _)| file.ends_with("yaml"))
        .flat_map(|(_, (added, _))| added)
        .map(|l| l.trim())
        .collect();
    assert_eq!(
        added,
        [
            r#"- { value: "read:calls", description: See port calls }"#,
            "selected_initiators: [rp-logout, password-changed]",
            "grant_types: [authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code]",
            "description: Writes positions, soon also tides",
            "jwt_configuration: { alg: RS256, lifetime_in_seconds: 1200 }",
            r#"client_metadata: { team: "traffic: tides" }"#,
            "TkVX",
            r#"subject: "Please confirm {{ organization.display_name }}""#,
            "- { permission_name: close:port, resource_server_identifier: https://api.moorline.example/port-calls }",
            "revoke_refresh_token_grant: false",
            "token_lifetime: 700000",
        ]
    );
    // But for the colour in the page that was written anew.
    assert_eq!(comments(&project), before - 1);
    assert_eq!(planned(&project, "plan prod --json"), CONFLICTS);
    // Once more there is nothing to write.
    let again = project.run("export prod --into=template --yes --json").code(2);
    assert!(told(&again, "written").is_empty(), "{}", again.screen());
}

#[test]
fn what_other_tenants_share_goes_into_the_overlay_and_changes_nothing_for_them() {
    let project = sample("prod");
    let others: Vec<Json> = ["dev", "test"].iter().map(|tenant| wants(&project, tenant)).collect();
    hand(&project, "prod", EDITS);
    let ran = project.run("export prod --into --yes --json").code(2);
    assert_eq!(told(&ran, "conflicts"), CONFLICTS);
    let files: Vec<String> = stat(&project).into_iter().map(|(file, ..)| file).collect();
    assert_eq!(files, ["tenants/prod.yaml", "tenants/prod/emails/verify_email.html"]);
    assert_eq!(planned(&project, "plan prod --json"), CONFLICTS);
    let now: Vec<Json> = ["dev", "test"].iter().map(|tenant| wants(&project, tenant)).collect();
    assert_eq!(now, others);
    // Asked to, the overlay takes what expressions make, too.
    project.run("export prod --into=overlay --yes").ok();
    assert!(planned(&project, "plan prod --json").is_empty());
    assert_eq!(stat(&project).len(), 2);
    let text = project.read("tenants/prod.yaml");
    let (_, overlay) = text.split_once("\noverlay:").unwrap();
    insta::assert_snapshot!(format!("overlay:{}", overlay.split_once("\npolicy:").unwrap().0), @r##"
    overlay:
      tenant:
        session_cookie: { mode: non-persistent }
        flags: { revoke_refresh_token_grant: false }
        session_lifetime: 48
      clients:
        - $key: console
          # The marketing site signs people in too.
          callbacks: { $append: ["https://www.moorline.example/auth/callback"] }
          refresh_token:
            token_lifetime: 700000
            idle_token_lifetime: 86400
          oidc_logout:
            backchannel_logout_initiators:
              selected_initiators:
                $without: [idp-logout]
        - $key: load-generator
          $remove: true
        - $key: ais-importer
          description: Writes positions, soon also tides
          jwt_configuration: { lifetime_in_seconds: 1200 }
          client_metadata: { team: "traffic: tides" }
        - $key: deck
          grant_types:
            $append: [urn:ietf:params:oauth:grant-type:device_code]
      attackProtection:
        suspiciousIpThrottling:
          stage:
            pre-login: { max_attempts: 50 }
      connections:
        - name: marlow-saml
          options:
            signingCert: |
              -----BEGIN CERTIFICATE-----
              TkVX
              -----END CERTIFICATE-----
      emailTemplates:
        - template: verify_email
          subject: Please confirm {{ organization.display_name }}
          body: ./prod/emails/verify_email.html
          resultUrl: https://elsewhere.example/x
      roles:
        - name: Berth planner
          permissions:
            $append:
              - permission_name: close:port
                resource_server_identifier: https://api.moorline.example/port-calls
            $without:
              - permission_name: write:calls
                resource_server_identifier: "{{port_calls_api}}"
      resourceServers:
        - $key: port-calls
          scopes:
            - { value: read:calls, description: See port calls }
            - { value: write:calls, description: Announce and change port calls }
            - { value: assign:berths, description: Assign berths and tugs }
            - { value: close:port, description: Close the port to traffic }
            - { value: write:positions, description: Write vessel positions }
    "##);
}

#[test]
fn an_overlay_is_begun_where_there_is_none() {
    let project = sample("dev");
    hand(&project, "dev", "roles:\n  - name: Pilot\n    description: Pilots\n");
    let ran = project.run("export dev --into --yes").ok();
    assert!(ran.stdout().contains("Wrote 1 field into 1 file; 0 conflicts left."), "{}", ran.screen());
    let text = project.read("tenants/dev.yaml");
    assert!(text.ends_with("overlay:\n  roles:\n    - name: Pilot\n      description: Pilots\n"), "{text}");
    assert!(planned(&project, "plan dev --json").is_empty());
}

#[test]
fn what_a_tenant_has_one_of_goes_into_the_overlay_without_a_name() {
    let project = sample("prod");
    let state = ".tenantry/sandbox/prod.json";
    for (from, to) in [("4", "5"), ("5", "6")] {
        let now = |radius: &str| format!("\"button_border_radius\": {radius}");
        let text =
            project.read(state).replace("\"button_border_radius\":", "\"button_border_radius\": ").replace(":  ", ": ");
        assert!(text.contains(&now(from)), "{text}");
        project.write(state, &text.replace(&now(from), &now(to)));
        let ran = project.run("export prod --into --yes").ok();
        assert!(ran.stdout().contains("Wrote 1 field into 1 file; 0 conflicts left."), "{}", ran.screen());
        let line = format!("  themes:\n    - borders: {{ button_border_radius: {to} }}\n");
        assert!(project.read("tenants/prod.yaml").contains(&line), "{}", project.read("tenants/prod.yaml"));
        assert!(planned(&project, "plan prod --json").is_empty());
        project.commit("taken over");
        project.run("apply prod --yes").ok();
    }
}

#[test]
fn what_this_tenant_alone_has_is_edited_where_it_stands() {
    let project = sample("dev");
    // `$only: [dev]`
    hand(
        &project,
        "dev",
        "clients:\n  - name: Token lab\n    callbacks: [http://localhost:4400/, http://localhost:4401/]\n",
    );
    project.run("export dev --into --yes").ok();
    assert_eq!(stat(&project), owned(&[("templates/clients/machines.yaml", 1, 1)]));
    assert!(
        project
            .read("templates/clients/machines.yaml")
            .contains("callbacks: [http://localhost:4400/, http://localhost:4401/]\n")
    );
}

#[test]
fn a_conflict_names_the_place_the_expression_and_both_values() {
    let project = sample("prod");
    hand(&project, "prod", "tenant:\n  session_lifetime: 48\n");
    let ran = project.run("export prod --into --plan-only").code(2);
    insta::assert_snapshot!(ran.screen(), @r#"
    $ tenantry export prod --into --plan-only
    prod -> sandbox (sandbox)

    conflict: tenant:session_lifetime  templates/tenant/tenant.yaml:10:21
        it comes from an expression, `"{{session_hours}}"`
        files: 24
        tenant: 48
        help: Change what the expression is made of, or write the value into the overlay in `tenants/prod.yaml`, as `--into=overlay` does.

    Nothing was written; 1 conflict left.
    --- exit 2 ---
    "#);
}

#[test]
fn without_a_yes_nothing_is_written() {
    let project = sample("prod");
    hand(&project, "prod", "roles:\n  - name: Pilot\n    description: Pilots\n");
    project.run("export prod --into").code(64);
    let shown = project.run("export prod --into --plan-only").code(2);
    assert!(shown.stdout().contains("+      description: Pilots"), "{}", shown.screen());
    let project = project.typing("no\n");
    project.run("export prod --into").code(1);
    assert!(stat(&project).is_empty());
    let project = project.typing("yes\n");
    project.run("export prod --into").ok();
    assert_eq!(stat(&project), owned(&[("tenants/prod.yaml", 3, 0)]));
    let nothing = project.run("export prod --into --yes").ok();
    assert!(nothing.stdout().contains("nothing to write"), "{}", nothing.screen());
}

#[test]
fn what_the_files_alone_changed_is_not_taken_back_and_what_both_changed_is_a_conflict() {
    let project = sample("prod");
    hand(
        &project,
        "prod",
        "roles:\n  - name: Pilot\n    description: Of the tenant\n  - name: Tariff clerk\n    description: Clerk\n",
    );
    let roles = project.read("templates/roles/roles.yaml");
    let edited = roles
        .replace("Sees the plan on the tablet", "Of the files")
        .replace("Runs the harbour; may close it", "Not applied yet");
    project.write("templates/roles/roles.yaml", &edited);
    let ran = project.run("export prod --into --yes --json").code(2);
    assert_eq!(told(&ran, "written"), ["roles/Tariff clerk:description"]);
    assert_eq!(told(&ran, "conflicts"), ["roles/Pilot:description"]);
    assert_eq!(ran.json()["pending"], json!(1));
    assert_eq!(project.read("templates/roles/roles.yaml"), edited);
}

#[test]
fn no_secret_is_written_or_said() {
    let tenant = "domain: sandbox\nsecrets: { key: { env: KEY } }\n";
    let files = "connections:\n  - name: corp\n    strategy: oidc\n    options: { client_id: a, client_secret: '{{secret \"key\"}}', issuer: https://i.example }\n";
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", tenant)
        .template("all", files)
        .env("KEY", "first-secret-text");
    project.commit("one");
    project.run("apply dev --yes").ok();
    let other = Project::new()
        .tenant("dev", "domain: sandbox\nsecrets: { key: { env: KEY } }\npolicy: { manage: additive }\n")
        .template("all", &files.replace("client_id: a", "client_id: b"))
        .env("KEY", "second-secret-text");
    let state = project.path(".tenantry").display().to_string();
    other.run(&format!("apply dev --yes --first-apply --state-dir '{state}'")).ok();
    let ran = project.run("export dev --into --yes");
    assert!(!ran.screen().contains("secret-text"), "{}", ran.screen());
    assert_eq!(project.read("templates/all.yaml"), files.replace("client_id: a", "client_id: b"));
}

const CLI_PROJECT: &str = r####"# One file, and its keywords.
tenant:
  friendly_name: ##NAME## # replaced
  session_lifetime: 24
  enabled_locales: @@LOCALES@@
clients:
  - name: Web
    app_type: 'regular_web' # quoted in a way of its own
    description: "##NAME## on the web"
    callbacks:
      # production
      - https://app.example/a
      - https://app.example/b
    oidc_conformant: true
roles: []
"####;

fn config() -> String {
    json!({
        "AUTH0_DOMAIN": "acme.eu.auth0.com",
        "AUTH0_KEYWORD_REPLACE_MAPPINGS": { "NAME": "Acme", "LOCALES": ["en", "de"] },
    })
    .to_string()
}

#[test]
fn a_deploy_cli_file_keeps_its_keywords_and_comments() {
    let project = Project::deploy_cli(CLI_PROJECT).file("config.json", &config()).file(".gitignore", ".tenantry/\n");
    project.commit("one");
    project.run(&Project::deploying("apply --yes --first-apply")).ok();
    let edited = "tenant:\n  friendly_name: Other\n  session_lifetime: 48\nclients:\n  - name: Web\n    app_type: spa\n    callbacks: [https://app.example/b, https://app.example/c]\n    oidc_conformant: true\n    description: \"Acme on the web\"\n";
    let other = Project::deploy_cli(edited);
    let state = project.path(".tenantry").display().to_string();
    other.run(&Project::deploying(&format!("apply --yes --first-apply --state-dir '{state}'"))).ok();
    let ran = project.run(&Project::deploying("export --into --yes --json")).code(2);
    assert_eq!(told(&ran, "conflicts"), ["tenant:friendly_name"]);
    assert!(ran.json()["conflicts"][0]["reason"].as_str().unwrap().contains("##NAME##"), "{}", ran.screen());
    let expected =
        CLI_PROJECT.replace("session_lifetime: 24", "session_lifetime: 48").replace("'regular_web'", "'spa'").replace(
            "      - https://app.example/a\n      - https://app.example/b\n",
            "      - https://app.example/b\n      - https://app.example/c\n",
        );
    assert_eq!(project.read("tenant.yaml"), expected);
}

#[test]
fn the_files_of_a_deploy_cli_folder_stay_json() {
    let client = "{\n  \"name\": \"Web\",\n  \"app_type\": \"regular_web\",\n  \"description\": \"##NAME##\",\n  \"callbacks\": [\n    \"https://app.example/a\"\n  ],\n  \"jwt_configuration\": { \"alg\": \"RS256\", \"lifetime_in_seconds\": 60 }\n}\n";
    let action = "{\n  \"name\": \"Stamp\",\n  \"code\": \"./actions/Stamp/code.js\",\n  \"runtime\": \"node22\",\n  \"dependencies\": [],\n  \"secrets\": [],\n  \"supported_triggers\": [{ \"id\": \"post-login\", \"version\": \"v3\" }],\n  \"deployed\": true\n}\n";
    let code = "exports.onExecutePostLogin = async () => {};\n";
    let files = |project: Project, client: &str, code: &str| {
        project
            .file("config.json", &config())
            .file("p/clients/Web.json", client)
            .file("p/actions/Stamp.json", action)
            .file("p/actions/Stamp/code.js", code)
    };
    let command = |command: &str| format!("{command} --deploy-cli p --config config.json --sandbox");
    let project = files(Project::bare(), client, code).file(".gitignore", ".tenantry/\n");
    project.commit("one");
    project.run(&command("apply --yes --first-apply")).ok();
    let edited = client
        .replace("    \"https://app.example/a\"\n", "    \"https://app.example/a\",\n    \"https://app.example/b\"\n")
        .replace("60", "90");
    let new = "exports.onExecutePostLogin = async () => { return; };\n";
    let other = files(Project::bare(), &edited, new);
    let state = project.path(".tenantry").display().to_string();
    other.run(&command(&format!("apply --yes --first-apply --state-dir '{state}'"))).ok();
    project.run(&command("export --into --yes")).ok();
    assert_eq!(project.read("p/clients/Web.json"), edited);
    assert_eq!(project.read("p/actions/Stamp/code.js"), new);
    assert_eq!(project.read("p/actions/Stamp.json"), action);
}
