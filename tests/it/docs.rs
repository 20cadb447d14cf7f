//! What the documents say is what the program does: every `console` block is run and its screen compared.
//!
//! A line that starts with `$ ` is a command, the lines below it are its screen (both streams). A line `...` stands for
//! any lines; a command without a screen must only succeed. Times, ids and the folder may differ. To write the
//! screens anew after a change that is meant: `TENANTRY_UPDATE_DOCS=1 cargo test --test it docs`, then read the diff.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use tempfile::TempDir;
use tenantry::catalogue::table::catalogue;
use tenantry::cli::exit::Exit;

/// What a fresh clone holds that a run reads.
const WORKSPACE: &[&str] = &["tenantry.yaml", "tenants", "templates", "examples"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A copy of the workspace with the program in reach and nothing else.
struct Scene {
    folder: TempDir,
    at: PathBuf,
}

impl Scene {
    fn new(start: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let base = folder.path().canonicalize().unwrap().join("tenantry");
        fs::create_dir(&base).unwrap();
        for name in WORKSPACE {
            copy(&root().join(name), &base.join(name));
        }
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let program = env!("CARGO_BIN_EXE_tenantry");
        script(&bin.join("tenantry"), &format!("exec '{program}' \"$@\""));
        let run =
            "[ \"$1\" = run ] || exit 64; shift; while [ \"$1\" != -- ]; do shift; done; shift; exec tenantry \"$@\"";
        script(&bin.join("cargo"), run);
        let at = base.join(start);
        Self { folder, at }
    }

    /// Runs one line of a shell and returns its exit code and screen. The next one starts where it ended.
    fn run(&mut self, line: &str) -> (i32, String) {
        let ended = self.folder.path().join("ended-in");
        let path = format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display());
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{line}\nstatus=$?\npwd > '{}'\nexit $status", ended.display()))
            .current_dir(&self.at)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        self.at = PathBuf::from(fs::read_to_string(&ended).unwrap().trim_end());
        let screen = String::from_utf8(output.stdout).unwrap();
        let base = self.folder.path().canonicalize().unwrap();
        (output.status.code().unwrap_or(-1), screen.replace(&*base.to_string_lossy(), "/home/you"))
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != ".tenantry" {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A command of a document and the lines that it shows.
struct Shown<'a> {
    /// Line number of the command, from 1.
    line: usize,
    command: &'a str,
    screen: Vec<&'a str>,
}

fn shown(text: &str) -> Vec<Shown<'_>> {
    let mut found: Vec<Shown<'_>> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        match (inside, line.strip_prefix("$ ")) {
            _ if line.starts_with("```") => inside = line == "```console",
            (true, Some(command)) => found.push(Shown { line: number + 1, command, screen: Vec::new() }),
            (true, None) => found.last_mut().unwrap().screen.push(line),
            (false, _) => {}
        }
    }
    found
}

/// Runs every command of a document and returns what differs; the document as it should read comes along.
fn play(name: &str, text: &str, start: &str) -> (Vec<String>, String) {
    let mut scene = Scene::new(start);
    let mut wrong = Vec::new();
    let mut told: Vec<(usize, usize, String)> = Vec::new();
    let commands = shown(text);
    assert!(!commands.is_empty(), "{name} shows nothing");
    for Shown { line, command, screen } in commands {
        let (code, real) = scene.run(command);
        if screen.is_empty() || (screen == [""] && real.is_empty()) {
            if code != 0 {
                wrong.push(format!("{name}:{line}: `{command}` ended with {code}:\n{real}"));
            }
            continue;
        }
        let (wanted, got) = (lines(&screen.join("\n")), lines(&real));
        if !fits(&wanted, &got) {
            wrong.push(format!(
                "{name}:{line}: `{command}` shows\n{real}where the document says\n{}",
                screen.join("\n")
            ));
            let elided = screen.iter().any(|line| is_dots(line));
            told.push((line, screen.len(), if elided { nearest_lines(&screen, &real) } else { real }));
        }
    }
    (wrong, retold(text, &told))
}

/// Puts real screens in place of the told ones: (line of the command, lines of its screen, screen).
fn retold(text: &str, told: &[(usize, usize, String)]) -> String {
    let mut result = String::new();
    let mut skip = 0;
    for (number, line) in text.lines().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        writeln!(result, "{line}").unwrap();
        if let Some((_, length, screen)) = told.iter().find(|(command, ..)| *command == number + 1) {
            result.push_str(screen.trim_end());
            result.push('\n');
            skip = *length;
        }
    }
    result
}

/// Keeps what a screen leaves out, and puts the most similar real line in place of one that is no longer true.
fn nearest_lines(screen: &[&str], real: &str) -> String {
    let likeness = |a: &str, b: &str| strsim::normalized_levenshtein(a, b);
    let nearest = |line: &&str| {
        let known = is_dots(line) || real.lines().any(|found| found.trim_end() == *line);
        let best = real.lines().max_by(|a, b| likeness(a, line).total_cmp(&likeness(b, line)));
        if known { (*line).to_owned() } else { best.unwrap_or(line).to_owned() }
    };
    screen.iter().map(nearest).collect::<Vec<_>>().join("\n")
}

