//! One file a command: whole screens.

mod apply;
mod export;
mod https;
mod kinds;
mod plan;
mod sandbox;
mod usage;
