//! The catalogue against the Management API's own description, and against what real tenants accepted.
//!
//! Needs the shared facts: `TENANTRY_SHARED` names the folder. Every difference is in `known` by name, with a reason; a
//! difference that is gone must leave that list, so it cannot grow stale.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its facts fails")]

mod bodies;
mod document;
mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value as Json;
use tenantry::catalogue::fields;
use tenantry::catalogue::kind::{Kind, MemberStyle, Verb};
use tenantry::catalogue::shape::Shape;
use tenantry::catalogue::table::catalogue;
use tenantry::model::value::Map;

use self::document::Document;

/// Returns the folder of shared facts, or says that the test does nothing.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TENANTRY_SHARED").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: TENANTRY_SHARED names no folder of shared facts");
    }
    folder
}

fn document() -> Option<Document> {
    let path = shared()?.join("reference/management-api.openapi.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(Document::new(serde_json::from_str(&text).unwrap()))
}

/// Compares what was found with the list of known differences, both ways.
fn settle(what: &str, found: BTreeSet<String>, known: &[(&str, &str)]) {
    let listed: BTreeSet<String> = known.iter().map(|(name, _)| (*name).to_owned()).collect();
    let new: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "{what}: not listed {new:#?}, listed and gone {gone:#?}");
    assert!(known.iter().all(|(_, reason)| !reason.is_empty()), "{what}: a difference without a reason");
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Patch => "patch",
    }
}

/// Every request that the catalogue leads to: `get /roles/{}`.
fn operations(kind: &Kind) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    let objects: Vec<String> = match kind.key_paths.is_empty() {
        true => vec![kind.object_path()],
        false => kind.key_paths.values().map(|key| key.path.clone()).collect(),
    };
    let unread: Vec<&String> = kind.key_paths.values().filter(|key| key.unread).map(|key| &key.path).collect();
    let verbs = &kind.verbs;
    if kind.list.is_some() {
        all.insert(("get", kind.path.clone()));
    }
    if let Some(membership) = &kind.membership {
        let member = membership.member_path.clone();
        if let Some(verb) = verbs.create {
            all.insert((method(verb), kind.path.clone()));
        }
        let one = match membership.style {
            MemberStyle::Each | MemberStyle::AddRemove => member.clone().unwrap_or_else(|| kind.path.clone()),
            MemberStyle::Status | MemberStyle::Replace | MemberStyle::NameValue => kind.path.clone(),
        };
        if let Some(verb) = verbs.update {
            all.insert((method(verb), one.clone()));
        }
        if verbs.delete {
            let at = if membership.style == MemberStyle::Each { one } else { kind.path.clone() };
            all.insert(("delete", at));
        }
        return all;
    }
    if let Some(verb) = verbs.create {
        all.insert((method(verb), kind.create_path().to_owned()));
    }
    if verbs.read && matches!(kind.shape, Shape::Singleton | Shape::OptionalSingleton) {
        all.insert(("get", kind.path.clone()));
    }
    for object in objects {
        if verbs.read
            && !unread.contains(&&object)
            && !matches!(kind.shape, Shape::Singleton | Shape::OptionalSingleton)
        {
            all.insert(("get", object.clone()));
        }
        if let Some(verb) = verbs.update {
            all.insert((method(verb), object.clone()));
        }
        if verbs.delete {
            all.insert(("delete", object.clone()));
        }
    }
    all
}

/// Paths under which the document may hold one: as it is, or with each key in its braces.
fn spellings(kind: &Kind, path: &str) -> Vec<String> {
    let mut all = vec![document::plain(path)];
    for key in &kind.keys {
        let mut filled = path.to_owned();
        for (field, value) in kind.identity.iter().zip(key.split(',')) {
            filled = filled.replace(&format!("{{{field}}}"), value);
        }
        all.push(document::plain(&filled));
    }
    all
}

#[test]
fn every_request_is_in_the_document() {
    let Some(document) = document() else { return };
    let mut missing = BTreeSet::new();
    for kind in catalogue().kinds() {
        for (method, path) in operations(kind) {
            if !spellings(kind, &path).iter().any(|path| document.has(method, path)) {
                missing.insert(format!("{}: {method} {}", kind.name, document::plain(&path)));
            }
        }
    }
    settle("requests that the document lacks", missing, known::REQUESTS);
}

/// The request bodies of a kind in the document, created first.
fn request_schemas<'d>(document: &'d Document, kind: &Kind) -> Vec<&'d Json> {
    let mut found = Vec::new();
    for (method, path) in operations(kind).iter().filter(|(method, _)| !matches!(*method, "get" | "delete")) {
        for path in spellings(kind, path) {
            found.extend(document.request(method, &path));
        }
    }
    found
}

