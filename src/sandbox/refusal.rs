//! The bodies of errors: `{statusCode, error, message, errorCode?}`, in that order.

use serde_json::{Value as Json, json};

use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::server::Missing;

/// A request that is not done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: Option<String>,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: (!code.is_empty()).then(|| code.to_owned()), message: message.into() }
    }

    /// Returns the refusal of a body that does not fit its schema.
    pub fn payload(what: &str, property: Option<&str>) -> Self {
        let place = property.map(|property| format!(" on property {property}")).unwrap_or_default();
        Self::new(400, "invalid_body", format!("Payload validation error: '{what}'{place}."))
    }

    /// Returns the refusal of a body for a reason of its own.
    pub fn body(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_body", message)
    }

    pub fn query(what: &str, property: &str) -> Self {
        Self::new(400, "invalid_query_string", format!("Query validation error: '{what}' on property {property}."))
    }

    /// Returns the 404 of a path that the API does not have.
    pub fn no_route() -> Self {
        Self::new(404, "", "Not Found")
    }

    /// Returns the 404 of an object that is not there.
    pub fn missing(kind: &Kind) -> Self {
        match &kind.server.missing {
            Some(Missing { code, message }) => Self { status: 404, code: code.clone(), message: message.clone() },
            None => Self::new(404, "", format!("The {} does not exist", kind.title)),
        }
    }

    /// Returns the 409 of a duplicate.
    pub fn conflict(kind: &Kind) -> Self {
        match &kind.server.conflict {
            Some(Missing { code, message }) => Self { status: 409, code: code.clone(), message: message.clone() },
            None => Self::new(409, "conflict", format!("There is already a {} of that name", kind.title)),
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({
            "statusCode": refusal.status,
            "error": reason(refusal.status),
            "message": refusal.message,
        });
        if let (Some(code), Json::Object(map)) = (refusal.code, &mut body) {
            map.insert("errorCode".to_owned(), Json::String(code));
        }
        Self::new(refusal.status, body)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_empty_is_left_out() {
        let response = Response::from(Refusal::no_route());
        assert_eq!(response.body, json!({"statusCode": 404, "error": "Not Found", "message": "Not Found"}));
    }
}
