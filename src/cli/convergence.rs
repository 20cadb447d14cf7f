//! An apply looked at once more: planned again, it leaves nothing to do.
//!
//! An answer of success says what the server took, where it says anything. This asks the tenant itself, also about what
//! is answered without a body, and about what one write made of another. It never writes.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::planning::{Planned, Wish};
use super::run::Run;
use crate::edge::clock::Clock;
use crate::edge::connection::Connection;
use crate::edge::runtime::Runtime;
use crate::model::change::Action;
use crate::pipeline::apply::Clock as _;
use crate::pipeline::plan::Consent;
use crate::pipeline::report::json::change;
use crate::pipeline::report::redaction::Redaction;
use crate::pipeline::report::style::{REMOVED, STRONG, count, paint};
use crate::pipeline::report::text;

/// A read may be of a moment ago: so long is waited before it is read again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// What the tenant shows after an apply.
#[derive(Debug)]
pub struct Look {
    /// The last plan; what it would do is left.
    planned: Planned,
    /// Requests sent to read, all plans together.
    requests: usize,
}

/// Plans what was applied again, until nothing is left or often enough to believe that something is.
///
/// # Errors
/// If the tenant cannot be read.
pub fn look(
    planned: &Planned,
    connection: &Connection,
    runtime: &Runtime,
    run: &Run<'_>,
) -> Result<Option<Look>, Failure> {
    let mut requests = 0;
    let mut pauses = PAUSES.iter();
    loop {
        let Some(wish) = Wish::again(planned) else { return Ok(None) };
        let reading = connection.reading();
        let planning = wish.plan(&reading, Consent::default(), run);
        let mut again = runtime.run(connection.telling(planning, |pause| run.waits(pause)))?;
        // A server may show in the open what it was sent as a secret.
        let redaction = Redaction::of_plan(&planned.plan);
        let deltas = again.plan.changes.iter_mut().flat_map(|change| &mut change.deltas);
        for value in deltas.flat_map(|delta| [&mut delta.before, &mut delta.after]).flatten() {
            *value = redaction.clean_value(value);
        }
        requests += again.plan.requests.refresh;
        match pauses.next() {
            Some(pause) if !again.plan.is_empty() => runtime.run(Clock.sleep(*pause)),
            _ => return Ok(Some(Look { planned: again, requests })),
        }
    }
}

impl Look {
    /// Says whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.planned.plan.is_empty()
    }

    /// Returns what follows on the screen of an apply.
    pub fn text(&self) -> String {
        let read = count(self.requests, "request");
        if self.is_settled() {
            return format!("{} planned again, nothing is left to do. Read with {read}.\n", paint(STRONG, "Verified:"));
        }
        format!(
            "\n{} planned again, this is left of what was to be done:\n\n{}Read with {read}. \
             Somebody may be changing the tenant, or it does not take these values.\n",
            paint(REMOVED.bold(), "error:"),
            text::changes(&self.planned.plan)
        )
    }

    /// Returns the same for programs.
    pub fn json(&self) -> Json {
        let left = self.planned.plan.changes.iter().filter(|left| left.action != Action::Nothing);
        json!({ "settled": self.is_settled(), "left": left.map(change).collect::<Vec<_>>(), "requests": self.requests })
    }
}
