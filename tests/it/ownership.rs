//! What is ours is ours by record and id; everything else in the tenant is left alone.

use std::collections::BTreeMap;
use std::fs;

use git2::Repository;
use serde_json::Value as Json;
use tenantry::model::address::Address;
use tenantry::model::applied::Applied;
use tenantry::model::plan::Plan;
use tenantry::model::value::Value;
use tenantry::pipeline::plan::{Facts, plan};
use tenantry::pipeline::refresh::{Wanted, refresh};

use crate::support::Project;
use crate::support::core::{Core, OWN, wait};

/// A workspace in a git repository with everything committed.
fn workspace(templates: &str) -> Project {
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("all", templates);
    Repository::init(project.path(".")).unwrap();
    project.commit("change");
    project
}

/// The objects of a sandbox by kind and id.
fn objects(project: &Project, tenant: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(project.path(&format!(".tenantry/sandbox/{tenant}.json"))).unwrap();
    let mut found = BTreeMap::new();
    flatten("", &serde_json::from_str(&text).unwrap(), &mut found);
    found
}

/// Every object with a name, by its path in the snapshot.
fn flatten(at: &str, json: &Json, found: &mut BTreeMap<String, String>) {
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                flatten(&format!("{at}/{key}"), value, found);
            }
        }
        Json::Array(items) => {
            for item in items {
                let name = ["client_id", "id", "name"].iter().find_map(|f| item.get(f)?.as_str());
                found.insert(format!("{at}/{}", name.map_or(item.to_string(), str::to_owned)), item.to_string());
            }
        }
        other => drop(found.insert(at.to_owned(), other.to_string())),
    }
}

fn actions(plan: &Json) -> Vec<String> {
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().map(|c| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap())).collect()
}

fn clients(range: std::ops::RangeInclusive<usize>, who: &str) -> String {
    range.map(|n| format!("  - {{ name: {who} {n}, app_type: non_interactive }}\n")).collect()
}

fn grants(range: std::ops::RangeInclusive<usize>, who: &str) -> String {
    range.map(|n| format!("  - {{ client_id: {who} {n}, audience: https://api.example, scope: [] }}\n")).collect()
}

const API: &str = "resourceServers:\n  - { name: API, identifier: https://api.example }\n";

/// A tenant in which somebody else keeps 50 clients with grants and 20 connections, and we keep 10 clients with grants.
fn shared(policy: &str) -> Project {
    let foreign: String = (1..=20)
        .map(|n| {
            format!(
                "  - {{ name: foreign-{n}, strategy: oidc, options: {{ client_id: a, issuer: https://i.example }} }}\n"
            )
        })
        .collect();
    let theirs = format!(
        "{API}clients:\n{}clientGrants:\n{}connections:\n{foreign}",
        clients(1..=50, "Foreign"),
        grants(1..=50, "Foreign")
    );
    let project = workspace(&theirs);
    project.run("apply dev --yes").ok();
    // They are somebody else's: no record of ours names them.
    let repository = Repository::open(project.path(".")).unwrap();
    repository.find_reference("refs/tenantry/sandbox/dev").unwrap().delete().unwrap();
    project.write("tenants/dev.yaml", &format!("domain: sandbox\n{policy}"));
    project.write("templates/all.yaml", &ours(10));
    project.run("apply dev --yes").ok();
    project
}

fn ours(count: usize) -> String {
    format!("clients:\n{}clientGrants:\n{}", clients(1..=count, "Ours"), grants(1..=count, "Ours"))
}

#[test]
fn only_what_is_ours_is_deleted() {
    let project = shared("");
    let before = objects(&project, "dev");
    project.write("templates/all.yaml", &ours(9));
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(
        actions(&plan),
        ["delete clientGrants/Ours 10,https:%2F%2Fapi.example,client", "delete clients/Ours 10"]
    );
    project.run("apply dev --yes").ok();
    let after = objects(&project, "dev");
    let gone: Vec<&String> = before.keys().filter(|key| !after.contains_key(*key)).collect();
    assert!(gone.len() >= 2, "{gone:?}");
    for (key, value) in before.iter().filter(|(_, value)| value.contains("oreign")) {
        assert_eq!(after.get(key), Some(value), "{key}");
    }
    project.run("plan dev --exit-code").ok();
}

