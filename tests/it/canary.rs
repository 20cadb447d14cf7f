//! No secret in any screen, plan, error or file that stays: each secret is a canary, and everything is searched for it.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use tenantry::catalogue::table::catalogue;
use tenantry::model::path::FieldPattern;

use crate::support::{Project, Ran};

/// Of characters that addresses and JSON write otherwise.
const CANARY: &str = "canary-5f1c/never \u{e9}\u{2028}\"&+\\to be-seen";

/// A project with a canary in every place that holds secrets and can be made in the sandbox.
const PROJECT: &str = r"
clients:
  - { name: Web, app_type: regular_web, client_secret: '##S1##', addons: { firebase: { secret: '##S2##' } } }
resourceServers:
  - { name: Orders, identifier: https://orders.example, signing_alg: HS256, signing_secret: '##S3##' }
databases:
  - { name: users, strategy: auth0, options: { enabledDatabaseCustomization: true, configuration: { API_KEY: '##S4##' } } }
connections:
  - { name: google-oauth2, strategy: google-oauth2, options: { client_id: abc, client_secret: '##S5##' } }
  - { name: sms, strategy: sms, options: { name: sms, provider: twilio, twilio_sid: AC1, twilio_token: '##S6##' } }
actions:
  - name: Gate
    code: ./gate.js
    deployed: true
    secrets: [{ name: KEY, value: '##S7##' }]
    supported_triggers: [{ id: post-login, version: v3 }]
hooks:
  - { name: trim, triggerId: credentials-exchange, script: ./gate.js, secrets: { KEY: '##S8##' } }
rulesConfigs:
  - { key: HOOK, value: '##S9##' }
emailProvider:
  name: smtp
  enabled: true
  default_from_address: a@b.example
  credentials: { smtp_host: h, smtp_port: 587, smtp_user: u, smtp_pass: '##S10##' }
guardianFactorProviders:
  - { name: sms, provider: twilio, sid: AC1, auth_token: '##S11##', from: '+15005550006' }
attackProtection:
  captcha: { active_provider_id: hcaptcha, hcaptcha: { site_key: k, secret: '##S12##' } }
logStreams:
  - name: siem
    type: http
    sink: { httpEndpoint: https://a.example/l, httpContentFormat: JSONLINES, httpAuthorization: 'Bearer ##S13##' }
";

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn project(text: &str) -> Project {
    let secrets: Vec<String> = (1..=13).map(|n| format!("\"S{n}\": {}", json(&format!("{CANARY}-{n}")))).collect();
    let config = format!(
        r#"{{"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_CLIENT_SECRET": {}, "AUTH0_KEYWORD_REPLACE_MAPPINGS": {{{}}}}}"#,
        json(&format!("{CANARY}-own")),
        secrets.join(", ")
    );
    Project::bare()
        .file("config.json", &config)
        .file("gate.js", "exports.onExecutePostLogin = async () => {};\n")
        .file("tenant.yaml", text)
}

fn silent(what: &str, ran: &Ran) {
    assert_eq!(holds(&ran.screen(), CANARY), None, "{what} shows a secret:\n{}", ran.screen());
}

#[test]
fn no_secret_is_shown_or_kept() {
    let project = project(PROJECT);
    let repository = git2::Repository::init(project.path(".")).unwrap();
    for command in [
        "check",
        "plan",
        "plan --json",
        "plan --markdown",
        "plan --html plan.html",
        "apply --yes",
        "plan",
        "apply --yes --json",
        "history",
        "history last",
        "history last --json",
        "export --to out-native",
        "export --to out-yaml --format yaml",
        "export --to out-directory --format directory",
    ] {
        silent(command, &project.run(&Project::deploying(command)).ok());
    }
    // Changed, wrong and refused values are where messages quote.
    let changed = PROJECT.replace("'##S5##'", "'##S6##'").replace("smtp_port: 587", "smtp_port: many");
    project.write("tenant.yaml", &changed);
    silent("a wrong file", &project.run(&Project::deploying("plan")).code(65));
    project.write("tenant.yaml", &PROJECT.replace("'##S5##'", "'##S6##'"));
    silent("a changed secret", &project.run(&Project::deploying("plan")).ok());
    // The API knows better than the files that these two exclude each other.
    let refused = "requires_username: true, attributes: { email: { identifier: { active: true } } }, configuration:";
    project.write("tenant.yaml", &PROJECT.replace("configuration:", refused));
    silent("a refusal", &project.run(&Project::deploying("apply --yes")).code(1));
    // Cut short, gone on with, taken back, saved.
    project.write("tenant.yaml", &PROJECT.replace("'##S5##'", "'##S6##'").replace("name: Web", "name: Site"));
    project.write("faults.json", r#"[{"at": {"write": 2}, "what": "die_after"}]"#);
    let mut cut = project.command(&Project::deploying("apply --yes --accept-drift"));
    let output = cut.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap();
    let screen = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&screen).contains(CANARY), "an apply that is cut short shows a secret");
    assert!(!output.status.success());
    let left = project.files(".").keys().any(|path| path.ends_with("journal.jsonl"));
    assert!(left, "it leaves a journal");
    unseen(&project);
    silent("a resume", &project.run(&Project::deploying("apply --resume --yes --accept-drift")).ok());
    unseen(&project);
    silent("an undo", &project.run(&Project::deploying("apply --undo --yes")));
    silent("a saved plan", &project.run(&Project::deploying("plan --out saved.plan")).ok());
    log_and_panic(&project);
    // Git packs what it keeps; nobody is to find a secret in there either.
    let objects = repository.odb().unwrap();
    let mut count = 0;
    objects
        .foreach(|id| {
            let object = objects.read(*id).unwrap();
            count += 1;
            assert!(!String::from_utf8_lossy(object.data()).contains(CANARY), "object {id} holds a secret");
            true
        })
        .unwrap();
    assert!(count > 20, "the records are there: {count} objects");
    unseen(&project);
}

/// A server that quotes what it was sent, in the forms that servers quote in; a log of all requests; a panic.
fn log_and_panic(project: &Project) {
    let secret = format!("{CANARY}-5");
    let texts = [
        secret.clone(),
        json(&secret),
        percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
        STANDARD.encode(&secret),
    ];
    for (number, text) in texts.iter().enumerate() {
        let message = json(&format!("it is wrong: {text}"));
        let fault =
            format!(r#"[{{"at": {{"write": 1}}, "what": {{"status": {{"status": 400, "message": {message}}}}}}}]"#);
        project.write("faults.json", &fault);
        project.write("tenant.yaml", &PROJECT.replace("smtp_user: u", &format!("smtp_user: u{number}")));
        let mut refused = project.command(&Project::deploying("apply --yes --accept-drift --log -"));
        let output = refused.env("TENANTRY_SANDBOX_FAULTS", "faults.json").env("TENANTRY_LOG", "requests.log").output();
        let output = output.unwrap();
        let screen = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(screen.contains("it is wrong") && screen.contains("PATCH /api/v2/emails/provider"), "{screen}");
        assert_eq!(holds(&screen, CANARY), None, "a server's words show a secret:\n{screen}");
    }
    project.write("faults.json", "[]");
    project.write("tenant.yaml", &PROJECT.replace("smtp_user: u", "smtp_user: v"));
    let mut fallen = 0;
    for backtrace in ["1", "0"] {
        let mut falls = project.command(&Project::deploying("apply --yes --accept-drift --log requests.log"));
        let output = falls.env("TENANTRY_TEST_PANIC", CANARY).env("RUST_BACKTRACE", backtrace).output().unwrap();
        let screen = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        if output.status.code() == Some(0) {
            // The step is done; there is nothing left to fall over.
            continue;
        }
        fallen += 1;
        assert_eq!(output.status.code(), Some(70), "{screen}");
        assert!(screen.contains("this is a bug") && screen.contains("at src/cli/applying.rs"), "{screen}");
        assert_eq!(holds(&screen, CANARY), None, "a panic shows a secret:\n{screen}");
    }
    assert!(fallen > 0, "nothing fell over");
    assert!(project.read("requests.log").contains(" attempt 1: 200"), "the requests are logged");
    unseen(project);
    silent("a resume after a panic", &project.run(&Project::deploying("apply --yes --accept-drift")).ok());
}

/// The forms in which a text may stand somewhere: raw, in base64 however it is aligned, in an address, in JSON.
fn forms(secret: &str) -> Vec<String> {
    let whole = secret.len() - secret.len() % 3;
    let aligned = (0..3).map(|skip| STANDARD.encode(&secret.as_bytes()[skip..whole - 3 + skip]));
    let by_address = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let by_form = by_address.replace("%20", "+");
    let json = serde_json::to_string(secret).unwrap();
    let escaped = json.trim_matches('"').to_owned();
    let twice = serde_json::to_string(&escaped).unwrap().trim_matches('"').to_owned();
    aligned.chain([secret.to_owned(), by_address, by_form, escaped, twice, format!("{secret:?}")]).collect()
}

fn holds(text: &str, secret: &str) -> Option<String> {
    forms(secret).into_iter().find(|form| text.contains(form.trim_matches('"')))
}

/// The sandbox is the tenant itself and holds what it was given; in all else that stays no secret is, in no form.
fn unseen(project: &Project) {
    for (path, bytes) in project.files(".") {
        let store = path.strip_prefix(".tenantry/sandbox/").is_some_and(|name| !name.contains('/'));
        if path == "config.json" || store {
            continue;
        }
        assert_eq!(holds(&String::from_utf8_lossy(&bytes), CANARY), None, "{path} holds a secret");
    }
}

/// What the reference calls sensitive and our kinds hold is secret in the catalogue.
#[test]
fn every_sensitive_field_of_the_reference_is_secret() {
    #[expect(clippy::disallowed_methods, reason = "a test is told where its data is")]
    let Some(shared) = std::env::var_os("TENANTRY_SHARED") else {
        eprintln!("skipped: TENANTRY_SHARED is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&shared).join("reference/catalog.json")).unwrap();
    let reference: Vec<Json> = serde_json::from_str(&text).unwrap();
    let mut open = BTreeSet::new();
    for entry in &reference {
        let name = entry["kind"].as_str().unwrap();
        for kind in catalogue().kinds() {
            let schemas = kind.schema.iter().chain(kind.key_paths.values().filter_map(|own| own.schema.as_ref()));
            if !schemas.into_iter().any(|schema| schema == name) || kind.membership.is_some() {
                continue;
            }
            for field in entry["sensitive"].as_array().unwrap() {
                let field: FieldPattern = field.as_str().unwrap().parse().unwrap();
                let covered = kind
                    .fields
                    .secret
                    .iter()
                    .any(|pattern| pattern == &field || pattern.to_string().starts_with(&format!("{field}.")));
                if !covered {
                    open.insert(format!("{}:{field}", kind.name));
                }
            }
        }
    }
    // Databases share the connections' schema and have none of the fields of other strategies.
    open.retain(|field| !field.starts_with("databases:"));
    assert!(open.is_empty(), "{open:#?}");
}

/// Secrets that are words or numbers of everything else.
const ORDINARY: &[&str] = &["443", "null", "true", "-"];

#[test]
fn a_secret_like_an_ordinary_word_corrupts_nothing() {
    for secret in ORDINARY {
        let project = Project::new()
            .tenant("dev", "domain: sandbox\nsecrets: { word: { env: WORD } }\n")
            .template(
                "all",
                r#"clients: [{ name: Web, app_type: spa, callbacks: ["https://a.example:443/-/null/true"] }]
connections:
  - { name: google-oauth2, strategy: google-oauth2, options: { client_id: "443", client_secret: '{{secret "word"}}' } }
rulesConfigs: [{ key: HOOK, value: '{{secret "word"}}' }]
emailProvider:
  name: smtp
  enabled: true
  default_from_address: a@b.example
  credentials: { smtp_host: h, smtp_port: 443, smtp_user: "null", smtp_pass: '{{secret "word"}}' }
"#,
            )
            .env("WORD", secret);
        project.commit("first");
        let plan = project.run("plan dev --json").ok().json();
        let change = |address: &str| {
            let changes = plan["changes"].as_array().unwrap();
            changes.iter().find(|change| change["address"] == address).unwrap().clone()
        };
        let shown = change("clients/Web").to_string();
        assert!(shown.contains("https://a.example:443/-/null/true"), "`{secret}`: {shown}");
        assert!(change("emailProvider").to_string().contains("443"), "`{secret}`");
        assert_eq!(project.run("plan dev --json").ok().json(), plan, "`{secret}`");
        let screen = project.run("apply dev --yes").ok();
        assert!(screen.stdout().contains(r#"["https://a.example:443/-/null/true"]"#), "{}", screen.screen());
        assert!(screen.stdout().contains("smtp_port: 443"), "{}", screen.screen());
        project.run("plan dev --exit-code").ok();
        project.run("drift dev").ok();
        project.run("export dev --to out").ok();
        let exported = project.files("out");
        let exported: String = exported.values().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        assert!(exported.contains("https://a.example:443/-/null/true"), "`{secret}`: {exported}");
        assert!(exported.contains("smtp_port: 443"), "`{secret}`: {exported}");
        // A value that does not take is told as it is.
        project.write(
            "faults.json",
            r#"[{"at": {"write": 1}, "what": {"status": {"status": 400, "message": "443 - null true"}}}]"#,
        );
        project.write(
            "templates/all.yaml",
            &project
                .read("templates/all.yaml")
                .replace("https://a.example:443/-/null/true", "https://b.example:443/-/true"),
        );
        let project = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json");
        let failed = project.run("apply dev --yes --json").code(1).json();
        assert_eq!(failed["steps"][0]["message"], "443 - null true", "`{secret}`");
    }
}

#[test]
fn an_empty_secret_is_one_without_a_value_and_an_empty_keyword_is_empty_text() {
    let hook = r#"rulesConfigs: [{ key: HOOK, value: '{{secret "word"}}' }]"#;
    let native = Project::new()
        .tenant("dev", "domain: sandbox\nsecrets: { word: { env: WORD } }\n")
        .template("all", hook)
        .env("WORD", "");
    let ran = native.run("apply dev --yes").code(65);
    assert!(ran.stderr().contains("rulesConfigs/HOOK:value (word)"), "{}", ran.screen());
    let text = "clients: [{ name: Web, description: 'a-##EMPTY##-b', app_type: spa }]\nconnections:
  - { name: google-oauth2, strategy: google-oauth2, options: { client_id: abc, client_secret: '##EMPTY##' } }\n";
    let keyword = Project::deploy_cli(text).file(
        "config.json",
        r#"{"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"EMPTY": ""}}"#,
    );
    let ran = keyword.run(&Project::deploying("apply --yes")).ok();
    assert!(ran.stdout().contains("\"a--b\""), "{}", ran.screen());
    keyword.run(&Project::deploying("plan --exit-code")).ok();
}
