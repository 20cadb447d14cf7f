//! Runs in several clones of one repository.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::commands::https::Served;
use crate::support::Project;

const ROLES: &str = "roles:\n  - { name: Reader, description: Reads }\n  - name: Writer\n";
const RECORDS: &str = "refs/tenantry/acme.eu.auth0.com";
const LOCK: &str = "refs/tenantry/locks/acme.eu.auth0.com";

pub fn git(folder: &Path, words: &[&str]) -> String {
    let output = Command::new("git").args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A bare repository that everybody shares, and the tenant.
pub struct Site {
    pub place: Project,
    pub served: Served,
}

impl Site {
    pub fn new(history: &str, flags: &str) -> Self {
        let place = Project::bare();
        let served = Served::start(&place, flags);
        let folder = place.path(".");
        git(&folder, &["init", "-q", "--bare", "--initial-branch=main", "origin.git"]);
        git(&folder, &["init", "-q", "--initial-branch=main", "first"]);
        place.write("first/tenantry.yaml", &format!("project: test\nhistory: {history}\n"));
        place.write("first/tenants/acme.yaml", "domain: acme.eu.auth0.com\n");
        place.write("first/templates/roles.yaml", ROLES);
        let site = Self { place, served };
        site.commit("first");
        git(&site.place.path("first"), &["push", "-q", "../origin.git", "main"]);
        site
    }

    pub fn commit(&self, clone: &str) {
        let folder = self.place.path(clone);
        git(&folder, &["add", "-A"]);
        git(&folder, &["-c", "user.name=Ann", "-c", "user.email=a@x", "commit", "-q", "-m", "change"]);
    }

    pub fn clone(&self, name: &str, flags: &[&str]) -> Project {
        let origin = format!("file://{}", self.place.path("origin.git").display());
        let project = Project::bare();
        git(&project.path("."), &[&["clone", "-q"], flags, &[&origin, "."]].concat());
        project
            .env("TENANTRY_API_URL", &self.served.url)
            .env("TENANTRY_CA", &self.served.authority)
            .env("AUTH0_CLIENT_ID", "abc")
            .env("AUTH0_CLIENT_SECRET", "hunter2-secret")
            .env("PATH", &std::env::var("PATH").unwrap())
            .env("USER", name)
    }

    pub fn origin(&self, words: &[&str]) -> String {
        git(&self.place.path("origin.git"), words)
    }

    pub fn refs(&self) -> Vec<String> {
        let refs = self.origin(&["for-each-ref", "--format=%(refname)"]);
        refs.lines().filter(|name| *name != "refs/heads/main").map(str::to_owned).collect()
    }

    pub fn records(&self, of: &str) -> usize {
        // One line: every commit has at most one parent.
        assert_eq!(self.origin(&["rev-list", "--min-parents=2", of]), "");
        self.origin(&["rev-list", of]).lines().count()
    }
}

fn start(project: &Project, line: &str) -> std::process::Child {
    project.command(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_one_clone_applied_the_other_knows_in_a_shallow_clone_too() {
    let site = Site::new("{ remote: origin }", "");
    let (ann, bob) = (site.clone("ann", &[]), site.clone("bob", &["--depth", "1"]));
    ann.run("apply acme --yes").ok();
    assert_eq!(site.refs(), [RECORDS], "the lock is let go");
    // Bob knows what is ours and deletes it.
    bob.write("templates/roles.yaml", "roles:\n  - { name: Reader, description: Reads all }\n");
    let ran = bob.run("plan acme").ok();
    assert!(ran.stdout().contains("- roles/Writer"), "{}", ran.screen());
    bob.run("apply acme --yes --allow-dirty").ok();
    assert_eq!(site.records(RECORDS), 2);
    let list = ann.run("plan acme").ok();
    assert!(list.stdout().contains("+ roles/Writer"), "{}", list.screen());
    let json = ann.run("history acme --json").ok().json();
    assert_eq!(json["tenants"][0]["records"].as_array().unwrap().len(), 2);
    assert_eq!(git(&ann.path("."), &["rev-parse", RECORDS]), site.origin(&["rev-parse", RECORDS]));
}

#[test]
fn a_remote_that_does_not_answer_stops_an_apply_before_any_write_and_a_plan_goes_on() {
    let site = Site::new("{ remote: origin }", "");
    let ann = site.clone("ann", &[]);
    git(&ann.path("."), &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let ran = ann.run("apply acme --yes").code(1);
    assert!(ran.stderr().contains("the git remote `origin` does not answer"), "{}", ran.screen());
    assert_eq!(site.served.writes(), 0);
    let ran = ann.run("plan acme").ok();
    assert!(ran.stderr().contains("warning: the git remote `origin` does not answer"), "{}", ran.screen());
    git(&ann.path("."), &["remote", "remove", "origin"]);
    ann.run("apply acme --yes").code(1);
    assert_eq!(site.served.writes(), 0);
}

#[test]
fn a_host_that_lets_nobody_write_such_refs_is_told_with_the_way_out() {
    let site = Site::new("{ remote: origin }", "");
    let hook = "#!/bin/sh\ncase $1 in refs/heads/*) exit 0;; esac\necho 'only branches here' >&2\nexit 1\n";
    let path = site.place.path("origin.git/hooks/update");
    std::fs::write(&path, hook).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ann = site.clone("ann", &[]);
    let ran = ann.run("apply acme --yes").code(1);
    assert!(ran.stderr().contains("refuses `refs/tenantry/locks/acme"), "{}", ran.screen());
    assert!(ran.stderr().contains("only branches here"), "{}", ran.screen());
    assert!(ran.stderr().contains("`history.ref_prefix: refs/heads/tenantry/`"), "{}", ran.screen());
    assert_eq!(site.served.writes(), 0);
    ann.write("tenantry.yaml", "project: test\nhistory: { remote: origin, ref_prefix: refs/heads/tenantry/ }\n");
    ann.run("apply acme --yes --allow-dirty").ok();
    assert_eq!(site.refs(), ["refs/heads/tenantry/acme.eu.auth0.com"]);
    ann.write("tenantry.yaml", "project: test\nhistory: { remote: --upload-pack=x }\n");
    ann.run("plan acme").code(1);
    ann.write("tenantry.yaml", "project: test\nhistory: { remote: origin, ref_prefix: tenantry }\n");
    ann.run("plan acme").code(1);
}

#[test]
fn where_nothing_can_be_deleted_the_lock_is_marked_as_free() {
    let site = Site::new("{ remote: origin, ref_prefix: refs/heads/tenantry }", "");
    site.origin(&["config", "receive.denyDeletes", "true"]);
    site.origin(&["config", "receive.denyNonFastForwards", "true"]);
    for name in ["ann", "bob", "cem"] {
        site.clone(name, &[]).run("apply acme --yes --accept-drift").ok();
        assert_eq!(site.refs().len(), 2, "{:?}", site.refs());
    }
    let ran = site.clone("dan", &[]).run("unlock acme").ok();
    assert_eq!(ran.stdout(), "The tenant `acme` was not locked.\n");
}

#[test]
fn a_lock_of_a_killed_run_shows_its_holder_and_its_plan_and_is_broken_taken_over_or_waited_out() {
    let site = Site::new("{ remote: origin }", "--latency-ms 300");
    let (ann, bob) = (site.clone("ann", &[]), site.clone("bob", &[]));
    let killed = || {
        let mut run = start(&ann, "apply acme --yes --lock-ttl 3");
        let mut tries = 0;
        while site.origin(&["ls-tree", "-r", "--name-only", lock_or_head(&site)]) != "intent.json\nlock.json" {
            std::thread::sleep(Duration::from_millis(50));
            tries += 1;
            assert!(tries < 600, "it never says what it intends");
        }
        run.kill().unwrap();
        run.wait().unwrap();
    };
    killed();
    let ran = bob.run("apply acme --yes --lock-ttl 3").code(6);
    assert!(
        ran.stderr().contains("`acme` is locked by ") && ran.stderr().contains("tenantry apply acme --yes"),
        "{}",
        ran.screen()
    );
    assert!(ran.stderr().contains("`tenantry unlock acme` breaks it at once"), "{}", ran.screen());
    let ran = bob.run("unlock acme").code(64);
    assert!(ran.stderr().contains("It may have created roles/"), "{}", ran.screen());
    bob.run("unlock acme --yes").ok();
    assert_eq!(site.refs(), Vec::<String>::new());
    // Ann's own folder knows that its run is dead.
    killed();
    ann.run("apply acme --yes").ok();
    ann.write(
        "templates/roles.yaml",
        "roles:\n  - { name: Reader, description: Reads it }\n  - { name: New, description: a }\n",
    );
    killed();
    // Bob cannot know, and waits until it has not moved for as long as it promised to.
    let ran = bob.run("apply acme --yes --lock-ttl 3 --lock-wait 0.5").code(6);
    assert!(ran.stderr().contains("waiting up to 1 s: `acme` is locked by "), "{}", ran.screen());
    bob.run("apply acme --yes --lock-ttl 3 --lock-wait 60 --accept-drift").ok();
    assert_eq!(site.refs(), [RECORDS]);
}

fn lock_or_head(site: &Site) -> &'static str {
    if site.refs().iter().any(|name| name == LOCK) { LOCK } else { "refs/heads/main" }
}

#[test]
fn a_lock_that_lives_is_renewed_and_one_that_is_broken_stops_its_run() {
    let site = Site::new("{ remote: origin }", "--latency-ms 200");
    let (ann, bob) = (site.clone("ann", &[]), site.clone("bob", &[]));
    let many: String = (0..150).map(|n| format!("  - name: Role {n}\n")).collect();
    ann.write("templates/roles.yaml", &format!("roles:\n{many}"));
    let run = start(&ann, "apply acme --yes --allow-dirty --lock-ttl 1.5 --in-flight 1");
    while !site.refs().contains(&LOCK.to_owned()) {
        std::thread::sleep(Duration::from_millis(50));
    }
    // It lives longer than it promised to without a renewal.
    bob.run("apply acme --yes --lock-wait 4 --lock-ttl 1.5").code(6);
    bob.run("unlock acme --yes").ok();
    let ended = run.wait_with_output().unwrap();
    assert_ne!(ended.status.code(), Some(0), "{}", said(&ended));
    assert!(said(&ended).contains("lock"), "{}", said(&ended));
    assert!(site.served.writes() < 150, "{}", said(&ended));
    assert_eq!(site.records(RECORDS), 1, "what was done is recorded: {}", said(&ended));
}

#[test]
fn a_record_that_is_expected_and_missing_closes_a_gate() {
    let site = Site::new("{ remote: origin, expect: required }", "");
    let ann = site.clone("ann", &[]);
    let ran = ann.run("apply acme --yes").code(4);
    assert!(ran.stdout().contains("--first-apply"), "{}", ran.screen());
    assert_eq!((site.served.writes(), site.refs().len()), (0, 0));
    ann.run("apply acme --yes --first-apply").ok();
    ann.write("tenants/twin.yaml", "domain: twin.eu.auth0.com\n");
    let ran = ann.run("drift --all").code(1);
    assert!(ran.stdout().contains("twin: there is no record of this tenant"), "{}", ran.screen());
    // That there is none is believed of who answers.
    ann.write("tenantry.yaml", "project: test\nhistory: { remote: origin }\n");
    ann.run("drift --all").ok();
    ann.write("tenantry.yaml", "project: test\nhistory: { remote: 'file:///nowhere' }\n");
    ann.run("drift --all").code(1);
    git(&ann.path("."), &["checkout", "-q", "."]);
    site.clone("bob", &[]).run("apply acme --yes").ok();
    // A sandbox is nobody's, and no remote hears of it.
    let cem = site.clone("cem", &[]);
    git(&cem.path("."), &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    cem.run("apply acme --yes --sandbox").ok();
    let list = site.clone("dan", &["--depth", "1"]).run("history acme").ok();
    assert!(list.stdout().contains("#1"), "{}", list.screen());
}

#[test]
fn a_line_that_was_rewritten_or_is_gone_is_refused() {
    let site = Site::new("{ remote: origin }", "");
    let ann = site.clone("ann", &[]);
    ann.run("apply acme --yes").ok();
    let first = site.origin(&["rev-parse", RECORDS]);
    ann.write("templates/roles.yaml", "roles:\n  - name: Writer\n");
    ann.run("apply acme --yes --allow-dirty").ok();
    site.origin(&["update-ref", RECORDS, &first]);
    let ran = ann.run("plan acme").code(1);
    assert!(ran.stderr().contains("do not follow on those that were there before"), "{}", ran.screen());
    site.origin(&["update-ref", "-d", RECORDS]);
    ann.run("apply acme --yes").code(1);
    // On purpose, then; what is here and not there is handed on.
    std::fs::remove_file(ann.path(".tenantry/acme.eu.auth0.com/remote.json")).unwrap();
    ann.run("apply acme --yes --allow-dirty").ok();
    assert_eq!(site.records(RECORDS), 2);
}

#[test]
fn records_are_checked_against_those_at_the_remote() {
    let site = Site::new("{ remote: origin }", "");
    let ann = site.clone("ann", &[]);
    let found = |of: &Project, code: u8| {
        let json = of.run("history acme --verify --json").code(code).json();
        let faults = json["tenants"][0]["faults"].as_array().unwrap();
        faults.iter().map(|fault| fault["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    ann.run("apply acme --yes").ok();
    assert!(found(&ann, 0).is_empty());
    let first = site.origin(&["rev-parse", RECORDS]);
    ann.write("templates/roles.yaml", "roles:\n  - name: Writer\n");
    ann.run("apply acme --yes --allow-dirty").ok();
    // Another clone takes in what it does not have, and finds it whole.
    let bob = site.clone("bob", &["--depth", "1"]);
    assert!(found(&bob, 0).is_empty());
    assert_eq!(git(&bob.path("."), &["rev-list", "--count", RECORDS]), "2");
    // The remote loses the last one.
    site.origin(&["update-ref", RECORDS, &first]);
    assert!(found(&ann, 1)[0].contains("is not in the line there any more"));
    std::fs::remove_file(ann.path(".tenantry/acme.eu.auth0.com/remote.json")).unwrap();
    assert!(found(&ann, 1)[0].starts_with("it is here and not at the git remote"));
    site.origin(&["update-ref", "-d", RECORDS]);
    assert!(found(&bob, 1)[0].contains("has no records any more"));
    git(&ann.path("."), &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let ran = ann.run("history acme --verify").code(1);
    assert!(ran.stdout().contains("a gap cannot be ruled out"), "{}", ran.screen());
}

#[test]
fn records_that_were_made_apart_come_after_those_of_the_remote_and_none_is_lost() {
    let site = Site::new("{ remote: origin }", "");
    let (ann, bob) = (site.clone("ann", &[]), site.clone("bob", &[]));
    ann.run("apply acme --yes").ok();
    bob.run("plan acme").ok();
    // Bob works without the remote for a while.
    let shared = bob.read("tenantry.yaml");
    bob.write("tenantry.yaml", "project: test\n");
    bob.write("templates/roles.yaml", &format!("{ROLES}  - name: Of Bob\n"));
    bob.run("apply acme --yes --allow-dirty").ok();
    ann.write("templates/roles.yaml", &format!("{ROLES}  - name: Of Ann\n"));
    ann.run("apply acme --yes --allow-dirty --accept-drift").ok();
    bob.write("tenantry.yaml", &shared);
    bob.write("templates/roles.yaml", &format!("{ROLES}  - name: Of Ann\n  - name: Of Bob\n"));
    bob.run("apply acme --yes --allow-dirty --accept-drift").ok();
    let record = bob.run("history acme last --json").ok().json();
    let ours = record["applied"]["resources"].as_object().unwrap();
    assert!(ours.contains_key("roles/Of Ann") && ours.contains_key("roles/Of Bob"), "{record:#}");
    assert!(site.records(RECORDS) >= 3);
    assert_eq!(git(&bob.path("."), &["rev-parse", RECORDS]), site.origin(&["rev-parse", RECORDS]));
}

#[test]
fn of_two_clones_that_race_exactly_one_wins_and_no_record_is_lost() {
    let rounds = std::env::var("TENANTRY_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let site = Site::new("{ remote: origin }", "--latency-ms 250");
    let clones = [site.clone("ann", &[]), site.clone("bob", &["--depth", "1"])];
    clones[0].run("apply acme --yes").ok();
    for round in 0..rounds {
        let text = format!("roles:\n  - {{ name: Reader, description: Round {round} }}\n  - name: Writer\n");
        for clone in &clones {
            clone.write("templates/roles.yaml", &text);
        }
        let runs = clones.each_ref().map(|clone| start(clone, "apply acme --yes --allow-dirty"));
        let ended = runs.map(|run| run.wait_with_output().unwrap());
        let mut codes = ended.each_ref().map(|output| output.status.code().unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [0, 6], "round {round}:\n{}\n{}", said(&ended[0]), said(&ended[1]));
        assert_eq!(site.records(RECORDS), round + 2);
        assert_eq!(site.refs(), [RECORDS]);
    }
    clones[0].run("plan acme").ok();
    let history = clones[0].run("history acme --json").ok().json();
    let records = history["tenants"][0]["records"].as_array().unwrap();
    let numbers: Vec<u64> = records.iter().map(|record| record["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=rounds as u64 + 1).rev().collect::<Vec<_>>());
}
