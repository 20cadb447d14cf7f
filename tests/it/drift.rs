//! What somebody does to a tenant behind our back, and how it is told.

use git2::Repository;
use serde_json::{Value as Json, json};

use crate::support::Project;

const OURS: &str = r#"resourceServers:
  - name: Orders
    identifier: https://orders
    scopes: [{ value: "read:orders" }, { value: "write:orders" }]
clients:
  - name: Web
    app_type: regular_web
    callbacks: [https://app.example/a, https://app.example/b]
  - { name: Job, app_type: non_interactive }
roles:
  - name: Reader
    description: Reads
    permissions:
      - { resource_server_identifier: https://orders, permission_name: "read:orders" }
connections:
  - name: corp
    strategy: oidc
    options: { client_id: abc, client_secret: '{{secret "corp"}}', issuer: https://i.example }
    enabled_clients: [Web]
"#;

fn committed(project: &Project) -> Repository {
    let repository = Repository::init(project.path(".")).unwrap();
    project.commit("change");
    repository
}

/// Our workspace, applied.
fn applied() -> Project {
    let tenant = "domain: sandbox\nsecrets: { corp: { env: CORP } }\n";
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", tenant)
        .template("all", OURS)
        .env("CORP", "first-corp-secret");
    committed(&project);
    project.run("apply dev --yes").ok();
    project
}

/// Somebody else's hand in the same tenant: `files` say what of it is changed, `policy` whether the rest goes.
fn edited(project: &Project, policy: &str, files: &str) {
    let tenant = format!("domain: sandbox\nsecrets: {{ corp: {{ env: CORP }} }}\npolicy: {policy}\n");
    let other = Project::new().tenant("dev", &tenant).template("all", files).env("CORP", "first-corp-secret");
    let state = project.path(".tenantry").display().to_string();
    other.run(&format!("apply dev --yes --max-deletes 100 --state-dir '{state}'")).ok();
}

fn moved(project: &Project) -> Vec<(String, String, Vec<String>)> {
    let json = project.run("drift dev --json").code(2).json();
    let changes = json["tenants"][0]["changes"].as_array().unwrap().clone();
    changes
        .iter()
        .map(|change| {
            let text = |json: &Json| json.as_str().unwrap().to_owned();
            let paths = change["deltas"].as_array().unwrap().iter().map(|delta| text(&delta["path"]));
            (text(&change["address"]), text(&change["action"]), paths.collect())
        })
        .collect()
}

fn expected(moved: &[(&str, &str, &[&str])]) -> Vec<(String, String, Vec<String>)> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    moved.iter().map(|(address, action, paths)| ((*address).to_owned(), (*action).to_owned(), owned(paths))).collect()
}

#[test]
fn after_an_apply_nothing_has_moved_and_reading_writes_nothing() {
    let project = applied();
    let before = project.files(".tenantry");
    let ran = project.run("drift dev").ok();
    assert!(ran.stdout().contains("No drift.") && ran.stdout().contains("since record #1"), "{}", ran.screen());
    assert_eq!(project.files(".tenantry"), before);
    // The files may say what they like: what counts is what was applied.
    project.write("templates/all.yaml", "roles: []\n");
    project.run("drift dev").ok();
}

#[test]
fn fields_and_list_items_that_others_changed_are_told_from_recorded_to_live() {
    let project = applied();
    let files = OURS.replace("Reads", "Reads everything").replace("https://app.example/b", "https://app.example/c");
    edited(&project, "{ manage: owned }", &files);
    assert_eq!(
        moved(&project),
        expected(&[
            ("clients/Web", "update", &["callbacks[https://app.example/b]", "callbacks[https://app.example/c]"]),
            ("roles/Reader", "update", &["description"]),
        ])
    );
    let json = project.run("drift dev --json").code(2).json();
    let role = &json["tenants"][0]["changes"][1]["deltas"][0];
    assert_eq!(*role, json!({ "path": "description", "before": "Reads", "after": "Reads everything" }));
    let ran = project.run("drift dev").code(2);
    let lines =
        "~ clients/Web\n    ~ callbacks:\n        - \"https://app.example/b\"\n        + \"https://app.example/c\"\n";
    assert!(ran.stdout().contains(lines), "{}", ran.screen());
    assert!(ran.stdout().contains("Drift: 2 resources moved."), "{}", ran.screen());
}

#[test]
fn what_is_gone_is_told_once_and_members_that_came_or_went_by_name() {
    let project = applied();
    let files = r#"resourceServers:
  - name: Orders
    identifier: https://orders
    scopes: [{ value: "read:orders" }, { value: "write:orders" }]
roles:
  - name: Reader
    permissions:
      - { resource_server_identifier: https://orders, permission_name: "read:orders" }
      - { resource_server_identifier: https://orders, permission_name: "write:orders" }
"#;
    edited(&project, "{ manage: owned }", files);
    assert_eq!(
        moved(&project),
        expected(&[("roles/Reader/permissions", "update", &["[https://orders,write:orders]"])])
    );
    edited(&project, "{ manage: exact }", "roles: []\n");
    assert_eq!(moved(&project), expected(&[("roles/Reader", "delete", &[])]));
    // Another of the same name is not ours.
    edited(&project, "{ manage: owned }", "roles: [{ name: Reader, description: Reads }]\n");
    assert_eq!(moved(&project), expected(&[("roles/Reader", "delete", &[])]));
    let ran = project.run("drift dev").code(2);
    assert!(ran.stdout().contains("another of that name stands there"), "{}", ran.screen());
}

#[test]
fn what_others_make_is_no_drift_and_is_listed_on_demand() {
    let project = applied();
    let files = "clients: [{ name: Theirs, app_type: spa }]\nconnections:\n  - { name: corp, enabled_clients: [Web, Theirs] }\n";
    edited(&project, "{ manage: owned }", files);
    let ran = project.run("drift dev --unmanaged").ok();
    assert!(ran.stdout().contains("    clients/Theirs  ("), "{}", ran.screen());
    assert!(ran.stdout().contains("connections/corp/enabled_clients[Theirs]"), "{}", ran.screen());
    assert!(ran.stdout().contains("(1 new)") || ran.stdout().contains("(2 new)"), "{}", ran.screen());
    assert!(!project.run("drift dev").ok().stdout().contains("Theirs"));
}

#[test]
fn a_tenant_without_a_record_says_what_to_do_and_does_not_hide_the_others() {
    let project = applied().tenant("test", "domain: sandbox\nsecrets: { corp: { env: CORP } }\n");
    let ran = project.run("drift test").code(1);
    assert!(ran.stderr().contains("no record") && ran.stderr().contains("tenantry adopt"), "{}", ran.screen());
    // Of all tenants, one that was never applied is no failure, unless there must be a record or none is here.
    let json = project.run("drift --all --json").ok().json();
    assert_eq!((&json["tenants"][0]["drifted"], &json["tenants"][1]["tenant"]), (&json!(false), &json!("test")));
    assert_eq!((&json["tenants"][0]["record"], &json["tenants"][1]["record"]), (&json!(1), &Json::Null));
    let ran = project.run("drift --all").ok();
    assert!(ran.stdout().contains("note: there is no record of this tenant yet"), "{}", ran.screen());
    let other = Project::new().tenant("dev", "domain: sandbox\n").template("all", "roles: []\n");
    other.commit("never applied");
    let ran = other.run("drift --all").code(1);
    assert!(ran.stderr().contains("there is no record of any tenant"), "{}", ran.screen());
    project.run("apply test --yes").ok();
    project.run("drift --all").ok();
    edited(&project, "{ manage: owned }", &OURS.replace("Reads", "Reads everything"));
    project.run("drift --all").code(2);
    project.run("drift").code(64);
    let bare = Project::new().tenant("dev", "domain: sandbox\n");
    assert!(bare.run("drift dev").code(1).stderr().contains("git repository"));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    if !from.is_dir() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

#[test]
fn no_drift_is_told_of_the_sample_in_any_tenant() {
    let project = Project::bare();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["tenantry.yaml", "tenants", "templates"] {
        copy(&root.join(path), &project.path(path));
    }
    committed(&project);
    for tenant in ["dev", "test", "prod"] {
        project.run(&format!("apply {tenant} --yes --sandbox")).ok();
        project.run(&format!("drift {tenant} --sandbox")).ok();
    }
}

#[test]
fn two_tenants_of_the_sample_differ_in_what_the_files_say_of_one_alone_and_in_no_id() {
    let project = Project::bare();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["tenantry.yaml", "tenants", "templates"] {
        copy(&root.join(path), &project.path(path));
    }
    std::fs::copy(project.path("tenants/dev.yaml"), project.path("tenants/twin.yaml")).unwrap();
    project.run("apply dev --yes").ok();
    // In another order, so that no id is the same.
    project.run("apply twin --yes --target 'roles/*'").ok();
    project.run("apply twin --yes").ok();
    let id = |tenant| project.run(&format!("get {tenant} clients/console:client_id")).ok().stdout().to_owned();
    assert_ne!(id("dev"), id("twin"));
    let told = project.run("diff dev twin --json").ok();
    let changes = told.json()["changes"].as_array().unwrap().clone();
    assert!(changes.iter().all(|change| change["action"] == "delete"), "{}", told.screen());
    let only: Vec<&str> = changes.iter().map(|change| change["address"].as_str().unwrap()).collect();
    assert_eq!(
        only,
        [
            "clientGrants/Load generator,https:%2F%2Fapi.dev.moorline.example%2Fport-calls,client",
            "clients/Token lab",
            "organizations/demo-harbour",
            "organizations/demo-harbour/connections"
        ]
    );
}

#[test]
fn the_status_of_all_tenants_is_one_table() {
    let project = applied().tenant("test", "domain: sandbox\nsecrets: { corp: { env: CORP } }\n");
    let repository = Repository::open(project.path(".")).unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.tag_lightweight("v1", head.as_object(), false).unwrap();
    for n in 0..2 {
        project.write("notes.txt", &format!("{n}"));
        project.commit("change");
    }
    let short: String = head.id().to_string().chars().take(7).collect();
    let ran = project.run("status").ok();
    let rows: Vec<Vec<&str>> = ran.stdout().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["TENANT", "COMMIT", "TAG", "WHEN", "(UTC)", "BY", "BEHIND"]);
    assert_eq!((&rows[1][..3], rows[1].last()), (&["dev", &short, "v1"][..], Some(&"2")), "{}", ran.screen());
    assert_eq!(rows[2][..2], ["test", "never"]);
    assert!(project.run("status --drift").ok().stdout().contains("none"));
    edited(&project, "{ manage: owned }", &OURS.replace("Reads", "Reads everything"));
    let json = project.run("status --drift --json").code(2).json();
    assert_eq!(json["tenants"][0]["drift"], json!({ "moved": 1 }));
    assert_eq!(json["tenants"][0]["behind"], json!(2));
}

/// The addresses of a comparison with what is said of them.
fn compared(project: &Project, line: &str, code: u8) -> Vec<String> {
    let json = project.run(&format!("diff {line} --json --exit-code")).code(code).json();
    let changes = json["changes"].as_array().unwrap().iter();
    let told = changes.map(|c| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap()));
    told.collect()
}

#[test]
fn any_two_states_are_compared_by_identity() {
    let project = applied().tenant("test", "domain: sandbox\nsecrets: { corp: { env: CORP } }\n");
    let repository = Repository::open(project.path(".")).unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.tag_lightweight("v1", head.as_object(), false).unwrap();
    project.run("apply test --yes").ok();
    // Two tenants of one configuration are the same though every id differs.
    for same in ["dev test", "dev@last test@last", "dev@v1 test", "dev@. dev@v1", "test dev@1", "dev@HEAD dev@last"] {
        assert_eq!(compared(&project, same, 0), Vec::<String>::new(), "{same}");
    }
    let files = OURS.replace("Reads", "Reads all").replace("  - { name: Job, app_type: non_interactive }\n", "");
    project.write("templates/all.yaml", &files.replace("corp\"}}'", "other\"}}'"));
    project.write("tenants/dev.yaml", "domain: sandbox\nsecrets: { other: { env: CORP } }\n");
    assert_eq!(
        compared(&project, "dev@v1 dev@.", 2),
        ["delete clients/Job", "update connections/corp", "update roles/Reader"]
    );
    assert_eq!(
        compared(&project, "dev@. dev@v1", 2),
        ["create clients/Job", "update connections/corp", "update roles/Reader"]
    );
    project.write("tenants/dev.yaml", "domain: sandbox\nsecrets: { corp: { env: CORP } }\n");
    project.write("templates/all.yaml", &files);
    // What files leave out they say nothing of.
    assert_eq!(compared(&project, "dev@. test", 2), ["update roles/Reader"]);
    project.commit("change");
    project.run("apply dev --yes").ok();
    assert_eq!(compared(&project, "dev@1 dev@2", 2), ["delete clients/Job", "update roles/Reader"]);
    assert_eq!(compared(&project, "dev@1 dev", 2), ["delete clients/Job", "update roles/Reader"]);
    assert_eq!(compared(&project, "test dev", 2), ["delete clients/Job", "update roles/Reader"]);
    assert_eq!(compared(&project, "dev test", 2), ["create clients/Job", "update roles/Reader"]);
    let json = project.run("diff test dev --json").ok().json();
    assert_eq!(
        json["changes"][1]["deltas"],
        json!([{ "path": "description", "before": "Reads", "after": "Reads all" }])
    );
}

#[test]
fn a_comparison_is_a_screen_and_a_comment_and_names_its_sides() {
    let project = applied();
    project.write("templates/all.yaml", &OURS.replace("Reads", "Reads all"));
    let ran = project.run("diff dev dev@.").ok();
    assert!(ran.stdout().contains("dev -> dev@."), "{}", ran.screen());
    assert!(ran.stdout().contains("~ description: \"Reads\" -> \"Reads all\""), "{}", ran.screen());
    assert!(ran.stdout().contains("0 only in the first, 0 only in the second, 1 different; "), "{}", ran.screen());
    let ran = project.run("diff dev dev@. --markdown").ok();
    assert!(ran.stdout().starts_with("### <code>dev</code> and <code>dev&#64;.</code>\n"), "{}", ran.screen());
    assert!(ran.stdout().contains("```diff\n! description: \"Reads\" -> \"Reads all\"\n```"), "{}", ran.screen());
    project.run("diff dev dev@7").code(64);
    project.run("diff dev dev@nowhere").code(64);
    project.run("diff dev nobody").code(65);
}

#[test]
fn no_secret_is_shown_by_drift_and_diff() {
    let project = applied();
    let files = OURS.replace("name: Job, app_type: non_interactive", "name: Job, app_type: spa");
    edited(&project, "{ manage: owned }", &files);
    let path = ".tenantry/sandbox/dev.json";
    let text = project.read(path);
    assert!(text.contains("first-corp-secret"), "the sandbox keeps what it was sent");
    project.write(path, &text.replace("first-corp-secret", "second-corp-secret"));
    let ran = project.run("drift dev").code(2);
    assert!(ran.stdout().contains("~ clients/Job"), "{}", ran.screen());
    for screen in
        [ran.screen(), project.run("drift dev --json").code(2).screen(), project.run("diff dev@. dev").ok().screen()]
    {
        assert!(!screen.contains("corp-secret"), "{screen}");
    }
}

#[test]
fn a_text_with_the_id_of_another_object_has_not_moved() {
    let templates = format!(
        "{OURS}emailTemplates:\n  - template: welcome_email\n    body: hello\n    from: a@example.com\n    subject: x\n    syntax: liquid\n    enabled: true\n    resultUrl: 'https://a.example/?c={{{{ref \"clients/Web\" \"client_id\"}}}}'\n"
    );
    let project = applied();
    project.write("templates/all.yaml", &templates);
    project.commit("change");
    project.run("apply dev --yes").ok();
    project.run("drift dev").ok();
    assert_eq!(compared(&project, "dev@last dev", 0), Vec::<String>::new());
}

#[test]
fn what_an_apply_that_was_cut_short_did_is_no_drift() {
    let roles = |reads: &str| format!("roles:\n  - {{ name: A, description: {reads} }}\n  - name: B\n");
    let project = Project::new().file(".gitignore", ".tenantry/\n").tenant("dev", "domain: sandbox\n");
    project.write("templates/all.yaml", "roles: [{ name: A, description: Reads }]\n");
    project.commit("change");
    project.run("apply dev --yes").ok();
    // The second write is done, and the program is gone before it hears of it.
    project.write("templates/all.yaml", &roles("Reads all"));
    project.write("faults.json", r#"[{"at": {"write": 2}, "what": "die_after"}]"#);
    let mut cut = project.command("apply dev --yes --allow-dirty");
    assert!(!cut.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap().status.success());
    let ran = project.run("drift dev").ok();
    assert!(ran.stdout().contains("No drift. 2 as recorded"), "{}", ran.screen());
    assert!(ran.stdout().contains("note: an apply that began at"), "{}", ran.screen());
    let json = project.run("drift dev --json --unmanaged").ok().json();
    assert!(json["tenants"][0]["unfinished"].as_str().unwrap().contains("did not end"));
    assert_eq!(json["tenants"][0]["foreign"].as_array().unwrap().len(), 0, "{json:#}");
    // Edits of others still are.
    let other = Project::new().tenant("dev", "domain: sandbox\n");
    other.write("templates/all.yaml", "roles: [{ name: A, description: Edited }]\n");
    let state = project.path(".tenantry").display().to_string();
    let journal = other.path("elsewhere.jsonl").display().to_string();
    other.run(&format!("apply dev --yes --state-dir '{state}' --journal '{journal}'")).ok();
    assert_eq!(moved(&project), expected(&[("roles/A", "update", &["description"])]));
    // Without any record the journal alone says what is ours.
    let first = Project::new().file(".gitignore", ".tenantry/\n").tenant("dev", "domain: sandbox\n");
    first.write("templates/all.yaml", &roles("Reads"));
    first.commit("change");
    first.write("faults.json", r#"[{"at": {"write": 2}, "what": "die_after"}]"#);
    let mut cut = first.command("apply dev --yes --allow-dirty");
    assert!(!cut.env("TENANTRY_SANDBOX_FAULTS", "faults.json").output().unwrap().status.success());
    let ran = first.run("drift dev").ok();
    assert!(ran.stdout().contains("No drift. 2 as recorded"), "{}", ran.screen());
}

#[test]
fn drift_and_plan_count_the_same_objects_of_others() {
    let grants = "resourceServers: [{ name: Orders, identifier: https://orders.example }]\n\
                  clientGrants: [{ client_id: Web, audience: https://orders.example, scope: [] }]\n";
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("all", &format!("clients: [{{ name: Web, app_type: non_interactive }}]\n{grants}"));
    project.commit("change");
    project.run("apply dev --yes").ok();
    let plan = project.run("plan dev --json").ok().json();
    let drift = project.run("drift dev --json").ok().json();
    assert_eq!(plan["summary"]["unmanaged"], drift["tenants"][0]["unmanaged"], "{plan:#}\n{drift:#}");
}

#[test]
fn what_was_emptied_and_is_left_out_by_the_server_is_nobodys_edit() {
    let stream = |filters: &str| {
        format!(
            "logStreams: [{{ name: S, type: http, filters: {filters}, sink: {{ httpEndpoint: 'https://l.example' }} }}]\n"
        )
    };
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .file(".gitignore", ".tenantry/\n")
        .template("all", &stream("[]"));
    project.commit("empty");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &stream("[{ type: category, name: auth.login.fail }]"));
    project.commit("filtered");
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(plan["changes"][0]["deltas"][0]["cause"], "configuration", "{plan:#}");
}
