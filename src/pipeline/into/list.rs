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

/// Says whether what is new stands behind all that stays.
pub fn only_appends(slots: &[Slot]) -> bool {
    let first_new = slots.iter().position(|slot| matches!(slot, Slot::New(_))).unwrap_or(slots.len());
    slots[first_new..].iter().all(|slot| matches!(slot, Slot::New(_)))
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
    }
}
