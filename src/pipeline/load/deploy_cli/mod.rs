//! Projects of the Auth0 Deploy CLI, loaded unchanged: its settings, its two formats, its keywords.
//!
//! | file | does |
//! |---|---|
//! | `project.rs` | the way from settings and files to Documents |
//! | `settings.rs`, `settings.toml` | config file and environment, each value in its form |
//! | `config.rs` | what the settings mean here |
//! | `profile.rs` | what the settings say, for whoever writes them down otherwise |
//! | `layout.rs`, `layout.toml` | where each type lies in either format |
//! | `source.rs` | one text: keywords, parsing, places, leftover markers |
//! | `comment.rs` | markers that YAML takes for comments |
//! | `yaml_format.rs`, `directory_format.rs` | the formats |
//! | `kept.rs` | keywords in secret fields that keep what the tenant holds |
//! | `companion.rs`, `item.rs` | text files behind fields; what is done to an item |
//! | `kept.rs` | keywords that leave a secret as the tenant holds it |
//! | `unread.rs` | files that nothing reads |
//!
//! Keywords are replaced in the text before it is parsed; handlebars is never applied. Nothing here may let a file
//! that cannot be read pass for one that is not there: the Deploy CLI does, and then deletes what the file described.
//! No message may show what a keyword stands for, nor a line of the config file: both may be secret.
//!
//! Read otherwise than the Deploy CLI does, on purpose. tests/it/loader_oracle.rs lists by name whatever shows in the
//! values: what is not written is not made up (`options`, `html`, defaults of its schema), lifetimes stay in hours until
//! they are sent, dates stay text, `{}` is no item of any type. tests/it/deploy_cli.rs holds the rest: paths and links
//! that lead out of the project are refused; files that cannot be parsed, missing companion files and undefined
//! keywords are errors; an empty folder and a folder of an unknown name are said; arguments win over settings.

pub(super) mod comment;
mod companion;
mod config;
mod directory_format;
mod item;
mod kept;
pub(in crate::pipeline) mod layout;
mod profile;
mod project;
mod settings;
mod source;
mod unread;
mod yaml_format;

pub use profile::{Given, Profile};
pub use project::load_deploy_cli;
pub use settings::ConfigText;
