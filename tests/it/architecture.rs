//! The rules that keep the tree as ARCHITECTURE.md draws it. Each reads the sources as text, so that no build setting
//! can hide a breach.

use std::fs;
use std::path::{Path, PathBuf};

use tenantry::catalogue::table::catalogue;

/// A layer (a folder of `src/`) and the layers that it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &["model", "catalogue"]),
    ("catalogue", &["catalogue", "model"]),
    ("api", &["api", "catalogue", "model"]),
    ("sandbox", &["sandbox", "api", "catalogue", "model"]),
    ("pipeline", &["pipeline", "api", "catalogue", "model"]),
    ("edge", &["edge", "sandbox", "pipeline", "api", "catalogue", "model"]),
    ("cli", &["cli", "edge", "sandbox", "pipeline", "api", "catalogue", "model"]),
];

/// What only `edge/` may name: the world, and the crates that speak to it.
const WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "SystemTime::now",
    "Instant::now",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::time::sleep",
    "reqwest::",
    "axum::",
    "hyper::",
    "hyper_util::",
    "tokio_rustls::",
    "rustls::",
    "rcgen::",
    "git2::",
];

/// Where the writing half of the API port may be named.
const WRITERS: &[&str] = &["api/port.rs", "pipeline/apply", "edge/", "sandbox/", "cli/commands/apply.rs"];

/// Kind names that are ordinary words too, and why a literal of that word need not be the kind.
const WORDS: &[(&str, &str)] = &[("tenant", "what a run is about: arguments, event fields and messages say it")];

/// One source file without its tests.
struct Source {
    /// Below `src/`, with `/`.
    name: String,
    /// As on disk.
    whole: String,
    /// Up to the `#[cfg(test)]` module, comments blanked, strings kept.
    code: String,
    /// The contents of the string literals in `code`, with their lines.
    literals: Vec<(usize, String)>,
}

impl Source {
    /// Returns the first folder, or the file's stem where it lies at the top.
    fn layer(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or_default()
    }

    /// Returns `code` with the literals blanked.
    fn words(&self) -> String {
        lex(&self.code, false).0
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    assert!(files.len() > 20, "the walk found only {} files", files.len());
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            (name, fs::read_to_string(file).unwrap())
        })
        .collect();
    let tests: Vec<String> = texts.iter().flat_map(|(name, text)| test_modules(name, text)).collect();
    texts
        .into_iter()
        .map(|(name, whole)| {
            let is_test =
                tests.iter().any(|test| name == format!("{test}.rs") || name.starts_with(&format!("{test}/")));
            source(name, whole, is_test)
        })
        .collect()
}

#[test]
fn every_gate_stands_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let name = regex::Regex::new(r#"Gate \{\s*name: "([a-z_-]+)""#).unwrap();
    let mut gates = 0;
    for source in sources() {
        for found in name.captures_iter(&source.code) {
            assert!(
                readme.contains(&format!("`{}`", &found[1])),
                "{}: the gate {} is not told of",
                source.name,
                &found[1]
            );
            gates += 1;
        }
    }
    assert!(gates >= 15, "only {gates} gates were found");
}

/// Returns the modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(name: &str, text: &str) -> Vec<String> {
    let folder = match name.rsplit_once('/') {
        Some((folder, "mod.rs")) => format!("{folder}/"),
        None if matches!(name, "lib.rs" | "main.rs") => String::new(),
        _ => format!("{}/", name.trim_end_matches(".rs")),
    };
    let declared = text.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().trim_start_matches("pub ").strip_prefix("mod ")?;
        rest.split_once(';').map(|(module, _)| module).filter(|module| !module.contains([' ', '{']))
    });
    declared.map(|module| format!("{folder}{module}")).collect()
}

