//! Names for secrets: one for each place, made of the object and the field, so that no two objects share one.

use std::collections::BTreeSet;

use super::piece::{Piece, SecretPlace};

/// Words that every secret would have and that tell nothing.
const SILENT: [&str; 2] = ["options", "value"];

/// Gives each secret its name, and returns all names in order. A name that is taken gets a number.
pub(super) fn assign<'a>(pieces: impl Iterator<Item = &'a mut Piece>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    for piece in pieces {
        piece.secrets(&mut |place| {
            let base = name_of(place);
            let mut name = base.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            place.name = name;
        });
    }
    taken.into_iter().collect()
}

/// Returns the Deploy CLI's keyword for a secret.
pub(super) fn marker(name: &str) -> String {
    format!("##{}##", name.to_uppercase())
}

fn name_of(place: &SecretPlace) -> String {
    let words: Vec<String> = place
        .words
        .iter()
        .enumerate()
        .filter(|(position, word)| *position == 0 || !SILENT.contains(&word.as_str()))
        .map(|(_, word)| snake(word))
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

/// `emailProvider` and `Web (new)` become `email_provider` and `web_new`. Only ASCII letters and digits stay.
fn snake(word: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    for c in word.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                text.push('_');
            }
            text.push(c.to_ascii_lowercase());
        } else if !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
        before = c;
    }
    text.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret(words: &[&str]) -> Piece {
        Piece::Secret(SecretPlace { words: words.iter().map(|w| (*w).to_owned()).collect(), name: String::new() })
    }

    #[test]
    fn names_tell_object_and_field() {
        let mut pieces = [
            secret(&["clients", "Web (new)", "client_secret"]),
            secret(&["connections", "google-oauth2", "options", "client_secret"]),
            secret(&["emailProvider", "credentials", "smtp_pass"]),
            secret(&["actions", "Check", "secrets", "PLANS_API_KEY", "value"]),
        ];
        assert_eq!(
            assign(pieces.iter_mut()),
            [
                "actions_check_secrets_plans_api_key",
                "clients_web_new_client_secret",
                "connections_google_oauth2_client_secret",
                "email_provider_credentials_smtp_pass",
            ]
        );
    }

    #[test]
    fn no_two_places_share_a_name() {
        let mut pieces =
            [secret(&["clients", "A/B", "s"]), secret(&["clients", "A:B", "s"]), secret(&["clients", "A B", "s"])];
        assert_eq!(assign(pieces.iter_mut()), ["clients_a_b_s", "clients_a_b_s_2", "clients_a_b_s_3"]);
        assert_eq!(marker("clients_a_b_s"), "##CLIENTS_A_B_S##");
    }

    proptest! {
        #[test]
        fn every_name_is_a_keyword_and_unique(names in prop::collection::vec(".{0,8}", 1..8)) {
            let mut pieces: Vec<Piece> = names.iter().map(|name| secret(&["clients", name, "client_secret"])).collect();
            let assigned = assign(pieces.iter_mut());
            prop_assert_eq!(assigned.len(), names.len());
            for name in assigned {
                prop_assert!(crate::pipeline::references::is_marker(&marker(&name)), "{}", name);
            }
        }
    }
}
