//! A token bucket, as the tenant's rate limit is one: so many requests at once, and so many a second. Pure: time is handed in.

use std::time::Duration;

use crate::api::response::Response;

/// The bucket. Times are since any one moment.
#[derive(Debug)]
pub struct Bucket {
    rate: Option<f64>,
    size: f64,
    tokens: f64,
    filled: Duration,
}

/// What the bucket gave for one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grant {
    Unlimited,
    /// `full_in` is the whole seconds until the bucket is full again.
    Granted {
        limit: u64,
        remaining: u64,
        full_in: u64,
    },
    /// `next_in` is the whole seconds until there is one token.
    Refused {
        limit: u64,
        full_in: u64,
        next_in: u64,
    },
}

impl Bucket {
    /// A full bucket; without a rate it has no bottom, without a burst it holds what comes in one second.
    pub fn new(rate: Option<f64>, burst: Option<f64>) -> Self {
        let size = burst.or(rate).unwrap_or(1.0).max(1.0);
        Self { rate: rate.map(|rate| rate.max(0.001)), size, tokens: size, filled: Duration::ZERO }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Duration) -> Grant {
        let Some(rate) = self.rate else { return Grant::Unlimited };
        let since = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + since * rate).min(self.size);
        let whole = |number: f64| number.max(0.0) as u64;
        let limit = whole(self.size);
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        let full_in = whole(((self.size - self.tokens) / rate).ceil()).max(1);
        match granted {
            true => Grant::Granted { limit, remaining: whole(self.tokens), full_in },
            false => Grant::Refused { limit, full_in, next_in: whole(((1.0 - self.tokens) / rate).ceil()).max(1) },
        }
    }
}

impl Grant {
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Writes what the limit is, and what is left of it, into the answer's headers. `now` is unix seconds.
    pub fn show(&self, response: &mut Response, now: i64) {
        let (limit, remaining, full_in) = match self {
            Self::Unlimited => return,
            Self::Granted { limit, remaining, full_in } => (*limit, *remaining, *full_in),
            Self::Refused { limit, full_in, .. } => (*limit, 0, *full_in),
        };
        response.headers.retain(|(name, _)| !name.starts_with("x-ratelimit-"));
        for (name, value) in [
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", now.saturating_add_unsigned(full_in).to_string()),
        ] {
            response.headers.push((name.to_owned(), value));
        }
        if let Self::Refused { next_in, .. } = self {
            response.headers.push(("retry-after".to_owned(), next_in.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pace::{Pace, Quota, Reserve, Turn};
    use crate::sandbox::ids::Dice;
    use serde_json::Value as Json;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_bucket_fills_again_with_time() {
        let mut bucket = Bucket::new(Some(2.0), Some(1.0));
        let at = Duration::from_millis;
        assert!(matches!(bucket.take(at(0)), Grant::Granted { limit: 1, remaining: 0, .. }));
        assert!(matches!(bucket.take(at(0)), Grant::Refused { next_in: 1, .. }));
        assert!(matches!(bucket.take(at(600)), Grant::Granted { .. }));
    }

    /// How a run of changes against a bucket went.
    #[derive(Debug)]
    struct Went {
        seconds: f64,
        refused: usize,
        logins: usize,
        logins_refused: usize,
    }

    /// Sends changes at the client's pace, answers 50 to 110 ms late and out of order, in virtual time of one millisecond a step. Logins come at
    /// random moments, `logins` of them a second.
    fn run(changes: usize, rate: f64, burst: f64, logins: f64, seed: u64) -> Went {
        const BEGAN: u64 = 1_767_225_600;
        let mut bucket = Bucket::new(Some(rate), Some(burst));
        let mut pace = Pace::new(Reserve::Usual, None);
        let mut dice = Dice::new(seed);
        let mut answers: Vec<(Duration, u64, Response)> = Vec::new();
        let (mut open, mut done) = (changes, 0);
        let mut went = Went { seconds: 0.0, refused: 0, logins: 0, logins_refused: 0 };
        let mut now = Duration::ZERO;
        while done < changes {
            let unix = BEGAN + now.as_secs();
            if (dice.draw() % 1_000_000) as f64 / 1e6 < logins / 1000.0 {
                went.logins += 1;
                went.logins_refused += usize::from(bucket.take(now).is_refused());
            }
            while let Some(at) = answers.iter().position(|(due, ..)| *due <= now) {
                let (_, number, response) = answers.swap_remove(at);
                pace.ended(now, number, Quota::of(&response, UNIX_EPOCH + Duration::from_secs(unix)));
                match response.status {
                    429 => {
                        pace.hold(now, Duration::from_secs(1));
                        went.refused += 1;
                        open += 1;
                    }
                    _ => done += 1,
                }
            }
            while open > 0
                && answers.len() < 24
                && let Turn::Send(number) = pace.ask(now)
            {
                open -= 1;
                let grant = bucket.take(now + Duration::from_millis(40));
                let mut response = Response::new(if grant.is_refused() { 429 } else { 200 }, Json::Null);
                response
                    .headers
                    .push(("date".to_owned(), httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix))));
                grant.show(&mut response, i64::try_from(unix).unwrap());
                let late = Duration::from_millis(50 + dice.draw() % 60);
                answers.push((now + late, number, response));
            }
            now += Duration::from_millis(1);
        }
        went.seconds = now.as_secs_f64();
        went
    }

    #[test]
    fn three_hundred_changes_take_what_the_bucket_allows_and_refuse_no_login() {
        for seed in 0..10 {
            // What the bucket gives in all is the burst and what flows in; logins get theirs of it.
            let went = run(300, 2.0, 10.0, 0.4, seed);
            let allowed = (300.0 + went.logins as f64 - 10.0) / 2.0;
            assert_eq!((went.refused, went.logins_refused), (0, 0), "{went:?}");
            assert!(went.logins > 30 && went.seconds <= allowed * 1.1, "{went:?}, allowed {allowed}");
            let went = run(300, 16.0, 50.0, 0.0, seed);
            let allowed = (300.0 - 50.0) / 16.0;
            assert!(went.refused == 0 && went.seconds <= allowed * 1.1, "{went:?}, allowed {allowed}");
        }
    }
}
