//! What must hold of every kind file, and of all of them together.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{DeleteMeans, Kind, MemberStyle};
use super::place::Step;
use super::quirk::Quirk;
use super::shape::Shape;
use super::table::catalogue;

/// Fields that the kind files speak of and the field table does not have, and why that is right.
const BEYOND: [(&str, &str); 1] = [(
    "resourceServers: authorization_details[].type",
    "the document gives these items no members; recorded answers have this one (catalog, undocumented paths seen)",
)];

/// Quirks that a kind of this set cannot show yet, with what they wait for.
const WAITING: [Quirk; 0] = [];

fn each(check: impl FnMut(&'static Kind)) {
    catalogue().kinds().for_each(check);
}

#[test]
fn names_and_places_are_unique() {
    let mut places = BTreeSet::new();
    let mut names = BTreeSet::new();
    each(|kind| {
        assert!(names.insert(kind.name.clone()), "two kinds `{}`", kind.name);
        let place = format!("{} {:?}", kind.parent.as_deref().unwrap_or_default(), kind.place);
        assert!(places.insert(place), "{} stands where another kind stands", kind.name);
    });
}

#[test]
fn nested_kinds_lie_in_their_parents() {
    each(|kind| match &kind.parent {
        Some(parent) => {
            assert!(catalogue().kind(parent).is_some(), "{}: no kind `{parent}`", kind.name);
            assert_eq!(kind.name, format!("{parent}/{}", kind.segment()), "a nested kind is named after its parent");
        }
        None => {
            assert!(!kind.name.contains('/'), "{} has no parent", kind.name);
            let key = kind.marked.as_ref().map_or(&kind.name, |marked| &marked.kind);
            assert_eq!(kind.place.first(), Some(&Step::Key(key.clone())), "a kind stands under its own name");
        }
    });
}

#[test]
fn paths_name_what_can_fill_them() {
    each(|kind| {
        let own = kind.key_paths.values().map(|key| key.path.clone());
        let member = kind.membership.iter().filter_map(|membership| membership.member_path.clone());
        let fixed = [kind.path.clone(), kind.object_path(), kind.create_path().to_owned()];
        let parts = kind.membership.iter().filter_map(|membership| Some(membership.parts.as_ref()?.path.clone()));
        for path in fixed.into_iter().chain(own).chain(member).chain(parts) {
            assert!(path.starts_with('/'), "{}: {path}", kind.name);
            for name in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                let known = match name {
                    "id" => kind.id.is_some(),
                    "parent" => kind.parent.is_some(),
                    "member" => kind.membership.is_some(),
                    "global" => kind.has(Quirk::GlobalClientPage),
                    name => {
                        let parts = kind.membership.as_ref().and_then(|membership| membership.parts.as_ref());
                        kind.identity.iter().any(|field| field == name) || parts.is_some_and(|parts| parts.by == name)
                    }
                };
                assert!(known, "{}: nothing fills {{{name}}} of {path}", kind.name);
            }
        }
    });
}

#[test]
fn shapes_have_what_they_need() {
    each(|kind| {
        let name = &kind.name;
        let listed = kind.list.is_some();
        match kind.shape {
            Shape::Collection | Shape::Child => {
                assert!(listed && kind.id.is_some() && !kind.identity.is_empty(), "{name} cannot be recognised");
                // What cannot change is made anew.
                let fixed: Vec<String> = kind.fields.create_only.iter().map(ToString::to_string).collect();
                let changes = kind.verbs.update.is_some() || kind.fields.required.iter().all(|f| fixed.contains(f));
                assert!(kind.verbs.create.is_some() && changes, "{name} cannot be written");
                assert_eq!(kind.shape == Shape::Child, kind.parent.is_some(), "{name}");
            }
            Shape::Singleton => {
                assert!(!listed && kind.identity.is_empty() && kind.verbs.create.is_none(), "{name} is one");
                assert!(kind.verbs.read && kind.verbs.update.is_some() && !kind.verbs.delete, "{name}");
            }
            Shape::OptionalSingleton => {
                // In a list it is the one of its filter.
                let found = kind.verbs.read || listed && kind.filter.is_some() && kind.id.is_some();
                assert!(found && kind.verbs.create.is_some() && kind.verbs.update.is_some(), "{name}");
                assert!(kind.identity.is_empty(), "{name} is one");
            }
            Shape::Keyed => {
                assert!(!kind.identity.is_empty() && kind.verbs.update.is_some(), "{name}");
                assert!(kind.verbs.read || listed, "{name} cannot be read");
                let known =
                    |field: &String| kind.key_values.contains_key(field) || kind.key_values_from.contains_key(field);
                let keys = listed || !kind.keys.is_empty() || kind.identity.iter().all(known);
                assert!(keys, "{name}: an export cannot know its keys");
                assert_eq!(kind.always, kind.verbs.create.is_none(), "{name}: always there, or made");
            }
            Shape::Membership => {
                let membership = kind.membership.as_ref().unwrap_or_else(|| panic!("{name} has no membership"));
                assert!(listed && !membership.identity.is_empty(), "{name}");
                assert!(membership.identity.iter().all(|field| membership.sent.contains(field)), "{name}");
                let each = membership.style == MemberStyle::Each;
                assert!(!each || membership.member_path.is_some() && membership.member_id.is_some(), "{name}");
                if let Some(parts) = &membership.parts {
                    let fields = [parts.by.clone(), parts.item.clone()];
                    assert_eq!(membership.identity, fields, "{name}: a part and an item are a member");
                    assert!(membership.style == MemberStyle::AddRemove && !parts.scopes.is_empty(), "{name}");
                }
            }
        }
        assert_eq!(kind.membership.is_some(), kind.shape == Shape::Membership, "{name}");
        let places = |field: &String| kind.place.contains(&Step::Each(field.clone()));
        let in_items = kind.place.contains(&Step::Items);
        let in_path = kind.identity.iter().any(places);
        assert!(kind.shape != Shape::Keyed || in_items || in_path, "{name}: files cannot say which key");
    });
}

