//! One file a command: whole screens.

mod apply;
mod backup;
mod check;
mod ci;
mod deliver;
mod drafts;
mod encryption_key;
mod export;
mod from_deploy_cli;
mod gates;
mod get;
mod history;
pub mod https;
mod init;
mod kinds;
mod plan;
mod reports;
mod sandbox;
mod saved;
mod schema;
mod trust;
mod undo;
mod unfinished;
mod usage;
