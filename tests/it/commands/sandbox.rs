//! `tenantry sandbox`

use crate::support::Project;

#[test]
fn a_reset_makes_the_tenant_new_and_forgets_its_secrets() {
    let project = Project::deploy_cli("roles:\n  - name: Reader\n");
    project.run(&Project::deploying("apply --yes")).ok();
    project.run(&Project::deploying("plan --exit-code")).ok();
    let ran = project.run("sandbox path acme").ok();
    assert_eq!(ran.stdout(), "[DIR]/.tenantry/sandbox/acme.json\n");
    assert!(project.path(".tenantry/sandbox/acme.json").exists());
    let ran = project.run("sandbox reset acme").ok();
    assert_eq!(ran.stdout(), "The sandbox tenant `acme` is new again.\n");
    assert!(!project.path(".tenantry/sandbox/acme/fingerprints.json").exists());
    project.run(&Project::deploying("plan --exit-code")).code(2);
}

const ROLES: &str = "roles:\n  - name: A\n  - name: B\n  - name: C\n";

#[test]
fn a_killed_apply_leaves_the_tenant_with_what_was_done() {
    for (fault, left) in [("die_before", 2), ("die_after", 1)] {
        let project = Project::new()
            .tenant("dev", "domain: sandbox\n")
            .template("roles", ROLES)
            .file("faults.json", &format!(r#"[{{"at": {{"write": 2}}, "what": "{fault}"}}]"#));
        let status = project
            .command("apply dev --yes")
            .env("TENANTRY_SANDBOX_FAULTS", project.path("faults.json"))
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), None, "it ends as a killed process does");
        let plan = project.run("plan dev --json").ok().json();
        assert_eq!(plan["changes"].as_array().unwrap().len(), left, "{plan:#}");
        project.run("sandbox reset dev").ok();
        let plan = project.run("plan dev --json").ok().json();
        assert_eq!(plan["changes"].as_array().unwrap().len(), 3, "{plan:#}");
    }
}

#[test]
fn a_script_that_is_none_is_refused() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("roles", ROLES)
        .file("faults.json", r#"[{"what": "explode"}]"#);
    let ran = project.env("TENANTRY_SANDBOX_FAULTS", "faults.json").run("plan dev").code(64);
    assert!(ran.stderr().contains("unknown variant `explode`"), "{}", ran.screen());
}

#[test]
fn a_tenant_that_is_new_again_has_no_apply_to_go_on_with() {
    let project =
        Project::new().tenant("acme", "domain: sandbox\n").template("r", "roles: [{ name: A }, { name: B }]\n");
    project.write("faults.json", r#"[{"at": {"write": 2}, "what": "die_after"}]"#);
    let mut cut = project.command("apply acme --yes");
    assert!(!cut.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap().status.success());
    assert!(project.run_binary("plan acme").ok().stdout().contains("did not end: 1 of 2 steps are done"));
    project.run_binary("sandbox reset acme").ok();
    assert!(!project.run_binary("plan acme").ok().stdout().contains("did not end"));
    project.run_binary("apply acme --resume --yes").code(64);
    project.run_binary("apply acme --yes").ok();
    project.run_binary("apply acme --undo --yes").ok();
    project.run_binary("plan acme --exit-code").code(2);
}

#[test]
fn a_tenant_that_nobody_knows_is_not_reset() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("roles", ROLES);
    assert!(project.run("sandbox reset dev").ok().stdout().contains("was new already"));
    let ran = project.run("sandbox reset dve").code(64);
    assert!(ran.stderr().contains("Did you mean `dev`?"), "{}", ran.screen());
    project.run("apply dev --yes").ok();
    let ran = project.run("sandbox reset elsewhere").code(64);
    assert!(ran.stderr().contains("There are dev."), "{}", ran.screen());
    let ran = Project::bare().run("sandbox reset dev").code(64);
    assert!(ran.stderr().contains("the first run against a sandbox makes one"), "{}", ran.screen());
}
