//! Secrets by name: where each comes from, fetched once and only when something uses it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::form::{Form, texts, wrong_type};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node, Place};
use crate::model::secret::Secret;

/// The port to where secrets and credentials are kept.
pub trait SecretSource: Sync {
    /// Returns an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// Returns the text of a file of the workspace.
    ///
    /// # Errors
    /// Why there is none; never with anything of its text.
    fn file(&self, path: &str) -> Result<String, SourceError>;

    /// Runs a program with its arguments and returns what it prints.
    ///
    /// # Errors
    /// Why there is nothing; never with anything that it printed.
    fn command(&self, words: &[String]) -> Result<String, SourceError>;
}

/// Environment variables that are given, and no other source.
#[derive(Debug, Default)]
pub struct GivenVariables(pub BTreeMap<String, Secret>);

impl SecretSource for GivenVariables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|secret| secret.expose().map(str::to_owned))
    }

    fn file(&self, _: &str) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }

    fn command(&self, _: &[String]) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }
}

/// Why a source gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("it does not exist")]
    Missing,
    #[error("{0}")]
    Failed(String),
}

/// Where one secret comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    Variable(String),
    File(String),
    Command(Vec<String>),
    /// Whatever the tenant holds.
    Keep,
}

impl Origin {
    /// Reads `{ env: NAME }`, `{ file: path }`, `{ command: [..] }` and, if `keepable`, `{ keep: true }`.
    pub fn read(node: &Node, what: &str, keepable: bool, findings: &mut Diagnostics) -> Option<Self> {
        if !matches!(node.value, Content::Map(_)) {
            findings.push(
                Diagnostic::error(
                    "literal-secret",
                    format!("{what} must name a source, its value must not stand here"),
                )
                .at(&node.place)
                .help("Write `{ env: NAME }`, `{ file: path }` or `{ command: [program, argument] }`."),
            );
            return None;
        }
        let all = ["env", "file", "command", "keep"];
        let form = Form::open(node, what, if keepable { &all } else { &all[..3] }, findings)?;
        if node.entries().len() != 1 {
            let summary = format!("{what} must name exactly one source");
            findings.push(Diagnostic::error("wrong-type", summary).at(&node.place));
            return None;
        }
        if form.node("keep").is_some() {
            return form.flag("keep", findings).filter(|keep| *keep).map(|_| Self::Keep);
        }
        if let Some(command) = form.node("command") {
            let words = texts(command, "`command`", findings);
            if words.is_empty() {
                findings.push(wrong_type(command, "`command`", "a list of a program and its arguments"));
                return None;
            }
            return Some(Self::Command(words));
        }
        let variable = form.text("env", findings).map(|name| Self::Variable(name.to_owned()));
        variable.or_else(|| form.text("file", findings).map(|path| Self::File(path.to_owned())))
    }
}

/// The secrets that a tenant's file declares.
pub struct Vault<'w> {
    world: &'w dyn SecretSource,
    run_commands: bool,
    /// What is not declared has no value, and is no mistake.
    forgives: bool,
    origins: BTreeMap<String, (Origin, Place)>,
    fetched: RefCell<BTreeMap<String, Secret>>,
    findings: RefCell<Diagnostics>,
}

impl<'w> Vault<'w> {
    /// Makes an empty vault. Without `run_commands` the value of a command is missing.
    pub fn new(world: &'w dyn SecretSource, run_commands: bool) -> Self {
        let (fetched, findings) = (RefCell::default(), RefCell::default());
        Self { world, run_commands, forgives: false, origins: BTreeMap::new(), fetched, findings }
    }

    /// From here on a secret that is not declared has no value, and is no mistake.
    pub fn forgive(&mut self) {
        self.forgives = true;
    }

    /// Says whether a secret may be asked for.
    pub fn knows(&self, name: &str) -> bool {
        self.forgives || self.origins.contains_key(name)
    }

    /// Declares the members of `secrets`.
    pub fn declare(&mut self, node: &Node, findings: &mut Diagnostics) {
        if !matches!(node.value, Content::Map(_) | Content::Null) {
            findings.push(wrong_type(node, "`secrets`", "a map"));
        }
        for entry in node.entries() {
            let what = format!("the secret `{}`", entry.key);
            if let Some(origin) = Origin::read(&entry.value, &what, true, findings) {
                self.origins.insert(entry.key.clone(), (origin, entry.value.place.clone()));
            }
        }
    }

    /// Returns the declared names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.origins.keys().map(String::as_str)
    }

    /// Returns a declared secret; its value may be missing here.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        if let Some(secret) = self.fetched.borrow().get(name) {
            return Some(secret.clone());
        }
        let Some((origin, place)) = self.origins.get(name) else {
            return self.forgives.then(|| Secret::missing(name));
        };
        let secret = self.fetch(name, origin, place);
        self.fetched.borrow_mut().insert(name.to_owned(), secret.clone());
        Some(secret)
    }

    /// Fetches from an origin. That there is no value is a note: only an apply needs it.
    pub fn fetch(&self, name: &str, origin: &Origin, place: &Place) -> Secret {
        let value = match origin {
            Origin::Keep => return Secret::keep(name),
            Origin::Variable(variable) => self
                .world
                .variable(variable)
                .ok_or_else(|| (format!("the environment variable `{variable}`"), SourceError::Missing)),
            Origin::File(path) => self.world.file(path).map_err(|error| (format!("the file `{path}`"), error)),
            Origin::Command(_) if !self.run_commands => return Secret::missing(name),
            Origin::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                self.world.command(words).map_err(|error| (format!("the command `{program}`"), error))
            }
        };
        match value.map(|text| without_line_end(&text).to_owned()) {
            Ok(text) if !text.is_empty() => Secret::new(name, text),
            Ok(_) => self.unavailable(name, "its source is empty", place),
            Err((source, error)) => self.unavailable(name, &format!("{source}: {error}"), place),
        }
    }

    /// Returns an environment variable that holds a credential, if it is there and not empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.world.variable(name).filter(|value| !value.is_empty())
    }

    /// Returns what was noticed while fetching.
    pub fn take_findings(&self) -> Diagnostics {
        self.findings.take()
    }

    fn unavailable(&self, name: &str, why: &str, place: &Place) -> Secret {
        let summary = format!("`{name}` has no value here: {why}");
        self.findings.borrow_mut().push(Diagnostic::note("secret-unavailable", summary).at(place));
        Secret::missing(name)
    }
}

impl std::fmt::Debug for Vault<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("origins", &self.origins).finish_non_exhaustive()
    }
}

/// Editors and commands end a file with a line end that is not part of the secret.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
