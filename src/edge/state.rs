//! What is remembered of a tenant between runs, in the state folder: fingerprints of the secrets that were sent.
//!
//! Only fingerprints, never a secret; only for this machine, so the folder keeps itself out of git.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::files::{FileError, Readers, exists, names_in, read_whole, remove_file, write_whole};
use crate::model::names::{Domain, TenantName};
use crate::pipeline::plan::Remembered;

/// The version of the file that this program writes.
const VERSION: u32 = 1;
/// Bytes of a domain's salt.
const SALT: usize = 32;

/// The state folder of a workspace.
#[derive(Clone, Debug)]
pub struct StateFolder(PathBuf);

/// Why what is remembered could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}` is damaged", .0.display())]
    Damaged(PathBuf),
    #[error("`{}` was written by a newer version of tenantry", .0.display())]
    Newer(PathBuf),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    salt: String,
    fingerprints: BTreeMap<String, String>,
}

impl StateFolder {
    /// Takes the folder's path; nothing is made before something is written.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the file that holds a sandbox tenant.
    pub fn sandbox_file(&self, tenant: &TenantName) -> PathBuf {
        self.0.join("sandbox").join(format!("{}.json", file_name(&tenant.0)))
    }

    /// Returns the names of the sandbox tenants that are kept here.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn sandboxes(&self) -> Result<BTreeSet<String>, FileError> {
        let folder = self.0.join("sandbox");
        if !exists(&folder) {
            return Ok(BTreeSet::new());
        }
        let kept = |name: String| name.strip_suffix(".json").or(name.strip_suffix(".log")).map(str::to_owned);
        Ok(names_in(&folder)?.into_iter().filter_map(kept).collect())
    }

    /// Makes the folder, with the file that keeps it out of git.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn prepare(&self) -> Result<(), FileError> {
        let ignore = self.0.join(".gitignore");
        if exists(&ignore) { Ok(()) } else { write_whole(&ignore, b"*\n", Readers::Anyone) }
    }

    /// Returns what is remembered of a place; of an unknown one nothing, with a salt of its own.
    ///
    /// # Errors
    /// If the file is there and cannot be read. It is never taken as empty: secrets would seem unknown.
    pub fn remembered(&self, place: &Remembrance) -> Result<Remembered, StateError> {
        let path = self.file(place);
        if !exists(&path) {
            return Ok(Remembered { salt: rand::random::<[u8; SALT]>().to_vec(), fingerprints: BTreeMap::new() });
        }
        let bytes = read_whole(&path)?;
        let damaged = || StateError::Damaged(path.clone());
        let version = serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|stored| stored.get("version")?.as_u64())
            .ok_or_else(damaged)?;
        if version > u64::from(VERSION) {
            return Err(StateError::Newer(path));
        }
        let stored: Stored = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let salt = STANDARD.decode(&stored.salt).ok().filter(|salt| salt.len() >= 16).ok_or_else(damaged)?;
        Ok(Remembered { salt, fingerprints: stored.fingerprints })
    }

    /// Says whether anything is remembered of a place.
    pub fn knows(&self, place: &Remembrance) -> bool {
        exists(&self.file(place))
    }

    /// Writes what is to be remembered of a place, readable by the user alone.
    ///
    /// # Errors
    /// If it cannot be written; then what was there still is.
    pub fn remember(&self, place: &Remembrance, remembered: &Remembered) -> Result<(), StateError> {
        self.prepare()?;
        let stored = Stored {
            version: VERSION,
            salt: STANDARD.encode(&remembered.salt),
            fingerprints: remembered.fingerprints.clone(),
        };
        let bytes = serde_json::to_vec_pretty(&stored).map_err(|_| StateError::Damaged(self.file(place)))?;
        Ok(write_whole(&self.file(place), &bytes, Readers::Owner)?)
    }

    /// Forgets a place, for a sandbox that starts anew: its journals tell of a tenant that is gone.
    ///
    /// # Errors
    /// If one of the files is still there.
    pub fn forget(&self, place: &Remembrance) -> Result<(), StateError> {
        let (journal, last) = self.journals(place);
        [self.file(place), self.record_file(place), journal, last].iter().try_for_each(|file| Ok(remove_file(file)?))
    }

    /// Returns where the journal of a place is written, and where it lies once it is done with.
    pub fn journals(&self, place: &Remembrance) -> (PathBuf, PathBuf) {
        let folder = self.folder(place);
        (folder.join("journal.jsonl"), folder.join("journal.last.jsonl"))
    }

    /// Returns the file that a run locks while it changes a place.
    pub fn lock_file(&self, place: &Remembrance) -> PathBuf {
        self.folder(place).join("lock")
    }

    /// Returns the file of what was last seen at the git remote.
    pub fn seen_file(&self, place: &Remembrance) -> PathBuf {
        self.folder(place).join("remote.json")
    }

    /// Returns the commit of the last record that this machine has written of a place.
    pub fn last_record(&self, place: &Remembrance) -> Option<String> {
        let bytes = read_whole(&self.record_file(place)).ok()?;
        Some(String::from_utf8(bytes).ok()?.trim().to_owned())
    }

    /// Remembers the last record, so that one that is taken away again is missed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn see_record(&self, place: &Remembrance, commit: &str) -> Result<(), FileError> {
        write_whole(&self.record_file(place), format!("{commit}\n").as_bytes(), Readers::Owner)
    }

    fn record_file(&self, place: &Remembrance) -> PathBuf {
        self.folder(place).join("record")
    }

    fn file(&self, place: &Remembrance) -> PathBuf {
        self.folder(place).join("fingerprints.json")
    }

    fn folder(&self, place: &Remembrance) -> PathBuf {
        match place {
            Remembrance::Domain(domain) => self.0.join(file_name(&domain.0)),
            Remembrance::Sandbox(tenant) => self.0.join("sandbox").join(file_name(&tenant.0)),
        }
    }
}

