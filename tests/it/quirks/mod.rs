//! Every quirk on both sides: what the client sends because of it, and how the sandbox answers who does otherwise.
//!
//! The match in [`sides`] names each variant, so a new one does not compile before it has both. Requests and answers are
//! literals, not derived from the catalogue.

mod client;
mod server;

use std::collections::BTreeSet;

use tenantry::catalogue::quirk::Quirk;
use tenantry::catalogue::table::catalogue;

use crate::conformance;

/// What shows one side of a quirk.
enum Side {
    Test(fn()),
    /// The literal requests of the conformance case of this kind.
    Case(&'static str),
    /// Why there is nothing to show.
    Nothing(&'static str),
}

fn sides(quirk: Quirk) -> (Side, Side) {
    use Side::{Case, Nothing, Test};
    match quirk {
        Quirk::HoursAsMinutes => (Case("tenant"), Test(server::hours_are_read_and_minutes_written)),
        Quirk::BuildThenDeploy => (Case("actions"), Test(server::a_draft_is_neither_deployed_nor_bound)),
        Quirk::PublishVersion => (Case("actionModules"), Test(server::a_module_that_changed_is_a_draft)),
        Quirk::BindingRefs => (Case("triggers"), Test(server::bindings_are_replaced_by_a_list_of_references)),
        Quirk::StatusAfterCreate => {
            (Test(client::a_status_is_sent_after_the_create), Test(server::a_status_is_refused_on_create))
        }
        Quirk::SinkFixedForCloud => (
            Nothing("not tested yet: what the plan does with another sink of a cloud stream"),
            Test(server::the_sink_of_a_cloud_stays),
        ),
        Quirk::GlobalClientPage => (Case("pages"), Test(server::the_page_lies_on_the_global_client)),
        Quirk::CredentialsInMethods => (Case("clients/credentials"), Test(server::an_attached_credential_stays)),
        Quirk::AuthMethodSwitch => (Case("clients/credentials"), Test(server::two_ways_to_log_in_are_refused)),
        Quirk::AllowAllScopesOff => {
            (Test(client::all_scopes_go_off_in_two_steps), Test(server::scopes_beside_all_scopes_are_refused))
        }
        Quirk::AsyncDelete => (
            Nothing("not tested yet: the sandbox ends a deletion at once, so the executor never has to wait"),
            Test(server::a_connection_is_deleted_with_202),
        ),
        Quirk::SystemObjects => {
            (Test(client::a_system_api_is_changed_by_its_id), Test(server::a_system_api_stays_as_it_is))
        }
        Quirk::GrantByClient => (Case("organizations/client_grants"), Test(server::a_grant_is_added_by_its_id_alone)),
        Quirk::GranteeOrDefault => (Case("clientGrants"), Test(server::a_grant_is_for_one_client_or_for_all)),
        Quirk::WholeDocument => {
            (Test(client::texts_of_others_are_sent_along), Test(server::a_put_forgets_what_is_not_sent))
        }
        Quirk::NeedsCustomDomain => (Case("branding/templates"), Test(server::a_template_needs_a_domain)),
        Quirk::UniqueOrder => (Case("rules"), Test(server::two_rules_have_two_numbers)),
        Quirk::ModuleByName => (Case("actionModules"), Test(server::modules_are_known_by_id)),
        Quirk::ListOfOne => (Case("themes"), Nothing("only the files write a list; the API has one path")),
        Quirk::ReadNamesFields => (Test(client::credentials_are_asked_for), Test(server::credentials_come_if_named)),
        Quirk::NameChangeDropsRest => {
            (Test(client::another_provider_brings_all_its_own), Test(server::another_provider_has_no_credentials))
        }
        Quirk::UpdateDefaultsDiffer => {
            (Test(client::options_are_sent_whole), Test(server::who_leaves_pkce_out_turns_it_off))
        }
        Quirk::LogoutMirror => (Case("clients"), Test(server::one_logout_is_the_other)),
        Quirk::OneIsDefault => (
            Nothing("which domain is the default is chosen by an operation of its own that no file asks for"),
            Test(server::the_default_domain_must_be_ready),
        ),
        Quirk::KeyRing => (
            Nothing("keys that rotate are not managed: the files hold nothing of them"),
            Test(server::an_encryption_key_is_made_in_steps),
        ),
        Quirk::SharedMembers => {
            (Test(client::members_of_others_stay), Test(server::a_member_that_is_there_is_a_conflict))
        }
    }
}

#[test]
fn every_quirk_holds_on_both_sides() {
    let quirks: BTreeSet<Quirk> = catalogue().kinds().flat_map(|kind| kind.quirks.iter().copied()).collect();
    let mut problems = Vec::new();
    for quirk in quirks {
        let (client, server) = sides(quirk);
        for (name, side) in [("client", client), ("server", server)] {
            match side {
                Side::Test(test) => {
                    if std::panic::catch_unwind(test).is_err() {
                        problems.push(format!("{quirk:?}: {name}"));
                    }
                }
                Side::Case(kind) => {
                    if !conformance::all().any(|case| case.kind == kind && !case.creates.is_empty()) {
                        problems.push(format!("{quirk:?}: {kind} has no case"));
                    }
                }
                Side::Nothing(reason) => assert!(reason.len() > 20, "{quirk:?}: {name} says no reason"),
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
