//! A Deploy CLI project -> Documents: settings first, then the files of whichever format, then what they leave open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::settings::{self, ConfigText, Settings};
use super::source::Source;
use super::{config, directory_format, unread, yaml_format};
use crate::model::desired::Excluded;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Documents, Entry, Node};
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
    let entries = match source.tree.list(&path) {
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

fn mappings(settings: &Settings) -> Mappings {
    let entries =
        settings.get("AUTH0_KEYWORD_REPLACE_MAPPINGS").map(|setting| setting.value.entries()).unwrap_or_default();
    Mappings(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value().to_shown())).collect())
}

/// Reports what is left of keywords in values. Texts of companion files stand at those files' beginning.
fn report_markers(source: &mut Source<'_>, entries: &[Entry]) {
    for entry in entries {
        let mut companions = BTreeSet::new();
        collect_companions(&entry.value, &entry.value.place.file, &mut companions);
        source.report_markers(&entry.key, &entry.value, &companions);
    }
}

/// A text that lies in another file than the value around it is that file's whole text.
fn collect_companions(node: &Node, around: &Arc<str>, companions: &mut BTreeSet<Arc<str>>) {
    match &node.value {
        Content::Text(_) if node.place.file != *around => drop(companions.insert(Arc::clone(&node.place.file))),
        Content::List(items) => items.iter().for_each(|item| collect_companions(item, &node.place.file, companions)),
        Content::Map(entries) => {
            entries.iter().for_each(|entry| collect_companions(&entry.value, &node.place.file, companions));
        }
        _ => {}
    }
}
