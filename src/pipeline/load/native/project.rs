//! The way from a workspace's files to Documents for one tenant.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::engine::Engine;
use super::overlay::Overlay;
use super::render::{RENDERED, Renderer, WHOLE};
use super::vault::{SecretSource, Vault};
use super::workspace::{TENANTS, read_workspace, settings_file, tenants};
use super::{combine, removal, secrecy, tenant_file, unread};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Documents, Entry, Node, SourceTexts};
use crate::model::names::TenantName;
use crate::pipeline::keywords::Mappings;
use crate::pipeline::load::Loaded;
use crate::pipeline::tree::{Tree, TreeError, read_text, unreadable};
use crate::pipeline::yaml;

/// The folder with what the tenants have in common.
const TEMPLATES: &str = "templates";
/// How deep folders may nest, and how many there may be: a link to a folder above would go on for ever.
const DEPTH: usize = 32;
const FOLDERS: usize = 20_000;

/// How to load.
#[derive(Clone, Copy, Default)]
pub struct NativeOptions<'a> {
    /// Whether secrets may be fetched by running commands; `check` must not.
    pub run_commands: bool,
    /// Whether the run will write: of split credentials it gets those for applying.
    pub writing: bool,
    /// Another tree to take the tenant's domain, credentials, secrets, policy and bindings from: the base branch of a
    /// pull request, today's checkout in a rollback. Variables and overlay always come from the tree itself.
    pub settings_from: Option<&'a dyn Tree>,
    /// The tree is a commit and `settings_from` today's checkout: the domain must be the same, and a secret that the
    /// tenant no longer declares has no value.
    pub is_past: bool,
}

impl std::fmt::Debug for NativeOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NativeOptions")
            .field("run_commands", &self.run_commands)
            .field("writing", &self.writing)
            .field("settings_from", &self.settings_from.is_some())
            .field("is_past", &self.is_past)
            .finish()
    }
}

/// Loads a workspace for one tenant. Everything wrong is among the findings: one broken file does not keep the others
/// from being read. `world` is where secrets and credentials come from.
pub fn load_native(
    tree: &dyn Tree,
    world: &dyn SecretSource,
    tenant: &TenantName,
    options: &NativeOptions<'_>,
) -> Loaded {
    let mut findings = Diagnostics::default();
    let mut files = SourceTexts::new();
    let workspace = match options.settings_from.filter(|_| options.is_past) {
        // The version that it asks for, and whose the objects are, is today's to say.
        Some(today) => read_workspace(today, &mut SourceTexts::new(), &mut findings),
        None => read_workspace(tree, &mut files, &mut findings),
    };
    let all = tenants(tree).unwrap_or_else(|finding| {
        findings.push(*finding);
        Vec::new()
    });
    let Some(file) = tenant_node(tree, tenant, &all, &mut files, &mut findings) else {
        check_syntax(tree, &mut findings);
        return Loaded { documents: None, findings };
    };
    let trusted = match options.settings_from {
        // Its text is not kept: places lead to the file of the tree itself.
        Some(other) => tenant_node(other, tenant, &all, &mut SourceTexts::new(), &mut findings),
        None => Some(file.clone()),
    };
    let mut vault = Vault::new(world, options.run_commands);
    if options.is_past {
        vault.forgive();
    }
    let mut settings =
        trusted.and_then(|node| tenant_file::settings(&node, tenant, options.writing, &mut vault, &mut findings));
    if let Some(settings) = &mut settings {
        settings.project = workspace.project;
    }
    if let Some(settings) = settings.as_ref().filter(|_| options.is_past) {
        tenant_file::same_domain(&file, settings, &mut findings);
    }
    let variables = tenant_file::variables(&file, tenant, &mut findings);
    let keywords = keywords(&variables);
    let engine = Engine::new(variables);
    let mut renderer = Renderer {
        tree,
        engine: &engine,
        keywords: &keywords,
        vault: &vault,
        tenant,
        tenants: &all,
        files: &mut files,
        findings: &mut findings,
        in_overlay: false,
        left: Some(RENDERED),
    };
    let mut collected = collect(tree, renderer.findings);
    let mut root = templates(&mut renderer, &collected);
    overlays(&mut renderer, &mut root, file, tenant);
    let (root, removed) = removal::split(root, tenant);
    let folder = format!("{TENANTS}/{tenant}");
    let beside = tree.list(&folder).unwrap_or_default();
    let beside = beside.iter().filter(|entry| !entry.is_folder && unread::is_alike(&entry.name));
    collected.alike.extend(beside.map(|entry| format!("{folder}/{}", entry.name)));
    unread::report(tree, &collected.alike, &files, &mut findings);
    secrecy::check(&root, &mut findings);
    findings.extend(vault.take_findings());
    let documents = settings.map(|settings| Documents { root, removed, settings, files });
    Loaded { documents, findings }
}

