//! JSON Schemas (2020-12) of the files of a workspace, for editors: from the catalogue and the field table, nothing else.
//!
//! | file | does |
//! |---|---|
//! | `subject.rs` | which files there are, and the whole document of each |
//! | `place.rs` | from the top-level keys down to the objects of kinds |
//! | `object.rs` | the objects of one kind: its fields, nested kinds, directives |
//! | `field.rs` | one field and what lies in it |
//! | `note.rs` | what an editor says of a field |
//! | `settings.rs` | `tenantry.yaml` and the tenants' files |
//!
//! A schema must never call wrong what `check` accepts without a finding; where a template stands it cannot know the
//! value and lets it be. It holds no value of anybody's files.

mod field;
mod note;
mod object;
mod place;
mod settings;
pub mod subject;
#[cfg(test)]
mod tests;
