//! Whole workspaces, loaded.

mod settings;

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::edge::environment::Environment;
use crate::edge::files::WorkTree;
use crate::edge::secrets::Sources;
use crate::model::diagnostic::Severity;
use crate::model::document::{Content, Entry, Node, TextPart};
use crate::model::names::TenantName;
use crate::pipeline::load::Loaded;
use crate::pipeline::tree::MemoryTree;

/// Sources in memory; commands answer with their words and are counted in the answer of `ran`.
#[derive(Debug, Default)]
struct Memory {
    variables: BTreeMap<String, String>,
    ran: std::sync::Mutex<usize>,
}

impl SecretSource for Memory {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<String, SourceError> {
        if path == "keys/smtp" { Ok("hunter2\n".to_owned()) } else { Err(SourceError::Missing) }
    }

    fn command(&self, words: &[String]) -> Result<String, SourceError> {
        *self.ran.lock().unwrap() += 1;
        Ok(words.join("-"))
    }
}

fn variables(pairs: &[(&str, &str)]) -> Memory {
    let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Memory { variables, ..Memory::default() }
}

fn load(files: &[(&str, &str)]) -> Loaded {
    load_with(files, &Memory::default(), &NativeOptions { run_commands: true, ..NativeOptions::default() })
}

fn load_with(files: &[(&str, &str)], world: &Memory, options: &NativeOptions<'_>) -> Loaded {
    let mut tree = MemoryTree::of(&[("tenantry.yaml", "project: test"), ("tenants/dev.yaml", "domain: sandbox")]);
    tree.0.extend(MemoryTree::of(files).0);
    load_native(&tree, world, &TenantName("dev".to_owned()), options)
}

/// Each finding as `place code`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    told(&load(files))
}

fn told(loaded: &Loaded) -> Vec<String> {
    let place = |finding: &crate::model::diagnostic::Diagnostic| {
        finding.place.as_ref().map_or("-".to_owned(), ToString::to_string)
    };
    let worth_it = loaded.findings.0.iter().filter(|finding| finding.code != "no-templates");
    worth_it.map(|finding| format!("{} {}", place(finding), finding.code)).collect()
}

fn shown(files: &[(&str, &str)]) -> String {
    let loaded = load(files);
    assert!(!loaded.findings.has_errors(), "{:#?}", loaded.findings.0);
    shown_entries(&loaded.documents.unwrap().root)
}

fn shown_entries(entries: &[Entry]) -> String {
    let place = crate::model::document::Place { file: "x".into(), line: 1, column: 1 };
    let node = Node::new(Content::Map(entries.to_vec()), place);
    node.to_value().to_shown().to_string()
}

const TENANT: &str = "domain: sandbox
vars:
  company: Acme
  app_url: https://app.acme.com
  callbacks: [https://app.acme.com/cb]
  hours: 24
secrets:
  smtp: { file: keys/smtp }
  api: { command: [op, read] }
  old: { keep: true }
";

#[test]
fn templates_are_rendered_with_their_types_and_merged() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a/clients.yaml",
            "clients:\n  - $key: Web\n    name: '{{company}} Web'\n    callbacks: '{{callbacks}}'\n",
        ),
        ("templates/b/more.yml", "clients:\n  - name: null\ntenant: { flags: { a: true } }\n"),
        (
            "templates/tenant.yaml.hbs",
            "tenant:\n  session_lifetime: {{hours}}\n{{#if company}}  flags: { b: false }\n{{/if}}\n",
        ),
        ("templates/readme.md", "not yaml: {{nor read}}"),
    ];
    let text = shown(&files);
    assert_eq!(
        text,
        r#"{"clients":[{"$key":"Web","name":"Acme Web","callbacks":["https://app.acme.com/cb"]},{"name":null}],"tenant":{"flags":{"a":true,"b":false},"session_lifetime":24}}"#
    );
}

