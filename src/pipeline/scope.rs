//! What a run looks at: `--target`, `--exclude`, and what the files declare.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::desired::{Desired, Excluded, Resource, TenantSettings};
use crate::model::path::FieldPattern;
use crate::model::value::{Reference, Value};
use crate::pipeline::references::{on_body, qualified};

/// The part of the configuration that a run is about.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Address patterns after `--target` (`*` allowed); empty means all. What a target needs comes along.
    pub targets: Vec<String>,
    /// Kind names, keys or address patterns after `--exclude`.
    pub exclude: Vec<String>,
}

/// Says whether an address fits a pattern with `*` (any text, `/` included). A pattern of a resource covers what is
/// nested in it.
pub fn fits(pattern: &str, address: &Address) -> bool {
    if !pattern.contains('*') {
        return address.is_within(&Address::typed(pattern));
    }
    let expression = pattern.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
    Regex::new(&format!("^{expression}(/.*)?$")).is_ok_and(|regex| regex.is_match(address.as_str()))
}

impl Excluded {
    /// Says whether a kind is left alone as a whole.
    pub fn kind(&self, kind: &Kind) -> bool {
        let named = |set: &BTreeSet<String>| set.contains(&kind.name) || set.contains(kind.top_key());
        named(&self.kinds) || (!self.only_kinds.is_empty() && !named(&self.only_kinds))
    }

    /// Says whether one resource or object is left alone.
    pub fn address(&self, address: &Address) -> bool {
        self.addresses.iter().any(|pattern| fits(pattern, address))
    }

    /// Says whether the object that a reference names is left alone, and with it the edge.
    pub fn reference(&self, reference: &Reference) -> bool {
        catalogue().in_space(&reference.space).any(|kind| self.address(&Address::named(&kind.name, &reference.name)))
    }

    /// Says whether something is left alone by its `name`, or is a connection outside the list of those to include.
    pub fn named(&self, kind: &Kind, name: Option<&str>) -> bool {
        let Some(name) = name else { return false };
        let excluded = self.names.get(kind.top_key()).is_some_and(|names| names.contains(name));
        // The list is of connections proper: the kind whose filter leaves the databases out.
        let listed = kind.parent.is_none() && kind.filter.as_ref().is_some_and(|filter| filter.differs.is_some());
        excluded || (listed && !self.only_connections.is_empty() && !self.only_connections.contains(name))
    }
}

/// Takes excluded kinds and resources out of what is desired, with the edges to them.
pub fn leave_out_excluded(desired: &mut Desired) {
    let excluded = desired.excluded.clone();
    let third_party = |resource: &Resource| {
        excluded.third_party_clients && matches!(resource.body.get("is_first_party"), Some(Value::Bool(false)))
    };
    let gone: Vec<Address> = desired
        .resources
        .iter()
        .filter(|r| {
            excluded.kind(r.kind)
                || excluded.address(&r.address)
                || excluded.named(r.kind, r.body.get("name").and_then(Value::as_str))
                || third_party(r)
        })
        .map(|r| r.address.clone())
        .collect();
    desired.resources.retain(|r| !gone.iter().any(|address| r.address.is_within(address)));
    desired.removed.retain(|r| !excluded.kind(r.kind) && !excluded.address(&r.address));
    desired.declared.retain(|name| catalogue().kind(name).is_none_or(|kind| !excluded.kind(kind)));
    if excluded.addresses.is_empty() {
        return;
    }
    for resource in &mut desired.resources {
        if resource.kind.membership.is_some() {
            on_body(resource, |body| {
                if let Value::List(members) = body {
                    members.retain(|member| {
                        let mut out = false;
                        member.references(&mut |reference| out |= excluded.reference(reference));
                        !out
                    });
                }
            });
        }
    }
    // A grant's client is part of its identity: grants of excluded clients are left alone too.
    desired.resources.retain(|resource| {
        !resource.kind.identity.iter().any(|field| match resource.body.get(field) {
            Some(Value::Reference(reference)) => excluded.reference(reference),
            _ => false,
        })
    });
}

/// Returns which resource provides a (space, name).
pub fn providers(desired: &Desired) -> BTreeMap<(String, String), Address> {
    providers_of(&desired.resources.iter().collect::<Vec<_>>())
}

/// Returns which of these resources provides a (space, name).
pub fn providers_of(resources: &[&Resource]) -> BTreeMap<(String, String), Address> {
    let names: BTreeMap<&Address, &str> = resources.iter().map(|r| (&r.address, r.name.as_str())).collect();
    let of = |r: &&Resource| {
        let parent = r.parent.as_ref().and_then(|p| names.get(p)).copied();
        ((r.kind.space().to_owned(), qualified(parent, r.kind, &r.name)), r.address.clone())
    };
    resources.iter().map(of).collect()
}

/// Calls `visit` with every reference of a resource.
pub fn body_references<'a>(resource: &'a Resource, visit: &mut impl FnMut(&'a Reference)) {
    resource.body.values().for_each(|value| value.references(visit));
}

/// Returns the fields of a resource that policy and exclusions leave alone.
pub fn ignored(desired: &Desired, address: &Address) -> Vec<FieldPattern> {
    let rules = desired.settings.policy.ignore.iter().chain(&desired.excluded.fields);
    of_rules(rules, address)
}

/// Returns the fields of a resource that a tenant's settings leave alone.
pub fn ignored_by(settings: &TenantSettings, address: &Address) -> Vec<FieldPattern> {
    of_rules(settings.policy.ignore.iter().chain(&settings.excluded.fields), address)
}

fn of_rules<'a>(rules: impl Iterator<Item = &'a String>, address: &Address) -> Vec<FieldPattern> {
    rules
        .filter_map(|rule| split_rule(rule))
        .filter(|(pattern, _)| fits(pattern, address))
        .filter_map(|(_, field)| field.parse().ok())
        .collect()
}

/// Splits `address-pattern:field` or `address-pattern/field` (the longest kind and name in front).
pub fn split_rule(rule: &str) -> Option<(String, String)> {
    if let Some((pattern, field)) = rule.split_once(':') {
        return Some((pattern.to_owned(), field.to_owned()));
    }
    let mut parts: Vec<&str> = rule.split('/').collect();
    if parts.len() < 2 {
        return None;
    }
    let fields = parts.split_off(parts.len().min(2));
    (!fields.is_empty()).then(|| (parts.join("/"), fields.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_is_nested() {
        let address = Address::named("roles", "Admin").child("permissions", None);
        assert!(fits("roles/Admin", &address));
        assert!(fits("roles/*", &address));
        assert!(fits("*", &address));
        assert!(!fits("roles/Adm", &address));
        assert!(!fits("clients/*", &address));
    }
}
