//! JSON -> YAML text that every reader takes alike: ours, js-yaml, YAML 1.1 and 1.2.
//!
//! Canonical: equal values give equal bytes. It decides nothing about what is written, and it never sees a secret:
//! whoever calls it has put markers in their place.

use serde_json::Value as Json;

/// Longer text than this would be folded; nothing is that long, so nothing is.
const NEVER_FOLDED: usize = usize::MAX;

/// Why a value could not be written.
#[derive(Debug, thiserror::Error)]
#[error("this cannot be written as YAML: {0}")]
pub struct YamlWriteError(String);

/// Writes one document, text with line breaks as literal blocks, a line break at its end.
///
/// Errors: what YAML cannot say (none is known for JSON values).
pub fn to_yaml(value: &Json) -> Result<String, YamlWriteError> {
    let options = serde_saphyr::ser_options! {
        // Quotes whatever YAML 1.1 or js-yaml would read as something else than text.
        yaml_12: false,
        prefer_block_scalars: true,
        folded_wrap_chars: NEVER_FOLDED,
        compact_list_indent: false,
        indent_step: 2,
    };
    let mut text =
        serde_saphyr::to_string_with_options(value, options).map_err(|error| YamlWriteError(error.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Json {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            underscored_numbers_as_strings: true,
            leading_zero_numbers_as_strings: true,
            reject_unsupported_tags: true,
        };
        serde_saphyr::from_str_with_options(text, options).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn the_shape_is_the_usual_one() {
        let value = json!({
            "clients": [{
                "name": "Web",
                "callbacks": ["https://a.example/callback", "com.app://x"],
                "client_metadata": {"beta": "yes", "since": "2024-01-01", "cost": "0042", "window": "22:30"},
                "allowed_origins": [],
                "description": "first\nsecond\n",
                "marker": "##SMTP_KEY##",
                "rate": 87.5,
            }],
        });
        let text = to_yaml(&value).unwrap();
        insta::assert_snapshot!(text, @r###"
        clients:
          - name: Web
            callbacks:
              - https://a.example/callback
              - com.app://x
            client_metadata:
              beta: "yes"
              since: "2024-01-01"
              cost: "0042"
              window: "22:30"
            allowed_origins: []
            description: |
              first
              second
            marker: "##SMTP_KEY##"
            rate: 87.5
        "###);
        assert_eq!(read(&text), value);
    }

    #[test]
    fn text_that_looks_like_something_else_stays_text() {
        for text in [
            "yes",
            "NO",
            "on",
            "null",
            "~",
            "",
            " ",
            "1_000",
            "0755",
            "0o17",
            "0x1f",
            "1e3",
            ".5",
            ".inf",
            "2024-01-01",
            "22:30",
            "<<",
            "=",
            "- a",
            "? a",
            "a: b",
            "a #b",
            "#a",
            "##A##",
            "@@A@@",
            "{{a}}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "`a",
            "'",
            "\"",
            "a\tb",
            "\ta",
            "a ",
            " a",
            "a\n",
            "\na",
            "\n",
            "a\n\n",
            " a\nb",
            "a\r\nb",
            "\u{85}",
            "\u{2028}a",
            "\u{feff}a",
            "\u{0}",
            "\u{7f}",
            "---",
            "...",
            "---\na",
            "a\n---\nb",
            "\u{1f600}",
            "a\n\tb",
            "a\n b\n  c\n",
            "\n a",
            "a\n \n",
        ] {
            for value in
                [json!(text), json!({ text: text }), json!([text]), json!({"a": [{"b": text, text: {"c": [text]}}]})]
            {
                let written = to_yaml(&value).unwrap();
                assert_eq!(read(&written), value, "{written}");
            }
        }
    }

    #[test]
    fn long_text_is_not_folded() {
        let long = "word ".repeat(100);
        let written = to_yaml(&json!({ "a": long })).unwrap();
        assert_eq!(written.lines().count(), 1);
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let text = prop_oneof!["[ -~\n\t]{0,12}", "\\PC{0,8}", any::<String>(), "[:#{}'\"@\\\\\n |>-]{0,6}"];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e9..1e9).prop_map(|n: f64| json!(n)),
            text.clone().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::vec((text.clone(), inner), 0..5)
                    .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn what_is_written_is_read_back(value in any_json()) {
            prop_assume!(value.is_object() || value.is_array());
            let written = to_yaml(&value).unwrap();
            prop_assert_eq!(read(&written), value, "{}", written);
        }
    }
}
