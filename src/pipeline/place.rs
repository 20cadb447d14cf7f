//! The place of a nested kind in its parent's node.

use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::table::is_credential;
use crate::model::document::Node;

/// Drops the key that held a nested kind from its parent, and leaves what stands around it there.
pub fn remove(child: &Kind, place: &[Step], node: &mut Node) {
    match place {
        _ if is_credential(child) => {}
        [Step::Key(around), rest @ ..] if rest.first().is_some_and(|step| matches!(step, Step::Key(_))) => {
            if let Some(inner) = node.get_mut(around) {
                remove(child, rest, inner);
            }
        }
        [Step::Key(key), ..] => drop(node.take(key)),
        _ => {}
    }
}
