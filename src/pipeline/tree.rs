//! The port to a project's files: the work tree today, a git tag tomorrow.
//!
//! Paths are relative to the project's folder, with `/` between names. A tree is read-only and never follows a path or
//! a symbolic link out of the project.

use std::sync::Arc;

use crate::model::diagnostic::{Diagnostic, nearest};
use crate::model::document::Place;

/// The most bytes that one file of a project may hold. Auth0 refuses far smaller texts, so more is a mistake.
pub const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// A project's files.
pub trait Tree: Sync {
    /// Returns the bytes of a file, at most [`FILE_LIMIT`].
    ///
    /// # Errors
    /// Everything that keeps the file from being read whole.
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError>;

    /// Returns what lies directly in a folder (`""` is the project's own), in bytewise order of names.
    ///
    /// # Errors
    /// Everything that keeps the folder from being listed whole.
    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError>;
}

/// One file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeEntry {
    pub name: String,
    pub is_folder: bool,
}

/// Why something of a tree could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("it does not exist")]
    Missing,
    #[error("it is a folder, not a file")]
    NotAFile,
    #[error("it is a file, not a folder")]
    NotAFolder,
    #[error("it lies outside the workspace")]
    Outside,
    #[error("it holds more than {} MiB", FILE_LIMIT / 1024 / 1024)]
    TooLarge,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A tree with some files as they would be.
pub struct Edited<'a> {
    pub base: &'a dyn Tree,
    /// Path -> text.
    pub files: &'a std::collections::BTreeMap<String, String>,
}

impl std::fmt::Debug for Edited<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edited").field("files", &self.files.keys()).finish_non_exhaustive()
    }
}

impl Tree for Edited<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let name = join("", path).map_err(|_| TreeError::Outside)?;
        match self.files.get(&name) {
            Some(text) if text.len() as u64 > FILE_LIMIT => Err(TreeError::TooLarge),
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.base.read(path),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let name = join("", folder).map_err(|_| TreeError::Outside)?;
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        let new =
            self.files.keys().filter_map(|path| path.strip_prefix(&prefix)).map(|rest| match rest.split_once('/') {
                Some((name, _)) => TreeEntry { name: name.to_owned(), is_folder: true },
                None => TreeEntry { name: rest.to_owned(), is_folder: false },
            });
        let new: Vec<TreeEntry> = new.collect();
        let mut entries = match self.base.list(folder) {
            Err(TreeError::Missing) if !new.is_empty() => Vec::new(),
            listed => listed?,
        };
        entries.extend(new);
        entries.sort();
        entries.dedup();
        Ok(entries)
    }
}

/// A path that leaves the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path leaves the workspace")]
pub struct Outside;

/// Returns the path of `relative` as seen from `folder`: `.`, `..` and backslashes are resolved.
///
/// # Errors
/// [`Outside`] if the result is not below the tree's own folder, or `relative` is absolute.
pub fn join(folder: &str, relative: &str) -> Result<String, Outside> {
    let relative = relative.replace('\\', "/");
    let drive = relative.as_bytes().get(1) == Some(&b':') && relative.as_bytes()[0].is_ascii_alphabetic();
    if relative.starts_with('/') || drive || relative.contains('\0') {
        return Err(Outside);
    }
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in relative.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop().ok_or(Outside)?;
            }
            name => names.push(name),
        }
    }
    Ok(names.join("/"))
}

/// Returns the folder that a file lies in, `""` at the top.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Reads a file as text. `named_at` is where a file names the path, if one does.
///
/// # Errors
/// A diagnostic that says why not, at `named_at` or, for what is wrong inside the file, there.
pub fn read_text(tree: &dyn Tree, path: &str, named_at: Option<&Place>) -> Result<Arc<str>, Box<Diagnostic>> {
    let bytes = tree.read(path).map_err(|error| Box::new(unreadable(tree, path, &error, named_at)))?;
    String::from_utf8(bytes).map(Arc::from).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..valid];
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count();
        Box::new(
            Diagnostic::error("invalid-utf8", format!("`{path}` is not UTF-8 text: byte {valid} is invalid"))
                .at(&Place { file: Arc::from(path), line: count(line + 1), column: count(column + 1) })
                .help("Save the file as UTF-8."),
        )
    })
}

