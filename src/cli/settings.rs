//! Flags and environment, merged once: what a run is told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Arguments, Command, Global};
use super::failure::Failure;
use super::world::World;
use crate::api::pace::Reserve;
use crate::edge::connection::{Connection, Target};
use crate::edge::files;
use crate::edge::http::HttpOptions;
use crate::edge::request_log::RequestLog;
use crate::edge::state::StateFolder;
use crate::edge::terminal::Manner;
use crate::edge::wire::DEADLINE;
use crate::model::desired::TenantSettings;
use crate::sandbox::faults::Faults;

/// The file that makes a folder a workspace.
pub const WORKSPACE_FILE: &str = "tenantry.yaml";
/// The state folder's name, beside the configuration.
const STATE_FOLDER: &str = ".tenantry";

/// What a run is told besides its command.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: Source,
    pub state: StateFolder,
    pub sandbox: bool,
    pub json: bool,
    /// Seconds to wait for a tenant that another run holds.
    pub lock_wait: f64,
    /// Seconds after which a run that does not renew its lock is gone.
    pub lock_ttl: f64,
    /// The commit that says where records are shared, where the work tree is somebody's proposal.
    pub trust_from: Option<String>,
    /// The files after `--config`, as typed.
    pub configs: Vec<OsString>,
    /// The flags that another command needs to be about the same tenant, as they were typed.
    pub repeated: Vec<String>,
    pub api: ApiSettings,
    /// `--journal`: where the journal is, if not in the state folder.
    pub journal: Option<PathBuf>,
}

/// Where the configuration is.
#[derive(Clone, Debug)]
pub enum Source {
    /// A workspace, at its folder; `None` where none was found, which only matters to commands that need one.
    Workspace(Option<PathBuf>),
    /// A project of the Deploy CLI.
    DeployCli {
        /// The folder that paths are relative to.
        root: PathBuf,
        /// The `tenant.yaml` or the folder, relative to `root`.
        input: String,
        config: Option<PathBuf>,
    },
}

/// How to reach a tenant, beyond its domain.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// `TENANTRY_API_URL`: another place that answers for the domain.
    pub origin: Option<String>,
    /// `TENANTRY_CA`: a PEM file of certificates to trust in place of the system's.
    pub authorities: Option<PathBuf>,
    pub in_flight: usize,
    pub reserve: Reserve,
    pub max_rps: Option<f64>,
    pub deadline: Duration,
    /// `--log`, `TENANTRY_LOG`.
    pub log: RequestLog,
    /// `TENANTRY_SANDBOX_FAULTS`: a script of faults for the embedded tenant, for tests.
    pub faults: Option<PathBuf>,
}

impl ApiSettings {
    /// Opens the way to a tenant; nothing is sent yet.
    ///
    /// # Errors
    /// What keeps a sandbox, a script of faults or a certificate file from being read.
    pub fn connect(
        &self,
        settings: &TenantSettings,
        target: &Target,
        state: &StateFolder,
    ) -> Result<Connection, Failure> {
        let faults = self.faults.as_deref().map(faults_in).transpose()?;
        Ok(Connection::open(target, self.http_options(settings)?, state, faults)?)
    }

    /// Returns how to reach a tenant over HTTPS.
    ///
    /// # Errors
    /// If the certificates to trust cannot be read, or the other place would be asked without encryption.
    pub fn http_options(&self, settings: &TenantSettings) -> Result<HttpOptions, Failure> {
        if let Some(origin) = &self.origin {
            let near = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            if !origin.starts_with("https://") && !near.iter().any(|start| origin.starts_with(start)) {
                return Err(Failure::usage(
                    "`TENANTRY_API_URL` is not an https address",
                    "Credentials are only sent encrypted, or to this machine.",
                ));
            }
        }
        Ok(HttpOptions {
            domain: settings.domain.clone(),
            credentials: settings.credentials.clone(),
            origin: self.origin.clone(),
            authorities: self.authorities.as_deref().map(files::read_whole).transpose()?,
            in_flight: self.in_flight,
            reserve: self.reserve,
            max_rps: self.max_rps,
            deadline: self.deadline,
            log: self.log.clone(),
        })
    }
}

/// Reads a script of faults.
///
/// # Errors
/// If the file cannot be read or holds something else.
pub fn faults_in(path: &Path) -> Result<Faults, Failure> {
    let bytes = files::read_whole(path).map_err(|error| Failure::named(error, "It is a file with rules of faults."))?;
    Faults::from_json(&String::from_utf8_lossy(&bytes)).map_err(|error| {
        let message = format!("`{}` cannot be used: {error}", path.display());
        Failure::usage(message, "It is a JSON list of rules, as CONTRIBUTING.md describes them.")
    })
}

/// Returns how the run speaks; needed before anything can be said to be wrong.
pub fn manner(global: &Global, world: &World) -> Manner {
    let is_set = |name: &str| world.environment.get(name).is_some_and(|value| !value.is_empty());
    Manner {
        colour: global.color,
        plain: is_set("NO_COLOR") || world.environment.get("TERM") == Some("dumb"),
        quiet: global.quiet,
    }
}

