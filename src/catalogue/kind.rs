//! The schema of a kind file (`kinds/*.toml`). Unknown keys are refused, with file, line and column.
//!
//! Paths in braces: `{id}` is the object's own id, `{parent}` the id of the object it lies below, any other name an
//! identity field. Field paths are the API's own names (after `rename`), dotted, `[]` for items, `*` for map values.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

pub use super::membership::{MemberPolicy, MemberStyle, Membership, Parts};
use super::place::Step;
use super::quirk::Quirk;
use super::scopes::Scopes;
pub use super::server::{Envelope, FlagList, Join, Missing, Server, Shown, Variant};
use super::shape::Shape;
use crate::model::path::FieldPattern;

/// Everything that is true of one kind alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The name in addresses and after `--exclude`: `clients`, nested `roles/permissions`.
    pub name: String,
    /// What messages call one of them: `application`, `role permissions`.
    pub title: String,
    /// The page of the Management API that the facts come from.
    pub source: String,
    /// The name in the derived field table (`fields.json`), where it has one.
    #[serde(default)]
    pub schema: Option<String>,
    pub shape: Shape,
    /// The kind that this one is nested in, by name.
    #[serde(default)]
    pub parent: Option<String>,
    /// Kinds whose objects share one name space are told apart by `filter`; references name the space.
    #[serde(default)]
    space: Option<String>,
    /// Where it stands in YAML; relative to the parent's node for nested kinds.
    pub place: Vec<Step>,
    /// Files choose what this singleton points at by a flag on an object of another kind, under whose key it stands.
    #[serde(default)]
    pub marked: Option<Marked>,
    /// Path of the list, or of the object where there is no list.
    pub path: String,
    /// Path of one object, where it differs from `path` (singletons) or `path/{id}` (collections and children).
    #[serde(default)]
    object_path: Option<String>,
    /// Path to create at, where it differs from `path`.
    #[serde(default)]
    create_path: Option<String>,
    /// The field that holds the server-made id.
    #[serde(default)]
    pub id: Option<String>,
    /// The fields by which a resource and an object are recognised as one.
    #[serde(default)]
    pub identity: Vec<String>,
    /// What an identity field is when it is not written.
    #[serde(default)]
    pub identity_defaults: IndexMap<String, String>,
    /// All keys of a keyed kind that has no list, in identity order joined by `,`; for export and validation.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The values of single identity fields, for export of keyed kinds that have neither list nor `keys`.
    #[serde(default)]
    pub key_values: IndexMap<String, Vec<String>>,
    /// Identity fields whose values are a list in another kind's object: field -> kind and field there.
    #[serde(default)]
    pub key_values_from: IndexMap<String, KeySource>,
    /// Which parents can have one at all; others are not asked.
    #[serde(default)]
    pub parents: Option<ParentFilter>,
    /// Keys with a path and names of their own (the classic pages, the five protections).
    #[serde(default)]
    pub key_paths: IndexMap<String, KeyPath>,
    /// In projects the whole object may be a path to a companion file with this extension.
    #[serde(default)]
    pub object_file: Option<String>,
    /// A `PATCH` needs the whole object all the same: read, merged, written.
    #[serde(default)]
    pub whole_update: bool,
    /// Whether an object is always there and can only be changed.
    #[serde(default)]
    pub always: bool,
    #[serde(default)]
    pub list: Option<List>,
    pub verbs: Verbs,
    #[serde(default)]
    pub delete: DeleteMeans,
    /// `fields=` of the single GET, where the API answers only what is named (see `read_names_fields`).
    #[serde(default)]
    pub read_fields: Option<String>,
    /// Extra query of DELETE.
    #[serde(default)]
    pub delete_query: IndexMap<String, String>,
    /// Which objects of the list belong to this kind.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// Objects that Auth0 owns or that every tenant has: never deleted, not exported.
    #[serde(default)]
    pub builtin: Vec<Filter>,
    #[serde(default)]
    pub fields: Fields,
    #[serde(default)]
    pub references: Vec<ReferenceField>,
    #[serde(default)]
    pub membership: Option<Membership>,
    /// The wire body is this field's value alone (`PUT /guardian/policies` takes a bare list).
    #[serde(default)]
    pub bare: Option<Bare>,
    /// Kinds whose steps come first, though no field refers to them.
    #[serde(default)]
    pub after: Vec<String>,
    #[serde(default)]
    pub quirks: Vec<Quirk>,
    pub scopes: Scopes,
    /// Not to be deleted unless named in a plan's consent, from the start.
    #[serde(default)]
    pub protected: bool,
    /// What hangs on an object besides configuration, and is gone with it.
    #[serde(default)]
    pub carries: Option<String>,
    /// When an object is in use in such a way that nothing of it is to be changed.
    #[serde(default)]
    pub running: Option<Running>,
    /// Whether the API promises to keep it.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// A legacy kind: what replaces it.
    #[serde(default)]
    pub deprecated: Option<String>,
    /// The field of a create's answer that holds a value which is never shown again. It is handed over and not kept.
    #[serde(default)]
    pub shown_once: Option<String>,
    /// Whether the Deploy CLI's formats have a place for it.
    #[serde(default = "yes")]
    pub deploy_cli: bool,
    /// A template that holds one, where none can be made from the field table.
    #[serde(default)]
    pub example: Option<String>,
    /// What the sandbox must know to answer as the server does.
    #[serde(default)]
    pub server: Server,
}

