//! Which of the tenant's own domains is the default: a flag on a domain in files, a call of its own in the API.

use serde_json::Value as Json;
use tenantry::api::request::{Method, Request};
use tenantry::pipeline::resolve::resolve;
use tenantry::pipeline::scope::Scope;

use crate::quirks::client::sent;
use crate::support::core::{Core, told};

const TWO: &str = "customDomains: [{ domain: a.example, type: auth0_managed_certs }, { domain: b.example, type: auth0_managed_certs, is_default: true }]";
const NONE: &str = "customDomains: [{ domain: a.example, type: auth0_managed_certs }, { domain: b.example, type: auth0_managed_certs }]";

fn default_of(core: &Core) -> Json {
    let read = Request::new(Method::Get, "/custom-domains/default".to_owned(), None);
    core.api.inner.behind_the_back(&read).body["domain"].clone()
}

#[test]
fn the_domain_is_made_before_it_is_chosen() {
    let mut core = Core::new();
    let writes = core.apply(TWO);
    sent(
        &writes,
        &[
            r#"POST /custom-domains {"domain":"a.example","type":"auth0_managed_certs"}"#,
            r#"POST /custom-domains {"domain":"b.example","type":"auth0_managed_certs"}"#,
            r#"PATCH /custom-domains/default {"domain":"b.example"}"#,
        ],
    );
    assert_eq!(default_of(&core), "b.example");
    assert!(core.plan(TWO).is_empty());
}

#[test]
fn a_domain_that_is_not_verified_is_refused_in_the_words_of_the_api() {
    let mut core = Core::new();
    core.api.leaves_pending = true;
    let plan = core.plan(TWO);
    assert!(plan.notes.iter().any(|note| note.contains("b.example is not ready")), "{:?}", plan.notes);
    let (outcome, _) = core.try_perform(&plan);
    let [failure] = outcome.failures.as_slice() else { panic!("{:#?}", outcome.failures) };
    assert_eq!(failure.address.as_str(), "customDomainDefault");
    assert!(failure.message.contains("The domain must be verified before it can be set as default."), "{failure:?}");
    assert!(failure.help.as_ref().is_some_and(|help| help.contains("Verify it")), "{failure:?}");
    // The rest is done, and once somebody has verified the domain one write is left.
    core.api.verify_domains();
    assert_eq!(core.plan(TWO).notes, [""; 0]);
    sent(&core.apply(TWO), &[r#"PATCH /custom-domains/default {"domain":"b.example"}"#]);
}

#[test]
fn no_flag_leaves_the_default_as_it_is() {
    let mut core = Core::new();
    core.apply(TWO);
    for text in [NONE, &TWO.replace("is_default: true", "is_default: false")] {
        let plan = core.plan(text);
        assert!(plan.is_empty(), "{:#?}", told(&plan));
    }
    assert_eq!(default_of(&core), "b.example");
}

#[test]
fn two_defaults_are_a_mistake() {
    let documents = Core::new().documents(&TWO.replace("certs }", "certs, is_default: true }"));
    let (_, findings) = resolve(&documents, &Scope::default(), true);
    let codes: Vec<_> = findings.0.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["too-many"]);
    assert!(findings.0[0].help.as_ref().is_some_and(|help| help.contains("is_default: true")), "{findings:?}");
}

#[test]
fn leaving_the_domains_alone_leaves_the_default_alone() {
    for word in ["customDomains", "customDomainDefault"] {
        let scope = Scope { exclude: vec![word.to_owned()], ..Scope::default() };
        let (desired, findings) = resolve(&Core::new().documents(TWO), &scope, false);
        assert!(!findings.has_errors());
        assert!(desired.resources.iter().all(|resource| resource.kind.name != "customDomainDefault"), "{word}");
    }
}
