//! Commits that this clone lacks, brought by the user's git: by id, or by the tag or branch that names them.
//!
//! They come into no ref: neither the work tree nor any branch or tag of the clone is touched.

use std::path::Path;

use git2::{Oid, Repository};

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
    let Some(remote) = remote.map(str::to_owned).or_else(|| cloned_from(&repository)) else { return Ok(None) };
    let remote = Remote::new(&repository, &remote)?;
    if name.len() == WHOLE && Oid::from_str(name).is_ok() {
        remote.fetch(name)?;
        return Ok(Some(name.to_owned()));
    }
    let references = [format!("refs/tags/{name}"), format!("refs/heads/{name}")];
    if !references.iter().all(|reference| git2::Reference::is_valid_name(reference)) {
        return Ok(None);
    }
    let found = remote.list(&references.each_ref().map(String::as_str))?;
    let Some((reference, id)) = references.iter().find_map(|name| Some((name, found.get(name)?))) else {
        return Ok(None);
    };
    remote.fetch(reference)?;
    Ok(Some(id.clone()))
}

/// The remote of a shallow clone, if it has one alone or one that is called as git calls it.
fn cloned_from(repository: &Repository) -> Option<String> {
    let names = repository.is_shallow().then(|| repository.remotes().ok())??;
    let names: Vec<&str> = (0..names.len()).filter_map(|index| names.get(index).ok().flatten()).collect();
    let usual = names.iter().find(|name| **name == "origin");
    let only = names.first().filter(|_| names.len() == 1);
    usual.or(only).map(|name| (*name).to_owned())
}
