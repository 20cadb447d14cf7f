//! The message of a record's commit: a subject for people, what happened, trailers for programs, and a seal over all of
//! the commit.
//!
//! The seal is no signature: whoever knows this file can make one. It shows what somebody changed with git alone, as an
//! amended or rebased record is; against more there is the line at the remote, which is never forced.

use git2::{Commit, Oid, Signature};
use sha2::{Digest as _, Sha256};

use crate::model::record::{Record, RunResult};

/// The trailer of the seal, with the version of how it is made.
const SEAL: &str = "Seal: v1-";

/// Returns the message without its seal.
pub(super) fn message(record: &Record) -> String {
    let header = &record.header;
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let result = match header.result {
        RunResult::Done => String::new(),
        other => format!(" ({})", other.word()),
    };
    let mut out = format!("{} to {}: {}{result}\n", header.run.word(), line(&header.tenant.0), header.told());
    if header.all_changes().next().is_some() {
        out.push('\n');
    }
    for (before, change) in header.all_changes() {
        let before = before.map(|run| format!(" (by the run of {})", line(&run.at))).unwrap_or_default();
        out.push_str(&format!("{:>3} {}{before}\n", change.action.sign(), line(change.address.as_str())));
    }
    out.push_str(&format!("\nTenant: {}\nDomain: {}\n", line(&header.tenant.0), line(&header.domain.0)));
    if let Some(commit) = &header.config.commit {
        out.push_str(&format!("Config-Commit: {commit}{}\n", if header.config.dirty { " (dirty)" } else { "" }));
    }
    out.push_str(&format!("By: {}\n", line(&header.by.name)));
    for approver in &header.by.approvers {
        out.push_str(&format!("Approved-By: {}\n", line(approver)));
    }
    if let Some(url) = &header.by.run_url {
        out.push_str(&format!("Run: {}\n", line(url)));
    }
    out
}

/// Adds the seal of a commit that is to be made of these.
pub(super) fn sealed(message: &str, tree: Oid, parent: Option<Oid>, by: (&Signature<'_>, &Signature<'_>)) -> String {
    format!("{message}{SEAL}{}\n", seal(message, tree, parent, by))
}

/// What a commit's seal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// There is none.
    None,
    Whole,
    /// The commit is not as it was written.
    Broken,
}

/// Looks at the seal of a commit.
pub(super) fn seal_of(commit: &Commit<'_>) -> Seal {
    let Ok(text) = commit.message() else { return Seal::Broken };
    let Some((before, seal_line)) = text.rsplit_once(&format!("\n{SEAL}")) else { return Seal::None };
    let before = format!("{before}\n");
    let parent = parents(commit).first().copied();
    let expected = seal(&before, commit.tree_id(), parent, (&commit.author(), &commit.committer()));
    if seal_line.strip_suffix('\n') == Some(&expected) { Seal::Whole } else { Seal::Broken }
}

/// Returns the parents as the commit itself names them: at the edge of a shallow clone git pretends that there are none.
pub(super) fn parents(commit: &Commit<'_>) -> Vec<Oid> {
    let header = String::from_utf8_lossy(commit.raw_header_bytes());
    let names = header.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("parent "));
    names.filter_map(|name| Oid::from_str(name).ok()).collect()
}

fn seal(
    message: &str,
    tree: Oid,
    parent: Option<Oid>,
    (author, committer): (&Signature<'_>, &Signature<'_>),
) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    };
    add(tree.as_bytes());
    add(parent.as_ref().map(Oid::as_bytes).unwrap_or_default());
    for by in [author, committer] {
        add(by.name_bytes());
        add(by.email_bytes());
        add(&by.when().seconds().to_be_bytes());
        add(&by.when().offset_minutes().to_be_bytes());
    }
    add(message.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
