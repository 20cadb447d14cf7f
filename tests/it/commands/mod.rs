//! One file a command: whole screens.

mod kinds;
mod usage;