/// What is remembered apart: a domain, or a sandbox tenant by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembrance {
    Domain(Domain),
    Sandbox(TenantName),
}

/// Returns a name that is one harmless path component.
fn file_name(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::new();
    for (position, c) in name.char_indices() {
        if safe(c) || (c == '.' && position > 0) {
            out.push(c);
        } else {
            out.push_str(&format!("%{:x}", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Remembrance {
        Remembrance::Domain(Domain("acme.eu.auth0.com".into()))
    }

    #[test]
    fn what_is_remembered_comes_back_and_is_the_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path().join(".tenantry"));
        let mut remembered = state.remembered(&place()).unwrap();
        assert_eq!(remembered.salt.len(), SALT);
        remembered.fingerprints.insert("things/A:key".into(), "f".into());
        state.remember(&place(), &remembered).unwrap();
        let again = state.remembered(&place()).unwrap();
        assert_eq!((again.salt, again.fingerprints), (remembered.salt, remembered.fingerprints));
        assert_eq!(read_whole(&state.path().join(".gitignore")).unwrap(), b"*\n");
        #[cfg(unix)]
        {
            let meta = std::fs::metadata(state.file(&place())).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777, 0o600);
        }
        state.forget(&place()).unwrap();
        assert!(state.remembered(&place()).unwrap().fingerprints.is_empty());
    }

    #[test]
    fn a_damaged_or_newer_file_is_an_error_not_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path().to_owned());
        write_whole(&state.file(&place()), b"{\"version\": 1}", Readers::Owner).unwrap();
        assert!(matches!(state.remembered(&place()), Err(StateError::Damaged(_))));
        write_whole(&state.file(&place()), b"{\"version\": 2}", Readers::Owner).unwrap();
        assert!(matches!(state.remembered(&place()), Err(StateError::Newer(_))));
    }

    #[test]
    fn names_stay_one_component() {
        assert_eq!(file_name("acme.eu.auth0.com"), "acme.eu.auth0.com");
        assert_eq!(file_name("../a/b"), "%2e.%2fa%2fb");
    }
}