#[test]
fn a_value_cannot_change_the_structure() {
    let tenant = "domain: sandbox\nvars: { evil: \"x\\n  $remove: true\\n- name: y # {{company}}\" }\n";
    let text = shown(&[("tenants/dev.yaml", tenant), ("templates/a.yaml", "clients:\n  - name: '{{evil}}!'\n")]);
    assert_eq!(text, r##"{"clients":[{"name":"x\n  $remove: true\n- name: y # {{company}}!"}]}"##);
}

#[test]
fn keywords_stand_for_variables_in_every_text() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a.yaml",
            "clients:\n  - name: '##company## x'\n    callbacks: '@@callbacks@@'\n    description: 'is @@hours@@'\n",
        ),
        ("templates/actions.yaml", "actions:\n  - name: a\n    code: ./a.js\n"),
        ("templates/a.js", "const url = '##app_url##'; // ##gone##\nconst other = '{{nothing}}';\n"),
    ];
    assert_eq!(
        shown(&files),
        r#"{"clients":[{"name":"Acme x","callbacks":["https://app.acme.com/cb"],"description":"is 24"}],"actions":[{"name":"a","code":"const url = 'https://app.acme.com'; // ##gone##\nconst other = '{{nothing}}';\n"}]}"#
    );
}

#[test]
fn a_keyword_that_yaml_takes_for_a_comment_is_an_error() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a.yaml",
            "clients:\n  - name: ##company##\n    description: about ##company##\n    # ##company## is ours\n",
        ),
    ];
    assert_eq!(found(&files), ["templates/a.yaml:2:11 keyword-in-comment", "templates/a.yaml:3:24 keyword-in-comment"]);
}

#[test]
fn users_own_names_decide_what_is_secret_where_auth0_cannot_know() {
    let options =
        "options: { configuration: { URL: 'https://x', API_KEY: hunter2, OTHER_KEY: '{{secret \"smtp\"}}' } }";
    let template = format!("databases:\n  - name: d\n    strategy: auth0\n    {options}\n");
    let files = [("tenants/dev.yaml", TENANT), ("templates/a.yaml", template.as_str())];
    assert_eq!(found(&files), ["templates/a.yaml:4:60 literal-secret"]);
}

#[test]
fn an_undefined_keyword_is_an_error_but_in_code_a_warning() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        ("templates/a.yaml", "actions:\n  - name: 'x ##compny##'\n    code: ./a.js\n"),
        ("templates/a.js", "1;\nlet x = '##compny##';\n"),
        ("templates/pages.yaml", "pages:\n  - name: login\n    html: |\n      <script>'@@config@@'</script>\n"),
    ];
    assert_eq!(found(&files), ["templates/a.yaml:2:14 undefined-keyword", "templates/a.js:2:10 undefined-keyword"]);
    let severities: Vec<_> = load(&files).findings.0.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning]);
}

#[test]
fn texts_for_auth0_are_left_alone_unless_asked_for() {
    let template = |render: &str, body: &str| {
        format!(
            "emailTemplates:\n  - template: welcome_email\n{render}    subject: 'Hi {{{{company}}}}'\n    body: {body}\n"
        )
    };
    let files = |text: &str| {
        load(&[
            ("tenants/dev.yaml", TENANT),
            ("templates/e.yaml", text),
            ("templates/w.html", "<p>{{company}} \\{{user.name}}</p>"),
            ("templates/v.html.hbs", "<p>{{company}}</p>"),
        ])
    };
    let shown = |loaded: Loaded| {
        assert!(!loaded.findings.has_errors(), "{:#?}", loaded.findings.0);
        shown_entries(&loaded.documents.unwrap().root)
    };
    let plain = shown(files(&template("", "./w.html")));
    assert!(plain.contains("Hi {{company}}") && plain.contains(r"<p>{{company}} \\{{user.name}}</p>"), "{plain}");
    let rendered = shown(files(&template("    $render: true\n", "./w.html")));
    assert!(rendered.contains("Hi Acme") && rendered.contains("<p>Acme {{user.name}}</p>"), "{rendered}");
    let whole = shown(files(&template("", "./v.html.hbs")));
    assert!(whole.contains("Hi {{company}}") && whole.contains("<p>Acme</p>"), "{whole}");
}

