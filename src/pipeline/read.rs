//! One kind, read: a list with all its pages, a single object, or what stands in another kind's object.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value as Json;

use crate::api::failure::ApiFailure;
use crate::api::paging::{Cursor, Next};
use crate::api::port::{Get, ReadApi};
use crate::api::request::{PathParams, fill_path, read};
use crate::api::response::Response;
use crate::catalogue::kind::{Kind, List};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::model::desired::Resource;
use crate::model::live::{Live, Object, Reading};
use crate::model::names::RemoteId;
use crate::pipeline::{canonical, parts};

/// One thing to read: a list or a single object.
pub(super) struct Task {
    pub kind: &'static Kind,
    pub parent: Option<RemoteId>,
    pub key: BTreeMap<String, String>,
    /// Of a list that is kept in parts only these, by id.
    pub parts: Option<BTreeSet<String>>,
}

/// What a task brought.
pub(super) struct Brought {
    pub objects: Vec<Object>,
    pub reading: Reading,
    pub requests: usize,
}

/// Returns the name under which a reading is kept (see [`Live::readings`]).
pub fn reading_name(kind: &Kind, parent: Option<&RemoteId>, key: Option<&str>) -> String {
    let parent = parent.map(|id| format!("@{id}")).unwrap_or_default();
    let key = key.map(|key| format!("#{key}")).unwrap_or_default();
    format!("{}{parent}{key}", kind.name)
}

/// Says why nothing true is known of what a resource is in the tenant; `parent` is what it lies in there.
pub fn unreadable(resource: &Resource, parent: Option<&RemoteId>, live: &Live) -> Option<String> {
    let of = |parent, key| live.readings.get(&reading_name(resource.kind, parent, key));
    let name = Some(resource.name.as_str());
    let reading =
        of(parent, name).or_else(|| of(parent, None)).or_else(|| of(None, name)).or_else(|| of(None, None))?;
    match reading {
        Reading::Complete => None,
        Reading::Refused { status, reason, .. } => {
            Some(format!("{} cannot be read: {status} {reason}", resource.kind.name))
        }
        Reading::Incomplete { got, total } => {
            Some(format!("{} could only be read in part: {got} of {total}", resource.kind.name))
        }
    }
}

impl Task {
    pub fn label(&self) -> String {
        let parent = self.parent.as_ref().map_or("", |id| id.0.as_str());
        format!("{}@{parent}@{}", self.kind.name, self.kind.name_of_key(&self.key))
    }

    pub fn of(kind: &'static Kind, parent: Option<RemoteId>, key: BTreeMap<String, String>) -> Self {
        Self { kind, parent, key, parts: None }
    }

    /// The name of its reading: the kind, and for nested ones the parent's id. One of some parts is not one of the list.
    pub fn reading_name(&self) -> String {
        let key = (!self.key.is_empty() || self.parts.is_some()).then(|| self.kind.name_of_key(&self.key));
        reading_name(self.kind, self.parent.as_ref(), key.as_deref())
    }

    pub(super) fn params(&self) -> PathParams {
        PathParams {
            parent: self.parent.as_ref().map(|id| id.0.clone()),
            key: self.key.clone(),
            ..PathParams::default()
        }
    }
}

pub(super) async fn read_group(api: &impl ReadApi, tasks: &[Task]) -> Result<Brought, ApiFailure> {
    let Some(task) = tasks.first() else {
        return Ok(Brought { objects: Vec::new(), reading: Reading::Complete, requests: 0 });
    };
    let result = if task.kind.has(Quirk::GlobalClientPage) && task.kind.key_path(&task.key).is_some_and(is_global) {
        global_page(api, task).await
    } else if task.kind.list.is_some() {
        list(api, tasks).await
    } else {
        single(api, task).await
    };
    match result {
        Err(ApiFailure::Status { status, error_code, message, request_id, .. })
            if matches!(status, 400 | 403 | 404) =>
        {
            let reason = error_code.map_or(message.clone(), |code| format!("{code}: {message}"));
            Ok(Brought { objects: Vec::new(), reading: Reading::Refused { status, reason, request_id }, requests: 1 })
        }
        other => other,
    }
}

fn is_global(own: &crate::catalogue::kind::KeyPath) -> bool {
    own.path.contains("{global}")
}

/// The classic login page lives on the one client that `is_global=true` lists.
async fn global_page(api: &impl ReadApi, task: &Task) -> Result<Brought, ApiFailure> {
    let path = task.kind.key_path(&task.key).map_or("", |own| own.path.as_str());
    let get = Get {
        path: path.trim_end_matches("/{global}").to_owned(),
        query: vec![("is_global".to_owned(), "true".to_owned())],
    };
    let answer = api.get(&get).await?.body;
    let client = match answer {
        Json::Array(items) => items.into_iter().next(),
        Json::Object(map) => map.values().find_map(|value| value.as_array()?.first().cloned()),
        _ => None,
    };
    let objects = client
        .map(|client| {
            let id = client.get("client_id").and_then(Json::as_str).map(|id| RemoteId(id.to_owned()));
            let mut object = canonical::object(task.kind, None, task.key.clone(), client);
            object.id = id;
            object
        })
        .into_iter()
        .collect();
    Ok(Brought { objects, reading: Reading::Complete, requests: 1 })
}

