//! The walk through a project: each value becomes what a template says, such that every tenant reads what it had.
//!
//! The project is walked as it is with its keywords held in place, side by side with what each tenant makes of it. A
//! keyword stays one where a workspace reads the same; else the value becomes a variable of its own. Secrets become
//! names. What cannot be said so is a finding, never a guess.

use serde_json::{Map as JsonMap, Value as Json};

use super::marks::{Mark, Marks, Piece};
use super::secrets::{Held, Secrets};
use super::side::Side;
use super::texts::Texts;
use super::variables::Variables;
use crate::model::diagnostic::Diagnostic;
use crate::model::document::{Content, Entry, Node, Place};
use crate::model::secret::Secret;
use crate::pipeline::export::literal::for_handlebars;
use crate::pipeline::keywords;
use crate::pipeline::load::native::companion::is_path;
use crate::pipeline::load::native::render::{Manner, is_hands_off};
use crate::pipeline::load::native::secrecy::needs_secret;
use crate::pipeline::load::native::spot::Spot;
use crate::pipeline::references::is_marker;

/// Why something cannot be carried over.
type Gap = Box<Diagnostic>;
/// What each tenant has in a place; `None` where it does not manage the type.
type Row<'n> = [Option<&'n Node>];

/// What the walk needs and what it gathers.
pub struct Walk<'a> {
    pub marks: &'a Marks<'a>,
    pub sides: &'a [Side],
    /// Keywords that stand for secrets.
    pub sensitive: &'a std::collections::BTreeSet<String>,
    /// Keywords whose values come from the environment.
    pub from_environment: &'a std::collections::BTreeSet<String>,
    /// The folder of the file that is being made.
    pub home: String,
    pub secrets: Secrets,
    pub variables: Variables,
    pub texts: Texts,
    /// Secrets whose values stood in the project's files.
    pub literals: std::collections::BTreeSet<String>,
}

/// Where the walk is.
#[derive(Clone)]
pub struct Trail {
    spot: Spot,
    /// Keys and names on the way, for the names of variables and secrets.
    words: Vec<String>,
    depth: usize,
}

impl Trail {
    pub fn top(key: &str) -> Self {
        Self { spot: Spot::top(key), words: vec![key.to_owned()], depth: 1 }
    }

    fn key(&self, key: &str) -> Self {
        Self {
            spot: self.spot.key(key),
            words: [self.words.as_slice(), &[key.to_owned()]].concat(),
            depth: self.depth + 1,
        }
    }

    /// Goes on to an item, which is called as it is written.
    pub fn item(&self, index: usize, node: &Node, marks: &Marks<'_>) -> Self {
        let name = ["name", "identifier", "template", "key"].iter().find_map(|key| node.get(key)?.as_text());
        let word = name.map_or_else(|| (index + 1).to_string(), |name| marks.written(name));
        Self { spot: self.spot.item(index), words: [self.words.as_slice(), &[word]].concat(), depth: self.depth + 1 }
    }

    /// Says whether a variable may stand here: a part of an object, or what a singleton holds.
    fn takes_variable(&self) -> bool {
        self.depth > 1 && !self.spot.is_resource() && self.spot.items_are().is_none()
    }

    /// Returns a name made of the way.
    fn name(&self) -> String {
        let word = |word: &String| {
            let mut out = String::new();
            for c in word.chars() {
                if c.is_ascii_alphanumeric() {
                    out.push(c.to_ascii_lowercase());
                } else if !out.is_empty() && !out.ends_with('_') {
                    out.push('_');
                }
            }
            out.trim_end_matches('_').to_owned()
        };
        self.words.iter().map(word).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
    }
}

