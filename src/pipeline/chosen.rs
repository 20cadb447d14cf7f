//! Singletons that choose one object of another kind: what the tenant would refuse to be chosen.

use crate::model::change::Change;
use crate::model::live::{Live, Object};
use crate::model::value::Value;
use crate::pipeline::matching::Matched;

/// Says of what a change chooses that the tenant would refuse it as it is.
pub fn not_ready(changes: &[Change], matched: &Matched<'_>, live: &Live) -> Vec<String> {
    let said = |change: &Change| {
        let marked = change.kind.marked.as_ref()?;
        let (resource, _) = matched.get(&change.address)?;
        let Some(Value::Reference(chosen)) = resource.body.get(&marked.field) else { return None };
        let is_it = |object: &&Object| {
            let own = object.body.get(&marked.field).and_then(Value::as_str);
            object.kind.name == marked.kind && own == Some(chosen.name.as_str())
        };
        let object = live.objects.iter().find(is_it);
        let is_ready = object.is_some_and(|object| {
            marked.ready.fits(object.body.get(&marked.ready.field).map(Value::to_shown).as_ref())
        });
        (!is_ready).then(|| format!("{}: {} is not ready. {}", change.address, chosen.name, marked.help))
    };
    changes.iter().filter_map(said).collect()
}
