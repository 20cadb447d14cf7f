//! Drafts -> steps in a valid order: what is needed first, deletes in reverse, ties by address.
//!
//! Order comes from references between objects, never from numbers or levels of kinds. A cycle is cut at an optional
//! reference, which a later step fills.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::catalogue::quirk::Quirk;
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::document::Place;
use crate::model::path::FieldPath;
use crate::model::plan::{Operation, Step};
use crate::model::value::{Map, Reference, Value};
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::{Draft, KnownFields};
use crate::pipeline::references::place_in;

/// How strongly one step needs another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Good to keep, dropped where it closes a cycle.
    Weak,
    /// May be cut by filling these top-level fields later.
    Optional(String),
    Must,
}

/// Orders the drafts. Errors: the addresses of a cycle that nothing may cut.
pub fn order(mut drafts: Vec<Draft>, matched: &Matched<'_>) -> Result<Vec<Step>, Vec<Address>> {
    let mut cut: BTreeSet<usize> = BTreeSet::new();
    loop {
        let edges = edges(&drafts, matched);
        let mut edges: BTreeMap<(usize, usize), Need> = edges;
        loop {
            let stuck = cycles(drafts.len(), &edges);
            if stuck.is_empty() {
                return Ok(sorted(drafts, &edges));
            }
            let inside = |pair: &(usize, usize)| stuck.iter().any(|set| set.contains(&pair.0) && set.contains(&pair.1));
            let weak: Vec<_> =
                edges.iter().filter(|(pair, need)| **need == Need::Weak && inside(pair)).map(|(p, _)| *p).collect();
            if !weak.is_empty() {
                for pair in weak {
                    edges.remove(&pair);
                }
                continue;
            }
            // Cut at the create whose address comes first.
            let cuttable = edges
                .iter()
                .filter(|(pair, need)| matches!(need, Need::Optional(_)) && inside(pair) && !cut.contains(&pair.1))
                .map(|(pair, _)| pair.1)
                .min_by_key(|index| drafts[*index].step.address.clone());
            let Some(index) = cuttable else {
                let mut addresses: Vec<Address> =
                    stuck.iter().flatten().map(|index| drafts[*index].step.address.clone()).collect();
                addresses.sort();
                addresses.dedup();
                return Err(addresses);
            };
            cut.insert(index);
            let fields: BTreeSet<String> = edges
                .iter()
                .filter(|(pair, _)| pair.1 == index && inside(pair))
                .filter_map(|(_, need)| match need {
                    Need::Optional(field) => Some(field.clone()),
                    _ => None,
                })
                .collect();
            defer(&mut drafts, index, &fields);
            break;
        }
    }
}

/// Moves fields from a create into a fill of their own.
fn defer(drafts: &mut Vec<Draft>, index: usize, fields: &BTreeSet<String>) {
    let mut body = Map::new();
    if let Operation::Create { body: create, .. } = &mut drafts[index].step.operation {
        for field in fields {
            if let Some(value) = create.shift_remove(field) {
                body.insert(field.clone(), value);
            }
        }
    }
    let step = &drafts[index].step;
    crate::pipeline::wire::outward(step.kind, &mut body, Some(&Map::new()));
    let fill = step.beside(Operation::Fill { body });
    drafts.push(Draft { step: fill, after: vec![index], lets_go: Vec::new(), deletes: None });
}

