//! What somebody renamed in a tenant stays what it is to every command that looks, with all that lies in it.

use crate::support::Project;

fn ours(name: &str, permissions: &[&str]) -> String {
    let lines = permissions.iter().map(|permission| {
        format!("      - {{ resource_server_identifier: https://orders, permission_name: {permission} }}\n")
    });
    let lines: String = lines.collect();
    format!("roles:\n  - $key: reader\n    name: {name}\n    permissions:\n{lines}")
}

const API: &str =
    "resourceServers:\n  - name: Orders\n    identifier: https://orders\n    scopes: [{ value: a }, { value: b }]\n";

/// The role is `Lector` by now and may do more.
fn renamed() -> Project {
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", "domain: sandbox\n")
        .template("api", API)
        .template("roles", &ours("Reader", &["a"]));
    project.commit("first");
    project.run("apply dev --yes").ok();
    project.run("backup dev .tenantry/b.json").ok();
    let id = project.run("get dev roles/Reader:id").ok();
    let id = id.stdout().trim().trim_matches('"').to_owned();
    let tenant = format!("domain: sandbox\nbind: {{ roles/reader: {id} }}\n");
    let other = Project::new().tenant("dev", &tenant).template("roles", &ours("Lector", &["a", "b"]));
    let other = other.template("api", API);
    let state = project.path(".tenantry").display().to_string();
    other.run(&format!("apply dev --yes --state-dir '{state}'")).ok();
    project
}

#[test]
fn a_diff_of_the_files_tells_the_new_name_and_what_lies_in_it() {
    let project = renamed();
    for from in ["dev@.", "dev@last", "dev@HEAD"] {
        let told = project.run(&format!("diff {from} dev --json")).ok().json();
        let changes = told["changes"].as_array().unwrap();
        let named: Vec<_> = changes.iter().map(|change| (&change["address"], &change["action"])).collect();
        let update = "update".into();
        assert_eq!(
            named,
            [(&"roles/reader".into(), &update), (&"roles/reader/permissions".into(), &update)],
            "{from}: {told:#}"
        );
        assert_eq!(told["changes"][0]["deltas"][0]["after"], "Lector");
    }
}

#[test]
fn an_export_into_the_files_writes_the_new_name_and_what_lies_in_it() {
    let project = renamed();
    let ran = project.run("export dev --into --yes").ok();
    assert!(!ran.screen().contains("is gone from the tenant"), "{}", ran.screen());
    assert_eq!(project.read("templates/roles.yaml"), ours("Lector", &["a", "b"]));
    project.run("plan dev --exit-code").ok();
}

#[test]
fn a_restore_gives_it_its_name_again_and_makes_no_second_one() {
    let project = renamed();
    let plan = project.run("restore dev .tenantry/b.json --plan-only").ok();
    assert!(plan.stdout().contains("0 to create"), "{}", plan.screen());
    assert!(plan.stdout().contains("\"Lector\" -> \"Reader\""), "{}", plan.screen());
    assert!(!plan.stderr().contains("with a new id"), "{}", plan.screen());
    project.run("restore dev .tenantry/b.json --yes").ok();
    project.run("plan dev --exit-code").ok();
}
