//! What the history tells, as a list, as a table, and whether it can be believed.

use std::process::Command;

use git2::{Oid, Repository, Signature};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::Project;

const REF: &str = "refs/tenantry/sandbox/dev";

/// A workspace with three records.
fn applied() -> Project {
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", "domain: sandbox\n")
        .template("all", "roles:\n  - { name: Reader, description: Reads }\n")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "=ann")
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_REPOSITORY", "acme/identity")
        .env("GITHUB_RUN_ID", "7")
        .env("GITHUB_TOKEN", "hunter2")
        .env("TENANTRY_APPROVERS", "bob, carl");
    for description in ["Reads", "Reads more", "Reads all"] {
        project.write("templates/all.yaml", &format!("roles:\n  - {{ name: Reader, description: {description} }}\n"));
        project.commit("change");
        project.run("apply dev --yes").ok();
    }
    project
}

fn git(project: &Project, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Eve", "-c", "user.email=eve@example.com"]).args(words);
    let output = command.current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Replaces a record by one with another file, and puts those after it after that.
fn forge(project: &Project, back: usize, file: &str, edit: impl Fn(&str) -> String) {
    let at = |back: usize| git(project, &["rev-parse", &format!("{REF}~{back}")]);
    let ids: Vec<String> = (0..=back).rev().map(at).collect();
    let text = edit(&git(project, &["show", &format!("{}:{file}", ids[0])]));
    project.write(".tenantry/forged", &text);
    let blob = git(project, &["hash-object", "-w", ".tenantry/forged"]);
    let index = project.path(".tenantry/index").display().to_string();
    let with_index = |words: &[&str]| {
        let output =
            Command::new("git").args(words).env("GIT_INDEX_FILE", &index).current_dir(project.path(".")).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim_end().to_owned()
    };
    with_index(&["read-tree", &ids[0]]);
    with_index(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{file}")]);
    let mut tree = with_index(&["write-tree"]);
    let mut parent = None;
    for (position, id) in ids.iter().enumerate() {
        if position > 0 {
            tree = git(project, &["rev-parse", &format!("{id}^{{tree}}")]);
        } else if back < 2 {
            parent = Some(git(project, &["rev-parse", &format!("{id}^")]));
        }
        let message = git(project, &["log", "-1", "--format=%B", id]);
        let mut words = vec!["commit-tree", &tree, "-m", &message];
        if let Some(parent) = &parent {
            words.extend(["-p", parent.as_str()]);
        }
        parent = Some(git(project, &words));
    }
    git(project, &["update-ref", REF, &parent.unwrap()]);
}

/// What a check finds: number and code.
fn faults(project: &Project) -> Vec<(u64, String)> {
    // Another machine, that never saw the line before.
    std::fs::remove_file(project.path(".tenantry/sandbox/dev/record")).ok();
    found(project)
}

fn found(project: &Project) -> Vec<(u64, String)> {
    let json = project.run("history dev --verify --json").code(1).json();
    let faults = json["tenants"][0]["faults"].as_array().unwrap();
    faults.iter().map(|f| (f["record"].as_u64().unwrap_or(0), f["code"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_table_has_who_did_what_and_computes_nothing() {
    let project = applied();
    let ran = project.run("history --all --csv").ok();
    let lines: Vec<&str> = ran.stdout().lines().map(str::trim_end).collect();
    assert_eq!(lines.len(), 4, "{}", ran.screen());
    assert!(lines[0].starts_with("tenant,domain,sandbox,record,at,run,result"), "{}", lines[0]);
    assert!(lines[1].starts_with("dev,sandbox,true,3,"), "{}", lines[1]);
    assert!(lines[1].contains(",\"'=ann\",,github,https://github.com/acme/identity/actions/runs/7,"), "{}", lines[1]);
    assert!(lines[1].contains("\"bob; carl\""), "{}", lines[1]);
    assert!(lines[1].ends_with(",roles/Reader,roles,update,done,,description,,,"), "{}", lines[1]);
    let one = project.run("history dev last").ok();
    assert!(one.stdout().contains("  approved bob, carl\n"), "{}", one.screen());
    assert!(!format!("{}{}", ran.stdout(), one.stdout()).contains("hunter2"));
    assert!(git(&project, &["log", "-1", "--format=%B", REF]).contains("\nApproved-By: carl\n"));
}

#[test]
fn records_are_chosen_by_address_and_by_time() {
    let project = applied();
    let many = |line: &str| project.run(line).ok().json()["tenants"][0]["records"].as_array().unwrap().len();
    assert_eq!(many("history dev --json --since 1h"), 3);
    assert_eq!(many("history dev --json --since 2020-01-01"), 3);
    assert_eq!(many("history dev --json --since 2999-01-01"), 0);
    assert_eq!(many("history dev --json --address roles/Reader"), 3);
    assert_eq!(many("history dev --json --address roles/Writer"), 0);
    let ran = project.run("history dev --since 2999-01-01").ok();
    assert!(ran.stdout().contains("None of 3 records."), "{}", ran.screen());
    let ran = project.run("history dev --since yesterday").code(64);
    assert!(ran.stderr().contains("neither a date nor a duration"), "{}", ran.screen());
    project.run("history dev last --since 1h").code(64);
    project.run("history dev --csv --json").code(64);
}

#[test]
fn one_tenant_that_cannot_be_read_does_not_hide_the_others() {
    let project = applied().tenant("broken", "domain: [\n");
    let ran = project.run("history --all").code(1);
    assert!(ran.stdout().contains("error: broken:") && ran.stdout().contains("#3"), "{}", ran.screen());
    let ran = project.run("history --all --csv").code(1);
    assert_eq!(ran.stdout().lines().count(), 4, "{}", ran.screen());
    assert!(ran.stderr().contains("broken"), "{}", ran.screen());
    project.run("history broken").code(65);
}

#[test]
fn a_line_that_nobody_touched_is_whole() {
    let project = applied();
    let ran = project.run("history dev --verify").ok();
    assert!(ran.stdout().contains("No fault found in 3 records."), "{}", ran.screen());
    let json = project.run("history --all --verify --json").ok().json();
    assert_eq!((&json["tenants"][0]["sealed"], &json["tenants"][0]["whole"]), (&3.into(), &true.into()));
}

#[test]
fn an_amended_record_is_named_wherever_it_is() {
    for back in [0, 1, 2] {
        let project = applied();
        let number = 3 - back as u64;
        forge(&project, back, "record.json", |text| text.replace("\"bob\"", "\"eve\""));
        let found = faults(&project);
        // Those after it stand on another one now.
        let expected: Vec<_> = (number..=3).map(|number| (number, "seal".to_owned())).collect();
        assert_eq!(found, expected, "{back} before the last");
        let ran = project.run("history dev --verify").code(1);
        let line = format!("fault: record #{number} (");
        assert!(
            ran.stdout().contains(&line) && ran.stdout().contains("changed after it was written"),
            "{}",
            ran.screen()
        );
    }
}

#[test]
fn what_is_forged_with_more_care_shows_too() {
    // Another message, nothing else.
    let project = applied();
    let (tree, parent) = (format!("{REF}^{{tree}}"), format!("{REF}^"));
    let forged = git(&project, &["commit-tree", &tree, "-p", &parent, "-m", "apply to dev: no change"]);
    git(&project, &["update-ref", REF, &forged]);
    assert_eq!(faults(&project), [(3, "seal".to_owned())]);
    // A record is cut out.
    let project = applied();
    let message = git(&project, &["log", "-1", "--format=%B", REF]);
    let forged = git(&project, &["commit-tree", &tree, "-p", &format!("{REF}~2"), "-m", &message]);
    git(&project, &["update-ref", REF, &forged]);
    assert_eq!(faults(&project), [(3, "seal".to_owned()), (3, "number".to_owned())]);
    // The last one is taken away.
    let project = applied();
    git(&project, &["update-ref", REF, &format!("{REF}^")]);
    assert_eq!(found(&project), [(3, "gone".to_owned())]);
    // The number is amended as well, and a file says something else.
    let project = applied();
    forge(&project, 0, "record.json", |text| {
        text.replace("\"number\": 3", "\"number\": 7").replace("\"sandbox\": true", "\"sandbox\": false")
    });
    let codes: Vec<String> = faults(&project).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["seal", "number", "domain"]);
    let project = applied();
    forge(&project, 0, "roles/Reader.json", |text| text.replace("roles/Reader", "roles/Writer"));
    let codes: Vec<String> = faults(&project).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["seal", "file"]);
    // It is no record at all any more.
    let project = applied();
    forge(&project, 0, "record.json", |_| "{".to_owned());
    assert_eq!(faults(&project), [(0, "header".to_owned())]);
}

/// Writes the last record anew as a program would that has more to say: with its seal.
fn written_later(project: &Project) {
    let repository = Repository::open(project.path(".")).unwrap();
    let tip = repository.find_reference(REF).unwrap().peel_to_commit().unwrap();
    let tree = tip.tree().unwrap();
    let with_more = |path: &str, at: &str| {
        let blob = repository.find_blob(tree.get_path(path.as_ref()).unwrap().id()).unwrap();
        let mut file: serde_json::Value = serde_json::from_slice(blob.content()).unwrap();
        for place in ["", at] {
            let inner = file.pointer_mut(place).unwrap().as_object_mut().unwrap();
            inner.insert("zz_later".to_owned(), json!({ "by": ["a later version"] }));
        }
        repository.blob(format!("{file:#}\n").as_bytes()).unwrap()
    };
    let mut update = git2::build::TreeUpdateBuilder::new();
    for (path, at) in [("record.json", "/by"), ("roles/Reader.json", "/owned")] {
        update.upsert(path, with_more(path, at), git2::FileMode::Blob);
    }
    let tree = repository.find_tree(update.create_updated(&repository, &tree).unwrap()).unwrap();
    let author = Signature::now("Ann", "ann@example.com").unwrap();
    let message = tip.message().unwrap().split("Seal: ").next().unwrap().to_owned();
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    let parent: Oid = tip.parent_id(0).unwrap();
    add(tree.id().as_bytes());
    add(parent.as_bytes());
    for _ in 0..2 {
        add(author.name_bytes());
        add(author.email_bytes());
        add(&author.when().seconds().to_be_bytes());
        add(&author.when().offset_minutes().to_be_bytes());
    }
    add(message.as_bytes());
    let seal: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let message = format!("{message}Seal: v1-{seal}\n");
    let parent = tip.parent(0).unwrap();
    let id = repository.commit(None, &author, &author, &message, &tree, &[&parent]).unwrap();
    repository.reference(REF, id, true, "later").unwrap();
}

#[test]
fn what_a_later_version_adds_to_a_record_is_no_fault_and_no_obstacle() {
    let project = applied();
    written_later(&project);
    // Another machine, that never saw the line before.
    std::fs::remove_file(project.path(".tenantry/sandbox/dev/record")).unwrap();
    let json = project.run("history dev --verify --json").ok().json();
    assert_eq!((&json["tenants"][0]["sealed"], &json["tenants"][0]["whole"]), (&3.into(), &true.into()));
    project.run("history dev last").ok();
    let plan = project.run("plan dev --exit-code");
    assert!(plan.ok().stdout().contains("No changes"));
    project.run("drift dev").ok();
}
