//! Projects that come and go, and runs of the program in them.
//!
//! A run sees a cleared environment, no terminal, and a folder of its own. What varies from run to run (the folder's
//! name, times) is taken out of what it printed, so that whole screens can be compared.

mod project;
mod ran;

pub use project::Project;
pub use ran::Ran;

pub mod core;