#[test]
fn keys_have_as_many_parts_as_the_identity() {
    each(|kind| {
        for key in kind.keys.iter().chain(kind.key_paths.keys()) {
            assert_eq!(key.split(',').count(), kind.identity.len(), "{}: {key}", kind.name);
        }
        for key in kind.key_paths.keys() {
            assert!(kind.keys.contains(key), "{}: {key} has a path and is no key", kind.name);
        }
        for source in kind.key_values_from.values() {
            let other =
                catalogue().kind(&source.kind).unwrap_or_else(|| panic!("{}: no kind {}", kind.name, source.kind));
            assert_eq!(other.shape, Shape::Singleton, "{}", kind.name);
        }
        for field in kind.identity_defaults.keys() {
            assert!(kind.identity.contains(field), "{}: {field} has a default and is no identity", kind.name);
        }
    });
}

#[test]
fn references_point_at_kinds() {
    let spaces: BTreeSet<&str> = catalogue().kinds().chain(catalogue().looked_up()).map(Kind::space).collect();
    each(|kind| {
        for reference in &kind.references {
            assert!(spaces.contains(reference.space.as_str()), "{}: no space `{}`", kind.name, reference.space);
        }
        for after in &kind.after {
            assert!(catalogue().kind(after).is_some(), "{}: no kind `{after}`", kind.name);
        }
    });
}

#[test]
fn references_that_cannot_be_cut_form_no_cycle() {
    let mut firm: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    each(|kind| {
        for reference in kind.references.iter().filter(|reference| !reference.optional && reference.by == "id") {
            if reference.space != kind.space() {
                firm.entry(kind.space()).or_default().insert(&reference.space);
            }
        }
    });
    for start in firm.keys() {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&str> = firm[start].iter().copied().collect();
        while let Some(space) = waiting.pop() {
            assert_ne!(&space, start, "{start} needs itself");
            if seen.insert(space) {
                waiting.extend(firm.get(space).into_iter().flatten());
            }
        }
    }
}

#[test]
fn field_lists_agree_with_each_other() {
    each(|kind| {
        let text = |patterns: &[crate::model::path::FieldPattern]| -> BTreeSet<String> {
            patterns.iter().map(ToString::to_string).collect()
        };
        let fields = &kind.fields;
        let (read_only, secret) = (text(&fields.read_only), text(&fields.secret));
        let name = &kind.name;
        assert!(read_only.is_disjoint(&secret), "{name}: a secret that is only read is none that files can hold");
        assert!(read_only.is_disjoint(&text(&fields.write_only)), "{name}: never sent and never returned");
        assert!(read_only.is_disjoint(&text(&fields.create_only)), "{name}: never sent and sent on create");
        assert!(text(&fields.create_only).is_disjoint(&text(&fields.update_only)), "{name}");
        for required in &fields.required {
            assert!(!read_only.contains(required), "{name}: {required} is required and only read");
        }
        for (trigger, others) in &fields.sent_with {
            assert!(!others.contains(trigger), "{name}: {trigger} is sent with itself");
        }
        for list in fields.keyed_lists.keys() {
            assert!(!text(&fields.sets).contains(&list.to_string()), "{name}: {list} is a set or has keys");
        }
        assert!(fields.masks.is_empty() || !secret.is_empty(), "{name}: a mask hides a secret");
    });
}

