//! `--target` covers what the record holds as ours, and what it does not name stays.

use crate::support::Project;

fn changes(project: &Project, line: &str) -> Vec<String> {
    let json = project.run(&format!("{line} --json")).ok().json();
    let changes = json["changes"].as_array().unwrap().iter();
    changes.map(|c| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap())).collect()
}

const ABC: &str = "roles:\n  - { name: A }\n  - { name: B }\n  - { name: C }\n";

#[test]
fn what_was_taken_out_is_deleted_by_a_target_that_names_it() {
    let project = Project::applied(ABC);
    project.says("roles:\n  - { name: A, description: new }\n");
    assert_eq!(
        changes(&project, "plan dev --target 'roles/*'"),
        ["update roles/A", "delete roles/B", "delete roles/C"]
    );
    assert_eq!(changes(&project, "plan dev --target roles/B"), ["delete roles/B"]);
    assert_eq!(changes(&project, "plan dev --target roles/A"), ["update roles/A"]);
    project.run("plan dev --target roles/B --exit-code").code(2);
    project.run("apply dev --target roles/B --yes --verify").ok();
    let record = project.run("history dev last --json").ok().json();
    let ours: Vec<&String> = record["applied"]["resources"].as_object().unwrap().keys().collect();
    assert_eq!(ours, ["roles/A", "roles/C"]);
    // It is known no more, and a near name is said.
    let ran = project.run("plan dev --target roles/B").code(65);
    assert!(ran.stderr().contains("unknown-target") && ran.stderr().contains("Did you mean"), "{}", ran.screen());
    assert_eq!(changes(&project, "plan dev"), ["update roles/A", "delete roles/C"]);
}

#[test]
fn a_target_deletes_also_where_nothing_of_the_kind_is_left() {
    let project = Project::applied(ABC);
    project.says("roles: []\n");
    assert_eq!(changes(&project, "plan dev --target 'roles/*' --allow-empty roles").len(), 3);
    project.run("plan dev --target 'roles/*'").code(4);
    // Where the kind's key is gone, everything of it is released.
    project.says("clients: []\n");
    assert!(changes(&project, "plan dev --target 'roles/*'").is_empty());
    assert!(changes(&project, "plan dev").is_empty());
}

#[test]
fn what_has_another_name_now_is_not_what_was_taken_out() {
    let project = Project::applied(ABC);
    project.says("roles:\n  - { name: A }\n  - { name: New, $was: B }\n  - { name: C }\n");
    assert_eq!(changes(&project, "plan dev --target roles/B"), ["rename roles/New"]);
    assert_eq!(changes(&project, "plan dev --target roles/New"), ["rename roles/New"]);
    assert!(changes(&project, "plan dev --target roles/A").is_empty());
}

#[test]
fn a_target_deletes_nothing_that_is_kept_released_or_somebody_elses() {
    let project = Project::applied(ABC);
    project.says("roles:\n  - { name: A }\n");
    project.write("tenants/dev.yaml", "domain: sandbox\npolicy: { manage: { roles: additive } }\n");
    assert!(changes(&project, "plan dev --target 'roles/*'").is_empty());
    project.write("tenants/dev.yaml", "domain: sandbox\n");
    assert_eq!(changes(&project, "plan dev --target 'roles/*' --exclude roles/B"), ["delete roles/C"]);
    project.run("release dev roles/C").ok();
    assert_eq!(changes(&project, "plan dev --target 'roles/*'"), ["delete roles/B"]);
    // Not even where the policy is exact: only what is ours.
    project.write("tenants/dev.yaml", "domain: sandbox\npolicy: { manage: { roles: exact } }\n");
    assert_eq!(changes(&project, "plan dev --target 'roles/*'"), ["delete roles/B"]);
}

#[test]
fn what_lies_in_something_or_has_a_key_goes_by_a_target_too() {
    let mail = |template: &str| {
        format!(
            "  - {{ template: {template}, enabled: true, body: hi, from: a@b.example, subject: s, syntax: liquid }}\n"
        )
    };
    let provider = "emailProvider: { name: smtp, enabled: true, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 25, smtp_user: u } }\n";
    let acme = |domains: &str| format!("organizations:\n  - {{ name: acme, discovery_domains: [{domains}] }}\n");
    let (one, two) = ("{ domain: one.example, status: pending }", "{ domain: two.example, status: pending }");
    let project = Project::applied(&format!(
        "{provider}emailTemplates:\n{}{}{}",
        mail("welcome_email"),
        mail("reset_email"),
        acme(&format!("{one}, {two}"))
    ));
    project.says(&format!("{provider}emailTemplates:\n{}{}", mail("reset_email"), acme(one)));
    let whole = changes(&project, "plan dev");
    assert_eq!(whole.len(), 2, "{whole:?}");
    let mut apart = changes(&project, "plan dev --target 'organizations/*'");
    apart.extend(changes(&project, "plan dev --target emailTemplates/welcome_email"));
    apart.sort_by_key(|change| whole.iter().position(|one| one == change));
    assert_eq!(apart, whole);
    let child = whole.iter().find(|change| change.contains("organizations")).unwrap();
    let address = child.split_once(' ').unwrap().1;
    assert_eq!(changes(&project, &format!("plan dev --target '{address}'")), std::slice::from_ref(child));
    project.run("apply dev --yes --target 'organizations/*' --target 'emailTemplates/*'").ok();
    project.run("plan dev --exit-code").ok();
}

#[test]
fn what_the_record_knows_is_excluded_without_a_word() {
    let project = Project::applied(ABC);
    project.says("roles:\n  - { name: A }\n  - { name: C }\n");
    let ran = project.run("plan dev --exclude roles/B --exit-code").ok();
    assert!(!ran.stderr().contains("no file describes"), "{}", ran.screen());
    let ran = project.run("plan dev --exclude roles/Bo").ok();
    assert!(ran.stderr().contains("no file describes"), "{}", ran.screen());
}

#[test]
fn a_target_reads_only_what_it_needs() {
    let project = Project::applied(&format!("{ABC}clients:\n  - {{ name: Web }}\n  - {{ name: Old }}\n"));
    project.says("roles: [{ name: A }]\nclients: [{ name: Web }]\n");
    let json = project.run("plan dev --target roles/B --json").ok().json();
    assert_eq!(json["requests"]["refresh"], 1, "{json:#}");
}
