//! Documents -> Desired: resources with addresses, nested kinds taken out of their parents, names as references.

use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostics;
use crate::model::document::Documents;
use crate::pipeline::scope::Scope;

/// Resolves; duplicates, dangling references (judged offline only if `offline`) and unknown directives are findings.
pub fn resolve(documents: &Documents, scope: &Scope, offline: bool) -> (Desired, Diagnostics) {
    unimplemented!("{documents:?} {scope:?} {offline}")
}
