//! Values that the API shows once go where the tenant's file says, and nowhere else.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Project, Ran};

const FILE: &str = "domain: sandbox\ndeliver: { scim: { file: tokens/okta }, audit: { file: tokens/audit } }\n";

/// A connection with tokens of these names.
fn template(names: &[&str]) -> String {
    let token = |name: &&str| {
        let target = if *name == "audit" { "audit" } else { "scim" };
        format!("{{ name: {name}, scopes: ['get:users', 'post:users'], token_lifetime: 900, deliver: {target} }}")
    };
    let tokens: Vec<String> = names.iter().map(token).collect();
    format!(
        "connections: [{{ name: okta, strategy: okta, options: {{ client_id: a, domain: x.okta.com }}, \
         scim_configuration: {{}}, scim_tokens: [{}] }}]\n",
        tokens.join(", ")
    )
}

fn workspace(tenant: &str) -> Project {
    let project = Project::new()
        .tenant("dev", tenant)
        .template("all", &template(&["directory"]))
        .file(".gitignore", ".tenantry\ntokens\n");
    project.commit("first");
    project
}

/// The ids of the tokens that the tenant holds.
fn held(project: &Project) -> Vec<String> {
    let store: serde_json::Value = serde_json::from_str(&project.read(".tenantry/sandbox/dev.json")).unwrap();
    let text = store.to_string();
    let ids = regex::Regex::new(r#""token_id":"(tok_[A-Za-z0-9]{16})""#).unwrap();
    let mut ids: Vec<String> = ids.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The value is in none of what was shown, nor in anything that stays but its own file and the tenant itself.
#[track_caller]
fn unseen(project: &Project, value: &str, ran: &Ran) {
    let secret = value.split_once('.').map_or(value, |(_, secret)| secret);
    assert!(secret.len() == 64 && !ran.screen().contains(secret), "{}", ran.screen());
    for (path, bytes) in project.files(".") {
        let store = path.strip_prefix(".tenantry/sandbox/").is_some_and(|name| !name.contains('/'));
        if !store && !path.starts_with("tokens/") {
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{path} holds the value");
        }
    }
    let repository = git2::Repository::open(project.path("")).unwrap();
    let objects = repository.odb().unwrap();
    let holds = |id: &git2::Oid| String::from_utf8_lossy(objects.read(*id).unwrap().data()).contains(secret);
    objects.foreach(|id| !holds(id)).expect("an object of git holds the value");
}

#[test]
fn a_token_is_delivered_once_and_goes_with_its_entry() {
    let project = workspace(FILE);
    let ran = project.run("apply dev --yes").ok();
    let value = project.read("tokens/okta");
    let mode = std::fs::metadata(project.path("tokens/okta")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    unseen(&project, &value, &ran);
    let first = held(&project);
    assert_eq!(first.len(), 1);
    assert!(value.starts_with(&format!("{}.", first[0])));
    project.run("plan dev --exit-code").ok();
    project.run("drift dev").ok();
    for command in
        ["history last --json", "export dev --to out", "get dev connections/okta/scim_tokens/directory --json"]
    {
        unseen(&project, &value, &project.run(command));
    }
    // A second one of the same scopes is another one; the first is left as it is.
    project.write("templates/all.yaml", &template(&["directory", "audit"]));
    let ran = project.run("apply dev --yes").ok();
    unseen(&project, &project.read("tokens/audit"), &ran);
    let said = "scim_tokens/audit is shown once and goes to the file `tokens/audit`";
    assert!(ran.stdout().contains(said), "{}", ran.screen());
    let both = held(&project);
    assert!(both.len() == 2 && both.contains(&first[0]) && project.read("tokens/okta") == value);
    project.write("templates/all.yaml", &template(&["audit"]));
    let ran = project.run("apply dev --yes").ok();
    assert!(ran.stdout().contains("- connections/okta/scim_tokens/directory"), "{}", ran.screen());
    assert!(!held(&project).contains(&first[0]));
    project.write("templates/all.yaml", &template(&[]));
    project.run("apply dev --yes").ok();
    assert_eq!(held(&project), [] as [String; 0]);
}

#[test]
fn another_lifetime_is_another_token_behind_the_gate_of_replacements() {
    let project = workspace(FILE);
    project.run("apply dev --yes").ok();
    let first = held(&project);
    project.write("templates/all.yaml", &template(&["directory"]).replace("900", "1800"));
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("gate closed[replace]") && !ran.stdout().contains("drift"), "{}", ran.screen());
    let switch = "--allow-replace connections/okta/scim_tokens/directory";
    project.run(&format!("apply dev --yes {switch}")).ok();
    let second = held(&project);
    assert!(second.len() == 1 && second != first);
    assert!(project.read("tokens/okta").starts_with(&format!("{}.", second[0])));
    project.run("plan dev --exit-code").ok();
    // Gone from the files altogether: left as it is, and said.
    project.write("templates/all.yaml", &template(&[]).replace(", scim_tokens: []", ""));
    let ran = project.run("apply dev --yes").ok();
    let said =
        "1 connections/scim_tokens released; before this apply, `scim_tokens: []` in connections deletes them instead";
    assert!(ran.stdout().contains(said), "{}", ran.screen());
    assert_eq!(held(&project), second);
}

#[test]
fn tokens_of_others_are_left_alone() {
    let project = workspace(FILE);
    project.run("apply dev --yes").ok();
    let theirs = held(&project);
    // Another workspace, whose record does not name it.
    let records = project.path(".git/refs/tenantry");
    std::fs::remove_dir_all(records).unwrap();
    let text = project.read("tokens/okta");
    let ran = project.run("apply dev --yes").ok();
    assert!(ran.stdout().contains("+ connections/okta/scim_tokens/directory"), "{}", ran.screen());
    assert_ne!(project.read("tokens/okta"), text);
    project.write("templates/all.yaml", &template(&[]));
    project.run("apply dev --yes").ok();
    assert_eq!(held(&project), theirs);
}

#[test]
fn a_command_reads_the_value_and_a_failure_leaves_no_token() {
    let project = workspace("domain: sandbox\ndeliver: { scim: { command: [sh, -c, 'cat > tokens.txt; exit 3'] } }\n");
    project.write(".gitignore", ".tenantry\ntokens\ntokens.txt\n");
    let ran = project.run("apply dev --yes").code(3);
    assert!(ran.screen().contains("it was deleted again: the command `sh`: it ended with"), "{}", ran.screen());
    assert_eq!(held(&project), [] as [String; 0]);
    let journal = project.files(".tenantry");
    let value = project.read("tokens.txt");
    let secret = value.split_once('.').unwrap().1;
    assert!(journal.iter().filter(|(path, _)| path.contains("journal")).count() > 0);
    assert!(journal.values().all(|bytes| !String::from_utf8_lossy(bytes).contains(secret)));
    assert!(!ran.screen().contains(secret));
    project
        .write("tenants/dev.yaml", "domain: sandbox\ndeliver: { scim: { command: [sh, -c, 'cat > tokens.txt'] } }\n");
    project.run("apply dev --yes").ok();
    assert!(project.read("tokens.txt").starts_with(&format!("{}.", held(&project)[0])));
    project.run("plan dev --exit-code").ok();
}

#[test]
fn a_value_without_a_place_is_a_mistake_before_anything_is_written() {
    let project = workspace("domain: sandbox\n");
    let ran = project.run("check dev").code(65);
    assert!(ran.screen().contains("has no `scim` under `deliver`"), "{}", ran.screen());
    project.write("templates/all.yaml", &template(&["directory"]).replace(", deliver: scim", ""));
    let ran = project.run("plan dev").code(65);
    assert!(ran.screen().contains("nothing says where the value of this SCIM token goes"), "{}", ran.screen());
    project.write("templates/all.yaml", &template(&["directory"]));
    project.write("tenants/dev.yaml", "domain: sandbox\ndeliver: { scim: { file: token.txt } }\n");
    let ran = project.run("apply dev --yes").code(65);
    assert!(ran.screen().contains("`token.txt` lies in a git work tree"), "{}", ran.screen());
    assert!(!project.path(".tenantry/sandbox/dev.json").exists() || held(&project).is_empty());
    let one = "domain: sandbox\ndeliver: { scim: { file: tokens/a }, audit: { file: tokens/a } }\n";
    project.write("tenants/dev.yaml", one);
    project.write("templates/all.yaml", &template(&["directory", "audit"]));
    let ran = project.run("check dev").code(65);
    assert!(ran.screen().contains("the value would replace that of"), "{}", ran.screen());
    project.write("tenants/dev.yaml", "domain: sandbox\ndeliver: { scim: { file: a, command: [b] }, x: 1, y: {} }\n");
    let ran = project.run("check dev").code(65);
    assert!(ran.screen().contains("must name exactly one target"), "{}", ran.screen());
}

#[test]
fn an_undo_deletes_the_token_and_says_which_value_is_gone() {
    let project = workspace(FILE);
    // With the connection that the apply made, or alone.
    project.run_binary("apply dev --yes").ok();
    let ran = project.run_binary("apply dev --undo --yes").ok();
    let is_gone = ran.stdout().contains("- connections/okta  (the apply made it)");
    assert!(is_gone && !ran.stdout().contains("cannot come back"), "{}", ran.screen());
    assert_eq!(held(&project), [] as [String; 0]);
    project.write("templates/all.yaml", &template(&[]));
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &template(&["directory"]));
    project.run_binary("apply dev --yes").ok();
    assert_eq!(held(&project).len(), 1);
    project.run_binary("apply dev --undo --yes").ok();
    assert_eq!(held(&project), [] as [String; 0]);
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &template(&[]));
    project.run_binary("apply dev --yes").ok();
    let ran = project.run_binary("apply dev --undo --yes").ok();
    let said = "cannot come back: connections/okta/scim_tokens/directory was deleted, and nobody can make one with its value again";
    assert!(ran.stdout().contains(said), "{}", ran.screen());
    assert_eq!(held(&project), [] as [String; 0]);
}