#[test]
fn exact_deletes_the_others_too_behind_a_gate() {
    let project = shared("");
    project.write("tenants/dev.yaml", "domain: sandbox\npolicy: { manage: { clients: exact } }\n");
    project.write("templates/all.yaml", &ours(9));
    project.run("apply dev --yes").code(4);
    let ran = project.run("apply dev --yes --max-deletes 100").ok();
    assert!(ran.stdout().contains("delete"), "{}", ran.screen());
    let after = objects(&project, "dev");
    assert!(!after.values().any(|value| value.contains("\"Foreign ")), "foreign clients are gone");
    assert!(after.values().any(|value| value.contains("foreign-20")), "connections stay");
    assert!(after.values().any(|value| value.contains("Ours 9")), "ours stay");
}

#[test]
fn a_key_that_is_gone_releases_and_an_empty_list_deletes() {
    let project = workspace("roles:\n  - { name: A }\n  - { name: B }\n");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "actions: []\n");
    let ran = project.run("plan dev").ok();
    assert!(
        ran.stdout().contains("2 roles released; before this apply, `roles: []` deletes them instead"),
        "{}",
        ran.screen()
    );
    project.write("templates/all.yaml", "roles: []\n");
    let plan = project.run("plan dev --json --allow-empty roles").ok().json();
    assert_eq!(actions(&plan), ["delete roles/A", "delete roles/B"]);
    // Once released they are nobody's.
    project.write("templates/all.yaml", "actions: []\n");
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", "roles: []\n");
    project.run("plan dev --exit-code").ok();
}

#[test]
fn drift_is_told_from_configuration_and_overwritten_on_purpose_only() {
    let project = workspace("roles:\n  - { name: A, description: one }\n  - { name: B, description: one }\n");
    project.run("apply dev --yes").ok();
    let path = ".tenantry/sandbox/dev.json";
    // Somebody edits A in the tenant, we edit B in the files.
    let text = project.read(path);
    let at = text.find("\"one\"").unwrap();
    project.write(path, &format!("{}\"theirs\"{}", &text[..at], &text[at + 5..]));
    let plan = project.run("plan dev --json").code(4).json();
    assert_eq!(plan["changes"][0]["deltas"][0]["cause"], "drift", "{plan:#}");
    project
        .write("templates/all.yaml", "roles:\n  - { name: A, description: two }\n  - { name: B, description: two }\n");
    let plan = project.run("plan dev --json").code(4).json();
    let causes: Vec<&Json> = plan["changes"].as_array().unwrap().iter().map(|c| &c["deltas"][0]["cause"]).collect();
    assert_eq!(causes, ["both", "configuration"], "{plan:#}");
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("opens with --accept-drift"), "{}", ran.screen());
    project.run("apply dev --yes --accept-drift").ok();
    let record = project.run("history dev last --json").ok().json();
    assert_eq!(record["drift"]["roles/A"][0], "description");
    assert_eq!(record["gates"][0]["name"], "drift");
    project.run("plan dev --exit-code").ok();
}

#[test]
fn somebody_at_the_terminal_sees_the_drift_and_says_yes() {
    let project = workspace("roles:\n  - { name: A, description: one }\n");
    project.run("apply dev --yes").ok();
    let path = ".tenantry/sandbox/dev.json";
    project.write(path, &project.read(path).replace("\"one\"", "\"theirs\""));
    let project = project.typing("yes\n");
    let ran = project.run("apply dev").ok();
    assert!(ran.stdout().contains("(drift)"), "{}", ran.screen());
}

#[test]
fn a_rename_in_the_tenant_is_drift_of_the_same_object() {
    let project = workspace("roles:\n  - { name: A, description: x }\n");
    project.run("apply dev --yes").ok();
    let path = ".tenantry/sandbox/dev.json";
    project.write(
        path,
        &project.read(path).replace("\"name\": \"A\"", "\"name\": \"Z\"").replace("\"name\":\"A\"", "\"name\":\"Z\""),
    );
    let plan = project.run("plan dev --json").code(4).json();
    assert_eq!(actions(&plan), ["update roles/A"], "{plan:#}");
    assert_eq!(plan["changes"][0]["deltas"][0]["cause"], "drift");
}

