//! Requests that real tenants accepted, put through the offline check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use tenantry::catalogue::fields;
use tenantry::catalogue::kind::{Kind, MemberStyle, Verb};
use tenantry::catalogue::table::catalogue;
use tenantry::model::address::Address;
use tenantry::model::diagnostic::{Diagnostics, Severity};
use tenantry::model::document::{Content, Entry, Node, Place};
use tenantry::model::value::Value;

/// What became of the recorded bodies.
#[derive(Default)]
pub struct Outcome {
    /// How many requests were judged.
    pub seen: usize,
    /// Those that were not, by method and path, with their count.
    pub apart: BTreeMap<String, usize>,
    /// Kind, field and rule of everything that the check calls an error.
    pub findings: BTreeSet<String>,
    /// The same of everything that it warns of.
    pub warnings: BTreeSet<String>,
}

/// Checks every accepted write of the recordings that belongs to a kind.
pub fn refused(folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let (seen, apart) = each_write(folder, &mut |kind, key, body, creates| {
        let findings = findings(kind, key, body);
        for finding in &findings.0 {
            let said = format!("{}: {} {}", kind.name, finding.code, finding.summary);
            match finding.severity {
                Severity::Error => drop(outcome.findings.insert(said)),
                _ => drop(outcome.warnings.insert(said)),
            }
        }
        if creates && let Value::Map(map) = Value::from_json(body.clone()) {
            let missing = fields::missing_required(kind, &map);
            outcome.findings.extend(missing.iter().map(|field| format!("{}: missing {field}", kind.name)));
        }
    });
    (outcome.seen, outcome.apart) = (seen, apart);
    outcome
}

/// Swaps two letters in each distinct field name of the recorded writes, one at a time: how many there are, and which
/// of them the check passes over.
pub fn slips(folder: &Path) -> (usize, BTreeSet<String>) {
    let mut tried = BTreeSet::new();
    let mut passed = BTreeSet::new();
    each_write(folder, &mut |kind, key, body, _| {
        // Files say which strategy; updates of the recordings do not.
        if kind.filter.is_some() && body.get("options").is_some() && body.get("strategy").is_none() {
            return;
        }
        let mut names = BTreeSet::new();
        fields_of(body, "", &mut names);
        for path in names {
            let slip = format!("{}: {path}", kind.name);
            let Some(wrong) = swapped(body, &path).filter(|_| tried.insert(slip.clone())) else { continue };
            let found = findings(kind, key, &wrong);
            if !found.0.iter().any(|finding| finding.code == "unknown-field") {
                passed.insert(slip);
            }
        }
    });
    (tried.len(), passed)
}

fn findings(kind: &Kind, key: &BTreeMap<String, String>, body: &Json) -> Diagnostics {
    let mut findings = Diagnostics::default();
    fields::check(kind, key, &node(body), false, &mut findings, &Address::root(&kind.name));
    // What answers alone should have was sent, and the server took it.
    fields::forgive_read_only(&mut findings);
    findings
}

/// The dotted paths of all members of maps; lists are not entered.
fn fields_of(value: &Json, at: &str, found: &mut BTreeSet<String>) {
    for (name, child) in value.as_object().into_iter().flatten().filter(|(name, _)| !name.contains('.')) {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        fields_of(child, &path, found);
        found.insert(path);
    }
}

/// The body with two neighbouring letters of a field's name swapped; none for names too short or alike.
fn swapped(body: &Json, path: &str) -> Option<Json> {
    let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
    let letters: Vec<char> = name.chars().collect();
    // The middle pair of those that differ: always the same one.
    let pairs: Vec<usize> = (1..letters.len().saturating_sub(1)).filter(|at| letters[*at] != letters[at + 1]).collect();
    let at = *pairs.get(pairs.len() / 2).filter(|_| letters.len() > 3)?;
    let mut wrong = letters;
    wrong.swap(at, at + 1);
    let mut body = body.clone();
    let around = match above {
        "" => &mut body,
        above => body.pointer_mut(&format!("/{}", above.replace('.', "/")))?,
    };
    let map = around.as_object_mut()?;
    let value = map.remove(name)?;
    map.insert(wrong.into_iter().collect(), value);
    Some(body)
}

type Visit<'a> = dyn FnMut(&'static Kind, &BTreeMap<String, String>, &Json, bool) + 'a;

/// Calls with every accepted write: kind, key, body as files have it, and whether it creates. Returns how many requests were
/// visited, and those that were not, each with its count.
fn each_write(folder: &Path, visit: &mut Visit<'_>) -> (usize, BTreeMap<String, usize>) {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut visited, mut apart) = (0, BTreeMap::new());
    for file in files {
        let exchanges: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for exchange in &exchanges {
            let (method, status) = (exchange["method"].as_str().unwrap(), exchange["status"].as_u64().unwrap());
            if !(200..300).contains(&status) || !matches!(method, "POST" | "PATCH" | "PUT") {
                continue;
            }
            let path = exchange["path"].as_str().unwrap().trim_start_matches("/api/v2");
            match one(method, path, &exchange["request_body"], visit) {
                true => visited += 1,
                false => *apart.entry(format!("{method} {}", plain(path))).or_default() += 1,
            }
        }
    }
    (visited, apart)
}

