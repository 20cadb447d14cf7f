//! What files leave out of an object stays, though the API replaces the object around it: a change that names only what
//! it changes leaves the tenant as one that names all.

use serde_yaml::{Mapping, Value};

use crate::conformance::cases::Case;
use crate::conformance::{all, joined};
use crate::rollback::law::Tenant;

/// Takes out of maps below the top of a resource what is as it was before. Says whether anything went.
fn thin(before: &Value, after: &mut Value, depth: usize) -> bool {
    match (before, after) {
        (Value::Mapping(old), Value::Mapping(new)) => {
            let mut went = false;
            let keys: Vec<Value> = new.keys().cloned().collect();
            let is_all_new = keys.iter().all(|key| old.get(key) != new.get(key));
            for key in keys {
                let same = old.get(&key) == new.get(&key);
                if depth > 1 && same && !is_all_new && old.len() > 1 {
                    new.remove(&key);
                    went = true;
                } else if let (Some(old), Some(new), false) = (old.get(&key), new.get_mut(&key), same) {
                    went |= thin(old, new, depth + 1);
                }
            }
            went
        }
        // Resources of a kind; lists inside of a resource say all.
        (Value::Sequence(old), Value::Sequence(new)) if depth == 0 && old.len() == new.len() => {
            old.iter().zip(new).fold(false, |went, (old, new)| thin(old, new, 1) | went)
        }
        _ => false,
    }
}

fn thinned(case: &Case) -> Option<String> {
    let before: Mapping = serde_yaml::from_str(case.before).unwrap();
    let mut after: Mapping = serde_yaml::from_str(case.after).unwrap();
    let mut went = false;
    for (key, value) in &mut after {
        let depth = usize::from(value.is_mapping());
        went |= before.get(key).is_some_and(|old| thin(old, value, depth));
    }
    went.then(|| joined(case, &serde_yaml::to_string(&after).unwrap()))
}

/// Kinds with a map of which files say all (`exact`).
const SAID_IN_FULL: &[&str] = &["networkACLs", "userAttributeProfiles"];

#[test]
fn what_files_leave_out_of_an_object_stays() {
    let (mut problems, mut tried) = (Vec::new(), 0);
    for case in all().filter(|case| !SAID_IN_FULL.contains(&case.kind)) {
        let Some(thin) = thinned(case) else { continue };
        tried += 1;
        let ends = [joined(case, case.after), thin.clone()].map(|after| {
            let mut tenant = Tenant::new();
            if !case.needs.is_empty() {
                tenant.core.apply(case.needs);
            }
            tenant.run(&joined(case, case.before), None);
            tenant.run(&after, None)
        });
        let [whole, part] = ends;
        let unlike: Vec<String> = (whole.tenant.keys())
            .filter(|address| whole.tenant.get(*address) != part.tenant.get(*address))
            .map(|address| format!("{address}: {:?}\n  {:?}", whole.tenant.get(address), part.tenant.get(address)))
            .collect();
        if !unlike.is_empty() {
            problems.push(format!("## {}\n{thin}\n{:#?}\n{}", case.kind, part.plan, unlike.join("\n")));
        }
    }
    assert!(problems.is_empty(), "{}:\n{}", problems.len(), problems.join("\n\n"));
    assert!(tried > 5, "only {tried} cases");
}
