//! Apply A, apply B, roll back to A: equal to A on every field that either managed.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use tenantry::model::address::Address;
use tenantry::model::applied::{Applied, Owned};
use tenantry::model::plan::Plan;
use tenantry::model::record::{Actor, Doing, RunKind, RunScope};
use tenantry::pipeline::apply::apply;
use tenantry::pipeline::matching;
use tenantry::pipeline::ownership;
use tenantry::pipeline::plan::{Facts, plan};
use tenantry::pipeline::record::{self, Circumstances, Steps};
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::report::json;
use tenantry::pipeline::report::redaction::Redaction;
use tenantry::pipeline::rollback;

use super::edits::{Dice, Files};
use crate::support::core::{Core, NoTime, Taking, told, wait};

/// So many sequences run unless `TENANTRY_ROLLBACKS` says another number.
const SEQUENCES: u64 = 60;

/// A tenant with the record of the last apply.
pub struct Tenant {
    pub core: Core,
    applied: Option<Applied>,
}

/// What a run left.
pub struct Left {
    pub record: Applied,
    pub tenant: BTreeMap<String, Map<String, Json>>,
    pub lost: Vec<String>,
    pub plan: Vec<String>,
}

impl Tenant {
    pub fn new() -> Self {
        let mut core = Core::new();
        core.deploy_cli = false;
        core.consent.accept_drift = true;
        core.consent.allow_empty = vec!["*".to_owned()];
        core.consent.take_over = vec!["*".to_owned()];
        Self { core, applied: None }
    }

    /// Applies what the files say, or returns to it.
    pub fn run(&mut self, text: &str, back_to: Option<&Applied>) -> Left {
        let mut desired = self.core.desired(text);
        let mut applied = self.applied.clone();
        let back = back_to.map(|then| {
            let now = applied.as_mut().unwrap();
            rollback::prepare(&mut desired, now, Some(then))
        });
        if let Some(applied) = &applied {
            ownership::withdraw(&mut desired, applied, None, RunScope::Full);
        }
        let live = wait(refresh(&self.core.api, Wanted::For(&desired))).unwrap();
        let facts = Facts {
            sandbox: true,
            remembered: self.core.remembered.clone(),
            consent: self.core.consent.clone(),
            applied,
            keeps_history: true,
            ..Facts::default()
        };
        let (mut plan, findings) = plan(&desired, &live, facts);
        assert!(!findings.has_errors(), "{text}\n{:#?}\n{:#?}", findings.0, told(&plan));
        let lost = back.map(|back| back.settle(&mut plan, back_to)).unwrap_or_default();
        assert!(plan.gates.is_empty(), "{:#?}", plan.gates);
        let record = self.perform(&plan, text);
        self.applied = Some(record.clone());
        Left { record, tenant: self.tenant(), lost, plan: told(&plan) }
    }

    fn perform(&mut self, plan: &Plan, text: &str) -> Applied {
        let redaction = Redaction::of_plan(plan);
        let mut steps = Steps::default();
        let mut listen = |event| steps.note(&event, &redaction);
        let outcome = wait(apply(plan, &self.core.api, &NoTime::default(), &mut Taking, &mut listen));
        assert!(outcome.failures.is_empty(), "{text}\n{:#?}\n{:#?}", told(plan), outcome.failures);
        self.core.remembered.fingerprints.extend(outcome.sent.clone());
        let circumstances = Circumstances {
            at: String::new(),
            by: Actor::default(),
            project: None,
            scope: RunScope::Full,
            doing: Doing::of(RunKind::Apply),
            fingerprint: None,
            opened: Vec::new(),
            salt: String::new(),
        };
        record::of(plan, &steps, &outcome, circumstances).applied
    }

    /// Everything that the tenant holds, by address, in the words of files.
    fn tenant(&self) -> BTreeMap<String, Map<String, Json>> {
        let live = wait(refresh(&self.core.api, Wanted::Everything { only: Vec::new(), exclude: Vec::new() })).unwrap();
        let nothing = self.core.desired("roles: []\n");
        let matched = matching::pair(&nothing, &live, None, &mut Default::default());
        let body = |object| -> Map<String, Json> {
            matched.names.body(object).iter().map(|(key, value)| (key.clone(), json::value(value))).collect()
        };
        live.objects.iter().map(|object| (matched.names.address_of(object).to_string(), body(object))).collect()
    }
}

/// What two versions manage of an object, as paths to look at.
fn managed(versions: [&Applied; 2]) -> BTreeMap<Address, Vec<&Owned>> {
    let mut found: BTreeMap<Address, Vec<&Owned>> = BTreeMap::new();
    for (address, owned) in versions.iter().flat_map(|applied| &applied.resources) {
        found.entry(address.clone()).or_default().push(owned);
    }
    found
}

