//! Environment variables, read once at the start and handed in as a value.

use std::collections::BTreeMap;
use std::fmt;

/// The environment of a run. Values never show in `Debug`: some are credentials.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's environment. Names and values that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let text = |part: std::ffi::OsString| part.into_string().ok();
        Self(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect())
    }

    /// Makes an environment of the given variables only.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// Returns a variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns every variable and its value, ordered by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_only() {
        let environment = Environment::of([("AUTH0_CLIENT_SECRET".to_owned(), "hunter2".to_owned())]);
        assert_eq!(format!("{environment:?}"), r#"{"AUTH0_CLIENT_SECRET"}"#);
        assert_eq!(environment.get("AUTH0_CLIENT_SECRET"), Some("hunter2"));
    }
}
