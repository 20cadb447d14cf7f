//! What a new tenant holds, from the `seed` of each kind's `[server]` table.

use serde_json::Value as Json;

use super::expand::expand;
use super::objects;
use super::routes;
use super::tenant::Tenant;
use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;

/// Fills a tenant that is empty. Singletons and keyed objects are seeded when they are first asked for.
pub fn fill(tenant: &mut Tenant) {
    // What points at others comes after them: kinds with fewer references first.
    let mut kinds: Vec<&'static Kind> = catalogue().served().filter(|kind| kind.server.seed.is_some()).collect();
    kinds.sort_by_key(|kind| kind.references.iter().filter(|reference| !reference.optional).count());
    for kind in kinds {
        let Some(seed) = &kind.server.seed else { continue };
        match kind.shape {
            Shape::Collection => objects(tenant, kind, seed),
            Shape::Singleton => {
                let document = expand(seed, &Json::Null, &mut tenant.world);
                tenant.store.documents.insert(kind.path.clone(), document);
            }
            Shape::Keyed => documents(tenant, kind, seed),
            _ => {}
        }
    }
}

fn objects(tenant: &mut Tenant, kind: &'static Kind, seed: &Json) {
    for item in seed.as_array().into_iter().flatten() {
        let object = expand(item, &Json::Null, &mut tenant.world);
        // A seed that clashes with another is a mistake in a kind file, which a test of this module finds.
        if objects::insert(tenant, kind, &kind.path, "", object).is_err() {
            debug_assert!(false, "the seed of {} cannot be made", kind.name);
        }
    }
}

/// Keys with paths of their own are written now; those of a template only when somebody writes them.
fn documents(tenant: &mut Tenant, kind: &Kind, seed: &Json) {
    for (name, own) in kind.key_paths.iter().filter(|(_, own)| own.inside.is_none() && !own.path.contains('{')) {
        if let Some(value) = seed.get(name) {
            let document = expand(value, &Json::Null, &mut tenant.world);
            tenant.store.documents.insert(own.path.clone(), document);
        }
    }
    if kind.key_paths.is_empty() && !kind.always {
        let template = kind.object_path();
        for (name, value) in seed.as_object().into_iter().flatten() {
            let key = kind.identity.iter().cloned().zip(name.split(',').map(str::to_owned)).collect();
            let document = expand(value, &Json::Null, &mut tenant.world);
            tenant.store.documents.insert(routes::filled(&template, &key), document);
        }
    }
}
