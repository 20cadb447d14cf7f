//! What has moved in a tenant, for people and for programs.

use serde_json::{Value as Json, json};

use super::style::{FAINT, STRONG, count, of_action, paint};
use super::value::harmless;
use super::{deltas, json as values};
use crate::model::change::{Action, Change};
use crate::pipeline::drift::{Drift, Foreign};
use crate::pipeline::who::{Hand, Who};

/// What has moved, and what of it is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub drift: &'a Drift,
    /// What others have made since the record is listed.
    pub unmanaged: bool,
    /// Who moved each, where that was asked.
    pub changes: Option<&'a [Who]>,
    /// Who made each.
    pub arrived: Option<&'a [Who]>,
}

/// So many writes of others to one thing are shown; programs are told of more.
const HANDS: (usize, usize) = (3, 50);

impl Shown<'_> {
    /// Returns the lines of what has moved, of what cannot be read and, if it is wanted, of what is not ours.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (position, change) in self.drift.changes.iter().enumerate() {
            out.push_str(&entry(change));
            out.push_str(&hands(self.changes, position, 4));
            out.push('\n');
        }
        for (address, reason) in &self.drift.unread {
            out.push_str(&format!("note: {}: {}\n", harmless(address.as_str()), harmless(reason)));
        }
        if self.unmanaged {
            out.push_str(&self.arrived());
        }
        if !self.drift.unseen.is_empty() {
            let secrets = count(self.drift.unseen.len(), "secret");
            out.push_str(&format!(
                "{}\n",
                paint(FAINT, format!("{secrets} could not be compared: the tenant does not show what it holds."))
            ));
        }
        out
    }

    fn arrived(&self) -> String {
        let mut out = String::new();
        if self.drift.arrived().next().is_none() {
            return format!("{}\n\n", paint(STRONG, "Nothing is there that others have made since."));
        }
        out.push_str(&format!("{}\n", paint(STRONG, "Not managed here, and new since the record:")));
        for (position, foreign) in self.drift.arrived().enumerate() {
            out.push_str(&format!("    {}\n", harmless(&named(foreign))));
            out.push_str(&hands(self.arrived, position, 8));
        }
        out.push('\n');
        if self.drift.arrived().any(|foreign| foreign.new.is_none()) {
            out.push_str(
                "note: the record does not say what others had of some kinds; of those everything is listed\n",
            );
        }
        out
    }

    /// Returns it for programs: the members of one tenant.
    pub fn json(&self) -> Json {
        let drift = self.drift;
        let change = |(position, change)| {
            let mut json = values::change(change);
            tell(&mut json, self.changes, position);
            json
        };
        let mut document = json!({
            "drifted": drift.has_moved(),
            "changes": drift.changes.iter().enumerate().map(change).collect::<Vec<_>>(),
            "unread": drift.unread.iter().map(|(address, reason)| json!({"address": address, "reason": reason})).collect::<Vec<_>>(),
            "not_compared": drift.unseen,
            "unchanged": drift.unchanged,
            "unmanaged": drift.foreign.len(),
        });
        if self.unmanaged {
            let foreign = |(position, foreign)| {
                let mut json = json!(foreign);
                tell(&mut json, self.arrived, position);
                json
            };
            document["foreign"] = json!(drift.arrived().enumerate().map(foreign).collect::<Vec<_>>());
        }
        document
    }
}

/// Returns the lines of who did something.
fn hands(all: Option<&[Who]>, position: usize, indent: usize) -> String {
    let Some(who) = all.and_then(|all| all.get(position)) else { return String::new() };
    let line = |words: String| format!("{:indent$}{}\n", "", paint(FAINT, harmless(&words)));
    match who {
        Ok(hands) => {
            let mut out: String = hands.iter().take(HANDS.0).map(|hand| line(told(hand))).collect();
            if let Some(more) = hands.len().checked_sub(HANDS.0).filter(|more| *more > 0) {
                out.push_str(&line(format!("and {} before", count(more, "write"))));
            }
            out
        }
        Err(why) => line(format!("by: unknown, {why}")),
    }
}

fn told(hand: &Hand) -> String {
    let client = match (&hand.client_name, &hand.client, hand.own_client) {
        (_, Some(id), true) => Some(format!("{id}, this run's own")),
        (Some(name), Some(id), _) => Some(format!("{name}, {id}")),
        (None, Some(id), _) => Some(id.clone()),
        (name, None, _) => name.clone(),
    };
    let who = match (&hand.user, client) {
        (Some(user), Some(client)) => format!("{user} (client {client})"),
        (Some(user), None) => user.clone(),
        (None, Some(client)) => format!("client {client}"),
        (None, None) => "somebody that the log does not name".to_owned(),
    };
    let from = hand.ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    let day = hand.at.get(..19).unwrap_or(&hand.at);
    let call = if hand.exact { String::new() } else { format!(": {} {}", hand.method, hand.path) };
    format!("by {who}, {day}Z{from}{call}")
}

fn tell(document: &mut Json, all: Option<&[Who]>, position: usize) {
    document["who"] = match all.and_then(|all| all.get(position)) {
        Some(Ok(hands)) => json!({ "writes": hands.iter().take(HANDS.1).collect::<Vec<_>>(), "unknown": null }),
        Some(Err(why)) => json!({ "writes": [], "unknown": why }),
        None => return,
    };
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
    let new = match drift.foreign.iter().filter(|foreign| foreign.new == Some(true)).count() {
        0 => String::new(),
        many => format!(" ({many} new)"),
    };
    let unread = match drift.unread.len() {
        0 => String::new(),
        many => format!(", {many} could not be read"),
    };
    let words = match drift.changes.len() {
        0 => "No drift.".to_owned(),
        many => format!("Drift: {} moved.", count(many, "resource")),
    };
    format!("{} {unchanged}{unread}; {foreign}{new} left alone.", paint(STRONG, words))
}
