//! Any project at all, in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::names::TenantName;
use crate::pipeline::load::deploy_cli::ConfigText;
use crate::pipeline::tree::MemoryTree;

/// Texts of pieces that matter to YAML, JSON, keywords and handlebars.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "##K##",
        "@@K@@",
        "##S_TOKEN##",
        "@@L@@",
        "##NO##",
        "clients:\n",
        "roles:\n",
        "actions:\n",
        "  - name: ",
        "    code: ",
        "    client_secret: ",
        "    client_metadata: ",
        "\n",
        "\r\n",
        " ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "      ",
        "# ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "é",
        "\u{feff}",
        "&a ",
        "*a",
        "<<: ",
        "\\",
        "./a.js",
        "{{x}}",
        "exclude:\n",
        "1",
        "null",
        "tenant:\n  friendly_name: ",
        "$only: x",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

fn translated(text: &str, value: &str) -> Result<Translated, Box<Refused>> {
    let tree = MemoryTree::of(&[
        ("tenant.yaml", text),
        ("a.js", text),
        ("p/clients/a.json", text),
        ("p/clients/a.html", text),
        ("p/roles/a.json", text),
        ("p/pages/login.json", text),
        ("p/prompts/partials.json", text),
    ]);
    let config = |domain: &str, list: &[&str]| ConfigText {
        name: format!("{domain}.json"),
        text: json!({
            "AUTH0_DOMAIN": domain,
            "AUTH0_KEYWORD_REPLACE_MAPPINGS": { "K": value, "S_TOKEN": "hush-hush", "L": list, "NULL": null },
        })
        .to_string(),
    };
    let configs = || {
        vec![
            (TenantName("dev".to_owned()), config("dev", &["a"])),
            (TenantName("prod".to_owned()), config("prod", &["b", "c"])),
        ]
    };
    let environment = BTreeMap::new();
    let of = |input| {
        let project =
            Project { tree: &tree, input, configs: configs(), environment: &environment, name: "x", plain: &[] };
        translate(&project)
    };
    of("p").ok();
    of("tenant.yaml")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_project_makes_it_panic_or_lets_a_secret_out(text in text(), value in text()) {
        match translated(&text, &value) {
            Ok(made) => {
                for file in made.files {
                    let text = String::from_utf8(file.bytes).unwrap();
                    prop_assert!(!text.contains("hush-hush"), "{}:\n{text}", file.path);
                }
            }
            Err(refused) => {
                prop_assert!(refused.found.has_errors());
                prop_assert!(!format!("{:?}", refused.found).contains("hush-hush"), "{:?}", refused.found);
            }
        }
    }

    #[test]
    fn a_value_of_any_text_is_carried_over(value in "[ -~é\\n\"'#:{}@]{0,16}") {
        // Where the project itself can be read with it, the law holds or it is refused with a reason.
        for text in ["roles:\n  - name: r\n    description: '##K##'\n", "roles:\n  - name: r\n    description: @@K@@\n"] {
            if let Err(refused) = translated(text, &value) {
                prop_assert!(refused.found.has_errors(), "{:?}", refused.found);
            }
        }
    }
}

#[test]
fn no_finding_quotes_a_key_that_a_keyword_gave() {
    for text in [
        "##S_TOKEN##@@K@@",
        "##S_TOKEN##: { a: 1 }",
        "clients:\n  - name: a\n    ##S_TOKEN##: x\n    oidc_conformant: { ##S_TOKEN##: 1 }\n",
        "exclude:\n  ##S_TOKEN##: []\n",
    ] {
        let refused = translated(text, "$only: x").err();
        let found = refused.map(|refused| format!("{:?}", refused.found));
        assert!(found.as_ref().is_none_or(|found| !found.contains("hush-hush")), "{text}: {found:?}");
    }
    let refused = translated("##S_TOKEN##@@K@@", "$only: x").err().unwrap();
    assert!(format!("{:?}", refused.found).contains("there is no kind (from a keyword)"), "{:?}", refused.found);
}

#[test]
fn plain_values_are_never_refused() {
    for value in ["a", "a b", "a: b", "#a", "a #b", "{{x}}", "null", "1", "", "é", "a\\b"] {
        let text = "roles:\n  - name: r\n    description: @@K@@\n";
        let made = translated(text, value).unwrap_or_else(|refused| panic!("{value}: {:?}", refused.found));
        assert!(made.files.iter().any(|file| file.path == "templates/tenant.yaml"), "{value}");
    }
}
