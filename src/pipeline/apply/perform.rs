//! One step -> its requests, sent one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::conduct::Journal;
use super::kept::NotKept;
use super::ledger::Ledger;
use super::run::Clock;
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, WriteApi};
use crate::api::request::{self, Method, MissingParam, Request, fill_path};
use crate::api::response::Response;
use crate::catalogue::quirk::Quirk;
use crate::model::journal::Line;
use crate::model::names::RemoteId;
use crate::model::path::FieldPattern;
use crate::model::plan::{Operation, Step};
use crate::model::value::{Map, Reference, Unfilled, Value};

/// How long a build, a deployment or an asynchronous delete may take. Source: api-quirks 3.1 and 3.13.
const PATIENCE: Duration = Duration::from_secs(360);

/// What a step did.
#[derive(Debug, Default)]
pub struct Done {
    /// The answer that tells the object's id, if the step made or changed one.
    pub answer: Json,
    /// The version that a publication made.
    pub version: Json,
    /// What people are to be told of an answer: field -> text.
    pub told: BTreeMap<String, String>,
    pub writes: usize,
}

/// Why a step could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Api(#[from] ApiFailure),
    #[error(transparent)]
    Path(#[from] MissingParam),
    #[error(transparent)]
    Body(#[from] Unfilled),
    /// Whether a create took place cannot be told.
    #[error("{failure}{}", match .alike { 0 => String::new(), n => format!("; {n} of that name there are not as they were sent") })]
    Lost { failure: ApiFailure, alike: usize },
    #[error("{0}")]
    NotKept(Box<NotKept>),
    #[error("it was written, and whether it holds what was sent cannot be seen: {0}")]
    Unseen(ApiFailure),
    #[error("the journal cannot be written, so nothing more is begun: {0}")]
    Journal(String),
    /// A value that is shown once got nowhere. What was made has been deleted again, unless an id is named.
    #[error("{}{reason}", match .left { Some(id) => format!("{id} was made, is still there, and nobody was told its value: "), None => "its value did not get where it should, so it was deleted again: ".to_owned() })]
    Undelivered { reason: String, left: Option<RemoteId> },
    #[error("the answer does not show the public key to wrap with")]
    NoPublicKey,
    #[error("the build failed: {0}")]
    Build(String),
    #[error("not finished after {seconds} seconds: {what}")]
    Slow { seconds: u64, what: &'static str },
}

/// A step that was not done, or not whole.
#[derive(Debug)]
pub struct Undone {
    pub error: StepError,
    pub writes: usize,
    /// The answer that tells the id of what was made all the same.
    pub made: Option<Json>,
}

/// What a step is performed with.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a, 'j, A, C> {
    pub api: &'a A,
    pub clock: &'a C,
    pub journal: &'a Journal<'j>,
}

/// Performs a step with what the ledger knew when it began; what is ignored of it is not held against an answer.
pub async fn perform(
    (index, step): (usize, &Step),
    (ledger, ignored): (Ledger, Vec<FieldPattern>),
    wait_for_delete: bool,
    tools: Tools<'_, '_, impl WriteApi, impl Clock>,
) -> Result<Done, Undone> {
    let Tools { api, clock, journal } = tools;
    let (mut writes, mut made) = (0, None);
    let performer =
        Performer { index, step, ledger, ignored, api, clock, journal, writes: &mut writes, made: &mut made };
    match performer.run(wait_for_delete).await {
        Ok(mut done) => {
            done.writes = writes;
            Ok(done)
        }
        Err(error) => Err(Undone { error, writes, made }),
    }
}

pub(super) struct Performer<'a, 'j, A, C> {
    pub(super) index: usize,
    pub(super) step: &'a Step,
    pub(super) ledger: Ledger,
    pub(super) ignored: Vec<FieldPattern>,
    pub(super) api: &'a A,
    pub(super) clock: &'a C,
    pub(super) journal: &'a Journal<'j>,
    pub(super) writes: &'a mut usize,
    made: &'a mut Option<Json>,
}

impl<A: WriteApi, C: Clock> Performer<'_, '_, A, C> {
    async fn run(mut self, wait_for_delete: bool) -> Result<Done, StepError> {
        let kind = self.step.kind;
        if !matches!(self.step.operation, Operation::Create { .. }) {
            self.journal.write(&Line::Intent { step: self.index, sought: None })?;
        }
        match &self.step.operation {
            Operation::Create { body, then } => {
                let params = self.ledger.params(self.step, None);
                let request = request::create(kind, &params, self.wire(body)?)?;
                let line = request.line();
                let answer = self.create(request, &params, body).await?;
                let answer = self.handed_over(answer).await?;
                *self.made = Some(answer.body.clone());
                let id = kind.id.as_ref().and_then(|field| answer.body.get(field)).and_then(Json::as_str);
                let id = id.map(|id| RemoteId(id.to_owned()));
                if !then.is_empty() {
                    self.note_made(id.clone())?;
                    self.update(id.as_ref(), then).await?;
                }
                let params = self.ledger.params(self.step, id.as_ref());
                if let Err(error) = self.check(line, &params, body, &answer).await {
                    self.note_made(id)?;
                    return Err(error);
                }
                Ok(Done { answer: answer.body, ..Done::default() })
            }
            Operation::Update { id, body, first, .. } => {
                if !first.is_empty() {
                    self.update(id.as_ref(), first).await?;
                }
                let answer = self.update(id.as_ref(), body).await?;
                if kind.has(Quirk::KeyCeremony) {
                    self.in_use(id.as_ref(), &answer).await?;
                }
                Ok(Done { answer, ..Done::default() })
            }
            Operation::Fill { body } | Operation::Reset { body } => {
                self.update(None, body).await?;
                Ok(Done::default())
            }
            Operation::Delete { id } => {
                self.delete(id.as_ref(), wait_for_delete).await?;
                Ok(Done::default())
            }
            Operation::Members(change) => {
                self.members(change).await?;
                Ok(Done::default())
            }
            Operation::Deploy { id } => self.deploy(id.as_ref()).await,
            Operation::Wrap { id } => self.wrapping_key(id.as_ref()).await,
        }
    }

    /// Notes that the object is there, whatever becomes of the rest of the step.
    fn note_made(&self, id: Option<RemoteId>) -> Result<(), StepError> {
        match id {
            Some(id) => self.journal.write(&Line::Made { step: self.index, id }),
            None => Ok(()),
        }
    }

    pub(super) fn wire(&self, body: &Map) -> Result<Json, Unfilled> {
        Value::Map(body.clone()).to_wire(&|reference: &Reference| self.ledger.fill(reference))
    }

    pub(super) fn wire_value(&self, value: &Value) -> Result<Json, Unfilled> {
        value.to_wire(&|reference: &Reference| self.ledger.fill(reference))
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<Response, ApiFailure> {
        let answer = self.api.send(&request).await?;
        *self.writes += 1;
        Ok(answer)
    }

    async fn update(&mut self, id: Option<&RemoteId>, body: &Map) -> Result<Json, StepError> {
        let params = self.ledger.params(self.step, id);
        let request = request::update(self.step.kind, &params, self.wire(body)?)?;
        let line = request.line();
        let answer = self.send(request).await?;
        self.check(line, &params, body, &answer).await?;
        Ok(answer.body)
    }

    pub(super) async fn delete(&mut self, id: Option<&RemoteId>, wait: bool) -> Result<(), StepError> {
        let params = self.ledger.params(self.step, id);
        let request = request::delete(self.step.kind, &params)?;
        match self.send(request).await {
            Ok(_) => {}
            // Gone already, which is what was wanted.
            Err(failure) if failure.status() == Some(404) => return Ok(()),
            Err(failure) => return Err(failure.into()),
        }
        if !wait || !self.step.kind.has(Quirk::AsyncDelete) {
            return Ok(());
        }
        let get = request::read(self.step.kind, &params)?;
        self.poll("the object is still there", &get, |answer| match answer {
            Err(failure) if failure.status() == Some(404) => Ok(Some(Json::Null)),
            Err(failure) => Err(failure.into()),
            Ok(_) => Ok(None),
        })
        .await?;
        Ok(())
    }

    /// Waits until the draft is built, makes it what runs, waits until it does.
    async fn deploy(&mut self, id: Option<&RemoteId>) -> Result<Done, StepError> {
        let kind = self.step.kind;
        let params = self.ledger.params(self.step, id);
        let object = fill_path(&kind.object_path_for(&params.key), &params)?;
        if kind.has(Quirk::PublishVersion) {
            let request = Request::new(Method::Post, format!("{object}/versions"), Some(json!({})));
            let version = self.send(request).await?.body;
            return Ok(Done { version, ..Done::default() });
        }
        let get = Get { path: object.clone(), query: Vec::new() };
        let began = self.clock.elapsed();
        let mut pause = Duration::from_millis(250);
        loop {
            self.built(&get, began).await?;
            match self.send(Request::new(Method::Post, format!("{object}/deploy"), None)).await {
                Ok(_) => break,
                // What was read as built may have been the draft before this one.
                Err(failure) if failure.status() == Some(400) && self.may_be_late(began) => {
                    self.clock.sleep(pause).await;
                    pause *= 2;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        self.poll("the deployment is not done", &get, |answer| {
            let Some(answer) = self.is_there(answer, began)? else { return Ok(None) };
            let deployed = answer.get("all_changes_deployed").and_then(Json::as_bool) == Some(true);
            Ok(deployed.then_some(answer))
        })
        .await?;
        Ok(Done::default())
    }

    /// Waits until the draft is built.
    async fn built(&self, get: &Get, began: Duration) -> Result<(), StepError> {
        self.poll("the build is not done", get, |answer| {
            let Some(answer) = self.is_there(answer, began)? else { return Ok(None) };
            match answer.get("status").and_then(Json::as_str) {
                Some("built") => Ok(Some(answer)),
                Some("failed") => Err(StepError::Build(build_errors(&answer))),
                _ => Ok(None),
            }
        })
        .await?;
        Ok(())
    }

    /// Says whether reads may still be of before `began`.
    fn may_be_late(&self, began: Duration) -> bool {
        self.clock.elapsed().saturating_sub(began) < self.journal.conduct().window()
    }

    /// Takes an answer. What was just made may not be known everywhere yet: for a while it is only late, not gone.
    fn is_there(&self, answer: Result<Json, ApiFailure>, began: Duration) -> Result<Option<Json>, StepError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.status() == Some(404) && self.may_be_late(began) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Reads until `judge` is content: at once, then at growing intervals up to two seconds.
    pub(super) async fn poll(
        &self,
        what: &'static str,
        get: &Get,
        judge: impl Fn(Result<Json, ApiFailure>) -> Result<Option<Json>, StepError>,
    ) -> Result<Json, StepError> {
        let began = self.clock.elapsed();
        let mut pause = Duration::from_millis(100);
        loop {
            if let Some(answer) = judge(self.api.get(get).await.map(|response| response.body))? {
                return Ok(answer);
            }
            if self.clock.elapsed().saturating_sub(began) > PATIENCE {
                return Err(StepError::Slow { seconds: PATIENCE.as_secs(), what });
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

fn build_errors(answer: &Json) -> String {
    let errors = answer.get("errors").and_then(Json::as_array);
    let text: Vec<&str> =
        errors.into_iter().flatten().filter_map(|error| error.get("msg").or(error.get("message"))?.as_str()).collect();
    if text.is_empty() { "the tenant does not say why".to_owned() } else { text.join("; ") }
}
