//! Kind and body in, request out.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use super::port::Get;
use crate::catalogue::kind::{Kind, Verb};

/// Unreserved characters of RFC 3986 stay; everything else in a path parameter is percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Post => Self::Post,
            Verb::Put => Self::Put,
            Verb::Patch => Self::Patch,
        }
    }
}

/// A request as a value. Its `Debug` form leaves the body out, since that may hold secrets.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Below `/api/v2`, percent-encoded, beginning with `/`.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Json>,
}

impl Request {
    pub fn new(method: Method, path: String, body: Option<Json>) -> Self {
        Self { method, path, query: Vec::new(), body }
    }

    /// Returns method and path, for messages.
    pub fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.line())
    }
}

/// What stands for the braces of a path template.
#[derive(Clone, Debug, Default)]
pub struct PathParams {
    pub id: Option<String>,
    pub parent: Option<String>,
    pub member: Option<String>,
    pub key: BTreeMap<String, String>,
}

/// A brace of a path that nothing stands for: a step whose object is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path {template} needs {name}, which is not known")]
pub struct MissingParam {
    pub template: String,
    pub name: String,
}

/// Fills a path template, percent-encoding what goes in.
pub fn fill_path(template: &str, params: &PathParams) -> Result<String, MissingParam> {
    let mut path = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        path.push_str(&rest[..open]);
        let close = rest[open..].find('}').map_or(rest.len(), |offset| open + offset);
        let name = &rest[open + 1..close];
        let value = match name {
            "id" => params.id.as_ref(),
            "parent" => params.parent.as_ref(),
            "member" => params.member.as_ref(),
            name => params.key.get(name),
        };
        let value = value.ok_or_else(|| MissingParam { template: template.to_owned(), name: name.to_owned() })?;
        path.push_str(&utf8_percent_encode(value, PATH).to_string());
        rest = rest.get(close + 1..).unwrap_or_default();
    }
    path.push_str(rest);
    Ok(path)
}

/// Returns the GET of one object.
pub fn read(kind: &Kind, params: &PathParams) -> Result<Get, MissingParam> {
    Ok(Get { path: fill_path(&kind.read_path_for(&params.key), params)?, query: kind.read_query() })
}

/// Returns the request that creates one.
pub fn create(kind: &Kind, params: &PathParams, body: Json) -> Result<Request, MissingParam> {
    let method = kind.verbs.create.map_or(Method::Post, Method::from);
    Ok(Request::new(method, fill_path(kind.create_path(), params)?, Some(outward(kind, body))))
}

/// Returns the request that updates one.
pub fn update(kind: &Kind, params: &PathParams, body: Json) -> Result<Request, MissingParam> {
    let method = kind.verbs.update.map_or(Method::Patch, Method::from);
    let path = fill_path(&kind.object_path_for(&params.key), params)?;
    Ok(Request::new(method, path, Some(inside(kind, &params.key, outward(kind, body)))))
}

/// Returns the request that deletes one.
pub fn delete(kind: &Kind, params: &PathParams) -> Result<Request, MissingParam> {
    let mut request = Request::new(Method::Delete, fill_path(&kind.object_path_for(&params.key), params)?, None);
    request.query = kind.delete_query.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Ok(request)
}

/// Puts a key's fields where they live in an object that several keys share.
fn inside(kind: &Kind, key: &BTreeMap<String, String>, body: Json) -> Json {
    match kind.key_path(key).and_then(|own| own.inside.as_ref()) {
        Some(inside) => Json::Object(serde_json::Map::from_iter([(inside.clone(), body)])),
        None => body,
    }
}

/// Unwraps a body whose wire form is one field's value alone.
fn outward(kind: &Kind, body: Json) -> Json {
    match &kind.bare {
        Some(bare) if bare.request => body.get(&bare.field).cloned().unwrap_or(Json::Null),
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_encoded() {
        let params = PathParams { id: Some("auth0|a/b".into()), ..PathParams::default() };
        assert_eq!(fill_path("/clients/{id}", &params).unwrap(), "/clients/auth0%7Ca%2Fb");
        assert!(fill_path("/clients/{id}", &PathParams::default()).is_err());
    }
}
