//! What goes with objects that are going to be deleted, read before: what their list does not show of them, what lies in
//! them, what is recognised by them, and the lists of other objects that hold them. Nobody could bring it back otherwise.
//!
//! What was read before is not read again, and what is not read is said.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::live::{Live, Object, Reading};
use crate::model::names::RemoteId;
use crate::model::value::Value;
use crate::pipeline::read::Task;
use crate::pipeline::refresh::{parent_fits, read_in_full, run};
use crate::pipeline::resolve::split_key;

/// More lists of one kind than this are not read: a tenant with thousands of organizations would take minutes.
const LISTS: usize = 50;

/// What an undo of a deletion would not bring back, by the kind that is deleted.
#[derive(Debug, Default)]
pub struct Unseen(BTreeMap<String, BTreeSet<String>>);

impl Unseen {
    /// Returns it for people.
    pub fn notes(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.0.values().flatten().collect();
        all.into_iter().map(|what| format!("{what}: an undo would not bring that back")).collect()
    }

    /// Returns what concerns objects of a kind.
    pub fn of(&self, kind: &str) -> Vec<String> {
        self.0.get(kind).into_iter().flatten().cloned().collect()
    }

    fn add(&mut self, kinds: &BTreeSet<&'static str>, what: &str) {
        for kind in kinds {
            self.0.entry((*kind).to_owned()).or_default().insert(what.to_owned());
        }
    }
}

