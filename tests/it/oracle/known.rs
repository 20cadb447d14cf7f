//! Differences between the catalogue and the document, each with its reason.

/// In the types of the vendor's own client (npm auth0 7.1.0, September 2026), which is newer than the document.
const NEWER: &str = "in npm auth0 7.1.0, newer than the document of May 2026 (catalog.json, spec_vs_sdk)";

/// Early access, in the documentation and in recordings, not in the document.
const EARLY: &str = "early access: in the documentation and in recordings (api-quirks 3.8.2), not in the document";

/// The files' own way of writing what requests write otherwise.
const FILES: &str = "files write it so; a quirk or the membership turns it into the request's form";

/// In answers of real tenants.
const ANSWERED: &str = "in recorded answers (catalog.json, undocumented paths; recorded-facts 4)";

/// Accepted by real tenants.
const RECORDED: &str = "in requests that real tenants accepted (compact-schema.md, hand-added fields)";

/// Calls of the Terraform provider that a real tenant answered; this tool makes the documented one instead.
const RECORDED_CALL: &str =
    "in recordings and npm auth0 7.1.0 (catalog.json), not in the document; only the sandbox takes it";

/// Early access since summer 2026.
const LIMITS: &str =
    "early access since summer 2026: in npm auth0 7.1.0 and in recordings, not in the document of May 2026";

/// In the types of the vendor's own client only.
const SDK: &str = "in npm auth0 7.1.0 only (catalog.json)";

/// Beta: neither in the document nor in npm auth0.
const BETA: &str = "beta: in docs-v2 and go-auth0 v3.2.0-beta.0 only (catalog.json)";

/// Served, and documented nowhere.
const SERVED: &str = "undocumented: the Terraform provider calls it (catalog.json; recorded for WebAuthn)";

/// Conditions of flows hold actions, which hold conditions.
const NESTED: &str = "actions inside a condition are actions again; the table knows them to the first depth";

