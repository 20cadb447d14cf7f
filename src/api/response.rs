//! An answer.

use serde_json::Value as Json;

/// A successful answer, or, from the sandbox, any answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    /// `Null` for an empty body.
    pub body: Json,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
}

impl Response {
    pub fn new(status: u16, body: Json) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
