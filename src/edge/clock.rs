//! Time: waiting, and what time it is.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use crate::pipeline::apply;

/// The real clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Returns the time of day. Not for measuring: it may jump.
    pub fn now(self) -> SystemTime {
        SystemTime::now()
    }
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