/// The fields that requests of a kind may hold by the document, as a body of ours has them.
fn documented(document: &Document, kind: &Kind) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for schema in request_schemas(document, kind) {
        document.collect(schema, "", 0, &mut found);
    }
    if document.is_connection(kind) {
        document.collect_strategies(&mut found);
    }
    // What stands inside a wrapper there stands at the top here.
    let wrap = kind.membership.as_ref().and_then(|membership| membership.wrap.as_deref());
    let strip = |path: &String| -> Option<String> {
        let path = match wrap {
            Some(wrap) => path.strip_prefix(wrap)?.strip_prefix("[].")?,
            None => path.strip_prefix("[].").unwrap_or(path),
        };
        Some(path.to_owned())
    };
    let mut all: BTreeSet<String> = found.iter().filter_map(strip).collect();
    for key in kind.key_paths.values() {
        if let Some(inside) = &key.inside {
            let inside = format!("{inside}.");
            all.extend(found.iter().filter_map(|path| path.strip_prefix(&inside)).map(str::to_owned));
        }
    }
    all
}

#[test]
fn every_field_is_in_the_document() {
    let Some(document) = document() else { return };
    let mut beyond = BTreeSet::new();
    for kind in catalogue().kinds() {
        let there = documented(&document, kind);
        let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        for schema in kind.schema.as_deref().into_iter().chain(own) {
            for path in fields::paths(schema).unwrap_or_default() {
                let inside_missing =
                    |known: &String| path.starts_with(&format!("{known}.")) || path.starts_with(&format!("{known}["));
                let field = format!("{schema}: {path}");
                let within_listed = beyond
                    .iter()
                    .filter_map(|f: &String| f.strip_prefix(&format!("{schema}: ")))
                    .map(str::to_owned)
                    .any(|known| inside_missing(&known));
                if !there.contains(&path) && !within_listed {
                    beyond.insert(field);
                }
            }
        }
    }
    settle("fields that the document lacks", beyond, known::FIELDS);
}

#[test]
fn every_documented_field_is_in_the_table() {
    let Some(document) = document() else { return };
    let mut missing = BTreeSet::new();
    for kind in catalogue().kinds() {
        let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        let ours: BTreeSet<String> =
            kind.schema.as_deref().into_iter().chain(own).filter_map(fields::paths).flatten().collect();
        if kind.key_paths.values().any(|key| key.inside.is_some()) {
            continue; // The rest of the tenant's settings and of the global client belongs to other kinds.
        }
        let mut found: BTreeSet<String> =
            documented(&document, kind).difference(&ours).map(|path| format!("{}: {path}", kind.name)).collect();
        let tops: Vec<String> = found.iter().map(|path| format!("{path}.")).collect();
        found.retain(|path| !tops.iter().any(|top| path.starts_with(top.as_str())));
        missing.extend(found);
    }
    settle("documented fields that the table lacks", missing, known::UNUSED);
}

/// Every field that a kind file says anything about.
fn named(kind: &Kind) -> BTreeSet<String> {
    let fields = &kind.fields;
    let patterns = [
        &fields.read_only,
        &fields.create_only,
        &fields.update_only,
        &fields.write_only,
        &fields.secret,
        &fields.hands_off,
        &fields.sets,
        &fields.merged,
        &fields.empty_is_absent,
        &fields.free,
        &fields.volatile,
        &fields.fixed,
        &fields.exact,
    ];
    let mut all: BTreeSet<String> = patterns.into_iter().flatten().map(ToString::to_string).collect();
    all.extend(fields.absent_means.keys().map(ToString::to_string));
    all.extend(fields.files.keys().chain(&fields.required).cloned());
    all.extend(fields.sent_with.iter().flat_map(|(field, with)| [field].into_iter().chain(with)).cloned());
    all.extend(fields.keyed_lists.iter().map(|(list, key)| format!("{list}[].{key}")));
    all.extend(kind.references.iter().map(|reference| reference.field.to_string()));
    all.extend(kind.builtin.iter().chain(&kind.filter).map(|filter| filter.field.clone()));
    all.extend(kind.id.iter().chain(&kind.identity).cloned());
    all.extend(kind.bare.iter().map(|bare| bare.field.clone()));
    if let Some(membership) = &kind.membership {
        let own = membership.sent.iter().chain(&membership.identity).chain(&membership.member_id);
        all.extend(own.map(|field| format!("[].{field}")));
    }
    all
}

#[test]
fn every_field_of_the_kind_files_is_in_the_document() {
    let Some(document) = document() else { return };
    let mut unknown = BTreeSet::new();
    for kind in catalogue().kinds() {
        let mut there = documented(&document, kind);
        for (_, path) in operations(kind).iter().filter(|(method, _)| *method == "get") {
            for schema in spellings(kind, path).iter().filter_map(|path| document.response("get", path)) {
                let mut found = BTreeSet::new();
                document.collect(schema, "", 0, &mut found);
                let items = kind.list.as_ref().map(|list| format!("{}[].", list.items)).unwrap_or_default();
                there.extend(found.iter().filter_map(|path| path.strip_prefix("[].")).map(str::to_owned));
                there.extend(found.iter().filter_map(|path| path.strip_prefix(&items)).map(str::to_owned));
                there.extend(found);
            }
        }
        let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        let listed = kind.schema.as_deref().into_iter().chain(own).filter_map(fields::paths).flatten();
        there.extend(listed); // Held against the document by the test above.
        let braces = [kind.path.clone(), kind.object_path(), kind.create_path().to_owned()];
        for field in named(kind) {
            let field = field.trim_start_matches("[].");
            let in_path = braces.iter().any(|path| path.contains(&format!("{{{field}}}")));
            let known =
                there.iter().any(|path| path == field || *path == field.trim_end_matches("[]").trim_end_matches(".*"));
            // `*` names nothing: every member of a map. `**` reaches some depth.
            let deep = field.split_once("**");
            let known = match deep {
                Some((head, tail)) => {
                    there.iter().any(|path| path.starts_with(head.trim_end_matches('.')) && path.ends_with(tail))
                }
                None => known || field.starts_with('*'),
            };
            let renamed = kind.key_paths.values().any(|key| key.rename.contains_key(field));
            let key = !kind.keys.is_empty() && kind.identity.iter().any(|part| part == field);
            if !(known || in_path || renamed || key) {
                unknown.insert(format!("{}: {field}", kind.name));
            }
        }
    }
    settle("fields that no request and no answer has", unknown, known::NAMED);
}

