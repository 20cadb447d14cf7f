//! A tenant against its last record: what `drift` and `status` share, all of it reading.

use super::failure::Failure;
use super::journaling::Journaling;
use super::project::{Look, Project};
use super::recording::History;
use super::run::Run;
use crate::api::port::ReadApi;
use crate::edge::connection::Target;
use crate::edge::runtime::Runtime;
use crate::model::desired::TenantSettings;
use crate::model::live::Live;
use crate::model::names::TenantName;
use crate::model::plan::Gate;
use crate::model::record::{Header, RunScope};
use crate::pipeline::drift::{Drift, drift};
use crate::pipeline::plan::{Facts, Remembered};
use crate::pipeline::recall::recall;
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::scopes;
use crate::pipeline::who::{Paths, Told, Who, who};

/// Reads all that a tenant shows of these kinds, or of all.
///
/// # Errors
/// If it does not answer.
pub fn everything(
    settings: &TenantSettings,
    (only, exclude): (Vec<String>, Vec<String>),
    run: &Run<'_>,
) -> Result<Live, Failure> {
    let target = Target::of(settings, run.settings.sandbox);
    let api = run.settings.api.connect(settings, &target, &run.settings.state)?.only_reading();
    let _bar = run.terminal.bar(None, "reading the tenant");
    let reading = refresh(&api, Wanted::Everything { only, exclude });
    Ok(Runtime::start()?.run(api.telling(reading, |pause| run.waits(pause)))?)
}

/// One tenant and its records.
#[derive(Debug)]
pub struct Looked {
    pub settings: TenantSettings,
    pub target: Target,
    pub history: History,
    local: Remembered,
}

/// A tenant against its last record.
#[derive(Debug, Default)]
pub struct Seen {
    pub drift: Drift,
    /// Requests that reading took.
    pub requests: usize,
    /// What is to be said of an apply that did not end.
    pub unfinished: Option<String>,
    /// Who moved it, where that was asked.
    pub who: Option<Whose>,
}

/// Who did it: of each change, and of each thing that others have made since.
#[derive(Debug)]
pub struct Whose {
    pub changes: Vec<Who>,
    pub arrived: Vec<Who>,
    /// Requests that the tenant's log took.
    pub requests: usize,
}

/// What is asked of a tenant besides what has moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// Who moved it.
    pub who: bool,
    /// What others have made is of interest.
    pub unmanaged: bool,
}

impl Looked {
    /// Opens a tenant's records. Of the files only the tenant's own is needed; what is wrong in others is no matter.
    ///
    /// # Errors
    /// If the tenant's file or the records cannot be read.
    pub fn open(tenant: Option<&TenantName>, offline: bool, run: &Run<'_>) -> Result<Self, Failure> {
        let project = Project::read(run, tenant, &Look { offline, ..Look::default() })?;
        let Some(desired) = project.desired else {
            return Err(Failure::Invalid { found: project.found, sources: project.sources });
        };
        let settings = desired.settings;
        let target = Target::of(&settings, run.settings.sandbox);
        let local = run.settings.state.remembered(&target.remembrance())?;
        let history = History::open(run, &target, RunScope::Full, &local, None)?;
        Ok(Self { settings, target, history, local })
    }

    /// Returns the last record's header.
    pub fn last(&self) -> Option<&Header> {
        self.history.last().map(|kept| &kept.record.header)
    }

    /// Returns what is known of secrets that were sent.
    pub fn remembered(&self) -> Remembered {
        self.history.remembered(self.local.clone())
    }

    /// Reads the tenant and compares it with the last record, and what an apply that did not end has done since.
    ///
    /// # Errors
    /// Without a record, or if the tenant does not answer.
    pub fn against_record(&self, asking: Asking, run: &Run<'_>) -> Result<Seen, Failure> {
        if !self.history.is_kept() {
            return Err(Failure::NoRecord("this folder is in no git repository, so no record says what was applied"));
        }
        let journal = Journaling::of(run, &self.target)?;
        if self.history.last().is_none() && journal.open().is_none() {
            return Err(Failure::NoRecord("there is no record of this tenant"));
        }
        let api = run.settings.api.connect(&self.settings, &self.target, &run.settings.state)?.only_reading();
        let _bar = run.terminal.bar(None, "reading the tenant");
        Runtime::start()?.run(api.telling(self.read(journal, &api, asking), |pause| run.waits(pause)))
    }

    async fn read(&self, mut journal: Journaling, api: &impl ReadApi, asking: Asking) -> Result<Seen, Failure> {
        let in_doubt = journal.settle(api, false).await?;
        let mut remembered = self.remembered();
        journal.remembered(&mut remembered);
        let applied = journal.applied(self.history.applied(), true).unwrap_or_default();
        let (recalled, unknown) = recall(&applied, &self.settings);
        let mut seen = Seen { drift: Drift::default(), requests: 0, unfinished: journal.note(), who: None };
        let unread = |gates: Vec<Gate>| {
            gates.into_iter().flat_map(|gate| gate.addresses.into_iter().map(move |at| (at, gate.reason.clone())))
        };
        // What the tenant would refuse is not even tried.
        let granted = api.granted_scopes().await;
        let needed = scopes::for_plan(&recalled);
        let lacking = granted.as_ref().map(|granted| needed.lacking(granted)).unwrap_or_default();
        if lacking.is_empty() {
            let live = refresh(api, Wanted::Known(&recalled, Some(&applied))).await?;
            let facts = Facts {
                remembered,
                applied: Some(applied),
                keeps_history: true,
                project: self.settings.project.clone(),
                ..Facts::default()
            };
            seen.drift = drift(&recalled, &live, &facts);
            seen.drift.tell_new(self.history.last().and_then(|kept| kept.record.others.as_ref()));
            seen.requests = live.requests;
        }
        seen.drift.unread.extend(unread(lacking.gates()));
        seen.drift.unread.extend(unread(in_doubt));
        let newer = unknown.into_iter().map(|address| (address, "this version does not know its kind".to_owned()));
        seen.drift.unread.extend(newer);
        if asking.who {
            let since = self.last().map(|header| header.at.clone());
            let since = since.or_else(|| Some(journal.open()?.beginning.at.clone())).unwrap_or_default();
            seen.who = Some(whose(&seen.drift, asking, &since, api).await);
        }
        Ok(seen)
    }
}

async fn whose(drift: &Drift, asking: Asking, since: &str, api: &impl ReadApi) -> Whose {
    let none = Paths::default();
    let moved = drift.changes.iter().map(|change| drift.paths.get(&change.address).unwrap_or(&none));
    let arrived = drift.arrived().filter(|_| asking.unmanaged).map(|foreign| &foreign.paths);
    let asked: Vec<&Paths> = moved.chain(arrived).collect();
    let Told { mut who, requests } = who(api, since, &asked).await;
    let arrived = who.split_off(drift.changes.len().min(who.len()));
    Whose { changes: who, arrived, requests }
}
