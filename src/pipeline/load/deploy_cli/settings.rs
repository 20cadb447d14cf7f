//! The Deploy CLI's settings: its JSON file and the environment on top, each value in the form its setting wants.
//!
//! Values may be secret, so nothing here prints one, and the file's text is never kept for quoting.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Node, Place};
use crate::pipeline::yaml;

/// The JSON file with a project's settings.
#[derive(Clone)]
pub struct ConfigText {
    /// Its name in messages.
    pub name: String,
    pub text: String,
}

impl fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigText").field("name", &self.name).finish_non_exhaustive()
    }
}

static KNOWN: LazyLock<Result<BTreeMap<String, Known>, String>> =
    LazyLock::new(|| toml::from_str(include_str!("settings.toml")).map_err(|error| format!("settings.toml: {error}")));

/// Returns what is known of each setting.
///
/// # Panics
/// When `settings.toml` is broken, which a test of this module finds before anybody can build a release from it.
#[expect(clippy::panic, reason = "the table is part of the program; a test reads it")]
pub(super) fn known() -> &'static BTreeMap<String, Known> {
    match &*KNOWN {
        Ok(known) => known,
        Err(error) => panic!("the Deploy CLI's settings are broken: {error}"),
    }
}

/// One setting of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub form: Form,
    /// The type whose objects the names exclude.
    #[serde(default)]
    pub excludes: Option<String>,
    /// The type whose objects the names are all that is looked at.
    #[serde(default)]
    pub includes: Option<String>,
    /// What to say when it is set though it means nothing here.
    #[serde(default)]
    note: Option<String>,
}

/// The form of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    Text,
    /// `true`, `false`, or one of them as text.
    Flag,
    /// A list of texts, or one as JSON text.
    Names,
    /// A map, or one as JSON text.
    Map,
    /// A map from types to lists of field paths, or one as JSON text.
    Fields,
    /// Accepted, without a meaning here.
    Idle,
}

/// A value and where it was set.
pub(super) struct Setting {
    pub value: Node,
    from_environment: bool,
}

impl Setting {
    /// Returns the place in the file; the environment has none.
    pub fn place(&self) -> Option<&Place> {
        (!self.from_environment).then_some(&self.value.place)
    }

    /// Puts a finding where `node`, a part of the value, stands.
    pub fn locate(&self, diagnostic: Diagnostic, node: &Node) -> Diagnostic {
        if self.from_environment { diagnostic } else { diagnostic.at(&node.place) }
    }
}

/// All settings in force, by name, of the right form.
pub(super) struct Settings(BTreeMap<&'static str, Setting>);

/// Reads the settings. Environment variables win over the file.
pub(super) fn read(
    config: Option<&ConfigText>,
    environment: &BTreeMap<String, String>,
    findings: &mut Diagnostics,
) -> Settings {
    let mut settings = BTreeMap::new();
    for (name, value, key_place) in config.map(|config| members(config, findings)).unwrap_or_default() {
        match known().get_key_value(name.as_str()) {
            Some((name, _)) => {
                settings.insert(name.as_str(), Setting { value, from_environment: false });
            }
            None if name.starts_with(['_', '$', '/']) => {}
            None => findings.push(unknown(&name).at(&key_place)),
        }
    }
    for (name, text) in environment {
        match known().get_key_value(name.as_str()) {
            Some((name, known)) => {
                let place = Place { file: Arc::from(format!("environment variable {name}")), line: 1, column: 1 };
                let value = Node::new(Content::Text(text.clone()), place);
                if known.form == Form::Text && text.is_empty() {
                    continue;
                }
                settings.insert(name, Setting { value, from_environment: true });
            }
            None if name.starts_with("AUTH0_") && near(name).is_some() => findings.push(unknown(name)),
            None => {}
        }
    }
    let in_form = settings.into_iter().filter_map(|(name, setting)| {
        let known = known().get(name)?;
        if let (Some(note), true) = (&known.note, is_set(&setting.value)) {
            let said = Diagnostic::note("idle-setting", format!("{name} has no effect here")).help(note);
            findings.push(setting.locate(said, &setting.value));
        }
        in_form(name, known.form, setting, findings).map(|setting| (name, setting))
    });
    Settings(in_form.collect())
}

impl Settings {
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.0.get(name)
    }

    /// Returns a text; empty counts as not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.value.as_text().filter(|text| !text.is_empty())
    }

    /// Returns a flag, `false` when not set.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|setting| matches!(setting.value.value, Content::Bool(true)))
    }

    /// Returns the names of a list, each with its node.
    pub fn names(&self, name: &str) -> Vec<(&str, &Node)> {
        let items = self.get(name).map(|setting| setting.value.items()).unwrap_or_default();
        items.iter().filter_map(|item| item.as_text().map(|text| (text, item))).collect()
    }
}

