//! Renders the strings of a parsed file for one tenant, and puts companion files in place.

use std::sync::Arc;

use serde_json::Value as Json;

use super::audit::Mistake;
use super::engine::{Engine, Piece, Rendered};
use super::scalar;
use super::spot::Spot;
use super::vault::Vault;
use super::{companion, directive, identity, marker, token};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Entry, Node, Place, SourceTexts};
use crate::model::names::TenantName;
use crate::model::path::Segment;
use crate::pipeline::keywords::{Mappings, Replaced, replace, unmapped_markers};
use crate::pipeline::load::deploy_cli::comment::swallowed;
use crate::pipeline::tree::{Tree, read_text};
use crate::pipeline::yaml;

/// The most bytes that the rendered texts of one tenant may come to, the same text counted wherever it stands.
pub const RENDERED: usize = 64 * 1024 * 1024;
/// What a file ends in that is rendered as a whole.
pub const WHOLE: &str = ".hbs";

/// Renders files for one tenant.
pub struct Renderer<'a> {
    pub tree: &'a dyn Tree,
    pub engine: &'a Engine,
    pub keywords: &'a Mappings,
    pub vault: &'a Vault<'a>,
    pub tenant: &'a TenantName,
    /// All tenants of the workspace, for `$only`.
    pub tenants: &'a [TenantName],
    pub files: &'a mut SourceTexts,
    pub findings: &'a mut Diagnostics,
    pub in_overlay: bool,
    /// How much of [`RENDERED`] is left; `None` once it was exceeded and told.
    pub left: Option<usize>,
}

/// How the strings of a part of a file are treated.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Not yet: the file was not rendered as a whole.
    pub handlebars: bool,
    /// Even texts that Auth0 renders itself (`$render: true`).
    pub every_text: bool,
}

