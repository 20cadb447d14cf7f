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

    #[test]
    fn a_bucket_fills_again_with_time() {
        let mut bucket = Bucket::new(Some(2.0), Some(1.0));
        let at = Duration::from_millis;
        assert!(matches!(bucket.take(at(0)), Grant::Granted { limit: 1, remaining: 0, .. }));
        assert!(matches!(bucket.take(at(0)), Grant::Refused { next_in: 1, .. }));
        assert!(matches!(bucket.take(at(600)), Grant::Granted { .. }));
    }
}
