//! What the tenant holds, as far as this run looked.

use std::collections::BTreeMap;

use super::names::RemoteId;
use super::value::{Map, Value};
use crate::catalogue::kind::Kind;

/// The objects of the kinds that were read.
#[derive(Debug, Default)]
pub struct Live {
    pub objects: Vec<Object>,
    /// How well each kind was read: under its name, nested ones with the parent's id (`roles/permissions@rol_1`), and
    /// what was read key by key with the key behind a `#` (`triggers#post-login`).
    pub readings: BTreeMap<String, Reading>,
    /// The client that this run's token belongs to, if known.
    pub own_client: Option<RemoteId>,
    /// Requests that the refresh sent.
    pub requests: usize,
}

/// How well a kind could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Complete,
    /// The tenant refuses the kind: status, `errorCode` or message, request id.
    Refused {
        status: u16,
        reason: String,
        request_id: Option<String>,
    },
    /// Fewer items than the total said: neither creates nor deletes are planned from it.
    Incomplete {
        got: usize,
        total: usize,
    },
}

/// One object, optional object, key or member list of the tenant.
#[derive(Clone, Debug)]
pub struct Object {
    pub kind: &'static Kind,
    /// The server-made id, where the kind has one.
    pub id: Option<RemoteId>,
    /// The id of the object that it lies in.
    pub parent: Option<RemoteId>,
    /// The identity fields as they were asked for or read (`prompt` -> `login-id`), ids not yet replaced by names.
    pub key: BTreeMap<String, String>,
    /// The answer, secrets tainted, ids still ids. A member list is under [`super::desired::MEMBERS`].
    pub body: Map,
}

impl Object {
    pub fn members(&self) -> &[Value] {
        self.body.get(super::desired::MEMBERS).and_then(Value::as_list).unwrap_or_default()
    }
}
