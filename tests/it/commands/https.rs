//! The same runs over HTTPS: the served sandbox stands in for a real tenant.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};

use serde_json::Value as Json;

use crate::support::Project;

/// A sandbox served by the real program; it ends with this value.
pub struct Served {
    child: Child,
    pub url: String,
    pub authority: String,
}

impl Served {
    /// Makes a project of one template whose tenant this is.
    pub fn project(&self, template: &str) -> Project {
        Project::new()
            .tenant("acme", "domain: acme.eu.auth0.com\n")
            .template("roles", template)
            .env("TENANTRY_API_URL", &self.url)
            .env("TENANTRY_CA", &self.authority)
            .env("AUTH0_CLIENT_ID", "abc")
            .env("AUTH0_CLIENT_SECRET", "hunter2-secret")
    }

    /// Returns how many writes it has answered, refused ones included.
    pub fn writes(&self) -> u64 {
        let stats = crate::support::fetch(&self.url, &self.authority, "/__sandbox/stats");
        let count = |method: &str| stats["requests"][method].as_u64().unwrap_or(0);
        ["POST", "PUT", "PATCH", "DELETE"].into_iter().map(count).sum()
    }

    pub fn start(project: &Project, flags: &str) -> Self {
        let mut child = project
            .command(&format!("sandbox serve acme --port 0 --tls --json {flags}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        let said = loop {
            text.push_str(&lines.next().expect("it says where it is before it ends").unwrap());
            if let Ok(said) = serde_json::from_str::<Json>(&text) {
                break said;
            }
        };
        let word = |key: &str| said[key].as_str().unwrap().to_owned();
        Self { child, url: word("url"), authority: word("authority") }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

const ROLES: &str = "roles:\n  - name: Reader\n    description: Reads\n  - name: Writer\n";

fn project(served: &Served) -> Project {
    served.project(ROLES)
}

#[test]
fn a_tenant_is_planned_applied_and_at_rest() {
    let place = Project::bare();
    let served = Served::start(&place, "");
    let project = project(&served);
    let ran = project.run("apply acme --yes").ok();
    assert!(ran.stdout().starts_with("acme -> acme.eu.auth0.com (live)\n"), "{}", ran.screen());
    assert!(!ran.screen().contains("hunter2"), "{}", ran.screen());
    project.run("plan acme --exit-code").ok();
    project.write("templates/roles.yaml", &ROLES.replace("Reads", "Reads all"));
    let result = project.run_binary("apply acme --yes --json").ok().json();
    assert_eq!(result["summary"]["writes"], 1);
    project.run_binary("plan acme --exit-code").ok();
}

#[test]
fn a_rate_limit_slows_an_apply_down_and_breaks_nothing() {
    let place = Project::bare();
    let served = Served::start(&place, "--rate 5 --burst 2");
    let project = project(&served);
    project.run("apply acme --yes").ok();
    project.run("plan acme --exit-code").ok();
}

#[test]
fn an_untrusted_certificate_and_a_silent_port_end_the_run_with_a_reason() {
    let place = Project::bare();
    let served = Served::start(&place, "");
    let other = Project::bare();
    let stranger = Served::start(&other, "");
    let ran = project(&served).env("TENANTRY_CA", &stranger.authority).run("plan acme").code(1);
    assert!(ran.stderr().contains("no access token for acme.eu.auth0.com"), "{}", ran.screen());
    assert!(ran.stderr().to_lowercase().contains("certificate"), "{}", ran.screen());
    assert!(!ran.screen().contains("hunter2"), "{}", ran.screen());
}

#[test]
fn credentials_only_travel_encrypted_and_their_absence_is_said() {
    let place = Project::bare();
    let served = Served::start(&place, "");
    let ran = project(&served).env("TENANTRY_API_URL", "http://example.com").run("plan acme").code(64);
    assert!(ran.stderr().contains("not an https address"), "{}", ran.screen());
    insta::assert_snapshot!(project(&served).env("AUTH0_CLIENT_SECRET", "").run("plan acme").screen(), @r"
    $ tenantry plan acme
    --- stderr ---
    error: no access token for acme.eu.auth0.com: neither a client secret nor a private key is configured
    help: Set AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET, or AUTH0_ACCESS_TOKEN, or `credentials` in the tenant's file; `--sandbox` needs none.
    --- exit 1 ---
    ");
}

#[test]
fn a_proxy_is_used_where_the_environment_names_one() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let (heard, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in proxy.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            heard.send(line).ok();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").ok();
        }
    });
    let project = Project::new()
        .tenant("acme", "domain: acme.eu.auth0.com\n")
        .template("roles", ROLES)
        .env("AUTH0_ACCESS_TOKEN", "hunter2-token")
        .env("HTTPS_PROXY", &format!("http://{address}"));
    let ran = project.run_binary("plan acme").code(1);
    assert_eq!(lines.recv().unwrap().trim_end(), "CONNECT acme.eu.auth0.com:443 HTTP/1.1");
    assert!(!ran.screen().contains("hunter2"), "{}", ran.screen());
}

#[test]
fn faults_on_the_way_lose_nothing_and_double_nothing() {
    let place = Project::bare().file(
        "faults.json",
        r#"[{"at": {"method": "GET"}, "what": "reset_before"}, {"at": {"method": "GET"}, "what": {"empty": {}}},
            {"at": {"method": "GET"}, "what": {"silent": {}}}, {"at": {"method": "GET"}, "what": {"malformed": {}}},
            {"at": {"write": 1}, "what": "token_expired"}, {"at": {"write": 3}, "what": {"too_many": {}}},
            {"at": {"method": "PATCH"}, "what": "reset_after"}]"#,
    );
    let served = Served::start(&place, "--faults faults.json");
    let project = project(&served);
    project.run("apply acme --yes --deadline 1").ok();
    project.write("templates/roles.yaml", &ROLES.replace("Reads", "Reads all"));
    project.run("apply acme --yes --deadline 1").ok();
    project.run("plan acme --exit-code").ok();
    let ran = project.run("plan acme --max-rps 0").code(64);
    assert!(ran.stderr().contains("`--max-rps` must be more than 0"), "{}", ran.screen());
}

