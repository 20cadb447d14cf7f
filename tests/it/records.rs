//! Records in git: what they hold, where they are kept, and every state that a repository may be in.

use git2::{Repository, RepositoryInitOptions};

use tenantry::edge::records::{self, RecordError};
use tenantry::edge::state::Remembrance;
use tenantry::model::names::TenantName;

use crate::support::Project;

const ROLE: &str = "roles:\n  - { name: Reader, description: Reads }\n";
const REF: &str = "refs/tenantry/sandbox/dev";

fn workspace() -> Project {
    Project::new().tenant("dev", "domain: sandbox\n").template("all", ROLE)
}

fn committed(project: &Project) -> Repository {
    let repository = Repository::init(project.path(".")).unwrap();
    commit(&repository);
    repository
}

fn commit(repository: &Repository) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let author = git2::Signature::now("Ann", "ann@example.com").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    repository.commit(Some("HEAD"), &author, &author, "change", &tree, &parents).unwrap();
}

#[test]
fn an_apply_leaves_a_record_that_reads_well() {
    let project = workspace();
    let repository = committed(&project);
    project.run("apply dev --yes --tag v1").ok();
    let tip = repository.find_reference(REF).unwrap().peel_to_commit().unwrap();
    assert_eq!(tip.summary().unwrap(), Some("apply to dev: 1 created"));
    let tree = tip.tree().unwrap();
    assert!(tree.get_path("roles/Reader.json".as_ref()).is_ok());
    let head = repository.head().unwrap().peel_to_commit().unwrap().id();
    let tag = repository.find_reference("refs/tags/v1").unwrap().peel_to_tag().unwrap();
    assert_eq!(tag.target_id(), head);
    // The same commit once more is no news, another one is.
    project.run("apply dev --yes").ok();
    assert_eq!(repository.find_reference(REF).unwrap().peel_to_commit().unwrap().id(), tip.id());
    project.write("notes.txt", "x");
    commit(&repository);
    project.run("apply dev --yes").ok();
    let next = repository.find_reference(REF).unwrap().peel_to_commit().unwrap();
    assert_eq!(next.parent_id(0).unwrap(), tip.id());
    project.run("apply dev --yes --tag v1").code(1);
    project.run("apply dev --yes --tag 'a..b'").code(1);
    let list = project.run("history dev").ok();
    assert_eq!(list.stdout().lines().filter(|line| line.starts_with('#')).count(), 2, "{}", list.screen());
    let one = project.run("history dev 1").ok();
    assert!(one.stdout().contains("+ roles/Reader") && one.stdout().contains("1 created."), "{}", one.screen());
    project.run("history dev 9").code(64);
    let json = project.run("history --all --json --address 'roles/*'").ok().json();
    assert_eq!(json["tenants"][0]["records"].as_array().unwrap().len(), 1);
}

#[test]
fn a_repository_without_commits_user_or_branch_is_one_all_the_same() {
    let project = workspace();
    let repository = Repository::init(project.path(".")).unwrap();
    project.run("apply dev --yes").ok();
    assert!(repository.find_reference(REF).is_ok());
    project.run("apply dev --yes --tag v1").code(1);
    commit(&repository);
    let head = repository.head().unwrap().peel_to_commit().unwrap().id();
    repository.set_head_detached(head).unwrap();
    project.write("templates/all.yaml", &ROLE.replace("Reads", "Reads all"));
    project.run("apply dev --yes").ok();
    let record = project.run("history dev last --json").ok().json();
    assert_eq!((&record["number"], &record["config"]["dirty"]), (&2.into(), &true.into()));
    assert_eq!(record["config"]["commit"], head.to_string());
}

#[test]
fn a_worktree_shares_the_line_and_a_shallow_clone_reads_what_it_has() {
    let project = workspace();
    let repository = committed(&project);
    project.run("apply dev --yes").ok();
    let other = tempfile::tempdir().unwrap();
    repository.worktree("other", &other.path().join("w"), None).unwrap();
    let there = Repository::open(other.path().join("w")).unwrap();
    assert!(there.find_reference(REF).is_ok());
    // What lies before a shallow clone's edge is not there, and that is no error.
    project.write("templates/all.yaml", &ROLE.replace("Reads", "Reads all"));
    project.run("apply dev --yes").ok();
    let tip = repository.find_reference(REF).unwrap().peel_to_commit().unwrap();
    let first = tip.parent_id(0).unwrap().to_string();
    std::fs::write(project.path(".git/shallow"), format!("{}\n", tip.id())).unwrap();
    std::fs::remove_file(project.path(&format!(".git/objects/{}/{}", &first[..2], &first[2..]))).unwrap();
    let list = project.run("history dev").ok();
    assert!(list.stdout().contains("#2"), "{}", list.screen());
    let checked = project.run("history dev --verify").ok();
    assert!(checked.stdout().contains("No fault found in 1 record.") && checked.stdout().contains("shallow"));
    project.run("plan dev --exit-code").ok();
}

