//! Keywords that nothing stands behind.

use std::collections::HashSet;

use super::spot::Spot;
use crate::model::diagnostic::{Diagnostic, Severity, nearest};
use crate::model::document::Place;
use crate::pipeline::keywords::{Mappings, unmapped_markers};

/// Returns a finding for each different keyword left in a text: an error, but in code and HTML a warning, for there `##` may be
/// anything. Auth0's own markers and comments are left alone. `place` gives the place of a byte offset.
pub fn left_over(text: &str, spot: &Spot, keywords: &Mappings, place: &dyn Fn(usize) -> Place) -> Vec<Diagnostic> {
    let is_code = spot.companion().is_some() || spot.kind().is_some_and(|kind| spot.is_any_of(&kind.fields.hands_off));
    let own = spot.kind().map(|kind| kind.fields.own_markers.as_slice()).unwrap_or_default();
    let mut found = Vec::new();
    let mut told = HashSet::new();
    for (marker, offset) in unmapped_markers(text) {
        let name = &marker[2..marker.len() - 2];
        if told.contains(&marker) || own.iter().any(|own| own == name) || (is_code && in_comment(text, offset)) {
            continue;
        }
        let mut finding =
            Diagnostic::error("undefined-keyword", format!("nothing is defined for `{marker}`")).at(&place(offset));
        if is_code {
            finding.severity = Severity::Warning;
        }
        told.insert(marker.clone());
        found.push(match nearest(name, keywords.0.keys().map(String::as_str)) {
            Some(near) => finding.help(format!("Did you mean `{near}`?")),
            None => finding.help("Add it under `vars` in the tenant's file."),
        });
    }
    found
}

fn in_comment(text: &str, offset: usize) -> bool {
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text[start..offset].trim_start();
    before.starts_with("//")
        || before.starts_with('*')
        || before.contains(" //")
        || last_opens(&text[..offset], "/*", "*/")
        || last_opens(&text[..offset], "<!--", "-->")
}

fn last_opens(before: &str, open: &str, close: &str) -> bool {
    before.rfind(open).is_some_and(|position| !before[position..].contains(close))
}
