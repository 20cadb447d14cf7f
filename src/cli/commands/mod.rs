//! One file a command: call the library, hand the result to a view.

pub mod adopt;
pub mod apply;
pub mod backup;
pub mod check;
pub mod ci;
pub mod completions;
pub mod diff;
pub mod drift;
pub mod export;
pub mod export_into;
pub mod get;
pub mod history;
pub mod init;
pub mod kinds;
pub mod plan;
pub mod promote;
pub mod rollback;
pub mod sandbox;
pub mod schema;
pub mod scopes;
pub mod serve;
pub mod status;
pub mod undo;
pub mod unlock;
