//! Project text -> nodes: YAML 1.2 as js-yaml reads it, and JSON, with the place of every key and value.
//!
//! The scanner is granit-parser's (the one inside serde-saphyr); scalar types, merge keys, duplicates and limits are
//! ours, because a duplicate key or an unknown tag must be reported with its place without giving up the file.
//! Nothing here may panic or use more than a bounded share of time and memory, whatever the text.

mod build;
mod json;
mod scalar;
pub mod spans;

use std::sync::Arc;

pub use scalar::{ambiguity, number_text, resolve as plain_scalar};

use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Node, Place};

/// How deep lists and maps may nest, as in js-yaml.
pub const DEPTH_LIMIT: usize = 100;
/// The most values that one file may hold, those repeated by aliases and merges counted each time.
pub const VALUE_LIMIT: usize = 750_000;
/// The most bytes of text that one file may come to, repeated text counted each time.
pub const TEXT_LIMIT: usize = 32 * 1024 * 1024;

/// Reads a YAML document. An empty text is a null.
///
/// Returns `None` if the text is no YAML or beyond a limit; findings then hold the reason. Duplicate keys and
/// unsupported tags are errors among the findings too, but the rest of the document is returned.
pub fn parse(text: &str, file: &Arc<str>, findings: &mut Diagnostics) -> Option<Node> {
    within_limit(text, file, findings).then(|| build::document(text, file, findings))?
}

/// Reads a JSON text, as strictly as JSON.parse but for duplicate keys, which are errors.
///
/// Returns `None` if the text is no JSON; findings then hold the reason.
pub fn parse_json(text: &str, file: &Arc<str>, findings: &mut Diagnostics) -> Option<Node> {
    within_limit(text, file, findings).then(|| json::document(text, file, findings))?
}

fn within_limit(text: &str, file: &Arc<str>, findings: &mut Diagnostics) -> bool {
    let fits = text.len() as u64 <= super::tree::FILE_LIMIT;
    if !fits {
        findings.push(too_much(&place(file, 1, 1), "is too large"));
    }
    fits
}

fn place(file: &Arc<str>, line: usize, column: usize) -> Place {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place { file: Arc::clone(file), line: count(line), column: count(column) }
}

fn too_much(place: &Place, what: &str) -> Diagnostic {
    Diagnostic::error("too-much-yaml", format!("the text {what}"))
        .at(place)
        .help("Split the file, or write out what an anchor repeats.")
}

