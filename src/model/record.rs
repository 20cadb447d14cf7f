//! What one run did to a tenant: plain data, kept in git.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::address::Address;
use super::applied::Applied;
use super::change::{Action, Cause};
use super::names::{Domain, TenantName};
use super::others::Others;
use super::plan::Gate;

/// The format of records that this program writes. It only ever grows; a change that takes something away raises it.
pub const RECORD_VERSION: u32 = 1;

/// One record: the header, and what is ours after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub header: Header,
    pub applied: Applied,
    /// What others had in the tenant; older records do not know.
    #[serde(default)]
    pub others: Option<Others>,
}

/// Everything of a record but what is ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub version: u32,
    /// Its place in the line, from 1.
    pub number: u64,
    pub tenant: TenantName,
    pub domain: Domain,
    #[serde(default)]
    pub sandbox: bool,
    #[serde(default)]
    pub project: Option<String>,
    /// In UTC, to the second: `2026-01-31T12:00:00Z`.
    pub at: String,
    pub by: Actor,
    /// The version of tenantry.
    pub tool: String,
    pub config: Config,
    /// The plan's fingerprint, where it has one.
    #[serde(default)]
    pub plan: Option<String>,
    pub scope: RunScope,
    pub run: RunKind,
    /// Where a rollback or a promotion took the configuration from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TakenFrom>,
    /// Commits that were rolled back: what contains one of them is not applied until the hold is released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    pub result: RunResult,
    #[serde(default)]
    pub changes: Vec<RecordedChange>,
    #[serde(default)]
    pub steps: Vec<RecordedStep>,
    /// Gates that were closed and were opened by a switch.
    #[serde(default)]
    pub gates: Vec<OpenedGate>,
    /// Edits of others that were overwritten: address -> field paths.
    #[serde(default)]
    pub drift: BTreeMap<Address, Vec<String>>,
    /// Runs before this one that came to no record of their own, as far as they got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<Unfinished>,
}

/// What a run did that came to no record of its own, because it was killed or could write none. Its journal knew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unfinished {
    /// When it began.
    pub at: String,
    pub by: Actor,
    pub tool: String,
    pub config: Config,
    /// What it did; before it ended, all that it was about to do.
    pub changes: Vec<RecordedChange>,
    pub steps: Vec<RecordedStep>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<OpenedGate>,
}

/// Who ran it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The pipeline's system, where it ran in one: `github`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The address of the pipeline's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Who started it once more, where that was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_by: Option<String>,
    /// Who let it go on, as far as the pipeline tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
}

/// Which files it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    #[serde(default)]
    pub commit: Option<String>,
    #[serde(default)]
    pub tree: Option<String>,
    /// The work tree differed from the commit.
    #[serde(default)]
    pub dirty: bool,
}

/// How much of the configuration a run was about. Only `full` can be promoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunScope {
    #[default]
    Full,
    /// Without what `--exclude` named.
    Partial,
    /// Only what `--target` named.
    Targeted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    Apply,
    Rollback,
    Promotion,
    /// An apply was taken back.
    Undo,
    /// Ownership alone: nothing was written.
    Adopt,
    Release,
    /// What a rollback held back may be applied again.
    ReleaseHold,
}

impl RunKind {
    /// Returns the word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Rollback => "rollback",
            Self::Undo => "undo",
            Self::Promotion => "promotion",
            Self::Adopt => "adopt",
            Self::Release => "release",
            Self::ReleaseHold => "release-hold",
        }
    }
}

/// Where a configuration was taken from that is not that of the work tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenFrom {
    /// The tenant that it was applied to before.
    pub tenant: TenantName,
    /// The number of that tenant's record, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// What was asked for: a tag, a commit, a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

/// What a run is, for its record.
#[derive(Clone, Debug)]
pub struct Doing {
    pub run: RunKind,
    pub from: Option<TakenFrom>,
    /// The commits that are held once it is done.
    pub holds: Vec<String>,
    /// What runs before it did that are in no record.
    pub unfinished: Vec<Unfinished>,
}

