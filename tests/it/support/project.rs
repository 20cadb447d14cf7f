//! A folder with files, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tenantry::cli::{World, run};
use tenantry::edge::environment::Environment;
use tenantry::edge::terminal::Streams;

use super::Ran;

/// A project in a folder of its own, which is gone when this is dropped.
#[derive(Debug)]
pub struct Project {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    /// What somebody at the terminal would type; nobody is there if it is `None`.
    typed: Option<String>,
}

impl Project {
    /// Commits everything; the repository is made if there is none. Returns the commit's id.
    pub fn commit(&self, message: &str) -> String {
        let repository = git2::Repository::init(self.folder.path()).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::now("Ann", "ann@example.com").unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents).unwrap().to_string()
    }

    /// An empty folder.
    pub fn bare() -> Self {
        let environment = BTreeMap::from([("TERM".to_owned(), "dumb".to_owned())]);
        Self { folder: tempfile::tempdir().unwrap(), environment, typed: None }
    }

    /// A workspace without tenants and templates.
    pub fn new() -> Self {
        Self::bare().file("tenantry.yaml", "project: test\n")
    }

    /// A workspace of one template for the embedded tenant `dev`, committed and applied, so that there is a record.
    pub fn applied(template: &str) -> Self {
        let project = Self::new().tenant("dev", "domain: sandbox\n").file(".gitignore", ".tenantry/\n");
        project.says(template);
        project.run("apply dev --yes").ok();
        project
    }

    /// Commits another text of that template.
    pub fn says(&self, template: &str) {
        self.write("templates/all.yaml", template);
        self.commit("next");
    }

    /// A project of the Deploy CLI for the domain `acme.eu.auth0.com`; see [`Project::deploying`].
    pub fn deploy_cli(text: &str) -> Self {
        Self::bare().file("config.json", r#"{"AUTH0_DOMAIN": "acme.eu.auth0.com"}"#).file("tenant.yaml", text)
    }

    /// Completes a command line for a project made by [`Project::deploy_cli`], against the sandbox.
    pub fn deploying(command: &str) -> String {
        format!("{command} --deploy-cli tenant.yaml --config config.json --sandbox")
    }

    /// Adds a file.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Adds `tenants/NAME.yaml`.
    pub fn tenant(self, name: &str, text: &str) -> Self {
        self.file(&format!("tenants/{name}.yaml"), text)
    }

    /// Adds `templates/NAME.yaml`.
    pub fn template(self, name: &str, text: &str) -> Self {
        self.file(&format!("templates/{name}.yaml"), text)
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Puts somebody at the terminal who types this.
    pub fn typing(mut self, lines: &str) -> Self {
        self.typed = Some(lines.to_owned());
        self
    }

    /// Writes a file into the project, folders included.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Returns all files below a folder of the project with their contents, for comparing whole exports.
    pub fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(below), "", &mut files);
        files
    }

    /// Runs a command line in this process. Words are separated by spaces; `'` keeps them together.
    #[must_use]
    pub fn run(&self, line: &str) -> Ran {
        let (output, errors) = (Buffer::default(), Buffer::default());
        let world = World {
            environment: Environment::of(self.environment.clone()),
            folder: self.folder.path().canonicalize().unwrap(),
            streams: Mutex::new(Streams {
                input: Box::new(io::Cursor::new(self.typed.clone().unwrap_or_default())),
                output: Box::new(output.clone()),
                errors: Box::new(errors.clone()),
                input_is_terminal: self.typed.is_some(),
                output_is_terminal: self.typed.is_some(),
                errors_is_terminal: self.typed.is_some(),
            }),
        };
        let code = run(words(line), &world);
        Ran::new(line, code, &output.text(), &errors.text(), self.folder.path())
    }

    /// Runs a command line with the real program.
    #[must_use]
    pub fn run_binary(&self, line: &str) -> Ran {
        let ended = self.command(line).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = ended.status.code().and_then(|code| u8::try_from(code).ok()).unwrap();
        Ran::new(line, code, &text(ended.stdout), &text(ended.stderr), self.folder.path())
    }

    /// Returns the real program ready to be started in the project.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command.args(words(line).skip(1)).current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command
    }
}

fn words(line: &str) -> impl Iterator<Item = OsString> + use<> {
    let mut words = vec![String::from("tenantry")];
    for (position, piece) in line.split('\'').enumerate() {
        if position % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words.into_iter().map(OsString::from)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
