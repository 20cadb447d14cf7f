//! When a request may be sent again, and after how long. Pure: an outcome in, a decision out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::api::response::Response;

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
    /// Sending twice does no harm (a GET, a token).
    Always,
    /// A write: only where the outcome proves that nothing was done.
    IfUndone,
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

/// The attempts of one request so far.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: u32,
    limited: u32,
}

impl Attempts {
    /// Returns how long to pause before the next attempt, or `None` if this one's outcome stands.
    ///
    /// A rate limit (429) is waited for however often it comes; everything else at most four times.
    pub fn pause_after(&mut self, attempt: &Attempt, repeat: Repeat, now: SystemTime) -> Option<Duration> {
        match attempt {
            Attempt::Answered(response) if response.status == 429 => {
                self.limited += 1;
                let named = named_pause(response, now).filter(|pause| !pause.is_zero());
                Some(named.unwrap_or_else(|| doubled(self.limited)).clamp(SHORTEST, LONGEST))
            }
            Attempt::Answered(response) if response.status >= 500 => self.again(repeat == Repeat::Always),
            Attempt::Answered(_) | Attempt::Hopeless(_) => None,
            Attempt::NotSent(_) => self.again(true),
            Attempt::Lost(_) => self.again(repeat == Repeat::Always),
        }
    }

    fn again(&mut self, allowed: bool) -> Option<Duration> {
        self.failed += 1;
        (allowed && self.failed <= RETRIES).then(|| doubled(self.failed))
    }
}

fn doubled(times: u32) -> Duration {
    FIRST.saturating_mul(1_u32.checked_shl(times.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST)
}

/// Returns the pause that a 429 asks for: `Retry-After`, else the rate limit's reset by the server's own clock.
fn named_pause(response: &Response, now: SystemTime) -> Option<Duration> {
    let server_now = response.header("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    fn limited(headers: &[(&str, &str)]) -> Attempt {
        let mut response = Response::new(429, Json::Null);
        response.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Attempt::Answered(response)
    }

    fn pause(headers: &[(&str, &str)]) -> Option<Duration> {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Attempts::default().pause_after(&limited(headers), Repeat::IfUndone, now)
    }

    #[test]
    fn a_rate_limit_is_waited_for_as_the_server_says() {
        assert_eq!(pause(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(pause(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        // The reset is compared with the server's clock, not with ours, which is off here by years.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(pause(&[("x-ratelimit-reset", "784111780"), ("date", date)]), Some(Duration::from_secs(3)));
        assert_eq!(pause(&[("x-ratelimit-reset", "1000000007")]), Some(Duration::from_secs(7)));
        assert_eq!(pause(&[("retry-after", "86400")]), Some(LONGEST));
        assert_eq!(pause(&[("retry-after", "-1e300")]), Some(FIRST));
    }

    #[test]
    fn a_rate_limit_never_ends_in_giving_up_nor_in_a_tight_loop() {
        let mut attempts = Attempts::default();
        let past = limited(&[("x-ratelimit-reset", "1")]);
        let pauses: Vec<_> =
            (0..50).map(|_| attempts.pause_after(&past, Repeat::IfUndone, SystemTime::now()).unwrap()).collect();
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[49], LONGEST);
    }

    #[test]
    fn a_write_is_only_repeated_where_nothing_was_done() {
        let broken = || Attempt::Answered(Response::new(503, Json::Null));
        let once = |attempt: &Attempt, repeat| Attempts::default().pause_after(attempt, repeat, SystemTime::now());
        assert_eq!(once(&broken(), Repeat::IfUndone), None);
        assert_eq!(once(&Attempt::Lost("gone".into()), Repeat::IfUndone), None);
        assert!(once(&Attempt::NotSent("refused".into()), Repeat::IfUndone).is_some());
        assert!(once(&broken(), Repeat::Always).is_some());
        assert!(once(&Attempt::Lost("gone".into()), Repeat::Always).is_some());
        assert_eq!(once(&Attempt::Answered(Response::new(404, Json::Null)), Repeat::Always), None);
    }

    #[test]
    fn a_broken_server_is_asked_five_times_in_all() {
        let mut attempts = Attempts::default();
        let broken = Attempt::Answered(Response::new(500, Json::Null));
        let pauses =
            (0..10).map_while(|_| attempts.pause_after(&broken, Repeat::Always, SystemTime::now())).collect::<Vec<_>>();
        assert_eq!(pauses, [250, 500, 1000, 2000].map(Duration::from_millis));
    }
}
