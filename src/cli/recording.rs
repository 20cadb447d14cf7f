//! The records of a run's tenant: read before it is planned, written once something is done.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::failure::Failure;
use super::locking::{self, Lock, sharing};
use super::planning::Seen;
use super::project::workspace;
use super::run::Run;
use crate::edge::actor;
use crate::edge::clock;
use crate::edge::connection::Target;
use crate::edge::git;
use crate::edge::records::shared::Shared;
use crate::edge::records::{self, Kept, RecordError, Records};
use crate::edge::state::Remembrance;
use crate::model::applied::Applied;
use crate::model::live::Live;
use crate::model::others::Others;
use crate::model::plan::{Gate, Plan, Provenance};
use crate::model::record::{Doing, Header, Record, RunKind, RunScope};
use crate::pipeline::apply::Outcome;
use crate::pipeline::drift;
use crate::pipeline::plan::{Facts, Remembered};
use crate::pipeline::recall::recall;
use crate::pipeline::record::{self, Circumstances, Steps};
use crate::pipeline::report::value::harmless;

/// How often a record is tried again where somebody else was faster.
const TRIES: usize = 5;

/// The records of one tenant, as far as a run has read and written them.
#[derive(Debug)]
pub struct History {
    records: Option<Records>,
    last: Option<Kept>,
    place: Remembrance,
    scope: RunScope,
    /// Nothing is remembered of this tenant yet.
    is_first: bool,
    /// Held while anything may be written.
    lock: Option<Lock>,
    /// Where records are handed on to, and the last one there.
    shared: Option<(Shared, Option<String>)>,
    /// The remote did not answer.
    is_silent: bool,
    /// The workspace says that there must be a record.
    expects: bool,
    /// This run has written one.
    has_written: bool,
}

impl History {
    /// Reads the last record; without a git repository there is none. Who is going to write gives the lock, which is
    /// held as long as this lives.
    ///
    /// # Errors
    /// If there is one that cannot be read.
    pub fn open(
        run: &Run<'_>,
        target: &Target,
        scope: RunScope,
        local: &Remembered,
        lock: Option<Lock>,
    ) -> Result<Self, Failure> {
        let place = target.remembrance();
        let line = target.is_sandbox().then(|| STANDARD.encode(&local.salt));
        let records = records::open(workspace(run)?, &place, line)?;
        let Met { shared, is_silent } = match &records {
            Some(records) => meet(records, &place, lock.is_some(), run)?,
            None => Met::default(),
        };
        let expects = !target.is_sandbox() && locking::history(run)?.is_some_and(|history| history.expect.is_some());
        let last = records.as_ref().map(Records::last).transpose()?.flatten();
        let is_first = !run.settings.state.knows(&place);
        Ok(Self { records, last, place, scope, is_first, lock, shared, is_silent, expects, has_written: false })
    }

    /// Returns the history of a run that neither asks nor keeps records.
    pub fn apart(target: &Target, scope: RunScope, lock: Option<Lock>) -> Self {
        Self {
            records: None,
            last: None,
            place: target.remembrance(),
            scope,
            is_first: false,
            lock,
            shared: None,
            is_silent: false,
            expects: false,
            has_written: false,
        }
    }

    /// Returns how much of the configuration the run is about.
    pub fn scope(&self) -> RunScope {
        self.scope
    }

    /// Says whether records can be kept.
    pub fn is_kept(&self) -> bool {
        self.records.is_some()
    }

    /// Says whether what this run did is in a record, or needs none.
    pub fn has_recorded(&self) -> bool {
        self.records.is_none() || self.has_written
    }

