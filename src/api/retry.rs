//! When a request may be sent again, and after how long. Pure: how an attempt went goes in, a verdict comes out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::failure::ApiFailure;
use super::request::Method;
use super::response::Response;

/// The most times that a request without a usable answer is sent again.
const RETRIES: u32 = 4;
/// The first pause where the server names none; it doubles.
const FIRST: Duration = Duration::from_millis(250);
/// The longest single pause. A rate limit may take several of them.
const LONGEST: Duration = Duration::from_secs(60);
/// A pause that a server names is never taken as shorter.
const SHORTEST: Duration = Duration::from_millis(100);

/// Which requests may be sent again without proof that nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Sending twice does no harm: a GET, a token, a write that says how things are to be.
    Always,
    /// A write that makes something: only where the outcome proves that nothing was done.
    IfUndone,
}

impl Repeat {
    /// Returns what a method of the Management API allows by its nature.
    pub fn of(method: Method) -> Self {
        match method {
            Method::Post => Self::IfUndone,
            Method::Get | Method::Put | Method::Patch | Method::Delete => Self::Always,
        }
    }
}

/// How one attempt went.
#[derive(Debug)]
pub enum Attempt {
    Answered(Response),
    /// No connection could be made: the request was never sent.
    NotSent(String),
    /// The other side is not who it should be, or the like: the next attempt would go the same way.
    Hopeless(String),
    /// The request may have been sent; what came of it is unknown.
    Lost(String),
}

/// What follows from an attempt.
#[derive(Debug)]
pub enum Verdict {
    /// Send again after the pause; `limited` if a rate limit is why, which concerns every other request too.
    Again {
        pause: Duration,
        limited: bool,
    },
    End(Result<Response, ApiFailure>),
}

/// The attempts of one request so far.
#[derive(Debug)]
pub struct Attempts {
    /// Method and path, for messages.
    line: String,
    method: Method,
    repeat: Repeat,
    failed: u32,
    limited: u32,
    /// An earlier attempt may have been carried out.
    in_doubt: bool,
}

impl Attempts {
    pub fn new(line: String, method: Method, repeat: Repeat) -> Self {
        Self { line, method, repeat, failed: 0, limited: 0, in_doubt: false }
    }

    /// Judges an attempt. `chance`, from 0 to 1, spreads the pauses of those who wait at the same time.
    ///
    /// A rate limit (429) is waited for however often it comes; everything else at most four times.
    pub fn judge(&mut self, attempt: Attempt, now: SystemTime, chance: f64) -> Verdict {
        match attempt {
            Attempt::Answered(response) if response.status == 429 => {
                self.limited += 1;
                let named = named_pause(&response, now).filter(|pause| !pause.is_zero());
                let pause = named.unwrap_or_else(|| doubled(self.limited)).clamp(SHORTEST, LONGEST);
                // Never before the named moment.
                Verdict::Again { pause: pause + spread(chance), limited: true }
            }
            Attempt::Answered(response) if response.status >= 500 => {
                self.in_doubt = true;
                match self.again(self.repeat == Repeat::Always, chance) {
                    Some(verdict) => verdict,
                    None => Verdict::End(Ok(response)),
                }
            }
            // No read of the API answers with nothing; taken as an answer it would be an empty list.
            Attempt::Answered(response) if self.is_hollow(&response) => {
                self.lost("the answer is empty".to_owned(), chance)
            }
            Attempt::Answered(response) if self.is_done_already(&response) => {
                Verdict::End(Ok(Response { status: 204, ..response }))
            }
            Attempt::Answered(response) => Verdict::End(Ok(response)),
            Attempt::Hopeless(reason) => Verdict::End(Err(self.failure(reason))),
            Attempt::NotSent(reason) => {
                self.again(true, chance).unwrap_or_else(|| Verdict::End(Err(self.failure(reason))))
            }
            Attempt::Lost(reason) => self.lost(reason, chance),
        }
    }

    fn lost(&mut self, reason: String, chance: f64) -> Verdict {
        self.in_doubt = true;
        let again = self.again(self.repeat == Repeat::Always, chance);
        again.unwrap_or_else(|| Verdict::End(Err(self.failure(reason))))
    }

    fn again(&mut self, allowed: bool, chance: f64) -> Option<Verdict> {
        self.failed += 1;
        let pause = doubled(self.failed);
        // Between half of the pause and all of it.
        let pause = pause / 2 + (pause / 2).mul_f64(chance.clamp(0.0, 1.0));
        (allowed && self.failed <= RETRIES).then_some(Verdict::Again { pause, limited: false })
    }

    fn is_hollow(&self, response: &Response) -> bool {
        self.method == Method::Get && (200..300).contains(&response.status) && response.body.is_null()
    }

    /// A deletion whose answer was lost finds on the second try that the object is gone.
    fn is_done_already(&self, response: &Response) -> bool {
        self.method == Method::Delete && self.in_doubt && response.status == 404
    }

    fn failure(&self, reason: String) -> ApiFailure {
        let request = self.line.clone();
        match self.in_doubt && self.method != Method::Get {
            true => ApiFailure::InDoubt { request, reason },
            false => ApiFailure::Transport { request, reason },
        }
    }
}

/// Up to a quarter of a second.
fn spread(chance: f64) -> Duration {
    FIRST.mul_f64(chance.clamp(0.0, 1.0))
}

