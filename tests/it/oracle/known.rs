//! Differences between the catalogue and the document, each with its reason.

/// Requests that the document of May 2026 lacks.
pub const REQUESTS: &[(&str, &str)] = &[];

/// Fields that the table has and the document of May 2026 lacks.
pub const FIELDS: &[(&str, &str)] = &[];

/// Fields that the document has and the table lacks.
pub const UNUSED: &[(&str, &str)] = &[];

/// Fields that only one of both calls required on create.
pub const REQUIRED: &[(&str, &str)] = &[];

/// Bodies that a real tenant accepted and the check refuses.
pub const REFUSED: &[(&str, &str)] = &[];
