//! The loader of Deploy CLI projects against the real Deploy CLI: the same projects, value for value.
//!
//! Runs where `TENANTRY_ORACLE` names a folder with `node_modules/auth0-deploy-cli` and `TENANTRY_SHARED` the shared
//! data; says that it skips elsewhere. Each deliberate difference is listed below with its reason. One that is not
//! listed fails the test, and so does an entry that no project shows any more.
#![expect(clippy::print_stderr, clippy::expect_used, reason = "a test: it says that it skips, and fails otherwise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value as Json, json};
use tenantry::edge::files::WorkTree;
use tenantry::model::document::Documents;
use tenantry::model::names::TenantName;
use tenantry::pipeline::load::deploy_cli::{ConfigText, load_deploy_cli};

/// A difference that is meant.
struct Difference {
    name: &'static str,
    /// Where, in our value; `*` stands for one step.
    path: &'static str,
    reason: &'static str,
    how: How,
}

enum How {
    /// Turns our value into theirs. Counts where it changes something.
    Bridge(fn(&mut Json)),
    /// Theirs holds this JSON where ours holds nothing.
    MadeUp(&'static str),
    /// Says whether ours and theirs may differ in this way.
    Accept(fn(Option<&Json>, Option<&Json>) -> bool),
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "lifetimes-in-hours",
        path: "/tenant",
        reason: "they stay as written; the request converts them (quirk hours_as_minutes), so that a plan shows hours",
        how: How::Bridge(lifetimes_in_minutes),
    },
    Difference {
        name: "renderers-by-prompt-and-screen",
        path: "/prompts/screenRenderers",
        reason: "kept in the shape of the YAML format, where the catalogue finds their keys; theirs is a flat list",
        how: How::Bridge(flat_renderers),
    },
    Difference {
        name: "order-of-factors",
        path: "/guardianFactors",
        reason: "they sort by name; resources have no order",
        how: How::Bridge(sort_by_name),
    },
    Difference { name: "made-up-options", path: "/databases/*/options", reason: ABSENT, how: How::MadeUp("{}") },
    Difference {
        name: "default-self-service",
        path: "/databases/*/options/disable_self_service_change_password",
        reason: SCHEMA,
        how: How::MadeUp("false"),
    },
    Difference {
        name: "default-organization-clients",
        path: "/organizations/*/clients",
        reason: SCHEMA,
        how: How::MadeUp("[]"),
    },
    Difference {
        name: "default-organization-grants",
        path: "/organizations/*/client_grants",
        reason: SCHEMA,
        how: How::MadeUp("[]"),
    },
    Difference {
        name: "default-hook-dependencies",
        path: "/hooks/*/dependencies",
        reason: SCHEMA,
        how: How::MadeUp("{}"),
    },
    Difference { name: "default-hook-enabled", path: "/hooks/*/enabled", reason: SCHEMA, how: How::MadeUp("false") },
    Difference { name: "default-hook-secrets", path: "/hooks/*/secrets", reason: SCHEMA, how: How::MadeUp("{}") },
    Difference { name: "default-rule-order", path: "/rules/*/order", reason: SCHEMA, how: How::MadeUp("null") },
    Difference {
        name: "default-rule-stage",
        path: "/rules/*/stage",
        reason: SCHEMA,
        how: How::MadeUp("\"login_success\""),
    },
    Difference { name: "made-up-page-text", path: "/pages/*/html", reason: ABSENT, how: How::MadeUp("\"\"") },
    Difference { name: "made-up-texts", path: "/prompts/customText", reason: ABSENT, how: How::MadeUp("{}") },
    Difference { name: "made-up-partials", path: "/prompts/partials", reason: ABSENT, how: How::MadeUp("{}") },
    Difference { name: "made-up-renderers", path: "/prompts/screenRenderers", reason: ABSENT, how: How::MadeUp("[]") },
    Difference {
        name: "scripts-in-two-places",
        path: "/databases/*/customScripts",
        reason: "older projects keep the scripts one level higher: theirs leaves a copy there, which the API does not know",
        how: How::Accept(|ours, theirs| ours.is_none() && theirs.is_some_and(Json::is_object)),
    },
    Difference {
        name: "script-of-an-unknown-name",
        path: "/databases/*/options/customScripts/*",
        reason: "theirs sends the path in place of the script, with a warning",
        how: How::Accept(|ours, theirs| is_text(ours, "function") && is_text(theirs, "./")),
    },
    Difference {
        name: "empty-object-is-no-item",
        path: "/roles/1",
        reason: "a file that holds {} is left out with a warning for every type; theirs does so for some types only",
        how: How::Accept(|_, theirs| theirs == Some(&json!({}))),
    },
    Difference {
        name: "dates-are-text",
        path: "/connections/*/options/scalars/date",
        reason: "theirs turns a plain date into a point in time; the API has no dates, so the text as written is meant",
        how: How::Accept(|ours, theirs| is_text(ours, "2024-01-02") && is_text(theirs, "2024-01-02T00:00:00.000Z")),
    },
];

