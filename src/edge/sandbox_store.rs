//! The files that keep sandbox tenants between runs. They hold secrets, so only the user may read them.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::clock::Clock;
use super::files::{self, FileError, Readers};
use super::sandbox_log::WriteLog;
use crate::sandbox::persist::PersistError;
use crate::sandbox::tenant::{Surroundings, Tenant};

/// Why a sandbox tenant could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}` cannot be used: {source}", path.display())]
    Damaged { path: PathBuf, source: PersistError },
}

/// Returns the time of day in unix seconds.
pub fn now() -> i64 {
    let since = Clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads the tenant that the file and the log beside it keep, or makes a new one where there is neither. Nothing is
/// written.
///
/// # Errors
/// If the file cannot be read or holds something else.
pub fn open(path: &Path, domain: &str, own_client_id: &str) -> Result<Tenant, StoreError> {
    Ok(open_kept(path, domain, own_client_id)?.0)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    files::exists(path).then(|| files::read_whole(path)).transpose()
}

/// Reads the tenant, with the log that keeps what is done to it from now on.
///
/// # Errors
/// If the file cannot be read or holds something else.
pub fn open_kept(path: &Path, domain: &str, own_client_id: &str) -> Result<(Tenant, WriteLog), StoreError> {
    let (bytes, log) = loop {
        let bytes = read(path)?;
        let log = WriteLog::read(path)?;
        // A run may have written the file anew, and taken the log away, between the two.
        if read(path)? == bytes {
            break (bytes, log);
        }
    };
    let mut tenant = match &bytes {
        Some(bytes) => Tenant::from_json(&String::from_utf8_lossy(bytes))
            .map_err(|source| StoreError::Damaged { path: path.to_owned(), source })?,
        None => Tenant::in_surroundings(domain, own_client_id, Surroundings { now: now(), seed: 0 }),
    };
    let log = WriteLog::open(path, bytes.as_deref(), log, &mut tenant);
    tenant.set_now(now());
    Ok((tenant, log))
}

/// Writes the tenant as a whole, or leaves the file as it was. The log is done with.
///
/// # Errors
/// If the file or its folder cannot be written.
pub fn save(path: &Path, tenant: &Tenant) -> Result<(), StoreError> {
    files::write_whole(path, tenant.to_json().as_bytes(), Readers::Owner)?;
    Ok(WriteLog::remove(path)?)
}

/// Writes the tenant as a whole, and returns the log that keeps what is done to it from now on.
///
/// # Errors
/// If the file or its folder cannot be written.
pub fn save_kept(path: &Path, tenant: &Tenant) -> Result<WriteLog, StoreError> {
    let text = tenant.to_json();
    files::write_whole(path, text.as_bytes(), Readers::Owner)?;
    WriteLog::remove(path)?;
    Ok(WriteLog::begin(path, text.as_bytes(), tenant))
}

/// Removes the tenant, so that the next run finds a new one. Says whether there was one.
///
/// # Errors
/// If it is still there.
pub fn remove(path: &Path) -> Result<bool, StoreError> {
    let existed = files::exists(path) || WriteLog::is_beside(path);
    files::remove_file(path)?;
    WriteLog::remove(path)?;
    Ok(existed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::{Method, Request};
    use serde_json::json;

    #[test]
    fn a_tenant_is_new_once_and_kept_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox/dev.json");
        let mut tenant = open(&path, "sandbox", "own").unwrap();
        tenant.send(&Request::new(Method::Post, "/roles".into(), Some(json!({"name": "Kept"}))));
        save(&path, &tenant).unwrap();
        let mut again = open(&path, "sandbox", "own").unwrap();
        let roles = again.send(&Request::new(Method::Get, "/roles".into(), None));
        assert_eq!(roles.body[0]["name"], json!("Kept"));
        std::fs::write(&path, b"{").unwrap();
        assert!(matches!(open(&path, "sandbox", "own"), Err(StoreError::Damaged { .. })));
    }
}
