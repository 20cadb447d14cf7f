//! Live -> files: compose, then write in the wanted format.

use crate::catalogue::table::catalogue;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object};
use crate::model::names::{Domain, TenantName};
use crate::pipeline::yaml_write::YamlWriteError;

use super::files::ExportFile;
use super::{compose, deploy_directory, deploy_yaml, native};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `tenantry.yaml`, `tenants/`, `templates/`.
    Workspace,
    /// The Deploy CLI's `tenant.yaml`.
    DeployYaml,
    /// The Deploy CLI's folders of JSON files.
    DeployDirectory,
}

/// What to export, and as what.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    pub format: Format,
    /// The tenant's name in the workspace.
    pub tenant: TenantName,
    pub domain: Domain,
    /// Kind names or top-level keys; empty means all.
    pub only: Vec<String>,
    /// Kind names or top-level keys to leave out.
    pub exclude: Vec<String>,
}

/// Why nothing could be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Yaml(#[from] YamlWriteError),
}

/// Turns a tenant into files, by path. Equal tenants give equal bytes; no file holds a secret, and none but the
/// tenant's own an id.
///
/// Findings are warnings of what the files cannot say and notes of what the tenant does not show.
///
/// # Errors
/// What cannot be written at all.
pub fn export(live: &Live, options: &ExportOptions) -> Result<(Vec<ExportFile>, Diagnostics), ExportError> {
    let mut findings = Diagnostics::default();
    let mut exclude = options.exclude.clone();
    if options.format != Format::Workspace {
        for kind in catalogue().kinds().filter(|kind| !kind.deploy_cli) {
            exclude.push(kind.name.clone());
            let is_some = |object: &Object| kind.membership.is_none() || !object.members().is_empty();
            if live.objects.iter().any(|object| object.kind.name == kind.name && is_some(object)) {
                let summary = format!("{} have no place in this format", kind.title);
                findings.push(Diagnostic::note("not-exported", summary).help("Export a native workspace."));
            }
        }
    }
    let composed = compose::compose(live, &options.only, &exclude, &mut findings);
    let files = match options.format {
        Format::Workspace => native::write(composed, options, &mut findings)?,
        Format::DeployYaml => deploy_yaml::write(composed, &mut findings)?,
        Format::DeployDirectory => deploy_directory::write(composed, &mut findings)?,
    };
    Ok((files, findings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::live::Reading;
    use crate::model::names::RemoteId;
    use crate::pipeline::canonical;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeMap;

    fn live(objects: Vec<(&str, Json)>) -> Live {
        let objects = objects
            .into_iter()
            .map(|(kind, answer)| canonical::object(catalogue().kind(kind).unwrap(), None, BTreeMap::new(), answer))
            .collect();
        Live { objects, ..Live::default() }
    }

    fn written(live: &Live, format: Format) -> (BTreeMap<String, String>, Vec<&'static str>) {
        let options = ExportOptions {
            format,
            tenant: TenantName("dev".into()),
            domain: Domain("acme.eu.auth0.com".into()),
            only: Vec::new(),
            exclude: Vec::new(),
        };
        let (files, findings) = export(live, &options).unwrap();
        let files = files.into_iter().map(|file| (file.path, String::from_utf8(file.bytes).unwrap())).collect();
        (files, findings.0.iter().map(|finding| finding.code).collect())
    }

    #[test]
    fn likes_get_keys_and_are_bound_in_the_tenants_file_only() {
        let live = live(vec![
            ("clients", json!({"client_id": "aaaaaaaaaaaaaaaa", "name": "Web", "app_type": "spa"})),
            ("clients", json!({"client_id": "bbbbbbbbbbbbbbbb", "name": "Web", "app_type": "native"})),
        ]);
        let (files, codes) = written(&live, Format::Workspace);
        assert!(codes.is_empty(), "{codes:?}");
        assert_eq!(
            files["tenants/dev.yaml"],
            "domain: acme.eu.auth0.com\nbind:\n  clients/Web (1): aaaaaaaaaaaaaaaa\n  clients/Web (2): bbbbbbbbbbbbbbbb\n"
        );
        let templates: String = files
            .iter()
            .filter(|(path, _)| path.starts_with("templates/clients/"))
            .map(|(_, text)| text.as_str())
            .collect();
        assert!(templates.contains("  - $key: Web (1)\n    name: Web\n    app_type: spa\n"), "{templates}");
        assert!(!templates.contains("aaaaaaaaaaaaaaaa"));
        let (files, codes) = written(&live, Format::DeployYaml);
        assert_eq!((files.len(), codes), (1, vec!["not-exported"]));
    }

    #[test]
    fn the_tools_own_client_stays_out_with_its_grants() {
        let mut live = live(vec![
            ("clients", json!({"client_id": "own-client-000000", "name": "Deployer"})),
            ("clients", json!({"client_id": "other-client-0000", "name": "Web"})),
            ("clientGrants", json!({"id": "cgr_1", "client_id": "own-client-000000", "audience": "a", "scope": []})),
            ("clientGrants", json!({"id": "cgr_2", "client_id": "other-client-0000", "audience": "a", "scope": []})),
        ]);
        live.own_client = Some(RemoteId("own-client-000000".into()));
        for format in [Format::Workspace, Format::DeployYaml, Format::DeployDirectory] {
            let (files, _) = written(&live, format);
            let all: String = files.values().map(String::as_str).collect();
            assert!(all.contains("Web") && !all.contains("Deployer") && !all.contains("own-client"), "{all}");
        }
    }

    #[test]
    fn ids_and_the_domain_in_texts_become_expressions() {
        let live = live(vec![
            ("clients", json!({"client_id": "AbCdEfGhIjKlMnOpQrSt", "name": "Web \"x\""})),
            (
                "roles",
                json!({"id": "rol_1", "name": "R", "description": "see https://acme.eu.auth0.com/x \\AbCdEfGhIjKlMnOpQrSt {{y}}"}),
            ),
        ]);
        let (files, codes) = written(&live, Format::Workspace);
        assert!(codes.is_empty(), "{codes:?}");
        insta::assert_snapshot!(files["templates/roles/R.yaml"], @r###"
        roles:
          - name: R
            description: see https://{{domain}}/x \\{{ref "clients/Web \"x\"" "client_id"}} \{{y}}
        "###);
        let (_, codes) = written(&live, Format::DeployYaml);
        assert_eq!(codes, ["id-in-text"]);
    }

    #[test]
    fn a_reference_to_nothing_is_left_out_and_said() {
        let live = live(vec![
            (
                "clients",
                json!({"client_id": "aaaaaaaaaaaaaaaa", "name": "Web", "allowed_clients": ["gone-0000000000000"]}),
            ),
            ("clientGrants", json!({"id": "cgr_1", "client_id": "gone-0000000000000", "audience": "a", "scope": []})),
        ]);
        for format in [Format::Workspace, Format::DeployYaml, Format::DeployDirectory] {
            let (files, codes) = written(&live, format);
            let all: String = files.values().map(String::as_str).collect();
            assert_eq!(codes, ["not-exported", "not-exported"]);
            assert!(all.contains("Web") && !all.contains("gone") && !all.contains("allowed_clients"), "{all}");
        }
    }

    #[test]
    fn masked_and_unseen_secrets_are_kept_by_name() {
        let live = live(vec![
            (
                "logStreams",
                json!({"id": "lst_1", "name": "Splunk", "type": "splunk", "sink": {"splunkToken": "_VALUE_NOT_SHOWN_", "splunkDomain": "x"}}),
            ),
            ("rulesConfigs", json!({"key": "HOOK"})),
            ("emailProvider", json!({"name": "mailgun", "enabled": true, "credentials": {"domain": "x"}})),
        ]);
        let (files, codes) = written(&live, Format::Workspace);
        assert_eq!(
            files["tenants/dev.yaml"],
            "domain: acme.eu.auth0.com\nsecrets:\n  log_streams_splunk_sink_splunk_token:\n    keep: true\n  rules_configs_hook:\n    keep: true\n"
        );
        assert!(files["templates/rulesConfigs.yaml"].contains("value: \"{{secret \\\"rules_configs_hook\\\"}}\""));
        assert_eq!(codes, ["unseen-secret"]);
        let (files, _) = written(&live, Format::DeployYaml);
        assert!(files["tenant.yaml"].contains("value: \"##RULES_CONFIGS_HOOK##\""));
    }

    #[test]
    fn half_of_an_exact_list_is_not_written() {
        let mut live = live(vec![("roles", json!({"id": "rol_1", "name": "R"}))]);
        let kind = catalogue().kind("roles/permissions").unwrap();
        let member = json!({"permission_name": "read:x", "resource_server_identifier": "a"});
        let parent = Some(RemoteId("rol_1".into()));
        live.objects.push(canonical::member_list(kind, parent, BTreeMap::new(), vec![member]));
        let (files, _) = written(&live, Format::DeployYaml);
        assert!(files["tenant.yaml"].contains("read:x"));
        live.readings.insert("roles/permissions@rol_1".into(), Reading::Incomplete { got: 1, total: 2 });
        let (files, codes) = written(&live, Format::DeployYaml);
        assert_eq!(files["tenant.yaml"], "roles:\n  - name: R\n");
        assert_eq!(codes, ["not-exported"]);
    }
}
