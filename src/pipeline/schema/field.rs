//! One field: its types and values, what a template in its place looks like, and what lies in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use super::note;
use crate::catalogue::fields::table::{Extra, Index, Schema, Type, table};
use crate::catalogue::kind::Kind;
use crate::catalogue::table::{catalogue, is_credential, reference_at};
use crate::model::path::{FieldPath, FieldPattern, Segment};

/// A text that is rendered or replaced before it is a value: it may stand where another type is wanted.
pub const TEMPLATE: &str = r"\{\{|@@|##";
/// The longest pattern that is handed to an editor; beyond that it explains nothing and may hang.
const PATTERN: usize = 90;
/// Where an adjustment of an overlay is defined.
const ADJUSTMENT: &str = "adjustment";

/// What a schema document is put together with.
#[derive(Debug, Default)]
pub struct Forge {
    /// Overlays adjust what the templates say.
    pub overlay: bool,
    /// Schemas by name, written once each.
    pub definitions: BTreeMap<String, Json>,
}

impl Forge {
    pub fn new(overlay: bool) -> Self {
        let mut forge = Self { overlay, definitions: BTreeMap::new() };
        if overlay {
            let list = json!({ "type": ["array", "string"], "pattern": TEMPLATE });
            let adjustment = json!({
                "type": "object",
                "properties": { "$append": list, "$without": list, "$absent": { "const": true } },
                "additionalProperties": false,
                "minProperties": 1,
            });
            forge.definitions.insert(ADJUSTMENT.to_owned(), adjustment);
        }
        forge
    }

