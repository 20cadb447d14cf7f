//! The law of the undo for every kind: what an apply made goes, and what it changed is as it was, but for what is listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::conformance::{all, joined};
use crate::rollback::edits::{Dice, Files};
use crate::rollback::kinds::without;
use crate::support::Project;

/// A project of either form for the embedded tenant.
struct Tenant {
    project: Project,
    is_native: bool,
}

impl Tenant {
    /// Ours takes no secret in plain text, so those of cases stand in a project of the Deploy CLI.
    fn of(texts: [&str; 2]) -> Self {
        let ignored = ".tenantry/\nout/\n";
        let tenant = "domain: sandbox\ndeliver: { scim: { file: .tenantry/token } }\n";
        let ours = Self { project: Project::new().file(".gitignore", ignored).tenant("dev", tenant), is_native: true };
        let takes = |text: &&str| {
            ours.says(text);
            ours.run("check").is_ok()
        };
        if texts.iter().all(takes) {
            return ours;
        }
        let theirs = Project::deploy_cli("").file(".gitignore", ignored).file("config.json", CONFIG);
        Self { project: theirs, is_native: false }
    }

    fn says(&self, text: &str) {
        match self.is_native {
            true => self.project.write("templates/all.yaml", &keyed(text)),
            false => {
                let mut whole: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
                self.move_texts(&mut whole, "");
                self.project.write("tenant.yaml", &serde_yaml::to_string(&whole).unwrap());
            }
        }
        self.project.commit("next");
    }

    /// Code and pages stand in files of their own in a project of the Deploy CLI.
    fn move_texts(&self, node: &mut serde_yaml::Value, path: &str) {
        match node {
            serde_yaml::Value::Mapping(map) => {
                for (key, value) in map.iter_mut() {
                    let key = key.as_str().unwrap();
                    let path = format!("{path}-{key}");
                    match value.as_str() {
                        Some(text) if ["code", "script", "html", "body"].contains(&key) => {
                            self.project.write(&path, text);
                            *value = path.into();
                        }
                        _ => self.move_texts(value, &path),
                    }
                }
            }
            serde_yaml::Value::Sequence(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    self.move_texts(item, &format!("{path}-{position}"));
                }
            }
            _ => {}
        }
    }

    fn run(&self, line: &str) -> Result<String, String> {
        let line = match self.is_native {
            true => line.replacen(' ', " dev ", 1),
            false => Project::deploying(line),
        };
        let ran = self.project.run(&line);
        if ran.screen().ends_with("--- exit 0 ---") { Ok(ran.screen()) } else { Err(ran.screen()) }
    }

    /// Everything that the tenant shows in the words of files: a thing that was made anew is the same.
    fn state(&self) -> Result<BTreeMap<String, String>, String> {
        self.run(&format!("export --to {OUT}"))?;
        let written = self.project.files(OUT);
        std::fs::remove_dir_all(self.project.path(OUT)).unwrap();
        let lines = written.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()));
        Ok(lines.collect())
    }
}

/// The text with a key of its own for each resource of a list: what it is called does not say where it stands then.
fn keyed(text: &str) -> String {
    let mut whole: serde_yaml::Mapping = serde_yaml::from_str(text).unwrap_or_default();
    let lists = whole.values_mut().filter_map(serde_yaml::Value::as_sequence_mut);
    for resource in lists.flatten().filter_map(serde_yaml::Value::as_mapping_mut) {
        let Some(name) = resource.values().find_map(serde_yaml::Value::as_str).map(str::to_owned) else { continue };
        // There is one theme at most: under another key it would be another one.
        if !resource.contains_key("displayName") {
            resource.entry("$key".into()).or_insert(format!("the {name}").into());
        }
    }
    serde_yaml::to_string(&whole).unwrap()
}

const CONFIG: &str = r#"{"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_ALLOW_DELETE": true}"#;
const OUT: &str = "out";
const APPLY: &str = "apply --yes --allow-delete * --allow-empty * --allow-unbind * --allow-replace *";

