//! Exit codes, as README documents them.

/// How a run ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; for `plan --exit-code`: nothing to change.
    Done = 0,
    /// Failed; what was done stands in the output.
    Failed = 1,
    /// `plan --exit-code`: changes are pending. `drift`: somebody changed the tenant. `diff --exit-code`: they differ.
    /// `export --into`: conflicts are left.
    Pending = 2,
    /// Applied in part: some steps failed or were skipped, or `--verify` found something left.
    Partial = 3,
    /// A gate is closed, of a plan as of an apply; nothing was written.
    Gate = 4,
    /// The saved plan is stale.
    Stale = 5,
    /// Somebody else is applying.
    Locked = 6,
    /// The command line is wrong.
    Usage = 64,
    /// The configuration is invalid.
    Invalid = 65,
    /// A bug in tenantry.
    Bug = 70,
}

impl Exit {
    /// Every code, in order.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Pending,
        Self::Partial,
        Self::Gate,
        Self::Stale,
        Self::Locked,
        Self::Usage,
        Self::Invalid,
        Self::Bug,
    ];

    /// Returns the number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns what the code means, as README says it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Pending => {
                "changes are pending (`plan --exit-code`), a tenant has drifted (`drift`), two sides differ (`diff --exit-code`), or conflicts are left (`export --into`)"
            }
            Self::Partial => "applied in part, or `--verify` found something left",
            Self::Gate => "a gate is closed",
            Self::Stale => "the saved plan is stale",
            Self::Locked => "locked by another run",
            Self::Usage => "wrong usage",
            Self::Invalid => "the configuration is invalid",
            Self::Bug => "a bug in tenantry",
        }
    }
}
