//! The two steps of a key ceremony at the tenant's side: the public key to wrap with is told, material is imported.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::perform::{Done, Performer, StepError};
use super::run::Clock;
use crate::api::port::{Get, WriteApi};
use crate::api::request::{Method, Request, fill_path};
use crate::model::names::RemoteId;
use crate::pipeline::ceremony::{ALGORITHM, IN_USE, PUBLIC_KEY};

impl<A: WriteApi, C: Clock> Performer<'_, '_, A, C> {
    /// Asks for the public key that material is wrapped with. It is no secret, and no later answer shows it.
    pub(super) async fn wrapping_key(&mut self, id: Option<&RemoteId>) -> Result<Done, StepError> {
        let kind = self.step.kind;
        let params = self.ledger.params(self.step, id);
        let object = fill_path(&kind.object_path_for(&params.key), &params)?;
        let answer = self.send(Request::new(Method::Post, format!("{object}/wrapping-key"), None)).await?.body;
        let text = |field: &str| Some((field.to_owned(), answer.get(field)?.as_str()?.to_owned()));
        let told: BTreeMap<String, String> = [ALGORITHM, PUBLIC_KEY].into_iter().filter_map(text).collect();
        if told.len() < 2 {
            return Err(StepError::NoPublicKey);
        }
        Ok(Done { told, ..Done::default() })
    }

    /// Waits until a key that took its material is in use.
    pub(super) async fn in_use(&self, id: Option<&RemoteId>, answer: &Json) -> Result<(), StepError> {
        let is = |answer: &Json| answer.get("state").and_then(Json::as_str) == Some(IN_USE);
        if is(answer) {
            return Ok(());
        }
        let params = self.ledger.params(self.step, id);
        let get = Get { path: fill_path(&self.step.kind.object_path_for(&params.key), &params)?, query: Vec::new() };
        self.poll("the key is not in use", &get, |answer| {
            let answer = answer?;
            Ok(is(&answer).then_some(answer))
        })
        .await?;
        Ok(())
    }
}