fn source(name: String, whole: String, is_test: bool) -> Source {
    let end = if is_test { 0 } else { whole.find("#[cfg(test)]\nmod tests {").unwrap_or(whole.len()) };
    let (code, literals) = lex(&whole[..end], true);
    Source { name, whole, code, literals }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Blanks comments (and literals unless `keep`), and returns the literals with their lines.
fn lex(text: &str, keep: bool) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let (mut code, mut literals) = (String::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let end = token_end(text, at);
        let token = &text[at..end];
        let content =
            token.trim_start_matches(['b', 'r', 'c', '#']).strip_prefix('"').filter(|_| token.ends_with(['"', '#']));
        if token.starts_with("//") || token.starts_with("/*") {
            code.extend(token.chars().filter(|c| *c == '\n'));
        } else if let Some(content) = content {
            let content = content.trim_end_matches('#');
            literals.push((line, content.strip_suffix('"').unwrap_or(content).to_owned()));
            if keep {
                code.push_str(token);
            } else {
                code.push_str("\"\"");
                code.extend(token.chars().filter(|c| *c == '\n'));
            }
        } else {
            code.push_str(token);
        }
        line += token.matches('\n').count();
        at = end;
    }
    (code, literals)
}

/// Returns where the comment, literal, word or single character that starts at `at` ends.
fn token_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let find = |from: usize, what: &str| rest[from..].find(what).map_or(text.len(), |p| at + from + p + what.len());
    if rest.starts_with("//") {
        return rest.find('\n').map_or(text.len(), |p| at + p);
    }
    if rest.starts_with("/*") {
        return find(2, "*/");
    }
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let hashes = rest[word..].bytes().take_while(|b| *b == b'#').count();
    if matches!(&rest[..word], "r" | "br") && rest[word + hashes..].starts_with('"') {
        return find(word + hashes + 1, &format!("\"{}", "#".repeat(hashes)));
    }
    let quote = if matches!(&rest[..word], "b" | "c") { word } else { 0 };
    if rest[quote..].starts_with('"') {
        let mut escaped = false;
        for (offset, c) in rest.char_indices().skip(quote + 1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return at + offset + 1,
                _ => {}
            }
        }
        return text.len();
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        // A character, or else a lifetime.
        let length = if inside.starts_with('\\') {
            inside[2..].find('\'').map(|p| p + 2)
        } else {
            inside.chars().next().map(char::len_utf8).filter(|l| inside[*l..].starts_with('\''))
        };
        return at + 1 + length.map_or(0, |l| l + 1);
    }
    at + if word > 0 { word } else { rest.chars().next().map_or(1, char::len_utf8) }
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn a_layer_names_only_those_below_it() {
    let mut found = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == source.layer()) else {
            assert!(matches!(source.name.as_str(), "lib.rs" | "main.rs"), "{} is in no layer", source.name);
            continue;
        };
        for (number, line) in source.words().lines().enumerate() {
            for start in ["crate::", "super::super::"] {
                for (position, _) in line.match_indices(start) {
                    let rest = &line[position + start.len()..];
                    let names: Vec<&str> = match rest.strip_prefix('{') {
                        Some(group) => group.split([',', '}']).collect(),
                        None => vec![rest],
                    };
                    for name in names {
                        let name =
                            name.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                        let is_layer = LAYERS.iter().any(|(layer, _)| *layer == name);
                        if is_layer && !allowed.contains(&name) {
                            found.push(format!("src/{}:{}: {}", source.name, number + 1, line.trim()));
                        }
                    }
                }
            }
        }
    }
    none("layers that are named from below", &found);
}

#[test]
fn of_the_catalogue_model_knows_the_kind_only() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.layer() == "model") {
        for line in source.words().lines().filter(|line| line.contains("crate::catalogue::")) {
            if !line.contains("crate::catalogue::kind::Kind") {
                found.push(format!("src/{}: {}", source.name, line.trim()));
            }
        }
    }
    none("a noun that knows more of the catalogue than what a kind is", &found);
}

#[test]
fn only_the_edge_touches_the_world() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.layer() != "edge" && source.name != "main.rs") {
        for (number, line) in source.words().lines().enumerate() {
            for word in WORLD.iter().filter(|word| line.contains(*word)) {
                found.push(format!("src/{}:{}: {word}", source.name, number + 1));
            }
        }
    }
    none("the world outside src/edge", &found);
}

