//! What was asked against what the server made of it: an answer of success is not yet the value.
//!
//! The comparison is that of a plan, so what the server derives, masks or normalises is silent here too. Nothing that is
//! said shows a secret.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::perform::{Performer, StepError};
use super::run::Clock;
use crate::api::failure::{ApiFailure, request_id};
use crate::api::port::WriteApi;
use crate::api::request::{self, PathParams};
use crate::api::response::Response;
use crate::catalogue::kind::Kind;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::change::{Delta, DeltaNote};
use crate::model::live::Object;
use crate::model::names::RemoteId;
use crate::model::path::FieldPattern;
use crate::model::value::{Map, Part, Reference, Unfilled, Value};
use crate::pipeline::diff::Comparison;
use crate::pipeline::plan::Remembered;
use crate::pipeline::read::objects_of;
use crate::pipeline::report::redaction::Redaction;
use crate::pipeline::report::value::{line, short_string};
use crate::pipeline::{canonical, member_diff, members, wire};

/// How often an object is read back before what it shows is believed: a read may be of a moment ago.
const READS: usize = 3;
/// More differences than this are counted, not named.
const NAMED: usize = 5;

/// A write that was answered with success, and whose values are not there.
#[derive(Debug)]
pub struct NotKept {
    pub request: String,
    pub status: u16,
    pub request_id: Option<String>,
    /// `after` is what was asked, `before` what the tenant has.
    pub deltas: Vec<Delta>,
}

impl std::fmt::Display for NotKept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said: Vec<String> = self.deltas.iter().take(NAMED).map(sentence).collect();
        f.write_str(&said.join("; "))?;
        match self.deltas.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

fn sentence(delta: &Delta) -> String {
    if delta.note == Some(DeltaNote::SecretChanged) {
        return format!("the server kept `{}` as it was: it is a secret and not the one that was sent", delta.path);
    }
    let show = |value: &Option<Value>| match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => short_string(text),
        Some(value) => short(&line(value)),
    };
    format!("the server kept `{}`: asked {}, has {}", delta.path, show(&delta.after), show(&delta.before))
}

fn short(text: &str) -> String {
    const WIDTH: usize = 96;
    match text.chars().count() {
        0..=WIDTH => text.to_owned(),
        _ => text.chars().take(WIDTH).chain(" …".chars()).collect(),
    }
}

/// Returns what of a sent body an object does not show, but for what planning ignores: a field that a tenant makes
/// something else of is kept quiet so. References in `sent` are filled.
pub fn missing_of(
    kind: &'static Kind,
    address: &Address,
    sent: &Map,
    shown: &Map,
    ignored: &[FieldPattern],
) -> Vec<Delta> {
    let mut sent = sent.clone();
    if kind.shape == Shape::Keyed {
        // The key stands in the path.
        sent.retain(|field, _| !kind.identity.contains(field));
    }
    wire::as_read(kind, &mut sent, shown);
    let (remembered, known) = (Remembered::default(), BTreeMap::new());
    let (mut deltas, _) = Comparison::new(kind, address, &remembered, ignored, &known).bodies(&sent, shown);
    deltas.retain(|delta| delta.note != Some(DeltaNote::CannotBeCompared));
    deltas
}

/// Returns the value with what its references stand for.
pub fn filled(value: &Value, fill: &impl Fn(&Reference) -> Option<String>) -> Result<Value, Unfilled> {
    let text = |reference: &Reference| fill(reference).ok_or_else(|| Unfilled::Reference(reference.clone()));
    Ok(match value {
        Value::Reference(reference) => Value::String(text(reference)?),
        Value::Template(parts) => Value::Template(
            parts
                .iter()
                .map(|part| {
                    Ok(match part {
                        Part::Reference(reference) => Part::Text(text(reference)?),
                        other => other.clone(),
                    })
                })
                .collect::<Result<_, Unfilled>>()?,
        ),
        Value::List(list) => Value::List(list.iter().map(|item| filled(item, fill)).collect::<Result<_, _>>()?),
        Value::Map(map) => Value::Map(filled_map(map, fill)?),
        other => other.clone(),
    })
}

fn filled_map(map: &Map, fill: &impl Fn(&Reference) -> Option<String>) -> Result<Map, Unfilled> {
    map.iter().map(|(key, item)| Ok((key.clone(), filled(item, fill)?))).collect()
}

