//! The conduct of a run that may be shown values once: what is a journal's goes to the journal, a value to its target.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failure::Failure;
use super::run::Run;
use super::settings::Source;
use crate::edge::delivery::Place;
use crate::model::address::Address;
use crate::model::desired::Delivery;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::SourceTexts;
use crate::model::journal::Line;
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::pipeline::apply::Conduct;
use crate::pipeline::unfinished::is_create;

/// A journal, and where values go.
pub struct Delivering<'a> {
    journal: &'a mut dyn Conduct,
    place: Place,
    targets: &'a BTreeMap<Address, Delivery>,
}

impl std::fmt::Debug for Delivering<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivering").field("place", &self.place).field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl<'a> Delivering<'a> {
    pub fn new(journal: &'a mut dyn Conduct, plan: &'a Plan, run: &Run<'_>) -> Self {
        Self { journal, place: place(run), targets: &plan.deliveries }
    }
}

/// Refuses a plan one of whose values could not go where it should.
///
/// # Errors
/// [`Failure::Invalid`] with the reasons.
pub fn refuse(plan: &Plan, run: &Run<'_>) -> Result<(), Failure> {
    let place = place(run);
    let mut found = Diagnostics::default();
    for step in plan.steps.iter().filter(|step| is_create(step)) {
        let Some(why) = plan.deliveries.get(&step.address).and_then(|target| place.refusal(target)) else { continue };
        let finding = Diagnostic::error("no-delivery", format!("the value cannot go where it should: {why}"));
        found
            .push(finding.on(&step.address).help("Name another file under `deliver`, or one that `.gitignore` lists."));
    }
    if found.has_errors() { Err(Failure::Invalid { found, sources: SourceTexts::new() }) } else { Ok(()) }
}

/// As for secrets: the commands of a trusted commit are not run inside of a proposal.
fn place(run: &Run<'_>) -> Place {
    let files = match &run.settings.source {
        Source::Workspace(Some(folder)) => folder.clone(),
        Source::DeployCli { root, .. } => root.clone(),
        Source::Workspace(None) => run.world.folder.clone(),
    };
    let commands = if run.settings.trust_from.is_some() { "/".into() } else { files.clone() };
    Place { files, commands }
}

impl Conduct for Delivering<'_> {
    fn write(&mut self, line: &Line) -> Result<(), String> {
        self.journal.write(line)
    }

    fn is_stopping(&self) -> bool {
        self.journal.is_stopping()
    }

    fn window(&self) -> Duration {
        self.journal.window()
    }

    fn deliver(&mut self, address: &Address, value: &Secret) -> Result<(), String> {
        let target = self.targets.get(address).ok_or("nothing says where it goes")?;
        self.place.deliver(target, value)
    }
}
