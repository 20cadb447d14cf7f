//! The server's side of a kind, as its file says it: what the sandbox must know to answer as the server does.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

use super::kind::Verb;

/// The server's side, for the sandbox. Paths in here are dotted; `[]` is each item, `*` each member, and `a?.b` means `b`
/// where `a` is there. Texts may hold `${now3}`, `${domain}`, `${.name}` and the like (see `sandbox::expand`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The form of a new id: `con_{16}` is a prefix and 16 letters or digits; `{hex24}`, `{digits16}`, `{base58x22}`,
    /// `{ulid}`, `{uuid}`.
    pub id_form: Option<String>,
    /// Status of a successful create where it is not 201.
    pub create_status: Option<u16>,
    /// Status of a successful update where it is not 200 (204 for members with a status).
    pub update_status: Option<u16>,
    /// Status of a successful delete where it is not 204.
    pub delete_status: Option<u16>,
    /// The whole answer to a create, where it does not show what was made.
    pub create_body: Option<Json>,
    pub update_body: Option<Json>,
    pub delete_body: Option<Json>,
    /// What a create fills in.
    pub defaults: IndexMap<String, Json>,
    /// More defaults for some objects, in order; the first that fits a field wins over `defaults`.
    pub variants: Vec<Variant>,
    /// What an update of `options` fills in (see `update_defaults_differ`), by condition.
    pub update_refill: Vec<Variant>,
    /// What every write sets, whatever was sent.
    pub on_write: IndexMap<String, Json>,
    /// Fields dropped from every answer.
    pub hidden: Vec<String>,
    /// Fields shown as this text: path -> mask. `${encrypted}` is a text that stays the same for the same value.
    pub masked: IndexMap<String, String>,
    /// Fields dropped when an update sends this other field without them: trigger -> dropped.
    pub dropped_with: BTreeMap<String, Vec<String>>,
    /// Fields that an empty string or object (or null) removes.
    pub empty_removes: Vec<String>,
    /// Fields that are not shown while they are an empty list or object.
    pub hidden_if_empty: Vec<String>,
    /// Fields whose duplicates are a conflict: each entry is one unique key.
    pub unique: Vec<Vec<String>>,
    /// The most objects a tenant (or a parent) holds.
    pub limit: Option<usize>,
    /// The 404 body: `errorCode` and message.
    pub missing: Option<Missing>,
    /// The 409 body of a duplicate.
    pub conflict: Option<Missing>,
    /// What a new tenant holds: objects, the singleton's value, or key -> value (`*` for any key).
    pub seed: Option<Json>,
    /// The answer to an update holds only what was sent.
    pub echo_update: bool,
    /// Required on create, besides `fields.required`.
    pub required: Vec<String>,
    /// Read-only fields that a write may hold all the same.
    pub accepted: Vec<String>,
    /// How lists are wrapped.
    pub envelope: Envelope,
    /// The largest page that may be asked for, where it is not 100.
    pub max_page: Option<u32>,
    /// Query parameter -> field that must equal it (`~field`: contain it).
    pub filters: IndexMap<String, String>,
    /// Fields that answers hold whatever `fields=` names.
    pub fields_always: Vec<String>,
    /// Fields that answers hold only if `fields=` names them.
    pub fields_if_named: Vec<String>,
    /// The fields that may change of an object that Auth0 owns (see `system_objects`).
    pub system_fields: Vec<String>,
    /// Answers of a keyed kind hold the identity fields too.
    pub key_shown: bool,
    /// What answers to each kind of call add or leave out.
    pub on_create: Shown,
    pub on_update: Shown,
    pub on_read: Shown,
    pub on_list: Shown,
    /// Fields taken from other objects when an answer is made.
    pub joins: Vec<Join>,
    /// Other paths at which one object is read: path with one brace -> the field that must equal it.
    pub lookups: IndexMap<String, String>,
    /// Fields by which the object's own path finds it too, besides the id.
    pub also_by: Vec<String>,
    /// `PUT` at the object's path creates or replaces, besides the declared verbs.
    pub put: bool,
    /// Lists near this kind that are always empty in the sandbox: path -> name of the items.
    pub empty_lists: IndexMap<String, String>,
    /// Answers near this kind that never change: path -> body.
    pub fixed: IndexMap<String, Json>,
    /// Paths that answer what a create would fill into this field: path -> field.
    pub default_lists: IndexMap<String, String>,
    /// The list is not of members but of who holds one.
    pub holders: Option<Holders>,
    /// What an id that comes with a create is put behind.
    pub id_prefix: Option<String>,
    /// The 400 message of an id that does not begin as `id_form` says; `{id}` is the id.
    pub malformed: Option<String>,
    /// Objects that are refused for want of a field.
    pub needs: Vec<Needs>,
    /// What a list shows of each object's tie to the member that the query names.
    pub association: Option<Association>,
    /// Lists begin with what was made last.
    pub newest_first: bool,
    /// Lists are in the order of ids.
    pub by_id: bool,
    /// The query `q` of a list may name these fields: `name:text`, where the text may end in `*`.
    pub searched: Vec<String>,
    /// The path of a document without which all calls end in `missing`.
    pub within: Option<String>,
    /// Braces of the path that hold the ids of other objects, and the kinds of these: the list goes with each of them.
    pub beside: BTreeMap<String, String>,
    /// Fields of members that must be addresses of mail -> how messages of the server call them.
    pub mail: IndexMap<String, String>,
    /// Lists that are made of flags, where they are not sent.
    pub flag_lists: Vec<FlagList>,
    /// Fields that the answer to a write shows as null where null was sent.
    pub null_echoed: Vec<String>,
    /// Where clients that are older still find the same.
    pub older: Option<Older>,
    /// `PATCH` merges, besides the declared verbs.
    pub patch: bool,
    /// Calls on an object that are no setting: a test message, a new secret.
    pub acts: Vec<Act>,
    /// A list of the objects below every parent.
    pub everywhere: Option<Everywhere>,
}