#[test]
fn only_apply_is_handed_the_writing_half() {
    let mut found = Vec::new();
    for source in sources() {
        let may = WRITERS.iter().any(|writer| source.name.starts_with(writer));
        if !may && source.words().contains("WriteApi") {
            found.push(format!("src/{}", source.name));
        }
    }
    none("`WriteApi` where nothing is to be written", &found);
}

#[test]
fn there_is_no_switch_for_a_dry_run() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.words().contains("dry_run") || source.words().contains("dryrun"))
        .map(|source| format!("src/{}", source.name))
        .collect();
    none("a dry run is stopping before apply, not a switch", &found);
}

#[test]
fn no_kind_is_named_outside_the_catalogue() {
    let mut found = Vec::new();
    for source in sources() {
        for (line, literal) in &source.literals {
            let named = catalogue().kinds().any(|kind| {
                let path_given = literal.strip_prefix(kind.path.as_str());
                kind.name == *literal
                    || kind.top_key() == literal
                    || path_given.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            });
            if named && !WORDS.iter().any(|(word, _)| word == literal) {
                found.push(format!("src/{}:{line}: {literal:?}", source.name));
            }
        }
    }
    none("facts about one kind belong into its file in src/catalogue/kinds", &found);
}

#[test]
fn every_exempt_word_is_a_kind_and_has_a_reason() {
    for (word, reason) in WORDS {
        assert!(catalogue().kind(word).is_some(), "`{word}` is no kind any more");
        assert!(reason.len() > 20, "`{word}` needs a reason");
    }
}

#[test]
fn one_noun_one_file() {
    let mut found = Vec::new();
    for source in sources() {
        let lines = source.whole.lines().count();
        if lines > 500 {
            found.push(format!("src/{} has {lines} lines; 500 is the most", source.name));
        }
        let mut parts = source.name.split(['/', '.']);
        if parts.any(|part| matches!(part, "util" | "utils" | "helper" | "helpers" | "common" | "misc")) {
            found.push(format!("src/{} is named for nothing", source.name));
        }
        if source.name.ends_with("mod.rs") && source.words().contains("fn ") {
            found.push(format!("src/{} does more than declare and explain", source.name));
        }
    }
    none("files that are not one noun", &found);
}

#[test]
fn main_only_hands_over() {
    let main = sources().into_iter().find(|source| source.name == "main.rs").unwrap();
    assert!(main.whole.lines().count() < 30, "main.rs: arguments in, exit code out");
}

#[test]
fn every_test_file_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let list = fs::read_to_string(root.join("main.rs")).unwrap();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.join("mod.rs").exists() || path.extension().is_some_and(|e| e == "rs");
        if is_module && stem != "main" {
            assert!(list.contains(&format!("mod {stem};")), "tests/it/main.rs lacks `mod {stem};`");
        }
    }
}

#[test]
fn modules_for_tests_are_told_from_others() {
    let text = "pub mod a;\n#[cfg(test)]\nmod laws;\n#[cfg(test)]\nmod tests {\n    mod x;\n}\n";
    assert_eq!(test_modules("catalogue/mod.rs", text), ["catalogue/laws"]);
    assert_eq!(test_modules("pipeline/plan.rs", text), ["pipeline/plan/laws"]);
    assert_eq!(test_modules("lib.rs", text), ["laws"]);
}

#[test]
fn the_reader_of_sources_knows_comments_literals_and_lifetimes() {
    let text = "// \"no\"\nlet a: &'a str = \"x\\\"y\"; /* \"no\" */ let c = '\"'; f(r#\"raw \"q\"\"#, b\"z\");\n";
    let (code, literals) = lex(text, false);
    let literals: Vec<_> = literals.into_iter().map(|(line, literal)| format!("{line}:{literal}")).collect();
    assert_eq!(literals, ["2:x\\\"y", "2:raw \"q\"", "2:z"]);
    assert_eq!(code, "\nlet a: &'a str = \"\";  let c = '\"'; f(\"\", \"\");\n");
}
