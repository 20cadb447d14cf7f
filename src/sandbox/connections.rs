//! Connections: options that exclude each other, and what a database says of its identifiers.

use serde_json::{Map, Value as Json};

use super::refusal::Refusal;
use super::spot;
use crate::catalogue::kind::Kind;
use crate::catalogue::quirk::Quirk;

/// Checks the options of a connection as they are sent; `old` is what an update changes.
pub fn check(kind: &Kind, old: Option<&Json>, body: &Map<String, Json>) -> Result<(), Refusal> {
    if !kind.has(Quirk::UpdateDefaultsDiffer) {
        return Ok(());
    }
    let strategy = old.and_then(|old| old.get("strategy")).or_else(|| body.get("strategy")).and_then(Json::as_str);
    if body.get("cross_app_access_requesting_app").is_some_and(|app| !app.is_null()) && strategy == Some("auth0") {
        let message = "Cross App Access Requesting App is not supported for this connection.";
        return Err(Refusal::new(400, "operation_not_supported", message));
    }
    let Some(options) = body.get("options") else { return Ok(()) };
    let Some(attributes) = options.get("attributes").and_then(Json::as_object) else { return Ok(()) };
    if options.get("requires_username") == Some(&Json::Bool(true)) {
        return Err(Refusal::body("Cannot set both options.attributes and options.requires_username"));
    }
    if options.get("validation").is_some_and(|validation| !validation.is_null()) {
        return Err(Refusal::body("Cannot set both options.attributes and options.validation"));
    }
    let active = |attribute: &Json| spot::get(attribute, "identifier.active") == Some(&Json::Bool(true));
    for (name, attribute) in attributes {
        let signup = spot::get(attribute, "signup.status").and_then(Json::as_str);
        if active(attribute) && signup.is_some_and(|status| status != "required") {
            return Err(Refusal::body(format!("attribute {name} must also be required on signup")));
        }
    }
    if !attributes.values().any(active) {
        return Err(Refusal::body("attributes must contain one active identifier"));
    }
    let unique =
        |object: &Json| spot::get(object, "options.attributes.email.unique").and_then(Json::as_bool).unwrap_or(true);
    let sent_unique =
        attributes.get("email").and_then(|email| email.get("unique")).and_then(Json::as_bool).unwrap_or(true);
    if old.is_some_and(unique) && !sent_unique {
        return Err(Refusal::body("cannot add non-unique email attribute"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::api::request::{Method, Request};
    use crate::sandbox::tenant::Tenant;
    use serde_json::json;

    #[test]
    fn identifiers_of_a_database_must_make_sense() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let mut post = |options| {
            let body = json!({"name": "people", "strategy": "auth0", "options": options});
            tenant.send(&Request::new(Method::Post, "/connections".into(), Some(body)))
        };
        let username = json!({"identifier": {"active": true}, "signup": {"status": "required"}});
        let both = post(json!({"requires_username": true, "attributes": {"username": username}}));
        assert_eq!(both.body["message"], "Cannot set both options.attributes and options.requires_username");
        let inactive = post(json!({"attributes": {"username": {"identifier": {"active": false}}}}));
        assert_eq!(inactive.body["message"], "attributes must contain one active identifier");
        let made = post(json!({"attributes": {"username": username}}));
        assert_eq!(made.status, 201);
        let later = json!({"options": {"attributes": {"username": username, "email": {"unique": false}}}});
        let path = format!("/connections/{}", made.body["id"].as_str().unwrap());
        let refused = tenant.send(&Request::new(Method::Patch, path, Some(later)));
        assert_eq!((refused.status, refused.body["errorCode"].as_str()), (400, Some("invalid_body")));
    }
}
