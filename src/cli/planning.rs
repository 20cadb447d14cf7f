//! Files and tenant to a plan: what `plan` and `apply` share, all of it reading.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{ConsentArgs, ScopeArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::journaling::Journaling;
use super::locking::Lock;
use super::project::{Look, Project, workspace};
use super::recording::History;
use super::run::Run;
use super::saved::Saved;
use crate::api::port::ReadApi;
use crate::edge::connection::{Connection, Target};
use crate::edge::git;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::SourceTexts;
use crate::model::live::Live;
use crate::model::names::TenantName;
use crate::model::plan::{Gate, Plan, Provenance};
use crate::model::record::RunScope;
use crate::pipeline::hanging::hanging;
use crate::pipeline::images;
use crate::pipeline::mentions;
use crate::pipeline::ownership;
use crate::pipeline::plan::{self, Consent, Facts, Remembered};
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::report::{findings, text};
use crate::pipeline::rollback;
use crate::pipeline::scopes::{self, Needed};
use crate::pipeline::targeted;

/// A plan and what it was made from.
#[derive(Debug)]
pub struct Planned {
    pub plan: Plan,
    pub found: Diagnostics,
    pub sources: SourceTexts,
    pub remembered: Remembered,
    pub history: History,
    pub journal: Journaling,
    /// What was wanted and what there was; nothing where it could not be read.
    pub seen: Option<Seen>,
    /// What a rollback cannot bring back.
    pub lost: Vec<String>,
    /// The words that this run began with, for its command.
    pub opening: Vec<String>,
    /// Nothing but these addresses was planned.
    pub only: Option<BTreeSet<Address>>,
}

/// What a plan was made from.
#[derive(Debug)]
pub struct Seen {
    pub desired: Desired,
    pub live: Live,
}

/// What the files want, before the tenant is looked at.
#[derive(Debug)]
pub struct Wish {
    pub desired: Desired,
    /// The saved plan that is to be made again.
    pub saved: Option<Saved>,
    scope: RunScope,
    /// The plan is made to be applied.
    writing: bool,
    found: Diagnostics,
    sources: SourceTexts,
    /// Where the files come from, if not from the work tree.
    provenance: Option<Provenance>,
    /// It is a return to the past: what was ours then, if that is known.
    back: Option<Option<Applied>>,
    /// The words of the command that leads here, without the switches.
    opening: Vec<String>,
    lock: Option<Lock>,
    /// It is not what the files say: no record is asked, and none is kept.
    is_apart: bool,
    /// Nothing but these addresses is planned.
    only: Option<BTreeSet<Address>>,
}

impl Wish {
    /// Reads the files that the arguments name, for an apply if it is `writing`.
    ///
    /// # Errors
    /// If anything is wrong with them.
    pub fn read(args: &ScopeArgs, writing: bool, run: &Run<'_>) -> Result<Self, Failure> {
        Self::looking(args, &Look::of(args, writing), run)
    }

    /// Reads the files that the arguments name, in a way of its own.
    ///
    /// # Errors
    /// If anything is wrong with them.
    pub fn looking(args: &ScopeArgs, look: &Look, run: &Run<'_>) -> Result<Self, Failure> {
        let tenant = args.tenant.clone().map(TenantName);
        let (desired, found, sources) = Project::read(run, tenant.as_ref(), look)?.sound()?;
        Ok(Self {
            desired,
            saved: None,
            scope: scope(args),
            writing: look.writing,
            found,
            sources,
            provenance: look.at.as_ref().map(|commit| commit.provenance()),
            back: None,
            opening: std::iter::once("apply".to_owned()).chain(args.tenant.clone()).collect(),
            lock: None,
            is_apart: false,
            only: None,
        })
    }

    /// Takes what a backup wants, apart from what the files say.
    pub fn of_backup(desired: Desired, found: Diagnostics, sources: SourceTexts, writing: bool) -> Self {
        Self {
            saved: None,
            desired,
            scope: RunScope::Targeted,
            writing,
            found,
            sources,
            provenance: None,
            back: None,
            opening: Vec::new(),
            lock: None,
            is_apart: true,
            only: None,
        }
    }

