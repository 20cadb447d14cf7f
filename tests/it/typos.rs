//! Slips of the pen in keys: how many of 1,000 the offline check catches with the right suggestion.
//!
//! The slips are made by a generator with a fixed seed, over all kinds in proportion to their fields. Each field stands in
//! the least document of its kind that holds it: the maps and lists around it, and what tells its variant (`strategy`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenantry::catalogue::fields;
use tenantry::catalogue::fields::table::{Extra, Index, Roots, Type, table};
use tenantry::catalogue::kind::Kind;
use tenantry::catalogue::shape::Shape;
use tenantry::catalogue::table::catalogue;
use tenantry::model::address::Address;
use tenantry::model::diagnostic::Diagnostics;
use tenantry::model::document::{Content, Entry, Node, Place};

const SEED: u64 = 20_240_607;
const SLIPS: usize = 1_000;
/// What must be caught, in per cent.
const CAUGHT: usize = 85;
/// A schema may contain itself.
const DEPTH: usize = 6;

/// A generator whose numbers are the same everywhere and for ever (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    /// One edit: two letters swapped, one dropped, doubled or replaced.
    fn slip(&mut self, name: &str) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let at = self.roll(letters.len());
        match self.roll(4) {
            0 if at + 1 < letters.len() => letters.swap(at, at + 1),
            1 if letters.len() > 1 => drop(letters.remove(at)),
            2 => letters.insert(at, letters[at]),
            _ => letters[at] = char::from(b'a' + u8::try_from(self.roll(26)).unwrap()),
        }
        letters.into_iter().collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Item,
}

/// A field: its kind, the key of a keyed kind, what tells the variant, and the way to it.
struct Field {
    kind: &'static Kind,
    key: BTreeMap<String, String>,
    told: Option<(String, String)>,
    way: Vec<Step>,
}

fn fields_of(kind: &'static Kind) -> Vec<Field> {
    let own: Vec<(BTreeMap<String, String>, &str)> = kind
        .key_paths
        .iter()
        .filter_map(|(name, own)| {
            let key = kind.identity.iter().cloned().zip(name.split(',').map(str::to_owned)).collect();
            Some((key, own.schema.as_deref()?))
        })
        .collect();
    let mut found = Vec::new();
    for (key, schema) in kind.schema.as_deref().map(|schema| (BTreeMap::new(), schema)).into_iter().chain(own) {
        let Some(roots) = table().roots(schema) else { continue };
        let mut ways = BTreeSet::new();
        walk(&roots.indexes(), &[], &mut ways);
        let by_strategy = !roots.strategies.is_empty();
        ways.retain(|way| !by_strategy || way.len() == 1 || way[0] != Step::Key("options".to_owned()));
        let told = |way| Field { kind, key: key.clone(), told: None, way };
        found.extend(ways.into_iter().map(told));
        found.extend(strategies(kind, &key, roots));
    }
    found
}

fn strategies(kind: &'static Kind, key: &BTreeMap<String, String>, roots: &Roots) -> Vec<Field> {
    let fits = |name: &String| kind.filter.as_ref().is_none_or(|filter| filter.fits(Some(&name.as_str().into())));
    let mut found = Vec::new();
    for (strategy, indexes) in roots.strategies.iter().filter(|(name, _)| fits(name)) {
        let mut ways = BTreeSet::new();
        walk(indexes, &[Step::Key("options".to_owned())], &mut ways);
        let told = Some(("strategy".to_owned(), strategy.clone()));
        found.extend(ways.into_iter().map(|way| Field { kind, key: key.clone(), told: told.clone(), way }));
    }
    found
}

fn walk(indexes: &[Index], at: &[Step], found: &mut BTreeSet<Vec<Step>>) {
    if at.len() > DEPTH {
        return;
    }
    let with = |step: Step| at.iter().cloned().chain([step]).collect::<Vec<_>>();
    for schema in table().branches(indexes) {
        for (name, child) in &schema.fields {
            let way = with(Step::Key(name.clone()));
            walk(&[*child], &way, found);
            found.insert(way);
        }
        if let Some(items) = schema.items {
            walk(&[items], &with(Step::Item), found);
        }
        // The names in such a map are the user's own, those below are not.
        if let (Extra::Like(children), Some(Type::Object)) = (&schema.extra, schema.kind) {
            walk(children, &with(Step::Key("mine".to_owned())), found);
        }
    }
}

