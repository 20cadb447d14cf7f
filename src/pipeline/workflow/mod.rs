//! Pipelines of the git hosts, written for a workspace: plan, apply, promote, drift, rollback.
//!
//! Views of a kind: values in, files out. No secret is in them, only the names under which the host keeps it.

pub mod chain;
pub mod fill;
pub mod platform;
