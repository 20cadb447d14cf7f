//! What is said of a panic: where it was, and never its message, which may quote what was at hand.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// From now on a panic shows only its place, and its backtrace where `RUST_BACKTRACE` asks for one.
pub fn hide_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            // Nothing can be done if stderr takes no more.
            writeln!(std::io::stderr(), "{trace}").ok();
        }
    }));
}

/// Returns where the last panic was.
pub fn last_place() -> Option<String> {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
