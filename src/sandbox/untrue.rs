//! Answers of success to what was not done, or not as it was asked.

use serde_json::Value as Json;

use super::faulty::FaultyTenant;
use super::routes;
use crate::api::request::{Method, Request};
use crate::api::response::Response;
use crate::model::path::FieldPath;

impl FaultyTenant {
    /// Returns the success of an update that does nothing; `None` for what is no update, or is answered without a body.
    pub(super) fn unchanged(&mut self, request: &Request) -> Option<Response> {
        if !matches!(request.method, Method::Patch | Method::Put) {
            return None;
        }
        let answer = self.rehearsed(request, false);
        let get = Request::new(Method::Get, request.path.clone(), None);
        let before = self.tenant.clone().send(&get);
        let is_shown = answer.status == 200 && answer.body.is_object() && before.status == 200;
        is_shown.then(|| Response { body: before.body, ..answer })
    }

    /// Returns the request with one value other than it was, of those that the tenant takes.
    pub(super) fn altered(&mut self, request: &Request) -> Option<Request> {
        let found = routes::find(request.method, &request.path).ok()?;
        let kind = found.kind();
        let fields = &kind.fields;
        let fixed = [&fields.secret, &fields.write_only, &fields.read_only, &fields.volatile, &fields.create_only];
        for (field, value) in request.body.as_ref()?.as_object()? {
            let path = FieldPath::default().key(field);
            let is_identity = kind.identity.contains(field)
                || kind.membership.as_ref().is_some_and(|membership| membership.identity.contains(field));
            if is_identity || fixed.iter().any(|list| list.iter().any(|p| p.covers(&path))) {
                continue;
            }
            let Some(other) = another(value) else { continue };
            let mut altered = request.clone();
            if let Some(Json::Object(map)) = &mut altered.body {
                map.insert(field.clone(), other.clone());
            }
            let answer = self.rehearsed(&altered, false);
            if answer.status < 300 && answer.body.get(field) == Some(&other) {
                return Some(altered);
            }
        }
        None
    }
}

/// Returns a value like this one and not the same.
fn another(value: &Json) -> Option<Json> {
    match value {
        Json::Bool(is) => Some(Json::Bool(!is)),
        Json::String(text) => Some(Json::String(format!("{text} altered"))),
        Json::Number(number) => number.as_u64().map(|number| Json::from(number + 1)),
        _ => None,
    }
}
