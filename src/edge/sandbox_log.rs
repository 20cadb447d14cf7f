//! The writes of a run against an embedded tenant, line by line beside the tenant's file: a run that is killed leaves the
//! tenant with what was done so far.
//!
//! The log extends one certain file, which it names by its hash, and is nothing once the file is written anew. A last line
//! that was cut off was never answered, so it never happened.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::files::{self, FileError};
use crate::api::request::{Method, Request};
use crate::sandbox::api::Keeper;
use crate::sandbox::deed::Deed;
use crate::sandbox::tenant::{Surroundings, Tenant};

/// The version of the log that this program writes.
const FORMAT: u32 = 1;

/// What a log extends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Base {
    format: u32,
    /// The hash of the tenant's file; `None` for a tenant that has none yet.
    file: Option<String>,
    domain: String,
    own_client: String,
    /// When the tenant was made or opened.
    now: i64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    now: i64,
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acting: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forbidden: bool,
}

/// An open log; nothing is written before the first write to the tenant.
#[derive(Debug)]
pub struct WriteLog(Mutex<State>);

#[derive(Debug)]
struct State {
    path: PathBuf,
    base: Base,
    /// How much of the file counts; 0 if there is no log of this base.
    length: u64,
    file: Option<File>,
    /// What can wait, kept with the next write.
    waiting: String,
}

/// What a log holds.
#[derive(Debug)]
pub struct Read {
    base: Base,
    deeds: Vec<Deed>,
    length: u64,
}

/// Returns where the log of a tenant's file is.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("log")
}

impl Base {
    /// Describes a tenant as it is in its file (`bytes`), or as it was made where there is none.
    pub fn of(bytes: Option<&[u8]>, tenant: &Tenant) -> Self {
        Self {
            format: FORMAT,
            file: bytes.map(hash),
            domain: tenant.domain().to_owned(),
            own_client: tenant.own_client_id().to_owned(),
            now: tenant.now(),
        }
    }

    fn extends_the_same_as(&self, other: &Self) -> bool {
        self.format == other.format && self.file == other.file
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl WriteLog {
    /// Reads the log beside a tenant's file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(file: &Path) -> Result<Option<Read>, FileError> {
        read(&beside(file))
    }

    /// Takes in what the log beside the tenant's file adds to it, and returns the log for what is to come.
    pub fn open(file: &Path, bytes: Option<&[u8]>, log: Option<Read>, tenant: &mut Tenant) -> Self {
        let path = beside(file);
        let mut base = Base::of(bytes, tenant);
        let mut length = 0;
        if let Some(read) = log
            && read.base.extends_the_same_as(&base)
        {
            if bytes.is_none() {
                // Its ids and times follow from when it was made.
                let surroundings = Surroundings { now: read.base.now, seed: 0 };
                *tenant = Tenant::in_surroundings(&read.base.domain, &read.base.own_client, surroundings);
            }
            read.deeds.iter().for_each(|deed| deed.repeat(tenant));
            (base, length) = (read.base, read.length);
        }
        Self(Mutex::new(State { path, base, length, file: None, waiting: String::new() }))
    }

    /// Begins a log beside a file that was just written (`bytes`).
    pub fn begin(file: &Path, bytes: &[u8], tenant: &Tenant) -> Self {
        let base = Base::of(Some(bytes), tenant);
        Self(Mutex::new(State { path: beside(file), base, length: 0, file: None, waiting: String::new() }))
    }

    /// Returns how long it is, in bytes.
    pub fn length(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).length
    }

    /// Says whether there is a log beside a tenant's file.
    pub fn is_beside(file: &Path) -> bool {
        files::exists(&beside(file))
    }

    /// Removes the log beside a tenant's file: what it says is in the file now, or was given up.
    ///
    /// # Errors
    /// If it is still there.
    pub fn remove(file: &Path) -> Result<(), FileError> {
        files::remove_file(&beside(file))
    }
}

fn read(path: &Path) -> Result<Option<Read>, FileError> {
    if !files::exists(path) {
        return Ok(None);
    }
    let bytes = files::read_whole(path)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').take_while(|line| line.ends_with(b"\n"));
    let Some(first) = lines.next() else { return Ok(None) };
    let Ok(base) = serde_json::from_slice::<Base>(first) else { return Ok(None) };
    let (mut deeds, mut length) = (Vec::new(), first.len());
    for line in lines {
        let Some(deed) = serde_json::from_slice::<Line>(line).ok().and_then(Line::deed) else { break };
        deeds.push(deed);
        length += line.len();
    }
    Ok(Some(Read { base, deeds, length: length as u64 }))
}

