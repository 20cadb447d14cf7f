//! A member list -> its requests. One step is one parent's list.

use serde_json::Value as Json;

use super::perform::{Performer, StepError};
use super::run::Clock;
use crate::api::port::WriteApi;
use crate::api::request::{Method, PathParams, Request, fill_path};
use crate::catalogue::kind::{Kind, MemberStyle, Membership, Parts};
use crate::catalogue::quirk::Quirk;
use crate::model::plan::MemberChange;
use crate::model::value::{Map, Unfilled, Value};
use crate::pipeline::members::by_part;

impl<A: WriteApi, C: Clock> Performer<'_, '_, A, C> {
    /// Adds before it removes, so that nobody is without a right or a way in meanwhile.
    pub(super) async fn members(&mut self, change: &MemberChange) -> Result<(), StepError> {
        let kind = self.step.kind;
        let Some(membership) = &kind.membership else { return Ok(()) };
        let params = self.ledger.params(self.step, None);
        if let Some(parts) = &membership.parts {
            return self.parts(membership, parts, &params, change).await;
        }
        let path = fill_path(&kind.path, &params)?;
        let batch = membership.batch.unwrap_or(usize::MAX);
        match membership.style {
            MemberStyle::Replace => {
                let list: Vec<Value> = change.whole.iter().map(|member| outward(kind, member)).collect();
                let body = wrap(membership, self.wire_value(&Value::List(list))?);
                let method = kind.verbs.update.map_or(Method::Patch, Method::from);
                let request = Request::new(method, path, Some(body));
                let line = request.line();
                let answer = self.send(request).await?;
                let items = kind.list.as_ref().and_then(|list| answer.body.get(&list.items)).and_then(Json::as_array);
                let shown = items.cloned().unwrap_or_default();
                self.check_members(line, &params, (&change.whole, &[]), shown, &answer).await?;
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
                        let plain = membership.scalar_sent || method == Method::Delete && membership.remove_scalar;
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
                    let request = Request::new(Method::Post, path.clone(), Some(self.wire_value(member)?));
                    let line = request.line();
                    let answer = self.send(request).await?;
                    let shown = vec![answer.body.clone()];
                    self.check_members(line, &params, (&[], std::slice::from_ref(member)), shown, &answer).await?;
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

    /// Writes each part of a list at its own path. None is without what it is to have while another is written.
    async fn parts(
        &mut self,
        membership: &Membership,
        parts: &Parts,
        params: &PathParams,
        change: &MemberChange,
    ) -> Result<(), StepError> {
        for (method, list) in [(Method::Post, &change.add), (Method::Delete, &change.remove)] {
            for rows in by_part(membership, list) {
                let field = |row: &Value, field: &String| row.as_map()?.get(field).cloned();
                let part = rows.first().and_then(|row| field(row, &parts.by)).unwrap_or(Value::Null);
                let key = self.wire_value(&part)?.as_str().map(|id| (parts.by.clone(), id.to_owned()));
                let params = PathParams { key: key.into_iter().collect(), ..params.clone() };
                let path = fill_path(&self.step.kind.path, &params)?;
                let items: Vec<Value> = rows.iter().filter_map(|row| field(row, &parts.item)).collect();
                for items in items.chunks(membership.batch.unwrap_or(usize::MAX).min(items.len().max(1))) {
                    let body = wrap(membership, self.wire_value(&Value::List(items.to_vec()))?);
                    self.send(Request::new(method, path.clone(), Some(body))).await?;
                }
            }
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
        let request = Request::new(method, path, body);
        let line = request.line();
        match self.send(request).await {
            Err(failure) if method == Method::Delete && failure.status() == Some(404) => {}
            Ok(answer) if method == Method::Patch => {
                let shown = vec![answer.body.clone()];
                self.check_members(line, &params, (&[], std::slice::from_ref(member)), shown, &answer).await?;
            }
            result => drop(result?),
        }
        Ok(())
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
