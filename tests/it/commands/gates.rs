//! Every gate closed, as the screen says it, and open, with the very command that the screen offers.

use git2::Repository;

use super::https::Served;
use crate::support::{Project, Ran};

struct Case {
    gate: &'static str,
    policy: &'static str,
    before: String,
    after: String,
    /// What the screen must say.
    says: &'static str,
}

fn roles(range: std::ops::RangeInclusive<usize>) -> String {
    let lines: String = range.map(|n| format!("  - {{ name: Role {n}, description: Reads }}\n")).collect();
    format!("roles:\n{lines}")
}

fn clients(count: usize) -> String {
    let lines: String = (1..=count).map(|n| format!("  - {{ name: App {n}, app_type: spa }}\n")).collect();
    format!("clients:\n{lines}")
}

fn connection(strategy: &str) -> String {
    format!(
        "connections:\n  - {{ name: partner, strategy: {strategy}, options: {{ client_id: a, issuer: https://i.example }} }}\n"
    )
}

fn keys(algorithm: &str) -> String {
    connection("oidc").replace("} }\n", &format!("}}, keys: {{ signing_alg: {algorithm} }} }}\n"))
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            gate: "protected",
            policy: "policy: { protect: ['roles/Role 1'] }\n",
            before: roles(1..=3),
            after: roles(2..=3),
            says: "opens with --allow-delete 'roles/Role 1'",
        },
        Case {
            gate: "max_deletes",
            policy: "",
            before: clients(100),
            after: clients(60),
            says: "40 deletions (40 of 100 clients), and the policy allows 5",
        },
        Case {
            gate: "max_deletes",
            policy: "",
            before: roles(1..=12),
            after: roles(4..=12),
            says: "3 of 12 roles would be deleted, and the policy allows 20 %",
        },
        Case {
            gate: "emptied",
            policy: "",
            before: roles(1..=2),
            after: "roles: []\n".into(),
            says: "all 2 roles would be deleted",
        },
        Case {
            gate: "replace",
            policy: "",
            before: connection("oidc"),
            after: connection("google-oauth2"),
            says: "--allow-replace 'connections/partner'",
        },
        Case {
            gate: "rotate",
            policy: "",
            before: keys("RS256"),
            after: keys("ES256"),
            says: "--allow-replace 'connections/partner/keys'",
        },
    ]
}

fn workspace(policy: &str, template: &str) -> Project {
    let project = Project::new()
        .tenant("dev", &format!("domain: sandbox\n{policy}"))
        .template("all", template)
        .file(".gitignore", ".tenantry\n");
    Repository::init(project.path("")).unwrap();
    project
}

/// Asserts that an apply writes nothing, names the gate, and goes through with the command that it offers.
#[track_caller]
fn opens(project: &Project, gate: &str, says: &str) {
    let ran = closed(project, gate, says);
    // A plan that could not be applied ends as the apply would, whether or not codes are asked for.
    project.run("plan dev").code(4);
    project.run("plan dev --exit-code --json").code(4);
    let offered = ran.stdout().lines().last().unwrap_or_default().trim();
    let line = offered.strip_prefix("tenantry ").unwrap_or_else(|| panic!("{}", ran.screen()));
    // The plan with the same switches closes nothing.
    let planned = project.run(&line.replacen("apply", "plan --json", 1)).ok().json();
    assert_eq!(planned["gates"].as_array().map(Vec::len), Some(0), "{planned:#}");
    let applied = project.run(&format!("{line} --yes")).ok();
    assert!(applied.stdout().contains(&format!("gate opened[{gate}]")), "{}", applied.screen());
    project.run("plan dev --exit-code").ok();
}

#[track_caller]
fn closed(project: &Project, gate: &str, says: &str) -> Ran {
    let state = || project.path(".tenantry/sandbox/dev.json");
    let before = std::fs::read(state()).ok();
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains(&format!("gate closed[{gate}]")), "{}", ran.screen());
    assert!(ran.stdout().contains(says), "{}", ran.screen());
    assert_eq!(before, std::fs::read(state()).ok(), "{gate}: something was written");
    ran
}

#[test]
fn each_gate_refuses_and_names_the_switch_that_opens_it() {
    for case in cases() {
        let project = workspace(case.policy, &case.before);
        project.run("apply dev --yes").ok();
        project.write("templates/all.yaml", &case.after);
        opens(&project, case.gate, case.says);
    }
}

#[test]
fn all_closed_gates_stand_in_one_command() {
    let project = workspace("policy: { protect: ['roles/Role 1'] }\n", &roles(1..=6));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "roles: []\n");
    let ran = closed(&project, "protected", "gate closed[max_deletes]");
    let offer = "    tenantry apply dev --allow-delete 'roles/Role 1' --max-deletes 6 --allow-empty roles\n";
    assert!(ran.stdout().ends_with(offer), "{}", ran.screen());
    opens(&project, "emptied", "all 6 roles");
}

#[test]
fn what_somebody_changed_in_the_tenant_is_not_undone_unasked() {
    let project = workspace("", &roles(1..=2));
    project.run("apply dev --yes").ok();
    let state = project.read(".tenantry/sandbox/dev.json");
    assert!(state.contains("\"Reads\""));
    project.write(".tenantry/sandbox/dev.json", &state.replacen("\"Reads\"", "\"By hand\"", 1));
    opens(&project, "drift", "opens with --accept-drift");
}

#[test]
fn what_another_project_recorded_is_not_taken_unasked() {
    let project = workspace("", &roles(1..=2));
    project.run("apply dev --yes").ok();
    project.write("tenantry.yaml", "project: other\n");
    opens(&project, "other-project", "--take-over 'roles/Role 1'");
}

