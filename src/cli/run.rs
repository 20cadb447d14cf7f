//! One run: parse, dispatch, and say how it ended.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::FromArgMatches as _;

use super::args::{Arguments, Command};
use super::commands::{
    adopt, apply, backup, check, ci, completions, diff, drift, export, get, history, init, kinds, plan, promote,
    rollback, sandbox, schema, scopes, status, unlock,
};
use super::exit::Exit;
use super::failure::Failure;
use super::flags::command_line;
use super::settings::{Settings, manner};
use super::world::World;
use crate::edge::git_tree::GitTree;
use crate::edge::panics;
use crate::edge::terminal::{Manner, Terminal};
use crate::pipeline::report::style::{REMOVED, STRONG, paint};
use crate::pipeline::report::{findings, value::harmless};

/// What every command works with.
#[derive(Debug)]
pub struct Run<'r> {
    pub settings: Settings,
    pub world: &'r World,
    pub terminal: &'r Terminal<'r>,
    /// What was typed, after the program's name.
    pub command: String,
    /// The commit of `--trust-from`, once it was looked up: it is one and the same for the whole run.
    pub trusted: OnceLock<Arc<GitTree>>,
}

impl Run<'_> {
    /// Says that the run waits for the tenant's rate limit.
    pub fn waits(&self, pause: Duration) {
        let seconds = pause.as_secs_f64().ceil();
        self.terminal.talk(&format!("waiting {seconds} s for the tenant's rate limit"));
    }

    /// Writes a JSON answer.
    ///
    /// # Errors
    /// If stdout takes no more.
    pub fn answer_json(&self, answer: &serde_json::Value) -> Result<(), Failure> {
        self.terminal.answer_raw(&format!("{answer:#}\n")).map_err(Failure::from)
    }
}

/// Runs a command line (the program's name first) and returns the exit code. May be called again and again.
pub fn run(args: impl IntoIterator<Item = OsString>, world: &World) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let command = words.join(" ");
    let matches = command_line().try_get_matches_from(&args);
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error, world).code(),
    };
    let terminal = Terminal::new(&world.streams, manner(&arguments.global, world));
    let ended =
        catch_unwind(AssertUnwindSafe(|| dispatch(&arguments, command, world, &terminal))).unwrap_or_else(|_| {
            let place = panics::last_place().map(|place| format!(" at {place}")).unwrap_or_default();
            Err(Failure::Bug(format!("this is a bug: something that cannot happen did happen{place}")))
        });
    match ended {
        Ok(exit) => exit.code(),
        Err(failure) => {
            explain(&failure, arguments.global.json, &terminal);
            failure.exit().code()
        }
    }
}

fn dispatch(arguments: &Arguments, command: String, world: &World, terminal: &Terminal<'_>) -> Result<Exit, Failure> {
    let run = Run { settings: Settings::merge(arguments, world)?, world, terminal, command, trusted: OnceLock::new() };
    match &arguments.command {
        Command::Init(args) => init::run(args, &run),
        Command::Check(args) => check::run(args, &run),
        Command::Plan(args) => plan::run(args, &run),
        Command::Apply(args) => apply::run(args, &run),
        Command::History(args) => history::run(args, &run),
        Command::Drift(args) => drift::run(args, &run),
        Command::Diff(args) => diff::run(args, &run),
        Command::Status(args) => status::run(args, &run),
        Command::Rollback(args) => rollback::run(args, &run),
        Command::ReleaseHold(args) => rollback::release_hold(args, &run),
        Command::Promote(args) => promote::run(args, &run),
        Command::Adopt(args) => adopt::run(args, &run),
        Command::Release(args) => adopt::release(args, &run),
        Command::Get(args) => get::run(args, &run),
        Command::Unlock(args) => unlock::run(args, &run),
        Command::Export(args) => export::run(args, &run),
        Command::Backup(args) => backup::run(args, &run),
        Command::Restore(args) => backup::restore(args, &run),
        Command::Scopes(args) => scopes::run(args, &run),
        Command::Kinds(args) => kinds::run(args, &run),
        Command::Schema(args) => schema::run(args, &run),
        Command::Sandbox(command) => sandbox::run(command, &run),
        Command::Ci(command) => ci::run(command, &run),
        Command::Completions(args) => completions::run(args, &run),
    }
}

/// Says what clap has to say: help and version are answers, everything else is wrong usage.
fn misread(error: &clap::Error, world: &World) -> Exit {
    let plain = world.environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let terminal = Terminal::new(&world.streams, Manner { plain, ..Manner::default() });
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        terminal.complain(&text);
        return Exit::Usage;
    }
    match terminal.answer(&text) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

fn explain(failure: &Failure, json: bool, terminal: &Terminal<'_>) {
    if json {
        // The exit code still says that it failed, should stdout take no more.
        terminal.answer_raw(&format!("{:#}\n", failure.json())).ok();
    }
    if let Failure::Invalid { found, sources } = failure {
        terminal.complain(&findings::text(found, sources));
        return;
    }
    let mut text = format!("{} {}\n", paint(REMOVED.bold(), "error:"), harmless(&failure.message()));
    if let Some(help) = failure.help() {
        text.push_str(&format!("{} {}\n", paint(STRONG, "help:"), harmless(&help)));
    }
    terminal.complain(&text);
}
