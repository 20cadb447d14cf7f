//! What an undo cannot make again, because a value that making it needs was never shown. It is taken out of the wish
//! before anything is written, with all that hangs on it, and said.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::fields;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::is_credential;
use crate::model::address::Address;
use crate::model::desired::{MEMBERS, Resource};
use crate::model::journal::Image;
use crate::model::value::Value;
use crate::pipeline::references::qualified;
use crate::pipeline::undo::Undoing;

/// Takes out of a wish what cannot be made again, and what points at it. Returns what is lost, in words.
pub fn leave_out(undoing: &mut Undoing, images: &BTreeMap<&Address, &Image>) -> Vec<String> {
    let mut said = Vec::new();
    let mut lost: BTreeSet<Address> = BTreeSet::new();
    loop {
        let again = |resource: &&Resource| images.get(&resource.address).is_some_and(|image| is_made_again(image));
        let found: Vec<(Address, String)> = (undoing.desired.resources.iter())
            .filter(again)
            .filter(|resource| !lost.contains(&resource.address))
            .filter_map(|resource| {
                let missing = fields::missing_required(resource.kind, &resource.body).into_iter().next();
                // A key is what it is, and it is not shown.
                let key = || resource.kind.fields.write_only.first().map(ToString::to_string);
                let field = missing.or_else(|| key().filter(|_| is_credential(resource.kind)))?;
                Some((resource.address.clone(), field))
            })
            .collect();
        if found.is_empty() {
            break;
        }
        for (address, field) in found {
            said.push(format!("{address} was deleted, and nobody knows its `{field}` any more"));
            lost.insert(address);
        }
        let gone: Vec<Resource> = undoing.desired.resources.extract_if(.., |r| is_in(r, &lost)).collect();
        lost.extend(gone.iter().map(|resource| resource.address.clone()));
        let names: BTreeSet<(String, String)> = gone
            .iter()
            .map(|resource| {
                let is_parent = |other: &&Resource| Some(&other.address) == resource.parent.as_ref();
                let parent = undoing.desired.resources.iter().chain(&gone).find(is_parent);
                let parent = parent.map(|parent| parent.name.as_str());
                (resource.kind.space().to_owned(), qualified(parent, resource.kind, &resource.name))
            })
            .collect();
        let mut pointed = Vec::new();
        for resource in &mut undoing.desired.resources {
            pointed.extend(forget(resource, &names).into_iter().map(|field| (resource.address.clone(), field)));
        }
        // Who was given another in its place keeps that.
        let kept = |address: &Address| {
            let image = images.get(address)?;
            let parent = image.parent.as_ref()?;
            let stands_in = |one: &Resource| one.kind.name == image.kind && one.parent.as_ref() == Some(parent);
            let lives = pointed.iter().any(|(who, _)| images.get(who).is_some_and(|image| !image.deletes));
            (lives && !image.existed && gone.iter().any(stands_in)).then(|| address.clone())
        };
        let stay: Vec<Address> = undoing.applied.resources.keys().filter_map(kept).collect();
        for address in stay {
            undoing.applied.resources.remove(&address);
            said.push(format!("{address} stays, because what it took the place of cannot come back"));
        }
        said.extend(pointed.into_iter().map(|(who, field)| format!("{who}:{field} pointed at what cannot come back")));
    }
    said
}

fn is_made_again(image: &Image) -> bool {
    image.existed && image.deletes
}

fn is_in(resource: &Resource, lost: &BTreeSet<Address>) -> bool {
    lost.contains(&resource.address) || resource.parent.as_ref().is_some_and(|parent| lost.contains(parent))
}

/// Takes what points at these out of a body, and returns the fields that it stood in.
fn forget(resource: &mut Resource, names: &BTreeSet<(String, String)>) -> Vec<String> {
    let points = |value: &Value| {
        let mut points = false;
        value.references(&mut |reference| {
            points |= names.contains(&(reference.space.clone(), reference.name.clone()));
        });
        points
    };
    if resource.kind.shape == Shape::Membership {
        let Some(Value::List(members)) = resource.body.get_mut(MEMBERS) else { return Vec::new() };
        let before = members.len();
        members.retain(|member| !points(member));
        return if members.len() < before { vec![resource.kind.segment().to_owned()] } else { Vec::new() };
    }
    let fields: Vec<String> =
        resource.body.iter().filter(|(_, value)| points(value)).map(|(field, _)| field.clone()).collect();
    resource.body.retain(|field, _| !fields.contains(field));
    fields
}
