//! Credentials of applications: inside the authentication methods in files, objects of their own in the API.
//!
//! Files write `client_authentication_methods.private_key_jwt.credentials: [{name, pem, ..}]`. Each named credential
//! becomes a resource below the client; the client's body points at it. The methods need the credentials, and those need
//! the client: the reference is optional, so the client is made first and the methods are filled in last.

use crate::model::address::Address;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::document::{Content, Entry, Node, TextPart};

/// The places in an application that hold credentials, and the type that each place implies.
/// Source: api-quirks 3.4.6-8; OpenAPI `ClientCreateAuthenticationMethod`.
const HOLDERS: [(&[&str], &str); 4] = [
    (&["client_authentication_methods", "private_key_jwt", "credentials"], "public_key"),
    (&["client_authentication_methods", "tls_client_auth", "credentials"], "cert_subject_dn"),
    (&["client_authentication_methods", "self_signed_tls_client_auth", "credentials"], "x509_cert"),
    (&["signed_request_object", "credentials"], "public_key"),
];

/// The marker address that `references::link` turns into a reference to the credential beside it.
pub const OWN: &str = "$credential:";

/// Takes the credentials out of a client's node and leaves pointers in their stead. `around` is the client's address.
pub fn take(node: &mut Node, client: &str, around: &Address, findings: &mut Diagnostics) -> Vec<Node> {
    let mut taken = Vec::new();
    for (path, credential_type) in HOLDERS {
        let Some(list) = descend(node, path) else { continue };
        let Content::List(items) = &mut list.value else { continue };
        for item in items {
            let Some(name) = item.get("name").and_then(Node::as_text).map(str::to_owned) else {
                // What is no map is told of as such, with the client's own fields.
                if matches!(item.value, Content::Map(_)) && item.get("id").is_none() {
                    findings.push(
                        Diagnostic::error("missing-identity", "this credential has no `name`")
                            .at(&item.place)
                            .on(around)
                            .help("A name tells one credential of an application from another; write it."),
                    );
                }
                continue;
            };
            let place = item.place.clone();
            let pointer = Node::new(
                Content::Template(vec![TextPart::Ref {
                    address: format!("{OWN}{client},{name}"),
                    field: "id".to_owned(),
                }]),
                place.clone(),
            );
            let holder = Content::Map(vec![Entry { key: "id".to_owned(), key_place: place.clone(), value: pointer }]);
            let mut credential = std::mem::replace(item, Node::new(holder, place.clone()));
            credential.take("id");
            if credential.get("credential_type").is_none()
                && let Content::Map(entries) = &mut credential.value
            {
                entries.push(Entry {
                    key: "credential_type".to_owned(),
                    key_place: place.clone(),
                    value: Node::new(Content::Text(credential_type.to_owned()), place),
                });
            }
            taken.push(credential);
        }
    }
    taken
}

fn descend<'n>(node: &'n mut Node, path: &[&str]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, key| node.get_mut(key))
}
