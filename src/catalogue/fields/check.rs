//! One resource against its schemas. Says what is wrong and where; never quotes a value, which may be a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::table::{Extra, Index, Schema, Table, Type};
use crate::catalogue::kind::Kind;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Entry, Node, Place};
use crate::model::path::{FieldPath, Segment};

/// In objects that take any name, how alike a name must be to a known one to be called a slip.
/// Source: compact-schema.md, "Check against real traffic": no false warning at this measure.
const ALIKE: f64 = 0.85;

/// The most letters by which a name may differ from a known one to be an error rather than a newer field.
const SLIP: usize = 2;

/// The fewest letters of a name that one letter can tell from a slip.
const SHORTEST: usize = 4;

/// The most values that a message lists.
const LISTED: usize = 12;

/// The code of findings about fields that only answers have.
pub(super) const READ_ONLY: &str = "read-only-field";

/// What a check holds on to while it walks through one resource.
pub struct Checker<'a> {
    pub kind: &'a Kind,
    pub table: &'static Table,
    /// What `options` holds, by `strategy`.
    pub strategies: &'a BTreeMap<String, Vec<Index>>,
    /// File field -> API field.
    pub renames: BTreeMap<&'a str, &'a str>,
    pub strict: bool,
    pub findings: &'a mut Diagnostics,
    pub address: &'a Address,
}

