//! `tenantry export --into`: what somebody changed in a tenant, written back into the files.
//!
//! Nothing is written before the files as they would be were read: this tenant's plan must have lost what was written
//! and nothing else, and the other tenants must want what they wanted.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::api::port::ReadApi as _;
use crate::cli::args::{ExportArgs, IntoPlace};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project, Traced, tenants, workspace};
use crate::cli::recording::History;
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::files::WorkTree;
use crate::edge::runtime::Runtime;
use crate::model::address::Address;
use crate::model::change::Change;
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostics, Severity};
use crate::model::document::SourceTexts;
use crate::model::live::Live;
use crate::model::names::TenantName;
use crate::model::record::RunScope;
use crate::pipeline::comparison;
use crate::pipeline::into::{self, At, Ground, Where};
use crate::pipeline::load::native::settings_file;
use crate::pipeline::plan::{self, Facts, Remembered};
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::report::{findings, into as view, text};
use crate::pipeline::scope::Scope;
use crate::pipeline::scopes;
use crate::pipeline::tree::Tree as _;

/// Compares the tenant with the files, edits them and, once that is agreed to, writes them.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ExportArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    if !args.plan_only && !args.yes && !run.terminal.can_ask() {
        return Err(Failure::usage(
            "there is no terminal to ask before writing",
            "Give `--yes` to write without being asked, or `--plan-only` to see what would be written.",
        ));
    }
    let case = Case::open(args, run)?;
    let (came, changes) = case.settled(run)?;
    let headline = text::headline(&case.desired.settings, case.target.is_sandbox());
    let overlay = (!case.desired.settings.deploy_cli).then(|| settings_file(&case.desired.settings.tenant));
    let screen = view::text(&came, overlay.as_deref(), &case.sources);
    let is_json = run.settings.json;
    run.terminal.talk(&findings::text(&case.found, &SourceTexts::new()));
    let shown = format!("{headline}\n\n{screen}");
    if is_json {
        run.terminal.talk(&shown)
    } else {
        run.terminal.answer(&shown)?
    }
    let writes = !args.plan_only && !came.files.is_empty();
    if writes {
        let files = came.files.len();
        let question = format!("\n{headline}\nWrite {}? Only \"yes\" is accepted: ", view::files(files));
        if !args.yes && run.terminal.ask(&question)? != "yes" {
            return Err(Failure::NotWritten);
        }
        case.write(&came.files, run)?;
    }
    if is_json {
        let mut document = view::json(&came, overlay.as_deref());
        document["tenant"] = serde_json::json!(case.desired.settings.tenant);
        document["domain"] = serde_json::json!(case.desired.settings.domain);
        document["sandbox"] = serde_json::json!(case.target.is_sandbox());
        document["wrote"] = serde_json::json!(writes);
        document["requests"] = serde_json::json!(case.live.requests);
        run.answer_json(&document)?;
    } else {
        run.terminal.answer(&view::summary(&came, writes, changes))?;
    }
    let is_left = !came.conflicts.is_empty() || (args.plan_only && !came.written.is_empty());
    Ok(if is_left { Exit::Pending } else { Exit::Done })
}

/// One tenant, its files, and what it holds.
struct Case<'a> {
    args: &'a ExportArgs,
    tenant: Option<TenantName>,
    desired: Desired,
    found: Diagnostics,
    sources: SourceTexts,
    traced: Traced,
    others: Vec<Other>,
    /// Where values of other tenants stand.
    places: HashSet<At>,
    target: Target,
    history: History,
    remembered: Remembered,
    live: Live,
}

/// Another tenant of the workspace.
struct Other {
    tenant: TenantName,
    /// `None` where its files cannot be read.
    desired: Option<Desired>,
    errors: usize,
}

/// What differs between files and tenant, by address and path.
type Differences = BTreeSet<(Address, String)>;

/// What is wrong with files as they would be.
enum Wrong {
    Nothing,
    /// These differ from what they should be.
    Fields(Differences),
    /// They cannot be read.
    All,
}

fn named(came: &into::Into) -> Differences {
    came.written.iter().map(|field| (field.address.clone(), field.path.to_string())).collect()
}

