//! What the files want: resources with addresses, references by name, secrets tainted.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::diagnostic::Diagnostic;
use super::document::Place;
use super::names::{Domain, TenantName};
use super::secret::Secret;
use super::value::{Map, Value};
use crate::catalogue::kind::Kind;

/// The whole wish for one tenant.
#[derive(Clone, Debug)]
pub struct Desired {
    pub settings: TenantSettings,
    pub resources: Vec<Resource>,
    /// Resources taken out for this tenant by `$only` or `$remove`.
    pub removed: Vec<Resource>,
    /// Names of the kinds whose place occurs anywhere in the files, empty lists included. Only these are in scope.
    pub declared: BTreeSet<String>,
    /// Resources with `$release: true`: the objects stay as they are, neither changed nor deleted.
    pub released: BTreeSet<Address>,
    /// Kinds and resources that a run leaves alone (`--exclude`, a Deploy CLI project's exclusions).
    pub excluded: Excluded,
    /// What a run with `--target` is about.
    pub narrowed: Narrowed,
}

/// What a run with `--target` looks at, and what it leaves out.
#[derive(Clone, Debug, Default)]
pub struct Narrowed {
    /// The patterns; none where the run is about everything.
    pub targets: Vec<String>,
    /// What the files describe besides.
    pub besides: Vec<Resource>,
    /// The kinds that the files declare.
    pub declared: BTreeSet<String>,
    /// What a target names, is ours by the record and is described no more.
    pub leaving: BTreeSet<Address>,
    /// Patterns that fit nothing in the files, with what is to be said unless a record knows them.
    pub unheard: Vec<(String, Diagnostic)>,
}

/// Where a wish for something comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// A file describes it.
    #[default]
    Declared,
    /// It is ours and no file describes it any more: it goes.
    Withdrawn,
    /// It gets back what it held before it was ours; it is not made anew.
    GivenBack,
    /// A record or a journal tells of it: it is made if it is gone.
    Recalled,
}

/// One object, optional object, key or member list that the files describe.
#[derive(Clone, Debug)]
pub struct Resource {
    pub address: Address,
    pub kind: &'static Kind,
    /// The resource that it lies in, for nested kinds.
    pub parent: Option<Address>,
    /// Its identity as one name, composite ones joined by `,`. What references and people say.
    pub name: String,
    /// The fields that the files manage, by their API names. A member list is under [`MEMBERS`].
    pub body: Map,
    /// `$was`: the name it had, for a rename.
    pub was: Option<String>,
    /// The explicit `null` of a singleton: delete or reset it.
    pub unset: bool,
    pub place: Place,
    /// Where each top-level field of the body stands, and each reference in it, by dotted paths.
    pub field_places: BTreeMap<String, Place>,
    /// The tool's own fields (`deployed`).
    pub tool: Map,
    pub standing: Standing,
}

/// The key under which a membership resource's body holds its list.
pub const MEMBERS: &str = "";

impl Resource {
    /// Returns a resource that no file describes; it wants nothing yet.
    pub fn bare(address: Address, kind: &'static Kind, name: String, parent: Option<Address>) -> Self {
        Self {
            address,
            kind,
            parent,
            name,
            body: Map::new(),
            was: None,
            unset: false,
            place: Place { file: "".into(), line: 0, column: 0 },
            field_places: BTreeMap::new(),
            tool: Map::new(),
            standing: Standing::Recalled,
        }
    }

    /// Says whether a file describes it, so that there is a place to show.
    pub fn is_declared(&self) -> bool {
        self.standing == Standing::Declared
    }

    /// Returns the member list of a membership.
    pub fn members(&self) -> &[Value] {
        self.body.get(MEMBERS).and_then(Value::as_list).unwrap_or_default()
    }
}

/// What is left alone.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    /// Kind names or top-level keys.
    pub kinds: BTreeSet<String>,
    /// Address patterns, `*` allowed.
    pub addresses: Vec<String>,
    /// Top-level key -> `name` fields of objects (`AUTH0_EXCLUDED_RESOURCE_SERVERS` and its like). For kinds whose
    /// identity is another field than `name`; the addresses say the rest.
    pub names: BTreeMap<String, BTreeSet<String>>,
    /// If not empty, only these kinds or keys are looked at.
    pub only_kinds: BTreeSet<String>,
    /// Only first-party clients (`AUTH0_EXCLUDE_THIRD_PARTY_CLIENTS`).
    pub third_party_clients: bool,
    /// If not empty, only these connections (`AUTH0_INCLUDED_CONNECTIONS`), by name.
    pub only_connections: BTreeSet<String>,
    /// Fields that planning ignores: address pattern and field path pattern, `clients/*:signing_keys`.
    pub fields: Vec<String>,
}

