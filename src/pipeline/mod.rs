//! The verbs, in this order: load, validate, resolve, refresh, diff, plan, apply; and export.
//!
//! All are plain functions on values but `refresh` (which is handed the reading half of the API port) and `apply`
//! (the writing half).

pub mod apply;
pub mod backup;
pub mod basis;
pub mod canonical;
pub mod cause;
pub mod comparison;
pub mod consent;
pub mod credentials;
pub mod diff;
pub mod drift;
pub mod example;
pub mod export;
pub mod fingerprint;
pub mod gates;
pub mod images;
pub mod keys;
pub mod keywords;
pub mod load;
pub mod matching;
pub mod member_diff;
pub mod members;
pub mod mentions;
pub mod merge;
pub mod order;
pub mod ownership;
pub mod parity;
pub mod partings;
pub mod plan;
pub mod read;
pub mod recall;
pub mod record;
pub mod references;
pub mod refresh;
pub mod report;
pub mod resolve;
pub mod rollback;
pub mod saved;
pub mod schema;
pub mod scope;
pub mod scopes;
pub mod steps;
pub mod tree;
pub mod undo;
pub mod unfinished;
pub mod unique_order;
pub mod validate;
pub mod wire;
pub mod workflow;
pub mod yaml;
pub mod yaml_write;
