//! Files: the work tree as a [`Tree`], and the few writes that the program makes, each of a whole file or nothing.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::pipeline::tree::{FILE_LIMIT, Tree, TreeEntry, TreeError, join};

/// A file or folder that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be {doing}", path.display())]
pub struct FileError {
    pub path: PathBuf,
    /// What was tried: `read`, `written`.
    pub doing: &'static str,
    pub source: std::io::Error,
}

pub(super) fn failed(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError { path, doing, source }
}

/// A folder on disk as a project's tree.
#[derive(Clone, Debug)]
pub struct WorkTree {
    /// Without symbolic links, to tell what leaves it.
    root: PathBuf,
}

impl WorkTree {
    /// Opens the tree at a folder.
    ///
    /// # Errors
    /// If the folder does not exist or is a file.
    pub fn open(folder: &Path) -> Result<Self, FileError> {
        let root = folder.canonicalize().map_err(failed(folder, "opened"))?;
        if !root.is_dir() {
            return Err(failed(folder, "opened")(ErrorKind::NotADirectory.into()));
        }
        Ok(Self { root })
    }

    /// Returns the folder, absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes files of the tree, all or none: where one cannot be written, those before it are put back. Links inside the
    /// tree are followed, as reading does.
    ///
    /// # Errors
    /// If one cannot be written or lies outside.
    pub fn write_all(&self, files: &std::collections::BTreeMap<String, String>) -> Result<(), FileError> {
        let outside = |path: &str| failed(&self.root.join(path), "written")(ErrorKind::InvalidInput.into());
        let mut before: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
        for (path, text) in files {
            let name = join("", path).map_err(|_| outside(path))?;
            let (real, old) = match self.resolve(&name) {
                Ok(real) => (real.clone(), Some(fs::read(&real).map_err(failed(&real, "read"))?)),
                Err(TreeError::Missing) => (self.root.join(&name), None),
                Err(_) => return Err(outside(path)),
            };
            before.push((real, old));
            let Some((real, _)) = before.last() else { continue };
            if let Err(error) = write_whole(real, text.as_bytes(), Readers::Anyone) {
                before.pop();
                for (real, old) in before {
                    // The first failure is the one to tell of.
                    match old {
                        Some(old) => drop(write_whole(&real, &old, Readers::Anyone)),
                        None => drop(remove_file(&real)),
                    }
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn resolve(&self, path: &str) -> Result<PathBuf, TreeError> {
        let path = join("", path).map_err(|_| TreeError::Outside)?;
        let real = self.root.join(path).canonicalize().map_err(reason)?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(TreeError::Outside) }
    }
}

fn reason(error: std::io::Error) -> TreeError {
    match error.kind() {
        // A path through a file (`a.yaml/b`) names nothing either.
        ErrorKind::NotFound | ErrorKind::NotADirectory => TreeError::Missing,
        _ => TreeError::Unreadable(error.to_string()),
    }
}

impl Tree for WorkTree {
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let real = self.resolve(path)?;
        let kind = fs::metadata(&real).map_err(reason)?;
        if kind.is_dir() {
            return Err(TreeError::NotAFile);
        }
        if !kind.is_file() {
            // Opening a pipe would wait for a writer.
            return Err(TreeError::Unreadable("it is not a regular file".to_owned()));
        }
        if kind.len() > FILE_LIMIT {
            return Err(TreeError::TooLarge);
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&real).map_err(reason)?;
        file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(reason)?;
        if bytes.len() as u64 > FILE_LIMIT { Err(TreeError::TooLarge) } else { Ok(bytes) }
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let real = self.resolve(folder)?;
        if !real.is_dir() {
            return Err(TreeError::NotAFolder);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&real).map_err(reason)? {
            let entry = entry.map_err(reason)?;
            // Followed, so that a link to a folder counts as one; a broken link is a file that reading finds missing.
            let is_folder = fs::metadata(entry.path()).is_ok_and(|kind| kind.is_dir());
            entries.push(TreeEntry { name: entry.file_name().to_string_lossy().into_owned(), is_folder });
        }
        entries.sort();
        Ok(entries)
    }
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// As the system's mask has it.
    Anyone,
    /// Only the user.
    Owner,
}

/// Returns the folder that the program was started in.
///
/// # Errors
/// If it is gone or may not be read.
pub fn current_folder() -> Result<PathBuf, FileError> {
    std::env::current_dir().map_err(failed(Path::new("."), "found"))
}

/// Reads a file that the user named (a saved plan, a config file), at most [`FILE_LIMIT`] bytes.
///
/// # Errors
/// If it cannot be read whole or is too large.
pub fn read_whole(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = fs::File::open(path).map_err(failed(path, "read"))?;
    let kind = file.metadata().map_err(failed(path, "read"))?;
    if kind.is_dir() {
        return Err(failed(path, "read")(ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed(path, "read"))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(failed(path, "read")(ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// Says whether something is there.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Says whether anything stands at a path, a link that leads nowhere included.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Says whether a folder is there.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Returns the names of what stands in a folder, in no order.
///
/// # Errors
/// If it cannot be listed.
pub fn names_in(folder: &Path) -> Result<Vec<String>, FileError> {
    let entries = fs::read_dir(folder).map_err(failed(folder, "read"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect::<std::io::Result<_>>().map_err(failed(folder, "read"))
}

/// Waits for one's turn at what a file stands for: among all processes one has it, until what is returned is dropped.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn turn(path: &Path) -> Result<fs::File, FileError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let file =
        fs::File::options().create(true).truncate(false).write(true).open(path).map_err(failed(path, "locked"))?;
    file.lock().map_err(failed(path, "locked"))?;
    Ok(file)
}

/// Writes a whole file or leaves what was there: a temporary file beside it, synced, renamed over it. Its folder is
/// made if need be.
///
/// # Errors
/// If any of that fails; then nothing has changed but that the folder may be there.
pub fn write_whole(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), FileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_new(&temporary, bytes, readers).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // What stands in the way is the first failure; that the leftover may stay is no second one.
        fs::remove_file(&temporary).ok();
        return Err(failed(path, "written")(error));
    }
    sync_folder(folder).map_err(failed(path, "written"))
}

/// Writes a whole file that the user named, over one that is there but never through or over a link, nor over anything
/// else that is no file.
///
/// # Errors
/// If something other than a file is there, or it cannot be written; then nothing has changed.
pub fn replace_file(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => {
            let what = if there.is_symlink() { "it is a link, which is not followed" } else { "it is no file" };
            Err(failed(path, "written")(std::io::Error::new(ErrorKind::AlreadyExists, what)))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, "written")(error)),
        _ => write_whole(path, bytes, readers),
    }
}

pub(super) fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    // New, so that a link that somebody put there is not followed; a leftover of a run that died is in the way of that.
    fs::remove_file(path).ok();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes a folder and those above it; it may be there already.
///
/// # Errors
/// If it cannot be made.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(failed(path, "made"))
}

/// Removes a file; that it was not there is no error.
///
/// # Errors
/// If it is still there.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, "removed")(error)),
        _ => Ok(()),
    }
}

/// Returns the folder for what the program keeps for itself beside a workspace, `.tenantry`: made if need be, closed
/// to other users, and kept out of git by a file inside.
///
/// # Errors
/// If it cannot be made.
pub fn private_folder(workspace: &Path) -> Result<PathBuf, FileError> {
    let folder = workspace.join(".tenantry");
    create_folder(&folder)?;
    #[cfg(unix)]
    {
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&folder, owner_only).map_err(failed(&folder, "made"))?;
    }
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        write_whole(&ignore, b"*\n", Readers::Anyone)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_reads_and_lists_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(&folder.path().join("b/c.yaml"), b"x", Readers::Anyone).unwrap();
        write_whole(&folder.path().join("a.yaml"), b"y", Readers::Anyone).unwrap();
        let tree = WorkTree::open(folder.path()).unwrap();
        assert_eq!(tree.read("./b/../b/c.yaml"), Ok(b"x".to_vec()));
        let names: Vec<_> = tree.list("").unwrap().into_iter().map(|entry| (entry.name, entry.is_folder)).collect();
        assert_eq!(names, [("a.yaml".to_owned(), false), ("b".to_owned(), true)]);
        assert_eq!(tree.read("b"), Err(TreeError::NotAFile));
        assert_eq!(tree.list("a.yaml"), Err(TreeError::NotAFolder));
        assert_eq!(tree.read("c"), Err(TreeError::Missing));
        assert_eq!(tree.read("a.yaml/c"), Err(TreeError::Missing));
        assert_eq!(tree.read("../c"), Err(TreeError::Outside));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_tree_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        write_whole(&outside.path().join("secret"), b"x", Readers::Anyone).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        let tree = WorkTree::open(folder.path()).unwrap();
        assert_eq!(tree.read("link/secret"), Err(TreeError::Outside));
        assert_eq!(tree.list("link"), Err(TreeError::Outside));
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_without_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::File::create(folder.path().join("big.yaml")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
        let tree = WorkTree::open(folder.path()).unwrap();
        assert_eq!(tree.read("big.yaml"), Err(TreeError::TooLarge));
    }

    #[test]
    fn writing_replaces_the_whole_file_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write_whole(&path, b"long old text", Readers::Anyone).unwrap();
        write_whole(&path, b"new", Readers::Owner).unwrap();
        assert_eq!(read_whole(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(write_whole(&path.join("below-a-file"), b"x", Readers::Anyone).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_named_file_is_replaced_but_no_link_or_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("plan.html"), folder.path().join("link.html"));
        replace_file(&file, b"one", Readers::Anyone).unwrap();
        replace_file(&file, b"two", Readers::Anyone).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(replace_file(&link, b"three", Readers::Anyone).is_err());
        std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("broken")).unwrap();
        assert!(replace_file(&folder.path().join("broken"), b"three", Readers::Anyone).is_err());
        assert!(replace_file(folder.path(), b"three", Readers::Anyone).is_err());
        assert_eq!(read_whole(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn the_private_folder_keeps_out_of_git() {
        let folder = tempfile::tempdir().unwrap();
        let private = private_folder(folder.path()).unwrap();
        assert_eq!(read_whole(&private.join(".gitignore")).unwrap(), b"*\n");
    }
}