fn members(config: &ConfigText, findings: &mut Diagnostics) -> Vec<(String, Node, Place)> {
    let file: Arc<str> = Arc::from(config.name.as_str());
    match yaml::parse_json(&config.text, &file, findings) {
        Some(Node { value: Content::Map(entries), .. }) => {
            entries.into_iter().map(|entry| (entry.key, entry.value, entry.key_place)).collect()
        }
        Some(other) => {
            let summary = format!("the settings must be a JSON object, not {}", other.type_name());
            findings.push(Diagnostic::error("invalid-setting", summary).at(&other.place));
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn near(name: &str) -> Option<&'static str> {
    nearest(name, known().keys().map(String::as_str))
}

fn unknown(name: &str) -> Diagnostic {
    let warning = Diagnostic::warning("unknown-setting", format!("`{name}` is no setting of the Deploy CLI"));
    match near(name) {
        Some(near) => warning.help(format!("Did you mean `{near}`?")),
        None => warning.help("It has no effect. Remove it if it was meant for nobody else."),
    }
}

fn is_set(value: &Node) -> bool {
    !matches!(&value.value, Content::Null | Content::Bool(false)) && !matches!(value.as_text(), Some("" | "false"))
}

/// Brings a value into its setting's form. What cannot be is an error, never a guess.
fn in_form(name: &str, form: Form, setting: Setting, findings: &mut Diagnostics) -> Option<Setting> {
    if setting.value.is_null() {
        return None;
    }
    let from_environment = setting.from_environment;
    let expected = match form {
        Form::Idle => return None,
        Form::Text => "text",
        Form::Flag => "true or false",
        Form::Names => "a list of names, as in [\"a\", \"b\"]",
        Form::Map => "a JSON object",
        Form::Fields => "a JSON object of lists, as in {\"type\": [\"field\"]}",
    };
    let value = match (form, setting.value) {
        (Form::Flag, Node { value: Content::Text(text), place }) => match text.as_str() {
            "true" => Node::new(Content::Bool(true), place),
            "false" | "" => Node::new(Content::Bool(false), place),
            _ => Node::new(Content::Text(text), place),
        },
        (Form::Names | Form::Map | Form::Fields, node) => decoded(node),
        (_, node) => node,
    };
    let fits = match form {
        Form::Text => matches!(value.value, Content::Text(_)),
        Form::Flag => matches!(value.value, Content::Bool(_)),
        Form::Names => is_names(&value),
        Form::Map => matches!(value.value, Content::Map(_)),
        Form::Fields => {
            matches!(value.value, Content::Map(_)) && value.entries().iter().all(|entry| is_names(&entry.value))
        }
        Form::Idle => true,
    };
    let setting = Setting { value, from_environment };
    if !fits {
        let wrong = Diagnostic::error("invalid-setting", format!("{name} must be {expected}"));
        let wrong = if from_environment { wrong.help(format!("{name} was set in the environment.")) } else { wrong };
        findings.push(setting.locate(wrong, &setting.value));
    }
    fits.then_some(setting)
}

fn is_names(value: &Node) -> bool {
    matches!(value.value, Content::List(_)) && value.items().iter().all(|item| item.as_text().is_some())
}

/// Lists and maps may come as JSON text, as the environment knows nothing else.
fn decoded(node: Node) -> Node {
    let Some(text) = node.as_text() else { return node };
    // Findings of text that is no JSON would quote it; the caller says what form was wanted.
    match yaml::parse_json(text, &node.place.file, &mut Diagnostics::default()) {
        Some(mut parsed) => {
            relocate(&mut parsed, &node.place);
            parsed
        }
        None => node,
    }
}

fn relocate(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| relocate(item, place)),
        Content::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_place = place.clone();
            relocate(&mut entry.value, place);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_both(text: &str, environment: &[(&str, &str)]) -> (Settings, Diagnostics) {
        let config = ConfigText { name: "config.json".to_owned(), text: text.to_owned() };
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut findings = Diagnostics::default();
        let settings = read(Some(&config), &environment, &mut findings);
        (settings, findings)
    }

    #[test]
    fn the_environment_wins_and_its_text_takes_the_settings_form() {
        let (settings, findings) = read_both(
            r#"{"AUTH0_DOMAIN": "a.auth0.com", "AUTH0_ALLOW_DELETE": true, "AUTH0_EXCLUDED": ["rules"]}"#,
            &[
                ("AUTH0_DOMAIN", "b.auth0.com"),
                ("AUTH0_ALLOW_DELETE", "false"),
                ("AUTH0_EXCLUDED", r#"["hooks","roles"]"#),
            ],
        );
        assert!(findings.0.is_empty(), "{findings:?}");
        assert_eq!(settings.text("AUTH0_DOMAIN"), Some("b.auth0.com"));
        assert!(!settings.flag("AUTH0_ALLOW_DELETE"));
        let names: Vec<_> = settings.names("AUTH0_EXCLUDED").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["hooks", "roles"]);
    }

    #[test]
    fn unknown_settings_name_their_neighbour_and_place() {
        let (_, findings) =
            read_both("{\n  \"AUTH0_ALOW_DELETE\": true,\n  \"_comment\": 1\n}", &[("AUTH0_DOMIAN", "x")]);
        assert_eq!(findings.0.len(), 2);
        assert_eq!(findings.0[0].place.as_ref().map(ToString::to_string).as_deref(), Some("config.json:2:3"));
        assert_eq!(findings.0[0].help.as_deref(), Some("Did you mean `AUTH0_ALLOW_DELETE`?"));
        assert_eq!(findings.0[1].help.as_deref(), Some("Did you mean `AUTH0_DOMAIN`?"));
    }

    #[test]
    fn a_wrong_form_is_an_error_that_does_not_show_the_value() {
        let (settings, findings) = read_both(
            r#"{"AUTH0_ALLOW_DELETE": "yes", "AUTH0_EXCLUDED": "rules,hunter2", "AUTH0_CLIENT_SECRET": 5}"#,
            &[],
        );
        assert!(!settings.flag("AUTH0_ALLOW_DELETE"));
        assert_eq!(findings.0.len(), 3);
        assert!(findings.0.iter().all(|finding| finding.code == "invalid-setting"));
        assert!(!format!("{findings:?}").contains("hunter2"));
    }
}
