//! The sample project of the Deploy CLI in both formats, through the whole path, on the sandbox.
//!
//! Runs where `TENANTRY_SHARED` names the folder that holds it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::core::{Core, told};
use tenantry::edge::files::WorkTree;
use tenantry::model::desired::Desired;
use tenantry::model::diagnostic::{Diagnostics, Severity};
use tenantry::model::names::TenantName;
use tenantry::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::validate::validate;

fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test is told where its data is")]
    let folder = std::env::var_os("TENANTRY_SHARED").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: TENANTRY_SHARED is not set");
    }
    folder
}

pub fn scope() -> Scope {
    Scope::default()
}

fn desired(folder: &Path, input: &str, config: &str) -> (Desired, Diagnostics) {
    let tree = WorkTree::open(folder).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let text = std::fs::read_to_string(folder.join(config)).unwrap();
    let config = ConfigText { name: config.to_owned(), text };
    let loaded = load_deploy_cli(&tree, input, Some(config), &BTreeMap::new(), &TenantName("northwind".to_owned()));
    let mut findings = loaded.findings;
    let documents = loaded.documents.expect("a project");
    findings.extend(validate(&documents, &scope()));
    let (desired, more) = resolve(&documents, &scope(), true);
    findings.extend(more);
    (desired, findings)
}

fn errors(findings: &Diagnostics) -> Vec<String> {
    findings
        .0
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| format!("{:?} {} {} {:?}", d.place.as_ref().map(ToString::to_string), d.code, d.summary, d.help))
        .collect()
}

#[test]
fn both_formats_mean_the_same() {
    let Some(shared) = shared() else { return };
    for config in ["config.dev.json", "config.prod.json"] {
        let (yaml, findings) = desired(&shared.join("data/northwind-yaml"), "tenant.yaml", config);
        assert_eq!(errors(&findings), Vec::<String>::new());
        let (directory, findings) = desired(&shared.join("data/northwind-directory"), ".", config);
        assert_eq!(errors(&findings), Vec::<String>::new());
        let by_address = |desired: &Desired| -> BTreeMap<String, serde_json::Value> {
            let shown =
                |r: &tenantry::model::desired::Resource| tenantry::model::value::Value::Map(r.body.clone()).to_shown();
            desired.resources.iter().map(|r| (r.address.to_string(), shown(r))).collect()
        };
        let (yaml, directory) = (by_address(&yaml), by_address(&directory));
        assert_eq!(yaml.keys().collect::<Vec<_>>(), directory.keys().collect::<Vec<_>>());
        for (address, body) in &yaml {
            assert_eq!(Some(body), directory.get(address), "{address}");
        }
    }
}

#[test]
fn each_format_and_config_is_applied_and_then_at_rest() {
    let Some(shared) = shared() else { return };
    for (folder, input) in [("data/northwind-yaml", "tenant.yaml"), ("data/northwind-directory", ".")] {
        for config in ["config.dev.json", "config.prod.json"] {
            let (desired, findings) = desired(&shared.join(folder), input, config);
            assert_eq!(errors(&findings), Vec::<String>::new());
            let mut core = Core::new();
            let plan = core.plan_of(&desired);
            let writes = core.perform(&plan);
            assert!(writes.len() > 50, "{writes:#?}");
            let again = core.plan_of(&desired);
            assert_eq!(told(&again), Vec::<String>::new(), "{folder} {config}");
        }
    }
}

/// Returns a tenant that holds a sample, where there is one.
pub fn applied(folder: &str, input: &str, config: &str) -> Option<Core> {
    let (desired, findings) = desired(&shared()?.join(folder), input, config);
    assert_eq!(errors(&findings), Vec::<String>::new());
    let mut core = Core::new();
    let plan = core.plan_of(&desired);
    core.perform(&plan);
    Some(core)
}