/// Something to read, for the kinds whose deletion it matters to.
type Wanted = BTreeMap<String, (Task, BTreeSet<&'static str>)>;

/// An object that goes, and the kind of the deletion that it goes with.
struct Going {
    kind: &'static Kind,
    id: RemoteId,
    with: &'static str,
}

/// Reads it. Returns what the tenant refused to show, or is too much to read.
///
/// # Errors
/// If the tenant does not answer.
pub async fn hanging(
    api: &impl ReadApi,
    live: &mut Live,
    gone: &[(&'static Kind, RemoteId)],
) -> Result<Unseen, ApiFailure> {
    let is_in_part = |(kind, id): &(&Kind, RemoteId), object: &Object| {
        kind.list.as_ref().is_some_and(|list| list.incomplete)
            && object.kind.name == kind.name
            && object.id.as_ref() == Some(id)
    };
    let in_part =
        live.objects.iter().enumerate().filter(|(_, object)| gone.iter().any(|gone| is_in_part(gone, object)));
    let in_part = in_part.map(|(index, _)| index).collect();
    read_in_full(api, in_part, live).await?;
    let mut going: Vec<Going> =
        gone.iter().map(|(kind, id)| Going { kind, id: id.clone(), with: &kind.name }).collect();
    let mut unseen = Unseen::default();
    let mut asked = BTreeSet::new();
    loop {
        let mut wanted = Wanted::new();
        within(&going, live, &mut wanted);
        holding(&going, live, &mut wanted, &mut unseen);
        wanted.retain(|label, (task, _)| {
            !live.readings.contains_key(&task.reading_name()) && asked.insert(label.clone())
        });
        if wanted.is_empty() {
            return Ok(unseen);
        }
        let (tasks, with): (Vec<Task>, Vec<_>) = wanted.into_values().unzip();
        let names: Vec<String> = tasks.iter().map(Task::reading_name).collect();
        run(api, tasks.into_iter().map(|task| vec![task]).collect(), live).await?;
        for (name, with) in names.iter().zip(&with) {
            if matches!(live.readings.get(name), Some(Reading::Refused { .. })) {
                unseen.add(with, &format!("{name} cannot be read"));
            }
        }
        follow(&mut going, live);
    }
}

/// What lies in an object, and lists of what is recognised by it.
fn within(going: &[Going], live: &Live, wanted: &mut Wanted) {
    for kind in catalogue().kinds().filter(|kind| kind.shape != Shape::Keyed || kind.list.is_some()) {
        for gone in going {
            let known = match kind.parent.as_deref() {
                Some(parent) => parent == gone.kind.name,
                None => kind.list.is_some() && is_recognised_by(kind, gone.kind.space()),
            };
            let object =
                || live.objects.iter().find(|o| o.kind.name == gone.kind.name && o.id.as_ref() == Some(&gone.id));
            let fits = || kind.parents.as_ref().is_none_or(|filter| object().is_some_and(|o| parent_fits(filter, o)));
            if known && fits() {
                let parent = kind.parent.as_ref().map(|_| gone.id.clone());
                want(wanted, Task::of(kind, parent, BTreeMap::new()), &BTreeSet::from([gone.with]));
            }
        }
    }
}

/// Lists of other objects that may hold one that goes.
fn holding(going: &[Going], live: &Live, wanted: &mut Wanted, unseen: &mut Unseen) {
    for kind in catalogue().kinds().filter(|kind| kind.shape == Shape::Membership) {
        let holds = |gone: &&Going| kind.references.iter().any(|reference| reference.space == gone.kind.space());
        let with: BTreeSet<&'static str> = going.iter().filter(holds).map(|gone| gone.with).collect();
        if with.is_empty() {
            continue;
        }
        let Some(parent) = kind.parent.as_deref().and_then(|name| catalogue().kind(name)) else {
            for key in &kind.keys {
                want(wanted, Task::of(kind, None, split_key(kind, key)), &with);
            }
            continue;
        };
        let list = Task::of(parent, None, BTreeMap::new());
        if parent.parent.is_some() || parent.list.is_none() {
            continue;
        }
        if !live.readings.contains_key(&list.reading_name()) {
            want(wanted, list, &with);
            continue;
        }
        let goes = |id: &RemoteId| going.iter().any(|gone| gone.kind.name == parent.name && gone.id == *id);
        let fits = |o: &&Object| kind.parents.as_ref().is_none_or(|filter| parent_fits(filter, o));
        let parents: Vec<RemoteId> = (live.objects.iter())
            .filter(|object| object.kind.name == parent.name)
            .filter(fits)
            .filter_map(|object| object.id.clone())
            .filter(|id| !goes(id))
            .collect();
        let unread = |id: &&RemoteId| {
            let task = Task::of(kind, Some((*id).clone()), BTreeMap::new());
            !live.readings.contains_key(&task.reading_name())
        };
        let unread: Vec<&RemoteId> = parents.iter().filter(unread).collect();
        if unread.len() > LISTS {
            unseen.add(&with, &format!("{} of {} {} are not read", kind.title, unread.len(), parent.name));
            continue;
        }
        for id in unread {
            want(wanted, Task::of(kind, Some(id.clone()), BTreeMap::new()), &with);
        }
    }
}

fn want(wanted: &mut Wanted, task: Task, with: &BTreeSet<&'static str>) {
    wanted.entry(task.label()).or_insert_with(|| (task, BTreeSet::new())).1.extend(with);
}

/// What was found to go with something goes too, and takes its own with it.
fn follow(going: &mut Vec<Going>, live: &Live) {
    let mut more = Vec::new();
    for object in live.objects.iter().filter(|object| object.kind.shape != Shape::Membership) {
        let Some(id) = &object.id else { continue };
        let goes = |gone: &&Going| lies_in(object, gone) || is_named_by(object, gone);
        let is_known = going.iter().any(|gone| gone.kind.name == object.kind.name && gone.id == *id);
        if let (false, Some(gone)) = (is_known, going.iter().find(goes)) {
            more.push(Going { kind: object.kind, id: id.clone(), with: gone.with });
        }
    }
    going.extend(more);
}

fn lies_in(object: &Object, gone: &Going) -> bool {
    object.kind.parent.as_deref() == Some(gone.kind.name.as_str()) && object.parent.as_ref() == Some(&gone.id)
}

fn is_named_by(object: &Object, gone: &Going) -> bool {
    object.kind.references.iter().any(|reference| {
        let field = reference.field.to_string();
        reference.by == "id"
            && reference.space == gone.kind.space()
            && object.kind.identity.contains(&field)
            && object.body.get(&field).and_then(Value::as_str) == Some(gone.id.0.as_str())
    })
}

fn is_recognised_by(kind: &Kind, space: &str) -> bool {
    kind.references.iter().any(|r| r.by == "id" && r.space == space && kind.identity.contains(&r.field.to_string()))
}
