//! The six ways in which the API exposes configuration.

/// How a kind's objects are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Many objects with ids made by the server: list, create, read, update, delete by id.
    Collection,
    /// One object that always exists: read and update.
    Singleton,
    /// One object that may be absent (404, or not in its list): read, create or put, update, delete.
    OptionalSingleton,
    /// Objects under names that are not made by the server (a template's name, a prompt and a language).
    Keyed,
    /// A collection below an object of another kind, with ids of its own.
    Child,
    /// A list that belongs to one object (or one key) and is written as a list: add, change, remove.
    Membership,
}
