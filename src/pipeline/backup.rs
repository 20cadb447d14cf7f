//! A tenant in one file, and that file as a wish: everything readable, what nobody manages included.
//!
//! A backup is an export whose files stand in one, with the ids that the objects had. It holds no secret. Restoring
//! one creates and changes and never deletes an object; what the tenant itself would have to remember (secrets, ids)
//! is left out and named.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::desired::{Desired, Excluded, Manage, Policy, TenantSettings};
use crate::model::diagnostic::{Diagnostics, Severity};
use crate::model::document::SourceTexts;
use crate::model::live::Live;
use crate::model::names::{Domain, TenantName};
use crate::model::value::Value;
use crate::pipeline::canonical::Names;
use crate::pipeline::export::{ExportError, ExportOptions, Format, export};
use crate::pipeline::load::native::{GivenVariables, NativeOptions, load_native};
use crate::pipeline::resolve::resolve;
use crate::pipeline::scope::Scope;
use crate::pipeline::tree::MemoryTree;

const FORMAT: &str = "tenantry-backup";
const VERSION: u32 = 1;
/// What the tenant is called inside a backup.
const TENANT: &str = "backup";

/// One tenant at one time.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    format: String,
    version: u32,
    pub domain: Domain,
    /// When it was made.
    pub at: String,
    /// The version that made it.
    pub tool: String,
    /// What could not be read or said.
    pub missing: Vec<String>,
    /// The ids that the objects had: one that is still there is known by it, whatever its name is by then.
    pub ids: BTreeMap<Address, String>,
    /// A workspace: path -> text.
    files: BTreeMap<String, String>,
}

/// Why a file is no backup that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("it is no backup of tenantry: {0}")]
    Foreign(String),
    #[error("a newer tenantry made it (format {0})")]
    Newer(u32),
}

/// What a restore wants, and what it cannot bring back.
#[derive(Debug)]
pub struct Restoration {
    pub desired: Desired,
    pub found: Diagnostics,
    pub sources: SourceTexts,
    /// The ids that the objects had.
    pub ids: BTreeMap<Address, String>,
}

/// An object that is created again.
#[derive(Debug)]
pub struct NewId {
    pub address: Address,
    /// What hung on the old one and does not come back.
    pub without: Option<String>,
}

impl Backup {
    /// Makes a backup of what was read.
    ///
    /// # Errors
    /// What cannot be written at all.
    pub fn of(live: &Live, domain: &Domain, at: String) -> Result<(Self, Diagnostics), ExportError> {
        let options = ExportOptions {
            format: Format::Workspace,
            tenant: TenantName(TENANT.to_owned()),
            domain: domain.clone(),
            only: Vec::new(),
            exclude: Vec::new(),
        };
        let (files, found) = export(live, &options)?;
        let names = Names::of(live, &BTreeMap::new());
        let ids = live.objects.iter().filter_map(|object| Some((names.address_of(object), object.id.clone()?.0)));
        let files = files.into_iter().map(|file| (file.path, String::from_utf8_lossy(&file.bytes).into_owned()));
        let backup = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            domain: domain.clone(),
            at,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            missing: found.0.iter().map(|finding| finding.summary.clone()).collect(),
            ids: ids.collect(),
            files: files.collect(),
        };
        Ok((backup, found))
    }

    /// Returns how many objects with an id it knows.
    pub fn objects(&self) -> usize {
        self.ids.len()
    }

    /// Returns the bytes to write.
    ///
    /// # Errors
    /// If they cannot be made, which ought to be impossible: nothing is written then.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a backup.
    ///
    /// # Errors
    /// If it is none, or of a format that this version does not know.
    pub fn read(bytes: &[u8]) -> Result<Self, BackupError> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let foreign = |error: serde_json::Error| BackupError::Foreign(format!("line {}", error.line()));
        let head: Head = serde_json::from_slice(bytes).map_err(foreign)?;
        if head.format != FORMAT {
            return Err(BackupError::Foreign("its format is another".to_owned()));
        }
        if head.version > VERSION {
            return Err(BackupError::Newer(head.version));
        }
        serde_json::from_slice(bytes).map_err(foreign)
    }

    /// Turns it into what is wanted of the tenant that `settings` names: nothing is excluded, no object is deleted.
    /// `None` if the files in it cannot be used; the findings say why.
    pub fn desired(&self, settings: &TenantSettings) -> Result<Restoration, (Diagnostics, SourceTexts)> {
        let tree =
            MemoryTree(self.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect());
        let loaded =
            load_native(&tree, &GivenVariables::default(), &TenantName(TENANT.to_owned()), &NativeOptions::default());
        let mut found = loaded.findings;
        let Some(mut documents) = loaded.documents else { return Err((found, SourceTexts::new())) };
        let policy = Policy { manage: Manage::Additive, manage_kinds: BTreeMap::new(), ..settings.policy.clone() };
        documents.settings = TenantSettings {
            project: None,
            policy,
            bind: documents.settings.bind,
            external: documents.settings.external,
            excluded: Excluded::default(),
            deploy_cli: false,
            ..settings.clone()
        };
        let (desired, more) = resolve(&documents, &Scope::default(), false);
        found.extend(more);
        // What the tenant holds is as it is: only what keeps it from being restored is worth saying.
        found.0.retain(|finding| finding.severity == Severity::Error);
        match found.has_errors() {
            true => Err((found, documents.files)),
            false => Ok(Restoration { desired, found, sources: documents.files, ids: self.ids.clone() }),
        }
    }
}

