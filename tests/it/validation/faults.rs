//! Faults: one wrong thing in a sound document, and what must be said of it. Made from the field table.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tenantry::catalogue::fields;
use tenantry::catalogue::fields::table::{Schema, Type};
use tenantry::catalogue::quirk::Quirk;
use tenantry::catalogue::table::{catalogue, is_credential};

use super::fields::{
    Field, api_path, branches, covered, fields_of, is_map_value, is_plain, must_be_described, names, path_of, refers,
};
use super::ground::{Ground, reach};
use super::written::Step;

/// The longest text or list that a test writes.
const LONGEST: f64 = 20_000.0;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Text where the object should stand.
    NoObject,
    /// A field of another type.
    Type,
    /// A letter doubled in the name of a field.
    Slip,
    /// A letter doubled in one of the listed values.
    Value,
    /// A listed field with a value that resembles none.
    NewValue,
    /// Too long, too short, too many, too much.
    Bound,
    /// A text of another form.
    Pattern,
    /// A letter doubled in the key of a keyed kind.
    Key,
    /// What names the object is left out.
    Nameless,
    /// Something that a create needs is left out.
    Required,
    /// A field that only answers have.
    ReadOnly,
    /// The name of nothing.
    Reference,
}

impl Class {
    pub const ALL: [Self; 12] = [
        Self::NoObject,
        Self::Type,
        Self::Slip,
        Self::Value,
        Self::NewValue,
        Self::Bound,
        Self::Pattern,
        Self::Key,
        Self::Nameless,
        Self::Required,
        Self::ReadOnly,
        Self::Reference,
    ];
}

/// One fault.
#[derive(Debug)]
pub struct Fault {
    pub document: Json,
    /// The way to what is wrong.
    pub at: Vec<Step>,
    /// Whether the finding stands at the key rather than at the value.
    pub at_key: bool,
    pub code: &'static str,
    pub is_error: bool,
    /// The field as the finding must name it.
    pub field: String,
    pub help: Option<String>,
    /// Only a plan can tell: whether it is there already.
    pub needs_tenant: bool,
}

fn takes(schemas: &[&Schema], kind: &[Type]) -> bool {
    schemas.iter().any(|schema| schema.kind.is_some_and(|one| one == Type::Anything || kind.contains(&one)))
}

fn doubled(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    letters[..middle].iter().chain(&letters[middle.saturating_sub(1)..]).collect()
}

/// Returns the faults of a class that the ground has room for, the plainest first.
pub fn faults(ground: &Ground, class: Class) -> Vec<Fault> {
    match class {
        Class::NoObject => no_object(ground).into_iter().collect(),
        Class::Key => misnamed(ground),
        Class::Nameless => nameless(ground),
        Class::Required => required(ground),
        Class::ReadOnly => read_only(ground),
        _ => {
            let mut fields = fields_of(ground);
            fields.retain(|field| !field.crowded);
            fields.sort_by_key(|field| field.way.len());
            fields.iter().filter_map(|field| in_field(ground, field, class)).collect()
        }
    }
}