#[test]
fn an_action_that_was_never_ours_stays_bound_unless_asked() {
    let action = "actions:\n  - name: Greet\n    code: 'exports.onExecutePostLogin = async () => {};'\n    runtime: node22\n    deployed: true\n    supported_triggers: [{ id: post-login, version: v3 }]\n";
    let bound = format!("{action}triggers:\n  post-login: [{{ action_name: Greet, display_name: Greet }}]\n");
    let project = workspace("", &bound);
    project.run("apply dev --yes").ok();
    // Ours: it goes without a word.
    let unbound = format!("{action}triggers:\n  post-login: []\n");
    project.write("templates/all.yaml", &unbound);
    project.run("apply dev --yes").ok();
    // Somebody else's: no record of ours names the binding.
    project.write("templates/all.yaml", &bound);
    project.run("apply dev --yes").ok();
    let repository = Repository::open(project.path("")).unwrap();
    repository.find_reference("refs/tenantry/sandbox/dev").unwrap().delete().unwrap();
    project.write("templates/all.yaml", action);
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &unbound);
    opens(&project, "unbind", "--allow-unbind");
}

#[test]
fn what_cannot_be_read_opens_with_nothing() {
    let project = workspace("", &roles(1..=2));
    project.run("apply dev --yes").ok();
    project.write(
        "faults.json",
        r#"[{"at": {"path": "/roles"}, "times": 9, "what": {"status": {"status": 403, "message": "no"}}}]"#,
    );
    let project = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    let ran = closed(&project, "unreadable", "no switch opens it");
    project.run("plan dev").code(4);
    assert!(!ran.stdout().contains("This opens exactly"), "{}", ran.screen());
}

#[test]
fn without_a_record_what_differs_is_not_overwritten_unasked() {
    let place = Project::bare();
    let served = Served::start(&place, "");
    let project = || {
        Project::new()
            .tenant("dev", "domain: acme.eu.auth0.com\n")
            .template("all", &roles(1..=2))
            .env("TENANTRY_API_URL", &served.url)
            .env("TENANTRY_CA", &served.authority)
            .env("AUTH0_CLIENT_ID", "abc")
            .env("AUTH0_CLIENT_SECRET", "hunter2-secret")
    };
    project().run("apply dev --yes").ok();
    let project = project();
    Repository::init(project.path("")).unwrap();
    project.write("templates/all.yaml", &roles(1..=2).replace("Reads", "Reads all"));
    let before = served.writes();
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("gate closed[no-record]"), "{}", ran.screen());
    assert!(ran.stdout().ends_with("    tenantry apply dev --first-apply\n"), "{}", ran.screen());
    assert_eq!(served.writes(), before);
    project.run("apply dev --yes --first-apply").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn whatever_only_plans_ends_with_the_code_of_its_gate() {
    let project = workspace("", &roles(1..=3));
    project.write("tenants/test.yaml", "domain: sandbox\n");
    let first = project.commit("first");
    project.run("apply dev --yes").ok();
    project.run("apply test --yes").ok();
    project.run("backup dev .tenantry/backup.json").ok();
    project.write("templates/all.yaml", "roles: []\n");
    project.commit("none");
    project.run("plan dev --out .tenantry/dev.plan").code(4);
    assert!(project.path(".tenantry/dev.plan").exists());
    project.run("apply dev --yes --allow-empty roles").ok();
    project.run("promote dev test --plan-only").code(4);
    project.run("promote dev test --plan-only --allow-empty roles").ok();
    // Back to when the roles were there, and from there to nothing again.
    project.run("rollback dev --to previous --plan-only").ok();
    project.run(&format!("rollback dev --to {first} --yes")).ok();
    project.run("plan dev").code(4);
    project.run("rollback dev --to 2 --plan-only").code(4);
    project.run("restore dev .tenantry/backup.json --plan-only").ok();
    // What a rollback left behind is held back, and nothing else is closed.
    project.run("release-hold dev").ok();
    project.run("plan dev --allow-empty roles").ok();
}

#[test]
fn a_restore_that_is_only_planned_ends_with_the_code_of_its_gate() {
    let project = workspace("", &connection("oidc"));
    project.run("apply dev --yes").ok();
    project.run("backup dev .tenantry/backup.json").ok();
    project.write("templates/all.yaml", &connection("google-oauth2"));
    project.run("apply dev --yes --allow-replace '*'").ok();
    project.run("restore dev .tenantry/backup.json --plan-only").code(4);
    project.run("restore dev .tenantry/backup.json --plan-only --allow-replace '*'").ok();
}

#[test]
fn consent_that_names_nothing_is_told() {
    let project = workspace("policy: { protect: ['roles/Role 1'] }\n", &roles(1..=3));
    project.run("apply dev --yes").ok();
    let ran = project.run("plan dev --allow-empty rolez").code(65);
    assert!(ran.stderr().contains("Did you mean `roles`?"), "{}", ran.screen());
    let ran = project.run("plan dev --allow-delete nope/x").code(65);
    assert!(
        ran.stderr().contains("`--allow-delete nope/x` names a kind `nope` that does not exist"),
        "{}",
        ran.screen()
    );
    let ran = project.run("plan dev --allow-delete 'roles/Role 11' --take-over clients/Web").ok();
    assert!(ran.stderr().contains("`--allow-delete roles/Role 11` names nothing that is here"), "{}", ran.screen());
    assert!(ran.stderr().contains("`--take-over clients/Web` names nothing that is here"), "{}", ran.screen());
    // What the record alone knows, and patterns that fit, are fine.
    project.write("templates/all.yaml", &roles(2..=3));
    let ran = project.run("plan dev --allow-delete 'roles/Role 1' --allow-empty '*' --allow-replace '*'").ok();
    assert!(ran.stderr().is_empty(), "{}", ran.screen());
}
