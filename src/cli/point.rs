//! A point in a tenant's history: the commit whose configuration is meant, and the record of its apply.

use std::sync::Arc;

use super::failure::Failure;
use super::locking;
use super::project::workspace;
use super::recording::History;
use super::run::Run;
use crate::edge::git_missing;
use crate::edge::git_tree::{GitTree, GitTreeError};
use crate::model::record::{Header, RunKind, RunResult, RunScope};
use crate::pipeline::report::value::harmless;

/// The word for the configuration before the present one.
pub const PREVIOUS: &str = "previous";
/// So many letters of a commit are taken for one.
const COMMIT_LETTERS: usize = 7;

/// Where to.
#[derive(Clone, Debug)]
pub struct Point {
    pub tree: Arc<GitTree>,
    /// The record of the last apply of that commit, with the commit that holds the record.
    pub record: Option<(String, Header)>,
}

/// Says whether a record is of a run that applied a configuration.
pub fn is_apply(header: &Header) -> bool {
    matches!(header.run, RunKind::Apply | RunKind::Rollback | RunKind::Promotion)
}

/// Says whether a record's commit is what the tenant had after it.
pub fn is_whole(header: &Header) -> bool {
    is_apply(header)
        && header.scope == RunScope::Full
        && header.result == RunResult::Done
        && header.config.commit.is_some()
        && !header.config.dirty
}

/// Returns the record of the configuration that the tenant has: the last apply that was not taken back. It is the record
/// of an undo where that leaves nobody able to say what the tenant has as a whole.
pub fn standing(headers: &[(String, Header)]) -> Option<&(String, Header)> {
    let mut taken_back = u64::MAX;
    headers.iter().filter(|(_, header)| is_apply(header) || header.run == RunKind::Undo).find(|(_, header)| {
        if header.number >= taken_back {
            return false;
        }
        match (header.run, header.result, header.from.as_ref().and_then(|from| from.record)) {
            (RunKind::Undo, RunResult::Done, Some(first)) => {
                taken_back = first;
                false
            }
            _ => true,
        }
    })
}

/// Opens the files of a commit, a branch or a tag. What this clone lacks is fetched from where the records are shared, or
/// from where a shallow clone comes from.
///
/// # Errors
/// If it is neither here nor there.
pub fn open(reference: &str, run: &Run<'_>) -> Result<Arc<GitTree>, Failure> {
    let folder = workspace(run)?;
    let error = match GitTree::open(folder, reference) {
        Ok(tree) => return Ok(Arc::new(tree)),
        Err(error @ (GitTreeError::Shallow(_) | GitTreeError::Unknown(_))) => error,
        Err(error @ GitTreeError::NoRepository(_)) => {
            return Err(Failure::usage(error.to_string(), "Only what git has kept can be returned to."));
        }
        Err(error) => return Err(Failure::usage(error.to_string(), NAMED)),
    };
    let remote = locking::history(run)?.and_then(|history| history.remote);
    let brought = {
        let _bar = run.terminal.bar(None, "fetching the commit");
        git_missing::bring(folder, remote.as_deref(), reference)
    };
    let why = match &brought {
        Ok(Some(id)) => match GitTree::open(folder, id) {
            Ok(tree) => return Ok(Arc::new(tree)),
            Err(_) => String::new(),
        },
        Ok(None) => String::new(),
        Err(error) => format!("; {error}"),
    };
    let help = match (&error, remote) {
        (GitTreeError::Shallow(_), _) => {
            "Fetch the whole history: `git fetch --unshallow --tags`, in a pipeline `fetch-depth: 0`.".to_owned()
        }
        (_, Some(_)) if brought.is_err() => {
            format!("{NAMED} If it was applied from another clone, let it be pushed from there.")
        }
        _ => NAMED.to_owned(),
    };
    Err(Failure::usage(harmless(&format!("{error}{why}")), help))
}

/// Returns the whole id of a commit that records know, where somebody typed its beginning: only by that it can be fetched.
pub fn whole<'h>(asked: &'h str, headers: &'h [(String, Header)]) -> &'h str {
    let is_meant = |commit: &&String| asked.len() >= COMMIT_LETTERS && commit.starts_with(asked);
    headers.iter().filter_map(|(_, header)| header.config.commit.as_ref()).find(is_meant).map_or(asked, String::as_str)
}

const NAMED: &str = "Name a record as `tenantry history` lists it, a tag, or a commit.";

/// Returns the last record of the configuration before the present one that is not held back.
pub fn previous(headers: &[(String, Header)]) -> Option<&(String, Header)> {
    let now = standing(headers)?;
    headers.iter().filter(|(_, header)| header.number < now.1.number).find(|(_, header)| {
        let commit = header.config.commit.as_ref();
        is_whole(header)
            && (commit != now.1.config.commit.as_ref() || now.1.config.dirty)
            && commit.is_some_and(|commit| !now.1.holds.contains(commit))
    })
}

impl Point {
    /// Finds what somebody typed: a record's number, a tag, a commit, [`PREVIOUS`].
    ///
    /// # Errors
    /// If there is no such point, or its files were never committed.
    pub fn find(asked: &str, history: &History, run: &Run<'_>) -> Result<Self, Failure> {
        let headers = history.walk()?;
        let number = asked.strip_prefix('#').unwrap_or(asked);
        let record = match asked {
            PREVIOUS => Some(previous(&headers).ok_or_else(|| {
                Failure::usage(
                    "no record says what was applied in full before",
                    "Name a tag or a commit: `--to COMMIT`.",
                )
            })?),
            _ => headers.iter().find(|(commit, header)| {
                header.number.to_string() == number || (asked.len() >= COMMIT_LETTERS && commit.starts_with(asked))
            }),
        };
        if let Some((commit, header)) = record {
            let config = committed(header)?;
            return Ok(Self { tree: open(config, run)?, record: Some((commit.clone(), header.clone())) });
        }
        let tree = open(whole(asked, &headers), run)?;
        let of_commit = |(_, header): &&(String, Header)| {
            is_apply(header) && header.config.commit.as_deref() == Some(tree.commit()) && !header.config.dirty
        };
        let whole = headers.iter().filter(of_commit).find(|(_, header)| is_whole(header));
        let record = whole.or_else(|| headers.iter().find(of_commit)).cloned();
        Ok(Self { tree, record })
    }

    /// Returns the commit in a few letters.
    pub fn short(&self) -> &str {
        let commit = self.tree.commit();
        commit.get(..COMMIT_LETTERS).unwrap_or(commit)
    }
}

/// Returns the commit of a record that one can return to.
fn committed(header: &Header) -> Result<&str, Failure> {
    let number = header.number;
    match &header.config.commit {
        Some(_) if header.config.dirty => Err(Failure::usage(
            format!("record #{number} was applied from files that were not committed, so git does not have them"),
            "Name a commit: `--to COMMIT`.",
        )),
        Some(commit) => Ok(commit),
        None => Err(Failure::usage(
            format!("record #{number} names no commit"),
            "It was made before the first commit. Name another record, a tag or a commit.",
        )),
    }
}