/// Requests that the document of May 2026 lacks.
pub const REQUESTS: &[(&str, &str)] = &[
    ("agents: delete /agents/{}", SDK),
    ("agents: get /agents", SDK),
    ("agents: get /agents/{}", SDK),
    ("agents: patch /agents/{}", SDK),
    ("agents: post /agents", SDK),
    (
        "connections/synchronized_groups: delete /connections/{}/directory-provisioning/synchronized-groups",
        RECORDED_CALL,
    ),
    ("connections/synchronized_groups: post /connections/{}/directory-provisioning/synchronized-groups", RECORDED_CALL),
    ("experiments: delete /experimentation/experiments/{}", BETA),
    ("experiments: get /experimentation/experiments", BETA),
    ("experiments: get /experimentation/experiments/{}", BETA),
    ("experiments: patch /experimentation/experiments/{}", BETA),
    ("experiments: post /experimentation/experiments", BETA),
    ("featureFlags: delete /experimentation/feature-flags/{}", BETA),
    ("featureFlags: get /experimentation/feature-flags", BETA),
    ("featureFlags: get /experimentation/feature-flags/{}", BETA),
    ("featureFlags: patch /experimentation/feature-flags/{}", BETA),
    ("featureFlags: post /experimentation/feature-flags", BETA),
    ("featureFlags/variations: delete /experimentation/feature-flags/{}/variations/{}", BETA),
    ("featureFlags/variations: get /experimentation/feature-flags/{}/variations", BETA),
    ("featureFlags/variations: get /experimentation/feature-flags/{}/variations/{}", BETA),
    ("featureFlags/variations: patch /experimentation/feature-flags/{}/variations/{}", BETA),
    ("featureFlags/variations: post /experimentation/feature-flags/{}/variations", BETA),
    ("segments: delete /experimentation/segments/{}", BETA),
    ("segments: get /experimentation/segments", BETA),
    ("segments: get /experimentation/segments/{}", BETA),
    ("segments: patch /experimentation/segments/{}", BETA),
    ("segments: post /experimentation/segments", BETA),
    ("guardianFactorSettings: get /guardian/factors/email/settings", SDK),
    ("guardianFactorSettings: get /guardian/factors/phone/settings", SDK),
    ("guardianFactorSettings: get /guardian/factors/webauthn-platform/settings", SERVED),
    ("guardianFactorSettings: get /guardian/factors/webauthn-roaming/settings", SERVED),
    ("guardianFactorSettings: put /guardian/factors/email/settings", SDK),
    ("guardianFactorSettings: put /guardian/factors/phone/settings", SDK),
    ("guardianFactorSettings: put /guardian/factors/webauthn-platform/settings", SERVED),
    ("guardianFactorSettings: put /guardian/factors/webauthn-roaming/settings", SERVED),
    ("guardianSettings: get /guardian/settings", SDK),
    ("guardianSettings: put /guardian/settings", SDK),
    ("mfaPushApp: get /prompts/mfa-push", SERVED),
    ("mfaPushApp: patch /prompts/mfa-push", SERVED),
    ("networkACLKeys: delete /keys/network-acls/{}", SDK),
    ("networkACLKeys: get /keys/network-acls", SDK),
    ("networkACLKeys: get /keys/network-acls/{}", SDK),
    ("networkACLKeys: post /keys/network-acls", SDK),
    ("roles/groups: delete /roles/{}/groups", SDK),
    ("roles/groups: get /roles/{}/groups", SDK),
    ("roles/groups: post /roles/{}/groups", SDK),
    ("organizations/group_roles: delete /organizations/{}/groups/{}/roles", SDK),
    ("organizations/group_roles: get /organizations/{}/groups/{}/roles", SDK),
    ("organizations/group_roles: post /organizations/{}/groups/{}/roles", SDK),
    ("organizations/clients: delete /organizations/{}/clients", EARLY),
    ("organizations/clients: get /organizations/{}/clients", EARLY),
    ("organizations/clients: patch /organizations/{}/clients/{}", EARLY),
    ("organizations/clients: post /organizations/{}/clients", EARLY),
    ("phoneProviderProtection: get /attack-protection/phone-provider-protection", SDK),
    ("phoneProviderProtection: patch /attack-protection/phone-provider-protection", SDK),
    ("rateLimitPolicies: delete /rate-limit-policies/{}", LIMITS),
    ("rateLimitPolicies: get /rate-limit-policies", LIMITS),
    ("rateLimitPolicies: get /rate-limit-policies/{}", LIMITS),
    ("rateLimitPolicies: patch /rate-limit-policies/{}", LIMITS),
    ("rateLimitPolicies: post /rate-limit-policies", LIMITS),
];