impl Line {
    fn deed(self) -> Option<Deed> {
        let methods = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let method = methods.into_iter().find(|method| method.as_str() == self.method)?;
        let request = Request { method, path: self.path, query: self.query, body: self.body };
        Some(Deed { now: self.now, request, acting: self.acting, forbidden: self.forbidden })
    }
}

impl State {
    fn append(&mut self, text: &str) -> std::io::Result<()> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&self.path)?;
            file.set_len(self.length)?;
            file.seek(SeekFrom::Start(self.length))?;
            if self.length == 0 {
                let base = format!("{}\n", serde_json::to_string(&self.base)?);
                file.write_all(base.as_bytes())?;
                self.length = base.len() as u64;
            }
            self.file = Some(file);
        }
        // In one piece, so that a kill leaves whole lines but for the last.
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))?;
        self.length += text.len() as u64;
        Ok(())
    }
}

impl Keeper for WriteLog {
    fn note(&self, deed: &Deed) -> Result<(), String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let request = &deed.request;
        let line = Line {
            now: deed.now,
            method: request.method.as_str().to_owned(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: request.body.clone(),
            acting: deed.acting.clone(),
            forbidden: deed.forbidden,
        };
        let text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        state.waiting.push_str(&text);
        state.waiting.push('\n');
        if deed.can_wait() {
            return Ok(());
        }
        let text = std::mem::take(&mut state.waiting);
        state.append(&text).map_err(|error| {
            // What was written in part goes when the file is opened again.
            state.file = None;
            format!("`{}` cannot be written: {error}", state.path.display())
        })
    }

    fn die(&self) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::sandbox_store;
    use serde_json::json;

    fn post(path: &str, body: Json) -> Request {
        Request::new(Method::Post, path.into(), Some(body))
    }

    /// Does what a run does to a tenant that is kept, and returns the tenant.
    fn run(file: &Path, requests: &[Request]) -> Tenant {
        let (mut tenant, log) = sandbox_store::open_kept(file, "sandbox", "own").unwrap();
        for request in requests {
            tenant.send(request);
            log.note(&Deed { now: tenant.now(), request: request.clone(), acting: None, forbidden: false }).unwrap();
        }
        tenant
    }

    fn action() -> [Request; 3] {
        let body = json!({"name": "A", "code": "x", "supported_triggers": [{"id": "post-login", "version": "v3"}]});
        [
            post("/actions/actions", body),
            Request::new(Method::Get, "/actions/actions".into(), None),
            post("/roles", json!({"name": "After"})),
        ]
    }

    #[test]
    fn what_a_killed_run_did_is_there_whether_or_not_there_was_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sandbox/dev.json");
        let killed = run(&file, &action());
        assert!(!file.exists());
        let mut again = sandbox_store::open(&file, "sandbox", "own").unwrap();
        again.set_now(killed.now());
        assert_eq!(again.to_json(), killed.to_json());
        let more = run(&file, &[post("/roles", json!({"name": "More"}))]);
        sandbox_store::save(&file, &more).unwrap();
        assert!(!beside(&file).exists());
        let killed = run(&file, &[post("/roles", json!({"name": "Last"}))]);
        let mut again = sandbox_store::open(&file, "sandbox", "own").unwrap();
        again.set_now(killed.now());
        assert_eq!(again.to_json(), killed.to_json());
    }

    #[test]
    fn a_line_that_was_cut_off_never_happened_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dev.json");
        let first = run(&file, &[post("/roles", json!({"name": "A"}))]);
        let whole = std::fs::read(beside(&file)).unwrap();
        run(&file, &[post("/roles", json!({"name": "B"}))]);
        let both = std::fs::read(beside(&file)).unwrap();
        for cut in [whole.len() + 1, both.len() - 1] {
            std::fs::write(beside(&file), &both[..cut]).unwrap();
            let mut again = sandbox_store::open(&file, "sandbox", "own").unwrap();
            again.set_now(first.now());
            assert_eq!(again.to_json(), first.to_json());
        }
        run(&file, &[post("/roles", json!({"name": "C"}))]);
        let mut again = sandbox_store::open(&file, "sandbox", "own").unwrap();
        let roles = again.send(&Request::new(Method::Get, "/roles".into(), None)).body;
        assert_eq!(roles.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_log_of_another_file_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dev.json");
        let tenant = run(&file, &[post("/roles", json!({"name": "A"}))]);
        let log = std::fs::read(beside(&file)).unwrap();
        sandbox_store::save(&file, &tenant).unwrap();
        // As if the run had been killed between the two.
        std::fs::write(beside(&file), log).unwrap();
        let mut again = sandbox_store::open(&file, "sandbox", "own").unwrap();
        again.set_now(tenant.now());
        assert_eq!(again.to_json(), tenant.to_json());
    }
}
