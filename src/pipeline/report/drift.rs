//! What has moved in a tenant, for people and for programs.

use serde_json::{Value as Json, json};

use super::style::{FAINT, STRONG, count, of_action, paint};
use super::value::harmless;
use super::{deltas, json as values};
use crate::model::change::{Action, Change};
use crate::pipeline::drift::{Drift, Foreign};

/// Returns the lines of what has moved, of what cannot be read and, if it is wanted, of what is not ours.
pub fn text(drift: &Drift, with_foreign: bool) -> String {
    let mut out: String = drift.changes.iter().map(|change| format!("{}\n", entry(change))).collect();
    for (address, reason) in &drift.unread {
        out.push_str(&format!("note: {}: {}\n", harmless(address.as_str()), harmless(reason)));
    }
    if with_foreign && !drift.foreign.is_empty() {
        out.push_str(&format!("{}\n", paint(STRONG, "Not managed here:")));
        for foreign in &drift.foreign {
            out.push_str(&format!("    {}\n", harmless(&named(foreign))));
        }
        out.push('\n');
    }
    if !drift.unseen.is_empty() {
        let secrets = count(drift.unseen.len(), "secret");
        out.push_str(&format!(
            "{}\n",
            paint(FAINT, format!("{secrets} could not be compared: the tenant does not show what it holds."))
        ));
    }
    out
}

fn named(foreign: &Foreign) -> String {
    let member = foreign.member.as_deref().unwrap_or_default();
    let id = foreign.id.as_ref().map(|id| format!("  ({id})")).unwrap_or_default();
    format!("{}{member}{id}", foreign.address)
}

/// Returns a change with the fields that differ.
pub fn entry(change: &Change) -> String {
    let sign = paint(of_action(change.action), change.action.sign());
    let reason = match change.action {
        Action::Delete if !change.reason.is_empty() => paint(FAINT, format!("  ({})", change.reason)),
        _ => String::new(),
    };
    let mut out = format!("{sign} {}{reason}\n", paint(STRONG, harmless(change.address.as_str())));
    for line in deltas::lines(change) {
        out.push_str(format!("    {line}").trim_end());
        out.push('\n');
    }
    out
}

/// Returns the last line.
pub fn summary(drift: &Drift) -> String {
    let unchanged = format!("{} as recorded", drift.unchanged);
    let foreign = count(drift.foreign.iter().filter(|foreign| foreign.member.is_none()).count(), "unmanaged object");
    let unread = match drift.unread.len() {
        0 => String::new(),
        many => format!(", {many} could not be read"),
    };
    let words = match drift.changes.len() {
        0 => "No drift.".to_owned(),
        many => format!("Drift: {} moved.", count(many, "resource")),
    };
    format!("{} {unchanged}{unread}; {foreign} left alone.", paint(STRONG, words))
}

/// Returns it for programs: the members of one tenant.
pub fn json(drift: &Drift, with_foreign: bool) -> Json {
    let mut document = json!({
        "drifted": drift.has_moved(),
        "changes": drift.changes.iter().map(values::change).collect::<Vec<_>>(),
        "unread": drift.unread.iter().map(|(address, reason)| json!({"address": address, "reason": reason})).collect::<Vec<_>>(),
        "not_compared": drift.unseen,
        "unchanged": drift.unchanged,
        "unmanaged": drift.foreign.len(),
    });
    if with_foreign {
        document["foreign"] = json!(drift.foreign);
    }
    document
}
