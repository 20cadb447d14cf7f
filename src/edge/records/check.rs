//! The line of records, checked link by link: that each follows on the one before, is as it was written, and holds what
//! it says. It reads git's objects alone; nothing is mended.

use std::collections::HashSet;

use git2::{Commit, ObjectType, Oid, Tree, TreeWalkMode, TreeWalkResult};

use super::message::{Seal, parents, seal_of};
use super::shared::Shared;
use super::{Filed, HEADER, OTHERS, PREFIX, RecordError, Records, Salted, component, place, text};
use crate::model::basis::Basis;
use crate::model::change::Action;
use crate::model::record::{Header, StepResult};

/// Something that is not as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The record's number, where it has one.
    pub record: Option<u64>,
    /// The commit that holds it; none for what is about the whole line.
    pub commit: Option<String>,
    pub code: &'static str,
    pub what: String,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// So many records were looked at.
    pub records: usize,
    /// So many of them carry a seal.
    pub sealed: usize,
    /// A shallow clone ends before the first record does.
    pub is_cut: bool,
    pub faults: Vec<Fault>,
}

impl Checked {
    fn add(&mut self, code: &'static str, commit: Oid, record: Option<u64>, what: impl Into<String>) {
        self.faults.push(Fault { record, commit: Some(commit.to_string()), code, what: what.into() });
    }
}

/// A record's link to the one after it.
struct Before {
    number: u64,
    salt: String,
}

impl Records {
    /// Checks the whole line, the first record first.
    ///
    /// # Errors
    /// If the repository cannot be read. What is wrong with a record is no error here.
    pub fn check(&self) -> Result<Checked, RecordError> {
        let mut checked = Checked::default();
        let mut line = Vec::new();
        let mut next = self.tip()?;
        while let Some(id) = next {
            match self.repository.find_commit(id) {
                Ok(commit) => {
                    next = parents(&commit).first().copied();
                    line.push(commit);
                }
                Err(_) if self.repository.is_shallow() => {
                    checked.is_cut = true;
                    break;
                }
                Err(error) => {
                    checked.add("parent", id, None, format!("it cannot be read: {}", error.message()));
                    break;
                }
            }
        }
        let is_cut = checked.is_cut || !checked.faults.is_empty();
        let mut before = None;
        // Files that many records have in common are looked at once.
        let mut sound = HashSet::new();
        for (position, commit) in line.iter().rev().enumerate() {
            checked.records += 1;
            let is_first = position == 0 && !is_cut;
            before = self.link(commit, before, is_first, &mut sound, &mut checked);
        }
        Ok(checked)
    }

