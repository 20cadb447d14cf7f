//! What must always hold, whatever the configuration.

use crate::support::core::{Core, told};

/// A configuration with cycles, nested kinds, sets and secrets.
const WORKSPACE: &str = r"
tenant: { friendly_name: Acme, default_directory: users }
resourceServers:
  - { name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }, { value: 'write:orders' }] }
clients:
  - name: Web
    app_type: regular_web
    callbacks: [https://a.example/cb, https://b.example/cb]
    default_organization: { organization_id: contoso, flows: [client_credentials] }
  - { name: Job, app_type: non_interactive, organization_usage: allow }
clientGrants:
  - { client_id: Job, audience: https://orders.example, scope: ['read:orders'] }
databases:
  - { name: users, strategy: auth0, enabled_clients: [Web], options: { disable_signup: true } }
connections:
  - name: google-oauth2
    strategy: google-oauth2
    enabled_clients: [Web]
    options: { client_id: abc, client_secret: hush-google, email: true }
roles:
  - name: Admin
    permissions:
      - { permission_name: 'read:orders', resource_server_identifier: https://orders.example }
      - { permission_name: 'write:orders', resource_server_identifier: https://orders.example }
actions:
  - name: Gate
    code: 'exports.onExecutePostLogin = async () => {};'
    deployed: true
    secrets: [{ name: KEY, value: hush-key }]
    supported_triggers: [{ id: post-login, version: v3 }]
triggers: { post-login: [{ action_name: Gate }] }
organizations:
  - { name: contoso, connections: [{ name: users }], client_grants: [{ client_id: Job }] }
emailProvider: { name: smtp, enabled: true, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 587, smtp_user: u, smtp_pass: hush-smtp } }
";

/// The same, every list of resources and every map turned round.
fn turned_round(text: &str) -> String {
    fn turn(value: serde_yaml::Value, depth: usize) -> serde_yaml::Value {
        match value {
            serde_yaml::Value::Mapping(map) => serde_yaml::Value::Mapping(
                map.into_iter().collect::<Vec<_>>().into_iter().rev().map(|(k, v)| (k, turn(v, depth + 1))).collect(),
            ),
            // Only lists of resources are free to move; others may mean their order.
            serde_yaml::Value::Sequence(list) if depth == 1 => {
                serde_yaml::Value::Sequence(list.into_iter().rev().map(|v| turn(v, depth + 1)).collect())
            }
            other => other,
        }
    }
    serde_yaml::to_string(&turn(serde_yaml::from_str(text).unwrap(), 0)).unwrap()
}

#[test]
fn after_an_apply_the_plan_is_empty() {
    let mut core = Core::new();
    core.apply(WORKSPACE);
    assert_eq!(told(&core.plan(WORKSPACE)), Vec::<String>::new());
}

#[test]
fn an_empty_plan_writes_nothing() {
    let mut core = Core::new();
    core.apply(WORKSPACE);
    assert_eq!(core.apply(WORKSPACE), Vec::<String>::new());
}

#[test]
fn the_order_of_yaml_changes_nothing() {
    let core = Core::new();
    let (one, other) = (core.plan(WORKSPACE), core.plan(&turned_round(WORKSPACE)));
    let steps = |plan: &tenantry::model::plan::Plan| -> Vec<String> {
        plan.steps.iter().map(|step| format!("{:?} {} {:?}", step.action, step.address, step.requires)).collect()
    };
    assert_eq!(steps(&one), steps(&other));
    let mut core = Core::new();
    core.apply(WORKSPACE);
    assert_eq!(told(&core.plan(&turned_round(WORKSPACE))), Vec::<String>::new());
}

#[test]
fn each_step_comes_after_what_it_needs() {
    let plan = Core::new().plan(WORKSPACE);
    for (index, step) in plan.steps.iter().enumerate() {
        assert!(step.requires.iter().all(|first| *first < index), "{}", step.address);
    }
}

#[test]
fn no_secret_stands_in_a_plan() {
    let plan = Core::new().plan(WORKSPACE);
    let text = format!("{plan:?}");
    assert!(!text.contains("hush-"), "a secret shows");
}

#[test]
fn one_change_in_two_hundred_is_one_write() {
    let clients = |changed: &str| -> String {
        let rows: Vec<String> = (0..200)
            .map(|n| {
                format!(
                    "  - {{ name: App {n}, app_type: spa, description: '{}' }}",
                    if n == 77 { changed } else { "same" }
                )
            })
            .collect();
        format!("clients:\n{}\n", rows.join("\n"))
    };
    let mut core = Core::new();
    assert_eq!(core.apply(&clients("before")).len(), 200);
    let writes = core.apply(&clients("after"));
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(writes[0].ends_with(r#"{"description":"after"}"#), "{writes:?}");
    assert_eq!(core.apply(&clients("after")), Vec::<String>::new());
}

#[test]
fn undeclared_objects_and_options_survive() {
    let mut core = Core::new();
    core.apply(WORKSPACE);
    let before = core.plan(WORKSPACE).unmanaged;
    assert!(before >= 2, "the default application and database are there");
    let writes = core.apply(&WORKSPACE.replace("disable_signup: true", "disable_signup: false"));
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(
        writes[0].contains("brute_force_protection") || writes[0].contains("mfa"),
        "options were merged: {writes:?}"
    );
    assert!(!writes.iter().any(|write| write.starts_with("DELETE")));
}

#[test]
fn rules_that_swap_numbers_move_through_a_free_one() {
    let rules = |a: u8, b: u8| {
        format!(
            "rules: [{{ name: a, script: x, order: {a}, enabled: true }}, {{ name: b, script: x, order: {b}, enabled: true }}]"
        )
    };
    let mut core = Core::new();
    core.apply(&rules(1, 2));
    let writes = core.apply(&rules(2, 1));
    assert_eq!(writes.len(), 3, "{writes:?}");
    assert!(core.plan(&rules(2, 1)).is_empty());
}

#[test]
fn a_released_resource_stays_as_it_is() {
    let mut core = Core::new();
    core.apply("roles: [{ name: Admin, description: All }]");
    let mut core = core.exact();
    let released = "roles: [{ name: Admin, description: Other, $release: true }]";
    assert_eq!(core.apply(released), Vec::<String>::new());
    assert_eq!(core.apply("roles: []").len(), 1);
}

#[test]
fn what_is_still_referred_to_is_not_deleted() {
    let before = "clients: [{ name: Job, app_type: non_interactive }]\nresourceServers: [{ name: O, identifier: https://o.example }]\nclientGrants: [{ client_id: Job, audience: https://o.example, scope: [] }]";
    let mut core = Core::new().exact();
    core.apply(before);
    let desired = core.desired(&before.replace("name: Job,", "name: Task,"));
    let (plan, findings) = core.try_plan(&desired);
    assert_eq!(findings.0.iter().map(|f| f.summary.as_str()).collect::<Vec<_>>(), ["`Job` is deleted by this plan"]);
    assert!(plan.notes.iter().any(|note| note.contains("`$was: Job`")), "{:?}", plan.notes);
    // Said as a rename, it is one write, and the grant stays.
    let renamed = before.replace("name: Job,", "name: Task, $was: Job,").replace("client_id: Job", "client_id: Task");
    let writes = core.apply(&renamed);
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(writes[0].ends_with(r#"{"name":"Task"}"#), "{writes:?}");
}

#[test]
fn a_declared_kind_that_cannot_be_read_is_one_gate_and_no_write() {
    use tenantry::model::live::Reading;
    use tenantry::pipeline::plan::{Facts, plan};
    let core = Core::new();
    let desired = core.desired("roles: [{ name: A }, { name: B }]");
    let mut live = tenantry::model::live::Live::default();
    live.readings.insert(
        "roles".to_owned(),
        Reading::Refused { status: 403, reason: "insufficient_scope".to_owned(), request_id: None },
    );
    let (plan, _) = plan(&desired, &live, Facts::default());
    assert!(plan.is_empty());
    assert_eq!(plan.gates.len(), 1, "{:?}", plan.gates);
    assert_eq!((plan.gates[0].name, plan.gates[0].addresses.len(), &plan.gates[0].switch), ("unreadable", 2, &None));
}

#[test]
fn an_incomplete_list_yields_neither_creates_nor_deletes() {
    use tenantry::model::live::Reading;
    use tenantry::pipeline::plan::{Facts, plan};
    let core = Core::new().exact();
    let desired = core.desired("roles: [{ name: A }]");
    let mut live = tenantry::model::live::Live::default();
    live.readings.insert("roles".to_owned(), Reading::Incomplete { got: 1, total: 2 });
    let (plan, _) = plan(&desired, &live, Facts::default());
    assert!(plan.is_empty() && plan.gates.len() == 1, "{:?}", plan.gates);
}

#[test]
fn to_unset_what_is_not_there_asks_for_nothing() {
    let mut core = Core::new();
    let unset = "organizations: [{ name: acme, metadata: { tier: null } }]\n";
    core.apply(unset);
    assert_eq!(told(&core.plan(unset)), Vec::<String>::new());
}