    /// Returns a reference to a definition, which `make` writes if it is not there yet.
    pub fn shared(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Json) -> Json {
        if !self.definitions.contains_key(name) {
            // A schema may contain itself.
            self.definitions.insert(name.to_owned(), Json::Null);
            let made = make(self);
            self.definitions.insert(name.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// Returns the schema of the field at `path`, which may be any of `indexes` in the table; with what to say of it.
    pub fn field(&mut self, kind: &'static Kind, path: &FieldPath, indexes: &[Index]) -> Json {
        let mut schema = match (is_particular(kind, path), indexes) {
            (false, [index]) => self.shared(&format!("field{index}"), |forge| forge.value(None, path, indexes)),
            (true, _) => self.value(Some(kind), path, indexes),
            (false, _) => self.value(None, path, indexes),
        };
        let said = note::of_field(kind, path);
        if let (Some(schema), false) = (schema.as_object_mut(), said.is_empty()) {
            schema.insert("description".to_owned(), Json::String(said));
        }
        schema
    }

    /// `kind` is `None` where its catalogue entry has nothing to say at the path or below.
    fn value(&mut self, kind: Option<&'static Kind>, path: &FieldPath, indexes: &[Index]) -> Json {
        let branches = table().branches(indexes);
        if branches.is_empty() || branches.iter().any(|schema| schema.kind == Some(Type::Anything)) {
            return json!({});
        }
        let of = |wanted: &[Type]| -> Vec<&Schema> {
            branches.iter().copied().filter(|schema| schema.kind.is_some_and(|kind| wanted.contains(&kind))).collect()
        };
        let (objects, lists) = (of(&[Type::Object]), of(&[Type::List]));
        let scalars = of(&[Type::Text, Type::Integer, Type::Number, Type::Boolean]);
        let mut any: Vec<Json> = objects.iter().map(|schema| self.object(kind, path, schema)).collect();
        if !lists.is_empty() {
            any.push(self.list(kind, path, &lists));
        }
        if self.overlay && objects.is_empty() {
            any.push(json!({ "$ref": format!("#/$defs/{ADJUSTMENT}") }));
        }
        // What a scalar may be includes nulls and templates.
        let rest = scalar(kind, path, &scalars);
        if rest.is_empty() {
            return one_of_these(any);
        }
        any.extend(rest);
        match any.len() {
            1 => any.remove(0),
            _ => json!({ "anyOf": any }),
        }
    }

    fn object(&mut self, kind: Option<&'static Kind>, path: &FieldPath, schema: &Schema) -> Json {
        if kind.is_some_and(|kind| kind.fields.free.iter().any(|pattern| pattern.covers(path))) {
            return json!({ "type": "object" });
        }
        let mut properties = JsonMap::new();
        for (name, child) in &schema.fields {
            let at = path.key(name);
            let schema = match kind {
                Some(kind) => self.field(kind, &at, &[*child]),
                None => self.shared(&format!("field{child}"), |forge| forge.value(None, &at, &[*child])),
            };
            properties.insert(name.clone(), schema);
        }
        for name in kind.into_iter().flat_map(|kind| answered(kind, path)) {
            properties.entry(name).or_insert_with(|| json!({ "description": "Only in answers; ignored in files." }));
        }
        if self.overlay {
            properties.insert("$absent".to_owned(), json!({ "const": true }));
        }
        let mut object = json!({ "type": "object", "properties": properties });
        let extra = match &schema.extra {
            Extra::None => Some(json!(false)),
            Extra::Open(_) => None,
            Extra::Like(children) => Some(match kind {
                Some(kind) => self.field(kind, &path.key("*"), children),
                None => self.value(None, &path.key("*"), children),
            }),
        };
        if let (Some(object), Some(extra)) = (object.as_object_mut(), extra) {
            object.insert("additionalProperties".to_owned(), extra);
        }
        object
    }

    fn list(&mut self, kind: Option<&'static Kind>, path: &FieldPath, lists: &[&Schema]) -> Json {
        let item = path.with(Segment::Index(0));
        if let Some(credential) = kind.and_then(|kind| credential_at(kind, &item)) {
            return json!({ "type": "array", "items": self.resource(credential) });
        }
        let children: Vec<Index> = lists.iter().filter_map(|schema| schema.items).collect();
        let items = match kind {
            Some(kind) => self.field(kind, &item, &children),
            None => match children.as_slice() {
                [only] => self.shared(&format!("field{only}"), |forge| forge.value(None, &item, &children)),
                _ => self.value(None, &item, &children),
            },
        };
        json!({ "type": "array", "items": items })
    }
}

/// Says whether the catalogue has anything to say of the field or of what lies in it.
fn is_particular(kind: &Kind, path: &FieldPath) -> bool {
    let fields = &kind.fields;
    let lists = [
        &fields.read_only,
        &fields.create_only,
        &fields.write_only,
        &fields.secret,
        &fields.hands_off,
        &fields.sets,
        &fields.free,
    ];
    lists.into_iter().flatten().any(|pattern| pattern.reaches(path))
        || kind.references.iter().any(|reference| reference.field.reaches(path))
        || fields.files.keys().any(|field| field.parse::<FieldPattern>().is_ok_and(|pattern| pattern.reaches(path)))
}

/// Returns the members of an object that only answers have.
fn answered(kind: &Kind, path: &FieldPath) -> Vec<String> {
    let last = |pattern: &FieldPattern| {
        let text = pattern.to_string();
        let name = text.rsplit('.').next()?.to_owned();
        (!name.contains(['[', '*']) && pattern.matches(&path.key(&name))).then_some(name)
    };
    kind.fields.read_only.iter().filter_map(last).collect()
}

/// Returns the kind of credentials that files hold in this list.
fn credential_at(kind: &Kind, item: &FieldPath) -> Option<&'static Kind> {
    let reference = reference_at(kind, &item.key("id"))?;
    catalogue().in_space(&reference.space).find(|kind| is_credential(kind))
}

/// Joins maps and lists that a value may be, and the nulls and templates that may stand in their place.
pub fn one_of_these(mut any: Vec<Json>) -> Json {
    let open = json!({ "type": ["null", "string"], "pattern": TEMPLATE });
    any.dedup();
    match any.len() {
        0 => open,
        1 => {
            let mut only = any.remove(0);
            let Some(schema) = only.as_object_mut().filter(|schema| !schema.contains_key("$ref")) else {
                return json!({ "anyOf": [only, open] });
            };
            match schema.get("type") {
                Some(Json::String(one)) => {
                    let types = json!([one, "null", "string"]);
                    schema.insert("type".to_owned(), types);
                    schema.insert("pattern".to_owned(), json!(TEMPLATE));
                    only
                }
                _ => only,
            }
        }
        _ => {
            any.push(open);
            json!({ "anyOf": any })
        }
    }
}

/// Returns what a field that is no map and no list may be; complete, with nulls and templates.
fn scalar(kind: Option<&Kind>, path: &FieldPath, branches: &[&Schema]) -> Vec<Json> {
    if branches.is_empty() {
        return Vec::new();
    }
    let mut types: BTreeSet<&str> = BTreeSet::from(["null", "string"]);
    let mut values: Vec<&Json> = Vec::new();
    let mut patterns = Some(Vec::new());
    let (mut least, mut most) = (None, None);
    let numbers = branches.iter().filter(|schema| matches!(schema.kind, Some(Type::Integer | Type::Number)));
    let bounded = numbers.clone().count() == 1;
    for schema in branches {
        match schema.kind {
            Some(Type::Text) if !schema.values.is_empty() && !schema.advice => values.extend(&schema.values),
            // Others may be accepted: an editor only suggests these.
            Some(Type::Text) if schema.advice => {
                values.extend(&schema.values);
                patterns = None;
            }
            Some(Type::Text) => match (&mut patterns, schema.pattern_text().filter(|text| is_simple(text))) {
                (Some(patterns), Some(text)) => patterns.push(format!("(?:{text})")),
                _ => patterns = None,
            },
            Some(Type::Boolean) => drop(types.insert("boolean")),
            Some(number) => {
                types.insert(if number == Type::Integer { "integer" } else { "number" });
                if bounded {
                    (least, most) = schema.limits;
                }
            }
            None => {}
        }
    }
    // Files name other objects and other files, and a secret is never written down.
    if kind.is_some_and(|kind| reference_at(kind, path).is_some() || note::file(kind, path).is_some()) {
        (values, patterns) = (Vec::new(), None);
    }
    if kind.is_some_and(|kind| is_secret(kind, path)) {
        (values, patterns) = (Vec::new(), Some(vec!["^$".to_owned()]));
        let masks = kind.map(|kind| kind.fields.masks.iter().map(|mask| format!("^{}$", regex::escape(mask))));
        patterns.iter_mut().for_each(|patterns| patterns.extend(masks.iter().cloned().flatten()));
    }
    let mut schema = json!({ "type": types });
    let mut set =
        |name: &str, value: Json| drop(schema.as_object_mut().map(|schema| schema.insert(name.into(), value)));
    if let Some(mut patterns) = patterns {
        patterns.push(TEMPLATE.to_owned());
        set("pattern", json!(patterns.join("|")));
    }
    if let Some(least) = least {
        set("minimum", json!(least));
    }
    if let Some(most) = most {
        set("maximum", json!(most));
    }
    let mut any = Vec::new();
    if !values.is_empty() {
        any.push(json!({ "enum": values }));
    }
    any.push(schema);
    any
}

/// Where users choose the names, plain values are usual; only `check` can tell those that speak of a secret.
fn is_secret(kind: &Kind, path: &FieldPath) -> bool {
    kind.fields.secret.iter().any(|pattern| pattern.matches(path) && !pattern.to_string().ends_with('*'))
}

/// Says whether every dialect of regular expressions reads the pattern alike.
fn is_simple(pattern: &str) -> bool {
    pattern.len() <= PATTERN && !pattern.contains("(?") && pattern.chars().all(|c| !c.is_control())
}
