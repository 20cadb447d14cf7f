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
