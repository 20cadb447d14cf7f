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

const THREE: &str = "roles:\n  - name: Reader\nclients:\n  - name: Web\n    app_type: spa\nrulesConfigs:\n  - key: HOOK\n    value: x\n";

#[test]
fn an_export_of_one_kind_leaves_the_files_of_others_and_what_they_need() {
    for format in ["native", "yaml", "directory"] {
        let project = Project::deploy_cli(THREE);
        project.run(&Project::deploying("apply --yes")).ok();
        let whole = Project::deploying(&format!("export --to out --format {format}"));
        project.run(&whole).ok();
        let before = project.files("out");
        for part in ["--only roles", "--exclude rulesConfigs", "--only r*es"] {
            let ran = project.run(&format!("{whole} {part}")).ok();
            assert!(!ran.screen().contains("removed"), "{}", ran.screen());
            let mut after = project.files("out");
            // An object of no file is not told from one whose file is not written this time.
            let external = |files: &mut std::collections::BTreeMap<String, Vec<u8>>| {
                let file = files.get_mut("tenants/acme.yaml")?;
                let text = String::from_utf8(std::mem::take(file)).unwrap();
                let kept = text.lines().filter(|line| !line.contains("external") && !line.starts_with("  - "));
                *file = kept.collect::<Vec<_>>().join("\n").into_bytes();
                Some(())
            };
            let mut first = before.clone();
            external(&mut first);
            external(&mut after);
            assert_eq!(first, after, "{format} {part}");
        }
    }
}

#[test]
fn what_an_export_takes_away_is_said() {
    let project = Project::deploy_cli(THREE);
    project.run(&Project::deploying("apply --yes")).ok();
    project.run(&Project::deploying("export --to out --only roles,clients")).ok();
    project.write("fewer.yaml", "roles: []\n");
    let allowing = project.env("AUTH0_ALLOW_DELETE", "true");
    allowing.run("apply --yes --deploy-cli fewer.yaml --config config.json --sandbox").ok();
    let ran = allowing.run(&Project::deploying("export --to out --only roles,clients --json")).ok();
    assert_eq!(ran.json()["removed"], serde_json::json!(["templates/roles/Reader.yaml"]));
    assert!(!allowing.path("out/templates/roles/Reader.yaml").exists());
    allowing.run(&Project::deploying("apply --yes")).ok();
    allowing.run(&Project::deploying("export --to out --only roles,clients")).ok();
    allowing.run("apply --yes --deploy-cli fewer.yaml --config config.json --sandbox").ok();
    let ran = allowing.run(&Project::deploying("export --to out --only roles,clients")).ok();
    assert!(ran.stdout().contains(", removed 1 of the last export that this one does not have"), "{}", ran.screen());
    assert!(ran.stderr().contains("removed `templates/roles/Reader.yaml`"), "{}", ran.screen());
}

#[test]
fn a_kind_that_does_not_exist_is_refused_before_anything_is_read_or_written() {
    let project = Project::deploy_cli(THREE);
    for (option, near) in [("--only clientz", "clients"), ("--exclude clients,rolez", "roles")] {
        let ran = project.run(&Project::deploying(&format!("export --to out {option}"))).code(64);
        assert!(ran.stderr().contains(&format!("Did you mean `{near}`?")), "{}", ran.screen());
        assert!(!project.path("out").exists());
    }
    project.run(&Project::deploying("export --to out --only ''")).code(64);
}
