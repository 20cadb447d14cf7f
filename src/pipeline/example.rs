//! A least example of a kind as a template holds it: what must be there, with placeholders that `check` takes.
//!
//! What an example refers to stands in it too, so that it is whole by itself. Never a plain secret: secrets are named.

use serde_json::{Map, Value as Json, json};

use crate::catalogue::fields::table::{Index, Roots, Schema, Type, table};
use crate::catalogue::kind::{Filter, Kind};
use crate::catalogue::place::Step;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::{catalogue, reference_at};
use crate::model::path::{FieldPath, Segment};
use crate::pipeline::drafts::deploy_field;
use crate::pipeline::yaml_write::{YamlWriteError, to_yaml};

/// A schema may contain itself.
const DEEPEST: usize = 8;
/// Tried in this order until one fits the pattern and the bounds; the last resort is the first.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "https://app.example.com",
    "#7a3e9d",
    "login.example.com",
    "en",
    "you@example.com",
    "+15550100",
    "example-example-example-example-1",
    "2030-01-01T00:00:00.000Z",
    "1.0.0",
    "100",
];

/// Returns the example as the text of a template: the kind's own, or one made from the field table.
///
/// # Errors
/// See [`to_yaml`].
pub fn example(kind: &'static Kind) -> Result<String, YamlWriteError> {
    if let Some(text) = &kind.example {
        return Ok(text.clone());
    }
    let mut sketch = Sketch { root: Map::new(), depth: 0 };
    sketch.put(kind);
    to_yaml(&Json::Object(sketch.root))
}

struct Sketch {
    root: Map<String, Json>,
    depth: usize,
}

