//! Least privilege: what `tenantry scopes` prints is enough, and none of it can be spared.

use std::collections::BTreeSet;

use tenantry::pipeline::scopes::{for_apply, for_plan};
use tenantry::sandbox::api::SandboxApi;

use crate::commands::https::Served;
use crate::conformance;
use crate::support::Project;
use crate::support::core::{Core, tenant, told};

fn granting(scopes: &BTreeSet<String>) -> Core {
    let mut core = Core::new();
    core.api.inner = SandboxApi::new(tenant()).granting(scopes.clone());
    core
}

#[test]
fn every_kind_is_planned_and_applied_with_the_scopes_that_are_said() {
    let mut count = 0;
    for case in conformance::all() {
        let text = &conformance::joined(case, case.before);
        let core = Core::new();
        let desired = core.desired(text);
        let (reading, writing) = (for_plan(&desired), for_apply(&desired));
        let plan_scopes: BTreeSet<String> = reading.names().map(str::to_owned).collect();
        let apply_scopes: BTreeSet<String> = writing.names().map(str::to_owned).collect();
        assert!(plan_scopes.iter().all(|scope| scope.starts_with("read:")), "{}: {plan_scopes:?}", case.kind);
        granting(&plan_scopes).plan(text);
        let mut core = granting(&apply_scopes);
        core.apply(text);
        let again = core.plan(text);
        assert!(again.is_empty(), "{}: {:#?}", case.kind, told(&again));
        count += 1;
    }
    assert!(count > 60, "{count} cases");
}

const TEMPLATE: &str = "roles:
  - name: Reader
    permissions: [{ resource_server_identifier: https://orders.example, permission_name: 'read:orders' }]
resourceServers:
  - name: Orders
    identifier: https://orders.example
    scopes: [{ value: 'read:orders' }]
clients:
  - name: Web
    app_type: spa
clientGrants:
  - client_id: Web
    audience: https://orders.example
    scope: ['read:orders']
actions:
  - name: Greet
    code: 'exports.onExecutePostLogin = async () => {};'
    runtime: node22
    deployed: true
    supported_triggers: [{ id: post-login, version: v3 }]
triggers:
  post-login: [{ action_name: Greet, display_name: Greet }]
";

#[test]
fn without_any_one_of_them_nothing_is_written() {
    let place = Project::bare();
    let project = Project::new().tenant("acme", "domain: acme.eu.auth0.com\n").template("all", TEMPLATE);
    let said = project.run("scopes acme").ok();
    let scopes: Vec<&str> = said.stdout().lines().collect();
    let reads: Vec<&str> = scopes.iter().copied().filter(|scope| scope.starts_with("read:")).collect();
    assert_eq!(project.run("scopes acme --for plan").ok().stdout().lines().collect::<Vec<_>>(), reads);
    assert!(scopes.len() > 12, "{scopes:?}");
    let against = |served: &Served| served.project(TEMPLATE);
    for left_out in &scopes {
        let rest: Vec<&str> = scopes.iter().copied().filter(|scope| scope != left_out).collect();
        let served = Served::start(&place, &format!("--scopes {}", rest.join(",")));
        let ran = against(&served).run("apply acme --yes").code(4);
        assert!(ran.screen().contains(&format!("the token lacks `{left_out}`")), "{}", ran.screen());
        assert_eq!(served.writes(), 0, "{left_out}");
        let plan = against(&served).run("plan acme");
        if left_out.starts_with("read:") {
            plan.code(4);
        } else {
            plan.ok();
        }
    }
    let served = Served::start(&place, &format!("--scopes {}", reads.join(",")));
    against(&served).run("plan acme").ok();
    drop(served);
    let served = Served::start(&place, &format!("--scopes {}", scopes.join(",")));
    let project = against(&served);
    project.run("apply acme --yes").ok();
    project.run("plan acme --exit-code").ok();
}
