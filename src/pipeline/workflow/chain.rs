//! What a pipeline is written for: the tenants in the order of promotion, and the variables that each needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::diagnostic::Diagnostics;
use crate::model::document::{Content, Node};
use crate::model::names::TenantName;
use crate::pipeline::load::native::settings_file;
use crate::pipeline::tree::{Tree, read_text};
use crate::pipeline::yaml;

/// The order of promotion where none is said: what these names mean is the same everywhere.
const KNOWN: [&[&str]; 4] = [
    &["dev", "development"],
    &["test", "testing", "qa"],
    &["staging", "stage", "preprod", "uat"],
    &["prod", "production", "live"],
];
/// What credentials are where a tenant's file names none.
const USUAL: [&str; 2] = ["AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"];

/// All that the templates want to know.
#[derive(Clone, Debug)]
pub struct Chain {
    /// From the first to the last that a change reaches.
    pub tenants: Vec<Stage>,
    /// The branch that merges go to.
    pub branch: String,
    /// The command that installs the program into the folder after `--root`.
    pub install: String,
    /// The workspace's folder as seen from the top of the repository; empty if it is the same.
    pub workspace: String,
}

/// One tenant.
#[derive(Clone, Debug)]
pub struct Stage {
    pub name: String,
    /// The environment variables of a run that reads, of a run that writes.
    pub plan: BTreeSet<String>,
    pub apply: BTreeSet<String>,
}

/// Why no pipeline can be written.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    #[error("the order of the tenants is not known: {}", .0.join(", "))]
    Order(Vec<String>),
    #[error("there is no tenant `{0}`")]
    NoTenant(String),
    #[error("`{0}` is named twice")]
    Twice(String),
    #[error("`{0}` cannot stand in a pipeline")]
    Word(String),
    #[error("`{0}` cannot be read as YAML")]
    File(String),
}

impl Chain {
    /// Reads what a pipeline needs of a workspace. `wanted` are the tenants in order; if empty, all, by their names.
    ///
    /// # Errors
    /// See [`ChainError`].
    pub fn read(tree: &dyn Tree, all: &[TenantName], wanted: &[String]) -> Result<Vec<Stage>, ChainError> {
        let names = if wanted.is_empty() { ordered(all)? } else { chosen(all, wanted)? };
        names.into_iter().map(|name| stage(tree, &name)).collect()
    }
}

fn chosen(all: &[TenantName], wanted: &[String]) -> Result<Vec<String>, ChainError> {
    let mut seen = BTreeSet::new();
    for name in wanted {
        if !all.iter().any(|known| known.0 == *name) {
            return Err(ChainError::NoTenant(name.clone()));
        }
        if !seen.insert(name) {
            return Err(ChainError::Twice(name.clone()));
        }
    }
    Ok(wanted.to_vec())
}

fn ordered(all: &[TenantName]) -> Result<Vec<String>, ChainError> {
    let rank = |name: &TenantName| KNOWN.iter().position(|names| names.contains(&name.0.as_str()));
    let mut ranked: Vec<(usize, String)> = all.iter().filter_map(|name| Some((rank(name)?, name.0.clone()))).collect();
    ranked.sort();
    let is_clear = ranked.windows(2).all(|pair| pair[0].0 != pair[1].0);
    if all.len() == 1 {
        return Ok(all.iter().map(|name| name.0.clone()).collect());
    }
    if ranked.len() == all.len() && is_clear && !all.is_empty() {
        return Ok(ranked.into_iter().map(|(_, name)| name).collect());
    }
    Err(ChainError::Order(all.iter().map(|name| name.0.clone()).collect()))
}

fn stage(tree: &dyn Tree, name: &str) -> Result<Stage, ChainError> {
    word(name)?;
    let path = settings_file(&TenantName(name.to_owned()));
    let unreadable = || ChainError::File(path.clone());
    let text = read_text(tree, &path, None).map_err(|_| unreadable())?;
    let node = yaml::parse(&text, &Arc::from(path.as_str()), &mut Diagnostics::default()).ok_or_else(unreadable)?;
    let mut secrets = BTreeSet::new();
    node.get("secrets").into_iter().for_each(|secrets_node| variables(secrets_node, &mut secrets));
    let (mut plan, mut apply) = (secrets.clone(), secrets);
    match node.get("credentials") {
        Some(credentials) if credentials.get("plan").or(credentials.get("apply")).is_some() => {
            credentials.get("plan").into_iter().for_each(|part| variables(part, &mut plan));
            credentials.get("apply").into_iter().for_each(|part| variables(part, &mut apply));
        }
        Some(credentials) => [&mut plan, &mut apply].into_iter().for_each(|names| variables(credentials, names)),
        None if is_sandbox(&node) => {}
        None => [&mut plan, &mut apply].into_iter().for_each(|names| names.extend(USUAL.map(str::to_owned))),
    }
    Ok(Stage { name: name.to_owned(), plan, apply })
}

