//! Names that go round among objects: every object stays what it is.

use serde_json::Value as Json;

use crate::support::Project;

#[test]
fn names_that_go_round_pass_through_another_one_and_every_object_stays_what_it_is() {
    let roles = |names: [&str; 3]| {
        let role = |(key, name): (&str, &str)| format!("  - {{ $key: {key}, name: {name}, description: {key} }}\n");
        format!("roles:\n{}", ["one", "two", "three"].into_iter().zip(names).map(role).collect::<String>())
    };
    let project = Project::applied(&roles(["A", "B", "C"]));
    let ids = |project: &Project| -> Vec<Json> {
        let record = project.run("history dev last --json").ok().json();
        ["roles/one", "roles/two", "roles/three"].map(|a| record["applied"]["resources"][a]["id"].clone()).to_vec()
    };
    let before = ids(&project);
    // Two change places, then all three go round.
    for names in [["B", "A", "C"], ["C", "B", "A"], ["A", "C", "B"]] {
        project.write("templates/all.yaml", &roles(names));
        project.commit("names");
        let plan = project.run("plan dev").ok();
        assert!(plan.stdout().contains("-moving` until its new name is free"), "{}", plan.screen());
        project.run("apply dev --yes").ok();
        project.run("plan dev --exit-code").ok();
        assert_eq!(ids(&project), before);
    }
    // A rollback goes round, too.
    project.run("rollback dev --to previous --yes").ok();
    assert_eq!(ids(&project), before);
    assert!(!project.read(".tenantry/sandbox/dev.json").contains("-moving"));
}

#[test]
fn a_ring_of_was_is_refused_with_what_to_write_instead() {
    let project = Project::applied("roles:\n  - name: A\n  - name: B\n");
    project.write("templates/all.yaml", "roles:\n  - { name: B, $was: A }\n  - { name: A, $was: B }\n");
    let refused = project.run("plan dev").code(65);
    assert!(
        refused.stderr().contains("error[was-ring]: `$was` goes round: `A` was `B`, `B` was `A`"),
        "{}",
        refused.screen()
    );
    assert!(refused.stderr().contains("give `$key: B` to `A`, `$key: A` to `B`"), "{}", refused.screen());
    project.write("templates/all.yaml", "roles:\n  - { name: B, $key: A }\n  - { name: A, $key: B }\n");
    let applied = project.run("apply dev --yes").ok();
    // The step aside is a write, and no change of its own.
    assert!(applied.stdout().contains("0 created, 2 updated, 0 deleted. 3 writes"), "{}", applied.screen());
    project.run("plan dev --exit-code").ok();
}
