//! The fields of a kind as people read them: what each holds, and what is particular about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::columns::wrapped;
use super::style::{FAINT, paint};
use crate::catalogue::fields::table::{Extra, Index, Roots, Schema, Type, table};
use crate::catalogue::kind::Kind;
use crate::model::path::FieldPattern;
use crate::pipeline::drafts::deploy_field;

/// A schema may contain itself.
const DEEPEST: usize = 8;
/// The most values of a field, and the most strategies, that are written out.
const LISTED: usize = 12;
/// The widest column of names.
const NAMES: usize = 44;

/// One field, by its dotted path with `[]` for items and `*` for members of any name.
#[derive(Debug, Default)]
struct Row {
    types: BTreeSet<&'static str>,
    values: BTreeSet<String>,
    limits: Option<String>,
    pattern: Option<String>,
    required: bool,
    /// It speaks to the tool alone.
    own: bool,
    /// Which variants have it; empty for all.
    variants: BTreeSet<String>,
}

/// Returns the table, each row broken to the width if there is one; empty for kinds whose fields are all the users' own.
pub fn text(kind: &Kind, width: Option<usize>) -> String {
    let rows = rows(kind);
    // On a narrow terminal the names take a third.
    let most = width.map_or(NAMES, |width| NAMES.min(width / 3));
    let names = rows.keys().map(|path| path.chars().count()).max().unwrap_or_default().min(most);
    let mut out = String::new();
    for (path, row) in &rows {
        let about = format!("{}{}", row.type_words(), row.notes(kind, path));
        out.push_str(&wrapped(&format!("    {path:names$}  "), names + 6, &about, width));
    }
    if out.is_empty() { out } else { format!("  {}\n{out}", paint(FAINT, "fields:")) }
}

/// Returns the fields for programs.
pub fn json(kind: &Kind) -> Vec<Json> {
    let one = |(path, row): (&String, &Row)| {
        json!({
            "path": path,
            "types": row.types,
            "values": row.values,
            "limits": row.limits,
            "pattern": row.pattern,
            "required": row.required,
            "variants": row.variants,
            "properties": row.properties(kind, path),
        })
    };
    rows(kind).iter().map(one).collect()
}

fn rows(kind: &Kind) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let own = kind.key_paths.iter().filter_map(|(key, own)| Some((Some(key.as_str()), own.schema.as_deref()?)));
    for (key, schema) in kind.schema.as_deref().map(|schema| (None, schema)).into_iter().chain(own) {
        let Some(roots) = table().roots(schema) else { continue };
        collect(&roots.indexes(), roots.create, "", key, 0, &mut rows);
        strategies(kind, roots, &mut rows);
    }
    for (file, api) in &kind.fields.rename {
        if let Some(row) = rows.remove(api) {
            rows.insert(file.clone(), row);
        }
    }
    for field in &kind.fields.tool {
        let row = rows.entry(field.clone()).or_default();
        row.own = true;
        if deploy_field(kind) == Some(field) {
            row.types = BTreeSet::from([word(Type::Boolean)]);
        }
    }
    for field in &kind.fields.required {
        if let Some(row) = rows.get_mut(field) {
            row.required = true;
        }
    }
    rows
}

fn strategies(kind: &Kind, roots: &Roots, rows: &mut BTreeMap<String, Row>) {
    let fits = |name: &str| kind.filter.as_ref().is_none_or(|filter| filter.fits(Some(&json!(name))));
    let mut fitting: Vec<(&String, &Vec<Index>)> = roots.strategies.iter().filter(|(name, _)| fits(name)).collect();
    let alone = fitting.len() == 1;
    for (strategy, indexes) in fitting.drain(..) {
        let variant = (!alone).then_some(strategy.as_str());
        collect(indexes, None, "options", variant, 1, rows);
    }
}

