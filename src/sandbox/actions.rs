//! Actions: a change is a draft until it is built and deployed, and only what is deployed can be bound.

use serde_json::{Map, Value as Json, json};

use super::answer::{self, Moment};
use super::refusal::Refusal;
use super::routes::Found;
use super::store::Store;
use super::tenant::{Answer, Tenant};
use super::{check, lists, objects, spot};
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::table::catalogue;

/// What of an action its deployed version holds.
const VERSION_FIELDS: [&str; 5] = ["code", "dependencies", "secrets", "runtime", "supported_triggers"];

/// Ends a build: whoever asks finds it built. Before that it is pending, and cannot be deployed.
pub fn settle(tenant: &mut Tenant, kind: &Kind, path: &str, id: &str) {
    if kind.has(Quirk::BuildThenDeploy)
        && let Some(action) = tenant.store.collection_mut(path).get_mut(id)
    {
        spot::put(action, "status", &json!("built"));
    }
}

/// Ends the builds of a whole list.
pub fn settle_all(tenant: &mut Tenant, kind: &Kind, path: &str) {
    if kind.has(Quirk::BuildThenDeploy) {
        for action in tenant.store.collection_mut(path).values_mut() {
            spot::put(action, "status", &json!("built"));
        }
    }
}

/// A change makes a draft again. A secret that is sent without a value keeps the one it has.
pub fn before_update(kind: &Kind, old: &Json, body: &mut Map<String, Json>) {
    let draft = kind.has(Quirk::BuildThenDeploy);
    if !draft && !kind.has(Quirk::PublishVersion) {
        return;
    }
    if draft {
        body.insert("status".to_owned(), json!("pending"));
        body.insert("all_changes_deployed".to_owned(), json!(false));
    } else {
        body.insert("all_changes_published".to_owned(), json!(false));
    }
    let Some(Json::Array(secrets)) = body.get_mut("secrets") else { return };
    for secret in secrets {
        let name = secret.get("name").cloned().unwrap_or_default();
        let known = old
            .get("secrets")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .find(|known| known.get("name") == Some(&name));
        if let Some(value) = known.and_then(|known| known.get("value")) {
            spot::fill(secret, "value", value);
        }
    }
}

/// Refuses to delete an action that is bound, unless forced; then its bindings go with it.
pub fn before_delete(tenant: &mut Tenant, kind: &Kind, id: &str, force: bool) -> Result<(), Refusal> {
    if !kind.has(Quirk::BuildThenDeploy) {
        return Ok(());
    }
    let Some(triggers) = catalogue().kinds().find(|kind| kind.has(Quirk::BindingRefs)) else { return Ok(()) };
    let bound: Vec<(String, String)> = tenant
        .store
        .collections
        .iter()
        .filter(|(path, _)| super::routes::keys_of(&triggers.path, path).is_some())
        .flat_map(|(path, bindings)| bindings.iter().map(move |(binding, value)| (path, binding, value)))
        .filter(|(_, _, binding)| binding.get("action").and_then(Json::as_str) == Some(id))
        .map(|(path, binding, _)| (path.clone(), binding.clone()))
        .collect();
    if !bound.is_empty() && !force {
        return Err(Refusal::new(400, "", "The action is bound to a trigger and cannot be deleted"));
    }
    for (path, binding) in bound {
        tenant.store.collection_mut(&path).remove(&binding, &[]);
    }
    Ok(())
}

