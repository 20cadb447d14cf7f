//! Ids in the forms that the API gives them: unguessable to look at, and the same again for the same seed.

use serde::{Deserialize, Serialize};

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const CROCKFORD: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HEX: &[u8] = b"0123456789abcdef";

/// A source of numbers that look random and follow from the seed alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dice {
    seed: u64,
    drawn: u64,
    /// Ids of the counting kind given so far.
    counted: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0, counted: 0 }
    }

    /// Returns the next number (splitmix64).
    pub fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let mut z = self.seed.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| {
                let position = usize::try_from(self.draw() % alphabet.len() as u64).unwrap_or_default();
                char::from(alphabet.get(position).copied().unwrap_or(b'0'))
            })
            .collect()
    }

    /// Returns a new id of a form: `con_{16}`, `{hex24}`, `{digits16}`, `{base58x22}`, `{ulid}`, `{uuid}`.
    pub fn id(&mut self, form: &str) -> String {
        let mut id = String::new();
        let mut rest = form;
        while let Some((head, tail)) = rest.split_once('{') {
            id.push_str(head);
            let (word, after) = tail.split_once('}').unwrap_or((tail, ""));
            id.push_str(&self.word(word));
            rest = after;
        }
        id + rest
    }

    /// Returns what stands for one brace of a form.
    pub fn word(&mut self, word: &str) -> String {
        let number = |prefix: &str| word.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok()).map(|n| n.min(256));
        if word == "uuid" {
            return self.uuid();
        }
        if word == "ulid" {
            return format!("01{}", self.text(CROCKFORD, 24));
        }
        if let Some(length) = number("hex") {
            return self.text(HEX, length);
        }
        if let Some(length) = number("base58x") {
            return self.text(BASE58, length);
        }
        if let Some(length) = number("digits") {
            self.counted += 1;
            return format!("{:0length$}", self.counted);
        }
        self.text(ALPHANUMERIC, number("").unwrap_or(16))
    }

    fn uuid(&mut self) -> String {
        let hex = self.text(HEX, 30);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_filled_and_follow_from_the_seed() {
        let mut dice = Dice::new(7);
        let connection = dice.id("con_{16}");
        assert!(connection.starts_with("con_") && connection.len() == 20, "{connection}");
        assert_eq!(dice.id("{hex24}").len(), 24);
        assert_eq!(dice.id("lst_{digits16}"), "lst_0000000000000001");
        assert_eq!(dice.id("{uuid}").len(), 36);
        assert_eq!(Dice::new(7).id("con_{16}"), connection);
        assert_ne!(Dice::new(8).id("con_{16}"), connection);
    }
}