#[test]
fn every_field_of_a_kind_file_is_in_the_field_table() {
    let mut unknown = Vec::new();
    for (kind, field) in declared_fields() {
        let field = format!("{}: {field}", kind.name);
        if !is_known(&known_paths(kind), &field[kind.name.len() + 2..])
            && !BEYOND.iter().any(|(known, _)| *known == field)
        {
            unknown.push(field);
        }
    }
    assert_eq!(unknown, [] as [String; 0], "no such fields in the field table");
}

/// A field at any depth is known if one at some depth is.
fn is_known(known: &BTreeSet<String>, field: &str) -> bool {
    match field.split_once("**") {
        Some((head, tail)) => {
            known.iter().any(|path| path.starts_with(head.trim_end_matches('.')) && path.ends_with(tail))
        }
        None => known.contains(field),
    }
}

/// The fields that a kind file says something about and that requests may hold.
fn declared_fields() -> Vec<(&'static Kind, String)> {
    let mut all = Vec::new();
    each(|kind| {
        let fields = &kind.fields;
        let patterns = [
            &fields.create_only,
            &fields.update_only,
            &fields.secret,
            &fields.hands_off,
            &fields.sets,
            &fields.merged,
            &fields.fixed,
            &fields.exact,
        ];
        let listed = patterns.into_iter().flatten().map(ToString::to_string);
        let keyed = fields.keyed_lists.iter().map(|(list, key)| format!("{list}[].{key}"));
        let members = kind.membership.iter().flat_map(|membership| &membership.sent).map(|field| format!("[].{field}"));
        let references = kind.references.iter().map(|reference| reference.field.to_string());
        let required = fields.required.iter().chain(fields.exclusive.iter().flatten()).cloned();
        for field in listed.chain(keyed).chain(members).chain(references).chain(required) {
            if field.starts_with('*') && !field.starts_with("**.")
                || fields.read_only.iter().any(|p| field.starts_with(&p.to_string()))
            {
                continue;
            }
            all.push((kind, field.trim_start_matches("[].").to_owned()));
        }
    });
    all
}

fn known_paths(kind: &Kind) -> BTreeSet<String> {
    let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
    let schemas: Vec<&str> = kind.schema.as_deref().into_iter().chain(own).collect();
    let mut known: BTreeSet<String> =
        schemas.iter().filter_map(|schema| super::fields::paths(schema)).flatten().collect();
    known.extend(kind.identity.iter().cloned());
    // The items of a list of plain values, and what only files call so.
    for path in known.clone() {
        known.insert(format!("{path}[]"));
        known.insert(format!("{path}.*"));
    }
    known.extend(kind.fields.rename.keys().cloned());
    known.extend(kind.key_paths.values().flat_map(|key| key.rename.keys().cloned()));
    known
}

#[test]
fn scopes_cover_the_verbs() {
    each(|kind| {
        let (scopes, verbs) = (&kind.scopes, &kind.verbs);
        let name = &kind.name;
        assert!(!scopes.read.is_empty(), "{name}: no scope to read");
        assert!(verbs.create.is_none() || !scopes.create.is_empty(), "{name}: no scope to create");
        assert!(verbs.update.is_none() || !scopes.update.is_empty(), "{name}: no scope to update");
        assert!(!verbs.delete || !scopes.delete.is_empty(), "{name}: no scope to delete");
        for scope in scopes.all() {
            let (verb, object) = scope.split_once(':').unwrap_or_default();
            assert!(matches!(verb, "read" | "create" | "update" | "delete") && !object.is_empty(), "{name}: {scope}");
        }
    });
}

#[test]
fn deletion_is_possible_or_said_not_to_be() {
    each(|kind| {
        if matches!(kind.delete, DeleteMeans::Delete) {
            let replaced =
                kind.membership.as_ref().is_some_and(|m| matches!(m.style, MemberStyle::Replace | MemberStyle::Status));
            assert!(kind.verbs.delete || replaced, "{}: no way to delete, and the file does not say so", kind.name);
        } else {
            assert!(!kind.verbs.delete, "{}: deletes and says that it does not", kind.name);
        }
    });
}

