//! Requests as values: pure functions from kinds and bodies to what goes over the wire, and back.

pub mod failure;
pub mod pace;
pub mod paging;
pub mod port;
pub mod request;
pub mod response;
pub mod retry;
