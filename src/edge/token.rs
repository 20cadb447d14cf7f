//! Access tokens: one for a run, renewed before it runs out. Neither a token nor what it was got with is ever shown.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::wire::{Sending, Wire};
use crate::api::failure::{ApiFailure, TokenTrouble};
use crate::api::request::Method;
use crate::api::response::Response;
use crate::api::retry::Repeat;
use crate::model::desired::Credentials;
use crate::model::names::Domain;
use crate::model::secret::Secret;

/// A token is renewed this long before it runs out.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a signed assertion is good for.
const ASSERTION_SECONDS: u64 = 120;

/// Gets and keeps the run's token.
#[derive(Debug)]
pub(super) struct Tokens {
    domain: Domain,
    credentials: Credentials,
    /// The token, or why there is none: whoever asks after that is told the same, at once.
    kept: Mutex<Option<Result<Token, ApiFailure>>>,
}

#[derive(Clone, Debug)]
struct Token {
    text: SecretString,
    /// `None` for a token that was handed in: nothing could renew it.
    until: Option<Instant>,
    /// What the token endpoint said that it carries.
    scopes: Option<BTreeSet<String>>,
}

impl Tokens {
    pub fn new(domain: Domain, credentials: Credentials) -> Self {
        Self { domain, credentials, kept: Mutex::new(None) }
    }

    /// Returns a token that is good for a while, asking for one if need be. One caller asks, the others wait.
    pub async fn bearer(&self, wire: &Wire) -> Result<SecretString, ApiFailure> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(Ok(token)) if token.until.is_none_or(|until| until > Instant::now()) => return Ok(token.text.clone()),
            Some(Err(failure)) => return Err(failure.clone()),
            _ => {}
        }
        let fetched = self.fetch(wire).await;
        *kept = Some(fetched.clone());
        fetched.map(|token| token.text)
    }

    /// Drops a token that the server refused, so that the next is a new one. Says whether there can be a new one.
    pub async fn forget(&self, refused: &SecretString) -> bool {
        let mut kept = self.kept.lock().await;
        let is_same = |token: &Token| token.text.expose_secret() == refused.expose_secret();
        match kept.as_ref() {
            Some(Err(_)) => false,
            Some(Ok(token)) if token.until.is_none() => false,
            Some(Ok(token)) if is_same(token) => {
                *kept = None;
                true
            }
            // Somebody else has renewed it meanwhile.
            _ => true,
        }
    }

    /// Returns the client that the token belongs to: what the token says, else what was configured.
    pub async fn own_client(&self, wire: &Wire) -> Option<String> {
        let claimed = match self.bearer(wire).await {
            Ok(token) => client_of(token.expose_secret()),
            Err(_) => None,
        };
        claimed.or_else(|| self.credentials.client_id.as_ref().and_then(|id| id.expose().map(str::to_owned)))
    }

    /// Returns the scopes that the token carries: what it says, else what the token endpoint said of it.
    pub async fn granted_scopes(&self, wire: &Wire) -> Option<BTreeSet<String>> {
        let token = self.bearer(wire).await.ok()?;
        let said = self.kept.lock().await.as_ref().and_then(|kept| kept.as_ref().ok()?.scopes.clone());
        scopes_of(token.expose_secret()).or(said)
    }

    async fn fetch(&self, wire: &Wire) -> Result<Token, ApiFailure> {
        if let Some(given) = &self.credentials.access_token {
            return Ok(Token {
                text: SecretString::from(self.known(given, "access token")?),
                until: None,
                scopes: None,
            });
        }
        let body = self.request_body()?;
        let sending = Sending {
            method: Method::Post,
            path: "/oauth/token",
            query: &[],
            bearer: None,
            body: Some(&body),
            repeat: Repeat::Always,
        };
        let response = wire.send(&sending).await.map_err(|failure| self.unanswered(&failure))?;
        self.token_in(&response)
    }

    fn token_in(&self, response: &Response) -> Result<Token, ApiFailure> {
        let text = |key: &str| response.body.get(key).and_then(Json::as_str);
        if response.status != 200 {
            let words = text("error_description").or_else(|| text("error")).unwrap_or("no reason given");
            let reason = format!("POST /oauth/token answered {}: {words}", response.status);
            return Err(self.trouble(TokenTrouble::Refused, reason));
        }
        let token = text("access_token")
            .ok_or_else(|| self.trouble(TokenTrouble::Refused, "the answer holds no access_token".to_owned()))?;
        let lifetime = response.body.get("expires_in").and_then(Json::as_u64).unwrap_or(3600);
        // Half of it at least is used, however short it is.
        let usable = Duration::from_secs(lifetime).saturating_sub(MARGIN).max(Duration::from_secs(lifetime / 2));
        let scopes = text("scope").map(words);
        Ok(Token { text: SecretString::from(token.to_owned()), until: Some(Instant::now() + usable), scopes })
    }

    fn request_body(&self) -> Result<Json, ApiFailure> {
        let Some(id) = &self.credentials.client_id else {
            return Err(self.failure("no credentials are configured".to_owned()));
        };
        let id = self.known(id, "client id")?;
        let audience = self.credentials.audience.clone().unwrap_or_else(|| format!("https://{}/api/v2/", self.domain));
        let mut body = json!({ "grant_type": "client_credentials", "client_id": id, "audience": audience });
        let proof = match (&self.credentials.client_secret, &self.credentials.private_key) {
            (_, Some(key)) => json!({
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self.assertion(&id, key)?,
            }),
            (Some(secret), None) => json!({ "client_secret": self.known(secret, "client secret")? }),
            (None, None) => {
                return Err(self.failure("neither a client secret nor a private key is configured".to_owned()));
            }
        };
        if let (Json::Object(body), Json::Object(proof)) = (&mut body, proof) {
            body.extend(proof);
        }
        Ok(body)
    }

    fn assertion(&self, id: &str, key: &Secret) -> Result<String, ApiFailure> {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let algorithm = match self.credentials.signing_algorithm.as_deref() {
            None | Some("RS256") => Algorithm::RS256,
            Some("RS384") => Algorithm::RS384,
            Some("PS256") => Algorithm::PS256,
            Some(other) => {
                return Err(self.failure(format!("the signing algorithm {other} is not one of RS256, RS384, PS256")));
            }
        };
        let pem = self.known(key, "private key")?;
        // The reason stays out of the message: it may quote the key.
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())
            .map_err(|_| self.failure("the private key is not an RSA key in PEM form".to_owned()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({
            "iss": id,
            "sub": id,
            "aud": format!("https://{}/", self.domain),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        });
        encode(&Header::new(algorithm), &claims, &key)
            .map_err(|_| self.failure("the private key cannot sign".to_owned()))
    }

    fn known(&self, secret: &Secret, what: &str) -> Result<String, ApiFailure> {
        let text = secret.expose().filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| self.failure(format!("the {what} ({}) has no value here", secret.name)))
    }

    /// Something is missing here.
    fn failure(&self, reason: String) -> ApiFailure {
        self.trouble(TokenTrouble::Credentials, reason)
    }

    fn unanswered(&self, failure: &ApiFailure) -> ApiFailure {
        let trouble = match failure {
            ApiFailure::Status { .. } => TokenTrouble::Refused,
            _ => TokenTrouble::Unreachable,
        };
        self.trouble(trouble, failure.to_string())
    }

    fn trouble(&self, trouble: TokenTrouble, reason: String) -> ApiFailure {
        ApiFailure::Token { domain: self.domain.0.clone(), reason, trouble }
    }
}

