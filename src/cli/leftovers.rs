//! What lies in an export's folders from before.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure::Failure;
use crate::edge::files::WorkTree;
use crate::pipeline::export::ExportFile;
use crate::pipeline::tree::Tree as _;

/// Returns the files that lie in the export's own folders and are neither of it nor of an earlier one (`kept`): of objects that are gone, most likely.
/// They stay, since they may be somebody's; a loader would read them.
///
/// # Errors
/// If a folder cannot be listed.
pub fn leftovers(folder: &Path, written: &[ExportFile], kept: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    let tree = WorkTree::open(folder)?;
    let ours: BTreeSet<&str> =
        written.iter().map(|file| file.path.as_str()).chain(kept.iter().map(String::as_str)).collect();
    let folders: BTreeSet<&str> = ours.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let mut others = Vec::new();
    for inside in folders {
        let entries = tree.list(inside).map_err(|error| Failure::Bug(format!("`{inside}`: {error}")))?;
        let paths = entries.iter().filter(|entry| !entry.is_folder).map(|entry| format!("{inside}/{}", entry.name));
        others.extend(paths.filter(|path| !ours.contains(path.as_str())));
    }
    Ok(others)
}
