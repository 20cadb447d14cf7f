//! Hands a value over that the API shows once: into a file of its owner's, or to a command.
//!
//! The value goes there and nowhere else: no message, no argument, no environment holds it.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::files::{self, Readers};
use super::{git, secrets};
use crate::model::desired::Delivery;
use crate::model::secret::Secret;

/// The longest that a command may take. Nothing else of the run goes on meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where deliveries of a run go.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder that paths are relative to.
    pub files: PathBuf,
    /// The folder that commands run in.
    pub commands: PathBuf,
}

impl Place {
    /// Says why a target cannot take a value, as far as that shows before there is one.
    pub fn refusal(&self, target: &Delivery) -> Option<String> {
        let Delivery::File(path) = target else { return None };
        let file = self.files.join(path);
        if git::would_be_committed(&file) {
            return Some(format!("`{path}` lies in a git work tree, which would keep the value"));
        }
        (files::is_taken(&file) && !file.is_file()).then(|| format!("`{path}` is no file"))
    }

    /// Hands a value over.
    ///
    /// # Errors
    /// Why it did not get there; never with anything of the value.
    pub fn deliver(&self, target: &Delivery, value: &Secret) -> Result<(), String> {
        let text = value.expose().ok_or("the answer did not show the value")?;
        if let Some(refusal) = self.refusal(target) {
            return Err(refusal);
        }
        match target {
            Delivery::File(path) => files::replace_file(&self.files.join(path), text.as_bytes(), Readers::Owner)
                .map_err(|error| error.to_string()),
            Delivery::Command(words) => command(words, &self.commands, text, PATIENCE),
        }
    }
}

fn command(words: &[String], folder: &Path, text: &str, patience: Duration) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("there is no command")?;
    let failed = |error: std::io::Error| format!("the command `{program}` cannot be run: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // What it says of itself is for the user.
        .stderr(Stdio::inherit())
        // A group of its own, so that all of it can be ended.
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let taken = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(text.as_bytes()));
    secrets::wait(&mut child, patience).map_err(|error| format!("the command `{program}`: {error}"))?;
    taken.map_err(|error| format!("the command `{program}` did not take the value: {error}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn words(line: &str) -> Delivery {
        Delivery::Command(vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()])
    }

    #[test]
    fn a_value_goes_where_it_is_sent_and_into_no_message() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { files: folder.path().to_owned(), commands: folder.path().to_owned() };
        let value = Secret::new("token", "hunter2");
        place.deliver(&Delivery::File("keys/token".to_owned()), &value).unwrap();
        let file = folder.path().join("keys/token");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hunter2");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        place.deliver(&words("cat > taken"), &value).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("taken")).unwrap(), "hunter2");
        for target in [words("cat >&2; exit 3"), words("exit 3"), Delivery::File("keys".to_owned())] {
            let error = place.deliver(&target, &value).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let Delivery::Command(words) = words("sleep 600") else { return };
        let error = command(&words, Path::new("/"), "hunter2", Duration::from_millis(100)).unwrap_err();
        assert!(error.contains("did not end") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_file_that_git_would_keep_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init(folder.path()).unwrap();
        std::fs::write(folder.path().join(".gitignore"), "ignored\n").unwrap();
        let place = Place { files: folder.path().to_owned(), commands: folder.path().to_owned() };
        assert!(place.refusal(&Delivery::File("token".to_owned())).is_some());
        assert_eq!(place.refusal(&Delivery::File("ignored".to_owned())), None);
        // Ignored, and in the index all the same.
        std::fs::write(folder.path().join("ignored"), "x").unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["ignored"], git2::IndexAddOption::FORCE, None).unwrap();
        index.write().unwrap();
        assert!(place.refusal(&Delivery::File("ignored".to_owned())).is_some());
    }
}
