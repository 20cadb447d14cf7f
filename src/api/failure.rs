//! What can go wrong between us and a tenant. Classified by status, never by words.

use serde_json::Value as Json;

use super::response::Response;

/// A failed request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiFailure {
    /// The server answered with an error.
    #[error("{request} answered {status}{}: {message}", code_of(.error_code))]
    Status {
        /// Method and path.
        request: String,
        status: u16,
        error_code: Option<String>,
        message: String,
        request_id: Option<String>,
    },
    /// No answer, or not one that can be read, to what did nothing.
    #[error("{request} got no usable answer: {reason}")]
    Transport { request: String, reason: String },
    /// A write without a usable answer: it may or may not have been carried out.
    #[error("{request} may or may not have been carried out: {reason}")]
    InDoubt { request: String, reason: String },
    /// No token could be had.
    #[error("no access token for {domain}: {reason}")]
    Token { domain: String, reason: String, trouble: TokenTrouble },
}

/// At what the way to a token ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTrouble {
    /// Something is missing here to ask for one.
    Credentials,
    /// The tenant did not answer.
    Unreachable,
    /// The tenant answered, and gave none.
    Refused,
}

/// Returns the id that the server gave a request.
pub fn request_id(response: &Response) -> Option<String> {
    response.header("x-request-id").or_else(|| response.header("x-correlation-id")).map(str::to_owned)
}

fn code_of(code: &Option<String>) -> String {
    code.as_ref().map(|code| format!(" {code}")).unwrap_or_default()
}

impl ApiFailure {
    /// Reads an error answer. The body is `{statusCode, error, message, errorCode?}`.
    pub fn from_response(request: String, response: &Response) -> Self {
        let text = |key: &str| response.body.get(key).and_then(Json::as_str).map(str::to_owned);
        Self::Status {
            request,
            status: response.status,
            error_code: text("errorCode"),
            message: text("message").or_else(|| text("error_description")).unwrap_or_else(|| "no message".to_owned()),
            request_id: request_id(response),
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns method and path of what failed, where it was a request of the API's.
    pub fn request(&self) -> Option<&str> {
        match self {
            Self::Status { request, .. } | Self::Transport { request, .. } | Self::InDoubt { request, .. } => {
                Some(request)
            }
            Self::Token { .. } => None,
        }
    }

    /// Says whether a write that failed this way may have been carried out all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::InDoubt { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::Transport { .. } | Self::Token { .. } => false,
        }
    }
}
