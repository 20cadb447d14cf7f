//! What `--target` names: resources with what they need, and what is ours and no file describes any more.
//!
//! Pure. What a target does not name is neither changed nor deleted, whatever the policy says.

use std::collections::BTreeSet;

use crate::catalogue::quirk::Quirk;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::applied::Applied;
use crate::model::desired::{Desired, Manage, Narrowed, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::pipeline::scope::{Scope, body_references, fits, providers_of};

/// Keeps what `--target` names and, step by step, what that refers to or lies in.
///
/// A pattern that fits nothing in the files is put aside: a record may know it. See [`unheard`].
pub fn narrow(desired: &mut Desired, scope: &Scope) {
    if scope.targets.is_empty() {
        return;
    }
    let mut wanted: BTreeSet<Address> = BTreeSet::new();
    for pattern in &scope.targets {
        let is_meant = |resource: &&Resource| addresses(resource).any(|address| fits(pattern, &address));
        let meant: Vec<Address> = desired.resources.iter().filter(is_meant).map(|r| r.address.clone()).collect();
        if meant.is_empty() {
            let known = desired.resources.iter().map(|r| r.address.as_str());
            let finding = Diagnostic::error("unknown-target", format!("no resource has the address `{pattern}`"));
            let finding = nearest(pattern, known)
                .into_iter()
                .fold(finding, |finding, near| finding.help(format!("Did you mean `{near}`?")));
            desired.narrowed.unheard.push((pattern.clone(), finding));
        }
        wanted.extend(meant);
    }
    desired.narrowed.besides = std::mem::take(&mut desired.resources);
    bring(desired, wanted);
    desired.removed.retain(|r| scope.targets.iter().any(|pattern| fits(pattern, &r.address)));
    desired.narrowed.targets.clone_from(&scope.targets);
    // Deletions are of whole kinds: a targeted run plans none but what it names.
    desired.narrowed.declared = std::mem::take(&mut desired.declared);
}

/// The address of a resource, and the one that it had.
fn addresses(resource: &Resource) -> impl Iterator<Item = Address> {
    let was = resource.was.as_ref().map(|was| match &resource.parent {
        Some(parent) => parent.child(resource.kind.segment(), Some(was)),
        None => Address::named(&resource.kind.name, was),
    });
    std::iter::once(resource.address.clone()).chain(was)
}

/// Takes resources in, with what they need.
fn bring(desired: &mut Desired, mut wanted: BTreeSet<Address>) {
    let all: Vec<&Resource> = desired.resources.iter().chain(&desired.narrowed.besides).collect();
    let providers = providers_of(&all);
    let known: BTreeSet<&Address> = all.iter().map(|resource| &resource.address).collect();
    loop {
        let mut more: BTreeSet<Address> = BTreeSet::new();
        for resource in all.iter().filter(|r| wanted.contains(&r.address)) {
            more.extend(resource.parent.iter().cloned());
            body_references(resource, &mut |reference| {
                if let Some(address) = providers.get(&(reference.space.clone(), reference.name.clone())) {
                    more.insert(address.clone());
                }
            });
        }
        // A target's need is the object itself, not the lists that hang on it.
        more.retain(|address| !wanted.contains(address) && known.contains(address));
        if more.is_empty() {
            break;
        }
        wanted.extend(more);
    }
    let besides = std::mem::take(&mut desired.narrowed.besides);
    let (come, stay): (Vec<Resource>, Vec<Resource>) = besides.into_iter().partition(|r| wanted.contains(&r.address));
    desired.resources.extend(come);
    desired.narrowed.besides = stay;
}

/// Lets go what a target names, is ours by the record and is no longer described: as in a plan of everything.
pub fn cover(desired: &mut Desired, applied: &Applied, project: Option<&str>) {
    if desired.narrowed.targets.is_empty() {
        return;
    }
    let Narrowed { targets, besides, declared, .. } = &desired.narrowed;
    let described: BTreeSet<Address> = desired.resources.iter().chain(besides).flat_map(addresses).collect();
    let (mut leaving, mut needed, mut looked_at) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (address, owned) in &applied.resources {
        let Some(kind) = catalogue().kind(&owned.kind) else { continue };
        let is_bound = owned.id.as_ref().is_some_and(|id| desired.settings.bind.values().any(|bound| *bound == id.0));
        let is_left_alone = !owned.is_of(project)
            || described.contains(address)
            || is_bound
            || !declared.contains(&kind.name)
            || desired.released.contains(address)
            || desired.excluded.kind(kind)
            || desired.excluded.address(address)
            || desired.settings.policy.manage(kind) == Manage::Additive;
        if is_left_alone || !targets.iter().any(|pattern| fits(pattern, address)) {
            continue;
        }
        leaving.insert(address.clone());
        // What lies in something that goes, goes with it.
        if owned.parent.as_ref().is_some_and(|parent| !described.contains(parent)) {
            continue;
        }
        needed.extend(owned.parent.clone());
        if matches!(kind.shape, Shape::Collection | Shape::Child) && !kind.has(Quirk::NamedByRecord) {
            looked_at.push(Resource::bare(address.clone(), kind, owned.name.clone(), owned.parent.clone()));
        }
    }
    desired.narrowed.leaving = leaving;
    desired.removed.extend(looked_at);
    bring(desired, needed);
}

/// Returns what is to be said of words that fit nothing in the files and nothing that the record holds as ours.
pub fn unheard(desired: &Desired, applied: Option<&Applied>) -> Diagnostics {
    let project = desired.settings.project.as_deref();
    let ours: Vec<&Address> = applied
        .iter()
        .flat_map(|applied| &applied.resources)
        .filter(|(_, owned)| owned.is_of(project))
        .map(|(address, _)| address)
        .collect();
    let is_unknown = |(pattern, _): &&(String, Diagnostic)| !ours.iter().any(|address| fits(pattern, address));
    let with_near = |(pattern, finding): &(String, Diagnostic)| {
        let near = nearest(pattern, ours.iter().map(|address| address.as_str()));
        match near.filter(|_| finding.help.is_none()) {
            Some(near) => finding.clone().help(format!("Did you mean `{near}`?")),
            None => finding.clone(),
        }
    };
    Diagnostics(desired.narrowed.unheard.iter().filter(is_unknown).map(with_near).collect())
}
