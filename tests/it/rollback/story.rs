//! What people do in a week, in a real repository with a bare remote and two clones.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::support::Project;

const V1: &str = "clients:
  - { name: Web, app_type: spa, description: 'Web of {{tenant}}', callbacks: ['https://{{tenant}}.example/cb'] }
  - { name: Worker, app_type: non_interactive }
roles:
  - { name: Reader, description: Reads }
";
const V2: &str = "clients:
  - { name: Web App, $was: Web, app_type: spa, description: 'Web of {{tenant}}', oidc_conformant: true }
  - { name: Mobile, app_type: native }
roles:
  - { name: Reader, description: Reads all }
resourceServers:
  - { name: API, identifier: 'https://api.example' }
";

fn git(folder: &Path, line: &str) {
    let ran = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"])
        .args(line.split(' '))
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(ran.status.success(), "git {line}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A workspace with three tenants and its first commit, tagged v1.
fn workspace() -> Project {
    let project = Project::new().template("all", V1).file(".gitignore", ".tenantry/\nremote.git/\n");
    for tenant in ["dev", "test", "prod"] {
        project.write(&format!("tenants/{tenant}.yaml"), "domain: sandbox\n");
    }
    git(&project.path("."), "init -q");
    git(&project.path("."), "add -A");
    git(&project.path("."), "commit -q -m v1");
    git(&project.path("."), "tag v1");
    project
}

fn second(project: &Project) {
    project.write("templates/all.yaml", V2);
    git(&project.path("."), "commit -q -a -m v2");
}

/// Every managed field of a tenant's last record, by address, ids left out.
fn managed(project: &Project, tenant: &str) -> BTreeMap<String, Json> {
    let record = project.run(&format!("history {tenant} last --json")).ok().json();
    let resources = record["applied"]["resources"].as_object().unwrap().clone();
    resources.into_iter().map(|(address, owned)| (address, owned["fields"].clone())).collect()
}

/// The objects of a sandbox by name, without ids, secrets and times.
fn objects(project: &Project, tenant: &str) -> BTreeMap<String, Json> {
    let file = format!(".tenantry/{tenant}-objects");
    project.run(&format!("export {tenant} --to {file} --format yaml --force")).ok();
    project
        .files(&file)
        .into_iter()
        .map(|(path, text)| (path, Json::String(String::from_utf8(text).unwrap())))
        .collect()
}

#[test]
fn a_promotion_is_saved_and_applied_later_whatever_lies_in_the_work_tree() {
    let project = workspace();
    project.run("apply dev --yes").ok();
    project.run("promote dev test --yes --out x.plan").code(64);
    let shown = project.run("promote dev test --plan-only --out test.plan --json").ok().json();
    project.write("templates/all.yaml", "roles: [{ name: Something else }]\n");
    let ran = project.run("apply test.plan --yes").ok();
    assert!(ran.stdout().contains("dev -> test: ") && ran.stdout().contains("3 created"), "{}", ran.screen());
    let record = project.run("history test last --json").ok().json();
    assert_eq!((&record["run"], &record["from"]["tenant"]), (&"promotion".into(), &"dev".into()));
    assert_eq!((&record["from"]["record"], &record["config"]["dirty"]), (&1.into(), &false.into()));
    assert_eq!(record["config"]["commit"], shown["promotion"]["commit"]);
    assert_eq!(record["plan"], shown["fingerprint"]);
    let ran = project.run("apply test.plan --yes").code(5);
    assert!(ran.stderr().contains("the plan is stale"), "{}", ran.screen());
    // Edits in the tenant that it comes from are accepted when the plan is saved, or it is not.
    project.write("templates/all.yaml", &V1.replace("Reads", "Edited"));
    let other = Project::new().tenant("dev", "domain: sandbox\n");
    other.write("templates/all.yaml", "roles: [{ name: Reader, description: Edited }]\n");
    other.run(&format!("apply dev --yes --state-dir '{}'", project.path(".tenantry").display())).ok();
    let ran = project.run("promote dev prod --plan-only --out prod.plan").code(4);
    assert!(ran.stderr().contains("so no plan is saved") && !project.path("prod.plan").exists(), "{}", ran.screen());
    project.run("promote dev prod --plan-only --out prod.plan --accept-source-drift").ok();
    // What was accepted is as it was; what comes after that was not.
    let state = ".tenantry/sandbox/dev.json";
    let then = project.read(state);
    project.write(state, &then.replace("Web of dev", "Web of somebody"));
    let ran = project.run("apply prod.plan --yes").code(5);
    assert!(ran.stderr().contains("clients/Web was edited in dev since"), "{}", ran.screen());
    project.write(state, &then);
    let ran = project.run("apply prod.plan --yes").ok();
    assert!(!ran.stderr().contains("note: "), "{}", ran.screen());
    let record = project.run("history prod last --json").ok().json();
    assert_eq!(record["gates"][0]["name"], "source-drift", "{record:#}");
}

#[test]
fn a_saved_promotion_is_stale_once_its_source_was_rolled_back_and_no_sooner() {
    let project = workspace();
    project.run("apply dev --yes").ok();
    second(&project);
    project.run("apply dev --yes").ok();
    for tenant in ["test", "prod"] {
        project.run(&format!("promote dev {tenant} --plan-only --out .tenantry/{tenant}.plan")).ok();
    }
    // It went on: what was looked at was applied there all the same.
    project.write("templates/all.yaml", &V2.replace("Reads all", "Reads more"));
    git(&project.path("."), "commit -q -a -m v3");
    project.run("apply dev --yes").ok();
    let ran = project.run("apply .tenantry/test.plan --yes").ok();
    assert!(ran.stderr().contains("note: dev has moved on since, to record #3"), "{}", ran.screen());
    // What came later was taken back, which is a matter of its own plan alone.
    project.run("promote dev prod --plan-only --out .tenantry/third.plan").ok();
    project.run("apply dev --undo --yes").ok();
    let ran = project.run("apply .tenantry/third.plan --yes").code(5);
    assert!(ran.stderr().contains("it was taken back in dev since (record #4)"), "{}", ran.screen());
    project.run("promote dev prod --plan-only").ok();
    project.run("rollback dev --to v1 --yes").ok();
    let ran = project.run("apply .tenantry/prod.plan --yes").code(5);
    assert!(ran.stderr().contains("dev was rolled back since (record #5)"), "{}", ran.screen());
    assert!(!project.path(".tenantry/sandbox/prod.json").exists());
}

#[test]
fn what_does_not_come_back_is_told_to_programs_too() {
    let project = workspace();
    project.run("apply dev --yes").ok();
    second(&project);
    project.run("apply dev --yes").ok();
    let planned = project.run("rollback dev --to previous --plan-only --json").ok().json();
    let lost = planned["rollback"]["lost"].as_array().unwrap();
    assert!(lost.iter().any(|line| line.as_str().unwrap().contains("Worker")), "{lost:?}");
    let done = project.run("rollback dev --to previous --yes --allow-delete 'resourceServers/API' --json").ok().json();
    assert_eq!(done["rollback"], planned["rollback"]);
    assert_eq!(done["applied"], true);
}

#[test]
fn the_story_of_a_week() {
    let ann = workspace();
    git(&ann.path("."), "init -q --bare remote.git");
    git(&ann.path("."), "remote add origin remote.git");
    git(&ann.path("."), "push -q origin main --tags");
    ann.run("apply dev --yes").ok();
    ann.run("promote dev test --yes").ok();
    ann.run("promote test prod --yes").ok();
    let (first, recorded) = (objects(&ann, "prod"), managed(&ann, "prod"));
    // Bob's clone has the files and makes the change; Ann takes it.
    let bob = tempfile::tempdir().unwrap();
    let remote = ann.path("remote.git");
    git(bob.path(), &format!("clone -q {} shop", remote.display()));
    let shop = bob.path().join("shop");
    fs::write(shop.join("templates/all.yaml"), V2).unwrap();
    git(&shop, "commit -q -a -m v2");
    git(&shop, "push -q origin HEAD:main");
    git(&ann.path("."), "pull -q --ff-only origin main");
    for line in ["apply dev --yes", "promote dev test --yes", "promote test prod --yes"] {
        ann.run(line).ok();
    }
    // Somebody edits prod behind our back.
    let state = ".tenantry/sandbox/prod.json";
    let edited = ann.read(state).replace("Reads all", "Reads nothing");
    assert_ne!(edited, ann.read(state));
    ann.write(state, &edited);
    let drift = ann.run("drift prod --json").code(2).json();
    assert!(drift.to_string().contains("roles/Reader") && !drift.to_string().contains("clients/"), "{drift}");
    ann.run("rollback prod --to v1 --yes").code(4);
    let shown = ann.run("rollback prod --to v1 --plan-only --accept-drift").ok();
    for said in ["clients/Worker: made anew, with another client_id", "clients/Mobile: deleted, with its secret"] {
        assert!(shown.stdout().contains(said), "{}", shown.screen());
    }
    ann.run("rollback prod --to v1 --yes --accept-drift").ok();
    assert_eq!(managed(&ann, "prod"), recorded);
    assert_eq!(objects(&ann, "prod"), first);
    let history = ann.run("history prod").ok();
    let told: Vec<&str> =
        history.stdout().lines().filter(|l| l.starts_with('#')).filter_map(|l| l.split_whitespace().nth(2)).collect();
    assert_eq!(told, ["rollback", "promotion", "promotion"], "{}", history.screen());
    // What was left does not come back by itself.
    let held = ann.run("apply prod --yes").code(4);
    assert!(held.stdout().contains("gate closed[hold]") && held.stdout().contains("release-hold prod"));
    ann.run("promote test prod --yes").code(4);
    ann.run("release-hold prod").ok();
    ann.run("apply prod --yes").ok();
    ann.run("release-hold prod").code(64);
}

#[test]
fn a_commit_is_rendered_with_todays_settings() {
    let project = workspace();
    project.run("apply prod --yes").ok();
    second(&project);
    project.run("apply prod --yes").ok();
    // The work tree is not looked at, but for the settings.
    project.write("templates/all.yaml", "roles: [\n");
    project.run("rollback prod --to previous --yes").ok();
    project.write("tenants/prod.yaml", "domain: other.eu.auth0.com\n");
    let refused = project.run("rollback prod --to v1 --plan-only --sandbox").code(65);
    assert!(refused.stderr().contains("the domain was sandbox then"), "{}", refused.screen());
}

#[test]
fn a_secret_without_a_source_today_stays_as_it_is() {
    let project = workspace().env("KEY", "hunter2-hunter2");
    let provider = "emailProvider: { name: sendgrid, default_from_address: 'a@b.c', credentials: { api_key: '{{secret \"key\"}}' } }\n";
    project.write("tenants/prod.yaml", "domain: sandbox\nsecrets: { key: { env: KEY } }\n");
    project.write("templates/mail.yaml", provider);
    git(&project.path("."), "add -A");
    git(&project.path("."), "commit -q -m mail");
    project.run("apply prod --yes").ok();
    project.write("templates/mail.yaml", &provider.replace("a@b.c", "x@y.z"));
    project.write("tenants/prod.yaml", "domain: sandbox\nsecrets: { other: { env: KEY } }\n");
    project.write("templates/mail.yaml", "emailProvider: { name: sendgrid, default_from_address: 'x@y.z' }\n");
    git(&project.path("."), "commit -q -a -m other");
    project.run("apply prod --yes").ok();
    let back = project.run("rollback prod --to previous --yes").ok();
    assert!(back.stdout().contains("the secret key has no source today"), "{}", back.screen());
    assert!(project.read(".tenantry/sandbox/prod.json").contains("a@b.c"));
}

#[test]
fn what_git_does_not_have_is_said() {
    let project = workspace();
    project.run("apply prod --yes").ok();
    project.run("rollback prod --to no-such").code(64);
    project.write("templates/all.yaml", V2);
    project.run("apply prod --yes").ok();
    let dirty = project.run("rollback prod --to 2 --plan-only").code(64);
    assert!(dirty.stderr().contains("not committed"), "{}", dirty.screen());
    // Neither can it be promoted.
    let refused = project.run("promote prod test --plan-only").code(64);
    assert!(refused.stderr().contains("not committed"), "{}", refused.screen());
    project.run("apply prod --yes --target roles/Reader").ok();
    // A shallow clone whose origin is gone says how to have more.
    git(&project.path("."), "commit -q -a -m v2");
    let clone = tempfile::tempdir().unwrap();
    git(clone.path(), &format!("clone -q --depth 1 --no-tags file://{} shop", project.path(".").display()));
    let shallow = Project::bare();
    let path = clone.path().join("shop");
    git(&path, "remote set-url origin /nowhere/at/all.git");
    let refused = shallow.run(&format!("rollback prod --to v1 --plan-only --workspace {}", path.display())).code(64);
    assert!(refused.stderr().contains("fetch-depth: 0"), "{}", refused.screen());
}

#[test]
fn a_source_that_was_edited_is_a_gate() {
    let project = workspace();
    project.run("apply dev --yes").ok();
    let state = ".tenantry/sandbox/dev.json";
    project.write(state, &project.read(state).replace("\"Reads\"", "\"Reads nothing\""));
    let closed = project.run("promote dev test --yes").code(4);
    assert!(closed.stdout().contains("gate closed[source-drift]"), "{}", closed.screen());
    let open = project.run("promote dev test --yes --accept-source-drift").ok();
    assert!(open.stdout().contains("edited in dev, and not taken along"), "{}", open.screen());
    let record = project.run("history test last --json").ok().json();
    assert_eq!((&record["run"], &record["from"]["tenant"]), (&"promotion".into(), &"dev".into()));
    assert_eq!(record["gates"][0]["name"], "source-drift");
}
