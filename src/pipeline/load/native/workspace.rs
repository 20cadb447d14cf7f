//! `tenantry.yaml`, and which tenants there are.

use std::sync::Arc;

use super::form::Form;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::SourceTexts;
use crate::model::names::TenantName;
use crate::pipeline::tree::{Tree, TreeError, read_text, unreadable};
use crate::pipeline::yaml;

/// The file that makes a folder a workspace.
pub const WORKSPACE_FILE: &str = "tenantry.yaml";
/// The folder with a file for each tenant.
pub const TENANTS: &str = "tenants";

/// What `tenantry.yaml` may hold.
pub const KEYS: [&str; 3] = ["project", "requires", "history"];

/// The one thing that a history can be expected to be.
const REQUIRED: &str = "required";

/// What `tenantry.yaml` says.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub project: Option<String>,
    pub history: History,
}

/// Where records and locks are shared.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The git remote.
    pub remote: Option<String>,
    /// For hosts that restrict refs.
    pub ref_prefix: Option<String>,
    /// `required` makes it a gate that no record is found.
    pub expect: Option<String>,
}

/// Reads `tenantry.yaml`. Its text is added to `files`; that this version is not the one it asks for is an error.
pub fn read_workspace(tree: &dyn Tree, files: &mut SourceTexts, findings: &mut Diagnostics) -> Workspace {
    let file: Arc<str> = Arc::from(WORKSPACE_FILE);
    let text = match read_text(tree, WORKSPACE_FILE, None) {
        Ok(text) => text,
        Err(finding) => {
            findings.push(*finding);
            return Workspace::default();
        }
    };
    files.insert(Arc::clone(&file), Arc::clone(&text));
    let Some(node) = yaml::parse(&text, &file, findings) else { return Workspace::default() };
    let Some(form) = Form::open(&node, "the workspace", &KEYS, findings) else {
        return Workspace::default();
    };
    if let (Some(range), Some(node)) = (form.text("requires", findings), form.node("requires"))
        && let Some(finding) = unmet(range, env!("CARGO_PKG_VERSION"))
    {
        findings.push(finding.at(&node.place));
    }
    let history = form
        .node("history")
        .and_then(|node| Form::open(node, "the history", &["remote", "ref_prefix", "expect"], findings))
        .map(|form| History {
            remote: form.text("remote", findings).map(str::to_owned),
            ref_prefix: form.text("ref_prefix", findings).map(str::to_owned),
            expect: form.text("expect", findings).map(str::to_owned),
        });
    if let Some(text) = history.as_ref().and_then(|history| history.expect.as_deref()).filter(|text| *text != REQUIRED)
        && let Some(node) = form.node("history")
    {
        findings.push(
            Diagnostic::error("wrong-value", format!("`expect` cannot be `{text}`"))
                .help("Write `expect: required`, or leave it out.")
                .at(&node.place),
        );
    }
    let project = form.text("project", findings).map(str::to_owned);
    Workspace { project, history: history.unwrap_or_default() }
}

fn unmet(range: &str, version: &str) -> Option<Diagnostic> {
    let Ok(wanted) = semver::VersionReq::parse(range) else {
        return Some(
            Diagnostic::error("wrong-type", format!("`{range}` is no range of versions"))
                .help("Write it like `>=0.1, <0.2`."),
        );
    };
    // A version that cannot be read meets nothing.
    let met = semver::Version::parse(version).is_ok_and(|version| wanted.matches(&version));
    (!met).then(|| {
        Diagnostic::error("other-version", format!("the workspace requires tenantry {range}, this is {version}"))
            .help("Install a version that fits, or change `requires` after reading the changelog.")
    })
}

/// Returns the path of the file that makes a tenant known.
pub fn settings_file(tenant: &TenantName) -> String {
    format!("{TENANTS}/{tenant}.yaml")
}

/// Returns the tenants of a workspace, in bytewise order of names.
///
/// # Errors
/// A finding if the folder cannot be listed.
pub fn tenants(tree: &dyn Tree) -> Result<Vec<TenantName>, Box<Diagnostic>> {
    let entries = match tree.list(TENANTS) {
        Ok(entries) => entries,
        Err(TreeError::Missing) => Vec::new(),
        Err(error) => return Err(Box::new(unreadable(tree, TENANTS, &error, None))),
    };
    let names = entries.iter().filter(|entry| !entry.is_folder).filter_map(|entry| entry.name.strip_suffix(".yaml"));
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).map(|n| TenantName(n.to_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tree::MemoryTree;

    fn found(text: &str) -> Vec<String> {
        let tree = MemoryTree::of(&[("tenantry.yaml", text)]);
        let mut findings = Diagnostics::default();
        read_workspace(&tree, &mut SourceTexts::new(), &mut findings);
        findings.0.iter().map(|finding| format!("{} {}", finding.place.as_ref().unwrap(), finding.code)).collect()
    }

    #[test]
    fn what_does_not_belong_there_is_told() {
        assert!(found("project: a\nrequires: '>=0.1'").is_empty());
        assert_eq!(found("project: a\nhistory: { remote: origin }"), [""; 0]);
        assert_eq!(found("project: a\nrequries: '1'"), ["tenantry.yaml:2:1 unknown-setting"]);
        assert_eq!(found("requires: '>=9'"), ["tenantry.yaml:1:11 other-version"]);
        assert_eq!(found("requires: latest"), ["tenantry.yaml:1:11 wrong-type"]);
        assert_eq!(found("history: { remot: x }"), ["tenantry.yaml:1:12 unknown-setting"]);
        assert_eq!(found("history: { expect: something }"), ["tenantry.yaml:1:10 wrong-value"]);
        assert!(found("history: { remote: origin, expect: required }").is_empty());
        assert_eq!(found("- a"), ["tenantry.yaml:1:1 wrong-type"]);
    }

    #[test]
    fn a_tenant_is_a_file() {
        let tree = MemoryTree::of(&[("tenants/prod.yaml", ""), ("tenants/dev.yaml", ""), ("tenants/prod/a.yaml", "")]);
        let names: Vec<_> = tenants(&tree).unwrap().into_iter().map(|name| name.0).collect();
        assert_eq!(names, ["dev", "prod"]);
    }
}
