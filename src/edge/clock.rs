//! Time: waiting, and what time it is.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use crate::pipeline::apply;
use crate::sandbox::times;

/// The real clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Returns the time of day. Not for measuring: it may jump.
    pub fn now(self) -> SystemTime {
        SystemTime::now()
    }
}

/// Returns now in UTC, to the second: `2026-01-31T12:00:00Z`.
pub fn stamp() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    times::iso(i64::try_from(since.as_secs()).unwrap_or_default(), 0, 0)
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl apply::Clock for Clock {
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn elapsed(&self) -> Duration {
        START.elapsed()
    }
}
