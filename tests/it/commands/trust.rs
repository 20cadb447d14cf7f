//! `tenantry plan --trust-from`: what a pull request says of domain, credentials, secrets and policy counts for nothing.

use crate::support::Project;

const TEMPLATE: &str = "roles:\n  - name: Reader\n    description: '{{words}}'\n";

#[test]
fn a_proposal_changes_templates_and_variables_but_not_where_or_as_whom() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\nvars: { words: old }\npolicy: { max_deletes: { count: 1 } }\n")
        .template("roles", TEMPLATE)
        .file(".gitignore", ".tenantry/\n");
    let base = project.commit("base");
    project.write(
        "tenants/dev.yaml",
        "domain: evil.example\nvars: { words: new }\ncredentials: { client_id: { command: [touch, run-me] }, \
         client_secret: { command: [touch, run-me] } }\nsecrets: { key: { command: [touch, run-me] } }\npolicy: { manage: exact }\n",
    );
    project.commit("proposal");
    let plan = project.run(&format!("plan dev --json --trust-from {base}")).ok().json();
    assert_eq!(plan["domain"], "sandbox");
    assert_eq!(plan["changes"][0]["deltas"][1]["after"], "new");
    assert!(!project.path("run-me").exists(), "a command of the proposal was run");
    // By the name of a branch, too.
    let repository = git2::Repository::open(project.path("")).unwrap();
    let first = repository.find_commit(git2::Oid::from_str(&base).unwrap()).unwrap();
    repository.branch("trunk", &first, false).unwrap();
    assert_eq!(project.run("plan dev --json --trust-from trunk").ok().json()["domain"], "sandbox");
}

#[test]
fn programs_and_files_of_the_proposal_are_not_those_of_the_base() {
    let settings = "domain: sandbox\nsecrets:\n  a: { command: [./secret.sh] }\n  b: { file: secrets/b }\n";
    let template = "actions:\n  - name: Gate\n    code: ./gate.js\n    supported_triggers: [{ id: post-login, version: v3 }]\n    \
                    secrets: [{ name: A, value: '{{secret \"a\"}}' }, { name: B, value: '{{secret \"b\"}}' }]\n";
    let project = Project::new()
        .tenant("dev", settings)
        .template("actions", template)
        .file("templates/gate.js", "exports.onExecutePostLogin = async () => {};\n")
        .file("secrets/b", "first-b")
        .file("secret.sh", "#!/bin/sh\necho first-a\n")
        .file(".gitignore", ".tenantry/\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("secret.sh"), executable).unwrap();
    let base = project.commit("base");
    project.run("apply dev --yes").ok();
    project.write("secret.sh", "#!/bin/sh\ntouch run-me\necho second-a\n");
    project.write("secrets/b", "second-b");
    project.commit("proposal");
    let plan = project.run(&format!("plan dev --json --trust-from {base}")).ok().json();
    assert!(!project.path("run-me").exists(), "a program of the proposal was run");
    assert!(!plan.to_string().contains("second-"), "{plan:#}");
    let text = plan["changes"].to_string();
    assert!(!text.contains("secret_changed"), "the file of the proposal was taken: {text}");
}

#[test]
fn what_cannot_be_trusted_is_refused() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("roles", "roles: []\n");
    project.run("plan dev --trust-from main").code(64);
    project.commit("base");
    let ran = project.run("plan dev --trust-from no-such-branch").code(64);
    assert!(ran.stderr().contains("git knows no commit `no-such-branch`"), "{}", ran.screen());
    project.write("tenants/new.yaml", "domain: evil.example\n");
    let ran = project.run("plan new --trust-from HEAD").code(64);
    assert!(ran.stderr().contains("`HEAD` has no `tenants/new.yaml`"), "{}", ran.screen());
    let other = Project::deploy_cli("roles: []\n");
    let ran = other.run(&Project::deploying("plan --trust-from HEAD")).code(64);
    assert!(ran.stderr().contains("is for workspaces"), "{}", ran.screen());
}
