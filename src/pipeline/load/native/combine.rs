//! Several templates to one: lists of resources are joined, maps merged, nothing is set twice.

use super::spot::Spot;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node};

/// Adds the members of one more file.
pub fn add(root: &mut Vec<Entry>, file: Node, findings: &mut Diagnostics) {
    let Content::Map(entries) = file.value else { return };
    for entry in entries {
        let spot = Spot::top(&entry.key);
        put(root, entry, &spot, findings);
    }
}

fn put(entries: &mut Vec<Entry>, entry: Entry, spot: &Spot, findings: &mut Diagnostics) {
    let Some(existing) = entries.iter_mut().find(|existing| existing.key == entry.key) else {
        return entries.push(entry);
    };
    match (&mut existing.value.value, entry.value.value) {
        (Content::List(items), Content::List(more)) if spot.items_are().is_some() || spot.is_unknown() => {
            items.extend(more);
        }
        (Content::Map(inner), Content::Map(more)) => {
            for member in more {
                let spot = spot.key(&member.key);
                put(inner, member, &spot, findings);
            }
        }
        _ => findings.push(
            Diagnostic::error("set-twice", format!("two templates set `{}`", entry.key))
                .at(&entry.key_place)
                .help(format!("The first is at {}. Keep one of them.", existing.key_place)),
        ),
    }
}
