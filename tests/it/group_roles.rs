//! Roles that groups of directories have in an organization: the API keeps a list for each group, files hold pairs.

use serde_json::{Value as Json, json};
use tenantry::api::request::{Method, Request};
use tenantry::model::desired::Manage;
use tenantry::model::diagnostic::Severity;
use tenantry::model::live::Live;
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::scopes::{for_apply, for_plan};
use tenantry::sandbox::api::SandboxApi;
use tenantry::sandbox::tenant::Tenant;

use crate::support::core::{Core, tenant, tenant_with, told, wait};
use crate::support::{Project, Ran};

const CONNECTION: &str = "Username-Password-Authentication";
const KIND: &str = "organizations/group_roles";

/// An organization and three roles; each pair is (group, role).
fn acme(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<Json> =
        pairs.iter().map(|(group, role)| json!({ "group": format!("{CONNECTION},{group}"), "role": role })).collect();
    let roles = ["Admin", "Member", "Reader"].map(|name| json!({ "name": name }));
    let text = json!({ "organizations": [{ "name": "acme", "group_roles": pairs }], "roles": roles });
    serde_yaml::to_string(&text).unwrap()
}

/// The part of lines and requests that matters here.
fn of_groups(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| line.contains("/groups")).map(|line| without_ids(line)).collect()
}

fn without_ids(line: &str) -> String {
    let shorter = |word: &str| match word.split_once('_') {
        Some(("org" | "rol", id)) if id.len() == 16 => word[..3].to_owned(),
        _ => word.to_owned(),
    };
    line.split_inclusive(['/', '"'])
        .map(|word| {
            let end = word.len() - word.chars().next_back().filter(|c| "/\"".contains(*c)).map_or(0, char::len_utf8);
            format!("{}{}", shorter(&word[..end]), &word[end..])
        })
        .collect()
}

fn reads(core: &Core, look: impl FnOnce()) -> Vec<String> {
    core.api.reads.lock().unwrap().clear();
    look();
    let mut reads = of_groups(&core.api.reads.lock().unwrap());
    reads.sort();
    reads
}

fn everything(core: &Core) -> Live {
    wait(refresh(&core.api, Wanted::Everything { only: vec!["organizations".to_owned()], exclude: Vec::new() }))
        .unwrap()
}

#[test]
fn each_group_is_written_once_and_only_groups_that_are_named_are_read() {
    let mut core = Core::new();
    let both = acme(&[("Engineering", "Admin"), ("Engineering", "Member"), ("Finance", "Reader")]);
    assert_eq!(
        of_groups(&core.apply(&both)),
        [
            r#"POST /organizations/org/groups/grp_1/roles {"roles":["rol","rol"]}"#,
            r#"POST /organizations/org/groups/grp_2/roles {"roles":["rol"]}"#,
        ]
    );
    assert_eq!(told(&core.plan(&both)), Vec::<String>::new());

    let one = acme(&[("Finance", "Reader")]);
    let of_group = |group: &str| format!("GET /organizations/org/groups/{group}/roles?take=100");
    let looked_up = "GET /groups?take=100".to_owned();
    assert_eq!(reads(&core, || drop(core.plan(&one))), [looked_up.clone(), of_group("grp_2")]);
    assert_eq!(reads(&core, || drop(core.plan(&acme(&[])))), std::slice::from_ref(&looked_up));

    // What nobody names is to go: all that have a role are read, and none besides.
    core.policy.manage_kinds.insert(KIND.to_owned(), Manage::Exact);
    let listed = "GET /organizations/org/groups?take=100".to_owned();
    let all = [looked_up.clone(), of_group("grp_1"), of_group("grp_2"), listed.clone()];
    assert_eq!(reads(&core, || drop(core.plan(&one))), all);
    assert_eq!(
        of_groups(&core.apply(&one)),
        [r#"DELETE /organizations/org/groups/grp_1/roles {"roles":["rol","rol"]}"#]
    );
    assert_eq!(reads(&core, || drop(everything(&core))), [looked_up, of_group("grp_2"), listed]);
}

#[test]
fn a_plan_counts_a_request_for_each_group() {
    let core = Core::new();
    let plan = core.plan(&acme(&[("Engineering", "Admin"), ("Engineering", "Member"), ("Finance", "Reader")]));
    // An organization, three roles, two groups.
    assert_eq!(plan.requests.apply, 6);
}

#[test]
fn what_the_tenant_does_not_have_is_an_error_at_its_place() {
    let text = "organizations:
  - name: acme
    group_roles:
      - group: Username-Password-Authentication,Enginering
        role: Admin
      - group: Username-Password-Authentication,Finance
        role: Nobody
roles:
  - name: Admin
";
    let core = Core::new();
    let (_, findings) = core.try_plan(&core.desired(text));
    let mut errors: Vec<String> = (findings.0.iter())
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| format!("{} {}", finding.place.as_ref().unwrap().line, finding.summary))
        .collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            "4 there is no group `Username-Password-Authentication,Enginering` in the tenant",
            "7 there is no role `Nobody` in the files or in the tenant",
        ]
    );
}

