//! An export of some kinds into the folder of an earlier one: the files of the other kinds stay as they are, and so does
//! what those need in the files that all kinds share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::files::ExportFile;
use super::manifest::Manifest;
use super::run::{ExportError, ExportOptions, Format};
use super::selection::is_wanted;
use crate::catalogue::table::catalogue;
use crate::model::diagnostic::Diagnostics;
use crate::pipeline::yaml;
use crate::pipeline::yaml_write::to_yaml;

/// What is to be written, and what stays though it is not.
#[derive(Debug, Default)]
pub struct Beside {
    pub files: Vec<ExportFile>,
    /// Paths of the earlier export that stay as they are.
    pub kept: BTreeSet<String>,
}

/// Puts an export beside what an earlier one (`last`) left in the folder (`present`: path -> bytes).
///
/// # Errors
/// What cannot be written as YAML.
pub fn beside(
    mut files: Vec<ExportFile>,
    last: &Manifest,
    present: &BTreeMap<String, Vec<u8>>,
    options: &ExportOptions,
) -> Result<Beside, ExportError> {
    if options.only.is_empty() && options.exclude.is_empty() {
        return Ok(Beside { files, kept: BTreeSet::new() });
    }
    // It says who the project is and nothing of the tenant.
    let mut kept = BTreeSet::new();
    files.retain(|file| {
        let stays = file.path == WORKSPACE && present.contains_key(WORKSPACE);
        stays.then(|| kept.insert(file.path.clone()));
        !stays
    });
    let written: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let is_other = |path: &str| last.key(path).is_none_or(|key| !is_chosen(key, options));
    kept.extend(last.paths().filter(|path| !written.contains(path) && is_other(path)).map(str::to_owned));
    let tenant_file = format!("tenants/{}.yaml", options.tenant);
    for file in &mut files {
        let Some(before) = present.get(&file.path) else { continue };
        let before = String::from_utf8_lossy(before);
        if options.format == Format::Workspace && file.path == tenant_file {
            let needs = |secret: &str| is_needed(secret, &kept, present);
            file.bytes = tenant_beside(&String::from_utf8_lossy(&file.bytes), &before, &needs, options)?.into_bytes();
        } else if file.path == PROJECT && last.has_written(&file.path, before.as_bytes()) {
            file.bytes = keys_beside(&String::from_utf8_lossy(&file.bytes), &before, options).into_bytes();
        }
    }
    Ok(Beside { files, kept })
}

/// The file that makes a folder a workspace.
const WORKSPACE: &str = "tenantry.yaml";
/// The Deploy CLI's single file.
const PROJECT: &str = "tenant.yaml";

/// Says whether what stands under a key is written anew.
fn is_chosen(key: &str, options: &ExportOptions) -> bool {
    catalogue().kinds().any(|kind| kind.top_key() == key && is_wanted(kind, &options.only, &options.exclude))
}

/// A secret stays unless the files that use it are no more.
fn is_needed(secret: &str, kept: &BTreeSet<String>, present: &BTreeMap<String, Vec<u8>>) -> bool {
    let spellings = [format!("\"{secret}\""), format!("\"{secret}\\\"")];
    let mut uses = present.iter().filter(|(_, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        spellings.iter().any(|spelling| text.contains(spelling))
    });
    let mut is_used = false;
    uses.any(|(path, _)| {
        is_used = true;
        kept.contains(path)
    }) || !is_used
}

/// Returns the tenant's file as it is to be: what it said before, but for what concerns the chosen kinds.
fn tenant_beside(
    written: &str,
    before: &str,
    needs: &dyn Fn(&str) -> bool,
    options: &ExportOptions,
) -> Result<String, ExportError> {
    let (Some(written), Some(mut file)) = (map(written), map(before)) else { return Ok(written.to_owned()) };
    let of_others = |address: &str| {
        let kind = address.split('/').next().unwrap_or_default();
        !is_chosen(kind, options)
    };
    if let Some(Json::Object(secrets)) = file.get_mut("secrets") {
        secrets.retain(|name, _| needs(name));
    }
    if let Some(Json::Object(bind)) = file.get_mut("bind") {
        bind.retain(|address, _| of_others(address));
    }
    if let Some(Json::Array(external)) = file.get_mut("external") {
        external.retain(|address| address.as_str().is_none_or(of_others));
    }
    for (key, value) in written {
        match (file.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => {
                for (name, value) in new {
                    // How a secret is found is the user's to say.
                    old.entry(name).or_insert(value);
                }
                old.sort_keys();
            }
            (Some(Json::Array(old)), Json::Array(new)) => {
                old.extend(new);
                old.sort_by_key(ToString::to_string);
                old.dedup();
            }
            (_, value) => drop(file.insert(key, value)),
        }
    }
    file.retain(|_, value| !matches!(value, Json::Object(map) if map.is_empty()));
    file.retain(|_, value| !matches!(value, Json::Array(list) if list.is_empty()));
    let mut ordered: Vec<(String, Json)> = file.into_iter().collect();
    let place = |key: &str| ["domain", "secrets", "external", "bind"].iter().position(|known| *known == key);
    ordered.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
    Ok(to_yaml(&Json::Object(ordered.into_iter().collect()))?)
}

