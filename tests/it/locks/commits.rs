//! Tags and commits between clones: tags go to the remote, and what a clone lacks comes from there.

use std::os::unix::fs::PermissionsExt;

use super::shared::{Site, git};
use crate::support::Project;

const SECOND: &str = "roles:\n  - { name: Reader, description: Reads all }\n  - name: Auditor\n";
const THIRD: &str = "roles:\n  - { name: Reader, description: Reads more }\n";

/// Commits what is in a clone, and hands it on.
fn push(clone: &Project) -> String {
    let folder = clone.path(".");
    git(&folder, &["add", "-A"]);
    git(&folder, &["-c", "user.name=Ann", "-c", "user.email=a@x", "commit", "-q", "--allow-empty", "-m", "change"]);
    git(&folder, &["push", "-q", "origin", "HEAD:main"]);
    git(&folder, &["rev-parse", "HEAD"])
}

/// A remote with three commits, each applied; the first is tagged. Returns the commits, too.
fn three() -> (Site, Project, [String; 3]) {
    let site = Site::new("{ remote: origin }", "");
    let ann = site.clone("ann", &[]);
    // Another name for the same tenant, with records of its own.
    ann.write("tenants/twin.yaml", "domain: twin.eu.auth0.com\n");
    let first = push(&ann);
    ann.run("apply acme --yes --tag v1").ok();
    let rest = [SECOND, THIRD].map(|text| {
        ann.write("templates/roles.yaml", text);
        let commit = push(&ann);
        ann.run("apply acme --yes").ok();
        commit
    });
    let [second, third] = rest;
    (site, ann, [first, second, third])
}

const SHALLOW: [&str; 3] = ["--depth", "1", "--no-tags"];

#[test]
fn a_tag_goes_to_the_remote_and_one_of_another_commit_is_refused_before_any_write() {
    let site = Site::new("{ remote: origin }", "");
    let (ann, bob) = (site.clone("ann", &[]), site.clone("bob", &[]));
    ann.run("apply acme --yes --tag v1").ok();
    let head = git(&ann.path("."), &["rev-parse", "HEAD"]);
    assert_eq!(site.origin(&["rev-parse", "v1^{commit}"]), head);
    assert_eq!(site.origin(&["cat-file", "-t", "refs/tags/v1"]), "tag", "it is an annotated one");
    // The same tag of the same commit is no obstacle, and Bob gets that very tag.
    bob.run("apply acme --yes --tag v1").ok();
    assert_eq!(git(&bob.path("."), &["rev-parse", "v1"]), site.origin(&["rev-parse", "v1"]));
    git(&bob.path("."), &["tag", "-d", "v1"]);
    bob.write("templates/roles.yaml", SECOND);
    push(&bob);
    let writes = site.served.writes();
    let ran = bob.run("apply acme --yes --tag v1").code(1);
    assert!(ran.stderr().contains("the tag `v1` exists already at the git remote `origin`"), "{}", ran.screen());
    assert_eq!(site.served.writes(), writes);
    // Refused by the host once all is applied.
    let hook = site.place.path("origin.git/hooks/update");
    std::fs::write(&hook, "#!/bin/sh\ncase $1 in refs/tags/*) echo 'no tags here' >&2; exit 1;; esac\n").unwrap();
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    let ran = bob.run("apply acme --yes --tag v2").code(1);
    assert!(ran.stderr().contains("all was applied; the tag `v2` stands in this repository"), "{}", ran.screen());
    assert!(ran.stderr().contains("no tags here") && ran.stderr().contains("git push origin refs/tags/v2"));
    assert!(site.served.writes() > writes);
    std::fs::remove_file(hook).unwrap();
    // Typed again, it is handed on.
    bob.run("apply acme --yes --tag v2").ok();
    assert_eq!(site.origin(&["rev-parse", "v2"]), git(&bob.path("."), &["rev-parse", "v2"]));
}

