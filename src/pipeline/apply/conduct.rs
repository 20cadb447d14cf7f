//! What an apply is told about how to go on, and where it writes what it is about to do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::perform::StepError;
use crate::model::address::Address;
use crate::model::journal::Line;
use crate::model::secret::Secret;

/// How long a create whose answer was lost is looked for.
pub const WINDOW: Duration = Duration::from_secs(10);

/// The journal, and the wish to stop.
pub trait Conduct: Send {
    /// Writes a line so that it survives whatever happens next.
    ///
    /// # Errors
    /// Why it could not be written. Nothing more is begun then.
    fn write(&mut self, line: &Line) -> Result<(), String>;

    /// Hands over a value that is shown once.
    ///
    /// # Errors
    /// Why it did not get where it should; never with anything of the value.
    fn deliver(&mut self, _address: &Address, _value: &Secret) -> Result<(), String> {
        Err("nothing here takes it".to_owned())
    }

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

/// The journal as steps that run side by side share it.
pub struct Journal<'j>(Mutex<&'j mut dyn Conduct>);

impl std::fmt::Debug for Journal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal")
    }
}

impl<'j> Journal<'j> {
    pub fn new(conduct: &'j mut dyn Conduct) -> Self {
        Self(Mutex::new(conduct))
    }

    /// Hands the journal out; a panic elsewhere leaves it as it was between two lines.
    pub fn conduct(&self) -> MutexGuard<'_, &'j mut dyn Conduct> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn write(&self, line: &Line) -> Result<(), StepError> {
        self.conduct().write(line).map_err(StepError::Journal)
    }
}
