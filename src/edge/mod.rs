//! The world: the only module that touches files, the environment, git, sockets, clocks and terminals.
#![expect(clippy::disallowed_methods, reason = "this is the one place for them")]

pub mod environment;
pub mod files;
pub mod secrets;
