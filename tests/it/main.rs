mod deploy_cli;
mod loader_oracle;
//! All integration tests, in one program.
#![expect(clippy::disallowed_methods, reason = "tests touch files and start the program")]

mod architecture;
mod conformance;
mod northwind;
mod scratch;
mod support;
