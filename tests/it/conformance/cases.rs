//! One case a kind: files before and after one change, and the literal requests that the change must send.
//!
//! The bodies are written by hand from the OpenAPI document and the recordings; nothing here is derived from the
//! catalogue, so that the two can contradict each other. `*` in a path stands for one id.

/// How the object goes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// Emptied under `manage: exact`: these requests.
    Exact(&'static [&'static str]),
    /// `null` under its key.
    Null(&'static [&'static str]),
    /// The API has no way to delete it.
    Never,
}

/// A case. Requests are `METHOD path` and, after a space, the body.
#[derive(Debug)]
pub struct Case {
    pub kind: &'static str,
    /// What must be there first; stays the same throughout.
    pub needs: &'static str,
    pub before: &'static str,
    pub creates: &'static [&'static str],
    pub after: &'static str,
    pub updates: &'static [&'static str],
    pub goes: Goes,
}

const API: &str = r"
resourceServers:
  - { name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }, { value: 'write:orders' }] }
";

pub(super) const CLIENT: &str = r"
clients:
  - { name: Web, app_type: regular_web }
";

pub(super) const ACTION: &str = r"
actions:
  - { name: Gate, code: 'exports.onExecutePostLogin = async () => {};', deployed: true, supported_triggers: [{ id: post-login, version: v3 }] }
  - { name: Claims, code: 'exports.onExecutePostLogin = async () => {};', deployed: true, supported_triggers: [{ id: post-login, version: v3 }] }
";

