use crate::support::core::{Core, wait};
use tenantry::api::port::{Get, ReadApi};
#[test]
fn look() {
    let mut core = Core::new();
    core.apply("customDomains: [{ domain: login.a.example, type: auth0_managed_certs }]\nthemes: [{ displayName: One, borders: {}, colors: {}, fonts: {}, page_background: { background_color: '#fff', background_image_url: '', page_layout: center }, widget: {} }]\norganizations: [{ name: contoso, discovery_domains: [{ domain: contoso.example, status: pending }] }]\n");
    let org = core.api.writes.lock().unwrap().clone();
    println!("{org:#?}");
    for path in [
        "/branding/themes/default",
        "/organizations",
        "/clients",
        "/tenants/settings",
        "/attack-protection/brute-force-protection",
    ] {
        let query = if path == "/clients" { vec![("is_global".to_owned(), "true".to_owned())] } else { vec![] };
        println!("{path} {:?}", wait(core.api.get(&Get { path: path.to_owned(), query })).map(|r| r.body.to_string()));
    }
    let orgs = wait(core.api.get(&Get { path: "/organizations".into(), query: vec![] })).unwrap().body;
    let id = orgs[0]["id"].as_str().unwrap();
    println!(
        "{:?}",
        wait(core.api.get(&Get { path: format!("/organizations/{id}/discovery-domains"), query: vec![] }))
            .map(|r| r.body.to_string())
    );
}
