//! The path from YAML text to a sandbox tenant, in process, without files and sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenantry::api::failure::ApiFailure;
use tenantry::api::port::{Get, ReadApi, WriteApi};
use tenantry::api::request::{Method, Request};
use tenantry::api::response::Response;
use tenantry::model::address::Address;
use tenantry::model::desired::{Credentials, Delivery, Desired, Excluded, Manage, Policy, TenantSettings};
use tenantry::model::diagnostic::{Diagnostics, Severity};
use tenantry::model::document::{Content, Documents, Entry};
use tenantry::model::journal::Line;
use tenantry::model::names::{Domain, TenantName};
use tenantry::model::plan::Plan;
use tenantry::model::secret::Secret;
use tenantry::pipeline::apply::{Clock, Conduct, Outcome, apply};
use tenantry::pipeline::plan::{Consent, Facts, Remembered, plan};
use tenantry::pipeline::refresh::{Wanted, refresh};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;
use tenantry::pipeline::yaml;
use tenantry::sandbox::api::SandboxApi;
use tenantry::sandbox::tenant::Tenant;

/// The client that a run logs in with, in a sandbox.
pub const OWN: &str = "tEnAnTrY0000000000000000000own00";

/// Returns a new tenant with a directory: some groups, as (connection, name, id). No call makes one.
pub fn tenant_with(groups: &[(&str, &str, &str)]) -> Tenant {
    let mut kept: serde_json::Value = serde_json::from_str(&Tenant::new("sandbox", OWN).to_json()).unwrap();
    for (connection, name, id) in groups {
        let connections = kept["collections"]["/connections"].as_object().unwrap();
        let found = connections.iter().find(|(_, held)| held["name"] == *connection);
        let group = serde_json::json!({ "id": id, "name": name, "connection_id": found.map_or(*connection, |(id, _)| id.as_str()) });
        kept["collections"]["/groups"][id] = group;
    }
    Tenant::from_json(&kept.to_string()).unwrap()
}

/// Returns a new tenant in which two groups are.
pub fn tenant() -> Tenant {
    let connection = "Username-Password-Authentication";
    tenant_with(&[(connection, "Engineering", "grp_1"), (connection, "Finance", "grp_2")])
}

/// A sandbox that keeps the requests sent to it.
#[derive(Debug)]
pub struct Recorder {
    pub inner: SandboxApi,
    pub writes: Mutex<Vec<String>>,
    pub reads: Mutex<Vec<String>>,
    /// New domains wait for their verification. Else somebody verifies each at once.
    pub leaves_pending: bool,
    /// A field that every object shows with another text than its own: a server that tells what it should not.
    pub tells: Option<(&'static str, String)>,
}

impl Recorder {
    fn retold(&self, mut answer: Response) -> Response {
        if let Some((field, text)) = &self.tells
            && let Some(value) = answer.body.get_mut(field)
        {
            *value = text.clone().into();
        }
        answer
    }

    /// Verifies every domain, as somebody does outside of any configuration.
    pub fn verify_domains(&self) {
        let list = self.inner.behind_the_back(&Request::new(Method::Get, "/custom-domains".to_owned(), None)).body;
        for id in list.as_array().unwrap().iter().filter_map(|domain| domain["custom_domain_id"].as_str()) {
            let verify = Request::new(Method::Post, format!("/custom-domains/{id}/verify"), None);
            assert!(self.inner.behind_the_back(&verify).status < 300);
        }
    }
}

impl ReadApi for Recorder {
    async fn get(&self, get: &Get) -> Result<Response, ApiFailure> {
        let query: Vec<String> = get.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        self.reads.lock().unwrap().push(format!("GET {}?{}", get.path, query.join("&")));
        self.inner.get(get).await.map(|answer| self.retold(answer))
    }

    async fn own_client(&self) -> Option<String> {
        self.inner.own_client().await
    }

    async fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        self.inner.granted_scopes().await
    }
}

impl WriteApi for Recorder {
    async fn send(&self, request: &Request) -> Result<Response, ApiFailure> {
        let query: Vec<String> = request.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let body = request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        self.writes.lock().unwrap().push(format!("{}{query}{body}", request.line()));
        let answer = self.inner.send(request).await;
        if !self.leaves_pending && request.line() == "POST /custom-domains" {
            self.verify_domains();
        }
        answer.map(|answer| self.retold(answer))
    }
}

/// No journal, and somebody who takes every value that is shown once.
#[derive(Debug)]
pub struct Taking;

impl Conduct for Taking {
    fn write(&mut self, _line: &Line) -> Result<(), String> {
        Ok(())
    }

    fn deliver(&mut self, _address: &Address, value: &Secret) -> Result<(), String> {
        assert!(value.expose().is_some_and(|text| text.starts_with("tok_")));
        Ok(())
    }
}

/// A clock that does not wait.
#[derive(Debug, Default)]
pub struct NoTime(Mutex<Duration>);

