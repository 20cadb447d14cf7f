//! How an apply ended: for people, and for programs with a result for each step.

use serde_json::{Value as Json, json};

use super::json::{VERSION, place};
use super::progress::result;
use super::redaction::Redaction;
use super::style::{REMOVED, STRONG, count, paint};
use super::value::harmless;
use super::{json as plan_json, text};
use crate::model::change::{Delta, DeltaNote};
use crate::model::diagnostic::Diagnostics;
use crate::model::event::{Event, StepFailure, Summary};
use crate::model::plan::Plan;
use crate::model::value::Value;
use crate::pipeline::apply::Outcome;
use crate::pipeline::ceremony;

/// Returns the screen after an apply: headline, what answers told, what failed and why, the summary.
pub fn screen(plan: &Plan, outcome: &Outcome, redaction: &Redaction) -> String {
    let Outcome { failures, summary, .. } = outcome;
    let mut out = format!("{}\n\n", text::headline(&plan.settings, plan.sandbox));
    for (address, told) in &outcome.told {
        let lines = ceremony::told(address, told);
        lines.iter().for_each(|line| out.push_str(&format!("{}\n", harmless(&redaction.clean(line)))));
        out.push('\n');
    }
    for failure in failures {
        out.push_str(&block(failure, redaction));
        out.push('\n');
    }
    let word = match (summary.failed + summary.skipped + summary.not_begun, summary.writes) {
        (0, _) => "Applied:",
        (_, 0) => "Nothing applied:",
        _ => "Applied in part:",
    };
    let mut counts = vec![
        format!("{} created", summary.created),
        format!("{} updated", summary.updated),
        format!("{} deleted", summary.deleted),
    ];
    if summary.failed + summary.skipped > 0 {
        counts.push(format!("{} failed", summary.failed));
        counts.push(format!("{} skipped", summary.skipped));
    }
    if summary.not_begun > 0 {
        counts.push(format!("{} not begun", summary.not_begun));
    }
    out.push_str(&format!("{} {}. {}.\n", paint(STRONG, word), counts.join(", "), count(summary.writes, "write")));
    out
}

fn block(failure: &StepFailure, redaction: &Redaction) -> String {
    let clean = |text: &str| harmless(&redaction.clean(text));
    let of = match failure.address.as_str() {
        "" => String::new(),
        address => format!("{}: ", harmless(address)),
    };
    let mut out = format!("{} {of}{}\n", paint(REMOVED.bold(), "error:"), clean(&failure.message));
    let mut add = |name: &str, value: String| out.push_str(&format!("  {name}: {value}\n"));
    if let Some(place) = &failure.place {
        add("declared at", harmless(&place.to_string()));
    }
    if let Some(field) = &failure.field {
        add("field", harmless(field));
    }
    if let Some(request) = &failure.request {
        let status = failure.status.map(|status| format!(" answered {status}")).unwrap_or_default();
        let code = failure.error_code.as_ref().map(|code| format!(" {}", harmless(code))).unwrap_or_default();
        add("request", format!("{}{status}{code}", harmless(request)));
    }
    if let Some(id) = &failure.request_id {
        add("request id", harmless(id));
    }
    if let Some(help) = &failure.help {
        add("help", clean(help));
    }
    out
}

/// A value that did not take. Secrets are names only.
fn not_kept(delta: &Delta) -> Json {
    let show = |value: &Option<Value>| match value {
        _ if delta.note == Some(DeltaNote::SecretChanged) => json!({ "secret": delta.path.to_string() }),
        Some(value) => plan_json::value(value),
        None => Json::Null,
    };
    json!({ "path": delta.path.to_string(), "asked": show(&delta.after), "has": show(&delta.before) })
}

/// What became of each step, gathered from events.
#[derive(Debug, Default)]
pub struct Results(Vec<Json>);

impl Results {
    /// Takes in an event; those that end a step become a result.
    pub fn note(&mut self, event: &Event, redaction: &Redaction) {
        match event {
            Event::Started { .. } | Event::Finished { .. } => {}
            Event::Succeeded { step, address, action, deployed, took, requests, told } => {
                let mut ended = json!({
                    "step": step,
                    "address": address,
                    "action": action,
                    "result": result(*action, *deployed, !told.is_empty()),
                    "seconds": took.as_secs_f64(),
                    "requests": requests,
                });
                if !told.is_empty() {
                    let told = told.iter().map(|(field, text)| (field.clone(), Json::from(redaction.clean(text))));
                    ended["told"] = told.collect();
                }
                self.0.push(ended);
            }
            Event::Failed { step, failure } => self.0.push(json!({
                "step": step,
                "address": failure.address,
                "action": failure.action,
                "result": "failed",
                "message": redaction.clean(&failure.message),
                "field": failure.field,
                "place": failure.place.as_ref().map(place),
                "request": failure.request,
                "status": failure.status,
                "error_code": failure.error_code,
                "request_id": failure.request_id,
                "not_kept": failure.not_kept.iter().map(not_kept).collect::<Vec<_>>(),
                "help": failure.help.as_deref().map(|help| redaction.clean(help)),
            })),
            Event::Skipped { step, address, because } => self.0.push(json!({
                "step": step,
                "address": address,
                "result": "skipped",
                "because": because,
            })),
        }
    }

    /// Returns the result document of an apply, steps in the plan's order.
    pub fn json(mut self, plan: &Plan, found: &Diagnostics, summary: Option<&Summary>) -> Json {
        self.0.sort_by_key(|result| result.get("step").and_then(Json::as_u64));
        json!({
            "format": "tenantry-result",
            "version": VERSION,
            "tenant": plan.settings.tenant,
            "domain": plan.settings.domain,
            "sandbox": plan.sandbox,
            "applied": summary.is_some(),
            "summary": summary.cloned().unwrap_or_default(),
            "steps": self.0,
            "plan": plan_json::plan(plan, found),
        })
    }
}