#[test]
fn lists_of_many_pages_are_read_to_their_ends() {
    let names: Vec<(String, String)> = (0..130).map(|n| (format!("Team {n}"), format!("grp_{n:03}"))).collect();
    let groups: Vec<(&str, &str, &str)> =
        names.iter().map(|(name, id)| (CONNECTION, name.as_str(), id.as_str())).collect();
    let mut core = Core::of(tenant_with(&groups));
    let roles: Vec<String> = (0..130).map(|n| format!("Role {n}")).collect();
    let of_one = roles.iter().map(|role| json!({ "group": format!("{CONNECTION},Team 7"), "role": role }));
    let of_all = names.iter().map(|(group, _)| json!({ "group": format!("{CONNECTION},{group}"), "role": "Role 0" }));
    let pairs: Vec<Json> =
        of_one.chain(of_all.filter(|pair| pair["group"] != format!("{CONNECTION},Team 7"))).collect();
    let roles: Vec<Json> = roles.iter().map(|name| json!({ "name": name })).collect();
    let text = json!({ "organizations": [{ "name": "acme", "group_roles": pairs }], "roles": roles }).to_string();
    core.apply(&text);
    assert_eq!(told(&core.plan(&text)), Vec::<String>::new());
    core.policy.manage_kinds.insert(KIND.to_owned(), Manage::Exact);
    assert_eq!(told(&core.plan(&text)), Vec::<String>::new());
}

#[test]
fn scopes_are_those_of_what_is_read_and_written() {
    let mut core = Core::new();
    let text = acme(&[("Finance", "Reader")]);
    let plan = for_plan(&core.desired(&text));
    let names: Vec<&str> = plan.names().collect();
    assert_eq!(
        names,
        ["read:connections", "read:groups", "read:organization_group_roles", "read:organizations", "read:roles"]
    );
    let apply = for_apply(&core.desired(&text));
    let added: Vec<&str> =
        apply.names().filter(|scope| scope.contains("group") && !scope.starts_with("read")).collect();
    assert_eq!(added, ["create:organization_group_roles"]);
    core.policy.manage_kinds.insert(KIND.to_owned(), Manage::Exact);
    let exact = for_apply(&core.desired(&text));
    assert!(exact.names().any(|scope| scope == "read:organization_groups"));
    assert!(exact.names().any(|scope| scope == "delete:organization_group_roles"));
}

#[test]
fn what_cannot_be_read_is_told_of_and_not_called_missing() {
    let mut core = Core::new();
    let text = acme(&[("Finance", "Reader")]);
    core.apply(&text);
    let kept = core.api.inner.snapshot().to_json();
    let may = ["read:connections", "read:groups", "read:organizations", "read:roles"].map(str::to_owned);
    core.api.inner = SandboxApi::new(Tenant::from_json(&kept).unwrap()).granting(may);
    let (plan, _) = core.try_plan(&core.desired(&text));
    assert!(plan.steps.is_empty(), "{:?}", told(&plan));
    assert_eq!(plan.notes, Vec::<String>::new());
    let reasons: Vec<&String> = plan.gates.iter().map(|gate| &gate.reason).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("organizations/group_roles cannot be read: 403")),
        "{reasons:?}"
    );
}

