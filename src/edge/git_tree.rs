//! A project's files as a commit has them, read from git's objects: the work tree is not looked at.
//!
//! A symbolic link in a commit is never followed, so nothing can lead out of the tree.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ObjectType, Oid, Repository};

use crate::model::plan::Provenance;
use crate::pipeline::tree::{FILE_LIMIT, Tree, TreeEntry, TreeError, join};

/// The mode of a symbolic link in a git tree.
const LINK: i32 = 0o120_000;

/// Why a commit's files could not be had.
#[derive(Debug, thiserror::Error)]
pub enum GitTreeError {
    #[error("`{0}` lies in no git repository")]
    NoRepository(String),
    #[error("git knows no commit `{0}`")]
    Unknown(String),
    #[error("git knows no commit `{0}` here: this clone is shallow")]
    Shallow(String),
    #[error("`{reference}` has no folder `{folder}`")]
    NoFolder { reference: String, folder: String },
    #[error("git cannot read `{reference}`: {source}")]
    Unreadable { reference: String, source: git2::Error },
}

/// A folder of a commit as a project's tree.
pub struct GitTree {
    /// libgit2's handle may be used by one thread at a time.
    repository: Mutex<Repository>,
    commit: String,
    /// The commit's tree.
    tree: Oid,
    root: Oid,
}

impl std::fmt::Debug for GitTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitTree").field("commit", &self.commit).finish_non_exhaustive()
    }
}

impl GitTree {
    /// Opens a folder as a branch, a tag or a commit has it. The folder is named by where it is in the work tree.
    ///
    /// # Errors
    /// If there is no repository, no such commit, or no such folder in it.
    pub fn open(folder: &Path, reference: &str) -> Result<Self, GitTreeError> {
        let outside = || GitTreeError::NoRepository(folder.display().to_string());
        let repository = Repository::discover(folder).map_err(|_| outside())?;
        let top = repository.workdir().and_then(|top| top.canonicalize().ok()).ok_or_else(outside)?;
        let real = folder.canonicalize().map_err(|_| outside())?;
        let below = real.strip_prefix(&top).map_err(|_| outside())?.to_owned();
        let found = repository.revparse_single(reference).and_then(|object| object.peel_to_commit()).map_err(|_| {
            match repository.is_shallow() {
                true => GitTreeError::Shallow(reference.to_owned()),
                false => GitTreeError::Unknown(reference.to_owned()),
            }
        })?;
        let unreadable = |source| GitTreeError::Unreadable { reference: reference.to_owned(), source };
        let tree = found.tree().map_err(unreadable)?;
        let root = if below.as_os_str().is_empty() {
            tree.id()
        } else {
            tree.get_path(&below)
                .ok()
                .filter(|entry| entry.kind() == Some(ObjectType::Tree))
                .map(|entry| entry.id())
                .ok_or_else(|| GitTreeError::NoFolder {
                    reference: reference.to_owned(),
                    folder: below.display().to_string(),
                })?
        };
        let (commit, top) = (found.id().to_string(), tree.id());
        drop((tree, found));
        Ok(Self { repository: Mutex::new(repository), commit, tree: top, root })
    }

    /// Returns the commit's id.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Returns where a configuration comes from that is read here.
    pub fn provenance(&self) -> Provenance {
        Provenance { commit: Some(self.commit.clone()), tree: Some(self.tree.to_string()), dirty: false }
    }

