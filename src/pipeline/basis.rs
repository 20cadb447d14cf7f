//! A plan -> what it stands on.
//!
//! Everything is brought into one form before it is hashed: keys and sets sorted, what the server derives, what it says
//! by default and what changes by itself left out. Secrets enter by their fingerprints alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::catalogue::kind::{Kind, Membership};
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::basis::{ABSENT, Basis, PART, StepBasis, VERSION, WHOLE};
use crate::model::change::{Action, Change};
use crate::model::desired::{Desired, MEMBERS, Manage, Resource};
use crate::model::live::{Live, Object};
use crate::model::path::{FieldPath, Segment};
use crate::model::plan::{MemberChange, Operation, Step};
use crate::model::secret::Secret;
use crate::model::value::{Map, Part, Reference, Value};
use crate::pipeline::canonical::strip;
use crate::pipeline::diff::{label, list_key};
use crate::pipeline::matching::Matched;
use crate::pipeline::plan::{Facts, KnownFields, Remembered};

/// What planning found out.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub matched: &'a Matched<'a>,
    pub known: &'a KnownFields,
    pub changes: &'a [Change],
    pub steps: &'a [Step],
}

/// Returns what a plan stands on.
pub fn basis(ground: Ground<'_>, facts: &Facts) -> Basis {
    let salt = facts.basis_salt.clone().unwrap_or_else(|| of_domain(ground.desired));
    let canon = Canon::new(salt);
    let steps = steps(ground.steps, &canon);
    let relied = relied(ground, facts, &canon);
    let files = hash(&wanted(ground.desired, &canon));
    let (by_steps, by_tenant) = (hash(&json!(steps)), hash(&json!(relied)));
    let whole = hash(&json!({
        "domain": ground.desired.settings.domain,
        "sandbox": facts.sandbox,
        "files": files,
        "steps": by_steps,
        "tenant": by_tenant,
    }));
    let part = |hash: &str| hash.get(..PART).unwrap_or(hash).to_owned();
    let fingerprint = [
        VERSION.to_owned(),
        whole.get(..WHOLE).unwrap_or(&whole).to_owned(),
        part(&files),
        part(&by_steps),
        part(&by_tenant),
    ];
    Basis { fingerprint: fingerprint.join("-"), salt: STANDARD.encode(&canon.remembered.salt), steps, relied }
}

/// The salt as long as no record holds a random one: it must be the same on every machine that plans.
fn of_domain(desired: &Desired) -> Vec<u8> {
    Sha256::digest(format!("tenantry plan of {}", desired.settings.domain)).to_vec()
}

