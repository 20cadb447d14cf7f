//! A project's files -> Documents: read, rendered for one tenant, merged, companion files in place.

pub mod deploy_cli;
pub mod native;

use crate::model::diagnostic::Diagnostics;
use crate::model::document::Documents;

/// What loading a project gives.
#[derive(Debug)]
pub struct Loaded {
    /// Missing only where no project could be read at all.
    pub documents: Option<Documents>,
    pub findings: Diagnostics,
}