    /// Looks for a record that was in the line once; `None` if it still is.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub fn check_seen(&self, seen: &str) -> Result<Option<Fault>, RecordError> {
        let (Ok(seen), tip) = (Oid::from_str(seen), self.tip()?) else { return Ok(None) };
        if tip.is_some_and(|tip| tip == seen || self.follows(tip, seen)) {
            return Ok(None);
        }
        let header = self.repository.find_commit(seen).ok().and_then(|commit| self.header(&commit).ok());
        let record = header.map(|header| header.number);
        let what = "it was written from this machine and is in the line no more".to_owned();
        Ok(Some(Fault { record, commit: Some(seen.to_string()), code: "gone", what }))
    }

    fn link(
        &self,
        commit: &Commit<'_>,
        before: Option<Before>,
        is_first: bool,
        sound: &mut HashSet<(String, Oid)>,
        checked: &mut Checked,
    ) -> Option<Before> {
        let id = commit.id();
        if parents(commit).len() > 1 {
            checked.add("parent", id, None, "it follows on more than one record");
        }
        let header = match self.header(commit) {
            Ok(header) => header,
            Err(error) => {
                checked.add("header", id, None, error.to_string());
                return None;
            }
        };
        let number = Some(header.number);
        let seal = seal_of(commit);
        match seal {
            Seal::Whole => checked.sealed += 1,
            Seal::Broken => checked.add("seal", id, number, "it was changed after it was written (its seal is broken)"),
            Seal::None if checked.sealed > 0 => {
                checked.add("seal", id, number, "its seal was taken away; records before it carry one");
            }
            Seal::None => {}
        }
        let expected = match &before {
            Some(before) => Some(before.number + 1),
            None if is_first => Some(1),
            None => None,
        };
        if let Some(expected) = expected.filter(|expected| *expected != header.number) {
            checked.add("number", id, number, format!("it ought to be #{expected}: what stood between is gone"));
        }
        if self.name != name(&header) {
            let of = if header.sandbox { "a sandbox of " } else { "" };
            let what = format!("it is of {of}{} ({}), not of this line", header.tenant, header.domain);
            checked.add("domain", id, number, what);
        }
        let is_print = |print: &String| Basis::parts(print).is_some();
        if !header.plan.as_ref().is_none_or(is_print) {
            checked.add("plan", id, number, "what it gives as its plan's fingerprint is none");
        }
        self.config(&header, id, checked);
        let salt = match commit.tree() {
            Ok(tree) => {
                self.files(&tree, (id, number, seal), sound, checked);
                fits(&header, &tree, id, checked);
                self.salt(&tree)
            }
            Err(error) => {
                checked.add("file", id, number, format!("its files cannot be read: {}", error.message()));
                None
            }
        };
        let salt = salt.unwrap_or_default();
        if before.as_ref().is_some_and(|before| before.salt != salt) {
            let what = "its fingerprints are under another salt than those of the record before";
            checked.add("salt", id, number, what);
        }
        Some(Before { number: header.number, salt })
    }

    /// The commit that a record names is what it was, if it is here.
    fn config(&self, header: &Header, id: Oid, checked: &mut Checked) {
        let (Some(commit), Some(tree)) = (&header.config.commit, &header.config.tree) else { return };
        let found = Oid::from_str(commit).and_then(|commit| self.repository.find_commit(commit));
        if found.is_ok_and(|found| found.tree_id().to_string() != *tree) {
            let what = format!("its configuration commit {commit} holds other files than it says");
            checked.add("commit", id, Some(header.number), what);
        }
    }

    /// Every file is where its address is. Without a seal it must be written as this program writes; with one it is as
    /// it was written, maybe by a later version that has more to say.
    fn files(
        &self,
        tree: &Tree<'_>,
        (id, number, seal): (Oid, Option<u64>, Seal),
        sound: &mut HashSet<(String, Oid)>,
        checked: &mut Checked,
    ) {
        let walked = tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
            if entry.kind() == Some(ObjectType::Tree) || [HEADER, OTHERS].contains(&path.as_str()) {
                return TreeWalkResult::Ok;
            }
            let key = (path, entry.id());
            if sound.contains(&key) {
                return TreeWalkResult::Ok;
            }
            match self.file(&key.0, entry.id(), seal) {
                Ok(()) => drop(sound.insert(key)),
                Err(what) => checked.add("file", id, number, format!("`{}` {what}", key.0)),
            }
            TreeWalkResult::Ok
        });
        if let Err(error) = walked {
            checked.add("file", id, number, format!("its files cannot be read: {}", error.message()));
        }
    }

    fn file(&self, path: &str, blob: Oid, seal: Seal) -> Result<(), String> {
        let blob = self.repository.find_blob(blob).map_err(|error| format!("cannot be read: {}", error.message()))?;
        let filed: Filed = serde_json::from_slice(blob.content()).map_err(|_| "is no file of a resource".to_owned())?;
        if path_of(&filed.address) != path {
            return Err(format!("holds {}, which belongs elsewhere", filed.address));
        }
        if seal == Seal::Whole {
            return Ok(());
        }
        let written = serde_json::to_value(&filed).map(text).map_err(|error| error.to_string())?;
        if written != blob.content() { Err("is not written as records are".to_owned()) } else { Ok(()) }
    }

    fn salt(&self, tree: &Tree<'_>) -> Option<String> {
        let blob = self.repository.find_blob(tree.get_name(HEADER)?.id()).ok()?;
        Some(serde_json::from_slice::<Salted>(blob.content()).ok()?.salt)
    }

    /// Holds the line against the one at the remote.
    ///
    /// # Errors
    /// If the remote does not answer: a gap cannot be told from none.
    pub fn check_against(&self, shared: &Shared) -> Result<Vec<Fault>, RecordError> {
        let fault = |code, commit: Option<Oid>, what: String| {
            vec![Fault { record: None, commit: commit.map(|id| id.to_string()), code, what }]
        };
        let remote = shared.remote.name();
        let there = shared.remote.list(&[&shared.records])?.remove(&shared.records);
        let (seen, tip) = (shared.seen_record().and_then(|seen| Oid::from_str(&seen).ok()), self.tip()?);
        let Some(there) = there else {
            return Ok(match (seen, tip) {
                (Some(seen), _) => fault(
                    "remote",
                    Some(seen),
                    format!("the git remote `{remote}` has no records any more; this was the last one seen there"),
                ),
                (None, Some(tip)) => {
                    fault("remote", Some(tip), format!("no record was ever handed on to the git remote `{remote}`"))
                }
                (None, None) => Vec::new(),
            });
        };
        let there = Oid::from_str(&there)?;
        if self.repository.find_commit(there).is_err() {
            shared.remote.fetch(&shared.records)?;
        }
        if let Some(seen) = seen.filter(|seen| *seen != there && !self.follows(there, *seen)) {
            let what = format!("it was seen at the git remote `{remote}` and is not in the line there any more");
            return Ok(fault("remote", Some(seen), what));
        }
        match tip {
            Some(tip) if tip == there => Ok(Vec::new()),
            Some(tip) if self.follows(tip, there) => {
                let ahead = self.repository.graph_ahead_behind(tip, there)?.0;
                let what = match ahead {
                    1 => format!("it is here and not at the git remote `{remote}`"),
                    _ => format!("this and {} before it are here and not at the git remote `{remote}`", ahead - 1),
                };
                Ok(fault("remote", Some(tip), what))
            }
            Some(tip) if !self.follows(there, tip) => {
                let what = format!("the line here and the one at the git remote `{remote}` have parted");
                Ok(fault("remote", Some(tip), what))
            }
            // What is there goes on from what is here.
            _ => Ok(Vec::new()),
        }
    }
}

