//! From where the configuration is to what it wants: load, validate, resolve, with every finding.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::args::ScopeArgs;
use super::failure::Failure;
use super::point;
use super::run::Run;
use super::settings::{Source, WORKSPACE_FILE};
use crate::edge::files::{self, WorkTree};
use crate::edge::git_tree::GitTree;
use crate::edge::secrets::Sources;
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostics, Severity};
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::model::trace::Traces;
use crate::pipeline::into::{self, At};
use crate::pipeline::load::Loaded;
use crate::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};
use crate::pipeline::load::native::{self, NativeOptions, load_native};
use crate::pipeline::report::findings;
use crate::pipeline::scope::Scope;
use crate::pipeline::tree::{Edited, Tree, TreeError};
use crate::pipeline::{resolve, targeted, validate};

/// The code of findings that `--strict` makes errors.
const UNKNOWN_FIELD: &str = "unknown-field";

/// What the files of one tenant want, and what was found on the way.
#[derive(Debug)]
pub struct Project {
    /// `None` where nothing could be made of the files; then the findings say why.
    pub desired: Option<Desired>,
    pub found: Diagnostics,
    pub sources: SourceTexts,
    /// Where everything stands, for who asked for it.
    pub traced: Option<Traced>,
}

/// Where resources and values stand.
#[derive(Debug)]
pub struct Traced {
    pub traces: Traces,
    pub places: HashSet<At>,
}

/// How to look at the files.
#[derive(Debug, Default)]
pub struct Look {
    pub scope: Scope,
    pub strict: bool,
    /// No tenant will be read: names that the files do not know are judged by the files alone, and no command is run
    /// to fetch a secret.
    pub offline: bool,
    /// No secret is needed: no command is run to fetch one.
    pub no_commands: bool,
    /// The run will write, if all goes well: it gets the credentials for that.
    pub writing: bool,
    /// The commit to take domain, credentials, secrets and policy from, where the work tree is somebody's proposal.
    pub trust_from: Option<String>,
    /// The commit to take everything else from, in place of the work tree.
    pub at: Option<Arc<GitTree>>,
    /// Files as they would be: path and text.
    pub edits: BTreeMap<String, String>,
    /// The run asks the tenant's record what is ours: what that knows by name is known, too.
    pub asks_record: bool,
    /// It is asked where everything stands.
    pub traced: bool,
}

impl Look {
    /// Takes what was typed for a plan or, `writing`, for an apply.
    pub fn of(args: &ScopeArgs, writing: bool) -> Self {
        let scope = Scope { targets: args.target.clone(), exclude: args.exclude.clone() };
        Self { scope, strict: args.strict, writing, asks_record: true, ..Self::default() }
    }
}

impl Project {
    /// Reads one tenant's files.
    ///
    /// # Errors
    /// Only what makes reading impossible altogether; what is wrong in the files is among the findings.
    pub fn read(run: &Run<'_>, tenant: Option<&TenantName>, look: &Look) -> Result<Self, Failure> {
        let (Loaded { documents, mut findings }, sources) = match &run.settings.source {
            Source::DeployCli { .. } if look.trust_from.is_some() => {
                return Err(Failure::usage(
                    "`--trust-from` is for workspaces",
                    "A Deploy CLI project keeps domain and credentials outside of its files already.",
                ));
            }
            Source::DeployCli { root, input, config } => {
                (deploy_cli(run, (root, input, config.as_deref()), tenant, look)?, SourceTexts::new())
            }
            Source::Workspace(_) => native(run, tenant, look)?,
        };
        let Some(documents) = documents else {
            findings::tidy(&mut findings);
            return Ok(Self { desired: None, found: findings, sources, traced: None });
        };
        findings.extend(validate::validate(&documents, &look.scope));
        let (desired, more) = resolve::resolve(&documents, &look.scope, look.offline);
        findings.extend(more);
        if !look.asks_record {
            findings.extend(targeted::unheard(&desired, None));
        }
        if look.strict {
            harden(&mut findings);
        }
        findings::tidy(&mut findings);
        let traced =
            look.traced.then(|| Traced { traces: resolve::traces(&documents), places: into::places(&documents) });
        Ok(Self { desired: Some(desired), found: findings, sources: documents.files, traced })
    }

    /// Returns what the files want, if nothing is wrong with them.
    ///
    /// # Errors
    /// [`Failure::Invalid`] with all findings.
    pub fn sound(self) -> Result<(Desired, Diagnostics, SourceTexts), Failure> {
        match self.desired {
            Some(desired) if !self.found.has_errors() => Ok((desired, self.found, self.sources)),
            _ => Err(Failure::Invalid { found: self.found, sources: self.sources }),
        }
    }
}

/// Turns the warnings about fields that nothing is known of into errors.
fn harden(found: &mut Diagnostics) {
    for finding in found.0.iter_mut().filter(|finding| finding.code == UNKNOWN_FIELD) {
        finding.severity = Severity::Error;
    }
}

