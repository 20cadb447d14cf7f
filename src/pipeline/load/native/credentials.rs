//! The `credentials` of a tenant's file, and the variables that stand in for them.

use super::form::{Form, wrong_type};
use super::vault::{Origin, Vault};
use crate::model::desired::Credentials;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Node};
use crate::model::secret::Secret;

const KEYS: [&str; 6] = ["client_id", "client_secret", "private_key", "signing_algorithm", "access_token", "audience"];
const SPLIT: [&str; 2] = ["plan", "apply"];
const ALGORITHMS: [&str; 3] = ["RS256", "RS384", "PS256"];

/// Reads credentials; split ones for planning or, if `writing`, for applying. What the file leaves out is taken from
/// `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET` and `AUTH0_ACCESS_TOKEN`.
pub fn read(node: Option<&Node>, writing: bool, vault: &Vault<'_>, findings: &mut Diagnostics) -> Credentials {
    let mut credentials = Credentials::default();
    if let Some(node) = node.and_then(|node| choose(node, writing, findings))
        && let Some(form) = Form::open(node, "`credentials`", &KEYS, findings)
    {
        let mut secret = |key: &str| source(form.node(key)?, key, vault, findings);
        credentials.client_id = secret("client_id");
        credentials.client_secret = secret("client_secret");
        credentials.private_key = secret("private_key");
        credentials.access_token = secret("access_token");
        credentials.audience = form.text("audience", findings).map(str::to_owned);
        credentials.signing_algorithm = form.text("signing_algorithm", findings).map(str::to_owned);
        if let (Some(algorithm), Some(node)) = (&credentials.signing_algorithm, form.node("signing_algorithm"))
            && !ALGORITHMS.contains(&algorithm.as_str())
        {
            let finding = Diagnostic::error("wrong-value", format!("`{algorithm}` is no signing algorithm of Auth0"));
            findings.push(finding.at(&node.place).help(format!("Write one of {}.", ALGORITHMS.join(", "))));
        }
    }
    let stand_in = |slot: &mut Option<Secret>, variable: &str| {
        if slot.is_none() {
            *slot = vault.variable(variable).map(|value| Secret::new(variable, value));
        }
    };
    let whole = credentials.access_token.is_some()
        || (credentials.client_id.is_some()
            && (credentials.client_secret.is_some() || credentials.private_key.is_some()));
    if !whole {
        let [client, secret, token] = Credentials::VARIABLES;
        stand_in(&mut credentials.client_id, client);
        if credentials.private_key.is_none() {
            stand_in(&mut credentials.client_secret, secret);
        }
        stand_in(&mut credentials.access_token, token);
    }
    credentials
}

/// Returns the half of split credentials that this run needs.
fn choose<'n>(node: &'n Node, writing: bool, findings: &mut Diagnostics) -> Option<&'n Node> {
    if !SPLIT.iter().any(|half| node.get(half).is_some()) {
        return Some(node);
    }
    let form = Form::open(node, "`credentials` split into `plan` and `apply`", &SPLIT, findings)?;
    form.node(if writing { "apply" } else { "plan" })
}

fn source(node: &Node, key: &str, vault: &Vault<'_>, findings: &mut Diagnostics) -> Option<Secret> {
    // The client's id is no secret; people may write it down.
    if key == KEYS[0] && !matches!(node.value, Content::Map(_)) {
        if node.as_text().is_none() {
            findings.push(wrong_type(node, &format!("`{key}`"), "text or a source"));
        }
        return node.as_text().map(|id| Secret::new(key, id));
    }
    let origin = Origin::read(node, &format!("`{key}`"), false, findings)?;
    Some(vault.fetch(key, &origin, &node.place))
}