/// Fields that the table has and the document of May 2026 lacks.
pub const FIELDS: &[(&str, &str)] = &[
    ("experiment: allocation_strategy", BETA),
    ("experiment: allocations", BETA),
    ("experiment: assignment_config", BETA),
    ("experiment: authentication_flow", BETA),
    ("experiment: description", BETA),
    ("experiment: feature_flag_id", BETA),
    ("experiment: name", BETA),
    ("feature_flag: description", BETA),
    ("feature_flag: name", BETA),
    ("feature_flag: parameters", BETA),
    ("feature_flag_variation: description", BETA),
    ("feature_flag_variation: name", BETA),
    ("feature_flag_variation: overrides", BETA),
    ("experiment_segment: description", BETA),
    ("experiment_segment: name", BETA),
    ("experiment_segment: rules", BETA),
    ("action_trigger_binding: action", FILES),
    ("agent: client_id", SDK),
    ("agent: external_agent_id", SDK),
    ("agent: metadata", SDK),
    ("agent: name", SDK),
    ("attack_protection_phone_provider_protection: type", SDK),
    ("attack_protection_suspicious_ip_throttling: stage.pre-custom-token-exchange", NEWER),
    ("branding_theme: identifiers", NEWER),
    ("branding_universal_login_template: body", "answers and files call so what requests call `template` or send bare"),
    ("client: anonymous_sessions", NEWER),
    ("client: b2b_integration_configuration", NEWER),
    ("client: fedcm_login", NEWER),
    ("client: identity_assertion_authorization_grant", NEWER),
    ("client: my_organization_configuration.invitation_landing_client_id", NEWER),
    ("client: my_organization_configuration.third_party_client_access", NEWER),
    ("client: token_vault_privileged_access", NEWER),
    ("connection: connected_accounts.allow_missing_user_id", NEWER),
    ("connection: cross_app_access_requesting_app", NEWER),
    ("connection: cross_app_access_resource_app", NEWER),
    ("connection: options.custom_password_hash", "recorded (catalog.json, undocumented paths); the Deploy CLI maps it"),
    ("connection: options.enable_pushed_authorization_requests", NEWER),
    ("connection: options.id_token_session_expiry_supported", NEWER),
    ("connection: options.oidc_metadata.pushed_authorization_request_endpoint", NEWER),
    ("connection: options.oidc_metadata.require_pushed_authorization_requests", NEWER),
    ("connection: options.pushed_authorization_request_endpoint", NEWER),
    ("connection_directory_synchronized_group: direct_members_count", NEWER),
    ("connection_directory_synchronized_group: email", NEWER),
    ("connection_directory_synchronized_group: name", NEWER),
    ("connection_profile: cross_app_access_resource_app", NEWER),
    ("connection_profile: provisioning", NEWER),
    ("connection_profile: strategy_overrides.ad.provisioning", NEWER),
    ("connection_profile: strategy_overrides.adfs.provisioning", NEWER),
    ("connection_profile: strategy_overrides.google-apps.provisioning", NEWER),
    ("connection_profile: strategy_overrides.oidc.provisioning", NEWER),
    ("connection_profile: strategy_overrides.okta.provisioning", NEWER),
    ("connection_profile: strategy_overrides.pingfederate.provisioning", NEWER),
    ("connection_profile: strategy_overrides.samlp.provisioning", NEWER),
    ("connection_profile: strategy_overrides.waad.provisioning", NEWER),
    ("event_stream: destination.configuration.webhook_authorization.header_value", RECORDED),
    ("event_stream: destination.configuration.webhook_authorization.password", RECORDED),
    ("event_stream: destination.configuration.webhook_authorization.token", RECORDED),
    ("form: nodes[].config.components[].config.server_key", NEWER),
    ("guardian_email_settings: otp_expiration_time", SDK),
    ("guardian_email_settings: otp_length", SDK),
    ("guardian_phone_settings: otp_expiration_time", SDK),
    ("guardian_phone_settings: otp_length", SDK),
    ("guardian_policies: policies", "files name the list that the request sends bare (deploy-cli 3.3)"),
    ("guardian_settings: display_remember_me_checkbox", SDK),
    ("guardian_settings: mfa_session_inactivity_timeout", SDK),
    ("guardian_settings: mfa_session_overall_timeout", SDK),
    ("guardian_settings: remember_me_default_value", SDK),
    ("guardian_webauthn_platform_settings: overrideRelyingParty", SERVED),
    ("guardian_webauthn_platform_settings: relyingPartyIdentifier", SERVED),
    ("guardian_webauthn_platform_settings: userVerification", SERVED),
    ("guardian_webauthn_roaming_settings: overrideRelyingParty", SERVED),
    ("guardian_webauthn_roaming_settings: relyingPartyIdentifier", SERVED),
    ("guardian_webauthn_roaming_settings: userVerification", SERVED),
    ("hook_secret: name", FILES),
    ("hook_secret: value", FILES),
    ("network_acl: rule.match.auth0_managed", NEWER),
    ("network_acl: rule.match.http_message_signature", NEWER),
    ("network_acl: rule.match_all", NEWER),
    ("network_acl: rule.not_match.auth0_managed", NEWER),
    ("network_acl: rule.not_match.http_message_signature", NEWER),
    ("network_acl_key: alg", SDK),
    ("network_acl_key: name", SDK),
    ("network_acl_key: value", SDK),
    ("organization: is_app_entitlement_active", "recorded since summer 2026 (recorded-facts 4, organizations)"),
    ("organization: third_party_client_access", "recorded since summer 2026 (recorded-facts 4, organizations)"),
    ("organization_client: client_id", EARLY),
    ("organization_client: use_for_member_access", EARLY),
    ("role_group: id", FILES),
    ("organization_group_role: group", FILES),
    ("organization_group_role: role", FILES),
    ("organization_client_grant: audience", FILES),
    ("organization_client_grant: client_id", FILES),
    ("organization_client_grant: subject_type", FILES),
    ("prompt_mfa_push_custom_app: app_name", SERVED),
    ("prompt_mfa_push_custom_app: apple_app_link", SERVED),
    ("prompt_mfa_push_custom_app: google_app_link", SERVED),
    ("rate_limit_policy: configuration", LIMITS),
    ("rate_limit_policy: consumer", LIMITS),
    ("rate_limit_policy: consumer_selector", LIMITS),
    ("rate_limit_policy: resource", LIMITS),
    ("resource_server: allow_online_access_with_ephemeral_sessions", NEWER),
    ("resource_server: subject_type_authorization.anonymous_user", NEWER),
    ("resource_server: token_lifetime_for_anonymous_access_tokens", NEWER),
    ("resource_server: token_lifetime_for_web", RECORDED),
    ("role: owner_id", NEWER),
    ("role: type", NEWER),
    ("tenant_settings: country_codes", NEWER),
    ("tenant_settings: ephemeral_session_lifetime_in_minutes", NEWER),
    ("tenant_settings: flags.local_resource_discovery", NEWER),
    ("tenant_settings: flags.use_scope_descriptions_for_consent", RECORDED),
    ("tenant_settings: idle_ephemeral_session_lifetime_in_minutes", NEWER),
    ("tenant_settings: idle_session_lifetime_in_minutes", NEWER),
    ("tenant_settings: include_session_metadata_in_tenant_logs", NEWER),
    ("tenant_settings: security_headers", NEWER),
    ("tenant_settings: session_lifetime_in_minutes", NEWER),
    ("tenant_settings: sessions.anonymous", NEWER),
    ("tenant_settings: universal_login", RECORDED),
];

