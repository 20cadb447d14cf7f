//! Cases of what runs and what guards: code at triggers, protection from attacks, streams of logs, domains.

use super::cases::{ACTION, CLIENT, Case, Goes};

pub const CASES: &[Case] = &[
    Case {
        kind: "customDomainDefault",
        needs: "customDomains: [{ domain: a.example, type: auth0_managed_certs }, { domain: b.example, type: auth0_managed_certs }]",
        before: "customDomains: [{ domain: a.example, type: auth0_managed_certs }, { domain: b.example, type: auth0_managed_certs, is_default: true }]",
        creates: &[r#"PATCH /custom-domains/default {"domain":"b.example"}"#],
        after: "customDomains: [{ domain: a.example, type: auth0_managed_certs, is_default: true }, { domain: b.example, type: auth0_managed_certs, is_default: false }]",
        updates: &[r#"PATCH /custom-domains/default {"domain":"a.example"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "actions",
        needs: "",
        before: "actions: [{ name: Gate, code: 'exports.a = 1;', deployed: true, secrets: [{ name: KEY, value: s1 }], supported_triggers: [{ id: post-login, version: v3 }] }]",
        creates: &[
            r#"POST /actions/actions {"name":"Gate","code":"exports.a = 1;","secrets":[{"name":"KEY","value":"s1"}],"supported_triggers":[{"id":"post-login","version":"v3"}]}"#,
            "POST /actions/actions/*/deploy",
        ],
        after: "actions: [{ name: Gate, code: 'exports.a = 2;', deployed: true, secrets: [{ name: KEY, value: s1 }], supported_triggers: [{ id: post-login, version: v3 }] }]",
        updates: &[r#"PATCH /actions/actions/* {"code":"exports.a = 2;"}"#, "POST /actions/actions/*/deploy"],
        goes: Goes::Exact(&["DELETE /actions/actions/*?force=true"]),
    },
    Case {
        kind: "actionModules",
        needs: "",
        before: "actionModules: [{ name: shared, code: 'module.exports = 1;', all_changes_published: true }]",
        creates: &[
            r#"POST /actions/modules {"name":"shared","code":"module.exports = 1;"}"#,
            "POST /actions/modules/*/versions {}",
        ],
        after: "actionModules: [{ name: shared, code: 'module.exports = 2;', all_changes_published: true }]",
        updates: &[r#"PATCH /actions/modules/* {"code":"module.exports = 2;"}"#, "POST /actions/modules/*/versions {}"],
        goes: Goes::Exact(&["DELETE /actions/modules/*"]),
    },
    Case {
        kind: "triggers",
        needs: ACTION,
        before: "triggers: { post-login: [{ action_name: Gate, display_name: 1. Gate }, { action_name: Claims }] }",
        creates: &[
            r#"PATCH /actions/triggers/post-login/bindings {"bindings":[{"ref":{"type":"action_id","value":"*"},"display_name":"1. Gate"},{"ref":{"type":"action_id","value":"*"},"display_name":"Claims"}]}"#,
        ],
        after: "triggers: { post-login: [{ action_name: Claims }, { action_name: Gate, display_name: 1. Gate }] }",
        updates: &[
            r#"PATCH /actions/triggers/post-login/bindings {"bindings":[{"ref":{"type":"action_id","value":"*"},"display_name":"Claims"},{"ref":{"type":"action_id","value":"*"},"display_name":"1. Gate"}]}"#,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "organizations",
        needs: "",
        before: "organizations: [{ name: contoso, display_name: Contoso, metadata: { plan: team } }]",
        creates: &[r#"POST /organizations {"name":"contoso","display_name":"Contoso","metadata":{"plan":"team"}}"#],
        after: "organizations: [{ name: contoso, display_name: Contoso Ltd, metadata: { plan: team } }]",
        updates: &[r#"PATCH /organizations/* {"display_name":"Contoso Ltd"}"#],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "organizations/connections",
        needs: "databases: [{ name: users, strategy: auth0 }]",
        before: "organizations: [{ name: contoso, connections: [{ name: users, assign_membership_on_login: false }] }]",
        creates: &[
            r#"POST /organizations {"name":"contoso"}"#,
            r#"POST /organizations/*/connections {"connection_id":"*","assign_membership_on_login":false}"#,
        ],
        after: "organizations: [{ name: contoso, connections: [{ name: users, assign_membership_on_login: true }] }]",
        updates: &[r#"PATCH /organizations/*/connections/* {"assign_membership_on_login":true}"#],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "organizations/client_grants",
        needs: "clients: [{ name: Job, app_type: non_interactive, organization_usage: allow }]\nresourceServers: [{ name: Orders, identifier: https://orders.example }]\nclientGrants: [{ client_id: Job, audience: https://orders.example, scope: [], organization_usage: allow }]",
        before: "organizations: [{ name: contoso, client_grants: [{ client_id: Job }] }]",
        creates: &[
            r#"POST /organizations {"name":"contoso"}"#,
            r#"POST /organizations/*/client-grants {"grant_id":"*"}"#,
        ],
        after: "organizations: [{ name: contoso, client_grants: [] }]",
        updates: &["DELETE /organizations/*/client-grants/*"],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "organizations/discovery_domains",
        needs: "",
        before: "organizations: [{ name: contoso, discovery_domains: [{ domain: contoso.example, status: pending }] }]",
        creates: &[
            r#"POST /organizations {"name":"contoso"}"#,
            r#"POST /organizations/*/discovery-domains {"domain":"contoso.example","status":"pending"}"#,
        ],
        after: "organizations: [{ name: contoso, discovery_domains: [{ domain: contoso.example, status: verified }] }]",
        updates: &[r#"PATCH /organizations/*/discovery-domains/* {"status":"verified"}"#],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "organizations/clients",
        needs: CLIENT,
        before: "organizations: [{ name: contoso, clients: [{ client_id: Web }] }]",
        creates: &[
            r#"POST /organizations {"name":"contoso"}"#,
            r#"POST /organizations/*/clients {"clients":[{"client_id":"*"}]}"#,
        ],
        after: "organizations: [{ name: contoso, clients: [] }]",
        updates: &[r#"DELETE /organizations/*/clients {"clients":["*"]}"#],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "attackProtection",
        needs: "",
        before: "attackProtection: { bruteForceProtection: { enabled: true, max_attempts: 5 }, suspiciousIpThrottling: { stage: { pre-login: { max_attempts: 50, rate: 864000 } } } }",
        creates: &[
            r#"PATCH /attack-protection/brute-force-protection {"max_attempts":5}"#,
            r#"PATCH /attack-protection/suspicious-ip-throttling {"stage":{"pre-login":{"max_attempts":50,"rate":864000}}}"#,
        ],
        after: "attackProtection: { bruteForceProtection: { enabled: true, max_attempts: 6 }, suspiciousIpThrottling: { stage: { pre-login: { max_attempts: 50, rate: 864000 } } } }",
        updates: &[r#"PATCH /attack-protection/brute-force-protection {"max_attempts":6}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "logStreams",
        needs: "",
        before: "logStreams: [{ name: siem, type: http, status: paused, sink: { httpEndpoint: https://a.example/l, httpContentFormat: JSONLINES } }]",
        creates: &[
            r#"POST /log-streams {"name":"siem","type":"http","sink":{"httpEndpoint":"https://a.example/l","httpContentFormat":"JSONLINES"}}"#,
            r#"PATCH /log-streams/* {"status":"paused"}"#,
        ],
        after: "logStreams: [{ name: siem, type: http, status: active, sink: { httpEndpoint: https://a.example/l, httpContentFormat: JSONLINES } }]",
        updates: &[r#"PATCH /log-streams/* {"status":"active"}"#],
        goes: Goes::Exact(&["DELETE /log-streams/*"]),
    },
    Case {
        kind: "customDomains",
        needs: "",
        before: "customDomains: [{ domain: login.a.example, type: auth0_managed_certs, tls_policy: recommended }]",
        creates: &[
            r#"POST /custom-domains {"domain":"login.a.example","type":"auth0_managed_certs","tls_policy":"recommended"}"#,
        ],
        after: "customDomains: [{ domain: login.a.example, type: auth0_managed_certs, tls_policy: recommended, domain_metadata: { env: dev } }]",
        updates: &[r#"PATCH /custom-domains/* {"domain_metadata":{"env":"dev"}}"#],
        goes: Goes::Exact(&["DELETE /custom-domains/*"]),
    },
];
