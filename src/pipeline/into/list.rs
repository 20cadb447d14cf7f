//! What became of a list: what stays, what goes, what is new.

use super::edit::Slot;
use crate::model::value::Value;

/// Returns what a list is to hold so that it is as `live`; `said` gives what a file writes for a value. What stays is
/// the longest run of items that both have in one order.
pub fn towards(
    wanted: &[Value],
    live: &[Value],
    said: &dyn Fn(&Value) -> Option<serde_json::Value>,
) -> Option<Vec<Slot>> {
    // Bounded: a list of that many items that is wholly changed is written anew.
    const MOST: usize = 2_000;
    if wanted.len().saturating_mul(live.len()) > MOST * MOST {
        return None;
    }
    let width = live.len() + 1;
    let mut longest = vec![0_u32; (wanted.len() + 1) * width];
    for a in (0..wanted.len()).rev() {
        for b in (0..live.len()).rev() {
            longest[a * width + b] = match wanted[a] == live[b] {
                true => longest[(a + 1) * width + b + 1] + 1,
                false => longest[(a + 1) * width + b].max(longest[a * width + b + 1]),
            };
        }
    }
    let mut slots = Vec::new();
    let (mut a, mut b) = (0, 0);
    while b < live.len() {
        if a < wanted.len() && wanted[a] == live[b] {
            slots.push(Slot::Keep(a));
            (a, b) = (a + 1, b + 1);
        } else if a < wanted.len() && longest[(a + 1) * width + b] >= longest[a * width + b + 1] {
            a += 1;
        } else {
            slots.push(Slot::New(said(&live[b])?));
            b += 1;
        }
    }
    Some(slots)
}

/// Says whether what is new stands behind all that stays, and that in its order.
pub fn only_appends(slots: &[Slot]) -> bool {
    let first_new = slots.iter().position(|slot| matches!(slot, Slot::New(_))).unwrap_or(slots.len());
    let (before, behind) = slots.split_at(first_new);
    before.iter().filter_map(kept).is_sorted() && behind.iter().all(|slot| matches!(slot, Slot::New(_)))
}

/// Returns the index of an item that stays.
pub fn kept(slot: &Slot) -> Option<usize> {
    match slot {
        Slot::Keep(index) => Some(*index),
        _ => None,
    }
}

/// Picks the most items that can stay where they are while the others move around them.
pub fn unmoved(slots: &[Slot]) -> Vec<usize> {
    let indices: Vec<usize> = slots.iter().filter_map(kept).collect();
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (position, index) in indices.iter().enumerate() {
        let longest = runs[..position].iter().filter(|run| run.last() < Some(index)).max_by_key(|run| run.len());
        let mut run = longest.cloned().unwrap_or_default();
        run.push(*index);
        runs.push(run);
    }
    runs.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

/// Returns the items that go.
pub fn gone(slots: &[Slot], count: usize) -> Vec<usize> {
    (0..count).filter(|index| !slots.contains(&Slot::Keep(*index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slots(wanted: serde_json::Value, live: serde_json::Value) -> Vec<Slot> {
        let values = |json| Value::from_json(json).as_list().unwrap().to_vec();
        towards(&values(wanted), &values(live), &|value| Some(value.to_shown())).unwrap()
    }

    #[test]
    fn what_both_have_stays() {
        assert_eq!(
            slots(json!(["a", "b", "c"]), json!(["a", "c", "d"])),
            [Slot::Keep(0), Slot::Keep(2), Slot::New(json!("d"))]
        );
        assert_eq!(slots(json!([]), json!(["x"])), [Slot::New(json!("x"))]);
        assert_eq!(slots(json!(["a"]), json!([])), []);
        assert!(!only_appends(&slots(json!(["a"]), json!(["x", "a"]))));
        assert_eq!(unmoved(&[Slot::Keep(2), Slot::Keep(0), Slot::New(json!(1)), Slot::Keep(1)]), [0, 1]);
    }
}