/// (first, then) -> how strongly.
fn edges(drafts: &[Draft], matched: &Matched<'_>) -> BTreeMap<(usize, usize), Need> {
    let mut edges: BTreeMap<(usize, usize), Need> = BTreeMap::new();
    let mut add = |first: usize, then: usize, need: Need| {
        let held = edges.entry((first, then)).or_insert_with(|| need.clone());
        if need > *held {
            *held = need;
        }
    };
    // The last draft of an address is the one that others wait for: its deployment, where there is one.
    let mut makers: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut created: BTreeMap<&Address, usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(provides) = &draft.step.provides
            && draft.deletes.is_none()
        {
            makers.insert(provides.clone(), index);
        }
        if matches!(draft.step.operation, Operation::Create { .. }) {
            created.insert(&draft.step.address, index);
        }
    }
    for (index, draft) in drafts.iter().enumerate() {
        for first in &draft.after {
            add(*first, index, Need::Must);
        }
        if draft.deletes.is_some() {
            continue;
        }
        if let Some(first) = draft.step.parent.as_ref().and_then(|parent| created.get(parent)) {
            add(*first, index, Need::Must);
        }
        let creates = matches!(draft.step.operation, Operation::Create { .. });
        for (field, reference) in references(&draft.step.operation) {
            let Some(maker) = makers.get(&(reference.space.clone(), reference.name.clone())) else { continue };
            if *maker == index && !creates {
                continue;
            }
            let target_is_new = created.contains_key(&drafts[*maker].step.address);
            let need = if !target_is_new {
                Need::Weak
            } else if creates && is_optional(draft, &field, &reference) {
                Need::Optional(
                    field
                        .0
                        .first()
                        .map(|segment| match segment {
                            crate::model::path::Segment::Key(key) => key.clone(),
                            _ => String::new(),
                        })
                        .unwrap_or_default(),
                )
            } else {
                Need::Must
            };
            if *maker == index || need != Need::Weak || drafts[*maker].step.address != draft.step.address {
                add(*maker, index, need);
            }
        }
        for kind in &draft.step.kind.after {
            for (first, other) in drafts.iter().enumerate() {
                if other.step.kind.name == *kind && other.deletes.is_none() && first != index {
                    add(first, index, Need::Weak);
                }
            }
        }
    }
    for (index, draft) in drafts.iter().enumerate() {
        let Some(gone) = &draft.deletes else { continue };
        // What still points at it goes or lets go first; what is nested in it goes before it.
        for (first, other) in drafts.iter().enumerate() {
            if first == index {
                continue;
            }
            // What the tenant only takes while this is there changes while it still is.
            if other.step.kind.after.contains(&draft.step.kind.name) {
                add(first, index, Need::Weak);
            }
            let nested = other.deletes.is_some() && other.step.parent.as_ref() == Some(&draft.step.address);
            if nested || (other.lets_go.contains(gone) && !draft_waits_for(other, index)) {
                add(first, index, if other.deletes.is_some() { Need::Must } else { Need::Weak });
            }
        }
    }
    let _ = matched;
    edges
}

fn draft_waits_for(draft: &Draft, index: usize) -> bool {
    draft.after.contains(&index)
}

fn is_optional(draft: &Draft, field: &FieldPath, reference: &Reference) -> bool {
    draft
        .step
        .kind
        .references
        .iter()
        .any(|declared| declared.optional && declared.space == reference.space && declared.field.matches(field))
}

/// Returns the references of an operation with the path of each.
fn references(operation: &Operation) -> Vec<(FieldPath, Reference)> {
    let mut found = Vec::new();
    match operation {
        Operation::Create { body, then } => {
            collect(body, &mut found);
            collect(then, &mut found);
        }
        Operation::Update { body, first, .. } => {
            collect(body, &mut found);
            collect(first, &mut found);
        }
        Operation::Fill { body } | Operation::Reset { body } => collect(body, &mut found),
        Operation::Members(change) => {
            for (index, member) in change.add.iter().chain(&change.change).chain(&change.whole).enumerate() {
                walk(member, &FieldPath::default().with(crate::model::path::Segment::Index(index)), &mut found);
            }
        }
        Operation::Delete { .. } | Operation::Deploy { .. } | Operation::Wrap { .. } => {}
    }
    found
}

fn collect(body: &Map, found: &mut Vec<(FieldPath, Reference)>) {
    for (field, value) in body {
        walk(value, &FieldPath::default().key(field), found);
    }
}

fn walk(value: &Value, path: &FieldPath, found: &mut Vec<(FieldPath, Reference)>) {
    match value {
        Value::Map(map) => map.iter().for_each(|(key, value)| walk(value, &path.key(key), found)),
        Value::List(list) => list.iter().enumerate().for_each(|(index, value)| {
            walk(value, &path.with(crate::model::path::Segment::Index(index)), found);
        }),
        other => other.references(&mut |reference| found.push((path.clone(), reference.clone()))),
    }
}

