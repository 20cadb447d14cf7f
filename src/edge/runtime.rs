//! The asynchronous runtime: started by the commands that talk to a tenant, once a run.

use std::io;

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
}
