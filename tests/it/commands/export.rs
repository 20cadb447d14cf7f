//! `tenantry export`

use crate::support::Project;

#[test]
fn an_export_says_what_it_wrote_and_twice_is_byte_equal() {
    let project = Project::deploy_cli("roles:\n  - name: Reader\n    description: Reads\n");
    project.run(&Project::deploying("apply --yes")).ok();
    for format in ["native", "yaml", "directory"] {
        let first =
            project.run(&Project::deploying(&format!("export --to one-{format} --format {format} --only roles"))).ok();
        assert!(first.stdout().starts_with("acme -> acme.eu.auth0.com (sandbox)\n\nWrote "), "{}", first.screen());
        project.run(&Project::deploying(&format!("export --to two-{format} --format {format} --only roles"))).ok();
        let files = project.files(&format!("one-{format}"));
        assert_eq!(files, project.files(&format!("two-{format}")));
        assert!(files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("Reader")), "{format}");
    }
}

#[test]
fn a_file_that_does_not_belong_to_the_export_is_named_and_stays() {
    let project =
        Project::deploy_cli("roles:\n  - name: Reader\n").file("out/templates/roles/Gone.yaml", "roles: []\n");
    project.run(&Project::deploying("apply --yes")).ok();
    let ran = project.run(&Project::deploying("export --to out --only roles")).ok();
    assert!(ran.stderr().contains("note: `templates/roles/Gone.yaml` was there before"), "{}", ran.screen());
    assert!(project.path("out/templates/roles/Gone.yaml").exists());
}

#[test]
fn a_file_that_somebody_wrote_is_not_overwritten() {
    let project = Project::deploy_cli("roles:\n  - name: Reader\n").file("out/tenants/acme.yaml", "domain: mine\n");
    project.run(&Project::deploying("apply --yes")).ok();
    let ran = project.run(&Project::deploying("export --to out --only roles")).code(1);
    assert!(ran.stderr().contains("these files are in the way: tenants/acme.yaml"), "{}", ran.screen());
    assert_eq!(project.read("out/tenants/acme.yaml"), "domain: mine\n");
    assert!(!project.path("out/templates").exists(), "nothing is written by half");
    project.run(&Project::deploying("export --to out --only roles --force")).ok();
    assert_ne!(project.read("out/tenants/acme.yaml"), "domain: mine\n");
}

#[test]
fn a_second_export_replaces_the_first_and_takes_what_is_stale_away() {
    let project = Project::deploy_cli("roles:\n  - name: Reader\n  - name: Writer\n");
    project.run(&Project::deploying("apply --yes")).ok();
    project.run(&Project::deploying("export --to out --format directory --only roles")).ok();
    assert!(project.path("out/roles/Writer.json").exists());
    let project = project.file("tenant.yaml", "roles:\n  - name: Reader\n    description: Reads\n");
    project.run(&Project::deploying("apply --yes")).ok();
    project.run(&Project::deploying("export --to out --format directory --only roles")).ok();
    assert!(project.read("out/roles/Reader.json").contains("Reads"));
}
