//! The example of every kind passes the offline check as it stands in a template.

use std::collections::BTreeMap;

use tenantry::catalogue::table::catalogue;
use tenantry::model::diagnostic::{Diagnostic, Diagnostics, Severity};
use tenantry::model::names::TenantName;
use tenantry::pipeline::example::example;
use tenantry::pipeline::load::native::{NativeOptions, SecretSource, SourceError, load_native};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::tree::MemoryTree;
use tenantry::pipeline::validate::validate;

struct Any;

impl SecretSource for Any {
    fn variable(&self, _: &str) -> Option<String> {
        Some("a-value".to_owned())
    }

    fn file(&self, _: &str) -> Result<String, SourceError> {
        unreachable!("no secret is a file here")
    }

    fn command(&self, _: &[String]) -> Result<String, SourceError> {
        unreachable!("no secret is a command here")
    }
}

#[test]
fn the_example_of_every_kind_passes_the_check() {
    let named = regex::Regex::new(r#"\{\{secret \\*"([^"\\]+)"#).unwrap();
    let mut wrong = BTreeMap::new();
    for kind in catalogue().kinds() {
        let text = example(kind).unwrap();
        let mut tenant =
            "domain: sandbox\ndeliver: { example: { file: token } }\nsecrets:\n  unused: { env: UNUSED }\n".to_owned();
        let names: std::collections::BTreeSet<&str> =
            named.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
        for name in names {
            tenant.push_str(&format!("  {name}: {{ env: ANY }}\n"));
        }
        let tree = MemoryTree::of(&[
            ("tenantry.yaml", "project: example\n"),
            ("tenants/dev.yaml", &tenant),
            ("templates/example.yaml", &text),
        ]);
        let loaded = load_native(&tree, &Any, &TenantName("dev".to_owned()), &NativeOptions::default());
        let mut findings = loaded.findings;
        if let Some(documents) = loaded.documents {
            findings.extend(validate(&documents, &Scope::default()));
            let (desired, found) = resolve(&documents, &Scope::default(), true);
            findings.extend(found);
            let has = desired.resources.iter().any(|resource| resource.kind.name == kind.name);
            if !has {
                wrong.insert(&kind.name, format!("holds none\n{text}"));
            }
        }
        if findings.has_errors() {
            wrong.insert(&kind.name, format!("{}\n{text}", messages(&findings)));
        }
    }
    let list: Vec<String> = wrong.iter().map(|(name, what)| format!("## {name}\n{what}")).collect();
    assert!(wrong.is_empty(), "{} kinds:\n{}", wrong.len(), list.join("\n"));
}

fn messages(findings: &Diagnostics) -> String {
    let one = |found: &Diagnostic| format!("{}: {}", found.code, found.summary);
    findings.0.iter().filter(|found| found.severity == Severity::Error).map(one).collect::<Vec<_>>().join("\n")
}