/// Deploys an action: makes its draft the version that runs.
pub fn deploy(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let mut action = tenant.store.object(&path, &id).cloned().ok_or_else(|| Refusal::missing(kind))?;
    if action.get("status") != Some(&json!("built")) {
        return Err(Refusal::new(400, "", "The action must be built before it can be deployed"));
    }
    let number = spot::get(&action, "deployed_version.number").and_then(Json::as_u64).unwrap_or(0) + 1;
    let now = tenant.world.timestamp(9);
    let mut version = Map::new();
    for field in VERSION_FIELDS {
        version.insert(field.to_owned(), action.get(field).cloned().unwrap_or_else(|| json!([])));
    }
    let version_id = tenant.world.dice.id("{uuid}");
    for (field, value) in [
        ("id", json!(version_id)),
        ("deployed", json!(true)),
        ("number", json!(number)),
        ("built_at", json!(now)),
        ("status", json!("built")),
        ("created_at", json!(now)),
        ("updated_at", json!(now)),
    ] {
        version.insert(field.to_owned(), value);
    }
    let current = json!({
        "id": version_id, "code": action.get("code"), "runtime": action.get("runtime"), "status": "BUILT", "number": number,
        "build_time": now, "created_at": now, "updated_at": now,
    });
    spot::put(&mut action, "current_version", &current);
    spot::put(&mut action, "deployed_version", &Json::Object(version.clone()));
    spot::put(&mut action, "all_changes_deployed", &json!(true));
    tenant.store.collection_mut(&path).insert(id.clone(), action, &kind.server.unique);
    // The answer is given before the version runs.
    version.insert("deployed".to_owned(), json!(false));
    version.shift_remove("built_at");
    let brief = tenant
        .store
        .object(&path, &id)
        .map(|action| brief(&answer::show(&tenant.store, kind, &id, action, Moment::Read), false));
    version.insert("action".to_owned(), brief.unwrap_or_default());
    let shown = without_values(&Json::Object(version.clone()));
    version.insert("deployed".to_owned(), json!(true));
    tenant.store.collection_mut(&format!("{path}/{id}/versions")).insert(version_id, Json::Object(version), &[]);
    Ok(Response::new(200, shown))
}

/// What other answers show of an action.
fn brief(shown: &Json, with_versions: bool) -> Json {
    let mut map = Map::new();
    for field in ["id", "name", "supported_triggers", "created_at", "updated_at"] {
        map.insert(field.to_owned(), shown.get(field).cloned().unwrap_or_default());
    }
    if with_versions {
        for field in ["current_version", "deployed_version"] {
            map.extend(shown.get(field).map(|version| (field.to_owned(), version.clone())));
        }
    }
    map.insert("all_changes_deployed".to_owned(), json!(false));
    Json::Object(map)
}

/// Publishes a module: its draft becomes the next version.
pub fn publish(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let mut module = tenant.store.object(&path, &id).cloned().ok_or_else(|| Refusal::missing(kind))?;
    let versions = format!("{path}/{id}/versions");
    let number = tenant.store.collection(&versions).map_or(0, super::store::Collection::len) + 1;
    let version_id = tenant.world.dice.id("{uuid}");
    let now = tenant.world.timestamp(6);
    let version = json!({
        "id": version_id, "module_id": id, "version_number": number, "code": module.get("code"),
        "secrets": module.get("secrets"), "dependencies": module.get("dependencies"), "created_at": now,
    });
    let mut latest = version.clone();
    spot::remove(&mut latest, "module_id");
    spot::put(&mut module, "latest_version", &latest);
    spot::put(&mut module, "all_changes_published", &json!(true));
    tenant.store.collection_mut(&path).insert(id, module, &kind.server.unique);
    let shown = without_values(&version);
    tenant.store.collection_mut(&versions).insert(version_id, version, &[]);
    Ok(Response::new(200, shown))
}

/// Lists the versions of an action or a module, newest first.
pub fn versions(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let mut all: Vec<(&str, &Json)> = tenant
        .store
        .collection(&format!("{path}/{id}/versions"))
        .into_iter()
        .flat_map(|versions| versions.iter())
        .map(|(id, version)| (id.as_str(), version))
        .collect();
    all.reverse();
    let mut response = lists::answer(kind, all.into_iter(), request, &|(_, version)| without_values(version))?;
    // The list is named for the versions, not for the modules.
    if let (Json::Object(map), Some(list)) = (&mut response.body, &kind.list)
        && let Some(items) = map.shift_remove(&list.items)
    {
        map.insert("versions".to_owned(), items);
    }
    Ok(response)
}

/// Reads one version of an action or a module.
pub fn version(tenant: &mut Tenant, found: &Found) -> Answer {
    let (kind, path, id) = objects::locate(&tenant.store, found)?;
    let version = tenant.store.object(&format!("{path}/{id}/versions"), found.param("version"));
    version.map(|version| Response::new(200, without_values(version))).ok_or_else(|| Refusal::missing(kind))
}

fn without_values(version: &Json) -> Json {
    let mut shown = version.clone();
    spot::remove(&mut shown, "secrets[].value");
    shown
}