impl<'a> Case<'a> {
    fn open(args: &'a ExportArgs, run: &Run<'_>) -> Result<Self, Failure> {
        let tenant = args.tenant.clone().map(TenantName);
        let mut project = Project::read(run, tenant.as_ref(), &look(args, BTreeMap::new()))?;
        let traced =
            project.traced.take().unwrap_or_else(|| Traced { traces: BTreeMap::new(), places: HashSet::new() });
        let (desired, found, sources) = project.sound()?;
        let (mut others, mut places) = (Vec::new(), HashSet::new());
        if !desired.settings.deploy_cli {
            for other in tenants(run)?.into_iter().flatten().filter(|other| *other != desired.settings.tenant) {
                let (other, stands) = Other::read(other, BTreeMap::new(), run)?;
                others.push(other);
                places.extend(stands);
            }
        }
        let target = Target::of(&desired.settings, run.settings.sandbox);
        let local = run.settings.state.remembered(&target.remembrance())?;
        let history = History::open(run, &target, RunScope::Full, &local, None)?;
        let remembered = history.remembered(local);
        let applied = history.applied();
        let api = run.settings.api.connect(&desired.settings, &target, &run.settings.state)?.only_reading();
        let reading = async {
            // What the tenant would refuse is not even tried.
            let granted = api.granted_scopes().await;
            let needed = scopes::for_plan(&desired);
            let lacking = granted.as_ref().map(|granted| needed.lacking(granted)).unwrap_or_default();
            match lacking.gates().into_iter().next() {
                Some(gate) => Ok(Err(gate.reason)),
                None => refresh(&api, Wanted::Known(&desired, applied.as_ref())).await.map(Ok),
            }
        };
        let read = {
            let _bar = run.terminal.bar(None, "reading the tenant");
            Runtime::start()?.run(api.telling(reading, |pause| run.waits(pause)))?
        };
        let live = read.map_err(|reason| Failure::Absent {
            message: reason,
            help: "`tenantry scopes TENANT --for plan` prints the scopes that reading needs.".to_owned(),
        })?;
        Ok(Self { args, tenant, desired, found, sources, traced, others, places, target, history, remembered, live })
    }

    fn facts(&self) -> Facts {
        Facts {
            sandbox: self.target.is_sandbox(),
            remembered: self.remembered.clone(),
            applied: self.history.applied(),
            keeps_history: self.history.is_kept(),
            project: self.desired.settings.project.clone(),
            ..Facts::default()
        }
    }

    fn plan(&self, desired: &Desired) -> Vec<Change> {
        plan::plan(desired, &self.live, self.facts()).0.changes
    }

    /// Edits until what is edited reads as it should; what does not is left as a conflict. Returns how many resources
    /// differ, too.
    fn settled(&self, run: &Run<'_>) -> Result<(into::Into, usize), Failure> {
        let changes = self.plan(&self.desired);
        let before = differences(&changes);
        let mut refused = Differences::new();
        loop {
            let came = self.edited(&changes, &refused, run)?;
            if came.files.is_empty() {
                return Ok((came, changes.len()));
            }
            let names = named(&came);
            let blamed = match self.wrong(&came, &before, run)? {
                Wrong::Nothing => return Ok((came, changes.len())),
                // By the field itself if it is known, else by all of its resource's.
                Wrong::Fields(wrong) => {
                    let beside = |name: &&(Address, String)| wrong.iter().any(|(address, _)| *address == name.0);
                    let exact: Differences = names.intersection(&wrong).cloned().collect();
                    if exact.is_empty() { names.iter().filter(beside).cloned().collect() } else { exact }
                }
                Wrong::All => Differences::new(),
            };
            let blamed = if blamed.is_empty() { self.culprits(&changes, &before, &names, run)? } else { blamed };
            if blamed.is_empty() {
                return Err(Failure::Bug(
                    "edited files do not read as they should, and each edit alone does".to_owned(),
                ));
            }
            refused.extend(blamed);
        }
    }

    fn edited(&self, changes: &[Change], refused: &Differences, run: &Run<'_>) -> Result<into::Into, Failure> {
        let tree = WorkTree::open(workspace(run)?)?;
        let ground = Ground {
            desired: &self.desired,
            traces: &self.traced.traces,
            texts: &self.sources,
            others: &self.places,
            others_unknown: self.others.iter().any(|other| other.desired.is_none()),
            place: match self.args.into {
                Some(IntoPlace::Template) => Where::Template,
                Some(IntoPlace::Overlay) => Where::Overlay,
                Some(IntoPlace::Fitting) | None => Where::Fitting,
            },
            refused,
            is_there: &|path| tree.read(path).is_ok(),
        };
        Ok(into::into(changes, ground))
    }

