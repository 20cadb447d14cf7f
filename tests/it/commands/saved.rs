//! Saved plans and expected fingerprints: exactly what was planned, or nothing.

use crate::support::Project;

const TENANT: &str = "domain: sandbox\nsecrets:\n  smtp: { env: SMTP }\n";
const TEMPLATE: &str = r#"roles:
  - { name: Reader, description: Reads }
  - { name: Writer, description: Writes }
emailProvider:
  name: smtp
  enabled: true
  default_from_address: a@acme.example
  credentials: { smtp_host: smtp.acme.example, smtp_port: 587, smtp_user: acme, smtp_pass: '{{secret "smtp"}}' }
"#;
const SECRET: &str = "hunter2-of-the-saved-plan";

/// A tenant that stands as the files say.
fn applied() -> Project {
    let project = Project::new()
        .tenant("dev", TENANT)
        .template("all", TEMPLATE)
        .env("SMTP", SECRET)
        .file(".gitignore", ".tenantry\n");
    git2::Repository::init(project.path("")).unwrap();
    project.run("apply dev --yes").ok();
    project
}

/// What somebody else would do in the tenant: other files, applied.
fn meddle(project: &Project, template: &str) {
    let before = project.read("templates/all.yaml");
    project.write("templates/all.yaml", template);
    project.run("apply dev --yes --accept-drift").ok();
    project.write("templates/all.yaml", &before);
}

/// Saves the plan that gives the reader another description.
fn saved(project: &Project) {
    project.write("templates/all.yaml", &TEMPLATE.replace("Reads", "Reads all"));
    project.run("plan dev --out next.plan").ok();
}

#[test]
fn an_unchanged_tenant_gets_exactly_the_saved_steps() {
    let project = applied();
    saved(&project);
    let file = project.read("next.plan");
    assert!(!file.contains(SECRET), "{file}");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(project.path("next.plan")).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }
    let result = project.run_binary("apply next.plan --yes --json").ok().json();
    assert_eq!(result["summary"]["writes"], 1);
    assert_eq!(result["steps"][0]["address"], "roles/Reader");
    project.run("plan dev --exit-code").ok();
    // It was applied: it is stale now.
    let ran = project.run_binary("apply --plan next.plan --yes").code(5);
    assert!(ran.stderr().contains("roles/Reader changed in the tenant"), "{}", ran.screen());
}

#[test]
fn a_touched_object_that_changed_makes_it_stale() {
    let project = applied();
    saved(&project);
    meddle(&project, &TEMPLATE.replace("Reads", "Reads a bit"));
    let ran = project.run_binary("apply next.plan --yes --json").code(5);
    assert_eq!(ran.json()["moved"], serde_json::json!(["roles/Reader changed in the tenant"]));
}

#[test]
fn an_untouched_object_that_changed_is_none_of_its_business() {
    let project = applied();
    saved(&project);
    meddle(&project, &TEMPLATE.replace("Writes", "Writes a bit"));
    let result = project.run_binary("apply next.plan --yes --json").ok().json();
    assert_eq!(result["summary"]["writes"], 1);
    // The other difference is still there, and is somebody's.
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(plan["changes"][0]["address"], "roles/Writer");
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1);
}

