//! `POST /oauth/token`: a token that looks like one. The sandbox has nothing to protect, so any secret will do.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::expand::scope_names;
use super::tenant::Tenant;
use crate::api::response::Response;

/// How long a token lasts, in seconds.
const LIFETIME: i64 = 86_400;

impl Tenant {
    /// Answers the token endpoint for the client credentials grant. The token names its client, as a real one does, and
    /// carries the granted scopes; `None` is all there are.
    pub fn token(&mut self, body: &Json, granted: Option<&BTreeSet<String>>) -> Response {
        let text = |field: &str| body.get(field).and_then(Json::as_str).unwrap_or_default();
        let refused = |status: u16, error: &str, why: &str| {
            Response::new(status, json!({"error": error, "error_description": why}))
        };
        if text("grant_type") != "client_credentials" {
            return refused(403, "unauthorized_client", "The sandbox only knows the client_credentials grant");
        }
        let client = match (text("client_id"), text("client_assertion")) {
            ("", "") => return refused(401, "access_denied", "Unauthorized"),
            ("", assertion) => issuer_of(assertion).unwrap_or_default(),
            (client, _) => client.to_owned(),
        };
        let audience = match text("audience") {
            "" => format!("https://{}/api/v2/", self.domain()),
            audience => audience.to_owned(),
        };
        let all = || scope_names().into_iter().collect();
        let scope = granted.cloned().unwrap_or_else(all).into_iter().collect::<Vec<_>>().join(" ");
        let now = self.world.now;
        let payload = json!({
            "iss": format!("https://{}/", self.domain()), "sub": format!("{client}@clients"), "aud": audience,
            "iat": now, "exp": now + LIFETIME, "scope": scope, "gty": "client-credentials", "azp": client,
        });
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.world.dice.id("{256}"));
        let token = format!("{}.{}.{signature}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&payload));
        Response::new(
            200,
            json!({"access_token": token, "scope": scope, "expires_in": LIFETIME, "token_type": "Bearer"}),
        )
    }
}

/// Returns the scopes of one of the sandbox's own tokens; a text that is none says nothing.
pub fn scopes_of(token: &str) -> Option<BTreeSet<String>> {
    let claims = claims(token)?;
    let scope = claims.get("scope").and_then(Json::as_str)?;
    Some(scope.split_whitespace().map(str::to_owned).collect())
}

/// Returns the client that one of the sandbox's own tokens was given to; a text that is none says nothing.
pub fn client_of(token: &str) -> Option<String> {
    claims(token)?.get("azp").and_then(Json::as_str).map(str::to_owned)
}

/// Returns the client that an assertion is from.
fn issuer_of(assertion: &str) -> Option<String> {
    claims(assertion)?.get("iss").and_then(Json::as_str).map(str::to_owned)
}

fn claims(token: &str) -> Option<Json> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_client() {
        let mut tenant = Tenant::new("acme.eu.auth0.com", "own");
        let answer =
            tenant.token(&json!({"grant_type": "client_credentials", "client_id": "abc", "client_secret": "x"}), None);
        assert_eq!(answer.status, 200);
        let token = answer.body["access_token"].as_str().unwrap();
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Json = serde_json::from_slice(&payload).unwrap();
        assert_eq!((&claims["azp"], &claims["sub"]), (&json!("abc"), &json!("abc@clients")));
        assert_eq!(tenant.token(&json!({"grant_type": "password"}), None).status, 403);
        assert_eq!(tenant.token(&json!({"grant_type": "client_credentials"}), None).status, 401);
    }
}
