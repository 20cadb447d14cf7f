//! Secrets and references inside rendered text: marked by characters that Unicode keeps for a program's own use, and
//! turned into tainted parts before anybody sees the text.

use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node, TextPart};
use crate::model::secret::Secret;

const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';
const BETWEEN: char = '\u{fdd2}';

/// Writes the mark of a secret.
pub fn secret(name: &str) -> String {
    format!("{OPEN}s{name}{CLOSE}")
}

/// Writes the mark of a reference.
pub fn reference(address: &str, field: &str) -> String {
    format!("{OPEN}r{address}{BETWEEN}{field}{CLOSE}")
}

/// Says whether a text holds one of the characters that marks are made of.
pub fn occurs(text: &str) -> bool {
    text.contains([OPEN, CLOSE, BETWEEN])
}

/// Reports every text below a node that could be taken for a mark.
pub fn refuse_in(node: &Node, findings: &mut Diagnostics) {
    match &node.value {
        Content::Text(text) if occurs(text) => findings.push(unusable(node)),
        Content::List(items) => items.iter().for_each(|item| refuse_in(item, findings)),
        Content::Map(entries) => entries.iter().for_each(|entry| refuse_in(&entry.value, findings)),
        _ => {}
    }
}

/// Makes the finding for a text that could be taken for a mark.
pub fn unusable(node: &Node) -> Diagnostic {
    Diagnostic::error(
        "unusable-character",
        "the text holds one of U+FDD0 to U+FDD2, which mean nothing in any language",
    )
    .at(&node.place)
    .help("Remove the character.")
}

/// Turns rendered text into content. `fetch` gives the secret of a name, or reports that there is none.
pub fn content(text: &str, fetch: &mut dyn FnMut(&str) -> Option<Secret>) -> Content {
    if !text.contains(OPEN) {
        return Content::Text(text.to_owned());
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((mark, behind)) = after.split_once(CLOSE) else { break };
        push_text(&mut parts, before);
        match mark.strip_prefix('s') {
            Some(name) => parts.extend(fetch(name).map(TextPart::Secret)),
            None => {
                let (address, field) = mark.strip_prefix('r').unwrap_or(mark).split_once(BETWEEN).unwrap_or((mark, ""));
                parts.push(TextPart::Ref { address: address.to_owned(), field: field.to_owned() });
            }
        }
        rest = behind;
    }
    push_text(&mut parts, rest);
    match parts.as_slice() {
        [] => Content::Text(String::new()),
        [TextPart::Secret(secret)] => Content::Secret(secret.clone()),
        [TextPart::Text(text)] => Content::Text(text.clone()),
        _ => Content::Template(parts),
    }
}

fn push_text(parts: &mut Vec<TextPart>, text: &str) {
    if !text.is_empty() {
        parts.push(TextPart::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        format!("{:?}", content(text, &mut |name| (name == "key").then(|| Secret::new(name, "hunter2"))))
    }

    #[test]
    fn marks_become_parts_and_never_show_the_value() {
        assert_eq!(shown("plain"), r#"Text("plain")"#);
        assert_eq!(shown(&secret("key")), "Secret((secret key))");
        assert_eq!(shown(&format!("Bearer {}", secret("key"))), r#"Template([Text("Bearer "), Secret((secret key))])"#);
        assert_eq!(
            shown(&reference("clients/Web", "client_id")),
            r#"Template([Ref { address: "clients/Web", field: "client_id" }])"#
        );
        assert_eq!(shown(&secret("other")), r#"Text("")"#);
        assert_eq!(shown("a\u{fdd0}s"), r#"Text("a\u{fdd0}s")"#);
    }
}
