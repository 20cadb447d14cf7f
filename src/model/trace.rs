//! Where a resource stands in the documents, for those who edit files: its own node and the way to it.

use std::collections::BTreeMap;

use super::address::Address;
use super::document::Node;

/// A resource as the files say it.
#[derive(Clone, Debug)]
pub struct Trace {
    /// With directives, and with what belongs to nested kinds.
    pub node: Node,
    /// From the root of the documents.
    pub trail: Vec<Crumb>,
}

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crumb {
    Key(String),
    /// An item of a list of resources.
    Resource {
        /// Its `$key`.
        key: Option<String>,
        /// The field that is its identity, by its name in files, where one is all of it.
        field: Option<String>,
        name: String,
    },
}

/// Resources by address.
pub type Traces = BTreeMap<Address, Trace>;
