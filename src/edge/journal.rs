//! The journal on disk: appended to and synced line by line, so that it holds whatever happens next.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::files::{FileError, Readers, remove_file, write_whole};
use crate::model::journal::{Journal, JournalError, Line};
use crate::pipeline::apply::Conduct;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}`: {source}", .path.display())]
    Content { path: PathBuf, source: JournalError },
    #[error("the journal `{}` cannot be read", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the journal `{}` cannot be written", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Reads a journal; `None` if there is none, or nothing was begun in it.
///
/// # Errors
/// If it is there and cannot be read. It is never taken as absent: what it says would be forgotten.
pub fn read(path: &Path) -> Result<Option<Journal>, JournalFileError> {
    if !path.exists() {
        return Ok(None);
    }
    // It may be larger than what people write: it holds what is ours.
    let bytes = std::fs::read(path).map_err(|source| JournalFileError::Read { path: path.to_owned(), source })?;
    // A line that was being written may end within a character.
    let text = String::from_utf8_lossy(&bytes);
    Journal::read(&text).map_err(|source| JournalFileError::Content { path: path.to_owned(), source })
}

/// A journal that is being written.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    file: File,
    stop: Arc<AtomicBool>,
    window: Duration,
}

impl JournalFile {
    /// Begins a journal in place of the one before, in one step.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(path: &Path, first: &Line, stop: Arc<AtomicBool>, window: Duration) -> Result<Self, JournalFileError> {
        let failed = |source| JournalFileError::Write { path: path.to_owned(), source };
        write_whole(path, text(first).map_err(failed)?.as_bytes(), Readers::Owner)?;
        Self::open(path, stop, window)
    }

    /// Goes on with a journal that is there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open(path: &Path, stop: Arc<AtomicBool>, window: Duration) -> Result<Self, JournalFileError> {
        let failed = |source| JournalFileError::Write { path: path.to_owned(), source };
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, stop, window })
    }

    /// Appends a line and syncs it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, line: &Line) -> Result<(), JournalFileError> {
        let failed = |source| JournalFileError::Write { path: self.path.clone(), source };
        let text = text(line).map_err(failed)?;
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data()).map_err(failed)
    }
}

impl Conduct for JournalFile {
    fn write(&mut self, line: &Line) -> Result<(), String> {
        self.append(line).map_err(|error| match &error {
            JournalFileError::Write { source, .. } => format!("{error}: {source}"),
            _ => error.to_string(),
        })
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn window(&self) -> Duration {
        self.window
    }
}

/// Puts a journal that is done with aside, where an undo finds it.
///
/// # Errors
/// If it cannot be moved.
pub fn set_aside(path: &Path, aside: &Path) -> Result<(), JournalFileError> {
    match std::fs::rename(path, aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(JournalFileError::Write { path: aside.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Removes a journal that was taken back.
///
/// # Errors
/// If it is still there.
pub fn discard(path: &Path) -> Result<(), JournalFileError> {
    Ok(remove_file(path)?)
}

fn text(line: &Line) -> std::io::Result<String> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(text)
}
