//! Settings of the Deploy CLI -> what they mean here: domain, credentials, policy, exclusions.
//!
//! The environment and the file were merged before (`settings.rs`); nothing here looks at either.

use std::collections::BTreeSet;

use super::layout::{Part, layout};
use super::settings::{Setting, Settings, known};
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::desired::{Credentials, Excluded, Manage, Policy, TenantSettings};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Severity, nearest};
use crate::model::document::Node;
use crate::model::names::{Domain, TenantName};
use crate::model::secret::Secret;
use crate::pipeline::tree::{self, Tree};

/// Turns settings into a tenant's. What is missing or contradicts itself is a finding.
///
/// `AUTH0_ALLOW_DELETE` decides over all deletions of the kinds that the project holds, except those that the Deploy
/// CLI never deletes (e-mail templates, pages): an undeclared one stays as it is. The default of `max_deletes` stays:
/// it is a gate that the Deploy CLI lacks, named in the plan together with its switch.
pub(super) fn tenant_settings(
    settings: &Settings,
    tree: &dyn Tree,
    tenant: &TenantName,
    findings: &mut Diagnostics,
) -> TenantSettings {
    let manage = if settings.flag("AUTH0_ALLOW_DELETE") { Manage::Exact } else { Manage::Additive };
    let spared = layout().types.iter().filter(|part| part.never_deleted);
    let manage_kinds = spared.map(|part| (part.key.clone(), Manage::Additive)).collect();
    TenantSettings {
        tenant: tenant.clone(),
        project: None,
        domain: domain(settings, findings),
        credentials: credentials(settings, tree, findings),
        policy: Policy { manage, manage_kinds, ..Policy::default() },
        bind: std::collections::BTreeMap::new(),
        deliver: Default::default(),
        external: Vec::new(),
        excluded: excluded(settings, findings),
        deploy_cli: true,
        mentions: Vec::new(),
    }
}

fn domain(settings: &Settings, findings: &mut Diagnostics) -> Domain {
    let text = settings.text("AUTH0_DOMAIN").unwrap_or_default().trim();
    if text.is_empty() {
        findings.push(
            Diagnostic::error("missing-setting", "AUTH0_DOMAIN is not set")
                .help("Set it in the config file or in the environment; `sandbox` is the tenant inside this program."),
        );
    } else if text.contains(['/', ' ', '@', '#', '?']) {
        let wrong = Diagnostic::error("invalid-setting", "AUTH0_DOMAIN must be a host name, as in acme.eu.auth0.com");
        findings.push(at(wrong, settings.get("AUTH0_DOMAIN")));
    }
    Domain(text.to_owned())
}

fn credentials(settings: &Settings, tree: &dyn Tree, findings: &mut Diagnostics) -> Credentials {
    let secret = |name: &str| settings.text(name).map(|text| Secret::new(name, text));
    let private_key = settings.get("AUTH0_CLIENT_SIGNING_KEY_PATH").and_then(|setting| {
        let path = setting.value.as_text().filter(|path| !path.is_empty())?;
        let read = tree::join("", path)
            .map_err(|error| {
                Box::new(Diagnostic::error("outside-workspace", format!("`{path}` cannot be used: {error}")))
            })
            .and_then(|path| tree::read_text(tree, &path, setting.place()));
        match read {
            Ok(pem) => Some(Secret::new("AUTH0_CLIENT_SIGNING_KEY_PATH", &*pem)),
            Err(finding) => {
                let help = "The path is relative to the folder that holds the project and its config file.";
                findings.push(at(if finding.help.is_none() { finding.help(help) } else { *finding }, Some(setting)));
                None
            }
        }
    });
    Credentials {
        client_id: secret("AUTH0_CLIENT_ID"),
        client_secret: secret("AUTH0_CLIENT_SECRET"),
        private_key,
        signing_algorithm: settings.text("AUTH0_CLIENT_SIGNING_ALGORITHM").map(str::to_owned),
        access_token: secret("AUTH0_ACCESS_TOKEN"),
        audience: settings.text("AUTH0_AUDIENCE").map(str::to_owned),
    }
}

