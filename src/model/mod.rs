//! The nouns: plain data with its own invariants. Nothing here reads a file, a clock or a socket.

pub mod address;
pub mod applied;
pub mod basis;
pub mod change;
pub mod desired;
pub mod diagnostic;
pub mod document;
pub mod event;
pub mod journal;
pub mod kept;
pub mod live;
pub mod names;
pub mod others;
pub mod path;
pub mod plan;
pub mod record;
pub mod secret;
pub mod trace;
pub mod value;
