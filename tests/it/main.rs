//! All integration tests, in one program.
#![expect(clippy::disallowed_methods, reason = "tests touch files and start the program")]

mod architecture;
mod commands;
mod conformance;
mod export;
mod deploy_cli;
mod laws;
mod loader_oracle;
mod northwind;
mod oracle;
mod scratch;
mod docs;
mod support;
