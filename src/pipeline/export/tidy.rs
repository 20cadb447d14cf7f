//! One live body in the form of the files, still by API names: names for ids, nothing that the server derives, nothing
//! that says nothing, lists without order in one order.

use std::collections::BTreeSet;

use crate::catalogue::kind::{Kind, MemberPolicy};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::desired::MEMBERS;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::Object;
use crate::model::path::{FieldPath, FieldPattern, Segment};
use crate::model::secret::Secret;
use crate::model::value::Value;
use crate::pipeline::canonical::{self, Names};
use crate::pipeline::diff::list_key;
use crate::pipeline::members::key_of;

use super::oddities;
use super::selection::Selection;

/// What tidying needs to know of the rest of the tenant.
#[derive(Debug)]
pub(super) struct Tenant<'a> {
    pub names: &'a Names,
    pub selection: &'a Selection<'a>,
    pub objects: &'a [Object],
}

/// Returns the body of an object, or the list of a membership. `None` if it cannot be said without an id.
pub(super) fn body(
    tenant: &Tenant<'_>,
    object: &Object,
    address: &Address,
    findings: &mut Diagnostics,
) -> Option<Value> {
    let kind = object.kind;
    let mut body = tenant.names.body(object);
    let mut value = match body.shift_remove(MEMBERS) {
        Some(list) if kind.shape == Shape::Membership => list,
        _ => Value::Map(body),
    };
    if !drop_unnamed(kind, &mut value, address, findings) {
        return None;
    }
    oddities::untangle(tenant, object, &mut value);
    canonical::strip(kind, &mut value);
    drop_server_made(kind, &mut value);
    add_unseen(kind, &mut value, address, findings);
    if let Value::List(members) = &mut value {
        own_members(tenant, kind, members);
    }
    tidy(kind, &FieldPath::default(), &mut value);
    Some(value)
}

/// A secret that create refuses is made by the server, each time anew: to name it would only keep the files from being
/// applied elsewhere.
fn drop_server_made(kind: &Kind, value: &mut Value) {
    for pattern in kind.fields.update_only.iter().filter(|pattern| kind.fields.secret.contains(pattern)) {
        pattern.rewrite(value, &mut |_, _| None);
    }
}

/// Takes out references to objects that nothing names (deleted ones, mostly). Returns false if that leaves no identity.
fn drop_unnamed(kind: &Kind, value: &mut Value, address: &Address, findings: &mut Diagnostics) -> bool {
    for reference in kind.references.iter().filter(|reference| reference.by == "id") {
        let is_unnamed = |value: &Value| matches!(value, Value::String(text) if !text.is_empty() && !reference.except.contains(text));
        let found: Vec<FieldPath> = reference
            .field
            .select(value)
            .into_iter()
            .filter(|(_, value)| is_unnamed(value))
            .map(|(path, _)| path)
            .collect();
        let Some(first) = found.first() else { continue };
        let pattern = reference.field.to_string();
        findings.push(
            Diagnostic::warning(
                "not-exported",
                format!("`{first}` is left out: it names an object that was not found"),
            )
            .on(address)
            .help("The object was deleted, or its kind was not read. Files hold names, never ids."),
        );
        if kind.identity.contains(&pattern) {
            return false;
        }
        if reference.field.is_deep() {
            // What it lies in would be another thing without it: all of it stays unmanaged.
            let tops: BTreeSet<String> = found
                .iter()
                .filter_map(|path| match path.0.first() {
                    Some(Segment::Key(key)) => Some(key.clone()),
                    _ => None,
                })
                .collect();
            tops.iter().for_each(|top| remove(top, value));
            continue;
        }
        match (&mut *value, pattern.split_once("[]")) {
            (Value::List(members), Some(("", _))) => {
                let gone: BTreeSet<usize> = found
                    .iter()
                    .filter_map(|path| match path.0.first() {
                        Some(Segment::Index(index)) => Some(*index),
                        _ => None,
                    })
                    .collect();
                let mut index = 0;
                members.retain(|_| {
                    index += 1;
                    !gone.contains(&(index - 1))
                });
            }
            // A list without one of its items is another list: all of it stays unmanaged.
            (value, Some((list, _))) => remove(list, value),
            (value, None) => reference.field.rewrite(value, &mut |_, found| (!is_unnamed(&found)).then_some(found)),
        }
    }
    true
}

