//! Takes out what this tenant does not have, and the directives that have done their work.

use super::directive::{self, NEW, ONLY, REMOVE};
use super::spot::Spot;
use crate::model::document::{Content, Entry, Node};
use crate::model::names::TenantName;

/// Splits the merged files into what stays and what is taken out. Of nested resources nothing is handed on: that the
/// list around them is there says that they are gone.
pub fn split(root: Vec<Entry>, tenant: &TenantName) -> (Vec<Entry>, Vec<Entry>) {
    let mut kept = Vec::new();
    let mut removed = Vec::new();
    for mut entry in root {
        let (stays, gone) = sift(entry.value, &Spot::top(&entry.key), tenant);
        if let Some(gone) = gone {
            let key_place = entry.key_place.clone();
            removed.push(Entry { key: entry.key.clone(), key_place, value: gone });
        }
        if let Some(stays) = stays {
            entry.value = stays;
            kept.push(entry);
        }
    }
    (kept, removed)
}

/// Returns what stays of a node and, in the same structure, what goes.
fn sift(mut node: Node, spot: &Spot, tenant: &TenantName) -> (Option<Node>, Option<Node>) {
    if spot.is_resource() {
        let goes = directive::is_set(&node, REMOVE) || directive::leaves_out(&node, tenant);
        for used in [ONLY, REMOVE, NEW] {
            node.take(used);
        }
        if goes {
            return (None, Some(node));
        }
        return (Some(without_removed_below(node, spot, tenant)), None);
    }
    let place = node.place.clone();
    let shell = |content| Some(Node::new(content, place.clone()));
    match node.value {
        Content::List(items) => {
            let sifted = items.into_iter().enumerate().map(|(index, item)| sift(item, &spot.item(index), tenant));
            let (stays, goes): (Vec<_>, Vec<_>) = sifted.unzip();
            let goes: Vec<Node> = goes.into_iter().flatten().collect();
            let gone = if goes.is_empty() { None } else { shell(Content::List(goes)) };
            (shell(Content::List(stays.into_iter().flatten().collect())), gone)
        }
        Content::Map(entries) => {
            let (mut stays, mut goes) = (Vec::new(), Vec::new());
            for entry in entries {
                let (key, key_place) = (entry.key.clone(), entry.key_place.clone());
                let (stay, go) = sift(entry.value, &spot.key(&entry.key), tenant);
                stays.extend(stay.map(|value| Entry { key: key.clone(), key_place: key_place.clone(), value }));
                goes.extend(go.map(|value| Entry { key, key_place, value }));
            }
            let gone = if goes.is_empty() { None } else { shell(Content::Map(goes)) };
            (shell(Content::Map(stays)), gone)
        }
        content => (shell(content), None),
    }
}

fn without_removed_below(mut node: Node, spot: &Spot, tenant: &TenantName) -> Node {
    match &mut node.value {
        Content::List(items) => {
            let old = std::mem::take(items);
            let sifted = old.into_iter().enumerate().map(|(index, item)| sift_below(item, &spot.item(index), tenant));
            items.extend(sifted.flatten());
        }
        Content::Map(entries) => {
            let old = std::mem::take(entries);
            for entry in old {
                let value = sift_below(entry.value, &spot.key(&entry.key), tenant);
                entries.extend(value.map(|value| Entry { value, ..entry }));
            }
        }
        _ => {}
    }
    node
}

fn sift_below(node: Node, spot: &Spot, tenant: &TenantName) -> Option<Node> {
    if spot.is_resource() { sift(node, spot, tenant).0 } else { Some(without_removed_below(node, spot, tenant)) }
}
