//! Text that must come back as it is, though a reader would take parts of it for expressions or keywords.

use crate::pipeline::keywords;

/// Nothing, said in handlebars: it parts what must not stand together.
const NOTHING: &str = "{{!}}";

/// Returns a string whose rendering by handlebars is `text`; if asked to, with what looks like a keyword taken apart.
pub(in crate::pipeline) fn for_handlebars(text: &str, has_markers: bool) -> String {
    if !text.contains("{{") && !has_markers {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if has_markers && may_start_marker(rest) {
            out.push_str(&rest[..1]);
            out.push_str(NOTHING);
            at += 1;
            continue;
        }
        let backslashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
        if rest[backslashes..].starts_with("{{") {
            if backslashes > 0 {
                // Before `{{`, handlebars takes one backslash of several away and leaves the expression alive.
                out.push_str(&"\\".repeat(backslashes + 1));
                out.push_str(NOTHING);
            }
            out.push_str("\\{{");
            at += backslashes + 2;
            // The escape reaches over the next pair, too.
            if text[at..].starts_with("{{") {
                out.push_str("{{");
                at += 2;
            }
            continue;
        }
        let step = rest.chars().next().map_or(1, char::len_utf8);
        out.push_str(&rest[..step]);
        at += step;
    }
    out
}

fn may_start_marker(text: &str) -> bool {
    ["##", "@@"].iter().any(|sign| {
        text.strip_prefix(sign).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    })
}

/// Returns what in a text a reader would take for a keyword.
pub(super) fn lookalikes(text: &str) -> Vec<String> {
    keywords::unmapped_markers(text).into_iter().map(|(marker, _)| marker).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use handlebars::Handlebars;
    use proptest::prelude::*;

    fn rendered(text: &str) -> String {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        handlebars.register_escape_fn(handlebars::no_escape);
        handlebars.render_template(text, &()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn what_handlebars_would_render_comes_back() {
        for text in [
            "plain",
            "{{user.name}}",
            "a {{ b",
            "}} {{{x}}} {{{{raw}}}} x {{{{/raw}}}}",
            "\\{{x}}",
            "\\\\{{x}}",
            "\\\\\\{{{{{",
            "C:\\path\\{x}",
            "##KEY## and @@KEY@@",
            "{{##KEY##}}",
            "##A####B##",
            "{{!}}\n{{!}}\n  {{! x }}  \n",
            "\n{{x}}\n",
            "\\##KEY##",
        ] {
            let written = for_handlebars(text, true);
            assert_eq!(rendered(&written), text, "{written:?}");
            assert!(lookalikes(&written).is_empty(), "{written:?}");
        }
        assert_eq!(for_handlebars("hello {{name}}", false), "hello \\{{name}}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_text_comes_back(text in "[\\\\{}!~#@/ \nAK]{0,24}") {
            let written = for_handlebars(&text, true);
            prop_assert_eq!(rendered(&written), text, "{:?}", written);
            prop_assert!(lookalikes(&written).is_empty(), "{:?}", written);
        }
    }
}
