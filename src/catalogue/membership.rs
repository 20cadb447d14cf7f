//! How member lists are read and written, as a kind file says it.

use serde::Deserialize;

use super::kind::List;

/// How a list of members is read and written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    pub style: MemberStyle,
    /// `exact`: the list is all there is. `owned`: others' members stay.
    pub members: MemberPolicy,
    /// The fields that recognise a member; one field means that files may write plain values.
    pub identity: Vec<String>,
    /// Files write plain values of the identity field, not objects.
    #[serde(default)]
    pub scalar: bool,
    /// The bodies that add and remove members list plain values of the identity field, though reads show objects.
    #[serde(default)]
    pub scalar_sent: bool,
    /// The body that removes members lists plain values of the identity field, though the body that adds lists objects.
    #[serde(default)]
    pub remove_scalar: bool,
    /// Files write a map from the identity field to this field.
    #[serde(default)]
    pub map_value: Option<String>,
    /// The member of request bodies that holds the list; absent: the body is the list (or the member) itself.
    #[serde(default)]
    pub wrap: Option<String>,
    /// The order of a list that is replaced whole means nothing, and members keep the fields that files leave out.
    #[serde(default)]
    pub unordered: bool,
    /// The most members that one request may hold.
    #[serde(default)]
    pub batch: Option<usize>,
    /// Path of one member, for styles that address it: `{member}` is its id or identity.
    #[serde(default)]
    pub member_path: Option<String>,
    /// The field of a live member that `{member}` takes.
    #[serde(default)]
    pub member_id: Option<String>,
    /// Which member fields travel; others are derived by the server.
    #[serde(default)]
    pub sent: Vec<String>,
    /// The API keeps the list in parts.
    #[serde(default)]
    pub parts: Option<Parts>,
}

/// A list that the API keeps in parts, each read and written at a path of its own: that of the kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The member field that tells them apart; the path names it in braces.
    pub by: String,
    /// The member field that an item of a part is, by its id.
    pub item: String,
    /// Where those that are not empty are listed, by their ids.
    pub path: String,
    pub list: List,
    /// The scopes that this list needs, any of them.
    pub scopes: Vec<String>,
}

impl Membership {
    /// Says whether the order of the members means something.
    pub fn is_ordered(&self) -> bool {
        self.style == MemberStyle::Replace && !self.unordered
    }
}

/// How members are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStyle {
    /// `POST` a list to add, `DELETE` with a list to remove; a changed member by `PATCH` at its path, where it has one.
    AddRemove,
    /// `POST` one, `PATCH` and `DELETE` at the member's path.
    Each,
    /// `PATCH` a list of `{<identity>, status}`.
    Status,
    /// One write of the whole list (`verbs.update`), ordered unless `unordered` says otherwise.
    Replace,
    /// `POST` a map of new ones, `PATCH` a map of changed ones, `DELETE` a list of names.
    NameValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberPolicy {
    Exact,
    Owned,
}
