//! What a run is handed of the outside: environment, folder, streams.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::edge::environment::Environment;
use crate::edge::files;
use crate::edge::terminal::Streams;

/// The outside of a run. A test makes its own, and may run several in one process.
#[derive(Debug)]
pub struct World {
    pub environment: Environment,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    pub streams: Mutex<Streams>,
}

impl World {
    /// Returns the process's own.
    pub fn of_process() -> Self {
        Self {
            environment: Environment::of_process(),
            // A folder that is gone makes the first relative path fail, with its name.
            folder: files::current_folder().unwrap_or_else(|_| PathBuf::from(".")),
            streams: Mutex::new(Streams::of_process()),
        }
    }
}