/// A workspace and its embedded tenant, in whose directory two groups are.
fn project(pairs: &[(&str, &str)]) -> Project {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("all", &acme(pairs))
        .file(".tenantry/sandbox/dev.json", &tenant().to_json());
    project.commit("first");
    project.run("apply dev --yes").ok();
    project
}

/// Somebody else calls the API.
fn call(project: &Project, method: Method, path: &str, body: Json) {
    let state = ".tenantry/sandbox/dev.json";
    let mut tenant = Tenant::from_json(&project.read(state)).unwrap();
    let answer = tenant.send(&Request::new(method, path.to_owned(), Some(body)));
    assert_eq!(answer.status, 204, "{}", answer.body);
    project.write(state, &tenant.to_json());
}

fn id(project: &Project, list: &str, name: &str) -> String {
    let kept: Json = serde_json::from_str(&project.read(".tenantry/sandbox/dev.json")).unwrap();
    let held = kept["collections"][list].as_object().unwrap();
    held.iter().find(|(_, object)| object["name"] == name).unwrap().0.clone()
}

/// Makes somebody else give a role to a group.
fn give(project: &Project, group: &str, role: &str) {
    let path = format!("/organizations/{}/groups/{group}/roles", id(project, "/organizations", "acme"));
    call(project, Method::Post, &path, json!({ "roles": [id(project, "/roles", role)] }));
}

/// What each group has in the tenant: group and role by name.
fn held(project: &Project) -> Vec<String> {
    let listed = project.run("get dev organizations/acme/group_roles --json").ok().json();
    let mut all: Vec<String> = (listed["value"].as_array().unwrap_or_else(|| panic!("{listed}")).iter())
        .map(|pair| {
            format!(
                "{} {}",
                pair["group"].as_str().unwrap().rsplit(',').next().unwrap(),
                pair["role"].as_str().unwrap()
            )
        })
        .collect();
    all.sort();
    all
}

