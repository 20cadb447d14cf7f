//! What the Management API has: one data file per kind, read once, and the questions asked of it.
//!
//! Nothing about one kind is written anywhere else. What data cannot say is a [`quirk::Quirk`] with a name and a test.

pub mod excepted;
pub mod fields;
pub mod kind;
pub mod membership;
pub mod place;
pub mod quirk;
pub mod scopes;
pub mod server;
pub mod shape;
pub mod table;
#[cfg(test)]
mod tests;
