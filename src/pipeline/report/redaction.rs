//! Takes the texts of secrets out of what a server says: an answer may quote what it was sent.

use crate::model::plan::{Operation, Plan};
use crate::model::secret::Secret;
use crate::model::value::Map;

/// Texts shorter than this are not looked for: they would hit ordinary words, and a secret of that length is none.
const SHORTEST: usize = 4;

/// The secrets of a run, longest first.
#[derive(Debug, Default)]
pub struct Redaction {
    secrets: Vec<Secret>,
}

impl Redaction {
    /// Collects every secret that the plan may send.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut secrets = Vec::new();
        for step in &plan.steps {
            match &step.operation {
                Operation::Create { body, then: more } | Operation::Update { body, first: more, .. } => {
                    of_map(body, &mut secrets);
                    of_map(more, &mut secrets);
                }
                Operation::Fill { body } | Operation::Reset { body } => of_map(body, &mut secrets),
                Operation::Members(members) => {
                    for value in members.add.iter().chain(&members.change).chain(&members.remove).chain(&members.whole)
                    {
                        value.secrets(&mut |secret| secrets.push(secret.clone()));
                    }
                }
                Operation::Delete { .. } | Operation::Deploy { .. } => {}
            }
        }
        Self::of(secrets)
    }

    /// Takes secrets from anywhere.
    pub fn of(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.expose().is_some_and(|text| text.chars().count() >= SHORTEST));
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().map_or(0, str::len)));
        Self { secrets }
    }

    /// Returns the text with every secret replaced by its name.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            if let Some(plain) = secret.expose()
                && clean.contains(plain)
            {
                clean = clean.replace(plain, &format!("(secret {})", secret.name));
            }
        }
        clean
    }
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
    }
}
