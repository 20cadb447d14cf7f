//! The lock of one tenant at a git remote: a ref that names its holder and moves as long as the holder lives.
//!
//! It is taken, renewed and let go by pushes that succeed only from the value that was seen. Whether a holder is gone is
//! judged by not seeing it move for as long as it promised to, never by comparing two machines' clocks.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, UNIX_EPOCH};

use git2::{FileMode, Oid, Repository, Signature};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::clock::Clock;
use super::git_remote::{Pushed, RemoteError};
use super::lock::{Holder, LockError};
use super::records::RecordError;
use super::records::shared::Shared;

const LOCK: &str = "lock.json";
const INTENT: &str = "intent.json";
const VERSION: u32 = 1;
/// How often a lock that is being moved is looked at again at once.
const RACES: usize = 5;
/// The longest time between two looks at a lock that somebody holds.
const LOOK: Duration = Duration::from_secs(5);

/// What a lock's commit says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Said {
    version: u32,
    holder: Holder,
    /// Seconds that may pass without a renewal.
    ttl: f64,
    #[serde(default)]
    renewals: u64,
    /// It was let go where refs cannot be deleted.
    #[serde(default)]
    released: bool,
}

/// A lock as somebody else sees it.
#[derive(Clone, Debug)]
pub struct Standing {
    id: String,
    pub holder: Holder,
    /// What the holder was about to create.
    pub intent: Option<Json>,
    ttl: Duration,
    is_released: bool,
}

