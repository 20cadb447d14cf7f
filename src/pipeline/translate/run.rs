//! The way from a project of the Deploy CLI to the files of a workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::marks::Marks;
use super::secrets::Secrets;
use super::side::Side;
use super::tenant_file::{self, Common};
use super::texts::Texts;
use super::usage::Usage;
use super::variables::Variables;
use super::walk::Walk;
use super::{TEMPLATES, carry, law, notes, templates};
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::document::{Documents, SourceTexts};
use crate::model::names::TenantName;
use crate::pipeline::export::ExportFile;
use crate::pipeline::keywords;
use crate::pipeline::load::deploy_cli::{ConfigText, Profile, load_deploy_cli};
use crate::pipeline::load::native::functions::is_function;
use crate::pipeline::load::native::{NativeOptions, load_native, settings_file};
use crate::pipeline::references::undescribed;
use crate::pipeline::scope::Scope;
use crate::pipeline::tree::{self, MemoryTree, Tree, TreeError, folder_of};
use crate::pipeline::{resolve, validate, yaml};

/// The file that makes a folder a workspace.
const WORKSPACE_FILE: &str = "tenantry.yaml";
/// Shorter secrets occur in any text by chance.
const SHORTEST: usize = 6;

/// What is to be translated.
pub struct Project<'a> {
    pub tree: &'a dyn Tree,
    /// The `tenant.yaml` or the folder, relative to the tree.
    pub input: &'a str,
    /// Each tenant with its settings.
    pub configs: Vec<(TenantName, ConfigText)>,
    pub environment: &'a BTreeMap<String, String>,
    /// What the workspace is to be called.
    pub name: &'a str,
    /// Keywords that are no secrets, whatever their names.
    pub plain: &'a [String],
}

impl std::fmt::Debug for Project<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project").field("input", &self.input).field("configs", &self.configs).finish_non_exhaustive()
    }
}

/// The workspace.
#[derive(Debug)]
pub struct Translated {
    pub files: Vec<ExportFile>,
    pub found: Diagnostics,
}

/// Why there is none.
#[derive(Debug)]
pub struct Refused {
    pub found: Diagnostics,
    pub sources: SourceTexts,
}

/// Translates, and holds the result against the project before handing it out.
///
/// # Errors
/// Everything that is wrong with the project, and everything that a workspace would not read as it is meant there.
pub fn translate(project: &Project<'_>) -> Result<Translated, Box<Refused>> {
    let mut sources = SourceTexts::new();
    let mut found = Diagnostics::default();
    match attempt(project, &mut found, &mut sources) {
        Some(files) if !found.has_errors() => Ok(Translated { files, found }),
        _ => {
            for place in found.0.iter().filter_map(|finding| finding.place.as_ref()) {
                if let Ok(bytes) = project.tree.read(&place.file) {
                    let text = || String::from_utf8_lossy(&bytes).into();
                    sources.entry(place.file.clone()).or_insert_with(text);
                }
            }
            Err(Box::new(Refused { found, sources }))
        }
    }
}

