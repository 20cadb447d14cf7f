//! Plans 10,000 unchanged resources: the pure core from desired and live to an empty plan.
//!
//! To beat: 1,000 ms in a release build on two cores. Run with `cargo bench --bench plan`.

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use tenantry::catalogue::table::catalogue;
use tenantry::model::desired::{Credentials, Desired, Excluded, Policy, Resource, TenantSettings};
use tenantry::model::document::Place;
use tenantry::model::live::{Live, Reading};
use tenantry::model::names::{Domain, TenantName};
use tenantry::model::value::{Map, Value};
use tenantry::pipeline::plan::{Facts, plan};
use tenantry::pipeline::{canonical, resolve};

const RESOURCES: usize = 10_000;

fn body(number: usize) -> serde_json::Value {
    json!({
        "name": format!("App {number}"),
        "app_type": "spa",
        "description": "one of many",
        "callbacks": [format!("https://a{number}.example/cb"), "https://b.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 36000},
        "refresh_token": {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 0},
    })
}

fn world() -> (Desired, Live) {
    let kind = catalogue().kinds().find(|kind| kind.id.as_deref() == Some("client_id")).expect("a kind");
    let place = Place { file: Arc::from("clients.yaml"), line: 1, column: 1 };
    let mut resources = Vec::new();
    let mut live = Live::default();
    for number in 0..RESOURCES {
        let Value::Map(map) = Value::from_json(body(number)) else { continue };
        let name = format!("App {number}");
        resources.push(Resource {
            address: resolve::address_of(kind, None, &name),
            kind,
            parent: None,
            name,
            body: map,
            was: None,
            unset: false,
            place: place.clone(),
            field_places: BTreeMap::new(),
            tool: Map::new(),
        });
        let mut answer = body(number);
        answer["client_id"] = json!(format!("id{number:030}"));
        answer["callbacks"].as_array_mut().expect("a list").reverse();
        answer["sso_disabled"] = json!(false);
        live.objects.push(canonical::object(kind, None, BTreeMap::new(), answer));
    }
    live.readings.insert(kind.name.clone(), Reading::Complete);
    let settings = TenantSettings {
        tenant: TenantName("bench".to_owned()),
        domain: Domain("sandbox".to_owned()),
        credentials: Credentials::default(),
        policy: Policy::default(),
        bind: BTreeMap::new(),
        external: Vec::new(),
        excluded: Excluded::default(),
        deploy_cli: false,
    };
    let desired = Desired {
        settings,
        resources,
        removed: Vec::new(),
        declared: BTreeSet::from([kind.name.clone()]),
        excluded: Excluded::default(),
    };
    (desired, live)
}

fn ten_thousand(criterion: &mut Criterion) {
    let (desired, live) = world();
    let (first, findings) = plan(&desired, &live, Facts::default());
    assert!(first.is_empty() && !findings.has_errors(), "the bench measures an empty plan");
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    group.bench_function("10,000 unchanged resources", |bencher| {
        bencher.iter(|| black_box(plan(&desired, &live, Facts::default())));
    });
    group.finish();
}

criterion_group!(benches, ten_thousand);
criterion_main!(benches);
