//! What a token may do: the scopes that each call needs, any one of the listed being enough.
//! Source: the `security` of each operation in the OpenAPI document; the refusal's words: recorded-facts.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::refusal::Refusal;
use super::routes::{self, Found, Op};
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::scopes::{Doing, Scopes};

/// Refuses a call that none of the granted scopes allows, or that sends a field which needs a scope of its own.
pub fn check(request: &Request, granted: &BTreeSet<String>) -> Result<(), Refusal> {
    let Ok(found) = routes::find(request.method, &request.path) else { return Ok(()) };
    let doing = doing(&found.route.op, request.method);
    let kinds: Vec<&Kind> = found.kinds().collect();
    let wanted: Vec<&String> = match &found.route.op {
        Op::Act(act) => act.scopes.iter().collect(),
        _ => kinds.iter().flat_map(|kind| scopes(kind, &found).any_of(doing)).collect(),
    };
    if !wanted.is_empty() && !wanted.iter().any(|scope| granted.contains(*scope)) {
        return Err(insufficient(&wanted));
    }
    let fields = request.body.as_ref().and_then(Json::as_object).into_iter().flat_map(|body| body.keys());
    for field in fields.filter(|_| doing != Doing::Read) {
        let of_field = kinds.iter().find_map(|kind| scopes(kind, &found).fields.get(field)?.update.as_ref());
        if let Some(scope) = of_field.filter(|scope| !granted.contains(*scope) && doing == Doing::Update) {
            return Err(insufficient(&[scope]));
        }
    }
    Ok(())
}

/// Takes the fields out of an answer that the token may not see.
pub fn withhold(request: &Request, granted: &BTreeSet<String>, response: &mut Response) {
    let Ok(found) = routes::find(request.method, &request.path) else { return };
    // Whoever makes an object sees it whole, that once.
    if response.status >= 300 || found.route.op == Op::Create {
        return;
    }
    let scopes = scopes(found.kind(), &found);
    let unseen: Vec<&str> = (scopes.fields.iter())
        .filter(|(_, own)| own.read.as_ref().is_some_and(|scope| !granted.contains(scope)))
        .map(|(field, _)| field.as_str())
        .collect();
    strip(&mut response.body, &unseen);
}

fn strip(value: &mut Json, fields: &[&str]) {
    if fields.is_empty() {
        return;
    }
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| strip(item, fields)),
        Json::Object(map) => {
            map.retain(|key, _| !fields.contains(&key.as_str()));
            // The objects of a list with an envelope.
            map.values_mut().filter(|member| member.is_array()).for_each(|member| strip(member, fields));
        }
        _ => {}
    }
}

fn scopes<'k>(kind: &'k Kind, found: &Found) -> &'k Scopes {
    let own = kind.key_paths.values().find(|own| own.path == found.route.template).and_then(|own| own.scopes.as_ref());
    own.unwrap_or(&kind.scopes)
}

fn doing(op: &Op, method: Method) -> Doing {
    match op {
        Op::List
        | Op::ListKeys
        | Op::Read
        | Op::Lookup(_)
        | Op::ListVersions
        | Op::ReadVersion
        | Op::ReadDocument
        | Op::ListDocuments
        | Op::ListMembers
        | Op::ReadMember
        | Op::EmptyList(_)
        | Op::Defaults(_)
        | Op::ReadDefault
        | Op::ListHolders
        | Op::ListEverywhere(_)
        | Op::ListEvents
        | Op::ReadEvent
        | Op::Fixed(_) => Doing::Read,
        Op::Create | Op::CreateDocument | Op::MakeKeys | Op::Rekey | Op::WrappingKey => Doing::Create,
        Op::WriteHolders if method == Method::Delete => Doing::Delete,
        Op::AddMembers | Op::WriteHolders if method == Method::Post => Doing::Create,
        Op::AddMembers | Op::WriteHolders => Doing::Update,
        Op::Update | Op::WriteDocument | Op::ChangeMembers | Op::ChangeMember | Op::Publish => Doing::Update,
        Op::ChooseDefault | Op::ImportKey | Op::RotateKeys | Op::Act(_) => Doing::Update,
        Op::DestroyKey | Op::Delete | Op::DeleteDocument | Op::RemoveMembers | Op::RemoveMember => Doing::Delete,
        Op::Deploy => Doing::Deploy,
    }
}

fn insufficient(wanted: &[&String]) -> Refusal {
    let mut names: Vec<&str> = Vec::new();
    for scope in wanted {
        if !names.contains(&scope.as_str()) {
            names.push(scope);
        }
    }
    Refusal::new(403, "insufficient_scope", format!("Insufficient scope, expected any of: {}", names.join(",")))
}
