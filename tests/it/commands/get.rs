//! `tenantry get`

use crate::support::Project;

fn project() -> Project {
    let project = Project::new().tenant("dev", "domain: sandbox\nsecrets: { g: { env: G } }\n").env("G", "hush-hush").file(
        "templates/a.yaml",
        "clients:\n  - name: Web\n    app_type: spa\n    callbacks: [https://a.example]\n\
         resourceServers:\n  - identifier: https://api.example\n    name: API\n\
         roles:\n  - name: Reader\n    description: \"a\\tb\\n\\e[31mred\"\n\
         clientGrants:\n  - client_id: Web\n    audience: https://api.example\n    scope: []\n\
         connections:\n  - name: google-oauth2\n    strategy: google-oauth2\n    options:\n      client_id: a\n      client_secret: '{{secret \"g\"}}'\n",
    );
    project.run("apply dev --yes").ok();
    project
}

#[test]
fn an_object_or_a_field_is_printed() {
    let project = project();
    assert!(project.run("get dev clients/Web").ok().stdout().contains("app_type: spa\n"));
    assert_eq!(project.run("get dev clients/Web:app_type").ok().stdout(), "spa\n");
    assert_eq!(project.run("get dev clients/Web:callbacks.0").ok().stdout(), "https://a.example\n");
    assert_eq!(project.run("get dev clients/Web:callbacks --json").ok().json()["value"][0], "https://a.example");
    let grant = "clientGrants/Web,https:%2F%2Fapi.example,client";
    assert_eq!(project.run(&format!("get dev {grant}:client_id")).ok().stdout(), "Web\n");
    assert!(project.run("get dev tenant").ok().stdout().contains(": "));
}

#[test]
fn what_the_files_call_otherwise_is_found() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .file("templates/a.yaml", "roles:\n  - $key: pilot\n    name: The pilot\n    description: Flies\n");
    project.run("apply dev --yes").ok();
    assert_eq!(project.run("get dev roles/pilot:description").ok().stdout(), "Flies\n");
    assert_eq!(project.run("get dev 'roles/The pilot:description'").ok().stdout(), "Flies\n");
}

#[test]
fn what_is_absent_names_the_nearest() {
    let project = project();
    let ran = project.run("get dev clients/Wep").code(1);
    assert!(ran.stderr().contains("Did you mean `clients/Web`?"), "{}", ran.screen());
    let ran = project.run("get dev clients/Web:calbacks").code(1);
    assert!(ran.stderr().contains("Did you mean `callbacks`?"), "{}", ran.screen());
    let ran = project.run("get dev client/Web").code(64);
    assert!(ran.stderr().contains("Did you mean `clients`?"), "{}", ran.screen());
}

#[test]
fn no_secret_and_no_escape_is_shown() {
    let project = project();
    for line in ["get dev connections/google-oauth2", "get dev connections/google-oauth2 --json"] {
        let ran = project.run(line).ok();
        assert!(!ran.screen().contains("hush-hush") && ran.screen().contains("(secret "), "{}", ran.screen());
    }
    let ran = project.run("get dev roles/Reader:description").ok();
    assert!(!ran.stdout().contains('\u{1b}') && ran.stdout().contains("red"), "{}", ran.screen());
}