/// The state in which an object is left alone: its field has one of these values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    pub field: String,
    pub values: Vec<String>,
    /// What to do before it can be changed, as the end of a sentence.
    pub end: String,
}

/// How far the API stands by a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    #[default]
    General,
    /// It may change or go; a tenant may lack it.
    Beta,
}

/// One key of a keyed kind with a path of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPath {
    pub path: String,
    /// The member of the body that holds this key's fields.
    #[serde(default)]
    pub inside: Option<String>,
    /// File field -> API field.
    #[serde(default)]
    pub rename: IndexMap<String, String>,
    /// The API has no way to read this key: it is judged by what was last sent.
    #[serde(default)]
    pub unread: bool,
    /// The derived field table's name for this key.
    #[serde(default)]
    pub schema: Option<String>,
    /// The scopes of this key, where they are not the kind's.
    #[serde(default)]
    pub scopes: Option<Scopes>,
}

/// A flag that one object of a kind may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marked {
    pub kind: String,
    /// The field of files that is true where the object is the chosen one.
    pub flag: String,
    /// What tells the chosen one, by the same name there and in the singleton.
    pub field: String,
    /// What must hold of the chosen one before the tenant takes it.
    pub ready: Filter,
    /// What to do about one of which it does not hold.
    pub help: String,
}

/// Where the values of an identity field are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    pub kind: String,
    pub field: String,
}

/// `field` of the parent is there and, if values are named, holds one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentFilter {
    pub field: String,
    #[serde(default)]
    pub one_of: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The member that holds the items when the answer is an object.
    pub items: String,
    pub paging: Paging,
    /// Page size to ask for.
    #[serde(default)]
    pub take: Option<u32>,
    #[serde(default)]
    pub query: IndexMap<String, String>,
    /// The list lacks fields that only the single GET has.
    #[serde(default)]
    pub incomplete: bool,
    /// A 404 says that what the list hangs on is not there, which is a state like any other.
    #[serde(default)]
    pub optional: bool,
}

/// How a list is read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// One answer, all items.
    None,
    /// `page`, `per_page`, `include_totals`; the server stops at 1,000 items.
    Offset,
    /// `from`, `take`; `next` while more follows. No bound.
    Checkpoint,
    /// `page`, `per_page`; `total` may be missing: read until a short page.
    UntilShort,
}