#[test]
fn a_shallow_clone_fetches_what_a_rollback_needs() {
    let (site, _, commits) = three();
    for to in ["v1", "previous", "1", &commits[0], &commits[0][..8]] {
        let bob = site.clone("bob", &SHALLOW);
        let ran = bob.run(&format!("rollback acme --to {to} --plan-only")).ok();
        let wanted = if to == "previous" { "+ roles/Auditor" } else { "+ roles/Writer" };
        assert!(ran.stdout().contains(wanted), "{to}: {}", ran.screen());
        // Neither branch nor tag of the clone has moved.
        assert_eq!(git(&bob.path("."), &["rev-parse", "HEAD"]), commits[2]);
        assert_eq!(git(&bob.path("."), &["tag"]), "");
        if to != "previous" {
            // The files are enough: what came before them stays away.
            assert_eq!(git(&bob.path("."), &["rev-list", "--count", &commits[0]]), "1");
        }
    }
    let bob = site.clone("bob", &SHALLOW);
    let ran = bob.run("diff acme@v1 acme@.").ok();
    assert!(ran.stdout().contains("roles/Writer"), "{}", ran.screen());
    bob.run("rollback acme --to v1 --yes").ok();
    let list = bob.run("history acme").ok();
    assert!(list.stdout().contains("rollback"), "{}", list.screen());
    // The next apply of what was left is held back in a shallow clone, too.
    let held = site.clone("cem", &SHALLOW).run("apply acme --yes").code(4);
    assert!(held.stdout().contains("gate closed[hold]"), "{}", held.screen());
    // Somebody lets it go, and everybody knows.
    site.clone("dan", &SHALLOW).run("release-hold acme").ok();
    site.clone("cem", &SHALLOW).run("apply acme --yes").ok();
}

#[test]
fn a_shallow_clone_fetches_what_a_promotion_needs() {
    let (site, ann, commits) = three();
    // The clone knows a commit that was never applied.
    push(&ann);
    for (more, commit) in [("", &commits[2]), (" --tag v1", &commits[0])] {
        let bob = site.clone("bob", &SHALLOW);
        let ran = bob.run(&format!("promote acme twin{more} --plan-only --json"));
        assert_eq!(ran.json()["promotion"]["commit"], **commit, "{}", ran.screen());
    }
    let bob = site.clone("bob", &SHALLOW);
    bob.run("promote acme twin --yes").ok();
    let record = site.clone("cem", &SHALLOW).run("history twin last --json").ok().json();
    assert_eq!((&record["run"], &record["config"]["commit"]), (&"promotion".into(), &commits[2].as_str().into()));
}

#[test]
fn a_saved_promotion_is_applied_without_the_keys_of_its_source_and_says_so() {
    let (site, ann, _) = three();
    ann.write(
        "tenants/acme.yaml",
        "domain: acme.eu.auth0.com\ncredentials: { client_id: { env: ACME_ID }, client_secret: { env: ACME_SECRET } }\n",
    );
    push(&ann);
    let bob = site.clone("bob", &[]).env("ACME_ID", "abc").env("ACME_SECRET", "hunter2-secret");
    bob.run("promote acme twin --plan-only --out twin.plan").ok();
    let cem = site.clone("cem", &[]);
    cem.write("twin.plan", &bob.read("twin.plan"));
    let ran = cem.run("apply twin.plan --yes").ok();
    assert!(ran.stderr().contains("note: whether acme was edited since is not known here: "), "{}", ran.screen());
    // A secret that stands for the one tenant's is not told to the other.
    ann.write("tenants/acme.yaml", "domain: acme.eu.auth0.com\n");
    ann.write("templates/roles.yaml", SECOND);
    push(&ann);
    ann.run("apply acme --yes").ok();
    ann.run("promote acme twin --plan-only --out twin.plan").ok();
    let ran = ann.run("apply twin.plan --yes").ok();
    assert!(ran.stderr().contains("is not known here: its file names no credentials of its own"), "{}", ran.screen());
    // Neither is it asked where the settings are those of the other.
    ann.write("templates/roles.yaml", THIRD);
    push(&ann);
    ann.run("apply acme --yes").ok();
    ann.run("promote acme twin --plan-only --out twin.plan").ok();
    let dan = site.clone("dan", &[]).env("AUTH0_DOMAIN", "twin.eu.auth0.com");
    dan.write("twin.plan", &ann.read("twin.plan"));
    let ran = dan.run("apply twin.plan --yes").ok();
    assert!(ran.stderr().contains("is not known here: AUTH0_DOMAIN is twin.eu.auth0.com"), "{}", ran.screen());
}