impl Restoration {
    /// Takes out what cannot come back to objects that are not in the tenant any more, and returns it: addresses that
    /// will have new ids, each with what hung on the old one, and the secrets that the tenant does not have.
    pub fn leave_out_what_is_lost(&mut self, live: &Live) -> (Vec<NewId>, Vec<String>) {
        let names = Names::of(live, &BTreeMap::new());
        let present: BTreeSet<Address> = live.objects.iter().map(|object| names.address_of(object)).collect();
        let there: BTreeSet<(&str, &str)> = live
            .objects
            .iter()
            .filter_map(|object| Some((object.kind.name.as_str(), object.id.as_ref()?.0.as_str())))
            .collect();
        let ids: BTreeSet<&str> = there.iter().map(|(_, id)| *id).collect();
        let bind = &mut self.desired.settings.bind;
        // What is still there is the same object, whatever somebody has called it since.
        let with_id = self.desired.resources.iter().filter(|resource| resource.kind.shape == Shape::Collection);
        for resource in with_id {
            let known = self.ids.get(&resource.address);
            if let Some(id) = known.filter(|id| there.contains(&(resource.kind.name.as_str(), id.as_str()))) {
                bind.entry(resource.address.as_str().to_owned()).or_insert_with(|| id.clone());
            }
        }
        let bound: BTreeSet<Address> = bind
            .iter()
            .filter(|(_, id)| ids.contains(id.as_str()))
            .map(|(address, _)| Address::typed(address))
            .collect();
        bind.retain(|_, id| ids.contains(id.as_str()));
        let (mut anew, mut secrets) = (Vec::new(), Vec::new());
        for resource in &mut self.desired.resources {
            let address = &resource.address;
            if present.contains(address) || bound.iter().any(|bound| address.is_within(bound)) {
                continue;
            }
            if resource.kind.id.is_some() {
                anew.push(NewId { address: address.clone(), without: resource.kind.carries.clone() });
            }
            let mut lost = |path: String| secrets.push(format!("{address}:{path}"));
            resource.body.retain(|field, value| without_secrets(value, field, &mut lost));
        }
        (anew, secrets)
    }
}

/// Takes secrets out of a value; an item of a list that has one goes as a whole. Says whether the value itself stays.
fn without_secrets(value: &mut Value, path: &str, lost: &mut dyn FnMut(String)) -> bool {
    let below = |word: &str| if path.is_empty() { word.to_owned() } else { format!("{path}.{word}") };
    match value {
        Value::Secret(_) => {
            lost(path.to_owned());
            false
        }
        Value::Map(map) => {
            let had = !map.is_empty();
            map.retain(|key, value| without_secrets(value, &below(key), lost));
            !had || !map.is_empty()
        }
        Value::List(list) => {
            list.retain(|item| {
                let mut has = false;
                item.secrets(&mut |secret| {
                    has = true;
                    lost(secret.name.clone());
                });
                !has
            });
            true
        }
        Value::Template(_) => {
            let mut has = false;
            value.secrets(&mut |_| has = true);
            if has {
                lost(path.to_owned());
            }
            !has
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_backup_is_told_and_quoted_nowhere() {
        for text in ["", "{}", "[1]", r#"{"format": "tenantry-plan", "version": 1}"#, "hush: 1"] {
            let error = Backup::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("it is no backup") && !error.contains("hush"), "{error}");
        }
        let newer = Backup::read(br#"{"format": "tenantry-backup", "version": 9}"#).unwrap_err();
        assert!(matches!(newer, BackupError::Newer(9)));
    }
}
