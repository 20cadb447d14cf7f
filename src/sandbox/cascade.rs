//! What goes with an object when it is deleted: what lies below it, and what exists only to join it to another.

use serde_json::Value as Json;

use super::clients::is_collection_of;
use super::routes;
use super::spot;
use super::store::Store;
use crate::catalogue::kind::{Kind, ReferenceField};
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;

/// Removes what cannot outlive the object that was just taken out of `path`.
pub fn after_delete(store: &mut Store, kind: &Kind, path: &str, id: &str, object: &Json) {
    store.drop_below(&format!("{path}/{id}"));
    for dependent in catalogue().served() {
        for (brace, _) in dependent.server.beside.iter().filter(|(_, of)| **of == kind.name) {
            let lies = |path: &str| {
                routes::keys_of(&dependent.path, path).is_some_and(|key| key.get(brace).is_some_and(|at| at == id))
            };
            store.collections.retain(|path, _| !lies(path));
        }
        for reference in dependent.references.iter().filter(|reference| reference.space == kind.space()) {
            let Some(field) = joining_field(dependent, reference) else { continue };
            let value = if reference.by == "id" {
                Json::String(id.to_owned())
            } else {
                spot::get(object, &reference.by).cloned().unwrap_or_default()
            };
            remove_where(store, dependent, &field, &value);
        }
    }
}

/// Returns the field by which a kind's objects exist only together with what they name: part of their identity, or of a
/// member. An ordinary reference is left dangling, as the API leaves it.
fn joining_field(dependent: &Kind, reference: &ReferenceField) -> Option<String> {
    let field = reference.field.to_string();
    match dependent.shape {
        Shape::Membership => field.strip_prefix("[].").map(str::to_owned),
        Shape::Collection | Shape::Child => dependent.identity.contains(&field).then_some(field),
        _ => None,
    }
}

fn remove_where(store: &mut Store, dependent: &Kind, field: &str, value: &Json) {
    let paths: Vec<String> = match dependent.path.contains('{') {
        false => vec![dependent.path.clone()],
        true => store.collections.keys().filter(|path| is_collection_of(dependent, path)).cloned().collect(),
    };
    for path in paths {
        let Some(collection) = store.collection(&path) else { continue };
        let gone: Vec<String> = collection
            .iter()
            .filter(|(_, item)| spot::get(item, field) == Some(value))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            let object = store.collection_mut(&path).remove(&id, &dependent.server.unique).unwrap_or_default();
            if dependent.shape != Shape::Membership {
                after_delete(store, dependent, &path, &id, &object);
            }
        }
    }
}