    /// Takes what was just applied, to be planned once more; nothing where it is not known.
    pub fn again(planned: &Planned) -> Option<Self> {
        let desired = planned.seen.as_ref()?.desired.clone();
        Some(Self {
            scope: planned.history.scope(),
            is_apart: false,
            only: planned.only.clone(),
            ..Self::of_backup(desired, Diagnostics::default(), SourceTexts::default(), false)
        })
    }

    /// Makes it a return to the past; `then` is what was ours at that point.
    #[must_use]
    pub fn going_back(mut self, then: Option<Applied>) -> Self {
        self.back = Some(then);
        self
    }

    /// Says by which words this run was started, in place of `apply TENANT`.
    #[must_use]
    pub fn opened_by(mut self, words: Vec<String>) -> Self {
        self.opening = words;
        self
    }

    /// Says where the tenant is.
    pub fn target(&self, run: &Run<'_>) -> Target {
        Target::of(&self.desired.settings, run.settings.sandbox)
    }

    /// Takes the tenant's lock, to be held as long as anything may be written. A sandbox is read by connecting, so this
    /// comes before.
    ///
    /// # Errors
    /// If another run holds it.
    pub fn locked(self, run: &Run<'_>) -> Result<Self, Failure> {
        let lock = Some(Lock::take(&self.desired.settings.tenant, &self.target(run).remembrance(), run)?);
        Ok(Self { lock, ..self })
    }

    /// Connects to the tenant; nothing is sent yet.
    ///
    /// # Errors
    /// What keeps a sandbox or a certificate file from being read.
    pub fn connect(&self, run: &Run<'_>) -> Result<Connection, Failure> {
        run.settings.api.connect(&self.desired.settings, &self.target(run), &run.settings.state)
    }