impl Settings {
    /// Merges flags and environment.
    ///
    /// # Errors
    /// What was named and is not there.
    pub fn merge(arguments: &Arguments, world: &World) -> Result<Self, Failure> {
        let (global, pace) = (&arguments.global, arguments.command.pace());
        let max_rps = positive("--max-rps", pace.and_then(|pace| pace.max_rps))?;
        let deadline = positive("--deadline", pace.and_then(|pace| pace.deadline))?;
        let source = match &global.deploy_cli {
            Some(path) => deploy_cli(&world.folder, path, single(&global.config)?.as_deref())?,
            None if !global.config.is_empty() && !makes_workspace(&arguments.command) => {
                return Err(Failure::usage(
                    "`--config` speaks of a project of the Deploy CLI, and none is named",
                    "Name it with `--deploy-cli PATH`.",
                ));
            }
            None => Source::Workspace(workspace(global, world)?),
        };
        let beside = match &source {
            Source::Workspace(Some(folder)) => folder,
            Source::Workspace(None) | Source::DeployCli { .. } => &world.folder,
        };
        let state = match &global.state_dir {
            Some(folder) => world.folder.join(folder),
            None => beside.join(STATE_FOLDER),
        };
        let text = |name: &str| world.environment.get(name).filter(|value| !value.is_empty());
        Ok(Self {
            source,
            state: StateFolder::new(state),
            sandbox: global.sandbox,
            json: global.json,
            lock_wait: global.lock_wait.unwrap_or(0.0),
            lock_ttl: global.lock_ttl,
            trust_from: match &arguments.command {
                Command::Plan(args) => args.trust_from.clone(),
                _ => None,
            },
            configs: global.config.clone(),
            repeated: repeated(global),
            journal: global.journal.as_ref().map(|path| world.folder.join(path)),
            api: ApiSettings {
                origin: text("TENANTRY_API_URL").map(str::to_owned),
                authorities: text("TENANTRY_CA").map(|path| world.folder.join(path)),
                in_flight: global.in_flight,
                reserve: pace.and_then(|pace| pace.reserve).unwrap_or(Reserve::Usual),
                max_rps,
                deadline: deadline.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(DEADLINE),
                log: request_log(global, world)?,
                faults: text("TENANTRY_SANDBOX_FAULTS").map(|path| world.folder.join(path)),
            },
        })
    }
}

/// Says whether the settings are those of the tenants of a workspace that is being made.
fn makes_workspace(command: &Command) -> bool {
    matches!(command, Command::Init(args) if args.from_deploy_cli.is_some())
}

/// Returns where requests are noted: `-` and `debug` are stderr.
fn request_log(global: &Global, world: &World) -> Result<RequestLog, Failure> {
    let named = || world.environment.get("TENANTRY_LOG").filter(|text| !text.is_empty()).map(PathBuf::from);
    Ok(match global.log.clone().or_else(named) {
        None => RequestLog::default(),
        Some(path) if path == Path::new("-") || path == Path::new("debug") => RequestLog::to_stderr(),
        Some(path) => RequestLog::to_file(&world.folder.join(path))?,
    })
}

/// Returns the one file of settings; a project has no more.
fn single(configs: &[OsString]) -> Result<Option<PathBuf>, Failure> {
    match configs {
        [] => Ok(None),
        [config] => Ok(Some(PathBuf::from(config))),
        _ => Err(Failure::usage("`--config` is given twice", "A run is about one tenant, which has one.")),
    }
}

fn positive(flag: &str, number: Option<f64>) -> Result<Option<f64>, Failure> {
    match number {
        Some(number) if !(number.is_finite() && number > 0.0) => {
            Err(Failure::usage(format!("`{flag}` must be more than 0"), "Give a number such as 5 or 0.5."))
        }
        number => Ok(number),
    }
}

fn repeated(global: &Global) -> Vec<String> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let paths = [
        ("--workspace", path(&global.workspace)),
        ("--deploy-cli", path(&global.deploy_cli)),
        ("--config", path(&global.config.first().map(PathBuf::from))),
        ("--state-dir", path(&global.state_dir)),
    ];
    let typed = paths.into_iter().filter_map(|(flag, path)| Some([flag.to_owned(), path?]));
    typed.flatten().chain(global.sandbox.then(|| "--sandbox".to_owned())).collect()
}

fn workspace(global: &Global, world: &World) -> Result<Option<PathBuf>, Failure> {
    let is_workspace = |folder: &Path| files::exists(&folder.join(WORKSPACE_FILE));
    match &global.workspace {
        Some(folder) => {
            let folder = world.folder.join(folder);
            if !is_workspace(&folder) {
                let message = format!("`{}` is no workspace", folder.display());
                return Err(Failure::usage(message, format!("A workspace is a folder with a `{WORKSPACE_FILE}`.")));
            }
            Ok(Some(folder))
        }
        None => Ok(world.folder.ancestors().find(|folder| is_workspace(folder)).map(Path::to_owned)),
    }
}

/// Finds a project of the Deploy CLI.
///
/// # Errors
/// If there is none.
pub fn deploy_cli(folder: &Path, path: &Path, config: Option<&Path>) -> Result<Source, Failure> {
    let path = folder.join(path);
    if !files::exists(&path) {
        let message = format!("`{}` does not exist", path.display());
        return Err(Failure::usage(message, "`--deploy-cli` takes a project's tenant.yaml or its folder."));
    }
    // Messages name files as seen from here, if the project lies below.
    let (root, input) = match path.strip_prefix(folder) {
        Ok(input) if !escapes(input) => (folder.to_owned(), input.to_owned()),
        _ if files::is_folder(&path) => (path.clone(), PathBuf::from(".")),
        _ => {
            let parent = path.parent().unwrap_or(folder).to_owned();
            (parent, path.file_name().map(PathBuf::from).unwrap_or_default())
        }
    };
    let input = input.to_string_lossy().into_owned();
    Ok(Source::DeployCli { root, input, config: config.map(|config| folder.join(config)) })
}

fn escapes(path: &Path) -> bool {
    path.components().any(|part| part == std::path::Component::ParentDir)
}
