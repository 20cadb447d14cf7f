//! Ids of live objects inside texts.

use std::collections::BTreeMap;

/// Shorter ones would be found where they do not stand.
const SHORTEST: usize = 12;

/// Returns the ids in a text that are known, in order.
pub fn ids_in<'a, T>(text: &'a str, known: &'a BTreeMap<String, T>) -> Vec<(&'a str, &'a T)> {
    runs(text).filter(|run| run.len() >= SHORTEST).filter_map(|run| known.get(run).map(|known| (run, known))).collect()
}

/// Puts words for the ids in a text that are known.
pub fn without_ids(text: &str, known: &BTreeMap<String, String>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    for (id, word) in ids_in(text, known) {
        let Some((head, tail)) = rest.split_once(id) else { continue };
        out.push_str(head);
        out.push_str(word);
        rest = tail;
    }
    out + rest
}

/// Returns the stretches that an id could be, in order.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_ids_are_found_and_parts_are_not() {
        let known = BTreeMap::from([("AbCdEfGhIjKlMnOp".to_owned(), "(Web)".to_owned())]);
        let found = |text: &str| ids_in(text, &known).len();
        assert_eq!(found("https://app/?client_id=AbCdEfGhIjKlMnOp&x=AbCdEfGhIjKlMnOp"), 2);
        assert_eq!(found("xAbCdEfGhIjKlMnOp AbCdEfGhIjKlMnOpx"), 0);
        assert_eq!(without_ids("a AbCdEfGhIjKlMnOp b AbCdEfGhIjKlMnOp", &known), "a (Web) b (Web)");
        assert_eq!(without_ids("xAbCdEfGhIjKlMnOp", &known), "xAbCdEfGhIjKlMnOp");
    }
}
