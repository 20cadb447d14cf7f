//! What was written back into files, for people and for programs.

use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::json as values;
use super::style::{ADDED, CHANGED, FAINT, REMOVED, STRONG, count, paint};
use super::value::{self, harmless};
use crate::model::document::SourceTexts;
use crate::model::value::Value;
use crate::pipeline::into::{Conflict, Field, Into, Written};

/// Files with more lines than this are not compared line by line.
const DIFF_LINES: usize = 20_000;

/// Returns the fields that are written, the conflicts, and the lines that change. `overlay` is the file of the tenant's.
pub fn text(came: &Into, overlay: Option<&str>, before: &SourceTexts) -> String {
    let mut out = String::new();
    for field in &came.written {
        out.push_str(&format!(
            "{} {}: {}{}\n",
            paint(CHANGED, "~"),
            paint(STRONG, harmless(&named(field))),
            arrow(field.files.as_ref(), field.live.as_ref()),
            paint(FAINT, format!("  ({})", harmless(&into_what(field)))),
        ));
    }
    if !came.written.is_empty() {
        out.push('\n');
    }
    for conflict in &came.conflicts {
        out.push_str(&told(conflict, overlay));
    }
    for address in &came.gone {
        let words = "is gone from the tenant, or was never there; the files keep it";
        out.push_str(&format!("note: {} {words}\n", harmless(address.as_str())));
    }
    if came.pending > 0 {
        out.push_str(&format!(
            "note: {} only the files changed since the last record; nothing of that is taken back\n",
            match came.pending {
                1 => "1 field differs because".to_owned(),
                many => format!("{many} fields differ because"),
            }
        ));
    }
    if !came.files.is_empty() {
        let lines: Vec<String> =
            came.files.iter().map(|(file, text)| diff(file, before.get(file.as_str()), text)).collect();
        out.push_str(&lines.join(""));
        out.push('\n');
    }
    out
}

fn named(field: &Field) -> String {
    format!("{}:{}", field.address, field.path)
}

fn into_what(field: &Field) -> String {
    match field.written {
        Written::InPlace => format!("where it stands, {}", field.file),
        Written::Overlay => format!("other tenants have it too: into the overlay, {}", field.file),
    }
}

fn arrow(files: Option<&Value>, live: Option<&Value>) -> String {
    format!("{} {} {}", shown(files), paint(CHANGED, "->"), shown(live))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if text.contains('\n') => value::text_size(text),
        Some(Value::String(text)) => value::short_string(text),
        Some(value) => value::narrow(value).unwrap_or_else(|| match value {
            Value::List(items) => format!("(list, {})", count(items.len(), "item")),
            _ => "(map)".to_owned(),
        }),
    }
}

fn told(conflict: &Conflict, overlay: Option<&str>) -> String {
    let place = conflict.place.as_ref().map(|place| format!("  {place}")).unwrap_or_default();
    format!(
        "{} {}{}\n    {}\n    files: {}\n    tenant: {}\n    {} {}\n\n",
        paint(REMOVED.bold(), "conflict:"),
        paint(STRONG, harmless(&format!("{}:{}", conflict.address, conflict.path))),
        paint(FAINT, harmless(&place)),
        harmless(&conflict.why.to_string()),
        shown(conflict.files.as_ref()),
        shown(conflict.live.as_ref()),
        paint(STRONG, "help:"),
        harmless(&conflict.why.help(overlay)),
    )
}

/// Returns the lines that change in a file.
fn diff(file: &str, before: Option<&std::sync::Arc<str>>, after: &str) -> String {
    let old = before.map(|text| &**text).unwrap_or_default();
    let mut out = format!("{}\n", paint(STRONG, harmless(file)));
    if old.lines().count() + after.lines().count() > DIFF_LINES {
        return format!("{out}  {}\n", value::text_size(after));
    }
    let diff = TextDiff::from_lines(old, after);
    for hunk in diff.unified_diff().context_radius(1).iter_hunks() {
        out.push_str(&format!("{}\n", paint(FAINT, hunk.header())));
        for change in hunk.iter_changes() {
            let line = harmless(change.value().trim_end_matches('\n').trim_end_matches('\r'));
            out.push_str(&match change.tag() {
                ChangeTag::Delete => format!("{}\n", paint(REMOVED, format!("-{line}"))),
                ChangeTag::Insert => format!("{}\n", paint(ADDED, format!("+{line}"))),
                ChangeTag::Equal => format!("{}\n", format!(" {line}").trim_end()),
            });
        }
    }
    out
}

/// Returns `1 file`, `2 files`.
pub fn files(number: usize) -> String {
    count(number, "file")
}

/// Returns the last line; `different` says how many resources differ.
pub fn summary(came: &Into, wrote: bool, different: usize) -> String {
    if different == 0 {
        return "The files say what the tenant has; nothing to write.\n".to_owned();
    }
    let fields = count(came.written.len(), "field");
    let where_to = files(came.files.len());
    let words = match (wrote, came.written.is_empty()) {
        (_, true) => "Nothing was written".to_owned(),
        (true, false) => format!("Wrote {fields} into {where_to}"),
        (false, false) => format!("Would write {fields} into {where_to}"),
    };
    format!("{}; {} left.\n", paint(STRONG, words), count(came.conflicts.len(), "conflict"))
}

/// Returns it for programs.
pub fn json(came: &Into, overlay: Option<&str>) -> Json {
    let value = |value: &Option<Value>| value.as_ref().map(values::value);
    json!({
        "format": "tenantry-into",
        "version": values::VERSION,
        "files": came.files.keys().collect::<Vec<_>>(),
        "written": came.written.iter().map(|field| json!({
            "address": field.address,
            "path": field.path.to_string(),
            "file": field.file,
            "into": match field.written { Written::InPlace => "place", Written::Overlay => "overlay" },
            "before": value(&field.files),
            "after": value(&field.live),
        })).collect::<Vec<_>>(),
        "conflicts": came.conflicts.iter().map(|conflict| json!({
            "address": conflict.address,
            "path": conflict.path.to_string(),
            "place": conflict.place.as_ref().map(values::place),
            "reason": conflict.why.to_string(),
            "help": conflict.why.help(overlay),
            "files": value(&conflict.files),
            "tenant": value(&conflict.live),
        })).collect::<Vec<_>>(),
        "gone": came.gone,
        "pending": came.pending,
    })
}