/// Reads the objects of one kind alone: all of a list, or the one of this key.
///
/// # Errors
/// If the tenant refuses or does not answer.
pub async fn objects_of(
    api: &impl ReadApi,
    kind: &'static Kind,
    parent: Option<RemoteId>,
    key: BTreeMap<String, String>,
) -> Result<Vec<Object>, ApiFailure> {
    let key = if kind.list.is_some() { BTreeMap::new() } else { key };
    let task = Task::of(kind, parent, key);
    let brought = match kind.list.is_some() {
        true => list(api, &[task]).await?,
        false => single(api, &task).await?,
    };
    Ok(brought.objects)
}

/// A list, read to its end.
pub(super) struct Pages {
    pub items: Vec<Json>,
    /// How many there should be, where some are missing.
    pub short: Option<usize>,
    pub requests: usize,
}

/// Reads a list. `None`: what it hangs on is not there, which is a state like any other for lists that may be absent.
pub(super) async fn pages(api: &impl ReadApi, list: &List, path: String) -> Result<Option<Pages>, ApiFailure> {
    let (mut cursor, get) = Cursor::of(list, path);
    let mut requests = 1;
    let Some(first) = unless_absent(list, api.get(&get).await)? else { return Ok(None) };
    let mut next = cursor.accept(&first)?;
    while let Next::Pages(pages) = next {
        requests += pages.len();
        let mut answers: Vec<(usize, _)> = pages
            .iter()
            .enumerate()
            .map(|(position, page)| async move { (position, api.get(page).await) })
            .collect::<FuturesUnordered<_>>()
            .collect()
            .await;
        answers.sort_by_key(|(position, _)| *position);
        next = Next::Done;
        for (_, answer) in answers {
            next = cursor.accept(&answer?)?;
        }
    }
    let (items, short) = cursor.finish();
    Ok(Some(Pages { items, short, requests }))
}

fn unless_absent(list: &List, answer: Result<Response, ApiFailure>) -> Result<Option<Response>, ApiFailure> {
    match answer {
        Err(failure) if failure.status() == Some(404) && list.optional => Ok(None),
        answer => answer.map(Some),
    }
}

async fn list(api: &impl ReadApi, tasks: &[Task]) -> Result<Brought, ApiFailure> {
    let nothing = |requests| Ok(Brought { objects: Vec::new(), reading: Reading::Complete, requests });
    let Some((task, list)) = tasks.first().and_then(|task| Some((task, task.kind.list.as_ref()?))) else {
        return nothing(0);
    };
    let membership = task.kind.membership.as_ref();
    if let Some(parts) = membership.and_then(|membership| membership.parts.as_ref()) {
        return parts::read(api, task, parts, list).await;
    }
    let Ok(path) = fill_path(&task.kind.path, &task.params()) else { return nothing(0) };
    if membership.is_some_and(|membership| membership.map_value.is_some()) {
        let (_, get) = Cursor::of(list, path);
        let Some(answer) = unless_absent(list, api.get(&get).await)? else { return nothing(1) };
        let object = canonical::member_map(task.kind, task.parent.clone(), answer.body);
        return Ok(Brought { objects: vec![object], reading: Reading::Complete, requests: 1 });
    }
    let Some(Pages { items, short, requests }) = pages(api, list, path).await? else { return nothing(1) };
    let reading = match short {
        Some(total) => Reading::Incomplete { got: items.len(), total },
        None => Reading::Complete,
    };
    let mut objects = Vec::new();
    for task in tasks {
        if task.kind.shape == Shape::Membership {
            objects.push(canonical::member_list(task.kind, task.parent.clone(), task.key.clone(), items.clone()));
            continue;
        }
        for item in items.iter().filter(|item| canonical::belongs(task.kind, item)) {
            objects.push(canonical::object(task.kind, task.parent.clone(), BTreeMap::new(), item.clone()));
        }
    }
    Ok(Brought { objects, reading, requests })
}

async fn single(api: &impl ReadApi, task: &Task) -> Result<Brought, ApiFailure> {
    if task.kind.key_path(&task.key).is_some_and(|own| own.unread) {
        let nothing = Json::Object(serde_json::Map::new());
        let object = canonical::object(task.kind, task.parent.clone(), task.key.clone(), nothing);
        return Ok(Brought { objects: vec![object], reading: Reading::Complete, requests: 0 });
    }
    let params = task.params();
    let get = read(task.kind, &params);
    let Ok(get) = get else {
        return Ok(Brought { objects: Vec::new(), reading: Reading::Complete, requests: 0 });
    };
    match api.get(&get).await {
        Ok(answer) if canonical::is_none(task.kind, &answer.body) => {
            Ok(Brought { objects: Vec::new(), reading: Reading::Complete, requests: 1 })
        }
        Ok(answer) => {
            let object = canonical::object(task.kind, task.parent.clone(), task.key.clone(), answer.body);
            Ok(Brought { objects: vec![object], reading: Reading::Complete, requests: 1 })
        }
        // Absent, which is a state like any other.
        Err(failure) if failure.status() == Some(404) && !task.kind.always_exists() => {
            Ok(Brought { objects: Vec::new(), reading: Reading::Complete, requests: 1 })
        }
        Err(failure) => Err(failure),
    }
}