impl Checker<'_> {
    /// Checks the top of a body. `path` is by API names, for patterns; `shown` by the files' own names, for messages.
    pub fn root(&mut self, body: &Node, path: &FieldPath, shown: &FieldPath, indexes: &[Index]) {
        let branches = self.table.branches(indexes);
        if !matches!(body.value, Content::Map(_) | Content::Null) {
            return self.wrong_type(body, shown, &branches);
        }
        let text = |name: &str| self.member(body, name).and_then(|node| node.as_text().map(str::to_owned));
        let branches = self.table.agreeing(branches, &text);
        let options = text("strategy").and_then(|strategy| self.strategies.get(&strategy));
        let known: BTreeSet<&str> =
            branches.iter().flat_map(|schema| schema.fields.keys()).map(String::as_str).collect();
        for entry in body.entries() {
            let name = self.renames.get(entry.key.as_str()).copied().unwrap_or(&entry.key);
            let (path, shown) = (path.key(name), shown.key(&entry.key));
            let tool = self.kind.fields.tool.iter().any(|field| field == name);
            if tool || self.kind.identity.iter().any(|field| field == name) && !known.contains(name) {
                continue;
            }
            let children = match options.filter(|_| name == "options") {
                Some(options) => options.clone(),
                None => children(&branches, name),
            };
            self.field(entry, (&path, &shown), &branches, &children, &known);
        }
    }

    /// Checks a map from names to the values of one field.
    pub fn map_values(&mut self, body: &Node, field: &str, indexes: &[Index]) {
        let children = children(&self.table.branches(indexes), field);
        for entry in body.entries() {
            let at = FieldPath::default().with(Segment::Key(entry.key.clone()));
            self.value(&entry.value, &at, &at, &children);
        }
    }

    fn member<'n>(&self, body: &'n Node, name: &str) -> Option<&'n Node> {
        let same = |entry: &&Entry| self.renames.get(entry.key.as_str()).copied().unwrap_or(&entry.key) == name;
        body.entries().iter().find(same).map(|entry| &entry.value)
    }

    fn field(
        &mut self,
        entry: &Entry,
        (path, shown): (&FieldPath, &FieldPath),
        around: &[&Schema],
        children: &[Index],
        known: &BTreeSet<&str>,
    ) {
        let fields = &self.kind.fields;
        if entry.key.starts_with('$') {
            return;
        }
        if fields.read_only.iter().any(|pattern| pattern.covers(path)) {
            return self.ignored(entry, shown);
        }
        if !children.is_empty() {
            return self.value(&entry.value, path, shown, children);
        }
        if !known.contains(entry.key.as_str()) && !fields.free.iter().any(|pattern| pattern.covers(path)) {
            let open = around.iter().any(|schema| schema.is_open() || schema.kind == Some(Type::Anything));
            self.unknown(&entry.key, &entry.key_place, shown, open, known);
        }
    }

    /// What files say of a field that only answers have does nothing, which whoever wrote it should know.
    fn ignored(&mut self, entry: &Entry, shown: &FieldPath) {
        if entry.value.is_null() || self.kind.identity.contains(&entry.key) {
            return;
        }
        let summary = format!("`{shown}` is set by the server; what stands here is ignored");
        let finding = Diagnostic::warning(READ_ONLY, summary).at(&entry.key_place).on(self.address);
        self.findings.push(finding.help("Take it out."));
    }

    fn value(&mut self, node: &Node, path: &FieldPath, shown: &FieldPath, indexes: &[Index]) {
        let branches = self.table.branches(indexes);
        if branches.is_empty() || node.is_null() || branches.iter().any(|schema| schema.kind == Some(Type::Anything)) {
            return;
        }
        let fitting: Vec<&Schema> = branches.iter().copied().filter(|schema| takes(schema, &node.value)).collect();
        if fitting.is_empty() {
            return self.wrong_type(node, shown, &branches);
        }
        match &node.value {
            Content::Map(entries) => {
                if self.kind.fields.free.iter().any(|pattern| pattern.covers(path)) {
                    return;
                }
                let text = |name: &str| node.get(name).and_then(|member| member.as_text().map(str::to_owned));
                let objects = self.table.agreeing(fitting, &text);
                let known = objects.iter().flat_map(|schema| schema.fields.keys()).map(String::as_str).collect();
                for entry in entries {
                    let (path, shown) = (path.key(&entry.key), shown.key(&entry.key));
                    self.field(entry, (&path, &shown), &objects, &children(&objects, &entry.key), &known);
                }
            }
            Content::List(items) => {
                if !fitting.iter().any(|schema| schema.admits(items.len() as f64)) {
                    self.wrong_value(&node.place, format!("`{shown}` must have {}", bounds(&fitting, "items")), None);
                }
                let children: Vec<Index> = fitting.iter().filter_map(|schema| schema.items).collect();
                for (index, item) in items.iter().enumerate() {
                    let step = Segment::Index(index);
                    self.value(item, &path.with(step.clone()), &shown.with(step), &children);
                }
            }
            Content::Text(text) => {
                // Files name other objects; what the API wants there is an id of another form.
                if !self.kind.references.iter().any(|reference| reference.field.matches(path)) {
                    self.text(text, &node.place, shown, &fitting);
                }
            }
            Content::Number(number) => {
                let exact = Json::Number(number.clone());
                let number = number.as_f64().unwrap_or_default();
                let listed = |schema: &&Schema| schema.values.is_empty() || schema.values.contains(&exact);
                if !fitting.iter().any(listed) {
                    self.wrong_value(&node.place, format!("`{shown}` is none of the values that it can have"), None);
                } else if !fitting.iter().any(|schema| schema.admits(number)) {
                    self.wrong_value(&node.place, format!("`{shown}` must be {}", bounds(&fitting, "")), None);
                }
            }
            Content::Bool(flag) => {
                if !fitting.iter().any(|schema| schema.values.is_empty() || schema.values.contains(&Json::Bool(*flag)))
                {
                    self.wrong_value(&node.place, format!("`{shown}` can only be {}", !flag), None);
                }
            }
            Content::Null | Content::Secret(_) | Content::Template(_) => {}
        }
    }

    fn text(&mut self, text: &str, place: &Place, shown: &FieldPath, fitting: &[&Schema]) {
        let length = text.chars().count() as f64;
        let formed = |schema: &Schema| schema.pattern().is_none_or(|pattern| pattern.is_match(text));
        let listed =
            |schema: &Schema| schema.values.is_empty() || schema.values.iter().any(|v| v.as_str() == Some(text));
        if fitting.iter().any(|schema| listed(schema) && schema.admits(length) && formed(schema)) {
            return;
        }
        if fitting.iter().any(|schema| !schema.values.is_empty()) {
            return self.no_such_value(text, place, shown, fitting);
        }
        let pattern = fitting.iter().find(|schema| schema.admits(length)).and_then(|schema| schema.pattern());
        match pattern {
            Some(pattern) => {
                let help = format!("It must match `{pattern}`.");
                self.wrong_value(place, format!("`{shown}` does not have the form that the API asks for"), Some(help));
            }
            None => self.wrong_value(place, format!("`{shown}` must have {}", bounds(fitting, "characters")), None),
        }
    }

    fn no_such_value(&mut self, text: &str, place: &Place, shown: &FieldPath, fitting: &[&Schema]) {
        let values: BTreeSet<&str> = fitting.iter().flat_map(|s| &s.values).filter_map(Json::as_str).collect();
        let near = nearest(text, values.iter().copied());
        let help = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None if values.len() <= LISTED => {
                let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                format!("It can be {}.", values.join(", "))
            }
            None => format!("`tenantry kinds {}` lists the fields of the kind.", self.kind.name),
        };
        let strict = self.strict && !fitting.iter().any(|schema| schema.advice);
        // The API gains values faster than this table; a slip is told by its nearness.
        let make = if near.is_some() || strict { Diagnostic::error } else { Diagnostic::warning };
        let summary = format!("`{shown}` is none of the values that it can have");
        self.findings.push(make("wrong-value", summary).at(place).on(self.address).help(help));
    }

    fn unknown(&mut self, name: &str, place: &Place, shown: &FieldPath, open: bool, known: &BTreeSet<&str>) {
        let read_only: Vec<&str> = self.kind.fields.read_only.iter().filter_map(|pattern| pattern.top()).collect();
        let mut names: BTreeSet<&str> = known.iter().copied().collect();
        if shown.0.iter().filter(|step| matches!(step, Segment::Key(_))).count() == 1 {
            // A file may use its own name for a field; that is the one to suggest.
            names.retain(|name| !self.renames.values().any(|api| api == name));
            names.extend(self.renames.keys().copied());
            names.extend(self.kind.identity.iter().chain(&self.kind.fields.tool).map(String::as_str));
            names.extend(read_only);
        }
        let near = if open { alike(name, &names) } else { nearest(name, names.iter().copied()) };
        let slip = near.is_some_and(|near| distance(name, near) <= SLIP.min(near.chars().count() / 3).max(1));
        let error = !open && (slip || self.strict);
        if open && near.is_none() && !self.strict {
            return;
        }
        let summary = format!("`{shown}` is no known field of {}", self.kind.title);
        let help = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None if error => "Remove it, or run without `--strict` to send it as it is.".to_owned(),
            None => "It is sent as it is.".to_owned(),
        };
        let make = if error { Diagnostic::error } else { Diagnostic::warning };
        self.findings.push(make("unknown-field", summary).at(place).on(self.address).help(help));
    }

    fn wrong_type(&mut self, node: &Node, shown: &FieldPath, branches: &[&Schema]) {
        let wanted: BTreeSet<&str> = branches.iter().filter_map(|schema| schema.kind).map(name_of).collect();
        let wanted = wanted.into_iter().collect::<Vec<_>>().join(" or ");
        let found = node.value_type();
        let summary = match shown.is_root() {
            true => format!("{} must be {wanted}, not {found}", self.kind.title),
            false => format!("`{shown}` must be {wanted}, not {found}"),
        };
        let mut finding = Diagnostic::error("wrong-type", summary).at(&node.place).on(self.address);
        if node.as_text().is_some_and(|text| reads_as(text, branches)) {
            finding = finding.help("Write it without quotes.");
        } else if matches!(node.value, Content::Number(_) | Content::Bool(_))
            && branches.iter().any(|schema| schema.kind == Some(Type::Text))
        {
            finding = finding.help("Write it in quotes.");
        }
        self.findings.push(finding);
    }

    fn wrong_value(&mut self, place: &Place, summary: String, help: Option<String>) {
        let mut finding = Diagnostic::error("wrong-value", summary).at(place).on(self.address);
        finding.help = help;
        self.findings.push(finding);
    }
}

