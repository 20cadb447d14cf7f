//! The text files that fields name: carried over to below `templates/`, keywords as they are.

use std::collections::BTreeMap;

use crate::pipeline::tree::folder_of;

/// Endings that would make a text a template.
const SPOKEN_FOR: [&str; 3] = [".yaml", ".yml", ".hbs"];

/// Path of the new workspace -> text.
#[derive(Debug, Default)]
pub struct Texts {
    /// The project's folder, which paths start from.
    root: String,
    files: BTreeMap<String, String>,
}

impl Texts {
    /// `root` is the folder of the project in its tree.
    pub fn below(root: &str) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new() }
    }

    /// Carries a file over and returns its path as a template in `home` writes it.
    pub fn carried(&mut self, file: &str, text: &str, home: &str) -> String {
        let path = format!("{}/{}", super::TEMPLATES, self.inside(file));
        self.put(&path, text, home)
    }

    /// Makes a file of a text that stood in a field.
    pub fn moved_out(&mut self, name: &str, extension: &str, text: &str, home: &str) -> String {
        let path = format!("{}/texts/{name}.{extension}", super::TEMPLATES);
        self.put(&path, text, home)
    }

    /// Returns a path relative to the project's folder.
    pub fn inside<'p>(&self, file: &'p str) -> &'p str {
        file.strip_prefix(self.root.as_str()).map_or(file, |rest| rest.trim_start_matches('/'))
    }

    /// Returns all files.
    pub fn files(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter()
    }

    fn put(&mut self, path: &str, text: &str, home: &str) -> String {
        let mut path = path.to_owned();
        if SPOKEN_FOR.iter().any(|end| path.ends_with(end)) {
            path.push_str(".txt");
        }
        let (stem, extension) = match path.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') => (stem.to_owned(), format!(".{extension}")),
            _ => (path.clone(), String::new()),
        };
        let mut number = 1;
        while self.files.get(&path).is_some_and(|known| known != text) {
            number += 1;
            path = format!("{stem}-{number}{extension}");
        }
        self.files.insert(path.clone(), text.to_owned());
        relative(&path, home)
    }
}

/// Returns a path as seen from a folder.
fn relative(path: &str, home: &str) -> String {
    let mut from: Vec<&str> = home.split('/').filter(|name| !name.is_empty()).collect();
    let folders: Vec<&str> = folder_of(path).split('/').filter(|name| !name.is_empty()).collect();
    let shared = from.iter().zip(&folders).take_while(|(one, other)| one == other).count();
    from.drain(..shared);
    let ups = if from.is_empty() { "./".to_owned() } else { "../".repeat(from.len()) };
    let rest: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).skip(shared).collect();
    format!("{ups}{}", rest.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_template() {
        assert_eq!(relative("templates/actions/a b/code.js", "templates/actions"), "./a b/code.js");
        assert_eq!(relative("templates/emails/a.html", "templates"), "./emails/a.html");
        assert_eq!(relative("templates/emails/a.html", "templates/x/y"), "../../emails/a.html");
    }

    #[test]
    fn one_file_with_two_texts_becomes_two() {
        let mut texts = Texts::below("shop");
        assert_eq!(texts.carried("shop/a.js", "1", "templates"), "./a.js");
        assert_eq!(texts.carried("shop/a.js", "1", "templates"), "./a.js");
        assert_eq!(texts.carried("shop/a.js", "2", "templates"), "./a-2.js");
        assert_eq!(texts.carried("shop/a.js.hbs", "2", "templates"), "./a.js.hbs.txt");
    }
}