/// What is shown once must be handed over, and go again if it cannot be.
#[test]
fn what_is_shown_once_can_be_delivered_and_deleted() {
    each(|kind| {
        let says = |field: &str| kind.fields.tool.iter().any(|own| own == field);
        assert_eq!(kind.shown_once.is_some(), says("deliver"), "{}", kind.name);
        assert!(kind.shown_once.is_none() || kind.verbs.delete && kind.id.is_some(), "{}", kind.name);
        assert!(!kind.has(Quirk::NamedByRecord) || kind.identity.iter().all(|field| says(field)), "{}", kind.name);
    });
}

#[test]
fn every_quirk_is_some_kinds() {
    let used: BTreeSet<Quirk> = catalogue().served().flat_map(|kind| kind.quirks.iter().copied()).collect();
    for quirk in ALL {
        assert!(used.contains(&quirk) != WAITING.contains(&quirk), "{quirk:?} is declared by no kind");
    }
}

/// Every quirk; the match below keeps it whole.
const ALL: [Quirk; 30] = [
    Quirk::HoursAsMinutes,
    Quirk::BuildThenDeploy,
    Quirk::PublishVersion,
    Quirk::BindingRefs,
    Quirk::StatusAfterCreate,
    Quirk::SinkFixedForCloud,
    Quirk::GlobalClientPage,
    Quirk::CredentialsInMethods,
    Quirk::AuthMethodSwitch,
    Quirk::AllowAllScopesOff,
    Quirk::AsyncDelete,
    Quirk::SystemObjects,
    Quirk::GrantByClient,
    Quirk::GranteeOrDefault,
    Quirk::WholeDocument,
    Quirk::NeedsCustomDomain,
    Quirk::UniqueOrder,
    Quirk::ModuleByName,
    Quirk::ListOfOne,
    Quirk::ReadNamesFields,
    Quirk::NameChangeDropsRest,
    Quirk::UpdateDefaultsDiffer,
    Quirk::LogoutMirror,
    Quirk::SharedMembers,
    Quirk::OneIsDefault,
    Quirk::KeyRing,
    Quirk::KeyCeremony,
    Quirk::KeySuccession,
    Quirk::NamedByRecord,
    Quirk::EventLog,
];

#[test]
fn all_quirks_are_counted() {
    let next = |quirk: Quirk| match quirk {
        Quirk::HoursAsMinutes
        | Quirk::BuildThenDeploy
        | Quirk::PublishVersion
        | Quirk::BindingRefs
        | Quirk::StatusAfterCreate
        | Quirk::SinkFixedForCloud
        | Quirk::GlobalClientPage
        | Quirk::CredentialsInMethods
        | Quirk::AuthMethodSwitch
        | Quirk::AllowAllScopesOff
        | Quirk::AsyncDelete
        | Quirk::SystemObjects
        | Quirk::GrantByClient
        | Quirk::GranteeOrDefault
        | Quirk::WholeDocument
        | Quirk::NeedsCustomDomain
        | Quirk::UniqueOrder
        | Quirk::ModuleByName
        | Quirk::ListOfOne
        | Quirk::ReadNamesFields
        | Quirk::NameChangeDropsRest
        | Quirk::UpdateDefaultsDiffer
        | Quirk::LogoutMirror
        | Quirk::SharedMembers
        | Quirk::OneIsDefault
        | Quirk::KeyRing
        | Quirk::KeyCeremony
        | Quirk::KeySuccession
        | Quirk::NamedByRecord
        | Quirk::EventLog => quirk,
    };
    assert_eq!(ALL.iter().map(|quirk| next(*quirk)).collect::<BTreeSet<_>>().len(), ALL.len());
}

#[test]
fn the_first_set_is_whole() {
    let names: Vec<&str> = catalogue().kinds().map(|kind| kind.name.as_str()).collect();
    for name in [
        "actions",
        "actionModules",
        "attackProtection",
        "branding",
        "branding/templates",
        "clientGrants",
        "clients",
        "clients/credentials",
        "connections",
        "connections/enabled_clients",
        "customDomains",
        "databases",
        "databases/enabled_clients",
        "emailProvider",
        "emailTemplates",
        "guardianFactorProviders",
        "guardianFactorTemplates",
        "guardianFactors",
        "guardianPhoneFactorMessageTypes",
        "guardianPhoneFactorSelectedProvider",
        "guardianPolicies",
        "hooks",
        "hooks/secrets",
        "logStreams",
        "organizations",
        "organizations/client_grants",
        "organizations/connections",
        "pages",
        "prompts",
        "prompts/customText",
        "prompts/partials",
        "prompts/screenRenderers",
        "resourceServers",
        "roles",
        "roles/permissions",
        "rules",
        "rulesConfigs",
        "tenant",
        "themes",
        "triggers",
    ] {
        assert!(names.contains(&name), "no kind `{name}`");
    }
}
