//! The OpenAPI document: which requests it has and which fields they may hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use tenantry::catalogue::kind::Kind;

/// How deep fields are followed; schemas may contain themselves.
const DEPTH: usize = 13;

pub struct Document {
    root: Json,
    /// Path with nameless braces -> the path as the document writes it.
    paths: BTreeMap<String, String>,
}

/// Returns a path template with the names in its braces left out.
pub fn plain(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

impl Document {
    pub fn new(root: Json) -> Self {
        let paths = root["paths"].as_object().unwrap().keys().map(|path| (plain(path), path.clone())).collect();
        Self { root, paths }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Json> {
        self.root["paths"].get(self.paths.get(path)?)?.get(method)
    }

    pub fn has(&self, method: &str, path: &str) -> bool {
        self.operation(method, path).is_some()
    }

    /// Returns the schema of a request's JSON body.
    pub fn request(&self, method: &str, path: &str) -> Option<&Json> {
        self.operation(method, path)?.get("requestBody")?.get("content")?.get("application/json")?.get("schema")
    }

    /// Returns the schema of a good answer's JSON body.
    pub fn response(&self, method: &str, path: &str) -> Option<&Json> {
        self.operation(method, path)?
            .get("responses")?
            .get("200")?
            .get("content")?
            .get("application/json")?
            .get("schema")
    }

    fn follow<'d>(&'d self, mut schema: &'d Json) -> &'d Json {
        while let Some(target) = schema.get("$ref").and_then(Json::as_str) {
            schema = self.root.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("no {target}"));
        }
        schema
    }

    /// Adds every field below a schema, unions and parts taken together.
    pub fn collect(&self, schema: &Json, at: &str, depth: usize, found: &mut BTreeSet<String>) {
        if depth > DEPTH {
            return;
        }
        let schema = self.follow(schema);
        for word in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(word).and_then(Json::as_array).into_iter().flatten() {
                self.collect(part, at, depth, found);
            }
        }
        for (name, child) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            self.collect(child, &path, depth + 1, found);
            found.insert(path);
        }
        if let Some(items) = schema.get("items") {
            self.collect(items, &format!("{at}[]"), depth + 1, found);
        }
        if let Some(extra) = schema.get("additionalProperties").filter(|extra| extra.is_object()) {
            let path = if at.is_empty() { "*".to_owned() } else { format!("{at}.*") };
            self.collect(extra, &path, depth + 1, found);
        }
    }

    /// The top-level fields that a schema requires in each of its branches.
    pub fn required(&self, schema: &Json) -> BTreeSet<String> {
        let schema = self.follow(schema);
        let own = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        let mut all: BTreeSet<String> = own.filter_map(Json::as_str).map(str::to_owned).collect();
        for part in schema.get("allOf").and_then(Json::as_array).into_iter().flatten() {
            all.extend(self.required(part));
        }
        for word in ["anyOf", "oneOf"] {
            let branches = schema.get(word).and_then(Json::as_array).into_iter().flatten();
            let common = branches.map(|part| self.required(part)).reduce(|a, b| a.intersection(&b).cloned().collect());
            all.extend(common.into_iter().flatten());
        }
        all
    }

    pub fn is_connection(&self, kind: &Kind) -> bool {
        kind.path == "/connections"
    }

    /// Adds the options of every strategy. The document has a schema for each and refers to none of them.
    pub fn collect_strategies(&self, found: &mut BTreeSet<String>) {
        let schemas = self.root["components"]["schemas"].as_object().unwrap();
        let ours = |name: &str| {
            name.starts_with("CreateConnectionRequestContent") || name.starts_with("UpdateConnectionRequestContent")
        };
        for schema in schemas.iter().filter(|(name, _)| ours(name)).map(|(_, schema)| schema) {
            self.collect(schema, "", 0, found);
        }
    }
}
