//! The verbs, in this order: load, validate, resolve, refresh, diff, plan, apply; and export.
//!
//! All are plain functions on values but `refresh` (which is handed the reading half of the API port) and `apply`
//! (the writing half).

pub mod apply;
pub mod keywords;
pub mod load;
pub mod plan;
pub mod refresh;
pub mod report;
pub mod resolve;
pub mod scope;
pub mod tree;
pub mod validate;
pub mod yaml;
