//! A tenant written as files and planned against itself: nothing to do. Written twice: equal bytes.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests stop where something fails")]

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::edge::files::WorkTree;
use tenantry::model::desired::Desired;
use tenantry::model::diagnostic::Severity;
use tenantry::model::live::Live;
use tenantry::model::names::{Domain, TenantName};
use tenantry::pipeline::export::{ExportFile, ExportOptions, Format, export};
use tenantry::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};
use tenantry::pipeline::load::native::{NativeOptions, SecretSource, SourceError, load_native};
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::validate::validate;

use crate::conformance::{all, joined};
use crate::support::core::{Core, OWN, told, wait};

const FORMATS: [Format; 3] = [Format::Workspace, Format::DeployYaml, Format::DeployDirectory];

/// A world without secrets: an export asks for none.
struct NoSecrets;

impl SecretSource for NoSecrets {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &str) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }

    fn command(&self, _: &[String]) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }
}

fn options(format: Format) -> ExportOptions {
    ExportOptions {
        format,
        tenant: TenantName("dev".to_owned()),
        domain: Domain("sandbox".to_owned()),
        only: Vec::new(),
        exclude: Vec::new(),
    }
}

fn live(core: &Core) -> Live {
    let wanted = Wanted::Everything { only: Vec::new(), exclude: Vec::new() };
    wait(refresh(&core.api, wanted)).expect("the sandbox answers")
}

fn exported(live: &Live, format: Format) -> Vec<ExportFile> {
    let (files, findings) = export(live, &options(format)).unwrap();
    assert!(!findings.has_errors(), "{findings:#?}");
    files
}

fn write(files: &[ExportFile], folder: &Path) {
    for file in files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.bytes).unwrap();
    }
}

/// What an export is never warned of; what a tenant holds of texts and values may well be odd.
const OURS_TO_KNOW: [&str; 3] = ["unknown-field", "read-only-field", "missing-field"];

/// Loads files as the tool does. To be warned of a field is a failure too: what the tool writes, the tool must take.
fn loaded(files: &[ExportFile], format: Format) -> Result<Desired, String> {
    let folder = tempfile::tempdir().unwrap();
    write(files, folder.path());
    let tree = WorkTree::open(folder.path()).unwrap();
    let tenant = TenantName("dev".to_owned());
    let config = r#"{"AUTH0_DOMAIN": "sandbox", "AUTH0_ACCESS_TOKEN": "x"}"#;
    let config = ConfigText { name: "config.json".to_owned(), text: config.to_owned() };
    let loaded = match format {
        Format::Workspace => {
            let options = NativeOptions::default();
            load_native(&tree, &NoSecrets, &tenant, &options)
        }
        Format::DeployYaml => load_deploy_cli(&tree, "tenant.yaml", Some(config), &BTreeMap::new(), &tenant),
        Format::DeployDirectory => load_deploy_cli(&tree, ".", Some(config), &BTreeMap::new(), &tenant),
    };
    let mut findings = loaded.findings;
    let desired = loaded.documents.map(|documents| {
        findings.extend(validate(&documents, &Scope::default()));
        let (desired, more) = resolve(&documents, &Scope::default(), true);
        findings.extend(more);
        tenantry::pipeline::lacking::report(&desired, &Default::default(), &mut findings);
        desired
    });
    let errors: Vec<String> = findings
        .0
        .iter()
        .filter(|finding| finding.severity == Severity::Error || OURS_TO_KNOW.contains(&finding.code))
        .map(|finding| format!("{:?} {} {}", finding.place, finding.code, finding.summary))
        .collect();
    if errors.is_empty() { desired.ok_or_else(|| "nothing loaded".to_owned()) } else { Err(errors.join("\n")) }
}