fn collect(
    indexes: &[Index],
    create: Option<Index>,
    at: &str,
    variant: Option<&str>,
    depth: usize,
    rows: &mut BTreeMap<String, Row>,
) {
    if depth > DEEPEST {
        return;
    }
    let branches = table().branches(indexes);
    let created = table().branches(&create.into_iter().collect::<Vec<_>>());
    for schema in &branches {
        for (name, child) in &schema.fields {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let row = rows.entry(path.clone()).or_default();
            row.variants.extend(variant.map(str::to_owned));
            row.required |= !created.is_empty() && created.iter().all(|schema| schema.required.contains(name));
            for value in table().branches(&[*child]) {
                row.add(value);
            }
            collect(&[*child], None, &path, variant, depth + 1, rows);
        }
        if let Some(items) = schema.items {
            collect(&[items], None, &format!("{at}[]"), variant, depth + 1, rows);
        }
        if let Extra::Like(children) = &schema.extra {
            let path = if at.is_empty() { "*".to_owned() } else { format!("{at}.*") };
            collect(children, None, &path, variant, depth + 1, rows);
        }
    }
}

impl Row {
    fn add(&mut self, schema: &Schema) {
        self.types.extend(schema.kind.map(word));
        let listed = match schema.items {
            Some(items) => table().branches(&[items]),
            None => vec![schema],
        };
        for schema in listed {
            self.values
                .extend(schema.values.iter().map(|value| value.as_str().map_or(value.to_string(), str::to_owned)));
        }
        let unit = match schema.kind {
            Some(Type::Text) => " long",
            Some(Type::List) => " in number",
            _ => "",
        };
        self.limits = match schema.limits {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
            (Some(least), None) if least > 0.0 || unit.is_empty() => Some(format!("at least {least}{unit}")),
            (None, Some(most)) => Some(format!("at most {most}{unit}")),
            _ => self.limits.take(),
        };
        if let Some(pattern) = schema.pattern_text() {
            self.pattern = Some(pattern.to_owned());
        }
    }

    fn properties(&self, kind: &Kind, path: &str) -> Vec<String> {
        let mut found = properties(kind, path);
        if self.own {
            found.push("never sent: for tenantry".to_owned());
        }
        if deploy_field(kind) == Some(path) {
            found.push(
                "deploys every change; without it a change stays a draft, and what runs stays as it is".to_owned(),
            );
        }
        found
    }

    fn type_words(&self) -> String {
        self.types.iter().copied().collect::<Vec<_>>().join(" or ")
    }

    fn notes(&self, kind: &Kind, path: &str) -> String {
        let mut notes: Vec<String> = self.required.then(|| "required".to_owned()).into_iter().collect();
        notes.extend(self.properties(kind, path));
        notes.extend(self.limits.clone());
        if !self.values.is_empty() {
            notes.push(format!("one of {}", listed(&self.values)));
        }
        notes.extend(self.pattern.as_ref().map(|pattern| format!("matches {}", pattern.escape_debug())));
        if !self.variants.is_empty() {
            notes.push(format!("for {}", listed(&self.variants)));
        }
        notes.iter().map(|note| format!("; {note}")).collect()
    }
}

fn listed(words: &BTreeSet<String>) -> String {
    let first: Vec<&str> = words.iter().take(LISTED).map(String::as_str).collect();
    match words.len().saturating_sub(LISTED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// What the kind file says of a field.
fn properties(kind: &Kind, path: &str) -> Vec<String> {
    let fields = &kind.fields;
    let member = format!("[].{path}");
    let is = |pattern: &FieldPattern| {
        let pattern = pattern.to_string();
        pattern == path || pattern == member || pattern == format!("{path}[]")
    };
    let lists = [
        ("secret", &fields.secret),
        ("write only", &fields.write_only),
        ("read only", &fields.read_only),
        ("create only", &fields.create_only),
        ("a set", &fields.sets),
        ("rendered by Auth0", &fields.hands_off),
    ];
    let mut found: Vec<String> =
        lists.iter().filter(|(_, patterns)| patterns.iter().any(is)).map(|(word, _)| (*word).to_owned()).collect();
    if fields.files.contains_key(path) {
        found.push("may be a path to a file".to_owned());
    }
    found.extend(
        kind.references
            .iter()
            .filter(|reference| is(&reference.field))
            .map(|one| format!("names one of {}", one.space)),
    );
    found
}

fn word(kind: Type) -> &'static str {
    match kind {
        Type::Object => "map",
        Type::List => "list",
        Type::Text => "text",
        Type::Integer => "whole number",
        Type::Number => "number",
        Type::Boolean => "true or false",
        Type::Anything => "anything",
    }
}
