//! Every kind: create, plan empty, update one field, plan empty, delete; with the literal requests.

mod beyond;
pub mod cases;
mod code;
mod experiments;
mod rare;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use self::cases::{Case, Goes};
use crate::support::core::{Core, all_kinds, told};

/// Returns every case.
pub fn all() -> impl Iterator<Item = &'static Case> {
    cases::CASES.iter().chain(code::CASES).chain(beyond::CASES).chain(rare::CASES).chain(experiments::CASES)
}

/// Says whether a request sent is the one expected: `*` is one path segment or one string, `...` any other members.
pub fn fits(expected: &str, sent: &str) -> bool {
    let (want_line, want_body) = split(expected);
    let (line, body) = split(sent);
    let want: Vec<&str> = want_line.split('/').collect();
    let have: Vec<&str> = line.split('/').collect();
    let path = want.len() == have.len()
        && want.iter().zip(&have).all(|(want, have)| {
            *want == "*"
                || want == have
                || want.strip_prefix('*').is_some_and(|tail| !tail.is_empty() && have.ends_with(tail))
        });
    path && match (want_body, body) {
        (None, None) => true,
        (Some(want), Some(have)) => {
            let open = want.contains("...");
            let want: Json = serde_json::from_str(&want.replace("...,", "")).unwrap_or_else(|e| panic!("{want}: {e}"));
            same(&want, &serde_json::from_str(have).unwrap(), open)
        }
        _ => false,
    }
}

fn split(request: &str) -> (&str, Option<&str>) {
    let end = request.match_indices(' ').nth(1).map(|(index, _)| index);
    end.map_or((request, None), |end| (&request[..end], Some(request[end + 1..].trim())))
}

fn same(want: &Json, have: &Json, open: bool) -> bool {
    match (want, have) {
        (Json::String(star), Json::String(id)) if star == "*" => !id.is_empty(),
        (Json::Object(want), Json::Object(have)) => {
            want.iter().all(|(key, value)| have.get(key).is_some_and(|found| same(value, found, open)))
                && (open || want.len() == have.len())
        }
        (Json::Array(want), Json::Array(have)) => {
            want.len() == have.len() && want.iter().zip(have).all(|(want, have)| same(want, have, open))
        }
        (want, have) => want == have,
    }
}

/// Each expected request was sent once, and nothing else.
fn check(case: &Case, what: &str, expected: &[&str], sent: &[String]) -> Result<(), String> {
    let mut rest: Vec<&String> = sent.iter().collect();
    for want in expected {
        match rest.iter().position(|have| fits(want, have)) {
            Some(position) => drop(rest.remove(position)),
            None => return Err(format!("{}: {what} did not send\n  {want}\nbut\n  {}", case.kind, sent.join("\n  "))),
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(format!("{}: {what} also sent {rest:#?}", case.kind)) }
}

fn empty(case: &Case, what: &str, core: &Core, text: &str) -> Result<(), String> {
    let plan = core.plan(text);
    if plan.is_empty() {
        Ok(())
    } else {
        Err(format!("{}: the plan after {what} is not empty\n{}", case.kind, told(&plan).join("\n")))
    }
}

pub fn joined(case: &Case, text: &str) -> String {
    // A need may stand under the key that the case itself uses (a template of the branding, say).
    let mut root = serde_yaml::from_str::<serde_yaml::Mapping>(case.needs).unwrap_or_default();
    for (key, value) in serde_yaml::from_str::<serde_yaml::Mapping>(text).unwrap() {
        match (root.get_mut(&key), value) {
            (Some(serde_yaml::Value::Mapping(have)), serde_yaml::Value::Mapping(more)) => have.extend(more),
            (_, value) => drop(root.insert(key, value)),
        }
    }
    serde_yaml::to_string(&root).unwrap()
}

fn run(case: &Case) -> Result<(), String> {
    let mut core = Core::new();
    if !case.needs.is_empty() {
        core.apply(case.needs);
    }
    let (before, after) = (joined(case, case.before), joined(case, case.after));
    let sent = core.apply(&before);
    check(case, "create", case.creates, &sent)?;
    empty(case, "create", &core, &before)?;
    // Members of a shared list go only where the policy says that the list is all there is.
    if case.kind.contains('/') {
        core.policy.manage_kinds.insert(case.kind.to_owned(), tenantry::model::desired::Manage::Exact);
    }
    let sent = core.apply(&after);
    check(case, "update", case.updates, &sent)?;
    empty(case, "update", &core, &after)?;
    let top = case.kind.split('/').next().unwrap_or_default();
    match case.goes {
        Goes::Never => Ok(()),
        Goes::Null(expected) => {
            core.deploy_cli = false;
            let sent = core.apply(&format!("{top}: null"));
            check(case, "delete", expected, &sent)?;
            empty(case, "delete", &core, &format!("{top}: null"))
        }
        Goes::Exact(expected) => {
            let mut core = core.exact();
            core.policy.manage_kinds = all_kinds()
                .into_iter()
                .filter(|kind| kind.split('/').next() != Some(top))
                .map(|kind| (kind, tenantry::model::desired::Manage::Additive))
                .collect();
            // What a new tenant holds of the kind stays: it is declared.
            let gone = format!("{top}: []");
            let plan = core.plan(&gone);
            let strangers: Vec<String> = plan
                .changes
                .iter()
                .map(|change| change.address.to_string())
                .filter(|address| {
                    ["Default App", "Username-Password-Authentication"].iter().any(|name| address.ends_with(name))
                })
                .collect();
            let sent = core.perform(&plan);
            let expected: Vec<&str> = expected.iter().copied().chain(strangers.iter().map(|_| expected[0])).collect();
            check(case, "delete", &expected, &sent)?;
            empty(case, "delete", &core, &gone)
        }
    }
}

#[test]
fn every_kind_is_made_changed_and_unmade() {
    let problems: Vec<String> = all()
        .filter_map(|case| match std::panic::catch_unwind(|| run(case)) {
            Ok(result) => result.err(),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
                Some(format!("{}: {text}", case.kind))
            }
        })
        .collect();
    assert!(problems.is_empty(), "{} of {} kinds:\n\n{}", problems.len(), all().count(), problems.join("\n\n"));
}

#[test]
fn no_kind_is_without_a_case() {
    let cases: BTreeSet<String> = all().map(|case| case.kind.to_owned()).collect();
    let missing: Vec<String> = all_kinds().difference(&cases).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
}
