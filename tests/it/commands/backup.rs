//! `tenantry backup` and `tenantry restore`

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use super::https::Served;
use crate::support::Project;

const ALL: &str = "clients:\n  - name: Web\n    app_type: spa\n  - name: Jobs\n    app_type: non_interactive\n\
    resourceServers:\n  - identifier: https://api.example\n    name: API\n    scopes: [{ value: read, description: Read }]\n\
    clientGrants:\n  - client_id: Jobs\n    audience: https://api.example\n    scope: [read]\n\
    roles:\n  - name: Reader\n    description: Reads\n    permissions: [{ permission_name: read, resource_server_identifier: https://api.example }]\n\
    databases:\n  - name: people\n    strategy: auth0\n    enabled_clients: [Web]\n\
    connections:\n  - name: google-oauth2\n    strategy: google-oauth2\n    enabled_clients: [Web]\n    options:\n      client_id: a\n      client_secret: '{{secret \"g\"}}'\n";

fn project() -> Project {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\nsecrets: { g: { env: G } }\npolicy: { manage: exact }\n")
        .env("G", "hush-hush")
        .file("templates/a.yaml", ALL);
    project.run("apply dev --yes --max-deletes 99").ok();
    project
}

/// What the tenant holds, as an export says it: no ids, no order.
fn held(project: &Project, to: &str) -> BTreeMap<String, Vec<u8>> {
    project.run(&format!("export dev --to {to}")).ok();
    let mut files = project.files(to);
    files.remove(".tenantry-export.json");
    files
}

