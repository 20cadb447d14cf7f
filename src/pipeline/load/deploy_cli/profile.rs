//! What a project's settings say, for whoever writes the project down in another form.
//!
//! Holds the mappings' values, which may be secret: no `Debug`, and nothing here makes a message of one.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::layout;
use super::project::mappings;
use super::settings::{self, ConfigText, Settings};
use crate::model::diagnostic::Diagnostics;
use crate::pipeline::keywords::Mappings;

/// The settings that say how to log in, with the key of the same thing in a tenant's file.
const CREDENTIALS: [(&str, &str); 6] = [
    ("AUTH0_CLIENT_ID", "client_id"),
    ("AUTH0_CLIENT_SECRET", "client_secret"),
    ("AUTH0_CLIENT_SIGNING_KEY_PATH", "private_key"),
    ("AUTH0_CLIENT_SIGNING_ALGORITHM", "signing_algorithm"),
    ("AUTH0_ACCESS_TOKEN", "access_token"),
    ("AUTH0_AUDIENCE", "audience"),
];
/// Settings that decide which files are read, and so must be the same for all tenants of a workspace.
const PATHS: [&str; 2] = ["AUTH0_BASE_PATH", "AUTH0_CONNECTIONS_DIRECTORY"];
/// What a run of the Deploy CLI may hold in its environment besides the settings of its file.
const DOMAIN: &str = "AUTH0_DOMAIN";

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    File,
    Environment,
}

/// One tenant's settings.
pub struct Profile {
    pub mappings: Mappings,
    /// Key of a tenant's `credentials` -> where the setting comes from.
    pub credentials: BTreeMap<&'static str, Given>,
    /// Settings that name paths, by name.
    pub paths: BTreeMap<&'static str, String>,
    /// Whether deletions are allowed.
    pub deletes: bool,
    /// Names of settings that the environment gave.
    pub overridden: BTreeSet<&'static str>,
    /// The file names another domain than the environment.
    pub has_two_domains: bool,
    excluded: BTreeSet<String>,
    only: BTreeSet<String>,
}

impl Profile {
    /// Reads the settings; what is wrong with them is for the loader to say.
    pub fn of(config: &ConfigText, environment: &BTreeMap<String, String>) -> Self {
        let read = |environment| settings::read(Some(config), environment, &mut Diagnostics::default());
        let (settings, file) = (read(environment), read(&BTreeMap::new()));
        let given = |name: &str| match settings.get(name)?.place() {
            Some(_) => Some(Given::File),
            None => Some(Given::Environment),
        };
        let credentials = CREDENTIALS.iter().filter(|(name, _)| settings.text(name).is_some());
        let names = |list: &str| settings.names(list).into_iter().map(|(name, _)| name.to_owned()).collect();
        let known = settings::known().keys().map(String::as_str);
        Self {
            mappings: mappings(&settings),
            credentials: credentials.filter_map(|(name, key)| Some((*key, given(name)?))).collect(),
            paths: PATHS.iter().filter_map(|name| Some((*name, settings.text(name)?.to_owned()))).collect(),
            deletes: settings.flag("AUTH0_ALLOW_DELETE"),
            overridden: known.filter(|name| given(name) == Some(Given::Environment)).collect(),
            has_two_domains: differs(&settings, &file),
            excluded: names("AUTH0_EXCLUDED"),
            only: names("AUTH0_INCLUDED_ONLY"),
        }
    }

    /// Returns the types that this tenant leaves out.
    pub fn unused(&self) -> BTreeSet<&'static str> {
        let is_used = |key: &str| !self.excluded.contains(key) && (self.only.is_empty() || self.only.contains(key));
        layout().keys().filter(|key| !is_used(key)).collect()
    }
}

fn differs(settings: &Settings, file: &Settings) -> bool {
    file.text(DOMAIN).is_some_and(|domain| settings.text(DOMAIN) != Some(domain))
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
