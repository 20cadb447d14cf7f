//! The plan as one page: it needs no other file, sends nothing, and works from a disk.
//!
//! The page holds the plan's JSON (secrets are names there) and a script that shows it. Its policy lets it run that one
//! script and use that one style, known by their hashes, and load nothing at all. The script puts every text of the plan
//! into the page as text, never as markup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{gates, json as plan_json, text};
use crate::model::diagnostic::Diagnostics;
use crate::model::plan::Plan;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
/// In this order: the pieces share their names.
const SCRIPT: &str = concat!(
    "'use strict';\n(() => {\n",
    include_str!("html/words.js"),
    include_str!("html/diff.js"),
    include_str!("html/graph.js"),
    include_str!("html/page.js"),
    "})();\n"
);

/// Returns the page.
///
/// `command` is the apply command of this run without consent switches, for the gates.
pub fn page(plan: &Plan, found: &Diagnostics, command: &str) -> String {
    let mut document = plan_json::plan(plan, found);
    if let Json::Object(members) = &mut document {
        members.insert("view".to_owned(), view(plan, command));
    }
    let title = format!("Plan for {}", plan.settings.tenant);
    let parts = [
        ("%TITLE%", escaped(&title)),
        ("%POLICY%", policy()),
        ("%STYLE%", STYLE.to_owned()),
        ("%SCRIPT%", SCRIPT.to_owned()),
        ("%PLAN%", embedded(&document)),
    ];
    let mut out = String::new();
    let mut rest = PAGE;
    // Filled from front to back, so that nothing in a part is taken for a place of another.
    while let Some((at, place, part)) =
        parts.iter().filter_map(|(place, part)| Some((rest.find(place)?, place, part))).min()
    {
        out.push_str(&rest[..at]);
        out.push_str(part);
        rest = &rest[at + place.len()..];
    }
    out.push_str(rest);
    out
}

/// What the page shows besides the plan itself.
fn view(plan: &Plan, command: &str) -> Json {
    let titles: Map<String, Json> =
        plan.changes.iter().map(|change| (change.kind.name.clone(), change.kind.title.clone().into())).collect();
    json!({
        "kinds": titles,
        "gates": gates::together(&plan.gates),
        "opening": gates::opening(&plan.gates, command),
        "requests": text::requests(plan),
        "tool": env!("CARGO_PKG_VERSION"),
    })
}

fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// Returns JSON that cannot end the element that holds it, nor start another. These characters stand in strings only.
fn embedded(document: &Json) -> String {
    let mut out = String::new();
    for c in document.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let safe = super::value::harmless(text);
    safe.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_leave_its_element() {
        let document = json!({"a</script><script>": "<!-- \u{2028}\u{2029} &lt; ]]>"});
        let text = embedded(&document);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), document);
    }

    #[test]
    fn the_page_names_nothing_outside_itself_and_its_own_parts_cannot_end_their_elements() {
        for part in [PAGE, STYLE, SCRIPT] {
            for word in ["http:", "https:", "@import", "url(", "src=", "innerHTML", "eval("] {
                // The one address is the name of SVG's elements, which nothing loads.
                assert!(!part.replace("http://www.w3.org/2000/svg", "").contains(word), "{word}");
            }
        }
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
        assert!(!SCRIPT.contains('%'.to_string().repeat(2).as_str()));
        for place in ["%TITLE%", "%POLICY%", "%STYLE%", "%SCRIPT%", "%PLAN%"] {
            assert_eq!(PAGE.matches(place).count(), 1, "{place}");
        }
    }

    #[test]
    fn the_policy_lets_nothing_be_loaded() {
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
