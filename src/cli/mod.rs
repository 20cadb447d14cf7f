//! Words in, exit code out.
//!
//! `args` is what may be typed, `settings` what a run is told once flags and environment are merged, a command calls the
//! library and hands the result to a view, `failure` maps every error to a hint and an exit code.

pub mod applying;
pub mod args;
pub mod commands;
pub mod consent;
mod convergence;
pub mod delivering;
pub mod exit;
pub mod failure;
pub mod flags;
pub mod journaling;
pub mod leftovers;
pub mod locking;
pub mod looking;
pub mod looking_args;
pub mod pace;
pub mod planning;
pub mod point;
pub mod project;
pub mod recording;
pub mod run;
pub mod saved;
pub mod settings;
pub mod since;
pub mod source;
pub mod verifying;
pub mod world;

pub use run::run;
pub use world::World;
