//! One step -> its requests, sent one after the other.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::conduct::Journal;
use super::ledger::Ledger;
use super::run::Clock;
use crate::api::failure::ApiFailure;
use crate::api::port::{Get, WriteApi};
use crate::api::request::{self, Method, MissingParam, PathParams, Request, fill_path};
use crate::catalogue::kind::{Kind, MemberStyle, Membership};
use crate::catalogue::quirk::Quirk;
use crate::model::journal::Line;
use crate::model::names::RemoteId;
use crate::model::plan::{MemberChange, Operation, Step};
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
    #[error("the journal cannot be written, so nothing more is begun: {0}")]
    Journal(String),
    /// A value that is shown once got nowhere. What was made has been deleted again, unless an id is named.
    #[error("{}{reason}", match .left { Some(id) => format!("{id} was made, is still there, and nobody was told its value: "), None => "its value did not get where it should, so it was deleted again: ".to_owned() })]
    Undelivered { reason: String, left: Option<RemoteId> },
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

/// Performs a step with what the ledger knew when it began.
pub async fn perform(
    (index, step): (usize, &Step),
    ledger: Ledger,
    wait_for_delete: bool,
    tools: Tools<'_, '_, impl WriteApi, impl Clock>,
) -> Result<Done, Undone> {
    let Tools { api, clock, journal } = tools;
    let (mut writes, mut made) = (0, None);
    let performer = Performer { index, step, ledger, api, clock, journal, writes: &mut writes, made: &mut made };
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
                let answer = self.create(request, &params, body).await?;
                let answer = self.handed_over(answer).await?;
                *self.made = Some(answer.clone());
                if !then.is_empty() {
                    let id = kind.id.as_ref().and_then(|field| answer.get(field)).and_then(Json::as_str);
                    let id = id.map(|id| RemoteId(id.to_owned()));
                    if let Some(id) = id.clone() {
                        self.journal.write(&Line::Made { step: self.index, id })?;
                    }
                    self.update(id.as_ref(), then).await?;
                }
                Ok(Done { answer, ..Done::default() })
            }
            Operation::Update { id, body, first, .. } => {
                if !first.is_empty() {
                    self.update(id.as_ref(), first).await?;
                }
                let answer = self.update(id.as_ref(), body).await?;
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
        }
    }

    fn wire(&self, body: &Map) -> Result<Json, Unfilled> {
        Value::Map(body.clone()).to_wire(&|reference: &Reference| self.ledger.fill(reference))
    }

    fn wire_value(&self, value: &Value) -> Result<Json, Unfilled> {
        value.to_wire(&|reference: &Reference| self.ledger.fill(reference))
    }

    async fn send(&mut self, request: Request) -> Result<Json, ApiFailure> {
        let answer = self.api.send(&request).await?;
        *self.writes += 1;
        Ok(answer.body)
    }

    async fn update(&mut self, id: Option<&RemoteId>, body: &Map) -> Result<Json, StepError> {
        let params = self.ledger.params(self.step, id);
        let request = request::update(self.step.kind, &params, self.wire(body)?)?;
        Ok(self.send(request).await?)
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
            let version = self.send(Request::new(Method::Post, format!("{object}/versions"), Some(json!({})))).await?;
            return Ok(Done { version, ..Done::default() });
        }
        let get = Get { path: object.clone(), query: Vec::new() };
        self.poll("the build is not done", &get, |answer| {
            let answer = answer?;
            match answer.get("status").and_then(Json::as_str) {
                Some("built") => Ok(Some(answer)),
                Some("failed") => Err(StepError::Build(build_errors(&answer))),
                _ => Ok(None),
            }
        })
        .await?;
        self.send(Request::new(Method::Post, format!("{object}/deploy"), None)).await?;
        self.poll("the deployment is not done", &get, |answer| {
            let answer = answer?;
            let deployed = answer.get("all_changes_deployed").and_then(Json::as_bool) == Some(true);
            Ok(deployed.then_some(answer))
        })
        .await?;
        Ok(Done::default())
    }

    /// Reads until `judge` is content: at once, then at growing intervals up to two seconds.
    async fn poll(
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

    /// Adds before it removes, so that nobody is without a right or a way in meanwhile.
    async fn members(&mut self, change: &MemberChange) -> Result<(), StepError> {
        let kind = self.step.kind;
        let Some(membership) = &kind.membership else { return Ok(()) };
        let params = self.ledger.params(self.step, None);
        let path = fill_path(&kind.path, &params)?;
        let batch = membership.batch.unwrap_or(usize::MAX);
        match membership.style {
            MemberStyle::Replace => {
                let list: Vec<Value> = change.whole.iter().map(|member| outward(kind, member)).collect();
                let body = wrap(membership, self.wire_value(&Value::List(list))?);
                let method = kind.verbs.update.map_or(Method::Patch, Method::from);
                self.send(Request::new(method, path, Some(body))).await?;
            }
            MemberStyle::Status => {
                let on = |member: &Value, status: bool| {
                    with(identity_only(membership, member), "status", Value::Bool(status))
                };
                let rows: Vec<Value> = change
                    .add
                    .iter()
                    .map(|member| on(member, true))
                    .chain(change.remove.iter().map(|member| on(member, false)))
                    .collect();
                for rows in rows.chunks(batch.min(rows.len().max(1))) {
                    let body = wrap(membership, self.wire_value(&Value::List(rows.to_vec()))?);
                    self.send(Request::new(Method::Patch, path.clone(), Some(body))).await?;
                }
            }
            MemberStyle::AddRemove => {
                let remove: Vec<Value> = change.remove.iter().map(|member| identity_only(membership, member)).collect();
                for (method, list) in [(Method::Post, &change.add), (Method::Delete, &remove)] {
                    for rows in list.chunks(batch.min(list.len().max(1))) {
                        let plain = method == Method::Delete && membership.remove_scalar;
                        let body = wrap(membership, self.list_body(membership, rows, plain)?);
                        self.send(Request::new(method, path.clone(), Some(body))).await?;
                    }
                }
                for member in &change.change {
                    self.one_member(kind, membership, &params, member, Method::Patch).await?;
                }
            }
            MemberStyle::Each => {
                for member in &change.add {
                    let body = self.wire_value(member)?;
                    self.send(Request::new(Method::Post, path.clone(), Some(body))).await?;
                }
                for member in &change.change {
                    self.one_member(kind, membership, &params, member, Method::Patch).await?;
                }
                for member in &change.remove {
                    self.one_member(kind, membership, &params, member, Method::Delete).await?;
                }
            }
            MemberStyle::NameValue => self.name_values(membership, &path, change).await?,
        }
        Ok(())
    }

    /// Makes a list of objects, or of plain values of the identity field.
    fn list_body(&self, membership: &Membership, rows: &[Value], plain: bool) -> Result<Json, Unfilled> {
        let list: Vec<Value> = rows
            .iter()
            .map(|row| match (row, membership.identity.as_slice()) {
                (Value::Map(map), [field]) if plain && map.len() == 1 => map.get(field).cloned().unwrap_or(Value::Null),
                (row, _) => row.clone(),
            })
            .collect();
        self.wire_value(&Value::List(list))
    }

    async fn one_member(
        &mut self,
        kind: &Kind,
        membership: &Membership,
        params: &PathParams,
        member: &Value,
        method: Method,
    ) -> Result<(), StepError> {
        let Value::Map(map) = member else { return Ok(()) };
        let field = membership.member_id.as_ref().or(membership.identity.first());
        let id = field.and_then(|field| map.get(field)).map(|value| self.wire_value(value)).transpose()?;
        let params = PathParams { member: id.and_then(|id| id.as_str().map(str::to_owned)), ..params.clone() };
        let template = membership.member_path.clone().unwrap_or_else(|| format!("{}/{{member}}", kind.path));
        let path = fill_path(&template, &params)?;
        let body = if method == Method::Patch {
            let keys: Vec<&String> = membership.identity.iter().chain(&membership.member_id).collect();
            let rest: Map =
                map.iter().filter(|(key, _)| !keys.contains(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
            Some(self.wire(&rest)?)
        } else {
            None
        };
        match self.send(Request::new(method, path, body)).await {
            Err(failure) if method == Method::Delete && failure.status() == Some(404) => Ok(()),
            result => {
                result?;
                Ok(())
            }
        }
    }

    async fn name_values(
        &mut self,
        membership: &Membership,
        path: &str,
        change: &MemberChange,
    ) -> Result<(), StepError> {
        let (Some(name_field), Some(value_field)) = (membership.identity.first(), &membership.map_value) else {
            return Ok(());
        };
        let pairs = |list: &[Value]| -> Map {
            list.iter()
                .filter_map(|member| {
                    let map = member.as_map()?;
                    Some((map.get(name_field)?.as_str()?.to_owned(), map.get(value_field)?.clone()))
                })
                .collect()
        };
        let gone: Vec<Json> = change
            .remove
            .iter()
            .filter_map(|member| Some(Json::String(member.as_map()?.get(name_field)?.as_str()?.to_owned())))
            .collect();
        for (method, list) in [(Method::Post, &change.add), (Method::Patch, &change.change)] {
            let body = pairs(list);
            if !body.is_empty() {
                let body = self.wire(&body)?;
                self.send(Request::new(method, path.to_owned(), Some(body))).await?;
            }
        }
        if !gone.is_empty() {
            self.send(Request::new(Method::Delete, path.to_owned(), Some(Json::Array(gone)))).await?;
        }
        Ok(())
    }
}

/// A binding is written by reference. Source: api-quirks 3.1.8.
fn outward(kind: &Kind, member: &Value) -> Value {
    let Value::Map(map) = member else { return member.clone() };
    if !kind.has(Quirk::BindingRefs) {
        return member.clone();
    }
    let mut binding = Map::new();
    let id = map.get("action").cloned().unwrap_or(Value::Null);
    let reference =
        Map::from_iter([("type".to_owned(), Value::String("action_id".to_owned())), ("value".to_owned(), id)]);
    binding.insert("ref".to_owned(), Value::Map(reference));
    if let Some(name) = map.get("display_name") {
        binding.insert("display_name".to_owned(), name.clone());
    }
    Value::Map(binding)
}

fn identity_only(membership: &Membership, member: &Value) -> Value {
    match member {
        Value::Map(map) => Value::Map(
            map.iter()
                .filter(|(key, _)| membership.identity.contains(key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn with(member: Value, key: &str, value: Value) -> Value {
    match member {
        Value::Map(mut map) => {
            map.insert(key.to_owned(), value);
            Value::Map(map)
        }
        other => other,
    }
}

fn wrap(membership: &Membership, list: Json) -> Json {
    match &membership.wrap {
        Some(key) => Json::Object(serde_json::Map::from_iter([(key.clone(), list)])),
        None => list,
    }
}

fn build_errors(answer: &Json) -> String {
    let errors = answer.get("errors").and_then(Json::as_array);
    let text: Vec<&str> =
        errors.into_iter().flatten().filter_map(|error| error.get("msg").or(error.get("message"))?.as_str()).collect();
    if text.is_empty() { "the tenant does not say why".to_owned() } else { text.join("; ") }
}
