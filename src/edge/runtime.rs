//! The asynchronous runtime: started by the commands that talk to a tenant, once a run.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A running runtime. Connections live in it, so one serves a whole run.
#[derive(Debug)]
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// Starts it.
    ///
    /// # Errors
    /// If the system gives no threads or no event queue.
    pub fn start() -> io::Result<Self> {
        Ok(Self(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?))
    }

    /// Runs to the end and returns what came of it.
    pub fn run<F: Future>(&self, work: F) -> F::Output {
        self.0.block_on(work)
    }

    /// Returns a flag that the first interrupt (ctrl-c, or the request to terminate) raises. A second one ends the process
    /// at once.
    pub fn stop_on_interrupt(&self) -> Arc<AtomicBool> {
        let stop = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&stop);
        self.0.spawn(async move {
            interrupted().await;
            raised.store(true, Ordering::Relaxed);
            interrupted().await;
            std::process::exit(INTERRUPTED);
        });
        stop
    }
}

/// What shells give a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Waits for an interrupt, or for the request to terminate.
#[cfg(unix)]
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tokio::signal::ctrl_c().await.ok();
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits for an interrupt.
#[cfg(not(unix))]
pub async fn interrupted() {
    tokio::signal::ctrl_c().await.ok();
}
