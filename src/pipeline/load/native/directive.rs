//! Keys that start with `$`: they speak to tenantry, never to the API.

use super::form::{texts, wrong_type};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Entry, Node};
use crate::model::names::TenantName;

pub const KEY: &str = "$key";
pub const ONLY: &str = "$only";
pub const REMOVE: &str = "$remove";
pub const RENDER: &str = "$render";
pub const NEW: &str = "$new";
pub const APPEND: &str = "$append";
pub const WITHOUT: &str = "$without";
pub const ABSENT: &str = "$absent";
const WAS: &str = "$was";
const RELEASE: &str = "$release";

/// On a resource, in every file.
pub const ON_RESOURCES: [&str; 6] = [KEY, WAS, ONLY, REMOVE, RENDER, RELEASE];
/// On a field, in overlays.
const ON_FIELDS: [&str; 3] = [APPEND, WITHOUT, ABSENT];

/// Checks the directives of a resource: known, where they belong, of the right type.
pub fn check(resource: &Node, in_overlay: bool, tenants: &[TenantName], findings: &mut Diagnostics) {
    for entry in resource.entries().iter().filter(|entry| entry.key.starts_with('$')) {
        let key = entry.key.as_str();
        if ON_RESOURCES.contains(&key) || (key == NEW && in_overlay) {
            check_value(entry, tenants, findings);
        } else if key == NEW {
            findings.push(misplaced(entry, "belongs into an overlay; here everything is new"));
        } else if ON_FIELDS.contains(&key) {
            findings.push(misplaced(entry, "belongs to a field in an overlay, not to a resource"));
        } else {
            findings.push(unknown(entry, ON_RESOURCES.iter().chain(&[NEW]).copied()));
        }
    }
}

/// Reports what adjusts a field outside of an overlay, where there is nothing to adjust.
pub fn check_field(field: &Node, in_overlay: bool, findings: &mut Diagnostics) {
    let entries = field.entries().iter().filter(|entry| ON_FIELDS.contains(&entry.key.as_str()));
    for entry in entries.filter(|_| !in_overlay) {
        findings.push(misplaced(entry, "belongs into an overlay; here there is nothing to adjust"));
    }
}

/// Makes the finding for a directive that does not exist.
pub fn unknown<'a>(entry: &Entry, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let finding =
        Diagnostic::error("unknown-directive", format!("there is no directive `{}`", entry.key)).at(&entry.key_place);
    match nearest(&entry.key, known) {
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding.help("Keys that start with `$` speak to tenantry; the README lists them."),
    }
}

/// Returns the directives that may stand on a field in an overlay.
pub fn on_fields() -> [&'static str; 3] {
    ON_FIELDS
}

/// Says whether a flag is set on a resource.
pub fn is_set(resource: &Node, directive: &str) -> bool {
    matches!(resource.get(directive).map(|node| &node.value), Some(Content::Bool(true)))
}

/// Says whether `$only` leaves this tenant out.
pub fn leaves_out(resource: &Node, tenant: &TenantName) -> bool {
    match resource.get(ONLY).map(|node| &node.value) {
        Some(Content::Text(only)) => *only != tenant.0,
        Some(Content::List(only)) => !only.iter().any(|node| node.as_text() == Some(&tenant.0)),
        _ => false,
    }
}

fn misplaced(entry: &Entry, why: &str) -> Diagnostic {
    Diagnostic::error("misplaced-directive", format!("`{}` {why}", entry.key)).at(&entry.key_place)
}

fn check_value(entry: &Entry, tenants: &[TenantName], findings: &mut Diagnostics) {
    let node = &entry.value;
    let what = format!("`{}`", entry.key);
    match entry.key.as_str() {
        KEY | WAS => {
            if node.as_text().is_none_or(str::is_empty) {
                findings.push(wrong_type(node, &what, "a name"));
            }
        }
        ONLY => {
            let names = match &node.value {
                Content::Text(name) => vec![name.clone()],
                _ => texts(node, &what, findings),
            };
            for name in names.iter().filter(|name| !tenants.iter().any(|tenant| tenant.0 == **name)) {
                let finding =
                    Diagnostic::error("unknown-tenant", format!("there is no tenant `{name}`")).at(&node.place);
                findings.push(match nearest(name, tenants.iter().map(|tenant| tenant.0.as_str())) {
                    Some(near) => finding.help(format!("Did you mean `{near}`?")),
                    None => finding.help("A tenant is a file in `tenants/`."),
                });
            }
        }
        _ => {
            if !matches!(node.value, Content::Bool(_)) {
                findings.push(wrong_type(node, &what, "true or false"));
            }
        }
    }
}
