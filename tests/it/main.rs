//! All integration tests, in one program.
#![expect(clippy::disallowed_methods, reason = "tests touch files and start the program")]

mod northwind;
mod support;
mod architecture;
mod conformance;
mod export;
