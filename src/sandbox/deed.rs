//! What a tenant did at a request, in such a way that another one, the same before, can be made the same after.

use std::collections::BTreeSet;

use serde_json::json;

use super::tenant::Tenant;
use crate::api::request::{Method, Request};

/// Where tokens are asked for, beside the API.
const TOKEN: &str = "/oauth/token";

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Unix seconds.
    pub now: i64,
    pub request: Request,
    /// The client that asked, if it is not the tool's own.
    pub acting: Option<String>,
    /// The token did not allow it; that it was asked for is in the tenant's log.
    pub forbidden: bool,
}

impl Deed {
    /// A token was given out: what is made from then on has other ids than it would have had.
    pub fn token(now: i64) -> Self {
        let request = Request::new(Method::Post, TOKEN.to_owned(), None);
        Self { now, request, acting: None, forbidden: false }
    }

    /// Says whether nobody would miss it if the process ended now: what was answered can be asked again.
    pub fn can_wait(&self) -> bool {
        self.request.method == Method::Get || self.request.path == TOKEN
    }

    /// Does it again.
    pub fn repeat(&self, tenant: &mut Tenant) {
        tenant.set_now(self.now);
        if self.request.path == TOKEN {
            // Whom it was for makes no difference.
            tenant.token(&json!({ "grant_type": "client_credentials", "client_id": "any" }), None);
            return;
        }
        tenant.acting.clone_from(&self.acting);
        tenant.send_as(&self.request, self.forbidden.then(BTreeSet::new).as_ref());
    }
}
