//! A script of faults: which requests of a tenant go wrong, and how. Plain data; carrying it out is `faulty.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::api::request::Method;

/// Rules in order; of those that fit a request, the first decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Rule>);

/// One fault, where it strikes, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests; without it, all.
    #[serde(default)]
    pub at: At,
    /// How many of them in a row.
    #[serde(default = "once")]
    pub times: u32,
    pub what: Fault,
}

/// Which requests. What is given must hold together; numbers count from 1 and since the script was set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Below `/api/v2`; `*` matches anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The nth write, and those after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<u32>,
    /// The nth request of any kind, and those after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u32>,
    /// The nth request that fits method and path, and those after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
}

/// What goes wrong. `done` says whether a write takes place all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Another answer than the tenant's.
    Status {
        status: u16,
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
        /// The whole body, in place of the usual one.
        #[serde(default)]
        body: Option<Json>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        done: bool,
    },
    /// 429, with the headers of a rate limit or without any.
    TooMany {
        #[serde(default)]
        headers: bool,
        /// Until the reset.
        #[serde(default = "one")]
        seconds: u32,
    },
    /// The answer's text ends in the middle.
    Malformed {
        #[serde(default = "yes")]
        done: bool,
    },
    /// The right status and no body.
    Empty {
        #[serde(default = "yes")]
        done: bool,
    },
    /// The write takes place; of the object, the answer holds only these fields.
    Partial { fields: Vec<String> },
    /// An update is answered with success, and the object stays as it was: the answer shows that.
    Ignored,
    /// A write takes place with another value in one of the fields that were sent, and the answer shows that.
    Altered,
    /// The connection ends before anything was done.
    ResetBefore,
    /// The connection ends after it was done: the answer is lost.
    ResetAfter,
    /// No answer ever comes.
    Silent {
        #[serde(default)]
        done: bool,
    },
    /// The right answer, spread over so long a time.
    Trickle { seconds: f64 },
    /// A read is answered from the state before the last so many writes.
    Stale { writes: u32 },
    /// The answer of a write is lost, and the next so many reads do not know of it.
    LostAndStale { reads: u32 },
    /// 401 until a new token is fetched.
    TokenExpired,
    /// The lists of the answer that are sets come in another order.
    Shuffled,
    /// A deletion that is answered 202 takes its time: so many more reads of the object find it, and until then its
    /// identity is taken.
    SlowDelete { reads: u32 },
    /// The tenant's plan does not include this feature.
    NotEntitled { feature: String },
    /// The process ends before the request takes place.
    DieBefore,
    /// The process ends when the request has taken place, before its answer.
    DieAfter,
}