impl Walk<'_> {
    /// Translates one value.
    pub fn node(&mut self, node: &Node, row: &Row<'_>, trail: &Trail) -> Result<Json, Gap> {
        let walked = match &node.value {
            Content::Text(text) => return self.text(node, text, row, trail),
            Content::Secret(secret) => return self.secret(node, &secret.name, row, trail),
            Content::List(items) => self.list(node, items, row, trail),
            Content::Map(entries) => self.map(node, entries, row, trail),
            _ if needs_secret(&trail.spot) && matches!(node.value, Content::Number(_)) => {
                return Err(gap(node, row, "a secret must be text").into());
            }
            _ => {
                let same = row.iter().flatten().all(|other| other.to_value() == node.to_value());
                if same { return Ok(node.to_value().to_shown()) } else { Err(gap(node, row, DIFFERS).into()) }
            }
        };
        walked.or_else(|gap| self.spread(row, trail, gap))
    }

    fn list(&mut self, node: &Node, items: &[Node], row: &Row<'_>, trail: &Trail) -> Result<Json, Gap> {
        let fits = |other: &&Node| matches!(&other.value, Content::List(others) if others.len() == items.len());
        if !row.iter().flatten().all(fits) {
            return Err(gap(node, row, DIFFERS).into());
        }
        let mut list = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let row: Vec<_> = row.iter().map(|other| other.and_then(|other| other.items().get(index))).collect();
            list.push(self.node(item, &row, &trail.item(index, item, self.marks))?);
        }
        Ok(Json::Array(list))
    }

    fn map(&mut self, node: &Node, entries: &[Entry], row: &Row<'_>, trail: &Trail) -> Result<Json, Gap> {
        let fits = |other: &&Node| matches!(&other.value, Content::Map(others) if others.len() == entries.len());
        if !row.iter().flatten().all(fits) {
            return Err(gap(node, row, DIFFERS).into());
        }
        let mut map = JsonMap::new();
        for entry in entries {
            let key = self.marks.written(&entry.key);
            let mut found = Vec::new();
            for (side, other) in self.sides.iter().zip(row) {
                let Some(other) = other else {
                    found.push(None);
                    continue;
                };
                // Only `##KEY##` is replaced in a workspace's keys, so another keyword finds nothing here.
                let read = keywords::replace(&key, &side.keywords).text;
                match other.get(&read) {
                    Some(value) if !key.contains("@@") => found.push(Some(value)),
                    _ => return Err(gap(node, row, DIFFERS).into()),
                }
            }
            let name = self
                .sides
                .iter()
                .zip(&found)
                .find_map(|(side, found)| found.is_some().then(|| keywords::replace(&key, &side.keywords).text));
            let value = self.node(&entry.value, &found, &trail.key(name.as_ref().unwrap_or(&key)))?;
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }

    fn text(&mut self, node: &Node, text: &str, row: &Row<'_>, trail: &Trail) -> Result<Json, Gap> {
        let spot = &trail.spot;
        let written = self.marks.written(text);
        let is_mask = spot.kind().is_some_and(|kind| kind.fields.masks.contains(&written));
        if needs_secret(spot) && !is_mask && row.iter().flatten().any(|other| says_something(other)) {
            return self.secret(node, text, row, trail);
        }
        if !is_data(&node.place) && spot.companion().is_some() {
            let same = |(side, other): (&Side, &Option<&Node>)| {
                let read = || keywords::replace(&written, &side.keywords).text;
                other.is_none_or(|other| other.as_text().is_some_and(|text| text == read()))
            };
            if !self.sides.iter().zip(row).all(same) {
                return Err(gap(node, row, "its keywords cannot stay in the file as they are").into());
            }
            return Ok(Json::String(self.texts.carried(&node.place.file, &written, &self.home)));
        }
        let marks = self.marks.of(text);
        let is_alone = matches!(marks.as_slice(), [mark] if written == mark.written());
        let holds_secrets = is_alone && row.iter().flatten().any(|other| has_secret(other, spot));
        let typed = marks.first().filter(|_| is_alone).map(|mark| Mark { is_json: true, ..mark.clone() }.written());
        let candidate = [Some(written), typed].into_iter().flatten().find(|text| {
            let same = |(side, other): (&Side, &Option<&Node>)| {
                other.is_none_or(|other| !is_companion(other) && side.reads(text) == other.to_value())
            };
            !holds_secrets && self.sides.iter().zip(row).all(same)
        });
        match candidate {
            Some(text) => Ok(Json::String(self.scalar(&text, trail))),
            None => {
                // What one keyword made is called after it.
                let words = marks.first().filter(|_| is_alone).map(|mark| vec![mark.key.clone()]);
                let trail = Trail { words: words.unwrap_or_else(|| trail.words.clone()), ..trail.clone() };
                self.spread(row, &trail, gap(node, row, DIFFERS).into())
            }
        }
    }

    /// Writes a text such that it comes back as it is, keywords aside.
    fn scalar(&mut self, text: &str, trail: &Trail) -> String {
        let spot = &trail.spot;
        if let Some(extension) = spot.companion()
            && is_path(text, extension)
        {
            return self.texts.moved_out(&trail.name(), extension, text, &self.home);
        }
        let manner = Manner { handlebars: true, every_text: false };
        if is_hands_off(spot, manner) { text.to_owned() } else { for_handlebars(text, false) }
    }

    /// Writes a value without its keywords: as it is where all tenants agree, else as a variable; secrets and texts of
    /// files in it one by one.
    fn spread(&mut self, row: &Row<'_>, trail: &Trail, gap: Gap) -> Result<Json, Gap> {
        let there: Vec<&Node> = row.iter().flatten().copied().collect();
        let Some(first) = there.first() else { return Err(gap) };
        let is_whole = !there.iter().any(|node| has_secret(node, &trail.spot) || has_companion(node));
        if is_whole && trail.takes_variable() {
            let values: Vec<_> = row.iter().map(|node| node.map(|node| node.to_value().to_shown())).collect();
            if there.len() > 1 && is_plain(first) && there.iter().all(|node| node.to_value() == first.to_value()) {
                return Ok(first.to_value().to_shown());
            }
            return Ok(Json::String(self.variables.make(&trail.name(), values)));
        }
        if is_whole || !trail.takes_variable() {
            return Err(gap);
        }
        match &first.value {
            Content::Map(entries) => {
                let mut map = JsonMap::new();
                for entry in entries {
                    let row: Vec<_> = row.iter().map(|node| node.and_then(|node| node.get(&entry.key))).collect();
                    if row.iter().flatten().count() < there.len() {
                        return Err(gap);
                    }
                    map.insert(entry.key.clone(), self.spread(&row, &trail.key(&entry.key), gap.clone())?);
                }
                let same = there.iter().all(|node| node.entries().len() == entries.len());
                if same { Ok(Json::Object(map)) } else { Err(gap) }
            }
            Content::List(items) if there.iter().all(|node| node.items().len() == items.len()) => {
                let mut list = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let row: Vec<_> = row.iter().map(|node| node.and_then(|node| node.items().get(index))).collect();
                    list.push(self.spread(&row, &trail.item(index, item, self.marks), gap.clone())?);
                }
                Ok(Json::Array(list))
            }
            Content::Text(_) if needs_secret(&trail.spot) => self.secret(first, "", row, trail),
            _ => Err(gap),
        }
    }

    /// Writes a secret by its name. `text` is the field with its keywords as words; empty if it has none.
    fn secret(&mut self, node: &Node, text: &str, row: &Row<'_>, trail: &Trail) -> Result<Json, Gap> {
        let marks = self.marks.of(text);
        let written = self.marks.written(text);
        if let [mark] = marks.as_slice() {
            let is_alone = written == mark.written();
            if is_alone || self.sensitive.contains(&mark.key) {
                let values: Vec<_> = self
                    .sides
                    .iter()
                    .zip(row)
                    .map(|(side, other)| {
                        let text = side.keywords.0.get(&mark.key)?.as_str()?.to_owned();
                        other.map(|_| Node::new(Content::Text(text), node.place.clone()))
                    })
                    .collect();
                let read = |(side, (other, value)): (&Side, (&Option<&Node>, &Option<Node>))| match (other, value) {
                    (Some(Node { value: Content::Secret(_), .. }), _) => is_alone,
                    (Some(other), Some(value)) if is_alone => other.as_text() == value.as_text(),
                    (Some(other), Some(_)) => other.as_text().is_some_and(|text| {
                        side.reads(&written) == crate::model::value::Value::String(text.to_owned())
                    }),
                    (Some(_), None) => false,
                    (None, _) => true,
                };
                if (is_alone || !mark.is_json) && self.sides.iter().zip(row.iter().zip(&values)).all(read) {
                    let of_key: Vec<_> = row
                        .iter()
                        .zip(&values)
                        .map(|(other, value)| match other {
                            Some(other) if is_alone => Some(*other),
                            _ => value.as_ref(),
                        })
                        .collect();
                    let name = mark.key.to_lowercase();
                    let (mut said, name) = self.declare(&name, node, &of_key)?;
                    if self.from_environment.contains(&mark.key) {
                        self.secrets.comes_from(&name, &mark.key);
                    }
                    if !is_alone {
                        let mut whole = String::new();
                        self.marks.pieces(text, &mut |piece| match piece {
                            Piece::Text(text) => whole.push_str(&for_handlebars(text, false)),
                            Piece::Mark(_) => whole.push_str(&said),
                        });
                        said = whole;
                    }
                    return Ok(Json::String(said));
                }
            }
        }
        if let Some(mark) = marks.iter().find(|mark| self.from_environment.contains(&mark.key)) {
            let why = format!("`{}` comes from the environment and is only a part of this secret", mark.written());
            return Err(gap(node, row, &why).into());
        }
        let name = match &node.value {
            // The loader named it by the keyword that nothing stands for.
            Content::Secret(secret) if is_marker(&format!("##{}##", secret.name.to_uppercase())) => secret.name.clone(),
            _ => trail.name(),
        };
        let (said, name) = self.declare(&name, node, row)?;
        if marks.is_empty() && matches!(&node.value, Content::Text(_)) && !text.is_empty() {
            self.literals.insert(name);
        }
        Ok(Json::String(said))
    }

    /// Declares a secret with what each tenant has, and returns how it is written, and its name.
    fn declare(&mut self, name: &str, node: &Node, row: &Row<'_>) -> Result<(String, String), Gap> {
        let mut held = Vec::new();
        let texts: Vec<&str> = row.iter().flatten().filter_map(|node| node.as_text()).collect();
        // One line end is no part of what a source gives.
        let ending = ["\r\n", "\n", ""].into_iter().find(|end| texts.iter().all(|text| text.ends_with(end)));
        let ending = ending.filter(|_| !texts.is_empty()).unwrap_or_default();
        for other in row {
            held.push(match other.map(|other| &other.value) {
                None => None,
                Some(Content::Secret(secret)) if secret.is_keep() => Some(Held::Keep),
                Some(Content::Text(text)) => {
                    let text = text.strip_suffix(ending).unwrap_or(text);
                    if text.is_empty() || text.ends_with('\n') {
                        let why = "a secret is empty in one tenant, or ends in another line end than in the others";
                        return Err(gap(node, row, why).into());
                    }
                    Some(Held::Value(Secret::new(name, text)))
                }
                Some(_) => return Err(gap(node, row, "a secret must be text in every tenant").into()),
            });
        }
        let name = self.secrets.declare(name, held);
        Ok((format!("{{{{secret \"{name}\"}}}}{ending}"), name))
    }
}