#[test]
fn what_can_be_had_nowhere_is_said_with_the_way_out() {
    let (site, ann, commits) = three();
    let bob = site.clone("bob", &SHALLOW);
    let ran = bob.run("rollback acme --to no-such --plan-only").code(64);
    assert!(ran.stderr().contains("fetch-depth: 0"), "{}", ran.screen());
    // The records are here, what they name is not, and nobody answers.
    bob.run("plan acme").ok();
    git(&bob.path("."), &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let ran = bob.run("rollback acme --to v1 --plan-only").code(64);
    assert!(ran.stderr().contains("does not answer") && ran.stderr().contains("fetch-depth: 0"), "{}", ran.screen());
    // A commit that its clone has kept to itself.
    ann.write("templates/roles.yaml", SECOND);
    git(&ann.path("."), &["-c", "user.name=Ann", "-c", "user.email=a@x", "commit", "-q", "-a", "-m", "mine"]);
    let mine = git(&ann.path("."), &["rev-parse", "HEAD"]);
    let note = format!("note: commit {} is on no branch of `origin`: push it", &mine[..7]);
    let ran = ann.run("apply acme --yes").ok();
    assert!(ran.stderr().contains(&note), "{}", ran.screen());
    let cem = site.clone("cem", &[]);
    for command in ["promote acme twin", "rollback acme --to 4", "rollback acme --to #4"] {
        let ran = cem.run(&format!("{command} --plan-only")).code(64);
        let words = format!("record #4 was applied from commit {}, which is neither here nor at the git", &mine[..7]);
        assert!(ran.stderr().contains(&words), "{}", ran.screen());
        assert!(ran.stderr().contains("let it be pushed from there"), "{}", ran.screen());
    }
    // A tag hands it on, and so does a push: nothing is left to be said.
    let ran = ann.run("apply acme --yes --tag v4").ok();
    assert!(!ran.stderr().contains("note: commit"), "{}", ran.screen());
    cem.run("rollback acme --to 4 --plan-only").ok();
    assert_eq!(git(&cem.path("."), &["rev-parse", "--is-shallow-repository"]), "false");
    push(&ann);
    let ran = ann.run("apply acme --yes").ok();
    assert!(!ran.stderr().contains("note: commit"), "{}", ran.screen());
    drop(commits);
}

#[test]
fn what_is_trusted_is_fetched_from_where_the_clone_comes_from() {
    let (site, ann, commits) = three();
    let folder = ann.path(".");
    git(&folder, &["checkout", "-q", "-b", "proposal"]);
    let evil = site.place.path("evil.git").display().to_string();
    git(&site.place.path("."), &["init", "-q", "--bare", "evil.git"]);
    ann.write("tenantry.yaml", &format!("project: test\nhistory: {{ remote: '{evil}' }}\n"));
    ann.write("tenants/acme.yaml", "domain: evil.example\n");
    git(&folder, &["-c", "user.name=Ann", "-c", "user.email=a@x", "commit", "-q", "-a", "-m", "proposal"]);
    git(&folder, &["push", "-q", "origin", "proposal"]);
    for flags in [&["--depth", "1", "--branch", "proposal"][..], &["--single-branch", "--branch", "proposal"]] {
        for reference in ["origin/main", "main", commits[2].as_str(), "v1"] {
            let bob = site.clone("bob", flags);
            let ran = bob.run(&format!("plan acme --json --trust-from {reference}")).ok();
            assert_eq!(ran.json()["domain"], "acme.eu.auth0.com", "{}", ran.screen());
        }
    }
    let bob = site.clone("bob", &["--depth", "1", "--branch", "proposal"]);
    let ran = bob.run("plan acme --trust-from origin/trunk").code(64);
    assert!(ran.stderr().contains("git fetch origin trunk:refs/remotes/origin/trunk"), "{}", ran.screen());
    git(&bob.path("."), &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let ran = bob.run("plan acme --trust-from origin/main").code(64);
    assert!(ran.stderr().contains("does not answer"), "{}", ran.screen());
}

#[test]
fn an_older_git_will_do() {
    let (site, _, commits) = three();
    // As git 2.25 is: it knows no `--no-write-fetch-head`, and asks for a commit under a protocol that gives refs alone.
    let old = "#!/bin/sh
for word; do case $word in
    --no-write-fetch-head) echo \"error: unknown option \\`no-write-fetch-head'\" >&2; exit 129;;
    protocol.version=2) new=1;;
esac; last=$word; done
case $last in refs/*) ;; *) [ ${#last} != 40 ] || [ $new ] || { echo 'error: Server does not allow request for it' >&2; exit 1; };; esac
PATH=$PLAIN exec git \"$@\"
";
    let git = site.place.path("old/git");
    site.place.write("old/git", old);
    std::fs::set_permissions(&git, PermissionsExt::from_mode(0o755)).unwrap();
    let plain = std::env::var("PATH").unwrap();
    let path = format!("{}:{plain}", site.place.path("old").display());
    for to in ["v1", &commits[0]] {
        let bob = site.clone("bob", &SHALLOW).env("PATH", &path).env("PLAIN", &plain);
        let ran = bob.run(&format!("rollback acme --to {to} --plan-only")).ok();
        assert!(ran.stdout().contains("+ roles/Writer"), "{to}: {}", ran.screen());
    }
}
