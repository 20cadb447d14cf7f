//! The `policy` of a tenant's file.

use super::form::{Form, texts, wrong_type};
use crate::catalogue::table::catalogue;
use crate::model::desired::{Excluded, Manage, MaxDeletes, Mention, MentionIn, Policy};
use crate::model::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::model::document::{Content, Node};

const KEYS: [&str; 9] = [
    "manage",
    "protect",
    "max_deletes",
    "ignore",
    "require_clean",
    "exclude",
    "exclude_named",
    "exclude_third_party",
    "only_connections",
];
const RULES: [&str; 3] = ["owned", "additive", "exact"];
/// The key of `manage` for all kinds that it does not name.
const ALL_OTHERS: &str = "default";

/// Reads a policy, and what it leaves alone; `mentions` gets each address that it names.
pub fn read(node: &Node, mentions: &mut Vec<Mention>, findings: &mut Diagnostics) -> (Policy, Excluded) {
    let mut policy = Policy::default();
    let mut excluded = Excluded::default();
    let Some(form) = Form::open(node, "the policy", &KEYS, findings) else { return (policy, excluded) };
    if let Some(node) = form.node("manage") {
        manage(node, &mut policy, findings);
    }
    policy.protect = form.texts("protect", findings);
    policy.ignore = form.texts("ignore", findings);
    mention(form.node("protect"), MentionIn::Protect, mentions);
    mention(form.node("ignore"), MentionIn::Ignore, mentions);
    policy.require_clean = form.flag("require_clean", findings).unwrap_or_default();
    if let Some(form) =
        form.node("max_deletes").and_then(|node| Form::open(node, "`max_deletes`", &["count", "percent"], findings))
    {
        let usual = MaxDeletes::default();
        policy.max_deletes = MaxDeletes {
            count: form.count("count", findings).unwrap_or(usual.count),
            percent: form.count("percent", findings).unwrap_or(usual.percent),
        };
    }
    if let Some(node) = form.node("exclude") {
        mention(Some(node), MentionIn::Exclude, mentions);
        for word in texts(node, "`exclude`", findings) {
            if is_kind(&word) {
                excluded.kinds.insert(word);
            } else if word.contains('/') {
                excluded.addresses.push(word);
            } else {
                findings.push(unknown_kind(&word).at(&node.place));
            }
        }
    }
    excluded.third_party_clients = form.flag("exclude_third_party", findings).unwrap_or_default();
    excluded.only_connections.extend(form.texts("only_connections", findings));
    if let Some(node) = form.node("exclude_named") {
        named(node, &mut excluded, findings);
    }
    (policy, excluded)
}

/// Names of objects by their kind's key, for kinds that are told apart by another field.
fn named(node: &Node, excluded: &mut Excluded, findings: &mut Diagnostics) {
    if !matches!(node.value, Content::Map(_)) {
        findings.push(wrong_type(node, "`exclude_named`", "a map from kind to names"));
    }
    for entry in node.entries() {
        if is_kind(&entry.key) {
            let names = texts(&entry.value, &format!("`{}`", entry.key), findings);
            excluded.names.entry(entry.key.clone()).or_default().extend(names);
        } else {
            findings.push(unknown_kind(&entry.key).at(&entry.key_place));
        }
    }
}

/// Keeps the addresses of a list with their places; names of whole kinds are none.
fn mention(list: Option<&Node>, setting: MentionIn, mentions: &mut Vec<Mention>) {
    for item in list.map(Node::items).unwrap_or_default() {
        if let Some(text) =
            item.as_text().filter(|text| setting != MentionIn::Exclude || text.contains('/') && !is_kind(text))
        {
            mentions.push(Mention { setting, text: text.to_owned(), place: Some(item.place.clone()) });
        }
    }
}

fn manage(node: &Node, policy: &mut Policy, findings: &mut Diagnostics) {
    match &node.value {
        Content::Text(_) => policy.manage = rule(node, findings).unwrap_or(policy.manage),
        Content::Map(entries) => {
            for entry in entries {
                let Some(rule) = rule(&entry.value, findings) else { continue };
                if entry.key == ALL_OTHERS {
                    policy.manage = rule;
                } else if is_kind(&entry.key) {
                    policy.manage_kinds.insert(entry.key.clone(), rule);
                } else {
                    findings.push(unknown_kind(&entry.key).at(&entry.key_place));
                }
            }
        }
        _ => findings.push(wrong_type(node, "`manage`", "one of owned, additive, exact, or a map from kind to one")),
    }
}

fn rule(node: &Node, findings: &mut Diagnostics) -> Option<Manage> {
    match node.as_text() {
        Some("owned") => Some(Manage::Owned),
        Some("additive") => Some(Manage::Additive),
        Some("exact") => Some(Manage::Exact),
        other => {
            let near = other.and_then(|word| nearest(word, RULES));
            let help =
                near.map_or("Write owned, additive or exact.".to_owned(), |near| format!("Did you mean `{near}`?"));
            findings.push(
                Diagnostic::error("wrong-value", "this is no rule of what is managed").at(&node.place).help(help),
            );
            None
        }
    }
}

fn is_kind(word: &str) -> bool {
    catalogue().kind(word).is_some() || catalogue().keys().contains(&word)
}

fn unknown_kind(word: &str) -> Diagnostic {
    let finding = Diagnostic::error("unknown-kind", format!("there is no kind `{word}`"));
    match nearest(word, catalogue().kinds().map(|kind| kind.name.as_str())) {
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding.help("`tenantry kinds` lists them."),
    }
}
