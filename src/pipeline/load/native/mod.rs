//! Native workspaces: `tenantry.yaml`, `tenants/`, `templates/`, rendered and merged for one tenant.
//!
//! | file | does |
//! |---|---|
//! | `project.rs` | the way from files to Documents |
//! | `workspace.rs`, `tenant_file.rs`, `credentials.rs`, `policy.rs`, `deliver.rs` | the tool's own files, by hand for places and near names |
//! | `form.rs` | reading a map of known keys |
//! | `vault.rs` | secrets by name, fetched when used |
//! | `engine.rs`, `audit.rs`, `variable.rs`, `functions.rs` | handlebars, and what its strict mode lets through |
//! | `token.rs` | secrets and references inside rendered text |
//! | `render.rs`, `scalar.rs`, `companion.rs`, `marker.rs` | a parsed file's strings and companion files |
//! | `spot.rs`, `identity.rs` | which kind and field a node is, what a resource is called |
//! | `directive.rs` | keys that start with `$` |
//! | `combine.rs`, `overlay.rs`, `removal.rs` | several files to one, what differs, what is taken out |
//! | `unread.rs` | files beside the templates that nothing reads |
//! | `secrecy.rs` | secrets only in secret fields, and only secrets there |
//!
//! YAML is parsed first and strings are rendered after, so that a value can never change the structure. No template
//! runs a command or reaches outside the workspace, and no file that could not be read passes for one that is absent.

mod audit;
mod combine;
pub(in crate::pipeline) mod companion;
mod credentials;
mod deliver;
mod directive;
mod engine;
mod form;
pub(in crate::pipeline) mod functions;
mod identity;
mod marker;
mod overlay;
mod policy;
mod project;
mod removal;
pub(in crate::pipeline) mod render;
mod scalar;
pub(in crate::pipeline) mod secrecy;
pub(in crate::pipeline) mod spot;
mod tenant_file;
#[cfg(test)]
mod tests;
pub(in crate::pipeline) mod token;
mod unread;
mod variable;
mod vault;
mod workspace;

pub use directive::{ABSENT, APPEND, KEY, NEW, ON_RESOURCES, WITHOUT};
pub use project::{NativeOptions, load_native};
pub use tenant_file::KEYS as TENANT_KEYS;
pub use vault::{GivenVariables, SecretSource, SourceError};
pub use workspace::KEYS as WORKSPACE_KEYS;
pub use workspace::{History, Workspace, read_workspace, settings_file, tenants};