/// Nothing is left to compare where an apply writes nothing.
fn taken_back(texts: [&str; 2]) -> Result<(), String> {
    let tenant = Tenant::of(texts);
    tenant.says(texts[0]);
    tenant.run("apply --yes")?;
    let before = tenant.state()?;
    tenant.says(texts[1]);
    let applied = tenant.run(APPLY)?;
    if applied.contains("No changes.") {
        return Ok(());
    }
    let undone = tenant.run("apply --undo --yes --allow-delete *")?;
    let after = tenant.state()?;
    let lines = |state: &BTreeMap<String, String>| -> String {
        let texts = state.iter().filter(|(path, _)| !path.starts_with('.'));
        texts.map(|(path, text)| format!("=== {path}\n{text}\n")).collect()
    };
    if lines(&before) == lines(&after) {
        return Ok(());
    }
    let differ =
        similar::TextDiff::from_lines(lines(&before), lines(&after)).unified_diff().context_radius(2).to_string();
    Err(format!("{differ}\n{applied}\n{undone}"))
}

/// What the undo of a case says that it cannot bring back, with the reason.
const LOST: &[(&str, &str, &str)] = &[
    ("clients/credentials", "changed", "a key is never shown, so the new one stays in its place"),
    ("clients/credentials", "deleted", "a key is never shown, so the client comes back without"),
    ("connections/keys", "changed", "a rotation can never be taken back"),
    ("hooks/secrets", "changed", "the value of a secret is never shown"),
    ("hooks/secrets", "deleted", "the value of a secret is never shown"),
    ("emailTemplates", "made", "a template cannot be deleted, only disabled"),
    ("guardianFactorProviders", "made", "the value of a secret is never shown"),
    ("guardianFactorSettings", "made", "the value of a secret is never shown"),
    ("prompts/screenRenderers", "made", "a renderer cannot be deleted, only set back to the standard one"),
    ("phoneProviders", "deleted", "its credentials are never shown"),
    ("networkACLKeys", "deleted", "its value is never shown"),
    ("encryptionKey", "deleted", "a key that is destroyed stays so, and one begun anew has no material"),
];

/// Kinds whose case needs more than files can make.
const BEYOND_FILES: &[&str] = &["customDomainDefault", "roles/groups", "organizations/group_roles"];

/// So many sequences run unless `TENANTRY_UNDOS` says another number.
const SEQUENCES: u64 = 12;

#[test]
fn what_random_edits_did_is_taken_back() {
    let many = std::env::var("TENANTRY_UNDOS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEQUENCES);
    let mut problems = Vec::new();
    for seed in 0..many {
        let mut dice = Dice(seed * 104_729 + 7);
        let first = Files::any(&mut dice);
        let then = first.edited(&mut dice);
        let result = taken_back([&first.yaml(), &then.yaml()]);
        problems
            .extend(result.err().map(|error| format!("## seed {seed}\n{error}\n{}\n{}", first.yaml(), then.yaml())));
    }
    assert!(problems.is_empty(), "{} of {many}:\n\n{}", problems.len(), problems.join("\n\n"));
}

#[test]
fn what_an_apply_did_to_any_kind_is_taken_back() {
    let (mut problems, mut lost) = (Vec::new(), Vec::new());
    for case in all().filter(|case| !BEYOND_FILES.contains(&case.kind)) {
        let (before, after, gone) = (joined(case, case.before), joined(case, case.after), without(case));
        let ways = [
            ("made", Some([case.needs, before.as_str()])),
            ("changed", Some([before.as_str(), after.as_str()])),
            ("deleted", gone.as_deref().map(|gone| [before.as_str(), gone])),
        ];
        for (what, texts) in ways {
            let Some(error) = texts.and_then(|texts| taken_back(texts).err()) else { continue };
            match LOST.iter().any(|(kind, way, _)| (*kind, *way) == (case.kind, what)) {
                true if error.contains("note: cannot come back: ") && error.ends_with("--- exit 0 ---") => {
                    lost.push((case.kind, what));
                }
                _ => problems.push(format!("## {} {what}\n{error}", case.kind)),
            }
        }
    }
    assert!(problems.is_empty(), "{}:\n\n{}", problems.len(), problems.join("\n\n"));
    let listed: Vec<(&str, &str)> = LOST.iter().map(|(kind, way, _)| (*kind, *way)).collect();
    assert_eq!(lost.iter().collect::<BTreeSet<_>>(), listed.iter().collect(), "a loss that is none");
}
