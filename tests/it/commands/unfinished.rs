//! What a run did that was killed stands in the record of the run that goes on.

use serde_json::{Value as Json, json};

use crate::support::Project;

fn project() -> Project {
    Project::new()
        .file(".gitignore", ".tenantry/\nfaults.json\nb.json\n")
        .tenant("dev", "domain: sandbox\n")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "ann")
}

fn roles(names: &str) -> String {
    let all: Vec<String> = names.chars().map(|name| format!("  - name: {name}\n")).collect();
    format!("roles:\n{}", all.concat())
}

/// Begins an apply that dies at a write.
fn cut(project: &Project, line: &str, write: usize, how: &str) {
    project.write("faults.json", &format!(r#"[{{"at": {{"write": {write}}}, "what": "{how}"}}]"#));
    let mut dies = project.command(line);
    assert!(!dies.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap().status.success());
}

fn last(project: &Project) -> Json {
    project.run("history dev last --json").ok().json()
}

/// What a list of changes is about, in order.
fn changed(changes: &Json) -> Vec<String> {
    let each = |c: &Json| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap());
    let mut all: Vec<String> = changes.as_array().unwrap().iter().map(each).collect();
    all.sort();
    all
}

/// What all records say was done, each as often as it is said.
fn told(project: &Project) -> Vec<String> {
    let all = project.run("history dev --json").ok().json();
    let mut told = Vec::new();
    for record in all["tenants"][0]["records"].as_array().unwrap() {
        told.extend(changed(&record["changes"]));
        let before = record["unfinished"].as_array().into_iter().flatten();
        told.extend(before.flat_map(|run| changed(&run["changes"])));
    }
    told.sort();
    told
}

#[test]
fn the_record_of_the_run_that_goes_on_holds_what_a_killed_one_did() {
    let project = project().template("all", &roles("ABCD"));
    let commit = project.commit("four");
    cut(&project, "apply dev --yes", 3, "die_before");
    project.run("apply dev --resume --yes").ok();
    assert_eq!(told(&project), ["create roles/A", "create roles/B", "create roles/C", "create roles/D"]);
    let record = last(&project);
    let before = &record["unfinished"][0];
    assert_eq!(changed(&before["changes"]).len(), 2, "{record:#}");
    assert_eq!(changed(&record["changes"]).len(), 2, "{record:#}");
    assert_eq!(before["config"]["commit"], commit);
    assert!(before["at"].as_str().unwrap() <= record["at"].as_str().unwrap());
    assert_eq!(before["by"]["name"], "ann");
    let of_one = project.run("history dev --address roles/A").ok();
    assert!(of_one.stdout().contains("4 created (2 by a run that did not end)"), "{}", of_one.screen());
    let one = project.run("history dev last").ok();
    assert!(
        one.stdout().contains(&format!("(commit {}) did not end. It did:\n+ roles/", &commit[..7])),
        "{}",
        one.screen()
    );
    assert!(one.stdout().contains("This run did:\n+ roles/"), "{}", one.screen());
    let table = project.run("history dev --csv").ok();
    let marked = format!(",{},{}", before["at"].as_str().unwrap(), before["by"]["name"].as_str().unwrap());
    let is_marked = |line: &&str| line.contains(",create,done,") && line.ends_with(&marked);
    assert_eq!(table.stdout().lines().filter(is_marked).count(), 2, "{}", table.screen());
    project.run("history dev --verify").ok();
    // It is said once.
    project.write("templates/all.yaml", &roles("ABCDE"));
    project.commit("five");
    project.run("apply dev --yes").ok();
    assert_eq!(told(&project).len(), 5);
}

#[test]
fn a_run_that_has_nothing_left_to_do_records_what_the_killed_one_did() {
    let project = project().template("all", &roles("AB"));
    project.commit("two");
    cut(&project, "apply dev --yes", 2, "die_after");
    // A part says nothing of the rest.
    project.run("apply dev --target roles/A --yes").ok();
    let plan = project.run("plan dev").ok();
    assert!(plan.stdout().contains("did not end"), "{}", plan.screen());
    project.run("apply dev --yes").ok();
    assert_eq!(told(&project), ["create roles/A", "create roles/B"]);
    let one = project.run("history dev last").ok();
    assert!(
        one.stdout().contains("Nothing was left to do.\n2 created (2 by a run that did not end)."),
        "{}",
        one.screen()
    );
    let plan = project.run("plan dev").ok();
    assert!(!plan.stdout().contains("did not end"), "{}", plan.screen());
    project.run("apply dev --resume --yes").code(64);
    // It can still be taken back.
    project.run("apply dev --undo --yes").ok();
    assert!(!project.run("plan dev").ok().stdout().contains("The tenant matches"));
}

#[test]
fn several_runs_that_were_killed_are_all_told_wherever_they_were_cut() {
    for how in ["die_before", "die_after"] {
        let project = project().template("all", "roles: [{ name: A, description: old }, { name: X }]\n");
        project.commit("first");
        project.run("apply dev --yes").ok();
        project.write("templates/all.yaml", "roles: [{ name: A, description: new }, { name: B }, { name: C }]\n");
        project.commit("more");
        for _ in 0..2 {
            cut(&project, "apply dev --yes --allow-delete roles/X", 2, how);
        }
        project.run("apply dev --yes --allow-delete roles/X").ok();
        let mut all = vec!["create roles/A", "create roles/X"];
        all.extend(["create roles/B", "create roles/C", "delete roles/X", "update roles/A"]);
        all.sort_unstable();
        assert_eq!(told(&project), all, "{how}");
        project.run("history dev --verify").ok();
        project.run("plan dev --exit-code").ok();
    }
}

#[test]
fn a_run_that_wrote_its_record_is_not_told_again() {
    let project = project().template("all", &roles("AB"));
    project.commit("two");
    project.write("faults.json", r#"[{"at": {"write": 2}, "what": {"status": {"status": 400}}}]"#);
    let mut fails = project.command("apply dev --yes");
    let failed = fails.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap();
    assert_eq!(failed.status.code(), Some(3), "{}", String::from_utf8_lossy(&failed.stderr));
    project.run("apply dev --yes").ok();
    let record = last(&project);
    assert_eq!(record["unfinished"], Json::Null);
    assert_eq!(changed(&record["changes"]).len(), 1);
}

#[test]
fn an_undo_and_a_restore_lose_nothing_of_a_killed_apply() {
    let project = project().template("all", "roles: [{ name: A, description: old }]\n");
    project.commit("one");
    project.run("apply dev --yes").ok();
    project.run("backup dev b.json").ok();
    project.write("templates/all.yaml", "roles: [{ name: A, description: old }, { name: B }, { name: C }]\n");
    project.commit("three");
    cut(&project, "apply dev --yes", 2, "die_before");
    project.run("apply dev --undo --yes").ok();
    let record = last(&project);
    assert_eq!(record["run"], "undo");
    let made = changed(&record["unfinished"][0]["changes"]);
    assert_eq!(made.len(), 1, "{record:#}");
    assert_eq!(changed(&record["changes"]), [made[0].replace("create", "delete")]);
    // A restore leaves no record: the next apply says what the killed one did, and what is ours stays it.
    project.write("templates/all.yaml", "roles: [{ name: A, description: new }]\n");
    project.commit("new");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "roles: [{ name: A, description: new }, { name: B }, { name: C }]\n");
    project.commit("three again");
    cut(&project, "apply dev --yes", 2, "die_before");
    let restored = project.run("restore dev b.json --yes").ok();
    assert!(restored.stdout().contains("1 updated"), "{}", restored.screen());
    // The restore is drift to the files.
    let plan = project.run("plan dev").code(4);
    assert!(plan.stdout().contains("is in no record yet"), "{}", plan.screen());
    project.write("templates/all.yaml", &roles("A"));
    project.commit("one again");
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(plan["summary"]["delete"], json!(1), "{plan:#}");
    project.run("apply dev --yes --allow-delete roles/*").ok();
    assert_eq!(changed(&last(&project)["unfinished"][0]["changes"]).len(), 1);
    assert!(!project.run("plan dev").ok().stdout().contains("note:"));
}

#[test]
fn the_table_of_tenants_shows_what_did_not_end_and_what_is_held() {
    let project = project().template("all", &roles("A"));
    let first = project.commit("one");
    project.run("apply dev --yes").ok();
    let json = project.run("status --json").ok().json();
    assert_eq!(json["tenants"][0]["unfinished"], Json::Null);
    assert_eq!(json["tenants"][0]["holds"], json!([]));
    project.write("templates/all.yaml", &roles("AB"));
    let second = project.commit("two");
    project.run("apply dev --yes").ok();
    project.run(&format!("rollback dev --to {first} --yes --allow-delete roles/B")).ok();
    project.write("templates/all.yaml", &roles("ACD"));
    let held = project.run("status").ok();
    let words = format!(
        "dev: {} was rolled back, and what contains it is not applied; `tenantry release-hold dev`",
        &second[..7]
    );
    assert!(held.stdout().contains(&words), "{}", held.screen());
    assert_eq!(project.run("status --json").ok().json()["tenants"][0]["holds"], json!([second]));
    project.run("release-hold dev").ok();
    project.commit("three");
    cut(&project, "apply dev --yes", 2, "die_before");
    let open = project.run("status").ok();
    assert!(open.stdout().contains("\ndev: an apply that began at "), "{}", open.screen());
    assert!(!open.stdout().contains("rolled back"), "{}", open.screen());
    let json = project.run("status --json").ok().json();
    assert!(json["tenants"][0]["unfinished"].as_str().unwrap().contains("1 of 2 steps are done"), "{json:#}");
}
