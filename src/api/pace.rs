//! How fast a run may send: below what the tenant's rate limit leaves, with a reserve for the tenant's own logins.
//!
//! Pure: the time and the answers' headers go in, "send" or "wait so long" comes out. All requests of a run share one.
//! A tenant grants from a bucket that fills again at an even rate. Every answer says what is left in it; between answers the
//! level is reckoned from the rate at which the bucket would be full at its reset. What that rate has wrong (logins take
//! from the same bucket), the next answer puts right.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::response::Response;
use super::retry::server_time;

/// A reset further away than this is not believed.
const FAR: f64 = 3600.0;
/// The shortest wait, so that a wait always ends later than it began.
const TICK: Duration = Duration::from_millis(5);
/// The rate that is reckoned with until there is one, per second.
const CAUTIOUS: f64 = 1.0;

/// What is left to the tenant's own traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reserve {
    /// So many requests, or half of the limit where that is less.
    Count(u32),
    /// So many hundredths of the limit.
    Percent(f64),
    /// A fifth of the limit and at least four requests, or half of the limit where that is less.
    Usual,
}

/// Why a text is no reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a number of requests nor a percentage up to 90%")]
pub struct NoReserve;

impl FromStr for Reserve {
    type Err = NoReserve;

    fn from_str(text: &str) -> Result<Self, NoReserve> {
        match text.strip_suffix('%') {
            Some(number) => {
                let percent = number.trim().parse::<f64>().map_err(|_| NoReserve)?;
                if (0.0..=90.0).contains(&percent) { Ok(Self::Percent(percent)) } else { Err(NoReserve) }
            }
            None => text.trim().parse().map(Self::Count).map_err(|_| NoReserve),
        }
    }
}

impl Reserve {
    /// Returns how many requests of a limit are left alone.
    fn of(self, limit: f64) -> f64 {
        match self {
            Self::Count(count) => f64::from(count).min(limit / 2.0),
            Self::Percent(percent) => limit * percent / 100.0,
            Self::Usual => (limit / 5.0).max(4.0).min(limit / 2.0),
        }
        .floor()
    }
}

/// What an answer says of the rate limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    limit: f64,
    remaining: f64,
    /// Per second; `None` where the reset says nothing that can be used.
    rate: Option<f64>,
}

impl Quota {
    /// Reads the `x-ratelimit` headers. The reset is compared with the server's own clock, where it is told.
    pub fn of(response: &Response, now: SystemTime) -> Option<Self> {
        let number = |name: &str| {
            let number = response.header(name)?.trim().parse::<f64>().ok()?;
            (number.is_finite() && number >= 0.0).then_some(number)
        };
        let (limit, remaining) = (number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?);
        let server_now = server_time(response).unwrap_or(now).duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = number("x-ratelimit-reset").map(|reset| reset - server_now.as_secs_f64());
        let rate = left
            .filter(|left| (0.0..FAR).contains(left) && limit > remaining)
            .map(|left| (limit - remaining) / left.max(1.0));
        Some(Self { limit, remaining, rate })
    }
}

/// Whether to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The number of the request, for [`Pace::ended`].
    Send(u64),
    /// Ask again after this time, or when an answer has come.
    Wait(Duration),
    /// Ask again when an answer has come.
    WaitForAnswer,
}

/// The pace of a run. Times are since any one moment.
#[derive(Debug)]
pub struct Pace {
    reserve: Reserve,
    /// The shortest time between two requests.
    apart: Duration,
    next: Duration,
    resume: Duration,
    in_flight: BTreeSet<u64>,
    /// Requests sent so far, which number them.
    sent: u64,
    /// The first answer has come: until then one request at a time feels the way.
    is_under_way: bool,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Duration,
    /// Which request it was the answer of.
    number: u64,
    quota: Quota,
    rate: f64,
}

impl Pace {
    /// `most` is how many requests a second are sent at most, whatever the tenant grants.
    pub fn new(reserve: Reserve, most: Option<f64>) -> Self {
        let apart = most.filter(|most| *most > 0.0).and_then(|most| Duration::try_from_secs_f64(1.0 / most).ok());
        Self {
            reserve,
            apart: apart.unwrap_or_default(),
            next: Duration::ZERO,
            resume: Duration::ZERO,
            in_flight: BTreeSet::new(),
            sent: 0,
            is_under_way: false,
            seen: None,
        }
    }

    /// Asks for a turn. Who is told to send counts as under way until [`Pace::ended`].
    pub fn ask(&mut self, now: Duration) -> Turn {
        let open = self.resume.max(self.next);
        if now < open {
            return Turn::Wait((open - now).max(TICK));
        }
        if !self.is_under_way && !self.in_flight.is_empty() {
            return Turn::WaitForAnswer;
        }
        if let Some(lack) = self.lack(now) {
            return lack;
        }
        self.sent += 1;
        self.in_flight.insert(self.sent);
        self.next = now + self.apart;
        Turn::Send(self.sent)
    }

    /// Returns the wait until one more request leaves the reserve whole.
    fn lack(&self, now: Duration) -> Option<Turn> {
        let seen = self.seen?;
        let reserve = self.reserve.of(seen.quota.limit);
        let since = now.saturating_sub(seen.at).as_secs_f64();
        // What was sent after it is not in what it said, nor, for all we know, what was sent before and is not answered.
        let unseen = self.sent - seen.number + self.in_flight.range(..seen.number).count() as u64;
        let level = (seen.quota.remaining + since * seen.rate).min(seen.quota.limit) - unseen as f64;
        let lack = reserve + 1.0 - level;
        if lack <= 1e-6 {
            return None;
        }
        let wait = Duration::try_from_secs_f64(lack / seen.rate).unwrap_or(Duration::from_secs(60));
        Some(Turn::Wait(wait.max(TICK)))
    }

