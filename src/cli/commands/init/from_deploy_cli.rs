//! `tenantry init --from-deploy-cli`: a project of the Deploy CLI becomes a workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use super::{IGNORE_FILE, IGNORED, Made, file, project_name};
use crate::cli::args::InitArgs;
use crate::cli::failure::Failure;
use crate::cli::project::config_bytes;
use crate::cli::run::Run;
use crate::cli::settings::{self, Source};
use crate::edge::files::WorkTree;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::names::TenantName;
use crate::pipeline::load::deploy_cli::ConfigText;
use crate::pipeline::report::findings;
use crate::pipeline::translate::{Project, translate};

const EXAMPLE: &str =
    "Name each tenant's settings, as in `--config dev=config-dev.json --config prod=config-prod.json`.";

/// Translates the project; the files are not written yet.
///
/// # Errors
/// Everything that keeps the result from being the same.
pub fn of_project(path: &Path, args: &InitArgs, folder: &Path, run: &Run<'_>) -> Result<Made, Failure> {
    let Source::DeployCli { root, input, .. } = settings::deploy_cli(&run.world.folder, path, None)? else {
        return Err(Failure::Bug("a project of the Deploy CLI is none".to_owned()));
    };
    let configs = configs(&run.settings.configs, run)?;
    let tree = WorkTree::open(&root)?;
    let environment: BTreeMap<String, String> =
        run.world.environment.variables().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let name = project_name(folder);
    let project = Project {
        tree: &tree,
        input: &input,
        configs,
        environment: &environment,
        name: name.trim_matches('"'),
        plain: &args.plain,
    };
    let tenants = project.configs.iter().map(|(name, _)| name.0.clone()).collect();
    let mut translated = translate(&project).map_err(|refused| {
        let mut found = refused.found;
        findings::tidy(&mut found);
        Failure::Invalid { found, sources: refused.sources }
    })?;
    findings::tidy(&mut translated.found);
    translated.files.push(file(IGNORE_FILE, IGNORED));
    let mut found = Diagnostics::default();
    found.0.extend(translated.found.0.into_iter().filter(is_about_the_workspace));
    Ok(Made { files: translated.files, tenants, found })
}

/// What the project's own runs say stays with them.
fn is_about_the_workspace(finding: &Diagnostic) -> bool {
    finding.place.is_none()
}

/// Reads the settings after `--config`.
fn configs(given: &[OsString], run: &Run<'_>) -> Result<Vec<(TenantName, ConfigText)>, Failure> {
    let mut configs = Vec::new();
    let mut names = BTreeSet::new();
    for word in given {
        let Some((name, path)) = word.to_str().and_then(|word| word.split_once('=')) else {
            return Err(Failure::usage(format!("`--config {}` names no tenant", word.display()), EXAMPLE));
        };
        super::check_tenant(name)?;
        if !names.insert(name.to_owned()) {
            return Err(Failure::usage(format!("`--config` names the tenant `{name}` twice"), EXAMPLE));
        }
        let bytes = config_bytes(&run.world.folder.join(path))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage(format!("`{path}` is not UTF-8 text"), "`--config` takes a JSON file."))?;
        configs.push((TenantName(name.to_owned()), ConfigText { name: path.to_owned(), text }));
    }
    if configs.is_empty() {
        return Err(Failure::usage("whose settings?", EXAMPLE));
    }
    Ok(configs)
}
