//! Every kind, with one thing wrong: what is said of it, and where.
//!
//! The faults are made from the field table; where each stands is known from how the document was written, not from the
//! parser. What cannot be wrong in a kind is derived from the table too: a fault that should be possible and is not made
//! fails the test like one that is not found.

mod faults;
mod fields;
mod ground;
mod room;
mod written;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;
use tenantry::catalogue::table::catalogue;
use tenantry::model::names::TenantName;
use tenantry::pipeline::load::native::{NativeOptions, SecretSource, SourceError, load_native};
use tenantry::pipeline::report::findings;
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::tree::MemoryTree;
use tenantry::pipeline::validate::validate;

use self::faults::{Class, Fault};
use self::ground::Ground;
use self::written::write;
use crate::support::Project;

/// How many faults of one class in one kind are judged by the program; the others by what it is made of, which is faster.
const BY_PROGRAM: usize = 1;
/// How many faults of one class in one kind are judged at all.
const TRIED: usize = 25;

/// The names of secrets in a document.
static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\{\{secret \\*"([^"\\]+)"#).unwrap());

/// The names of targets in a document.
static DELIVERED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""deliver": "([^"]+)""#).unwrap());

/// A workspace with the document, and all secrets and targets that it names.
fn files(text: &str) -> [(&'static str, String); 3] {
    let mut tenant = "domain: sandbox\n".to_owned();
    let names: BTreeSet<&str> = NAMED.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect();
    if !names.is_empty() {
        tenant.push_str("secrets:\n");
    }
    for name in names {
        tenant.push_str(&format!("  {name}: {{ env: ANY }}\n"));
    }
    for found in DELIVERED.captures_iter(text) {
        tenant.push_str(&format!("deliver: {{ {}: {{ file: token }} }}\n", &found[1]));
    }
    [
        ("tenantry.yaml", "project: test\n".to_owned()),
        ("tenants/dev.yaml", tenant),
        ("templates/it.yaml", text.to_owned()),
    ]
}

/// What the program says: its exit code and its findings.
fn told_by_program(text: &str, command: &str) -> (Option<u8>, Vec<Json>) {
    let files = files(text);
    let project = files.iter().fold(Project::bare(), |project, (path, text)| project.file(path, text));
    let ran = project.env("ANY", "a-value").run(command);
    let code = ran.screen().rsplit_once("--- exit ").and_then(|(_, code)| code.trim_end_matches(" ---").parse().ok());
    (code, ran.json()["findings"].as_array().cloned().unwrap_or_default())
}

/// Every secret has the same value, and nothing else is set.
struct One;

impl SecretSource for One {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "ANY").then(|| "a-value".to_owned())
    }

    fn file(&self, _: &str) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }

    fn command(&self, _: &[String]) -> Result<String, SourceError> {
        Err(SourceError::Missing)
    }
}

/// What `check` is made of says.
fn told(text: &str) -> Vec<Json> {
    let files = files(text);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let loaded = load_native(&MemoryTree::of(&files), &One, &TenantName("dev".to_owned()), &NativeOptions::default());
    let mut found = loaded.findings;
    if let Some(documents) = loaded.documents {
        found.extend(validate(&documents, &Scope::default()));
        found.extend(resolve(&documents, &Scope::default(), true).1);
    }
    findings::tidy(&mut found);
    findings::json(&found)
}