fn hash(value: &Json) -> String {
    Sha256::digest(value.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the files want, wherever in them it stands.
fn wanted(desired: &Desired, canon: &Canon) -> Json {
    let resource = |resource: &Resource| {
        let fields = Map::from_iter(resource.body.iter().map(|(key, value)| (key.clone(), value.clone())));
        json!({
            "address": resource.address,
            "name": resource.name,
            "was": resource.was,
            "unset": resource.unset,
            "tool": canon.map(resource.kind, &FieldPath::default(), &resource.tool),
            "fields": canon.body(resource.kind, &fields),
        })
    };
    let mut resources: Vec<&Resource> = desired.resources.iter().collect();
    resources.sort_by(|a, b| a.address.cmp(&b.address));
    let removed: BTreeSet<&Address> = desired.removed.iter().map(|resource| &resource.address).collect();
    json!({
        "resources": resources.into_iter().map(resource).collect::<Vec<_>>(),
        "removed": removed,
        "declared": desired.declared,
        "released": desired.released,
    })
}

fn steps(steps: &[Step], canon: &Canon) -> Vec<StepBasis> {
    let mut out: Vec<StepBasis> = steps
        .iter()
        .map(|step| {
            canon.begin();
            let sends = operation(step, canon);
            let mut needs: Vec<String> = step
                .requires
                .iter()
                .filter_map(|index| steps.get(*index))
                .map(|step| format!("{} {}", word(&step.operation), step.address))
                .collect();
            needs.sort();
            let whole = json!({
                "address": step.address,
                "action": step.action,
                "operation": word(&step.operation),
                "sends": sends,
                "needs": needs,
                "parent": step.parent,
                "key": step.key,
            });
            StepBasis { address: step.address.clone(), action: step.action, hash: hash(&whole), secrets: canon.end() }
        })
        .collect();
    out.sort();
    out
}

fn word(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create { .. } => "create",
        Operation::Update { .. } => "update",
        Operation::Fill { .. } => "fill",
        Operation::Delete { .. } => "delete",
        Operation::Reset { .. } => "reset",
        Operation::Members(_) => "members",
        Operation::Deploy { .. } => "deploy",
        Operation::Wrap { .. } => "wrap",
    }
}

fn operation(step: &Step, canon: &Canon) -> Json {
    let body = |map: &Map| canon.map(step.kind, &FieldPath::default(), map);
    match &step.operation {
        Operation::Create { body: fields, then } => json!([body(fields), body(then)]),
        Operation::Update { id, body: fields, first, whole } => json!([id, body(fields), body(first), whole]),
        Operation::Fill { body: fields } | Operation::Reset { body: fields } => body(fields),
        Operation::Delete { id } | Operation::Deploy { id } | Operation::Wrap { id } => json!(id),
        Operation::Members(change) => members(step.kind, change, canon),
    }
}

fn members(kind: &Kind, change: &MemberChange, canon: &Canon) -> Json {
    let path = FieldPath::default();
    let all = |list: &[Value]| list.iter().map(|member| canon.value(kind, &path, member)).collect::<Vec<_>>();
    let is_ordered = kind.membership.as_ref().is_some_and(Membership::is_ordered);
    // What goes stands as the tenant shows it, but for what recognises it nothing of that is sent.
    let gone: Vec<Value> = change.remove.iter().map(|member| recognised(kind, member)).collect();
    let whole = if is_ordered { all(&change.whole) } else { sorted(all(&change.whole)) };
    json!([sorted(all(&change.add)), sorted(all(&change.change)), sorted(all(&gone)), whole])
}

fn recognised(kind: &Kind, member: &Value) -> Value {
    let (Value::Map(map), Some(membership)) = (member, &kind.membership) else { return member.clone() };
    let keys: Vec<&String> = membership.identity.iter().chain(&membership.member_id).collect();
    Value::Map(map.iter().filter(|(key, _)| keys.contains(key)).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// Returns what the steps rely on: the objects they touch or the absence of those, ids of what they name, what refers to
/// what they delete, and, where whatever is not declared is deleted, which objects there are.
fn relied(ground: Ground<'_>, facts: &Facts, canon: &Canon) -> BTreeMap<String, String> {
    let Ground { desired, live, matched, known, changes, steps } = ground;
    let mut relied = BTreeMap::new();
    let by_id: HashMap<(&str, &str), &Object> =
        live.objects.iter().filter_map(|o| Some(((o.kind.name.as_str(), o.id.as_ref()?.0.as_str()), o))).collect();
    let of_change = |change: &Change| {
        let id = change.id.as_ref().and_then(|id| by_id.get(&(change.kind.name.as_str(), id.0.as_str())).copied());
        id.or_else(|| matched.get(&change.address).and_then(|(_, object)| object))
    };
    let touched = changes.iter().map(|change| (&change.address, of_change(change)));
    // What a saved plan touches is looked at even if nothing is to be done to it any more.
    let looked = facts.only.iter().flatten().map(|address| (address, matched.get(address).and_then(|(_, o)| o)));
    for (address, object) in looked.chain(touched) {
        let stands = object.map_or(ABSENT.to_owned(), |object| hash(&canon.object(object, matched)));
        relied.insert(address.to_string(), stands);
    }
    for step in steps {
        if let Some(parent) = &step.parent {
            let id = matched.get(parent).and_then(|(_, object)| object?.id.as_ref());
            relied.insert(format!("the id of {parent}"), id.map_or(ABSENT.to_owned(), |id| hash(&json!(id))));
        }
        visit(&step.operation, &mut |value| {
            value.references(&mut |reference| {
                let fields = known.get(&(reference.space.clone(), reference.name.clone()));
                let text = fields.and_then(|fields| fields.get(&reference.by));
                let stands = text.map_or(ABSENT.to_owned(), |text| hash(&json!(text)));
                relied.insert(format!("the {} of {}", reference.by, named(reference)), stands);
            });
        });
    }
    let goes = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace);
    if changes.iter().any(|change| goes(&change)) {
        let referrers = referrers(live, matched);
        for change in changes.iter().filter(goes) {
            let object = of_change(change);
            let name = object.and_then(|object| {
                let space = change.kind.space();
                Some((space.to_owned(), matched.names.name(space, &object.id.as_ref()?.0)?.to_owned()))
            });
            let who = name.and_then(|name| referrers.get(&name)).cloned().unwrap_or_default();
            relied.insert(format!("what refers to {}", change.address), hash(&json!(who)));
        }
    }
    let exact = changes.iter().filter(|change| {
        change.kind.shape == Shape::Collection && desired.settings.policy.manage(change.kind) == Manage::Exact
    });
    for kind in exact.map(|change| change.kind.name.as_str()).collect::<BTreeSet<_>>() {
        let ids: BTreeSet<&str> = live
            .objects
            .iter()
            .filter(|o| o.kind.name == kind)
            .filter_map(|o| Some(o.id.as_ref()?.0.as_str()))
            .collect();
        relied.insert(format!("the list of {kind}"), hash(&json!(ids)));
    }
    relied
}

fn named(reference: &Reference) -> String {
    let kind = catalogue().in_space(&reference.space).next();
    Address::named(kind.map_or(reference.space.as_str(), |kind| kind.name.as_str()), &reference.name).to_string()
}

fn visit<'a>(operation: &'a Operation, look: &mut impl FnMut(&'a Value)) {
    match operation {
        Operation::Create { body, then } => body.values().chain(then.values()).for_each(look),
        Operation::Update { body, first, .. } => body.values().chain(first.values()).for_each(look),
        Operation::Fill { body } | Operation::Reset { body } => body.values().for_each(look),
        Operation::Members(change) => {
            let lists = [&change.add, &change.change, &change.remove, &change.whole];
            lists.into_iter().flatten().for_each(look);
        }
        Operation::Delete { .. } | Operation::Deploy { .. } | Operation::Wrap { .. } => {}
    }
}

/// (space, name) -> the addresses of the live objects that refer to it.
fn referrers(live: &Live, matched: &Matched<'_>) -> BTreeMap<(String, String), BTreeSet<Address>> {
    let mut referrers: BTreeMap<(String, String), BTreeSet<Address>> = BTreeMap::new();
    for object in &live.objects {
        let address = matched.names.address_of(object);
        for value in matched.names.body(object).values() {
            value.references(&mut |reference| {
                let key = (reference.space.clone(), reference.name.clone());
                referrers.entry(key).or_default().insert(address.clone());
            });
        }
    }
    referrers
}

fn sorted(mut list: Vec<Json>) -> Vec<Json> {
    list.sort_by_cached_key(Json::to_string);
    list
}

/// The one form.
struct Canon {
    remembered: Remembered,
    /// Fingerprints are slow to make.
    made: RefCell<HashMap<String, String>>,
    /// The secrets of the step under way; `None` where secrets are part of the form.
    aside: RefCell<Option<BTreeMap<String, String>>>,
}

impl Canon {
    fn new(salt: Vec<u8>) -> Self {
        let remembered = Remembered { salt, ..Remembered::default() };
        Self { remembered, made: RefCell::default(), aside: RefCell::default() }
    }

    fn begin(&self) {
        *self.aside.borrow_mut() = Some(BTreeMap::new());
    }

    fn end(&self) -> BTreeMap<String, String> {
        self.aside.borrow_mut().take().unwrap_or_default()
    }

    fn body(&self, kind: &Kind, body: &Map) -> Json {
        match body.get(MEMBERS) {
            Some(Value::List(members)) => {
                let path = FieldPath::default();
                let list: Vec<Json> = members.iter().map(|member| self.value(kind, &path, member)).collect();
                let ordered = kind.membership.as_ref().is_some_and(Membership::is_ordered);
                Json::Array(if ordered { list } else { sorted(list) })
            }
            _ => self.map(kind, &FieldPath::default(), body),
        }
    }

    /// A live object: its id and what it shows, without what says nothing.
    fn object(&self, object: &Object, matched: &Matched<'_>) -> Json {
        let mut body = Value::Map(matched.names.body(object));
        strip(object.kind, &mut body);
        for (pattern, meant) in &object.kind.fields.absent_means {
            pattern.rewrite(&mut body, &mut |_, value| (value.to_shown() != *meant).then_some(value));
        }
        for pattern in &object.kind.fields.empty_is_absent {
            pattern.rewrite(&mut body, &mut |_, value| (!value.is_empty()).then_some(value));
        }
        drop_nothing(&mut body);
        let body = match &body {
            Value::Map(body) => self.body(object.kind, body),
            other => self.value(object.kind, &FieldPath::default(), other),
        };
        json!({ "id": object.id, "body": body })
    }

    fn map(&self, kind: &Kind, path: &FieldPath, map: &Map) -> Json {
        let sorted: BTreeMap<&String, &Value> = map.iter().collect();
        let form = |(key, value): (&String, &Value)| (key.clone(), self.value(kind, &path.key(key), value));
        Json::Object(sorted.into_iter().map(form).collect::<JsonMap<String, Json>>())
    }

    fn value(&self, kind: &Kind, path: &FieldPath, value: &Value) -> Json {
        match value {
            Value::Map(map) => self.map(kind, path, map),
            Value::List(items) => self.list(kind, path, items),
            Value::Secret(secret) => self.secret(path, secret),
            Value::Reference(reference) => to(reference),
            Value::Template(parts) => json!({
                "template": parts.iter().map(|part| match part {
                    Part::Text(text) => json!(text),
                    Part::Secret(secret) => self.secret(path, secret),
                    Part::Reference(reference) => to(reference),
                }).collect::<Vec<_>>()
            }),
            plain => plain.to_shown(),
        }
    }

    fn list(&self, kind: &Kind, path: &FieldPath, items: &[Value]) -> Json {
        let key = list_key(kind, path);
        let form = |(index, item): (usize, &Value)| {
            let name = key.as_ref().and_then(|key| item.as_map()?.get(key)).map(label);
            self.value(kind, &path.with(name.map_or(Segment::Index(index), Segment::Item)), item)
        };
        let list: Vec<Json> = items.iter().enumerate().map(form).collect();
        let is_set = key.is_some() || kind.fields.sets.iter().any(|pattern| pattern.matches(path));
        Json::Array(if is_set { sorted(list) } else { list })
    }

    fn secret(&self, path: &FieldPath, secret: &Secret) -> Json {
        let print = match secret.expose() {
            Some(text) => {
                let made = self.made.borrow().get(text).cloned();
                made.unwrap_or_else(|| {
                    // A salt that is too short cannot be; without a fingerprint two values would be taken for one.
                    let print = self.remembered.fingerprint(text).unwrap_or_default();
                    self.made.borrow_mut().insert(text.to_owned(), print.clone());
                    print
                })
            }
            None if secret.is_keep() => "(kept)".to_owned(),
            None => "(not available)".to_owned(),
        };
        match self.aside.borrow_mut().as_mut() {
            Some(aside) => {
                let mut name = if path.is_root() { secret.name.clone() } else { path.to_string() };
                while aside.get(&name).is_some_and(|other| *other != print) {
                    name.push('+');
                }
                aside.insert(name, print);
                json!({ "secret": true })
            }
            None => json!({ "secret": print }),
        }
    }
}

fn to(reference: &Reference) -> Json {
    json!({ "kind": reference.space, "name": reference.name, "field": reference.by })
}

/// What is null says as little as what is absent, and so does a secret that is not shown.
fn drop_nothing(value: &mut Value) {
    match value {
        Value::Map(map) => {
            map.retain(|_, item| {
                !item.is_null() && !matches!(item, Value::Secret(secret) if secret.expose().is_none())
            });
            map.values_mut().for_each(drop_nothing);
        }
        Value::List(items) => items.iter_mut().for_each(drop_nothing),
        _ => {}
    }
}
