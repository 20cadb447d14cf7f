//! One file a command: whole screens.

mod apply;
mod check;
mod export;
mod https;
mod kinds;
mod plan;
mod sandbox;
mod schema;
mod usage;
