//! What a resource in a file is called, as far as overlays and removals must know before `resolve` decides.

use super::directive::KEY;
use crate::catalogue::kind::Kind;
use crate::model::address::join_names;
use crate::model::document::{Content, Node};
use crate::pipeline::yaml::number_text;

/// Returns the name in a resource's address: its `$key`, else its identity.
pub fn address_name(kind: &Kind, node: &Node) -> Option<String> {
    node.get(KEY).and_then(Node::as_text).map(str::to_owned).or_else(|| identity(kind, node))
}

/// Returns the identity of a resource as one name; `None` if a part of it is not written or not known yet.
pub fn identity(kind: &Kind, node: &Node) -> Option<String> {
    let parts: Option<Vec<String>> = kind.identity.iter().map(|field| part(kind, field, node)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| join_names(&parts))
}

/// Says whether a file's field is a part of the identity.
pub fn is_part(kind: &Kind, field: &str) -> bool {
    let api = kind.fields.rename.get(field).map_or(field, String::as_str);
    kind.identity.iter().any(|part| part == api || part == field)
}

fn part(kind: &Kind, field: &str, node: &Node) -> Option<String> {
    let in_file = kind.fields.rename.iter().find(|(_, api)| api.as_str() == field).map(|(file, _)| file);
    let written = node.get(field).or_else(|| node.get(in_file?));
    match written.map(|node| &node.value) {
        Some(Content::Text(text)) => Some(text.clone()),
        Some(Content::Number(number)) => Some(number_text(number)),
        Some(_) => None,
        None => kind.identity_defaults.get(field).cloned(),
    }
}
