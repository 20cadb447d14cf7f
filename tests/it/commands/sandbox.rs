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