const ABSENT: &str = "what is not written is not managed";
const SCHEMA: &str = "a default of its schema that its check of YAML writes into the project; not managed here";

fn is_text(value: Option<&Json>, start: &str) -> bool {
    value.and_then(Json::as_str).is_some_and(|text| text.starts_with(start))
}

fn lifetimes_in_minutes(tenant: &mut Json) {
    let Some(tenant) = tenant.as_object_mut() else { return };
    for field in
        ["session_lifetime", "idle_session_lifetime", "ephemeral_session_lifetime", "idle_ephemeral_session_lifetime"]
    {
        if let Some(hours) = tenant.remove(field).and_then(|hours| hours.as_f64()) {
            tenant.insert(format!("{field}_in_minutes"), json!((hours * 60.0).round() as i64));
        }
    }
}

fn flat_renderers(renderers: &mut Json) {
    let Some(list) = renderers.as_array() else { return };
    let below = |item: &Json| -> Vec<Json> { item.as_object().into_iter().flat_map(Map::values).cloned().collect() };
    *renderers = list.iter().flat_map(below).flat_map(|screens| below(&screens)).collect();
}

fn sort_by_name(list: &mut Json) {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
    }
}

/// A project to load with both.
struct Project {
    root: PathBuf,
    input: &'static str,
    config: String,
}

fn projects(shared: &Path) -> Vec<Project> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/deploy-cli-cases");
    let mut projects = Vec::new();
    for environment in ["dev", "prod"] {
        let config = format!("config.{environment}.json");
        let data = shared.join("data");
        projects.push(Project { root: data.join("northwind-yaml"), input: "tenant.yaml", config: config.clone() });
        projects.push(Project { root: data.join("northwind-directory"), input: "", config });
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/02-deploy-cli");
    projects.push(Project { root: example, input: "tenant.yaml", config: "config.json".to_owned() });
    for (folder, input) in [
        ("every-type-yaml", "tenant.yaml"),
        ("every-type-directory", ""),
        ("corners-yaml", "environments/tenant.yml"),
        ("corners-directory", "project"),
    ] {
        projects.push(Project { root: cases.join(folder), input, config: "config.json".to_owned() });
    }
    projects
}

