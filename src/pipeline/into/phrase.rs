//! A value as text, in the manner of what stands around it: its quotes, its braces, its indentation.

use granit_parser::ScalarStyle;
use serde_json::Value as Json;

use crate::pipeline::yaml::number_text;
use crate::pipeline::yaml_write::to_yaml;

/// Lists and maps of plain values stand on one line up to this width.
const WIDTH: usize = 88;
/// How much deeper what is inside stands.
pub const STEP: usize = 2;

/// What a text must fit into.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Inside `[]` or `{}`.
    pub flow: bool,
    /// The file is JSON.
    pub json: bool,
    /// The column of what it stands in.
    pub indent: usize,
    pub eol: &'a str,
    /// In so many lists, from the outermost, maps stand over several lines whatever they hold.
    pub spread: usize,
}

/// Returns a scalar in the style of the one before it, if that can hold it.
pub fn scalar(value: &Json, style: ScalarStyle, around: Around<'_>) -> String {
    let Json::String(text) = value else { return bare(value) };
    if around.json {
        return quoted(text);
    }
    match style {
        ScalarStyle::SingleQuoted if is_printable(text) => format!("'{}'", text.replace('\'', "''")),
        ScalarStyle::Literal | ScalarStyle::Folded if !around.flow && fits_block(text) => block_text(text, around),
        ScalarStyle::DoubleQuoted => quoted(text),
        _ if is_plain(text, around.flow) => text.clone(),
        _ if text.contains('\n') && !around.flow && fits_block(text) => block_text(text, around),
        _ => quoted(text),
    }
}

/// Returns a value that stands on one line, in `[]` and `{}`.
pub fn flow(value: &Json, around: Around<'_>) -> String {
    let around = Around { flow: true, ..around };
    match value {
        Json::Array(items) if items.is_empty() => "[]".to_owned(),
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, around)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(map) => {
            let members: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", name(key, around), flow(value, around))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => scalar(other, ScalarStyle::Plain, around),
    }
}

/// Returns a JSON value over several lines, the later ones indented to where it stands.
pub fn pretty(value: &Json, around: Around<'_>) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', &format!("{}{}", around.eol, " ".repeat(around.indent)))
}

/// Returns a key with its value; `around.indent` is where the key stands.
pub fn member(key: &str, value: &Json, around: Around<'_>) -> String {
    let key = name(key, around);
    if around.flow {
        return format!("{key}: {}", flow(value, around));
    }
    match value {
        Json::Array(_) | Json::Object(_) if around.spread > 0 || !fits_line(value, around) => {
            let indent = around.indent + STEP;
            let inner = inside(value, Around { indent, ..around });
            format!("{key}:{}{}{inner}", around.eol, " ".repeat(indent))
        }
        Json::Array(_) | Json::Object(_) => format!("{key}: {}", flow(value, around)),
        other => format!("{key}: {}", scalar(other, ScalarStyle::Plain, around)),
    }
}

/// How the items of a list are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Maps over several lines.
    Spread,
    /// Maps in braces.
    Braced,
    /// As fits.
    Any,
}

/// Returns an item with its dash; `around.indent` is where the dash stands.
pub fn item(value: &Json, layout: Layout, around: Around<'_>) -> String {
    let inner = Around { indent: around.indent + STEP, ..around };
    let is_braced = match layout {
        Layout::Spread => false,
        Layout::Braced => is_flat(value),
        Layout::Any => fits_line(value, around),
    };
    match value {
        Json::Array(_) | Json::Object(_) if !is_braced => format!("- {}", inside(value, inner)),
        Json::Array(_) | Json::Object(_) => format!("- {}", flow(value, around)),
        other => format!("- {}", scalar(other, ScalarStyle::Plain, around)),
    }
}

/// Returns the lines of a list or map; its first line begins where it is put.
pub fn inside(value: &Json, around: Around<'_>) -> String {
    let lines: Vec<String> = match value {
        Json::Array(items) if !items.is_empty() => {
            let layout = if around.spread > 0 { Layout::Spread } else { Layout::Any };
            let around = Around { spread: around.spread.saturating_sub(1), ..around };
            items.iter().map(|value| item(value, layout, around)).collect()
        }
        Json::Object(map) if !map.is_empty() => map.iter().map(|(key, value)| member(key, value, around)).collect(),
        other => return flow(other, around),
    };
    lines.join(&format!("{}{}", around.eol, " ".repeat(around.indent)))
}

