//! Documents -> findings: everything that can be known to be wrong without a tenant.

use crate::model::diagnostic::Diagnostics;
use crate::model::document::Documents;
use crate::pipeline::scope::Scope;

/// Checks keys, fields, types and enums. `strict` makes every unknown field an error.
pub fn validate(documents: &Documents, scope: &Scope, strict: bool) -> Diagnostics {
    unimplemented!("{documents:?} {scope:?} {strict}")
}