    /// Reads the tenant and plans.
    ///
    /// # Errors
    /// If the tenant does not answer, or shows that the files are wrong after all.
    pub async fn plan(mut self, api: &impl ReadApi, consent: Consent, run: &Run<'_>) -> Result<Planned, Failure> {
        let target = self.target(run);
        if let Some(saved) = &self.saved {
            self.only = Some(saved.plan.addresses());
        }
        let local = run.settings.state.remembered(&target.remembrance())?;
        let history = match self.is_apart {
            true => History::apart(&target, self.scope, self.lock.take()),
            false => History::open(run, &target, self.scope, &local, self.lock.take())?,
        };
        let mut journal = Journaling::of(run, &target)?;
        journal.apart = self.is_apart;
        let in_doubt = journal.settle(api, self.writing).await?;
        let mut remembered = history.remembered(local);
        journal.remembered(&mut remembered);
        let project = self.desired.settings.project.clone();
        let mut applied = journal.applied(history.applied(), history.is_kept());
        targeted::cover(&mut self.desired, applied.as_ref().unwrap_or(&Applied::default()), project.as_deref());
        self.found.extend(targeted::unheard(&self.desired, applied.as_ref()));
        if self.found.has_errors() {
            return Err(Failure::Invalid { found: self.found, sources: self.sources });
        }
        // Whoever plans this once more knows that they were known.
        self.desired.narrowed.unheard.clear();
        let back = self.back.take().map(|then| {
            let mut none = Applied::default();
            (rollback::prepare(&mut self.desired, applied.as_mut().unwrap_or(&mut none), then.as_ref()), then)
        });
        if let Some(applied) = &applied {
            ownership::withdraw(&mut self.desired, applied, project.as_deref(), self.scope);
        }
        // What the tenant would refuse is not even tried.
        let granted = api.granted_scopes().await;
        let lacking = |needed: &Needed| granted.as_ref().map(|granted| needed.lacking(granted)).unwrap_or_default();
        let unreadable = lacking(&scopes::for_plan(&self.desired));
        if !unreadable.is_empty() {
            let facts = Facts { sandbox: target.is_sandbox(), ..Facts::default() };
            let plan = scopes::unread(&self.desired, facts, unreadable.gates());
            let (found, sources, opening) = (self.found, self.sources, self.opening);
            return Ok(Planned {
                plan,
                found,
                sources,
                remembered,
                history,
                journal,
                seen: None,
                lost: Vec::new(),
                opening,
                only: None,
            });
        }
        let mut live = {
            let _bar = run.terminal.bar(None, "reading the tenant");
            refresh(api, Wanted::Known(&self.desired, applied.as_ref())).await?
        };
        let (is_first, typed) = (consent.first_apply, consent.clone());
        let then = back.as_ref().and_then(|(_, then)| then.as_ref());
        let meant = journal.meant().chain(then.into_iter().flat_map(Applied::ids)).collect();
        let facts = Facts {
            sandbox: target.is_sandbox(),
            provenance: match &self.saved {
                Some(saved) => saved.provenance(git::provenance(workspace(run)?)),
                None => self.provenance.take().map_or_else(|| workspace(run).map(git::provenance), Ok)?,
            },
            remembered: remembered.clone(),
            consent,
            applied,
            in_part: journal.in_part(),
            meant,
            keeps_history: history.is_kept(),
            project,
            scope: self.scope,
            basis_salt: match &self.saved {
                Some(saved) => saved.salt(),
                None => history.last().map(|_| remembered.salt.clone()),
            },
            only: self.only.clone(),
        };
        let (mut plan, more) = plan::plan(&self.desired, &live, facts);
        if let Some(saved) = &self.saved {
            saved.settle(&mut plan)?;
        }
        plan.gates.extend(in_doubt);
        plan.notes.extend(journal.note());
        let lost = back.map(|(back, then)| back.settle(&mut plan, then.as_ref())).unwrap_or_default();
        plan.gates.extend(held(&plan, &history, workspace(run)?));
        if let Some(gate) = history.missing().filter(|gate| plan.gates.iter().all(|other| other.name != gate.name)) {
            if is_first { plan.opened.push(gate) } else { plan.gates.push(gate) }
        }
        if self.writing {
            let mut needed = scopes::for_apply(&self.desired);
            needed.add_steps(&plan.steps);
            plan.gates.extend(lacking(&needed).gates());
        }
        if self.writing && plan.gates.is_empty() {
            // What goes with what is deleted is read first, or nobody could bring it back.
            let unseen = hanging(api, &mut live, &images::gone(&plan)).await?;
            plan.notes.extend(unseen.notes());
            images::add_hanging(&mut plan, &live, &unseen);
            plan.requests.refresh = live.requests;
        }
        let mut found = self.found;
        found.extend(more);
        mentions::consented(&typed, || known_addresses(&self.desired, &plan), &mut found);
        findings::tidy(&mut found);
        if found.has_errors() {
            return Err(Failure::Invalid { found, sources: self.sources });
        }
        let seen = Some(Seen { desired: self.desired, live });
        Ok(Planned {
            plan,
            found,
            sources: self.sources,
            remembered,
            history,
            journal,
            seen,
            lost,
            opening: self.opening,
            only: self.only,
        })
    }
}

/// Returns what can be named: what the files or the record have, and what the plan is about besides.
fn known_addresses<'a>(desired: &'a Desired, plan: &'a Plan) -> BTreeSet<&'a Address> {
    let described = desired.resources.iter().chain(&desired.removed).chain(&desired.narrowed.besides);
    let recorded = plan.ownership.prior.iter().flat_map(|applied| applied.resources.keys());
    described.map(|resource| &resource.address).chain(recorded).chain(plan.changes.iter().map(|c| &c.address)).collect()
}

