//! The journal of a run's tenant: read before it is planned, written while it is applied, put aside after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::failure::Failure;
use super::project::workspace;
use super::run::Run;
use crate::api::port::ReadApi;
use crate::edge::actor;
use crate::edge::clock::{self, Clock};
use crate::edge::connection::Target;
use crate::edge::journal::{self, JournalFile};
use crate::model::address::Address;
use crate::model::applied::{Applied, Ownership};
use crate::model::journal::{Beginning, JOURNAL_VERSION, Journal, Line, Planned as PlannedStep};
use crate::model::names::RemoteId;
use crate::model::plan::{Gate, Plan};
use crate::model::record::{Doing, Unfinished};
use crate::pipeline::apply::Conduct;
use crate::pipeline::apply::conduct::WINDOW;
use crate::pipeline::plan::Remembered;
use crate::pipeline::record::intended;
use crate::pipeline::unfinished::{Telling, folded, in_part, is_create, known_ids, settle, told, unrecorded};

/// How long the embedded tenant is asked for what may be there: it forgets nothing.
const NEAR_WINDOW: Duration = Duration::from_secs(1);

/// The journal of one tenant.
#[derive(Debug)]
pub struct Journaling {
    path: PathBuf,
    aside: PathBuf,
    window: Duration,
    /// The apply before this run, if it did not end.
    open: Option<Journal>,
    /// The apply that did not end and that this run takes back.
    undone: Option<Journal>,
    /// The run takes it back: nothing is written to it, and in the end it goes.
    undoes: bool,
    /// The run is about what is not in the files, and nothing of it becomes ours.
    pub apart: bool,
}

impl Journaling {
    /// Reads what the run before has left.
    ///
    /// # Errors
    /// If there is a journal that cannot be read.
    pub fn of(run: &Run<'_>, target: &Target) -> Result<Self, Failure> {
        let (path, aside) = match &run.settings.journal {
            Some(path) => (path.clone(), path.with_extension("last.jsonl")),
            None => run.settings.state.journals(&target.remembrance()),
        };
        let found = journal::read(&path)?;
        if let Some(other) = found.as_ref().filter(|journal| !is_of(journal, target)) {
            return Err(Failure::usage(
                format!(
                    "the journal `{}` is of {} ({})",
                    path.display(),
                    other.beginning.tenant,
                    other.beginning.domain
                ),
                "Give the tenant that it is of, or the journal of this one.",
            ));
        }
        let open = found.filter(|journal| !journal.is_closed());
        let window = if target.is_sandbox() { NEAR_WINDOW } else { WINDOW };
        Ok(Self { path, aside, window, open, undone: None, undoes: false, apart: false })
    }

    /// Returns the apply that did not end.
    pub fn open(&self) -> Option<&Journal> {
        self.open.as_ref()
    }

    /// Returns the last apply whether it ended or not, for an undo.
    ///
    /// # Errors
    /// If its journal cannot be read.
    pub fn last(&mut self) -> Result<Option<Journal>, Failure> {
        if self.open.is_some() {
            return Ok(self.open.clone());
        }
        // It may have ended without having been put aside.
        let here = journal::read(&self.path)?;
        if here.is_some() {
            return Ok(here);
        }
        self.path.clone_from(&self.aside);
        Ok(journal::read(&self.path)?)
    }

    /// Returns the journal for the run that takes it back: it stays as it is until all is undone.
    #[must_use]
    pub fn undoing(&self) -> Self {
        let (path, aside) = (self.path.clone(), self.aside.clone());
        Self { path, aside, window: self.window, open: None, undone: self.open.clone(), undoes: true, apart: false }
    }

