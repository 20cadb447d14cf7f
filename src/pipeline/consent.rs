//! What the person who starts a run agrees to beforehand: each switch opens one gate.

/// What a run may be consented to.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// `--allow-delete ADDRESS`: patterns of protected addresses that may go.
    pub allow_protected: Vec<String>,
    /// `--max-deletes N`.
    pub max_deletes: Option<usize>,
    /// `--allow-replace ADDRESS`.
    pub allow_replace: Vec<String>,
    /// `--allow-dirty`.
    pub allow_dirty: bool,
    /// `--accept-drift`, or somebody at the terminal who will be asked.
    pub accept_drift: bool,
    /// `--first-apply`.
    pub first_apply: bool,
    /// `--allow-empty KIND`.
    pub allow_empty: Vec<String>,
    /// `--allow-unbind ADDRESS`: patterns of lists that may lose what was never ours.
    pub allow_unbind: Vec<String>,
    /// `--take-over ADDRESS`: patterns of what another project's record owns, or nobody's.
    pub take_over: Vec<String>,
}

impl Consent {
    /// Joins what was consented to twice.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.allow_protected.extend(other.allow_protected);
        self.max_deletes = other.max_deletes.or(self.max_deletes);
        self.allow_replace.extend(other.allow_replace);
        self.allow_dirty |= other.allow_dirty;
        self.accept_drift |= other.accept_drift;
        self.first_apply |= other.first_apply;
        self.allow_empty.extend(other.allow_empty);
        self.allow_unbind.extend(other.allow_unbind);
        self.take_over.extend(other.take_over);
        self
    }
}