pub const CASES: &[Case] = &[
    Case {
        kind: "tenant",
        needs: "",
        before: "tenant: { friendly_name: Acme, idle_session_lifetime: 1.5, flags: { revoke_refresh_token_grant: true } }",
        creates: &[
            r#"PATCH /tenants/settings {"friendly_name":"Acme","idle_session_lifetime_in_minutes":90,"flags":{"revoke_refresh_token_grant":true}}"#,
        ],
        after: "tenant: { friendly_name: Acme Inc, idle_session_lifetime: 1.5, flags: { revoke_refresh_token_grant: true } }",
        updates: &[r#"PATCH /tenants/settings {"friendly_name":"Acme Inc"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "clients",
        needs: "",
        before: "clients: [{ name: Web, app_type: regular_web, callbacks: [https://a.example/cb] }]",
        creates: &[r#"POST /clients {"name":"Web","app_type":"regular_web","callbacks":["https://a.example/cb"]}"#],
        after: "clients: [{ name: Web, app_type: regular_web, callbacks: [https://a.example/cb, https://b.example/cb] }]",
        updates: &[r#"PATCH /clients/* {"callbacks":["https://a.example/cb","https://b.example/cb"]}"#],
        goes: Goes::Exact(&["DELETE /clients/*"]),
    },
    Case {
        kind: "clients/credentials",
        needs: "",
        before: "clients: [{ name: Job, app_type: non_interactive, client_authentication_methods: { private_key_jwt: { credentials: [{ name: k1, pem: PEM-ONE }] } } }]",
        creates: &[
            r#"POST /clients {"name":"Job","app_type":"non_interactive"}"#,
            r#"POST /clients/*/credentials {"name":"k1","pem":"PEM-ONE","credential_type":"public_key"}"#,
            r#"PATCH /clients/* {"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"*"}]}},"token_endpoint_auth_method":null}"#,
        ],
        after: "clients: [{ name: Job, app_type: non_interactive, client_authentication_methods: { private_key_jwt: { credentials: [{ name: k2, pem: PEM-TWO }] } } }]",
        updates: &[
            r#"POST /clients/*/credentials {"name":"k2","pem":"PEM-TWO","credential_type":"public_key"}"#,
            r#"PATCH /clients/* {"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"*"}]}},"token_endpoint_auth_method":null}"#,
            "DELETE /clients/*/credentials/*",
        ],
        goes: Goes::Exact(&["DELETE /clients/*"]),
    },
    Case {
        kind: "resourceServers",
        needs: "",
        before: "resourceServers: [{ name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders', description: Read }] }]",
        creates: &[
            r#"POST /resource-servers {"name":"Orders","identifier":"https://orders.example","scopes":[{"value":"read:orders","description":"Read"}]}"#,
        ],
        after: "resourceServers: [{ name: Orders, identifier: https://orders.example, token_lifetime: 3600, scopes: [{ value: 'read:orders', description: Read }] }]",
        updates: &[r#"PATCH /resource-servers/* {"token_lifetime":3600}"#],
        goes: Goes::Exact(&["DELETE /resource-servers/*"]),
    },
    Case {
        kind: "clientGrants",
        needs: "clients: [{ name: Job, app_type: non_interactive }]\nresourceServers: [{ name: Orders, identifier: https://orders.example, scopes: [{ value: 'read:orders' }, { value: 'write:orders' }] }]",
        before: "clientGrants: [{ client_id: Job, audience: https://orders.example, scope: ['read:orders'] }]",
        creates: &[
            r#"POST /client-grants {"client_id":"*","audience":"https://orders.example","scope":["read:orders"]}"#,
        ],
        after: "clientGrants: [{ client_id: Job, audience: https://orders.example, scope: ['read:orders', 'write:orders'] }]",
        updates: &[r#"PATCH /client-grants/* {"scope":["read:orders","write:orders"]}"#],
        goes: Goes::Exact(&["DELETE /client-grants/*"]),
    },
    Case {
        kind: "databases",
        needs: "",
        before: "databases: [{ name: users, strategy: auth0, options: { disable_signup: true } }]",
        creates: &[r#"POST /connections {"name":"users","strategy":"auth0","options":{"disable_signup":true}}"#],
        after: "databases: [{ name: users, strategy: auth0, options: { disable_signup: false } }]",
        updates: &[r#"PATCH /connections/* {"options":{...,"disable_signup":false}}"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "databases/enabled_clients",
        needs: CLIENT,
        before: "databases: [{ name: users, strategy: auth0, enabled_clients: [Web] }]",
        creates: &[
            r#"POST /connections {"name":"users","strategy":"auth0"}"#,
            r#"PATCH /connections/*/clients [{"client_id":"*","status":true}]"#,
        ],
        after: "databases: [{ name: users, strategy: auth0, enabled_clients: [] }]",
        updates: &[r#"PATCH /connections/*/clients [{"client_id":"*","status":false}]"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections",
        needs: "",
        before: "connections: [{ name: google-oauth2, strategy: google-oauth2, options: { client_id: abc, email: true } }]",
        creates: &[
            r#"POST /connections {"name":"google-oauth2","strategy":"google-oauth2","options":{"client_id":"abc","email":true}}"#,
        ],
        after: "connections: [{ name: google-oauth2, strategy: google-oauth2, is_domain_connection: true, options: { client_id: abc, email: true } }]",
        updates: &[r#"PATCH /connections/* {"is_domain_connection":true}"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections/enabled_clients",
        needs: CLIENT,
        before: "connections: [{ name: google-oauth2, strategy: google-oauth2, enabled_clients: [Web] }]",
        creates: &[
            r#"POST /connections {"name":"google-oauth2","strategy":"google-oauth2"}"#,
            r#"PATCH /connections/*/clients [{"client_id":"*","status":true}]"#,
        ],
        after: "connections: [{ name: google-oauth2, strategy: google-oauth2, enabled_clients: [] }]",
        updates: &[r#"PATCH /connections/*/clients [{"client_id":"*","status":false}]"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections/scim_configuration",
        needs: "",
        before: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, scim_configuration: { user_id_attribute: externalId, mapping: [{ scim: userName, auth0: preferred_username }] } }]",
        creates: &[
            r#"POST /connections {"name":"okta","strategy":"okta","options":{"client_id":"a","domain":"x.okta.com"}}"#,
            r#"POST /connections/*/scim-configuration {"user_id_attribute":"externalId","mapping":[{"scim":"userName","auth0":"preferred_username"}]}"#,
        ],
        after: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, scim_configuration: { user_id_attribute: userName, mapping: [{ scim: userName, auth0: preferred_username }] } }]",
        updates: &[
            r#"PATCH /connections/*/scim-configuration {"user_id_attribute":"userName","mapping":[{"scim":"userName","auth0":"preferred_username"}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections/scim_tokens",
        needs: "",
        before: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, scim_configuration: {}, scim_tokens: [{ name: directory, scopes: ['get:users', 'post:users'], token_lifetime: 900, deliver: scim }] }]",
        creates: &[
            r#"POST /connections {"name":"okta","strategy":"okta","options":{"client_id":"a","domain":"x.okta.com"}}"#,
            r#"POST /connections/*/scim-configuration {}"#,
            r#"POST /connections/*/scim-configuration/tokens {"scopes":["get:users","post:users"],"token_lifetime":900}"#,
        ],
        after: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, scim_configuration: {}, scim_tokens: [{ name: directory, scopes: ['post:users', 'get:users'], token_lifetime: 1800, deliver: scim }] }]",
        updates: &[
            "DELETE /connections/*/scim-configuration/tokens/*",
            r#"POST /connections/*/scim-configuration/tokens {"scopes":["post:users","get:users"],"token_lifetime":1800}"#,
        ],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections/keys",
        needs: "",
        before: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, keys: { signing_alg: RS256 } }]",
        creates: &[
            r#"POST /connections {"name":"okta","strategy":"okta","options":{"client_id":"a","domain":"x.okta.com"}}"#,
            r#"POST /connections/*/keys {"signing_alg":"RS256"}"#,
        ],
        after: "connections: [{ name: okta, strategy: okta, options: { client_id: a, domain: x.okta.com }, keys: { signing_alg: PS256 } }]",
        updates: &[r#"POST /connections/*/keys/rotate {"signing_alg":"PS256"}"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "connections/directory_provisioning_configuration",
        needs: "",
        before: "connections: [{ name: gapps, strategy: google-apps, options: { client_id: a, domain: x.example }, directory_provisioning_configuration: { synchronize_automatically: false } }]",
        creates: &[
            r#"POST /connections {"name":"gapps","strategy":"google-apps","options":{"client_id":"a","domain":"x.example"}}"#,
            r#"POST /connections/*/directory-provisioning {"synchronize_automatically":false}"#,
        ],
        after: "connections: [{ name: gapps, strategy: google-apps, options: { client_id: a, domain: x.example }, directory_provisioning_configuration: { synchronize_automatically: true } }]",
        updates: &[r#"PATCH /connections/*/directory-provisioning {"synchronize_automatically":true}"#],
        goes: Goes::Exact(&["DELETE /connections/*"]),
    },
    Case {
        kind: "roles",
        needs: "",
        before: "roles: [{ name: Admin, description: All }]",
        creates: &[r#"POST /roles {"name":"Admin","description":"All"}"#],
        after: "roles: [{ name: Admin, description: Everything }]",
        updates: &[r#"PATCH /roles/* {"description":"Everything"}"#],
        goes: Goes::Exact(&["DELETE /roles/*"]),
    },
    Case {
        kind: "roles/permissions",
        needs: API,
        before: "roles: [{ name: Admin, permissions: [{ permission_name: 'read:orders', resource_server_identifier: https://orders.example }] }]",
        creates: &[
            r#"POST /roles {"name":"Admin"}"#,
            r#"POST /roles/*/permissions {"permissions":[{"permission_name":"read:orders","resource_server_identifier":"https://orders.example"}]}"#,
        ],
        after: "roles: [{ name: Admin, permissions: [{ permission_name: 'write:orders', resource_server_identifier: https://orders.example }] }]",
        updates: &[
            r#"DELETE /roles/*/permissions {"permissions":[{"permission_name":"read:orders","resource_server_identifier":"https://orders.example"}]}"#,
            r#"POST /roles/*/permissions {"permissions":[{"permission_name":"write:orders","resource_server_identifier":"https://orders.example"}]}"#,
        ],
        goes: Goes::Exact(&["DELETE /roles/*"]),
    },
    Case {
        kind: "rules",
        needs: "",
        before: "rules: [{ name: old, script: 'function (u, c, cb) { cb(); }', order: 1, enabled: true }]",
        creates: &[r#"POST /rules {"name":"old","script":"function (u, c, cb) { cb(); }","order":1,"enabled":true}"#],
        after: "rules: [{ name: old, script: 'function (u, c, cb) { cb(); }', order: 1, enabled: false }]",
        updates: &[r#"PATCH /rules/* {"enabled":false}"#],
        goes: Goes::Exact(&["DELETE /rules/*"]),
    },
    Case {
        kind: "rulesConfigs",
        needs: "",
        before: "rulesConfigs: [{ key: HOOK, value: one }]",
        creates: &[r#"PUT /rules-configs/HOOK {"value":"one"}"#],
        after: "rulesConfigs: [{ key: HOOK, value: two }]",
        updates: &[r#"PUT /rules-configs/HOOK {"value":"two"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "hooks",
        needs: "",
        before: "hooks: [{ name: trim, triggerId: credentials-exchange, script: 'module.exports = () => {};', enabled: false }]",
        creates: &[
            r#"POST /hooks {"name":"trim","triggerId":"credentials-exchange","script":"module.exports = () => {};","enabled":false}"#,
        ],
        after: "hooks: [{ name: trim, triggerId: credentials-exchange, script: 'module.exports = () => 1;', enabled: false }]",
        updates: &[r#"PATCH /hooks/* {"script":"module.exports = () => 1;"}"#],
        goes: Goes::Exact(&["DELETE /hooks/*"]),
    },
    Case {
        kind: "hooks/secrets",
        needs: "",
        before: "hooks: [{ name: trim, triggerId: credentials-exchange, script: 'module.exports = () => {};', secrets: { A: one } }]",
        creates: &[
            r#"POST /hooks {"name":"trim","triggerId":"credentials-exchange","script":"module.exports = () => {};"}"#,
            r#"POST /hooks/*/secrets {"A":"one"}"#,
        ],
        after: "hooks: [{ name: trim, triggerId: credentials-exchange, script: 'module.exports = () => {};', secrets: { B: two } }]",
        updates: &[r#"DELETE /hooks/*/secrets ["A"]"#, r#"POST /hooks/*/secrets {"B":"two"}"#],
        goes: Goes::Exact(&["DELETE /hooks/*"]),
    },
    Case {
        kind: "pages",
        needs: "",
        before: "pages: [{ name: login, enabled: true, html: <p>hi</p> }, { name: error_page, html: <p>oops</p>, show_log_link: false }]",
        creates: &[
            r#"PATCH /tenants/settings {"error_page":{"html":"<p>oops</p>","show_log_link":false}}"#,
            r#"PATCH /clients/* {"custom_login_page_on":true,"custom_login_page":"<p>hi</p>"}"#,
        ],
        after: "pages: [{ name: login, enabled: true, html: <p>hello</p> }, { name: error_page, html: <p>oops</p>, show_log_link: false }]",
        updates: &[r#"PATCH /clients/* {"custom_login_page":"<p>hello</p>"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "emailProvider",
        needs: "",
        before: "emailProvider: { name: smtp, enabled: true, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 587, smtp_user: u, smtp_pass: p } }",
        creates: &[
            r#"POST /emails/provider {"name":"smtp","enabled":true,"default_from_address":"a@b.example","credentials":{"smtp_host":"h","smtp_port":587,"smtp_user":"u","smtp_pass":"p"}}"#,
        ],
        after: "emailProvider: { name: smtp, enabled: false, default_from_address: a@b.example, credentials: { smtp_host: h, smtp_port: 587, smtp_user: u, smtp_pass: p } }",
        updates: &[r#"PATCH /emails/provider {"enabled":false}"#],
        goes: Goes::Null(&["DELETE /emails/provider"]),
    },
    Case {
        kind: "emailTemplates",
        needs: "",
        before: "emailTemplates: [{ template: verify_email, body: <p>hi</p>, from: a@b.example, subject: Hi, syntax: liquid, enabled: true }]",
        creates: &[
            r#"POST /email-templates {"template":"verify_email","body":"<p>hi</p>","from":"a@b.example","subject":"Hi","syntax":"liquid","enabled":true}"#,
        ],
        after: "emailTemplates: [{ template: verify_email, body: <p>hi</p>, from: a@b.example, subject: Hello, syntax: liquid, enabled: true }]",
        updates: &[r#"PATCH /email-templates/verify_email {"subject":"Hello"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianFactors",
        needs: "",
        before: "guardianFactors: [{ name: otp, enabled: true }]",
        creates: &[r#"PUT /guardian/factors/otp {"enabled":true}"#],
        after: "guardianFactors: [{ name: otp, enabled: false }]",
        updates: &[r#"PUT /guardian/factors/otp {"enabled":false}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianFactorProviders",
        needs: "",
        before: "guardianFactorProviders: [{ name: sms, provider: twilio, sid: AC1, auth_token: t, from: '+15005550006' }]",
        creates: &[
            r#"PUT /guardian/factors/sms/providers/twilio {...,"sid":"AC1","auth_token":"t","from":"+15005550006"}"#,
        ],
        after: "guardianFactorProviders: [{ name: sms, provider: twilio, sid: AC2, auth_token: t, from: '+15005550006' }]",
        updates: &[
            r#"PUT /guardian/factors/sms/providers/twilio {...,"sid":"AC2","auth_token":"t","from":"+15005550006"}"#,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianFactorTemplates",
        needs: "",
        before: "guardianFactorTemplates: [{ name: sms, enrollment_message: '{{code}} e', verification_message: '{{code}} v' }]",
        creates: &[
            r#"PUT /guardian/factors/sms/templates {"enrollment_message":"{{code}} e","verification_message":"{{code}} v"}"#,
        ],
        after: "guardianFactorTemplates: [{ name: sms, enrollment_message: '{{code}} x', verification_message: '{{code}} v' }]",
        updates: &[
            r#"PUT /guardian/factors/sms/templates {"enrollment_message":"{{code}} x","verification_message":"{{code}} v"}"#,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianPolicies",
        needs: "",
        before: "guardianPolicies: { policies: [all-applications] }",
        creates: &[r#"PUT /guardian/policies ["all-applications"]"#],
        after: "guardianPolicies: { policies: [] }",
        updates: &[r#"PUT /guardian/policies []"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianPhoneFactorSelectedProvider",
        needs: "",
        before: "guardianPhoneFactorSelectedProvider: { provider: twilio }",
        creates: &[r#"PUT /guardian/factors/phone/selected-provider {"provider":"twilio"}"#],
        after: "guardianPhoneFactorSelectedProvider: { provider: auth0 }",
        updates: &[r#"PUT /guardian/factors/phone/selected-provider {"provider":"auth0"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "guardianPhoneFactorMessageTypes",
        needs: "",
        before: "guardianPhoneFactorMessageTypes: { message_types: [sms, voice] }",
        creates: &[r#"PUT /guardian/factors/phone/message-types {"message_types":["sms","voice"]}"#],
        after: "guardianPhoneFactorMessageTypes: { message_types: [sms] }",
        updates: &[r#"PUT /guardian/factors/phone/message-types {"message_types":["sms"]}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "branding",
        needs: "",
        before: "branding: { logo_url: https://a.example/l.svg, colors: { primary: '#0a6ed1' } }",
        creates: &[r##"PATCH /branding {"logo_url":"https://a.example/l.svg","colors":{...,"primary":"#0a6ed1"}}"##],
        after: "branding: { logo_url: https://a.example/m.svg, colors: { primary: '#0a6ed1' } }",
        updates: &[r#"PATCH /branding {"logo_url":"https://a.example/m.svg"}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "branding/templates",
        needs: "customDomains: [{ domain: login.a.example, type: auth0_managed_certs }]",
        before: "branding: { templates: [{ template: universal_login, body: '<html>{%- auth0:head -%}{%- auth0:widget -%}</html>' }] }",
        creates: &[r#"PUT /branding/templates/universal-login "<html>{%- auth0:head -%}{%- auth0:widget -%}</html>""#],
        after: "branding: { templates: [{ template: universal_login, body: '<html><p></p>{%- auth0:head -%}{%- auth0:widget -%}</html>' }] }",
        updates: &[
            r#"PUT /branding/templates/universal-login "<html><p></p>{%- auth0:head -%}{%- auth0:widget -%}</html>""#,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "themes",
        needs: "",
        before: "themes: [{ displayName: One, borders: { button_border_radius: 4, button_border_weight: 1, buttons_style: rounded, input_border_radius: 3, input_border_weight: 1, inputs_style: rounded, show_widget_shadow: true, widget_border_weight: 0, widget_corner_radius: 8 }, colors: { body_text: '#1e212a', error: '#d03c38', header: '#1e212a', icons: '#65676e', input_background: '#fff', input_border: '#c9cace', input_filled_text: '#000000', input_labels_placeholders: '#65676e', links_focused_components: '#0b5cad', primary_button: '#0b5cad', primary_button_label: '#ffffff', secondary_button_border: '#c9cace', secondary_button_label: '#1e212a', success: '#13a688', widget_background: '#ffffff', widget_border: '#c9cace80' }, fonts: { body_text: { bold: false, size: 87.5 }, buttons_text: { bold: true, size: 100 }, font_url: '', input_labels: { bold: false, size: 100 }, links: { bold: true, size: 87.5 }, links_style: normal, reference_text_size: 16, subtitle: { bold: false, size: 87.5 }, title: { bold: true, size: 150 } }, page_background: { background_color: '#f4f6fa', background_image_url: '', page_layout: center }, widget: { header_text_alignment: center, logo_height: 52, logo_position: center, logo_url: '', social_buttons_layout: bottom } }]",
        creates: &[
            r##"POST /branding/themes {...,"displayName":"One","borders":{"button_border_radius":4,"input_border_radius":3},"page_background":{"background_color":"#f4f6fa","background_image_url":"","page_layout":"center"}}"##,
        ],
        after: "themes: [{ displayName: Two, borders: { button_border_radius: 4, button_border_weight: 1, buttons_style: rounded, input_border_radius: 3, input_border_weight: 1, inputs_style: rounded, show_widget_shadow: true, widget_border_weight: 0, widget_corner_radius: 8 }, colors: { body_text: '#1e212a', error: '#d03c38', header: '#1e212a', icons: '#65676e', input_background: '#fff', input_border: '#c9cace', input_filled_text: '#000000', input_labels_placeholders: '#65676e', links_focused_components: '#0b5cad', primary_button: '#0b5cad', primary_button_label: '#ffffff', secondary_button_border: '#c9cace', secondary_button_label: '#1e212a', success: '#13a688', widget_background: '#ffffff', widget_border: '#c9cace80' }, fonts: { body_text: { bold: false, size: 87.5 }, buttons_text: { bold: true, size: 100 }, font_url: '', input_labels: { bold: false, size: 100 }, links: { bold: true, size: 87.5 }, links_style: normal, reference_text_size: 16, subtitle: { bold: false, size: 87.5 }, title: { bold: true, size: 150 } }, page_background: { background_color: '#f4f6fa', background_image_url: '', page_layout: center }, widget: { header_text_alignment: center, logo_height: 52, logo_position: center, logo_url: '', social_buttons_layout: bottom } }]",
        updates: &[
            r##"PATCH /branding/themes/* {...,"displayName":"Two","borders":{"button_border_radius":4,"input_border_radius":3},"page_background":{"background_color":"#f4f6fa","background_image_url":"","page_layout":"center"}}"##,
        ],
        goes: Goes::Never,
    },
    Case {
        kind: "prompts",
        needs: "",
        before: "prompts: { universal_login_experience: classic, identifier_first: true }",
        creates: &[r#"PATCH /prompts {...,"identifier_first":true}"#],
        after: "prompts: { universal_login_experience: classic, identifier_first: false }",
        updates: &[r#"PATCH /prompts {"identifier_first":false}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "prompts/customText",
        needs: "",
        before: "prompts: { customText: { en: { login: { login: { title: Hi } } } } }",
        creates: &[r#"PUT /prompts/login/custom-text/en {"login":{"title":"Hi"}}"#],
        after: "prompts: { customText: { en: { login: { login: { title: Hello } } } } }",
        updates: &[r#"PUT /prompts/login/custom-text/en {"login":{"title":"Hello"}}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "prompts/partials",
        needs: "customDomains: [{ domain: login.a.example, type: auth0_managed_certs }]\nbranding: { templates: [{ template: universal_login, body: '<html>{%- auth0:head -%}{%- auth0:widget -%}</html>' }] }",
        before: "prompts: { partials: { login: { login: { form-content-end: <b>x</b> } } } }",
        creates: &[r#"PUT /prompts/login/partials {"login":{"form-content-end":"<b>x</b>"}}"#],
        after: "prompts: { partials: { login: { login: { form-content-end: <b>y</b> } } } }",
        updates: &[r#"PUT /prompts/login/partials {"login":{"form-content-end":"<b>y</b>"}}"#],
        goes: Goes::Never,
    },
    Case {
        kind: "prompts/screenRenderers",
        needs: "",
        before: "prompts: { screenRenderers: [{ login-id: { login-id: { rendering_mode: advanced, head_tags: [{ tag: script, attributes: { src: https://a.example/a.js } }] } } }] }",
        creates: &[
            r#"PATCH /prompts/login-id/screen/login-id/rendering {"rendering_mode":"advanced","head_tags":[{"tag":"script","attributes":{"src":"https://a.example/a.js"}}]}"#,
        ],
        after: "prompts: { screenRenderers: [{ login-id: { login-id: { rendering_mode: standard, head_tags: [{ tag: script, attributes: { src: https://a.example/a.js } }] } } }] }",
        updates: &[r#"PATCH /prompts/login-id/screen/login-id/rendering {"rendering_mode":"standard"}"#],
        goes: Goes::Never,
    },
];
