//! `$was` in a ring: the same names before and after, so nothing shows whether it is done.

use std::collections::BTreeMap;

use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics};

/// Reports resources that say of each other that they were the other. `$was` stays in the files once it is done, so a plan
/// would have to turn them round each time, or never.
pub fn report_rings(desired: &Desired, findings: &mut Diagnostics) {
    let renamed: BTreeMap<(&str, &str), (&Resource, &str)> = desired
        .resources
        .iter()
        .filter_map(|resource| {
            Some(((resource.kind.name.as_str(), resource.name.as_str()), (resource, resource.was.as_deref()?)))
        })
        .filter(|((_, name), (_, was))| name != was)
        .collect();
    for ((kind, name), (resource, was)) in &renamed {
        let mut ring = vec![*name];
        let mut next = *was;
        while let Some((_, was)) = renamed.get(&(*kind, next)).filter(|_| !ring.contains(&next)) {
            ring.push(next);
            next = was;
        }
        // Of a ring the first name tells.
        if next != *name || ring.iter().min() != Some(name) {
            continue;
        }
        let said: Vec<String> = ring
            .iter()
            .filter_map(|name| Some(format!("`{name}` was `{}`", renamed.get(&(*kind, *name))?.1)))
            .collect();
        let way: Vec<String> = ring
            .iter()
            .filter_map(|name| Some(format!("`$key: {}` to `{name}`", renamed.get(&(*kind, *name))?.1)))
            .collect();
        findings.push(
            Diagnostic::error("was-ring", format!("`$was` goes round: {}", said.join(", ")))
                .at(&resource.place)
                .on(&resource.address)
                .help(format!(
                    "The names are the same before and after, so no plan can tell whether it is done. Leave `$was` out and \
                     give {}: then each keeps its object, and one apply turns the names round.",
                    way.join(", ")
                )),
        );
    }
}
