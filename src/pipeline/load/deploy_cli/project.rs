//! A Deploy CLI project -> Documents: settings first, then the files of whichever format, then what they leave open.

use std::collections::BTreeMap;

use super::settings::{self, ConfigText, Settings};
use super::source::Source;
use super::{config, directory_format, kept, unread, yaml_format};
use crate::model::desired::Excluded;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Documents, Entry, Node};
use crate::model::names::TenantName;
use crate::pipeline::keywords::Mappings;
use crate::pipeline::load::Loaded;
use crate::pipeline::tree::{self, Tree, TreeError};

/// Loads a project of the Deploy CLI, as it is, for one tenant.
///
/// `tree` is the folder that holds the project and whatever its settings name; `input` the `tenant.yaml` or the
/// folder of the directory format, relative to it. Settings of `environment` win over those of `config`, and each
/// of its variables is a keyword too, as there. Paths in settings (`AUTH0_BASE_PATH`, the signing key's) are relative
/// to `tree`.
///
/// Everything that is wrong is among the findings; documents are missing only where no project could be read.
pub fn load_deploy_cli(
    tree: &dyn Tree,
    input: &str,
    config: Option<ConfigText>,
    environment: &BTreeMap<String, String>,
    tenant: &TenantName,
) -> Loaded {
    let mut findings = Diagnostics::default();
    let settings = settings::read(config.as_ref(), environment, &mut findings);
    let mut tenant_settings = config::tenant_settings(&settings, tree, tenant, &mut findings);
    let mut source = Source::new(tree, mappings(&settings), environment);
    source.findings = findings;
    let root = entries(&mut source, input, &settings, &mut tenant_settings.excluded);
    let documents = root.map(|root| Documents {
        root,
        removed: Vec::new(),
        settings: tenant_settings,
        files: std::mem::take(&mut source.files),
    });
    Loaded { documents, findings: source.findings }
}

fn entries(source: &mut Source<'_>, input: &str, settings: &Settings, excluded: &mut Excluded) -> Option<Vec<Entry>> {
    let (kinds, only) = (excluded.kinds.clone(), excluded.only_kinds.clone());
    let is_in_use = move |key: &str| !kinds.contains(key) && (only.is_empty() || only.contains(key));
    let path = match tree::join("", input) {
        Ok(path) => path,
        Err(outside) => {
            source
                .findings
                .push(Diagnostic::error("outside-workspace", format!("`{input}` cannot be used: {outside}")));
            return None;
        }
    };
    let mut entries = match source.tree.list(&path) {
        Ok(_) => {
            let entries = directory_format::read(source, &path, settings, &is_in_use);
            unread::report(source, &path, settings, &is_in_use);
            entries
        }
        Err(TreeError::NotAFolder) if path.ends_with(".yaml") || path.ends_with(".yml") => {
            let base = base_path(source, &path, settings)?;
            let project = yaml_format::read(source, &path, &base, &is_in_use)?;
            choose_by_name(source, excluded, project.exclude.as_ref(), project.include.as_ref());
            project.entries
        }
        Err(TreeError::NotAFolder) => {
            let wrong = Diagnostic::error("wrong-project", format!("`{input}` is no project of the Deploy CLI"));
            source.findings.push(wrong.help("Name its .yaml file, or the folder of its directory format."));
            return None;
        }
        Err(error) => {
            source.findings.push(tree::unreadable(source.tree, &path, &error, None));
            return None;
        }
    };
    for (marker, place) in kept::mark(&mut entries) {
        source.report_kept(&marker, &place);
    }
    report_markers(source, &entries);
    Some(entries)
}

fn base_path(source: &mut Source<'_>, file: &str, settings: &Settings) -> Option<String> {
    let Some(base) = settings.text("AUTH0_BASE_PATH") else { return Some(tree::folder_of(file).to_owned()) };
    match tree::join("", base) {
        Ok(base) => Some(base),
        Err(outside) => {
            let wrong = format!("AUTH0_BASE_PATH `{base}` cannot be used: {outside}");
            source.findings.push(Diagnostic::error("outside-workspace", wrong));
            None
        }
    }
}

/// `exclude:` and `include:` of the YAML take the places of the settings' lists.
fn choose_by_name(source: &mut Source<'_>, excluded: &mut Excluded, exclude: Option<&Node>, include: Option<&Node>) {
    let types: Vec<&str> = settings::known().values().filter_map(|known| known.excludes.as_deref()).collect();
    if let Some(exclude) = exclude {
        excluded.addresses.clear();
        excluded.names.clear();
        for (kind, names) in yaml_format::names_by_type(source, exclude, &types) {
            config::exclude_names(excluded, &kind, names.iter().map(String::as_str));
        }
    }
    if let Some(include) = include {
        excluded.only_connections.clear();
        let known = settings::known().get("AUTH0_INCLUDED_CONNECTIONS").and_then(|known| known.includes.as_deref());
        for (_, names) in yaml_format::names_by_type(source, include, &known.into_iter().collect::<Vec<_>>()) {
            config::include_connections(excluded, names.iter().map(String::as_str));
        }
    }
}

pub(super) fn mappings(settings: &Settings) -> Mappings {
    let entries =
        settings.get("AUTH0_KEYWORD_REPLACE_MAPPINGS").map(|setting| setting.value.entries()).unwrap_or_default();
    Mappings(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value().to_shown())).collect())
}

/// Reports what is left of keywords in values.
fn report_markers(source: &mut Source<'_>, entries: &[Entry]) {
    for entry in entries {
        source.report_markers(&entry.key, &entry.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tree::MemoryTree;
    use proptest::prelude::*;

    /// Texts of pieces that matter to YAML, JSON and keywords.
    fn text() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            Just("##K##"),
            Just("@@K@@"),
            Just("##NO##"),
            Just("@@NO@@"),
            Just("clients:\n"),
            Just("  - name: "),
            Just("\n"),
            Just(" "),
            Just("'"),
            Just("\""),
            Just("|\n"),
            Just(">-\n"),
            Just("# "),
            Just(": "),
            Just("{"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(","),
            Just("é"),
            Just("\u{feff}"),
            Just("\r\n"),
            Just("&a "),
            Just("*a"),
            Just("<<: "),
            Just("\\"),
            Just("custom_login_page: "),
            Just("./a.html"),
            Just("../"),
            Just("exclude:\n"),
            Just("\t"),
            Just("1e9"),
            Just("null"),
        ];
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_the_text_findings_point_into_it(text in text(), value in text()) {
            let config = serde_json::json!({ "AUTH0_DOMAIN": "d", "AUTH0_KEYWORD_REPLACE_MAPPINGS": { "K": value } });
            let config = ConfigText { name: "config.json".to_owned(), text: config.to_string() };
            let tree = MemoryTree::of(&[
                ("tenant.yaml", text.as_str()),
                ("p/clients/a.json", text.as_str()),
                ("p/prompts/partials.json", text.as_str()),
                ("p/pages/login.json", text.as_str()),
                ("p/clients/a.html", text.as_str()),
            ]);
            let tenant = TenantName("t".to_owned());
            for input in ["tenant.yaml", "p"] {
                let loaded = load_deploy_cli(&tree, input, Some(config.clone()), &BTreeMap::new(), &tenant);
                let lines = text.split('\n').count();
                for place in loaded.findings.0.iter().filter_map(|finding| finding.place.as_ref()) {
                    prop_assert!(place.line >= 1 && place.line as usize <= lines, "{place} of {lines} lines");
                }
            }
        }
    }
}