#[test]
fn what_a_create_needs_is_what_the_document_says() {
    let Some(document) = document() else { return };
    let mut differing = BTreeSet::new();
    for kind in catalogue().kinds().filter(|kind| kind.membership.is_none() && kind.bare.is_none()) {
        let Some(verb) = kind.verbs.create else { continue };
        let path = document::plain(kind.create_path());
        let Some(schema) = document.request(method(verb), &path) else { continue };
        let theirs = document.required(schema);
        let ours: BTreeSet<String> = fields::missing_required(kind, &Map::new()).into_iter().collect();
        for field in theirs.symmetric_difference(&ours) {
            differing.insert(format!("{}: {field}", kind.name));
        }
    }
    settle("required on create", differing, known::REQUIRED);
}

#[test]
fn updates_that_need_the_whole_object_say_so() {
    let Some(document) = document() else { return };
    for kind in catalogue().kinds().filter(|kind| kind.membership.is_none()) {
        let Some(Verb::Patch) = kind.verbs.update else { continue };
        for path in
            operations(kind).iter().filter(|(method, _)| *method == "patch").map(|(_, path)| document::plain(path))
        {
            let needs = document.request("patch", &path).map(|schema| document.required(schema)).unwrap_or_default();
            assert_eq!(!needs.is_empty(), kind.whole_update, "{}: an update needs {needs:?}", kind.name);
        }
    }
}

#[test]
fn recorded_requests_pass_the_check() {
    let Some(shared) = shared() else { return };
    let refused = bodies::refused(&shared.join("recordings"));
    eprintln!(
        "recorded bodies: {} judged, {} findings refuse one, {} warn",
        refused.seen,
        refused.findings.len(),
        refused.warnings.len()
    );
    let apart: usize = refused.apart.values().sum();
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for (request, reason) in known::APART {
        *by_reason.entry(reason).or_default() += refused.apart.get(*request).copied().unwrap_or_default();
    }
    eprintln!("recorded writes: {} accepted, {apart} not judged: {by_reason:?}", refused.seen + apart);
    assert!(refused.seen > 780, "only {} recorded bodies belong to a kind", refused.seen);
    settle("accepted writes that are not judged", refused.apart.into_keys().collect(), known::APART);
    settle("accepted by a real tenant, refused here", refused.findings, known::REFUSED);
    settle("accepted by a real tenant, warned of here", refused.warnings, known::WARNED);
}

#[test]
fn most_slips_of_the_pen_are_found() {
    let Some(shared) = shared() else { return };
    let (tried, passed) = bodies::slips(&shared.join("recordings"));
    assert!(tried > 500, "only {tried} field names");
    // The rest are keys of free maps, and options that only the unwired schemas would know (compact-schema.md).
    let caught = 100 * (tried - passed.len()) / tried;
    assert!(caught >= 85, "{caught} % of {tried} found; passed over: {passed:#?}");
}

/// Every kind of the reference is managed, another name, or excepted with a reason; 90 in all, other names aside.
#[test]
fn every_kind_of_the_reference_is_managed_or_excepted() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("reference/catalog.json")).unwrap();
    let reference: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let names: BTreeSet<&str> = reference.iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    let exceptions = tenantry::catalogue::excepted::exceptions();
    let excepted: BTreeSet<&str> = exceptions.excepted.iter().map(|one| one.name.as_str()).collect();
    let aliases: BTreeSet<&str> = exceptions.aliases.keys().map(String::as_str).collect();
    // Both ways: whatever our kinds say they cover is in the reference, and it has no more.
    let managed = tenantry::catalogue::excepted::covered();
    assert_eq!(managed.difference(&names).collect::<Vec<_>>(), Vec::<&&str>::new(), "no kind of the API");
    assert_eq!(managed.intersection(&excepted).collect::<Vec<_>>(), Vec::<&&str>::new());
    let all: BTreeSet<&str> = managed.iter().chain(&excepted).chain(&aliases).copied().collect();
    assert_eq!(names.symmetric_difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!((managed.len(), excepted.len()), (89, 1));
}
