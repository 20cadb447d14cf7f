//! Where secrets and credentials come from: environment variables, files of the workspace, commands.
//!
//! Their values go into the answer and nowhere else: no message, no log, no `Debug`.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::files::WorkTree;
use super::git_tree::GitTree;
use crate::pipeline::load::native::{SecretSource, SourceError};
use crate::pipeline::tree::{Tree as _, TreeError};

/// The longest that a command may take, a person's fingerprint included.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest that its output may stay open after it has ended.
const GRACE: Duration = Duration::from_secs(5);
/// The most bytes that a command may print.
const MOST: u64 = 1024 * 1024;
/// The time between two looks whether a command has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The sources of one workspace.
#[derive(Debug)]
pub struct Sources {
    environment: Environment,
    tree: WorkTree,
    trusted: Option<Arc<GitTree>>,
}

impl Sources {
    /// Files are those of `tree`, and commands run in its folder.
    pub fn new(environment: Environment, tree: WorkTree) -> Self {
        Self { environment, tree, trusted: None }
    }

    /// The work tree is somebody's proposal: a file that the trusted commit has is read from there, and commands run
    /// outside of the workspace, so that no program, argument or settings file of the proposal is theirs.
    #[must_use]
    pub fn trusting(self, trusted: Option<Arc<GitTree>>) -> Self {
        Self { trusted, ..self }
    }
}

impl SecretSource for Sources {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    fn file(&self, path: &str) -> Result<String, SourceError> {
        let committed = self.trusted.as_ref().map_or(Err(TreeError::Missing), |trusted| trusted.read(path));
        let read = match committed {
            Err(TreeError::Missing) => self.tree.read(path),
            other => other,
        };
        let bytes = read.map_err(|error| match error {
            TreeError::Missing => SourceError::Missing,
            other => SourceError::Failed(other.to_string()),
        })?;
        String::from_utf8(bytes).map_err(|_| SourceError::Failed("it is not UTF-8 text".to_owned()))
    }

    fn command(&self, words: &[String]) -> Result<String, SourceError> {
        let folder = match &self.trusted {
            Some(_) => PathBuf::from("/"),
            None => self.tree.root().to_owned(),
        };
        run(words, folder, PATIENCE)
    }
}

fn run(words: &[String], folder: PathBuf, patience: Duration) -> Result<String, SourceError> {
    let (program, arguments) = words.split_first().ok_or(SourceError::Missing)?;
    let failed = |error: std::io::Error| SourceError::Failed(format!("it cannot be run: {error}"));
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it says of itself is for the user: a sign-in to confirm, a reason to fail.
        .stderr(Stdio::inherit())
        // A group of its own, so that all of it can be ended.
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let output = child.stdout.take();
    let (said, heard) = std::sync::mpsc::channel();
    // Read beside, so that a command that prints much does not wait for us while we wait for it.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map_or(Ok(0), |output| output.take(MOST).read_to_end(&mut bytes));
        // Nobody listens any more when the command took too long.
        said.send(read.map(|_| bytes)).ok();
    });
    wait(&mut child, patience)?;
    // What the command left running in the background may hold its output open.
    let bytes = heard
        .recv_timeout(GRACE)
        .map_err(|_| SourceError::Failed("it left its output open".to_owned()))?
        .map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| SourceError::Failed("it did not print UTF-8 text".to_owned()))
}

pub(super) fn wait(child: &mut Child, patience: Duration) -> Result<(), SourceError> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(SourceError::Failed(format!("it ended with {status}"))),
            Ok(None) if start.elapsed() < patience => std::thread::sleep(LOOK),
            Ok(None) => {
                // That it could not be ended is no better news than that it did not end.
                end(child);
                return Err(SourceError::Failed(format!("it did not end within {} seconds", patience.as_secs())));
            }
            Err(error) => return Err(SourceError::Failed(format!("it cannot be waited for: {error}"))),
        }
    }
}

/// Ends a command and what it started.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let ended = group.map(|group| rustix::process::kill_process_group(group, rustix::process::Signal::KILL));
    if !matches!(ended, Some(Ok(()))) {
        child.kill().ok();
    }
    child.wait().ok();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()]
    }

    #[test]
    fn a_command_gives_what_it_prints() {
        let patience = Duration::from_secs(20);
        assert_eq!(run(&words("printf hunter2"), "/".into(), patience), Ok("hunter2".to_owned()));
        let error = run(&words("printf hunter2; exit 3"), "/".into(), patience).unwrap_err().to_string();
        assert!(error.contains('3') && !error.contains("hunter2"), "{error}");
        let missing = run(&["no-such-program-anywhere".to_owned()], "/".into(), patience).unwrap_err().to_string();
        assert!(missing.contains("cannot be run"), "{missing}");
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let error = run(&words("sleep 600"), "/".into(), Duration::from_millis(100)).unwrap_err().to_string();
        assert!(error.contains("did not end"), "{error}");
    }

    #[test]
    fn a_file_stays_inside_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "hunter2\n").unwrap();
        let sources = Sources::new(Environment::default(), WorkTree::open(folder.path()).unwrap());
        assert_eq!(sources.file("key"), Ok("hunter2\n".to_owned()));
        assert_eq!(sources.file("other"), Err(SourceError::Missing));
        assert!(matches!(sources.file("../key"), Err(SourceError::Failed(_))));
    }
}
