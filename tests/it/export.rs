//! A tenant written as files and planned against itself: nothing to do. Written twice: equal bytes.

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::edge::files::WorkTree;
use tenantry::model::desired::Desired;
use tenantry::model::diagnostic::Severity;
use tenantry::model::live::Live;
use tenantry::model::names::{Domain, TenantName};
use tenantry::pipeline::export::{ExportFile, ExportOptions, Format, export};
use tenantry::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::validate::validate;

use crate::conformance::{cases::CASES, joined};
use crate::support::core::{Core, OWN, told, wait};

const FORMATS: [Format; 2] = [Format::DeployYaml, Format::DeployDirectory];

fn options(format: Format) -> ExportOptions {
    ExportOptions {
        format,
        tenant: TenantName("dev".to_owned()),
        domain: Domain("sandbox".to_owned()),
        only: Vec::new(),
        exclude: Vec::new(),
    }
}

fn live(core: &Core) -> Live {
    let wanted = Wanted::Everything { only: Vec::new(), exclude: Vec::new() };
    wait(refresh(&core.api, wanted)).expect("the sandbox answers")
}

fn exported(live: &Live, format: Format) -> Vec<ExportFile> {
    let (files, findings) = export(live, &options(format)).unwrap();
    assert!(!findings.has_errors(), "{findings:#?}");
    files
}

fn write(files: &[ExportFile], folder: &Path) {
    for file in files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.bytes).unwrap();
    }
}

/// Loads files as the tool does.
fn loaded(files: &[ExportFile], format: Format) -> Result<Desired, String> {
    let folder = tempfile::tempdir().unwrap();
    write(files, folder.path());
    let tree = WorkTree::open(folder.path()).unwrap();
    let config = r#"{"AUTH0_DOMAIN": "sandbox", "AUTH0_ACCESS_TOKEN": "x"}"#;
    let config = ConfigText { name: "config.json".to_owned(), text: config.to_owned() };
    let input = if format == Format::DeployYaml { "tenant.yaml" } else { "." };
    let loaded = load_deploy_cli(&tree, input, Some(config), &BTreeMap::new(), &TenantName("dev".to_owned()));
    let mut findings = loaded.findings;
    let desired = loaded.documents.map(|documents| {
        findings.extend(validate(&documents, &Scope::default()));
        let (desired, more) = resolve(&documents, &Scope::default(), true);
        findings.extend(more);
        desired
    });
    let errors: Vec<String> = findings
        .0
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| format!("{:?} {} {}", finding.place, finding.code, finding.summary))
        .collect();
    if errors.is_empty() { desired.ok_or_else(|| "nothing loaded".to_owned()) } else { Err(errors.join("\n")) }
}

/// Exports in every format; the plan of each must be empty, and a second export equal.
fn law(core: &Core) -> Result<(), String> {
    let first = live(core);
    let second = live(core);
    for format in FORMATS {
        let files = exported(&first, format);
        if files != exported(&second, format) {
            return Err(format!("{format:?}: two exports differ"));
        }
        let all = shown(&files);
        if all.contains(OWN) {
            return Err(format!("{format:?}: the tool's own client is in it\n{all}"));
        }
        let desired = loaded(&files, format).map_err(|errors| format!("{format:?}: {errors}\n{all}"))?;
        let (plan, findings) = core.try_plan(&desired);
        if findings.has_errors() || !plan.is_empty() {
            return Err(format!("{format:?}: {findings:#?}\n{}\n{all}", told(&plan).join("\n")));
        }
    }
    Ok(())
}

fn shown(files: &[ExportFile]) -> String {
    files.iter().map(|file| format!("=== {}\n{}", file.path, String::from_utf8_lossy(&file.bytes))).collect()
}

#[test]
fn a_new_tenant_is_exported_and_plans_empty() {
    law(&Core::new()).unwrap();
}

#[test]
fn every_kind_is_exported_and_plans_empty() {
    let problems: Vec<String> = CASES
        .iter()
        .filter_map(|case| {
            let run = || {
                let mut core = Core::new();
                if !case.needs.is_empty() {
                    core.apply(case.needs);
                }
                core.apply(&joined(case, case.before));
                law(&core)
            };
            match std::panic::catch_unwind(run) {
                Ok(result) => result.err().map(|error| format!("{}: {error}", case.kind)),
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
                    Some(format!("{}: {text}", case.kind))
                }
            }
        })
        .collect();
    assert!(problems.is_empty(), "{} of {} kinds:\n\n{}", problems.len(), CASES.len(), problems.join("\n\n"));
}

#[test]
fn the_sample_of_the_deploy_cli_is_exported_and_plans_empty() {
    for (folder, input) in [("data/northwind-yaml", "tenant.yaml"), ("data/northwind-directory", ".")] {
        let Some(core) = crate::northwind::applied(folder, input, "config.dev.json") else { return };
        law(&core).unwrap_or_else(|error| panic!("{folder}: {error}"));
    }
}

#[test]
fn dump() {
    let Some(core) = crate::northwind::applied("data/northwind-yaml", "tenant.yaml", "config.dev.json") else { return };
    let first = live(&core);
    for format in [Format::Workspace, Format::DeployYaml, Format::DeployDirectory] {
        let (files, findings) = export(&first, &options(format)).unwrap();
        println!("{findings:#?}");
        write(&files, Path::new(&format!("/tmp/exported/{format:?}")));
    }
}
