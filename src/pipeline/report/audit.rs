//! Records as one table, for auditors: a row for each address that a run changed, and one for a run that changed none.

use super::csv;
use crate::model::change::Cause;
use crate::model::names::TenantName;
use crate::model::record::{Header, RecordedChange, StepResult, Unfinished};

/// The columns, in their order. New ones are put at the end.
const COLUMNS: [&str; 31] = [
    "tenant",
    "domain",
    "sandbox",
    "record",
    "at",
    "run",
    "result",
    "scope",
    "by",
    "email",
    "pipeline",
    "run_url",
    "restarted_by",
    "approvers",
    "commit",
    "dirty",
    "from_tenant",
    "from_record",
    "asked",
    "plan",
    "tool",
    "gates_opened",
    "address",
    "kind",
    "action",
    "outcome",
    "message",
    "fields",
    "drift_overwritten",
    "unfinished_at",
    "unfinished_by",
];

/// Returns the heading.
pub fn heading() -> String {
    csv::row(&COLUMNS)
}

/// Returns the rows of one record of a tenant; of the changes those that are `wanted`.
pub fn rows(tenant: &TenantName, header: &Header, wanted: impl Fn(&RecordedChange) -> bool) -> String {
    let run = of_run(tenant, header);
    if header.all_changes().next().is_none() {
        return csv::row(&[run, vec![String::new(); 9]].concat());
    }
    let wanted = header.all_changes().filter(|(_, change)| wanted(change));
    wanted.map(|(before, change)| csv::row(&[run.clone(), of_change(header, before, change)].concat())).collect()
}

fn of_run(tenant: &TenantName, header: &Header) -> Vec<String> {
    let by = &header.by;
    let opt = |text: &Option<String>| text.clone().unwrap_or_default();
    let from = header.from.as_ref();
    let word = |json: serde_json::Value| json.as_str().unwrap_or_default().to_owned();
    let gates = header.gates.iter().map(|gate| format!("{}: {}", gate.name, gate.reason));
    vec![
        tenant.0.clone(),
        header.domain.0.clone(),
        header.sandbox.to_string(),
        header.number.to_string(),
        header.at.clone(),
        header.run.word().to_owned(),
        word(serde_json::json!(header.result)),
        word(serde_json::json!(header.scope)),
        by.name.clone(),
        opt(&by.email),
        opt(&by.pipeline),
        opt(&by.run_url),
        opt(&by.restarted_by),
        by.approvers.join("; "),
        opt(&header.config.commit),
        header.config.dirty.to_string(),
        from.map(|from| from.tenant.0.clone()).unwrap_or_default(),
        from.and_then(|from| from.record).map(|number| number.to_string()).unwrap_or_default(),
        from.and_then(|from| from.asked.clone()).unwrap_or_default(),
        opt(&header.plan),
        header.tool.clone(),
        gates.collect::<Vec<_>>().join("; "),
    ]
}

fn of_change(header: &Header, before: Option<&Unfinished>, change: &RecordedChange) -> Vec<String> {
    let all = before.map_or(&header.steps, |before| &before.steps);
    let steps = || all.iter().filter(|step| step.address == change.address);
    let bad = steps().find(|step| step.result != StepResult::Ok);
    let outcome = match (bad.map(|step| step.result), steps().next()) {
        (Some(StepResult::Failed), _) => "failed",
        (Some(StepResult::InDoubt), _) => "in doubt",
        (Some(_), _) => "skipped",
        (None, Some(_)) => "done",
        // The run ended before its turn came, or nothing had to be sent.
        (None, None) => "",
    };
    let fields: Vec<&str> = change.deltas.iter().map(|delta| delta.path.as_str()).collect();
    let action = serde_json::json!(change.action);
    let drift = match before {
        None => header.drift.get(&change.address).map(|paths| paths.join("; ")).unwrap_or_default(),
        Some(_) => {
            let drifted = change.deltas.iter().filter(|delta| delta.cause.is_some_and(Cause::is_drift));
            drifted.map(|delta| delta.path.as_str()).collect::<Vec<_>>().join("; ")
        }
    };
    vec![
        change.address.to_string(),
        change.kind.clone(),
        action.as_str().unwrap_or_default().to_owned(),
        outcome.to_owned(),
        bad.and_then(|step| step.message.clone()).unwrap_or_default(),
        fields.join("; "),
        drift,
        before.map(|before| before.at.clone()).unwrap_or_default(),
        before.map(|before| before.by.name.clone()).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_every_column() {
        let header: Header = serde_json::from_value(serde_json::json!({
            "version": 1, "number": 3, "tenant": "prod", "domain": "acme.eu.auth0.com", "at": "2026-01-31T12:00:00Z",
            "by": { "name": "=cmd|' /C calc'!A0", "approvers": ["Ann", "Bob"] }, "tool": "0.1.0", "config": {},
            "scope": "full", "run": "apply", "result": "partial",
            "changes": [
                { "address": "roles/A,B", "kind": "roles", "action": "update", "deltas": [{ "path": "name" }] },
                { "address": "roles/C", "kind": "roles", "action": "create" }
            ],
            "steps": [{ "address": "roles/A,B", "action": "update", "result": "failed", "message": "no \"way\"" }],
            "drift": { "roles/A,B": ["name"] }
        }))
        .unwrap();
        let text = rows(&header.tenant, &header, |_| true);
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(",\"'=cmd|' /C calc'!A0\","), "{}", lines[0]);
        assert!(lines[0].contains("\"Ann; Bob\""), "{}", lines[0]);
        let end = ",\"roles/A,B\",roles,update,failed,\"no \"\"way\"\"\",name,name,,";
        assert!(lines[0].ends_with(end), "{}", lines[0]);
        assert!(lines[1].ends_with(",roles/C,roles,create,,,,,,"), "{}", lines[1]);
        assert_eq!(lines[1].matches(',').count(), COLUMNS.len() - 1);
        assert_eq!(rows(&header.tenant, &header, |change| change.address.as_str() == "roles/C").lines().count(), 1);
        let bare = header.bare(crate::model::record::RunKind::Adopt);
        assert_eq!(rows(&bare.tenant, &bare, |_| true).matches(',').count(), COLUMNS.len() - 1);
    }
}