impl Renderer<'_> {
    /// Reads a file of resources by top-level key. `None` if it could not be read; the findings say why.
    pub fn file(&mut self, path: &str) -> Option<Node> {
        let text = self.read(path, None)?;
        let file: Arc<str> = Arc::from(path);
        let whole = path.ends_with(WHOLE);
        if !whole {
            self.report_swallowed(&text, &file);
        }
        let mut node = if whole { self.whole_file(&text, &file)? } else { yaml::parse(&text, &file, self.findings)? };
        self.document(&mut node, !whole);
        Some(node)
    }

    /// Reports keywords that YAML takes for comments: their values would silently be null.
    pub fn report_swallowed(&mut self, text: &str, file: &Arc<str>) {
        for found in swallowed(text) {
            let place = Place { file: Arc::clone(file), line: found.line, column: found.column };
            let summary = format!("YAML reads `{}` without quotes as a comment", found.marker);
            let help = format!("Write `\"{}\"`.", found.marker);
            self.findings.push(Diagnostic::error("keyword-in-comment", summary).at(&place).help(help));
        }
    }

    /// Renders a map of resources by top-level key. Without `handlebars`, that has been done.
    pub fn document(&mut self, node: &mut Node, handlebars: bool) {
        let manner = Manner { handlebars, every_text: false };
        match &mut node.value {
            Content::Map(entries) => {
                for entry in entries {
                    self.node(&mut entry.value, &Spot::top(&entry.key), manner);
                }
            }
            Content::Null => {}
            _ => self.findings.push(super::form::wrong_type(node, "a template", "a map of kinds")),
        }
    }

    /// Reads a text file of the workspace and remembers it for messages.
    pub fn read(&mut self, path: &str, named_at: Option<&Place>) -> Option<Arc<str>> {
        match read_text(self.tree, path, named_at) {
            Ok(text) => {
                self.files.insert(Arc::from(path), Arc::clone(&text));
                Some(text)
            }
            Err(finding) => {
                self.findings.push(*finding);
                None
            }
        }
    }

    /// Renders a text that is a file of its own. Returns it with the way back to the places in the file.
    pub fn whole_text(&mut self, text: &str, file: &Arc<str>) -> Option<Replaced> {
        match self.engine.render(text, &|name| self.known_secret(name)) {
            Ok(Rendered::Text(pieces)) => Some(Replaced::of_pieces(pieces.iter().map(position))),
            Ok(Rendered::Value(Json::String(text))) => Some(Replaced::of_pieces([(text.as_str(), (1, 1), false)])),
            Ok(Rendered::Value(value)) => Some(Replaced::of_pieces([(value.to_string().as_str(), (1, 1), false)])),
            Err(mistakes) => {
                for mistake in mistakes {
                    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                    let place =
                        Place { file: Arc::clone(file), line: count(mistake.line), column: count(mistake.column) };
                    self.findings.push(told(mistake, &place));
                }
                None
            }
        }
    }

    /// Takes what a text needs from what is left. False if there is not enough; then the text must not be made.
    pub fn spend(&mut self, bytes: usize, place: &Place) -> bool {
        let Some(left) = self.left else { return false };
        self.left = left.checked_sub(bytes);
        if self.left.is_none() {
            let summary = format!("the rendered texts come to more than {} MiB", RENDERED / 1024 / 1024);
            let help = "A long variable or file stands in too many places. Later ones are not looked at.";
            self.findings.push(Diagnostic::error("too-much-text", summary).at(place).help(help));
        }
        self.left.is_some()
    }

    /// Turns rendered text into content: marks become secrets and references.
    pub fn content(&mut self, text: &str, place: &Place) -> Content {
        let (vault, findings) = (self.vault, &mut *self.findings);
        token::content(text, &mut |name| {
            let secret = vault.secret(name);
            if secret.is_none() {
                let finding = Diagnostic::error("undefined-secret", format!("the tenant declares no secret `{name}`"));
                findings.push(match nearest(name, vault.names()) {
                    Some(near) => finding.at(place).help(format!("Did you mean `{near}`?")),
                    None => finding.at(place).help("Declare it under `secrets` in the tenant's file."),
                });
            }
            secret
        })
    }

    /// Renders a text of one line that is not a value of the API: a path, an address.
    pub fn plain(&mut self, text: &str, place: &Place, manner: Manner) -> Option<String> {
        let rendered = if manner.handlebars && text.contains("{{") {
            self.handlebars(text, place)?
        } else {
            Content::Text(text.to_owned())
        };
        match rendered {
            Content::Text(text) => {
                let text = replace(&text, self.keywords).text;
                self.spend(text.len(), place).then_some(text)
            }
            _ => {
                self.findings.push(Diagnostic::error("not-text", "this must be text once it is rendered").at(place));
                None
            }
        }
    }

    fn whole_file(&mut self, text: &str, file: &Arc<str>) -> Option<Node> {
        let rendered = self.whole_text(text, file)?;
        let mut findings = Diagnostics::default();
        let node = yaml::parse(&rendered.text, file, &mut findings);
        for finding in &mut findings.0 {
            if let Some(place) = &mut finding.place {
                lead_back(place, &rendered);
            }
        }
        self.findings.extend(findings);
        let mut node = node?;
        lead_all_back(&mut node, &rendered);
        Some(node)
    }

    fn node(&mut self, node: &mut Node, spot: &Spot, mut manner: Manner) {
        if spot.is_resource() && matches!(node.value, Content::Map(_)) {
            directive::check(node, self.in_overlay, self.tenants, self.findings);
            if directive::is_set(node, directive::REMOVE) || directive::leaves_out(node, self.tenant) {
                return self.removed(node, spot, manner);
            }
            manner.every_text |= directive::is_set(node, directive::RENDER);
        } else {
            directive::check_field(node, self.in_overlay, self.findings);
        }
        match &mut node.value {
            Content::Text(_) => self.scalar(node, spot, manner),
            Content::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &spot.item(index), manner);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    self.entry(entry, spot, manner);
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &mut Entry, spot: &Spot, manner: Manner) {
        if entry.key.contains("{{") && manner.handlebars && !is_hands_off(spot, manner) {
            self.findings.push(
                Diagnostic::error("template-in-key", "keys are not rendered")
                    .at(&entry.key_place)
                    .help("End the file's name in `.yaml.hbs` to render it as a whole."),
            );
        } else if entry.key.contains("##") {
            entry.key = replace(&entry.key, self.keywords).text;
        }
        let key = entry.key.clone();
        self.node(&mut entry.value, &spot.key(&key), manner);
    }

    /// Of a resource that this tenant does not have only the name counts, and what is wrong with the rest does not.
    fn removed(&mut self, node: &mut Node, spot: &Spot, manner: Manner) {
        let Some(kind) = spot.kind() else { return };
        let place = node.place.clone();
        if let Content::Map(entries) = &mut node.value {
            entries.retain(|entry| entry.key == directive::KEY || identity::is_part(kind, &entry.key));
            let before = self.findings.0.len();
            for entry in entries.iter_mut() {
                self.entry(entry, spot, manner);
            }
            if self.findings.0.len() > before {
                self.findings.0.truncate(before);
                entries.retain(|entry| entry.key == directive::KEY);
            }
            let value = Node::new(Content::Bool(true), place.clone());
            entries.push(Entry { key: directive::REMOVE.to_owned(), key_place: place, value });
        }
    }

    fn scalar(&mut self, node: &mut Node, spot: &Spot, manner: Manner) {
        let Content::Text(text) = &node.value else { return };
        if self.left.is_none() {
            return;
        }
        let text = text.clone();
        if let Some(extension) = spot.companion()
            && companion::is_path(&text, extension)
        {
            return companion::put(self, node, &text, spot, manner);
        }
        let rendered = if manner.handlebars && text.contains("{{") && !is_hands_off(spot, manner) {
            match self.handlebars(&text, &node.place) {
                // `#{{!}}#KEY##` says `##KEY##` without meaning the keyword: exports write what a tenant holds so.
                Some(Content::Text(rendered)) if text.contains("{{!}}") && unmapped_markers(&text).is_empty() => {
                    return node.value = self.content(&rendered, &node.place);
                }
                Some(Content::Text(text)) => text,
                Some(other) => return node.value = other,
                // A null is of every type, so the field is not blamed as well; but a name must stay a name.
                None if is_name(spot) => return,
                None => return node.value = Content::Null,
            }
        } else {
            text
        };
        node.value = self.keywords(&rendered, &node.place, spot);
    }

    /// Renders a scalar; the value of an expression that stands alone keeps its type.
    fn handlebars(&mut self, text: &str, place: &Place) -> Option<Content> {
        if token::occurs(text) {
            self.findings.push(token::unusable(&Node::new(Content::Null, place.clone())));
            return None;
        }
        match self.engine.render(text, &|name| self.known_secret(name)) {
            Ok(Rendered::Text(pieces)) => {
                let bytes = pieces.iter().map(|piece| piece.text.len()).sum();
                let text = || Content::Text(pieces.into_iter().map(|piece| piece.text).collect());
                self.spend(bytes, place).then(text)
            }
            Ok(Rendered::Value(value)) => self.spend(weight(&value), place).then(|| of_json(value, place).value),
            Err(mistakes) => {
                let source = self.files.get(&place.file).cloned().unwrap_or_default();
                for mistake in mistakes {
                    let place = scalar::inside(place, &source, mistake.line, mistake.column);
                    self.findings.push(told(mistake, &place));
                }
                None
            }
        }
    }

    fn keywords(&mut self, text: &str, place: &Place, spot: &Spot) -> Content {
        if !text.contains("##") && !text.contains("@@") {
            return self.content(text, place);
        }
        if let Some(value) =
            text.strip_prefix("@@").and_then(|t| t.strip_suffix("@@")).and_then(|k| self.keywords.0.get(k))
        {
            let value = value.clone();
            let fits = self.spend(weight(&value), place);
            return if fits { of_json(value, place).value } else { Content::Null };
        }
        let replaced = replace(text, self.keywords);
        if replaced.overflowed {
            self.left = Some(0);
        }
        let replaced = replaced.text;
        if !self.spend(replaced.len(), place) {
            return Content::Null;
        }
        let source = self.files.get(&place.file).cloned().unwrap_or_default();
        let at = |offset: usize| {
            let (line, column) = line_and_column(&replaced, offset);
            scalar::inside(place, &source, line, column)
        };
        let left = marker::left_over(&replaced, spot, self.keywords, &at);
        self.findings.0.extend(left);
        self.content(&replaced, place)
    }

    fn known_secret(&self, name: &str) -> Result<(), Option<String>> {
        if self.vault.knows(name) {
            return Ok(());
        }
        Err(nearest(name, self.vault.names()).map(str::to_owned))
    }
}

