//! `tenantry ci init`

use crate::support::Project;

fn project() -> Project {
    Project::new()
        .tenant("dev", "domain: dev.eu.auth0.com\nsecrets: { key: { env: DEV_KEY } }\n")
        .tenant("prod", "domain: sandbox\n")
        .template("roles", "roles: []\n")
}

#[test]
fn files_are_written_once_and_overwritten_only_when_asked_to() {
    let project = project();
    for (platform, path) in [
        ("github", ".github/workflows/tenantry-plan.yml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("azure", "azure-pipelines.yml"),
        ("bitbucket", "bitbucket-pipelines.yml"),
    ] {
        let ran = project.run(&format!("ci init {platform}")).ok();
        assert!(ran.stdout().contains(path), "{}", ran.screen());
        let first = project.read(path);
        project.write(path, "mine");
        let ran = project.run(&format!("ci init {platform}")).code(64);
        assert!(ran.stderr().contains(path) && ran.stderr().contains("--force"), "{}", ran.screen());
        assert_eq!(project.read(path), "mine");
        let written = project.run(&format!("ci init {platform} --force --json")).ok().json();
        assert!(written["written"].as_array().is_some_and(|files| !files.is_empty()));
        assert_eq!(project.read(path), first);
    }
}

#[test]
fn nothing_is_written_if_one_file_is_in_the_way() {
    let project = project().file(".github/workflows/tenantry-drift.yml", "mine");
    project.run("ci init github").code(64);
    assert!(!project.path(".github/workflows/tenantry-plan.yml").exists());
    #[cfg(unix)]
    {
        project.write("precious", "mine");
        std::os::unix::fs::symlink(project.path("precious"), project.path(".gitlab-ci.yml")).unwrap();
        project.run("ci init gitlab --force").code(1);
        assert_eq!(project.read("precious"), "mine");
    }
}

#[test]
fn a_workspace_below_the_top_of_its_repository_is_named() {
    let outer = Project::bare()
        .file("identity/tenantry.yaml", "project: p\n")
        .file("identity/tenants/live.yaml", "domain: sandbox\n")
        .file("identity/tenants/canary.yaml", "domain: sandbox\n");
    git2::Repository::init(outer.path("")).unwrap();
    let ran = outer.run("ci init gitlab --workspace identity").code(64);
    assert!(ran.stderr().contains("--tenants FIRST,SECOND"), "{}", ran.screen());
    outer.run("ci init gitlab --workspace identity --tenants canary,live --branch trunk").ok();
    let text = outer.read(".gitlab-ci.yml");
    assert!(text.contains("tenantry promote canary live --workspace identity --yes --lock-wait 600"), "{text}");
    outer.run("ci init gitlab --workspace identity --tenants canary,live --branch 'a;b' --force").code(64);
    outer.run("ci init gitlab --workspace identity --tenants canary,live --install 'a; b' --force").code(64);
    outer.run("ci init gitlab --workspace identity --tenants canary,nobody --force").code(64);
}