/// Turns the reason why a file or folder could not be read into a diagnostic.
pub fn unreadable(tree: &dyn Tree, path: &str, error: &TreeError, named_at: Option<&Place>) -> Diagnostic {
    let code = match error {
        TreeError::Missing => "missing-file",
        TreeError::Outside => "outside-workspace",
        TreeError::TooLarge => "file-too-large",
        TreeError::NotAFile | TreeError::NotAFolder | TreeError::Unreadable(_) => "unreadable-file",
    };
    let mut diagnostic = Diagnostic::error(code, format!("`{path}` cannot be used: {error}"));
    diagnostic.place = named_at.cloned();
    diagnostic.help = match error {
        TreeError::Missing => similar_name(tree, path).map(|near| format!("Did you mean `{near}`?")),
        TreeError::Outside => Some("Move the file into the workspace; nothing outside it is read.".to_owned()),
        _ => None,
    };
    diagnostic
}

fn similar_name(tree: &dyn Tree, path: &str) -> Option<String> {
    let folder = folder_of(path);
    let name = path.rsplit('/').next()?;
    let entries = tree.list(folder).ok()?;
    // A broken link is listed under the very name that is missing.
    let others = entries.iter().map(|entry| entry.name.as_str()).filter(|other| *other != name);
    let near = nearest(name, others)?;
    join(folder, near).ok()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A tree in memory.
#[derive(Debug, Default)]
pub struct MemoryTree(pub std::collections::BTreeMap<String, Vec<u8>>);

impl MemoryTree {
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }

    fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.0.keys().any(|path| path.starts_with(&format!("{folder}/")))
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        match self.0.get(path) {
            Some(bytes) if bytes.len() as u64 > FILE_LIMIT => Err(TreeError::TooLarge),
            Some(bytes) => Ok(bytes.clone()),
            None if self.has_folder(path) => Err(TreeError::NotAFile),
            None => Err(TreeError::Missing),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        if self.0.contains_key(folder) {
            return Err(TreeError::NotAFolder);
        }
        if !self.has_folder(folder) {
            return Err(TreeError::Missing);
        }
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries: Vec<TreeEntry> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => TreeEntry { name: name.to_owned(), is_folder: true },
                None => TreeEntry { name: rest.to_owned(), is_folder: false },
            })
            .collect();
        entries.sort();
        entries.dedup();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_resolves_and_refuses_to_leave() {
        assert_eq!(join("templates/emails", "./a.html").as_deref(), Ok("templates/emails/a.html"));
        assert_eq!(join("templates/emails", "..\\b\\.\\c.js").as_deref(), Ok("templates/b/c.js"));
        assert_eq!(join("templates", "../x").as_deref(), Ok("x"));
        for outside in ["../../x", "/etc/passwd", "C:\\x", "..", "a\0b"] {
            assert_eq!(join("", outside), Err(Outside), "{outside}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_told_by_its_place() {
        let tree = MemoryTree([("a.yaml".to_owned(), b"x: 1\ny: \xff\n".to_vec())].into());
        let finding = read_text(&tree, "a.yaml", None).unwrap_err();
        assert_eq!(finding.code, "invalid-utf8");
        assert_eq!(finding.place.unwrap().to_string(), "a.yaml:2:4");
        assert!(finding.summary.contains("byte 8"), "{}", finding.summary);
    }

    #[test]
    fn a_missing_file_suggests_its_neighbour_and_a_folder_is_no_file() {
        let tree = MemoryTree::of(&[("emails/welcome.html", "x")]);
        let finding = read_text(&tree, "emails/welcom.html", None).unwrap_err();
        assert_eq!(
            (finding.code, finding.help.as_deref()),
            ("missing-file", Some("Did you mean `emails/welcome.html`?"))
        );
        assert_eq!(read_text(&tree, "emails", None).unwrap_err().code, "unreadable-file");
    }
}