fn doubled(times: u32) -> Duration {
    FIRST.saturating_mul(1_u32.checked_shl(times.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST)
}

/// Returns the pause that a 429 asks for: `Retry-After`, else the rate limit's reset by the server's own clock.
fn named_pause(response: &Response, now: SystemTime) -> Option<Duration> {
    let server_now = server_time(response).unwrap_or(now);
    if let Some(after) = response.header("retry-after") {
        if let Ok(seconds) = after.trim().parse::<f64>() {
            return Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64())).ok();
        }
        if let Ok(moment) = httpdate::parse_http_date(after) {
            return Some(moment.duration_since(server_now).unwrap_or_default());
        }
    }
    let reset = response.header("x-ratelimit-reset")?.trim().parse::<u64>().ok()?;
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    Some(moment.duration_since(server_now).unwrap_or_default())
}

/// Returns what the server's own clock said when it answered.
pub fn server_time(response: &Response) -> Option<SystemTime> {
    httpdate::parse_http_date(response.header("date")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn limited(headers: &[(&str, &str)]) -> Attempt {
        let mut response = Response::new(429, Json::Null);
        response.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Attempt::Answered(response)
    }

    fn attempts(method: Method) -> Attempts {
        Attempts::new(format!("{} /things", method.as_str()), method, Repeat::of(method))
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    }

    fn pause(verdict: &Verdict) -> Option<Duration> {
        match verdict {
            Verdict::Again { pause, .. } => Some(*pause),
            Verdict::End(_) => None,
        }
    }

    fn pause_after(headers: &[(&str, &str)]) -> Option<Duration> {
        pause(&attempts(Method::Post).judge(limited(headers), now(), 0.0))
    }

    fn answered(status: u16) -> Attempt {
        Attempt::Answered(Response::new(status, json!({})))
    }

    #[test]
    fn a_rate_limit_is_waited_for_as_the_server_says() {
        assert_eq!(pause_after(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(pause_after(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        // The reset is compared with the server's clock, not with ours, which is off here by years.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(pause_after(&[("x-ratelimit-reset", "784111780"), ("date", date)]), Some(Duration::from_secs(3)));
        assert_eq!(pause_after(&[("x-ratelimit-reset", "1000000007")]), Some(Duration::from_secs(7)));
        assert_eq!(pause_after(&[("retry-after", "86400")]), Some(LONGEST));
        assert_eq!(pause_after(&[("retry-after", "-1e300")]), Some(FIRST));
    }

    #[test]
    fn a_rate_limit_never_ends_in_giving_up_nor_in_a_tight_loop() {
        let mut attempts = attempts(Method::Post);
        let mut last = Duration::ZERO;
        for _ in 0..50 {
            let past = limited(&[("x-ratelimit-reset", "1")]);
            let pause = pause(&attempts.judge(past, now(), 0.0)).unwrap();
            assert!(pause >= last);
            last = pause;
        }
        assert_eq!(last, LONGEST);
    }

    #[test]
    fn chance_spreads_but_never_shortens_what_the_server_named() {
        let mut one = attempts(Method::Post);
        let named = pause(&one.judge(limited(&[("retry-after", "2")]), now(), 1.0)).unwrap();
        assert_eq!(named, Duration::from_millis(2250));
        let mut two = attempts(Method::Get);
        assert_eq!(pause(&two.judge(answered(500), now(), 0.0)), Some(Duration::from_millis(125)));
    }

    #[test]
    fn what_makes_something_is_only_repeated_where_nothing_was_done() {
        let once = |method, attempt| attempts(method).judge(attempt, now(), 0.0);
        assert!(matches!(once(Method::Post, answered(503)), Verdict::End(Ok(response)) if response.status == 503));
        let lost = once(Method::Post, Attempt::Lost("gone".into()));
        assert!(matches!(lost, Verdict::End(Err(ApiFailure::InDoubt { .. }))));
        assert!(pause(&once(Method::Post, Attempt::NotSent("refused".into()))).is_some());
        for method in [Method::Get, Method::Put, Method::Patch, Method::Delete] {
            assert!(pause(&once(method, answered(503))).is_some());
            assert!(pause(&once(method, Attempt::Lost("gone".into()))).is_some());
            assert!(matches!(once(method, answered(404)), Verdict::End(Ok(_))));
        }
        assert!(pause(&once(Method::Get, Attempt::Answered(Response::new(200, Json::Null)))).is_some());
    }

    #[test]
    fn a_broken_server_is_asked_five_times_in_all() {
        let mut attempts = attempts(Method::Get);
        let pauses: Vec<_> = (0..10).map_while(|_| pause(&attempts.judge(answered(500), now(), 1.0))).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000].map(Duration::from_millis));
    }

    #[test]
    fn what_was_deleted_by_an_attempt_without_an_answer_is_deleted() {
        let mut attempts = attempts(Method::Delete);
        attempts.judge(Attempt::Lost("reset".into()), now(), 0.0);
        let verdict = attempts.judge(answered(404), now(), 0.0);
        assert!(matches!(verdict, Verdict::End(Ok(response)) if response.status == 204));
    }

    #[test]
    fn doubt_stays_though_the_last_attempt_was_never_sent() {
        let mut attempts = attempts(Method::Patch);
        attempts.judge(Attempt::Lost("reset".into()), now(), 0.0);
        let verdicts = (0..4).map(|_| attempts.judge(Attempt::NotSent("refused".into()), now(), 0.0));
        assert!(matches!(verdicts.last(), Some(Verdict::End(Err(ApiFailure::InDoubt { .. })))));
    }
}
