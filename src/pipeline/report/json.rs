//! The plan for programs. The format only ever grows; a change that takes something away raises [`VERSION`].
//!
//! Every document that the program writes is one object with `format` (what it is) and `version`. That of a plan:
//!
//! | member | holds |
//! |---|---|
//! | `format`, `version` | `tenantry-plan`, 1 |
//! | `tenant`, `domain`, `sandbox` | where it leads |
//! | `changes` | what people see, by address: `address`, `kind`, `action`, `reason`, `id`, `place`, `deltas` |
//! | `changes[].deltas` | `path`, `before` and `after` where there is one, `note` where something must be said, `cause` (`configuration`, `drift`, `both`) where there is a record |
//! | `steps` | what an apply would do, in a valid order: `address`, `action`, `requires` (indices of earlier steps) |
//! | `summary` | numbers: `create`, `update`, `rename`, `replace`, `delete`, `unchanged`, `unmanaged` |
//! | `gates` | closed gates: `name`, `reason`, `addresses`, `switch` (null where none opens it) |
//! | `notes` | sentences for people |
//! | `findings` | warnings and notes about files: `severity`, `code`, `summary`, `place`, `address`, `help` |
//! | `provenance` | `commit` and `dirty` of the files |
//! | `fingerprint` | names the plan, for `apply --expect`; empty where nothing could be planned |
//! | `requests` | `refresh`: sent to read; `apply`: the writes that the steps send at least |
//!
//! `action` is `create`, `update`, `replace`, `delete` or `rename`. A `place` is `file`, `line`, `column`. Values are the
//! API's own, but for `{"secret": name}`, the names that files use in place of ids, and `{"template": [..]}` for text
//! with secrets or names of objects in it. Equal plans are equal bytes.

use serde_json::{Map as Members, Value as Json, json};

use super::findings;
use crate::model::change::{Action, Change, Delta};
use crate::model::diagnostic::Diagnostics;
use crate::model::document::Place;
use crate::model::plan::{Plan, Step};
use crate::model::value::{Part, Value};

/// The version of every JSON document that the program writes.
pub const VERSION: u32 = 1;

/// Returns a plan, with what was found on the way.
pub fn plan(plan: &Plan, found: &Diagnostics) -> Json {
    json!({
        "format": "tenantry-plan",
        "version": VERSION,
        "tenant": plan.settings.tenant,
        "domain": plan.settings.domain,
        "sandbox": plan.sandbox,
        "changes": plan.changes.iter().filter(|c| c.action != Action::Nothing).map(change).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "summary": {
            "create": plan.count(Action::Create),
            "update": plan.count(Action::Update),
            "rename": plan.count(Action::Rename),
            "replace": plan.count(Action::Replace),
            "delete": plan.count(Action::Delete),
            "unchanged": plan.unchanged,
            "unmanaged": plan.unmanaged,
        },
        "gates": plan.gates,
        "notes": plan.notes,
        "findings": findings::json(found),
        "provenance": plan.provenance,
        "requests": plan.requests,
        "fingerprint": plan.basis.fingerprint,
    })
}

/// Returns a value for programs: secrets as `{"secret": name}`, references by the name that files use for them.
pub fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(n) => Json::Number(n.clone()),
        Value::String(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(self::value).collect()),
        Value::Map(map) => Json::Object(map.iter().map(|(key, item)| (key.clone(), self::value(item))).collect()),
        Value::Secret(secret) => json!({ "secret": secret.name }),
        Value::Reference(reference) => Json::String(reference.name.clone()),
        Value::Template(parts) => json!({ "template": parts.iter().map(part).collect::<Vec<_>>() }),
    }
}

/// Returns where something stands.
pub fn place(place: &Place) -> Json {
    json!({ "file": &*place.file, "line": place.line, "column": place.column })
}

fn part(part: &Part) -> Json {
    match part {
        Part::Text(text) => Json::String(text.clone()),
        Part::Secret(secret) => json!({ "secret": secret.name }),
        Part::Reference(to) => json!({ "reference": to.name, "kind": to.space, "field": to.by }),
    }
}

/// Returns one change.
pub fn change(change: &Change) -> Json {
    json!({
        "address": change.address,
        "kind": change.kind.name,
        "action": change.action,
        "reason": change.reason,
        "id": change.id,
        "place": change.place.as_ref().map(place),
        "deltas": change.deltas.iter().map(delta).collect::<Vec<_>>(),
    })
}

fn delta(delta: &Delta) -> Json {
    let mut members = Members::new();
    members.insert("path".into(), delta.path.to_string().into());
    if let Some(before) = &delta.before {
        members.insert("before".into(), value(before));
    }
    if let Some(after) = &delta.after {
        members.insert("after".into(), value(after));
    }
    if let Some(cause) = delta.cause {
        members.insert("cause".into(), json!(cause));
    }
    if let Some(note) = delta.note {
        members.insert("note".into(), json!(note));
    }
    Json::Object(members)
}

fn step(step: &Step) -> Json {
    json!({ "address": step.address, "action": step.action, "requires": step.requires })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    #[test]
    fn secrets_are_objects_with_a_name() {
        let list = Value::List(vec![
            Value::Secret(Secret::new("smtp_key", "hunter2")),
            Value::Template(vec![Part::Text("a=".into()), Part::Secret(Secret::new("b", "hunter3"))]),
        ]);
        assert_eq!(value(&list), json!([{"secret": "smtp_key"}, {"template": ["a=", {"secret": "b"}]}]));
    }
}
