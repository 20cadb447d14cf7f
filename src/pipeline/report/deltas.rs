//! The lines below a change: one field, one list item, one text diff at a time.

use similar::{ChangeTag, TextDiff};

use super::line_ends;
use super::style::{ADDED, CHANGED, FAINT, REMOVED, paint};
use super::value;
use crate::model::change::{Action, Cause, Change, Delta, DeltaNote};
use crate::model::path::{FieldPath, Segment};
use crate::model::value::Value;

/// Labels wider than this do not push the others' values to the right.
const LABEL_WIDTH: usize = 32;
/// Texts with more lines than this together are not compared line by line.
const DIFF_LINES: usize = 20_000;
/// Unchanged lines around a changed one.
const CONTEXT: usize = 3;

/// Returns the lines below a change, without indentation.
pub fn lines(change: &Change) -> Vec<String> {
    if matches!(change.action, Action::Delete | Action::Nothing) {
        return Vec::new();
    }
    let fresh = change.action == Action::Create;
    let address = change.address.as_str();
    let deltas: Vec<Delta> = change
        .deltas
        .iter()
        .map(|delta| Delta {
            before: delta.before.as_ref().map(|before| value::relative(before, address)),
            after: delta.after.as_ref().map(|after| value::relative(after, address)),
            ..delta.clone()
        })
        .collect();
    let width = deltas
        .iter()
        .filter(|delta| list_of(&delta.path).is_none())
        .map(|delta| label(&delta.path).chars().count())
        .filter(|width| *width <= LABEL_WIDTH)
        .max()
        .unwrap_or_default();
    let mut lines = Vec::new();
    let mut open_list: Option<FieldPath> = None;
    for delta in &deltas {
        let list = list_of(&delta.path);
        match &list {
            // A member list is all that its resource has: no heading.
            Some(list) if list.is_root() => lines.extend(item(delta)),
            Some(list) => {
                if open_list.as_ref() != Some(list) {
                    lines.push(format!("{} {}:", paint(CHANGED, "~"), value::harmless(&list.to_string())));
                }
                lines.extend(item(delta).into_iter().map(|line| format!("    {line}")));
            }
            None => lines.extend(field(delta, fresh, width)),
        }
        open_list = list;
    }
    lines
}

/// Returns the list that the path's last segment is an item of.
fn list_of(path: &FieldPath) -> Option<FieldPath> {
    let (last, list) = path.0.split_last()?;
    let is_item = matches!(last, Segment::Index(_) | Segment::Item(_));
    is_item.then(|| FieldPath(list.to_vec()))
}

fn label(path: &FieldPath) -> String {
    format!("{}:", value::harmless(&path.to_string()))
}

fn field(delta: &Delta, fresh: bool, width: usize) -> Vec<String> {
    let sign = match (&delta.before, &delta.after) {
        _ if fresh => String::new(),
        // Nothing is known of what the tenant holds, but that there is something.
        _ if matches!(delta.note, Some(DeltaNote::SecretChanged | DeltaNote::CannotBeCompared)) => {
            format!("{} ", paint(CHANGED, "~"))
        }
        (None, Some(_)) => format!("{} ", paint(ADDED, "+")),
        (Some(_), None) => format!("{} ", paint(REMOVED, "-")),
        _ => format!("{} ", paint(CHANGED, "~")),
    };
    let label = label(&delta.path);
    let mut rows = rows(delta);
    let inline = rows.inline.take().map_or_else(String::new, |text| {
        let gap = width.saturating_sub(label.chars().count());
        format!(" {}{text}", " ".repeat(gap))
    });
    let mut lines = vec![format!("{sign}{label}{inline}")];
    let pad = if fresh { "  " } else { "    " };
    lines.extend(rows.below.into_iter().map(|line| format!("{pad}{line}")));
    lines
}

fn item(delta: &Delta) -> Vec<String> {
    let rows = rows(delta);
    let name = match (&delta.path.0.last(), &delta.before, &delta.after) {
        (Some(Segment::Item(name)), Some(_), Some(_)) => format!("{}: ", value::harmless(name)),
        (Some(Segment::Index(index)), Some(_), Some(_)) => format!("[{index}]: "),
        _ => String::new(),
    };
    let sign = match (&delta.before, &delta.after) {
        (None, _) => paint(ADDED, "+"),
        (_, None) => paint(REMOVED, "-"),
        _ => paint(CHANGED, "~"),
    };
    let mut lines = Vec::new();
    let mut below = rows.below.into_iter();
    let first = rows.inline.or_else(|| if name.is_empty() { below.next() } else { None });
    lines.push(format!("{sign} {name}{}", first.unwrap_or_default()).trim_end().to_owned());
    lines.extend(below.map(|line| format!("  {line}")));
    lines
}

/// What stands beside the label, and below it.
struct Rows {
    inline: Option<String>,
    below: Vec<String>,
}