    /// Finds the edits that the files read as they should without, alone or together with others, by halves: what was
    /// found to be fine stays while the rest is tried beside it.
    fn culprits(
        &self,
        changes: &[Change],
        before: &Differences,
        names: &Differences,
        run: &Run<'_>,
    ) -> Result<Differences, Failure> {
        let (mut fine, mut found) = (Differences::new(), Differences::new());
        let mut open = vec![names.iter().cloned().collect::<Vec<_>>()];
        while let Some(some) = open.pop() {
            let others = names.iter().filter(|name| !some.contains(name) && !fine.contains(name)).cloned().collect();
            let came = self.edited(changes, &others, run)?;
            if came.files.is_empty() || matches!(self.wrong(&came, before, run)?, Wrong::Nothing) {
                fine.extend(some);
                continue;
            }
            match some.as_slice() {
                [] => {}
                [one] => drop(found.insert(one.clone())),
                some => {
                    let (first, second) = some.split_at(some.len() / 2);
                    open.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        Ok(found)
    }

    /// Reads the files as they would be. Returns what they would say that they should not.
    fn wrong(&self, came: &into::Into, before: &Differences, run: &Run<'_>) -> Result<Wrong, Failure> {
        let project = Project::read(run, self.tenant.as_ref(), &look(self.args, came.files.clone()))?;
        let Some(desired) = project.desired.filter(|_| !project.found.has_errors()) else { return Ok(Wrong::All) };
        let written = named(came);
        let after = differences(&self.plan(&desired));
        let should: Differences = before.difference(&written).cloned().collect();
        let mut wrong: Differences = after.symmetric_difference(&should).cloned().collect();
        // A resource that is no longer what it was is no longer managed as it was.
        wrong.extend(lost(&self.desired, &desired).into_iter().map(|address| (address, String::new())));
        let is_written = |address: &Address| written.iter().any(|(other, _)| other == address);
        for other in &self.others {
            let Some(wanted) = &other.desired else { continue };
            let now = Other::read(other.tenant.clone(), came.files.clone(), run)?.0;
            let Some(wants) = now.desired.filter(|_| now.errors <= other.errors) else { return Ok(Wrong::All) };
            let moved = comparison::declared(wanted, &wants).changes;
            let may = |change: &Change| self.args.into == Some(IntoPlace::Template) && is_written(&change.address);
            wrong.extend(moved.into_iter().filter(|change| !may(change)).map(|change| (change.address, String::new())));
        }
        Ok(if wrong.is_empty() { Wrong::Nothing } else { Wrong::Fields(wrong) })
    }

    /// Writes the files, if nobody edited them meanwhile.
    fn write(&self, files: &BTreeMap<String, String>, run: &Run<'_>) -> Result<(), Failure> {
        let tree = WorkTree::open(workspace(run)?)?;
        let is_other = |path: &&String| match (tree.read(path), self.sources.get(path.as_str())) {
            (Ok(now), Some(read)) => now != read.as_bytes(),
            (Ok(_), None) => true,
            (Err(_), read) => read.is_some(),
        };
        let edited: Vec<String> = files.keys().filter(is_other).cloned().collect();
        if !edited.is_empty() {
            return Err(Failure::EditedMeanwhile(edited));
        }
        Ok(tree.write_all(files)?)
    }
}

impl Other {
    fn read(
        tenant: TenantName,
        edits: BTreeMap<String, String>,
        run: &Run<'_>,
    ) -> Result<(Self, HashSet<At>), Failure> {
        let look = Look { no_commands: true, edits, traced: true, ..Look::default() };
        let project = Project::read(run, Some(&tenant), &look)?;
        let errors = project.found.0.iter().filter(|finding| finding.severity == Severity::Error).count();
        let places = project.traced.map(|traced| traced.places).unwrap_or_default();
        Ok((Self { tenant, desired: project.desired, errors }, places))
    }
}

fn look(args: &ExportArgs, edits: BTreeMap<String, String>) -> Look {
    let scope = Scope { targets: args.target.clone(), exclude: args.exclude.clone() };
    Look { scope, no_commands: true, edits, traced: true, ..Look::default() }
}

fn differences(changes: &[Change]) -> Differences {
    let name = |change: &Change| {
        let whole = change.deltas.is_empty().then(|| (change.address.clone(), format!("{:?}", change.action)));
        let fields = change.deltas.iter().map(|delta| (change.address.clone(), delta.path.to_string()));
        whole.into_iter().chain(fields).collect::<Vec<_>>()
    };
    changes.iter().flat_map(name).collect()
}

/// Returns what only one of two wishes has.
fn lost(before: &Desired, after: &Desired) -> Vec<Address> {
    let of = |desired: &Desired| desired.resources.iter().map(|r| r.address.clone()).collect::<BTreeSet<_>>();
    of(before).symmetric_difference(&of(after)).cloned().collect()
}
