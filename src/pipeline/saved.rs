//! A plan as a file, and what has moved since it was saved.
//!
//! The file holds names, hashes and keyed fingerprints, never a secret, and nothing in it is sent to a tenant: an apply
//! plans again and takes those of its own steps that are the saved ones.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::model::address::Address;
use crate::model::applied::{Applied, Ownership};
use crate::model::basis::{ABSENT, Basis, StepBasis};
use crate::model::diagnostic::Diagnostics;
use crate::model::names::{Domain, TenantName};
use crate::model::plan::Plan;
use crate::model::record::TakenFrom;
use crate::pipeline::plan::Consent;
use crate::pipeline::report::json;

/// The first word of such a file, and the version of its format.
const MARK: &str = "tenantry-saved-plan";
const VERSION: u32 = 1;

/// What the file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    pub tool: String,
    pub tenant: TenantName,
    pub domain: Domain,
    pub sandbox: bool,
    pub commit: Option<String>,
    pub tree: Option<String>,
    pub dirty: bool,
    /// What the plan was limited to.
    pub scope: SavedScope,
    /// The switches that were given.
    pub consent: Consent,
    /// What is promoted, where the files are not those of the work tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<SavedPromotion>,
    pub basis: Basis,
    pub ownership: Ownership,
    /// The plan as `plan --json` shows it, for readers; an apply does not look at it.
    pub shown: Json,
}

/// Where the configuration of a saved promotion comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPromotion {
    /// The commit with the files.
    pub commit: String,
    pub from: TakenFrom,
    /// The last record of the tenant that it comes from.
    #[serde(default)]
    pub seen: Option<u64>,
    /// Edits in the tenant that it comes from which somebody accepted: why that was asked, and where they are.
    pub source_drift: Option<(String, Vec<Address>)>,
}

/// Which part of the files a plan was about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedScope {
    pub target: Vec<String>,
    pub exclude: Vec<String>,
    pub strict: bool,
}

/// Why a file cannot be applied.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SavedError {
    #[error("it is no saved plan")]
    NotOne,
    #[error("it was written by a newer version of tenantry (format {0})")]
    Newer(u32),
    #[error("it is not as it was written: something in it was changed")]
    Changed,
}

impl SavedPlan {
    /// Takes a plan that was made with these switches.
    pub fn of(plan: &Plan, found: &Diagnostics, scope: SavedScope, consent: Consent) -> Self {
        Self {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            tenant: plan.settings.tenant.clone(),
            domain: plan.settings.domain.clone(),
            sandbox: plan.sandbox,
            commit: plan.provenance.commit.clone(),
            tree: plan.provenance.tree.clone(),
            dirty: plan.provenance.dirty,
            scope,
            consent,
            promotion: None,
            basis: plan.basis.clone(),
            ownership: plan.ownership.clone(),
            shown: json::plan(plan, found),
        }
    }

    /// Returns the file: a line with the hash of all that follows, then JSON.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which cannot be.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let body = format!("{}\n", serde_json::to_string_pretty(self)?);
        Ok(format!("{}{body}", header(&body)))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If a single byte of it is not as it was written.
    pub fn read(bytes: &[u8]) -> Result<Self, SavedError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SavedError::Changed)?;
        let (first, body) = text.split_once('\n').ok_or(SavedError::NotOne)?;
        let mut words = first.split(' ');
        if words.next() != Some(MARK) {
            return Err(SavedError::NotOne);
        }
        let version = words.next().and_then(|word| word.parse::<u32>().ok()).ok_or(SavedError::Changed)?;
        if version > VERSION {
            return Err(SavedError::Newer(version));
        }
        if format!("{first}\n") != header(body) {
            return Err(SavedError::Changed);
        }
        serde_json::from_str(body).map_err(|_| SavedError::Changed)
    }

    /// Returns the addresses that the plan touches.
    pub fn addresses(&self) -> BTreeSet<Address> {
        self.basis.steps.iter().map(|step| step.address.clone()).collect()
    }

    /// Returns what is ours once the plan is applied, where others may have recorded something since it was made.
    pub fn ownership_over(&self, prior: Option<&Applied>) -> Ownership {
        let own = Applied {
            salt: self.ownership.prior.as_ref().map(|prior| prior.salt.clone()).unwrap_or_default(),
            resources: self.ownership.next.clone(),
        };
        let next = match prior {
            Some(prior) => own.rebased(self.ownership.prior.as_ref(), prior),
            None => own,
        };
        Ownership { prior: prior.cloned(), next: next.resources }
    }
}

fn header(body: &str) -> String {
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{MARK} {VERSION} {hash}\n")
}