fn changes(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let deltas = json["changes"].as_array().unwrap().iter().flat_map(|change| change["deltas"].as_array().unwrap());
    deltas.map(|delta| delta["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_what_the_files_gave_is_taken_away_and_an_undo_gives_it_back() {
    let project = project(&[("Engineering", "Admin"), ("Engineering", "Member")]);
    project.run("plan dev --exit-code").ok();
    give(&project, "grp_1", "Reader");
    give(&project, "grp_2", "Admin");
    project.run("plan dev --exit-code").ok();
    project.run("drift dev").ok();

    project.write("templates/all.yaml", &acme(&[("Finance", "Member")]));
    let plan = project.run("plan dev --json");
    assert_eq!(
        changes(&plan),
        [
            format!("[{CONNECTION},Finance,Member]"),
            format!("[{CONNECTION},Engineering,Admin]"),
            format!("[{CONNECTION},Engineering,Member]"),
        ]
    );
    project.run("apply dev --yes").ok();
    assert_eq!(held(&project), ["Engineering Reader", "Finance Admin", "Finance Member"]);
    project.run("apply dev --undo --yes").ok();
    assert_eq!(held(&project), ["Engineering Admin", "Engineering Member", "Engineering Reader", "Finance Admin"]);

    // Without the key nothing of it is looked after.
    let silent = acme(&[]).replace("  group_roles: []\n", "");
    assert!(!silent.contains("group_roles"), "{silent}");
    project.write("templates/all.yaml", &silent);
    project.run("plan dev --exit-code").ok();
}

#[test]
fn a_rollback_brings_the_pairs_of_its_commit_back() {
    let project = project(&[("Engineering", "Admin")]);
    let first = project.commit("one");
    project.write("templates/all.yaml", &acme(&[("Finance", "Member")]));
    project.commit("two");
    project.run("apply dev --yes").ok();
    project.run(&format!("rollback dev --to {first} --yes")).ok();
    assert_eq!(held(&project), ["Engineering Admin"]);
}

#[test]
fn a_role_that_is_deleted_comes_back_with_the_groups_that_had_it() {
    let project = project(&[("Engineering", "Admin")]);
    give(&project, "grp_2", "Reader");
    let fewer = acme(&[("Engineering", "Admin")]).replace("- name: Reader\n", "");
    project.write("templates/all.yaml", &fewer);
    project.run("apply dev --yes").ok();
    assert_eq!(held(&project), ["Engineering Admin"]);
    project.run("apply dev --undo --yes").ok();
    assert_eq!(held(&project), ["Engineering Admin", "Finance Reader"]);
}

#[test]
fn a_group_that_the_directory_lost_is_no_trouble() {
    let project = project(&[("Engineering", "Admin"), ("Finance", "Reader")]);
    let state = ".tenantry/sandbox/dev.json";
    let mut tenant = Tenant::from_json(&project.read(state)).unwrap();
    assert_eq!(tenant.send(&Request::new(Method::Delete, "/groups/grp_2".to_owned(), None)).status, 204);
    project.write(state, &tenant.to_json());
    let told = project.run("plan dev").code(65);
    assert!(
        told.screen().contains("there is no group `Username-Password-Authentication,Finance`"),
        "{}",
        told.screen()
    );
    project.write("templates/all.yaml", &acme(&[("Engineering", "Admin")]));
    project.run("plan dev --exit-code").ok();
}

#[test]
fn what_others_changed_is_drift_and_goes_into_the_files() {
    let project = project(&[("Engineering", "Admin"), ("Engineering", "Member")]);
    let path = format!("/organizations/{}/groups/grp_1/roles", id(&project, "/organizations", "acme"));
    call(&project, Method::Delete, &path, json!({ "roles": [id(&project, "/roles", "Member")] }));
    give(&project, "grp_1", "Reader");
    let drift = project.run("drift dev").code(2);
    assert!(drift.screen().contains(r#"Engineering", role: "Member"}"#), "{}", drift.screen());
    project.run("export dev --into=template --yes").ok();
    let text = project.read("templates/all.yaml");
    assert!(!text.contains("role: Member"), "{text}");
    assert!(text.contains("role: Admin"), "{text}");
    project.run("plan dev --exit-code").ok();
}

#[test]
fn an_export_names_groups_and_says_where_they_have_no_place() {
    let project = project(&[("Engineering", "Admin"), ("Finance", "Reader")]);
    project.run("export dev --to all").ok();
    let whole: String =
        project.files("all").values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(whole.contains("group: Username-Password-Authentication,Finance"), "{whole}");
    assert!(!whole.contains("grp_"), "{whole}");
    for format in ["yaml", "directory"] {
        let ran = project.run(&format!("export dev --to {format} --format {format}")).ok();
        assert!(ran.screen().contains("organization group roles have no place in this format"), "{}", ran.screen());
    }
}

#[test]
fn what_one_group_got_before_another_one_failed_is_not_given_again() {
    let mut core = Core::new();
    core.apply(&acme(&[]));
    let both = acme(&[("Engineering", "Admin"), ("Finance", "Reader")]);
    let plan = core.plan(&both);
    let mut later = core.api.inner.snapshot();
    assert_eq!(later.send(&Request::new(Method::Delete, "/groups/grp_2".to_owned(), None)).status, 204);
    core.api.inner = SandboxApi::new(later);
    let (outcome, writes) = core.try_perform(&plan);
    assert_eq!((outcome.failures.len(), writes.len()), (1, 2), "{:?}", outcome.failures);
    assert_eq!(told(&core.plan(&acme(&[("Engineering", "Admin")]))), Vec::<String>::new());
}
