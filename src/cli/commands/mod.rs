//! One file a command: call the library, hand the result to a view.

pub mod adopt;
pub mod apply;
pub mod check;
pub mod ci;
pub mod completions;
pub mod export;
pub mod history;
pub mod kinds;
pub mod plan;
pub mod promote;
pub mod rollback;
pub mod sandbox;
pub mod schema;
pub mod scopes;
pub mod serve;
pub mod undo;
pub mod unlock;
