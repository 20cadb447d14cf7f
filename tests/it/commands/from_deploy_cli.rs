//! `tenantry init --from-deploy-cli`: the law is that every plan of the result is that of the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::support::Project;

const CODE: &str =
    "exports.onExecutePostLogin = async (event, api) => {\n  const urls = @@CALLBACKS@@; // ##ENV##\n};\n";

/// Every hard spot there is, in one file.
const PROJECT: &str = r###"# Shared by all tenants: ##KEY## pastes text, @@KEY@@ pastes JSON. ##WEB_SECRET## is none of your business.
tenant:
  friendly_name: ##COMPANY##         # a comment until the keyword is replaced
  session_lifetime: @@HOURS@@
  enabled_locales: [en, ##LOCALES##]
clients:
  - name: Web ##ENV##                # a keyword in a name
    app_type: regular_web
    callbacks: @@CALLBACKS@@
    web_origins: ["https://app.##HOST##", ##EXTRA##]
    initiate_login_uri: https://app.##HOST##/login
    client_secret: ##WEB_SECRET##
    client_metadata: &meta
      ##ENV##_flag: yes              # a keyword in a key
      greeting: 'Hello {{name}} of ##COMPANY##'
      motto: "@@MOTTO@@"
      port: '##HOURS##'
  - name: Worker
    app_type: non_interactive
    logo_uri: @@LOGO@@
    is_first_party: @@FIRST@@
    client_metadata: *meta
roles: @@ROLES@@
actions:
  - name: Stamp
    code: ./code/stamp.js
    runtime: node22
    supported_triggers: [{ id: post-login, version: v3 }]
    secrets:
      - { name: HEADER, value: 'Bearer ##API_TOKEN##' }
      - { name: ENV, value: ##ENV## }
      - name: PEM
        value: @@SIGNING_PEM@@
      - { name: FIXED, value: written-down-123 }
flowVaultConnections:
  - name: Vault
    app_id: AUTH0
    setup: @@VAULT@@
emailTemplates:
  - template: welcome_email
    body: ./emails/welcome.html
    from: '##COMPANY## <no-reply@##HOST##>'
    subject: "Welcome to ##COMPANY##, {{ user.name }}"
    syntax: liquid
    enabled: true
connections:
  - name: google-oauth2
    strategy: google-oauth2
    options: { client_id: 'g-##ENV##', client_secret: "##GOOGLE_SECRET##" }
"###;

fn config(env: &str, more: Json) -> String {
    let mut mappings = json!({
        "HOST": "##ENV##.acme.example",
        "ENV": env,
        "COMPANY": "Acme & Söhne #1",
        "HOURS": 72,
        "LOCALES": "fr, de",
        "CALLBACKS": [format!("https://app.{env}.acme.example/callback"), "http://localhost:3000"],
        "EXTRA": "\"http://localhost:3000\", \"http://localhost:5173\"",
        "MOTTO": "we are ##COMPANY_SHORT##",
        "COMPANY_SHORT": "Acme",
        "LOGO": "https://cdn.acme.example/logo.png",
        "FIRST": true,
        "ROLES": [{"name": "Reader", "permissions": []}, {"name": format!("Only {env}"), "permissions": []}],
        "VAULT": {"type": "OAUTH_APP", "domain": format!("{env}.acme.example"), "client_id": "v1", "client_secret": format!("{env}-vault-hush")},
        "WEB_SECRET": format!("{env}-web-hush"),
        "GOOGLE_SECRET": format!("{env}-$&-google-hush"),
        "API_TOKEN": format!("{env}-token-hush"),
        "SIGNING_PEM": format!("-----BEGIN-----\n{env}-pem-hush\n-----END-----\n"),
    });
    let mut settings = json!({ "AUTH0_DOMAIN": format!("acme-{env}.eu.auth0.com"), "AUTH0_CLIENT_ID": "abc", "AUTH0_CLIENT_SECRET": "deploy-hush" });
    for (key, value) in more.as_object().unwrap() {
        let map = if key.starts_with("AUTH0_") || key.ends_with("_PROPS") { &mut settings } else { &mut mappings };
        map[key] = value.clone();
    }
    settings["AUTH0_KEYWORD_REPLACE_MAPPINGS"] = mappings;
    settings.to_string()
}

fn project() -> Project {
    let prod = json!({
        "LOGO": null, "FIRST": false, "EXTRA": "\"https://www.acme.example\"", "LOCALES": "es",
        "AUTH0_ALLOW_DELETE": true,
        "AUTH0_EXCLUDED": ["emailTemplates"],
        "AUTH0_EXCLUDED_CLIENTS": ["Worker"],
        "AUTH0_EXCLUDED_RESOURCE_SERVERS": ["Auth0 Management API"],
        "AUTH0_EXCLUDE_THIRD_PARTY_CLIENTS": true,
        "EXCLUDED_PROPS": {"connections": ["options.client_secret"]},
    });
    Project::bare()
        .file("p/tenant.yaml", PROJECT)
        .file("p/code/stamp.js", CODE)
        .file("p/emails/welcome.html", "<p>{{ user.name }}, ##COMPANY## welcomes you</p>\n")
        .file("dev.json", &config("dev", json!({})))
        .file("prod.json", &config("prod", prod))
}

const INIT: &str = "init w --from-deploy-cli p/tenant.yaml --config dev=dev.json --config prod=prod.json";

/// The values of the secrets that a tenant's file names.
fn value(tenant: &str, secret: &str) -> String {
    match secret {
        "web_secret" => format!("{tenant}-web-hush"),
        "google_secret" => format!("{tenant}-$&-google-hush"),
        "api_token" => format!("{tenant}-token-hush"),
        "signing_pem" => format!("-----BEGIN-----\n{tenant}-pem-hush\n-----END-----"),
        "vault_client_secret" => format!("{tenant}-vault-hush"),
        "env" => tenant.to_owned(),
        "actions_stamp_secrets_fixed_value" => "written-down-123".to_owned(),
        other => panic!("the secret {other} is not known to this test"),
    }
}

/// A plan without names of secrets, which are new, and without places.
fn comparable(plan: &str) -> Json {
    fn without(value: Json) -> Json {
        match value {
            Json::Object(map) if map.contains_key("secret") || map.contains_key("template") => json!("(secret)"),
            Json::Object(map) => {
                Json::Object(map.into_iter().filter(|(key, _)| key != "place").map(|(k, v)| (k, without(v))).collect())
            }
            Json::Array(list) => list.into_iter().map(without).collect(),
            other => other,
        }
    }
    let plan: Json = serde_json::from_str(plan).unwrap();
    without(
        json!({ "domain": plan["domain"], "changes": plan["changes"], "steps": plan["steps"], "summary": plan["summary"], "gates": plan["gates"] }),
    )
}

/// Holds the workspace `w` against the project, tenant by tenant: on an empty sandbox, and on one with the project in.
fn holds(mut project: Project, input: &str, configs: &[(&str, &str)], value: &dyn Fn(&str, &str) -> String) {
    for (tenant, _) in configs {
        let file: Json = serde_yaml::from_str(&project.read(&format!("w/tenants/{tenant}.yaml"))).unwrap();
        for (name, source) in file["secrets"].as_object().unwrap_or(&serde_json::Map::new()) {
            if let Some(variable) = source["env"].as_str() {
                project = project.env(variable, &value(tenant, name));
            }
        }
    }
    let check = project.run("check --workspace w").ok();
    assert!(!check.stderr().contains("error["), "{}", check.screen());
    for (tenant, config) in configs {
        let of_project = format!("--deploy-cli {input} --config {config} --sandbox --state-dir s-{tenant}");
        let of_workspace = format!("{tenant} --workspace w --sandbox --state-dir s-{tenant}");
        let wanted = project.run(&format!("plan --json {of_project}")).ok();
        let made = project.run(&format!("plan --json {of_workspace}")).ok();
        let (wanted, made) = (comparable(wanted.stdout()), comparable(made.stdout()));
        assert!(!wanted["steps"].as_array().unwrap().is_empty());
        assert_eq!(pretty(&wanted), pretty(&made), "{tenant}");
        project.run(&format!("apply --yes {of_project}")).ok();
        // The sandbox of the project is called after the domain, that of the workspace after the tenant.
        let sandbox = project.path(&format!("s-{tenant}/sandbox"));
        let label = std::fs::read_dir(&sandbox)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .unwrap();
        std::fs::rename(sandbox.join(format!("{label}.json")), sandbox.join(format!("{tenant}.json"))).unwrap();
        std::fs::rename(sandbox.join(&label), sandbox.join(tenant)).unwrap();
        project.run(&format!("plan --exit-code {of_workspace}")).ok();
    }
}

fn pretty(value: &Json) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn texts(project: &Project) -> BTreeMap<String, String> {
    project.files("w").into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn every_hard_spot_is_carried_over() {
    let project = project();
    let made = project.run(INIT).ok();
    assert!(made.stdout().ends_with(
        "Next:\n  tenantry check --workspace w\n  tenantry plan dev --workspace w\n  tenantry apply dev --workspace w\n"
    ));
    assert!(
        made.stderr().contains("`tenants/prod.yaml`: AUTH0_ALLOW_DELETE became `policy.manage: exact`"),
        "{}",
        made.screen()
    );
    assert!(made.stderr().contains("are secrets now: `actions_stamp_secrets_fixed_value`"), "{}", made.screen());
    for (path, text) in texts(&project) {
        assert!(!text.contains("hush") && !text.contains("written-down-123"), "{path}:\n{text}");
    }
    holds(project, "p/tenant.yaml", &[("dev", "dev.json"), ("prod", "prod.json")], &value);
}

#[test]
fn the_text_stays_as_its_authors_wrote_it() {
    let project = project();
    project.run(INIT).ok();
    let text = project.read("w/templates/tenant.yaml");
    let before: Vec<&str> = PROJECT.lines().collect();
    let changed: Vec<&str> = text.lines().filter(|line| !before.contains(line)).collect();
    insta::assert_snapshot!(changed.join("\n"));
    assert_eq!(project.read("w/templates/code/stamp.js"), CODE);
}

#[test]
fn the_tenants_files_say_what_the_settings_said() {
    let project = project();
    project.run(INIT).ok();
    insta::assert_snapshot!(project.read("w/tenants/prod.yaml"));
}

#[test]
fn the_directory_format_keeps_its_files() {
    let project = Project::bare()
        .file("p/clients/Web.json", r###"{"name": "Web ##ENV##", "callbacks": @@CALLBACKS@@, "web_origins": ["https://a", ##EXTRA##], "client_secret": "##WEB_SECRET##", "custom_login_page": "./Web.html"}"###)
        .file("p/clients/Web.html", "<p>{{x}} ##COMPANY##</p>")
        .file("p/clients/.hidden.json", r###"{"name": "Hidden"}"###)
        .file("p/actions/A b.json", r###"{"name": "A b", "code": "./actions/A b/code.js", "runtime": "node22", "supported_triggers": [{"id": "post-login", "version": "v3"}], "secrets": [{"name": "T", "value": "##API_TOKEN##"}]}"###)
        .file("p/actions/A b/code.js", CODE)
        .file("p/tenant.json", r###"{"friendly_name": "##COMPANY##", "session_lifetime": "@@HOURS@@"}"###)
        .file("p/prompts/partials.json", r###"{"login-id": [{"login-id": [{"name": "form-content-end", "template": "./partials/x.liquid"}]}]}"###)
        .file("p/custom-domains/custom-domains.json", r#"[{"domain": "login.acme.example", "type": "auth0_managed_certs"}]"#)
        .file("p/prompts/partials/x.liquid", "  <b>{{ x }} ##ENV##</b>\n\n")
        .file("dev.json", &config("dev", json!({})))
        .file("prod.json", &config("prod", json!({})));
    project.run(&INIT.replace("/tenant.yaml", "")).ok();
    let names: Vec<String> = texts(&project).into_keys().filter(|path| path.starts_with("templates/")).collect();
    assert_eq!(
        names,
        [
            "templates/actions/A b.yaml",
            "templates/actions/A b/code.js",
            "templates/clients/Web.html",
            "templates/clients/Web.yaml",
            "templates/clients/_hidden.yaml",
            "templates/customDomains.yaml",
            "templates/prompts.yaml",
            "templates/prompts/partials/x.liquid",
            "templates/tenant.yaml",
        ]
    );
    holds(project, "p", &[("dev", "dev.json"), ("prod", "prod.json")], &value);
}

#[test]
fn what_cannot_be_said_the_same_is_refused_before_anything_is_written() {
    let without = |key: &str| {
        let mut settings: Json = serde_json::from_str(&config("prod", json!({}))).unwrap();
        settings["AUTH0_KEYWORD_REPLACE_MAPPINGS"].as_object_mut().unwrap().remove(key);
        settings.to_string()
    };
    let cases: [(&str, Project, &str, &[&str]); 8] = [
        (
            "a missing mapping",
            project().file("prod.json", &without("CALLBACKS")),
            "",
            &["p/tenant.yaml:9:16", "`@@CALLBACKS@@` has no mapping (with prod.json)"],
        ),
        (
            "a secret in the open",
            project().file("p/code/stamp.js", "// x\nconst t = '##API_TOKEN##';\n"),
            "",
            &["`API_TOKEN` is called like a secret", "p/code/stamp.js", "--plain API_TOKEN"],
        ),
        (
            "an open value that is a secret elsewhere",
            project().file("p/code/stamp.js", "// dev-web-hush\n"),
            "",
            &["the value of the secret `web_secret` would stand in `templates/code/stamp.js`"],
        ),
        (
            "a variable in place of a mapping",
            project().env("COMPANY", "Other"),
            "",
            &["the value of `COMPANY` comes from the environment"],
        ),
        (
            "a path of keywords",
            project()
                .file("p/tenant.yaml", &PROJECT.replace("./code/stamp.js", "./code/##ENV##.js"))
                .file("p/code/dev.js", "1")
                .file("p/code/prod.js", "2"),
            "",
            &["p/tenant.yaml:26", "`p/code/##ENV##.js` cannot be used"],
        ),
        (
            "another domain",
            project().env("AUTH0_DOMAIN", "other.auth0.com"),
            "",
            &["AUTH0_DOMAIN is set in the environment"],
        ),
        (
            "an empty secret",
            project().file("prod.json", &config("prod", json!({"SIGNING_PEM": ""}))),
            "",
            &["p/tenant.yaml:33", "a secret is empty in one tenant"],
        ),
        (
            "a name of ours",
            project()
                .file("p/code/stamp.js", "##upper##")
                .file("dev.json", &config("dev", json!({"upper": "x"})))
                .file("prod.json", &config("prod", json!({"upper": "x"}))),
            "",
            &["`upper` has the name of a template function"],
        ),
    ];
    for (what, project, more, said) in cases {
        let ran = project.run(&format!("{INIT} {more}")).code(65);
        for said in said {
            assert!(ran.stderr().contains(said), "{what}: {said}\n{}", ran.screen());
        }
        assert!(!ran.stderr().contains("hush"), "{what}");
        assert!(!project.path("w").exists(), "{what}");
    }
}

#[test]
fn the_command_line_is_checked() {
    let project = project().file("w/tenantry.yaml", "mine\n");
    project.run(INIT).code(64);
    assert_eq!(project.files("w").len(), 1);
    for line in [
        "init v --from-deploy-cli p/tenant.yaml",
        "init v --from-deploy-cli p/tenant.yaml --config dev.json",
        "init v --from-deploy-cli p/tenant.yaml --config dev=dev.json --config dev=prod.json",
        "init v --from-deploy-cli p/tenant.yaml --config ../x=dev.json",
        "init v --from-deploy-cli nowhere.yaml --config dev=dev.json",
        "init v --config dev=dev.json",
    ] {
        let ran = project.run(line).code(64);
        assert!(!project.path("v").exists(), "{}", ran.screen());
    }
}

#[test]
fn a_word_lets_a_keyword_stand_in_the_open() {
    let project = project().file("p/code/stamp.js", "const t = '##PUBLIC_TOKEN##';\n");
    for tenant in ["dev", "prod"] {
        project.write(&format!("{tenant}.json"), &config(tenant, json!({"PUBLIC_TOKEN": "p", "MAP_KEY": "m"})));
    }
    project.write("p/emails/welcome.html", "##MAP_KEY##");
    project.run(INIT).code(65);
    project.run(&format!("{INIT} --plain MAP_KEY")).ok();
    assert!(project.read("w/tenants/dev.yaml").contains("MAP_KEY: m"));
}

/// A secret that the environment holds already keeps its variable.
#[test]
fn variables_of_the_environment_stay_where_they_are() {
    let project = project().env("GOOGLE_SECRET", "outer-hush").env("AUTH0_CLIENT_SECRET", "inner-hush");
    project.run(INIT).ok();
    let file = project.read("w/tenants/dev.yaml");
    assert!(file.contains("google_secret:\n    env: GOOGLE_SECRET"), "{file}");
    assert!(file.contains("client_secret:\n    env: AUTH0_CLIENT_SECRET"), "{file}");
    assert!(!file.contains("hush"), "{file}");
}

#[test]
fn a_keyword_that_nothing_stands_for_keeps_the_secret() {
    let project = project().file("p/tenant.yaml", &PROJECT.replace("##GOOGLE_SECRET##", "##NOT_MAPPED##"));
    project.run(INIT).ok();
    assert!(project.read("w/tenants/dev.yaml").contains("not_mapped:\n    keep: true"));
    assert!(project.read("w/templates/tenant.yaml").contains(r#"client_secret: '{{secret "not_mapped"}}'"#));
    project.run("check --workspace w").ok();
}

#[test]
fn a_value_that_looks_like_a_secret_is_not_written() {
    let project = project().file("p/code/stamp.js", "connect('##DATABASE##');\n");
    for tenant in ["dev", "prod"] {
        project.write(&format!("{tenant}.json"), &config(tenant, json!({"DATABASE": "pg://me:hush@db.example/x"})));
    }
    let ran = project.run(INIT).code(65);
    assert!(ran.stderr().contains("the value of `DATABASE` looks like a secret"), "{}", ran.screen());
    assert!(!ran.stderr().contains("hush"), "{}", ran.screen());
}

fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test is told where its data is")]
    let folder = std::env::var_os("TENANTRY_SHARED").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: TENANTRY_SHARED is not set");
    }
    folder
}

/// Copies a folder into a project.
fn with_folder(mut project: Project, from: &Path, to: &str) -> Project {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = format!("{to}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            project = with_folder(project, &entry.path(), &to);
        } else {
            #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
            let text = std::fs::read_to_string(entry.path()).unwrap();
            project = project.file(&to, &text);
        }
    }
    project
}

#[test]
fn both_formats_of_the_sample_plan_the_same() {
    let Some(shared) = shared() else { return };
    for (folder, input) in [("northwind-yaml", "p/tenant.yaml"), ("northwind-directory", "p")] {
        let project = with_folder(Project::bare(), &shared.join("data").join(folder), "p");
        let configs = [("dev", "p/config.dev.json"), ("prod", "p/config.prod.json")];
        let line = configs.map(|(tenant, config)| format!("--config {tenant}={config}")).join(" ");
        project.run(&format!("init w --from-deploy-cli {input} {line}")).ok();
        let settings: BTreeMap<&str, Json> = configs
            .iter()
            .map(|(tenant, config)| (*tenant, serde_json::from_str(&project.read(config)).unwrap()))
            .collect();
        let of = |tenant: &str, name: &str| {
            let mappings = &settings[tenant]["AUTH0_KEYWORD_REPLACE_MAPPINGS"];
            match (mappings[name.to_uppercase()].as_str(), name) {
                (Some(text), _) => text.to_owned(),
                (None, "vault_setup_client_secret") => {
                    mappings["VAULT_SETUP"]["client_secret"].as_str().unwrap().to_owned()
                }
                (None, "actions_check_org_plan_secrets_plans_api_url_value") => {
                    format!("https://plans.{}", mappings["ROOT_DOMAIN"].as_str().unwrap())
                }
                (None, "hooks_legacy_scope_trimmer_secrets_trim_prefix") => "legacy:".to_owned(),
                (None, other) => panic!("the secret {other} is not known to this test"),
            }
        };
        for (tenant, _) in &configs {
            let file: Json = serde_yaml::from_str(&project.read(&format!("w/tenants/{tenant}.yaml"))).unwrap();
            let secrets = file["secrets"].as_object().unwrap();
            assert_eq!(secrets.len(), 21);
            for secret in secrets.keys().map(|name| of(tenant, name)).filter(|secret| secret.len() > 7) {
                for (path, text) in texts(&project) {
                    assert!(!text.contains(&secret), "{path}");
                }
            }
        }
        holds(project, input, &configs, &of);
    }
}