/// The verbs that exist. `PATCH` merges, `PUT` replaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verbs {
    #[serde(default)]
    pub read: bool,
    #[serde(default)]
    pub create: Option<Verb>,
    #[serde(default)]
    pub update: Option<Verb>,
    #[serde(default)]
    pub delete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    Post,
    Put,
    Patch,
}

/// What deleting one means.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DeleteMeans {
    /// `DELETE`, or impossible where the kind has no such verb.
    #[default]
    Delete,
    /// An update that sets these fields.
    Reset(IndexMap<String, Json>),
    /// There is no way; a plan says so.
    Nothing,
}

/// `field` equals (or differs from) a value, or is there at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    pub field: String,
    #[serde(default)]
    pub equals: Option<Json>,
    #[serde(default)]
    pub differs: Option<Json>,
    /// Whether the field is there and not null.
    #[serde(default)]
    pub present: Option<bool>,
}

/// Older fields and the one that took their place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superseded {
    pub by: FieldPattern,
    pub fields: Vec<FieldPattern>,
}

/// Lists of fields with a property in common.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// In answers only; accepted and ignored in files (exports of other tools hold them).
    pub read_only: Vec<FieldPattern>,
    /// Accepted by create, refused by update: a change is a replacement.
    pub create_only: Vec<FieldPattern>,
    /// Part of every update, but as they were: a change is a replacement.
    pub fixed: Vec<FieldPattern>,
    /// Accepted by update, refused by create: sent by an update right after.
    pub update_only: Vec<FieldPattern>,
    /// Sent and never returned: compared by fingerprint where secret, else by what was last sent.
    pub write_only: Vec<FieldPattern>,
    /// Never to be shown.
    pub secret: Vec<FieldPattern>,
    /// What the server shows in place of a value: such a value is never compared and never sent.
    pub masks: Vec<String>,
    /// Rendered by Auth0 (Liquid and the like): handlebars keeps off.
    pub hands_off: Vec<FieldPattern>,
    /// Hold a path to a companion file in projects: field -> extension.
    pub files: IndexMap<String, String>,
    /// Lists in which order means nothing.
    pub sets: Vec<FieldPattern>,
    /// Lists of objects with a key: list -> key field. Deltas name items by it; order means nothing.
    pub keyed_lists: IndexMap<FieldPattern, String>,
    /// Objects in fields that an update merges key by key. Any other it replaces whole, so they are read, merged, written.
    pub merged: Vec<FieldPattern>,
    /// Maps of which files say all: a member that they leave out goes.
    pub exact: Vec<FieldPattern>,
    /// Top-level fields of which an object has one at most: setting one nulls the others.
    pub exclusive: Vec<Vec<String>>,
    /// What a create sends where files leave it out, by condition.
    pub create_fills: Vec<Variant>,
    /// Top-level fields that the server drops when an update sends this other field without them: field -> the fields
    /// to send along with it, as they stand.
    pub sent_with: IndexMap<String, Vec<String>>,
    /// Fields that reads show beside what took their place, and that no write may hold together with it.
    pub superseded: Vec<Superseded>,
    /// Absent, null and empty mean the same.
    pub empty_is_absent: Vec<FieldPattern>,
    /// What the server means when it leaves the field out.
    pub absent_means: IndexMap<FieldPattern, Json>,
    /// Maps with the users' own keys: no name inside is unknown.
    pub free: Vec<FieldPattern>,
    /// File field -> API field, at the top of the body.
    pub rename: IndexMap<String, String>,
    /// Fields of files that never reach the API: they speak to the tool (`deployed`).
    pub tool: Vec<String>,
    /// Keyword-like markers that are Auth0's own (`@@ID@@`), by the text between the signs.
    pub own_markers: Vec<String>,
    /// Change without anybody's doing: never compared, not exported.
    pub volatile: Vec<FieldPattern>,
    /// Top-level fields that must be there to create one.
    pub required: Vec<String>,
}

