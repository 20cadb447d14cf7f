//! All integration tests, in one program.
#![expect(clippy::disallowed_methods, reason = "tests touch files and start the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::print_stderr, reason = "tests say what they skip")]

mod architecture;
mod canary;
mod commands;
mod conformance;
mod default_domain;
mod deploy_cli;
mod directory;
mod docs;
mod drift;
mod examples_apply;
mod export;
mod foreign;
mod group_roles;
mod groups;
mod into;
mod journal;
mod kept;
mod kinds_example;
mod kinds_page;
mod laws;
mod left_out;
mod loader_oracle;
mod locks;
mod northwind;
mod oracle;
mod ownership;
mod quirks;
mod records;
mod renamed;
mod rollback;
mod scopes;
mod support;
mod swaps;
mod targeted;
mod typos;
mod undo_every_kind;
mod validation;
mod who;