/// Adds to an action's modules what the server knows of them: their names and the numbers of their versions.
pub fn fill_modules(store: &Store, kind: &Kind, shown: &mut Json) {
    if !kind.has(Quirk::ModuleByName) {
        return;
    }
    let Some(modules) = catalogue().kinds().find(|kind| kind.has(Quirk::PublishVersion)) else { return };
    let Some(Json::Array(used)) = shown.get_mut("modules") else { return };
    for item in used {
        let Some(id) = item.get("module_id").and_then(Json::as_str).map(str::to_owned) else { continue };
        if let Some(name) = store.object(&modules.path, &id).and_then(|module| module.get("name")) {
            spot::put(item, "module_name", name);
        }
        let version = item.get("module_version_id").and_then(Json::as_str).unwrap_or_default();
        if let Some(version) = store.object(&format!("{}/{id}/versions", modules.path), version) {
            spot::put(item, "module_version_number", version.get("version_number").unwrap_or(&Json::Null));
        }
    }
}

/// Binds actions to a trigger: the list that is sent is the list from now on.
pub fn bind(tenant: &mut Tenant, found: &Found, request: &Request) -> Answer {
    let kind = found.kind();
    let path = found.fill(&kind.path);
    let trigger = found.params.values().next().cloned().unwrap_or_default();
    let body = check::object(request)?;
    let given = body.get("bindings").and_then(Json::as_array);
    let given = given.ok_or_else(|| Refusal::payload("Missing required property: bindings", None))?;
    let Some(actions) = catalogue().kinds().find(|kind| kind.has(Quirk::BuildThenDeploy)) else {
        return Err(Refusal::no_route());
    };
    let mut bindings = Vec::new();
    for item in given {
        let reference = |field: &str| spot::get(item, field).and_then(Json::as_str).unwrap_or_default();
        let (by, value) = (reference("ref.type"), reference("ref.value"));
        let collection = tenant.store.collection(&actions.path);
        let named = |name: &str| collection.and_then(|c| c.find("name", &json!(name)));
        let action = match by {
            "action_id" => collection.and_then(|c| c.get(value)).map(|action| (value.to_owned(), action)),
            "action_name" => named(value).map(|(id, action)| (id.clone(), action)),
            _ => return Err(Refusal::payload(&format!("No enum match for: {by}"), Some("bindings[].ref.type"))),
        };
        let (id, action) = action.ok_or_else(|| Refusal::missing(actions))?;
        if spot::get(action, "deployed_version.deployed") != Some(&json!(true)) {
            return Err(Refusal::new(409, "", "An action must be deployed before it can be bound to a trigger"));
        }
        let supported = action.get("supported_triggers").and_then(Json::as_array).into_iter().flatten();
        if !supported.into_iter().any(|supported| supported.get("id") == Some(&json!(trigger))) {
            return Err(Refusal::new(400, "", format!("The action does not support the trigger {trigger}")));
        }
        let name = action.get("name").cloned().unwrap_or_default();
        bindings.push((id, item.get("display_name").cloned().unwrap_or(name)));
    }
    tenant.store.collections.remove(&path);
    let mut shown = Vec::new();
    for (action, display_name) in bindings {
        let now = tenant.world.timestamp(9);
        let id = tenant.world.dice.id("{uuid}");
        let made = json!({
            "id": id, "trigger_id": trigger, "action": action, "created_at": now, "updated_at": now, "display_name": display_name,
        });
        shown.push(binding(&tenant.store, kind, &made));
        tenant.store.collection_mut(&path).insert(id, made, &[]);
    }
    Ok(Response::new(200, json!({"bindings": shown})))
}

/// Shows a binding with the action in it.
pub fn binding(store: &Store, _kind: &Kind, stored: &Json) -> Json {
    let mut shown = stored.clone();
    let actions = catalogue().kinds().find(|kind| kind.has(Quirk::BuildThenDeploy));
    let id = stored.get("action").and_then(Json::as_str).unwrap_or_default();
    if let Some((kind, action)) = actions.and_then(|kind| Some((kind, store.object(&kind.path, id)?))) {
        spot::put(&mut shown, "action", &brief(&answer::show(store, kind, id, action, Moment::Read), true));
    }
    shown
}
