//! Cases of what lies around logins: phones, streams, flows and forms, who may call, and what customers set up themselves.

use super::cases::{Case, Goes};

const EXCHANGE: &str = r"
actions:
  - { name: Swap, code: 'exports.onExecuteCustomTokenExchange = async () => {};', deployed: true, supported_triggers: [{ id: custom-token-exchange, version: v1 }] }
";

const VAULT: &str = r"
flowVaultConnections:
  - { name: CRM, app_id: HTTP, setup: { type: BEARER, token: t } }
  - { name: CRM 2, app_id: HTTP, setup: { type: BEARER, token: t } }
";

const FLOWS: &str = r"
flows:
  - { name: Save }
  - { name: Keep }
";

pub const CASES: &[Case] = &[
    Case {
        kind: "phoneProviders",
        needs: "",
        before: "phoneProviders: [{ name: twilio, disabled: false, configuration: { sid: AC1, default_from: '+15005550006', delivery_methods: [text] }, credentials: { auth_token: t } }]",
        creates: &[
            r#"POST /branding/phone/providers {"name":"twilio","disabled":false,"configuration":{"sid":"AC1","default_from":"+15005550006","delivery_methods":["text"]},"credentials":{"auth_token":"t"}}"#,
        ],
        after: "phoneProviders: [{ name: custom, disabled: false, configuration: { delivery_methods: [text] }, credentials: {} }]",
        updates: &[
            r#"PATCH /branding/phone/providers/* {...,"name":"custom","configuration":{...,"delivery_methods":["text"]},"credentials":{}}"#,
        ],
        goes: Goes::Exact(&["DELETE /branding/phone/providers/*"]),
    },
    Case {
        kind: "phoneTemplates",
        needs: "",
        before: "phoneTemplates: [{ type: otp_verify, disabled: false, content: { syntax: liquid, from: '+15005550006', body: { text: '{{ code }} a', voice: '{{ code }} b' } } }]",
        creates: &[
            r#"POST /branding/phone/templates {"type":"otp_verify","disabled":false,"content":{"syntax":"liquid","from":"+15005550006","body":{"text":"{{ code }} a","voice":"{{ code }} b"}}}"#,
        ],
        after: "phoneTemplates: [{ type: otp_verify, disabled: true, content: { syntax: liquid, from: '+15005550006', body: { text: '{{ code }} c', voice: '{{ code }} b' } } }]",
        updates: &[
            r#"PATCH /branding/phone/templates/* {"disabled":true,"content":{"from":"+15005550006","body":{"text":"{{ code }} c","voice":"{{ code }} b"}}}"#,
        ],
        goes: Goes::Exact(&["DELETE /branding/phone/templates/*"]),
    },
    Case {
        kind: "eventStreams",
        needs: "",
        before: "eventStreams: [{ name: CRM, subscriptions: [{ event_type: user.created }], destination: { type: webhook, configuration: { webhook_endpoint: https://a.example/h, webhook_authorization: { method: bearer, token: t } } } }]",
        creates: &[
            r#"POST /event-streams {"name":"CRM","subscriptions":[{"event_type":"user.created"}],"destination":{"type":"webhook","configuration":{"webhook_endpoint":"https://a.example/h","webhook_authorization":{"method":"bearer","token":"t"}}}}"#,
        ],
        after: "eventStreams: [{ name: CRM, status: disabled, subscriptions: [{ event_type: user.created }], destination: { type: webhook, configuration: { webhook_endpoint: https://b.example/h, webhook_authorization: { method: bearer, token: t } } } }]",
        updates: &[
            r#"PATCH /event-streams/* {"status":"disabled","destination":{"type":"webhook","configuration":{"webhook_endpoint":"https://b.example/h","webhook_authorization":{"method":"bearer","token":"t"}}}}"#,
        ],
        goes: Goes::Exact(&["DELETE /event-streams/*"]),
    },
    Case {
        kind: "flowVaultConnections",
        needs: "",
        before: "flowVaultConnections: [{ name: CRM, app_id: HTTP, setup: { type: BEARER, token: one } }]",
        creates: &[
            r#"POST /flows/vault/connections {"name":"CRM","app_id":"HTTP","setup":{"type":"BEARER","token":"one"}}"#,
        ],
        after: "flowVaultConnections: [{ name: CRM, app_id: HTTP, setup: { type: BEARER, token: two } }]",
        updates: &[r#"PATCH /flows/vault/connections/* {"setup":{"type":"BEARER","token":"two"}}"#],
        goes: Goes::Exact(&["DELETE /flows/vault/connections/*"]),
    },
    Case {
        kind: "flows",
        needs: VAULT,
        before: "flows: [{ name: Save, actions: [{ id: tell, type: HTTP, action: SEND_REQUEST, allow_failure: true, mask_output: true, params: { connection_id: CRM, method: POST, url: 'https://a.example/{{context.user.user_id}}' } }] }]",
        creates: &[
            r#"POST /flows {"name":"Save","actions":[{"id":"tell","type":"HTTP","action":"SEND_REQUEST","allow_failure":true,"mask_output":true,"params":{"connection_id":"*","method":"POST","url":"https://a.example/{{context.user.user_id}}"}}]}"#,
        ],
        after: "flows: [{ name: Save, actions: [{ id: tell, type: HTTP, action: SEND_REQUEST, allow_failure: true, mask_output: true, params: { connection_id: CRM 2, method: POST, url: 'https://a.example/{{context.user.user_id}}' } }] }]",
        updates: &[
            r#"PATCH /flows/* {"actions":[{"id":"tell","type":"HTTP","action":"SEND_REQUEST","allow_failure":true,"mask_output":true,"params":{"connection_id":"*","method":"POST","url":"https://a.example/{{context.user.user_id}}"}}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /flows/*"]),
    },
    Case {
        kind: "forms",
        needs: FLOWS,
        before: "forms: [{ name: Step, languages: { primary: en }, nodes: [{ id: save, type: FLOW, alias: Save, coordinates: { x: 0, y: 0 }, config: { flow_id: Save, next_node: $ending } }], start: { next_node: save }, ending: { resume_flow: true } }]",
        creates: &[
            r#"POST /forms {"name":"Step","languages":{"primary":"en"},"nodes":[{"id":"save","type":"FLOW","alias":"Save","coordinates":{"x":0,"y":0},"config":{"flow_id":"*","next_node":"$ending"}}],"start":{"next_node":"save"},"ending":{"resume_flow":true}}"#,
        ],
        after: "forms: [{ name: Step, languages: { primary: en }, nodes: [{ id: save, type: FLOW, alias: Save, coordinates: { x: 0, y: 0 }, config: { flow_id: Keep, next_node: $ending } }], start: { next_node: save }, ending: { resume_flow: true } }]",
        updates: &[
            r#"PATCH /forms/* {"nodes":[{"id":"save","type":"FLOW","alias":"Save","coordinates":{"x":0,"y":0},"config":{"flow_id":"*","next_node":"$ending"}}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /forms/*"]),
    },
    Case {
        kind: "networkACLs",
        needs: "",
        before: "networkACLs: [{ description: Scanners, active: true, priority: 1, rule: { action: { block: true }, scope: authentication, match: { ipv4_cidrs: [192.0.2.0/24] } } }]",
        creates: &[
            r#"POST /network-acls {"description":"Scanners","active":true,"priority":1,"rule":{"action":{"block":true},"scope":"authentication","match":{"ipv4_cidrs":["192.0.2.0/24"]}}}"#,
        ],
        after: "networkACLs: [{ description: Scanners, active: true, priority: 2, rule: { action: { log: true }, scope: authentication, not_match: { geo_country_codes: [FR] } } }]",
        updates: &[
            r#"PATCH /network-acls/* {"priority":2,"rule":{"action":{"log":true},"scope":"authentication","not_match":{"geo_country_codes":["FR"]}}}"#,
        ],
        goes: Goes::Exact(&["DELETE /network-acls/*"]),
    },
    Case {
        kind: "rateLimitPolicies",
        needs: "",
        before: "rateLimitPolicies: [{ resource: oauth_authentication_api, consumer: client, consumer_selector: default, configuration: { action: block, limit: 100 } }]",
        creates: &[
            r#"POST /rate-limit-policies {"resource":"oauth_authentication_api","consumer":"client","consumer_selector":"default","configuration":{"action":"block","limit":100}}"#,
        ],
        after: "rateLimitPolicies: [{ resource: oauth_authentication_api, consumer: client, consumer_selector: default, configuration: { action: allow } }]",
        updates: &[r#"PATCH /rate-limit-policies/* {"configuration":{"action":"allow"}}"#],
        goes: Goes::Exact(&["DELETE /rate-limit-policies/*"]),
    },
    Case {
        kind: "riskAssessment",
        needs: "",
        before: "riskAssessment: { settings: { enabled: true }, new_device: { remember_for: 14 } }",
        creates: &[
            r#"PATCH /risk-assessments/settings {"enabled":true}"#,
            r#"PATCH /risk-assessments/settings/new-device {"remember_for":14}"#,
        ],
        after: "riskAssessment: { settings: { enabled: true }, new_device: { remember_for: 7 } }",
        updates: &[r#"PATCH /risk-assessments/settings/new-device {"remember_for":7}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "supplementalSignals",
        needs: "",
        before: "supplementalSignals: { akamai_enabled: true }",
        creates: &[r#"PATCH /supplemental-signals {"akamai_enabled":true}"#],
        after: "supplementalSignals: { akamai_enabled: false }",
        updates: &[r#"PATCH /supplemental-signals {"akamai_enabled":false}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "tokenExchangeProfiles",
        needs: EXCHANGE,
        before: "tokenExchangeProfiles: [{ name: Legacy, type: custom_authentication, subject_token_type: 'https://acme.example/legacy', action: Swap }]",
        creates: &[
            r#"POST /token-exchange-profiles {"name":"Legacy","type":"custom_authentication","subject_token_type":"https://acme.example/legacy","action_id":"*"}"#,
        ],
        after: "tokenExchangeProfiles: [{ name: Old sessions, type: custom_authentication, subject_token_type: 'https://acme.example/legacy', action: Swap }]",
        updates: &[r#"PATCH /token-exchange-profiles/* {"name":"Old sessions"}"#],
        goes: Goes::Exact(&["DELETE /token-exchange-profiles/*"]),
    },
    Case {
        kind: "userAttributeProfiles",
        needs: "",
        before: "userAttributeProfiles: [{ name: Staff, user_attributes: { email: { label: E-mail, description: Work, profile_required: true, auth0_mapping: email, scim_mapping: emails } } }]",
        creates: &[
            r#"POST /user-attribute-profiles {"name":"Staff","user_attributes":{"email":{"label":"E-mail","description":"Work","profile_required":true,"auth0_mapping":"email","scim_mapping":"emails"}}}"#,
        ],
        after: "userAttributeProfiles: [{ name: Staff, user_id: { scim_mapping: id }, user_attributes: { email: { label: Mail, description: Work, profile_required: true, auth0_mapping: email } } }]",
        updates: &[
            r#"PATCH /user-attribute-profiles/* {"user_id":{"oidc_mapping":"sub","saml_mapping":["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"],"scim_mapping":"id"},"user_attributes":{"email":{"label":"Mail","description":"Work","profile_required":true,"auth0_mapping":"email"}}}"#,
        ],
        goes: Goes::Exact(&["DELETE /user-attribute-profiles/*"]),
    },
    Case {
        kind: "connectionProfiles",
        needs: "",
        before: "connectionProfiles: [{ name: Enterprise, organization: { show_as_button: required, assign_membership_on_login: optional }, enabled_features: [scim] }]",
        creates: &[
            r#"POST /connection-profiles {"name":"Enterprise","organization":{"show_as_button":"required","assign_membership_on_login":"optional"},"enabled_features":["scim"]}"#,
        ],
        after: "connectionProfiles: [{ name: Enterprise, organization: { show_as_button: none }, enabled_features: [scim] }]",
        updates: &[
            r#"PATCH /connection-profiles/* {"organization":{"assign_membership_on_login":"optional","show_as_button":"none"}}"#,
        ],
        goes: Goes::Exact(&["DELETE /connection-profiles/*"]),
    },
    Case {
        kind: "selfServiceProfiles",
        needs: "userAttributeProfiles: [{ name: Staff, user_attributes: { email: { label: E-mail, description: Work, profile_required: true, auth0_mapping: email } } }]",
        before: "selfServiceProfiles: [{ name: SSO, allowed_strategies: [oidc, samlp], user_attributes: [{ name: email, description: Mail, is_optional: false }] }]",
        creates: &[
            r#"POST /self-service-profiles {"name":"SSO","allowed_strategies":["oidc","samlp"],"user_attributes":[{"name":"email","description":"Mail","is_optional":false}]}"#,
        ],
        after: "selfServiceProfiles: [{ name: SSO, allowed_strategies: [oidc, samlp], user_attribute_profile_id: Staff }]",
        updates: &[r#"PATCH /self-service-profiles/* {"user_attribute_profile_id":"*","user_attributes":null}"#],
        goes: Goes::Exact(&["DELETE /self-service-profiles/*"]),
    },
    Case {
        kind: "selfServiceProfiles/customText",
        needs: "",
        before: "selfServiceProfiles: [{ name: SSO, customText: { en: { get-started: { introduction: Hello } } } }]",
        creates: &[
            r#"POST /self-service-profiles {"name":"SSO"}"#,
            r#"PUT /self-service-profiles/*/custom-text/en/get-started {"introduction":"Hello"}"#,
        ],
        after: "selfServiceProfiles: [{ name: SSO, customText: { en: { get-started: { introduction: Welcome } } } }]",
        updates: &[r#"PUT /self-service-profiles/*/custom-text/en/get-started {"introduction":"Welcome"}"#],
        goes: Goes::Exact(&["DELETE /self-service-profiles/*"]),
    },
];