fn rows(delta: &Delta) -> Rows {
    let mut rows = unmarked(delta);
    let mark = match delta.cause {
        Some(Cause::Drift) => "drift",
        Some(Cause::Both) => "configuration and drift",
        Some(Cause::Configuration) | None => return rows,
    };
    let mark = paint(REMOVED, format!("({mark})"));
    rows.inline = Some(rows.inline.map_or_else(|| mark.clone(), |text| format!("{text}  {mark}")));
    rows
}

fn unmarked(delta: &Delta) -> Rows {
    let inline = |text: String| Rows { inline: Some(text), below: Vec::new() };
    if let Some(text) = secret(delta) {
        return inline(text);
    }
    let mut rows = match (&delta.before, &delta.after) {
        (None, None) => inline(String::new()),
        (None, Some(only)) | (Some(only), None) => match (only, value::narrow(only)) {
            (Value::String(text), _) if text.contains('\n') => inline(text_size(text)),
            (_, Some(text)) => inline(text),
            (Value::String(text), None) => inline(value::short_string(text)),
            (_, None) => Rows { inline: None, below: value::tree(only) },
        },
        (Some(before), Some(after)) => pair(before, after),
    };
    if delta.note == Some(DeltaNote::ForcesReplacement) {
        let mark = paint(REMOVED, "forces replacement");
        rows.inline = Some(rows.inline.map_or_else(|| mark.clone(), |text| format!("{text}  {mark}")));
    }
    rows
}

fn secret(delta: &Delta) -> Option<String> {
    let shown = delta.after.as_ref().or(delta.before.as_ref()).map(value::line).unwrap_or_default();
    match delta.note? {
        DeltaNote::SecretChanged => Some(format!("{shown} {}", paint(CHANGED, "changed"))),
        DeltaNote::CannotBeCompared => Some(format!("{shown} {}", paint(CHANGED, "cannot be compared, will be sent"))),
        DeltaNote::NotAvailableHere => Some(format!("{shown} {}", paint(FAINT, "(not available here, not compared)"))),
        DeltaNote::ForcesReplacement => None,
    }
}

fn pair(before: &Value, after: &Value) -> Rows {
    if let (Value::String(old), Value::String(new)) = (before, after)
        && (old.contains('\n') || new.contains('\n'))
    {
        return Rows { inline: None, below: text_diff(old, new) };
    }
    match (value::narrow(before), value::narrow(after)) {
        (Some(old), Some(new)) => Rows { inline: Some(arrow(&old, &new)), below: Vec::new() },
        _ => match (before, after) {
            (Value::String(old), Value::String(new)) => long_pair(old, new),
            _ => {
                let old = value::tree(before).join("\n");
                let new = value::tree(after).join("\n");
                Rows { inline: None, below: text_diff(&old, &new) }
            }
        },
    }
}

/// Two long strings on one line each: only the part that differs, with a little around it.
fn long_pair(old: &str, new: &str) -> Rows {
    let prefix = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count().saturating_sub(16);
    let part = |text: &str| {
        let rest: String = text.chars().skip(prefix).take(48).collect();
        let lead = if prefix > 0 { "… " } else { "" };
        let tail = if text.chars().count() > prefix + 48 { " …" } else { "" };
        format!("{lead}{}{tail}", value::line(&Value::String(rest)))
    };
    Rows { inline: Some(arrow(&part(old), &part(new))), below: Vec::new() }
}

fn arrow(old: &str, new: &str) -> String {
    format!("{old} {} {new}", paint(CHANGED, "->"))
}

fn text_size(text: &str) -> String {
    paint(FAINT, value::text_size(text))
}