/// A member that is made again has what the server makes with it anew.
fn forget_what_is_made_anew(member: &mut Json) {
    if let Some(map) = member.as_object_mut() {
        map.retain(|key, _| {
            !["id", "created_at", "updated_at", "verification_host", "verification_txt"].contains(&key.as_str())
        });
    }
}

/// Compares what `fields` name; null, absent and empty are one.
fn differ(path: &str, fields: &Json, then: Option<&Json>, now: Option<&Json>, out: &mut Vec<String>) {
    let empty = |value: Option<&Json>| match value {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.is_empty(),
        Some(Json::Array(items)) => items.is_empty(),
        Some(Json::Object(map)) => map.values().all(Json::is_null),
        _ => false,
    };
    if then == now || (empty(then) && empty(now)) {
        return;
    }
    match fields {
        Json::Object(map) => {
            for (key, inner) in map {
                let get = |value: Option<&Json>| value.and_then(|value| value.get(key)).cloned();
                differ(&format!("{path}.{key}"), inner, get(then).as_ref(), get(now).as_ref(), out);
            }
        }
        _ => {
            let sorted = |value: Option<&Json>| {
                let mut items = value.and_then(Json::as_array).cloned().unwrap_or_default();
                items.iter_mut().for_each(forget_what_is_made_anew);
                items.sort_by_key(ToString::to_string);
                items
            };
            let are_lists = then.is_some_and(Json::is_array) && now.is_some_and(Json::is_array);
            if !are_lists || sorted(then) != sorted(now) {
                let show = |value: Option<&Json>| value.map_or("(absent)".to_owned(), ToString::to_string);
                out.push(format!("{path}: {} then, {} now", show(then), show(now)));
            }
        }
    }
}

/// Returns what a return from `b` to `first` did not bring back of what either managed.
pub fn unlike(first: &Left, b: &Left, back: &Left) -> Vec<String> {
    let mut wrong = Vec::new();
    for (address, owners) in managed([&first.record, &b.record]) {
        for owned in owners {
            let at = address.to_string();
            let of = |left: &Left| {
                let body = left.tenant.get(&at).cloned()?;
                // A member list stands under no name.
                Some(if owned.fields.is_array() {
                    body.get("").cloned().unwrap_or_default()
                } else {
                    Json::Object(body)
                })
            };
            let (then, now) = (of(first), of(back));
            if then.is_some() != now.is_some() && !owned.fields.is_array() {
                wrong.push(format!("{at}: there then: {}, now: {}", then.is_some(), now.is_some()));
                continue;
            }
            differ(&at, &owned.fields, then.as_ref(), now.as_ref(), &mut wrong);
        }
    }
    // What a rollback says it cannot bring back is no surprise, but it says so of fields alone.
    wrong.retain(|line| {
        let path = line.split(": ").next().unwrap_or_default().replacen('.', ":", 1);
        !back.lost.iter().any(|lost| lost.starts_with(&path))
    });
    wrong
}

#[test]
fn a_rollback_leaves_what_was_managed_as_it_was() {
    let many = std::env::var("TENANTRY_ROLLBACKS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEQUENCES);
    let mut made = [0_usize; 4];
    for seed in 0..many {
        let mut dice = Dice(seed * 7919 + 1);
        let mut tenant = Tenant::new();
        // Somebody made things by hand before we came: what we adopt of them goes back to how it was.
        tenant.core.apply(&Files::any(&mut dice).by_hand().yaml());
        let (a, mut versions) = (Files::any(&mut dice), Vec::new());
        let first = tenant.run(&a.yaml(), None);
        let mut next = a.clone();
        for _ in 0..=dice.roll(2) {
            next = next.edited(&mut dice);
            versions.push(tenant.run(&next.yaml(), None));
        }
        let b = versions.last().unwrap();
        let back = tenant.run(&a.yaml(), Some(&first.record));
        let wrong = unlike(&first, b, &back);
        assert!(
            wrong.is_empty(),
            "seed {seed}\n{wrong:#?}\nA:\n{}\nB:\n{}\nto B: {:#?}\nback: {:#?}\nlost: {:#?}",
            a.yaml(),
            next.yaml(),
            b.plan,
            back.plan,
            back.lost,
        );
        assert_eq!(back.record.resources.keys().collect::<Vec<_>>(), first.record.resources.keys().collect::<Vec<_>>());
        // And it is where it would be without having left.
        let again = tenant.run(&a.yaml(), None);
        assert!(again.plan.is_empty(), "seed {seed}: {:#?}", again.plan);
        for (number, sign) in ["+", "~", "-/+", "-"].iter().enumerate() {
            made[number] += back.plan.iter().filter(|line| line.starts_with(&format!("{sign} "))).count();
        }
    }
    eprintln!("{many} rollbacks: {made:?} created, updated, replaced, deleted");
    // A law over nothing would hold.
    assert!(made[0] > 20 && made[1] > 50 && made[3] > 20, "{made:?}");
}
