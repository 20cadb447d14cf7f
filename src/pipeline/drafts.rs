//! Drafts: a change of some kinds runs only once it is deployed, and what is bound must have been. Files say so with a field
//! that speaks to the tool alone; without it a change stays a draft. Nothing is deployed here.

use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object};
use crate::model::value::{Reference, Value};
use crate::pipeline::matching::Matched;
use crate::pipeline::references::place_in;
use crate::pipeline::steps::{is_deployed, wants_deploy};

/// So many addresses are named in a note.
const NAMED: usize = 3;

/// Returns the files' field that asks for a deployment, of a kind whose changes are drafts.
pub fn deploy_field(kind: &Kind) -> Option<&str> {
    let is_drafted = kind.has(Quirk::BuildThenDeploy) || kind.has(Quirk::PublishVersion);
    kind.fields.tool.first().filter(|_| is_drafted).map(String::as_str)
}

/// Returns what to do about an object that is not deployed and bound; nothing for a kind that binds none.
pub fn help_for(kind: &Kind) -> Option<String> {
    let bound = kind.has(Quirk::BindingRefs).then(|| catalogue().kinds().find(|kind| kind.has(Quirk::BuildThenDeploy)));
    let field = bound.flatten().and_then(deploy_field)?;
    Some(format!("Write `{field}: true` where the files describe it, or deploy it in the tenant."))
}

/// Warns of what is bound and not asked to be deployed: without a tenant nobody knows whether it was.
pub fn warn(desired: &Desired, findings: &mut Diagnostics) {
    for (resource, reference) in bound(desired) {
        let Some(draft) = described(desired, reference).filter(|one| !wants_deploy(one)) else { continue };
        let Some(field) = deploy_field(draft.kind) else { continue };
        let text = format!("`{}` is bound here, and {} does not say `{field}: true`", reference.name, draft.address);
        findings.push(
            Diagnostic::warning("not-deployed", text).at(&place_in(resource, reference)).on(&resource.address).help(
                format!(
                    "The tenant binds only what was deployed once; `{field}: true` deploys it, and every change of it."
                ),
            ),
        );
    }
}

/// Refuses bindings that are about to be written of what is not deployed in the tenant and is not going to be.
pub fn refuse(desired: &Desired, changes: &[Change], live: &Live, matched: &Matched<'_>, findings: &mut Diagnostics) {
    for (resource, reference) in bound(desired) {
        if !changes.iter().any(|change| change.address == resource.address && change.action != Action::Delete) {
            continue;
        }
        let draft = described(desired, reference);
        if draft.is_some_and(wants_deploy) {
            continue;
        }
        let object = match draft {
            Some(draft) => matched.get(&draft.address).and_then(|(_, object)| object),
            None => live.objects.iter().find(|object| {
                object.kind.space() == reference.space && matched.names.name_of(object) == reference.name
            }),
        };
        // What is nowhere is a reference to nothing, and told as that.
        if object.is_some_and(has_run) || (draft.is_none() && object.is_none()) {
            continue;
        }
        let text = format!("`{}` is bound here, and it is not deployed", reference.name);
        let found = Diagnostic::error("not-deployed", text).at(&place_in(resource, reference)).on(&resource.address);
        findings.push(match help_for(resource.kind) {
            Some(help) => found.help(help),
            None => found,
        });
    }
}

/// Says which changes stay drafts.
pub fn notes(changes: &[Change], desired: &Desired) -> Vec<String> {
    let mut notes = Vec::new();
    for kind in catalogue().kinds() {
        let Some(field) = deploy_field(kind) else { continue };
        let stays = |change: &&Change, made: bool| {
            let fits = match change.action {
                Action::Create | Action::Replace => made,
                Action::Update | Action::Rename => !made,
                Action::Delete | Action::Nothing => false,
            };
            let resource = || desired.resources.iter().find(|resource| resource.address == change.address);
            fits && change.kind.name == kind.name && resource().is_some_and(|resource| !wants_deploy(resource))
        };
        let of = |made: bool| -> Vec<&Address> {
            changes.iter().filter(|change| stays(change, made)).map(|change| &change.address).collect()
        };
        let told =
            [(of(false), "the draft changes, what runs does not"), (of(true), "made as a draft, which does not run")];
        for (addresses, words) in told.iter().filter(|(addresses, _)| !addresses.is_empty()) {
            let first: Vec<&str> = addresses.iter().take(NAMED).map(|address| address.as_str()).collect();
            let more = match addresses.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(format!("{}{more}: {words}; `{field}: true` deploys it", first.join(", ")));
        }
    }
    notes
}

/// What is bound by name, where only what was deployed can be.
fn bound(desired: &Desired) -> impl Iterator<Item = (&Resource, &Reference)> {
    let binding = desired.resources.iter().filter(|resource| resource.kind.has(Quirk::BindingRefs));
    binding.flat_map(|resource| {
        let mut found = Vec::new();
        resource.body.values().for_each(|value| value.references(&mut |reference| found.push(reference)));
        found.into_iter().map(move |reference| (resource, reference))
    })
}

fn described<'d>(desired: &'d Desired, reference: &Reference) -> Option<&'d Resource> {
    let fits = |one: &&Resource| one.kind.space() == reference.space && one.name == reference.name;
    desired.resources.iter().find(fits)
}

/// Says whether any version of it was deployed, be it an older one.
fn has_run(object: &Object) -> bool {
    let version = object.body.get("deployed_version").and_then(Value::as_map);
    is_deployed(object.kind, object) || version.is_some_and(|map| map.get("deployed") != Some(&Value::Bool(false)))
}
