//! Text files that fields name: their contents take the place of the path.

use super::layout::{Base, Companion};
use super::source::Source;
use crate::model::diagnostic::Diagnostic;
use crate::model::document::{Content, Entry, Node};
use crate::pipeline::tree;

/// Where an item comes from, which is where its paths start.
pub(super) enum Origin<'a> {
    /// The YAML file, whose paths start from its base path.
    Yaml { base: &'a str },
    /// A JSON file of the directory format: the project's folder, the file's folder, its name without extension.
    Directory { root: &'a str, folder: &'a str, stem: &'a str },
}

/// Replaces paths of an item by the texts of their files.
pub(super) fn inline(
    source: &mut Source<'_>,
    item: &mut Node,
    companions: &[Companion],
    origin: &Origin<'_>,
    key: &str,
) {
    for companion in companions {
        if !companion.when.iter().all(|(field, value)| item.get(field).and_then(Node::as_text) == Some(value)) {
            continue;
        }
        if let (Some(extension), Origin::Directory { folder, stem, .. }) = (&companion.sibling, origin) {
            use_sibling(source, item, companion, &inside(folder, &format!("{stem}.{extension}")), folder, key);
            continue;
        }
        let base = match origin {
            Origin::Yaml { base } => inside(base, &companion.yaml_base),
            Origin::Directory { root, folder, .. } => {
                (if companion.base == Base::Root { *root } else { *folder }).to_owned()
            }
        };
        visit(item, &companion.field, &mut |node| {
            if let Some(text) = content(source, node, &base, companion, key) {
                *node = text;
            }
        });
    }
}

/// Returns the text that a field's path stands for; `None` leaves the field as it is.
fn content(source: &mut Source<'_>, node: &Node, base: &str, companion: &Companion, key: &str) -> Option<Node> {
    let path = node.as_text().filter(|path| !path.is_empty())?;
    if !looks_like_path(path) {
        if !companion.inline {
            let wrong = format!("`{}` must be the path of a file, not the text itself", companion.field);
            source.findings.push(
                Diagnostic::error("missing-file", wrong)
                    .at(&node.place)
                    .help("Move the text into a file and write the file's path here."),
            );
        }
        return None;
    }
    match locate(source, base, path) {
        Ok(found) if !companion.inline || source.is_file(&found) || is_html_name(path) => {
            source.companion(&found, &node.place, key)
        }
        Ok(_) => None,
        Err(tree::Outside) if companion.inline && !is_html_name(path) => None,
        Err(outside) => {
            source.findings.push(refused(node, outside));
            None
        }
    }
}

/// Reports a path that leads out of the project, where it is written.
pub(super) fn refused(path: &Node, outside: tree::Outside) -> Diagnostic {
    let text = path.as_text().unwrap_or_default();
    Diagnostic::error("outside-workspace", format!("`{text}` cannot be used: {outside}"))
        .at(&path.place)
        .help("Move the file into the project; nothing outside it is read.")
}

/// Resolves a path. A leading `/` means the base where such a file exists there, as some exports write it.
pub(super) fn locate(source: &Source<'_>, base: &str, path: &str) -> Result<String, tree::Outside> {
    tree::join(base, path).or_else(|outside| {
        let below = tree::join(base, path.trim_start_matches(['/', '\\']))?;
        if source.is_file(&below) { Ok(below) } else { Err(outside) }
    })
}

/// The field's own path if there is such a file, else the file beside the item.
fn use_sibling(
    source: &mut Source<'_>,
    item: &mut Node,
    companion: &Companion,
    sibling: &str,
    folder: &str,
    key: &str,
) {
    let named = item.get(&companion.field).and_then(|node| {
        let path = node.as_text().filter(|path| !path.is_empty() && looks_like_path(path))?;
        Some((locate(source, folder, path), node.clone()))
    });
    let text = match named {
        Some((Ok(path), node)) if source.is_file(&path) || !source.is_file(sibling) => {
            source.companion(&path, &node.place, key)
        }
        Some((Err(_), node)) if !source.is_file(sibling) => content(source, &node, folder, companion, key),
        _ if source.is_file(sibling) => source.companion(sibling, &item.place, key),
        _ => None,
    };
    if let Some(text) = text {
        set(item, &companion.field, text);
    }
}

/// Sets a member of a map; the old value of that key goes.
pub(super) fn put(map: &mut Node, entry: Entry) {
    match map.get_mut(&entry.key) {
        Some(slot) => *slot = entry.value,
        None => {
            if let Content::Map(entries) = &mut map.value {
                entries.push(entry);
            }
        }
    }
}

/// Sets a member that the file does not write itself.
pub(super) fn set(map: &mut Node, key: &str, value: Node) {
    put(map, Entry { key: key.to_owned(), key_place: map.place.clone(), value });
}

/// Calls `change` with every node at a dotted path: `[]` for items of a list, `*` for members of a map.
pub(super) fn visit(node: &mut Node, path: &str, change: &mut dyn FnMut(&mut Node)) {
    let (step, rest) = match path.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    let (name, items) = match step.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (step, false),
    };
    let mut go_on = |node: &mut Node| match (&mut node.value, items) {
        (Content::List(list), true) => list.iter_mut().for_each(|item| below(item, rest, change)),
        (_, true) => {}
        (_, false) => below(node, rest, change),
    };
    match &mut node.value {
        Content::Map(entries) if name == "*" => entries.iter_mut().for_each(|entry| go_on(&mut entry.value)),
        _ => {
            if let Some(member) = node.get_mut(name) {
                go_on(member);
            }
        }
    }
}

fn below(node: &mut Node, rest: Option<&str>, change: &mut dyn FnMut(&mut Node)) {
    match rest {
        Some(rest) => visit(node, rest, change),
        None => change(node),
    }
}

fn looks_like_path(text: &str) -> bool {
    text.len() <= 1024 && !text.contains(['\n', '<', '>'])
}

fn is_html_name(path: &str) -> bool {
    path.rsplit(['/', '\\']).next().is_some_and(|name| name.ends_with(".html") || name.ends_with(".htm"))
}

/// Returns the path of a name in a folder; either may be empty.
pub(super) fn inside(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}
