//! What a run printed and how it ended.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value as Json;
use tenantry::pipeline::schema::subject::Subject;

/// A run that is over. Its code is to be looked at: [`Ran::ok`] or [`Ran::code`].
#[derive(Debug)]
pub struct Ran {
    line: String,
    code: u8,
    stdout: String,
    stderr: String,
}

impl Ran {
    pub(super) fn new(line: &str, code: u8, stdout: &str, stderr: &str, folder: &Path) -> Self {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let clean = |text: &str| {
            let text = text.replace(&*real.to_string_lossy(), "[DIR]").replace(&*folder.to_string_lossy(), "[DIR]");
            without_fingerprints(&without_times(&text))
        };
        Self { line: line.to_owned(), code, stdout: clean(stdout), stderr: clean(stderr) }
    }

    /// Asserts that all went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn code(self, code: u8) -> Self {
        assert_eq!(self.code, code, "{}", self.screen());
        self
    }

    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Returns everything: the command, the code, both streams. For snapshots.
    pub fn screen(&self) -> String {
        let mut screen = format!("$ tenantry {}\n{}", self.line, self.stdout);
        if !self.stderr.is_empty() {
            screen.push_str(&format!("--- stderr ---\n{}", self.stderr));
        }
        screen.push_str(&format!("--- exit {} ---", self.code));
        screen
    }

    /// Returns stdout as the one JSON document that it must be, checked against the schema of answers.
    #[track_caller]
    pub fn json(&self) -> Json {
        let answer = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.screen()));
        if !self.line.starts_with("schema") {
            let wrong: Vec<String> =
                ANSWERS.iter_errors(&answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), self.screen());
        }
        answer
    }
}

static ANSWERS: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&Subject::Answers.document()).unwrap());

/// Leaves out the line with the plan's fingerprint: it is another one with each change of how plans are hashed.
fn without_fingerprints(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("Fingerprint ")).collect()
}

/// Replaces `(1.2 s)` by `(… s)`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (before, from) = rest.split_at(open + 1);
        out.push_str(before);
        rest = match from.find(" s)") {
            Some(end) if end > 0 && from[..end].chars().all(|c| c.is_ascii_digit() || c == '.') => {
                out.push('…');
                &from[end..]
            }
            _ => from,
        };
    }
    out.push_str(rest);
    out
}