/// What a tenant's file (or a Deploy CLI config) says besides the configuration itself.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    pub tenant: TenantName,
    /// The workspace's name.
    pub project: Option<String>,
    pub domain: Domain,
    pub credentials: Credentials,
    pub policy: Policy,
    /// Address -> id, where the identity is ambiguous.
    pub bind: BTreeMap<String, String>,
    /// Where values go that the API shows once, by name.
    pub deliver: BTreeMap<String, Delivery>,
    /// Objects that references may name though the files do not describe them.
    pub external: Vec<String>,
    pub excluded: Excluded,
    /// A project of the Deploy CLI: its rules on absence and secrets hold.
    pub deploy_cli: bool,
    /// Where policy and bindings name addresses.
    pub mentions: Vec<Mention>,
}

/// An address, or a pattern of some, that settings name.
#[derive(Clone, Debug)]
pub struct Mention {
    pub setting: MentionIn,
    pub text: String,
    /// `None` for the command line.
    pub place: Option<Place>,
}

/// What names an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionIn {
    Bind,
    Exclude,
    /// With a field.
    Ignore,
    Protect,
}

impl MentionIn {
    /// Returns its key in a tenant's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Exclude => "exclude",
            Self::Ignore => "ignore",
            Self::Protect => "protect",
        }
    }
}

/// Where a value goes that the API shows once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A file, relative to the workspace.
    File(String),
    /// A program and its arguments; it reads the value.
    Command(Vec<String>),
}

/// How to get a token.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    pub client_id: Option<Secret>,
    pub client_secret: Option<Secret>,
    /// PEM text.
    pub private_key: Option<Secret>,
    pub signing_algorithm: Option<String>,
    pub access_token: Option<Secret>,
    pub audience: Option<String>,
}

impl Credentials {
    /// The variables that stand in for what a tenant's file does not name: client, its secret, access token.
    pub const VARIABLES: [&str; 3] = ["AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_ACCESS_TOKEN"];

    /// Says whether any of these stands in: they are whatever tenant's the run is about.
    pub fn stand_in(&self) -> bool {
        let given = [&self.client_id, &self.client_secret, &self.access_token];
        given.into_iter().flatten().any(|secret| Self::VARIABLES.contains(&secret.name.as_str()))
    }
}

/// What may be deleted, and what a plan must not do unasked.
#[derive(Clone, Debug)]
pub struct Policy {
    pub manage: Manage,
    /// Kind name -> its own rule.
    pub manage_kinds: BTreeMap<String, Manage>,
    /// Address patterns, `*` allowed.
    pub protect: Vec<String>,
    pub max_deletes: MaxDeletes,
    /// `address-pattern/field` or `address-pattern:field` that planning ignores.
    pub ignore: Vec<String>,
    pub require_clean: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manage {
    /// Only what is ours is ever deleted.
    Owned,
    /// Nothing is ever deleted.
    Additive,
    /// Whatever of the kind is not declared is deleted.
    Exact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxDeletes {
    pub count: usize,
    /// Of the kind's objects that are managed; asked only where there are ten or more.
    pub percent: usize,
}

impl Default for MaxDeletes {
    fn default() -> Self {
        Self { count: 5, percent: 20 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            manage: Manage::Owned,
            manage_kinds: BTreeMap::new(),
            protect: Vec::new(),
            max_deletes: MaxDeletes::default(),
            ignore: Vec::new(),
            require_clean: false,
        }
    }
}

impl Policy {
    /// Returns the rule for a kind: its own, that of the top-level key it stands under, or the tenant's.
    pub fn manage(&self, kind: &Kind) -> Manage {
        self.manage_kinds
            .get(&kind.name)
            .or_else(|| self.manage_kinds.get(kind.top_key()))
            .copied()
            .unwrap_or(self.manage)
    }
}