#[test]
fn a_creation_without_an_answer_is_found_and_taken() {
    let place = Project::bare().file("faults.json", r#"[{"at": {"write": 1}, "what": "reset_after"}]"#);
    let served = Served::start(&place, "--faults faults.json");
    let project = project(&served);
    let ran = project.run("apply acme --yes").ok();
    assert!(ran.stdout().contains("2 created"), "{}", ran.screen());
    assert_eq!(served.writes(), 2);
    project.run("plan acme --exit-code").ok();
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_what_is_under_way_and_the_next_run_goes_on() {
    let place = Project::bare();
    let served = Served::start(&place, "--rate 50 --burst 20");
    let roles: String = (0..200).map(|number| format!("  - name: R{number}\n")).collect();
    let project = project(&served);
    project.write("templates/roles.yaml", &format!("roles:\n{roles}"));
    let mut apply = project.command("apply acme --yes");
    let child = apply.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Not before it writes: until then an interrupt ends the process like any other.
    while served.writes() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{screen}");
    assert!(screen.contains("Applied in part:") && screen.contains(" not begun. "), "{screen}");
    project.run("apply acme --resume --yes").ok();
    project.run("plan acme --exit-code").ok();
}

#[cfg(unix)]
#[test]
fn a_served_tenant_that_is_told_to_end_is_kept() {
    let place = Project::bare();
    let mut served = Served::start(&place, "");
    project(&served).run("apply acme --yes").ok();
    let pid = served.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(served.child.wait().unwrap().success());
    assert!(place.read(".tenantry/sandbox/acme.json").contains("\"Writer\""), "what was done last is lost");
}
