//! Rollback and promotion: the law by random edits, and stories in real repositories.

mod edits;
mod law;
mod story;
