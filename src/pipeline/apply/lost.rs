//! A create whose answer was lost: is the object there?
//!
//! It only reads. Two objects where one was wanted are worse than a step that stops, so nothing is sent again here.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;

use super::run::Clock;
use crate::api::failure::ApiFailure;
use crate::api::port::ReadApi;
use crate::api::request::PathParams;
use crate::catalogue::kind::Kind;
use crate::model::journal::Sought;
use crate::model::live::Object;
use crate::model::names::RemoteId;
use crate::model::path::FieldPath;
use crate::model::value::{Map, Value};
use crate::pipeline::canonical::is_derived;
use crate::pipeline::read::objects_of;

/// What a search found.
#[derive(Debug)]
pub enum Found {
    /// Nothing that was not there before.
    Nothing,
    One(Box<Object>),
    /// Objects of that identity, none or several of which are as they were sent.
    Unclear(usize),
}

/// Takes from a create what helps to find the object again: of `sent`, what goes over the wire, only plain fields that
/// `body` holds without a secret.
pub fn sought(kind: &Kind, params: &PathParams, body: &Map, sent: &Json) -> Sought {
    let mut sought = Sought { parent: params.parent.clone().map(RemoteId), ..Sought::default() };
    for (field, value) in sent.as_object().into_iter().flatten() {
        let is_identity = kind.identity.contains(field);
        let mut is_hidden = kind.fields.secret.iter().chain(&kind.fields.write_only).any(|p| p.top() == Some(field));
        if let Some(value) = body.get(field) {
            value.secrets(&mut |_| is_hidden = true);
        }
        let is_plain = matches!(value, Json::String(_) | Json::Bool(_) | Json::Number(_));
        if is_hidden || !(is_plain || is_identity) {
            continue;
        }
        if is_identity {
            sought.identity.insert(field.clone(), value.clone());
        } else if !is_derived(kind, &FieldPath::default().key(field)) {
            sought.sent.insert(field.clone(), value.clone());
        }
    }
    for (field, text) in params.key.iter().filter(|(field, _)| kind.identity.contains(*field)) {
        sought.identity.entry(field.clone()).or_insert_with(|| Json::String(text.clone()));
    }
    sought
}

/// Looks again and again until the time is over. `is_known` says whether an id was there before.
///
/// # Errors
/// If the tenant does not answer.
pub async fn look(
    api: &impl ReadApi,
    clock: &impl Clock,
    kind: &'static Kind,
    sought: &Sought,
    is_known: &(impl Fn(&RemoteId) -> bool + Sync),
    window: Duration,
) -> Result<Found, ApiFailure> {
    let began = clock.elapsed();
    let mut pause = Duration::from_millis(200);
    loop {
        let found = once(api, kind, sought, is_known).await?;
        let is_over = clock.elapsed().saturating_sub(began) >= window;
        if matches!(found, Found::One(_)) || is_over {
            return Ok(found);
        }
        clock.sleep(pause.min(window)).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

async fn once(
    api: &impl ReadApi,
    kind: &'static Kind,
    sought: &Sought,
    is_known: &impl Fn(&RemoteId) -> bool,
) -> Result<Found, ApiFailure> {
    let key = sought.identity.iter().filter_map(|(field, value)| Some((field.clone(), value.as_str()?.to_owned())));
    let objects = objects_of(api, kind, sought.parent.clone(), key.collect()).await?;
    let of_identity: Vec<Object> = objects
        .into_iter()
        .filter(|object| object.id.as_ref().is_none_or(|id| !is_known(id)))
        .filter(|object| agrees(object, sought.identity.iter(), true))
        .collect();
    let mut fitting: Vec<&Object> =
        of_identity.iter().filter(|object| agrees(object, sought.sent.iter(), false)).collect();
    let mut seen = BTreeSet::new();
    fitting.retain(|object| object.id.as_ref().is_none_or(|id| seen.insert(id.clone())));
    Ok(match (fitting.as_slice(), of_identity.len()) {
        ([one], _) => Found::One(Box::new((*one).clone())),
        (_, 0) => Found::Nothing,
        (_, several) => Found::Unclear(several),
    })
}

/// Says whether an object shows these values. What it does not show is judged only where it must be there.
fn agrees<'a>(object: &Object, wanted: impl Iterator<Item = (&'a String, &'a Json)>, strictly: bool) -> bool {
    let mut wanted = wanted;
    wanted.all(|(field, want)| {
        let want = Value::from_json(want.clone());
        match object.body.get(field) {
            Some(Value::Secret(_)) => true,
            Some(have) => *have == want,
            None => object.key.get(field).map_or(!strictly, |text| want.as_str() == Some(text)),
        }
    })
}

/// Returns an object as a create would have answered it: its id and its plain texts.
pub fn as_answer(object: &Object) -> Json {
    let mut answer = Map::new();
    for (field, value) in &object.body {
        if matches!(value, Value::String(_)) {
            answer.insert(field.clone(), value.clone());
        }
    }
    let mut answer = Value::Map(answer).to_shown();
    if let (Json::Object(map), Some(field), Some(id)) = (&mut answer, &object.kind.id, &object.id) {
        map.insert(field.clone(), Json::String(id.0.clone()));
    }
    answer
}
