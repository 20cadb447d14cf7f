//! The example of every kind is whole: a new tenant takes it as it stands, a second plan is empty, and so is that of what
//! an export makes of the tenant.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::catalogue::table::catalogue;
use tenantry::pipeline::example::example;

use crate::support::Project;

const NO_GROUP: &str = "a group comes from a directory; a new tenant has none, and files cannot make one";

/// Kinds whose example a new tenant refuses, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("organizations/group_roles", NO_GROUP),
    ("roles/groups", NO_GROUP),
    (
        "customDomainDefault",
        "a new domain waits to be verified, which is an act and no configuration; default_domain.rs goes on from there",
    ),
];

fn secrets_of(text: &str) -> BTreeSet<String> {
    let rest = text.split("{{secret ").skip(1);
    rest.filter_map(|rest| rest.trim_start_matches(['\\', '"']).split(['\\', '"']).next().map(str::to_owned)).collect()
}

fn project(text: &str) -> Project {
    let names = secrets_of(text);
    let mut tenant = "domain: sandbox\n".to_owned();
    if !names.is_empty() {
        tenant.push_str("secrets:\n");
    }
    names.iter().for_each(|name| tenant.push_str(&format!("  {name}: {{ env: ANY }}\n")));
    if text.contains("deliver: example") {
        tenant.push_str("deliver: { example: { file: token } }\n");
    }
    Project::new().tenant("dev", &tenant).template("it", text).env("ANY", "a-value")
}

fn run(text: &str) -> Result<(), String> {
    let first = project(text);
    for line in ["apply dev --yes", "plan dev --exit-code", "export dev --to out"] {
        succeeds(&first, line)?;
    }
    // What was written stands in place of the example, over the same tenant, and asks for nothing.
    let second = Project::bare();
    for (folder, below) in [("out", ""), (".tenantry", ".tenantry/")] {
        for (path, bytes) in first.files(folder) {
            second.write(&format!("{below}{path}"), &String::from_utf8(bytes).unwrap());
        }
    }
    succeeds(&second, "plan dev --exit-code")
}

fn succeeds(project: &Project, line: &str) -> Result<(), String> {
    let ran = project.run(line);
    if ran.screen().ends_with("--- exit 0 ---") { Ok(()) } else { Err(ran.screen()) }
}

#[test]
fn a_new_tenant_takes_the_example_of_every_kind() {
    let mut refused = BTreeMap::new();
    for kind in catalogue().kinds() {
        if let Err(why) = run(&example(kind).unwrap()) {
            refused.insert(kind.name.as_str(), why);
        }
    }
    let listed: BTreeSet<&str> = REFUSED.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = refused.keys().copied().collect();
    let list: Vec<String> = refused.iter().map(|(name, why)| format!("## {name}\n{why}")).collect();
    assert_eq!(found, listed, "{} refused:\n{}", refused.len(), list.join("\n"));
    assert!(REFUSED.iter().all(|(_, reason)| reason.len() > 20));
}