fn is_sandbox(node: &Node) -> bool {
    matches!(node.get("domain").map(|domain| &domain.value), Some(Content::Text(domain)) if domain == "sandbox")
}

/// Collects the NAMEs of `{ env: NAME }` anywhere below.
fn variables(node: &Node, names: &mut BTreeSet<String>) {
    if let (Content::Map(entries), Some(Content::Text(name))) = (&node.value, node.get("env").map(|env| &env.value))
        && entries.len() == 1
        && is_variable(name)
    {
        names.insert(name.clone());
        return;
    }
    match &node.value {
        Content::Map(entries) => entries.iter().for_each(|entry| variables(&entry.value, names)),
        Content::List(items) => items.iter().for_each(|item| variables(item, names)),
        _ => {}
    }
}

fn is_variable(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Checks a name or path that is to stand in YAML and in a shell's command as it is.
///
/// # Errors
/// [`ChainError::Word`] if it would have to be quoted.
pub fn word(text: &str) -> Result<(), ChainError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = starts && text.chars().all(is_plain);
    if fits { Ok(()) } else { Err(ChainError::Word(text.to_owned())) }
}

/// Checks a command that is to stand in a script as it is.
///
/// # Errors
/// [`ChainError::Word`] if it holds anything but plain words.
pub fn command(text: &str) -> Result<(), ChainError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./:=@+~,".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    // A colon before a space would make a map of it.
    let fits = starts && text.chars().all(is_plain) && !text.contains(": ");
    if fits { Ok(()) } else { Err(ChainError::Word(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tree::MemoryTree;

    fn names(names: &[&str]) -> Vec<TenantName> {
        names.iter().map(|name| TenantName((*name).to_owned())).collect()
    }

    fn told(all: &[&str], wanted: &[&str]) -> Result<Vec<String>, String> {
        let files: Vec<(String, &str)> =
            all.iter().map(|name| (format!("tenants/{name}.yaml"), "domain: sandbox")).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Chain::read(&MemoryTree::of(&files), &names(all), &wanted)
            .map(|stages| stages.into_iter().map(|stage| stage.name).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_order_is_known_said_or_asked_for() {
        assert_eq!(told(&["prod", "dev", "test"], &[]).unwrap(), ["dev", "test", "prod"]);
        assert_eq!(told(&["acme"], &[]).unwrap(), ["acme"]);
        assert_eq!(told(&["a", "b"], &["b", "a"]).unwrap(), ["b", "a"]);
        assert_eq!(told(&["a", "b"], &[]).unwrap_err(), "the order of the tenants is not known: a, b");
        assert_eq!(told(&["prod", "live"], &[]).unwrap_err(), "the order of the tenants is not known: prod, live");
        assert_eq!(told(&["a"], &["c"]).unwrap_err(), "there is no tenant `c`");
        assert_eq!(told(&["a"], &["a", "a"]).unwrap_err(), "`a` is named twice");
        assert_eq!(told(&["a b"], &[]).unwrap_err(), "`a b` cannot stand in a pipeline");
    }

    #[test]
    fn each_run_gets_the_variables_it_needs() {
        let text = "domain: acme.auth0.com\ncredentials:\n  plan: { client_id: { env: READ } }\n  apply: { client_id: { env: WRITE } }\n\
                    secrets: { a: { env: A }, b: { file: x }, c: { env: 'no; name' } }\n";
        let tree = MemoryTree::of(&[("tenants/dev.yaml", text), ("tenants/prod.yaml", "domain: b.auth0.com")]);
        let stages = Chain::read(&tree, &names(&["dev", "prod"]), &[]).unwrap();
        assert_eq!(stages[0].plan.iter().collect::<Vec<_>>(), ["A", "READ"]);
        assert_eq!(stages[0].apply.iter().collect::<Vec<_>>(), ["A", "WRITE"]);
        assert_eq!(stages[1].plan.iter().collect::<Vec<_>>(), USUAL.iter().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_that_needs_quotes_gets_into_a_pipeline() {
        for text in ["a b", "a'b", "$(x)", "a\nb", "-x", "", "a;b", "é"] {
            assert!(word(text).is_err(), "{text}");
        }
        assert!(word("feature/x_1.2").is_ok());
        assert!(command("cargo install --git https://git.example/t --locked tenantry").is_ok());
        for text in ["a; b", "a 'b'", "a\nb", "$(x)", "a: b", "a && b", "a | b"] {
            assert!(command(text).is_err(), "{text}");
        }
    }
}
