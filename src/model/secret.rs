//! A value that cannot be shown, logged or serialised.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A tainted string. `Debug`, `Display` of a plan, errors and serialisation only ever see its name.
#[derive(Clone)]
pub struct Secret {
    /// What the user calls it (`smtp_key`), or the field that holds it when it has no name.
    pub name: String,
    state: State,
}

#[derive(Clone)]
enum State {
    Known(SecretString),
    /// Its source has no value here (a pull request without credentials, say).
    Missing,
    /// `{ keep: true }`: whatever the tenant holds stays.
    Keep,
    /// What a record says was sent: known by its fingerprint alone.
    Recorded,
}

impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Known(SecretString::from(value.into())) }
    }

    pub fn missing(name: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Missing }
    }

    pub fn keep(name: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Keep }
    }

    pub fn recorded(name: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Recorded }
    }

    pub fn is_recorded(&self) -> bool {
        matches!(self.state, State::Recorded)
    }

    pub fn is_keep(&self) -> bool {
        matches!(self.state, State::Keep)
    }

    pub fn is_missing(&self) -> bool {
        matches!(self.state, State::Missing)
    }

    /// Returns the plain text. Only for the wire (a request body) and for fingerprints.
    pub fn expose(&self) -> Option<&str> {
        match &self.state {
            State::Known(text) => Some(text.expose_secret()),
            State::Missing | State::Keep | State::Recorded => None,
        }
    }

    /// Says whether both are known and the same text.
    pub fn same_text(&self, other: &Self) -> bool {
        match (self.expose(), other.expose()) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(secret {})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_name_only() {
        let secret = Secret::new("smtp_key", "hunter2");
        assert_eq!(format!("{secret:?}"), "(secret smtp_key)");
    }
}