/// Exports in every format; the plan of each must be empty, and a second export equal.
fn law(core: &Core) -> Result<(), String> {
    let first = live(core);
    let second = live(core);
    for format in FORMATS {
        let files = exported(&first, format);
        if files != exported(&second, format) {
            return Err(format!("{format:?}: two exports differ"));
        }
        let all = shown(&files);
        if all.contains(OWN) {
            return Err(format!("{format:?}: the tool's own client is in it\n{all}"));
        }
        let desired = loaded(&files, format).map_err(|errors| format!("{format:?}: {errors}\n{all}"))?;
        let (plan, findings) = core.try_plan(&desired);
        if findings.has_errors() || !plan.is_empty() {
            return Err(format!("{format:?}: {findings:#?}\n{}\n{all}", told(&plan).join("\n")));
        }
    }
    Ok(())
}

fn shown(files: &[ExportFile]) -> String {
    files.iter().map(|file| format!("=== {}\n{}", file.path, String::from_utf8_lossy(&file.bytes))).collect()
}

#[test]
fn a_new_tenant_is_exported_and_plans_empty() {
    law(&Core::new()).unwrap();
}

#[test]
fn every_kind_is_exported_and_plans_empty() {
    let problems: Vec<String> = all()
        .filter_map(|case| {
            let run = || {
                let mut core = Core::new();
                if !case.needs.is_empty() {
                    core.apply(case.needs);
                }
                core.apply(&joined(case, case.before));
                law(&core)
            };
            match std::panic::catch_unwind(run) {
                Ok(result) => result.err().map(|error| format!("{}: {error}", case.kind)),
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
                    Some(format!("{}: {text}", case.kind))
                }
            }
        })
        .collect();
    assert!(problems.is_empty(), "{} of {} kinds:\n\n{}", problems.len(), all().count(), problems.join("\n\n"));
}

#[test]
fn the_sample_of_the_deploy_cli_is_exported_and_plans_empty() {
    for (folder, input) in [("data/northwind-yaml", "tenant.yaml"), ("data/northwind-directory", ".")] {
        let Some(core) = crate::northwind::applied(folder, input, "config.dev.json") else { return };
        law(&core).unwrap_or_else(|error| panic!("{folder}: {error}"));
    }
}