fn map(text: &str) -> Option<Map<String, Json>> {
    let mut findings = Diagnostics::default();
    let node = yaml::parse(text, &Arc::from("tenant"), &mut findings).filter(|_| !findings.has_errors())?;
    match node.to_value().to_shown() {
        Json::Object(map) => Some(map),
        _ => None,
    }
}

/// Returns one file of all keys: those of other kinds as they stood, byte by byte.
fn keys_beside(written: &str, before: &str, options: &ExportOptions) -> String {
    let mut all: BTreeMap<&str, &str> = sections(before).filter(|(key, _)| !is_chosen(key, options)).collect();
    all.extend(sections(written));
    if all.is_empty() { written.to_owned() } else { all.into_values().collect() }
}

/// Cuts what an export wrote at its top-level keys: everything else in it is indented.
fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_key(&line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| {
        let section = text.get(start..end)?;
        Some((section.split(':').next()?, section))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::{Domain, TenantName};

    fn options(only: &[&str], format: Format) -> ExportOptions {
        ExportOptions {
            format,
            tenant: TenantName("dev".into()),
            domain: Domain("acme.eu.auth0.com".into()),
            only: only.iter().map(|word| (*word).to_owned()).collect(),
            exclude: Vec::new(),
        }
    }

    fn file(path: &str, key: Option<&str>, text: &str) -> ExportFile {
        ExportFile { path: path.into(), key: key.map(str::to_owned), bytes: text.as_bytes().to_vec() }
    }

    fn on_disk(files: &[ExportFile]) -> (Manifest, BTreeMap<String, Vec<u8>>) {
        let present = files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect();
        (Manifest::of(files, &Manifest::default(), &BTreeSet::new()), present)
    }

    fn text<'a>(beside: &'a Beside, path: &str) -> &'a str {
        std::str::from_utf8(&beside.files.iter().find(|file| file.path == path).unwrap().bytes).unwrap()
    }

    #[test]
    fn the_tenants_file_keeps_what_other_kinds_need() {
        let before = "domain: a\nsecrets:\n  gone:\n    keep: true\n  mine:\n    env: X\n  smtp:\n    keep: true\nexternal:\n  - clients/Old\n  - roles/R\nbind:\n  clients/A (1): x\n  roles/B (1): id\nvars:\n  a: 1\n";
        let (last, present) = on_disk(&[
            file("tenantry.yaml", None, "project: dev\n"),
            file("tenants/dev.yaml", None, before),
            file("templates/clients/A.yaml", Some("clients"), "clients: ['{{secret \"gone\"}}']\n"),
            file("templates/emailProvider.yaml", Some("emailProvider"), "x: \"{{secret \\\"smtp\\\"}}\"\n"),
        ]);
        let new = vec![
            file("tenantry.yaml", None, "project: dev\n"),
            file("tenants/dev.yaml", None, "domain: a\nsecrets:\n  new:\n    keep: true\nexternal:\n  - roles/S\n"),
            file("templates/clients/B.yaml", Some("clients"), "clients: []\n"),
        ];
        let beside = beside(new, &last, &present, &options(&["clients"], Format::Workspace)).unwrap();
        assert_eq!(
            text(&beside, "tenants/dev.yaml"),
            "domain: a\nsecrets:\n  mine:\n    env: X\n  new:\n    keep: true\n  smtp:\n    keep: true\nexternal:\n  - roles/R\n  - roles/S\nbind:\n  roles/B (1): id\nvars:\n  a: 1\n"
        );
        assert_eq!(beside.kept, ["templates/emailProvider.yaml", "tenantry.yaml"].map(str::to_owned).into());
    }

    #[test]
    fn the_single_file_keeps_other_keys_byte_by_byte() {
        let (last, present) = on_disk(&[file(
            "tenant.yaml",
            None,
            "clients:\n  - name: A\nroles:\n  - name: R\n    description: |-\n      roles:\n      x\ntenant:\n  a: 1.0\n",
        )]);
        let new = vec![file("tenant.yaml", None, "roles:\n  - name: S\n")];
        let came = beside(new, &last, &present, &options(&["roles"], Format::DeployYaml)).unwrap();
        assert_eq!(text(&came, "tenant.yaml"), "clients:\n  - name: A\nroles:\n  - name: S\ntenant:\n  a: 1.0\n");
        let none = vec![file("tenant.yaml", None, "{}\n")];
        let came = beside(none, &last, &present, &options(&["roles"], Format::DeployYaml)).unwrap();
        assert_eq!(text(&came, "tenant.yaml"), "clients:\n  - name: A\ntenant:\n  a: 1.0\n");
    }
}
