//! Rollback and promotion: the law by random edits, and stories in real repositories.

mod edits;
pub mod kinds;
mod law;
mod story;