#[test]
fn a_workspace_below_the_top_or_beside_a_bare_repository_works() {
    let project = Project::bare();
    Repository::init_opts(project.path("all.git"), RepositoryInitOptions::new().bare(true)).unwrap();
    project.write("all.git/space/tenantry.yaml", "project: test\n");
    project.write("all.git/space/tenants/dev.yaml", "domain: sandbox\n");
    project.write("all.git/space/templates/all.yaml", ROLE);
    project.run("apply dev --yes --workspace all.git/space").ok();
    project.run("history dev --workspace all.git/space").ok();
}

#[test]
fn without_git_all_works_but_history_and_that_is_said_once() {
    let project = workspace();
    let ran = project.run("apply dev --yes").ok();
    assert!(ran.stderr().contains("no git repository"), "{}", ran.screen());
    project.write("templates/all.yaml", &ROLE.replace("Reads", "Reads all"));
    let ran = project.run("apply dev --yes").ok();
    assert!(!ran.stderr().contains("no git repository"), "{}", ran.screen());
    project.run("history dev").code(64);
    project.run("adopt dev --all").code(64);
}

#[test]
fn a_sandbox_that_starts_anew_owns_nothing() {
    let project = workspace();
    committed(&project);
    project.run("apply dev --yes").ok();
    project.run("sandbox reset dev").ok();
    project.run("apply dev --yes").ok();
    let record = project.run("history dev last --json").ok().json();
    assert_eq!(record["number"], 1);
}

#[test]
fn a_damaged_record_is_an_error_and_never_taken_for_none() {
    let project = workspace();
    let repository = committed(&project);
    project.run("apply dev --yes").ok();
    let tip = repository.find_reference(REF).unwrap().peel_to_commit().unwrap();
    let author = git2::Signature::now("Ann", "ann@example.com").unwrap();
    for text in ["{\"version\": 1}", "{\"version\": 99}", "nonsense"] {
        let mut builder = repository.treebuilder(None).unwrap();
        builder.insert("record.json", repository.blob(text.as_bytes()).unwrap(), 0o100_644).unwrap();
        let tree = repository.find_tree(builder.write().unwrap()).unwrap();
        let id = repository.commit(None, &author, &author, "x", &tree, &[&tip]).unwrap();
        repository.reference(REF, id, true, "x").unwrap();
        project.run("plan dev").code(1);
        project.run("history dev").code(1);
    }
}

#[test]
fn of_two_records_after_one_the_second_is_refused() {
    let project = workspace();
    committed(&project);
    project.run("apply dev --yes").ok();
    let place = Remembrance::Sandbox(TenantName("dev".to_owned()));
    let open = || records::open(&project.path("."), &place, None).unwrap().unwrap();
    let (one, two) = (open(), open());
    let last = one.last().unwrap().unwrap();
    assert_eq!(two.last().unwrap().unwrap(), last);
    let kept = one.write(last.record.clone(), Some(&last)).unwrap();
    // What is written is read back.
    assert_eq!(two.last().unwrap().unwrap(), kept);
    assert_eq!((kept.record.header.number, &kept.record.applied), (2, &last.record.applied));
    assert!(matches!(two.write(last.record.clone(), Some(&last)), Err(RecordError::Moved)));
    assert!(matches!(two.write(last.record.clone(), None), Err(RecordError::Moved)));
    assert_eq!(two.walk().unwrap().len(), 2);
}

#[test]
fn racing_runs_leave_one_line_and_lose_none() {
    let project = workspace();
    committed(&project);
    project.run("apply dev --yes").ok();
    let place = Remembrance::Sandbox(TenantName("dev".to_owned()));
    let folder = project.path(".");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let records = records::open(&folder, &place, None).unwrap().unwrap();
                for _ in 0..5 {
                    loop {
                        let last = records.last().unwrap().unwrap();
                        match records.write(last.record.clone(), Some(&last)) {
                            Ok(_) => break,
                            Err(RecordError::Moved) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    let records = records::open(&folder, &place, None).unwrap().unwrap();
    let numbers: Vec<u64> = records.walk().unwrap().iter().map(|(_, header)| header.number).collect();
    assert_eq!(numbers, (1..=21).rev().collect::<Vec<u64>>());
}