    /// Takes in that a request has ended, and what its answer said, if there was one.
    pub fn ended(&mut self, now: Duration, number: u64, quota: Option<Quota>) {
        self.in_flight.remove(&number);
        self.is_under_way = true;
        let Some(quota) = quota else { return };
        // Requests and answers overtake each other. The answer of an earlier request is news only where it tells of less:
        // the tenant has let that request through after the later one.
        if let Some(seen) = self.seen.as_mut().filter(|seen| seen.number > number) {
            let since = now.saturating_sub(seen.at).as_secs_f64();
            if quota.remaining < seen.quota.remaining + since * seen.rate {
                seen.quota.remaining = quota.remaining;
                seen.at = now;
            }
            return;
        }
        let known = self.seen.map(|seen| seen.rate);
        let rate = quota.rate.or(known).unwrap_or(CAUTIOUS).clamp(0.01, 10_000.0);
        self.seen = Some(Seen { at: now, number, quota, rate });
    }

    /// Holds everything back: the tenant has refused a request because of its limit.
    pub fn hold(&mut self, now: Duration, pause: Duration) {
        self.resume = self.resume.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    const SECOND: Duration = Duration::from_secs(1);

    fn quota(limit: u32, remaining: u32, reset_in: u64, skew: i64) -> Option<Quota> {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let server = UNIX_EPOCH + Duration::from_secs(1_700_000_000_u64.saturating_add_signed(skew));
        let reset = server.duration_since(UNIX_EPOCH).unwrap().as_secs() + reset_in;
        let mut response = Response::new(200, Json::Null);
        response.headers = vec![
            ("x-ratelimit-limit".into(), limit.to_string()),
            ("x-ratelimit-remaining".into(), remaining.to_string()),
            ("x-ratelimit-reset".into(), reset.to_string()),
            ("date".into(), httpdate::fmt_http_date(server)),
        ];
        Quota::of(&response, now)
    }

    #[test]
    fn a_reserve_is_a_number_or_a_percentage() {
        assert_eq!("5".parse(), Ok(Reserve::Count(5)));
        assert_eq!("12.5%".parse(), Ok(Reserve::Percent(12.5)));
        for text in ["", "%", "-1", "100%", "nan%", "many"] {
            assert_eq!(text.parse::<Reserve>(), Err(NoReserve), "{text}");
        }
        assert_eq!((Reserve::Usual.of(10.0), Reserve::Usual.of(50.0), Reserve::Usual.of(2.0)), (4.0, 10.0, 1.0));
    }

    #[test]
    fn our_clock_may_be_wrong() {
        for skew in [0, -86_400, 86_400] {
            assert_eq!(quota(10, 2, 4, skew), Some(Quota { limit: 10.0, remaining: 2.0, rate: Some(2.0) }));
        }
        assert_eq!(quota(10, 10, 1, 0).unwrap().rate, None);
        assert_eq!(quota(10, 2, 100_000, 0).unwrap().rate, None);
    }

    #[test]
    fn the_first_request_feels_the_way() {
        let mut pace = Pace::new(Reserve::Usual, None);
        assert_eq!(pace.ask(SECOND), Turn::Send(1));
        assert_eq!(pace.ask(SECOND), Turn::WaitForAnswer);
        pace.ended(SECOND, 1, None);
        // A server that names no limit has none.
        assert!((2..100).all(|number| pace.ask(SECOND) == Turn::Send(number)));
    }

    #[test]
    fn the_reserve_stays_whole() {
        let mut pace = Pace::new(Reserve::Count(3), None);
        assert_eq!(pace.ask(SECOND), Turn::Send(1));
        pace.ended(SECOND, 1, quota(10, 9, 1, 0));
        let sent = (0..100).take_while(|_| matches!(pace.ask(SECOND), Turn::Send(_))).count();
        assert_eq!(sent, 6);
        // Answers that come in another order say nothing that is not known.
        for number in [7, 2, 3, 4, 5, 6] {
            pace.ended(SECOND, number, quota(10, 10 - u32::try_from(number).unwrap(), 4, 0));
        }
        let Turn::Wait(wait) = pace.ask(SECOND) else { panic!("it waits") };
        assert!((0.5..0.6).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(pace.ask(SECOND + wait), Turn::Send(8));
    }

    #[test]
    fn requests_that_overtake_each_other_on_the_way_are_not_forgotten() {
        let mut pace = Pace::new(Reserve::Count(3), None);
        assert_eq!(pace.ask(SECOND), Turn::Send(1));
        pace.ended(SECOND, 1, quota(20, 19, 1, 0));
        while pace.ask(SECOND) != Turn::Wait(SECOND) {}
        // The last one came first, so its answer knows nothing of the others.
        for (number, remaining) in [(17, 18), (2, 17), (3, 16)].into_iter().chain((4..17).zip((3..16).rev())) {
            pace.ended(SECOND, number, quota(20, remaining, 2, 0));
        }
        assert!(matches!(pace.ask(SECOND), Turn::Wait(_)), "the reserve is left whole");
    }

    #[test]
    fn a_refusal_holds_everything_and_a_most_keeps_requests_apart() {
        let mut pace = Pace::new(Reserve::Count(0), Some(4.0));
        assert_eq!(pace.ask(SECOND), Turn::Send(1));
        pace.ended(SECOND, 1, None);
        assert_eq!(pace.ask(SECOND), Turn::Wait(SECOND / 4));
        pace.hold(SECOND, SECOND * 2);
        assert_eq!(pace.ask(SECOND * 2), Turn::Wait(SECOND));
        assert_eq!(pace.ask(SECOND * 3), Turn::Send(2));
    }
}