/// Fields that the document has and the table lacks.
pub const UNUSED: &[(&str, &str)] = &[
    ("connections/enabled_clients: status", "the tool writes it; files only name applications"),
    ("databases/enabled_clients: status", "the tool writes it; files only name applications"),
    ("flows: actions[].params.else[].action", NESTED),
    ("flows: actions[].params.else[].alias", NESTED),
    ("flows: actions[].params.else[].allow_failure", NESTED),
    ("flows: actions[].params.else[].id", NESTED),
    ("flows: actions[].params.else[].mask_output", NESTED),
    ("flows: actions[].params.else[].params", NESTED),
    ("flows: actions[].params.else[].type", NESTED),
    ("flows: actions[].params.then[].action", NESTED),
    ("flows: actions[].params.then[].alias", NESTED),
    ("flows: actions[].params.then[].allow_failure", NESTED),
    ("flows: actions[].params.then[].id", NESTED),
    ("flows: actions[].params.then[].mask_output", NESTED),
    ("flows: actions[].params.then[].params", NESTED),
    ("flows: actions[].params.then[].type", NESTED),
    ("triggers: ref", "the tool writes it in place of the action's name (quirk `binding_refs`)"),
    ("triggers: secrets", "secrets of a binding are a legacy; actions have their own"),
    ("triggers: secrets[].name", "secrets of a binding are a legacy; actions have their own"),
    ("triggers: secrets[].value", "secrets of a binding are a legacy; actions have their own"),
];

/// Fields that only one of both calls required on create.
pub const REQUIRED: &[(&str, &str)] = &[
    ("connections/keys: signing_alg", "the algorithm is all that files say of keys"),
    ("connections/scim_tokens: scopes", "a token that files say nothing of could not be compared"),
    ("emailTemplates: template", "it is the resource's name, which is always there"),
    ("eventStreams: name", "a stream without a name could not be recognised again"),
    ("logStreams: name", "a stream without a name could not be recognised again"),
    ("phoneTemplates: type", "a template without a type could not be recognised again"),
];