fn attempt(project: &Project<'_>, found: &mut Diagnostics, sources: &mut SourceTexts) -> Option<Vec<ExportFile>> {
    let mut sides = sides(project, found, sources)?;
    let keys = sides.iter().flat_map(|side| side.profile.mappings.0.keys().cloned());
    let mut known = Vec::new();
    keys.for_each(|key| {
        if !known.contains(&key) {
            known.push(key)
        }
    });
    let marks = Marks::new(project.tree, known, project.environment);
    let held = held(project, &sides, &marks, found)?;
    sides.iter_mut().for_each(|side| side.resolve(&marks.keys(), project.environment));
    let usage = Usage::of(&marks, &held);
    let sensitive = usage.sensitive(project.plain, found);
    let from_environment = from_environment(project, &sides, &marks);
    let root = match project.tree.list(project.input.trim_end_matches('/')) {
        Err(TreeError::NotAFolder) => folder_of(project.input).to_owned(),
        _ => project.input.trim_end_matches('/').trim_start_matches("./").trim_matches('.').to_owned(),
    };
    let mut walk = Walk {
        marks: &marks,
        sides: &sides,
        sensitive: &sensitive,
        from_environment: &from_environment,
        home: String::new(),
        secrets: Secrets::default(),
        variables: Variables::beside(marks.keys()),
        texts: Texts::below(&root),
        literals: BTreeSet::new(),
    };
    let made = templates::make(&mut walk, &held, found);
    if found.has_errors() {
        return None;
    }
    let keys = made.values().flat_map(|root| root.keys().cloned()).collect();
    let carried = carried(project, &marks, &made);
    let templates = templates::written(made).map_err(|error| found.push(unwritable(&error))).ok()?;
    let texts: Vec<(String, String)> = walk.texts.files().map(|(path, text)| (path.clone(), text.clone())).collect();
    let fresh: Vec<_> = templates.into_iter().chain(texts.clone()).collect();
    let common = Common { keys, used: used(&walk, &fresh) };
    check_names(&common, &walk, &usage, found);
    check_values(&common, &walk, project.plain, &usage, found);
    let workspace = (WORKSPACE_FILE.to_owned(), format!("project: {}\n", json!(project.name)));
    // The text as its authors wrote it, if every tenant reads in it what it must; else a new one.
    let carried = carried.filter(|_| !found.has_errors()).and_then(|template| {
        let files = texts.into_iter().chain([template, workspace.clone()]).collect::<Vec<_>>();
        let tenants = tenants(&walk, &common, &files, &mut Diagnostics::default())?;
        Some(files.into_iter().chain(tenants).collect::<Vec<_>>())
    });
    let is_yaml = tree::join("", project.input).is_ok_and(|path| project.tree.read(&path).is_ok());
    let mut files = match carried {
        Some(files) => files,
        None => {
            if is_yaml {
                let said = format!("`{}` is written anew by type: its comments stay behind", project.input);
                found.push(Diagnostic::note("written-anew", said));
            }
            let mut files = fresh;
            files.push(workspace);
            let tenants = tenants(&walk, &common, &files, found)?;
            files.extend(tenants);
            files
        }
    };
    search(&walk, &usage, &files, found);
    notes::tell(&walk, found);
    files.sort();
    Some(files.into_iter().map(|(path, text)| ExportFile { path, key: None, bytes: text.into_bytes() }).collect())
}

/// Returns the project's YAML as a template, if it is one.
fn carried(project: &Project<'_>, marks: &Marks<'_>, made: &templates::Templates) -> Option<(String, String)> {
    let path = tree::join("", project.input).ok()?;
    let text = String::from_utf8(marks.read(&path).ok()?).ok()?;
    let file = Arc::from(path.as_str());
    let raw = yaml::parse(&text, &file, &mut Diagnostics::default())?;
    let root = made.values().flat_map(|root| root.iter().map(|(key, value)| (key.clone(), value.clone()))).collect();
    let name = path.rsplit('/').next()?;
    Some((format!("{TEMPLATES}/{name}"), carry::carry(marks, &text, &raw, &root)?))
}

/// Loads the project for each tenant, as it is.
fn sides(project: &Project<'_>, found: &mut Diagnostics, sources: &mut SourceTexts) -> Option<Vec<Side>> {
    let mut sides = Vec::new();
    let profiles: Vec<Profile> =
        project.configs.iter().map(|(_, config)| Profile::of(config, project.environment)).collect();
    for ((name, config), profile) in project.configs.iter().zip(profiles) {
        let loaded = load_deploy_cli(project.tree, project.input, Some(config.clone()), project.environment, name);
        let mut findings = loaded.findings;
        for finding in &mut findings.0 {
            if finding.severity == Severity::Error {
                finding.summary.push_str(&format!(" (with {})", config.name));
            }
        }
        found.extend(findings);
        let documents = loaded.documents?;
        found.extend(validate::validate(&documents, &Scope::default()));
        found.extend(resolve::resolve(&documents, &Scope::default(), false).1);
        sources.extend(documents.files.iter().map(|(file, text)| (file.clone(), text.clone())));
        if profile.has_two_domains {
            let wrong = format!("AUTH0_DOMAIN is set in the environment and names another tenant than {}", config.name);
            found.push(Diagnostic::error("other-domain", wrong).help("Unset it, and run this again."));
        }
        if !profile.overridden.is_empty() {
            let names = profile.overridden.iter().copied().collect::<Vec<_>>().join(", ");
            let said = format!("of the environment, these settings went into `{}`: {names}", settings_file(name));
            found.push(Diagnostic::note("from-environment", said));
        }
        sides.push(Side::new(name.clone(), config.name.clone(), profile, documents));
    }
    if let [first, others @ ..] = sides.as_slice() {
        for other in others.iter().filter(|other| other.profile.paths != first.profile.paths) {
            let wrong = format!("{} and {} read the project from other folders", first.config, other.config);
            found.push(
                Diagnostic::error("not-translatable", wrong)
                    .help("AUTH0_BASE_PATH and AUTH0_CONNECTIONS_DIRECTORY must be the same for all tenants."),
            );
        }
    }
    (!found.has_errors()).then_some(sides)
}

