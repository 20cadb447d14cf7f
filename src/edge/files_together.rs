//! Many files written at one go: each whole or as it was before, and synced side by side, since a disk that is told of one
//! file at a time keeps everybody waiting.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{FileError, Readers, create_folder, failed, sync_folder, write_new};

/// How many files are synced at one time.
const AT_ONCE: usize = 16;

/// Writes files below a folder, in place of what is there. Where one cannot be written, none is put in its place.
///
/// # Errors
/// If one cannot be written.
pub fn write_together(root: &Path, files: &[(&str, &[u8])]) -> Result<(), FileError> {
    let files: Vec<Placed<'_>> = files.iter().map(|(path, bytes)| Placed::of(root.join(path), bytes)).collect();
    let folders: BTreeSet<&Path> = files.iter().map(|file| file.folder.as_path()).collect();
    for folder in &folders {
        create_folder(folder)?;
    }
    let share = files.len().div_ceil(AT_ONCE).max(1);
    let written = std::thread::scope(|scope| {
        let shares: Vec<_> =
            files.chunks(share).map(|some| scope.spawn(|| some.iter().try_for_each(Placed::write))).collect();
        let ended = shares.into_iter().map(|share| share.join());
        // A panic goes on where it would without threads.
        ended
            .map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<()>, _>>()
    });
    if let Err(error) = written {
        for file in &files {
            // The first failure is the one to tell of.
            fs::remove_file(&file.temporary).ok();
        }
        return Err(error);
    }
    for file in &files {
        fs::rename(&file.temporary, &file.path).map_err(failed(&file.path, "written"))?;
    }
    folders.into_iter().try_for_each(|folder| sync_folder(folder).map_err(failed(folder, "written")))
}

/// A file and where it is until it is whole.
struct Placed<'a> {
    path: PathBuf,
    folder: PathBuf,
    temporary: PathBuf,
    bytes: &'a [u8],
}

impl<'a> Placed<'a> {
    fn of(path: PathBuf, bytes: &'a [u8]) -> Self {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        Self { folder, temporary, path, bytes }
    }

    fn write(&self) -> Result<(), FileError> {
        write_new(&self.temporary, self.bytes, Readers::Anyone).map_err(failed(&self.path, "written"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a7"), b"old").unwrap();
        let names: Vec<String> =
            (0..100).map(|n| if n % 2 == 0 { format!("b/c/{n}") } else { format!("a{n}") }).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
        write_together(folder.path(), &files).unwrap();
        for (path, bytes) in files {
            assert_eq!(fs::read(folder.path().join(path)).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 51);
        assert_eq!(fs::read_dir(folder.path().join("b/c")).unwrap().count(), 50);
        write_together(folder.path(), &[]).unwrap();
    }

    #[test]
    fn where_one_cannot_be_written_none_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), b"old").unwrap();
        let too_long = "x".repeat(300);
        let files: [(&str, &[u8]); 3] = [("a", b"new"), (&too_long, b"x"), ("z", b"new")];
        assert!(write_together(folder.path(), &files).is_err());
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