/// The variables as Deploy CLI keywords.
fn keywords(variables: &JsonMap<String, Json>) -> Mappings {
    Mappings(variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn tenant_node(
    tree: &dyn Tree,
    tenant: &TenantName,
    all: &[TenantName],
    files: &mut SourceTexts,
    findings: &mut Diagnostics,
) -> Option<Node> {
    let path = settings_file(tenant);
    // A name with a path in it must not reach other files.
    if tenant.0.contains(['/', '\\']) || tree.read(&path) == Err(TreeError::Missing) {
        let finding = Diagnostic::error("unknown-tenant", format!("there is no tenant `{tenant}`: no `{path}`"));
        let names = || all.iter().map(|name| name.0.as_str());
        findings.push(match nearest(&tenant.0, names()) {
            Some(near) => finding.help(format!("Did you mean `{near}`?")),
            None if all.is_empty() => finding.help("The workspace has no tenants yet; that file is one."),
            None => finding.help(format!("The tenants are {}.", names().collect::<Vec<_>>().join(", "))),
        });
        return None;
    }
    let text = read_text(tree, &path, None).map_err(|finding| findings.push(*finding)).ok()?;
    let file: Arc<str> = Arc::from(path);
    files.insert(Arc::clone(&file), Arc::clone(&text));
    yaml::parse(&text, &file, findings)
}

fn templates(renderer: &mut Renderer<'_>, Collected { yaml, .. }: &Collected) -> Vec<Entry> {
    if yaml.is_empty() && !renderer.findings.has_errors() {
        let summary = format!("`{TEMPLATES}/` holds no YAML file, so nothing is managed");
        renderer.findings.push(Diagnostic::warning("no-templates", summary));
    }
    let mut root = Vec::new();
    for path in yaml {
        if let Some(node) = renderer.file(path) {
            combine::add(&mut root, node, renderer.findings);
        }
    }
    root
}

/// Without a tenant nothing can be rendered, but what is no YAML is no YAML for any tenant.
fn check_syntax(tree: &dyn Tree, findings: &mut Diagnostics) {
    for path in collect(tree, findings).yaml.iter().filter(|path| !path.ends_with(WHOLE)) {
        match read_text(tree, path, None) {
            Ok(text) => drop(yaml::parse(&text, &Arc::from(path.as_str()), findings)),
            Err(finding) => findings.push(*finding),
        }
    }
}

/// The files of a folder and those below it, in bytewise order.
#[derive(Default)]
struct Collected {
    yaml: Vec<String>,
    /// Those that could be meant as such and are not by their names.
    alike: Vec<String>,
}

/// Collects the YAML files. What cannot be listed is a finding.
fn collect(tree: &dyn Tree, findings: &mut Diagnostics) -> Collected {
    let mut collected = Collected::default();
    let mut folders = vec![(TEMPLATES.to_owned(), 1)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        seen += 1;
        if depth > DEPTH || seen > FOLDERS {
            let summary = format!("`{folder}` lies too deep, or `{TEMPLATES}/` holds too many folders");
            let help = "Is a link leading in a circle? Nothing further was read.";
            findings.push(Diagnostic::error("unreadable-file", summary).help(help));
            break;
        }
        let entries = match tree.list(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                findings.push(unreadable(tree, &folder, &error, None));
                continue;
            }
        };
        for entry in entries.iter().filter(|entry| !entry.name.starts_with('.')) {
            let path = format!("{folder}/{}", entry.name);
            match (entry.is_folder, is_yaml(&entry.name)) {
                (true, true) => findings.push(unreadable(tree, &path, &TreeError::NotAFile, None)),
                (true, false) => folders.push((path, depth + 1)),
                (false, true) => collected.yaml.push(path),
                (false, false) if unread::is_alike(&entry.name) => collected.alike.push(path),
                (false, false) => {}
            }
        }
    }
    collected.yaml.sort();
    collected.alike.sort();
    collected
}

pub(super) fn is_yaml(name: &str) -> bool {
    let name = name.strip_suffix(WHOLE).unwrap_or(name);
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Merges the overlay in the tenant's file, then those in its folder.
fn overlays(renderer: &mut Renderer<'_>, root: &mut Vec<Entry>, mut file: Node, tenant: &TenantName) {
    renderer.in_overlay = true;
    let mut overlays = Vec::new();
    if let Some(mut entry) = file.take("overlay") {
        renderer.document(&mut entry.value, true);
        overlays.push(entry.value);
    }
    let folder = format!("{TENANTS}/{tenant}");
    match renderer.tree.list(&folder) {
        Ok(entries) => {
            for entry in entries.iter().filter(|entry| !entry.is_folder && is_yaml(&entry.name)) {
                overlays.extend(renderer.file(&format!("{folder}/{}", entry.name)));
            }
        }
        Err(TreeError::Missing) => {}
        Err(error) => renderer.findings.push(unreadable(renderer.tree, &folder, &error, None)),
    }
    let mut earlier = Vec::new();
    for overlay in overlays {
        let file = Arc::clone(&overlay.place.file);
        Overlay { file: &file, earlier: &earlier, findings: renderer.findings }.merge(root, overlay);
        earlier.push(file);
    }
}