fn in_field(ground: &Ground, field: &Field, class: Class) -> Option<Fault> {
    let schemas = branches(field);
    if schemas.is_empty() || class != Class::Slip && takes(&schemas, &[]) {
        return None;
    }
    let refers = refers(ground, field);
    let secret = is_map_value(ground) || covered(&ground.kind.fields.secret, &api_path(ground, field));
    let scalar = ground.kind.membership.as_ref().is_some_and(|membership| membership.scalar);
    let texts = !refers && is_plain(ground, field) && !names(ground, field);
    let shown = path_of(ground, &field.way).to_string();
    let fault = |value: Json, code| Fault {
        document: ground.with(field.told.as_ref(), &field.way, value),
        at: [ground.at.clone(), field.way.clone()].concat(),
        at_key: false,
        code,
        is_error: true,
        field: shown.clone(),
        help: None,
        needs_tenant: false,
    };
    match class {
        Class::Type if !names(ground, field) => {
            let wrong = [
                (json!({ "wrong": 1 }), Type::Object),
                (json!([["wrong"]]), Type::List),
                (json!(true), Type::Boolean),
                (json!("wrong"), Type::Text),
            ];
            // A text below a secret field would be a secret in plain text besides.
            let fits = |kind: Type| !takes(&schemas, &[kind]) && (!secret || kind == Type::Boolean);
            let (value, _) = wrong.into_iter().find(|(_, kind)| fits(*kind))?;
            Some(fault(value, "wrong-type"))
        }
        Class::Slip if field.closed && !names(ground, field) => {
            let Some(Step::Key(name)) = field.way.last() else { return None };
            let wrong = doubled(name);
            if name.len() < 5 || field.beside.contains(&wrong) || name.starts_with("mine") {
                return None;
            }
            let mut way = field.way.clone();
            way.pop();
            way.push(Step::Key(wrong));
            Some(Fault {
                document: ground.with(field.told.as_ref(), &way, Json::Null),
                at: [ground.at.clone(), way.clone()].concat(),
                at_key: true,
                field: path_of(ground, &way).to_string(),
                help: Some(format!("Did you mean `{name}`?")),
                ..fault(Json::Null, "unknown-field")
            })
        }
        Class::Value | Class::NewValue if texts => {
            let values: BTreeSet<&str> =
                schemas.iter().flat_map(|schema| &schema.values).filter_map(Json::as_str).collect();
            if schemas.iter().any(|schema| schema.kind == Some(Type::Text) && schema.values.is_empty()) {
                return None;
            }
            let value = values.iter().max_by_key(|value| value.len()).filter(|value| value.len() >= 3)?;
            Some(match class {
                Class::Value => Fault {
                    help: Some(format!("Did you mean `{value}`?")),
                    ..fault(json!(doubled(value)), "wrong-value")
                },
                _ => Fault { is_error: false, ..fault(json!("quite-another-one-altogether"), "wrong-value") },
            })
        }
        Class::Bound if texts => beyond(&schemas).map(|value| fault(value, "wrong-value")),
        Class::Pattern if texts => formless(&schemas).map(|value| fault(value, "wrong-value")),
        Class::Reference
            if must_be_described(ground, field) && schemas.iter().any(|schema| schema.kind == Some(Type::Text)) =>
        {
            let at_key = matches!(field.way.last(), Some(Step::Key(_)));
            // Files find a grant by its client.
            if ground.kind.has(Quirk::GrantByClient) {
                let way = vec![Step::Key("client_id".to_owned())];
                return Some(Fault {
                    document: ground.with(None, &way, json!("Nothing of the kind")),
                    at: [ground.at.clone(), way].concat(),
                    at_key,
                    field: "[0].client_id".to_owned(),
                    ..fault(Json::Null, "dangling-reference")
                });
            }
            // Files name such a member alone.
            let field = if scalar { "[0]".to_owned() } else { shown.clone() };
            Some(Fault { at_key, field, ..fault(json!("Nothing of the kind"), "dangling-reference") })
        }
        _ => None,
    }
}

/// A value beyond the bounds of all schemas.
fn beyond(schemas: &[&Schema]) -> Option<Json> {
    let of = |kinds: &[Type]| -> Vec<&&Schema> {
        schemas.iter().filter(|schema| schema.kind.is_some_and(|kind| kinds.contains(&kind))).collect()
    };
    let texts = of(&[Type::Text]);
    let listed = texts.iter().any(|schema| !schema.values.is_empty());
    let size = |kinds: &[Type]| outside(&of(kinds));
    if !listed && let Some(length) = size(&[Type::Text]) {
        return Some(json!("x".repeat(length as usize)));
    }
    if let Some(number) = size(&[Type::Integer, Type::Number])
        && of(&[Type::Integer, Type::Number]).iter().all(|schema| schema.values.is_empty())
    {
        return Some(json!(number as i64));
    }
    let length = size(&[Type::List])?;
    Some(Json::Array(vec![Json::Null; length as usize]))
}

