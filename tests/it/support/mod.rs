//! What tests share.

pub mod core;