impl Doing {
    /// A run of a kind that holds and takes over nothing.
    pub fn of(run: RunKind) -> Self {
        Self { run, from: None, holds: Vec::new(), unfinished: Vec::new() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    Done,
    /// Some steps failed or were skipped.
    Partial,
    /// Nothing was written.
    Failed,
}

impl RunResult {
    /// Returns the word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "in part",
            Self::Failed => "failed",
        }
    }
}

/// A change as people saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedChange {
    pub address: Address,
    pub kind: String,
    pub action: Action,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<RecordedDelta>,
}

/// One field's difference; secrets by name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedDelta {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStep {
    pub address: Address,
    pub action: Action,
    pub result: StepResult,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    Ok,
    Failed,
    Skipped,
    /// Of a run that did not end: nothing says whether it was done.
    InDoubt,
}

/// A gate that somebody opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedGate {
    pub name: String,
    pub reason: String,
    pub addresses: Vec<Address>,
}

impl From<&Gate> for OpenedGate {
    fn from(gate: &Gate) -> Self {
        Self { name: gate.name.to_owned(), reason: gate.reason.clone(), addresses: gate.addresses.clone() }
    }
}

impl Header {
    /// Returns the header of a run after this one that applied nothing.
    #[must_use]
    pub fn bare(&self, run: RunKind) -> Self {
        Self {
            run,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            from: None,
            changes: Vec::new(),
            steps: Vec::new(),
            gates: Vec::new(),
            drift: BTreeMap::new(),
            unfinished: Vec::new(),
            ..self.clone()
        }
    }

    /// Counts what was done: created, updated, deleted. What runs before it did that are in no record is part of it.
    pub fn counts(&self) -> [usize; 3] {
        let mut all = counts(&self.changes, &self.steps);
        for (all, before) in all.iter_mut().zip(self.counts_before()) {
            *all += before;
        }
        all
    }

    /// Counts what was done by runs before it that are in no record.
    fn counts_before(&self) -> [usize; 3] {
        let mut all = [0; 3];
        for before in &self.unfinished {
            for (all, more) in all.iter_mut().zip(counts(&before.changes, &before.steps)) {
                *all += more;
            }
        }
        all
    }

    /// Returns what was done in a few words: `3 created, 2 updated`.
    pub fn told(&self) -> String {
        let words = ["created", "updated", "deleted"];
        let mut told: Vec<String> =
            self.counts().iter().zip(words).filter(|(n, _)| **n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        let failed = self.steps.iter().filter(|step| step.result != StepResult::Ok).count();
        if failed > 0 {
            told.push(format!("{failed} not done"));
        }
        let steps = self.unfinished.iter().flat_map(|before| &before.steps);
        let in_doubt = steps.filter(|step| step.result == StepResult::InDoubt).count();
        if in_doubt > 0 {
            told.push(format!("{in_doubt} in doubt"));
        }
        let before: usize = self.counts_before().iter().sum();
        let before = match before {
            0 => String::new(),
            _ => format!(" ({before} by a run that did not end)"),
        };
        if told.is_empty() { "no change".to_owned() } else { format!("{}{before}", told.join(", ")) }
    }

    /// Returns every change with the run that did it, where that was one before this.
    pub fn all_changes(&self) -> impl Iterator<Item = (Option<&Unfinished>, &RecordedChange)> {
        let before = self.unfinished.iter().flat_map(|run| run.changes.iter().map(move |change| (Some(run), change)));
        before.chain(self.changes.iter().map(|change| (None, change)))
    }
}

fn counts(changes: &[RecordedChange], steps: &[RecordedStep]) -> [usize; 3] {
    let failed = |address: &Address| steps.iter().any(|step| &step.address == address && step.result != StepResult::Ok);
    let mut counts = [0; 3];
    for change in changes.iter().filter(|change| !failed(&change.address)) {
        match change.action {
            Action::Create => counts[0] += 1,
            Action::Update | Action::Rename | Action::Replace => counts[1] += 1,
            Action::Delete => counts[2] += 1,
            Action::Nothing => {}
        }
    }
    counts
}
