//! The lock of one tenant on this machine: while a run holds it, no other run of this state folder changes the tenant or
//! its records.
//!
//! It is the system's own lock on a file, so it ends with the process that holds it, however that ends. What stands in
//! the file only says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::clock;

/// The most bytes of a holder that are read.
const MOST: u64 = 64 * 1024;
/// The time between two looks at a lock that somebody holds.
const LOOK: Duration = Duration::from_millis(100);
/// How long a holder may take to say who it is.
const SAYING: Duration = Duration::from_millis(500);
/// The longest command that a lock shows.
const COMMAND: usize = 200;

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub user: String,
    pub host: String,
    pub pid: u32,
    /// In UTC, to the second.
    pub since: String,
    /// What was typed, after the program's name.
    pub command: String,
    /// The pipeline's run, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Tells this holding of the lock from every other.
    pub token: String,
}

impl Holder {
    /// Describes this process.
    pub fn of_process(user: &str, run_url: Option<String>, command: &str) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let token = rand::random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            user: user.to_owned(),
            host,
            pid: std::process::id(),
            since: clock::stamp(),
            command: command.chars().take(COMMAND).collect(),
            run_url,
            token,
        }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.token.is_empty() {
            return f.write_str("another run");
        }
        let Self { user, host, pid, since, command, .. } = self;
        write!(f, "{user} on {host} (pid {pid}) since {since}: tenantry {command}")?;
        if let Some(url) = &self.run_url {
            write!(f, " ({url})")?;
        }
        Ok(())
    }
}

/// Why a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("locked by {0}")]
    Held(Box<Holder>),
    #[error("`{}` cannot be locked: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct LocalLock {
    file: File,
    /// Who held it last without letting it go: a run that was killed.
    left_by: Option<Holder>,
}

impl LocalLock {
    /// Takes the lock, waiting for it at most so long; `waits` hears once who is waited for.
    ///
    /// # Errors
    /// [`LockError::Held`] if somebody else has it still.
    pub fn take(
        path: &Path,
        holder: &Holder,
        patience: Duration,
        waits: &mut dyn FnMut(&Holder),
    ) -> Result<Self, LockError> {
        let failed = |source| LockError::File { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let start = Instant::now();
        let mut is_told = false;
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {
                    let left_by = read(&mut file);
                    let said = serde_json::to_vec_pretty(holder).map_err(|error| failed(error.into()))?;
                    write(&mut file, &said).map_err(failed)?;
                    return Ok(Self { file, left_by });
                }
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                    // It may have been taken just now, by a run that has not yet said which it is.
                    if !is_told && let Some(said) = read(&mut file) {
                        waits(&said);
                        is_told = true;
                    }
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    // It may have been taken just now.
                    let mut said = read(&mut file);
                    while said.is_none() && start.elapsed() < patience + SAYING {
                        std::thread::sleep(LOOK);
                        said = read(&mut file);
                    }
                    return Err(LockError::Held(Box::new(said.unwrap_or_default())));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Returns who held it last without letting it go: a run that was killed.
    pub fn left_by(&self) -> Option<&Holder> {
        self.left_by.as_ref()
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn write(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // A name that stays says only who was killed; the lock itself goes with the file.
        write(&mut self.file, b"").ok();
        self.file.unlock().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_until_it_is_dropped_and_the_other_hears_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme/lock");
        let ann = Holder::of_process("Ann", None, "apply acme");
        let first = LocalLock::take(&path, &ann, Duration::ZERO, &mut |_| {}).unwrap();
        let bob = Holder::of_process("Bob", None, "apply acme");
        let error = LocalLock::take(&path, &bob, Duration::ZERO, &mut |_| {}).unwrap_err();
        assert!(matches!(&error, LockError::Held(holder) if **holder == ann), "{error}");
        assert!(error.to_string().starts_with("locked by Ann on "), "{error}");
        drop(first);
        assert!(LocalLock::take(&path, &bob, Duration::ZERO, &mut |_| {}).unwrap().left_by().is_none());
    }

    #[test]
    fn what_a_dead_holder_left_is_known_and_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let ann = Holder::of_process("Ann", None, "apply acme");
        std::fs::write(&path, serde_json::to_vec(&ann).unwrap()).unwrap();
        let taken = LocalLock::take(&path, &Holder::default(), Duration::ZERO, &mut |_| {}).unwrap();
        assert_eq!(taken.left_by(), Some(&ann));
        drop(taken);
        std::fs::write(&path, "nonsense").unwrap();
        assert!(LocalLock::take(&path, &ann, Duration::ZERO, &mut |_| {}).unwrap().left_by().is_none());
    }

    #[test]
    fn a_lock_that_is_let_go_in_time_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = LocalLock::take(&path, &Holder::default(), Duration::ZERO, &mut |_| {}).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(200));
                drop(first);
            });
            let mut told = 0;
            LocalLock::take(&path, &Holder::default(), Duration::from_secs(20), &mut |_| told += 1).unwrap();
            assert_eq!(told, 1, "who waits hears for whom, once");
        });
    }
}