#[test]
fn adopt_and_release_change_ownership_alone() {
    let project = workspace("roles:\n  - { name: A, description: x }\n");
    project.run("apply dev --yes").ok();
    let tenant = project.read(".tenantry/sandbox/dev.json");
    project.run("release dev roles/A").ok();
    project.write("templates/all.yaml", "roles: []\n");
    project.run("plan dev --exit-code").ok();
    project.write("templates/all.yaml", "roles:\n  - { name: A, description: y }\n");
    let ran = project.run("adopt dev --all").ok();
    assert!(ran.stdout().contains("adopted roles/A"), "{}", ran.screen());
    assert_eq!(project.read(".tenantry/sandbox/dev.json"), tenant);
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(plan["changes"][0]["deltas"][0]["cause"], "configuration", "{plan:#}");
    let record = project.run("history dev last --json").ok().json();
    assert_eq!((&record["run"], &record["number"]), (&"adopt".into(), &3.into()));
    assert_eq!(record["applied"]["resources"]["roles/A"]["origin"], "adopted");
    project.write("templates/all.yaml", "roles: []\n");
    assert_eq!(actions(&project.run("plan dev --json").ok().json()), ["delete roles/A"]);
    project.run("adopt dev roles/B").code(64);
    project.run("release dev roles/B").code(64);
}

#[test]
fn members_of_a_shared_list_go_only_if_they_are_ours() {
    let base = "clients:\n  - { name: One }\n  - { name: Two }\n  - { name: Three }\ndatabases:\n";
    let with = |names: &str| format!("{base}  - {{ name: users, strategy: auth0, enabled_clients: [{names}] }}\n");
    let project = workspace(&with("Three"));
    project.run("apply dev --yes").ok();
    let repository = Repository::open(project.path(".")).unwrap();
    repository.find_reference("refs/tenantry/sandbox/dev").unwrap().delete().unwrap();
    project.write("templates/all.yaml", &with("One, Two"));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &with("One"));
    let plan = project.run("plan dev --json").ok().json();
    let paths: Vec<&Json> = plan["changes"][0]["deltas"].as_array().unwrap().iter().map(|d| &d["path"]).collect();
    assert_eq!(paths, ["[Two]"], "{plan:#}");
}

#[test]
fn what_has_a_key_in_place_of_an_id_is_reset_when_it_is_taken_out() {
    let mail = "emailTemplates:\n  - { template: welcome_email, enabled: true, body: hi, from: a@b.example, subject: s, syntax: liquid }\n";
    let provider = "emailProvider: { name: smtp, enabled: true, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 25, smtp_user: u } }\n";
    let project = workspace(&format!("{provider}{mail}"));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &format!("{provider}emailTemplates: []\n"));
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(actions(&plan), ["update emailTemplates/welcome_email"], "{plan:#}");
    project.run("apply dev --yes").ok();
    project.run("plan dev --exit-code").ok();
}

/// One of each of these, each under its own key, none of which needs another.
const APART: [(&str, &str, &str); 8] = [
    ("roles", "Reader", "{ name: Reader }"),
    ("clients", "Web", "{ name: Web, app_type: spa, callbacks: [https://a.example] }"),
    ("resourceServers", "API", "{ name: API, identifier: https://api.example, scopes: [{ value: read }] }"),
    ("connections", "corp", "{ name: corp, strategy: oidc, options: { client_id: a, issuer: https://i.example } }"),
    ("databases", "users", "{ name: users, strategy: auth0 }"),
    ("organizations", "acme", "{ name: acme, display_name: Acme }"),
    ("rules", "One", "{ name: One, script: 'function (user, context, callback) {}', order: 1, enabled: true }"),
    ("logStreams", "hook", "{ name: hook, type: http, sink: { httpEndpoint: https://a.example/l } }"),
];

#[test]
fn what_is_taken_out_is_deleted_and_nothing_else() {
    let with = |left_out: Option<usize>| -> String {
        let line = |(position, (key, _, body)): (usize, &(&str, &str, &str))| match left_out == Some(position) {
            true => format!("{key}: []\n"),
            false => format!("{key}:\n  - {body}\n"),
        };
        APART.iter().enumerate().map(line).collect()
    };
    let project = workspace(&with(None));
    project.run("apply dev --yes").ok();
    project.run("plan dev --exit-code").ok();
    for (position, (key, _, _)) in APART.iter().enumerate() {
        project.write("templates/all.yaml", &with(Some(position)));
        let plan = project.run("plan dev --json --allow-delete '*'").ok().json();
        let actions = actions(&plan);
        assert!(
            matches!(actions.as_slice(), [only] if only.starts_with(&format!("delete {key}/"))),
            "{key}: {actions:?}"
        );
        // Databases and APIs are protected from the start.
        project.run("apply dev --yes --allow-delete '*'").ok();
        project.run("plan dev --exit-code").ok();
        project.write("templates/all.yaml", &with(None));
        project.run("apply dev --yes").ok();
    }
}

