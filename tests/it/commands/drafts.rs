//! What is a draft, what runs, and what can be bound.

use crate::support::Project;

fn action(code: &str, more: &str) -> String {
    format!(
        "actions:\n  - name: G\n    supported_triggers: [{{ id: post-login, version: v3 }}]\n    code: '{code}'\n{more}"
    )
}

const DEPLOYED: &str = "    deployed: true\n";
const BOUND: &str = "triggers:\n  post-login:\n    - action_name: G\n";

fn project(text: &str) -> Project {
    Project::new().tenant("dev", "domain: sandbox\n").template("all", text)
}

#[test]
fn a_deployment_that_is_the_only_step_is_counted_everywhere() {
    let project = project(&action("a();", ""));
    git2::Repository::init(project.path(".")).unwrap();
    project.commit("draft");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &action("a();", DEPLOYED));
    project.commit("deployed");
    assert!(project.run("plan dev").ok().stdout().contains("1 to update"));
    let applied = project.run("apply dev --yes --json").ok().json();
    assert_eq!(applied["summary"]["updated"], 1, "{applied:#}");
    let listed = project.run("history dev").ok();
    assert!(listed.stdout().contains("1 updated"), "{}", listed.screen());
    // With another step of the object it is one change, not two.
    project.write("templates/all.yaml", &action("b();", DEPLOYED));
    project.commit("code");
    let ran = project.run("apply dev --yes").ok();
    assert!(ran.stdout().contains("0 created, 1 updated, 0 deleted. 2 writes."), "{}", ran.screen());
}

#[test]
fn a_change_that_stays_a_draft_is_said() {
    let project = project(&action("a();", ""));
    let made = project.run("apply dev --yes").ok();
    let note = "note: actions/G: made as a draft, which does not run; `deployed: true` deploys it";
    assert!(made.stdout().contains(note), "{}", made.screen());
    project.write("templates/all.yaml", &action("b();", ""));
    let changed = project.run("plan dev").ok();
    let note = "note: actions/G: the draft changes, what runs does not; `deployed: true` deploys it";
    assert!(changed.stdout().contains(note), "{}", changed.screen());
    project.write("templates/all.yaml", &action("b();", DEPLOYED));
    assert!(!project.run("plan dev").ok().stdout().contains("draft changes"));
    let modules = "actionModules:\n  - name: M\n    code: 'm();'\n";
    let modules = Project::new().tenant("dev", "domain: sandbox\n").template("all", modules);
    let plan = modules.run("plan dev").ok();
    assert!(plan.stdout().contains("actionModules/M: made as a draft"), "{}", plan.screen());
    assert!(plan.stdout().contains("`all_changes_published: true`"), "{}", plan.screen());
}

#[test]
fn what_is_bound_and_not_deployed_is_said_before_anything_is_written() {
    let project = project(&format!("{}{BOUND}", action("a();", "")));
    let check = project.run("check dev").ok();
    assert!(check.stdout().contains("warning[not-deployed]"), "{}", check.screen());
    assert!(check.stdout().contains("templates/all.yaml:7:7"), "{}", check.screen());
    let plan = project.run("plan dev").code(65);
    assert!(plan.stderr().contains("error[not-deployed]: `G` is bound here"), "{}", plan.screen());
    assert!(plan.stderr().contains("templates/all.yaml:7:7"), "{}", plan.screen());
    assert!(plan.stderr().contains("`deployed: true` where the files describe it"), "{}", plan.screen());
    // Deployed by this run, or once before, it can be bound.
    project.write("templates/all.yaml", &format!("{}{BOUND}", action("a();", DEPLOYED)));
    assert!(!project.run("check dev").ok().stdout().contains("not-deployed"));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &format!("{}triggers:\n  post-login: []\n", action("b();", "")));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &format!("{}{BOUND}", action("b();", "")));
    project.run("apply dev --yes").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn what_the_files_do_not_describe_must_be_deployed_too() {
    let project = project(&action("a();", ""));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", BOUND);
    let plan = project.run("plan dev").code(65);
    assert!(plan.stderr().contains("templates/all.yaml:3:7"), "{}", plan.screen());
}

#[test]
fn a_refusal_to_bind_says_what_to_do() {
    let faults = r#"[{"at": {"method": "PATCH", "path": "/actions/triggers/*"}, "what":
        {"status": {"status": 409, "message": "An action must be deployed before it can be bound to a trigger"}}}]"#;
    let project = project(&format!("{}{BOUND}", action("a();", DEPLOYED))).file("faults.json", faults);
    let mut run = project.command("apply dev --yes");
    let ran = run.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap();
    let screen = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(3), "{screen}");
    assert!(screen.contains("help: Write `deployed: true` where the files describe it"), "{screen}");
}

#[test]
fn how_to_deploy_is_said_where_kinds_are_explained() {
    let project = Project::new();
    for (kind, field) in [("actions", "deployed"), ("actionModules", "all_changes_published")] {
        let told = project.run(&format!("kinds {kind}")).ok();
        let lines: Vec<&str> = told.stdout().lines().filter(|line| line.trim_start().starts_with(field)).collect();
        assert!(lines.iter().any(|line| line.contains("true or false; never sent")), "{}", told.screen());
        let example = project.run(&format!("kinds {kind} --example")).ok();
        assert!(example.stdout().contains(&format!("{field}: true")), "{}", example.screen());
    }
}
