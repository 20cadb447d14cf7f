//! What the Deploy CLI does to an item after reading it, and what it drops.

use super::companion::{set, visit};
use super::layout::Part;
use crate::model::document::{Content, Node};

/// Brings an item (or an only object) into the form that both formats share.
pub(super) fn settle(item: &mut Node, part: &Part) {
    if let Some(hoist) = &part.hoist
        && let Some(moved) = item.take(&hoist.from)
    {
        if item.get(&hoist.into).is_none() {
            let empty = Node::new(Content::Map(Vec::new()), moved.key_place.clone());
            set(item, &hoist.into, empty);
        }
        if let Some(into) = item.get_mut(&hoist.into) {
            set(into, &hoist.from, moved.value);
        }
    }
    if let Some(slug) = &part.slug {
        visit(item, slug, &mut |node| {
            if let Content::Text(text) = &mut node.value {
                *text = text.to_lowercase().replace(char::is_whitespace, "-");
            }
        });
    }
    for field in &part.drop_empty {
        if item.get(field).is_some_and(|value| matches!(value.value, Content::Map(_)) && value.entries().is_empty()) {
            item.take(field);
        }
    }
}

/// Says whether a value is an object without members, which the Deploy CLI takes for no item at all.
pub(super) fn is_empty_object(node: &Node) -> bool {
    matches!(&node.value, Content::Map(entries) if entries.is_empty())
}
