//! Every entry of api-quirks.md, section 3, and what shows it here: a quirk, a behaviour, a test by its name, or the reason
//! why there is nothing to show. With `TENANTRY_SHARED` the list is held against the document.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tenantry::catalogue::quirk::Quirk;

use super::behaviours;

enum By {
    Quirk(Quirk),
    Behaviour(&'static str),
    /// A function of this name in `src/` or `tests/`.
    Test(&'static str),
    /// Why nothing here shows it.
    Nothing(&'static str),
}

use By::{Behaviour as B, Nothing as N, Quirk as Q, Test as T};

/// What another client does, and this one does not.
const THEIRS: &str =
    "this is how another client works around the API, not what the API does; this client does not do it";
/// Fields are compared and sent as the files have them, so that there is nothing of its own to show.
const PLAIN: &str = "a field like any other here: it is compared and sent if the files name it, and left alone if not";

const ROWS: &[(&str, By)] = &[
    ("3.0.1", T("every_kind_is_made_changed_and_unmade")),
    ("3.0.2", T("every_kind_is_made_changed_and_unmade")),
    ("3.0.3", T("pages_are_those_of_the_real_api")),
    ("3.0.4", T("updates_of_clients_merge_where_the_real_ones_do")),
    ("3.0.5", B("metadata")),
    ("3.0.6", T("only_named_objects_merge")),
    ("3.0.7", T("null_and_absent_are_one")),
    ("3.0.8", B("shuffled")),
    ("3.0.9", Q(Quirk::HoursAsMinutes)),
    ("3.0.10", N("times are the server's: read-only in every kind file and never compared")),
    ("3.0.11", T("clients_are_completed_by_their_kind")),
    ("3.0.12", B("partial-answer")),
    ("3.1.1", Q(Quirk::BuildThenDeploy)),
    ("3.1.2", Q(Quirk::BuildThenDeploy)),
    ("3.1.3", N("`deployed: false` asks for nothing: what runs stays, and the plan is empty")),
    ("3.1.4", N(PLAIN)),
    ("3.1.5", T("a_secret_never_shows_and_is_sent_again_only_when_it_changes")),
    ("3.1.6", Q(Quirk::ModuleByName)),
    ("3.1.7", T("actions_are_built_deployed_and_then_bound")),
    ("3.1.8", Q(Quirk::BindingRefs)),
    ("3.1.9", N(THEIRS)),
    ("3.1.10", N("both triggers that the other client lacks are in the table of fields")),
    ("3.1.11", Q(Quirk::PublishVersion)),
    ("3.2.1", B("entitlement")),
    ("3.2.2", T("documents_are_merged_replaced_or_echoed")),
    ("3.2.3", T("a_secret_never_shows_and_is_sent_again_only_when_it_changes")),
    (
        "3.2.4",
        N("which settings need which plan is the tenant's to say; its refusal is shown with help (see entitlement)"),
    ),
    ("3.2.5", T("a_released_resource_stays_as_it_is")),
    ("3.3.1", Q(Quirk::NeedsCustomDomain)),
    ("3.3.2", N(PLAIN)),
    ("3.3.3", Q(Quirk::ListOfOne)),
    ("3.3.4", T("documents_are_merged_replaced_or_echoed")),
    ("3.3.5", Q(Quirk::WholeDocument)),
    ("3.3.6", T("documents_are_merged_replaced_or_echoed")),
    ("3.3.7", Q(Quirk::GlobalClientPage)),
    ("3.3.8", T("every_kind_is_made_changed_and_unmade")),
    ("3.4.1", B("stale")),
    ("3.4.2", T("one_change_in_two_hundred_is_one_write")),
    ("3.4.3", B("addons")),
    ("3.4.4", B("metadata")),
    ("3.4.5", T("undeclared_objects_and_options_survive")),
    ("3.4.6", Q(Quirk::AuthMethodSwitch)),
    ("3.4.7", Q(Quirk::CredentialsInMethods)),
    ("3.4.8", N("a credential is recognised by its name in the files, not by the thumbprint of its key")),
    ("3.4.9", N(PLAIN)),
    ("3.4.10", T("bodies_that_do_not_fit_are_refused")),
    ("3.4.11", N(PLAIN)),
    ("3.4.12", T("masked_and_unseen_secrets_are_kept_by_name")),
    (
        "3.4.13",
        N("registration by a document of a client's metadata is no kind: it is an operation, not configuration"),
    ),
    ("3.4.14", T("clients_are_completed_by_their_kind")),
    ("3.5.1", Q(Quirk::GranteeOrDefault)),
    ("3.5.2", Q(Quirk::AllowAllScopesOff)),
    ("3.5.3", Q(Quirk::GranteeOrDefault)),
    ("3.5.4", N("grants of system APIs are Auth0's: the kind file lists them as built in, so no run touches one")),
    ("3.5.5", T("permissions_are_described_by_their_api_and_go_with_it")),
    ("3.5.6", Q(Quirk::SystemObjects)),
    ("3.5.7", N(THEIRS)),
    ("3.5.8", T("recorded_requests_pass_the_check")),
    ("3.5.9", T("undeclared_objects_and_options_survive")),
    ("3.6.1", Q(Quirk::UpdateDefaultsDiffer)),
    ("3.6.2", T("undeclared_objects_and_options_survive")),
    ("3.6.3", T("encrypted_texts_that_come_back_keep_their_value")),
    ("3.6.4", T("identifiers_of_a_database_must_make_sense")),
    ("3.6.5", T("identifiers_of_a_database_must_make_sense")),
    ("3.6.6", N(THEIRS)),
    ("3.6.7", B("many-enabled-clients")),
    ("3.6.8", Q(Quirk::AsyncDelete)),
    ("3.6.9", N(PLAIN)),
    ("3.6.10", T("undeclared_objects_and_options_survive")),
    ("3.6.11", B("metadata")),
    ("3.6.12", N(PLAIN)),
    ("3.6.13", N("rotating the keys of a connection is an operation, not configuration, and no kind")),
    ("3.6.14", N("which strategies take the configuration is the tenant's to say; the sandbox takes it for every one")),
    ("3.6.15", T("every_kind_is_made_changed_and_unmade")),
    ("3.6.16", T("synchronized_groups_are_replaced_whole_and_keep_what_the_directory_says")),
    (
        "3.6.17",
        N("both are the server's: read-only in the kind files, and realms are compared only if the files name them"),
    ),
    ("3.7.1", B("email-provider")),
    ("3.7.2", B("email-template")),
    ("3.7.3", N("verification is an operation with a person at the DNS; no file asks for it")),
    ("3.7.4", Q(Quirk::OneIsDefault)),
    ("3.8.1", N("members are people: the sandbox has them, no file configures them")),
    ("3.8.2", T("organizations_hold_connections_clients_and_grants")),
    ("3.8.3", T("the_older_path_of_an_organizations_connections_leads_to_the_same")),
    ("3.8.4", Q(Quirk::GrantByClient)),
    ("3.8.5", T("every_kind_is_made_changed_and_unmade")),
    ("3.8.6", N(PLAIN)),
    ("3.8.7", T("organizations_hold_connections_clients_and_grants")),
    ("3.9.1", T("one_change_in_two_hundred_is_one_write")),
    ("3.9.2", Q(Quirk::HoursAsMinutes)),
    ("3.9.3", N("the colours are managed where they are written, as branding; the mirror is left alone")),
    ("3.9.4", T("every_kind_is_exported_and_plans_empty")),
    ("3.9.5", T("undeclared_objects_and_options_survive")),
    ("3.10.1", T("every_kind_is_made_changed_and_unmade")),
    ("3.10.2", T("a_declared_kind_that_cannot_be_read_is_one_gate_and_no_write")),
    ("3.10.3", T("every_kind_is_made_changed_and_unmade")),
    ("3.10.4", T("every_sensitive_field_of_the_reference_is_secret")),
    ("3.10.5", T("undeclared_objects_and_options_survive")),
    ("3.11.1", Q(Quirk::StatusAfterCreate)),
    ("3.11.2", T("secrets_of_hooks_and_streams_are_masked")),
    ("3.11.3", B("malformed-id")),
    ("3.11.4", T("every_kind_is_made_changed_and_unmade")),
    ("3.11.5", T("every_mistake_has_a_place_and_only_syntax_stops_the_file")),
    ("3.11.6", T("masked_and_unseen_secrets_are_kept_by_name")),
    ("3.11.7", Q(Quirk::KeyRing)),
    ("3.11.8", T("one_of_a_group_nulls_the_others")),
    ("3.11.9", T("each_step_comes_after_what_it_needs")),
    ("3.11.10", T("every_kind_is_made_changed_and_unmade")),
    ("3.11.11", T("masked_and_unseen_secrets_are_kept_by_name")),
    ("3.11.12", T("secrets_of_hooks_and_streams_are_masked")),
    ("3.11.13", B("entitlement")),
    (
        "3.12",
        N("a cost, not a behaviour: a plan reads lists where the API has them and says how many requests it sent"),
    ),
    ("3.13", B("stale")),
];

/// Returns the numbers of the entries: `3.4.7`, and for paragraphs with a title in place of a number, their place.
fn numbers(document: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    let mut section = String::new();
    let mut titles = 0;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
            let number = heading.split_whitespace().next().unwrap_or_default();
            section = if number.starts_with("3.") && number != "3." { number.to_owned() } else { String::new() };
            titles = 0;
            if !section.is_empty() {
                numbers.insert(section.clone());
            }
        }
        if section.is_empty() {
            continue;
        }
        let item = line.split_once(". ").map(|(number, _)| number).filter(|number| number.parse::<u32>().is_ok());
        let entry = match item {
            Some(number) => format!("{section}.{number}"),
            None if section == "3.0" && line.starts_with("**") => {
                titles += 1;
                format!("{section}.{titles}")
            }
            None => continue,
        };
        // A section with entries is its entries.
        numbers.remove(&section);
        numbers.insert(entry);
    }
    numbers
}

fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let tests = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            found.extend(tests.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_row_leads_to_something() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    functions(&root.join("src"), &mut tests);
    functions(&root.join("tests"), &mut tests);
    let behaviours: BTreeSet<&str> = behaviours::all().into_iter().map(|row| row.name).collect();
    let quirks: BTreeSet<Quirk> = super::declared();
    let problems: Vec<&str> = ROWS
        .iter()
        .filter(|(_, by)| match by {
            By::Quirk(quirk) => !quirks.contains(quirk),
            By::Behaviour(name) => !behaviours.contains(name),
            By::Test(name) => !tests.contains(*name),
            By::Nothing(reason) => reason.len() < 20,
        })
        .map(|(number, _)| *number)
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn every_entry_of_the_reference_has_a_row() {
    let Some(shared) = std::env::var_os("TENANTRY_SHARED") else {
        eprintln!("TENANTRY_SHARED is not set; the rows are not held against the reference");
        return;
    };
    let document = fs::read_to_string(Path::new(&shared).join("reference/api-quirks.md")).unwrap();
    let wanted = numbers(&document);
    assert!(wanted.len() > 100, "{wanted:?}");
    let rows: BTreeSet<String> = ROWS.iter().map(|(number, _)| (*number).to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a row stands twice");
    assert_eq!(wanted.difference(&rows).collect::<Vec<_>>(), Vec::<&String>::new(), "entries without a row");
    assert_eq!(rows.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without an entry");
}
