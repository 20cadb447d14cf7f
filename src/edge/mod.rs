//! The world: the only module that touches files, the environment, git, sockets, clocks and terminals.
#![expect(clippy::disallowed_methods, reason = "this is the one place for them")]

pub mod actor;
pub mod certificate;
pub mod clock;
pub mod connection;
pub mod delivery;
pub mod environment;
pub mod files;
pub mod files_together;
pub mod git;
pub mod git_missing;
pub mod git_remote;
pub mod git_tree;
pub mod http;
pub mod journal;
pub mod lock;
pub mod panics;
pub mod records;
pub mod remote_lock;
pub mod remote_probe;
pub mod request_log;
pub mod runtime;
pub mod sandbox_log;
pub mod sandbox_store;
pub mod secrets;
pub mod serve;
pub mod state;
pub mod terminal;
pub mod token;
pub mod wire;
