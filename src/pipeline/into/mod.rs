//! What somebody changed in a tenant, written back into the files in place: only the lines of the fields that moved.
//!
//! | file | does |
//! |---|---|
//! | `scan.rs` | a file's text with the bytes of every value |
//! | `edit.rs`, `lines.rs` | changes of single values, members and items, as replacements of bytes |
//! | `phrase.rs` | a value as text, in the manner of what stood there |
//! | `trace.rs` | from an address and a field path to the node that says it |
//! | `list.rs` | what became of a list: what stays, what goes, what is new |
//! | `overlay.rs` | entries of a tenant's overlay, made or extended |
//! | `writer.rs`, `items.rs` | one field, one list at a time |
//! | `run.rs` | each field that moved: edited, or a conflict with its reason |
//!
//! Pure: texts in, texts out; whoever calls loads what came of it and writes only if it reads as it should. A secret is
//! never written, an expression never replaced, and what cannot be placed for certain is left to people.

mod edit;
mod items;
mod lines;
mod list;
mod overlay;
mod phrase;
mod run;
mod scan;
#[cfg(test)]
mod tests;
mod trace;
mod writer;

pub use run::{Conflict, Field, Ground, Into, Where, Why, Written, into};
pub use trace::{At, places};