fn remove(pattern: &str, value: &mut Value) {
    if let Ok(pattern) = pattern.parse::<FieldPattern>() {
        pattern.rewrite(value, &mut |_, _| None);
    }
}

/// Keeps the members that are ours to name, with the fields that travel, in one order.
fn own_members(tenant: &Tenant<'_>, kind: &Kind, members: &mut Vec<Value>) {
    let Some(membership) = &kind.membership else { return };
    if membership.members == MemberPolicy::Owned {
        members.retain(|member| {
            let mut is_own = false;
            member.references(&mut |reference| is_own |= tenant.selection.is_to_own(reference));
            !is_own
        });
    }
    let grants = kind.has(Quirk::GrantByClient);
    for member in members.iter_mut() {
        if let Value::Map(map) = member
            && !membership.sent.is_empty()
            && !grants
        {
            map.retain(|field, _| membership.sent.contains(field) || membership.identity.contains(field));
        }
    }
    if !membership.is_ordered() {
        members.sort_by_cached_key(|member| (key_of(membership, member), member.to_shown().to_string()));
    }
}

/// Puts a secret where the tenant has one that it never shows. Where that is a guess, a note says so instead.
fn add_unseen(kind: &Kind, value: &mut Value, address: &Address, findings: &mut Diagnostics) {
    let mut guesses: BTreeSet<String> = BTreeSet::new();
    for pattern in kind.fields.secret.iter().filter(|pattern| kind.fields.write_only.contains(pattern)) {
        let text = pattern.to_string();
        let (holder, field) = text.rsplit_once('.').unwrap_or(("", &text));
        if field.contains(['*', '[']) {
            continue;
        }
        let alone = kind.fields.secret.iter().filter(|other| holder_of(other) == holder).count() == 1;
        let certain = holder.ends_with("[]")
            || (holder.is_empty() && kind.fields.required.iter().any(|required| required == field))
            || (!holder.is_empty() && alone);
        let add = |value: &mut Value| {
            if let Value::Map(map) = value
                && !map.contains_key(field)
            {
                map.insert(field.to_owned(), Value::Secret(Secret::keep(field)));
            }
        };
        match (holder, holder.parse::<FieldPattern>()) {
            ("", _) if certain => add(value),
            ("", _) | (_, Err(_)) => {}
            (_, Ok(holder)) if certain => holder.rewrite(value, &mut |_, mut found| {
                add(&mut found);
                Some(found)
            }),
            (holder, Ok(pattern)) => {
                let shown = kind.fields.secret.iter().filter(|other| holder_of(other) == holder);
                let has_one = shown.flat_map(|other| other.select(value)).next().is_some();
                if !has_one && pattern.select(value).iter().any(|(_, found)| found.as_map().is_some()) {
                    guesses.insert(holder.to_owned());
                }
            }
        }
    }
    for holder in guesses {
        findings.push(
            Diagnostic::note("unseen-secret", format!("the tenant never shows the secrets in `{holder}`"))
                .on(address)
                .help("They stay as they are. To set them, or to create this elsewhere, declare them by hand."),
        );
    }
}

fn holder_of(pattern: &FieldPattern) -> String {
    pattern.to_string().rsplit_once('.').map_or_else(String::new, |(holder, _)| holder.to_owned())
}

/// Drops what says nothing and sorts what has no order.
fn tidy(kind: &Kind, path: &FieldPath, value: &mut Value) {
    match value {
        Value::Map(map) => {
            let fields = std::mem::take(map);
            for (field, mut value) in fields {
                let inner = path.key(&field);
                tidy(kind, &inner, &mut value);
                let means_nothing = value.is_null()
                    || (value.is_empty() && kind.fields.empty_is_absent.iter().any(|p| p.matches(&inner)));
                if !means_nothing {
                    map.insert(field, value);
                }
            }
        }
        Value::List(list) => {
            // Items of a set are compared as they are, so they stay as they are.
            if kind.fields.sets.iter().any(|pattern| pattern.matches(path)) {
                list.sort_by_cached_key(|item| item.to_shown().to_string());
                return;
            }
            for (index, item) in list.iter_mut().enumerate() {
                tidy(kind, &path.with(Segment::Index(index)), item);
            }
            if let Some(key) = list_key(kind, path) {
                list.sort_by_cached_key(|item| {
                    let name = item.as_map().and_then(|map| map.get(&key)).map(Value::to_shown);
                    (name.map(|name| name.to_string()), item.to_shown().to_string())
                });
            }
        }
        _ => {}
    }
}
