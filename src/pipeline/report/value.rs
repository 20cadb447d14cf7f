//! Values as people read them: one line where it fits, a tree where it does not.
//!
//! Strings appear as JSON strings, so that nothing in them can move the cursor or pass for another value.

use std::fmt::Write as _;

use super::style::count;
use crate::model::value::{Part, Value};

/// The widest one-line form; wider values become a tree, wider strings are shortened in the middle.
const WIDTH: usize = 96;

/// Returns the value on one line, whole.
pub fn line(value: &Value) -> String {
    let mut text = String::new();
    write_line(&mut text, value);
    text
}

/// Returns the value on one line if it is narrow enough to be read there.
pub fn narrow(value: &Value) -> Option<String> {
    let text = line(value);
    (text.chars().count() <= WIDTH).then_some(text)
}

/// Returns the value as indented lines, in the manner of YAML.
pub fn tree(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    write_tree(&mut lines, 0, value);
    lines
}

/// Returns a string quoted, and shortened in the middle when it is long.
pub fn short_string(text: &str) -> String {
    let count = text.chars().count();
    if count <= WIDTH {
        return quoted(text);
    }
    let head: String = text.chars().take(WIDTH / 2).collect();
    let tail: String = text.chars().skip(count - WIDTH / 4).collect();
    format!("{} … {} ({count} characters)", quoted(&head), quoted(&tail))
}

/// Returns what stands for a text of several lines.
pub fn text_size(text: &str) -> String {
    format!("(text, {})", count(text.lines().count(), "line"))
}

/// Returns the value with the secrets below `address` named by their field alone, as the address stands above.
pub fn relative(value: &Value, address: &str) -> Value {
    match value {
        Value::Secret(secret) => {
            let mut secret = secret.clone();
            let field = secret.name.strip_prefix(address).and_then(|rest| rest.strip_prefix(':')).map(str::to_owned);
            secret.name = field.unwrap_or(secret.name);
            Value::Secret(secret)
        }
        Value::List(items) => Value::List(items.iter().map(|item| relative(item, address)).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, item)| (key.clone(), relative(item, address))).collect()),
        other => other.clone(),
    }
}

/// Returns the text with everything escaped that a terminal would obey rather than show.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    safe
}

fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn quoted(text: &str) -> String {
    harmless(&serde_json::Value::from(text).to_string())
}

fn write_line(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_shown().to_string()),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Reference(reference) => out.push_str(&quoted(&reference.name)),
        Value::Secret(secret) => {
            let _ = write!(out, "(secret {})", harmless(&secret.name));
        }
        Value::Template(parts) => {
            out.push('"');
            for part in parts {
                match part {
                    Part::Text(text) => out.push_str(quoted(text).trim_matches('"')),
                    Part::Reference(to) => {
                        let _ = write!(out, "({} of {})", harmless(&to.by), harmless(&to.name));
                    }
                    Part::Secret(secret) => {
                        let _ = write!(out, "(secret {})", harmless(&secret.name));
                    }
                }
            }
            out.push('"');
        }
        Value::List(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { ", " });
                write_line(out, item);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (position, (key, item)) in map.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { ", " });
                out.push_str(&harmless(key));
                out.push_str(": ");
                write_line(out, item);
            }
            out.push('}');
        }
    }
}

fn write_tree(lines: &mut Vec<String>, depth: usize, value: &Value) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, item) in map {
                branch(lines, depth, &format!("{pad}{}:", harmless(key)), item);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for item in items {
                let first = lines.len();
                match (item, narrow(item)) {
                    // The first member stands beside the dash.
                    (Value::Map(_) | Value::List(_), None) => write_tree(lines, depth + 1, item),
                    _ => branch(lines, depth + 1, &pad, item),
                }
                if let Some(line) = lines.get_mut(first) {
                    *line = format!("{pad}- {}", line.trim_start());
                }
            }
        }
        Value::String(text) => lines.push(format!("{pad}{}", short_string(text))),
        value => lines.push(format!("{pad}{}", line(value))),
    }
}

fn branch(lines: &mut Vec<String>, depth: usize, head: &str, item: &Value) {
    match (item, narrow(item)) {
        (Value::String(text), _) if text.contains('\n') => lines.push(format!("{head} {}", text_size(text))),
        (_, Some(text)) => lines.push(format!("{head} {text}")),
        (Value::String(text), None) => lines.push(format!("{head} {}", short_string(text))),
        (_, None) => {
            lines.push(head.to_owned());
            write_tree(lines, depth + 1, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;
    use serde_json::json;

    #[test]
    fn nothing_in_a_string_reaches_the_terminal_raw() {
        let value = Value::from_json(json!({"a\u{1b}[2J": "\u{1b}]0;x\u{7}\u{9b}\u{202e}"}));
        let shown = line(&value);
        assert!(shown.chars().all(|c| !is_obeyed(c)), "{shown}");
    }

    #[test]
    fn secrets_are_names_even_inside_text() {
        let secret = Secret::new("smtp_key", "hunter2");
        let value = Value::Template(vec![Part::Text("key=".into()), Part::Secret(secret)]);
        assert_eq!(line(&value), "\"key=(secret smtp_key)\"");
    }

    #[test]
    fn wide_values_become_trees() {
        let value = Value::from_json(json!({"list": vec!["https://app.example.com/callback"; 4], "flag": true}));
        assert_eq!(narrow(&value), None);
        assert_eq!(tree(&value)[0], "list:");
        assert_eq!(tree(&value)[1], "  - \"https://app.example.com/callback\"");
        assert_eq!(tree(&value)[5], "flag: true");
        let value = Value::from_json(json!([{"a": "x".repeat(90), "b": [1]}, "plain"]));
        assert_eq!(tree(&value), [format!("- a: \"{}\"", "x".repeat(90)), "  b: [1]".into(), "- \"plain\"".into()]);
    }

    #[test]
    fn long_strings_are_shortened_and_say_so() {
        let shown = short_string(&"x".repeat(5000));
        assert!(shown.ends_with("(5000 characters)") && shown.chars().count() < 120);
    }
}
