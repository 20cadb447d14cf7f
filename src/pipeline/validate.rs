//! Documents -> findings: everything that can be known to be wrong without a tenant.

use crate::catalogue::table::catalogue;
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::Documents;
use crate::pipeline::given;
use crate::pipeline::load::deploy_cli::layout::layout;
use crate::pipeline::scope::Scope;

/// Returns the types that the Deploy CLI writes and this version does not manage; `kinds` lists what it does.
fn known_elsewhere() -> Vec<&'static str> {
    let managed = catalogue().keys();
    let types = layout().types.iter().map(|part| part.key.as_str());
    types.chain(layout().retired.iter().map(String::as_str)).filter(|key| !managed.contains(key)).collect()
}

/// Checks the top-level keys. Fields, types and enums are checked per resource by `catalogue::fields`.
pub fn validate(documents: &Documents, scope: &Scope) -> Diagnostics {
    let mut findings = Diagnostics::default();
    let excluded = &documents.settings.excluded;
    let keys = catalogue().keys();
    let elsewhere = known_elsewhere();
    for entry in documents.root.iter().chain(&documents.removed) {
        if keys.contains(&entry.key.as_str()) {
            continue;
        }
        if scope.exclude.contains(&entry.key)
            || excluded.kinds.contains(&entry.key)
            || (!excluded.only_kinds.is_empty() && !excluded.only_kinds.contains(&entry.key))
        {
            continue;
        }
        if elsewhere.contains(&entry.key.as_str()) {
            // Nothing stands there, so nothing is left undone.
            if entry.value.is_null() {
                continue;
            }
            findings.push(
                Diagnostic::error("not-supported", format!("`{}` is not supported yet", entry.key))
                    .at(&entry.key_place)
                    .help(format!("Leave it out of this run with `--exclude {}`.", entry.key)),
            );
            continue;
        }
        let mut finding =
            Diagnostic::error("unknown-key", format!("there is no kind `{}`", entry.key)).at(&entry.key_place);
        if let Some(near) = nearest(&entry.key, keys.iter().copied().chain(elsewhere.iter().copied())) {
            finding = finding.help(format!("Did you mean `{near}`?"));
        }
        findings.push(finding);
    }
    given::unquote(documents, &mut findings);
    for word in &scope.exclude {
        let known = word.contains('/') || keys.contains(&word.as_str()) || elsewhere.contains(&word.as_str());
        if !known {
            let mut finding = Diagnostic::error("unknown-key", format!("`--exclude {word}` names no kind"));
            if let Some(near) = nearest(word, keys.iter().copied().chain(elsewhere.iter().copied())) {
                finding = finding.help(format!("Did you mean `--exclude {near}`?"));
            }
            findings.push(finding);
        }
    }
    findings
}
