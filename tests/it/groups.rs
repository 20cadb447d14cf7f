//! Groups of directories: named in files, looked up in the tenant, never made.

use tenantry::model::applied::Applied;
use tenantry::model::diagnostic::Severity;
use tenantry::pipeline::plan::{Facts, plan};
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::scopes::for_plan;
use tenantry::sandbox::api::SandboxApi;

use crate::support::core::{Core, tenant, tenant_with, told, wait};

const CONNECTION: &str = "Username-Password-Authentication";

fn role(groups: &str) -> String {
    format!("roles: [{{ name: Admin, groups: [{groups}] }}]")
}

/// Plans what must be refused; returns the errors with their advice.
fn refused(core: &Core, groups: &str) -> String {
    let (plan, findings) = core.try_plan(&core.desired(&role(groups)));
    assert!(plan.steps.iter().all(|step| step.place.is_some()));
    let errors = findings.0.iter().filter(|finding| finding.severity == Severity::Error);
    let line = |finding: &tenantry::model::diagnostic::Diagnostic| {
        format!(
            "{} {}: {} | {}",
            finding.code,
            finding.place.as_ref().unwrap().line,
            finding.summary,
            finding.help.clone().unwrap_or_default()
        )
    };
    errors.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_group_that_is_not_there_is_an_error_with_the_near_name() {
    assert_eq!(
        refused(&Core::new(), "'Username-Password-Authentication,Enginering'"),
        "dangling-reference 1: there is no group `Username-Password-Authentication,Enginering` in the tenant | \
         Did you mean `Username-Password-Authentication,Engineering`?"
    );
    assert_eq!(
        refused(&Core::new(), "Finance"),
        "dangling-reference 1: there is no group `Finance` in the tenant | \
         Did you mean `Username-Password-Authentication,Finance`?"
    );
}

#[test]
fn a_name_without_its_connection_lists_all_that_are_called_so() {
    let core = Core::of(tenant_with(&[(CONNECTION, "Staff", "grp_1"), ("con_gone", "Staff", "grp_2")]));
    assert_eq!(
        refused(&core, "Staff"),
        "dangling-reference 1: there is no group `Staff` in the tenant | \
         Write which one is meant: `Username-Password-Authentication,Staff` or `con_gone,Staff`."
    );
}

#[test]
fn groups_that_cannot_be_read_are_told_of_and_not_called_missing() {
    let mut core = Core::new();
    let may = ["read:roles", "read:group_roles", "read:connections"].map(str::to_owned);
    core.api.inner = SandboxApi::new(tenant()).granting(may.into_iter().collect::<std::collections::BTreeSet<_>>());
    let told = refused(&core, "'Username-Password-Authentication,Engineering'");
    assert!(told.contains("cannot be looked up: groups cannot be read: 403"), "{told}");
}

#[test]
fn a_group_on_a_later_page_is_found_and_those_of_others_stay() {
    let names: Vec<(String, String)> = (0..130).map(|n| (format!("Team {n}"), format!("grp_{n:03}"))).collect();
    let groups: Vec<(&str, &str, &str)> =
        names.iter().map(|(name, id)| (CONNECTION, name.as_str(), id.as_str())).collect();
    let mut core = Core::of(tenant_with(&groups));
    let (first, last) = ("'Username-Password-Authentication,Team 0'", "'Username-Password-Authentication,Team 129'");
    core.apply(&role(&format!("{first}, {last}")));
    // Nothing says that the first is ours.
    assert_eq!(told(&core.plan(&role(last))), Vec::<String>::new());
    assert_eq!(core.apply(&role("")), Vec::<String>::new());
}

#[test]
fn what_is_read_to_look_them_up_is_among_the_scopes() {
    let core = Core::new();
    let scopes = for_plan(&core.desired(&role("'Username-Password-Authentication,Finance'")));
    let names: Vec<&str> = scopes.names().collect();
    assert_eq!(names, ["read:connections", "read:group_roles", "read:groups", "read:roles"]);
}

#[test]
fn only_groups_that_the_files_added_are_taken_away() {
    let mut core = Core::new();
    core.deploy_cli = false;
    let engineering = "'Username-Password-Authentication,Engineering'";
    let planned = |core: &Core, groups: &str, applied: Option<Applied>| {
        let desired = core.desired(&role(groups));
        let live = wait(refresh(&core.api, Wanted::For(&desired))).unwrap();
        let (plan, findings) = plan(&desired, &live, Facts { applied, keeps_history: true, ..Facts::default() });
        assert!(!findings.has_errors(), "{findings:?}");
        plan
    };
    let first = planned(&core, engineering, None);
    assert!(!core.perform(&first).is_empty());
    let recorded = Applied { salt: String::new(), resources: first.ownership.next };
    // Somebody else adds another one.
    core.apply(&role(&format!("{engineering}, 'Username-Password-Authentication,Finance'")));
    let plan = planned(&core, "", Some(recorded));
    let paths: Vec<String> = plan.changes.iter().flat_map(|c| &c.deltas).map(|delta| delta.path.to_string()).collect();
    assert_eq!(paths, ["[Username-Password-Authentication,Engineering]"]);
}
