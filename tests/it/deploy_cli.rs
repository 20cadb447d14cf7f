//! Deploy CLI projects as users have them: on disk, with their config files, and with what people get wrong.
#![expect(clippy::unwrap_used, reason = "a test fails where its scene cannot be set")]

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::edge::files::WorkTree;
use tenantry::model::desired::Manage;
use tenantry::model::diagnostic::{Diagnostic, Severity};
use tenantry::model::names::TenantName;
use tenantry::pipeline::load::Loaded;
use tenantry::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};

/// A project in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
    config: String,
    environment: BTreeMap<String, String>,
}

impl Project {
    fn new() -> Self {
        let config = r#"{"AUTH0_DOMAIN": "acme.auth0.com"}"#.to_owned();
        Self { folder: tempfile::tempdir().unwrap(), config, environment: BTreeMap::new() }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn folder(self, path: &str) -> Self {
        std::fs::create_dir_all(self.folder.path().join(path)).unwrap();
        self
    }

    fn config(mut self, text: &str) -> Self {
        self.config = text.to_owned();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self, input: &str) -> Loaded {
        load(self.folder.path(), input, &self.config, &self.environment)
    }
}

fn load(root: &Path, input: &str, config: &str, environment: &BTreeMap<String, String>) -> Loaded {
    let config = ConfigText { name: "config.json".to_owned(), text: config.to_owned() };
    load_deploy_cli(&WorkTree::open(root).unwrap(), input, Some(config), environment, &TenantName("acme".to_owned()))
}

/// Findings as lines: severity, code, place, summary.
fn lines(loaded: &Loaded) -> Vec<String> {
    let line = |finding: &Diagnostic| {
        let place = finding.place.as_ref().map_or("-".to_owned(), ToString::to_string);
        format!("{:?} {} {place} {}", finding.severity, finding.code, finding.summary)
    };
    loaded.findings.0.iter().map(line).collect()
}

fn value(loaded: &Loaded, key: &str) -> serde_json::Value {
    let documents = loaded.documents.as_ref().unwrap();
    let entry = documents.root.iter().find(|entry| entry.key == key);
    entry.map_or(serde_json::Value::Null, |entry| entry.value.to_value().to_shown())
}

#[test]
fn each_mistake_of_a_yaml_project_is_reported_with_its_place() {
    let project = Project::new()
        .config(r#"{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"COMPANY": "a, much longer text", "ENV": "dev"}}"#)
        .file(
            "tenant.yaml",
            concat!(
                "tenant:\n",
                "  friendly_name: ##COMPANY## ##COMPNAY##\n",
                "  support_email: ##MAIL##   # lost\n",
                "clients:\n",
                "  - name: '##COMPANY## @@UNKNOWN@@'\n",
                "    description: \"## not a marker ##\"\n",
                "    custom_login_page: ./gone.html\n",
                "actions:\n",
                "  - name: One\n",
                "    code: ../outside.js\n",
                "  - name: Two\n",
                "    code: ./actions/two.js\n",
                "  - name: Three\n",
                "    code: |\n",
                "      exports.x = 1;\n",
            ),
        )
        .file("actions/two.js", "first\n const a = '##NOBODY##'; // ##ENV##\n");
    assert_eq!(
        lines(&project.load("tenant.yaml")),
        [
            "Error undefined-keyword tenant.yaml:2:30 `##COMPNAY##` has no mapping",
            "Error undefined-keyword tenant.yaml:3:18 `##MAIL##` has no mapping",
            "Error missing-file tenant.yaml:7:24 `clients/gone.html` cannot be used: it does not exist",
            "Error outside-workspace tenant.yaml:10:11 `../outside.js` cannot be used: the path leaves the workspace",
            "Warning undefined-keyword actions/two.js:2:13 `##NOBODY##` has no mapping and stays as it is",
            "Error missing-file tenant.yaml:15:7 `code` must be the path of a file, not the text itself",
            "Error undefined-keyword tenant.yaml:5:24 `@@UNKNOWN@@` has no mapping",
        ]
    );
}

#[test]
fn syntax_errors_stand_in_the_file_as_it_is_on_disk() {
    let project = Project::new()
        .config(r#"{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"LONG": ["a", "b", "c"]}}"#)
        .file("tenant.yaml", "tenant:\n  allowed: @@LONG@@\n  locales: @@MISSING@@\n")
        .file("directory/clients/a.json", "{\n  \"callbacks\": @@LONG@@,\n  \"name\": \"a\",\n}\n")
        .file("directory/clients/b.json", "{\"name\": @@MISSING@@}")
        .file("directory/database-connections/users/database.json", "{")
        .file("directory/database-connections/other/login.js", "");
    assert_eq!(
        lines(&project.load("tenant.yaml")),
        ["Error undefined-keyword tenant.yaml:3:12 `@@MISSING@@` has no mapping"]
    );
    let directory = lines(&project.load("directory"));
    assert_eq!(directory.len(), 4, "{directory:#?}");
    assert!(directory.iter().any(|line| line.contains("directory/clients/a.json:4:1")), "{directory:#?}");
    assert!(
        directory.iter().any(|line| line.contains("undefined-keyword directory/clients/b.json:1:10")),
        "{directory:#?}"
    );
    assert!(directory.iter().any(|line| line.contains("missing-file") && line.contains("other/database.json")));
    assert!(directory.iter().any(|line| line.contains("users/database.json:1:2")), "{directory:#?}");
}

#[test]
fn folders_are_empty_unknown_or_not_folders() {
    let project = Project::new()
        .file("p/tenant.json", "{\"friendly_name\": \"x\"}")
        .file("p/client/a.json", "{\"name\": \"a\"}")
        .file("p/guardian/factor/sms.json", "{}")
        .file("p/custom-domains/login.json", "{}")
        .file("p/roles", "a file")
        .file("p/config.dev.json", "{}")
        .file("p/triggers/a.json", "{\"post-login\": []}")
        .file("p/triggers/b.json", "{\"post-login\": [1]}")
        .file("p/.git/config", "")
        .folder("p/supplemental-signals.json")
        .folder("p/organizations");
    let loaded = project.load("p");
    assert_eq!(
        lines(&loaded),
        [
            "Note empty-folder p/organizations:1:1 `p/organizations/` exists and holds no item: the project wants none of its objects",
            "Error unreadable-file p/roles:1:1 `p/roles` cannot be used: it is a file, not a folder",
            "Error unreadable-file - `p/supplemental-signals.json` cannot be used: it is a folder, not a file",
            "Warning unread-path p/client:1:1 nothing reads `p/client/`",
            "Warning unread-path p/custom-domains/login.json:1:1 nothing reads `p/custom-domains/login.json`",
            "Warning unread-path p/guardian/factor:1:1 nothing reads `p/guardian/factor/`",
            "Warning unread-path p/triggers/b.json:1:1 nothing reads `p/triggers/b.json`",
        ]
    );
    let help = |path: &str| {
        loaded.findings.0.iter().find(|f| f.summary.contains(path)).and_then(|f| f.help.clone()).unwrap_or_default()
    };
    assert_eq!(help("p/client/"), "Did you mean `clients/`?");
    assert_eq!(help("factor/"), "Did you mean `factors/`?");
    assert_eq!(value(&loaded, "organizations"), serde_json::json!([]));
    assert_eq!(value(&loaded, "triggers"), serde_json::json!({"post-login": []}));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("code.js"), "secret").unwrap();
    let project =
        Project::new().file("tenant.yaml", "actions:\n  - name: a\n    code: ./actions/code.js\n").folder("actions");
    std::os::unix::fs::symlink(outside.path().join("code.js"), project.folder.path().join("actions/code.js")).unwrap();
    let lines = lines(&project.load("tenant.yaml"));
    assert_eq!(
        lines,
        ["Error outside-workspace tenant.yaml:3:11 `actions/code.js` cannot be used: it lies outside the workspace"]
    );
}

#[test]
fn settings_mean_what_they_mean_there() {
    let project = Project::new()
        .config(
            r#"{
              "AUTH0_DOMAIN": "file.auth0.com", "AUTH0_CLIENT_SECRET": "from-the-file", "AUTH0_ALLOW_DELETE": false,
              "AUTH0_CLIENT_SIGNING_KEY_PATH": "./keys/key.pem",
              "AUTH0_EXCLUDED": ["rules", "clientAuthCredentials"], "AUTH0_EXCLUDED_CLIENTS": ["A/B"],
              "AUTH0_EXCLUDED_RESOURCE_SERVERS": ["Auth0 Management API"], "AUTH0_EXCLUDE_THIRD_PARTY_CLIENTS": "true",
              "EXCLUDED_PROPS": {"clients": ["signing_keys"], "tenant": ["flags"]},
              "AUTH0_IGNORE_DRY_RUN_FIELDS": {"clients": ["signing_keys"], "actions": ["secrets"]}
            }"#,
        )
        .variable("AUTH0_CLIENT_SECRET", "from-the-environment")
        .variable("AUTH0_ALLOW_DELETE", "true")
        .variable("UNRELATED", "x")
        .file("keys/key.pem", "-----BEGIN PRIVATE KEY-----\n")
        .file("tenant.yaml", "rules: []\nroles: ~\nclients: []\n");
    let loaded = project.load("tenant.yaml");
    assert_eq!(lines(&loaded), [] as [&str; 0]);
    let documents = loaded.documents.unwrap();
    assert_eq!(documents.root.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["clients"]);
    let settings = documents.settings;
    assert_eq!((settings.policy.manage, settings.deploy_cli), (Manage::Exact, true));
    assert_eq!(settings.domain.0, "file.auth0.com");
    let secret = |secret: Option<tenantry::model::secret::Secret>| secret.and_then(|s| s.expose().map(str::to_owned));
    assert_eq!(secret(settings.credentials.client_secret).as_deref(), Some("from-the-environment"));
    assert_eq!(secret(settings.credentials.private_key).as_deref(), Some("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(settings.policy.manage_kinds.get("emailTemplates"), Some(&Manage::Additive));
    assert_eq!(settings.policy.manage_kinds.get("clients"), None);
    let excluded = settings.excluded;
    assert_eq!(excluded.kinds.iter().collect::<Vec<_>>(), ["clients/credentials", "rules"]);
    assert!(excluded.third_party_clients);
    assert_eq!(excluded.addresses, ["clients/A%2FB", "resourceServers/Auth0 Management API"]);
    assert!(excluded.names["resourceServers"].contains("Auth0 Management API"));
    assert_eq!(excluded.fields, ["actions/*:secrets", "clients/*:signing_keys", "tenant:flags"]);
}

#[test]
fn settings_that_cannot_be_meant_are_errors() {
    let project = Project::new()
        .config(
            r#"{
  "AUTH0_EXCLUDED": ["client"], "AUTH0_INCLUDED_ONLY": ["clients", "migrations"],
  "AUTH0_ALOW_DELETE": true, "AUTH0_ALLOW_DELETE": "maybe", "AUTH0_CLIENT_SIGNING_KEY_PATH": "/etc/passwd",
  "AUTH0_INCLUDED_CONNECTIONS": ["a"], "AUTH0_EXCLUDED_CONNECTIONS": ["b"]
}"#,
        )
        .file("tenant.yaml", "clients: []\n");
    assert_eq!(
        lines(&project.load("tenant.yaml")),
        [
            "Warning unknown-setting config.json:3:3 `AUTH0_ALOW_DELETE` is no setting of the Deploy CLI",
            "Error invalid-setting config.json:3:52 AUTH0_ALLOW_DELETE must be true or false",
            "Error missing-setting - AUTH0_DOMAIN is not set",
            "Error outside-workspace config.json:3:94 `/etc/passwd` cannot be used: the path leaves the workspace",
            "Error unknown-type config.json:2:22 `client` in AUTH0_EXCLUDED is no type of the Deploy CLI",
            "Warning retired-type config.json:2:68 `migrations` in AUTH0_INCLUDED_ONLY is a type no more",
            "Error invalid-setting config.json:2:56 AUTH0_EXCLUDED and AUTH0_INCLUDED_ONLY exclude each other",
            "Error invalid-setting config.json:4:33 AUTH0_EXCLUDED_CONNECTIONS and AUTH0_INCLUDED_CONNECTIONS exclude each other",
        ]
    );
}

#[test]
fn the_environment_supplies_keywords_that_occur() {
    let project = Project::new()
        .config(r#"{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"URL": "https://##HOST##/", "ENV": "file"}}"#)
        .variable("HOST", "example.org")
        .variable("ENV", "environment")
        .file("tenant.yaml", "tenant:\n  support_url: ##URL##\n  friendly_name: ##ENV##\n");
    let loaded = project.load("tenant.yaml");
    assert_eq!(lines(&loaded), [] as [&str; 0]);
    assert_eq!(
        value(&loaded, "tenant"),
        serde_json::json!({"support_url": "https://example.org/", "friendly_name": "environment"})
    );
    let ours = Project::new()
        .variable("AUTH0_KEYWORD_REPLACE_MAPPINGS", r#"{"A": ["x"]}"#)
        .file("tenant.yaml", "tenant:\n  list: '@@A@@'\n");
    assert_eq!(value(&ours.load("tenant.yaml"), "tenant"), serde_json::json!({"list": ["x"]}));
}

#[test]
fn no_secret_of_the_config_file_is_kept_for_quoting() {
    let project = Project::new()
        .config(
            r#"{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_CLIENT_SECRT": "hunter2", "AUTH0_CLIENT_SECRET": "hunter2"}"#,
        )
        .file("tenant.yaml", "clients: []\n");
    let loaded = project.load("tenant.yaml");
    assert_eq!(loaded.findings.0.len(), 1);
    assert!(!format!("{loaded:?}").contains("hunter2"), "{loaded:?}");
    let broken = Project::new().config("{\"AUTH0_CLIENT_SECRET\": \"hunter2\" \"x\"}").file("tenant.yaml", "{}");
    assert!(!format!("{:?}", broken.load("tenant.yaml")).contains("hunter2"));
}

#[test]
fn a_keyword_alone_in_a_secret_field_keeps_the_value_and_says_so() {
    let project = Project::new()
        .config(r#"{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"GOOGLE_SECRET": "x"}}"#)
        .file(
            "tenant.yaml",
            concat!(
                "connections:\n",
                "  - { name: a, strategy: google-oauth2, options: { client_secret: '##GOGLE_SECRET##' } }\n",
                "  - { name: b, strategy: oidc, options: { client_secret: '##CONNECTIONS_OIDC_SECRET##' } }\n",
            ),
        );
    assert_eq!(
        lines(&project.load("tenant.yaml")),
        [
            "Warning kept-secret tenant.yaml:2:67 `##GOGLE_SECRET##` has no mapping, so the tenant's own value stays",
            "Note kept-secret tenant.yaml:3:58 `##CONNECTIONS_OIDC_SECRET##` has no mapping, so the tenant's own value stays",
        ]
    );
}

#[test]
fn a_value_that_breaks_the_file_is_not_shown() {
    let mappings = |value: &str| {
        format!(
            r#"{{"AUTH0_DOMAIN": "acme.auth0.com", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {{"SECRET": {}}}}}"#,
            serde_json::json!(value)
        )
    };
    let yaml = "tenant:\n  a: ##SECRET##\n  b: [##SECRET##, 1]\n  c: {##SECRET##: 1, ##SECRET##: 2}\n";
    for value in [
        "0x1F2E3D",
        "1_2_3_4",
        "hunter2: [x",
        "*hunter2",
        "!hunter2 x",
        "hunter2\"}",
        "1e999",
        "'hunter2",
        "\thunter2: y",
    ] {
        let project = Project::new()
            .config(&mappings(value))
            .file("tenant.yaml", yaml)
            .file("p/clients/a.json", "{\"name\": \"##SECRET##\", \"##SECRET##\": 1, \"##SECRET##\": 2}");
        for input in ["tenant.yaml", "p"] {
            let findings = project.load(input).findings;
            let text = format!("{findings:?}");
            assert!(!text.contains("hunter2") && !text.contains(value), "{value}: {text}");
        }
    }
}

#[test]
fn what_is_no_project_says_so() {
    let project = Project::new()
        .file("tenant.json", "{}")
        .file("broken.yaml", "a: [\n")
        .file("list.yaml", "- a\n")
        .file("empty.yaml", "");
    for (input, code) in [
        ("tenant.json", "wrong-project"),
        ("gone.yaml", "missing-file"),
        ("../x.yaml", "outside-workspace"),
        ("list.yaml", "wrong-type"),
    ] {
        let loaded = project.load(input);
        assert_eq!(loaded.findings.0.iter().map(|f| f.code).collect::<Vec<_>>(), [code], "{input}");
        assert!(loaded.documents.is_none(), "{input}");
    }
    assert!(project.load("broken.yaml").findings.has_errors());
    let empty = project.load("empty.yaml");
    assert_eq!(empty.findings.0[0].severity, Severity::Warning);
    assert!(empty.documents.unwrap().root.is_empty());
}

#[test]
fn both_formats_of_the_shared_project_say_the_same() {
    let Some(shared) = std::env::var_os("TENANTRY_SHARED") else { return };
    let data = Path::new(&shared).join("data");
    for config in ["config.dev.json", "config.prod.json"] {
        let read = |folder: &str, input: &str| {
            let root = data.join(folder);
            let config = std::fs::read_to_string(root.join(config)).unwrap();
            load(&root, input, &config, &BTreeMap::new())
        };
        let (yaml, directory) = (read("northwind-yaml", "tenant.yaml"), read("northwind-directory", ""));
        for loaded in [&yaml, &directory] {
            let expected = |f: &Diagnostic| f.severity == Severity::Note || f.code == "ambiguous-scalar";
            assert!(loaded.findings.0.iter().all(expected), "{:#?}", lines(loaded));
        }
        let keys = |loaded: &Loaded| {
            let mut keys: Vec<_> = loaded.documents.as_ref().unwrap().root.iter().map(|e| e.key.clone()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&yaml), keys(&directory));
        for key in keys(&yaml) {
            assert_eq!(canonical(value(&yaml, &key)), canonical(value(&directory, &key)), "{key} with {config}");
        }
    }
}

/// Resources have no order; everything else does.
fn canonical(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Array(mut items) => {
            items.sort_by_key(|item| serde_json::to_string(&sorted(item)).unwrap());
            serde_json::Value::Array(items)
        }
        other => other,
    }
}

fn sorted(value: &serde_json::Value) -> BTreeMap<String, String> {
    value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.to_string())).collect()
}