    /// Tells others what is about to be done; the flag is raised if the lock is lost while it is done.
    ///
    /// # Errors
    /// If the lock is lost already.
    pub fn intend(&self, plan: &Plan, stopping: &Arc<AtomicBool>) -> Result<(), Failure> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.intend(plan, stopping))
    }

    /// Returns the gate of a tenant that must have a record and has none.
    pub fn missing(&self) -> Option<Gate> {
        (self.expects && self.last.is_none()).then(|| Gate {
            name: "no-record",
            reason: "tenantry.yaml expects a record of an earlier apply, and there is none".to_owned(),
            addresses: Vec::new(),
            switch: Some("--first-apply".to_owned()),
        })
    }

    /// Says whether it may be as it should be that there is no record: they are kept here, whoever has others was asked, and
    /// the workspace expects none.
    pub fn may_be_missing(&self) -> bool {
        self.is_kept() && !self.is_silent && !self.expects
    }

    /// Returns what the tenant is remembered as.
    pub fn place(&self) -> &Remembrance {
        &self.place
    }

    /// Returns the last record.
    pub fn last(&self) -> Option<&Kept> {
        self.last.as_ref()
    }

    /// Returns the headers of all records with their commits, the last one first.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn walk(&self) -> Result<Vec<(String, Header)>, Failure> {
        // Records of a sandbox that is gone are no history of this one.
        match (&self.records, &self.last) {
            (Some(records), Some(_)) => Ok(records.walk()?),
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the whole record of a commit.
    ///
    /// # Errors
    /// If there is none.
    pub fn at(&self, commit: &str) -> Result<Option<Kept>, Failure> {
        Ok(self.records.as_ref().map(|records| records.at(commit)).transpose()?)
    }

    /// Returns the commit of the last record.
    pub fn last_commit(&self) -> Option<&str> {
        self.last.as_ref().map(|kept| kept.commit.as_str())
    }

    /// Returns what the last record says is ours.
    pub fn applied(&self) -> Option<Applied> {
        self.last.as_ref().map(|kept| kept.record.applied.clone())
    }

    /// Returns what is known of secrets: by the record, and by this machine for what the record does not hold.
    pub fn remembered(&self, local: Remembered) -> Remembered {
        let Some(kept) = &self.last else { return local };
        let applied = &kept.record.applied;
        let Ok(salt) = STANDARD.decode(&applied.salt) else { return local };
        let mut fingerprints = applied.fingerprints();
        if salt == local.salt {
            let is_recorded = |name: &str| {
                name.split_once(':').is_some_and(|(address, _)| {
                    applied.resources.contains_key(&crate::model::address::Address::typed(address))
                })
            };
            fingerprints.extend(local.fingerprints.into_iter().filter(|(name, _)| !is_recorded(name)));
        }
        Remembered { salt, fingerprints }
    }

    /// Says whether the commit of these files could be tagged so, before anything is applied.
    ///
    /// # Errors
    /// Why not.
    pub fn may_tag(&self, tag: &str, provenance: &Provenance) -> Result<(), Failure> {
        let (Some(records), Some(commit)) = (&self.records, &provenance.commit) else {
            return Err(RecordError::NoCommit.into());
        };
        if provenance.dirty {
            return Err(Failure::usage(
                "the work tree has changes that are not committed, and a tag would not name them",
                "Commit them, or leave `--tag` out.",
            ));
        }
        Ok(records.may_tag(tag, commit, self.shared.as_ref().map(|(shared, _)| shared))?)
    }

    /// Tags the commit of the last record, at the remote too.
    ///
    /// # Errors
    /// If git refuses.
    pub fn tag(&self, tag: Option<&str>) -> Result<(), Failure> {
        let (Some(tag), Some(records), Some(kept)) = (tag, &self.records, &self.last) else { return Ok(()) };
        let shared = self.shared.as_ref().map(|(shared, _)| shared);
        records.tag(tag, &kept.record, shared)?;
        let Some(shared) = shared else { return Ok(()) };
        records.hand_on_tag(tag, shared).map_err(|error| Failure::TagNotHandedOn {
            tag: tag.to_owned(),
            remote: shared.remote.name(),
            error: Box::new(error),
        })
    }

    /// Says that the commit of the last record is here alone, if records are shared and it is: others could not go back to
    /// it.
    ///
    /// # Errors
    /// If there is no workspace.
    pub fn tell_unpushed(&self, run: &Run<'_>) -> Result<(), Failure> {
        let (Some((shared, _)), Some(kept)) = (&self.shared, &self.last) else { return Ok(()) };
        let config = &kept.record.header.config;
        let Some(commit) = config.commit.as_ref().filter(|_| !config.dirty) else { return Ok(()) };
        let folder = workspace(run)?;
        if git::is_at_a_remote(folder, commit) {
            return Ok(());
        }
        // A tag, or what was pushed without being looked at again. A remote that does not answer says nothing.
        let Ok(tips) = shared.remote.tips() else { return Ok(()) };
        if !tips.iter().any(|tip| git::contains(folder, tip, commit) == Some(true)) {
            let short: String = commit.chars().take(7).collect();
            let text = format!(
                "note: commit {short} is on no branch of `{}`: push it, or others can neither roll back to it nor promote it",
                shared.remote.name()
            );
            run.terminal.talk(&format!("{}\n", harmless(&text)));
        }
        Ok(())
    }

    /// Records an apply that was performed.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn applied_now(
        &mut self,
        plan: &Plan,
        (steps, outcome, seen): (&Steps, &Outcome, Option<&Seen>),
        doing: &Doing,
        remembered: &Remembered,
        run: &Run<'_>,
    ) -> Result<(), Failure> {
        if self.records.is_none() {
            if self.is_first {
                run.terminal.talk(
                    "note: this folder is in no git repository: no record is kept, and what the files leave out is \
                     never known to be ours\n",
                );
            }
            return Ok(());
        }
        let circumstances = self.circumstances(plan, doing.clone(), remembered, run)?;
        let mut record = record::of(plan, steps, outcome, circumstances);
        record.others = seen.map(|seen| self.others(&record, &seen.live, remembered, plan));
        self.keep(record, remembered, run)?;
        match self.lock.as_ref().is_some_and(Lock::is_lost) {
            true => Err(RecordError::Unlocked.into()),
            false => Ok(()),
        }
    }

    /// Records an apply that had nothing to do, if commit or ownership changed.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn unchanged(
        &mut self,
        plan: &Plan,
        seen: Option<&Seen>,
        doing: &Doing,
        remembered: &Remembered,
        run: &Run<'_>,
    ) -> Result<(), Failure> {
        if self.records.is_none() {
            return Ok(());
        }
        let circumstances = self.circumstances(plan, doing.clone(), remembered, run)?;
        let mut record = record::of(plan, &Steps::default(), &Outcome::default(), circumstances);
        if !record::is_news(&record, self.last.as_ref().map(|kept| &kept.record)) {
            return Ok(());
        }
        record.others = seen.map(|seen| self.others(&record, &seen.live, remembered, plan));
        self.keep(record, remembered, run)
    }

    /// Returns what others have in the tenant, as it was seen before this run wrote.
    fn others(&self, record: &Record, live: &Live, remembered: &Remembered, plan: &Plan) -> Others {
        let facts = Facts {
            remembered: remembered.clone(),
            applied: Some(record.applied.clone()),
            keeps_history: true,
            project: plan.settings.project.clone(),
            ..Facts::default()
        };
        let (recalled, _) = recall(&record.applied, &plan.settings);
        drift::others(&recalled, live, &facts, self.last.as_ref().and_then(|kept| kept.record.others.as_ref()))
    }

    /// Returns what a record says besides plan and outcome.
    ///
    /// # Errors
    /// If there is no workspace.
    pub fn circumstances(
        &self,
        plan: &Plan,
        doing: Doing,
        remembered: &Remembered,
        run: &Run<'_>,
    ) -> Result<Circumstances, Failure> {
        Ok(Circumstances {
            at: clock::stamp(),
            by: actor::actor(workspace(run)?, &run.world.environment),
            project: plan.settings.project.clone(),
            scope: self.scope,
            doing: Doing { holds: self.holds(&doing), ..doing },
            fingerprint: Some(plan.basis.fingerprint.clone()).filter(|print| !print.is_empty()),
            opened: plan.opened.clone(),
            salt: STANDARD.encode(&remembered.salt),
        })
    }

    /// The commits that are held after a run: those that were, and what it adds, unless it lets them all go.
    fn holds(&self, doing: &Doing) -> Vec<String> {
        // What was in force before the apply that is taken back is so again.
        if doing.run == RunKind::Undo {
            return doing.holds.clone();
        }
        let mut holds = self.last.as_ref().map(|kept| kept.record.header.holds.clone()).unwrap_or_default();
        if doing.run == RunKind::ReleaseHold {
            holds.clear();
        }
        holds.extend(doing.holds.iter().filter(|held| !holds.contains(held)).cloned().collect::<Vec<_>>());
        holds
    }

    /// Writes a record; one that somebody else has written since is taken in, never overwritten.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, record: Record, remembered: &Remembered, run: &Run<'_>) -> Result<(), Failure> {
        let Some(records) = &self.records else { return Ok(()) };
        let base = self.last.as_ref().map(|kept| kept.record.applied.clone());
        let mut tip = self.last.clone();
        for _ in 0..TRIES {
            let mut record = record.clone();
            if let Some(tip) = tip.as_ref().filter(|tip| Some(&tip.record.applied) != base.as_ref()) {
                record.applied = record.applied.rebased(base.as_ref(), &tip.record.applied);
            }
            if let (None, Some(tip)) = (&record.others, &tip) {
                record.others.clone_from(&tip.record.others);
                if let Some(others) = &mut record.others {
                    others.released(&tip.record.applied, &record.applied);
                }
            }
            match records.write(record, tip.as_ref()) {
                Ok(kept) => {
                    self.has_written = true;
                    run.settings.state.prepare()?;
                    run.settings.state.see_record(&self.place, &kept.commit)?;
                    self.last = Some(kept);
                    // A sandbox knows its records by the salt.
                    run.settings.state.remember(&self.place, remembered)?;
                    return self.hand_on();
                }
                Err(RecordError::Moved) => tip = records.last()?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Moved.into())
    }

    /// Hands on to the remote what is here and not there.
    fn hand_on(&mut self) -> Result<(), Failure> {
        let (Some(records), Some((shared, there))) = (&self.records, &mut self.shared) else { return Ok(()) };
        for _ in 0..TRIES {
            match records.hand_on(shared, there.take()) {
                Ok(now) => {
                    *there = now;
                    return Ok(());
                }
                Err(RecordError::Moved) => {
                    *there = records.take_in(shared)?;
                    self.last = records.last()?;
                }
                Err(error) => return Err(Failure::NotHandedOn(Box::new(error))),
            }
        }
        Err(Failure::NotHandedOn(Box::new(RecordError::Moved)))
    }
}

/// What came of taking in what is at the remote.
#[derive(Debug, Default)]
pub struct Met {
    /// Where a run that writes hands records on to, and the last one there.
    pub shared: Option<(Shared, Option<String>)>,
    /// The remote did not answer.
    pub is_silent: bool,
}

/// Takes in what is at the remote. Who is going to write must know it, and hands on first what it has not seen; a plan
/// goes on with what is here.
///
/// # Errors
/// If what is there does not follow on what was there, and, for who is going to write, if nothing answers.
pub fn meet(records: &Records, place: &Remembrance, writing: bool, run: &Run<'_>) -> Result<Met, Failure> {
    let Some(shared) = sharing(place, run)? else { return Ok(Met::default()) };
    match records.take_in(&shared) {
        Ok(there) if writing => {
            let there = records.hand_on(&shared, there)?;
            Ok(Met { shared: Some((shared, there)), is_silent: false })
        }
        Ok(_) => Ok(Met::default()),
        Err(RecordError::Remote(error)) if !writing => {
            let text = format!("warning: {error}: this goes by the records that are here");
            run.terminal.talk(&format!("{}\n", harmless(&text)));
            Ok(Met { is_silent: true, ..Met::default() })
        }
        Err(error) => Err(error.into()),
    }
}