    fn lock(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what stands at a path below the root.
fn find(repository: &Repository, root: Oid, path: &str) -> Result<(Oid, ObjectType), TreeError> {
    let path = join("", path).map_err(|_| TreeError::Outside)?;
    if path.is_empty() {
        return Ok((root, ObjectType::Tree));
    }
    let tree = repository.find_tree(root).map_err(unreadable)?;
    let entry = tree.get_path(Path::new(&path)).map_err(|error| match error.code() {
        git2::ErrorCode::NotFound => TreeError::Missing,
        _ => unreadable(error),
    })?;
    if entry.filemode() == LINK {
        return Err(TreeError::Unreadable("it is a symbolic link, which is not followed in a commit".to_owned()));
    }
    // A submodule is a commit of another repository.
    let kind = entry.kind().filter(|kind| matches!(kind, ObjectType::Blob | ObjectType::Tree));
    kind.map(|kind| (entry.id(), kind)).ok_or_else(|| TreeError::Unreadable("it is a submodule".to_owned()))
}

fn unreadable(error: git2::Error) -> TreeError {
    TreeError::Unreadable(error.message().to_owned())
}

impl Tree for GitTree {
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let repository = self.lock();
        let (id, kind) = find(&repository, self.root, path)?;
        if kind == ObjectType::Tree {
            return Err(TreeError::NotAFile);
        }
        let (size, _) = repository.odb().and_then(|objects| objects.read_header(id)).map_err(unreadable)?;
        if size as u64 > FILE_LIMIT {
            return Err(TreeError::TooLarge);
        }
        Ok(repository.find_blob(id).map_err(unreadable)?.content().to_vec())
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let repository = self.lock();
        let (id, kind) = find(&repository, self.root, folder)?;
        if kind != ObjectType::Tree {
            return Err(TreeError::NotAFolder);
        }
        let tree = repository.find_tree(id).map_err(unreadable)?;
        let mut entries: Vec<TreeEntry> = tree
            .iter()
            .map(|entry| TreeEntry {
                name: String::from_utf8_lossy(entry.name_bytes()).into_owned(),
                is_folder: entry.kind() == Some(ObjectType::Tree),
            })
            .collect();
        entries.sort();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn commit(repository: &Repository, message: &str) -> String {
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::now("A", "a@example.com").unwrap();
        let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents).unwrap().to_string()
    }

    fn repository(folder: &Path) -> Repository {
        let repository = Repository::init(folder).unwrap();
        fs::create_dir_all(folder.join("site/tenants")).unwrap();
        fs::write(folder.join("site/tenants/dev.yaml"), "domain: first").unwrap();
        fs::write(folder.join("outside.txt"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../outside.txt", folder.join("site/link")).unwrap();
        repository
    }

    #[test]
    fn a_commit_is_read_as_it_was_and_the_work_tree_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository(folder.path());
        let first = commit(&repository, "first");
        fs::write(folder.path().join("site/tenants/dev.yaml"), "domain: second").unwrap();
        fs::write(folder.path().join("site/tenants/new.yaml"), "x").unwrap();
        commit(&repository, "second");
        fs::remove_dir_all(folder.path().join("site/tenants")).unwrap();
        let site = folder.path().join("site");
        let old = GitTree::open(&site, &first).unwrap();
        assert_eq!(old.commit(), first);
        assert_eq!(old.read("tenants/dev.yaml"), Ok(b"domain: first".to_vec()));
        assert_eq!(old.list("tenants").unwrap().len(), 1);
        let new = GitTree::open(&site, "HEAD").unwrap();
        assert_eq!(new.read("./tenants/../tenants/dev.yaml"), Ok(b"domain: second".to_vec()));
        assert_eq!(new.list("tenants").unwrap().len(), 2);
        assert_eq!(GitTree::open(&site, "HEAD~1").unwrap().commit(), first);
    }

    #[test]
    fn what_is_not_there_or_leads_out_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository(folder.path());
        commit(&repository, "first");
        let tree = GitTree::open(&folder.path().join("site"), "HEAD").unwrap();
        assert_eq!(tree.read("tenants"), Err(TreeError::NotAFile));
        assert_eq!(tree.list("tenants/dev.yaml"), Err(TreeError::NotAFolder));
        assert_eq!(tree.read("tenants/x.yaml"), Err(TreeError::Missing));
        assert_eq!(tree.read("../outside.txt"), Err(TreeError::Outside));
        #[cfg(unix)]
        assert!(matches!(tree.read("link"), Err(TreeError::Unreadable(_))));
        assert!(matches!(GitTree::open(folder.path(), "no-such"), Err(GitTreeError::Unknown(_))));
        fs::create_dir(folder.path().join("fresh")).unwrap();
        assert!(matches!(GitTree::open(&folder.path().join("fresh"), "HEAD"), Err(GitTreeError::NoFolder { .. })));
        let lone = tempfile::tempdir().unwrap();
        assert!(matches!(GitTree::open(lone.path(), "HEAD"), Err(GitTreeError::NoRepository(_))));
    }
}