impl<A: WriteApi, C: Clock> Performer<'_, '_, A, C> {
    /// Holds the answer of a write against what was sent; where it does not show it all, the object is read back.
    ///
    /// # Errors
    /// [`StepError::NotKept`], or that it cannot be read back.
    pub(super) async fn check(
        &self,
        request: String,
        params: &PathParams,
        sent: &Map,
        answer: &Response,
    ) -> Result<(), StepError> {
        // A list of two hundred without a body promises none, and neither does what is only begun.
        if matches!(answer.status, 202 | 204) {
            return Ok(());
        }
        let kind = self.step.kind;
        let sent = filled_map(sent, &|reference: &Reference| self.ledger.fill(reference))?;
        let shown = canonical::object(kind, None, params.key.clone(), answer.body.clone()).body;
        if !answer.body.is_null() && missing_of(kind, &self.step.address, &sent, &shown, &self.ignored).is_empty() {
            return Ok(());
        }
        let read = async || match self.read_back(params).await? {
            Some(body) => Ok(Some(missing_of(kind, &self.step.address, &sent, &body, &self.ignored))),
            None => Ok(None),
        };
        self.believe(request, answer, read).await
    }

    /// Holds a member list against what was sent: all of it, in order, or members that changed. `shown` is what the
    /// answer holds of it; where that is not enough, the list is read back.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) async fn check_members(
        &self,
        request: String,
        params: &PathParams,
        (whole, changed): (&[Value], &[Value]),
        shown: Vec<Json>,
        answer: &Response,
    ) -> Result<(), StepError> {
        if answer.status == 204 {
            return Ok(());
        }
        let kind = self.step.kind;
        let fill = |reference: &Reference| self.ledger.fill(reference);
        let whole = whole.iter().map(|member| filled(member, &fill)).collect::<Result<Vec<_>, _>>()?;
        let changed = changed.iter().map(|member| filled(member, &fill)).collect::<Result<Vec<_>, _>>()?;
        let unlike = |live: &[Value]| {
            let mut deltas = member_diff::unlike(kind, &self.step.address, &whole, &changed, live);
            deltas.retain(|delta| !self.ignored.iter().any(|pattern| pattern.covers(&delta.path)));
            deltas
        };
        let shown = members::from_live(kind, shown);
        if unlike(shown.as_list().unwrap_or_default()).is_empty() {
            return Ok(());
        }
        let read = async || {
            let objects = objects_of(self.api, kind, params.parent.clone().map(RemoteId), params.key.clone()).await?;
            let live: Vec<Value> = objects.iter().flat_map(|object| object.members().to_vec()).collect();
            Ok(Some(unlike(&live)))
        };
        self.believe(request, answer, read).await
    }

    /// Reads until all that was sent shows, or often enough to believe that it does not.
    async fn believe(
        &self,
        request: String,
        answer: &Response,
        read: impl AsyncFn() -> Result<Option<Vec<Delta>>, ApiFailure>,
    ) -> Result<(), StepError> {
        let window = self.journal.conduct().window();
        let began = self.clock.elapsed();
        let mut pause = Duration::from_millis(100);
        let mut reads = 0;
        loop {
            let seen = read().await;
            reads += 1;
            let is_late = self.clock.elapsed().saturating_sub(began) >= window;
            match seen {
                Ok(None) => return Ok(()),
                Ok(Some(deltas)) if deltas.is_empty() => return Ok(()),
                Ok(Some(mut deltas)) if reads >= READS || is_late => {
                    // A server may show in the open what it was sent as a secret; cut texts could not be cleaned any more.
                    let redaction = Redaction::of_step(self.step);
                    for value in deltas.iter_mut().flat_map(|delta| [&mut delta.before, &mut delta.after]).flatten() {
                        *value = redaction.clean_value(value);
                    }
                    return Err(StepError::NotKept(Box::new(NotKept {
                        request,
                        status: answer.status,
                        request_id: request_id(answer),
                        deltas,
                    })));
                }
                // What was just made may not be known everywhere yet.
                Err(failure) if failure.status() != Some(404) || is_late => return Err(StepError::Unseen(failure)),
                Ok(Some(_)) | Err(_) => {}
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Returns the object's body as the tenant shows it; `None` where it has no way to show it.
    async fn read_back(&self, params: &PathParams) -> Result<Option<Map>, ApiFailure> {
        let kind = self.step.kind;
        if kind.key_path(&params.key).is_some_and(|own| own.unread) {
            return Ok(None);
        }
        if kind.verbs.read
            && let Ok(get) = request::read(kind, params)
        {
            let answer: Json = self.api.get(&get).await?.body;
            return Ok(Some(canonical::object(kind, None, params.key.clone(), answer).body));
        }
        let objects = objects_of(self.api, kind, params.parent.clone().map(RemoteId), params.key.clone()).await?;
        let is_it = |object: &Object| {
            (params.id.is_none() || object.id.as_ref().map(|id| &id.0) == params.id.as_ref())
                && params.key.iter().all(|(field, text)| object.key.get(field).is_none_or(|own| own == text))
        };
        match objects.into_iter().find(is_it) {
            Some(object) => Ok(Some(object.body)),
            None if kind.list.is_none() => Ok(None),
            None => Ok(Some(Map::new())),
        }
    }
}
