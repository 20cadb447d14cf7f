//! Two runs on one machine.

use std::process::{Output, Stdio};

use crate::commands::https::Served;
use crate::support::Project;

const ROLES: &str = "roles:\n  - name: Reader\n  - name: Writer\n  - name: Keeper\n";

fn project(served: &Served) -> Project {
    served.project(ROLES)
}

fn start(project: &Project, line: &str) -> std::process::Child {
    project.command(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn of_two_applies_at_the_same_moment_one_is_turned_away_and_hears_by_whom() {
    let place = Project::bare();
    let served = Served::start(&place, "--latency-ms 300");
    let project = project(&served).env("USER", "ann");
    let (one, two) = (start(&project, "apply acme --yes"), start(&project, "apply acme --yes"));
    let pids = [one.id(), two.id()];
    let ended = [one.wait_with_output().unwrap(), two.wait_with_output().unwrap()];
    let mut codes = ended.each_ref().map(|output| output.status.code().unwrap());
    let loser = usize::from(codes[1] == 6);
    codes.sort_unstable();
    assert_eq!(codes, [0, 6], "{}{}", said(&ended[0]), said(&ended[1]));
    let text = said(&ended[loser]);
    let winner = format!("(pid {}) since 20", pids[1 - loser]);
    assert!(text.contains("error: `acme` is locked by ") && text.contains(&winner), "{text}");
    assert!(text.contains("Z: tenantry apply acme --yes\n"), "{text}");
    assert!(text.contains(&format!("or end it (`kill {}`)", pids[1 - loser])), "{text}");
    // Who waits gets its turn, and a plan asks nobody.
    let first = start(&project, "apply acme --yes");
    project.run("plan acme").ok();
    project.run_binary("apply acme --yes --lock-wait 60").ok();
    assert!(first.wait_with_output().unwrap().status.success());
}

#[test]
fn a_lock_ends_with_the_process_that_held_it() {
    let project = Project::new().tenant("acme", "domain: sandbox\n").template("roles", ROLES);
    let served = Served::start(&project, "");
    let ran = project.run("apply acme --yes").code(6);
    assert!(ran.stderr().contains("tenantry sandbox serve acme --port 0"), "{}", ran.screen());
    project.run("sandbox reset acme").code(6);
    project.run("adopt acme --all").code(6);
    project.run("plan acme").ok();
    drop(served);
    project.run("apply acme --yes").ok();
}

#[test]
fn an_embedded_tenant_that_two_want_keeps_what_both_did() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("roles", ROLES);
    for round in 0..5 {
        project.write("templates/roles.yaml", &format!("{ROLES}  - name: Role {round}\n"));
        let mut runs = [(); 2].map(|()| start(&project, "apply dev --yes --lock-wait 60"));
        project.run("plan dev").ok();
        for run in &mut runs {
            assert!(run.wait().unwrap().success());
        }
        project.run("plan dev --exit-code").ok();
    }
}
