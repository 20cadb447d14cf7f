//! Fingerprints of secrets: a slow, salted hash, so that "unchanged" can be said without keeping the value.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;

use crate::pipeline::plan::Remembered;

/// Memory in KiB and passes: about the cost of one login check, paid once per secret and run.
const MEMORY_KIB: u32 = 8 * 1024;
const PASSES: u32 = 2;

impl Remembered {
    /// Returns the fingerprint of a text under this domain's salt; `None` without a usable salt.
    pub fn fingerprint(&self, text: &str) -> Option<String> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).ok()?;
        let mut hash = [0_u8; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(text.as_bytes(), &self.salt, &mut hash)
            .ok()?;
        Some(base64::engine::general_purpose::STANDARD_NO_PAD.encode(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_text_same_salt_same_fingerprint() {
        let one = Remembered { salt: b"0123456789abcdef".to_vec(), ..Remembered::default() };
        let other = Remembered { salt: b"fedcba9876543210".to_vec(), ..Remembered::default() };
        assert_eq!(one.fingerprint("x"), one.fingerprint("x"));
        assert_ne!(one.fingerprint("x"), one.fingerprint("y"));
        assert_ne!(one.fingerprint("x"), other.fingerprint("x"));
    }
}
