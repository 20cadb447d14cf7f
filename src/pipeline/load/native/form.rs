//! Reads a map whose keys are known: what is unknown, mistyped or of the wrong type is told with its place.

use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Node};

/// A map of the tool's own files.
#[derive(Debug)]
pub struct Form<'n> {
    node: &'n Node,
}

impl<'n> Form<'n> {
    /// Opens a map. Keys that are not `known` are errors; a null is an empty map; anything else is an error and `None`.
    /// `what` names it in messages: `the policy`.
    pub fn open(node: &'n Node, what: &str, known: &[&str], findings: &mut Diagnostics) -> Option<Self> {
        if !matches!(node.value, Content::Map(_) | Content::Null) {
            findings.push(wrong_type(node, what, "a map"));
            return None;
        }
        for entry in node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let help = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("It may hold {}.", known.join(", ")),
            };
            let summary = format!("{what} has no setting `{}`", entry.key);
            findings.push(Diagnostic::error("unknown-setting", summary).at(&entry.key_place).help(help));
        }
        Some(Self { node })
    }

    /// Returns a member; null counts as absent.
    pub fn node(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    /// Returns a text.
    pub fn text(&self, key: &str, findings: &mut Diagnostics) -> Option<&'n str> {
        let node = self.node(key)?;
        let text = node.as_text();
        if text.is_none() {
            findings.push(wrong_type(node, &format!("`{key}`"), "text"));
        }
        text
    }

    /// Returns a `true` or `false`.
    pub fn flag(&self, key: &str, findings: &mut Diagnostics) -> Option<bool> {
        let node = self.node(key)?;
        match node.value {
            Content::Bool(flag) => Some(flag),
            _ => {
                findings.push(wrong_type(node, &format!("`{key}`"), "true or false"));
                None
            }
        }
    }

    /// Returns a whole number from 0 up.
    pub fn count(&self, key: &str, findings: &mut Diagnostics) -> Option<usize> {
        let node = self.node(key)?;
        let count = match &node.value {
            Content::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            _ => None,
        };
        if count.is_none() {
            findings.push(wrong_type(node, &format!("`{key}`"), "a whole number"));
        }
        count
    }

    /// Returns a list of texts, empty if it is absent.
    pub fn texts(&self, key: &str, findings: &mut Diagnostics) -> Vec<String> {
        self.node(key).map(|node| texts(node, &format!("`{key}`"), findings)).unwrap_or_default()
    }
}

/// Reads a list of texts.
pub fn texts(node: &Node, what: &str, findings: &mut Diagnostics) -> Vec<String> {
    if !matches!(node.value, Content::List(_)) {
        findings.push(wrong_type(node, what, "a list of texts"));
    }
    let mut texts = Vec::new();
    for item in node.items() {
        match item.as_text() {
            Some(text) => texts.push(text.to_owned()),
            None => findings.push(wrong_type(item, &format!("an item of {what}"), "text")),
        }
    }
    texts
}

/// Makes the finding for a value of another type than wanted.
pub fn wrong_type(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("{what} must be {wanted}, not {}", node.type_name())).at(&node.place)
}
