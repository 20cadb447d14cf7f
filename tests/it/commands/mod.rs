//! One file a command: whole screens.

mod apply;
mod check;
mod ci;
mod export;
mod gates;
pub mod https;
mod kinds;
mod plan;
mod reports;
mod sandbox;
mod saved;
mod schema;
mod trust;
mod usage;
