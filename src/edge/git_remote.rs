//! A git remote, reached by the user's own git: its configuration and its credential helpers do the network.
//!
//! A ref only ever moves from the value that was seen there; nothing is forced.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git2::Repository;

/// The longest that git may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The most bytes of an answer that are read.
const MOST: u64 = 4 * 1024 * 1024;
/// The time between two looks whether git has ended.
const LOOK: Duration = Duration::from_millis(5);
/// What would lead git to another repository than ours.
const ELSEWHERE: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE"];
/// What a server says of a ref that somebody else moved at the same moment.
const RACES: [&str; 6] = [
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "already exists",
    "incorrect old value",
    "stale info",
];

/// What git says of a commit or a ref that the server does not give: there is none, or none that a branch leads to.
const LACKS: [&str; 3] = ["not our ref", "couldn't find remote ref", "not allow request for unadvertised object"];

/// Why a remote could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("`git` cannot be run: {0}")]
    NoGit(std::io::Error),
    #[error("`{0}` is no git remote")]
    Name(String),
    #[error("`{0}` is no prefix of refs")]
    Prefix(String),
    #[error("the git remote `{remote}` does not answer: {reason}")]
    Unreachable { remote: String, reason: String },
    #[error("the git remote `{remote}` does not have it")]
    Lacks { remote: String },
    #[error("the git remote `{remote}` refuses `{reference}`: {reason}")]
    Refused { remote: String, reference: String, reason: String },
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    Done,
    /// Somebody else was there first; nothing has changed.
    Lost,
}

/// A remote of a repository.
#[derive(Clone, Debug)]
pub struct Remote {
    git_folder: PathBuf,
    /// Where git starts: relative addresses begin here.
    folder: PathBuf,
    name: String,
}

struct Ended {
    is_well: bool,
    output: String,
    errors: String,
}

impl Remote {
    /// Names a remote of the repository that a folder lies in: by its name there, or by its address.
    ///
    /// # Errors
    /// If it cannot be one.
    pub fn new(repository: &Repository, name: &str) -> Result<Self, RemoteError> {
        if name.is_empty() || name.starts_with('-') || name.contains(['\n', '\0']) {
            return Err(RemoteError::Name(name.to_owned()));
        }
        let git_folder = repository.path().to_owned();
        let folder = repository.workdir().map_or_else(|| git_folder.clone(), Path::to_owned);
        Ok(Self { git_folder, folder, name: name.to_owned() })
    }

    /// Returns the remote's name, without what a password might be.
    pub fn name(&self) -> String {
        without_credentials(&self.name)
    }

    /// Returns what these refs are at the remote; one that is not there is not among them.
    ///
    /// # Errors
    /// If the remote does not answer: that is never taken for "there is none".
    pub fn list(&self, references: &[&str]) -> Result<BTreeMap<String, String>, RemoteError> {
        let ended = self.git(&[&["ls-remote", "--refs", "--", &self.name], references].concat())?;
        if !ended.is_well {
            return Err(self.unreachable(&ended));
        }
        let lines = ended.output.lines().filter_map(|line| line.split_once('\t'));
        let found = lines.filter(|(_, name)| references.contains(name));
        Ok(found.map(|(id, name)| (name.to_owned(), id.to_owned())).collect())
    }

    /// Returns the object of a tag at the remote, and the commit that it names.
    ///
    /// # Errors
    /// If the remote does not answer.
    pub fn tagged(&self, reference: &str) -> Result<Option<(String, String)>, RemoteError> {
        let peeled = format!("{reference}^{{}}");
        let ended = self.git(&["ls-remote", "--", &self.name, reference, &peeled])?;
        if !ended.is_well {
            return Err(self.unreachable(&ended));
        }
        let lines: BTreeMap<&str, &str> =
            ended.output.lines().filter_map(|line| line.split_once('\t')).map(|(id, name)| (name, id)).collect();
        Ok(lines.get(reference).map(|id| ((*id).to_owned(), (*lines.get(peeled.as_str()).unwrap_or(id)).to_owned())))
    }

    /// Fetches a ref's commits, or a commit, in full and into no ref.
    ///
    /// # Errors
    /// If the remote does not answer or has none.
    pub fn fetch(&self, what: &str) -> Result<(), RemoteError> {
        self.fetch_so(what, &[])
    }

    /// Fetches a commit without those before it; the clone is a shallow one after that.
    ///
    /// # Errors
    /// If the remote does not answer or has none.
    pub fn fetch_alone(&self, what: &str) -> Result<(), RemoteError> {
        self.fetch_so(what, &["--depth=1"])
    }

    fn fetch_so(&self, what: &str, depth: &[&str]) -> Result<(), RemoteError> {
        let fetch = |more: &[&str]| {
            // Servers give commits that no ref names under this protocol alone; git before 2.26 has to be told to use it.
            let by_id = ["-c", "protocol.version=2"];
            let before = if what.starts_with("refs/") { &[][..] } else { &by_id[..] };
            let flags = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-filter"];
            self.git(&[before, &flags[..], depth, more, &["--", &self.name, what]].concat())
        };
        let mut ended = fetch(&["--no-write-fetch-head"])?;
        if !ended.is_well && ended.errors.contains("unknown option") {
            // Git before 2.29 cannot leave FETCH_HEAD alone.
            ended = fetch(&[])?;
        }
        match ended.is_well {
            true => Ok(()),
            false if LACKS.iter().any(|words| ended.errors.contains(words)) => {
                Err(RemoteError::Lacks { remote: self.name() })
            }
            false => Err(self.unreachable(&ended)),
        }
    }