impl Node {
    /// Names the type, telling whole numbers from others.
    fn value_type(&self) -> &'static str {
        match &self.value {
            Content::Number(number) if !is_whole(number) => "a number with a fraction",
            _ => self.type_name(),
        }
    }
}

/// Returns the schemas of a member in any of these objects.
fn children(objects: &[&Schema], name: &str) -> Vec<Index> {
    let named: Vec<Index> = objects.iter().filter_map(|schema| schema.fields.get(name)).copied().collect();
    if !named.is_empty() {
        return named;
    }
    let extra = objects.iter().filter_map(|schema| match &schema.extra {
        Extra::Like(children) => Some(children),
        _ => None,
    });
    extra.flatten().copied().collect()
}

fn takes(schema: &Schema, value: &Content) -> bool {
    match (schema.kind, value) {
        (Some(Type::Anything), _) => true,
        (Some(Type::Object), Content::Map(_)) | (Some(Type::List), Content::List(_)) => true,
        (Some(Type::Text), Content::Text(_) | Content::Secret(_) | Content::Template(_)) => true,
        (Some(Type::Number), Content::Number(_)) | (Some(Type::Boolean), Content::Bool(_)) => true,
        (Some(Type::Integer), Content::Number(number)) => is_whole(number),
        _ => false,
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn reads_as(text: &str, branches: &[&Schema]) -> bool {
    branches.iter().any(|schema| match schema.kind {
        Some(Type::Integer | Type::Number) => text.parse::<f64>().is_ok(),
        Some(Type::Boolean) => matches!(text, "true" | "false"),
        _ => false,
    })
}

fn name_of(kind: Type) -> &'static str {
    match kind {
        Type::Object => "a map",
        Type::List => "a list",
        Type::Text => "text",
        Type::Integer => "a whole number",
        Type::Number => "a number",
        Type::Boolean => "true or false",
        Type::Anything => "anything",
    }
}

/// Says the widest bounds of several schemas: `1 to 255 characters`, `at least 1`.
fn bounds(schemas: &[&Schema], unit: &str) -> String {
    let least = schemas.iter().map(|s| s.limits.0).reduce(|a, b| a.zip(b).map(|(a, b)| a.min(b))).flatten();
    let most = schemas.iter().map(|s| s.limits.1).reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten();
    let said = match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "another value".to_owned(),
    };
    if unit.is_empty() { said } else { format!("{said} {unit}") }
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(&plain(a), &plain(b))
}

/// Drops what people mix up between naming styles: case, `_`, `-`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn alike<'k>(name: &str, known: &BTreeSet<&'k str>) -> Option<&'k str> {
    // One slip of the pen counts in short names too, of which it is a larger part.
    let likeness = |candidate: &str| match distance(name, candidate) {
        0 | 1 if name.chars().count() >= SHORTEST => 1.0,
        _ => strsim::normalized_damerau_levenshtein(&plain(name), &plain(candidate)),
    };
    let best = known.iter().map(|candidate| (likeness(candidate), *candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, candidate)| candidate)
}