/// Reads a token's claims. The signature is the server's business: here a claim only protects.
fn claims(token: &str) -> Option<Json> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Returns the scopes that a token says it carries.
pub(super) fn scopes_of(token: &str) -> Option<BTreeSet<String>> {
    claims(token)?.get("scope").and_then(Json::as_str).map(words)
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Returns the client that a token says it is of.
fn client_of(token: &str) -> Option<String> {
    let claims = claims(token)?;
    let text = |key: &str| claims.get(key).and_then(Json::as_str);
    text("azp").or_else(|| text("sub")?.strip_suffix("@clients")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: Json) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn the_own_client_is_read_from_the_token() {
        assert_eq!(client_of(&token(json!({"azp": "abc"}))).as_deref(), Some("abc"));
        assert_eq!(client_of(&token(json!({"sub": "abc@clients"}))).as_deref(), Some("abc"));
        assert_eq!(client_of(&token(json!({"sub": "auth0|5"}))), None);
        assert_eq!(client_of("opaque"), None);
        assert_eq!(client_of("a.%%%.c"), None);
    }

    #[test]
    fn failures_name_what_is_missing_and_show_nothing() {
        let credentials = Credentials {
            client_id: Some(Secret::new("client_id", "abc")),
            private_key: Some(Secret::new("key", "-----BEGIN hunter2-----")),
            ..Credentials::default()
        };
        let tokens = Tokens::new(Domain("acme.eu.auth0.com".into()), credentials);
        let failure = tokens.request_body().unwrap_err().to_string();
        assert_eq!(failure, "no access token for acme.eu.auth0.com: the private key is not an RSA key in PEM form");
        assert!(!format!("{tokens:?}").contains("hunter2"));
    }
}
