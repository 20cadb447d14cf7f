//! Every quirk on both sides: what the client sends because of it, and how the sandbox answers who does otherwise.
//!
//! The match in [`sides`] names each variant, so a new one does not compile before it has both. Requests and answers are
//! literals, not derived from the catalogue.

mod behaviours;
pub mod client;
mod sections;
pub mod server;
mod unreliable;

use std::collections::BTreeSet;

use tenantry::catalogue::quirk::Quirk;
use tenantry::catalogue::table::catalogue;

use self::behaviours::Behaviour;
use crate::conformance::{self, cases::Case};
use crate::who;

/// What shows one side of a quirk.
enum Side {
    Test(fn()),
    /// This literal request of the conformance case of this kind, which the conformance test sees sent.
    Case(&'static str, &'static str),
    /// Why there is nothing to show.
    Nothing(&'static str),
}

/// A credential is attached by id, and the way to log in that it replaces goes with the same request.
const ATTACHED: &str = r#"PATCH /clients/* {"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"*"}]}},"token_endpoint_auth_method":null}"#;

fn sides(quirk: Quirk) -> (Side, Side) {
    use Side::{Case, Nothing, Test};
    match quirk {
        Quirk::HoursAsMinutes => (
            Case(
                "tenant",
                r#"PATCH /tenants/settings {"friendly_name":"Acme","idle_session_lifetime_in_minutes":90,"flags":{"revoke_refresh_token_grant":true}}"#,
            ),
            Test(server::hours_are_read_and_minutes_written),
        ),
        Quirk::BuildThenDeploy => {
            (Case("actions", "POST /actions/actions/*/deploy"), Test(server::a_draft_is_neither_deployed_nor_bound))
        }
        Quirk::PublishVersion => (
            Case("actionModules", "POST /actions/modules/*/versions {}"),
            Test(server::a_module_that_changed_is_a_draft),
        ),
        Quirk::BindingRefs => (
            Case(
                "triggers",
                r#"PATCH /actions/triggers/post-login/bindings {"bindings":[{"ref":{"type":"action_id","value":"*"},"display_name":"Claims"},{"ref":{"type":"action_id","value":"*"},"display_name":"1. Gate"}]}"#,
            ),
            Test(server::bindings_are_replaced_by_a_list_of_references),
        ),
        Quirk::StatusAfterCreate => {
            (Test(client::a_status_is_sent_after_the_create), Test(server::a_status_is_refused_on_create))
        }
        Quirk::SinkFixedForCloud => {
            (Test(client::another_cloud_takes_another_stream), Test(server::the_sink_of_a_cloud_stays))
        }
        Quirk::GlobalClientPage => {
            (Test(client::the_global_client_is_asked_for), Test(server::the_page_lies_on_the_global_client))
        }
        Quirk::CredentialsInMethods => {
            (Case("clients/credentials", ATTACHED), Test(server::an_attached_credential_stays))
        }
        Quirk::AuthMethodSwitch => {
            (Case("clients/credentials", ATTACHED), Test(server::two_ways_to_log_in_are_refused))
        }
        Quirk::AllowAllScopesOff => {
            (Test(client::all_scopes_go_off_in_two_steps), Test(server::scopes_beside_all_scopes_are_refused))
        }
        Quirk::AsyncDelete => (Test(client::a_deletion_is_waited_for), Test(server::a_connection_is_deleted_with_202)),
        Quirk::SystemObjects => {
            (Test(client::a_system_api_is_changed_by_its_id), Test(server::a_system_api_stays_as_it_is))
        }
        Quirk::GrantByClient => {
            (Test(client::the_grant_of_that_api_is_meant), Test(server::a_grant_is_added_by_its_id_alone))
        }
        Quirk::GranteeOrDefault => {
            (Test(client::a_grant_for_all_names_no_client), Test(server::a_grant_is_for_one_client_or_for_all))
        }
        Quirk::WholeDocument => {
            (Test(client::texts_of_others_are_sent_along), Test(server::a_put_forgets_what_is_not_sent))
        }
        Quirk::NeedsCustomDomain => {
            (Test(behaviours::a_template_comes_after_its_domain), Test(server::a_template_needs_a_domain))
        }
        Quirk::UniqueOrder => {
            (Test(client::rules_change_places_through_a_free_number), Test(server::two_rules_have_two_numbers))
        }
        Quirk::ModuleByName => (Test(client::a_module_is_sent_by_its_ids), Test(server::modules_are_known_by_id)),
        Quirk::ListOfOne => {
            (Test(client::a_second_theme_is_a_mistake), Nothing("only the files write a list; the API has one path"))
        }
        Quirk::ReadNamesFields => (Test(client::credentials_are_asked_for), Test(server::credentials_come_if_named)),
        Quirk::NameChangeDropsRest => {
            (Test(client::another_provider_brings_all_its_own), Test(server::another_provider_has_no_credentials))
        }
        Quirk::UpdateDefaultsDiffer => {
            (Test(client::options_are_sent_whole), Test(server::who_leaves_pkce_out_turns_it_off))
        }
        Quirk::LogoutMirror => {
            (Test(client::one_logout_is_written_and_the_other_follows), Test(server::one_logout_is_the_other))
        }
        Quirk::OneIsDefault => (
            Case("customDomainDefault", r#"PATCH /custom-domains/default {"domain":"b.example"}"#),
            Test(server::the_default_domain_must_be_ready),
        ),
        Quirk::KeyRing => (
            Nothing("the ring is the sandbox's; files hold its root (key_ceremony)"),
            Test(server::an_encryption_key_is_made_in_steps),
        ),
        Quirk::KeyCeremony => (
            Case("encryptionKey", "POST /keys/encryption/*/wrapping-key"),
            Test(server::an_encryption_key_is_made_in_steps),
        ),
        Quirk::NamedByRecord => (
            Case("connections/scim_tokens", "DELETE /connections/*/scim-configuration/tokens/*"),
            Test(server::a_token_is_shown_once_and_has_no_name),
        ),
        Quirk::KeySuccession => (
            Case("connections/keys", r#"POST /connections/*/keys/rotate {"signing_alg":"PS256"}"#),
            Test(server::a_rotation_makes_the_next_key),
        ),
        Quirk::EventLog => {
            (Test(who::the_log_is_searched_back_to_the_record), Test(who::the_log_tells_of_writes_alone))
        }
        Quirk::SharedMembers => {
            (Test(client::members_of_others_stay), Test(server::a_member_that_is_there_is_a_conflict))
        }
    }
}

/// The quirks that kinds have.
fn declared() -> BTreeSet<Quirk> {
    catalogue().served().flat_map(|kind| kind.quirks.iter().copied()).collect()
}

fn problem(name: &str, side: Side) -> Option<String> {
    match side {
        Side::Test(test) => std::panic::catch_unwind(test).is_err().then(|| name.to_owned()),
        Side::Case(kind, line) => {
            let has =
                |case: &Case| case.kind == kind && case.creates.iter().chain(case.updates).any(|other| *other == line);
            (!conformance::all().any(has)).then(|| format!("{name}: the case of {kind} does not send {line}"))
        }
        Side::Nothing(reason) => (reason.len() < 20).then(|| format!("{name}: no reason")),
    }
}

#[test]
fn every_quirk_holds_on_both_sides() {
    let both = |quirk: Quirk| {
        let (client, server) = sides(quirk);
        [problem(&format!("{quirk:?}, client"), client), problem(&format!("{quirk:?}, server"), server)]
    };
    let problems: Vec<String> = declared().into_iter().flat_map(both).flatten().collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_behaviour_holds_on_both_sides() {
    let both = |row: Behaviour| {
        [problem(&format!("{}, client", row.name), row.client), problem(&format!("{}, server", row.name), row.server)]
    };
    let problems: Vec<String> = behaviours::all().into_iter().flat_map(both).flatten().collect();
    assert!(problems.is_empty(), "{problems:#?}");
}
