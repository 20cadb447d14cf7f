//! `deliver` of a tenant's file: where values go that the API shows once.
//!
//! It stands beside `secrets`, never in a template: what is run and written is not a proposal's to say.

use std::collections::BTreeMap;

use super::form::{Form, texts, wrong_type};
use crate::model::desired::Delivery;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node};

/// Reads `{ NAME: { file: path } }` and `{ NAME: { command: [program, argument] } }`.
pub fn read(node: Option<&Node>, findings: &mut Diagnostics) -> BTreeMap<String, Delivery> {
    let mut targets = BTreeMap::new();
    let Some(node) = node.filter(|node| !node.is_null()) else { return targets };
    if !matches!(node.value, Content::Map(_)) {
        findings.push(wrong_type(node, "`deliver`", "a map"));
    }
    for entry in node.entries() {
        if let Some(target) = one(&entry.key, &entry.value, findings) {
            targets.insert(entry.key.clone(), target);
        }
    }
    targets
}

fn one(name: &str, node: &Node, findings: &mut Diagnostics) -> Option<Delivery> {
    let what = format!("the delivery `{name}`");
    let form = Form::open(node, &what, &["file", "command"], findings)?;
    if node.entries().len() != 1 {
        let finding = Diagnostic::error("wrong-type", format!("{what} must name exactly one target")).at(&node.place);
        findings.push(finding.help("Write `{ file: path }` or `{ command: [program, argument] }`."));
        return None;
    }
    match form.node("command") {
        Some(command) => {
            let words = texts(command, "`command`", findings);
            if words.is_empty() {
                findings.push(wrong_type(command, "`command`", "a list of a program and its arguments"));
            }
            (!words.is_empty()).then_some(Delivery::Command(words))
        }
        None => form.text("file", findings).map(|path| Delivery::File(path.to_owned())),
    }
}
