//! One file a command: whole screens.

mod apply;
mod backup;
mod check;
mod export;
mod get;
mod https;
mod init;
mod kinds;
mod plan;
mod sandbox;
mod schema;
mod usage;
