//! Files beside the templates that look like configuration and that nothing reads: most often a template whose name was
//! changed, so that all that stands in it would count as taken out.

use super::project::is_yaml;
use super::render::WHOLE;
use super::workspace::TENANTS;
use crate::catalogue::table::catalogue;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::SourceTexts;
use crate::pipeline::tree::{Tree, read_text};

/// Says whether a file that is no template could be meant as one, by its name.
pub(super) fn is_alike(name: &str) -> bool {
    let lower = name.to_lowercase();
    let lower = lower.strip_suffix(WHOLE).unwrap_or(&lower);
    !is_yaml(name) && [".yaml", ".yml", ".json"].iter().any(|ending| lower.ends_with(ending))
}

/// Reports those of the files (`paths`) that look like configuration and that no file names.
pub(super) fn report(tree: &dyn Tree, paths: &[String], files: &SourceTexts, findings: &mut Diagnostics) {
    for path in paths {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !is_configuration(tree, path) || is_named(tree, name, files) {
            continue;
        }
        let stem = name.split('.').next().unwrap_or(name);
        let whole = if name.to_lowercase().ends_with(WHOLE) { WHOLE } else { "" };
        let json = if name.to_lowercase().contains(".json") { " (JSON is YAML too)" } else { "" };
        findings.push(
            Diagnostic::warning("unread-file", format!("`{path}` is not read: no file names it, and it is no template"))
                .help(format!(
                    "A template's name ends in `.yaml`, `.yml` or `.yaml.hbs`: rename it to `{folder}/{stem}.yaml{whole}`\
                     {json}, or move it out of this folder. What stands only there counts as taken out of the files, and \
                     what was applied from it would be deleted."
                )),
        );
    }
}

/// YAML in whatever spelling is meant as a template; JSON only if it has a template's keys.
fn is_configuration(tree: &dyn Tree, path: &str) -> bool {
    if !path.to_lowercase().contains(".json") {
        return true;
    }
    let Ok(text) = read_text(tree, path, None) else { return false };
    let has_key =
        |map: &serde_json::Map<String, serde_json::Value>| catalogue().keys().iter().any(|key| map.contains_key(*key));
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(map)) => has_key(&map),
        Ok(_) => false,
        // With expressions in it, it need not be JSON yet.
        Err(_) => catalogue().keys().iter().any(|key| text.contains(&format!("\"{key}\":"))),
    }
}

/// Says whether a file of this name is mentioned anywhere: as a companion, or for another tenant.
fn is_named(tree: &dyn Tree, name: &str, files: &SourceTexts) -> bool {
    let others = || {
        let entries = tree.list(TENANTS).unwrap_or_default();
        let paths =
            entries.into_iter().filter(|entry| !entry.is_folder).map(|entry| format!("{TENANTS}/{}", entry.name));
        paths.filter_map(|path| read_text(tree, &path, None).ok()).collect::<Vec<_>>()
    };
    files.values().any(|text| text.contains(name)) || others().iter().any(|text| text.contains(name))
}
