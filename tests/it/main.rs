//! All integration tests, in one program.
#![expect(clippy::disallowed_methods, reason = "tests touch files and start the program")]

mod architecture;
mod commands;
mod conformance;
mod deploy_cli;
mod docs;
mod export;
mod laws;
mod loader_oracle;
mod northwind;
mod oracle;
mod support;
