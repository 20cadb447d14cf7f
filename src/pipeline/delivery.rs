//! Where values go that the API shows once, when their object is made.
//!
//! Pure: it only says which target each resource has. Nothing is made whose value would go nowhere.

use std::collections::BTreeMap;

use crate::model::address::Address;
use crate::model::desired::{Delivery, Desired, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::plan::{Operation, Step};
use crate::model::value::Value;

/// Returns the name of the target that a resource names.
fn named(resource: &Resource) -> Option<&str> {
    resource.tool.get("deliver").and_then(Value::as_str)
}

/// Reports resources of which nothing says where the value goes.
pub fn check(desired: &Desired, findings: &mut Diagnostics) {
    let targets = &desired.settings.deliver;
    let mut files: BTreeMap<&str, &Address> = BTreeMap::new();
    for resource in desired.resources.iter().filter(|r| r.kind.shown_once.is_some() && r.is_declared() && !r.unset) {
        let (summary, help) = match named(resource) {
            Some(name) if targets.contains_key(name) => match targets.get(name) {
                Some(Delivery::File(path)) => match files.insert(path, &resource.address) {
                    Some(other) => (
                        format!("the value would replace that of {other} in `{path}`"),
                        "Give each a target of its own under `deliver`.".to_owned(),
                    ),
                    None => continue,
                },
                _ => continue,
            },
            Some(name) => (
                format!("the tenant's file has no `{name}` under `deliver`"),
                match nearest(name, targets.keys().map(String::as_str)) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Write `deliver: {{ {name}: {{ file: PATH }} }}` in the tenant's file."),
                },
            ),
            None => (
                format!("nothing says where the value of this {} goes, and it is shown only once", resource.kind.title),
                "Write `deliver: NAME` here, and `deliver: { NAME: { file: PATH } }` in the tenant's file.".to_owned(),
            ),
        };
        let finding = Diagnostic::error("no-delivery", summary).at(&resource.place).on(&resource.address);
        findings.push(finding.help(help));
    }
}

/// Says where the values of a plan go.
pub fn told(plan: &[Step], deliveries: &BTreeMap<Address, Delivery>) -> Vec<String> {
    let goes = |step: &Step| {
        let target = match deliveries.get(&step.address)? {
            Delivery::File(path) => format!("the file `{path}`"),
            Delivery::Command(words) => format!("the command `{}`", words.first().map_or("", String::as_str)),
        };
        Some(format!("the value of {} is shown once and goes to {target}", step.address))
    };
    plan.iter().filter(|step| matches!(step.operation, Operation::Create { .. })).filter_map(goes).collect()
}

/// Returns the targets by address.
pub fn deliveries(desired: &Desired) -> BTreeMap<Address, Delivery> {
    let target = |resource: &Resource| {
        let delivery = desired.settings.deliver.get(named(resource)?)?;
        Some((resource.address.clone(), delivery.clone()))
    };
    desired.resources.iter().filter(|resource| resource.kind.shown_once.is_some()).filter_map(target).collect()
}