fn excluded(settings: &Settings, findings: &mut Diagnostics) -> Excluded {
    let kinds = types(settings, "AUTH0_EXCLUDED", findings);
    let only_kinds = types(settings, "AUTH0_INCLUDED_ONLY", findings);
    let only = settings.get("AUTH0_INCLUDED_ONLY");
    if only.is_some_and(|only| only.value.items().is_empty()) {
        let empty = Diagnostic::error("invalid-setting", "AUTH0_INCLUDED_ONLY names no type");
        findings.push(at(empty.help("Name at least one, or remove the setting."), only));
    } else if only.is_some() && !settings.names("AUTH0_EXCLUDED").is_empty() {
        findings.push(at(exclusive("AUTH0_EXCLUDED", "AUTH0_INCLUDED_ONLY"), only));
    }
    let mut excluded = Excluded {
        kinds,
        only_kinds,
        third_party_clients: settings.flag("AUTH0_EXCLUDE_THIRD_PARTY_CLIENTS"),
        ..Excluded::default()
    };
    for (setting, known) in known() {
        if let Some(kind) = &known.excludes {
            exclude_names(&mut excluded, kind, settings.names(setting).into_iter().map(|(name, _)| name));
        }
    }
    include_connections(&mut excluded, settings.names("AUTH0_INCLUDED_CONNECTIONS").into_iter().map(|(name, _)| name));
    let both = ["AUTH0_INCLUDED_CONNECTIONS", "AUTH0_EXCLUDED_CONNECTIONS"];
    if both.iter().all(|name| !settings.names(name).is_empty()) {
        findings.push(at(exclusive(both[1], both[0]), settings.get(both[0])));
    }
    excluded.fields =
        [fields(settings, "EXCLUDED_PROPS", findings), fields(settings, "AUTH0_IGNORE_DRY_RUN_FIELDS", findings)]
            .concat();
    excluded.fields.sort();
    excluded.fields.dedup();
    let included = fields(settings, "INCLUDED_PROPS", findings);
    for field in fields(settings, "EXCLUDED_PROPS", &mut Diagnostics::default()) {
        if included.contains(&field) {
            let both = Diagnostic::error("invalid-setting", format!("`{field}` is both included and excluded"));
            findings.push(at(both, settings.get("INCLUDED_PROPS")));
        }
    }
    excluded
}

/// Leaves objects of a type alone, by their names.
pub(super) fn exclude_names<'a>(excluded: &mut Excluded, kind: &str, names: impl Iterator<Item = &'a str>) {
    for name in names {
        excluded.addresses.push(Address::named(kind, name).to_string());
        excluded.names.entry(kind.to_owned()).or_default().insert(name.to_owned());
    }
}

/// Looks at these connections only.
pub(super) fn include_connections<'a>(excluded: &mut Excluded, names: impl Iterator<Item = &'a str>) {
    excluded.only_connections.extend(names.map(str::to_owned));
}

/// Returns the kinds or keys of the types that a list names.
fn types(settings: &Settings, name: &str, findings: &mut Diagnostics) -> BTreeSet<String> {
    let Some(setting) = settings.get(name) else { return BTreeSet::new() };
    let mut types = BTreeSet::new();
    for (kind, node) in settings.names(name) {
        match known_type(kind, name) {
            Ok(part) => drop(types.insert(part.stands_for.as_ref().unwrap_or(&part.key).clone())),
            Err(finding) => findings.push(setting.locate(*finding, node)),
        }
    }
    types
}

fn known_type(kind: &str, setting: &str) -> Result<&'static Part, Box<Diagnostic>> {
    if let Some(part) = layout().find(kind) {
        return Ok(part);
    }
    Err(Box::new(if layout().retired.contains(kind) {
        Diagnostic::warning("retired-type", format!("`{kind}` in {setting} is a type no more"))
            .help("It has no effect. Remove it.")
    } else {
        let unknown = Diagnostic::error("unknown-type", format!("`{kind}` in {setting} is no type of the Deploy CLI"));
        match nearest(kind, layout().keys()) {
            Some(near) => unknown.help(format!("Did you mean `{near}`?")),
            None => unknown.help("The types are the top-level keys of its YAML format."),
        }
    }))
}

/// Returns fields that planning ignores, as address and field patterns.
fn fields(settings: &Settings, name: &str, findings: &mut Diagnostics) -> Vec<String> {
    let Some(setting) = settings.get(name) else { return Vec::new() };
    let mut fields = Vec::new();
    for entry in setting.value.entries() {
        if let Err(finding) = known_type(&entry.key, name) {
            // Such an entry says nothing about any object, here as there.
            let harmless = Diagnostic { severity: Severity::Warning, ..*finding };
            findings.push(setting.locate(harmless, &entry.value));
            continue;
        }
        let addresses = if has_one_object(&entry.key) { entry.key.clone() } else { format!("{}/*", entry.key) };
        fields.extend(entry.value.items().iter().filter_map(Node::as_text).map(|path| format!("{addresses}:{path}")));
    }
    fields
}

fn has_one_object(key: &str) -> bool {
    let shape = catalogue().under_key(key).next().map(|kind| kind.shape);
    matches!(shape, Some(Shape::Singleton | Shape::OptionalSingleton))
}

fn exclusive(one: &str, other: &str) -> Diagnostic {
    Diagnostic::error("invalid-setting", format!("{one} and {other} exclude each other")).help("Remove one of them.")
}

fn at(diagnostic: Diagnostic, setting: Option<&Setting>) -> Diagnostic {
    match setting {
        Some(setting) => setting.locate(diagnostic, &setting.value),
        None => diagnostic,
    }
}
