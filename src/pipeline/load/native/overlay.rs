//! What differs for one tenant: maps are merged deeply, resources by address, other lists are replaced or adjusted.

use std::sync::Arc;

use super::directive::{self, ABSENT, APPEND, NEW, WITHOUT};
use super::form::wrong_type;
use super::identity::{address_name, identity, is_part};
use super::spot::Spot;
use crate::catalogue::kind::Kind;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Entry, Node};

/// One overlay on its way into the merged templates.
#[derive(Debug)]
pub struct Overlay<'a> {
    /// The file that it is from.
    pub file: &'a Arc<str>,
    /// The files of the overlays before it: what they set must not be set again.
    pub earlier: &'a [Arc<str>],
    pub findings: &'a mut Diagnostics,
}

impl Overlay<'_> {
    /// Merges the overlay's map of kinds.
    pub fn merge(&mut self, root: &mut Vec<Entry>, overlay: Node) {
        let Content::Map(entries) = overlay.value else { return };
        for entry in entries {
            let spot = Spot::top(&entry.key);
            self.member(root, entry, &spot);
        }
    }

    fn members(&mut self, base: &mut Vec<Entry>, entries: Vec<Entry>, spot: &Spot) {
        for entry in entries {
            let inner = spot.key(&entry.key);
            self.member(base, entry, &inner);
        }
    }

    fn member(&mut self, base: &mut Vec<Entry>, mut entry: Entry, spot: &Spot) {
        let position = base.iter().position(|existing| existing.key == entry.key);
        if is_absent(&entry.value) {
            match position {
                Some(position) => drop(base.remove(position)),
                None => {
                    let keys = base.iter().map(|existing| existing.key.as_str());
                    self.findings.push(no_such("field", &entry.key, keys).at(&entry.key_place));
                }
            }
            return;
        }
        let list = std::mem::replace(&mut entry.value.value, Content::Null);
        match (list, spot.items_are()) {
            (Content::List(items), Some(kind)) => {
                if position.is_none() {
                    entry.value.value = Content::List(Vec::new());
                    base.push(entry);
                }
                let slot = position.unwrap_or(base.len().saturating_sub(1));
                if let Some(Entry { value: existing, .. }) = base.get_mut(slot) {
                    if matches!(existing.value, Content::Null) {
                        existing.value = Content::List(Vec::new());
                    }
                    self.resources(existing, items, spot, kind);
                }
            }
            (value, _) => {
                entry.value.value = value;
                match position.and_then(|position| base.get_mut(position)) {
                    Some(existing) => self.onto(existing, entry, spot),
                    None => {
                        if let Some(entry) = self.fresh(entry, spot) {
                            base.push(entry);
                        }
                    }
                }
            }
        }
    }

    /// Merges one member onto the one that stands there.
    fn onto(&mut self, existing: &mut Entry, entry: Entry, spot: &Spot) {
        if is_adjustment(&entry.value) {
            return self.adjust(existing, &entry);
        }
        match (&mut existing.value.value, entry.value.value) {
            (Content::Map(base), Content::Map(entries)) => self.members(base, entries, spot),
            (Content::List(_), Content::Map(entries)) => match entries.iter().find(|e| e.key.starts_with('$')) {
                Some(directive) => self.findings.push(directive::unknown(directive, directive::on_fields())),
                None => {
                    let node = Node::new(Content::Map(entries), entry.value.place);
                    self.findings.push(wrong_type(&node, &format!("`{}`", entry.key), "a list, as in the templates"));
                }
            },
            (_, value) => {
                if self.earlier.contains(&existing.key_place.file) && existing.key_place.file != *self.file {
                    self.findings.push(
                        Diagnostic::error("set-twice", format!("two overlays set `{}`", entry.key))
                            .at(&entry.key_place)
                            .help(format!("The first is at {}. Keep one of them.", existing.key_place)),
                    );
                }
                *existing = Entry { value: Node::new(value, entry.value.place), ..entry };
            }
        }
    }

    /// Prepares a member that the templates lack.
    fn fresh(&mut self, mut entry: Entry, spot: &Spot) -> Option<Entry> {
        if let Content::Map(entries) = &mut entry.value.value {
            if let Some(without) = entries.iter().find(|inner| inner.key == WITHOUT && spot.field().is_some()) {
                let finding =
                    Diagnostic::error("nothing-to-adjust", format!("the templates do not set `{}`", entry.key));
                self.findings.push(finding.at(&without.key_place));
                return None;
            }
            if let Some(position) = entries.iter().position(|inner| inner.key == APPEND && spot.field().is_some()) {
                entry.value = entries.remove(position).value;
                return Some(entry);
            }
            // Inside what is new, nested overlays are new too, and told apart by the same rules.
            let mut merged = Vec::new();
            let entries = std::mem::take(entries);
            self.members(&mut merged, entries, spot);
            entry.value.value = Content::Map(merged);
        }
        Some(entry)
    }

    fn resources(&mut self, base: &mut Node, items: Vec<Node>, spot: &Spot, kind: &'static Kind) {
        let place = base.place.clone();
        let Content::List(existing) = &mut base.value else {
            self.findings.push(wrong_type(base, "what an overlay lists resources for", "a list").at(&place));
            return;
        };
        for (index, mut item) in items.into_iter().enumerate() {
            let is_new = directive::is_set(&item, NEW);
            item.take(NEW);
            let has_key = item.get(directive::KEY).is_some();
            // Of what a tenant has one of, no entry needs to say which one it means.
            let is_only = kind.identity.is_empty() && !has_key;
            let Some(name) = address_name(kind, &item).or_else(|| is_only.then(String::new)) else {
                let wanted = kind.identity.join("` and `");
                self.findings.push(
                    Diagnostic::error(
                        "missing-identity",
                        format!("this entry does not say which {} it means", kind.title),
                    )
                    .at(&item.place)
                    .help(format!("Write its `$key`, or `{wanted}`.")),
                );
                continue;
            };
            let found = match is_only {
                true => (!existing.is_empty()).then_some(0),
                false => find(existing, &name, has_key, kind),
            };
            match (found, is_new) {
                (None, true) => existing.push(item),
                (Some(position), true) => {
                    let at = existing.get(position).map_or(&item.place, |node| &node.place);
                    self.findings.push(
                        Diagnostic::error("not-new", format!("`{}` is there already", address(kind, &name)))
                            .at(&item.place)
                            .help(format!("It is at {at}. Remove `$new`, or give this one another `$key`.")),
                    );
                }
                (None, false) => {
                    let names: Vec<_> = existing.iter().filter_map(|node| address_name(kind, node)).collect();
                    let mut finding = Diagnostic::error(
                        "no-such-resource",
                        format!("no template describes `{}`", address(kind, &name)),
                    )
                    .at(&item.place);
                    finding.help = Some(match nearest(&name, names.iter().map(String::as_str)) {
                        Some(near) => format!("Did you mean `{}`? Or write `$new: true`.", address(kind, near)),
                        None => "Write `$new: true` if only this tenant has it.".to_owned(),
                    });
                    self.findings.push(finding);
                }
                (Some(position), false) => {
                    let Some(target) = existing.get_mut(position) else { continue };
                    let Content::Map(mut entries) = item.value else { continue };
                    // What says which one is meant is not to change; a `$key` may name it otherwise than the identity.
                    entries.retain(|entry| match has_key {
                        true => entry.key != directive::KEY,
                        false => !is_part(kind, &entry.key),
                    });
                    if let Content::Map(base) = &mut target.value {
                        self.members(base, entries, &spot.item(index));
                    }
                }
            }
        }
    }

    fn adjust(&mut self, existing: &mut Entry, entry: &Entry) {
        let Content::List(items) = &mut existing.value.value else {
            let what = format!("`{}`, which the overlay adjusts,", entry.key);
            self.findings.push(wrong_type(&existing.value, &what, "a list").at(&entry.key_place));
            return;
        };
        for part in entry.value.entries() {
            match (part.key.as_str(), &part.value.value) {
                (APPEND, Content::List(more)) => items.extend(more.iter().cloned()),
                (WITHOUT, Content::List(unwanted)) => {
                    for node in unwanted {
                        let value = node.to_value();
                        let before = items.len();
                        items.retain(|item| item.to_value() != value);
                        if items.len() == before {
                            let finding = Diagnostic::error("nothing-to-adjust", "the list holds no such item");
                            self.findings.push(finding.at(&node.place));
                        }
                    }
                }
                (APPEND | WITHOUT, _) => {
                    self.findings.push(wrong_type(&part.value, &format!("`{}`", part.key), "a list"));
                }
                _ => self.findings.push(directive::unknown(part, directive::on_fields())),
            }
        }
    }
}

fn find(existing: &[Node], name: &str, has_key: bool, kind: &Kind) -> Option<usize> {
    let by_address = existing.iter().position(|node| address_name(kind, node).as_deref() == Some(name));
    let by_identity = || existing.iter().position(|node| identity(kind, node).as_deref() == Some(name));
    by_address.or_else(|| if has_key { None } else { by_identity() })
}

fn address(kind: &Kind, name: &str) -> Address {
    if name.is_empty() { Address::root(&kind.name) } else { Address::named(&kind.name, name) }
}

fn is_absent(node: &Node) -> bool {
    match &node.value {
        Content::Text(text) => text == ABSENT,
        Content::Map(entries) => {
            matches!(entries.as_slice(), [entry] if entry.key == ABSENT && matches!(entry.value.value, Content::Bool(true)))
        }
        _ => false,
    }
}

fn is_adjustment(node: &Node) -> bool {
    node.entries().iter().any(|entry| entry.key == APPEND || entry.key == WITHOUT)
}

fn no_such<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let finding = Diagnostic::error("nothing-to-adjust", format!("the templates set no {what} `{name}`"));
    match nearest(name, known) {
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding,
    }
}
