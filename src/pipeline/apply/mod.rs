//! Plan -> the tenant: performs exactly the steps, in parallel along the graph, and only says what happens.
//!
//! It never decides anything: what to send was settled by the plan. It knows ids that come into being and fills them in.

mod ceremony;
pub mod conduct;
mod creation;
pub mod kept;
pub mod ledger;
pub mod lost;
mod member_list;
pub mod perform;
pub mod run;

pub use conduct::{Conduct, Unwritten};
pub use run::{Clock, Outcome, apply};