#[test]
fn a_rollback_makes_a_new_token_and_says_so() {
    let project = workspace(FILE);
    project.run("apply dev --yes --tag v1").ok();
    let first = held(&project);
    project.write("templates/all.yaml", &template(&[]));
    project.commit("without");
    project.run("apply dev --yes --tag v2").ok();
    assert_eq!(held(&project), [] as [String; 0]);
    let ran = project.run("rollback dev --to v1 --yes").ok();
    let said = "connections/okta/scim_tokens/directory: made anew, with another token_id, without the value";
    assert!(ran.stdout().contains(said), "{}", ran.screen());
    let new = held(&project);
    assert!(new.len() == 1 && new != first && project.read("tokens/okta").starts_with(&format!("{}.", new[0])));
    // And back to where there is none.
    project.run("release-hold dev").ok();
    let ran = project.run("rollback dev --to v2 --yes").ok();
    assert!(
        ran.stdout().contains("- connections/okta/scim_tokens/directory  (not in the files then)"),
        "{}",
        ran.screen()
    );
    assert_eq!(held(&project), [] as [String; 0]);
}

#[test]
fn a_run_that_ends_before_the_value_is_told_leaves_a_gate_with_the_id() {
    let project = workspace(FILE);
    project.write("templates/all.yaml", &template(&[]));
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &template(&["directory"]));
    project.write("tokens/faults.json", r#"[{"at": {"write": 1}, "what": "die_after"}]"#);
    let mut cut = project.command("apply dev --yes");
    cut.env("TENANTRY_SANDBOX_FAULTS", "tokens/faults.json").output().unwrap();
    let ran = project.run_binary("apply dev --resume --yes").code(4);
    let said = regex::Regex::new(r"nothing says that its value got anywhere: delete tok_\w{16} in the tenant").unwrap();
    assert!(said.is_match(ran.stdout()), "{}", ran.screen());
    assert!(!project.path("tokens/okta").exists());
}

