//! The closed list of oddities. Each is declared by the kinds that have it and handled in one place per reader.

/// An oddity of the API that the fields of a kind file cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Lifetimes read in (fractional) hours and are written as `<field>_in_minutes`.
    /// Source: recorded-facts 4, "Tenant settings".
    HoursAsMinutes,
    /// One of the objects is the tenant's default: read and chosen at `{path}/default`.
    OneIsDefault,
    /// Encryption keys: made, given material, put in the place of others, destroyed. Source: recorded-facts 4, "Encryption keys".
    KeyRing,
    /// The root of encryption keys of which the customer holds the material: begun, wrapped with a public key that the API
    /// gives (`POST {object}/wrapping-key`), imported (an update), destroyed. States: `pre-activation`, `active`,
    /// `deactivated`, `destroyed`. Source: recorded-facts 4, "Encryption keys".
    KeyCeremony,
    /// The API has no name for one: files give it one, and the record knows by its id which it is. Source: catalog,
    /// connection_scim_token.
    NamedByRecord,
    /// A list of keys that follow one another: current, next, previous. `signing_alg` of the files is the `algorithm` of the
    /// newest; another one is a rotation (`POST`), which makes a new next key and brings the one that was next into use.
    /// Where the connection authenticates by `private_key_jwt`, keys are there from the start. Source: recorded-facts.
    KeySuccession,
    /// A change is a draft until it is built and deployed: wait for `built`, `POST {object}/deploy`, wait until deployed.
    /// The field `deployed` of the files asks for it. Source: api-quirks 3.1.
    BuildThenDeploy,
    /// A change is a draft until `POST {object}/versions`. The field `all_changes_published` of the files asks for it.
    PublishVersion,
    /// Members are written `{ref: {type, value}, display_name}` and read `{action: {id, name}, display_name}`.
    BindingRefs,
    /// `status` is refused on create and needs an update of its own afterwards. Source: api-quirks 3.11.
    StatusAfterCreate,
    /// The `sink` of EventBridge and EventGrid streams can never be updated.
    SinkFixedForCloud,
    /// One key of the kind lives on the global client (`GET /clients?is_global=true`). Source: api-quirks 3.3.7.
    GlobalClientPage,
    /// Credentials stand inside the authentication methods in files, have their own endpoint in the API, and are
    /// attached to the methods by id. Source: api-quirks 3.4.6-8.
    CredentialsInMethods,
    /// `token_endpoint_auth_method` and `client_authentication_methods` exclude each other: setting one nulls the other.
    AuthMethodSwitch,
    /// Turning `allow_all_scopes` off needs a first update with an empty scope. Source: api-quirks 3.5.2.
    AllowAllScopesOff,
    /// DELETE answers 202 and finishes later; a re-creation of the name must wait.
    AsyncDelete,
    /// Objects with `is_system` belong to Auth0: only some fields change, never deleted. Source: api-quirks 3.5.6.
    SystemObjects,
    /// A grant is pointed at by its client's name and, if that is ambiguous, by its audience too.
    GrantByClient,
    /// A client named in `client_id` may be replaced by `default_for`.
    GranteeOrDefault,
    /// Partial hashes of a whole document per language: an update must send the whole document.
    WholeDocument,
    /// Needs at least one custom domain (any status). Source: api-quirks 3.3.1.
    NeedsCustomDomain,
    /// The order number must be unique in the tenant; a clash is solved by moving through a free number.
    UniqueOrder,
    /// `modules[].module_name` and `module_version_number` of the files stand for ids on the wire.
    ModuleByName,
    /// The list holds at most one object, and files write it as a list of one.
    ListOfOne,
    /// GET answers only the fields that `fields=` names. Source: api-quirks 3.7.1.
    ReadNamesFields,
    /// Credentials and settings are dropped by the server when the provider's name changes, so they are sent with it.
    NameChangeDropsRest,
    /// `options` that an update leaves out are refilled with defaults other than those of create.
    /// Source: api-quirks 3.6.1. The client reads, merges and writes; the sandbox punishes who does not.
    UpdateDefaultsDiffer,
    /// `oidc_logout` is mirrored by `oidc_backchannel_logout`.
    LogoutMirror,
    /// The tenant's own log: never written, searched by criteria or read on from an event.
    EventLog,
    /// A list of members is partial: those of other owners stay.
    SharedMembers,
}
