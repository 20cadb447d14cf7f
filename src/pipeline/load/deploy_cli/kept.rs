//! A keyword without a value, alone in a secret field: the tenant's own value stays. Exports write these.

use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::table::catalogue;
use crate::model::document::{Content, Entry, Node, Place};
use crate::model::secret::Secret;
use crate::pipeline::references::is_marker;

use super::companion::visit;

/// Turns such keywords into secrets that are kept. Returns them with their places.
pub(super) fn mark(entries: &mut [Entry]) -> Vec<(String, Place)> {
    let mut kept = Vec::new();
    for entry in entries {
        for kind in catalogue().under_key(&entry.key) {
            reach(kind, kind.place.get(1..).unwrap_or_default(), &mut entry.value, &mut kept);
        }
    }
    kept
}

/// Follows a kind's place to its objects, and from those to what is nested in them.
fn reach(kind: &'static Kind, place: &[Step], node: &mut Node, kept: &mut Vec<(String, Place)>) {
    let Some((step, rest)) = place.split_first() else {
        for pattern in &kind.fields.secret {
            secrets(kind, &pattern.to_string(), node, kept);
        }
        for nested in catalogue().nested(&kind.name) {
            reach(nested, &nested.place, node, kept);
        }
        return;
    };
    match (step, &mut node.value) {
        (Step::Key(key), Content::Map(entries)) => {
            if let Some(entry) = entries.iter_mut().find(|entry| &entry.key == key) {
                reach(kind, rest, &mut entry.value, kept);
            }
        }
        (Step::Items, Content::List(items)) => items.iter_mut().for_each(|item| reach(kind, rest, item, kept)),
        (Step::Each(_), Content::Map(entries)) => {
            entries.iter_mut().for_each(|entry| reach(kind, rest, &mut entry.value, kept));
        }
        _ => {}
    }
}

fn secrets(kind: &Kind, pattern: &str, node: &mut Node, kept: &mut Vec<(String, Place)>) {
    let mut keep = |node: &mut Node| keep(node, kept);
    let field = pattern.strip_prefix("[].");
    match (&mut node.value, field) {
        (Content::List(members), Some(field)) => members.iter_mut().for_each(|member| visit(member, field, &mut keep)),
        // A list that files write as a map from names to values.
        (Content::Map(entries), Some(field)) => {
            let value = kind.membership.as_ref().and_then(|membership| membership.map_value.as_deref());
            if value == Some(field) {
                entries.iter_mut().for_each(|entry| keep(&mut entry.value));
            }
        }
        (_, Some(_)) => {}
        (_, None) => visit(node, pattern, &mut keep),
    }
}

fn keep(node: &mut Node, kept: &mut Vec<(String, Place)>) {
    if let Content::Text(text) = &node.value
        && is_marker(text)
    {
        kept.push((text.clone(), node.place.clone()));
        node.value = Content::Secret(Secret::keep(text.trim_matches(['#', '@']).to_lowercase()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnostic::Diagnostics;
    use crate::pipeline::yaml;

    #[test]
    fn only_whole_keywords_in_secret_fields_are_kept() {
        let text = "
connections:
  - name: oidc
    options: { client_id: '##ID##', client_secret: '##SECRET##' }
hooks:
  - name: trim
    secrets: { A: '@@A@@', B: 'x ##B##' }
";
        let mut findings = Diagnostics::default();
        let node = yaml::parse(text, &"t.yaml".into(), &mut findings).unwrap();
        let Content::Map(mut entries) = node.value else { panic!("a map") };
        let kept: Vec<_> = mark(&mut entries).into_iter().map(|(marker, place)| format!("{marker} {place}")).collect();
        assert_eq!(kept, ["##SECRET## t.yaml:4:52", "@@A@@ t.yaml:7:19"]);
        let options = entries[0].value.items()[0].get("options").unwrap();
        assert!(matches!(&options.get("client_secret").unwrap().value, Content::Secret(secret) if secret.is_keep()));
        assert_eq!(options.get("client_id").unwrap().as_text(), Some("##ID##"));
        let secrets = entries[1].value.items()[0].get("secrets").unwrap();
        assert!(matches!(secrets.get("A").unwrap().value, Content::Secret(_)));
        assert_eq!(secrets.get("B").unwrap().as_text(), Some("x ##B##"));
    }
}