/// The path with `*` for what looks like an id.
fn plain(path: &str) -> String {
    let is_id = |part: &&str| part.len() > 15 && part.contains(|c: char| c.is_ascii_digit());
    path.split('/').map(|part| if is_id(&part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

/// Visits each kind that the request may be of; false if there is none, or no body.
fn one(method: &str, path: &str, body: &Json, visit: &mut Visit<'_>) -> bool {
    let mut visited = false;
    for kind in catalogue().kinds() {
        let verbs = &kind.verbs;
        let is = |verb: Option<Verb>| verb.is_some_and(|verb| name(verb) == method);
        if let Some(membership) = &kind.membership {
            let member = membership.member_path.as_deref().is_some_and(|template| fits(template, path).is_some());
            let fitting = (is(verbs.create) || is(verbs.update)) && (fits(&kind.path, path).is_some() || member);
            if let Some(members) = as_members(kind, body).filter(|_| fitting) {
                visited = true;
                visit(kind, &BTreeMap::new(), &members, false);
            }
            continue;
        }
        let body = match &kind.bare {
            Some(bare) if bare.request && !body.is_null() => &serde_json::json!({ bare.field.clone(): body }),
            _ => body,
        };
        let creates = is(verbs.create) && fits(kind.create_path(), path).is_some();
        let objects = kind.key_paths.values().map(|key| key.path.clone()).chain([kind.object_path()]);
        let key = objects.into_iter().find_map(|object| fits(&object, path)).or_else(|| spelt(kind, path));
        // The other tools replace some objects whole where we merge.
        let updates = (is(verbs.update) || verbs.update.is_some() && method == "PUT") && key.is_some();
        let inside = kind.key_paths.values().any(|key| key.inside.is_some());
        if !(creates || updates) || !body.is_object() || !belongs(kind, body) || inside {
            continue;
        }
        let own = kind.key_paths.iter().find(|(_, own)| own.path == path).map(|(key, _)| key.clone());
        let mut key = key.unwrap_or_default();
        if let Some(own) = own {
            key = kind.identity.iter().cloned().zip(own.split(',').map(str::to_owned)).collect();
        }
        visited = true;
        visit(kind, &key, body, creates);
    }
    visited
}

/// The key of a kind whose paths spell it otherwise (`universal_login` is `universal-login` there).
fn spelt(kind: &Kind, path: &str) -> Option<BTreeMap<String, String>> {
    (kind.keys.len() == 1 && fits(&kind.object_path().replace('_', "-"), path).is_some()).then(BTreeMap::new)
}

/// The body of a request about members as the list (or the map) that files hold; none where it has no body.
fn as_members(kind: &Kind, body: &Json) -> Option<Json> {
    let membership = kind.membership.as_ref()?;
    if body.is_null() || membership.map_value.is_some() {
        return body.as_object().cloned().map(Json::Object);
    }
    let list = match membership.wrap.as_deref().and_then(|wrap| body.get(wrap)) {
        Some(inner) => inner.clone(),
        None if body.is_array() => body.clone(),
        None => Json::Array(vec![body.clone()]),
    };
    let mut list = list;
    for item in list.as_array_mut()?.iter_mut().filter_map(Json::as_object_mut) {
        // What files say by the list itself, and by the name of an action.
        if membership.style == MemberStyle::Status {
            item.remove("status");
        }
        if let Some(reference) = item.remove("ref") {
            item.insert(membership.identity[0].clone(), reference["value"].clone());
        }
    }
    Some(list)
}

fn name(verb: Verb) -> &'static str {
    match verb {
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Patch => "PATCH",
    }
}

/// Databases and other connections share their paths.
fn belongs(kind: &Kind, body: &Json) -> bool {
    kind.filter.as_ref().is_none_or(|filter| body.get(&filter.field).is_none() || filter.fits(body.get(&filter.field)))
}

/// Returns what stands in the braces if the path is of the template.
fn fits(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = ours.len() == theirs.len();
    let mut key = BTreeMap::new();
    for (our, their) in ours.iter().zip(&theirs).filter(|_| same) {
        match our.strip_prefix('{').and_then(|our| our.strip_suffix('}')) {
            Some(name) => drop(key.insert(name.to_owned(), (*their).to_owned())),
            None if our == their => {}
            None => return None,
        }
    }
    same.then_some(key)
}

fn node(value: &Json) -> Node {
    let place = Place { file: Arc::from("recorded"), line: 1, column: 1 };
    let content = match value {
        Json::Null => Content::Null,
        Json::Bool(flag) => Content::Bool(*flag),
        Json::Number(number) => Content::Number(number.clone()),
        Json::String(text) => Content::Text(text.clone()),
        Json::Array(items) => Content::List(items.iter().map(node).collect()),
        Json::Object(map) => Content::Map(
            map.iter()
                .map(|(key, value)| Entry { key: key.clone(), key_place: place.clone(), value: node(value) })
                .collect(),
        ),
    };
    Node::new(content, place)
}
