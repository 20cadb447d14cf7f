//! The law of the rollback for every kind: back from a change of it, and back from its deletion.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::law::{Tenant, unlike};
use crate::conformance::cases::{Case, Goes};
use crate::conformance::{all, joined};

/// The files without what the case is about, where its place can be empty.
pub fn without(case: &Case) -> Option<String> {
    let (top, below) = case.kind.split_once('/').unwrap_or((case.kind, ""));
    let before: serde_yaml::Mapping = serde_yaml::from_str(case.before).unwrap();
    let nothing = match before.get(top)? {
        serde_yaml::Value::Sequence(_) => "[]".to_owned(),
        value if value.get(below).is_some_and(serde_yaml::Value::is_sequence) => format!("{{ {below}: [] }}"),
        _ if matches!(case.goes, Goes::Null(_)) => "null".to_owned(),
        _ => return None,
    };
    Some(joined(case, &format!("{top}: {nothing}")))
}

fn returns(case: &Case, away: &str) -> Result<(), String> {
    let mut tenant = Tenant::new();
    if !case.needs.is_empty() {
        tenant.core.apply(case.needs);
    }
    let text = joined(case, case.before);
    let first = tenant.run(&text, None);
    let left = tenant.run(away, None);
    let back = tenant.run(&text, Some(&first.record));
    let wrong = unlike(&first, &left, &back);
    let again = tenant.run(&text, None);
    if wrong.is_empty() && again.plan.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{wrong:#?}\nA:\n{text}\nB:\n{away}\nto B: {:#?}\nback: {:#?}\nlost: {:#?}\nplan: {:#?}",
        left.plan, back.plan, back.lost, again.plan
    ))
}

#[test]
fn every_kind_returns_from_a_change_and_from_a_deletion() {
    let mut problems = Vec::new();
    for case in all() {
        let change = Some(joined(case, case.after));
        for (what, away) in [("change", change), ("deletion", without(case))] {
            let Some(away) = away else { continue };
            let result = catch_unwind(AssertUnwindSafe(|| returns(case, &away))).unwrap_or_else(|panic| {
                Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned()))
            });
            problems.extend(result.err().map(|error| format!("## {} {what}\n{error}", case.kind)));
        }
    }
    assert!(problems.is_empty(), "{}:\n\n{}", problems.len(), problems.join("\n\n"));
}