#[test]
fn the_real_deploy_cli_reads_the_same_values() {
    let (Some(oracle), Some(shared)) = (std::env::var_os("TENANTRY_ORACLE"), std::env::var_os("TENANTRY_SHARED"))
    else {
        eprintln!("skipped: TENANTRY_ORACLE and TENANTRY_SHARED are not both set");
        return;
    };
    let projects = projects(Path::new(&shared));
    let answers = ask(Path::new(&oracle), &projects);
    let mut used = BTreeSet::new();
    let mut failures = Vec::new();
    for (project, answer) in projects.iter().zip(answers) {
        let name = format!("{} with {}", project.root.display(), project.config);
        if let Some(error) = answer.get("error") {
            failures.push(format!("{name}: the Deploy CLI refuses it: {error}"));
            continue;
        }
        let documents = load(project);
        failures.extend(compare_exclusions(&documents, &answer["assets"]).map(|text| format!("{name}: {text}")));
        let mut ours: Map<String, Json> =
            documents.root.iter().map(|entry| (entry.key.clone(), entry.value.to_value().to_shown())).collect();
        let theirs = answer["assets"].as_object().expect("an object of assets").iter();
        // Null is how theirs says that a type is not there; the rest is not configuration.
        let theirs: Map<String, Json> = theirs
            .filter(|(key, value)| !value.is_null() && !["exclude", "include"].contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut ours = Json::Object(std::mem::take(&mut ours));
        for difference in DIFFERENCES {
            if let How::Bridge(bridge) = difference.how
                && let Some(value) = ours.pointer_mut(difference.path)
            {
                let before = value.clone();
                bridge(value);
                if *value != before {
                    used.insert(difference.name);
                }
            }
        }
        let mut found = Vec::new();
        compare(Some(&ours), Some(&Json::Object(theirs)), "", &mut found, &mut used);
        failures.extend(found.into_iter().map(|text| format!("{name}: {text}")));
    }
    for difference in DIFFERENCES.iter().filter(|difference| !used.contains(difference.name)) {
        failures.push(format!("`{}` is listed ({}) and nowhere to be seen", difference.name, difference.reason));
    }
    assert!(failures.is_empty(), "{} unlisted differences:\n{}", failures.len(), failures.join("\n"));
}

fn load(project: &Project) -> Documents {
    let tree = WorkTree::open(&project.root).expect("the project's folder");
    let text = std::fs::read_to_string(project.root.join(&project.config)).expect("the project's config");
    let config = ConfigText { name: project.config.clone(), text };
    let tenant = TenantName("oracle".to_owned());
    let loaded = load_deploy_cli(&tree, project.input, Some(config), &BTreeMap::new(), &tenant);
    assert!(!loaded.findings.has_errors(), "{}: {:#?}", project.root.display(), loaded.findings.0);
    loaded.documents.expect("documents")
}

/// Asks the real one about all projects in one process, since it spends seconds on its schema.
fn ask(oracle: &Path, projects: &[Project]) -> Vec<Json> {
    let folder = tempfile::tempdir().expect("a folder for the answers");
    let (jobs, answers) = (folder.path().join("jobs.json"), folder.path().join("answers.json"));
    let list: Vec<Json> = projects
        .iter()
        .map(|project| {
            let config = std::fs::read_to_string(project.root.join(&project.config)).expect("the project's config");
            let config: Json = serde_json::from_str(&config).expect("JSON");
            json!({ "root": project.root, "input": project.input, "config": config })
        })
        .collect();
    std::fs::write(&jobs, Json::Array(list).to_string()).expect("jobs written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/load_assets.cjs");
    let output = Command::new("node").arg(script).arg(oracle).arg(&jobs).arg(&answers).output().expect("node runs");
    assert!(output.status.success(), "the oracle failed: {}", String::from_utf8_lossy(&output.stderr));
    let answers = std::fs::read_to_string(&answers).expect("answers");
    serde_json::from_str(&answers).expect("a list of answers")
}

fn compare(
    ours: Option<&Json>,
    theirs: Option<&Json>,
    path: &str,
    found: &mut Vec<String>,
    used: &mut BTreeSet<&'static str>,
) {
    if same(ours, theirs) {
        return;
    }
    for difference in DIFFERENCES {
        let is_meant = match difference.how {
            How::Bridge(_) => false,
            How::MadeUp(json) => ours.is_none() && theirs == serde_json::from_str(json).ok().as_ref(),
            How::Accept(accept) => accept(ours, theirs),
        };
        if is_meant && fits(difference.path, path) {
            used.insert(difference.name);
            return;
        }
    }
    match (ours, theirs) {
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(a.get(key), b.get(key), &format!("{path}/{key}"), found, used);
            }
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                compare(a.get(index), b.get(index), &format!("{path}/{index}"), found, used);
            }
        }
        _ => found.push(format!("{path}: ours {}, theirs {}", shown(ours), shown(theirs))),
    }
}

/// Numbers are the same by value: JavaScript has no integers.
fn same(ours: Option<&Json>, theirs: Option<&Json>) -> bool {
    match (ours, theirs) {
        (Some(Json::Number(a)), Some(Json::Number(b))) => a.as_f64() == b.as_f64(),
        _ => ours == theirs,
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(want, step)| *want == "*" || *want == step)
}

fn shown(value: Option<&Json>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(200).collect())
}

/// The names that both leave alone. Defaults concern exports only.
fn compare_exclusions<'a>(documents: &'a Documents, assets: &'a Json) -> impl Iterator<Item = String> + 'a {
    let excluded = &documents.settings.excluded;
    let names = |list: &Json| -> BTreeSet<String> {
        list.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let theirs = assets["exclude"].as_object().into_iter().flatten();
    let excludes = theirs.filter(|(kind, _)| *kind != "defaults").filter_map(move |(kind, list)| {
        let ours = excluded.names.get(kind).cloned().unwrap_or_default();
        (ours != names(list)).then(|| format!("exclude/{kind}: ours {ours:?}, theirs {list}"))
    });
    let only = &assets["include"]["connections"];
    let includes = (excluded.only_connections != names(only)).then(|| format!("include: theirs {only}"));
    excludes.chain(includes)
}
