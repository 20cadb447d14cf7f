//! One file a command: whole screens.

mod apply;
mod check;
mod export;
pub mod https;
mod kinds;
mod plan;
mod sandbox;
mod schema;
mod usage;