impl Sketch {
    /// Puts one object of the kind where there is none yet, and returns its body as written.
    fn put(&mut self, kind: &'static Kind) -> Json {
        if self.depth > DEEPEST {
            return Json::Null;
        }
        self.depth += 1;
        let mut place = Vec::new();
        place_of(kind, &mut place);
        if let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().kind(name)) {
            self.put(parent);
            // Not every parent can have one.
            if let Some(filter) = &kind.parents
                && let Some(value) = filter.one_of.first()
            {
                let mut around = Vec::new();
                place_of(parent, &mut around);
                if let Json::Object(body) = at(&mut self.root, &mut around.into_iter()) {
                    body.insert(filter.field.clone(), json!(value));
                }
            }
        }
        let mut steps = place.into_iter();
        let found = at(&mut self.root, &mut steps).clone();
        let body = if kind.parent.is_none() && is_written(&found) { found } else { self.write(kind) };
        self.depth -= 1;
        body
    }

    fn write(&mut self, kind: &'static Kind) -> Json {
        let body = match kind.shape {
            Shape::Membership => self.members(kind),
            _ => Json::Object(self.body(kind)),
        };
        let mut place = Vec::new();
        place_of(kind, &mut place);
        let target = at(&mut self.root, &mut place.into_iter());
        match (&mut *target, &body) {
            (Json::Object(there), Json::Object(more)) => {
                there.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => *target = body.clone(),
        }
        body
    }

    fn body(&mut self, kind: &'static Kind) -> Map<String, Json> {
        let key = key_of(kind);
        let own = kind.key_paths.get(&key.join(","));
        let schema = own.and_then(|own| own.schema.as_deref()).or(kind.schema.as_deref());
        let roots = schema.and_then(|schema| table().roots(schema));
        let indexes = roots.map(Roots::indexes).unwrap_or_default();
        let branches = table().branches(&roots.and_then(|roots| roots.create).map_or(indexes.clone(), |one| vec![one]));
        let mut wanted: Vec<String> = kind.identity.clone();
        wanted.extend(kind.fields.required.iter().cloned());
        wanted.extend(branches.first().into_iter().flat_map(|schema| schema.required.iter().cloned()));
        wanted.retain(|name| !is_in_place(kind, name) && !kind.identity_defaults.contains_key(name));
        let all = table().branches(&indexes);
        if wanted.is_empty() {
            wanted.extend(plainest(kind, &all));
        }
        let mut body = Map::new();
        for name in wanted {
            let path = FieldPath::default().with(Segment::Key(name.clone()));
            let children: Vec<Index> = all.iter().filter_map(|schema| schema.fields.get(&name)).copied().collect();
            let by_key = kind.identity.iter().position(|field| *field == name).and_then(|at| key.get(at)).cloned();
            let value = match by_key.filter(|value| !value.is_empty()) {
                Some(value) => Json::String(value),
                None => self.value(kind, &path, &children, 0),
            };
            let written = kind.fields.rename.iter().find(|(_, api)| **api == name).map_or(&name, |(file, _)| file);
            body.insert(written.clone(), value);
        }
        if let Some(field) = deploy_field(kind) {
            body.insert(field.to_owned(), json!(true));
        }
        body
    }

    fn members(&mut self, kind: &'static Kind) -> Json {
        let Some(membership) = &kind.membership else { return Json::Array(Vec::new()) };
        let indexes = kind.schema.as_deref().and_then(|schema| table().roots(schema)).map(Roots::indexes);
        let indexes = indexes.unwrap_or_default();
        let fields = table().branches(&indexes);
        let mut member = Map::new();
        for name in &membership.identity {
            let path = FieldPath::default().with(Segment::Index(0)).with(Segment::Key(name.clone()));
            let children: Vec<Index> = fields.iter().filter_map(|schema| schema.fields.get(name)).copied().collect();
            let value = self.value(kind, &path, &children, 0);
            if membership.scalar {
                return json!([value]);
            }
            if membership.map_value.is_some() {
                let secret = format!("{{{{secret \"{}\"}}}}", kind.segment());
                return json!({ "EXAMPLE": secret });
            }
            let written = kind.fields.rename.iter().find(|(_, api)| *api == name).map_or(name, |(file, _)| file);
            member.insert(written.clone(), value);
        }
        json!([member])
    }

    fn value(&mut self, kind: &'static Kind, path: &FieldPath, indexes: &[Index], depth: usize) -> Json {
        if kind.fields.secret.iter().any(|pattern| pattern.matches(path)) {
            return json!(format!("{{{{secret \"{}\"}}}}", last(path)));
        }
        if let Some(reference) = reference_at(kind, path)
            && let Some(target) = catalogue().in_space(&reference.space).next()
        {
            let field = if reference.by == "id" { target.identity.first() } else { Some(&reference.by) };
            let body = if target.name == kind.name { Json::Null } else { self.put(target) };
            if let Some(value) = field.and_then(|field| body.get(field)) {
                return value.clone();
            }
        }
        if let Some(filter) = kind.filter.as_ref().filter(|filter| *filter.field == last(path))
            && let Some(value) = &filter.equals
        {
            return value.clone();
        }
        let branches = table().branches(indexes);
        let Some(schema) = branches.first().filter(|_| depth < DEEPEST) else { return json!("example") };
        let filter = kind.filter.as_ref().filter(|filter| filter.field == last(path));
        let fits = |value: &&Json| filter.is_none_or(|filter: &Filter| filter.fits(Some(value)));
        if let Some(value) = schema.values.iter().find(fits) {
            return value.clone();
        }
        match schema.kind {
            Some(Type::Object) => {
                let members = schema.required.iter().map(|name| {
                    let child = schema.fields.get(name).copied().into_iter().collect::<Vec<_>>();
                    (name.clone(), self.value(kind, &path.with(Segment::Key(name.clone())), &child, depth + 1))
                });
                Json::Object(members.collect())
            }
            Some(Type::List) => {
                let items = schema.items.into_iter().collect::<Vec<_>>();
                json!([self.value(kind, &path.with(Segment::Index(0)), &items, depth + 1)])
            }
            Some(Type::Integer | Type::Number) => whole(schema),
            Some(Type::Boolean) => json!(true),
            _ => json!(text(schema, &last(path))),
        }
    }
}

/// Says whether the field's value is a key on the way to the object.
fn is_in_place(kind: &Kind, name: &str) -> bool {
    kind.place.iter().any(|step| matches!(step, Step::Each(field) if field == name))
}

