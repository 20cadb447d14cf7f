//! Ids of live objects inside texts.

use std::collections::BTreeMap;

use super::compose::KnownId;

/// Shorter ones would be found where they do not stand.
const SHORTEST: usize = 12;

/// Returns the ids in a text that are known, in order.
pub(super) fn ids_in<'a>(text: &'a str, known: &'a BTreeMap<String, KnownId>) -> Vec<(&'a str, &'a KnownId)> {
    runs(text).filter(|run| run.len() >= SHORTEST).filter_map(|run| known.get(run).map(|known| (run, known))).collect()
}

/// Returns the stretches that an id could be, in order.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Address;

    #[test]
    fn whole_ids_are_found_and_parts_are_not() {
        let known = KnownId { address: Address::named("clients", "Web"), field: "client_id".into(), is_exported: true };
        let known = BTreeMap::from([("AbCdEfGhIjKlMnOp".to_owned(), known)]);
        let found = |text: &str| ids_in(text, &known).len();
        assert_eq!(found("https://app/?client_id=AbCdEfGhIjKlMnOp&x=AbCdEfGhIjKlMnOp"), 2);
        assert_eq!(found("xAbCdEfGhIjKlMnOp AbCdEfGhIjKlMnOpx"), 0);
    }
}
