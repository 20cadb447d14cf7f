//! Cases of kinds that other tools do not have.

use super::cases::{Case, Goes};

macro_rules! eight_times {
    ($text:literal) => {
        concat!($text, $text, $text, $text, $text, $text, $text, $text)
    };
}

/// What stands for a wrapped root key, as long as one: the sandbox takes no shorter one.
macro_rules! wrapped {
    () => {
        eight_times!("d3JhcHBlZCByb290IGtleSBtYXRlcmlhbCwgZm9yIHRoZSBzYW5kYm94IG9ubHkh")
    };
}

pub const CASES: &[Case] = &[
    Case {
        kind: "guardianFactorSettings",
        needs: "",
        before: "guardianFactorSettings: [{ name: duo, ikey: i, skey: s, host: h }, { name: webauthn-roaming, userVerification: preferred }]",
        creates: &[
            r#"PUT /guardian/factors/duo/settings {"ikey":"i","skey":"s","host":"h"}"#,
            r#"PUT /guardian/factors/webauthn-roaming/settings {"userVerification":"preferred","overrideRelyingParty":false}"#,
        ],
        after: "guardianFactorSettings: [{ name: duo, ikey: i, skey: t }, { name: webauthn-roaming, userVerification: preferred }]",
        updates: &[r#"PUT /guardian/factors/duo/settings {"ikey":"i","skey":"t","host":"h"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianPushProviders",
        needs: "",
        before: "guardianPushProviders: [{ provider: apns, bundle_id: a.b, sandbox: true, p12: one }, { provider: fcmv1, server_credentials: two }]",
        creates: &[
            r#"PUT /guardian/factors/push-notification/providers/apns {"bundle_id":"a.b","sandbox":true,"p12":"one"}"#,
            r#"PUT /guardian/factors/push-notification/providers/fcmv1 {"server_credentials":"two"}"#,
        ],
        after: "guardianPushProviders: [{ provider: apns, bundle_id: a.b, sandbox: true, p12: one }, { provider: fcmv1, server_credentials: three }]",
        updates: &[r#"PUT /guardian/factors/push-notification/providers/fcmv1 {"server_credentials":"three"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianPushFactorSelectedProvider",
        needs: "",
        before: "guardianPushFactorSelectedProvider: { provider: direct }",
        creates: &[r#"PUT /guardian/factors/push-notification/selected-provider {"provider":"direct"}"#],
        after: "guardianPushFactorSelectedProvider: { provider: sns }",
        updates: &[r#"PUT /guardian/factors/push-notification/selected-provider {"provider":"sns"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianSettings",
        needs: "",
        before: "guardianSettings: { remember_me_default_value: true }",
        creates: &[
            r#"PUT /guardian/settings {"display_remember_me_checkbox":true,"remember_me_default_value":true,"mfa_session_inactivity_timeout":259200,"mfa_session_overall_timeout":2592000}"#,
        ],
        after: "guardianSettings: { remember_me_default_value: true, mfa_session_inactivity_timeout: 3600 }",
        updates: &[
            r#"PUT /guardian/settings {"display_remember_me_checkbox":true,"remember_me_default_value":true,"mfa_session_inactivity_timeout":3600,"mfa_session_overall_timeout":2592000}"#,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "mfaPushApp",
        needs: "",
        before: "mfaPushApp: { app_name: Acme, apple_app_link: 'https://a.example/app', google_app_link: 'https://g.example/app' }",
        creates: &[
            r#"PATCH /prompts/mfa-push {"app_name":"Acme","apple_app_link":"https://a.example/app","google_app_link":"https://g.example/app"}"#,
        ],
        after: "mfaPushApp: { app_name: Acme Guard, apple_app_link: 'https://a.example/app', google_app_link: 'https://g.example/app' }",
        updates: &[r#"PATCH /prompts/mfa-push {"app_name":"Acme Guard"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "phoneProviderProtection",
        needs: "",
        before: "phoneProviderProtection: { type: exponential }",
        creates: &[r#"PATCH /attack-protection/phone-provider-protection {"type":"exponential"}"#],
        after: "phoneProviderProtection: { type: default }",
        updates: &[r#"PATCH /attack-protection/phone-provider-protection {"type":"default"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "connections/synchronized_groups",
        needs: "",
        before: "connections: [{ name: g, strategy: google-apps, options: { client_id: i, domain: a.example }, directory_provisioning_configuration: { synchronize_groups: selected, synchronized_groups: [{ id: b2, name: Staff }, { id: a1 }] } }]",
        creates: &[
            r#"POST /connections {"name":"g","strategy":"google-apps","options":{"client_id":"i","domain":"a.example"}}"#,
            r#"POST /connections/*/directory-provisioning {"synchronize_groups":"selected"}"#,
            r#"PUT /connections/*/directory-provisioning/synchronized-groups {"groups":[{"id":"a1"},{"id":"b2","name":"Staff"}]}"#,
        ],
        after: "connections: [{ name: g, strategy: google-apps, options: { client_id: i, domain: a.example }, directory_provisioning_configuration: { synchronize_groups: selected, synchronized_groups: [{ id: c3, email: c@a.example }, { id: b2 }] } }]",
        updates: &[
            r#"PUT /connections/*/directory-provisioning/synchronized-groups {"groups":[{"id":"b2","name":"Staff"},{"id":"c3","email":"c@a.example"}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "customSigningKeys",
        needs: "",
        before: "customSigningKeys: { keys: [{ kty: RSA, kid: one, n: abc, e: AQAB }] }",
        creates: &[r#"PUT /keys/custom-signing {"keys":[{"kty":"RSA","kid":"one","n":"abc","e":"AQAB"}]}"#],
        after: "customSigningKeys: { keys: [{ kty: RSA, kid: two, n: def, e: AQAB }] }",
        updates: &[r#"PUT /keys/custom-signing {"keys":[{"kty":"RSA","kid":"two","n":"def","e":"AQAB"}]}"#],
        goes: Goes::Null(&["DELETE /keys/custom-signing"]),
    },
    Case {
        kind: "networkACLKeys",
        needs: "",
        before: "networkACLKeys: [{ name: edge, alg: hmac-sha256, value: one }]",
        creates: &[r#"POST /keys/network-acls {"name":"edge","alg":"hmac-sha256","value":"one"}"#],
        after: "networkACLKeys: [{ name: edge, alg: hmac-sha256, value: two }]",
        updates: &[
            "DELETE /keys/network-acls/*",
            r#"POST /keys/network-acls {"name":"edge","alg":"hmac-sha256","value":"two"}"#,
        ],
        goes: Goes::Exact(&["DELETE /keys/network-acls/*"]),
    },
    Case {
        kind: "verifiableCredentialTemplates",
        needs: "",
        before: "verifiableCredentialTemplates: [{ name: Licence, type: mdl, dialect: simplified/1.0, well_known_trusted_issuers: aamva, presentation: { org.iso.18013.5.1.mDL: { org.iso.18013.5.1: { family_name: false } } } }]",
        creates: &[
            r#"POST /verifiable-credentials/verification/templates {"name":"Licence","type":"mdl","dialect":"simplified/1.0","well_known_trusted_issuers":"aamva","presentation":{"org.iso.18013.5.1.mDL":{"org.iso.18013.5.1":{"family_name":false}}}}"#,
        ],
        after: "verifiableCredentialTemplates: [{ name: Licence, type: mdl, dialect: simplified/1.0, well_known_trusted_issuers: aamva, presentation: { org.iso.18013.5.1.mDL: { org.iso.18013.5.1: { given_name: false } } } }]",
        updates: &[
            r#"PATCH /verifiable-credentials/verification/templates/* {"presentation":{"org.iso.18013.5.1.mDL":{"org.iso.18013.5.1":{"given_name":false}}}}"#,
        ],
        goes: Goes::Exact(&["DELETE /verifiable-credentials/verification/templates/*"]),
    },
    Case {
        kind: "encryptionKey",
        needs: "",
        before: "encryptionKey: { type: customer-provided-root-key }",
        creates: &[
            r#"POST /keys/encryption {"type":"customer-provided-root-key"}"#,
            "POST /keys/encryption/*/wrapping-key",
        ],
        after: concat!("encryptionKey: { type: customer-provided-root-key, wrapped_key: ", wrapped!(), " }"),
        updates: &[concat!(r#"POST /keys/encryption/* {"wrapped_key":""#, wrapped!(), r#""}"#)],
        goes: Goes::Null(&["DELETE /keys/encryption/*"]),
    },
    Case {
        kind: "agents",
        needs: "clients: [{ name: Web, app_type: regular_web }]",
        before: "agents: [{ name: Clerk, client_id: Web, metadata: { team: a } }]",
        creates: &[r#"POST /agents {"name":"Clerk","client_id":"*","metadata":{"team":"a"}}"#],
        after: "agents: [{ name: Clerk, client_id: Web, metadata: { room: b } }]",
        updates: &[r#"PATCH /agents/* {"metadata":{"room":"b"}}"#],
        goes: Goes::Exact(&["DELETE /agents/*"]),
    },
    Case {
        kind: "roles/groups",
        needs: "",
        before: "roles: [{ name: Admin, groups: ['Username-Password-Authentication,Engineering'] }]",
        creates: &[r#"POST /roles {"name":"Admin"}"#, r#"POST /roles/*/groups {"groups":["grp_1"]}"#],
        after: "roles: [{ name: Admin, groups: ['Username-Password-Authentication,Finance'] }]",
        updates: &[r#"DELETE /roles/*/groups {"groups":["grp_1"]}"#, r#"POST /roles/*/groups {"groups":["grp_2"]}"#],
        goes: Goes::Exact(&["DELETE /roles/*"]),
    },
    Case {
        kind: "organizations/group_roles",
        needs: "roles: [{ name: Admin }, { name: Member }, { name: Reader }]",
        before: "organizations: [{ name: acme, group_roles: [{ group: 'Username-Password-Authentication,Engineering', role: Admin }, { group: 'Username-Password-Authentication,Engineering', role: Member }, { group: 'Username-Password-Authentication,Finance', role: Reader }] }]",
        creates: &[
            r#"POST /organizations {"name":"acme"}"#,
            r#"POST /organizations/*/groups/grp_1/roles {"roles":["*","*"]}"#,
            r#"POST /organizations/*/groups/grp_2/roles {"roles":["*"]}"#,
        ],
        after: "organizations: [{ name: acme, group_roles: [{ group: 'Username-Password-Authentication,Engineering', role: Admin }, { group: 'Username-Password-Authentication,Engineering', role: Reader }] }]",
        updates: &[
            r#"DELETE /organizations/*/groups/grp_1/roles {"roles":["*"]}"#,
            r#"DELETE /organizations/*/groups/grp_2/roles {"roles":["*"]}"#,
            r#"POST /organizations/*/groups/grp_1/roles {"roles":["*"]}"#,
        ],
        goes: Goes::Exact(&["DELETE /organizations/*"]),
    },
    Case {
        kind: "segments",
        needs: "",
        before: "segments: [{ name: Staff, rules: [{ attribute: email, operator: ends_with, value: '@a.example' }] }]",
        creates: &[
            r#"POST /experimentation/segments {"name":"Staff","rules":[{"attribute":"email","operator":"ends_with","value":"@a.example"}]}"#,
        ],
        after: "segments: [{ name: Staff, rules: [{ attribute: email, operator: ends_with, value: '@b.example' }] }]",
        updates: &[
            r#"PATCH /experimentation/segments/* {"rules":[{"attribute":"email","operator":"ends_with","value":"@b.example"}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /experimentation/segments/*"]),
    },
];
