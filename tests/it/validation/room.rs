//! Which faults a kind has no room for, and why: told by the field table and the kind file, not by what was found.

use tenantry::catalogue::fields;
use tenantry::catalogue::fields::table::{Schema, Type};
use tenantry::catalogue::table::is_credential;
use tenantry::model::value::Map;

use super::faults::Class;
use super::fields::{Field, branches, fields_of, is_looked_up, is_plain, must_be_described, names, refers};
use super::ground::Ground;
use super::written::Step;

/// Fields of these kinds have the property and yet no fault can be made, with the reason.
pub const NARROW: &[(&str, Class, &str)] = &[];

/// Returns why no fault of the class can be made in any of the kind's grounds; nothing where one must be.
pub fn why_not(grounds: &[Ground], class: Class) -> Option<&'static str> {
    let mut why = None;
    for ground in grounds {
        why = Some(why_not_in(ground, class)?);
    }
    why
}

fn why_not_in(ground: &Ground, class: Class) -> Option<&'static str> {
    let kind = ground.kind;
    match class {
        Class::NoObject => None,
        Class::Key => {
            let listed = !kind.keys.is_empty() || !kind.key_paths.is_empty() || !kind.key_values.is_empty();
            (!listed).then_some("its keys are no list")
        }
        Class::Nameless if kind.membership.as_ref().is_some_and(|one| one.scalar || one.map_value.is_some()) => {
            Some("a member is its name")
        }
        Class::Nameless => {
            let named = ground.naming_fields().iter().any(|name| ground.object().get(name).is_some());
            (!named).then_some("nothing in it names it")
        }
        Class::Required | Class::ReadOnly if kind.marked.is_some() => Some("files write a flag and none of its fields"),
        Class::Required if kind.always_exists() || kind.verbs.create.is_none() => Some("it is never created"),
        Class::Required => {
            let needed = fields::missing_required(kind, &Map::new());
            let names = ground.naming_fields();
            let filled = |field: &String| kind.fields.create_fills.iter().any(|fill| fill.set.contains_key(field));
            let more = needed.iter().any(|field| !names.contains(field) && !filled(field) && !is_credential(kind));
            (!more).then_some("a create needs no more than its name")
        }
        Class::ReadOnly if kind.membership.is_some() => Some("members are read by what is sent"),
        Class::ReadOnly => {
            let nested: Vec<&str> =
                tenantry::catalogue::table::catalogue().nested(&kind.name).map(|child| child.segment()).collect();
            let names = ground.naming_fields();
            let mut tops =
                kind.fields.read_only.iter().map(ToString::to_string).filter(|field| !field.contains(['.', '[', '*']));
            let some = tops.any(|field| {
                !names.contains(&field) && !kind.fields.tool.contains(&field) && !nested.contains(&field.as_str())
            });
            (!some || is_credential(kind)).then_some("no answer has more than its fields")
        }
        Class::Reference if kind.references.is_empty() => Some("it refers to nothing"),
        Class::Reference if kind.references.iter().all(is_looked_up) => Some("the tenant alone has what it refers to"),
        _ => why_no_field(ground, class),
    }
}

/// Says what leaves no field: each filter in turn, so that the reason is the first that empties the list.
fn why_no_field(ground: &Ground, class: Class) -> Option<&'static str> {
    let mut rest = fields_of(ground);
    type Filter<'f> = (&'static str, Box<dyn Fn(&Field) -> bool + 'f>);
    let texts = matches!(class, Class::Value | Class::NewValue | Class::Bound | Class::Pattern);
    let filters: Vec<Filter<'_>> = vec![
        ("the table has no field for it", Box::new(|_| true)),
        (lacking(class), Box::new(|field| has(class, field))),
        ("only what lies in lists that need several items", Box::new(|field| !field.crowded)),
        ("only what names it", Box::new(|field| class == Class::Reference || !names(ground, field))),
        ("only names of other objects", Box::new(|field| !texts || !refers(ground, field))),
        ("only secrets, templates and paths of files", Box::new(|field| !texts || is_plain(ground, field))),
        (
            "only fields that refer to nothing",
            Box::new(|field| class != Class::Reference || must_be_described(ground, field)),
        ),
    ];
    for (why, fits) in filters {
        rest.retain(|field| fits(field));
        if rest.is_empty() {
            return Some(why);
        }
    }
    None
}

fn lacking(class: Class) -> &'static str {
    match class {
        Class::Type => "no field has a type",
        Class::Slip => "every map takes any name",
        Class::Value | Class::NewValue => "no field has a list of values",
        Class::Bound => "no field has bounds",
        Class::Pattern => "no field has a pattern",
        _ => "no field is of the kind",
    }
}

/// Says whether the field has what the fault is against.
fn has(class: Class, field: &Field) -> bool {
    let schemas = branches(field);
    let any = schemas.iter().any(|schema| schema.kind == Some(Type::Anything));
    let texts: Vec<&&Schema> = schemas.iter().filter(|schema| schema.kind == Some(Type::Text)).collect();
    let all = |test: &dyn Fn(&Schema) -> bool| !texts.is_empty() && texts.iter().all(|schema| test(schema));
    match class {
        Class::Type => !schemas.is_empty() && !any,
        Class::Slip => field.closed && matches!(field.way.last(), Some(Step::Key(name)) if name.len() >= 5),
        Class::Value | Class::NewValue => !any && all(&|schema| !schema.values.is_empty()),
        Class::Bound => {
            !any && [Type::Text, Type::List, Type::Integer, Type::Number].iter().any(|kind| {
                let of: Vec<&&Schema> = schemas.iter().filter(|schema| schema.kind == Some(*kind)).collect();
                // No text and no list is shorter than empty.
                let number = matches!(kind, Type::Integer | Type::Number);
                let least = of.iter().all(|schema| schema.limits.0.is_some_and(|least| number || least > 0.0));
                let bounded = least || of.iter().all(|schema| schema.limits.1.is_some());
                !of.is_empty() && bounded && of.iter().all(|schema| schema.values.is_empty())
            })
        }
        Class::Pattern => !any && all(&|schema| schema.pattern().is_some() && schema.values.is_empty()),
        _ => texts.len() == schemas.len(),
    }
}