fn judge(ground: &Ground, fault: &Fault, by_program: bool) -> Result<(), String> {
    let written = write(&fault.document);
    let code = if fault.is_error { 65 } else { 0 };
    let (ended, mut findings) = match (fault.needs_tenant, by_program) {
        (true, _) => told_by_program(&written.text, "plan dev --json"),
        (false, true) => told_by_program(&written.text, "check dev --json"),
        (false, false) => (Some(code), told(&written.text)),
    };
    // What an example lacks to be created may be in the tenant already.
    findings.retain(|finding| finding["code"] != "missing-field" || finding["severity"] == "error");
    let screen = || format!("{}\n{}", written.text, Json::Array(findings.clone()));
    if ended != Some(code) {
        return Err(format!("exit {ended:?}, not {code}: {}", screen()));
    }
    let [finding] = findings.as_slice() else {
        return Err(format!("{} findings instead of one: {}", findings.len(), screen()));
    };
    let (key, value) = written.places[&fault.at];
    let (line, column) = if fault.at_key { key } else { value };
    let wanted = serde_json::json!({ "file": "templates/it.yaml", "line": line, "column": column });
    let severity = if fault.is_error { "error" } else { "warning" };
    let said = finding["summary"].as_str().unwrap_or_default();
    let about = finding["address"].as_str().unwrap_or_default();
    // A list with an address of its own is named, not only the place in it.
    let list = match fault.code == "dangling-reference" && fault.field.starts_with('[') {
        true => about.rsplit('/').next().unwrap_or_default(),
        false => "",
    };
    let named = said.contains(&format!("`{list}{}`", fault.field)) || said.starts_with(&fault.field);
    let problems = [
        (finding["code"] != fault.code, "code"),
        (finding["severity"] != severity, "severity"),
        (finding["place"] != wanted, "place"),
        (!named, "field"),
        (!about.starts_with(ground.kind.top_key()), "address"),
        (fault.help.as_deref().is_some_and(|help| finding["help"] != help), "help"),
    ];
    let wrong: Vec<&str> = problems.into_iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("wrong {wrong:?}, wanted {wanted} {fault:?}: {}", screen())),
    }
}

/// Kinds in which nothing but the whole object can be wrong, with the reason. Those that a flag makes are such by nature.
const ROOMLESS: &[(&str, &str)] =
    &[("roles/groups", "a list of plain names, of which only the tenant can say whether they are right")];

#[test]
fn every_kind_says_what_is_wrong_and_where() {
    let mut problems = Vec::new();
    let mut lines = Vec::new();
    let mut made = 0;
    for kind in catalogue().kinds() {
        let grounds = Ground::of(kind);
        let mut within = 0;
        let mut line = format!("{:48}", kind.name);
        for class in Class::ALL {
            let all: Vec<(&Ground, Fault)> = grounds
                .iter()
                .flat_map(|ground| faults::faults(ground, class).into_iter().map(move |fault| (ground, fault)))
                .take(TRIED)
                .collect();
            let why = room::why_not(&grounds, class);
            let narrow = room::NARROW.iter().any(|(name, of, _)| *name == kind.name && *of == class);
            match (why, all.is_empty()) {
                (Some(why), true) => line.push_str(&format!("  {class:?}: none, {why};")),
                (None, false) if !narrow => line.push_str(&format!("  {class:?}: {};", all.len())),
                (None, true) if narrow => line.push_str(&format!("  {class:?}: none, see the list;")),
                (why, _) => problems.push(format!(
                    "## {} {class:?}: {} faults are made, and the table says {why:?} (listed: {narrow})",
                    kind.name,
                    all.len()
                )),
            }
            made += all.len();
            within += if class == Class::NoObject { 0 } else { all.len() };
            for (position, (ground, fault)) in all.iter().enumerate() {
                match std::panic::catch_unwind(|| judge(ground, fault, position < BY_PROGRAM)) {
                    Ok(Ok(())) => {}
                    Ok(Err(problem)) => problems.push(format!("## {} {class:?}: {problem}", kind.name)),
                    Err(_) => problems.push(format!("## {} {class:?}: a panic for {fault:?}", kind.name)),
                }
            }
        }
        if (within == 0) != (kind.marked.is_some() || ROOMLESS.iter().any(|(name, _)| *name == kind.name)) {
            problems.push(format!("## {}: {within} faults within the object, against the list", kind.name));
        }
        lines.push(line);
    }
    eprintln!("{}\nvalidation: {made} faults in {} kinds", lines.join("\n"), lines.len());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    let reasons = room::NARROW.iter().map(|(_, _, reason)| reason).chain(ROOMLESS.iter().map(|(_, reason)| reason));
    assert!(reasons.into_iter().all(|reason| reason.len() > 20), "an exception without a reason");
}
