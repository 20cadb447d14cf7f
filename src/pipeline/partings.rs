//! What a plan takes away though something still holds on to it, and what it takes away and makes anew under another name.

use std::collections::BTreeSet;

use crate::model::change::{Action, Change, Delta};
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::plan::Operation;
use crate::model::value::Reference;
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

/// Lets what takes a new name wait until the object that has it now is gone.
pub fn make_room(drafts: &mut [Draft]) {
    let gone: Vec<(usize, (String, String))> =
        drafts.iter().enumerate().filter_map(|(index, draft)| Some((index, draft.deletes.clone()?))).collect();
    let takes_name = |draft: &Draft| match &draft.step.operation {
        Operation::Update { body, .. } => draft.step.kind.identity.iter().any(|field| body.contains_key(field)),
        _ => false,
    };
    for draft in drafts.iter_mut().filter(|draft| takes_name(draft)) {
        let holders = gone.iter().filter(|(_, name)| draft.step.provides.as_ref() == Some(name));
        draft.after.extend(holders.map(|(index, _)| *index));
    }
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
