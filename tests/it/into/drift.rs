//! Drift of any sort, in a file that says each field in another manner.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{diff, hand, planned, told};
use crate::support::Project;

/// Every field on lines of its own, each in another manner.
const LITERALS: &str = r##"# The whole of it.
clients:
  - name: Web # its name
    app_type: non_interactive
    description: plain words # why
    logo_uri: "https://a.example/logo.png"
    initiate_login_uri: 'https://a.example/login'
    oidc_conformant: true
    callbacks: [https://a.example/1, https://a.example/2] # in brackets
    allowed_logout_urls:
      # the first
      - https://a.example/out/1
      - "https://a.example/out/2" # the second
    jwt_configuration: { alg: RS256, lifetime_in_seconds: 60 }
    client_metadata:
      team: finance
      'note': "as it is"
# Roles.
roles:
  - name: Reader
    description: |
      First line
      second line

  # After a block text.
  - name: Writer
    description: 'it''s quoted'
"##;

/// What may drift: the lines that it stands on, and how it is said.
#[derive(Clone, Debug)]
struct Drifted {
    client: serde_json::Map<String, Json>,
    roles: BTreeMap<&'static str, String>,
    lines: Vec<u32>,
}

fn text() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        "[a-zA-Z][ -Z^-z]{0,24}[a-z]",
        "[a-z]{1,6}(: |, | #|\\} |\\] |'|\"|- | & | \\* | %|\\{\\{x\\}\\}|é|\u{1f600})[a-z]{1,6}",
        "[a-z ]{1,8}\n[a-z#: ]{0,8}\n?[a-z]",
        Just("yes".to_owned()),
        Just("12".to_owned()),
        Just("~".to_owned()),
        Just("2024-01-01".to_owned()),
    ];
    words.prop_filter("what the files could not say plainly", |text| {
        !text.contains("##") && !text.contains("@@") && !text.contains("{{{") && !text.trim().is_empty()
    })
}

fn drifted() -> impl Strategy<Value = Drifted> {
    let urls = || proptest::collection::btree_set(0_u8..6, 0..5);
    let client = (
        proptest::option::of(text()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(urls()),
        proptest::option::of(urls()),
        proptest::option::of(1_u32..90_000),
        proptest::option::of(text()),
        proptest::option::of(text()),
    );
    let url = |path: &'static str| {
        move |set: std::collections::BTreeSet<u8>| {
            json!(set.iter().map(|n| format!("https://a.example/{path}{n}")).collect::<Vec<_>>())
        }
    };
    (client, proptest::option::of(text()), proptest::option::of(text())).prop_map(move |(client, reader, writer)| {
        let mut out = Drifted { client: serde_json::Map::new(), roles: BTreeMap::new(), lines: Vec::new() };
        let mut put = |field: &str, value: Option<Json>, lines: &[u32]| {
            if let Some(value) = value {
                out.client.insert(field.to_owned(), value);
                out.lines.extend(lines);
            }
        };
        put("description", client.0.map(Json::from), &[5]);
        put("oidc_conformant", client.1.map(Json::from), &[8]);
        put("callbacks", client.2.map(url("")), &[9]);
        put("allowed_logout_urls", client.3.map(url("out/")), &[10, 12, 13]);
        put("jwt_configuration", client.4.map(|n| json!({ "alg": "RS256", "lifetime_in_seconds": n })), &[14]);
        let metadata: serde_json::Map<String, Json> = [("team", client.5, 16), ("note", client.6, 17)]
            .into_iter()
            .filter_map(|(key, text, line)| {
                let text = text?;
                out.lines.push(line);
                Some((key.to_owned(), Json::from(text)))
            })
            .collect();
        if !metadata.is_empty() {
            out.client.insert("client_metadata".to_owned(), Json::Object(metadata));
        }
        for (name, text, lines) in [("Reader", reader, 21..=23), ("Writer", writer, 27..=27)] {
            if let Some(text) = text {
                out.roles.insert(name, text);
                out.lines.extend(lines);
            }
        }
        out
    })
}

/// Handlebars leaves these texts alone.
fn escaped(json: &Json) -> String {
    json.to_string().replace("{{", "\\\\{{")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_drifts_is_written_on_its_own_lines(drifted in drifted()) {
        let project = Project::new().file(".gitignore", ".tenantry/\n").tenant("dev", "domain: sandbox\n").template("all", LITERALS);
        project.commit("one");
        project.run("apply dev --yes").ok();
        let mut client = drifted.client.clone();
        client.insert("name".to_owned(), json!("Web"));
        let roles: Vec<Json> =
            drifted.roles.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect();
        hand(&project, "dev", &escaped(&json!({ "clients": [client], "roles": roles })));
        let ran = project.run("export dev --into --yes --json").ok();
        prop_assert!(told(&ran, "conflicts").is_empty(), "{}", ran.screen());
        let is_surely_other = drifted.client.contains_key("description") || !drifted.roles.is_empty();
        prop_assert!(!is_surely_other || !told(&ran, "written").is_empty(), "{}", ran.screen());
        let left = planned(&project, "plan dev --json");
        prop_assert!(left.is_empty(), "{left:?}\n{}", project.read("templates/all.yaml"));
        let touched = diff(&project, |diff| {
            let mut touched = Vec::new();
            diff.foreach(&mut |_, _| true, None, None, Some(&mut |_, _, line| {
                touched.extend(line.old_lineno().filter(|_| line.origin() == '-'));
                true
            })).unwrap();
            touched
        });
        prop_assert!(touched.iter().all(|line| drifted.lines.contains(line)), "{touched:?} of {:?}\n{}", drifted.lines, ran.screen());
        let text = project.read("templates/all.yaml");
        for comment in LITERALS.lines().filter_map(|line| line.split_once("# ").map(|(_, comment)| comment)) {
            // What stands behind an item goes with it.
            prop_assert!(text.contains(comment) || comment == "the second", "{comment}\n{text}");
        }
    }
}
