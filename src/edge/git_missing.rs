//! Commits that this clone lacks, brought by the user's git: by id, or by the tag or branch that names them.
//!
//! They come into no ref: neither the work tree nor any branch or tag of the clone is touched.

use std::path::Path;

use git2::{Oid, Repository};

use super::git::only_remote;
use super::git_remote::{Remote, RemoteError};

/// The letters of a whole id.
const WHOLE: usize = 40;

/// Brings what a name stands for, and returns the id of what came. Nothing comes without a remote to ask: `remote`, or in a
/// shallow clone the one that it was cloned from.
///
/// # Errors
/// If the remote does not answer, or does not have that commit.
pub fn bring(folder: &Path, remote: Option<&str>, name: &str) -> Result<Option<String>, RemoteError> {
    let Ok(repository) = Repository::discover(folder) else { return Ok(None) };
    let own = || repository.is_shallow().then(|| only_remote(folder))?;
    match remote.map(str::to_owned).or_else(own) {
        Some(remote) => fetch(&repository, &remote, name),
        None => Ok(None),
    }
}

/// Brings what a name stands for from where this clone comes from, whatever its files say of remotes: `main` or
/// `origin/main`, a tag, a commit.
///
/// # Errors
/// If the remote does not answer, or does not have that commit.
pub fn bring_trusted(folder: &Path, name: &str) -> Result<Option<String>, RemoteError> {
    let Ok(repository) = Repository::discover(folder) else { return Ok(None) };
    let Some(remote) = only_remote(folder) else { return Ok(None) };
    fetch(&repository, &remote, name)
}

fn fetch(repository: &Repository, remote: &str, name: &str) -> Result<Option<String>, RemoteError> {
    let branch = name.strip_prefix(remote).and_then(|rest| rest.strip_prefix('/'));
    let remote = Remote::new(repository, remote)?;
    // Only the files are wanted. A clone that has the whole history is not made a shallow one for that.
    let bring = |what: &str| if repository.is_shallow() { remote.fetch_alone(what) } else { remote.fetch(what) };
    if name.len() == WHOLE && Oid::from_str(name).is_ok() {
        bring(name)?;
        return Ok(Some(name.to_owned()));
    }
    let references = match branch {
        Some(branch) => vec![format!("refs/heads/{branch}")],
        None => vec![format!("refs/tags/{name}"), format!("refs/heads/{name}")],
    };
    if !references.iter().all(|reference| git2::Reference::is_valid_name(reference)) {
        return Ok(None);
    }
    let found = remote.list(&references.iter().map(String::as_str).collect::<Vec<_>>())?;
    let Some((reference, id)) = references.iter().find_map(|name| Some((name, found.get(name)?))) else {
        return Ok(None);
    };
    bring(reference)?;
    Ok(Some(id.clone()))
}
