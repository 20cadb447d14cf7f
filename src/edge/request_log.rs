//! A line for each request that is sent: when, what, how it went, how long it took. For whoever looks for why.
//!
//! Never a body, a query, a header or a token: a log is sent to strangers.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::clock::stamp;
use super::files::FileError;
use crate::api::failure::request_id;
use crate::api::response::Response;

/// Where the lines go; nowhere unless it was asked for.
#[derive(Clone, Default)]
pub struct RequestLog(Option<Arc<Mutex<Sink>>>);

struct Sink {
    to: Box<dyn Write + Send>,
    /// It takes no more, which was said.
    is_full: bool,
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLog")
    }
}

/// One attempt of a request.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub attempt: u32,
    pub took: Duration,
}

impl RequestLog {
    /// Writes to stderr.
    pub fn to_stderr() -> Self {
        Self::to(Box::new(std::io::stderr()))
    }

    /// Writes to the end of a file.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn to_file(path: &Path) -> Result<Self, FileError> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map(|file| Self::to(Box::new(file))).map_err(|source| FileError {
            path: path.to_owned(),
            doing: "written",
            source,
        })
    }

    fn to(to: Box<dyn Write + Send>) -> Self {
        Self(Some(Arc::new(Mutex::new(Sink { to, is_full: false }))))
    }

    /// Notes an attempt and its answer, or why there is none.
    pub fn note(&self, sent: Sent<'_>, came: Result<&Response, &str>) {
        let Some(sink) = &self.0 else { return };
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        if sink.is_full {
            return;
        }
        let Sent { method, path, attempt, took } = sent;
        let outcome = match came {
            Ok(answer) => {
                let id = request_id(answer).map(|id| format!(" id {}", id.escape_debug())).unwrap_or_default();
                format!("{}{id}", answer.status)
            }
            Err(reason) => format!("no answer: {}", reason.escape_debug()),
        };
        let line = format!("{} {method} {path} {} ms, attempt {attempt}: {outcome}\n", stamp(), took.as_millis());
        if let Err(error) = sink.to.write_all(line.as_bytes()) {
            sink.is_full = true;
            // Nothing can be done if stderr takes no more either.
            writeln!(std::io::stderr(), "warning: the log of requests ends here: {error}").ok();
        }
    }
}
