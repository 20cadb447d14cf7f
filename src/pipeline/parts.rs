//! Lists of members that the API keeps in parts: which of them a run is about, and how all are read as one list.
//!
//! A plan never reads a part that neither the files nor the record name: there may be thousands.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value as Json, json};

use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::api::request::{PathParams, fill_path};
use crate::catalogue::kind::{List, Parts};
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::desired::{Desired, Manage, Resource};
use crate::model::live::{Live, Reading};
use crate::model::names::RemoteId;
use crate::model::value::Value;
use crate::pipeline::canonical::{self, Names};
use crate::pipeline::read::{Brought, Task, pages};

/// Which parts a plan is about: the names that everything has by the files.
pub(super) struct Named<'a> {
    desired: &'a Desired,
    applied: Option<&'a Applied>,
    names: Names,
}

impl<'a> Named<'a> {
    /// `ids` are those of the objects that resources are.
    pub fn of(
        desired: &'a Desired,
        applied: Option<&'a Applied>,
        ids: &BTreeMap<Address, RemoteId>,
        live: &Live,
    ) -> Self {
        let named = desired.resources.iter().filter_map(|resource| {
            let id = ids.get(&resource.address)?;
            let key = (resource.kind.space().to_owned(), id.0.clone());
            Some((key, (resource.name.clone(), resource.address.clone())))
        });
        Self { desired, applied, names: Names::of(live, &named.collect()) }
    }

    /// Returns the ids of the parts that the files or the record name; `None` where what nobody names is to go too.
    pub fn parts(&self, resource: &Resource, parts: &Parts) -> Option<BTreeSet<String>> {
        if self.desired.settings.policy.manage(resource.kind) == Manage::Exact {
            return None;
        }
        let field = format!("[].{}", parts.by);
        let space = &resource.kind.references.iter().find(|reference| reference.field.to_string() == field)?.space;
        let owned = self.applied.and_then(|applied| applied.resources.get(&resource.address));
        let recorded = owned.and_then(|owned| owned.fields.as_array()).into_iter().flatten();
        let recorded = recorded.filter_map(|member| member.get(&parts.by)?.as_str());
        let wanted = resource.members().iter().filter_map(|member| match member.as_map()?.get(&parts.by)? {
            Value::Reference(reference) => Some(reference.name.as_str()),
            other => other.as_str(),
        });
        let wanted: BTreeSet<&str> = wanted.chain(recorded).collect();
        let ids = self.names.iter().filter(|((of, _), name)| of == space && wanted.contains(name));
        Some(ids.map(|((_, id), _)| id.clone()).collect())
    }
}

/// Reads the parts that a task is about, or all there are, and makes one list of them.
pub(super) async fn read(api: &impl ReadApi, task: &Task, parts: &Parts, list: &List) -> Result<Brought, ApiFailure> {
    let nothing = Brought { objects: Vec::new(), reading: Reading::Complete, requests: 0 };
    let mut requests = 0;
    let mut short = None;
    let ids = match &task.parts {
        Some(ids) => ids.clone(),
        None => {
            let Ok(path) = fill_path(&parts.path, &task.params()) else { return Ok(nothing) };
            let Some(found) = pages(api, &parts.list, path.clone()).await? else { return Ok(nothing) };
            requests += found.requests;
            short = found.short.map(|total| (found.items.len(), total));
            found.items.iter().map(|item| id_of(item, &path)).collect::<Result<_, _>>()?
        }
    };
    let mut running: FuturesUnordered<_> = ids
        .into_iter()
        .filter_map(|id| {
            let key = BTreeMap::from([(parts.by.clone(), id.clone())]);
            let path = fill_path(&task.kind.path, &PathParams { key, ..task.params() }).ok()?;
            Some(async move { (id, path.clone(), pages(api, list, path).await) })
        })
        .collect();
    let mut items: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    while let Some((id, path, found)) = running.next().await {
        let Some(found) = found? else {
            requests += 1;
            continue;
        };
        requests += found.requests;
        short = short.or(found.short.map(|total| (found.items.len(), total)));
        let member = |item: &Json| Ok(json!({ parts.by.clone(): id, parts.item.clone(): id_of(item, &path)? }));
        items.insert(id.clone(), found.items.iter().map(member).collect::<Result<_, ApiFailure>>()?);
    }
    let reading = short.map_or(Reading::Complete, |(got, total)| Reading::Incomplete { got, total });
    let items = items.into_values().flatten().collect();
    let object = canonical::member_list(task.kind, task.parent.clone(), task.key.clone(), items);
    Ok(Brought { objects: vec![object], reading, requests })
}

/// An item without an id would be taken for one that is not there.
fn id_of(item: &Json, path: &str) -> Result<String, ApiFailure> {
    let id = item.get("id").and_then(Json::as_str).map(str::to_owned);
    id.ok_or_else(|| ApiFailure::Transport {
        request: format!("GET {path}"),
        reason: "an item of the answer has no `id`".to_owned(),
    })
}