#[test]
fn secrets_and_references_are_tainted_parts() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a.yaml",
            "emailProvider:\n  name: smtp\n  credentials:\n    smtp_pass: '{{secret \"smtp\"}}'\n    api_key: 'v1-{{secret \"api\"}}'\n    accessKeyId: '{{secret \"old\"}}'\n  settings: { url: 'https://x?c={{ref \"clients/Web\" \"client_id\"}}' }\n",
        ),
    ];
    let loaded = load(&files);
    assert!(!loaded.findings.has_errors(), "{:#?}", loaded.findings.0);
    let documents = loaded.documents.unwrap();
    let credentials = documents.root[0].value.get("credentials").unwrap();
    let Content::Secret(secret) = &credentials.get("smtp_pass").unwrap().value else { panic!() };
    assert_eq!(secret.expose(), Some("hunter2"));
    let Content::Template(parts) = &credentials.get("api_key").unwrap().value else { panic!() };
    let [TextPart::Text(text), TextPart::Secret(secret)] = parts.as_slice() else { panic!() };
    assert_eq!((text.as_str(), secret.expose()), ("v1-", Some("op-read")));
    let Content::Secret(secret) = &credentials.get("accessKeyId").unwrap().value else { panic!() };
    assert!(secret.is_keep());
    let Content::Template(parts) = &documents.root[0].value.get("settings").unwrap().get("url").unwrap().value else {
        panic!()
    };
    assert!(matches!(&parts[1], TextPart::Ref { address, field } if address == "clients/Web" && field == "client_id"));
    assert!(!format!("{documents:?}").contains("hunter2"));
}

#[test]
fn secrets_stand_only_where_auth0_hides_them() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a.yaml",
            "clients:\n  - name: a\n    client_secret: hunter2\n    description: '{{secret \"smtp\"}}'\nactions:\n  - name: x\n    secrets: [{ name: K, value: '{{company}}' }]\nhooks:\n  - name: h\n    secrets: { K: hunter2, L: '{{secret \"smtp\"}}' }\nconnections:\n  - name: c\n    strategy: oidc\n    options: { client_secret: null, other: '{{secret \"smtp\"}}', app_secret: '' }\n",
        ),
    ];
    assert_eq!(
        found(&files),
        [
            "templates/a.yaml:3:20 literal-secret",
            "templates/a.yaml:4:18 secret-in-plain-field",
            "templates/a.yaml:7:33 literal-secret",
            "templates/a.yaml:10:19 literal-secret",
        ]
    );
    assert!(!format!("{:?}", load(&files).findings).contains("hunter2"));
}

