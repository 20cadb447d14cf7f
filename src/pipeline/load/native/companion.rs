//! Files that hold the text of a field: code, HTML, Liquid.

use std::sync::Arc;

use super::render::{Manner, Renderer, WHOLE, is_hands_off};
use super::spot::Spot;
use super::{marker, scalar};
use crate::model::diagnostic::Diagnostic;
use crate::model::document::{Content, Node, Place};
use crate::pipeline::keywords::replace;
use crate::pipeline::tree::{folder_of, join};
use crate::pipeline::yaml;

/// Says whether a field's text is a path and not the text itself.
pub fn is_path(text: &str, extension: &str) -> bool {
    if text.contains('\n') || text.is_empty() || text.trim_start().starts_with('<') {
        return false;
    }
    let named = |ending: &str| text.strip_suffix(ending).is_some_and(|rest| rest.ends_with(&format!(".{extension}")));
    let is_bare = !text.contains(|c: char| c.is_whitespace() || "<>{}();=,".contains(c));
    text.starts_with(['/', '\\']) && !text.starts_with("//") && !text.starts_with("/*")
        || ["./", "../", ".\\", "..\\"].iter().any(|start| text.starts_with(start))
        || named("")
        || named(WHOLE)
        || (is_bare && text.contains(['/', '.']))
}

/// Puts the text of a companion file in the place of its path.
pub fn put(renderer: &mut Renderer<'_>, node: &mut Node, path: &str, spot: &Spot, manner: Manner) {
    if let Some(text) = text_of(renderer, node, path, spot, manner) {
        *node = text;
    } else {
        // A null is of every type: the file is at fault, not the field.
        node.value = Content::Null;
    }
}

fn text_of(renderer: &mut Renderer<'_>, node: &Node, path: &str, spot: &Spot, manner: Manner) -> Option<Node> {
    let path = renderer.plain(path, &node.place, manner)?;
    let Ok(path) = join(folder_of(&node.place.file), &path) else {
        renderer.findings.push(
            Diagnostic::error("outside-workspace", format!("`{path}` leads out of the workspace"))
                .at(&node.place)
                .help("Move the file into the workspace; nothing outside it is read."),
        );
        return None;
    };
    let text = renderer.read(&path, Some(&node.place))?;
    let file: Arc<str> = Arc::from(path.as_str());
    let is_template =
        path.ends_with(WHOLE) || (manner.every_text && is_hands_off(spot, Manner { every_text: false, ..manner }));
    let rendered = if is_template && text.contains("{{") { Some(renderer.whole_text(&text, &file)?) } else { None };
    let source = rendered.as_ref().map_or(&*text, |rendered| &rendered.text);
    let replaced = replace(source, renderer.keywords);
    let at = |offset: usize| {
        let mut place = scalar::at_offset(&file, &replaced.text, offset);
        (place.line, place.column) = replaced.original(place.line, place.column);
        if let Some(rendered) = &rendered {
            (place.line, place.column) = rendered.original(place.line, place.column);
        }
        place
    };
    if replaced.overflowed {
        renderer.left = Some(0);
    }
    if !renderer.spend(replaced.text.len(), &node.place) {
        return None;
    }
    let left = marker::left_over(&replaced.text, spot, renderer.keywords, &at);
    renderer.findings.0.extend(left);
    if spot.is_resource() {
        return yaml::parse_json(&replaced.text, &file, renderer.findings);
    }
    let place = Place { file, line: 1, column: 1 };
    let content = renderer.content(&replaced.text, &place);
    Some(Node::new(content, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_texts() {
        for path in
            ["./a.html", "../b c.html", "emails/a.html", "a.html.hbs", "a.htm", "/etc/passwd", ".\\a.html", "x/y"]
        {
            assert!(is_path(path, "html"), "{path}");
        }
        for text in ["", "<p>a.html</p>", "a\nb.html", "{{ x.y }}", "module.exports = {}", "welcome", "// a comment"] {
            assert!(!is_path(text, "html"), "{text}");
        }
    }
}
