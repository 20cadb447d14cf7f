//! Takes the texts of secrets out of what a server says: an answer may quote what it was sent.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use crate::model::plan::{Operation, Plan, Step};
use crate::model::secret::Secret;
use crate::model::value::{Map, Value};

/// Texts shorter than this are not looked for: they would hit ordinary words (`true`, a port), and a secret of that length
/// is none.
const SHORTEST: usize = 6;

/// What stays as it is in an address.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secrets of a run, longest first.
#[derive(Debug, Default)]
pub struct Redaction {
    secrets: Vec<Secret>,
}

impl Redaction {
    /// Collects every secret that the plan may send.
    pub fn of_plan(plan: &Plan) -> Self {
        Self::of(plan.steps.iter().flat_map(secrets_of).collect())
    }

    /// Collects every secret that one step may send.
    pub fn of_step(step: &Step) -> Self {
        Self::of(secrets_of(step))
    }

    /// Takes secrets from anywhere.
    pub fn of(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.expose().is_some_and(|text| text.chars().count() >= SHORTEST));
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().map_or(0, str::len)));
        Self { secrets }
    }

    /// Returns the text with every secret replaced by its name, as it is or as it stands in JSON and in addresses.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            let Some(plain) = secret.expose() else { continue };
            for form in forms(plain) {
                if clean.contains(&form) {
                    clean = clean.replace(&form, &format!("(secret {})", secret.name));
                }
            }
        }
        clean
    }

    /// Returns the value with every text in it cleaned.
    pub fn clean_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text)),
            Value::List(items) => Value::List(items.iter().map(|item| self.clean_value(item)).collect()),
            Value::Map(map) => {
                Value::Map(map.iter().map(|(key, item)| (key.clone(), self.clean_value(item))).collect())
            }
            other => other.clone(),
        }
    }
}

fn secrets_of(step: &Step) -> Vec<Secret> {
    let mut secrets = Vec::new();
    match &step.operation {
        Operation::Create { body, then: more } | Operation::Update { body, first: more, .. } => {
            of_map(body, &mut secrets);
            of_map(more, &mut secrets);
        }
        Operation::Fill { body } | Operation::Reset { body } => of_map(body, &mut secrets),
        Operation::Members(members) => {
            for value in members.add.iter().chain(&members.change).chain(&members.remove).chain(&members.whole) {
                value.secrets(&mut |secret| secrets.push(secret.clone()));
            }
        }
        Operation::Delete { .. } | Operation::Deploy { .. } | Operation::Wrap { .. } => {}
    }
    secrets
}

/// The ways in which a server may quote a text, the plain one first.
fn forms(plain: &str) -> Vec<String> {
    let json = Json::String(plain.to_owned()).to_string();
    let encoded = utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string();
    let reserved = utf8_percent_encode(plain, &UNRESERVED).to_string();
    let mut forms =
        vec![plain.to_owned(), json.trim_matches('"').to_owned(), reserved.replace("%20", "+"), reserved, encoded];
    forms.extend([STANDARD.encode(plain), URL_SAFE_NO_PAD.encode(plain)]);
    forms
}

fn of_map(map: &Map, secrets: &mut Vec<Secret>) {
    for value in map.values() {
        value.secrets(&mut |secret| secrets.push(secret.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_secret_goes_first_and_short_ones_are_left() {
        let redaction =
            Redaction::of(vec![Secret::new("a", "hunter2"), Secret::new("b", "hunter2-more"), Secret::new("c", "is")]);
        assert_eq!(redaction.clean("hunter2-more is not hunter2"), "(secret b) is not (secret a)");
        let redaction = Redaction::of(vec![Secret::new("a", "one \"two\"/")]);
        let said = r#"'{"p":"one \"two\"/"}' one+%22two%22%2F one%20%22two%22%2F b25lICJ0d28iLw=="#;
        assert_eq!(redaction.clean(said), r#"'{"p":"(secret a)"}' (secret a) (secret a) (secret a)"#);
    }
}
