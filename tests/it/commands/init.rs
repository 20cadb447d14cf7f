//! `tenantry init`

use crate::support::Project;

#[test]
fn a_new_workspace_plans_applies_and_is_at_rest() {
    let project = Project::bare();
    let ran = project.run("init identity").ok();
    assert_eq!(
        ran.stdout(),
        "A workspace with 4 files:\n  .gitignore\n  templates/example.yaml\n  tenantry.yaml\n  tenants/dev.yaml\n\n\
         Next:\n  tenantry plan dev --workspace identity\n  tenantry apply dev --workspace identity\n"
    );
    let plan = project.run("plan dev --workspace identity").ok();
    assert!(plan.stdout().contains("Plan: 1 to create"), "{}", plan.screen());
    project.run("apply dev --workspace identity --yes").ok();
    project.run("plan dev --workspace identity --exit-code").ok();
}

#[test]
fn nothing_is_overwritten() {
    for taken in ["tenantry.yaml", "tenants/x.yaml", "templates/x.yaml"] {
        let project = Project::bare().file(&format!("w/{taken}"), "mine\n");
        project.run("init w").code(64);
        assert_eq!(project.files("w").len(), 1, "{taken}");
    }
    let project = Project::bare().file(".gitignore", "mine\n");
    let ran = project.run("init").ok();
    assert!(ran.stderr().contains("should hold a line `.tenantry/`"), "{}", ran.screen());
    assert_eq!(project.read(".gitignore"), "mine\n");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let project = Project::bare().file("elsewhere/keep", "x");
    std::fs::create_dir(project.path("w")).unwrap();
    std::os::unix::fs::symlink(project.path("elsewhere"), project.path("w/templates")).unwrap();
    std::os::unix::fs::symlink(project.path("nowhere"), project.path("w/tenants")).unwrap();
    project.run("init w").code(64);
    assert_eq!(project.files("elsewhere").len(), 1);
}

#[test]
fn a_workspace_from_a_tenant_plans_empty() {
    let text = "clients:\n  - name: Web\n    app_type: spa\nroles:\n  - name: Reader\n    permissions: []\n\
                connections:\n  - name: google-oauth2\n    strategy: google-oauth2\n    options:\n      client_id: a\n      client_secret: hush-hush\n";
    let project = Project::new()
        .tenant("prod", "domain: sandbox\n")
        .file("templates/a.yaml", &text.replace("hush-hush", "'{{secret \"g\"}}'"))
        .tenant("prod", "domain: sandbox\nsecrets: { g: { env: G } }\n")
        .env("G", "hush-hush");
    project.run("apply prod --yes").ok();
    let made = project.run("init new --from-tenant acme.eu.auth0.com --tenant prod --sandbox").ok();
    assert!(made.stdout().contains("tenantry plan prod --workspace new --sandbox"), "{}", made.screen());
    let own = project.read("new/tenants/prod.yaml");
    assert!(own.starts_with("domain: acme.eu.auth0.com\n"), "{own}");
    assert!(own.contains("client_secret: { env: AUTH0_CLIENT_SECRET }"), "{own}");
    assert!(!project.files("new").values().any(|bytes| String::from_utf8_lossy(bytes).contains("hush-hush")));
    project.run("plan prod --workspace new --state-dir .tenantry --sandbox --exit-code").ok();
}

#[test]
fn a_domain_that_is_none_is_refused_before_anything_is_read() {
    let project = Project::bare();
    for line in ["init w --from-tenant 'a b'", "init w --from-tenant acme.eu.auth0.com --tenant ../x"] {
        let ran = project.run(line);
        assert!(!ran.stderr().is_empty() && !project.path("w").exists(), "{}", ran.screen());
    }
    project.run("init w --from-tenant 'a b'").code(65);
}