/// A field that names another object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceField {
    pub field: FieldPattern,
    /// The name space of the target.
    pub space: String,
    /// What stands on the wire: `id`, or a field of the target. Files always hold the target's name, except that for
    /// a field other than `id` they hold that field's value.
    #[serde(default = "by_id")]
    pub by: String,
    /// May be left out at first and filled by a later step, which cuts cycles.
    #[serde(default)]
    pub optional: bool,
    /// Values that are no reference (`*`, the tenant's own API).
    #[serde(default)]
    pub except: Vec<String>,
}

fn yes() -> bool {
    true
}

pub(super) fn by_id() -> String {
    "id".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bare {
    pub field: String,
    #[serde(default)]
    pub request: bool,
    #[serde(default)]
    pub response: bool,
}

impl Kind {
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Returns the name space of its objects.
    pub fn space(&self) -> &str {
        self.space.as_deref().unwrap_or(&self.name)
    }

    /// Returns the key of the kind in its parent (or at the top): `permissions` of `roles/permissions`.
    pub fn segment(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Returns the top-level key that it stands under in files.
    pub fn top_key(&self) -> &str {
        let of = self.marked.as_ref().map_or(&self.name, |marked| &marked.kind);
        of.split('/').next().unwrap_or(of)
    }

    /// Returns the path template of one object.
    pub fn object_path(&self) -> String {
        match (&self.object_path, self.shape) {
            (Some(path), _) => path.clone(),
            (None, Shape::Collection | Shape::Child) => format!("{}/{{id}}", self.path),
            (None, _) => self.path.clone(),
        }
    }

    /// Returns the path template of the object with this key, where keys have paths of their own.
    pub fn object_path_for(&self, key: &BTreeMap<String, String>) -> String {
        self.key_path(key).map_or_else(|| self.object_path(), |own| own.path.clone())
    }

    /// Returns the path template of a single GET: an optional singleton is read at `path` even where its updates go
    /// to a path with an id.
    pub fn read_path_for(&self, key: &BTreeMap<String, String>) -> String {
        match self.shape {
            Shape::Singleton | Shape::OptionalSingleton => self.path.clone(),
            _ => self.object_path_for(key),
        }
    }

    /// Returns what is particular to this key of a keyed kind.
    pub fn key_path(&self, key: &BTreeMap<String, String>) -> Option<&KeyPath> {
        self.key_paths.get(&self.name_of_key(key))
    }

    /// Returns the scopes of the object with this key.
    pub fn scopes_for(&self, key: &BTreeMap<String, String>) -> &Scopes {
        let own = match self.key_paths.is_empty() {
            true => None,
            false => self.key_path(key).and_then(|own| own.scopes.as_ref()),
        };
        own.unwrap_or(&self.scopes)
    }

    /// Joins a key's values in identity order.
    pub fn name_of_key(&self, key: &BTreeMap<String, String>) -> String {
        let parts: Vec<String> = self.identity.iter().map(|f| key.get(f).cloned().unwrap_or_default()).collect();
        crate::model::address::join_names(&parts)
    }

    /// Returns the query of a single GET: the fields to name, where the API answers only those.
    pub fn read_query(&self) -> Vec<(String, String)> {
        self.read_fields.iter().map(|fields| ("fields".to_owned(), fields.clone())).collect()
    }

    /// Returns the path template that creates one.
    pub fn create_path(&self) -> &str {
        self.create_path.as_deref().unwrap_or(&self.path)
    }

    /// Says whether an object exists without anybody creating it.
    pub fn always_exists(&self) -> bool {
        self.always || matches!(self.shape, Shape::Singleton | Shape::Membership)
    }
}

impl Filter {
    /// Says whether the object's field has (or lacks) the value.
    pub fn fits(&self, field: Option<&Json>) -> bool {
        self.equals.as_ref().is_none_or(|want| field == Some(want))
            && self.differs.as_ref().is_none_or(|not| field != Some(not))
            && self.present.is_none_or(|want| field.is_some_and(|found| !found.is_null()) == want)
    }
}