/// Loads the project with its keywords held in place, with all types that any tenant uses.
fn held(project: &Project<'_>, sides: &[Side], marks: &Marks<'_>, found: &mut Diagnostics) -> Option<Documents> {
    let first = sides.first()?;
    let unused = sides
        .iter()
        .skip(1)
        .fold(first.profile.unused(), |unused, side| unused.intersection(&side.profile.unused()).copied().collect());
    let mut settings = json!({ "AUTH0_DOMAIN": "sandbox", "AUTH0_EXCLUDED": unused });
    if let Some(settings) = settings.as_object_mut() {
        settings.extend(first.profile.paths.iter().map(|(name, path)| ((*name).to_owned(), json!(path))));
    }
    let config = ConfigText { name: "the settings".to_owned(), text: settings.to_string() };
    let loaded = load_deploy_cli(marks, project.input, Some(config), &BTreeMap::new(), &first.name);
    for mut finding in loaded.findings.0.into_iter().filter(|finding| finding.severity == Severity::Error) {
        finding.summary = format!("this cannot be carried over: {}", marks.written(&finding.summary));
        finding.help = Some("A keyword stands where only its value makes sense. Write the value out.".to_owned());
        if let Some(place) = &mut finding.place {
            // The words in place of keywords move the column.
            place.column = 1;
        }
        found.push(finding);
    }
    loaded.documents.filter(|_| !found.has_errors())
}

/// Returns the keywords whose values are, or hold, what the environment says.
fn from_environment(project: &Project<'_>, sides: &[Side], marks: &Marks<'_>) -> BTreeSet<String> {
    let is_variable = |key: &str| project.environment.contains_key(key);
    let holds = |key: &String| {
        sides.iter().any(|side| {
            side.profile.mappings.0.get(key).is_some_and(|value| {
                let markers = keywords::unmapped_markers(&value.to_string());
                markers.iter().any(|(marker, _)| is_variable(&marker[2..marker.len() - 2]))
            })
        })
    };
    marks.keys().into_iter().filter(|key| is_variable(key) || holds(key)).collect()
}

/// Returns the keywords that stand in what is written.
fn used(walk: &Walk<'_>, files: &[(String, String)]) -> BTreeSet<String> {
    let stands = |name: &String| {
        let markers = [format!("##{name}##"), format!("@@{name}@@")];
        files.iter().any(|(_, text)| markers.iter().any(|marker| text.contains(marker)))
    };
    walk.marks.keys().into_iter().chain(walk.variables.names().cloned()).filter(stands).collect()
}

/// Refuses keywords that cannot be variables.
fn check_names(common: &Common, walk: &Walk<'_>, usage: &Usage, found: &mut Diagnostics) {
    for key in walk.marks.keys().iter().filter(|key| common.used.contains(*key)) {
        let place = usage.in_the_open(key);
        let mut refuse = |why: String, help: String| {
            let finding = Diagnostic::error("not-translatable", why).help(help);
            found.push(place.iter().fold(finding, |finding, place| finding.at(place)));
        };
        if is_function(key) {
            refuse(
                format!("the keyword `{key}` has the name of a template function"),
                "Give it another name in the project and its settings, and run this again.".to_owned(),
            );
        }
        if walk.from_environment.contains(key) {
            refuse(
                format!("the value of `{key}` comes from the environment, which no file can take the place of"),
                format!(
                    "Put `{key}` into AUTH0_KEYWORD_REPLACE_MAPPINGS of every settings file and unset the variable."
                ),
            );
        }
        for side in walk.sides.iter().filter(|side| !side.keywords.0.contains_key(key)) {
            refuse(
                format!("`{key}` has no mapping in {}", side.config),
                format!("Add `{key}` to its AUTH0_KEYWORD_REPLACE_MAPPINGS; null will do where it is not used."),
            );
        }
    }
}

