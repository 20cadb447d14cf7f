//! Where the configuration comes from, as git knows it.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository, StatusOptions};

use crate::model::plan::Provenance;

/// Returns the commit that is checked out, and whether anything under the folder differs from it.
///
/// A folder outside of any repository, or a repository that cannot be read, has no provenance; that is no error.
pub fn provenance(folder: &Path) -> Provenance {
    let Ok(repository) = Repository::discover(folder) else {
        return Provenance::default();
    };
    let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let commit = head.as_ref().map(|commit| commit.id().to_string());
    let tree = head.as_ref().map(|commit| commit.tree_id().to_string());
    Provenance { commit, tree, dirty: is_dirty(&repository, folder).unwrap_or(true) }
}

/// Says whether a file that is about to be written would lie in a work tree and not be ignored there. What git cannot
/// say counts as yes.
pub fn would_be_committed(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The folder may not be there yet; links in what is there are followed.
    let Some((real, above)) = folder.ancestors().find_map(|above| Some((above.canonicalize().ok()?, above))) else {
        return true;
    };
    let rest = file.strip_prefix(above).unwrap_or(file);
    let Ok(repository) = Repository::discover(&real) else { return false };
    let Some(top) = repository.workdir().and_then(|top| top.canonicalize().ok()) else { return true };
    match real.join(rest).strip_prefix(&top) {
        Ok(below) => {
            // What is in the index is kept, ignored or not.
            let is_kept = repository.index().is_ok_and(|index| index.get_path(below, 0).is_some());
            is_kept || !repository.is_path_ignored(below).unwrap_or(false)
        }
        Err(_) => false,
    }
}

/// Says whether a folder lies in a repository that can be used.
pub fn is_repository(folder: &Path) -> bool {
    Repository::discover(folder).is_ok()
}

/// Returns the remote of the repository that a folder lies in, if there is one to choose: the only one, or `origin`.
pub fn only_remote(folder: &Path) -> Option<String> {
    let repository = Repository::discover(folder).ok()?;
    let names = repository.remotes().ok()?;
    let names: Vec<String> =
        (0..names.len()).filter_map(|at| names.get(at).ok().flatten().map(str::to_owned)).collect();
    match names.as_slice() {
        [only] => Some(only.clone()),
        names => names.iter().find(|name| *name == "origin").cloned(),
    }
}

/// Returns the top of the repository that a folder lies in, and where the folder is below it, with `/`.
pub fn place(folder: &Path) -> Option<(PathBuf, String)> {
    let top = Repository::discover(folder).ok()?.workdir()?.canonicalize().ok()?;
    let folder = folder.canonicalize().ok()?;
    let names = folder.strip_prefix(&top).ok()?.iter().map(|name| name.to_string_lossy().into_owned());
    let below = names.collect::<Vec<_>>().join("/");
    Some((top, below))
}

/// Says whether a commit is another one or comes after it. `None` if this clone is too shallow to know.
pub fn contains(folder: &Path, commit: &str, other: &str) -> Option<bool> {
    let repository = Repository::discover(folder).ok()?;
    let (commit, other) = (Oid::from_str(commit).ok()?, Oid::from_str(other).ok()?);
    if commit == other {
        return Some(true);
    }
    match repository.graph_descendant_of(commit, other) {
        Ok(true) => Some(true),
        _ if repository.is_shallow() => None,
        Ok(false) => Some(false),
        // A whole clone has every commit that one of its own contains.
        Err(error) if error.code() == ErrorCode::NotFound => Some(false),
        Err(_) => None,
    }
}

/// Says whether a branch of a remote, as it was last seen from here, has a commit. A shallow clone got from there what it
/// has; what git cannot say counts as yes.
pub fn is_at_a_remote(folder: &Path, commit: &str) -> bool {
    let (Ok(repository), Ok(commit)) = (Repository::discover(folder), Oid::from_str(commit)) else { return true };
    let Ok(branches) = repository.references_glob("refs/remotes/*") else { return true };
    let has = |tip: Oid| tip == commit || repository.graph_descendant_of(tip, commit).unwrap_or(false);
    repository.is_shallow()
        || branches.flatten().filter_map(|branch| branch.peel_to_commit().ok()).any(|tip| has(tip.id()))
}

/// Returns the names of the tags of a commit, in order.
pub fn tags_of(folder: &Path, commit: &str) -> Vec<String> {
    let Ok(repository) = Repository::discover(folder) else { return Vec::new() };
    let Ok(names) = repository.references_glob("refs/tags/*") else { return Vec::new() };
    let mut tags: Vec<String> = names
        .flatten()
        .filter(|reference| reference.peel_to_commit().is_ok_and(|found| found.id().to_string() == commit))
        .filter_map(|reference| Some(reference.name().ok()?.strip_prefix("refs/tags/")?.to_owned()))
        .collect();
    tags.sort();
    tags
}

/// Counts the commits of HEAD that a commit does not contain; `None` if git cannot say.
pub fn behind_head(folder: &Path, commit: &str) -> Option<usize> {
    let repository = Repository::discover(folder).ok()?;
    let head = repository.head().ok()?.peel_to_commit().ok()?.id();
    let commit = Oid::from_str(commit).ok()?;
    repository.find_commit(commit).ok()?;
    if repository.is_shallow() && repository.merge_base(head, commit).is_err() {
        return None;
    }
    Some(repository.graph_ahead_behind(head, commit).ok()?.0)
}

/// Says whether files under the folder are changed, new or gone. `None` if git cannot say.
fn is_dirty(repository: &Repository, folder: &Path) -> Option<bool> {
    let top = repository.workdir()?.canonicalize().ok()?;
    let folder = folder.canonicalize().ok()?;
    let below = folder.strip_prefix(&top).ok()?;
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false).exclude_submodules(true);
    if !below.as_os_str().is_empty() {
        options.disable_pathspec_match(true).pathspec(below);
    }
    let statuses = repository.statuses(Some(&mut options)).ok()?;
    Some(!statuses.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn committed(folder: &Path) -> Repository {
        let repository = Repository::init(folder).unwrap();
        fs::create_dir_all(folder.join("workspace")).unwrap();
        fs::write(folder.join("workspace/a.yaml"), "a: 1").unwrap();
        fs::write(folder.join("other.txt"), "x").unwrap();
        fs::write(folder.join(".gitignore"), ".tenantry\n").unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::now("A", "a@example.com").unwrap();
        repository.commit(Some("HEAD"), &author, &author, "first", &tree, &[]).unwrap();
        drop(tree);
        repository
    }

    #[test]
    fn only_changes_under_the_workspace_make_it_dirty() {
        let folder = tempfile::tempdir().unwrap();
        committed(folder.path());
        let workspace = folder.path().join("workspace");
        let clean = provenance(&workspace);
        assert!(clean.commit.is_some() && !clean.dirty, "{clean:?}");
        fs::write(folder.path().join("other.txt"), "y").unwrap();
        fs::create_dir_all(workspace.join(".tenantry")).unwrap();
        fs::write(workspace.join(".tenantry/state"), "y").unwrap();
        assert!(!provenance(&workspace).dirty);
        fs::write(workspace.join("b.yaml"), "b: 1").unwrap();
        assert!(provenance(&workspace).dirty);
    }

    #[test]
    fn a_folder_without_a_repository_has_no_provenance() {
        let folder = tempfile::tempdir().unwrap();
        let none = provenance(folder.path());
        assert!(none.commit.is_none() && !none.dirty);
    }
}
