//! The law of a translation: for each tenant the workspace wants what the project wanted, value by value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::desired::{Desired, Manage, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::names::TenantName;
use crate::model::value::{Map, Part, Reference, Value};
use crate::pipeline::scope::ignored;

/// Returns what differs. No value is shown.
pub fn differences(tenant: &TenantName, project: &Desired, workspace: &Desired) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let by_address = |desired: &'_ Desired| -> BTreeMap<Address, usize> {
        desired.resources.iter().enumerate().map(|(index, r)| (r.address.clone(), index)).collect()
    };
    let (wanted, made) = (by_address(project), by_address(workspace));
    for (address, index) in &wanted {
        let resource = &project.resources[*index];
        let Some(other) = made.get(address).map(|index| &workspace.resources[*index]) else {
            found.push(differs(tenant, resource, "it would not be in the workspace"));
            continue;
        };
        if let Some(what) = compare(resource, other) {
            found.push(differs(tenant, resource, &what));
        }
        if as_set(ignored(project, address)) != as_set(ignored(workspace, address)) {
            found.push(differs(tenant, resource, "other fields of it would be left alone"));
        }
        if project.settings.policy.manage(resource.kind) != workspace.settings.policy.manage(resource.kind) {
            found.push(differs(tenant, resource, "another rule would say whether it may be deleted"));
        }
    }
    for (address, index) in &made {
        if !wanted.contains_key(address) {
            let resource = &workspace.resources[*index];
            found.push(differs(tenant, resource, "it would be in the workspace only"));
        }
    }
    for kind in project.declared.symmetric_difference(&workspace.declared) {
        found.push(broken(tenant, &format!("`{kind}` would be managed in the one and not in the other")));
    }
    let rules = |desired: &Desired| -> Vec<(String, Manage)> {
        let kinds = desired.declared.iter().filter_map(|name| catalogue().kind(name));
        kinds.map(|kind| (kind.name.clone(), desired.settings.policy.manage(kind))).collect()
    };
    if rules(project) != rules(workspace) {
        found.push(broken(tenant, "another rule would say what may be deleted"));
    }
    let left_alone = |desired: &Desired| {
        let excluded = &desired.excluded;
        let addresses: BTreeSet<_> = excluded.addresses.iter().cloned().collect();
        (addresses, excluded.third_party_clients, excluded.only_connections.clone())
    };
    if left_alone(project) != left_alone(workspace) {
        found.push(broken(tenant, "other objects would be left alone"));
    }
    if project.settings.domain != workspace.settings.domain {
        found.push(broken(tenant, "the domain would be another"));
    }
    found
}

fn as_set(patterns: Vec<crate::model::path::FieldPattern>) -> BTreeSet<String> {
    patterns.iter().map(ToString::to_string).collect()
}

fn compare(one: &Resource, other: &Resource) -> Option<String> {
    if one.kind.name != other.kind.name || one.parent != other.parent || one.name != other.name {
        return Some("it would be another object".to_owned());
    }
    if one.unset != other.unset || other.was.is_some() {
        return Some("it would be taken out otherwise".to_owned());
    }
    fields(&one.body, &other.body).or_else(|| fields(&one.tool, &other.tool))
}

/// Returns the first field that is not the same.
fn fields(one: &Map, other: &Map) -> Option<String> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    keys.filter(|key| match (one.get(*key), other.get(*key)) {
        (Some(one), Some(other)) => !same(one, other),
        _ => true,
    })
    .map(|key| format!("`{key}` would be another value"))
    .next()
}

/// Says whether two values are one on the wire, secret in the same places.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Secret(one), Value::Secret(other)) if one.is_keep() || other.is_keep() => {
            one.is_keep() == other.is_keep()
        }
        (Value::Secret(_) | Value::Template(_), _) | (_, Value::Secret(_) | Value::Template(_)) => {
            is_secret(one) == is_secret(other) && on_the_wire(one).is_some_and(|text| Some(text) == on_the_wire(other))
        }
        _ => one == other,
    }
}

fn is_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Template(parts) => parts.iter().any(|part| matches!(part, Part::Secret(_))),
        _ => false,
    }
}

fn on_the_wire(value: &Value) -> Option<Json> {
    let named =
        |reference: &Reference| Some(format!("{}\u{0}{}\u{0}{}", reference.space, reference.name, reference.by));
    value.to_wire(&named).ok()
}

fn differs(tenant: &TenantName, resource: &Resource, what: &str) -> Diagnostic {
    broken(tenant, what).at(&resource.place).on(&resource.address)
}

/// Says that the law does not hold for a tenant.
pub fn broken(tenant: &TenantName, what: &str) -> Diagnostic {
    Diagnostic::error("not-translatable", format!("this cannot be carried over for `{tenant}`: {what}"))
        .help("Write it out without keywords, or leave it out of the project, and run this again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn secret(text: &str) -> Value {
        Value::Secret(Secret::new("x", text))
    }

    #[test]
    fn what_goes_over_the_wire_decides() {
        let template = |parts: Vec<Part>| Value::Template(parts);
        let bearer = || Part::Text("Bearer ".to_owned());
        let key = |text: &str| Part::Secret(Secret::new("y", text));
        assert!(same(&secret("Bearer k"), &template(vec![bearer(), key("k")])));
        assert!(!same(&secret("Bearer k"), &template(vec![bearer(), key("l")])));
        assert!(!same(&secret("a"), &Value::String("a".to_owned())));
        assert!(!same(&Value::Secret(Secret::keep("a")), &secret("a")));
        assert!(same(&Value::Secret(Secret::keep("a")), &Value::Secret(Secret::keep("b"))));
        assert!(!same(&Value::Secret(Secret::missing("a")), &Value::Secret(Secret::missing("a"))));
    }
}
