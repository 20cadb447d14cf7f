//! Random configurations, each an edit of the one before; the same for the same seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A small generator of numbers (splitmix64): tests need no more.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// An object of a kind and the fields that its file states, as YAML.
type Fields = BTreeMap<&'static str, String>;

/// What the files describe.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Top-level key -> name -> fields. A key that is absent is not managed at all.
    lists: BTreeMap<&'static str, BTreeMap<String, Fields>>,
    /// Keys of what there is one of.
    single: BTreeMap<&'static str, Fields>,
    /// New name -> the name before, for the next apply alone.
    renamed: BTreeMap<(&'static str, String), String>,
}

/// Key, the field of the name, the choices of each other field.
type Choices = (&'static str, &'static str, &'static [(&'static str, &'static [&'static str])]);

const LISTS: [Choices; 6] = [
    (
        "clients",
        "name",
        &[
            ("app_type", &["spa", "native", "non_interactive"]),
            ("description", &["one", "two", "''"]),
            ("callbacks", &["[]", "['https://a.example/cb']", "['https://b.example/cb', 'https://a.example/cb']"]),
            ("oidc_conformant", &["true", "false"]),
            ("grant_types", &["[authorization_code]", "[authorization_code, refresh_token]"]),
            ("client_metadata", &["{ a: x }", "{ a: y, b: z }"]),
            (
                "jwt_configuration",
                &["{ alg: RS256 }", "{ alg: RS256, lifetime_in_seconds: 600 }", "{ lifetime_in_seconds: 900 }"],
            ),
        ],
    ),
    (
        "roles",
        "name",
        &[
            ("description", &["Reads", "Writes"]),
            (
                "permissions",
                &[
                    "[]",
                    "[{ permission_name: 'read:a', resource_server_identifier: 'https://api-0' }]",
                    "[{ permission_name: 'read:a', resource_server_identifier: 'https://api-0' }, { permission_name: 'read:b', resource_server_identifier: 'https://api-0' }]",
                ],
            ),
        ],
    ),
    (
        "resourceServers",
        "identifier",
        &[
            ("name", &["API one", "API two"]),
            ("token_lifetime", &["600", "7200"]),
            ("allow_offline_access", &["true", "false"]),
        ],
    ),
    (
        "organizations",
        "name",
        &[("display_name", &["One", "Two"]), ("metadata", &["{ tier: a }", "{ tier: b, kind: c }"])],
    ),
    (
        "actions",
        "name",
        &[
            (
                "code",
                &[
                    "'exports.onExecutePostLogin = async () => {};'",
                    "'exports.onExecutePostLogin = async () => { return; };'",
                ],
            ),
            ("dependencies", &["[]", "[{ name: lodash, version: 4.17.21 }]"]),
        ],
    ),
    (
        "logStreams",
        "name",
        &[("status", &["active", "paused"]), ("filters", &["[]", "[{ type: category, name: auth.login.fail }]"])],
    ),
];

/// A key, and its fields with the values that they may have.
type Single = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const SINGLE: [Single; 3] = [
    (
        "tenant",
        &[
            ("friendly_name", &["Shop", "Store"]),
            ("session_lifetime", &["72", "168"]),
            (
                "flags",
                &[
                    "{ enable_client_connections: true }",
                    "{ enable_client_connections: false, revoke_refresh_token_grant: true }",
                ],
            ),
        ],
    ),
    (
        "branding",
        &[
            ("logo_url", &["https://a.example/l.png", "https://b.example/l.png"]),
            ("colors", &["{ primary: '#111111' }", "{ primary: '#222222', page_background: '#333333' }"]),
        ],
    ),
    (
        "attackProtection",
        &[(
            "bruteForceProtection",
            &["{ enabled: true, max_attempts: 5 }", "{ enabled: true, max_attempts: 9 }", "{ enabled: false }"],
        )],
    ),
];

/// So many names of each kind are in play.
const NAMES: usize = 5;

fn name(key: &str, number: usize) -> String {
    match key {
        "resourceServers" => format!("https://api-{number}"),
        "organizations" => format!("org-{number}"),
        _ => format!("Thing {number}"),
    }
}

impl Files {
    /// A configuration from nothing.
    pub fn any(dice: &mut Dice) -> Self {
        let mut files = Self::default();
        // What permissions and actions point at is always there.
        files.lists.entry("resourceServers").or_default().insert(name("resourceServers", 0), base("resourceServers"));
        for (key, _, choices) in LISTS {
            if dice.one_in(5) {
                continue;
            }
            let list = files.lists.entry(key).or_default();
            for number in 0..NAMES {
                if dice.one_in(2) {
                    list.entry(name(key, number)).or_insert_with(|| some_fields(key, choices, dice));
                }
            }
        }
        for (key, choices) in SINGLE {
            if dice.one_in(2) {
                files.single.insert(key, some_fields(key, choices, dice));
            }
        }
        files.single.retain(|_, fields| !fields.is_empty());
        files
    }

