//! Singletons that choose one object of another kind: what files say of them, and what the tenant would refuse.

use crate::catalogue::kind::{Kind, Marked};
use crate::catalogue::table::catalogue;
use crate::model::change::Change;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node, Place};
use crate::model::live::{Live, Object};
use crate::model::value::Value;
use crate::pipeline::matching::Matched;
use crate::pipeline::resolve::address_of;

/// Returns what files say of the singleton by a flag on an object in the list, as a node with the field that points at it.
pub fn flagged(kind: &Kind, marked: &Marked, list: &Node, findings: &mut Diagnostics) -> Option<Node> {
    let mut first: Option<(&Node, &Place)> = None;
    for item in list.items() {
        let Some(flag) = item.get(&marked.flag) else { continue };
        let name = item.get(&marked.field).and_then(Node::as_text).unwrap_or_default();
        let around = catalogue().kind(&marked.kind).map(|of| address_of(of, None, name));
        match (&flag.value, first) {
            (Content::Bool(true), None) => first = Some((item, &flag.place)),
            (Content::Bool(true), Some((_, place))) => {
                let finding = Diagnostic::error("too-many", format!("a tenant has one {}", kind.title));
                let help = format!("The first `{}: true` is at {place}.", marked.flag);
                findings.push(finding.at(&flag.place).help(help));
            }
            (Content::Bool(false) | Content::Null, _) => {}
            _ => {
                let summary = format!("{} must be true or false, not {}", kind.title, flag.type_name());
                let finding = Diagnostic::error("wrong-type", summary).at(&flag.place);
                findings.push(around.iter().fold(finding, |finding, around| finding.on(around)));
            }
        }
    }
    let (item, place) = first?;
    let field = item.get(&marked.field)?.clone();
    let entry = Entry { key: marked.field.clone(), key_place: place.clone(), value: field };
    Some(Node::new(Content::Map(vec![entry]), place.clone()))
}

/// Says of what a change chooses that the tenant would refuse it as it is.
pub fn not_ready(changes: &[Change], matched: &Matched<'_>, live: &Live) -> Vec<String> {
    let said = |change: &Change| {
        let marked = change.kind.marked.as_ref()?;
        let (resource, _) = matched.get(&change.address)?;
        let Some(Value::Reference(chosen)) = resource.body.get(&marked.field) else { return None };
        let is_it = |object: &&Object| {
            let own = object.body.get(&marked.field).and_then(Value::as_str);
            object.kind.name == marked.kind && own == Some(chosen.name.as_str())
        };
        let object = live.objects.iter().find(is_it);
        let is_ready = object.is_some_and(|object| {
            marked.ready.fits(object.body.get(&marked.ready.field).map(Value::to_shown).as_ref())
        });
        (!is_ready).then(|| format!("{}: {} is not ready. {}", change.address, chosen.name, marked.help))
    };
    changes.iter().filter_map(said).collect()
}