fn is_dots(line: &str) -> bool {
    line.trim() == "..."
}

/// Takes out what differs from run to run.
fn lines(screen: &str) -> Vec<String> {
    let rules = [
        (r"\b\d+(\.\d+)? ?(ms|s|min)\b", "TIME"),
        (r"\b(con|org|rol|act|cgr|lst|cd|tpl)_[A-Za-z0-9]{16}\b", "ID"),
        (r"\b[A-Za-z0-9]{32}\b", "ID"),
        (r"\b[0-9a-f]{24}\b", "ID"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "DATE"),
        (r"\bcommit [0-9a-f]{7,40}\b", "commit HASH"),
        (r"(?m)^Fingerprint p1-[0-9a-f-]+\n", ""),
    ];
    let mut text = screen.to_owned();
    for (pattern, put) in rules {
        text = Regex::new(pattern).unwrap().replace_all(&text, put).into_owned();
    }
    text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Says whether the lines are the wanted ones, `...` standing for any.
fn fits(wanted: &[String], got: &[String]) -> bool {
    match wanted.split_first() {
        None => got.is_empty(),
        Some((dots, rest)) if is_dots(dots) => (0..=got.len()).any(|skip| fits(rest, &got[skip..])),
        Some((first, rest)) => got.first() == Some(first) && fits(rest, &got[1..]),
    }
}

#[track_caller]
fn hold(name: &str, start: &str) {
    let text = document(name);
    let (wrong, better) = play(name, &text, start);
    if !wrong.is_empty() && std::env::var_os("TENANTRY_UPDATE_DOCS").is_some() {
        fs::write(root().join(name), better).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_tour_of_the_readme_is_true() {
    hold("README.md", "");
}

#[test]
fn the_examples_do_what_their_readmes_say() {
    let mut examples = 0;
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = format!("examples/{}", path.file_name().unwrap().to_str().unwrap());
            hold(&format!("{name}/README.md"), &name);
            examples += 1;
        }
    }
    assert_eq!(examples, 3);
}

#[test]
fn the_sample_converges_in_every_tenant() {
    let mut scene = Scene::new("");
    for tenant in ["dev", "test", "prod"] {
        for (command, wanted) in [("plan --exit-code", 2), ("apply --yes", 0), ("plan --exit-code", 0)] {
            let (code, screen) = scene.run(&format!("tenantry {command} {tenant}"));
            assert_eq!(code, wanted, "{command} {tenant}:\n{screen}");
        }
    }
}

#[test]
fn the_sample_is_clean_and_uses_most_kinds() {
    let mut scene = Scene::new("");
    let (code, screen) = scene.run("tenantry check");
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("warning"), "{screen}");
    let (code, answer) = scene.run("tenantry plan prod --json --quiet");
    assert_eq!(code, 0, "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let used: BTreeSet<&str> = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|change| change["address"].as_str()?.split('/').next())
        .collect();
    assert!(used.len() >= 20, "the sample shows only {used:?}");
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let readme = document("README.md");
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let wanted: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(rows, wanted);
}

#[test]
fn the_readme_names_every_kind() {
    let readme = document("README.md");
    for key in catalogue().keys() {
        assert!(readme.contains(&format!("`{key}`")), "README.md lacks `{key}`");
    }
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let text = document("ARCHITECTURE.md");
    let named = Regex::new(r"`((?:src|tests)/[a-z0-9_/]+\.rs)::([a-z0-9_]+)`").unwrap();
    let mut count = 0;
    for found in named.captures_iter(&text) {
        let code = document(&found[1]);
        assert!(
            code.contains(&format!("fn {}(", &found[2])),
            "ARCHITECTURE.md names {}, which does not exist",
            &found[0]
        );
        count += 1;
    }
    assert!(count >= 10, "only {count} invariants name their test");
}

#[test]
fn dots_stand_for_any_lines_and_times_for_each_other() {
    let lines = |text: &str| lines(text);
    assert!(fits(&lines("a\n...\nd in 3.1 s"), &lines("a\nb\nc\nd in 12 ms\n")));
    assert!(!fits(&lines("a\n...\nd"), &lines("a\nb\n")));
    assert!(!fits(&lines("a"), &lines("a\nb")));
    assert_eq!(
        nearest_lines(&["a: 1", "...", "Read with 53."], "a: 1\nb\nRead with 54.\n"),
        "a: 1\n...\nRead with 54."
    );
    assert_eq!(retold("$ x\nold\n$ y\n", &[(1, 1, "new\nlines\n".to_owned())]), "$ x\nnew\nlines\n$ y\n");
}