/// Returns the lock that stands at the remote.
///
/// # Errors
/// If the remote does not answer.
pub fn standing(shared: &Shared) -> Result<Option<Standing>, RecordError> {
    let Some(id) = shared.remote.list(&[&shared.lock])?.remove(&shared.lock) else { return Ok(None) };
    let repository = Repository::open(&shared.folder)?;
    if repository.find_commit(Oid::from_str(&id)?).is_err() {
        // If it is gone or has moved meanwhile, what there was is not to be had; it is somebody's all the same.
        match shared.remote.fetch(&shared.lock) {
            Ok(()) | Err(RemoteError::Unreachable { .. } | RemoteError::Lacks { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let file = |name: &str| -> Option<Vec<u8>> {
        let tree = repository.find_commit(Oid::from_str(&id).ok()?).ok()?.tree().ok()?;
        Some(repository.find_blob(tree.get_name(name)?.id()).ok()?.content().to_vec())
    };
    let said = file(LOCK).and_then(|bytes| serde_json::from_slice::<Said>(&bytes).ok());
    let intent = file(INTENT).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (holder, ttl, is_released) = match said {
        Some(said) => (said.holder, Duration::try_from_secs_f64(said.ttl).unwrap_or(Duration::MAX), said.released),
        // A lock that cannot be read is broken on purpose only.
        None => (Holder::default(), Duration::MAX, false),
    };
    Ok(Some(Standing { id, holder, intent, ttl, is_released }))
}

/// Breaks a lock as it was seen standing.
///
/// # Errors
/// If the remote does not answer or refuses, or the lock has moved since.
pub fn break_open(shared: &Shared, standing: &Standing) -> Result<(), RecordError> {
    match remove(shared, &standing.id)? {
        Pushed::Done => Ok(()),
        Pushed::Lost => Err(RecordError::Moved),
    }
}

impl Standing {
    /// Returns how long it may stand still until it is nobody's.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Says whether anybody holds it.
    pub fn is_held(&self) -> bool {
        !self.is_released
    }
}

/// Removes the ref, or marks it as let go where refs cannot be deleted.
fn remove(shared: &Shared, id: &str) -> Result<Pushed, RecordError> {
    match shared.remote.push(&shared.lock, None, Some(id)) {
        Err(RemoteError::Refused { .. }) => {
            let said = Said { version: VERSION, holder: Holder::default(), ttl: 0.0, renewals: 0, released: true };
            let free = commit(&shared.folder, &said, None, Some(id))?;
            Ok(shared.remote.push(&shared.lock, Some(&free), Some(id))?)
        }
        other => Ok(other?),
    }
}

/// A lock that is held, and renewed, until this is dropped.
#[derive(Debug)]
pub struct RemoteLock {
    held: Arc<Mutex<Held>>,
    is_lost: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Held {
    shared: Shared,
    id: String,
    said: Said,
    intent: Option<Json>,
    /// What is to be stopped once the lock is lost.
    stopping: Option<Arc<AtomicBool>>,
}

impl RemoteLock {
    /// Takes the lock, waiting for it at most so long; `waits` hears once who is waited for. `left_by` is who held it from
    /// this folder and is known to be dead.
    ///
    /// # Errors
    /// [`LockError::Held`] if somebody else has it still.
    pub fn take(
        shared: &Shared,
        holder: &Holder,
        left_by: Option<&Holder>,
        (ttl, patience): (Duration, Duration),
        waits: &mut dyn FnMut(&Holder),
    ) -> Result<Self, TakeError> {
        let start = Instant::now();
        let said =
            Said { version: VERSION, holder: holder.clone(), ttl: ttl.as_secs_f64(), renewals: 0, released: false };
        let mut watched: Option<(String, Instant)> = None;
        let (mut races, mut is_told) = (0, false);
        loop {
            let found = standing(shared)?;
            let is_free = match &found {
                None => true,
                Some(found) => {
                    let is_dead =
                        left_by.is_some_and(|dead| !dead.token.is_empty() && dead.token == found.holder.token);
                    let since = match &watched {
                        Some((id, since)) if *id == found.id => since.elapsed(),
                        _ => {
                            watched = Some((found.id.clone(), Instant::now()));
                            Duration::ZERO
                        }
                    };
                    let is_silent = found.is_held() && unmoved(shared, &found.id)?.max(since) > found.ttl;
                    found.is_released || is_dead || is_silent
                }
            };
            if is_free {
                let seen = found.as_ref().map(|found| found.id.as_str());
                let id = commit(&shared.folder, &said, None, seen)?;
                if shared.remote.push(&shared.lock, Some(&id), seen).map_err(RecordError::from)? == Pushed::Done {
                    shared.see_lock(None)?;
                    return Ok(Self::renewed(Held { shared: shared.clone(), id, said, intent: None, stopping: None }));
                }
                races += 1;
                if races < RACES {
                    continue;
                }
            }
            if start.elapsed() >= patience {
                let holder = found.map(|found| found.holder).unwrap_or_default();
                return Err(LockError::Held(Box::new(holder)).into());
            }
            if let Some(found) = found.as_ref().filter(|_| !is_told) {
                waits(&found.holder);
                is_told = true;
            }
            std::thread::sleep((patience - start.elapsed()).min(ttl / 3).min(LOOK));
        }
    }

    fn renewed(held: Held) -> Self {
        let period = Duration::try_from_secs_f64(held.said.ttl / 3.0).unwrap_or(LOOK);
        let held = Arc::new(Mutex::new(held));
        let is_lost = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = mpsc::channel();
        let (ours, lost) = (Arc::clone(&held), Arc::clone(&is_lost));
        let renewing = std::thread::spawn(move || {
            let mut last = Instant::now();
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                let mut held = ours.lock().unwrap_or_else(PoisonError::into_inner);
                match held.moved_on() {
                    Ok(Pushed::Done) => last = Instant::now(),
                    // It may answer the next time, as long as nobody can take the lock for abandoned.
                    Err(_) if last.elapsed() < period * 2 => {}
                    Ok(Pushed::Lost) | Err(_) => {
                        lost.store(true, Ordering::Relaxed);
                        if let Some(stopping) = &held.stopping {
                            stopping.store(true, Ordering::Relaxed);
                        }
                        return;
                    }
                }
            }
        });
        Self { held, is_lost, stop: Some(stop), renewing: Some(renewing) }
    }

    /// Says whether somebody broke it, or it could not be renewed.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Tells others what is about to be done, before the first write; the flag is raised if the lock is lost later.
    ///
    /// # Errors
    /// If that cannot be told, or the lock is lost already.
    pub fn intend(&self, intent: Json, stopping: Arc<AtomicBool>) -> Result<(), RecordError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.intent = Some(intent);
        held.stopping = Some(stopping);
        match held.moved_on()? {
            Pushed::Done if !self.is_lost() => Ok(()),
            _ => Err(RecordError::Unlocked),
        }
    }
}

impl Held {
    fn moved_on(&mut self) -> Result<Pushed, RecordError> {
        self.said.renewals += 1;
        let id = commit(&self.shared.folder, &self.said, self.intent.as_ref(), Some(&self.id))?;
        let pushed = self.shared.remote.push(&self.shared.lock, Some(&id), Some(&self.id))?;
        if pushed == Pushed::Done {
            self.id = id;
        }
        Ok(pushed)
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A renewal that panicked has renewed nothing; the lock is let go all the same.
        self.renewing.take().map(JoinHandle::join);
        if !self.is_lost() {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            // If it cannot be let go, nobody renews it any more, and whoever comes next sees that.
            remove(&held.shared, &held.id).ok();
        }
    }
}

/// Why a lock at a remote could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Returns for how long a lock has been seen from here without having moved.
fn unmoved(shared: &Shared, id: &str) -> Result<Duration, RecordError> {
    let now = Clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match shared.seen().lock {
        Some((same, since)) if same == id && since <= now => Ok(Duration::from_secs(now - since)),
        _ => {
            shared.see_lock(Some((id.to_owned(), now)))?;
            Ok(Duration::ZERO)
        }
    }
}

fn commit(folder: &Path, said: &Said, intent: Option<&Json>, after: Option<&str>) -> Result<String, RecordError> {
    let repository = Repository::open(folder)?;
    let text = |json: Json| format!("{json:#}\n").into_bytes();
    let mut builder = repository.treebuilder(None)?;
    let said_text = text(serde_json::to_value(said).unwrap_or_default());
    builder.insert(LOCK, repository.blob(&said_text)?, FileMode::Blob.into())?;
    if let Some(intent) = intent {
        builder.insert(INTENT, repository.blob(&text(intent.clone()))?, FileMode::Blob.into())?;
    }
    let tree = repository.find_tree(builder.write()?)?;
    let author = Signature::now("tenantry", "tenantry@localhost")?;
    // What cannot be found here was just seen at the remote, and only the order would be lost.
    let parent = after.and_then(|id| repository.find_commit(Oid::from_str(id).ok()?).ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let message = match said.released {
        true => "unlocked\n".to_owned(),
        false => format!("locked by {}\n", said.holder),
    };
    Ok(repository.commit(None, &author, &author, &message, &tree, &parents)?.to_string())
}
