//! Rollback and promotion: the law by random edits, and stories in real repositories.

pub mod edits;
pub mod kinds;
pub mod law;
mod parity;
mod story;