/// Returns a unified diff of two texts, without file headers. How lines end is said once and not shown line by line.
fn text_diff(old: &str, new: &str) -> Vec<String> {
    if old.lines().count() + new.lines().count() > DIFF_LINES {
        return vec![format!("{} {} {}", text_size(old), paint(CHANGED, "->"), text_size(new))];
    }
    let mut lines: Vec<String> =
        line_ends::difference(old, new).map(|ends| paint(CHANGED, format!("({ends})"))).into_iter().collect();
    let (old, new) = (line_ends::alike(old), line_ends::alike(new));
    let diff = TextDiff::from_lines(&*old, &*new);
    let mut unified = diff.unified_diff();
    for hunk in unified.context_radius(CONTEXT).iter_hunks() {
        lines.push(paint(FAINT, hunk.header()));
        for change in hunk.iter_changes() {
            let text = value::harmless(change.value().trim_end_matches('\n'));
            let is_changed = change.tag() != ChangeTag::Equal;
            lines.push(match change.tag() {
                ChangeTag::Delete => paint(REMOVED, format!("-{text}")),
                ChangeTag::Insert => paint(ADDED, format!("+{text}")),
                ChangeTag::Equal => format!(" {text}").trim_end().to_owned(),
            });
            if is_changed && change.missing_newline() {
                lines.push(paint(FAINT, "(no line end after this)"));
            }
        }
    }
    if lines.is_empty() {
        lines.push(paint(FAINT, "(only line ends or invisible characters differ)"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::catalogue;
    use crate::model::address::Address;
    use crate::model::secret::Secret;
    use serde_json::{Value as Json, json};

    fn path(text: &str) -> FieldPath {
        FieldPath(text.split('.').map(|key| Segment::Key(key.to_owned())).collect())
    }

    fn delta(path: FieldPath, before: Option<Json>, after: Option<Json>) -> Delta {
        Delta {
            path,
            before: before.map(Value::from_json),
            after: after.map(Value::from_json),
            note: None,
            cause: None,
        }
    }

    fn shown(action: Action, deltas: Vec<Delta>) -> String {
        let kind = catalogue().kinds().next().unwrap();
        let address = Address::named("things", "Web");
        let change = Change { address, kind, action, reason: String::new(), deltas, id: None, place: None };
        anstream::adapter::strip_str(&lines(&change).join("\n")).to_string()
    }

    #[test]
    fn fields_are_aligned_and_list_items_stand_under_their_list() {
        let text = shown(
            Action::Update,
            vec![
                delta(path("name"), Some(json!("a")), Some(json!("b"))),
                delta(path("callbacks").with(Segment::Item("x".into())), None, Some(json!("x"))),
                delta(path("callbacks").with(Segment::Item("y".into())), Some(json!("y")), None),
                delta(path("description"), None, Some(json!("new"))),
                delta(path("logo"), Some(json!("old")), None),
            ],
        );
        assert_eq!(
            text,
            "~ name:        \"a\" -> \"b\"\n~ callbacks:\n    + \"x\"\n    - \"y\"\n+ description: \"new\"\n- logo:        \"old\""
        );
    }

    #[test]
    fn texts_become_unified_diffs() {
        let old: String = (1..=9).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 5\n", "line five\n");
        let text = shown(Action::Update, vec![delta(path("code"), Some(json!(old)), Some(json!(new)))]);
        assert_eq!(
            text,
            "~ code:\n    @@ -2,7 +2,7 @@\n     line 2\n     line 3\n     line 4\n    -line 5\n    +line five\n     line 6\n     line 7\n     line 8"
        );
    }

    #[test]
    fn line_ends_are_told_of_and_not_shown_line_by_line() {
        let told =
            |old: &str, new: &str| shown(Action::Update, vec![delta(path("code"), Some(json!(old)), Some(json!(new)))]);
        assert_eq!(told("a\r\n};\r\n", "a\n};\n"), "~ code:\n    (line ends: CRLF -> LF)");
        let both = told("a\r\nb\r\n", "a\nc\n");
        assert_eq!(both, "~ code:\n    (line ends: CRLF -> LF)\n    @@ -1,2 +1,2 @@\n     a\n    -b\n    +c");
        assert_eq!(
            told("a\nb", "a\nb\n"),
            "~ code:\n    @@ -1,2 +1,2 @@\n     a\n    -b\n    (no line end after this)\n    +b"
        );
        assert!(told("a\r\nb\r\n", "a\r\nc\r\n").ends_with("-b\n    +c"));
        assert!(told("a\nb\nc\r\n", "a\r\nb\nc\n").contains("only line ends"));
    }

    #[test]
    fn secrets_show_their_name_and_what_is_known() {
        let notes = [
            (DeltaNote::SecretChanged, "changed"),
            (DeltaNote::CannotBeCompared, "cannot be compared, will be sent"),
            (DeltaNote::NotAvailableHere, "(not available here, not compared)"),
        ];
        for (note, words) in notes {
            let secret = Value::Secret(Secret::new("smtp_key", "hunter2"));
            let delta = Delta { path: path("key"), before: None, after: Some(secret), note: Some(note), cause: None };
            let sign = if note == DeltaNote::NotAvailableHere { "+" } else { "~" };
            assert_eq!(shown(Action::Update, vec![delta]), format!("{sign} key: (secret smtp_key) {words}"));
        }
    }

    #[test]
    fn the_forcing_field_is_marked() {
        let mut forcing = delta(path("strategy"), Some(json!("a")), Some(json!("b")));
        forcing.note = Some(DeltaNote::ForcesReplacement);
        assert_eq!(shown(Action::Replace, vec![forcing]), "~ strategy: \"a\" -> \"b\"  forces replacement");
    }

    #[test]
    fn two_long_strings_show_where_they_differ() {
        let old = format!("{}OLD{}", "a".repeat(200), "b".repeat(200));
        let new = format!("{}NEW{}", "a".repeat(200), "b".repeat(200));
        let text = shown(Action::Update, vec![delta(path("css"), Some(json!(old)), Some(json!(new)))]);
        assert!(text.contains("OLD") && text.contains("NEW") && text.len() < 200, "{text}");
    }
}