    /// Returns what the remote's branches and tags are, tags also as the commits that they name.
    ///
    /// # Errors
    /// If the remote does not answer.
    pub fn tips(&self) -> Result<Vec<String>, RemoteError> {
        let ended = self.git(&["ls-remote", "--heads", "--tags", "--", &self.name])?;
        match ended.is_well {
            true => Ok(ended.output.lines().filter_map(|line| Some(line.split_once('\t')?.0.to_owned())).collect()),
            false => Err(self.unreachable(&ended)),
        }
    }

    /// Moves a ref from the value that was seen (`None`: it was not there) to a commit, or removes it.
    ///
    /// # Errors
    /// If the remote does not answer, or lets nobody write this ref.
    pub fn push(&self, reference: &str, to: Option<&str>, seen: Option<&str>) -> Result<Pushed, RemoteError> {
        let lease = format!("--force-with-lease={reference}:{}", seen.unwrap_or_default());
        let refspec = format!("{}:{reference}", to.unwrap_or_default());
        let flags = ["push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
        let ended = self.git(&[&flags[..], &[&lease, "--", &self.name, &refspec]].concat())?;
        if ended.is_well {
            return Ok(Pushed::Done);
        }
        let Some(refusal) = ended.output.lines().find_map(|line| line.strip_prefix("!\t")) else {
            return Err(self.unreachable(&ended));
        };
        let reason = refusal.split_once('\t').map_or(refusal, |(_, reason)| reason);
        if reason.starts_with("[rejected]") || RACES.iter().any(|race| reason.contains(race)) {
            return Ok(Pushed::Lost);
        }
        let now = self.list(&[reference])?.remove(reference);
        if now.as_deref() != seen {
            return Ok(if now.as_deref() == to { Pushed::Done } else { Pushed::Lost });
        }
        let told =
            ended.errors.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim).collect::<Vec<_>>();
        let reason = [&[reason], &told[..]].concat().join("; ");
        Err(RemoteError::Refused { remote: self.name(), reference: reference.to_owned(), reason })
    }

    fn unreachable(&self, ended: &Ended) -> RemoteError {
        let lines = ended.errors.lines().map(str::trim);
        let said = lines.clone().find_map(|line| line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")));
        let reason = said.or_else(|| lines.rev().find(|line| !line.is_empty())).unwrap_or("it gives no reason");
        // Git takes the name of a remote that there is not for a folder.
        let is_taken_for_a_folder =
            reason.starts_with(&format!("'{}' does not appear to be a git repository", self.name));
        let reason = match is_taken_for_a_folder && !self.name.contains(['/', '\\', ':']) {
            true => "this repository has no remote of that name (`git remote -v` lists them)",
            false => reason,
        };
        RemoteError::Unreachable { remote: self.name(), reason: without_credentials(reason) }
    }

    fn git(&self, words: &[&str]) -> Result<Ended, RemoteError> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.git_folder);
        command.args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.writeCommitGraph=false"]);
        command.args(words).current_dir(&self.folder).env("LC_ALL", "C").env_remove("LANGUAGE");
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(RemoteError::NoGit)?;
        let output = child.stdout.take().map(|stream| std::thread::spawn(move || whole(stream)));
        let errors = child.stderr.take().map(|stream| std::thread::spawn(move || whole(stream)));
        let start = Instant::now();
        let is_well = loop {
            match child.try_wait().map_err(RemoteError::NoGit)? {
                Some(status) => break status.success(),
                None if start.elapsed() < PATIENCE => std::thread::sleep(LOOK),
                None => {
                    // That it could not be ended is no better news than that it did not end.
                    child.kill().ok();
                    child.wait().ok();
                    let reason = format!("nothing came within {} seconds", PATIENCE.as_secs());
                    return Err(RemoteError::Unreachable { remote: self.name(), reason });
                }
            }
        };
        let text = |reader: Option<std::thread::JoinHandle<String>>| reader.and_then(|reader| reader.join().ok());
        Ok(Ended { is_well, output: text(output).unwrap_or_default(), errors: text(errors).unwrap_or_default() })
    }
}

fn whole(stream: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // What was read before it broke off is what there is.
    stream.take(MOST).read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes `user:password@` out of every address in a text.
fn without_credentials(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(tail.len());
        let host = tail[..end].rfind('@').map_or(0, |at| at + 1);
        rest = &tail[host..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_an_address_is_shown() {
        let text = "unable to access 'https://me:hunter2@example.com/a.git/': and https://t@h/ or a@b:c.git";
        let shown = without_credentials(text);
        assert_eq!(shown, "unable to access 'https://example.com/a.git/': and https://h/ or a@b:c.git");
    }
}