#[test]
fn a_lost_answer_is_in_doubt_by_id_and_no_second_token_is_made() {
    let project = workspace(FILE);
    project.write("templates/all.yaml", &template(&[]));
    project.run_binary("apply dev --yes").ok();
    project.write("templates/all.yaml", &template(&["directory"]));
    project.write("tokens/faults.json", r#"[{"at": {"write": 1}, "what": "reset_after"}]"#);
    let mut cut = project.command("apply dev --yes");
    let output = cut.env("TENANTRY_SANDBOX_FAULTS", "tokens/faults.json").output().unwrap();
    let screen = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let ids = held(&project);
    assert_eq!(ids.len(), 1, "{screen}");
    assert!(
        screen.contains(&format!("{} was made, is still there, and nobody was told its value", ids[0])),
        "{screen}"
    );
}

#[test]
fn a_proposal_does_not_say_where_values_go() {
    let project = workspace("domain: sandbox\ndeliver: { scim: { file: tokens/okta } }\n");
    let base = project.commit("base");
    project.write(
        "tenants/dev.yaml",
        "domain: sandbox\ndeliver: { scim: { command: [touch, run-me] }, other: { file: tokens/x } }\n",
    );
    project.write("templates/all.yaml", &template(&["directory"]).replace("deliver: scim", "deliver: other"));
    let ran = project.run(&format!("plan dev --trust-from {base}")).code(65);
    assert!(ran.screen().contains("has no `other` under `deliver`"), "{}", ran.screen());
    project.write("templates/all.yaml", &template(&["directory"]));
    let ran = project.run(&format!("plan dev --trust-from {base}")).ok();
    assert!(ran.stdout().contains("is shown once and goes to the file `tokens/okta`"), "{}", ran.screen());
    assert!(!project.path("run-me").exists(), "a command of the proposal was run");
}