/// Something that is done to an object, at a path below its own.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub verb: Verb,
    /// What follows the object's path; it may hold braces.
    pub path: String,
    /// Fields that it sets, as in `defaults`.
    #[serde(default)]
    pub set: IndexMap<String, Json>,
    /// Fields that it takes from the request.
    #[serde(default)]
    pub take: Vec<String>,
    #[serde(default = "ok")]
    pub status: u16,
    /// The answer, expanded on the object; absent: the object as an update shows it.
    #[serde(default)]
    pub answer: Option<Json>,
    /// The scopes of which a token needs one.
    pub scopes: Vec<String>,
}

fn ok() -> u16 {
    200
}

/// Where the objects of all parents are listed together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Everywhere {
    pub path: String,
    /// The name of the items in its pages.
    pub items: String,
}

/// An older path of a list. It reads and writes the same objects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Older {
    /// What stands in place of the kind's path; paths below it follow.
    pub path: String,
    /// The name of the items in its pages.
    pub items: String,
    /// The fields that its answers do not have.
    pub hide: Vec<String>,
}

/// How a list is wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// `{items, next?}` with `take` or `from`, `{items, start, limit, total}` with `include_totals`, else an array.
    #[default]
    Auto,
    /// An array, whatever is asked.
    Array,
    /// An array, and `{items, next?}` with `take` or `q`.
    ArrayUntilTake,
    /// `{items, next?}`, whatever is asked.
    Object,
    /// `{items, per_page}` with `total` and `page` where they are not 0.
    Counted,
    /// `{items, per_page, page, total}`, where the total counts this page.
    CountedPage,
}

/// What an answer adds (where absent) and leaves out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shown {
    pub fill: IndexMap<String, Json>,
    /// Fields that are shown as null where they are absent.
    pub nulls: Vec<String>,
    pub hide: Vec<String>,
}

/// What some objects need besides what all do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// As in a variant.
    pub when: IndexMap<String, Vec<Json>>,
    /// The dotted field without which a create is refused.
    pub field: String,
    pub message: String,
    #[serde(default)]
    pub code: Option<String>,
}

/// An object's tie to one member, shown on demand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Association {
    /// The query parameter that names the member.
    pub query: String,
    /// The path of an object's members; `{id}` is the object's.
    pub path: String,
    /// Where it goes.
    pub set: String,
    /// The member's fields that are shown.
    pub copy: Vec<String>,
}

/// Who holds a member: the reverse of a membership.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holders {
    /// The kind of the holders.
    pub of: String,
    /// The path of a holder's members, the holder's own id as `{holder}`; other braces are those of the list's path.
    pub members: String,
    /// The brace of the list's path that holds the member's id.
    #[serde(default = "parent")]
    pub member: String,
    /// Any member will do.
    #[serde(default)]
    pub any: bool,
    /// The fields of a holder that are shown.
    pub copy: Vec<String>,
}

fn parent() -> String {
    "parent".to_owned()
}

/// A field of answers that another object holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Where it goes.
    pub set: String,
    /// The collection that holds the other object; `{id}` is this object's id.
    pub path: String,
    /// The other object's field that `on` of this object equals; `id` is its id.
    #[serde(default = "super::kind::by_id")]
    pub by: String,
    /// Absent: all objects of the collection, as a list.
    #[serde(default)]
    pub on: Option<String>,
    /// The item of this list of the other object ...
    #[serde(default)]
    pub list: Option<String>,
    /// ... whose field `item_key` equals this object's `item_on`.
    #[serde(default)]
    pub item_key: Option<String>,
    #[serde(default)]
    pub item_on: Option<String>,
    /// The field to show.
    #[serde(default)]
    pub take: Option<String>,
    /// Or several, as an object.
    #[serde(default)]
    pub copy: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Dotted field -> one of these values (`(absent)` where it is not there, `*` for any).
    pub when: IndexMap<String, Vec<Json>>,
    /// Dotted field -> value.
    #[serde(default)]
    pub set: IndexMap<String, Json>,
    /// Of an update: fields that stay as they were when they are not sent.
    #[serde(default)]
    pub keep: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    #[serde(default)]
    pub code: Option<String>,
    pub message: String,
}

/// A list whose items follow from flags that are true.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagList {
    /// As in a variant.
    pub when: IndexMap<String, Vec<Json>>,
    pub set: String,
    /// Dotted flag -> item, in the order of the list.
    pub flags: IndexMap<String, String>,
}
