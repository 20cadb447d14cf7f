//! Saved plans on the command line: written by `plan --out`, taken up by `apply`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::{ApplyArgs, ConsentArgs, ScopeArgs};
use super::failure::Failure;
use super::planning::Planned;
use super::run::Run;
use super::settings::Source;
use crate::edge::files::{self, Readers};
use crate::model::basis::Basis;
use crate::model::desired::TenantSettings;
use crate::model::plan::{Plan, Provenance};
use crate::pipeline::plan::Consent;
use crate::pipeline::saved::{self, SavedPlan, SavedPromotion, SavedScope};

/// How the file of a saved plan is called, if it is called as it should be.
const ENDING: &str = ".plan";

/// A saved plan that is to be applied.
#[derive(Debug)]
pub struct Saved {
    /// As it was typed.
    name: String,
    pub plan: SavedPlan,
}

/// Writes a plan to a file.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    path: &Path,
    planned: &Planned,
    scope: &ScopeArgs,
    (consent, promotion): (Consent, Option<SavedPromotion>),
    run: &Run<'_>,
) -> Result<(), Failure> {
    if planned.plan.basis.fingerprint.is_empty() {
        run.terminal.talk("note: nothing could be planned, so no plan is saved\n");
        return Ok(());
    }
    let scope = SavedScope { target: scope.target.clone(), exclude: scope.exclude.clone(), strict: scope.strict };
    let saved = SavedPlan { promotion, ..SavedPlan::of(&planned.plan, &planned.found, scope, consent) };
    let text = saved.to_text();
    let text = text.map_err(|error| Failure::Bug(format!("the plan cannot be saved: {error}")))?;
    files::replace_file(&run.world.folder.join(path), text.as_bytes(), Readers::Owner)?;
    Ok(())
}

/// Returns the saved plan that an apply names: by `--plan`, or in place of the tenant.
///
/// # Errors
/// If it cannot be read, or is not as it was written.
pub fn named(args: &ApplyArgs, run: &Run<'_>) -> Result<Option<Saved>, Failure> {
    let typed = args.scope.tenant.as_ref().filter(|word| is_file(word, run)).map(PathBuf::from);
    let Some(path) = args.plan.clone().or(typed) else { return Ok(None) };
    let scope = &args.scope;
    if !scope.target.is_empty() || !scope.exclude.is_empty() || scope.tenant.is_some() && args.plan.is_some() {
        return Err(Failure::usage(
            "a saved plan says itself which tenant and which addresses it is about",
            "Leave the tenant, `--target` and `--exclude` out, or plan anew with them.",
        ));
    }
    let name = path.display().to_string();
    let bytes = files::read_whole(&run.world.folder.join(&path))
        .map_err(|error| Failure::named(error, "`tenantry plan TENANT --out FILE` saves a plan."))?;
    let plan = SavedPlan::read(&bytes).map_err(|error| Failure::Saved { path: name.clone(), error })?;
    Ok(Some(Saved { name, plan }))
}

/// A tenant's name has no `/`; a file that has neither that nor the ending is one only if it is there.
fn is_file(word: &str, run: &Run<'_>) -> bool {
    let path = run.world.folder.join(word);
    word.contains(['/', '\\'])
        || word.ends_with(ENDING)
        || word.contains('.') && files::exists(&path) && !files::is_folder(&path)
}

impl Saved {
    /// Returns which part of the files the plan was about.
    pub fn scope(&self, run: &Run<'_>) -> ScopeArgs {
        let SavedScope { target, exclude, strict } = self.plan.scope.clone();
        let tenant = match run.settings.source {
            Source::DeployCli { .. } => None,
            Source::Workspace(_) => Some(self.plan.tenant.0.clone()),
        };
        ScopeArgs { tenant, target, exclude, strict }
    }

    /// Returns the command line that applies it.
    pub fn opening(&self) -> Vec<String> {
        vec!["apply".to_owned(), "--plan".to_owned(), self.name.clone()]
    }

    /// Returns what was consented to when it was planned, and now.
    pub fn consent(&self, now: &ConsentArgs) -> Consent {
        self.plan.consent.clone().and(now.consent())
    }

    /// Says whether the plan leads where these files lead.
    ///
    /// # Errors
    /// If not.
    pub fn fits(&self, settings: &TenantSettings, sandbox: bool) -> Result<(), Failure> {
        let place = |sandbox: bool| if sandbox { "the sandbox" } else { "the live tenant" };
        let plan = &self.plan;
        if plan.domain != settings.domain {
            return Err(Failure::stale(vec![format!(
                "the plan is for {}, the files lead to {}",
                plan.domain, settings.domain
            )]));
        }
        if plan.sandbox != sandbox {
            return Err(Failure::stale(vec![format!(
                "the plan is for {}, this run is for {}",
                place(plan.sandbox),
                place(sandbox)
            )]));
        }
        Ok(())
    }

    /// Returns where the plan comes from. Files that had changes then count as changed now.
    pub fn provenance(&self, now: Provenance) -> Provenance {
        Provenance {
            commit: self.plan.commit.clone(),
            tree: self.plan.tree.clone(),
            // What is promoted comes from its commit, whatever lies in the work tree.
            dirty: self.plan.dirty || now.dirty && self.plan.promotion.is_none(),
        }
    }

    /// Returns the salt of its fingerprints.
    pub fn salt(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.plan.basis.salt).ok()
    }

    /// Makes a plan that was made anew, for the same addresses, the saved one.
    ///
    /// # Errors
    /// If anything that it relies on has moved, or anything else would be sent.
    pub fn settle(&self, plan: &mut Plan) -> Result<(), Failure> {
        let moved = saved::moved(&self.plan.basis, &plan.basis);
        if !moved.is_empty() {
            return Err(Failure::stale(moved));
        }
        plan.ownership = self.plan.ownership_over(plan.ownership.prior.as_ref());
        plan.basis = self.plan.basis.clone();
        Ok(())
    }
}

/// Says whether a plan is the one that somebody agreed to.
///
/// # Errors
/// If not.
pub fn expect(expected: Option<&str>, plan: &Plan) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    if Basis::parts(expected).is_none() {
        return Err(Failure::usage(
            "what `--expect` was given is no fingerprint",
            "`tenantry plan` shows it, and `plan --json` has it as `fingerprint`.",
        ));
    }
    match saved::unexpected(expected, &plan.basis.fingerprint) {
        Some(moved) if moved.is_empty() => Ok(()),
        Some(moved) => Err(Failure::stale(moved)),
        // Nothing could be planned; the gates say why.
        None => Ok(()),
    }
}
