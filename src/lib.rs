//! tenantry deploys the configuration of Auth0 tenants from a git repository.
//!
//! The path from files to a tenant is one: *load*, *validate*, *resolve*, *refresh*, *diff*, *plan*, *apply*. Everything
//! between load and apply, refresh excepted, is a pure function of its arguments; ARCHITECTURE.md draws it.

pub mod api;
pub mod catalogue;
pub mod cli;
pub mod edge;
pub mod model;
pub mod pipeline;
pub mod sandbox;