/// Returns the workspace's folder.
///
/// # Errors
/// If there is none.
pub fn workspace<'r>(run: &'r Run<'_>) -> Result<&'r Path, Failure> {
    match &run.settings.source {
        Source::Workspace(Some(folder)) => Ok(folder),
        Source::DeployCli { root, .. } => Ok(root),
        Source::Workspace(None) => Err(Failure::usage(
            format!("no `{WORKSPACE_FILE}` here or in a folder above"),
            "Change to a workspace, name one with `--workspace`, or a Deploy CLI project with `--deploy-cli`.",
        )),
    }
}

fn deploy_cli(
    run: &Run<'_>,
    (root, input, config): (&Path, &str, Option<&Path>),
    tenant: Option<&TenantName>,
    look: &Look,
) -> Result<Loaded, Failure> {
    let tree = WorkTree::open(root)?;
    let config = match config {
        Some(path) => {
            let text = String::from_utf8(config_bytes(path)?).map_err(|_| {
                Failure::usage(format!("`{}` is not UTF-8 text", path.display()), "`--config` takes a JSON file.")
            })?;
            Some(ConfigText { name: path.display().to_string(), text })
        }
        None => None,
    };
    let environment: BTreeMap<String, String> =
        run.world.environment.variables().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let named = tenant.cloned().unwrap_or_else(|| TenantName(String::new()));
    let files: &dyn Tree = look.at.as_deref().map_or(&tree, |commit| commit);
    let files = &Edited { base: files, files: &look.edits };
    let mut loaded = load_deploy_cli(files, input, config, &environment, &named);
    if let (Some(documents), None) = (&mut loaded.documents, tenant) {
        let domain = &documents.settings.domain.0;
        let label = domain.split('.').next().unwrap_or(domain).to_owned();
        documents.settings.tenant = TenantName(label);
    }
    Ok(loaded)
}

/// Reads a file of `--config`.
///
/// # Errors
/// If it cannot be read.
pub fn config_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read_whole(path).map_err(|error| Failure::named(error, "`--config` takes the project's file of settings."))
}

fn native(run: &Run<'_>, tenant: Option<&TenantName>, look: &Look) -> Result<(Loaded, SourceTexts), Failure> {
    let tree = WorkTree::open(workspace(run)?)?;
    let Some(tenant) = tenant else {
        return Err(Failure::usage("which tenant?", format!("Name one of {}.", names(&tree)?.join(", "))));
    };
    let trusted = look.trust_from.as_deref().map(|reference| trusted(reference, tenant, run)).transpose()?;
    let world = Sources::new(run.world.environment.clone(), tree.clone()).trusting(trusted.clone());
    let options = NativeOptions {
        run_commands: !look.offline && !look.no_commands,
        writing: look.writing,
        settings_from: match &look.at {
            Some(_) => Some(&tree),
            None => trusted.as_deref().map(|trusted| trusted as &dyn Tree),
        },
        is_past: look.at.is_some(),
    };
    let files: &dyn Tree = look.at.as_deref().map_or(&tree, |commit| commit);
    let files: &dyn Tree = &Edited { base: files, files: &look.edits };
    let loaded = load_native(files, &world, tenant, &options);
    let mut sources = SourceTexts::new();
    if loaded.documents.is_none() {
        // Nothing came of the files, but their lines can still be shown.
        for place in loaded.findings.0.iter().filter_map(|finding| finding.place.as_ref()) {
            if let Ok(bytes) = files.read(&place.file) {
                sources.insert(place.file.clone(), String::from_utf8_lossy(&bytes).into());
            }
        }
    }
    Ok((loaded, sources))
}

/// Opens the commit that settings are to come from.
fn trusted(reference: &str, tenant: &TenantName, run: &Run<'_>) -> Result<Arc<GitTree>, Failure> {
    let trusted = point::trusted(reference, run)?;
    let file = native::settings_file(tenant);
    if trusted.read(&file) == Err(TreeError::Missing) {
        return Err(Failure::usage(
            format!("`{reference}` has no `{file}`, so it trusts no tenant `{tenant}`"),
            "A new tenant's file is planned once it is on the branch that is trusted.",
        ));
    }
    Ok(trusted)
}

fn names(tree: &WorkTree) -> Result<Vec<String>, Failure> {
    let invalid = |finding| Failure::Invalid { found: Diagnostics(vec![finding]), sources: SourceTexts::new() };
    let names = native::tenants(tree).map_err(|finding| invalid(*finding))?;
    if names.is_empty() {
        return Err(Failure::usage("the workspace has no tenants", "A tenant is a file such as `tenants/dev.yaml`."));
    }
    Ok(names.into_iter().map(|name| name.0).collect())
}

/// Returns the tenants of the workspace, in bytewise order; a Deploy CLI project has one, named by its domain.
///
/// # Errors
/// If the workspace cannot be read or has none.
pub fn tenants(run: &Run<'_>) -> Result<Vec<Option<TenantName>>, Failure> {
    if let Source::DeployCli { .. } = &run.settings.source {
        return Ok(vec![None]);
    }
    let tree = WorkTree::open(workspace(run)?)?;
    Ok(names(&tree)?.into_iter().map(|name| Some(TenantName(name))).collect())
}
