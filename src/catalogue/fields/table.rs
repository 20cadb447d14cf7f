//! The derived table itself: parsed once, asked by index.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

/// Where a schema stands in the table.
pub type Index = usize;

/// One distinct schema. Whatever is absent does not restrict.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Absent for unions alone.
    #[serde(default, rename = "t")]
    pub kind: Option<Type>,
    /// The members of an object.
    #[serde(default, rename = "f")]
    pub fields: BTreeMap<String, Index>,
    #[serde(default, rename = "q")]
    pub required: Vec<String>,
    #[serde(default, rename = "x")]
    pub extra: Extra,
    #[serde(default, rename = "i")]
    pub items: Option<Index>,
    /// Any of these may fit.
    #[serde(default, rename = "u")]
    pub any_of: Vec<Index>,
    #[serde(default, rename = "e")]
    pub values: Vec<Json>,
    /// The values are advice: no request refers to this schema, so others may be accepted.
    #[serde(default, rename = "a")]
    pub advice: bool,
    #[serde(default, rename = "p")]
    pattern: Option<String>,
    /// Bounds of a number, of a text's length in characters, or of a list's length.
    #[serde(default, rename = "l")]
    pub limits: (Option<f64>, Option<f64>),
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Type {
    #[serde(rename = "o")]
    Object,
    #[serde(rename = "a")]
    List,
    #[serde(rename = "s")]
    Text,
    #[serde(rename = "i")]
    Integer,
    #[serde(rename = "n")]
    Number,
    #[serde(rename = "b")]
    Boolean,
    #[serde(rename = "x")]
    Anything,
}

/// Members of an object beyond those that are named.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Extra {
    #[default]
    None,
    /// Of any type; the number says nothing.
    Open(u8),
    Like(Vec<Index>),
}

/// The schemas of one kind of the Management API.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    #[serde(default, rename = "c")]
    pub create: Option<Index>,
    /// Updates and replacements, and what files alone have.
    #[serde(default, rename = "u")]
    pub others: Vec<Index>,
    /// What `options` holds, by the value of `strategy`.
    #[serde(default, rename = "s")]
    pub strategies: BTreeMap<String, Vec<Index>>,
}

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    nodes: Vec<Schema>,
    kinds: BTreeMap<String, Roots>,
}

static TABLE: LazyLock<Result<Table, String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fields.json")).map_err(|error| error.to_string()));

/// Returns the table that is built into the program.
///
/// # Panics
/// When the table is broken, which every test of this folder finds first.
#[expect(clippy::panic, reason = "the table is part of the program; tests read it")]
pub fn table() -> &'static Table {
    match &*TABLE {
        Ok(table) => table,
        Err(error) => panic!("the field table is broken: {error}"),
    }
}

impl Roots {
    /// Returns where the schemas of whole bodies stand, that of create first.
    pub fn indexes(&self) -> Vec<Index> {
        self.create.iter().chain(&self.others).copied().collect()
    }
}

impl Table {
    /// Says whether any field of the API has this name.
    pub fn names(&self, name: &str) -> bool {
        self.nodes.iter().any(|schema| schema.fields.contains_key(name))
    }

    /// Returns the schemas of a kind by the name that kind files give in `schema`.
    pub fn roots(&self, schema: &str) -> Option<&Roots> {
        self.kinds.get(schema)
    }

    /// Returns the schemas of everything that a kind's body may be by its own name or by one of its keys' names.
    pub fn roots_of<'t>(&'t self, kind: &'t crate::catalogue::kind::Kind) -> Vec<&'t Roots> {
        let own = kind.key_paths.values().filter_map(|key| key.schema.as_deref());
        kind.schema.as_deref().into_iter().chain(own).filter_map(|schema| self.roots(schema)).collect()
    }

    /// Returns the schemas at these places with unions taken apart, each once.
    pub fn branches(&self, indexes: &[Index]) -> Vec<&Schema> {
        let mut seen = Vec::new();
        let mut waiting: Vec<Index> = indexes.iter().rev().copied().collect();
        while let Some(index) = waiting.pop() {
            let Some(schema) = self.nodes.get(index).filter(|_| !seen.contains(&index)) else { continue };
            seen.push(index);
            waiting.extend(schema.any_of.iter().rev());
        }
        seen.into_iter().filter_map(|index| self.nodes.get(index)).filter(|schema| schema.kind.is_some()).collect()
    }

    /// Leaves only the branches whose fixed values (`type: http`) agree with the object; all of them if none agrees. A
    /// value that no branch has tells nothing: it is wrong, and the branches that know its field can say so.
    ///
    /// `text` gives the text of a member, if it is plain text.
    pub fn agreeing<'t>(&'t self, branches: Vec<&'t Schema>, text: &dyn Fn(&str) -> Option<String>) -> Vec<&'t Schema> {
        let takes = |child: Index, found: &str| {
            let wanted = self.branches(&[child]);
            let fixed = !wanted.is_empty() && wanted.iter().all(|one| !one.values.is_empty());
            !fixed || wanted.iter().any(|one| one.values.iter().any(|value| value.as_str() == Some(found)))
        };
        let agrees = |schema: &&Schema| {
            schema.fields.iter().all(|(name, child)| {
                let Some(found) = text(name) else { return true };
                let known =
                    || branches.iter().filter_map(|one| one.fields.get(name)).any(|child| takes(*child, &found));
                takes(*child, &found) || !known()
            })
        };
        let agreeing: Vec<&Schema> = branches.iter().copied().filter(|schema| agrees(schema)).collect();
        if agreeing.is_empty() { branches } else { agreeing }
    }
}

impl Schema {
    /// Says whether a member of any name may stand in the object.
    pub fn is_open(&self) -> bool {
        !matches!(self.extra, Extra::None)
    }

    /// Returns the pattern that a text must match. Patterns that this program cannot compile (look-ahead) do not count.
    pub fn pattern(&self) -> Option<&Regex> {
        let compile = || self.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Returns the pattern as the table has it, for programs that read other dialects of regular expressions.
    pub fn pattern_text(&self) -> Option<&str> {
        self.pattern.as_deref()
    }

    /// Says whether a number lies within the bounds.
    pub fn admits(&self, number: f64) -> bool {
        self.limits.0.is_none_or(|least| number >= least) && self.limits.1.is_none_or(|most| number <= most)
    }
}