const DIFFERS: &str = "its keywords make something else of it than a workspace would";

/// Says that something cannot be carried over, where it stands in the project.
fn gap(node: &Node, row: &Row<'_>, why: &str) -> Diagnostic {
    // The tenants' places lead to the files as they are; those of the walk are moved by the words in it.
    let place = row.iter().flatten().next().map_or(&node.place, |node| &node.place);
    Diagnostic::error("not-translatable", format!("this cannot be carried over: {why}"))
        .at(place)
        .help("Write it out without keywords, or let the keyword be one whole value, and run this again.")
}

/// Says whether a place lies in a file of values, not in a text that a field names.
pub fn is_data(place: &Place) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|end| place.file.ends_with(end)) || !place.file.contains('.')
}

fn is_companion(node: &Node) -> bool {
    matches!(node.value, Content::Text(_)) && !is_data(&node.place)
}

fn has_companion(node: &Node) -> bool {
    is_companion(node)
        || node.items().iter().any(has_companion)
        || node.entries().iter().any(|entry| has_companion(&entry.value))
}

/// Says whether a value has nothing in it that a template would read.
fn is_plain(node: &Node) -> bool {
    match &node.value {
        Content::Text(text) => !["{{", "##", "@@"].iter().any(|sign| text.contains(sign)) && is_data(&node.place),
        Content::List(items) => items.iter().all(is_plain),
        Content::Map(entries) => entries.iter().all(|entry| is_plain(&entry.value)),
        Content::Secret(_) | Content::Template(_) => false,
        _ => true,
    }
}

fn says_something(node: &Node) -> bool {
    match &node.value {
        Content::Text(text) => !text.is_empty(),
        Content::Null => false,
        _ => true,
    }
}

/// Says whether a secret stands in a value.
fn has_secret(node: &Node, spot: &Spot) -> bool {
    match &node.value {
        Content::Secret(_) | Content::Template(_) => true,
        Content::Text(text) => !text.is_empty() && needs_secret(spot),
        Content::List(items) => items.iter().enumerate().any(|(index, item)| has_secret(item, &spot.item(index))),
        Content::Map(entries) => entries.iter().any(|entry| has_secret(&entry.value, &spot.key(&entry.key))),
        _ => false,
    }
}
