//! Live -> files: compose, then write in the wanted format.

use crate::model::diagnostic::Diagnostics;
use crate::model::live::Live;
use crate::model::names::{Domain, TenantName};
use crate::pipeline::yaml_write::YamlWriteError;

use super::files::ExportFile;
use super::{compose, deploy_directory, deploy_yaml, native};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `tenantry.yaml`, `tenants/`, `templates/`.
    Workspace,
    /// The Deploy CLI's `tenant.yaml`.
    DeployYaml,
    /// The Deploy CLI's folders of JSON files.
    DeployDirectory,
}

/// What to export, and as what.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    pub format: Format,
    /// The tenant's name in the workspace.
    pub tenant: TenantName,
    pub domain: Domain,
    /// Kind names or top-level keys; empty means all.
    pub only: Vec<String>,
    /// Kind names or top-level keys to leave out.
    pub exclude: Vec<String>,
}

/// Why nothing could be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Yaml(#[from] YamlWriteError),
}

/// Turns a tenant into files, by path. Equal tenants give equal bytes; no file holds a secret, and none but the
/// tenant's own an id.
///
/// Findings are warnings of what the files cannot say and notes of what the tenant does not show.
///
/// # Errors
/// What cannot be written at all.
pub fn export(live: &Live, options: &ExportOptions) -> Result<(Vec<ExportFile>, Diagnostics), ExportError> {
    let mut findings = Diagnostics::default();
    let composed = compose::compose(live, &options.only, &options.exclude, &mut findings);
    let files = match options.format {
        Format::Workspace => native::write(composed, options, &mut findings)?,
        Format::DeployYaml => deploy_yaml::write(composed, &mut findings)?,
        Format::DeployDirectory => deploy_directory::write(composed, &mut findings)?,
    };
    Ok((files, findings))
}