/// A first key of a keyed kind, in identity order; empty where any will do.
fn key_of(kind: &Kind) -> Vec<String> {
    let whole = kind.keys.first().or_else(|| kind.key_paths.keys().next());
    let parts: Vec<&str> = whole.map(|key| key.split(',').collect()).unwrap_or_default();
    let part = |(at, field): (usize, &String)| {
        let value = kind.key_values.get(field).and_then(|values| values.first()).map(String::as_str);
        parts.get(at).copied().or(value).unwrap_or_default().to_owned()
    };
    kind.identity.iter().enumerate().map(part).collect()
}

fn place_of(kind: &'static Kind, place: &mut Vec<Option<String>>) {
    if let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().kind(name)) {
        place_of(parent, place);
    }
    let key = key_of(kind);
    place.extend(kind.place.iter().map(|step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Items => None,
        Step::Each(field) => {
            let value = kind.identity.iter().position(|name| name == field).and_then(|at| key.get(at)).cloned();
            Some(value.filter(|value| !value.is_empty()).unwrap_or_else(|| "en".to_owned()))
        }
    }));
}

/// Returns what stands at the place (`None` is the first item of a list), made if it is not there.
fn at<'r>(root: &'r mut Map<String, Json>, steps: &mut dyn Iterator<Item = Option<String>>) -> &'r mut Json {
    let first = steps.next().flatten().unwrap_or_default();
    let mut node = root.entry(first).or_insert(Json::Null);
    for step in steps {
        if node.is_null() {
            *node = if step.is_some() { json!({}) } else { json!([]) };
        }
        node = match (node, step) {
            (Json::Array(items), _) => {
                if items.is_empty() {
                    items.push(Json::Null);
                }
                &mut items[0]
            }
            (Json::Object(map), Some(key)) => map.entry(key).or_insert(Json::Null),
            (other, _) => other,
        };
    }
    node
}

fn is_written(found: &Json) -> bool {
    found.as_object().is_some_and(|map| !map.is_empty()) || found.as_array().is_some_and(|list| !list.is_empty())
}

/// One field that says something where none has to be there.
fn plainest(kind: &Kind, schemas: &[&Schema]) -> Option<String> {
    let plain = |name: &&String| {
        let path = FieldPath::default().with(Segment::Key((*name).clone()));
        let fields = &kind.fields;
        let barred = [&fields.read_only, &fields.secret, &fields.volatile, &fields.create_only];
        !barred.iter().any(|list| list.iter().any(|pattern| pattern.matches(&path))) && !fields.tool.contains(*name)
    };
    let of = |wanted: Type| {
        let mut fields = schemas.iter().flat_map(|schema| &schema.fields);
        let fits = |index: Index| table().branches(&[index]).first().is_some_and(|one| one.kind == Some(wanted));
        fields.find(|(name, index)| fits(**index) && plain(name)).map(|(name, _)| name.clone())
    };
    of(Type::Boolean).or_else(|| of(Type::Text)).or_else(|| of(Type::Integer)).or_else(|| of(Type::List))
}

fn whole(schema: &Schema) -> Json {
    [1_i64, 60, 3600]
        .into_iter()
        .find(|number| schema.admits(*number as f64))
        .map_or_else(|| schema.limits.0.map_or(json!(1), |least| json!(least.ceil() as i64)), |number| json!(number))
}

fn text(schema: &Schema, name: &str) -> String {
    let speaks_of_url = ["url", "uri", "identifier", "endpoint"].iter().any(|word| name.contains(word));
    let hint = speaks_of_url.then_some("https://app.example.com");
    let fits = |text: &&str| {
        schema.admits(text.chars().count() as f64) && schema.pattern().is_none_or(|pattern| pattern.is_match(text))
    };
    // A pattern for one text alone is that text.
    let literal = schema.pattern_text().and_then(|pattern| pattern.strip_prefix('^')?.strip_suffix('$'));
    let candidates = hint.into_iter().chain(PLACEHOLDERS.iter().copied()).chain(literal);
    candidates.into_iter().find(fits).unwrap_or("example").to_owned()
}

fn last(path: &FieldPath) -> String {
    let key = |segment: &Segment| match segment {
        Segment::Key(name) => Some(name.clone()),
        _ => None,
    };
    path.0.iter().rev().find_map(key).unwrap_or_default()
}
