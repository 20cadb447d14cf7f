//! One run at a time: on one machine, and on several with a git remote between them.

mod commits;
mod local;
mod shared;
