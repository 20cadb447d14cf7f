//! The plan as a screen.

use super::style::{FAINT, STRONG, count, of_action, paint};
use super::{deltas, gates, value::harmless};
use crate::model::change::{Action, Change};
use crate::model::desired::TenantSettings;
use crate::model::plan::Plan;

/// Returns the first line of every plan, prompt and result: `prod -> acme.eu.auth0.com (live)`.
pub fn headline(settings: &TenantSettings, sandbox: bool) -> String {
    let place = if sandbox { "sandbox" } else { "live" };
    let words = format!("{} -> {} ({place})", settings.tenant, settings.domain);
    paint(STRONG, harmless(&words))
}

/// Returns the whole screen of a plan: headline, changes, notes, summary, gates, requests.
///
/// `command` is the apply command of this run without consent switches, for the gates.
pub fn plan(plan: &Plan, command: &str) -> String {
    let mut out = format!("{}\n\n", headline(&plan.settings, plan.sandbox));
    out.push_str(&changes(plan));
    for note in &plan.notes {
        out.push_str(&format!("note: {}\n", harmless(note)));
    }
    if !plan.notes.is_empty() {
        out.push('\n');
    }
    out.push_str(&summary(plan));
    for gate in &plan.opened {
        let way = gate.switch.as_ref().map_or(String::new(), |switch| format!("  ({})", harmless(switch)));
        let line = format!("gate opened[{}]: {}{way}", gate.name, harmless(&gate.reason));
        out.push_str(&format!("{}\n", paint(FAINT, line)));
    }
    if !plan.gates.is_empty() {
        out.push('\n');
        out.push_str(&gates::text(&plan.gates, command));
    }
    out
}

/// Returns the changes alone.
pub fn changes(plan: &Plan) -> String {
    spaced(plan.changes.iter().filter(|change| change.action != Action::Nothing).map(entry).collect())
}

/// Joins entries; those of one line stand together.
fn spaced(entries: Vec<String>) -> String {
    let mut out = String::new();
    let mut was_long = false;
    for (position, entry) in entries.iter().enumerate() {
        let is_long = entry.lines().count() > 1;
        if position > 0 && (is_long || was_long) {
            out.push('\n');
        }
        out.push_str(entry);
        was_long = is_long;
    }
    if !entries.is_empty() {
        out.push('\n');
    }
    out
}

fn entry(change: &Change) -> String {
    let sign = paint(of_action(change.action), change.action.sign());
    // The fields say why an update is needed, where there are any.
    let evident = match change.action {
        Action::Create | Action::Nothing => true,
        Action::Update => !change.deltas.is_empty(),
        _ => change.reason.is_empty(),
    };
    let reason = if evident { String::new() } else { paint(FAINT, format!("  ({})", harmless(&change.reason))) };
    let mut out = format!("{sign} {}{reason}\n", paint(STRONG, harmless(change.address.as_str())));
    for line in deltas::lines(change) {
        out.push_str(format!("    {line}").trim_end());
        out.push('\n');
    }
    out
}

fn summary(plan: &Plan) -> String {
    let left = format!("{} unchanged, {} left alone.", plan.unchanged, count(plan.unmanaged, "unmanaged object"));
    let requests = format!("{}{}", causes(plan), paint(FAINT, requests(plan)));
    if plan.is_empty() && plan.gates.iter().any(|gate| gate.switch.is_none()) {
        return format!("{} {left}\n{requests}\n", paint(STRONG, "Nothing could be planned."));
    }
    if plan.is_empty() {
        return format!("{} {left}\n{requests}\n", paint(STRONG, "No changes. The tenant matches."));
    }
    let print = paint(FAINT, format!("Fingerprint {}", plan.basis.fingerprint));
    format!("{} {}. {left}\n{requests}\n{print}\n", paint(STRONG, "Plan:"), counts(plan))
}

/// Returns `3 to create, 1 to update, 0 to replace, 0 to delete`.
pub fn counts(plan: &Plan) -> String {
    let mut counts = vec![
        format!("{} to create", plan.count(Action::Create)),
        format!("{} to update", plan.count(Action::Update)),
        format!("{} to replace", plan.count(Action::Replace)),
        format!("{} to delete", plan.count(Action::Delete)),
    ];
    if plan.count(Action::Rename) > 0 {
        counts.insert(2, format!("{} to rename", plan.count(Action::Rename)));
    }
    counts.join(", ")
}

/// Says how many differences are somebody's doing in the tenant, where a record tells.
pub fn causes(plan: &Plan) -> String {
    let causes = plan.changes.iter().flat_map(|change| &change.deltas).filter_map(|delta| delta.cause);
    match causes.filter(|cause| cause.is_drift()).count() {
        0 => String::new(),
        drift => format!("{} drift: somebody changed the tenant since the last record.\n", differences(drift)),
    }
}

/// `1 difference is`, `2 differences are`.
pub fn differences(many: usize) -> String {
    if many == 1 { "1 difference is".to_owned() } else { format!("{many} differences are") }
}

/// Returns what reading took and what applying will.
pub fn requests(plan: &Plan) -> String {
    let read = format!("Read with {}", count(plan.requests.refresh, "request"));
    if plan.is_empty() {
        return format!("{read}.");
    }
    format!("{read}; applying sends at least {}.", plan.requests.apply)
}
