//! `tenants/<name>.yaml`: the tenant's domain, credentials, variables, secrets, overlay and policy.

use serde_json::{Map as JsonMap, Value as Json};

use super::form::{Form, wrong_type};
use super::functions;
use super::token;
use super::vault::Vault;
use super::{credentials, deliver, policy};
use crate::model::desired::{Mention, MentionIn, TenantSettings};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node};
use crate::model::names::{Domain, TenantName};

/// What a tenant's file may hold.
pub const KEYS: [&str; 9] =
    ["domain", "credentials", "vars", "secrets", "deliver", "overlay", "policy", "bind", "external"];
/// The domain that means the tenant inside the program.
const SANDBOX: &str = "sandbox";
/// Variables of a Deploy CLI run that do no harm here: the domain is compared, the credentials stand in.
const READ_VARIABLES: [&str; 4] = ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_ACCESS_TOKEN"];
/// Variables of a Deploy CLI run that a user might think are obeyed.
const IGNORED_VARIABLES: [&str; 6] = [
    "AUTH0_ALLOW_DELETE",
    "AUTH0_EXCLUDED",
    "AUTH0_INCLUDED_ONLY",
    "AUTH0_KEYWORD_REPLACE_MAPPINGS",
    "AUTH0_CLIENT_SIGNING_KEY_PATH",
    "AUTH0_AUDIENCE",
];

/// Reads who the tenant is and how it is treated. Its secrets are declared in `vault`.
pub fn settings(
    node: &Node,
    tenant: &TenantName,
    writing: bool,
    vault: &mut Vault<'_>,
    findings: &mut Diagnostics,
) -> Option<TenantSettings> {
    let form = Form::open(node, "a tenant", &KEYS, findings)?;
    if let Some(secrets) = form.node("secrets") {
        vault.declare(secrets, findings);
    }
    let domain = domain(&form, node, vault, findings);
    let mut mentions = Vec::new();
    let (policy, excluded) = match form.node("policy") {
        Some(node) => policy::read(node, &mut mentions, findings),
        None => Default::default(),
    };
    let bind = form.node("bind").map(|node| {
        if !matches!(node.value, Content::Map(_)) {
            findings.push(wrong_type(node, "`bind`", "a map from address to id"));
        }
        let mut bind = std::collections::BTreeMap::new();
        for entry in node.entries() {
            match entry.value.as_text() {
                Some(id) => {
                    let place = Some(entry.key_place.clone());
                    mentions.push(Mention { setting: MentionIn::Bind, text: entry.key.clone(), place });
                    bind.insert(entry.key.clone(), id.to_owned());
                }
                None => findings.push(wrong_type(&entry.value, &format!("the id of `{}`", entry.key), "text")),
            }
        }
        bind
    });
    note_ignored_variables(vault, findings);
    Some(TenantSettings {
        tenant: tenant.clone(),
        project: None,
        domain,
        credentials: credentials::read(form.node("credentials"), writing, vault, findings),
        policy,
        bind: bind.unwrap_or_default(),
        deliver: deliver::read(form.node("deliver"), findings),
        external: form.texts("external", findings),
        excluded,
        deploy_cli: false,
        mentions,
    })
}

/// Reports that the file of a commit names another domain than today's: its configuration was for another tenant.
pub fn same_domain(node: &Node, today: &TenantSettings, findings: &mut Diagnostics) {
    let Some(domain) = node.get("domain") else { return };
    if let Some(then) = domain.as_text().filter(|then| !then.eq_ignore_ascii_case(&today.domain.0)) {
        findings.push(
            Diagnostic::error("other-domain", format!("the domain was {then} then, it is {} today", today.domain))
                .at(&domain.place)
                .help("That configuration was another tenant's. Take a commit from after the domain changed."),
        );
    }
}

/// Reads the variables of templates. The tenant's name and domain are among them.
pub fn variables(node: &Node, tenant: &TenantName, findings: &mut Diagnostics) -> JsonMap<String, Json> {
    let mut variables = JsonMap::new();
    variables.insert("tenant".to_owned(), Json::String(tenant.0.clone()));
    if let Some(domain) = node.get("domain").and_then(Node::as_text) {
        variables.insert("domain".to_owned(), Json::String(domain.to_owned()));
    }
    let Some(vars) = node.get("vars").filter(|vars| !vars.is_null()) else { return variables };
    if !matches!(vars.value, Content::Map(_)) {
        findings.push(wrong_type(vars, "`vars`", "a map"));
    }
    for entry in vars.entries() {
        if functions::is_function(&entry.key) {
            let summary = format!("`{}` is the name of a template function", entry.key);
            findings
                .push(Diagnostic::error("reserved-name", summary).at(&entry.key_place).help("Choose another name."));
        }
        token::refuse_in(&entry.value, findings);
        variables.insert(entry.key.clone(), entry.value.to_value().to_shown());
    }
    variables
}

fn domain(form: &Form<'_>, node: &Node, vault: &Vault<'_>, findings: &mut Diagnostics) -> Domain {
    let variable = vault.variable(READ_VARIABLES[0]).map(|domain| host_of(&domain));
    let Some(written) = form.text("domain", findings) else {
        if let Some(domain) = &variable {
            return Domain(domain.clone());
        }
        if form.node("domain").is_none() {
            findings.push(
                Diagnostic::error("missing-domain", "the tenant has no `domain`")
                    .at(&node.place)
                    .help("Write `domain: your-tenant.eu.auth0.com`, or `domain: sandbox` for the embedded one."),
            );
        }
        return Domain(String::new());
    };
    let place = form.node("domain").map_or(&node.place, |node| &node.place);
    if !is_host(written) {
        findings.push(
            Diagnostic::error("wrong-value", format!("`{written}` is not a domain"))
                .at(place)
                .help("Write the host alone, without `https://` and without a path."),
        );
    }
    match variable {
        Some(other) if written == SANDBOX => findings.push(
            Diagnostic::note(
                "ignored-variable",
                format!("AUTH0_DOMAIN ({other}) is ignored: this tenant is the sandbox"),
            )
            .at(place),
        ),
        Some(other) if !other.eq_ignore_ascii_case(written) => findings.push(
            Diagnostic::error("other-domain", format!("AUTH0_DOMAIN is {other}, the file says {written}"))
                .at(place)
                .help("The file decides. Unset AUTH0_DOMAIN, or name the tenant that it belongs to."),
        ),
        _ => {}
    }
    Domain(written.to_owned())
}

fn host_of(text: &str) -> String {
    text.trim_start_matches("https://").trim_end_matches('/').to_owned()
}

/// `name.region.auth0.com`, for tests `localhost:8443`.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    host.split('.').all(label) && port.parse::<u16>().is_ok()
}

fn note_ignored_variables(vault: &Vault<'_>, findings: &mut Diagnostics) {
    let set: Vec<_> = IGNORED_VARIABLES.into_iter().filter(|name| vault.variable(name).is_some()).collect();
    if !set.is_empty() {
        let summary = format!("{} speak to the Deploy CLI and are ignored in a native workspace", set.join(", "));
        findings.push(Diagnostic::note("ignored-variable", summary));
    }
}
