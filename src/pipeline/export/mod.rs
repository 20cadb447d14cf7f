//! A live tenant written back as files, such that planning them against it is empty.
//!
//! | file | does |
//! |---|---|
//! | `run.rs` | the way from Live to files |
//! | `named_kinds.rs` | the kinds that `--only` and `--exclude` name |
//! | `selection.rs` | which objects: chosen kinds, nothing of Auth0's, not the tool's own client |
//! | `tidy.rs`, `oddities.rs` | one body: names for ids, nothing derived, one order; quirks undone |
//! | `phrase.rs`, `piece.rs` | by the names of files; each string knows what it is |
//! | `compose.rs` | nested objects back into their parents: the inverse of `resolve` |
//! | `secret_names.rs`, `file_names.rs` | names that no two share |
//! | `literal.rs` | text that looks like expressions and keywords |
//! | `native.rs` | a workspace |
//! | `deploy_cli.rs`, `deploy_yaml.rs`, `deploy_directory.rs` | the Deploy CLI's formats |
//! | `manifest.rs` | what was written, so that the next export replaces that and nothing else |
//! | `beside.rs` | an export of some kinds into the folder of an earlier one |
//! | `conventions.rs`, `conventions.toml`, `files.rs` | where companion files lie |
//!
//! Pure: writing to disk is the caller's. No secret's text and no reference's id passes `compose`.

mod beside;
mod compose;
mod conventions;
mod deploy_cli;
mod deploy_directory;
mod deploy_yaml;
mod file_names;
pub(in crate::pipeline) mod files;
pub(in crate::pipeline) mod literal;
mod manifest;
mod named_kinds;
mod native;
mod oddities;
mod phrase;
mod piece;
mod run;
mod secret_names;
mod selection;
mod tidy;

pub use beside::{Beside, beside};
pub use files::ExportFile;
pub(in crate::pipeline) use literal::for_handlebars;
pub use manifest::{MANIFEST, Manifest, Replacement};
pub use named_kinds::{NamedKindsError, named_kinds, only_kinds};
pub use run::{ExportError, ExportOptions, Format, export};
