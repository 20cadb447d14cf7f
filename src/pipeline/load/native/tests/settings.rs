//! Tenant files, sources and folders.

use super::*;

#[test]
fn commands_run_only_when_allowed_and_only_for_what_is_used() {
    let template = "emailProvider: { name: smtp, credentials: { api_key: '{{secret \"api\"}}', smtp_pass: '{{secret \"api\"}}' } }\n";
    let files = [("tenants/dev.yaml", TENANT), ("templates/a.yaml", template)];
    for (run_commands, times) in [(true, 1), (false, 0)] {
        let world = Memory::default();
        let loaded = load_with(&files, &world, &NativeOptions { run_commands, ..NativeOptions::default() });
        assert!(!loaded.findings.has_errors());
        assert_eq!(*world.ran.lock().unwrap(), times);
        let documents = loaded.documents.unwrap();
        let credentials = documents.root[0].value.get("credentials").unwrap();
        let Content::Secret(secret) = &credentials.get("api_key").unwrap().value else { panic!() };
        assert_eq!(secret.is_missing(), !run_commands);
    }
}

#[test]
fn a_broken_tenant_file_does_not_hide_broken_templates() {
    let files = [
        ("tenants/dev.yaml", "domain: [\n"),
        ("templates/a.yaml", "a: 1\na: '{{x}}'\n"),
        ("templates/b.yaml", "a: {\n"),
    ];
    assert_eq!(
        found(&files),
        ["tenants/dev.yaml:1:9 yaml-syntax", "templates/a.yaml:2:1 duplicate-key", "templates/b.yaml:1:4 yaml-syntax"]
    );
}

#[test]
fn folders_that_cannot_be_read_are_errors() {
    let mut tree =
        MemoryTree::of(&[("tenantry.yaml", ""), ("tenants/dev.yaml", "domain: sandbox"), ("templates", "x")]);
    let dev = TenantName("dev".to_owned());
    let loaded = load_native(&tree, &Memory::default(), &dev, &NativeOptions::default());
    assert_eq!(told(&loaded), ["- unreadable-file"]);
    tree.0.remove("templates");
    let loaded = load_native(&tree, &Memory::default(), &dev, &NativeOptions::default());
    assert_eq!(told(&loaded), ["- missing-file"]);
    let other = load_native(&tree, &Memory::default(), &TenantName("dve".to_owned()), &NativeOptions::default());
    assert_eq!(other.findings.0[0].help.as_deref(), Some("Did you mean `dev`?"));
    assert!(other.documents.is_none());
}

#[test]
fn the_tenants_file_is_checked() {
    let text = "domain: https://x.auth0.com\ncredentials: { client_id: a, client_secret: hunter2 }\npolcy: {}\nvars: { eq: 1 }\nsecrets: { a: hunter2, b: { env: A, file: b }, c: { evn: A } }\npolicy:\n  manage: { clients: exakt, clinets: exact, default: additive }\n  max_deletes: { count: many }\n  exclude: [rolez]\nbind: { clients/a: 1 }\n";
    assert_eq!(
        found(&[("tenants/dev.yaml", text)]),
        [
            "tenants/dev.yaml:3:1 unknown-setting",
            "tenants/dev.yaml:5:15 literal-secret",
            "tenants/dev.yaml:5:27 wrong-type",
            "tenants/dev.yaml:5:53 unknown-setting",
            "tenants/dev.yaml:1:9 wrong-value",
            "tenants/dev.yaml:7:22 wrong-value",
            "tenants/dev.yaml:7:29 unknown-kind",
            "tenants/dev.yaml:8:25 wrong-type",
            "tenants/dev.yaml:9:12 unknown-kind",
            "tenants/dev.yaml:10:20 wrong-type",
            "tenants/dev.yaml:2:45 literal-secret",
            "tenants/dev.yaml:4:9 reserved-name",
            "- missing-file",
        ]
    );
}

#[test]
fn the_file_decides_which_tenant_and_the_environment_fills_in() {
    let files = [("tenants/dev.yaml", "domain: acme.eu.auth0.com"), ("templates/a.yaml", "clients: []")];
    let options = NativeOptions::default();
    let same =
        variables(&[("AUTH0_DOMAIN", "ACME.eu.auth0.com"), ("AUTH0_CLIENT_ID", "id"), ("AUTH0_CLIENT_SECRET", "s")]);
    let loaded = load_with(&files, &same, &options);
    assert!(told(&loaded).is_empty(), "{:?}", told(&loaded));
    let credentials = loaded.documents.unwrap().settings.credentials;
    assert_eq!(credentials.client_id.and_then(|id| id.expose().map(str::to_owned)).as_deref(), Some("id"));
    let other = variables(&[("AUTH0_DOMAIN", "other.auth0.com"), ("AUTH0_ALLOW_DELETE", "true")]);
    assert_eq!(told(&load_with(&files, &other, &options)), ["tenants/dev.yaml:1:9 other-domain", "- ignored-variable"]);
}

#[test]
fn split_credentials_and_settings_from_another_tree() {
    let mine = "domain: evil.example\nvars: { a: mine }\n";
    let trusted = MemoryTree::of(&[(
        "tenants/dev.yaml",
        "domain: acme.auth0.com\nvars: { a: theirs }\ncredentials:\n  plan: { client_id: reader }\n  apply: { client_id: writer }\n",
    )]);
    for (writing, id) in [(false, "reader"), (true, "writer")] {
        let options = NativeOptions { writing, settings_from: Some(&trusted), ..NativeOptions::default() };
        let files = [("tenants/dev.yaml", mine), ("templates/a.yaml", "tenant: { friendly_name: '{{a}}' }")];
        let documents = load_with(&files, &Memory::default(), &options).documents.unwrap();
        assert_eq!(documents.settings.domain.0, "acme.auth0.com");
        assert_eq!(documents.settings.credentials.client_id.unwrap().expose(), Some(id));
        assert_eq!(shown_entries(&documents.root), r#"{"tenant":{"friendly_name":"mine"}}"#);
    }
}

#[test]
fn the_sample_workspace_loads_without_a_finding() {
    let tree = WorkTree::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let world = Sources::new(Environment::default(), tree.clone());
    for tenant in tenants(&tree).unwrap() {
        let loaded = load_native(&tree, &world, &tenant, &NativeOptions::default());
        assert!(loaded.findings.0.is_empty(), "{tenant}: {:#?}", loaded.findings.0);
    }
}
