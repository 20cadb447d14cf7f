//! What a plan takes away though something still holds on to it, and what it takes away and makes anew under another name.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::{Action, Change, Delta};
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::plan::Operation;
use crate::model::value::{Map, Reference, Value};
use crate::pipeline::canonical::raw_name;
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::Draft;
use crate::pipeline::scope::body_references;

/// Reports resources that refer to an object which the plan deletes: the server would take them along unasked.
pub fn held(desired: &Desired, drafts: &[Draft], findings: &mut Diagnostics) {
    let made: BTreeSet<&(String, String)> = drafts
        .iter()
        .filter(|draft| matches!(draft.step.operation, Operation::Create { .. }))
        .filter_map(|draft| draft.step.provides.as_ref())
        .collect();
    let gone: BTreeSet<&(String, String)> =
        drafts.iter().filter_map(|draft| draft.deletes.as_ref()).filter(|gone| !made.contains(gone)).collect();
    if gone.is_empty() {
        return;
    }
    for resource in &desired.resources {
        let mut found: BTreeSet<&Reference> = BTreeSet::new();
        body_references(resource, &mut |reference| {
            if gone.contains(&(reference.space.clone(), reference.name.clone())) {
                found.insert(reference);
            }
        });
        for reference in found {
            findings.push(
                Diagnostic::error("dangling-reference", format!("`{}` is deleted by this plan", reference.name))
                    .at(&resource.place)
                    .on(&resource.address)
                    .help(format!(
                        "{} still refers to it. Describe it again, or take the reference out too.",
                        resource.address
                    )),
            );
        }
    }
}

/// Lets what takes a new name wait until the object that has it now is gone, or has another one. Where names go round in
/// a ring, one steps aside under a name of its own first. Says which.
pub fn make_room(drafts: &mut Vec<Draft>, matched: &Matched<'_>) -> Vec<String> {
    let takes_name = |draft: &Draft| match &draft.step.operation {
        Operation::Update { body, .. } => draft.step.kind.identity.iter().any(|field| body.contains_key(field)),
        _ => false,
    };
    let leaves = |draft: &Draft| {
        let (_, object) = matched.get(&draft.step.address).filter(|_| takes_name(draft))?;
        Some((draft.step.kind.space().to_owned(), raw_name(object?)))
    };
    let left: Vec<(usize, (String, String))> = drafts
        .iter()
        .enumerate()
        .filter_map(|(index, draft)| Some((index, draft.deletes.clone().or_else(|| leaves(draft))?)))
        .collect();
    // Who takes a name, and who has it now.
    let mut waits: Vec<(usize, usize)> = Vec::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| takes_name(draft)) {
        let holders = left.iter().filter(|(at, name)| *at != index && draft.step.provides.as_ref() == Some(name));
        waits.extend(holders.map(|(at, _)| (index, *at)));
    }
    let next = |at: usize| waits.iter().find(|(takes, _)| *takes == at).map(|(_, leaves)| *leaves);
    let mut starts: Vec<usize> = waits.iter().map(|(takes, _)| *takes).collect();
    starts.sort_by(|a, b| drafts[*a].step.address.cmp(&drafts[*b].step.address));
    let (mut turned, mut aside, mut notes) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
    for start in starts {
        let mut ring = vec![start];
        while let Some(at) = ring.last().and_then(|at| next(*at)).filter(|at| !ring.contains(at)) {
            ring.push(at);
        }
        let closes = ring.last().and_then(|at| next(*at)) == Some(start);
        if !closes || ring.iter().any(|at| turned.contains(at)) {
            continue;
        }
        let Some((step, name)) = step_aside(&drafts[start], matched) else { continue };
        turned.extend(ring);
        notes.push(format!("names go round: {} is called `{name}` until its new name is free", step.step.address));
        drafts.push(step);
        aside.insert(start, drafts.len() - 1);
    }
    for (takes, leaves) in waits {
        drafts[takes].after.push(aside.get(&leaves).copied().unwrap_or(leaves));
    }
    for (who, first) in aside {
        drafts[who].after.push(first);
    }
    notes
}

/// The most letters of a name that are kept in the one for a moment: the shortest limit of a name is 50.
const KEPT: usize = 36;

/// Returns the step that gives an object a name which nothing has, and the name.
fn step_aside(draft: &Draft, matched: &Matched<'_>) -> Option<(Draft, String)> {
    let step = &draft.step;
    let ([identity], Operation::Update { id, .. }) = (step.kind.identity.as_slice(), &step.operation) else {
        return None;
    };
    let (_, object) = matched.get(&step.address)?;
    let now: String = raw_name(object?).chars().take(KEPT).collect();
    let mut names: BTreeSet<String> = matched
        .pairs
        .iter()
        .filter(|(r, _)| r.kind.space() == step.kind.space())
        .map(|(r, _)| r.name.clone())
        .collect();
    let objects = matched.pairs.iter().filter_map(|(_, object)| *object).chain(matched.left.iter().copied());
    names.extend(objects.filter(|object| object.kind.space() == step.kind.space()).map(raw_name));
    let name = std::iter::once(format!("{now}-moving"))
        .chain((2..).map(|number| format!("{now}-moving-{number}")))
        .find(|name| !names.contains(name))?;
    let body = Map::from_iter([(identity.clone(), Value::String(name.clone()))]);
    let aside = step.beside(Operation::Update { id: id.clone(), body, first: Map::new(), whole: false });
    Some((Draft { step: aside, after: Vec::new(), lets_go: Vec::new(), deletes: None }, name))
}

/// Suggests `$was` where an object is deleted and one of the same kind that differs in its name alone is made.
pub fn renames(changes: &[Change], matched: &Matched<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for made in changes.iter().filter(|change| change.action == Action::Create) {
        let [identity] = made.kind.identity.as_slice() else { continue };
        let alike = changes.iter().find(|gone| {
            gone.action == Action::Delete && gone.kind.name == made.kind.name && is_alike(made, gone, identity, matched)
        });
        if let Some(gone) = alike {
            notes.push(format!(
                "{} is deleted and {} is made much like it; if it is a rename, write `$was: {}` there",
                gone.address,
                made.address,
                gone.address.name()
            ));
        }
    }
    notes
}

/// Says whether the fields that the new one states are those of the old one, but for the name and for secrets.
fn is_alike(made: &Change, gone: &Change, identity: &str, matched: &Matched<'_>) -> bool {
    let Some(object) = matched.left.iter().find(|object| object.kind.name == gone.kind.name && object.id == gone.id)
    else {
        return false;
    };
    let body = matched.names.body(object);
    let stated: Vec<&Delta> = made
        .deltas
        .iter()
        .filter(|delta| {
            let mut secret = false;
            if let Some(after) = &delta.after {
                after.secrets(&mut |_| secret = true);
            }
            delta.path.to_string() != identity && !secret
        })
        .collect();
    !stated.is_empty() && stated.iter().all(|delta| body.get(&delta.path.to_string()) == delta.after.as_ref())
}
