//! Records at a git remote: taken in before they are believed, handed on once they are written.
//!
//! The line at the remote only ever grows. Records that were made apart from it are put after it, in their order.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository};
use serde::{Deserialize, Serialize};

use super::{Kept, PREFIX, RecordError, Records, component};
use crate::edge::files::{self, Readers};
use crate::edge::git_remote::{Pushed, Remote, RemoteError};
use crate::model::applied::Applied;
use crate::model::names::Domain;

/// How often something is tried again where somebody else was faster.
const TRIES: usize = 10;
/// The version of the file of what was seen.
const VERSION: u32 = 1;

/// Where the records and the lock of a domain are at a remote.
#[derive(Clone, Debug)]
pub struct Shared {
    pub remote: Remote,
    /// The ref of the records.
    pub records: String,
    /// The ref of the lock.
    pub lock: String,
    /// The repository that the remote is one of.
    pub folder: PathBuf,
    /// The file of what was last seen there.
    seen: PathBuf,
}

/// What was last seen at a remote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    version: u32,
    /// The remote and the ref: nothing has been seen at another one.
    place: String,
    /// The last record.
    #[serde(default)]
    record: Option<String>,
    /// A lock that somebody held, and when it was first seen like that, in unix seconds.
    #[serde(default)]
    pub lock: Option<(String, u64)>,
}

impl Shared {
    /// Describes where a domain's records are.
    ///
    /// # Errors
    /// If remote or prefix cannot be such, or the folder lies in no repository.
    pub fn new(
        folder: &Path,
        domain: &Domain,
        remote: &str,
        prefix: Option<&str>,
        seen: PathBuf,
    ) -> Result<Self, RecordError> {
        let repository = Repository::discover(folder).map_err(|error| match error.code() {
            ErrorCode::NotFound => RecordError::NoRepository,
            _ => error.into(),
        })?;
        let given = prefix.unwrap_or(PREFIX);
        let prefix = format!("{}/", given.trim_end_matches('/'));
        let name = component(&domain.0);
        let records = format!("{prefix}{name}");
        if !prefix.starts_with("refs/") || prefix.len() < 7 || !git2::Reference::is_valid_name(&records) {
            return Err(RemoteError::Prefix(given.to_owned()).into());
        }
        let remote = Remote::new(&repository, remote)?;
        let folder = repository.path().to_owned();
        Ok(Self { remote, records, lock: format!("{prefix}locks/{name}"), folder, seen })
    }

    /// Returns what was last seen here.
    pub fn seen(&self) -> Seen {
        let place = format!("{} {}", self.remote.name(), self.records);
        let read = files::read_whole(&self.seen).ok().and_then(|bytes| serde_json::from_slice::<Seen>(&bytes).ok());
        match read.filter(|seen| seen.place == place && seen.version <= VERSION) {
            Some(seen) => seen,
            None => Seen { version: VERSION, place, ..Seen::default() },
        }
    }

    /// Returns the last record that was seen there.
    pub fn seen_record(&self) -> Option<String> {
        self.seen().record
    }

    /// Remembers the lock that was seen.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn see_lock(&self, lock: Option<(String, u64)>) -> Result<(), RecordError> {
        self.see(&Seen { lock, ..self.seen() })
    }

    fn see(&self, seen: &Seen) -> Result<(), RecordError> {
        if *seen == self.seen() {
            return Ok(());
        }
        let bytes = serde_json::to_vec_pretty(seen)
            .map_err(|error| RecordError::Damaged("that is remembered".to_owned(), error.to_string()))?;
        Ok(files::write_whole(&self.seen, &bytes, Readers::Owner)?)
    }

    fn see_record(&self, id: &str) -> Result<(), RecordError> {
        self.see(&Seen { record: Some(id.to_owned()), ..self.seen() })
    }
}

impl Records {
    /// Takes in what is at the remote, and returns the last record's commit there. What is here and not there comes
    /// after it.
    ///
    /// # Errors
    /// If the remote does not answer, or what it has does not follow on what it had.
    pub fn take_in(&self, shared: &Shared) -> Result<Option<String>, RecordError> {
        for _ in 0..TRIES {
            let there = shared.remote.list(&[&shared.records])?.remove(&shared.records);
            let seen = shared.seen().record;
            let Some(there) = there else {
                return if seen.is_some() { Err(self.not_forward(shared)) } else { Ok(None) };
            };
            let id = Oid::from_str(&there)?;
            if self.repository.find_commit(id).is_err() {
                shared.remote.fetch(&shared.records)?;
            }
            if self.repository.find_commit(id).is_err() {
                // It has moved since it was asked for.
                continue;
            }
            let follows = match seen.as_deref().map(Oid::from_str).transpose()? {
                Some(seen) => seen == id || self.follows(id, seen),
                None => true,
            };
            if !follows {
                return Err(self.not_forward(shared));
            }
            match self.join(id) {
                Ok(()) => {
                    shared.see_record(&there)?;
                    return Ok(Some(there));
                }
                Err(RecordError::Moved) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RecordError::Moved)
    }

    /// Hands on what is here, if the remote is still at `there`; returns where it is then.
    ///
    /// # Errors
    /// If the remote does not answer or refuses; [`RecordError::Moved`] if somebody else was there first.
    pub fn hand_on(&self, shared: &Shared, there: Option<String>) -> Result<Option<String>, RecordError> {
        let tip = self.tip()?.map(|tip| tip.to_string());
        if let Some(tip) = tip.as_ref().filter(|tip| Some(*tip) != there.as_ref()) {
            if shared.remote.push(&shared.records, Some(tip), there.as_deref())? == Pushed::Lost {
                return Err(RecordError::Moved);
            }
            shared.see_record(tip)?;
        }
        Ok(tip)
    }

    fn not_forward(&self, shared: &Shared) -> RecordError {
        RecordError::NotForward { remote: shared.remote.name(), seen: shared.seen.clone() }
    }

    pub(super) fn follows(&self, later: Oid, earlier: Oid) -> bool {
        // A commit that is not here is no ancestor of one that is here in full.
        self.repository.graph_descendant_of(later, earlier).unwrap_or(false)
    }

    /// Makes the line here go on from a commit of the remote.
    fn join(&self, id: Oid) -> Result<(), RecordError> {
        let Some(tip) = self.tip()? else { return self.advance(None, id, "taken in") };
        if tip == id || self.follows(tip, id) {
            return Ok(());
        }
        if self.follows(id, tip) {
            return self.advance(Some(tip), id, "taken in");
        }
        let base = match self.repository.merge_base(tip, id) {
            Ok(base) => Some(base),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let mut apart = Vec::new();
        let mut next = Some(tip);
        while let Some(at) = next.filter(|at| Some(*at) != base) {
            apart.push(at);
            next = self.repository.find_commit(at)?.parent_ids().next();
        }
        let mut before: Option<Applied> = base.map(|base| self.read(base)).transpose()?.map(|kept| kept.record.applied);
        let mut onto = self.read(id)?;
        for at in apart.into_iter().rev() {
            let mut record = self.read(at)?.record;
            let own = record.applied.clone();
            record.applied = own.rebased(before.as_ref(), &onto.record.applied);
            record.header.number = onto.record.header.number + 1;
            let commit = self.commit(&record, Some(&onto))?;
            onto = Kept { commit: commit.to_string(), record };
            before = Some(own);
        }
        self.advance(Some(tip), Oid::from_str(&onto.commit)?, "put after what was taken in")
    }
}