fn duplicate_key(key: &str, place: &Place, first: &Place) -> Diagnostic {
    Diagnostic::error("duplicate-key", format!("the key `{key}` stands twice in one map"))
        .at(place)
        .help(format!("The first one is on line {}. Remove one of them.", first.line))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Option<Node>, Diagnostics) {
        let mut findings = Diagnostics::default();
        let node = parse(text, &Arc::from("a.yaml"), &mut findings);
        (node, findings)
    }

    fn shown(text: &str) -> String {
        let (node, findings) = read(text);
        assert!(!findings.has_errors(), "{text}: {findings:?}");
        node.unwrap().to_value().to_shown().to_string()
    }

    /// Each finding as `line:column code`.
    fn found(text: &str) -> Vec<String> {
        let (node, findings) = read(text);
        assert!(node.is_some() || findings.has_errors(), "no node and no reason");
        let told = |finding: &Diagnostic| {
            let place = finding.place.as_ref().unwrap();
            format!("{}:{} {}", place.line, place.column, finding.code)
        };
        findings.0.iter().map(told).collect()
    }

    #[test]
    fn anchors_and_merges_follow_js_yaml() {
        assert_eq!(shown("a: &x [1, 2]\nb: *x"), r#"{"a":[1,2],"b":[1,2]}"#);
        assert_eq!(shown("d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3"), r#"{"d":{"a":1,"b":2},"e":{"a":1,"b":3}}"#);
        assert_eq!(shown("e: {b: 3, <<: {a: 1, b: 2}}"), r#"{"e":{"b":3,"a":1}}"#);
        assert_eq!(shown("e: {<<: [{a: 1}, {a: 2, c: 3}]}"), r#"{"e":{"a":1,"c":3}}"#);
        assert_eq!(shown("e: {'<<': 1}"), r#"{"e":{"<<":1}}"#);
        assert_eq!(shown("x: &k a\nb: *k\n*k : 2"), r#"{"x":"a","b":"a","a":2}"#);
        assert_eq!(shown("1e3: a\n~: b\n012: c"), r#"{"1000":"a","null":"b","12":"c"}"#);
    }

    #[test]
    fn a_merged_value_keeps_the_place_of_its_definition() {
        let (node, _) = read("d: &d\n  a: 1\ne:\n  <<: *d\n");
        let node = node.unwrap();
        let value = node.get("e").unwrap().get("a").unwrap();
        assert_eq!((value.place.line, value.place.column), (2, 6));
    }

    #[test]
    fn places_count_characters_from_one() {
        let (node, _) = read("é: x\nb:\n  - 1\n  - c: |\n      text\n");
        let node = node.unwrap();
        assert_eq!(node.entries()[0].value.place.to_string(), "a.yaml:1:4");
        assert_eq!(node.get("b").unwrap().items()[0].place.to_string(), "a.yaml:3:5");
        assert_eq!(node.entries()[1].key_place.to_string(), "a.yaml:2:1");
    }

    #[test]
    fn every_mistake_has_a_place_and_only_syntax_stops_the_file() {
        let cases: &[(&str, &[&str])] = &[
            ("a: 1\na: 2\nb: 1\nb: 2", &["2:1 duplicate-key", "4:1 duplicate-key"]),
            ("a: !foo x\nb: !!binary aGk=", &["1:9 unsupported-tag", "2:13 unsupported-tag"]),
            ("a: !!int x\nb: !!str 1", &["1:10 unsupported-tag"]),
            ("a: {{x}}", &["1:5 unusable-key"]),
            ("a: *x", &["1:4 unknown-anchor"]),
            ("a: 1\n: 2", &["2:1 unusable-key"]),
            ("a: &x [1, *x]", &["1:11 unknown-anchor"]),
            ("a: {<<: 1}", &["1:9 unusable-merge"]),
            ("a: 1\n---\nb: 2", &["2:1 several-documents"]),
            ("a: .inf", &["1:4 unusable-number"]),
            ("a: yes\nb: 'no'\non: 1", &["1:4 ambiguous-scalar"]),
            ("a:\n\t- 1", &["2:2 yaml-syntax"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
        assert!(found("a: [1, 2\nb: 1").iter().any(|finding| finding.ends_with("yaml-syntax")));
        assert!(found("").is_empty() && found("# nothing\n").is_empty());
    }

    #[test]
    fn bombs_end_in_a_finding() {
        let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        let mut merges = String::from("m0: &m0 {k: 1}\n");
        for level in 1..30 {
            let inner = (0..9).map(|n| format!("k{n}: *m{}", level - 1)).collect::<Vec<_>>().join(", ");
            merges.push_str(&format!("m{level}: &m{level} {{{inner}}}\n"));
        }
        let items = vec!["x"; 10_000].join(",");
        let wide = format!("a: &a [{items}]\nb: [{}]", vec!["*a"; 10_000].join(","));
        let text = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(100_000), vec!["*a"; 10_000].join(","));
        let blocks: String =
            (0..10_000).map(|level| format!("{}-\n", " ".repeat(level % 1_500 + level / 1_500))).collect();
        let start = std::time::Instant::now();
        for bomb in
            [laughs, merges, wide, text, "- ".repeat(20_000), "[".repeat(100_000), "{a: ".repeat(10_000), blocks]
        {
            assert!(!found(&bomb).is_empty(), "{}", &bomb[..40]);
        }
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        assert_eq!(found(&format!("a: {}", "x".repeat(50_000_000))), ["1:1 too-much-yaml"]);
        let mut findings = Diagnostics::default();
        assert!(parse_json(&"[".repeat(100_000), &Arc::from("a.json"), &mut findings).is_none());
        assert_eq!(findings.0[0].code, "too-much-yaml");
    }

    #[test]
    fn one_anchor_may_be_used_often() {
        let uses: String = (0..150).map(|n| format!("c{n}: {{<<: *d, name: n{n}}}\n")).collect();
        let (node, findings) = read(&format!("d: &d {{a: 1}}\n{uses}"));
        assert!(findings.0.is_empty());
        assert_eq!(node.unwrap().entries().len(), 151);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-a-c0-9:{}\\[\\]&*!|>'\"#,?<% \n\t~@.é]{0,60}") {
            let (node, findings) = read(&text);
            prop_assert!(node.is_some() || findings.has_errors());
        }

        #[test]
        fn no_json_makes_it_panic(text in "[-a-c0-9:{}\\[\\]'\"\\\\u,eE. \n\té]{0,60}") {
            let mut findings = Diagnostics::default();
            let node = parse_json(&text, &Arc::from("a.json"), &mut findings);
            let known = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert_eq!(node.is_some(), known.is_ok());
        }

        #[test]
        fn json_reads_the_same_with_both_readers(list in proptest::collection::vec("[ -~]{0,12}", 0..6)) {
            let text = serde_json::to_string(&list).unwrap();
            let mut findings = Diagnostics::default();
            let json = parse_json(&text, &Arc::from("a.json"), &mut findings).unwrap();
            prop_assert_eq!(json.to_value(), read(&text).0.unwrap().to_value());
        }
    }
}