fn once() -> u32 {
    1
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Rule {
    /// A fault at the nth write, once.
    pub fn at_write(write: u32, what: Fault) -> Self {
        Self { at: At { write: Some(write), ..At::default() }, times: 1, what }
    }

    /// A fault at the nth request, once.
    pub fn at_request(request: u32, what: Fault) -> Self {
        Self { at: At { request: Some(request), ..At::default() }, times: 1, what }
    }
}

/// Why a text is no script.
#[derive(Debug, thiserror::Error)]
#[error("it is not a script of faults: {0}")]
pub struct NoScript(#[from] serde_json::Error);

/// A script under way.
#[derive(Debug, Default)]
pub struct Script {
    rules: Vec<Armed>,
    requests: u32,
    writes: u32,
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    met: u32,
    struck: u32,
}

impl Faults {
    /// Reads a script: a JSON list of rules.
    ///
    /// # Errors
    /// If the text is something else.
    pub fn from_json(text: &str) -> Result<Self, NoScript> {
        Ok(serde_json::from_str(text)?)
    }
}

impl Script {
    pub fn new(faults: Faults) -> Self {
        let rules = faults.0.into_iter().map(|rule| Armed { rule, met: 0, struck: 0 }).collect();
        Self { rules, requests: 0, writes: 0 }
    }

    /// Counts a request and returns what is to go wrong with it.
    pub fn next(&mut self, method: Method, path: &str) -> Option<Fault> {
        let is_write = method != Method::Get;
        self.requests = self.requests.saturating_add(1);
        self.writes = self.writes.saturating_add(u32::from(is_write));
        let mut found = None;
        for armed in &mut self.rules {
            let at = &armed.rule.at;
            if at.method.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(method.as_str()))
                || at.path.as_ref().is_some_and(|pattern| !is_like(pattern, path))
            {
                continue;
            }
            armed.met = armed.met.saturating_add(1);
            let reached = at.write.is_none_or(|write| is_write && self.writes >= write)
                && at.request.is_none_or(|request| self.requests >= request)
                && at.nth.is_none_or(|nth| armed.met >= nth);
            if found.is_none() && reached && armed.struck < armed.rule.times {
                armed.struck += 1;
                found = Some(armed.rule.what.clone());
            }
        }
        found
    }

    /// Returns how many states before the present one may still be asked for.
    pub fn depth(&self) -> usize {
        let open = self.rules.iter().filter(|armed| armed.struck < armed.rule.times);
        let depths = open.map(|armed| match armed.rule.what {
            Fault::Stale { writes } => writes as usize,
            _ => 0,
        });
        depths.max().unwrap_or(0)
    }
}

/// Says whether a text is of a pattern in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            let mut ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.any(|at| tail.get(at..).is_some_and(|tail| is_like(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        Script::new(Faults::from_json(text).unwrap())
    }

    #[test]
    fn rules_strike_where_and_as_often_as_they_say() {
        let mut script = script(
            r#"[{"at": {"write": 2}, "times": 2, "what": "reset_after"},
                {"at": {"method": "get", "path": "/roles*", "nth": 2}, "what": {"stale": {"writes": 3}}}]"#,
        );
        assert_eq!(script.depth(), 3);
        assert_eq!(script.next(Method::Post, "/roles"), None);
        assert_eq!(script.next(Method::Get, "/roles"), None);
        assert_eq!(script.next(Method::Patch, "/roles/1"), Some(Fault::ResetAfter));
        assert_eq!(script.next(Method::Get, "/clients"), None);
        assert_eq!(script.next(Method::Get, "/roles/1"), Some(Fault::Stale { writes: 3 }));
        assert_eq!(script.next(Method::Delete, "/roles/1"), Some(Fault::ResetAfter));
        assert_eq!(script.next(Method::Delete, "/roles/2"), None);
        assert_eq!(script.depth(), 0);
    }

    #[test]
    fn every_fault_is_written_as_it_is_read() {
        let text = r#"[{"what": {"status": {"status": 500}}}, {"what": {"too_many": {}}}, {"what": {"malformed": {}}},
            {"what": {"empty": {"done": false}}}, {"what": {"partial": {"fields": ["id"]}}}, {"what": "reset_before"},
            {"what": {"silent": {}}}, {"what": {"trickle": {"seconds": 2}}}, {"what": {"lost_and_stale": {"reads": 2}}},
            {"what": {"slow_delete": {"reads": 2}}}, {"what": {"not_entitled": {"feature": "captcha"}}},
            {"what": "token_expired"}, {"what": "ignored"}, {"what": "altered"}, {"what": "shuffled"}, {"what": "die_before"}, {"what": "die_after"}]"#;
        let faults = Faults::from_json(text).unwrap();
        assert_eq!(Faults::from_json(&serde_json::to_string(&faults).unwrap()).unwrap(), faults);
        assert!(Faults::from_json(r#"[{"what": "explode"}]"#).is_err());
        assert!(Faults::from_json(r#"[{"at": {"wirte": 1}, "what": "shuffled"}]"#).is_err());
    }

    #[test]
    fn a_pattern_takes_what_it_says() {
        assert!(is_like("*", "/a/b") && is_like("/a/*/c*", "/a/b/c") && is_like("/a", "/a"));
        assert!(!is_like("/a", "/a/b") && !is_like("/a/*/c", "/a/c"));
    }
}
