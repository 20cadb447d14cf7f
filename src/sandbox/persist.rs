//! A tenant as text and back. The format has a version; a newer one is refused, not misread.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::clients::is_collection_of;
use super::events::Events;
use super::expand::World;
use super::ids::Dice;
use super::store::{Collection, Store};
use super::tenant::Tenant;
use crate::catalogue::table::catalogue;

/// The version of the format that this program writes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    domain: String,
    own_client: String,
    now: i64,
    dice: Dice,
    collections: BTreeMap<String, IndexMap<String, Json>>,
    documents: BTreeMap<String, Json>,
    #[serde(default)]
    events: Events,
}

/// Why a text is not a tenant.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    #[error("it is not a sandbox tenant: {0}")]
    Damaged(#[from] serde_json::Error),
    #[error("it has the format {0}, and this version of tenantry reads up to {FORMAT}")]
    Newer(u32),
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl Tenant {
    /// Writes everything that the tenant is, secrets included.
    pub fn to_json(&self) -> String {
        let collections =
            self.store.collections.iter().filter(|(_, collection)| !collection.is_empty()).map(|(path, collection)| {
                (path.clone(), collection.iter().map(|(id, object)| (id.clone(), object.clone())).collect())
            });
        let kept = Kept {
            format: FORMAT,
            domain: self.world.domain.clone(),
            own_client: self.world.own_client.clone(),
            now: self.world.now,
            dice: self.world.dice.clone(),
            collections: collections.collect(),
            documents: self.store.documents.clone(),
            events: self.events.clone(),
        };
        // Maps with text keys and JSON values always have a text.
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Reads what [`Tenant::to_json`] wrote.
    ///
    /// # Errors
    /// If the text is something else, or of a newer format.
    pub fn from_json(text: &str) -> Result<Self, PersistError> {
        let FormatOnly { format } = serde_json::from_str(text)?;
        if format > FORMAT {
            return Err(PersistError::Newer(format));
        }
        let kept: Kept = serde_json::from_str(text)?;
        let mut store = Store { documents: kept.documents, ..Store::default() };
        for (path, objects) in kept.collections {
            let unique = catalogue()
                .served()
                .find(|kind| is_collection_of(kind, &path))
                .map(|kind| kind.server.unique.as_slice());
            let mut collection = Collection::default();
            for (id, object) in objects {
                collection.insert(id, object, unique.unwrap_or_default());
            }
            store.collections.insert(path, collection);
        }
        let world = World { domain: kept.domain, own_client: kept.own_client, now: kept.now, dice: kept.dice };
        Ok(Self { world, store, events: kept.events, acting: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::{Method, Request};
    use serde_json::json;

    #[test]
    fn a_tenant_survives_being_kept() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        tenant.send(&Request::new(Method::Post, "/roles".into(), Some(json!({"name": "Kept"}))));
        let mut again = Tenant::from_json(&tenant.to_json()).unwrap();
        let list = Request::new(Method::Get, "/roles".into(), None);
        assert_eq!(tenant.send(&list).body, again.send(&list).body);
        let next = Request::new(Method::Post, "/roles".into(), Some(json!({"name": "Next"})));
        assert_eq!(tenant.send(&next).body, again.send(&next).body, "ids go on where they were");
        assert!(matches!(Tenant::from_json(r#"{"format": 99}"#), Err(PersistError::Newer(99))));
        assert!(Tenant::from_json("[]").is_err());
    }
}
