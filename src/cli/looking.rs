//! A tenant against its last record: what `drift` and `status` share, all of it reading.

use super::failure::Failure;
use super::project::{Look, Project};
use super::recording::History;
use super::run::Run;
use crate::api::port::ReadApi as _;
use crate::edge::connection::Target;
use crate::edge::runtime::Runtime;
use crate::model::desired::TenantSettings;
use crate::model::live::Live;
use crate::model::names::TenantName;
use crate::model::record::{Header, RunScope};
use crate::pipeline::drift::{Drift, drift};
use crate::pipeline::plan::{Facts, Remembered};
use crate::pipeline::recall::recall;
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::scopes;

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
#[derive(Debug)]
pub struct Seen {
    pub drift: Drift,
    /// Requests that reading took.
    pub requests: usize,
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

    /// Reads the tenant and compares it with the last record.
    ///
    /// # Errors
    /// Without a record, or if the tenant does not answer.
    pub fn against_record(&self, run: &Run<'_>) -> Result<Seen, Failure> {
        if !self.history.is_kept() {
            return Err(Failure::NoRecord("this folder is in no git repository, so no record says what was applied"));
        }
        let Some(applied) = self.history.applied() else {
            return Err(Failure::NoRecord("there is no record of this tenant"));
        };
        let (recalled, unknown) = recall(&applied, &self.settings);
        let api = run.settings.api.connect(&self.settings, &self.target, &run.settings.state)?.only_reading();
        let reading = async {
            // What the tenant would refuse is not even tried.
            let granted = api.granted_scopes().await;
            let needed = scopes::for_plan(&recalled);
            let lacking = granted.as_ref().map(|granted| needed.lacking(granted)).unwrap_or_default();
            if !lacking.is_empty() {
                return Ok(Err(lacking));
            }
            refresh(&api, Wanted::For(&recalled)).await.map(Ok)
        };
        let read = {
            let _bar = run.terminal.bar(None, "reading the tenant");
            Runtime::start()?.run(api.telling(reading, |pause| run.waits(pause)))?
        };
        let mut seen = match read {
            Err(lacking) => {
                let why = lacking
                    .gates()
                    .into_iter()
                    .flat_map(|gate| gate.addresses.into_iter().map(move |address| (address, gate.reason.clone())));
                Seen { drift: Drift { unread: why.collect(), ..Drift::default() }, requests: 0 }
            }
            Ok(live) => {
                let facts = Facts {
                    remembered: self.remembered(),
                    applied: Some(applied),
                    keeps_history: true,
                    project: self.settings.project.clone(),
                    ..Facts::default()
                };
                Seen { drift: drift(&recalled, &live, &facts), requests: live.requests }
            }
        };
        let newer = unknown.into_iter().map(|address| (address, "this version does not know its kind".to_owned()));
        seen.drift.unread.extend(newer);
        Ok(seen)
    }
}
