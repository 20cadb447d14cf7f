//! What an apply leaves behind when it is cut short, in process.

use std::time::Duration;

use serde_json::json;
use tenantry::api::request::{Method, Request};
use tenantry::model::journal::Line;
use tenantry::pipeline::apply::{Conduct, apply};
use tenantry::sandbox::faults::Faults;

use crate::support::core::{Core, NoTime, wait};

const ROLES: &str = "roles:\n  - { name: A }\n  - { name: B }\n  - { name: C }\n";
const CLIENT: &str = "clients:\n  - { name: Web, app_type: spa, callbacks: ['https://a.example'] }\n";

/// A journal that takes so many lines.
#[derive(Debug)]
struct Full(usize, Vec<Line>);

impl Conduct for Full {
    fn write(&mut self, line: &Line) -> Result<(), String> {
        if self.1.len() == self.0 {
            return Err("no space left on device".to_owned());
        }
        self.1.push(line.clone());
        Ok(())
    }

    fn window(&self) -> Duration {
        Duration::from_secs(10)
    }
}

#[test]
fn a_full_disk_ends_an_apply_before_it_writes_what_it_could_not_note() {
    for room in 0..6 {
        let core = Core::new();
        let plan = core.plan(ROLES);
        let mut book = Full(room, Vec::new());
        let outcome = wait(apply(&plan, &core.api, &NoTime::default(), &mut book, &mut |_| {}));
        let intents = book.1.iter().filter(|line| matches!(line, Line::Intent { .. })).count();
        assert!(core.api.inner.writes() <= intents, "{room}: {:?}", book.1);
        assert!(outcome.failures.iter().any(|failure| failure.message.contains("no space left")), "{room}");
    }
}

fn made_by_somebody(core: &Core, body: serde_json::Value) {
    let answer = core.api.inner.behind_the_back(&Request::new(Method::Post, "/clients".into(), Some(body)));
    assert_eq!(answer.status, 201, "{}", answer.body);
}

fn clients(core: &Core) -> usize {
    let list = core.api.inner.behind_the_back(&Request::new(Method::Get, "/clients".into(), None));
    list.body.as_array().unwrap().iter().filter(|client| client["name"] == "Web").count()
}

#[test]
fn a_lost_create_is_found_even_where_reads_lag() {
    for fault in [
        r#""reset_after""#,
        r#"{"lost_and_stale": {"reads": 3}}"#,
        r#"{"empty": {}}"#,
        r#"{"partial": {"fields": []}}"#,
    ] {
        let mut core = Core::new();
        core.api
            .inner
            .set_faults(Faults::from_json(&format!(r#"[{{"at": {{"write": 1}}, "what": {fault}}}]"#)).unwrap());
        core.apply(CLIENT);
        assert_eq!(clients(&core), 1, "{fault}");
        assert!(core.plan(CLIENT).is_empty(), "{fault}");
    }
}

#[test]
fn an_object_of_that_name_that_somebody_else_made_is_not_taken() {
    let mut core = Core::new();
    let plan = core.plan(CLIENT);
    core.api.inner.set_faults(Faults::from_json(r#"[{"at": {"write": 1}, "what": "reset_before"}]"#).unwrap());
    made_by_somebody(&core, json!({"name": "Web", "app_type": "native"}));
    let (outcome, _) = core.try_perform(&plan);
    let [failure] = outcome.failures.as_slice() else { panic!("{:#?}", outcome.failures) };
    assert!(failure.message.contains("may or may not"), "{}", failure.message);
    assert!(failure.message.contains("1 of that name"), "{}", failure.message);
    assert_eq!(clients(&core), 1);
}
