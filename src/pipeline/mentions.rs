//! Addresses that a tenant's settings mention: a name there that nothing bears protects, ignores or binds nothing, and
//! nobody would notice.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::fields::names_of;
use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;
use crate::model::address::Address;
use crate::model::desired::{Desired, Mention, MentionIn, Resource};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::pipeline::consent::Consent;
use crate::pipeline::scope::{fits, split_rule};

/// Reports mentions of kinds that do not exist, of resources that no file describes, and of fields that their kind
/// does not have.
///
/// Findings: `unknown-kind` (an error), `unknown-address` and `unknown-field` (warnings: what is protected or excluded
/// may be gone from the files on purpose). Of those, what a record may know is put aside for
/// [`crate::pipeline::targeted::unheard`].
pub fn check(desired: &mut Desired, mentions: &[Mention], findings: &mut Diagnostics) {
    let mut unheard = Vec::new();
    for mention in mentions {
        let setting = mention.setting.name();
        let place = |finding: Diagnostic| match &mention.place {
            Some(place) => finding.at(place),
            None => finding,
        };
        let (pattern, field) = match mention.setting {
            MentionIn::Ignore => match split_rule(&mention.text) {
                Some((pattern, field)) => (pattern, Some(field)),
                None => {
                    let summary = format!("`{}` names no field to ignore", mention.text);
                    let help = "Write the address, a colon, and the field: `clients/Web:callbacks`. To leave the whole \
                                resource alone, name it under `exclude`.";
                    findings.push(place(Diagnostic::error("no-field", summary)).help(help));
                    continue;
                }
            },
            _ => (mention.text.clone(), None),
        };
        if let Some(near) = unknown_kind(&pattern) {
            let head = pattern.split('/').next().unwrap_or_default();
            let finding =
                Diagnostic::error("unknown-kind", format!("`{setting}` names a kind `{head}` that does not exist"));
            let help = near.map_or("`tenantry kinds` lists them.".to_owned(), |near| format!("Did you mean `{near}`?"));
            findings.push(place(finding).help(help));
            continue;
        }
        let all = || desired.resources.iter().chain(&desired.removed);
        let fitting: Vec<&Resource> = all().filter(|resource| fits(&pattern, &resource.address)).collect();
        if fitting.is_empty() {
            let near = nearest(&pattern, all().map(|resource| resource.address.as_str()));
            // What is protected or excluded may be an object that no file describes.
            let of_files = matches!(mention.setting, MentionIn::Bind | MentionIn::Ignore);
            if near.is_some() || (of_files && !pattern.contains('*')) {
                let summary = format!("`{setting}` names `{pattern}`, which no file describes");
                let finding = place(Diagnostic::warning("unknown-address", summary));
                let finding = match near {
                    Some(near) => finding.help(format!("Did you mean `{near}`?")),
                    None => finding.help("It has no effect."),
                };
                match of_files {
                    true => findings.push(finding),
                    false => unheard.push((pattern, finding)),
                }
            }
            continue;
        }
        let Some(field) = field else { continue };
        let head = field.split(['.', '[']).next().unwrap_or_default();
        let Some(known) = known_fields(&fitting) else { continue };
        if head.contains('*') || known.contains(head) {
            continue;
        }
        let summary = format!("`{setting}` names a field `{head}` that no resource at `{pattern}` can have");
        let help = match (nearest(head, known.iter().copied()), fitting.first()) {
            (Some(near), _) => format!("Did you mean `{near}`?"),
            (None, Some(resource)) => format!("`tenantry kinds {}` lists its fields.", resource.kind.name),
            (None, None) => continue,
        };
        findings.push(place(Diagnostic::warning("unknown-field", summary)).help(help));
    }
    desired.narrowed.unheard.extend(unheard);
}

/// Reports consent that nobody needs: a kind that does not exist is an error, and an address of nothing a warning, since
/// what it was given for may be gone by now.
pub fn consented<'a>(consent: &Consent, known: impl FnOnce() -> BTreeSet<&'a Address>, findings: &mut Diagnostics) {
    for kind in consent.allow_empty.iter().filter(|kind| *kind != "*") {
        if catalogue().kind(kind).is_none() && !catalogue().keys().contains(&kind.as_str()) {
            let near = nearest(kind, catalogue().keys().iter().copied());
            findings.push(no_kind(&format!("--allow-empty {kind}"), kind, near));
        }
    }
    let lists = [
        ("--allow-delete", &consent.allow_protected),
        ("--allow-replace", &consent.allow_replace),
        ("--allow-unbind", &consent.allow_unbind),
        ("--take-over", &consent.take_over),
    ];
    if lists.iter().all(|(_, list)| list.is_empty()) {
        return;
    }
    let known = known();
    for (flag, pattern) in lists.iter().flat_map(|(flag, list)| list.iter().map(move |pattern| (flag, pattern))) {
        let named = format!("{flag} {pattern}");
        if let Some(near) = unknown_kind(pattern) {
            findings.push(no_kind(&named, pattern.split('/').next().unwrap_or_default(), near));
        } else if !known.iter().any(|address| fits(pattern, address)) {
            let finding = Diagnostic::warning("unknown-address", format!("`{named}` names nothing that is here"));
            findings.push(match nearest(pattern, known.iter().map(|address| address.as_str())) {
                Some(near) => finding.help(format!("Did you mean `{near}`?")),
                None => finding.help("It has no effect."),
            });
        }
    }
}

fn no_kind(named: &str, kind: &str, near: Option<&str>) -> Diagnostic {
    let help = near.map_or("`tenantry kinds` lists them.".to_owned(), |near| format!("Did you mean `{near}`?"));
    Diagnostic::error("unknown-kind", format!("`{named}` names a kind `{kind}` that does not exist")).help(help)
}

/// Returns every field that some of these resources can have; `None` if one takes any name.
fn known_fields(resources: &[&Resource]) -> Option<BTreeSet<&'static str>> {
    let kinds: BTreeMap<&str, &'static Kind> = resources.iter().map(|r| (r.kind.name.as_str(), r.kind)).collect();
    let mut all = BTreeSet::new();
    for kind in kinds.into_values() {
        all.extend(names_of(kind)?);
    }
    Some(all)
}

/// Says that a pattern begins with no kind, and which kind is near; `None` if it begins with one.
fn unknown_kind(pattern: &str) -> Option<Option<&'static str>> {
    let head = pattern.split('/').next().unwrap_or_default();
    if head.contains('*') {
        return None;
    }
    let heads = || catalogue().kinds().filter_map(|kind| kind.name.split('/').next()).chain(catalogue().keys());
    if heads().any(|known| known == head) {
        return None;
    }
    Some(nearest(head, heads()))
}