/// Fields that kind files speak of and that no request or answer of the document has.
pub const NAMED: &[(&str, &str)] = &[
    ("actions: current_version", ANSWERED),
    ("connections/scim_tokens: name", FILES),
    ("agents: agent_id", SDK),
    ("agents: created_at", SDK),
    ("agents: updated_at", SDK),
    ("clients: callback_url_template", ANSWERED),
    ("clients: config_route", "exports of the Deploy CLI strip it (deploy-cli 4.1), so answers have held it"),
    ("clients: cross_origin_auth", ANSWERED),
    ("clients: encrypted", ANSWERED),
    ("clients: owners", ANSWERED),
    ("clients: signing_keys[].key", ANSWERED),
    ("connections: provisioning_ticket_url", ANSWERED),
    ("customDomainDefault: created_at", ANSWERED),
    ("customDomainDefault: updated_at", "as of the domain itself"),
    ("customDomains: created_at", ANSWERED),
    ("customDomains: updated_at", "exports of the Deploy CLI strip it with the other dates (deploy-cli 4.1)"),
    ("databases: provisioning_ticket_url", ANSWERED),
    ("forms: flow_count", ANSWERED),
    ("networkACLKeys: created_at", SDK),
    ("networkACLKeys: fingerprint", SDK),
    ("networkACLKeys: updated_at", SDK),
    ("networkACLs: deleted_at", ANSWERED),
    ("networkACLs: tenant_id", ANSWERED),
    ("organizations/clients: client", EARLY),
    ("roles/groups: connection_id", SDK),
    ("roles/groups: created_at", SDK),
    ("roles/groups: external_id", SDK),
    ("roles/groups: name", SDK),
    ("roles/groups: tenant_name", SDK),
    ("roles/groups: updated_at", SDK),
    ("phoneTemplates: created_at", ANSWERED),
    ("phoneTemplates: updated_at", ANSWERED),
    ("rateLimitPolicies: created_at", ANSWERED),
    ("rateLimitPolicies: updated_at", ANSWERED),
    ("resourceServers: authorization_details[].type", ANSWERED),
    ("resourceServers: token_encryption.encryption_key.thumbprint_sha256", ANSWERED),
    ("experiments: created_at", BETA),
    ("experiments: ended_at", BETA),
    ("experiments: is_valid", BETA),
    ("experiments: started_at", BETA),
    ("experiments: status", BETA),
    ("experiments: updated_at", BETA),
    ("featureFlags: created_at", BETA),
    ("featureFlags: status", BETA),
    ("featureFlags: type", BETA),
    ("featureFlags: updated_at", BETA),
    ("featureFlags/variations: feature_flag_id", BETA),
    ("featureFlags/variations: updated_at", BETA),
    ("featureFlags/variations: created_at", BETA),
    ("segments: created_at", BETA),
    ("segments: type", BETA),
    ("segments: updated_at", BETA),
    ("tenant: flags.allow_other_legacy_grant_types", ANSWERED),
    ("tenant: flags.cannot_change_enforce_client_authentication_on_passwordless_start", ANSWERED),
    ("tenant: flags.non_oidc_conformant_updated_at", ANSWERED),
];

/// Bodies that a real tenant accepted and the check refuses.
pub const REFUSED: &[(&str, &str)] = &[];

/// Bodies that a real tenant accepted and the check warns of.
pub const WARNED: &[(&str, &str)] = &[];

const NO_BODY: &str = "it has no body";
const OPERATION: &str = "an operation, no setting";
const USERS: &str = "of users, who are no configuration";

/// Accepted writes of the recordings that no kind is judged by.
pub const APART: &[(&str, &str)] = &[
    ("POST /actions/actions/*/deploy", NO_BODY),
    ("POST /actions/modules/*/versions", NO_BODY),
    ("POST /clients/cimd/preview", OPERATION),
    ("POST /clients/cimd/register", OPERATION),
    ("POST /connections/*/keys/rotate", NO_BODY),
    ("POST /connections/*/scim-configuration", NO_BODY),
    ("POST /custom-domains/cd_auth0managed/verify", NO_BODY),
    ("POST /custom-domains/cd_selfmanaged/verify", NO_BODY),
    ("POST /keys/encryption/*/wrapping-key", NO_BODY),
    ("POST /keys/encryption/rekey", NO_BODY),
    ("POST /organizations/*/members", USERS),
    ("POST /roles", "a role that belongs to one organization: the kind leaves those alone"),
    ("POST /users", USERS),
];