/// A tenant with what is hard to say.
const AWKWARD: &str = r#"
resourceServers:
  - { name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders', description: 'say {{x}} and ##THIS##' }] }
clients:
  - { name: A/B, app_type: spa, description: "{{mustache}} \\{{x}} {{{y}}}" }
  - { name: 'A:B', app_type: spa, description: 'yes', client_metadata: { on: 'off', date: '2024-01-01', octal: '0755', text: "two\n lines\n" } }
  - { name: a-b, app_type: spa, callbacks: [https://b.example, https://a.example] }
  - { name: Job, app_type: non_interactive, grant_types: [client_credentials] }
clientGrants:
  - { client_id: Job, audience: https://orders.example, scope: ['read:orders'] }
actions:
  - { name: Gate, code: 'exports.a = "{{no}} ##NO## @@NO@@";', deployed: true, supported_triggers: [{ id: post-login, version: v3 }], secrets: [{ name: KEY, value: s3cr3t-of-the-action }] }
  - { name: gate, code: 'exports.b = 1;', deployed: false, supported_triggers: [{ id: post-login, version: v3 }] }
triggers:
  post-login: [{ action_name: Gate, display_name: Gate }]
roles:
  - { name: Reader, description: '', permissions: [{ resource_server_identifier: https://orders.example, permission_name: 'read:orders' }] }
flowVaultConnections:
  - { name: CRM, app_id: HTTP, setup: { type: BEARER, token: s3cr3t-of-the-vault } }
flows:
  - { name: 'Save: all', actions: [{ id: tell, type: HTTP, action: SEND_REQUEST, params: { connection_id: CRM, method: POST, url: 'https://a.example/{{fields.id}}' } }] }
forms:
  - { name: Step 1/2, nodes: [{ id: save, type: FLOW, config: { flow_id: 'Save: all', next_node: $ending } }] }
connections:
  - { name: idp, strategy: oidc, options: { client_id: x, client_secret: s3cr3t-of-the-idp, issuer: https://idp.example, type: back_channel } }
"#;

fn awkward() -> Core {
    let mut core = Core::new();
    core.deploy_cli = false;
    core.apply(AWKWARD);
    core
}

fn ids(live: &Live) -> Vec<String> {
    let own = |object: &&tenantry::model::live::Object| object.kind.id.is_some() && object.id.is_some();
    live.objects.iter().filter(own).filter_map(|object| object.id.as_ref().map(|id| id.0.clone())).collect()
}

#[test]
fn no_file_holds_a_secret_or_an_id() {
    let live = live(&awkward());
    let ids = ids(&live);
    assert!(ids.len() > 8);
    for format in FORMATS {
        let all = shown(&exported(&live, format));
        for secret in ["s3cr3t-of-the-action", "s3cr3t-of-the-idp", "s3cr3t-of-the-vault"] {
            assert!(!all.contains(secret), "{format:?}: {secret}");
        }
        for id in &ids {
            assert!(!all.contains(id.as_str()), "{format:?}: {id}\n{all}");
        }
    }
}

#[test]
fn names_that_a_file_system_takes_for_one_get_files_of_their_own() {
    let live = live(&awkward());
    for format in FORMATS {
        let files = exported(&live, format);
        let mut paths: Vec<String> = files.iter().map(|file| file.path.to_lowercase()).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), files.len(), "{format:?}");
        assert!(files.iter().all(|file| !file.path.contains([':', '\\', '"'])));
    }
    let files = exported(&live, Format::DeployDirectory);
    let likes = files.iter().filter(|file| file.path.to_lowercase().starts_with("clients/a-b-")).count();
    assert_eq!(likes, 3, "{}", shown(&files));
}

#[test]
fn a_chosen_kind_is_exported_alone_and_names_the_others() {
    let core = awkward();
    let wanted = Wanted::Everything { only: vec!["triggers".to_owned()], exclude: Vec::new() };
    let live = wait(refresh(&core.api, wanted)).expect("the sandbox answers");
    let options = ExportOptions { only: vec!["triggers".to_owned()], ..options(Format::Workspace) };
    let (files, findings) = export(&live, &options).unwrap();
    assert!(findings.0.is_empty(), "{findings:#?}");
    insta::assert_snapshot!(shown(&files), @r"
    === templates/triggers.yaml
    triggers:
      post-login:
        - action_name: Gate
          display_name: Gate
    === tenantry.yaml
    project: dev
    === tenants/dev.yaml
    domain: sandbox
    external:
      - actions/Gate
    ");
}

#[test]
fn a_workspace_says_the_awkward_in_its_own_words() {
    let files = exported(&live(&awkward()), Format::Workspace);
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{}", shown(&files)));
        String::from_utf8(file.bytes.clone()).unwrap()
    };
    let has = |path: &str, lines: &str| assert!(text(path).contains(lines), "{}", text(path));
    has("templates/clients/A-B-6df24e.yaml", "    description: \\{{mustache}} \\\\{{!}}\\{{x}} \\{{{y}}}\n");
    has(
        "templates/clients/A-B-40411d.yaml",
        "      date: \"2024-01-01\"\n      octal: \"0755\"\n      \"on\": \"off\"\n",
    );
    has("templates/resourceServers/Orders.yaml", "        description: \"say \\\\{{x}} and #{{!}}#THIS##\"\n");
    has(
        "templates/connections/idp.yaml",
        "      client_secret: \"{{secret \\\"connections_idp_client_secret\\\"}}\"\n",
    );
    has("tenants/dev.yaml", "  connections_idp_client_secret:\n    keep: true\n");
    assert_eq!(text("templates/actions/Gate-e70893.js"), "exports.a = \"{{no}} ##NO## @@NO@@\";");
}

#[test]
fn the_awkward_is_exported_and_plans_empty() {
    let core = awkward();
    let live = live(&core);
    let desired = loaded(&exported(&live, Format::Workspace), Format::Workspace).unwrap();
    let (plan, findings) = core.try_plan(&desired);
    assert!(!findings.has_errors() && plan.is_empty(), "{findings:#?} {}", told(&plan).join("\n"));
    for format in [Format::DeployYaml, Format::DeployDirectory] {
        let (files, findings) = export(&live, &options(format)).unwrap();
        let grave = findings.0.iter().filter(|finding| finding.severity != Severity::Note);
        let codes: Vec<&str> = grave.map(|finding| finding.code).collect();
        // The one text that these formats cannot say.
        assert_eq!(codes, ["looks-like-keyword"], "{findings:#?}");
        let without: Vec<ExportFile> = files
            .into_iter()
            .map(|file| {
                let text = String::from_utf8(file.bytes).unwrap().replace("say {{x}} and ##THIS##", "");
                ExportFile { bytes: text.into_bytes(), ..file }
            })
            .collect();
        let desired = loaded(&without, format).unwrap();
        let (plan, findings) = core.try_plan(&desired);
        assert!(!findings.has_errors(), "{findings:#?}");
        let addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
        assert_eq!(addresses, ["resourceServers/https:%2F%2Forders.example"], "{}", told(&plan).join("\n"));
    }
}

/// The Deploy CLI itself reads what is written in its formats. Runs where `TENANTRY_ORACLE` names a folder with it.
#[test]
fn the_real_deploy_cli_reads_the_exports() {
    let Some(oracle) = std::env::var_os("TENANTRY_ORACLE") else {
        eprintln!("skipped: TENANTRY_ORACLE is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let live = live(&awkward());
    let mut jobs = Vec::new();
    for (format, input) in [(Format::DeployYaml, "yaml/tenant.yaml"), (Format::DeployDirectory, "directory")] {
        let name = input.split('/').next().unwrap();
        write(&exported(&live, format), &folder.path().join(name));
        jobs.push(serde_json::json!({ "root": folder.path(), "input": input, "config": {} }));
    }
    let (asked, told) = (folder.path().join("jobs.json"), folder.path().join("answers.json"));
    std::fs::write(&asked, serde_json::to_string(&jobs).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/load_assets.cjs");
    let status = std::process::Command::new("node").arg(script).arg(oracle).arg(&asked).arg(&told).status().unwrap();
    assert!(status.success());
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&told).unwrap()).unwrap();
    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert!(answer.get("error").is_none(), "{answer}");
        let assets = &answer["assets"];
        let named = |kind: &str, name: &str| {
            let items = assets[kind].as_array().unwrap_or_else(|| panic!("{kind}: {assets}"));
            items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{name}: {items:?}")).clone()
        };
        assert_eq!(named("actions", "Gate")["code"], "exports.a = \"{{no}} ##NO## @@NO@@\";");
        assert_eq!(named("clients", "A/B")["description"], "{{mustache}} \\{{x}} {{{y}}}");
        assert_eq!(named("clients", "A:B")["client_metadata"]["date"], "2024-01-01");
        assert_eq!(named("clients", "A:B")["client_metadata"]["text"], "two\n lines\n");
        assert_eq!(named("connections", "idp")["options"]["client_secret"], "##CONNECTIONS_IDP_CLIENT_SECRET##");
        assert_eq!(assets["triggers"]["post-login"][0]["action_name"], "Gate");
        let parameters = &named("flows", "Save: all")["actions"][0]["params"];
        assert_eq!(parameters["connection_id"], "CRM");
        assert_eq!(parameters["url"], "https://a.example/{{fields.id}}");
        assert_eq!(named("forms", "Step 1/2")["nodes"][0]["config"]["flow_id"], "Save: all");
    }
}