impl Clock for NoTime {
    async fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// One tenant and what is remembered of it.
#[derive(Debug)]
pub struct Core {
    pub api: Recorder,
    pub remembered: Remembered,
    pub policy: Policy,
    pub consent: Consent,
    pub deploy_cli: bool,
}

impl Core {
    pub fn new() -> Self {
        Self::of(tenant())
    }

    pub fn of(tenant: Tenant) -> Self {
        Self {
            api: Recorder {
                inner: SandboxApi::new(tenant),
                writes: Mutex::default(),
                reads: Mutex::default(),
                leaves_pending: false,
                tells: None,
            },
            remembered: Remembered { salt: b"0123456789abcdef".to_vec(), fingerprints: BTreeMap::new() },
            policy: Policy::default(),
            consent: Consent {
                allow_protected: vec!["*".to_owned()],
                max_deletes: Some(1000),
                allow_replace: vec!["*".to_owned()],
                allow_dirty: true,
                allow_empty: vec!["*".to_owned()],
                ..Consent::default()
            },
            deploy_cli: true,
        }
    }

    pub fn exact(mut self) -> Self {
        self.policy.manage = Manage::Exact;
        self
    }

    pub fn settings(&self) -> TenantSettings {
        TenantSettings {
            tenant: TenantName("test".to_owned()),
            project: None,
            domain: Domain("sandbox".to_owned()),
            credentials: Credentials::default(),
            policy: self.policy.clone(),
            bind: BTreeMap::new(),
            deliver: BTreeMap::from([("scim".to_owned(), Delivery::File("token".to_owned()))]),
            external: Vec::new(),
            excluded: Excluded::default(),
            deploy_cli: self.deploy_cli,
            mentions: Vec::new(),
        }
    }

    /// Parses YAML as one file of a project.
    pub fn documents(&self, text: &str) -> Documents {
        let file: Arc<str> = "test.yaml".into();
        let mut findings = Diagnostics::default();
        let root: Vec<Entry> = match yaml::parse(text, &file, &mut findings).map(|node| node.value) {
            Some(Content::Map(entries)) => entries,
            _ => Vec::new(),
        };
        assert!(!findings.has_errors(), "{findings:?}");
        Documents {
            root,
            removed: Vec::new(),
            settings: self.settings(),
            files: BTreeMap::from([(file, Arc::from(text))]),
        }
    }

    pub fn desired(&self, text: &str) -> Desired {
        let (desired, findings) = resolve(&self.documents(text), &Scope::default(), false);
        let errors: Vec<_> = findings.0.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        desired
    }

    pub fn plan(&self, text: &str) -> Plan {
        self.plan_of(&self.desired(text))
    }

    pub fn plan_of(&self, desired: &Desired) -> Plan {
        let (plan, findings) = self.try_plan(desired);
        assert!(!findings.has_errors(), "{findings:#?}");
        plan
    }

    pub fn try_plan(&self, desired: &Desired) -> (Plan, Diagnostics) {
        let live = wait(refresh(&self.api, Wanted::For(desired))).expect("the sandbox answers");
        let facts = Facts {
            sandbox: true,
            remembered: self.remembered.clone(),
            consent: self.consent.clone(),
            ..Facts::default()
        };
        plan(desired, &live, facts)
    }

    /// Plans and applies; returns the writes.
    pub fn apply(&mut self, text: &str) -> Vec<String> {
        let plan = self.plan(text);
        self.perform(&plan)
    }

    pub fn perform(&mut self, plan: &Plan) -> Vec<String> {
        let (outcome, writes) = self.try_perform(plan);
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        writes
    }

    pub fn try_perform(&mut self, plan: &Plan) -> (Outcome, Vec<String>) {
        assert!(plan.gates.is_empty(), "{:#?}", plan.gates);
        self.api.writes.lock().unwrap().clear();
        let outcome = wait(apply(plan, &self.api, &NoTime::default(), &mut Taking, &mut |_| {}));
        self.remembered.fingerprints.extend(outcome.sent.clone());
        let writes = self.api.writes.lock().unwrap().clone();
        (outcome, writes)
    }
}

/// Says what a plan would do, for messages of tests.
pub fn told(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .flat_map(|change| {
            let head = format!("{} {} ({})", change.action.sign(), change.address, change.reason);
            let deltas = change.deltas.iter().map(|delta| {
                let show = |value: &Option<tenantry::model::value::Value>| {
                    value.as_ref().map_or("(absent)".to_owned(), |value| value.to_shown().to_string())
                };
                format!("    {}: {} -> {} {:?}", delta.path, show(&delta.before), show(&delta.after), delta.note)
            });
            std::iter::once(head).chain(deltas).collect::<Vec<_>>()
        })
        .collect()
}

/// Runs a future to its end; nothing here ever really waits.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Runs a future that waits for sockets.
pub fn wait_io<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// Kinds that a set of names leaves out.
pub fn all_kinds() -> BTreeSet<String> {
    tenantry::catalogue::table::catalogue().kinds().map(|kind| kind.name.clone()).collect()
}