/// Returns the gate of a commit that was rolled back, or of one that contains it.
fn held(plan: &Plan, history: &History, folder: &Path) -> Option<Gate> {
    let commit = plan.provenance.commit.as_ref()?;
    let header = &history.last()?.record.header;
    let is_in = |held: &&String| git::contains(folder, commit, held) != Some(false);
    let held = header.holds.iter().find(is_in)?;
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let known = match git::contains(folder, commit, held) {
        Some(_) if held == commit => format!("{} was rolled back here", short(held)),
        Some(_) => format!("{} was rolled back here, and {} contains it", short(held), short(commit)),
        None => format!(
            "{} was rolled back here, and this clone is too shallow to say whether {} contains it (`fetch-depth: 0`)",
            short(held),
            short(commit)
        ),
    };
    let reason = format!("{known}; `tenantry release-hold {}` lets it be applied again", plan.settings.tenant);
    Some(Gate { name: "hold", reason, addresses: Vec::new(), switch: None })
}

impl Planned {
    /// Returns how a run ends that only plans: a closed gate as it would end an apply, whether or not codes are `asked`
    /// for; those add what says that changes are pending.
    pub fn exit(&self, asked: bool) -> Exit {
        match (self.plan.gates.is_empty(), asked && !self.plan.is_empty()) {
            (false, _) => Exit::Gate,
            (true, true) => Exit::Pending,
            (true, false) => Exit::Done,
        }
    }

    /// Shows what was found and the plan; the plan as `talk` where the answer will be another one.
    ///
    /// # Errors
    /// If stdout takes no more.
    pub fn show(&self, args: &ScopeArgs, consent: &ConsentArgs, run: &Run<'_>, talk: bool) -> Result<(), Failure> {
        run.terminal.talk(&findings::text(&self.found, &self.sources));
        let screen = text::plan(&self.plan, &self.command(args, consent, run));
        match talk {
            true => run.terminal.talk(&screen),
            false => run.terminal.answer(&screen)?,
        }
        Ok(())
    }

    /// Returns the command of this run, to be followed by the switches of the gates that are still closed.
    pub fn command(&self, args: &ScopeArgs, consent: &ConsentArgs, run: &Run<'_>) -> String {
        command_line(&self.opening, (args, consent), &self.plan.gates, run)
    }
}

/// Returns how much of the configuration a run is about.
fn scope(args: &ScopeArgs) -> RunScope {
    match (args.target.is_empty(), args.exclude.is_empty()) {
        (false, _) => RunScope::Targeted,
        (true, false) => RunScope::Partial,
        (true, true) => RunScope::Full,
    }
}

/// Returns the command of this run with the consent that was given, ready to be copied into a shell, and to be
/// followed by the switches of the gates that are still closed.
fn command_line(
    opening: &[String],
    (args, consent): (&ScopeArgs, &ConsentArgs),
    gates: &[Gate],
    run: &Run<'_>,
) -> String {
    let mut words = vec!["tenantry".to_owned()];
    words.extend(opening.iter().cloned());
    words.extend(run.settings.repeated.iter().cloned());
    words.extend(args.strict.then(|| "--strict".to_owned()));
    words.extend(consent.allow_dirty.then(|| "--allow-dirty".to_owned()));
    words.extend(consent.accept_drift.then(|| "--accept-drift".to_owned()));
    words.extend(consent.first_apply.then(|| "--first-apply".to_owned()));
    let lists = [
        ("--target", &args.target),
        ("--exclude", &args.exclude),
        ("--allow-delete", &consent.allow_delete),
        ("--allow-replace", &consent.allow_replace),
        ("--allow-empty", &consent.allow_empty),
        ("--allow-unbind", &consent.allow_unbind),
        ("--take-over", &consent.take_over),
    ];
    for (flag, values) in lists {
        words.extend(values.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    // A closed gate names a higher number.
    let is_raised = gates.iter().any(|gate| gate.switch.as_ref().is_some_and(|switch| switch.starts_with(MAX_DELETES)));
    if let Some(most) = consent.max_deletes.filter(|_| !is_raised) {
        words.extend([MAX_DELETES.to_owned(), most.to_string()]);
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

const MAX_DELETES: &str = "--max-deletes";

/// Quotes a word for a POSIX shell, if it needs it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,=+@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("things/Web"), "things/Web");
        assert_eq!(quoted("things/My App"), "'things/My App'");
        assert_eq!(quoted("it's*"), "'it'\\''s*'");
    }
}
