//! What an apply is told about how to go on, and where it writes what it is about to do.

use std::time::Duration;

use crate::model::journal::Line;

/// How long a create whose answer was lost is looked for.
pub const WINDOW: Duration = Duration::from_secs(10);

/// The journal, and the wish to stop.
pub trait Conduct: Send {
    /// Writes a line so that it survives whatever happens next.
    ///
    /// # Errors
    /// Why it could not be written. Nothing more is begun then.
    fn write(&mut self, line: &Line) -> Result<(), String>;

    /// Says whether what is under way is to be the last.
    fn is_stopping(&self) -> bool {
        false
    }

    /// Returns how long a create whose answer was lost is looked for.
    fn window(&self) -> Duration {
        WINDOW
    }
}

/// No journal: for what can simply be done again.
#[derive(Debug, Default)]
pub struct Unwritten;

impl Conduct for Unwritten {
    fn write(&mut self, _line: &Line) -> Result<(), String> {
        Ok(())
    }
}