/// Returns what has moved since a plan was saved, each with what happened to it.
pub fn moved(saved: &Basis, now: &Basis) -> Vec<String> {
    let mut moved: BTreeMap<&str, &str> = BTreeMap::new();
    for (what, then) in &saved.relied {
        let word = match now.relied.get(what) {
            Some(now) if now == then => continue,
            Some(_) if then == ABSENT => "is there now",
            Some(now) if now == ABSENT => "is gone",
            Some(_) => "changed in the tenant",
            // It is named by a step that is none any more; that step says so.
            None => continue,
        };
        moved.insert(what, word);
    }
    let (then, now) = (by_address(saved), by_address(now));
    for (address, steps) in &then {
        let none = Vec::new();
        let today = now.get(address).unwrap_or(&none);
        if steps == today || moved.contains_key(address.as_str()) {
            continue;
        }
        let bare = |steps: &[&StepBasis]| steps.iter().map(|step| (step.action, step.hash.clone())).collect::<Vec<_>>();
        let word = if today.is_empty() {
            "needs nothing any more"
        } else if bare(steps) == bare(today) {
            "would be sent another secret than was planned"
        } else {
            "would be changed otherwise than was planned"
        };
        moved.insert(address.as_str(), word);
    }
    moved.into_iter().map(|(what, word)| format!("{what} {word}")).collect()
}

fn by_address(basis: &Basis) -> BTreeMap<&Address, Vec<&StepBasis>> {
    let mut steps: BTreeMap<&Address, Vec<&StepBasis>> = BTreeMap::new();
    for step in &basis.steps {
        steps.entry(&step.address).or_default().push(step);
    }
    steps
}

/// Returns in what a plan differs from the one that was expected, as far as two fingerprints tell. Empty if they are
/// one; `None` if what was expected is no fingerprint.
pub fn unexpected(expected: &str, now: &str) -> Option<Vec<String>> {
    let (then, today) = (Basis::parts(expected)?, Basis::parts(now)?);
    if expected == now {
        return Some(Vec::new());
    }
    let words = [
        "the files want something else (a secret counts, and so does one that has no value here)",
        "the steps are others",
        "the objects that the steps rely on changed in the tenant",
    ];
    let moved: Vec<String> =
        words.iter().zip(then.iter().zip(today)).filter(|(_, (a, b))| *a != b).map(|(w, _)| (*w).to_owned()).collect();
    Some(if moved.is_empty() { vec!["it leads to another domain".to_owned()] } else { moved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::Action;

    fn saved() -> SavedPlan {
        SavedPlan {
            tool: "1".into(),
            tenant: TenantName("dev".into()),
            domain: Domain("acme.eu.auth0.com".into()),
            sandbox: false,
            commit: None,
            tree: None,
            dirty: false,
            scope: SavedScope::default(),
            consent: Consent::default(),
            promotion: None,
            basis: Basis::default(),
            ownership: Ownership::default(),
            shown: Json::Null,
        }
    }

    #[test]
    fn no_byte_can_change() {
        let text = saved().to_text().unwrap();
        assert!(SavedPlan::read(text.as_bytes()).is_ok());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(SavedPlan::read(&bytes).is_err(), "byte {at}");
            bytes.remove(at);
            assert!(SavedPlan::read(&bytes).is_err(), "without byte {at}");
        }
        assert!(SavedPlan::read(format!("{text} ").as_bytes()).is_err());
        assert_eq!(SavedPlan::read(b"domain: x\n").unwrap_err(), SavedError::NotOne);
        assert_eq!(SavedPlan::read(b"tenantry-saved-plan 7 00\n").unwrap_err(), SavedError::Newer(7));
    }

    fn basis(relied: &[(&str, &str)], hash: &str, secret: &str) -> Basis {
        let step = StepBasis {
            address: Address::typed("things/A"),
            action: Action::Update,
            hash: hash.into(),
            secrets: BTreeMap::from([("key".into(), secret.into())]),
        };
        let relied = relied.iter().map(|(what, hash)| ((*what).to_owned(), (*hash).to_owned())).collect();
        Basis { steps: vec![step], relied, ..Basis::default() }
    }

    #[test]
    fn what_moved_is_said() {
        let then = basis(&[("things/A", "1"), ("things/B", ABSENT)], "x", "s");
        assert!(moved(&then, &then).is_empty());
        let now = basis(&[("things/A", "2"), ("things/B", "3")], "y", "s");
        assert_eq!(moved(&then, &now), ["things/A changed in the tenant", "things/B is there now"]);
        let now = basis(&[("things/A", "1"), ("things/B", ABSENT)], "x", "t");
        assert_eq!(moved(&then, &now), ["things/A would be sent another secret than was planned"]);
        let now = Basis { steps: Vec::new(), ..then.clone() };
        assert_eq!(moved(&then, &now), ["things/A needs nothing any more"]);
    }

    #[test]
    fn two_fingerprints_tell_where_they_differ() {
        let of = |parts: &str| format!("p1-0123456789abcdef0123456789abcdef01234567-{parts}");
        let moved = unexpected(&of("aaaaaa-bbbbbb-cccccc"), &of("aaaaaa-bbbbbb-dddddd")).unwrap();
        assert_eq!(moved, ["the objects that the steps rely on changed in the tenant"]);
        assert_eq!(unexpected("p1", &of("aaaaaa-bbbbbb-cccccc")), None);
    }
}
