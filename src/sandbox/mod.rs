//! A tenant in memory: answers as the Management API does, from the catalogue and its quirks.
//!
//! [`tenant::Tenant`] takes a request and gives a response: no socket, no file, no clock. What is true of one kind alone
//! stands in the `[server]` table of its kind file; what data cannot say hangs on a quirk and has a function of its own
//! here. It must never know a kind by name.

pub mod actions;
pub mod acts;
pub mod answer;
pub mod api;
pub mod bucket;
pub mod cascade;
pub mod check;
pub mod clients;
pub mod connections;
pub mod documents;
pub mod events;
pub mod expand;
pub mod faults;
pub mod faulty;
pub mod holders;
pub mod ids;
pub mod keys;
pub mod lists;
pub mod members;
pub mod merge;
pub mod objects;
pub mod permission;
pub mod persist;
pub mod refusal;
pub mod routes;
pub mod seed;
pub mod spot;
pub mod store;
pub mod succession;
pub mod tenant;
pub mod times;
pub mod token;
mod untrue;

#[cfg(test)]
mod tests;