    /// Looks for what may have been created, and returns the gates of what cannot be told.
    ///
    /// # Errors
    /// If the tenant does not answer.
    pub async fn settle(&mut self, api: &impl ReadApi, patient: bool) -> Result<Vec<Gate>, Failure> {
        let window = if patient { self.window } else { Duration::ZERO };
        match &mut self.open {
            Some(journal) => Ok(settle(journal, api, &Clock, window).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Returns what is ours, the apply that did not end included.
    pub fn applied(&self, applied: Option<Applied>, is_kept: bool) -> Option<Applied> {
        match &self.open {
            Some(journal) if is_kept => Some(folded(journal, applied.as_ref())),
            _ => applied,
        }
    }

    /// Returns the addresses that the apply that did not end has begun to change.
    pub fn in_part(&self) -> BTreeSet<Address> {
        self.open.as_ref().map(in_part).unwrap_or_default()
    }

    /// Returns kind and id of what that apply was to make ours.
    pub fn meant(&self) -> impl Iterator<Item = (String, RemoteId)> {
        let owned = self.open.iter().flat_map(|journal| journal.beginning.ownership.next.values());
        owned.filter_map(|owned| Some((owned.kind.clone(), owned.id.clone()?)))
    }

    /// Adds the fingerprints of what that apply has sent.
    pub fn remembered(&self, remembered: &mut Remembered) {
        if let Some(journal) = &self.open {
            remembered.fingerprints.extend(journal.sent.clone());
        }
    }

    /// Says that there is an apply that did not end.
    pub fn note(&self) -> Option<String> {
        self.open.as_ref().map(told)
    }

    /// Returns what an apply before that did not end means for what is ours.
    fn left(&self) -> Ownership {
        let of = |before: &Journal| Ownership {
            prior: before.beginning.ownership.prior.clone(),
            next: folded(before, None).resources,
        };
        self.open.as_ref().map(of).unwrap_or_default()
    }

    /// Returns what an apply did that did not end, and that is in no record: the record of the run that goes on has to say
    /// it. `is_whole`: the plan is about all that the files say.
    pub fn unrecorded(&self, plan: &Plan, is_whole: bool) -> Vec<Unfinished> {
        let telling = match (self.undoes, is_whole) {
            (true, _) => Telling::Undo,
            (false, true) => Telling::Whole,
            (false, false) => Telling::Part,
        };
        let before = self.open.as_ref().or(self.undone.as_ref());
        before.map(|journal| unrecorded(journal, plan, telling)).unwrap_or_default()
    }

    /// Begins the journal of a plan, in place of one that did not end: what stood before that stays known.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is begun.
    pub fn begin(
        &self,
        plan: &Plan,
        (doing, after): (&Doing, Option<&str>),
        stop: Arc<AtomicBool>,
        run: &Run<'_>,
    ) -> Result<Book, Failure> {
        if self.undoes {
            return Ok(Book::Undoing(Undoing { stop, window: self.window }));
        }
        let steps = plan.steps.iter().map(|step| PlannedStep {
            address: step.address.clone(),
            kind: step.kind.name.clone(),
            action: step.action,
            creates: is_create(step),
        });
        let mut beginning = Beginning {
            version: JOURNAL_VERSION,
            tenant: plan.settings.tenant.clone(),
            domain: plan.settings.domain.clone(),
            sandbox: plan.sandbox,
            at: clock::stamp(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            commit: plan.provenance.commit.clone(),
            ownership: if self.apart { self.left() } else { plan.ownership.clone() },
            apart: self.apart,
            steps: steps.collect(),
            images: plan.images.clone(),
            carried: BTreeMap::new(),
            known: known_ids(plan),
            intended: None,
            unfinished: doing.unfinished.clone(),
            after: after.map(str::to_owned),
            recorded: Vec::new(),
        };
        if !self.apart {
            let by = actor::actor(workspace(run)?, &run.world.environment);
            beginning.intended = Some(intended(plan, beginning.at.clone(), by));
        }
        if let Some(before) = &self.open {
            beginning.at.clone_from(&before.beginning.at);
            beginning.after.clone_from(&before.beginning.after);
            beginning.recorded.clone_from(&before.recorded);
            for address in before.touched() {
                let Some(image) = before.beginning.images.get(address) else { continue };
                beginning.images.insert(address.clone(), image.clone());
                let made = before.made.get(address).cloned();
                let made = made.or_else(|| before.beginning.carried.get(address).cloned().flatten());
                beginning.carried.insert(address.clone(), made);
            }
            for (address, image) in before.beginning.images.iter().filter(|(_, image)| image.with.is_some()) {
                beginning.images.entry(address.clone()).or_insert_with(|| image.clone());
            }
        }
        Ok(Book::File(JournalFile::begin(&self.path, &Line::Began(Box::new(beginning)), stop, self.window)?))
    }

    /// Notes the record of a run that had nothing to do in the journal of an apply that did not end, and puts that aside
    /// where it `ends` with this.
    ///
    /// # Errors
    /// If it cannot be written or moved.
    pub fn settled(&self, record: Option<&str>, ends: bool) -> Result<(), Failure> {
        if self.apart || self.open.as_ref().or(self.undone.as_ref()).is_none() {
            return Ok(());
        }
        if let (Some(commit), false) = (record, self.undoes) {
            let mut file = JournalFile::open(&self.path, Arc::default(), self.window)?;
            file.append(&Line::Recorded { commit: commit.to_owned() })?;
        }
        if ends { self.end() } else { Ok(()) }
    }

    /// Puts the journal aside once all is done and recorded. That of a restore stays if it holds what only the record of
    /// an apply can take.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn end(&self) -> Result<(), Failure> {
        let has_left = |before: &Journal| !before.beginning.apart || before.beginning.has_left();
        if self.apart && self.open.as_ref().is_some_and(has_left) {
            return Ok(());
        }
        if self.undoes {
            return Ok(journal::discard(&self.path)?);
        }
        Ok(journal::set_aside(&self.path, &self.aside)?)
    }
}

fn is_of(journal: &Journal, target: &Target) -> bool {
    match target {
        Target::Live(domain) => !journal.beginning.sandbox && journal.beginning.domain == *domain,
        Target::Sandbox(tenant) => journal.beginning.sandbox && journal.beginning.tenant == *tenant,
    }
}

/// Where a run writes what it is about to do.
#[derive(Debug)]
pub enum Book {
    File(JournalFile),
    /// An undo can be begun anew at any time: it goes by the journal of what it undoes.
    Undoing(Undoing),
}

/// The conduct of an undo.
#[derive(Debug)]
pub struct Undoing {
    stop: Arc<AtomicBool>,
    window: Duration,
}

impl Book {
    /// Writes that the run has come to its end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn ended(&mut self, complete: bool) -> Result<(), Failure> {
        match self {
            Self::File(file) => Ok(file.append(&Line::Ended { complete })?),
            Self::Undoing(_) => Ok(()),
        }
    }

    /// Writes in which record the run stands.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn recorded(&mut self, commit: &str) -> Result<(), Failure> {
        match self {
            Self::File(file) => Ok(file.append(&Line::Recorded { commit: commit.to_owned() })?),
            Self::Undoing(_) => Ok(()),
        }
    }
}

impl Conduct for Book {
    fn write(&mut self, line: &Line) -> Result<(), String> {
        match self {
            Self::File(file) => file.write(line),
            Self::Undoing(_) => Ok(()),
        }
    }

    fn is_stopping(&self) -> bool {
        match self {
            Self::File(file) => file.is_stopping(),
            Self::Undoing(undoing) => undoing.stop.load(Ordering::Relaxed),
        }
    }

    fn window(&self) -> Duration {
        match self {
            Self::File(file) => file.window(),
            Self::Undoing(undoing) => undoing.window,
        }
    }
}