#[test]
fn another_order_of_sets_and_another_time_of_writing_are_no_change() {
    let template = "clients:
  - { name: Web, app_type: spa, callbacks: ['https://a.example/1', 'https://a.example/2'] }
actions:
  - name: Gate
    code: exports.onExecutePostLogin = async () => {};
    deployed: true
    supported_triggers: [{ id: post-login, version: v3 }]
";
    let project = Project::new().tenant("dev", "domain: sandbox\n").file(".gitignore", ".tenantry\n");
    git2::Repository::init(project.path("")).unwrap();
    project.write("templates/all.yaml", template);
    project.run("apply dev --yes").ok();
    let next = template.replace("async () => {}", "async () => { return; }").replace("example/1", "example/3");
    project.write("templates/all.yaml", &next);
    project.run("plan dev --out next.plan").ok();
    let before = project.read(".tenantry/sandbox/dev.json");
    meddle(&project, &template.replace("async () => {}", "async () => { throw 1; }"));
    meddle(&project, template);
    let after = project.read(".tenantry/sandbox/dev.json");
    let time = |text: &str| text.split("\"updated_at\"").nth(1).map(|rest| rest.chars().take(40).collect::<String>());
    assert_ne!(time(&before), time(&after), "somebody has written meanwhile");
    project.write("faults.json", r#"[{"at": {"method": "GET"}, "times": 1000, "what": "shuffled"}]"#);
    let project = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    let result = project.run("apply next.plan --yes --json").ok().json();
    assert_eq!(result["summary"]["updated"], 2, "{result:#}");
    project.run("plan dev --exit-code").ok();
}

#[test]
fn an_object_of_the_name_that_was_created_since_makes_it_stale() {
    let project = applied();
    project.write(
        "templates/all.yaml",
        &TEMPLATE.replace("emailProvider", "  - { name: New, description: Ours }\nemailProvider"),
    );
    project.run("plan dev --out next.plan").ok();
    meddle(&project, &TEMPLATE.replace("emailProvider", "  - { name: New, description: Theirs }\nemailProvider"));
    let ran = project.run_binary("apply next.plan --yes").code(5);
    assert!(ran.stderr().contains("roles/New is there now"), "{}", ran.screen());
}

#[test]
fn a_secret_that_changed_makes_it_stale() {
    let project = applied();
    let project = project.env("SMTP", "hunter3-planned");
    project.run("plan dev --out next.plan").ok();
    let project = project.env("SMTP", "hunter4-later");
    let ran = project.run_binary("apply next.plan --yes").code(5);
    assert!(ran.stderr().contains("emailProvider would be sent another secret"), "{}", ran.screen());
    assert!(!ran.screen().contains("hunter"), "{}", ran.screen());
    let project = project.env("SMTP", "hunter3-planned");
    project.run_binary("apply next.plan --yes").ok();
}

#[test]
fn files_that_want_something_else_make_it_stale() {
    let project = applied();
    saved(&project);
    project.write("templates/all.yaml", &TEMPLATE.replace("Reads", "Reads nothing"));
    let ran = project.run_binary("apply next.plan --yes").code(5);
    assert!(ran.stderr().contains("roles/Reader would be changed otherwise"), "{}", ran.screen());
}

#[test]
fn a_changed_byte_is_noticed() {
    let project = applied();
    saved(&project);
    let file = project.read("next.plan");
    project.write("next.plan", &file.replacen("Reads all", "Reads alL", 1));
    let ran = project.run_binary("apply next.plan --yes").code(65);
    assert!(ran.stderr().contains("something in it was changed"), "{}", ran.screen());
    project.run_binary("apply dev --plan next.plan --yes").code(64);
    project.run_binary("apply gone.plan --yes").code(64);
}

#[test]
fn switches_given_at_plan_hold_at_apply_and_gates_are_looked_at_again() {
    let project = applied();
    project.write("templates/all.yaml", "roles: []\n");
    project.run("plan dev --out closed.plan").code(4);
    let ran = project.run_binary("apply closed.plan --yes").code(4);
    assert!(ran.stdout().contains("tenantry apply --plan closed.plan --allow-empty roles"), "{}", ran.screen());
    project.run("plan dev --allow-empty roles --out open.plan").ok();
    let ran = project.run_binary("apply open.plan --yes").ok();
    assert!(ran.stdout().contains("gate opened[emptied]"), "{}", ran.screen());
}

#[test]
fn what_is_not_the_expected_plan_is_not_applied() {
    let project = applied();
    project.write("templates/all.yaml", &TEMPLATE.replace("Reads", "Reads all"));
    let print =
        |project: &Project| project.run("plan dev --json").ok().json()["fingerprint"].as_str().unwrap().to_owned();
    let expected = print(&project);
    assert_eq!(expected, print(&project));
    let reordered = "emailProvider:\n  enabled: true\n  name: smtp\n  default_from_address: a@acme.example\n  credentials: { smtp_pass: '{{secret \"smtp\"}}', smtp_port: 587, smtp_user: acme, smtp_host: smtp.acme.example }\nroles:\n  - { description: Writes, name: Writer }\n  - { name: Reader, description: Reads all }\n";
    project.write("templates/all.yaml", reordered);
    assert_eq!(expected, print(&project));
    project.write("templates/all.yaml", &TEMPLATE.replace("Reads", "Reads nothing"));
    let ran = project.run_binary(&format!("apply dev --yes --expect {expected}")).code(5);
    assert!(ran.stderr().contains("the files want something else"), "{}", ran.screen());
    assert!(!ran.stderr().contains("in the tenant"), "{}", ran.screen());
    project.run_binary("apply dev --yes --expect nothing").code(64);
    project.write("templates/all.yaml", &TEMPLATE.replace("Reads", "Reads all"));
    let screen = project.command("plan dev").output().unwrap();
    assert!(String::from_utf8(screen.stdout).unwrap().contains(&format!("Fingerprint {expected}\n")));
    project.run("plan dev --markdown=plan.md --html plan.html").ok();
    assert!(project.read("plan.md").contains(&format!("Fingerprint <code>{expected}</code>\n")));
    assert!(project.read("plan.html").contains(&expected));
    project.run_binary(&format!("apply dev --yes --expect {expected}")).ok();
    let history = project.run("history dev last --json").ok();
    assert!(history.stdout().contains(&expected), "{}", history.screen());
}