#[test]
fn what_was_deleted_comes_back() {
    let project = project();
    let before = held(&project, "before");
    let ran = project.run("backup dev out/b.json").ok();
    assert!(ran.stdout().contains("to out/b.json, without secrets"), "{}", ran.screen());
    let told = project.run("backup dev out/c.json --json").ok().json();
    let restored = project.run("restore dev out/c.json --plan-only --json").ok().json();
    assert_eq!(told["resources"], restored["summary"]["unchanged"], "a restore counts the same: {told:#}");
    let words = format!("Wrote {} resources, {} objects with an id", told["resources"], told["objects"]);
    assert!(ran.stdout().contains(&words), "{}", ran.screen());
    assert!(!project.read("out/b.json").contains("hush-hush"));
    // With `exact`, emptied lists delete what nobody declares any more.
    let gone = "clients: []\nclientGrants: []\nroles: []\nconnections: []\nresourceServers: []\n";
    project.write("templates/a.yaml", gone);
    project.run("apply dev --yes --max-deletes 99 --allow-empty clients").ok();
    assert_ne!(held(&project, "gone"), before);
    let plan = project.run("restore dev out/b.json --plan-only").ok();
    assert!(plan.stderr().contains("connections/google-oauth2:options.client_secret"), "{}", plan.screen());
    assert!(plan.stderr().contains("  clients/Jobs, without its secret"), "{}", plan.screen());
    assert!(plan.stdout().contains("0 to delete"), "{}", plan.screen());
    assert!(!plan.screen().contains("hush-hush"));
    assert_ne!(held(&project, "still"), before, "a plan writes nothing");
    let ran = project.run("restore dev out/b.json --yes").ok();
    assert!(ran.stdout().contains("0 deleted"), "{}", ran.screen());
    let after = held(&project, "after");
    // The one secret that the tenant had cannot come back.
    let lost = |path: &&String| path.contains("google") || path.starts_with("tenants/");
    for path in before.keys().filter(|path| !lost(path)) {
        let text = |files: &BTreeMap<String, Vec<u8>>| files.get(path).map(|b| String::from_utf8_lossy(b).into_owned());
        assert_eq!(text(&after), text(&before), "{path}");
    }
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn a_restore_deletes_nothing_and_an_unchanged_tenant_needs_none() {
    let project = project();
    project.run("backup dev b.json").ok();
    let ran = project.run("restore dev b.json --yes").ok();
    assert!(!ran.stdout().contains("Applied"), "{}", ran.screen());
    project.write("templates/a.yaml", &format!("{ALL}organizations:\n  - name: later\n"));
    project.run("apply dev --yes").ok();
    project.run("restore dev b.json --yes").ok();
    project.run("get dev organizations/later").ok();
}

#[test]
fn a_backup_is_written_where_it_is_safe() {
    let project = project();
    git2::Repository::init(project.path("")).unwrap();
    let ran = project.run("backup dev b.json").code(64);
    assert!(ran.stderr().contains("lies in a git work tree"), "{}", ran.screen());
    project.run("backup dev new/folder/b.json").code(64);
    project.write(".gitignore", "kept/\n");
    project.run("backup dev kept/b.json").ok();
    let first = project.read("kept/b.json");
    project.run("backup dev kept/b.json").code(64);
    assert_eq!(project.read("kept/b.json"), first);
}

#[cfg(unix)]
#[test]
fn a_backup_goes_through_no_link_and_only_the_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project().file("other", "x");
    std::os::unix::fs::symlink(project.path("other"), project.path("link")).unwrap();
    project.run("backup dev link").code(64);
    assert_eq!(project.read("other"), "x");
    project.run("backup dev b.json").ok();
    assert_eq!(std::fs::metadata(project.path("b.json")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_no_backup_or_of_another_tenant_is_refused() {
    let project = project().tenant("other", "domain: acme.eu.auth0.com\n").file("x.json", "hush: 1\n");
    project.run("backup dev b.json").ok();
    let ran = project.run("restore other b.json --sandbox --yes").code(64);
    assert!(ran.stderr().contains("the backup is of sandbox"), "{}", ran.screen());
    let ran = project.run("restore dev x.json --yes").code(64);
    assert!(!ran.stderr().contains("hush"), "{}", ran.screen());
    project.run("restore dev b.json").code(64);
}

#[test]
fn a_restore_that_is_cut_short_makes_nothing_ours_and_goes_on_when_it_is_typed_again() {
    let all: String = (0..40).map(|n| format!("  - {{ name: R{n:02} }}\n")).collect();
    let place = Project::bare();
    let served = Served::start(&place, "--latency-ms 100");
    let project = served.project(&format!("roles:\n{all}"));
    project.commit("all");
    project.run("apply acme --yes").ok();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.json").display().to_string();
    project.run(&format!("backup acme {file}")).ok();
    project.write("templates/roles.yaml", "roles:\n  - name: R00\n");
    project.commit("one");
    project.run("apply acme --yes --max-deletes 99").ok();
    let ours = |project: &Project| {
        let record = project.run("history acme last --json").ok().json();
        record["applied"]["resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ours(&project), ["roles/R00"]);
    let roles =
        || crate::support::fetch(&served.url, &served.authority, "/__sandbox/stats")["requests"]["POST"].clone();
    // Killed once it has made some.
    let made = roles().as_u64().unwrap();
    let line = format!("restore acme {file} --yes --in-flight 2");
    let mut run = project.command(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while roles().as_u64().unwrap() < made + 6 {
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let plan = project.run("plan acme").ok();
    assert!(plan.stdout().contains("a restore that began at "), "{}", plan.screen());
    assert!(plan.stdout().contains("No changes."), "what it made is nobody's: {}", plan.screen());
    // It goes on, makes nothing twice, and can be taken back.
    project.run(&format!("restore acme {file} --yes")).ok();
    let names = project.run("drift acme --unmanaged --json").code(0).json();
    assert_eq!(names["tenants"][0]["foreign"].as_array().unwrap().len(), 39, "{names:#}");
    assert_eq!(ours(&project), ["roles/R00"]);
    project.run("apply acme --undo --yes").ok();
    assert_eq!(ours(&project), ["roles/R00"], "an undo of a restore gives nothing up");
}