#[test]
fn overlays_merge_by_address() {
    let base = "clients:\n  - $key: Web\n    name: Acme Web\n    callbacks: [a, b]\n    jwt_configuration: { alg: RS256, lifetime_in_seconds: 1 }\n    description: old\n  - name: Api\n    description: x\n  - name: Gone\ntenant: { friendly_name: Base, flags: { one: true } }\n";
    let tenant = "domain: sandbox
overlay:
  clients:
    - name: Web
      callbacks: { $append: [c], $without: [a] }
      jwt_configuration: { alg: PS256 }
      description: { $absent: true }
    - $key: Gone
      $remove: true
    - name: Only here
      $new: true
  tenant: { flags: { two: false } }
";
    let more = "clients:\n  - name: Api\n    description: null\n";
    let files = [("tenants/dev.yaml", tenant), ("tenants/dev/more.yaml", more), ("templates/a.yaml", base)];
    assert_eq!(
        shown(&files),
        r#"{"clients":[{"$key":"Web","name":"Acme Web","callbacks":["b","c"],"jwt_configuration":{"alg":"PS256","lifetime_in_seconds":1}},{"name":"Api","description":null},{"name":"Only here"}],"tenant":{"friendly_name":"Base","flags":{"one":true,"two":false}}}"#
    );
    let removed = load(&files).documents.unwrap().removed;
    assert_eq!(shown_entries(&removed), r#"{"clients":[{"name":"Gone"}]}"#);
}

#[test]
fn an_overlay_of_what_there_is_one_of_needs_no_name() {
    let base = "themes:\n  - displayName: Base\n    borders: { one: 1, two: 2 }\n";
    let tenant = "domain: sandbox\noverlay:\n  themes:\n    - borders: { two: 3 }\n";
    let files = [("tenants/dev.yaml", tenant), ("templates/a.yaml", base)];
    assert_eq!(shown(&files), r#"{"themes":[{"displayName":"Base","borders":{"one":1,"two":3}}]}"#);
    let new = "domain: sandbox\noverlay:\n  themes:\n    - { $new: true, displayName: Own }\n";
    let files = [("tenants/dev.yaml", new), ("templates/a.yaml", "themes: []\n")];
    assert_eq!(shown(&files), r#"{"themes":[{"displayName":"Own"}]}"#);
    let of = |tenant: &str, base: &str| found(&[("tenants/dev.yaml", tenant), ("templates/a.yaml", base)]);
    assert_eq!(of(tenant, "themes: []\n"), ["tenants/dev.yaml:4:7 no-such-resource"]);
    assert_eq!(of(new, base), ["tenants/dev.yaml:4:7 not-new"]);
}

#[test]
fn overlays_that_go_wrong_say_so() {
    let base = "clients:\n  - name: Web\n    callbacks: [a]\n    description: d\n";
    let overlay = |text: &str| {
        let text = format!("domain: sandbox\noverlay:\n  clients:\n{text}");
        found(&[("tenants/dev.yaml", &text), ("templates/a.yaml", base)])
    };
    assert_eq!(overlay("    - name: Wbe\n"), ["tenants/dev.yaml:4:7 no-such-resource"]);
    assert_eq!(overlay("    - name: Web\n      $new: true\n"), ["tenants/dev.yaml:4:7 not-new"]);
    assert_eq!(overlay("    - callbacks: []\n"), ["tenants/dev.yaml:4:7 missing-identity"]);
    assert_eq!(
        overlay("    - name: Web\n      callbacks: { $apend: [b] }\n"),
        ["tenants/dev.yaml:5:20 unknown-directive"]
    );
    assert_eq!(
        overlay("    - name: Web\n      callbacks: { $without: [b] }\n"),
        ["tenants/dev.yaml:5:31 nothing-to-adjust"]
    );
    assert_eq!(overlay("    - name: Web\n      logo_uri: $absent\n"), ["tenants/dev.yaml:5:7 nothing-to-adjust"]);
    let twice = [
        ("tenants/dev.yaml", "domain: sandbox\noverlay: { tenant: { friendly_name: a } }\n"),
        ("tenants/dev/b.yaml", "tenant: { friendly_name: b, support_url: c }\n"),
        ("templates/a.yaml", "tenant: { friendly_name: base }\n"),
    ];
    assert_eq!(found(&twice), ["tenants/dev/b.yaml:1:11 set-twice"]);
}

#[test]
fn what_another_tenant_has_is_removed_here_and_its_variables_are_not_missed() {
    let base = "clients:\n  - name: '{{company}} Beta'\n    $only: [prod]\n    description: '{{prod_only}}'\n  - name: '{{prod_only}}'\n    $only: prod\n  - name: Web\n    $only: [dev, prod]\ntenant: { $only: [prod], friendly_name: x }\nattackProtection:\n  captcha: { $remove: true, policy: off }\n  botDetection: { challenge_password_policy: never }\n";
    let files = [("tenants/dev.yaml", TENANT), ("tenants/prod.yaml", "domain: sandbox"), ("templates/a.yaml", base)];
    assert_eq!(
        shown(&files),
        r#"{"clients":[{"name":"Web"}],"attackProtection":{"botDetection":{"challenge_password_policy":"never"}}}"#
    );
    let removed = load(&files).documents.unwrap().removed;
    assert_eq!(
        shown_entries(&removed),
        r#"{"clients":[{"name":"Acme Beta"},{}],"tenant":{},"attackProtection":{"captcha":{}}}"#
    );
}

#[test]
fn directives_are_checked() {
    let base = "clients:\n  - name: a\n    $onyl: [dev]\n    $remove: yes\n    $new: true\n    $append: []\n    $only: [dve]\n    client_metadata: { $ref: x }\n    callbacks: { $append: [a] }\n";
    let files = [("templates/a.yaml", base)];
    assert_eq!(
        found(&files),
        [
            "templates/a.yaml:4:14 ambiguous-scalar",
            "templates/a.yaml:3:5 unknown-directive",
            "templates/a.yaml:4:14 wrong-type",
            "templates/a.yaml:5:5 misplaced-directive",
            "templates/a.yaml:6:5 misplaced-directive",
            "templates/a.yaml:7:12 unknown-tenant",
        ]
    );
}

#[test]
fn every_file_is_read_whatever_is_wrong_with_the_others() {
    let files = [
        ("templates/a.yaml", "clients: [\n"),
        ("templates/b.yaml", "clients:\n  - name: '{{compny}}'\n    custom_login_page: ./gone.html\n"),
        ("templates/c.yaml", "clients:\n  - name: a\n    custom_login_page: ../../x.html\n    name: b\n"),
        ("templates/d.yaml", "- a\n"),
        ("templates/e.yaml.hbs", "clients:\n{{#if x}}\n{{/if}}\n"),
        ("templates/f.yaml", "tenant: { friendly_name: a }\n"),
        ("templates/g.yaml", "tenant: { friendly_name: b }\n"),
        ("templates/h.yaml", "clients:\n  - { name: x, '{{k}}': 1 }\n"),
    ];
    assert_eq!(
        found(&files),
        [
            "templates/a.yaml:1:10 yaml-syntax",
            "templates/b.yaml:2:12 undefined-variable",
            "templates/b.yaml:3:24 missing-file",
            "templates/c.yaml:4:5 duplicate-key",
            "templates/c.yaml:3:24 outside-workspace",
            "templates/d.yaml:1:1 wrong-type",
            "templates/e.yaml.hbs:2:1 undefined-variable",
            "templates/g.yaml:1:11 set-twice",
            "templates/h.yaml:2:16 template-in-key",
        ]
    );
}

#[test]
fn a_secret_in_a_file_rendered_whole_is_tainted_too() {
    let text = "emailProvider:\n  name: smtp\n  credentials: { smtp_pass: {{secret \"smtp\"}}, api_key: \"x{{secret 'api'}}\" }\n";
    let loaded = load(&[("tenants/dev.yaml", TENANT), ("templates/a.yaml.hbs", text)]);
    assert!(!loaded.findings.has_errors(), "{:#?}", loaded.findings.0);
    assert_eq!(
        shown_entries(&loaded.documents.unwrap().root),
        r#"{"emailProvider":{"name":"smtp","credentials":{"smtp_pass":"(secret smtp)","api_key":"x(secret api)"}}}"#
    );
}

#[test]
fn a_long_text_in_many_places_is_refused_before_it_fills_the_memory() {
    let tenant = format!("domain: sandbox\nvars: {{ t: '{}' }}\n", "x".repeat(2_000_000));
    let clients: String = (0..1000).map(|n| format!("  - name: '{{{{t}}}} {n}'\n    description: '##t##'\n")).collect();
    let actions: String = (0..1000).map(|n| format!("  - {{ name: a{n}, code: ./long.js }}\n")).collect();
    let long = "x".repeat(2_000_000);
    for template in [format!("clients:\n{clients}"), format!("actions:\n{actions}")] {
        let files =
            [("tenants/dev.yaml", tenant.as_str()), ("templates/a.yaml", &template), ("templates/long.js", &long)];
        let found = found(&files);
        assert!(found.len() == 1 && found[0].ends_with("too-much-text"), "{found:?}");
    }
}

#[test]
fn a_folder_where_a_file_should_be_is_an_error() {
    assert_eq!(found(&[("templates/a.yaml/b.yaml", "clients: []")]), ["- unreadable-file"]);
}

#[test]
fn ten_thousand_resources_load_in_a_moment() {
    let client = |n: usize| {
        format!(
            "  - name: '{{{{company}}}} {n}'\n    app_type: spa\n    callbacks: ['{{{{app_url}}}}/cb', https://{n}.example]\n    jwt_configuration: {{ alg: RS256 }}\n"
        )
    };
    let template = format!("clients:\n{}", (0..10_000).map(client).collect::<String>());
    let overlay =
        (0..50).map(|n| format!("    - name: Acme {}\n      app_type: native\n", n * 100)).collect::<String>();
    let tenant = format!("{TENANT}overlay:\n  clients:\n{overlay}");
    let start = std::time::Instant::now();
    let loaded = load(&[("tenants/dev.yaml", &tenant), ("templates/a.yaml", &template)]);
    assert!(loaded.findings.0.is_empty(), "{:#?}", loaded.findings.0.first());
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn a_place_in_a_file_rendered_whole_is_that_of_the_template() {
    let files = [
        ("tenants/dev.yaml", TENANT),
        (
            "templates/a.yaml.hbs",
            "clients:\n{{#each callbacks}}\n  - name: a\n{{/each}}\n  - name: b\n    name: {{company}}\n",
        ),
    ];
    assert_eq!(found(&files), ["templates/a.yaml.hbs:6:5 duplicate-key"]);
}
