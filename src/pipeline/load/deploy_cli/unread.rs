//! Files and folders of the directory format that nothing reads: most often a folder's name with a mistake in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::companion::inside;
use super::directory_format::folder_name;
use super::layout::{Part, layout};
use super::settings::Settings;
use super::source::Source;
use crate::model::diagnostic::{Diagnostic, nearest};
use crate::model::document::Place;

/// Reports them as warnings. Only JSON files and folders count: the rest (a README, scripts) is nobody's concern.
pub(super) fn report(source: &mut Source<'_>, root: &str, settings: &Settings, is_in_use: &dyn Fn(&str) -> bool) {
    let mut known = Known::default();
    for part in &layout().types {
        known.add(part, folder_name(part, settings), is_in_use(&part.key));
    }
    for folder in known.searched.clone() {
        let path = inside(root, &folder);
        let Ok(entries) = source.tree.list(&path) else { continue };
        for entry in entries {
            let full = inside(&path, &entry.name);
            let relative = inside(&folder, &entry.name);
            let finding = match entry.is_folder {
                true if known.is_folder(&relative)
                    || known.files.contains(&relative)
                    || entry.name.starts_with('.')
                    || entry.name == "node_modules" =>
                {
                    None
                }
                true if known.owned.contains(&folder) => None,
                true => Some(unread(&format!("{full}/"), near(&entry.name, known.children(&folder)), "/")),
                false => known.unread_file(&folder, &entry.name, &full, source),
            };
            source.findings.extend(crate::model::diagnostic::Diagnostics(finding.into_iter().collect()));
        }
    }
}

#[derive(Default)]
struct Known {
    /// Folders with a meaning, relative to the project, and the folders that they lie in.
    folders: BTreeSet<String>,
    /// Files with a meaning.
    files: BTreeSet<String>,
    /// Folders to look into: the project's own, and those of types in use.
    searched: BTreeSet<String>,
    /// Folders in which items have folders of their own.
    owned: BTreeSet<String>,
}

impl Known {
    fn add(&mut self, part: &Part, folder: &str, is_in_use: bool) {
        self.searched.insert(String::new());
        let mut above = folder;
        while !above.is_empty() {
            self.folders.insert(above.to_owned());
            if is_in_use {
                self.searched.insert(above.to_owned());
            }
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
        for file in part.file.iter().chain(&part.settings) {
            self.files.insert(inside(folder, file));
        }
        // Companion files may lie in folders of any name, so a folder there says nothing.
        if !part.companions.is_empty() || part.parts.iter().any(|part| part.form == super::layout::Form::Insertions) {
            self.owned.insert(folder.to_owned());
        }
        for inner in &part.parts {
            self.add(inner, &inside(folder, &inner.folder), is_in_use);
        }
    }

    fn is_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }

    /// Returns the names that may stand directly in a folder.
    fn children<'k>(&'k self, folder: &'k str) -> impl Iterator<Item = &'k str> {
        self.folders.iter().chain(&self.files).filter_map(move |path| match path.rsplit_once('/') {
            Some((above, name)) if above == folder => Some(name),
            None if folder.is_empty() => Some(path.as_str()),
            _ => None,
        })
    }

    fn unread_file(&self, folder: &str, name: &str, full: &str, source: &Source<'_>) -> Option<Diagnostic> {
        let is_read = source.files.contains_key(full) || self.files.contains(&inside(folder, name));
        let near = near(name, self.children(folder));
        match folder {
            _ if is_read || !name.ends_with(".json") => None,
            // Config files, package.json and the like lie in the project's own folder too.
            "" if near.is_none() => None,
            _ if source.findings.0.iter().any(|finding| finding.place.as_ref().is_some_and(|p| &*p.file == full)) => {
                None
            }
            _ => Some(unread(full, near, "")),
        }
    }
}

fn near<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest(name, known)
}

fn unread(path: &str, near: Option<&str>, sign: &str) -> Diagnostic {
    let place = Place { file: Arc::from(path.trim_end_matches('/')), line: 1, column: 1 };
    let warning = Diagnostic::warning("unread-path", format!("nothing reads `{path}`")).at(&place);
    match near {
        Some(near) => warning.help(format!("Did you mean `{near}{sign}`?")),
        None => warning.help("It is no part of the Deploy CLI's directory format. Move it out of the project."),
    }
}