fn is_flat(value: &Json) -> bool {
    let is_plain = |value: &Json| !matches!(value, Json::Array(_) | Json::Object(_)) && !has_lines(value);
    match value {
        Json::Array(items) => items.iter().all(is_plain),
        Json::Object(map) => map.values().all(is_plain),
        _ => true,
    }
}

fn fits_line(value: &Json, around: Around<'_>) -> bool {
    let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(|map| map.is_empty());
    is_empty || (is_flat(value) && flow(value, around).chars().count() + around.indent <= WIDTH)
}

fn has_lines(value: &Json) -> bool {
    value.as_str().is_some_and(|text| text.contains('\n'))
}

fn name(key: &str, around: Around<'_>) -> String {
    scalar(&Json::String(key.to_owned()), ScalarStyle::Plain, Around { flow: true, ..around })
}

fn bare(value: &Json) -> String {
    match value {
        Json::Number(number) => number_text(number),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Json::String(text.to_owned()).to_string()
}

/// The writer of exports knows what every reader takes for text without quotes.
fn is_plain(text: &str, flow: bool) -> bool {
    let written = to_yaml(&Json::Array(vec![Json::String(text.to_owned())])).unwrap_or_default();
    written.strip_prefix("- ").and_then(|rest| rest.strip_suffix('\n')) == Some(text)
        && !text.contains('\n')
        && !(flow && text.contains([',', '[', ']', '{', '}']))
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

fn fits_block(text: &str) -> bool {
    let is_fine = |c: char| matches!(c, '\n' | '\t') || is_printable(c.encode_utf8(&mut [0; 4]));
    let is_started = text.starts_with(|c: char| !c.is_whitespace());
    is_started && !text.ends_with("\n\n") && text.chars().all(is_fine)
}

fn block_text(text: &str, around: Around<'_>) -> String {
    let chomp = if text.ends_with('\n') { "" } else { "-" };
    let mut out = format!("|{chomp}");
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push_str(around.eol);
        if !line.is_empty() {
            out.push_str(&" ".repeat(around.indent + STEP));
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const AROUND: Around<'static> = Around { flow: false, json: false, indent: 0, eol: "\n", spread: 0 };

    #[test]
    fn a_text_keeps_its_quotes_where_they_can_hold_it() {
        let cases = [
            ("plain", ScalarStyle::Plain, "plain"),
            ("yes", ScalarStyle::Plain, "\"yes\""),
            ("a: b", ScalarStyle::Plain, "\"a: b\""),
            ("it's", ScalarStyle::SingleQuoted, "'it''s'"),
            ("a\nb", ScalarStyle::SingleQuoted, "|-\n  a\n  b"),
            ("a\nb\n", ScalarStyle::Literal, "|\n  a\n  b"),
            ("x", ScalarStyle::DoubleQuoted, "\"x\""),
            ("", ScalarStyle::Plain, "\"\""),
        ];
        for (text, style, wanted) in cases {
            assert_eq!(scalar(&json!(text), style, AROUND), wanted, "{text:?}");
        }
        assert_eq!(scalar(&json!("a, b"), ScalarStyle::Plain, Around { flow: true, ..AROUND }), "\"a, b\"");
        assert_eq!(scalar(&json!(5.0), ScalarStyle::Plain, AROUND), "5");
    }

    #[test]
    fn what_is_inside_stands_deeper() {
        let value = json!({ "a": [{ "b": [1, 2], "c": { "d": { "e": null } } }], "f": [] });
        assert_eq!(inside(&value, AROUND), "a:\n  - b: [1, 2]\n    c:\n      d: { e: null }\nf: []");
        assert_eq!(flow(&value, AROUND), "{ a: [{ b: [1, 2], c: { d: { e: null } } }], f: [] }");
    }
}
