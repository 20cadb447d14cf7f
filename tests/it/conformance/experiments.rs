//! Cases of feature flags and what experiments with them; and that a running experiment is let be.

use super::cases::{Case, Goes};
use crate::support::core::{Core, told, wait};
use tenantry::api::port::WriteApi;
use tenantry::api::request::{Method, Request};

const FLAG: &str = "featureFlags: [{ name: Checkout, parameters: { button: { type: string, value: blue } }, variations: [{ name: green, overrides: { button: { value: green } } }, { name: red, overrides: { button: { value: red } } }] }]";

pub const CASES: &[Case] = &[
    Case {
        kind: "featureFlags",
        needs: "",
        before: "featureFlags: [{ name: Checkout, parameters: { button: { type: string, value: blue } } }]",
        creates: &[
            r#"POST /experimentation/feature-flags {"name":"Checkout","parameters":{"button":{"type":"string","value":"blue"}}}"#,
        ],
        after: "featureFlags: [{ name: Checkout, description: At the till, parameters: { button: { type: string, value: blue } } }]",
        updates: &[r#"PATCH /experimentation/feature-flags/* {"description":"At the till"}"#],
        goes: Goes::Exact(&["DELETE /experimentation/feature-flags/*"]),
    },
    Case {
        kind: "featureFlags/variations",
        needs: "",
        before: FLAG,
        creates: &[
            r#"POST /experimentation/feature-flags {"name":"Checkout","parameters":{"button":{"type":"string","value":"blue"}}}"#,
            r#"POST /experimentation/feature-flags/*/variations {"name":"green","overrides":{"button":{"value":"green"}}}"#,
            r#"POST /experimentation/feature-flags/*/variations {"name":"red","overrides":{"button":{"value":"red"}}}"#,
        ],
        after: "featureFlags: [{ name: Checkout, parameters: { button: { type: string, value: blue } }, variations: [{ name: green, overrides: { button: { value: lime } } }] }]",
        updates: &[
            r#"PATCH /experimentation/feature-flags/*/variations/* {"overrides":{"button":{"value":"lime"}}}"#,
            "DELETE /experimentation/feature-flags/*/variations/*",
        ],
        goes: Goes::Exact(&["DELETE /experimentation/feature-flags/*"]),
    },
    Case {
        kind: "experiments",
        needs: FLAG,
        before: "experiments: [{ name: Colour, feature_flag_id: Checkout, authentication_flow: login, allocation_strategy: weighted, assignment_config: { subject: user }, allocations: [{ variation_id: 'Checkout,green', weight: 100, is_control: true }] }]",
        creates: &[
            r#"POST /experimentation/experiments {"name":"Colour","feature_flag_id":"*","authentication_flow":"login","allocation_strategy":"weighted","assignment_config":{"subject":"user"},"allocations":[{"variation_id":"*","weight":100,"is_control":true}]}"#,
        ],
        after: "experiments: [{ name: Colour, feature_flag_id: Checkout, authentication_flow: login, allocation_strategy: weighted, assignment_config: { subject: user }, allocations: [{ variation_id: 'Checkout,green', weight: 50, is_control: true }, { variation_id: 'Checkout,red', weight: 50 }] }]",
        updates: &[
            r#"PATCH /experimentation/experiments/* {"allocations":[{"variation_id":"*","weight":50,"is_control":true},{"variation_id":"*","weight":50}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /experimentation/experiments/*"]),
    },
];

#[test]
fn a_running_experiment_is_let_be() {
    let case = CASES.iter().find(|case| case.kind == "experiments").unwrap();
    let (before, after) = (super::joined(case, case.before), super::joined(case, case.after));
    let mut core = Core::new();
    core.apply(&before);
    let id = core.plan(&after).changes[0].id.clone().unwrap().0;
    let act = |status: &str| {
        let body = serde_json::json!({ "status": status });
        Request::new(Method::Post, format!("/experimentation/experiments/{id}/status"), Some(body))
    };
    assert_eq!(wait(core.api.send(&act("active"))).unwrap().status, 200);
    let plan = core.plan(&after);
    let gates: Vec<(&str, bool)> = plan.gates.iter().map(|gate| (gate.name, gate.switch.is_some())).collect();
    assert_eq!(gates, [("running", false)], "{:#?}", told(&plan));
    assert!(plan.gates[0].reason.contains("pause or complete it first"), "{}", plan.gates[0].reason);
    // Its status is no difference, and what does not change is no reason to refuse.
    let plan = core.plan(&before);
    assert!(plan.is_empty() && plan.gates.is_empty(), "{:#?}", told(&plan));
    assert_eq!(wait(core.api.send(&act("paused"))).unwrap().status, 200);
    core.apply(&after);
    assert!(core.plan(&after).is_empty());
}
