//! Edits of a text: what changes, and that nothing else does.

use serde_json::{Value as Json, json};

use super::edit::{Edits, Layout, Slot};
use super::scan::{Id, Scan};

/// Finds a value by its keys.
fn at(scan: &Scan<'_>, path: &str) -> Id {
    let step = |id: Id, key: &str| match key.parse::<usize>() {
        Ok(index) => scan.items(id)[index],
        Err(_) => scan.member(id, key).unwrap().value,
    };
    path.split('.').filter(|key| !key.is_empty()).fold(scan.root.unwrap(), step)
}

fn edited(text: &str, path: &str, edit: impl FnOnce(&mut Edits<'_>, Id) -> Result<(), Layout>) -> String {
    let mut edits = Edits::new(Scan::of(text, false).unwrap(), text.starts_with('{'));
    let id = at(&edits.scan, path);
    edit(&mut edits, id).unwrap();
    edits.text().unwrap()
}

fn set(text: &str, path: &str, value: Json) -> String {
    edited(text, path, |edits, id| edits.set(id, &value))
}

fn list(text: &str, path: &str, slots: &[Slot]) -> String {
    edited(text, path, |edits, id| edits.list(id, slots))
}

fn without(text: &str, path: &str, key: &str) -> String {
    edited(text, path, |edits, id| {
        let member = edits.scan.member(id, key).unwrap();
        edits.remove(id, member)
    })
}

fn refused(text: &str, path: &str, edit: impl FnOnce(&mut Edits<'_>, Id) -> Result<(), Layout>) -> Layout {
    let mut edits = Edits::new(Scan::of(text, false).unwrap(), false);
    let id = at(&edits.scan, path);
    edit(&mut edits, id).unwrap_err()
}

#[test]
fn only_the_letters_of_the_value_change() {
    assert_eq!(set("a: 1 # one\nb: 'x'\n", "a", json!(2)), "a: 2 # one\nb: 'x'\n");
    assert_eq!(set("a: 1 # one\nb: 'x'\n", "b", json!("it's")), "a: 1 # one\nb: 'it''s'\n");
    assert_eq!(set("a:\nb: 1\n", "b", json!(true)), "a:\nb: true\n");
    let block = "a:\n  b: |\n    one\n    two\n\n  c: 1\n";
    assert_eq!(set(block, "a.b", json!("three\n")), "a:\n  b: |\n    three\n\n  c: 1\n");
    assert_eq!(set(block, "a.b", json!("three")), "a:\n  b: |-\n    three\n\n  c: 1\n");
    assert_eq!(set("a: x # c\n", "a", json!("y\nz")), "a: \"y\\nz\" # c\n");
}

#[test]
fn items_come_and_go_as_lines_or_between_commas() {
    let keep = Slot::Keep;
    let new = |text: &str| Slot::New(json!(text));
    assert_eq!(list("a: [x, y, z] # c\n", "a", &[keep(0), keep(2), new("w")]), "a: [x, z, w] # c\n");
    assert_eq!(list("a: [x, y]\n", "a", &[keep(1)]), "a: [y]\n");
    assert_eq!(list("a: [x, y]\n", "a", &[new("w"), keep(1)]), "a: [w, y]\n");
    assert_eq!(list("a: []\n", "a", &[new("w")]), "a: [w]\n");
    assert_eq!(list("a: [x]\n", "a", &[]), "a: []\n");
    assert_eq!(list("a: [x, 'y', z]\n", "a", &[keep(1), keep(2), keep(0)]), "a: ['y', z, x]\n");
    assert_eq!(list("a:\n  - x\n  - { y: 1 }\n", "a", &[keep(1), keep(0)]), "a:\n  - { y: 1 }\n  - x\n");
    let block = "a:\n  # first\n  - x # ex\n  # second\n  - y\nb: 1\n";
    assert_eq!(list(block, "a", &[keep(0), new("z")]), "a:\n  # first\n  - x # ex\n  - z\n  # second\nb: 1\n");
    assert_eq!(list(block, "a", &[keep(1)]), "a:\n  # first\n  # second\n  - y\nb: 1\n");
    assert_eq!(list(block, "a", &[]), "a: []\n  # first\n  # second\nb: 1\n");
    assert_eq!(list(block, "a", &[new("w"), keep(0), keep(1)]), block.replace("  - x", "  - w\n  - x"));
    let maps = "a:\n- b: 1\n  c: 2\n- b: 3";
    assert_eq!(
        list(maps, "a", &[keep(0), keep(1), Slot::New(json!({ "b": 4 }))]),
        "a:\n- b: 1\n  c: 2\n- b: 3\n- b: 4"
    );
    let json_text = "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n";
    assert_eq!(
        list(json_text, "a", &[keep(1), Slot::New(json!({ "b": "c" }))]),
        "{\n  \"a\": [\n    2,\n    {\n      \"b\": \"c\"\n    }\n  ]\n}\n"
    );
}

#[test]
fn lines_that_meet_stand_in_what_they_belong_to() {
    let text = "a:\n- b:\n    c: 1\nd: 2\n";
    let done = edited(text, "", |edits, root| {
        let (list, item) = (at(&edits.scan, "a"), at(&edits.scan, "a.0"));
        edits.list(list, &[Slot::Keep(0), Slot::New(json!("x"))])?;
        edits.add(item, "e", &json!(3))?;
        edits.add(at(&edits.scan, "a.0.b"), "f", &json!(4))?;
        edits.add(root, "g", &json!(5))
    });
    assert_eq!(done, "a:\n- b:\n    c: 1\n    f: 4\n  e: 3\n- x\nd: 2\ng: 5\n");
}

#[test]
fn members_go_with_their_lines() {
    assert_eq!(without("a:\n  b: 1\n  c: 2 # two\n", "a", "c"), "a:\n  b: 1\n");
    assert_eq!(without("a:\n  b: 1\n", "a", "b"), "a: {}\n");
    assert_eq!(without("a: { b: 1, c: 2 }\n", "a", "b"), "a: { c: 2 }\n");
    assert_eq!(without("a: { b: 1, c: 2 }\n", "a", "c"), "a: { b: 1 }\n");
    assert_eq!(without("- b: 1\n  c: 2\n", "0", "b"), "- c: 2\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    let keep = Slot::Keep;
    // Behind the sign of a block text.
    assert_eq!(set("a: | # why\n  x\nb: 1\n", "a", json!("y\n")), "a: | # why\n  y\nb: 1\n");
    assert_eq!(set("a: >- # why\r\n  x\r\nb: 1\r\n", "a", json!("")), "a: \"\" # why\r\nb: 1\r\n");
    // With an item that moves, and above a member that moves up.
    assert_eq!(list("a:\n  - x # ex\n  - y\n", "a", &[keep(1), keep(0)]), "a:\n  - y\n  - x # ex\n");
    assert_eq!(without("- b: 1 # one\n  # two\n  c: 2\n", "0", "b"), "- # two\n  c: 2\n");
    // In brackets they would change sides.
    for text in ["a: [\n  x, # ex\n  y, # why\n]\n", "a: [\n  x, y # why\n]\n", "a: [ # ex\n  x, y]\n"] {
        assert_eq!(refused(text, "a", |edits, id| edits.list(id, &[keep(1)])), Layout::Unusual, "{text}");
    }
    let map = "a: {\n  b: '#1', # one\n  c: 2\n}\n";
    assert_eq!(refused(map, "a", |edits, id| edits.add(id, "d", &json!(3))), Layout::Unusual);
    assert_eq!(refused(map, "a", |edits, id| edits.set(id, &json!({}))), Layout::Unusual);
    assert_eq!(set(map, "a.b", json!("#2")), map.replace("#1", "#2"));
    assert_eq!(list("a: ['#x', \"#y\", z#]\n", "a", &[keep(0), keep(2)]), "a: ['#x', z#]\n");
}

#[test]
fn line_ends_tabs_and_letters_of_more_bytes_stay() {
    let new = |text: &str| Slot::New(json!(text));
    let windows = "é: 'ü' # 🚢\r\nl:\r\n  - ø # one\r\n  - y\r\nz: |\r\n  t\r\n";
    assert_eq!(set(windows, "é", json!("å")), windows.replace('ü', "å"));
    assert_eq!(set(windows, "z", json!("u\nv\n")), windows.replace("  t", "  u\r\n  v"));
    assert_eq!(
        list(windows, "l", &[Slot::Keep(0), new("x"), Slot::Keep(1)]),
        windows.replace("# one\r\n", "# one\r\n  - x\r\n")
    );
    assert_eq!(list(windows, "l", &[Slot::Keep(1)]), windows.replace("  - ø # one\r\n", ""));
    assert_eq!(set("f: { ü: 'ö', b: 1 }\n", "f.b", json!(2)), "f: { ü: 'ö', b: 2 }\n");
    // No line break at the end; a byte order mark at the beginning.
    assert_eq!(list("a:\n  - x", "a", &[Slot::Keep(0), new("v"), new("z")]), "a:\n  - x\n  - v\n  - z");
    assert_eq!(set("a: 1\nb: x", "b", json!("y\nz\n")), "a: 1\nb: |\n  y\n  z\n");
    assert_eq!(set("a: 1\nb: x", "b", json!(2)), "a: 1\nb: 2");
    assert_eq!(set("\u{feff}a: 1\nb: 2\n", "a", json!(3)), "\u{feff}a: 3\nb: 2\n");
    // Tabs.
    let tabs = "{\n\t\"a\": [\n\t\t1\n\t],\n\t\"b\": {\n\t\t\"c\": 1\n\t}\n}\n";
    assert_eq!(
        list(tabs, "a", &[Slot::Keep(0), Slot::New(json!(2))]),
        tabs.replace("\t\t1\n\t]", "\t\t1,\n\t\t2\n\t]")
    );
    let added = edited(tabs, "b", |edits, id| edits.add(id, "d", &json!(2)));
    assert_eq!(added, tabs.replace("\"c\": 1", "\"c\": 1,\n\t\t\"d\": 2"));
    assert_eq!(set("a:\t1\t# one\n", "a", json!(2)), "a:\t2\t# one\n");
}

#[test]
fn a_value_may_take_no_bytes_or_several_lines() {
    for (text, wanted) in [
        ("a:\nb: 1\n", "a: 2\nb: 1\n"),
        ("a: # why\nb: 1\n", "a: 2 # why\nb: 1\n"),
        ("b: 1\na:", "b: 1\na: 2"),
        ("a: one\n  two\nb: 1\n", "a: 2\nb: 1\n"),
        ("a: \"one\\\n  two\" # c\nb: 1\n", "a: 2 # c\nb: 1\n"),
        ("a:\n  'one\n\n  two'\nb: 1\n", "a:\n  2\nb: 1\n"),
        ("a: |2-\n    one\n\n  two\n\n# c\nb: 1\n", "a: 2\n\n# c\nb: 1\n"),
        ("\"a\" : 1\n", "\"a\" : 2\n"),
    ] {
        assert_eq!(set(text, "a", json!(2)), wanted, "{text:?}");
    }
    assert_eq!(set("- \n- x\n", "0", json!(2)), "- 2\n- x\n");
    assert_eq!(set("-\n- x\n", "0", json!(2)), "- 2\n- x\n");
    assert_eq!(set("a: { b: , c: 1 }\n", "a.b", json!(2)), "a: { b: 2 , c: 1 }\n");
    assert_eq!(refused("a: { b, c: 1 }\n", "a.b", |edits, id| edits.set(id, &json!(2))), Layout::Unusual);
    let twice = "a:\n  - x # first\n  - x # second\n";
    assert_eq!(list(twice, "a", &[Slot::Keep(1)]), "a:\n  - x # second\n");
}

#[test]
fn what_an_alias_stands_for_stays() {
    let text = "a: &x\n  - b\nc: *x\nd:\n  - &y e\n  - f\ng: *y\nh: { <<: { i: 1 }, j: 2 }\n";
    let new = [Slot::Keep(0), Slot::New(json!("z"))];
    assert_eq!(refused(text, "a", |edits, id| edits.list(id, &new)), Layout::Anchored);
    assert_eq!(refused(text, "c", |edits, id| edits.set(id, &json!(1))), Layout::Anchored);
    assert_eq!(refused(text, "d.0", |edits, id| edits.set(id, &json!(1))), Layout::Anchored);
    assert_eq!(refused("d: [&y e, f]\n", "d.0", |edits, id| edits.set(id, &json!(1))), Layout::Anchored);
    let longest = "d:\n  - f\n  - g\n  - &y e\n";
    let moved = [Slot::Keep(2), Slot::Keep(0), Slot::Keep(1)];
    assert_eq!(refused(longest, "d", |edits, id| edits.list(id, &moved)), Layout::Anchored);
}
