//! A Deploy CLI project and its settings files -> a workspace whose plans are the same.
//!
//! | file | does |
//! |---|---|
//! | `run.rs` | the way from the project to files |
//! | `marks.rs` | keywords held in place while the project is read |
//! | `side.rs` | one tenant: settings, the project as it loads with them |
//! | `usage.rs` | which keywords stand for secrets |
//! | `walk.rs` | each value as a template says it |
//! | `secrets.rs`, `variables.rs`, `texts.rs` | what the walk gathers: for the tenants' files, for companion files |
//! | `templates.rs` | the files below `templates/` |
//! | `carry.rs` | the project's own YAML as a template, comments and all |
//! | `tenant_file.rs` | `tenants/NAME.yaml` |
//! | `notes.rs` | what changes for the people who use it |
//! | `law.rs` | holds what the workspace wants against what the project wants, tenant by tenant |
//!
//! Nothing is handed out to be written unless the law holds for every tenant. No value of a secret leaves this module;
//! no file may hold one.

mod carry;
mod law;
mod marks;
mod notes;
mod run;
mod secrets;
mod side;
mod templates;
mod tenant_file;
#[cfg(test)]
mod tests;
mod texts;
mod usage;
mod variables;
mod walk;

pub use run::{Project, Refused, Translated, translate};

/// The folder with what the tenants have in common.
const TEMPLATES: &str = "templates";
