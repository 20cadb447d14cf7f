//! `tenantry diff`: any two states of tenants. It reads and never writes.

use crate::api::port::ReadApi as _;
use crate::cli::args::DiffArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::looking::Looked;
use crate::cli::point;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::runtime::Runtime;
use crate::model::applied::Applied;
use crate::model::desired::Desired;
use crate::model::live::Live;
use crate::model::names::TenantName;
use crate::pipeline::comparison::{self, Compared};
use crate::pipeline::plan::{Facts, Remembered};
use crate::pipeline::recall::recall;
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::report::comparison as view;
use crate::pipeline::scopes;

/// Compares and shows.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &DiffArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let (first, second) = (Side::open(&args.first, run)?, Side::open(&args.second, run)?);
    let compared = match (&first.declared, &second.declared) {
        (Some(one), Some(two)) => comparison::declared(one, two),
        (None, None) => {
            let everything = || Wanted::Everything { only: Vec::new(), exclude: Vec::new() };
            let (one, two) = (first.read(everything(), run)?, second.read(everything(), run)?);
            let domain = |side: &Side| side.looked.settings.domain.clone();
            comparison::live((&one, &domain(&first)), (&two, &domain(&second)))
        }
        (Some(_), None) => against(&first, &second, true, run)?,
        (None, Some(_)) => against(&second, &first, false, run)?,
    };
    if run.settings.json {
        run.answer_json(&view::json(&args.first, &args.second, &compared))?;
    } else if args.markdown {
        run.terminal.answer_raw(&view::markdown(&args.first, &args.second, &compared))?;
    } else {
        run.terminal.answer(&view::text(&args.first, &args.second, &compared))?;
    }
    Ok(match (args.exit_code, compared.unread.is_empty(), compared.changes.is_empty()) {
        (true, false, _) => Exit::Gate,
        (true, _, false) => Exit::Pending,
        _ => Exit::Done,
    })
}

/// One side.
struct Side {
    looked: Looked,
    /// What is declared; nothing for a live tenant.
    declared: Option<Desired>,
    /// What a record says, if it is that.
    record: Option<Applied>,
}

impl Side {
    /// Takes what was typed: `dev`, `dev@last`, `dev@2`, `dev@.`, `dev@v1.0`.
    fn open(typed: &str, run: &Run<'_>) -> Result<Self, Failure> {
        let (tenant, point) = match typed.split_once('@') {
            Some((tenant, point)) => (tenant, Some(point)),
            None => (typed, None),
        };
        let tenant = TenantName(tenant.to_owned());
        let looked = Looked::open(Some(&tenant), point.is_some(), run)?;
        let (declared, record) = match point {
            None => (None, None),
            Some(".") => (Some(files(&tenant, Look::default(), run)?), None),
            Some(point) if is_record(point) => {
                let applied = recorded(&looked, point)?;
                (Some(recall(&applied, &looked.settings).0), Some(applied))
            }
            Some(point) => {
                let at = Some(point::open(point, run)?);
                (Some(files(&tenant, Look { at, ..Look::default() }, run)?), None)
            }
        };
        Ok(Self { looked, declared, record })
    }

    fn read(&self, wanted: Wanted<'_>, run: &Run<'_>) -> Result<Live, Failure> {
        let looked = &self.looked;
        let api = run.settings.api.connect(&looked.settings, &looked.target, &run.settings.state)?.only_reading();
        let _bar = run.terminal.bar(None, "reading the tenant");
        let reading = async {
            if let Wanted::Known(desired, _) = &wanted {
                let granted = api.granted_scopes().await;
                let needed = scopes::for_plan(desired);
                let lacking = granted.as_ref().map(|granted| needed.lacking(granted)).unwrap_or_default();
                if let Some(gate) = lacking.gates().into_iter().next() {
                    return Ok(Err(gate.reason));
                }
            }
            refresh(&api, wanted).await.map(Ok)
        };
        let read = Runtime::start()?.run(api.telling(reading, |pause| run.waits(pause)))?;
        read.map_err(|reason| {
            let help = format!("`tenantry scopes {}` prints what reading needs.", looked.settings.tenant);
            Failure::usage(reason, help)
        })
    }
}

fn is_record(point: &str) -> bool {
    let number = point.strip_prefix('#').unwrap_or(point);
    point == "last" || (!number.is_empty() && number.len() < 7 && number.chars().all(|c| c.is_ascii_digit()))
}

fn recorded(looked: &Looked, point: &str) -> Result<Applied, Failure> {
    let number = point.strip_prefix('#').unwrap_or(point);
    let headers = looked.history.walk()?;
    let found = headers.iter().find(|(_, header)| point == "last" || header.number.to_string() == number);
    let kept = found.map(|(commit, _)| looked.history.at(commit)).transpose()?.flatten();
    match kept {
        Some(kept) => Ok(kept.record.applied),
        None => Err(Failure::usage(
            format!("{} has no record `{point}`", looked.settings.tenant),
            format!("`tenantry history {}` lists its records.", looked.settings.tenant),
        )),
    }
}

fn files(tenant: &TenantName, look: Look, run: &Run<'_>) -> Result<Desired, Failure> {
    let look = Look { no_commands: true, ..look };
    Ok(Project::read(run, Some(tenant), &look)?.sound()?.0)
}

fn against(declared: &Side, live: &Side, is_declared_first: bool, run: &Run<'_>) -> Result<Compared, Failure> {
    let Some(desired) = &declared.declared else { return Ok(Compared::default()) };
    let is_own = declared.looked.target.remembrance() == live.looked.target.remembrance();
    let mut wanted = Desired {
        settings: desired.settings.clone(),
        resources: desired.resources.clone(),
        removed: Vec::new(),
        declared: desired.declared.clone(),
        released: desired.released.clone(),
        excluded: desired.excluded.clone(),
        narrowed: Default::default(),
    };
    // Ids of one tenant mean nothing in another.
    if !is_own {
        wanted.settings.bind.clear();
    }
    // What somebody renamed in the live tenant is still what its own record says it is.
    let applied = live.looked.history.applied();
    let found = live.read(Wanted::Known(&wanted, applied.as_ref()), run)?;
    let mut facts = Facts { applied, project: live.looked.settings.project.clone(), ..Facts::default() };
    if let (true, Some(applied)) = (is_own, &declared.record) {
        facts.remembered = Remembered { fingerprints: applied.fingerprints(), ..live.looked.remembered() };
        facts.applied = Some(applied.clone());
    }
    Ok(comparison::against(&wanted, &found, &facts, is_declared_first))
}