/// Returns the name of the line that a record belongs to. That of a domain may stand under another prefix at a remote,
/// not here.
fn name(header: &Header) -> String {
    match header.sandbox {
        true => format!("{PREFIX}sandbox/{}", component(&header.tenant.0)),
        false => format!("{PREFIX}{}", component(&header.domain.0)),
    }
}

/// What was done in full is in the files, what was deleted is not.
fn fits(header: &Header, tree: &Tree<'_>, id: Oid, checked: &mut Checked) {
    for change in &header.changes {
        let mut steps = header.steps.iter().filter(|step| step.address == change.address).peekable();
        if steps.peek().is_none() || steps.any(|step| step.result != StepResult::Ok) {
            continue;
        }
        let is_there = tree.get_path(path_of(&change.address).as_ref()).is_ok();
        let what = match change.action {
            Action::Create if !is_there => "created",
            Action::Update | Action::Replace | Action::Rename if !is_there => "changed",
            _ => continue,
        };
        let what = format!("it says that {} was {what}, and holds no file of it", change.address);
        checked.add("file", id, Some(header.number), what);
    }
}

fn path_of(address: &crate::model::address::Address) -> String {
    let (folders, name) = place(address);
    folders.into_iter().chain([name]).collect::<Vec<_>>().join("/")
}