/// A whole number that no schema admits.
fn outside(schemas: &[&&Schema]) -> Option<f64> {
    let most = schemas.iter().map(|schema| schema.limits.1).collect::<Option<Vec<f64>>>();
    let most = most.and_then(|all| all.into_iter().reduce(f64::max)).map(|most| most.floor() + 1.0);
    let least = schemas.iter().map(|schema| schema.limits.0).collect::<Option<Vec<f64>>>();
    let least = least.and_then(|all| all.into_iter().reduce(f64::min)).map(|least| least.ceil() - 1.0);
    let of_number = schemas.iter().any(|schema| matches!(schema.kind, Some(Type::Integer | Type::Number)));
    let fits = |value: &f64| of_number || (0.0..=LONGEST).contains(value);
    let unwise = |value: &f64| value.abs() < 1e15;
    most.filter(fits).filter(unwise).or(least.filter(fits).filter(unwise))
}

/// A text within the bounds that matches none of the patterns.
fn formless(schemas: &[&Schema]) -> Option<Json> {
    let texts: Vec<&&Schema> = schemas.iter().filter(|schema| schema.kind == Some(Type::Text)).collect();
    if texts.is_empty() || texts.iter().any(|schema| schema.pattern().is_none() || !schema.values.is_empty()) {
        return None;
    }
    let misses = |text: &String| {
        let length = text.chars().count() as f64;
        texts.iter().any(|schema| schema.admits(length))
            && texts.iter().all(|schema| !schema.pattern().is_some_and(|pattern| pattern.is_match(text)))
    };
    let lengths = [4, 1, 2, 8, 12, 24, 36, 64, 0];
    let alphabet = ["x", "!", " ", "<", "\u{1}", "ß", "\0"];
    let all = alphabet.iter().flat_map(|letter| lengths.iter().map(|length| letter.repeat(*length)));
    all.into_iter().find(misses).map(Json::String)
}

fn whole_document(ground: &Ground, way: &[Step], value: Option<Json>) -> Json {
    let mut root = ground.whole.clone();
    match (value, way.split_last()) {
        (Some(value), _) => *reach(&mut root, way) = value,
        (None, Some((Step::Key(last), around))) => {
            reach(&mut root, around).as_object_mut().unwrap().shift_remove(last);
        }
        _ => {}
    }
    root
}

fn no_object(ground: &Ground) -> Option<Fault> {
    let kind = ground.kind;
    // A name alone may be a member.
    let scalar = kind.membership.as_ref().is_some_and(|membership| membership.scalar);
    // Text may be the path of a companion file.
    let value = if scalar || kind.object_file.is_some() { json!(5) } else { json!("just text") };
    Some(Fault {
        document: whole_document(ground, &ground.at, Some(value)),
        at: ground.at.clone(),
        at_key: false,
        code: "wrong-type",
        is_error: true,
        // Credentials are read with the application that holds them.
        field: if is_credential(kind) { path_of(ground, &ground.at[2..]).to_string() } else { kind.title.clone() },
        help: None,
        needs_tenant: false,
    })
}