/// Says whether a text is for Auth0 to render.
pub fn is_hands_off(spot: &Spot, manner: Manner) -> bool {
    !manner.every_text && spot.kind().is_some_and(|kind| spot.is_any_of(&kind.fields.hands_off))
}

/// Says whether a field is a part of what its resource is called.
fn is_name(spot: &Spot) -> bool {
    let (Some(kind), Some([Segment::Key(field)])) = (spot.kind(), spot.field().map(|path| path.0.as_slice())) else {
        return false;
    };
    identity::is_part(kind, field)
}

/// Makes a node of JSON; everything in it stands where the expression does.
fn of_json(value: Json, place: &Place) -> Node {
    let content = match value {
        Json::Null => Content::Null,
        Json::Bool(flag) => Content::Bool(flag),
        Json::Number(number) => Content::Number(number),
        Json::String(text) => Content::Text(text),
        Json::Array(items) => Content::List(items.into_iter().map(|item| of_json(item, place)).collect()),
        Json::Object(map) => Content::Map(
            map.into_iter()
                .map(|(key, value)| Entry { key, key_place: place.clone(), value: of_json(value, place) })
                .collect(),
        ),
    };
    Node::new(content, place.clone())
}

/// Returns about what a value takes once it is a node.
fn weight(value: &Json) -> usize {
    const NODE: usize = 64;
    NODE + match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(map) => map.iter().map(|(key, value)| NODE + key.len() + weight(value)).sum(),
        _ => 0,
    }
}

fn told(mistake: Mistake, place: &Place) -> Diagnostic {
    let mut finding = Diagnostic::error(mistake.code, mistake.summary).at(place);
    finding.help = mistake.help;
    finding
}

fn position(piece: &Piece) -> (&str, (u32, u32), bool) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (&piece.text, (count(piece.from.0), count(piece.from.1)), piece.copied)
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

fn lead_back(place: &mut Place, rendered: &Replaced) {
    (place.line, place.column) = rendered.original(place.line, place.column);
}

fn lead_all_back(node: &mut Node, rendered: &Replaced) {
    lead_back(&mut node.place, rendered);
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| lead_all_back(item, rendered)),
        Content::Map(entries) => {
            for entry in entries {
                lead_back(&mut entry.key_place, rendered);
                lead_all_back(&mut entry.value, rendered);
            }
        }
        _ => {}
    }
}
