//! Records in git: one line of commits a domain, under `refs/tenantry/`.
//!
//! A record is a commit whose tree holds `record.json` and one file for each resource that is ours, under its kind, so
//! that `git log -p` shows what each run changed. The ref only ever moves on from the commit it was read at.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, FileMode, ObjectType, Oid, Repository, Signature, TreeWalkMode, TreeWalkResult};
use serde_json::Value as Json;

use super::files::FileError;
use super::git_remote::RemoteError;
use super::state::Remembrance;
use crate::model::address::Address;
use crate::model::applied::{Applied, Owned};
use crate::model::record::{Actor, Header, RECORD_VERSION, Record};

use message::{message, sealed};

pub mod check;
mod message;
pub mod shared;
pub mod tags;

/// Where records live.
const PREFIX: &str = "refs/tenantry/";
/// The file of a record's header.
const HEADER: &str = "record.json";
/// The file of what others had.
const OTHERS: &str = "others.json";
/// The author where neither git nor a pipeline says who it is.
const NOBODY: (&str, &str) = ("tenantry", "tenantry@localhost");

/// Why records cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("git: {}", .0.message())]
    Git(#[from] git2::Error),
    #[error("the record {0} is damaged: {1}")]
    Damaged(String, String),
    #[error("the record {0} was written by a newer version of tenantry")]
    Newer(String),
    /// Somebody else has written a record since ours was read.
    #[error("another run has written a record of this tenant meanwhile")]
    Moved,
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody has rewritten them.
    #[error("the records at the git remote `{remote}` do not follow on those that were there before")]
    NotForward { remote: String, seen: PathBuf },
    #[error("somebody else has broken this run's lock, or it could not be renewed")]
    Unlocked,
    /// The place, if it is not here.
    #[error("the tag `{tag}` exists already{}, at another commit", .remote.as_ref().map(|name| format!(" at the git remote `{name}`")).unwrap_or_default())]
    TagExists { tag: String, remote: Option<String> },
    #[error("`{0}` is no name for a tag")]
    TagName(String),
    #[error("this folder lies in no git repository, and records can only be shared from one")]
    NoRepository,
    #[error("there is no commit to tag")]
    NoCommit,
}

/// The records of one domain, or of one sandbox.
pub struct Records {
    repository: Repository,
    /// `refs/tenantry/acme.eu.auth0.com`.
    name: String,
    /// Whether the name is that of a sandbox, which may start anew under it.
    line: Option<String>,
}

/// A record and the commit that holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub commit: String,
    pub record: Record,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Opens the records of a place; `None` where the folder lies in no git repository.
///
/// `line` is the salt of a sandbox: records under another salt are of a sandbox that is gone.
///
/// # Errors
/// If there is a repository that cannot be opened.
pub fn open(folder: &Path, place: &Remembrance, line: Option<String>) -> Result<Option<Records>, RecordError> {
    let repository = match Repository::discover(folder) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (name, line) = match place {
        Remembrance::Domain(domain) => (format!("{PREFIX}{}", component(&domain.0)), None),
        Remembrance::Sandbox(tenant) => (format!("{PREFIX}sandbox/{}", component(&tenant.0)), line),
    };
    Ok(Some(Records { repository, name, line }))
}

impl Records {
    /// Returns the ref's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the last record.
    ///
    /// # Errors
    /// If it cannot be read; it is never taken as absent.
    pub fn last(&self) -> Result<Option<Kept>, RecordError> {
        let Some(tip) = self.tip()? else { return Ok(None) };
        let kept = self.read(tip)?;
        let is_other = self.line.as_ref().is_some_and(|salt| *salt != kept.record.applied.salt);
        Ok((!is_other).then_some(kept))
    }