/// Keys that the catalogue knows all of.
fn misnamed(ground: &Ground) -> Vec<Fault> {
    let kind = ground.kind;
    let mut found = Vec::new();
    for (position, field) in kind.identity.iter().enumerate() {
        let known = tenantry::pipeline::keys::names(kind, position, field);
        let Some(name) = ground.key.get(field).filter(|name| known.contains(name.as_str())) else { continue };
        let wrong = doubled(name);
        let in_body = ground.object().get(field).is_some();
        let mut document = ground.bare.clone();
        let at = if in_body {
            let at = [ground.at.clone(), vec![Step::Key(field.clone())]].concat();
            *reach(&mut document, &at) = json!(wrong);
            at
        } else {
            let Some(place) = ground.at.iter().rposition(|step| *step == Step::Key(name.clone())) else { continue };
            let around = reach(&mut document, &ground.at[..place]).as_object_mut().unwrap();
            let old = around.shift_remove(name).unwrap();
            around.insert(wrong.clone(), old);
            [ground.at[..place].to_vec(), vec![Step::Key(wrong.clone())]].concat()
        };
        // Where the table lists the names too, its word comes first.
        let listed = fields_of(ground).iter().any(|one| {
            one.way == [Step::Key(field.clone())] && branches(one).iter().any(|schema| !schema.values.is_empty())
        });
        found.push(Fault {
            document,
            at,
            at_key: !in_body,
            code: if listed { "wrong-value" } else { "unknown-name" },
            is_error: true,
            field: field.clone(),
            help: Some(format!("Did you mean `{name}`?")),
            needs_tenant: false,
        });
    }
    found
}

fn nameless(ground: &Ground) -> Vec<Fault> {
    let kind = ground.kind;
    let in_body = |name: &&String| ground.object().get(name).is_some();
    ground
        .naming_fields()
        .iter()
        .filter(in_body)
        .filter(|name| !kind.identity_defaults.contains_key(*name))
        .filter(|_| kind.membership.as_ref().is_none_or(|membership| membership.map_value.is_none()))
        .map(|name| Fault {
            document: whole_document(ground, &[ground.at.clone(), vec![Step::Key(name.clone())]].concat(), None),
            at: ground.at.clone(),
            at_key: false,
            code: "missing-identity",
            is_error: true,
            field: name.clone(),
            help: None,
            needs_tenant: false,
        })
        .collect()
}

/// What a create needs besides what names it, of what stands in the example.
fn required(ground: &Ground) -> Vec<Fault> {
    let kind = ground.kind;
    if kind.always_exists() || kind.verbs.create.is_none() {
        return Vec::new();
    }
    let needed = fields::missing_required(kind, &tenantry::model::value::Map::new());
    let names = ground.naming_fields();
    let filled = |field: &String| kind.fields.create_fills.iter().any(|fill| fill.set.contains_key(field));
    let fault = |api: String| {
        let file = kind.fields.rename.iter().find(|(_, to)| **to == api).map_or(&api, |(file, _)| file).clone();
        ground.object().get(&file)?;
        Some(Fault {
            document: whole_document(ground, &[ground.at.clone(), vec![Step::Key(file)]].concat(), None),
            at: ground.at.clone(),
            at_key: false,
            code: "missing-field",
            is_error: true,
            field: api,
            help: None,
            needs_tenant: true,
        })
    };
    // Which type a credential is of follows from where it stands.
    let implied = |field: &String| is_credential(kind) || filled(field);
    needed.into_iter().filter(|field| !names.contains(field) && !implied(field)).filter_map(fault).collect()
}

fn read_only(ground: &Ground) -> Vec<Fault> {
    if ground.kind.marked.is_some() {
        return Vec::new();
    }
    let names = ground.naming_fields();
    let tops = ground.kind.fields.read_only.iter().map(ToString::to_string);
    let plain = tops.filter(|field| !field.contains(['.', '[', '*']) && !names.contains(field));
    let nested: BTreeSet<&str> = catalogue().nested(&ground.kind.name).map(|child| child.segment()).collect();
    plain
        // What this tool reads under the same name is no field of the API.
        .filter(|field| !ground.kind.fields.tool.contains(field))
        .filter(|field| {
            ground.kind.membership.is_none() && !nested.contains(field.as_str()) && !is_credential(ground.kind)
        })
        .map(|field| Fault {
            document: ground.with(None, &[Step::Key(field.clone())], json!("written by somebody")),
            at: [ground.at.clone(), vec![Step::Key(field.clone())]].concat(),
            at_key: true,
            code: "read-only-field",
            is_error: false,
            field,
            help: None,
            needs_tenant: false,
        })
        .collect()
}
