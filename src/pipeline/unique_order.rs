//! Numbers that must be unique in the tenant: who wants a number waits for who holds it; a ring moves through a free one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Number;

use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::change::Action;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::plan::{Operation, Step};
use crate::model::value::{Map, Value};
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::Draft;

/// The field that holds the number. Source: api-quirks, rules; deploy-cli 4.2.
const FIELD: &str = "order";

/// Adds what the drafts of such kinds must wait for.
pub fn untangle(drafts: &mut Vec<Draft>, matched: &Matched<'_>, findings: &mut Diagnostics) {
    let number = |map: &Map| match map.get(FIELD) {
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    let paired = matched.pairs.iter().filter_map(|(r, o)| o.map(|o| (r.address.clone(), o)));
    let left = matched.left.iter().map(|o| (matched.names.address_of(o), *o));
    let holders: BTreeMap<i64, Address> = paired
        .chain(left)
        .filter(|(_, object)| object.kind.has(Quirk::UniqueOrder))
        .filter_map(|(address, object)| Some((number(&object.body)?, address)))
        .collect();
    let wants: BTreeMap<usize, i64> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.step.kind.has(Quirk::UniqueOrder))
        .filter_map(|(index, draft)| match &draft.step.operation {
            Operation::Create { body, .. } | Operation::Update { body, .. } => Some((index, number(body)?)),
            _ => None,
        })
        .collect();
    let of_address: BTreeMap<Address, usize> = drafts
        .iter()
        .enumerate()
        .filter(|(index, draft)| wants.contains_key(index) || draft.deletes.is_some())
        .map(|(index, draft)| (draft.step.address.clone(), index))
        .collect();
    let next_holder =
        |index: usize| wants.get(&index).and_then(|n| holders.get(n)).and_then(|a| of_address.get(a)).copied();
    let mut free = holders.keys().chain(wants.values()).max().copied().unwrap_or_default();
    let mut turned: BTreeSet<usize> = BTreeSet::new();
    for (index, wanted) in &wants {
        let Some(holder) = holders.get(wanted).filter(|address| **address != drafts[*index].step.address) else {
            continue;
        };
        let Some(leaves) = of_address.get(holder).copied() else {
            let address = drafts[*index].step.address.clone();
            findings.push(
                Diagnostic::error("order-taken", format!("order {wanted} of {address} is held by {holder}"))
                    .on(&address)
                    .help("Give it another number, or describe the other one with a new number too."),
            );
            continue;
        };
        let mut ring = vec![leaves];
        while let Some(next) = ring.last().and_then(|at| next_holder(*at)).filter(|next| !ring.contains(next)) {
            ring.push(next);
        }
        // One of a ring steps aside; the others then follow each other.
        if !ring.contains(index) || ring.iter().any(|at| turned.contains(at)) {
            drafts[*index].after.push(leaves);
            continue;
        }
        turned.extend(ring);
        free += 1;
        let aside = step_aside(&drafts[leaves].step, free);
        drafts.push(aside);
        let aside = drafts.len() - 1;
        drafts[*index].after.push(aside);
        drafts[leaves].after.push(aside);
    }
}

fn step_aside(step: &Step, free: i64) -> Draft {
    let id = match &step.operation {
        Operation::Update { id, .. } => id.clone(),
        _ => None,
    };
    let body = Map::from_iter([(FIELD.to_owned(), Value::Number(Number::from(free)))]);
    Draft {
        step: Step {
            address: step.address.clone(),
            kind: step.kind,
            action: Action::Update,
            operation: Operation::Update { id, body, first: Map::new(), whole: false },
            requires: Vec::new(),
            parent: None,
            key: step.key.clone(),
            provides: None,
            place: step.place.clone(),
            field_places: step.field_places.clone(),
        },
        after: Vec::new(),
        lets_go: Vec::new(),
        deletes: None,
    }
}
