//! What a promotion says of the tenants afterwards is true.

use crate::support::Project;

const CLIENTS: &str = "clients:\n  - name: Job\n    app_type: non_interactive\n  - name: Web\n    app_type: spa\n    \
    oidc_logout: { backchannel_logout_urls: ['https://{{tenant}}.example/out'] }\n\
    resourceServers: [{ name: API, identifier: https://api, scopes: [{ value: read }] }]\n";
const GRANT: &str = "clientGrants:\n  - $key: g1\n    client_id: Job\n    audience: https://api\n    scope: [read]\n";

#[test]
fn what_the_plan_deletes_and_what_mirrors_a_managed_field_is_no_difference() {
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", "domain: sandbox\n")
        .tenant("prod", "domain: sandbox\n")
        .template("all", &format!("{CLIENTS}{GRANT}"));
    git2::Repository::init(project.path(".")).unwrap();
    project.commit("with a grant");
    for tenant in ["dev", "prod"] {
        project.run(&format!("apply {tenant} --yes")).ok();
    }
    project.write("templates/all.yaml", &format!("{CLIENTS}clientGrants: []\n"));
    project.commit("without");
    project.run("apply dev --yes").ok();
    let ran = project.run("promote dev prod --plan-only").ok();
    assert!(ran.stdout().contains("- clientGrants/g1"), "{}", ran.screen());
    assert!(
        ran.stdout().contains("Afterwards prod differs from dev in nothing but what the files declare."),
        "{}",
        ran.screen()
    );
    // What others have made and edited is still told.
    let journal = project.path("other.jsonl").display().to_string();
    let other = Project::new().tenant("prod", "domain: sandbox\n").template(
        "all",
        "clients:\n  - name: Web\n    sso_disabled: true\n    oidc_logout: { backchannel_logout_initiators: { mode: all } }\n\
         resourceServers: [{ name: API, identifier: https://api }]\nclientGrants:\n  - client_id: Web\n    \
         audience: https://api\n    scope: []\n",
    );
    let state = project.path(".tenantry").display().to_string();
    other.run(&format!("apply prod --yes --state-dir '{state}' --journal '{journal}'")).ok();
    let ran = project.run("promote dev prod --plan-only --accept-drift").ok();
    assert!(ran.stdout().contains("    clients/Web: sso_disabled\n"), "{}", ran.screen());
    assert!(ran.stdout().contains("    clientGrants/Web,"), "{}", ran.screen());
    assert!(!ran.stdout().contains("    clientGrants/Job,"), "{}", ran.screen());
}
