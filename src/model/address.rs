//! Addresses: how users and messages name a resource (`clients/Web`, `roles/Admin/permissions`).

use std::fmt;

use percent_encoding::percent_decode_str;

/// The address of a resource: `<kind>`, `<kind>/<name>`, nested `<kind>/<name>/<kind>[/<name>]`.
///
/// Ordered bytewise, which is the order of equal steps in a plan.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Returns the address of a singleton, or of a kind as a whole.
    pub fn root(kind: &str) -> Self {
        Self(kind.to_owned())
    }

    /// Returns the address of the named resource of a top-level kind.
    pub fn named(kind: &str, name: &str) -> Self {
        Self(format!("{kind}/{}", encode(name)))
    }

    /// Returns the address of something below this one; `segment` is the nested kind's last word.
    pub fn child(&self, segment: &str, name: Option<&str>) -> Self {
        match name {
            Some(name) => Self(format!("{}/{segment}/{}", self.0, encode(name))),
            None => Self(format!("{}/{segment}", self.0)),
        }
    }

    /// Takes what a user typed; it is compared as text and matched with `*`.
    pub fn typed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the last name, decoded: `Web` of `clients/Web`.
    pub fn name(&self) -> String {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        percent_decode_str(last).decode_utf8_lossy().into_owned()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address with `from`, which it lies within, replaced by `to`.
    #[must_use]
    pub fn moved(&self, from: &Self, to: &Self) -> Self {
        match self.0.strip_prefix(&from.0) {
            Some(rest) if self.is_within(from) => Self(format!("{}{rest}", to.0)),
            _ => self.clone(),
        }
    }

    /// Says whether this address is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0 == other.0 || (self.0.starts_with(&other.0) && self.0.as_bytes().get(other.0.len()) == Some(&b'/'))
    }
}

/// Joins the values of a composite identity into one name.
pub fn join_names(parts: &[String]) -> String {
    parts.join(",")
}

/// `/`, `*` and `%` separate and match; inside a name they, and control characters, are percent-encoded.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_control() || matches!(c, '/' | '*' | '%') {
            encoded.push_str(&format!("%{:02X}", c as u32));
        } else {
            encoded.push(c);
        }
    }
    encoded
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?))
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded_and_come_back() {
        let address = Address::named("clients", "A/B *50%* é");
        assert_eq!(address.as_str(), "clients/A%2FB %2A50%25%2A é");
        assert_eq!(address.name(), "A/B *50%* é");
    }

    #[test]
    fn within_respects_segment_borders() {
        let role = Address::named("roles", "Admin");
        assert!(role.child("permissions", None).is_within(&role));
        assert!(!Address::named("roles", "Administrator").is_within(&role));
    }
}