/// Plans as for a real tenant in a git repository.
fn planned(core: &Core, text: &str, facts: Facts) -> Plan {
    let desired = core.desired(text);
    let live = wait(refresh(&core.api, Wanted::For(&desired))).unwrap();
    let facts = Facts { remembered: core.remembered.clone(), keeps_history: true, ..facts };
    let (plan, findings) = plan(&desired, &live, facts);
    assert!(!findings.has_errors(), "{findings:#?}");
    plan
}

fn closed(plan: &Plan) -> Vec<&str> {
    plan.gates.iter().map(|gate| gate.name).collect()
}

const ROLE: &str = "roles:\n  - { name: A, description: one }\n";

#[test]
fn without_a_record_what_exists_is_not_overwritten_unasked() {
    let mut core = Core::new();
    core.apply(ROLE);
    let changed = ROLE.replace("one", "two");
    assert_eq!(closed(&planned(&core, &changed, Facts::default())), ["no-record"]);
    let mut asked = Facts::default();
    asked.consent.first_apply = true;
    let plan = planned(&core, &changed, asked);
    assert!(closed(&plan).is_empty());
    assert_eq!(plan.opened[0].name, "no-record");
    assert!(closed(&planned(&core, &changed, Facts { sandbox: true, ..Facts::default() })).is_empty());
    // Nothing is overwritten where nothing differs, or where nothing is.
    assert!(closed(&planned(&core, ROLE, Facts::default())).is_empty());
    assert!(closed(&planned(&core, "roles:\n  - { name: B }\n", Facts::default())).is_empty());
}

#[test]
fn what_another_project_has_recorded_is_a_gate() {
    let mut core = Core::new();
    core.deploy_cli = false;
    core.apply(ROLE);
    let theirs = Facts { project: Some("theirs".to_owned()), ..Facts::default() };
    let next = planned(&core, ROLE, theirs).ownership.next;
    let applied = Applied { salt: String::new(), resources: next };
    let ours = || Facts { project: Some("ours".to_owned()), applied: Some(applied.clone()), ..Facts::default() };
    let plan = planned(&core, ROLE, ours());
    assert_eq!(closed(&plan), ["other-project"]);
    let mut asked = ours();
    asked.consent.take_over = vec!["roles/A".to_owned()];
    let plan = planned(&core, ROLE, asked);
    assert!(closed(&plan).is_empty());
    assert_eq!(plan.ownership.next[&Address::typed("roles/A")].project.as_deref(), Some("ours"));
    // Not even exact deletes what is theirs, and it stays in the record.
    core.policy.manage = tenantry::model::desired::Manage::Exact;
    let plan = planned(&core, "roles: []\n", ours());
    assert!(plan.steps.is_empty());
    assert!(plan.ownership.next.contains_key(&Address::typed("roles/A")));
}

#[test]
fn the_same_name_under_another_id_is_foreign() {
    let mut core = Core::new();
    core.deploy_cli = false;
    core.apply(ROLE);
    let mut resources = planned(&core, ROLE, Facts::default()).ownership.next;
    let owned = resources.get_mut(&Address::typed("roles/A")).unwrap();
    owned.id = Some(tenantry::model::names::RemoteId("rol_another".to_owned()));
    let applied = Some(Applied { salt: String::new(), resources });
    let plan = planned(&core, "roles: []\n", Facts { applied, ..Facts::default() });
    assert!(plan.steps.is_empty() && plan.unmanaged == 1, "{:?}", plan.steps);
}

#[test]
fn what_a_run_logs_in_with_is_never_deleted_and_its_removal_is_a_gate() {
    let mut core = Core::new();
    core.deploy_cli = false;
    core.apply("clients:\n  - { name: Web, app_type: spa }\n");
    let mut resources = planned(&core, "clients:\n  - { name: Web, app_type: spa }\n", Facts::default()).ownership.next;
    let mut own = resources[&Address::typed("clients/Web")].clone();
    own.id = Some(tenantry::model::names::RemoteId(OWN.to_owned()));
    own.name = "Own".to_owned();
    resources.insert(Address::typed("clients/Own"), own);
    let applied = Some(Applied { salt: String::new(), resources });
    let facts = || Facts { applied: applied.clone(), ..Facts::default() };
    let plan = planned(&core, "clients: []\n", facts());
    assert_eq!(closed(&plan), ["own-access"], "{:#?}", plan.gates);
    assert_eq!(plan.gates[0].addresses, [Address::typed("clients/Own")]);
    assert!(plan.gates[0].switch.is_none());
    assert!(plan.steps.iter().all(|step| step.address != Address::typed("clients/Own")));
    // Who releases it, as the gate says, goes on.
    let mut released = facts();
    released.applied.as_mut().unwrap().resources.remove(&Address::typed("clients/Own"));
    assert!(closed(&planned(&core, "clients: []\n", released)).is_empty());
}