    /// Another configuration, a few edits away.
    pub fn edited(&self, dice: &mut Dice) -> Self {
        let mut files = self.clone();
        files.renamed.clear();
        for _ in 0..=dice.roll(9) {
            files.edit(dice);
        }
        files
    }

    fn edit(&mut self, dice: &mut Dice) {
        if dice.one_in(5) {
            let (key, choices) = SINGLE[dice.roll(SINGLE.len())];
            if dice.one_in(4) {
                self.single.remove(key);
            } else {
                change(key, self.single.entry(key).or_default(), choices, dice);
            }
            self.single.retain(|_, fields| !fields.is_empty());
            return;
        }
        let (key, _, choices) = LISTS[dice.roll(LISTS.len())];
        let is_needed = key == "resourceServers";
        if dice.one_in(12) && !is_needed {
            // The whole kind is let go.
            self.lists.remove(key);
            self.renamed.retain(|(of, _), _| *of != key);
            return;
        }
        let list = self.lists.entry(key).or_default();
        let chosen = name(key, dice.roll(NAMES));
        let is_fixed = is_needed && chosen == name(key, 0);
        match dice.roll(5) {
            0 if !is_fixed => drop(list.remove(&chosen)),
            1 if ["clients", "roles", "organizations"].contains(&key) => {
                let other = name(key, NAMES + dice.roll(2));
                let is_known = self.renamed.contains_key(&(key, chosen.clone()));
                if let (false, false, Some(fields)) = (list.contains_key(&other), is_known, list.remove(&chosen)) {
                    list.insert(other.clone(), fields);
                    self.renamed.insert((key, other), chosen);
                }
            }
            _ => match list.get_mut(&chosen) {
                Some(fields) => change(key, fields, choices, dice),
                None => drop(list.insert(chosen, some_fields(key, choices, dice))),
            },
        }
        // A rename is one only while the new name is there and the old one is not.
        let lists = &self.lists;
        self.renamed.retain(|(key, new), old| {
            lists.get(key).is_some_and(|list| list.contains_key(new) && !list.contains_key(old))
        });
    }

    /// Keeps of a configuration what somebody else might have made by hand: no permissions, no renames.
    pub fn by_hand(mut self) -> Self {
        self.single.clear();
        self.renamed.clear();
        self
    }

    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for (key, list) in &self.lists {
            if list.is_empty() {
                writeln!(out, "{key}: []").unwrap();
                continue;
            }
            writeln!(out, "{key}:").unwrap();
            let field = LISTS.iter().find(|(of, ..)| of == key).unwrap().1;
            for (name, fields) in list {
                writeln!(out, "  - {field}: '{name}'").unwrap();
                if let Some(was) = self.renamed.get(&(*key, name.clone())) {
                    writeln!(out, "    $was: '{was}'").unwrap();
                }
                for (field, value) in fields {
                    writeln!(out, "    {field}: {value}").unwrap();
                }
            }
        }
        for (key, fields) in &self.single {
            writeln!(out, "{key}:").unwrap();
            for (field, value) in fields {
                writeln!(out, "  {field}: {value}").unwrap();
            }
        }
        out
    }
}

/// Fields without which an object cannot be made, and those that are never edited.
fn base(key: &str) -> Fields {
    match key {
        "resourceServers" => Fields::from([
            ("name", "API one".to_owned()),
            ("scopes", "[{ value: 'read:a', description: a }, { value: 'read:b', description: b }]".to_owned()),
        ]),
        "actions" => Fields::from([
            ("supported_triggers", "[{ id: post-login, version: v3 }]".to_owned()),
            ("code", "'exports.onExecutePostLogin = async () => {};'".to_owned()),
            ("runtime", "node22".to_owned()),
            ("deployed", "true".to_owned()),
        ]),
        "logStreams" => Fields::from([
            ("type", "http".to_owned()),
            ("sink", "{ httpEndpoint: 'https://logs.example', httpContentType: application/json, httpContentFormat: JSONLINES }".to_owned()),
        ]),
        _ => Fields::new(),
    }
}

fn some_fields(key: &str, choices: &[(&'static str, &[&str])], dice: &mut Dice) -> Fields {
    let mut fields = base(key);
    for _ in 0..=dice.roll(3) {
        change(key, &mut fields, choices, dice);
    }
    fields
}

fn change(key: &str, fields: &mut Fields, choices: &[(&'static str, &[&str])], dice: &mut Dice) {
    let (field, values) = choices[dice.roll(choices.len())];
    if dice.one_in(4) && !base(key).contains_key(field) {
        fields.remove(field);
    } else {
        fields.insert(field, values[dice.roll(values.len())].to_owned());
    }
}