/// Returns the sets of steps that wait for each other.
fn cycles(count: usize, edges: &BTreeMap<(usize, usize), Need>) -> Vec<BTreeSet<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(count, edges.len());
    for _ in 0..count {
        graph.add_node(());
    }
    for (first, then) in edges.keys() {
        graph.add_edge(NodeIndex::new(*first), NodeIndex::new(*then), ());
    }
    tarjan_scc(&graph)
        .into_iter()
        .filter(|set| set.len() > 1 || set.iter().any(|node| edges.contains_key(&(node.index(), node.index()))))
        .map(|set| set.into_iter().map(NodeIndex::index).collect())
        .collect()
}

/// Sorts topologically; among what is free, deletes come last and the first address wins.
fn sorted(drafts: Vec<Draft>, edges: &BTreeMap<(usize, usize), Need>) -> Vec<Step> {
    let mut waits = vec![0_usize; drafts.len()];
    let mut leads: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (first, then) in edges.keys() {
        waits[*then] += 1;
        leads[*first].push(*then);
        needs[*then].push(*first);
    }
    let key = |index: usize| (drafts[index].deletes.is_some(), drafts[index].step.address.clone(), index);
    let mut free: BTreeSet<_> = (0..drafts.len()).filter(|index| waits[*index] == 0).map(key).collect();
    let mut position = vec![0_usize; drafts.len()];
    let mut sequence = Vec::with_capacity(drafts.len());
    while let Some((_, _, index)) = free.pop_first() {
        position[index] = sequence.len();
        sequence.push(index);
        for then in &leads[index] {
            waits[*then] -= 1;
            if waits[*then] == 0 {
                free.insert(key(*then));
            }
        }
    }
    let mut steps: Vec<Option<Step>> = drafts.into_iter().map(|draft| Some(draft.step)).collect();
    sequence
        .iter()
        .filter_map(|index| {
            let mut step = steps[*index].take()?;
            step.requires = needs[*index].iter().map(|first| position[*first]).collect();
            step.requires.sort_unstable();
            Some(step)
        })
        .collect()
}

/// Returns the references that neither a step nor the tenant can fill.
pub fn dangling(drafts: &[Draft], known: &KnownFields, desired: &Desired) -> Vec<(Reference, Place, Address)> {
    let made: BTreeSet<&(String, String)> = drafts.iter().filter_map(|draft| draft.step.provides.as_ref()).collect();
    let described: BTreeSet<(&str, &str)> =
        desired.resources.iter().map(|r| (r.kind.space(), r.name.as_str())).collect();
    let mut missing = Vec::new();
    for draft in drafts {
        let Some(place) = &draft.step.place else { continue };
        for (_, reference) in references(&draft.step.operation) {
            let key = (reference.space.clone(), reference.name.clone());
            // A client's grant may be named by the client alone.
            let prefixed = reference.name.ends_with(',')
                && known.keys().any(|(space, name)| *space == reference.space && name.starts_with(&reference.name));
            let fine = made.contains(&key)
                || known.contains_key(&key)
                || prefixed
                || described.contains(&(reference.space.as_str(), reference.name.as_str()))
                || reference.by != "id" && builtin(&reference);
            if !fine {
                let address = &draft.step.address;
                let named_by = desired.resources.iter().find(|resource| resource.address == *address);
                let place = named_by.map_or_else(|| place.clone(), |resource| place_in(resource, &reference));
                missing.push((reference, place, address.clone()));
            }
        }
    }
    missing.sort_by(|a, b| (&a.2, &a.0).cmp(&(&b.2, &b.0)));
    missing.dedup_by(|a, b| a.0 == b.0 && a.2 == b.2);
    missing
}

/// A field that is written by value may name what the tenant has and this run did not read.
fn builtin(reference: &Reference) -> bool {
    crate::catalogue::table::catalogue()
        .in_space(&reference.space)
        .any(|kind| kind.has(Quirk::SystemObjects) && reference.name.starts_with("https://"))
}

/// Returns the steps of these addresses alone.
pub fn chosen(steps: Vec<Step>, only: &BTreeSet<Address>) -> Vec<Step> {
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (index, mut step) in steps.into_iter().enumerate() {
        if only.contains(&step.address) {
            step.requires = step.requires.iter().filter_map(|required| places.get(required).copied()).collect();
            places.insert(index, chosen.len());
            chosen.push(step);
        }
    }
    chosen
}
