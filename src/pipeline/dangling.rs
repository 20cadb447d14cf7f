//! What a plan says of references that neither its steps nor the tenant can fill.
//!
//! It never fills one by a guess: a name that fits several objects is an error that lists them.

use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::Place;
use crate::model::live::{Live, Reading};
use crate::model::value::Reference;
use crate::pipeline::plan::KnownFields;
use crate::pipeline::read::reading_name;

/// Reports each.
pub fn report(
    dangling: Vec<(Reference, Place, Address)>,
    (known, live): (&KnownFields, &Live),
    findings: &mut Diagnostics,
) {
    for (reference, place, address) in dangling {
        let kind = catalogue().in_space(&reference.space).next();
        let title = kind.map_or("object", |kind| kind.title.as_str());
        let name = &reference.name;
        let looked_up = kind.filter(|_| catalogue().is_looked_up(&reference.space));
        let unread = looked_up.and_then(|kind| match live.readings.get(&reading_name(kind, None, None)) {
            Some(Reading::Refused { status, reason, .. }) => {
                Some(format!("{} cannot be read: {status} {reason}", kind.name))
            }
            _ => None,
        });
        let finding = match (looked_up, unread) {
            (_, Some(why)) => {
                Diagnostic::error("dangling-reference", format!("the {title} `{name}` cannot be looked up: {why}"))
                    .help("What comes from elsewhere is known by the tenant alone, so its list must be readable.")
            }
            (Some(_), None) => {
                Diagnostic::error("dangling-reference", format!("there is no {title} `{name}` in the tenant"))
                    .help(advice(&reference, title, known))
            }
            (None, None) => Diagnostic::error(
                "dangling-reference",
                format!("there is no {title} `{name}` in the files or in the tenant"),
            ),
        };
        findings.push(finding.on(&address).at(&place));
    }
}

/// What else could be meant: the same name elsewhere, or else one that is near.
fn advice(reference: &Reference, title: &str, known: &KnownFields) -> String {
    let names = || known.keys().filter(|(space, _)| *space == reference.space).map(|(_, name)| name.as_str());
    let own = |name: &str| name.split_once(',').map_or(name.to_owned(), |(_, own)| own.to_owned());
    let wanted = own(&reference.name);
    let same: Vec<String> = names().filter(|name| own(name) == wanted).map(|name| format!("`{name}`")).collect();
    match same.as_slice() {
        [] => match nearest(&reference.name, names()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => {
                format!("A {title} comes from elsewhere and is only looked up; write the name of one that is there.")
            }
        },
        [one] => format!("Did you mean {one}?"),
        several => format!("Write which one is meant: {}.", several.join(" or ")),
    }
}