fn place() -> Place {
    Place { file: Arc::from("typos"), line: 1, column: 1 }
}

fn entry(key: &str, value: Node) -> Entry {
    Entry { key: key.to_owned(), key_place: place(), value }
}

/// The document with `wrong` in place of the field's last name; a null is of every type.
fn document(field: &Field, wrong: &str) -> Node {
    let mut node = Node::new(Content::Null, place());
    for (position, step) in field.way.iter().enumerate().rev() {
        let content = match step {
            Step::Item => Content::List(vec![node]),
            Step::Key(name) => {
                let name = if position + 1 == field.way.len() { wrong } else { file_name(field, position, name) };
                let mut entries = vec![entry(name, node)];
                if let (0, Some((told, value))) = (position, &field.told) {
                    entries.push(entry(told, Node::new(Content::Text(value.clone()), place())));
                }
                Content::Map(entries)
            }
        };
        node = Node::new(content, place());
    }
    match field.kind.shape {
        Shape::Membership => Node::new(Content::List(vec![node]), place()),
        _ => node,
    }
}

/// Files have names of their own for some fields.
fn file_name<'a>(field: &'a Field, position: usize, name: &'a str) -> &'a str {
    let own = field.kind.key_path(&field.key).into_iter().flat_map(|own| &own.rename);
    let mut renames = field.kind.fields.rename.iter().chain(own).filter(|(_, api)| *api == name);
    renames.next().filter(|_| position == 0).map_or(name, |(file, _)| file)
}

fn findings(field: &Field, node: &Node) -> Diagnostics {
    let mut found = Diagnostics::default();
    fields::check(field.kind, &field.key, node, false, &mut found, &Address::root(&field.kind.name));
    fields::forgive_read_only(&mut found);
    found
}

#[test]
fn slips_in_keys_are_caught_with_the_right_suggestion() {
    let all: Vec<Field> = catalogue().kinds().flat_map(fields_of).collect();
    assert!(all.len() > 2_000, "only {} fields", all.len());
    let mut dice = Dice(SEED);
    let (mut tried, mut caught, mut warned) = (0, 0, 0);
    let mut passed = Vec::new();
    let mut kinds = BTreeSet::new();
    while tried < SLIPS {
        let field = &all[dice.roll(all.len())];
        let Some(Step::Key(name)) = field.way.last() else { unreachable!("a field has a name") };
        let name = file_name(field, field.way.len() - 1, name);
        let wrong = dice.slip(name);
        if wrong == name {
            continue; // A letter that was swapped with or replaced by itself.
        }
        let clean = findings(field, &document(field, name));
        assert!(clean.0.is_empty(), "{}: {:?} is no valid document: {:?}", field.kind.name, field.way, clean.0);
        tried += 1;
        kinds.insert(&field.kind.name);
        let found = findings(field, &document(field, &wrong));
        let right = format!("Did you mean `{name}`?");
        match found.0.iter().find(|one| one.code == "unknown-field" && one.help.as_deref() == Some(&right)) {
            Some(one) => {
                caught += 1;
                warned += usize::from(one.severity != tenantry::model::diagnostic::Severity::Error);
            }
            None => passed.push(format!(
                "{} {:?}: {wrong} for {name}: {:?}",
                field.kind.name,
                field.told,
                found.0.iter().map(|one| one.help.clone()).collect::<Vec<_>>()
            )),
        }
    }
    eprintln!(
        "typos: {caught} of {tried} caught with the right suggestion ({warned} of them as warnings), over {} kinds and {} fields",
        kinds.len(),
        all.len()
    );
    assert!(caught * 100 >= CAUGHT * tried, "only {caught} of {tried} are caught:\n{}", passed.join("\n"));
}