    /// Returns the headers of all records with their commits, the last one first.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn walk(&self) -> Result<Vec<(String, Header)>, RecordError> {
        let mut headers = Vec::new();
        let mut next = self.tip()?;
        while let Some(id) = next {
            // A shallow clone ends before the first record does.
            let Ok(commit) = self.repository.find_commit(id) else { break };
            headers.push((id.to_string(), self.header(&commit)?));
            next = commit.parent_ids().next();
        }
        Ok(headers)
    }

    /// Returns the whole record of a commit.
    ///
    /// # Errors
    /// If there is none.
    pub fn at(&self, commit: &str) -> Result<Kept, RecordError> {
        self.read(Oid::from_str(commit)?)
    }

    /// Writes a record after `last`, and returns it as it stands now, with its number.
    ///
    /// # Errors
    /// [`RecordError::Moved`] if the ref is not where `last` says any more.
    pub fn write(&self, mut record: Record, last: Option<&Kept>) -> Result<Kept, RecordError> {
        record.header.number = last.map_or(1, |kept| kept.record.header.number + 1);
        let id = self.commit(&record, last)?;
        let tip = self.tip()?;
        // A sandbox that is gone leaves a line that nothing follows on.
        let is_known = match (last, tip) {
            (Some(kept), Some(tip)) => tip.to_string() == kept.commit,
            (None, None) => true,
            (None, Some(_)) => self.line.is_some() && self.last()?.is_none(),
            (Some(_), None) => false,
        };
        if !is_known {
            return Err(RecordError::Moved);
        }
        self.advance(tip, id, &format!("record {}", record.header.number))?;
        Ok(Kept { commit: id.to_string(), record })
    }

    fn commit(&self, record: &Record, after: Option<&Kept>) -> Result<Oid, RecordError> {
        let tree = self.repository.find_tree(self.tree(record)?)?;
        let author = self.author(&record.header.by)?;
        let parent = after.map(|kept| self.repository.find_commit(Oid::from_str(&kept.commit)?)).transpose()?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let message = sealed(&message(record), tree.id(), parent.as_ref().map(git2::Commit::id), (&author, &author));
        Ok(self.repository.commit(None, &author, &author, &message, &tree, &parents)?)
    }

    /// Moves the ref on, if it is still where it was seen.
    fn advance(&self, from: Option<Oid>, to: Oid, why: &str) -> Result<(), RecordError> {
        let log = format!("tenantry: {why}");
        let moved = match from {
            Some(from) => self.repository.reference_matching(&self.name, to, true, from, &log),
            None => self.repository.reference(&self.name, to, false, &log),
        };
        match moved {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::Exists | ErrorCode::Locked) => {
                Err(RecordError::Moved)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn tip(&self) -> Result<Option<Oid>, RecordError> {
        match self.repository.find_reference(&self.name) {
            Ok(reference) => Ok(Some(reference.peel_to_commit()?.id())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn header(&self, commit: &git2::Commit<'_>) -> Result<Header, RecordError> {
        let name = short(commit.id());
        let damaged = |error: String| RecordError::Damaged(name.clone(), error);
        let tree = commit.tree()?;
        let entry = tree.get_name(HEADER).ok_or_else(|| damaged(format!("it has no {HEADER}")))?;
        let blob = self.repository.find_blob(entry.id())?;
        let json: Json = serde_json::from_slice(blob.content()).map_err(|error| damaged(error.to_string()))?;
        if json.get("version").and_then(Json::as_u64).is_some_and(|version| version > u64::from(RECORD_VERSION)) {
            return Err(RecordError::Newer(name));
        }
        serde_json::from_value(json).map_err(|error| damaged(error.to_string()))
    }

    fn read(&self, id: Oid) -> Result<Kept, RecordError> {
        let commit = self.repository.find_commit(id)?;
        let header = self.header(&commit)?;
        let damaged = |error: String| RecordError::Damaged(short(id), error);
        let mut applied = Applied::default();
        let mut others = None;
        let mut failure = None;
        commit
            .tree()?
            .walk(TreeWalkMode::PreOrder, |folder, entry| {
                if entry.kind() != Some(ObjectType::Blob) {
                    return TreeWalkResult::Ok;
                }
                let read = self.repository.find_blob(entry.id()).map_err(RecordError::from).and_then(|blob| {
                    let text = blob.content();
                    match (folder, entry.name()) {
                        ("", Ok(HEADER)) => {
                            let salt =
                                serde_json::from_slice::<Salted>(text).map_err(|error| damaged(error.to_string()))?;
                            applied.salt = salt.salt;
                        }
                        ("", Ok(OTHERS)) => {
                            others = Some(serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?);
                        }
                        _ => {
                            let filed: Filed =
                                serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
                            applied.resources.insert(filed.address, filed.owned);
                        }
                    }
                    Ok(())
                });
                match read {
                    Ok(()) => TreeWalkResult::Ok,
                    Err(error) => {
                        failure = Some(error);
                        TreeWalkResult::Abort
                    }
                }
            })
            .or_else(|error| if failure.is_some() { Ok(()) } else { Err(error) })?;
        match failure {
            Some(error) => Err(error),
            None => Ok(Kept { commit: id.to_string(), record: Record { header, applied, others } }),
        }
    }

    fn tree(&self, record: &Record) -> Result<Oid, RecordError> {
        let broken = |error: serde_json::Error| RecordError::Damaged("to be written".to_owned(), error.to_string());
        let mut folder = Folder::default();
        let mut header = serde_json::to_value(&record.header).map_err(broken)?;
        if let Json::Object(map) = &mut header {
            map.insert("salt".to_owned(), Json::String(record.applied.salt.clone()));
        }
        folder.files.push((HEADER.to_owned(), text(header)));
        if let Some(others) = &record.others {
            folder.files.push((OTHERS.to_owned(), text(serde_json::to_value(others).map_err(broken)?)));
        }
        for (address, owned) in &record.applied.resources {
            let filed = Filed { address: address.clone(), owned: owned.clone() };
            let (words, name) = place(address);
            let file = (name, text(serde_json::to_value(&filed).map_err(broken)?));
            words
                .into_iter()
                .fold(&mut folder, |folder, word| folder.folders.entry(word).or_default())
                .files
                .push(file);
        }
        folder.write(&self.repository)
    }

    fn author(&self, by: &Actor) -> Result<Signature<'static>, RecordError> {
        if let (None, Ok(own)) = (&by.pipeline, self.repository.signature()) {
            return Ok(own.to_owned());
        }
        // Git refuses names of these characters alone.
        let name = by.name.replace(['<', '>', '\n', '\0'], " ");
        let name = if name.trim().is_empty() { NOBODY.0 } else { name.trim() };
        let email = by.email.as_deref().map(|email| email.replace(['<', '>', '\n', '\0', ' '], ""));
        let email = email.filter(|email| !email.is_empty()).unwrap_or_else(|| NOBODY.1.to_owned());
        Ok(Signature::now(name, &email).or_else(|_| Signature::now(NOBODY.0, NOBODY.1))?)
    }
}

#[derive(serde::Deserialize)]
struct Salted {
    salt: String,
}

/// One resource's file.
#[derive(serde::Serialize, serde::Deserialize)]
struct Filed {
    address: Address,
    owned: Owned,
}

#[derive(Default)]
struct Folder {
    files: Vec<(String, Vec<u8>)>,
    folders: std::collections::BTreeMap<String, Folder>,
}

impl Folder {
    fn write(&self, repository: &Repository) -> Result<Oid, RecordError> {
        let mut builder = repository.treebuilder(None)?;
        for (name, bytes) in &self.files {
            builder.insert(name, repository.blob(bytes)?, FileMode::Blob.into())?;
        }
        for (name, folder) in &self.folders {
            builder.insert(name, folder.write(repository)?, FileMode::Tree.into())?;
        }
        Ok(builder.write()?)
    }
}

/// JSON with members in order, so that equal values are equal bytes.
fn text(json: Json) -> Vec<u8> {
    fn sorted(json: Json) -> Json {
        match json {
            Json::Object(map) => {
                let map: std::collections::BTreeMap<_, _> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
                Json::Object(map.into_iter().collect())
            }
            Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    format!("{:#}\n", sorted(json)).into_bytes()
}

/// Returns the folders and the name of a resource's file.
fn place(address: &Address) -> (Vec<String>, String) {
    let mut words: Vec<String> = address.as_str().split('/').map(file_word).collect();
    let last = words.pop().unwrap_or_default();
    (words, format!("{last}.json"))
}

/// Names as git allows them in trees, and so that no file is called like a folder.
fn file_word(word: &str) -> String {
    if word.is_empty() {
        return "%".to_owned();
    }
    let word = match word.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => word.to_owned(),
    };
    match word.strip_suffix(".json") {
        Some(head) => format!("{head}%2Ejson"),
        None => word,
    }
}

/// Returns a name that is one component of a ref.
fn component(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '.' if !out.is_empty() && !out.ends_with('.') => out.push(c),
            c if safe(c) => out.push(c),
            c => out.push_str(&format!("%{:x}", u32::from(c))),
        }
    }
    for end in [".", ".lock"] {
        if let Some(head) = out.strip_suffix(end) {
            out = format!("{head}%2e{}", &end[1..]);
        }
    }
    out
}

fn short(id: Oid) -> String {
    id.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_component_of_a_ref_and_no_two_are_the_same() {
        let names = ["acme.eu.auth0.com", "a..b", ".a", "a.", "a.lock", "a/b", "a b~^:?*[", "a%2fb", "@{", "ä"];
        let refs: std::collections::BTreeSet<String> = names.iter().map(|name| component(name)).collect();
        assert_eq!(refs.len(), names.len());
        for name in &refs {
            assert!(git2::Reference::is_valid_name(&format!("{PREFIX}{name}")) && !name.contains('/'), "{name}");
        }
        assert_eq!(component(names[0]), names[0]);
    }

    #[test]
    fn no_file_is_called_like_a_folder() {
        let words: Vec<String> = ["Web", "Web.json", ".git", "..", ""].into_iter().map(file_word).collect();
        assert_eq!(words, ["Web", "Web%2Ejson", "%2Egit", "%2E.", "%"]);
    }
}
