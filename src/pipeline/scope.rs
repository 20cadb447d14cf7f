//! What a run looks at: `--target`, `--exclude`, and what the files declare.

/// The part of the configuration that a run is about.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Address patterns after `--target` (`*` allowed); empty means all. What a target needs comes along.
    pub targets: Vec<String>,
    /// Kind names, keys or address patterns after `--exclude`.
    pub exclude: Vec<String>,
}
