//! Fills the templates. They are the hosts' own YAML with places `%NAME%`, and blocks that are repeated:
//!
//! | line | becomes |
//! |---|---|
//! | `#%EACH tenant` ... `#%END` | the block once for each tenant |
//! | `#%EACH promotion` ... `#%END` | the block once for each tenant but the first, from the one before it |
//! | `%ENV plan%` (`apply`, `promote`) | a line for each variable, where the host wants them to be handed over |
//! | `%DROP plan%` | shell that takes away the variables that the host has no value for: an empty secret is none |

use std::collections::BTreeSet;

use super::chain::{Chain, Stage};

/// What differs between the hosts.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// What stands before and after a secret's name; `None` if secrets are in the environment without being asked for.
    pub variable: Option<(&'static str, &'static str)>,
    /// The name of a job, to be waited for.
    pub job: fn(&str, &str) -> String,
}

/// Returns the filled template.
pub fn fill(template: &str, chain: &Chain, manner: &Manner) -> String {
    let mut out = String::new();
    let mut lines = template.lines();
    while let Some(line) = lines.next() {
        let Some(what) = line.strip_prefix("#%EACH ") else {
            out.push_str(&one(line, chain, None, manner));
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "#%END").collect();
        let skipped = usize::from(what == "promotion");
        for position in skipped..chain.tenants.len() {
            out.extend(block.iter().map(|line| one(line, chain, Some(position), manner)));
        }
    }
    out
}

/// Returns a name for jobs of hosts that take letters, digits and `_` only.
pub fn identifier(tenant: &str) -> String {
    tenant.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn one(line: &str, chain: &Chain, position: Option<usize>, manner: &Manner) -> String {
    let first = chain.tenants.first();
    let here = position.and_then(|position| chain.tenants.get(position)).or(first);
    let before = position.and_then(|position| chain.tenants.get(position.checked_sub(1)?));
    let indent = &line[..line.len() - line.trim_start().len()];
    let names = |run: &str| variables(run, here, before);
    let inner = |word: &str| line.trim().strip_prefix(word)?.strip_suffix('%').map(str::to_owned);
    if let Some(run) = inner("%ENV ") {
        let (open, close) = manner.variable.unwrap_or_default();
        return names(&run).iter().map(|name| format!("{indent}{name}: {open}{name}{close}\n")).collect();
    }
    if let Some(run) = inner("%DROP ") {
        let names: Vec<String> = names(&run).into_iter().collect();
        if names.is_empty() {
            return String::new();
        }
        let names = names.join(" ");
        // Azure leaves the name of an unknown variable standing as it was written.
        return format!(
            "{indent}for name in {names}; do case ${{!name-}} in '' | '$('*) unset \"$name\" ;; esac; done\n"
        );
    }
    let name = |stage: Option<&Stage>| stage.map_or_else(String::new, |stage| stage.name.clone());
    let needs = match (position, before) {
        (Some(1), Some(before)) => (manner.job)("apply", &before.name),
        (Some(_), Some(before)) => (manner.job)("promote", &before.name),
        _ => String::new(),
    };
    let workspace = match chain.workspace.as_str() {
        "" => String::new(),
        folder => format!(" --workspace {folder}"),
    };
    let all: Vec<&str> = chain.tenants.iter().map(|stage| stage.name.as_str()).collect();
    let places = [
        ("%TENANTS%", all.join(", ")),
        ("%TENANT%", name(here)),
        ("%IDENT%", identifier(&name(here))),
        ("%FROM%", name(before)),
        ("%TO%", name(here)),
        ("%TO_IDENT%", identifier(&name(here))),
        ("%FIRST%", name(first)),
        ("%FIRST_IDENT%", identifier(&name(first))),
        ("%NEEDS%", needs),
        ("%WORKSPACE%", workspace),
        ("%BRANCH%", chain.branch.clone()),
        ("%INSTALL%", chain.install.clone()),
        ("%VERSION%", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let filled = places.iter().fold(line.to_owned(), |line, (place, text)| line.replace(place, text));
    format!("{}\n", filled.trim_end())
}

fn variables(run: &str, here: Option<&Stage>, before: Option<&Stage>) -> BTreeSet<String> {
    let Some(here) = here else { return BTreeSet::new() };
    match (run, before) {
        ("plan", _) => here.plan.clone(),
        // The tenant that a change comes from is only read.
        ("promote", Some(before)) => before.plan.union(&here.apply).cloned().collect(),
        _ => here.apply.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::platform::Platform;
    use super::*;

    fn chain(names: &[&str], workspace: &str) -> Chain {
        let variables = |name: &str, run: &str| BTreeSet::from([format!("{}_{run}", name.to_uppercase())]);
        let stage = |name: &&str| Stage {
            name: (*name).to_owned(),
            plan: variables(name, "READ"),
            apply: variables(name, "WRITE"),
        };
        Chain {
            tenants: names.iter().map(stage).collect(),
            branch: "main".into(),
            install: "cargo install tenantry --locked".into(),
            workspace: workspace.into(),
        }
    }

    #[test]
    fn every_pipeline_is_filled_and_names_what_it_must() {
        for platform in Platform::ALL {
            let files = platform.workflows(&chain(&["dev", "test", "prod"], "identity"));
            let all: String = files.iter().map(|file| file.text.as_str()).collect();
            for line in all.lines() {
                // A failure inside of an argument would go unseen, and an empty fingerprint be expected.
                assert!(!line.contains("fingerprint") || !line.contains("\"$(jq"), "{platform:?}: {line}");
                assert!(!line.contains('%') || line.contains("##") || line.contains("printf"), "{platform:?}: {line}");
            }
            for words in [
                "plan dev --workspace identity --trust-from",
                "plan prod --workspace identity --trust-from",
                "apply dev --workspace identity --yes --lock-wait 600 --expect \"$",
                "promote dev test --workspace identity --yes --lock-wait 600",
                "promote test prod --workspace identity --yes --lock-wait 600",
                "drift prod --workspace identity",
                "rollback prod --workspace identity --to \"$TO\" --yes --lock-wait 600",
            ] {
                assert!(all.contains(words), "{platform:?}: {words}");
            }
            assert!(
                !all.contains("apply prod") && !all.contains("apply test"),
                "{platform:?}: only the first is applied to"
            );
        }
    }

    #[test]
    fn a_job_is_handed_the_secrets_of_its_own_run_alone() {
        let files = Platform::GitHub.workflows(&chain(&["dev", "prod"], ""));
        let text = |name: &str| files.iter().find(|file| file.path.ends_with(name)).unwrap().text.clone();
        let plan = text("tenantry-plan.yml");
        assert!(plan.contains("DEV_READ: ${{ secrets.DEV_READ }}") && !plan.contains("WRITE"), "{plan}");
        let apply = text("tenantry-apply.yml");
        assert!(apply.contains("for name in DEV_READ PROD_WRITE; do"), "{apply}");
        assert!(!apply.contains("PROD_READ"), "{apply}");
    }

    #[test]
    fn one_tenant_alone_needs_no_promotion() {
        for platform in Platform::ALL {
            let files = platform.workflows(&chain(&["acme"], ""));
            let all: String = files.iter().map(|file| file.text.as_str()).collect();
            assert!(!all.contains("promote acme") && !all.contains("tenantry promote"), "{platform:?}");
        }
    }
}
