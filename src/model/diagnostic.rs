//! What is wrong, where, why, and what to do: collected, never dropped after the first.

use super::address::Address;
use super::document::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable word for the rule (`unknown-field`), documented in README.
    pub code: &'static str,
    /// A short sentence fragment in lower case.
    pub summary: String,
    pub place: Option<Place>,
    pub address: Option<Address>,
    /// Whole sentences: why, and what to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, summary: summary.into(), place: None, address: None, help: None }
    }

    pub fn warning(code: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, summary) }
    }

    pub fn note(code: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, summary) }
    }

    /// Says where it is. What no file describes (a record, a journal) is nowhere.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place = Some(place).filter(|place| !place.file.is_empty()).cloned();
        self
    }

    #[must_use]
    pub fn on(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The findings of a run so far.
#[derive(Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Orders by file, line, column; findings without a place come last.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| (a.place.is_none(), &a.place, a.code).cmp(&(b.place.is_none(), &b.place, b.code)));
    }
}

/// Returns the known name nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().max(name.chars().count());
            *distance <= (length / 3).clamp(1, 3)
        })
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_file_describes_has_no_place() {
        let place = |file: &str| Place { file: file.into(), line: 0, column: 0 };
        assert_eq!(Diagnostic::error("x", "y").at(&place("")).place, None);
        assert_eq!(Diagnostic::error("x", "y").at(&place("a.yaml")).place, Some(place("a.yaml")));
    }
}
