//! Desired and Live -> Plan: changes, their order, gates.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostics;
use crate::model::live::Live;
use crate::model::plan::{Plan, Provenance};

/// What a run may be consented to.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// `--allow-delete`: patterns of protected addresses that may go.
    pub allow_protected: Vec<String>,
    /// `--max-deletes N`.
    pub max_deletes: Option<usize>,
    /// `--allow-replace ADDRESS`.
    pub allow_replace: Vec<String>,
    /// `--allow-dirty`.
    pub allow_dirty: bool,
}

/// What is remembered of secrets that were sent.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Random salt of the domain, at least 16 bytes.
    pub salt: Vec<u8>,
    /// `address:field` -> fingerprint.
    pub fingerprints: BTreeMap<String, String>,
}

/// Everything besides desired and live that a plan depends on.
#[derive(Debug)]
pub struct Facts {
    pub sandbox: bool,
    pub provenance: Provenance,
    pub remembered: Remembered,
    pub consent: Consent,
    /// Kind names that were found refused though nobody declared them, already said.
    pub quiet: BTreeSet<String>,
}

/// Plans. Findings are errors of the configuration that only the tenant could show (a dangling reference).
pub fn plan(desired: &Desired, live: &Live, facts: Facts) -> (Plan, Diagnostics) {
    unimplemented!("{desired:?} {live:?} {facts:?}")
}