#[test]
fn what_could_be_either_of_two_objects_is_a_gate_that_names_both() {
    let mut core = Core::new();
    core.deploy_cli = false;
    core.apply("clients:\n  - { name: One, app_type: spa }\n  - { name: Other, app_type: spa }\n");
    let two = "clients:\n  - { name: One, app_type: native }\n";
    let desired = core.desired(two);
    let mut live = wait(refresh(&core.api, Wanted::For(&desired))).unwrap();
    for object in &mut live.objects {
        if object.body.get("name").and_then(|name| name.as_str()) == Some("Other") {
            object.body.insert("name".to_owned(), Value::String("One".to_owned()));
            object.key.insert("name".to_owned(), "One".to_owned());
        }
    }
    let (plan, findings) = plan(&desired, &live, Facts::default());
    assert!(!findings.has_errors() && plan.steps.is_empty());
    assert_eq!(closed(&plan), ["ambiguous-identity"]);
    assert!(
        plan.gates[0].reason.contains("the tenant has 2 of `One`; say in the tenant's file which is meant: `bind: ")
    );
}

#[test]
fn a_rename_keeps_the_object_and_its_past() {
    let project = workspace(ROLE);
    project.run("apply dev --yes").ok();
    let id = |project: &Project, address: &str| {
        let record = project.run("history dev last --json").ok().json();
        record["applied"]["resources"][address]["id"].clone()
    };
    let before = id(&project, "roles/A");
    project.write("templates/all.yaml", "roles:\n  - { name: B, $was: A, description: one }\n");
    project.run("apply dev --yes").ok();
    assert!(before.is_string());
    assert_eq!((id(&project, "roles/B"), id(&project, "roles/A")), (before, Json::Null));
    // The old name is nobody's now: taking it out of the files again deletes the one object.
    project.write("templates/all.yaml", "roles: []\n");
    assert_eq!(actions(&project.run("plan dev --json").ok().json()), ["delete roles/B"]);
}

#[test]
fn what_failed_is_not_ours_and_the_record_says_so() {
    let refused = "databases:\n  - { name: users, strategy: auth0, options: { requires_username: true, attributes: { email: { identifier: { active: true } } } } }\n";
    let project = workspace(&format!("{ROLE}{refused}"));
    project.run("apply dev --yes").code(3);
    let record = project.run("history dev last --json").ok().json();
    assert_eq!(record["result"], "partial");
    let resources = record["applied"]["resources"].as_object().unwrap();
    assert_eq!(resources.keys().collect::<Vec<_>>(), ["roles/A"]);
    let shown = project.run("history dev last").ok();
    assert!(shown.stdout().contains("failed: databases/users"), "{}", shown.screen());
}

/// The files no longer say anything of what the lists held, and the lists are emptied all the same.
#[test]
fn a_list_that_is_emptied_lets_go_of_what_no_file_names_any_more() {
    let connection = |held: &str| {
        format!(
            "connections: [{{ name: google-oauth2, strategy: google-oauth2, options: {{ client_id: a }}, \
             enabled_clients: [{held}] }}]\n"
        )
    };
    let project = workspace(&format!("clients: [{{ name: Web }}]\n{}", connection("Web")));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &connection(""));
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(actions(&plan), ["update connections/google-oauth2/enabled_clients"], "{plan:#}");
    project.commit("emptied");
    project.run("apply dev --yes").ok();
    project.run("plan dev --exit-code").ok();

    let organization = |held: &str| format!("organizations: [{{ name: acme, connections: [{held}] }}]\n");
    let rest = connection("");
    let project = workspace(&format!("{rest}{}", organization("{ name: google-oauth2 }")));
    project.run("apply dev --yes").ok();
    project.write("templates/all.yaml", &organization(""));
    let plan = project.run("plan dev --json").ok().json();
    assert_eq!(actions(&plan), ["update organizations/acme/connections"], "{plan:#}");
}