/// A workspace in a clone of a bare repository whose hook, if any, judges `$ref` and `$new` of each push.
#[cfg(unix)]
fn cloned(history: &str, hook: &str, flags: &str) -> Project {
    use std::os::unix::fs::PermissionsExt as _;
    let git = |folder: &std::path::Path, line: &str| {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let output = std::process::Command::new("git").args(words).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let path = std::env::var("PATH").unwrap();
    let project = Project::bare().env("PATH", &path).file("made/tenantry.yaml", &format!("project: test\n{history}"));
    let at = |name: &str| project.path(name);
    git(&at("."), "init -q --bare --initial-branch=main origin.git");
    git(&at("made"), "init -q --initial-branch=main");
    for number in 0..3 {
        project.write("made/note", &number.to_string());
        git(&at("made"), "add -A");
        git(&at("made"), "-c user.name=Ann -c user.email=a@x commit -q -m change");
    }
    git(&at("made"), "push -q ../origin.git main");
    let origin = format!("file://{}", at("origin.git").display());
    git(&at("."), &format!("clone -q {flags} {origin} clone"));
    if !hook.is_empty() {
        let script = format!("#!/bin/sh\nwhile read old new ref; do\n{hook}\ndone\n");
        project.write("origin.git/hooks/pre-receive", &script);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(at("origin.git/hooks/pre-receive"), mode).unwrap();
    }
    project
}

#[cfg(unix)]
fn refs(project: &Project) -> Vec<String> {
    let repository = git2::Repository::open(project.path("origin.git")).unwrap();
    let names = repository.references().unwrap().map(|found| found.unwrap().name().unwrap().to_owned());
    names.collect()
}

#[cfg(unix)]
const CHECK: &str = "init --check-remote --workspace clone";

#[cfg(unix)]
#[test]
fn a_remote_that_takes_refs_is_told_and_left_as_it_was() {
    for flags in ["", "--depth 1"] {
        let project = cloned("history: { remote: origin }\n", "", flags);
        insta::allow_duplicates! {
            insta::assert_snapshot!(project.run(CHECK).ok().stdout(), @r"
            refs/tenantry/: a ref can be made, moved and removed

            History is shared through `origin`.
            ");
        }
        assert_eq!(refs(&project), ["refs/heads/main"], "{flags}");
    }
    // Nobody has written it down yet.
    let project = cloned("", "", "");
    assert!(project.run(CHECK).ok().stdout().contains("Write into tenantry.yaml:\n  history: { remote: origin }"));
}

#[cfg(unix)]
#[test]
fn a_remote_that_restricts_refs_says_so_and_another_prefix_is_offered() {
    let only_branches = "case \"$ref\" in refs/heads/*) ;; *) echo 'branches only, please' >&2; exit 1;; esac";
    let project = cloned("history: { remote: origin }\n", only_branches, "--depth 1");
    let ran = project.run(CHECK).code(1);
    assert!(ran.stdout().contains("refs/tenantry/: refused: "), "{}", ran.screen());
    assert!(ran.stdout().contains("branches only, please"), "{}", ran.screen());
    assert!(ran.stdout().contains("history: { remote: origin, ref_prefix: refs/heads/tenantry/ }"), "{}", ran.screen());
    assert_eq!(refs(&project), ["refs/heads/main"]);
    let told: serde_json::Value =
        serde_json::from_str(project.run(&format!("{CHECK} --json")).code(1).stdout()).unwrap();
    assert_eq!(told["works"], "refs/heads/tenantry/");
    project.write("clone/tenantry.yaml", "project: t\nhistory: { remote: origin, ref_prefix: refs/heads/tenantry/ }\n");
    assert!(project.run(CHECK).ok().stdout().contains("History is shared through `origin`."));
    let project = cloned("history: { remote: origin }\n", "exit 1", "");
    let ran = project.run(CHECK).code(1);
    assert!(ran.stdout().contains("History cannot be shared through `origin`"), "{}", ran.screen());
}

#[cfg(unix)]
#[test]
fn a_remote_that_removes_nothing_is_usable_and_what_stays_is_named() {
    let project = cloned("history: { remote: origin }\n", "case \"$new\" in *[1-9a-f]*) ;; *) exit 1;; esac", "");
    for _ in 0..2 {
        let ran = project.run(CHECK).ok();
        assert!(ran.stdout().contains("`refs/tenantry/probe` stays there"), "{}", ran.screen());
        assert_eq!(refs(&project), ["refs/heads/main", "refs/tenantry/probe"]);
    }
}

#[test]
fn a_remote_that_does_not_answer_is_none_that_refuses() {
    let project = Project::new().file("tenantry.yaml", "project: t\nhistory: { remote: nowhere }\n");
    for command in ["init --check-remote", "apply dev --yes"] {
        let project = Project::new()
            .file("tenantry.yaml", "project: t\nhistory: { remote: nowhere }\n")
            .tenant("dev", "domain: acme.eu.auth0.com\n")
            .template("roles", "roles: []\n");
        let ran = project.run(command).code(64);
        assert!(ran.stderr().contains("error: this folder lies in no git repository"), "{}", ran.screen());
    }
    project.commit("all");
    let ran = project.run("init --check-remote").code(1);
    assert!(ran.stdout().is_empty() && ran.stderr().contains("does not answer"), "{}", ran.screen());
    assert!(ran.stderr().contains("has no remote of that name"), "{}", ran.screen());
    let none = Project::new();
    none.commit("all");
    none.run("init --check-remote").code(64);
}
