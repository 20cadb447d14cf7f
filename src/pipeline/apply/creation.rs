//! How one object is made: once, and with a value that is shown once handed over.
//!
//! No value of an answer is kept here, or reaches a message.

use std::time::Duration;

use serde_json::Value as Json;

use super::lost::{self, Found};
use super::perform::{Performer, StepError};
use super::run::Clock;
use crate::api::failure::ApiFailure;
use crate::api::port::WriteApi;
use crate::api::request::{PathParams, Request};
use crate::api::response::Response;
use crate::catalogue::quirk::Quirk;
use crate::model::journal::Line;
use crate::model::names::RemoteId;
use crate::model::secret::Secret;
use crate::model::value::Map;

/// How often a create is sent where a second object cannot come of it.
const CREATES: usize = 3;

impl<A: WriteApi, C: Clock> Performer<'_, '_, A, C> {
    /// Creates one object, and never two: where the answer is lost, the object is looked for before anything else.
    pub(super) async fn create(
        &mut self,
        request: Request,
        params: &PathParams,
        body: &Map,
    ) -> Result<Response, StepError> {
        let kind = self.step.kind;
        let sought = lost::sought(kind, params, body, request.body.as_ref().unwrap_or(&Json::Null));
        self.journal.write(&Line::Intent { step: self.index, sought: Some(sought.clone()) })?;
        let window = self.journal.conduct().window();
        let is_unique = kind.id.is_none()
            || kind.server.unique.iter().any(|fields| fields.iter().all(|field| kind.identity.contains(field)));
        let mut sent = 1;
        loop {
            let tells = |answer: &Response| match &kind.id {
                Some(field) => answer.body.get(field).is_some(),
                None => answer.status == 204 || !answer.body.is_null(),
            };
            let failure = match self.api.send(&request).await {
                Ok(answer) if tells(&answer) => {
                    *self.writes += 1;
                    return Ok(answer);
                }
                Ok(_) => {
                    ApiFailure::InDoubt { request: request.line(), reason: "the answer does not show it".to_owned() }
                }
                Err(failure) if failure.is_in_doubt() || (sent > 1 && failure.status() == Some(409)) => failure,
                // What it lies in may have come with it.
                Err(failure) if kind.has(Quirk::KeySuccession) && failure.status() == Some(409) => {
                    return match lost::look(self.api, self.clock, kind, &sought, &|_| false, Duration::ZERO).await? {
                        Found::One(object) => Ok(Response::new(200, lost::as_answer(&object))),
                        _ => Err(failure.into()),
                    };
                }
                Err(failure) => return Err(failure.into()),
            };
            let known = |id: &RemoteId| self.ledger.holds(kind.space(), id);
            let alike = match lost::look(self.api, self.clock, kind, &sought, &known, window).await {
                // Whoever made it, its value went with the answer.
                Ok(Found::One(object)) if kind.shown_once.is_some() => {
                    *self.writes += 1;
                    return Err(StepError::Undelivered { reason: failure.to_string(), left: object.id });
                }
                Ok(Found::One(object)) => {
                    *self.writes += 1;
                    return Ok(Response::new(200, lost::as_answer(&object)));
                }
                Ok(Found::Nothing) if is_unique && sent < CREATES => {
                    sent += 1;
                    continue;
                }
                Ok(Found::Unclear(alike)) => alike,
                Ok(Found::Nothing) => 0,
                // That it cannot be looked for leaves it in doubt.
                Err(_) => 0,
            };
            return Err(StepError::Lost { failure, alike });
        }
    }

    /// Hands over the value that the answer shows, and returns the answer without it. What nobody can be told of is
    /// deleted again.
    pub(super) async fn handed_over(&mut self, mut answer: Response) -> Result<Response, StepError> {
        let Some(field) = &self.step.kind.shown_once else { return Ok(answer) };
        let taken = answer.body.as_object_mut().and_then(|map| map.shift_remove(field));
        let reason = match taken {
            Some(Json::String(text)) => {
                let value = Secret::new(format!("{}:{field}", self.step.address), text);
                match self.journal.conduct().deliver(&self.step.address, &value) {
                    Ok(()) => return Ok(answer),
                    Err(reason) => reason,
                }
            }
            _ => "the answer did not show it".to_owned(),
        };
        let id = self.step.kind.id.as_ref().and_then(|field| answer.body.get(field)).and_then(Json::as_str);
        let id = id.map(|id| RemoteId(id.to_owned()));
        let left = match self.delete(id.as_ref(), false).await {
            Ok(()) => None,
            Err(_) => Some(id.unwrap_or_else(|| RemoteId("it".to_owned()))),
        };
        Err(StepError::Undelivered { reason, left })
    }
}
