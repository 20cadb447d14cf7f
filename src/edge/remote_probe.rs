//! Whether a git remote takes refs below a prefix: a ref is made there, moved and removed, as records and locks are.

use std::path::Path;

use git2::{ErrorCode, Oid, Repository, Signature};

use super::git_remote::{Pushed, Remote, RemoteError};
use super::records::RecordError;

/// The ref's name below the prefix. Always the same, so that at most one is ever left behind.
const NAME: &str = "probe";

/// What became of the ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It was made, moved and removed.
    Taken,
    /// It was made and moved, and stays there: the remote removes no refs.
    Stays { reference: String, reason: String },
    /// It could not be made or moved; the remote says why.
    Refused { reference: String, reason: String },
    /// Somebody else was testing at the same moment.
    Busy,
}

/// Tries a prefix at a remote of the repository that a folder lies in.
///
/// # Errors
/// If the remote does not answer, or prefix or remote cannot be such.
pub fn probe(folder: &Path, remote: &str, prefix: &str) -> Result<Probed, RecordError> {
    let unusable = |error: git2::Error| RemoteError::Unreachable {
        remote: remote.to_owned(),
        reason: format!("this folder lies in no git repository that can be used: {}", error.message()),
    };
    let repository = Repository::discover(folder).map_err(|error| match error.code() {
        ErrorCode::NotFound => RecordError::NoRepository,
        _ => unusable(error).into(),
    })?;
    let reference = format!("{}/{NAME}", prefix.trim_end_matches('/'));
    if !reference.starts_with("refs/") || !git2::Reference::is_valid_name(&reference) {
        return Err(RemoteError::Prefix(prefix.to_owned()).into());
    }
    let remote = Remote::new(&repository, remote)?;
    let mut seen = remote.list(&[&reference])?.remove(&reference);
    let mut parent = None;
    for _ in 0..2 {
        let commit = commit(&repository, parent).map_err(unusable)?;
        match remote.push(&reference, Some(&commit.to_string()), seen.as_deref()) {
            Ok(Pushed::Done) => {}
            Ok(Pushed::Lost) => return Ok(Probed::Busy),
            Err(RemoteError::Refused { reference, reason, .. }) => return Ok(Probed::Refused { reference, reason }),
            Err(error) => return Err(error.into()),
        }
        seen = Some(commit.to_string());
        parent = Some(commit);
    }
    match remote.push(&reference, None, seen.as_deref()) {
        Ok(Pushed::Done) => Ok(Probed::Taken),
        Ok(Pushed::Lost) => Ok(Probed::Busy),
        Err(RemoteError::Refused { reference, reason, .. }) => Ok(Probed::Stays { reference, reason }),
        Err(error) => Err(error.into()),
    }
}

/// Makes a commit that holds nothing and that nothing here leads to.
fn commit(repository: &Repository, parent: Option<Oid>) -> Result<Oid, git2::Error> {
    let tree = repository.find_tree(repository.treebuilder(None)?.write()?)?;
    let author = repository.signature().or_else(|_| Signature::now("tenantry", "tenantry@localhost"))?;
    let parent = parent.map(|parent| repository.find_commit(parent)).transpose()?;
    let message = "A test whether records of tenantry can be pushed here";
    repository.commit(None, &author, &author, message, &tree, &parent.iter().collect::<Vec<_>>())
}
