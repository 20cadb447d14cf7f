//! How plans, events, results and findings look: to people as styled text, to programs as JSON.
//!
//! Views are pure: values in, text out. They write ANSI styles freely (the terminal strips them where they are not
//! wanted) and must never show a secret or let a control character of the data through.

pub mod audit;
pub mod columns;
pub mod comparison;
pub mod csv;
pub mod deltas;
pub mod drift;
pub mod findings;
pub mod gates;
pub mod history;
pub mod html;
pub mod inert;
pub mod into;
pub mod json;
mod kind_fields;
pub mod kinds;
mod line_ends;
pub mod markdown;
pub mod outcome;
pub mod parity;
pub mod progress;
pub mod redaction;
pub mod reference_page;
pub mod status;
pub mod style;
pub mod text;
pub mod value;
pub mod verification;
