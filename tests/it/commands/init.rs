//! `tenantry init`

use crate::support::Project;

#[test]
fn a_new_workspace_plans_applies_and_is_at_rest() {
    let project = Project::bare();
    let ran = project.run("init identity").ok();
    assert_eq!(
        ran.stdout(),
        "A workspace with 4 files:\n  .gitignore\n  templates/example.yaml\n  tenantry.yaml\n  tenants/dev.yaml\n\n\
         Next:\n  tenantry plan dev --workspace identity\n  tenantry apply dev --workspace identity\n"
    );
    let plan = project.run("plan dev --workspace identity").ok();
    assert!(plan.stdout().contains("Plan: 1 to create"), "{}", plan.screen());
    project.run("apply dev --workspace identity --yes").ok();
    project.run("plan dev --workspace identity --exit-code").ok();
}

#[test]
fn nothing_is_overwritten() {
    for taken in ["tenantry.yaml", "tenants/x.yaml", "templates/x.yaml"] {
        let project = Project::bare().file(&format!("w/{taken}"), "mine\n");
        project.run("init w").code(64);
        assert_eq!(project.files("w").len(), 1, "{taken}");
    }
    let project = Project::bare().file(".gitignore", "mine\n");
    let ran = project.run("init").ok();
    assert!(ran.stderr().contains("should hold a line `.tenantry/`"), "{}", ran.screen());
    assert_eq!(project.read(".gitignore"), "mine\n");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let project = Project::bare().file("elsewhere/keep", "x");
    std::fs::create_dir(project.path("w")).unwrap();
    std::os::unix::fs::symlink(project.path("elsewhere"), project.path("w/templates")).unwrap();
    std::os::unix::fs::symlink(project.path("nowhere"), project.path("w/tenants")).unwrap();
    project.run("init w").code(64);
    assert_eq!(project.files("elsewhere").len(), 1);
}

#[test]
fn a_workspace_from_a_tenant_plans_empty() {
    let text = "clients:\n  - name: Web\n    app_type: spa\nroles:\n  - name: Reader\n    permissions: []\n\
                connections:\n  - name: google-oauth2\n    strategy: google-oauth2\n    options:\n      client_id: a\n      client_secret: hush-hush\n";
    let project = Project::new()
        .tenant("prod", "domain: sandbox\n")
        .file("templates/a.yaml", &text.replace("hush-hush", "'{{secret \"g\"}}'"))
        .tenant("prod", "domain: sandbox\nsecrets: { g: { env: G } }\n")
        .env("G", "hush-hush");
    project.run("apply prod --yes").ok();
    let made = project.run("init new --from-tenant acme.eu.auth0.com --tenant prod --sandbox").ok();
    assert!(made.stdout().contains("tenantry plan prod --workspace new --sandbox"), "{}", made.screen());
    let own = project.read("new/tenants/prod.yaml");
    assert!(own.starts_with("domain: acme.eu.auth0.com\n"), "{own}");
    assert!(own.contains("client_secret: { env: AUTH0_CLIENT_SECRET }"), "{own}");
    assert!(!project.files("new").values().any(|bytes| String::from_utf8_lossy(bytes).contains("hush-hush")));
    project.run("plan prod --workspace new --state-dir .tenantry --sandbox --exit-code").ok();
}

#[test]
fn a_domain_that_is_none_is_refused_before_anything_is_read() {
    let project = Project::bare();
    for line in ["init w --from-tenant 'a b'", "init w --from-tenant acme.eu.auth0.com --tenant ../x"] {
        let ran = project.run(line);
        assert!(!ran.stderr().is_empty() && !project.path("w").exists(), "{}", ran.screen());
    }
    project.run("init w --from-tenant 'a b'").code(65);
}