/// Refuses values that are secrets by their looks: private keys, and addresses with a password.
fn check_values(common: &Common, walk: &Walk<'_>, plain: &[String], usage: &Usage, found: &mut Diagnostics) {
    let has_password = |text: &str| {
        text.split("://").skip(1).any(|rest| {
            let host = rest.split(['/', '?', '#', '"', ' ']).next().unwrap_or_default();
            host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
        })
    };
    for key in common.used.iter().filter(|key| !plain.contains(key)) {
        let values = walk.sides.iter().filter_map(|side| side.keywords.0.get(key)).map(ToString::to_string);
        if values.into_iter().any(|text| text.contains("PRIVATE KEY-----") || has_password(&text)) {
            let finding = Diagnostic::error("exposed-secret", format!("the value of `{key}` looks like a secret"))
                .help(format!("It would be written into the tenants' files. If it may be, say `--plain {key}`."));
            found.push(usage.in_the_open(key).iter().fold(finding, |finding, place| finding.at(place)));
        }
    }
}

/// Writes the tenants' files and holds the workspace against the project.
fn tenants(
    walk: &Walk<'_>,
    common: &Common,
    files: &[(String, String)],
    found: &mut Diagnostics,
) -> Option<Vec<(String, String)>> {
    let mut written = Vec::new();
    for (index, side) in walk.sides.iter().enumerate() {
        let path = settings_file(&side.name);
        let mut external = BTreeSet::new();
        let mut text = String::new();
        // What the templates name and do not describe is known once they are read.
        for _ in 0..2 {
            text = tenant_file::written(walk, index, side, common, &external)
                .map_err(|error| found.push(unwritable(&error)))
                .ok()?;
            let (workspace, findings) = wanted(walk, index, side, files, (&path, &text));
            let (project, _) = resolve::resolve(&side.documents, &Scope::default(), false);
            let Some(workspace) = workspace.filter(|_| !findings.has_errors()) else {
                found.0.extend(findings.0.into_iter().filter(|f| f.severity == Severity::Error).map(|finding| {
                    let said = law::broken(&side.name, &finding.summary);
                    Diagnostic { address: finding.address, ..said }
                }));
                return None;
            };
            let more = undescribed(&workspace);
            let differences = law::differences(&side.name, &project, &workspace);
            if !differences.is_empty() {
                found.0.extend(differences.into_iter().map(|finding| in_the_project(finding, side)));
                return None;
            }
            if more == external {
                break;
            }
            external = more;
        }
        written.push((path, text));
    }
    Some(written)
}

/// Reads the workspace as it would be written.
fn wanted(
    walk: &Walk<'_>,
    index: usize,
    side: &Side,
    files: &[(String, String)],
    (path, text): (&str, &str),
) -> (Option<Desired>, Diagnostics) {
    let mut tree: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    tree.push((path, text));
    let options = NativeOptions::default();
    let loaded = load_native(&MemoryTree::of(&tree), &walk.secrets.source(side, index), &side.name, &options);
    let mut findings = loaded.findings;
    let Some(documents) = loaded.documents else { return (None, findings) };
    findings.extend(validate::validate(&documents, &Scope::default()));
    let (desired, more) = resolve::resolve(&documents, &Scope::default(), false);
    findings.extend(more);
    (Some(desired), findings)
}

/// A place in a file that is not written yet helps nobody.
fn in_the_project(mut finding: Diagnostic, side: &Side) -> Diagnostic {
    finding.place = finding.place.filter(|place| side.documents.files.contains_key(&place.file));
    finding
}

/// The last look: no value of a secret may stand in any file.
fn search(walk: &Walk<'_>, usage: &Usage, files: &[(String, String)], found: &mut Diagnostics) {
    // A keyword that everybody may read may stand in a secret field, too.
    let is_open = |value: &str| {
        let keywords = walk.sides.iter().flat_map(|side| &side.keywords.0);
        keywords.filter(|(key, _)| usage.in_the_open(key).is_some()).any(|(_, other)| other.as_str() == Some(value))
    };
    for (name, secret) in walk.secrets.values() {
        let Some(value) = secret.expose().filter(|value| value.len() >= SHORTEST && !is_open(value)) else { continue };
        let escaped = json!(value).to_string();
        for (path, text) in files {
            if text.contains(value) || text.contains(escaped.trim_matches('"')) {
                found.push(
                    Diagnostic::error(
                        "exposed-secret",
                        format!("the value of the secret `{name}` would stand in `{path}`"),
                    )
                    .help("Its value stands in the project in the open, or in another mapping. Take it out there."),
                );
            }
        }
    }
}

fn unwritable(error: &crate::pipeline::yaml_write::YamlWriteError) -> Diagnostic {
    Diagnostic::error("not-translatable", error.to_string())
}
