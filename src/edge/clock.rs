//! Time: waiting, and what time it is.

use std::time::{Duration, SystemTime};

use crate::pipeline::apply::Sleep;

/// The real clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Returns the time of day. Not for measuring: it may jump.
    pub fn now(self) -> SystemTime {
        SystemTime::now()
    }
}

impl Sleep for Clock {
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
